//! The receiving half of a client: what the server's bytes mean for it, and
//! whether they are the right ones.

use std::sync::Arc;

use super::{
    CutAt, Dialect, Ending, EventFlags, Heard, MS, Measure, Moved, Nanos, Op,
    Outcome, Phase, SECOND, State, Worker, socket,
};
use crate::{dialect::Conversation as _, workload::Check};

/// A download or listing under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    /// The place of the next byte.
    offset: u64,
    left: u64,
    /// Entries that the server announced and lines that came.
    entries: Option<u64>,
    lines: u64,
    /// A byte of it was wrong; one report is enough.
    wrong: bool,
}

impl<D: Dialect> Worker<D> {
    /// Reads what has come, once.
    pub(super) fn read(&mut self, index: u32, now: Nanos) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let shared = Arc::clone(&self.shared);
        let (group, _) = self.group_of(&shared, index);
        let client = self.client(index);
        if let Some(stream) = &client.stream {
            let left = client.flow.map_or(0, |flow| flow.left);
            let moved = if let Some(rate) = group.read_rate {
                let most = usize::try_from(rate / 20).unwrap_or(usize::MAX);
                let most = most.clamp(1, buffer.len());
                socket::read(stream, &mut buffer[..most])
            } else if left > 0 && shared.workload.check == Check::Lengths {
                let most = usize::try_from(left).unwrap_or(usize::MAX);
                let most = most.min(buffer.len());
                socket::discard(stream, &mut buffer[..most])
            } else {
                socket::read(stream, &mut buffer)
            };
            match moved {
                Moved::Bytes(0) => self.on_end(index, "closed by the server"),
                Moved::Bytes(count) => {
                    self.client_mut(index).moved = now;
                    self.take_in(index, &buffer[..count], now);
                    self.slow_down(index, group.read_rate, count, now);
                }
                Moved::Later => {}
                Moved::Broken(why) => self.on_end(index, why),
            }
        }
        self.buffer = buffer;
    }

    /// The server has closed.
    fn on_end(&mut self, index: u32, why: &str) {
        let now = self.shared.clock.now();
        match self.client(index).state {
            State::Parting => self.end_visit(index, Ending::Left, now),
            _ => {
                let op = self.current_op(index);
                self.lose(index, op, why, Ending::Dropped, now);
            }
        }
    }

    fn take_in(&mut self, index: u32, bytes: &[u8], now: Nanos) {
        let visit = self.client(index).visits;
        let mut at = 0;
        loop {
            let client = self.client_mut(index);
            if client.stream.is_none() || client.visits != visit {
                return;
            }
            let (used, heard) = client.talk.hear(&bytes[at..]);
            at += used;
            if heard == Heard::Nothing && used == 0 {
                return;
            }
            self.on_heard(index, heard, now);
        }
    }

    fn on_heard(&mut self, index: u32, heard: Heard<'_>, now: Nanos) {
        let client = self.client_mut(index);
        if client.visit.first_word.is_none() {
            client.visit.first_word = Some(now);
        }
        match heard {
            Heard::Nothing => {}
            Heard::Waiting { limit, .. } => {
                client.visit.limit = limit.or(client.visit.limit);
                if client.cut == Some(CutAt::Queue) {
                    self.cut(index, now);
                }
            }
            Heard::Ready { .. } => self.on_ready(index, &heard, now),
            Heard::TurnedAway => {
                let ending = Ending::TurnedAway;
                self.lose(index, Op::Visit, "000 busy", ending, now);
            }
            Heard::Dismissed(label) => {
                let op = self.current_op(index);
                self.lose(index, op, label, Ending::Dropped, now);
            }
            Heard::TryAgain { code } => self.try_again(index, code, now),
            Heard::Flow { code, offset, length, entries } => {
                self.note_first_byte(index, code, now);
                self.begin_flow(index, offset, length, entries, now);
            }
            Heard::Body(bytes) => self.on_body(index, bytes, now),
            Heard::Send { code, offset } => {
                self.note_first_byte(index, code, now);
                self.client_mut(index).flowed = true;
                self.begin_upload(index, offset, now);
            }
            Heard::Done { code, size } => self.on_done(index, code, size, now),
            Heard::Refused { code, label } => {
                self.slice.code(code);
                self.on_refused(index, &label, now);
            }
            Heard::Nonsense(line) => {
                let what = format!("no reply that fits: {line:?}");
                self.note_wrong(index, &what, now);
            }
        }
    }

    fn try_again(&mut self, index: u32, code: u16, now: Nanos) {
        self.slice.code(code);
        let client = self.client_mut(index);
        client.visit.proven_until = client.sent;
        client.tries += 1;
        if client.tries > TRIES_MAX {
            return self.on_refused(index, "throttled for too long", now);
        }
        self.set_timer(index, now + TRY_AGAIN);
    }

    fn note_first_byte(&mut self, index: u32, code: u16, now: Nanos) {
        self.slice.code(code);
        let client = self.client_mut(index);
        client.first_byte = Some(now);
        let (op, took) = (client.action.op, now - client.started);
        self.note_phase(index, op, Phase::FirstByte, took);
    }

    fn begin_flow(
        &mut self,
        index: u32,
        offset: u64,
        length: u64,
        entries: Option<u64>,
        now: Nanos,
    ) {
        let shared = Arc::clone(&self.shared);
        let client = self.client_mut(index);
        client.flowed = true;
        client.flow = Some(Flow {
            offset,
            left: length,
            entries,
            lines: 0,
            wrong: false,
        });
        let file = &shared.shelf.files[client.action.file as usize];
        let want = match client.action.op {
            Op::Get | Op::ReadBack => (0, file.size),
            Op::Resume => (file.half.0, file.size - file.half.0),
            _ => return,
        };
        if (offset, length) != want {
            let what = format!(
                "{}: {length} bytes from {offset} on, wanted {} from {}",
                file.path, want.1, want.0
            );
            self.note_wrong(index, &what, now);
        }
    }

    fn on_body(&mut self, index: u32, bytes: &[u8], now: Nanos) {
        let shared = Arc::clone(&self.shared);
        self.slice.bytes_in += bytes.len() as u64;
        let client = self.client_mut(index);
        let op = client.action.op;
        let Some(flow) = &mut client.flow else { return };
        let offset = flow.offset;
        flow.offset += bytes.len() as u64;
        flow.left = flow.left.saturating_sub(bytes.len() as u64);
        if op == Op::Dir {
            let ends = bytes.iter().filter(|&&byte| byte == b'\n').count();
            flow.lines += ends as u64;
        } else if shared.workload.check != Check::Lengths && !flow.wrong {
            let file = &shared.shelf.files[client.action.file as usize];
            let content = &file.contents[client.variant];
            if let Some(at) = shared.shelf.wrong_at(content, offset, bytes) {
                flow.wrong = true;
                let what = format!("{}: byte {at} is wrong", file.path);
                self.count_wrong(index, &what);
            }
        }
        if self.client(index).cut == Some(CutAt::Download) {
            self.cut(index, now);
        }
    }

    fn on_done(
        &mut self,
        index: u32,
        code: u16,
        size: Option<u64>,
        now: Nanos,
    ) {
        let shared = Arc::clone(&self.shared);
        let client = self.client_mut(index);
        let op = client.action.op;
        if op != Op::Dir {
            self.slice.code(code);
        }
        let client = self.client_mut(index);
        client.visit.proven_until = client.sent;
        if client.state == State::Leaving {
            client.state = State::Parting;
            return self.end_op(index, Outcome::Done, now);
        }
        let file = &shared.shelf.files[client.action.file as usize];
        let flow = client.flow.take();
        let moves =
            matches!(op, Op::Get | Op::Put | Op::Resume | Op::ReadBack);
        let same = client.upload.take().is_some() && !client.flowed;
        let what = if flow.is_some_and(|flow| flow.wrong) {
            // Counted already; the operation is broken all the same.
            return self.break_op(index, "wrong byte", now);
        } else if moves && size.is_some_and(|size| size != file.size) {
            format!("{}: size={size:?}, wanted {}", file.path, file.size)
        } else if moves && !client.flowed && !same && file.size > 0 {
            format!("{}: nothing was sent", file.path)
        } else if flow.is_some_and(|f| f.entries.is_some_and(|n| n != f.lines))
        {
            "a listing has not as many lines as announced".to_owned()
        } else {
            self.remember(index);
            self.end_op(index, Outcome::Done, now);
            if op == Op::Put && self.is_read_back(index) {
                return self.read_back(index, now);
            }
            return self.rest(index, now);
        };
        self.count_wrong(index, &what);
        self.break_op(index, "wrong bytes", now);
    }

    /// Whether this upload is one of those that are fetched again.
    fn is_read_back(&mut self, index: u32) -> bool {
        let share = self.shared.workload.read_back;
        let script = self.client_mut(index).script.as_mut();
        script.is_some_and(|script| script.chance(share))
    }

    /// Ends an operation whose session can go on, though it went wrong.
    fn break_op(&mut self, index: u32, why: &str, now: Nanos) {
        let client = self.client(index);
        let (op, took) = (client.action.op, now - client.started);
        self.note_error(index, op, Outcome::Broken, why, took);
        self.rest(index, now);
    }

    fn on_refused(&mut self, index: u32, label: &str, now: Nanos) {
        let client = self.client_mut(index);
        client.visit.proven_until = client.sent;
        client.flow = None;
        let uploading = client.upload.take().is_some() && client.flowed;
        let (op, took) = (client.action.op, now - client.started);
        let signing_in = client.state == State::SigningIn;
        if uploading || client.state == State::Leaving {
            // The rest of the upload is still on its way: start afresh.
            client.visit.let_go.get_or_insert(now);
            return self.lose(index, op, label, Ending::Dropped, now);
        }
        self.note_error(index, op, Outcome::Refused, label, took);
        if signing_in {
            self.client_mut(index).returns_at_once = false;
            return self.say_goodbye(index, now);
        }
        self.rest(index, now);
    }

    /// The client's operation ended as it should.
    fn end_op(&mut self, index: u32, outcome: Outcome, now: Nanos) {
        let client = self.client(index);
        let op = client.action.op;
        let (response, service) = (now - client.due, now - client.started);
        let body = client.first_byte.filter(|_| client.flowed);
        let body = body.map(|first| now - first);
        let counts = self.counts(client.due);
        self.slice.done(response);
        self.slice.phase(Phase::Whole, service);
        if let Some(body) = body {
            self.note_phase(index, op, Phase::Body, body);
        }
        if op == Op::Login {
            self.note_phase(index, Op::Visit, Phase::Login, service);
        }
        if counts {
            let ledger = &mut self.harvest.ledger;
            let whole = (op, Phase::Whole, outcome);
            let key = |measure| (whole.0, whole.1, whole.2, measure);
            ledger.record(key(Measure::Response), response);
            ledger.record(key(Measure::Service), service);
        }
    }

    /// What came cannot be understood, or must not be: the visit is over.
    pub(super) fn note_wrong(&mut self, index: u32, what: &str, now: Nanos) {
        self.count_wrong(index, what);
        let op = self.current_op(index);
        self.lose(index, op, "wrong data", Ending::Dropped, now);
    }

    fn count_wrong(&mut self, index: u32, what: &str) {
        self.harvest.wrong_count += 1;
        if self.harvest.wrong.len() < WRONG_SHOWN_MAX {
            let client = self.client(index);
            let (who, op) = (client.visit.name(), client.action.op.word());
            self.harvest.wrong.push(format!("{who}, {op}: {what}"));
        }
    }

    /// A slow reader stops until its rate allows more.
    fn slow_down(
        &mut self,
        index: u32,
        rate: Option<u64>,
        count: usize,
        now: Nanos,
    ) {
        let client = self.client(index);
        let Some(rate) = rate.filter(|_| client.flow.is_some()) else {
            return;
        };
        if client.state != State::Acting {
            return;
        }
        self.want(index, EventFlags::empty());
        let pause = count as u64 * SECOND / rate;
        self.set_timer(index, now + pause);
    }

    /// A slow reader's pause is over.
    pub(super) fn read_on(&mut self, index: u32) {
        self.want(index, EventFlags::IN);
    }
}

/// How soon a sign-in that came too early is tried again.
const TRY_AGAIN: Nanos = 20 * MS;

/// How often at most.
const TRIES_MAX: u32 = 3_000;

/// Wrong bytes that are reported one by one.
const WRONG_SHOWN_MAX: usize = 20;
