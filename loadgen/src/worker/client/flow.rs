//! The bytes of a download or listing, and whether what an operation brought
//! is what it was to bring. A wrong byte is the server's error.
//!
//! Must not know: over which connection bytes come.

use std::sync::Arc;

use super::{
    Check, CutAt, Dialect, Ending, EventFlags, Nanos, Op, SECOND, State,
    Worker,
};

/// A download or listing under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    /// Where in the file it begins.
    start: u64,
    /// The place of the next byte.
    offset: u64,
    /// How many are to come on the connection of the replies.
    pub(super) left: u64,
    /// Entries that the server announced and lines that came.
    entries: Option<u64>,
    lines: u64,
    /// A byte of it was wrong; one report is enough.
    pub(super) wrong: bool,
}

impl Flow {
    fn new(start: u64) -> Flow {
        let (left, entries, lines) = (0, None, 0);
        Flow { start, offset: start, left, entries, lines, wrong: false }
    }
}

impl<D: Dialect> Worker<D> {
    /// The server announces what it sends.
    pub(super) fn begin_flow(
        &mut self,
        index: u32,
        (offset, length): (u64, u64),
        entries: Option<u64>,
        now: Nanos,
    ) {
        let client = self.client_mut(index);
        let flow = Flow { left: length, entries, ..Flow::new(offset) };
        client.flowed = true;
        client.flow = Some(flow);
        if let Some(want) = self.wanted(index)
            && (offset, length) != want
        {
            let what = self.count_fault(index, (offset, length), want);
            self.note_wrong(index, &what, now);
        }
    }

    /// Bytes are to come on the data connection, nobody says how many.
    pub(super) fn begin_flow_apart(&mut self, index: u32) {
        let start = self.wanted(index).map_or(0, |(start, _)| start);
        self.client_mut(index).flow = Some(Flow::new(start));
    }

    /// From where and how many bytes the client is to get, where it is a
    /// file that it gets.
    fn wanted(&self, index: u32) -> Option<(u64, u64)> {
        let action = self.client(index).action;
        let file = &self.shared.shelf.files[action.file as usize];
        match action.op {
            Op::Get | Op::ReadBack => Some((0, file.size)),
            Op::Resume => Some((file.half.0, file.size - file.half.0)),
            Op::Visit
            | Op::Login
            | Op::Pwd
            | Op::Cd
            | Op::Dir
            | Op::Mkdir
            | Op::Rmdir
            | Op::Put
            | Op::Rm
            | Op::Quit => None,
        }
    }

    fn count_fault(
        &self,
        index: u32,
        got: (u64, u64),
        want: (u64, u64),
    ) -> String {
        let file = self.client(index).action.file as usize;
        let path = &self.shared.shelf.files[file].path;
        let ((from, count), (start, wanted)) = (got, want);
        format!(
            "{path}: {count} bytes from {from} on, wanted {wanted} from {start}"
        )
    }

    /// Bytes of a file or listing have come.
    pub(super) fn on_body(&mut self, index: u32, bytes: &[u8], now: Nanos) {
        let shared = Arc::clone(&self.shared);
        self.slice.bytes_in += bytes.len() as u64;
        self.note_first_byte(index, now);
        let client = self.client_mut(index);
        client.last_byte = Some(now);
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

    /// What is wrong with an operation that the server says is done.
    pub(super) fn fault(
        &self,
        index: u32,
        size: Option<u64>,
    ) -> Option<String> {
        let client = self.client(index);
        let shelf = &self.shared.shelf;
        let file = &shelf.files[client.action.file as usize];
        let path = &file.path;
        if size.is_some_and(|size| size != file.size) {
            return Some(format!(
                "{path}: size={size:?}, wanted {}",
                file.size
            ));
        }
        if let Some(upload) = &client.upload {
            return upload.fault(client.flowed, path);
        }
        let Some(flow) = &client.flow else {
            let missing = self.wanted(index).is_some_and(|(_, all)| all > 0);
            return missing.then(|| format!("{path}: nothing was sent"));
        };
        let got = (flow.start, flow.offset - flow.start);
        match self.wanted(index) {
            Some(want) if want != got => {
                Some(self.count_fault(index, got, want))
            }
            Some(_) => None,
            None if flow.entries.is_some_and(|count| count != flow.lines) => {
                Some("a listing has not as many lines as announced".to_owned())
            }
            None if flow.lines < shelf.files.len() as u64 => {
                Some("a listing has fewer lines than files".to_owned())
            }
            None => None,
        }
    }

    /// What came cannot be understood, or must not be: the visit is over.
    pub(super) fn note_wrong(&mut self, index: u32, what: &str, now: Nanos) {
        self.count_wrong(index, what);
        let op = self.current_op(index);
        self.lose(index, op, "wrong data", Ending::Dropped, now);
    }

    pub(super) fn count_wrong(&mut self, index: u32, what: &str) {
        self.harvest.wrong_count += 1;
        if self.harvest.wrong.len() < WRONG_SHOWN_MAX {
            let client = self.client(index);
            let (who, op) = (client.visit.name(), client.action.op.word());
            self.harvest.wrong.push(format!("{who}, {op}: {what}"));
        }
    }

    /// A slow reader stops until its rate allows more.
    pub(super) fn slow_down(
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
        self.want_body(index, EventFlags::empty());
        let pause = count as u64 * SECOND / rate;
        self.set_timer(index, now + pause);
    }

    /// A slow reader's pause is over.
    pub(super) fn read_on(&mut self, index: u32) {
        self.want_body(index, EventFlags::IN);
    }

    fn want_body(&mut self, index: u32, interest: EventFlags) {
        if self.client(index).data.is_some() {
            self.want_data(index, interest);
        } else {
            self.want(index, interest);
        }
    }
}

/// Wrong bytes that are reported one by one.
const WRONG_SHOWN_MAX: usize = 20;
