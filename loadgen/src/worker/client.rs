//! One client: its visits from the connect to the goodbye. What happens on
//! its connection is in `act` and `hear`; here is when it comes and goes.
//!
//! Must not know: histograms' shapes, reports, which protocol is spoken.

use std::{net::TcpStream, sync::Arc};

use rustix::event::epoll::{self, EventFlags};

use super::{
    Heard, Worker,
    socket::{self, Moved},
};
use crate::{
    clock::{MS, Nanos, SECOND},
    dialect::{Dialect, Step},
    history::{Ending, Visit},
    plan::{self, Action, Script, Stream},
    record::{Measure, Op, Outcome, Phase},
    workload::{CutAt, Group},
};

pub(crate) use self::act::{PUT_SLOTS, WORK_ROOMS};

#[path = "act.rs"]
mod act;
#[path = "close.rs"]
mod close;
#[path = "hear.rs"]
mod hear;
#[path = "note.rs"]
mod note;

/// A client's state.
pub(super) struct Client<T> {
    /// Its number in the run.
    user: u32,
    /// Its number in its group.
    nth: u32,
    /// Its group's number.
    pub(super) group: usize,
    /// Where it stands.
    pub(super) state: State,
    /// A timer that was set before this one is void.
    pub(super) stamp: u32,
    stream: Option<TcpStream>,
    /// What the poll is asked about its stream.
    interest: EventFlags,
    talk: T,
    script: Option<Script>,
    visit: Visit,
    /// Its visits so far.
    visits: u32,
    /// When the visit was to begin.
    visit_due: Nanos,
    cut: Option<CutAt>,
    action: Action,
    /// When the operation was to begin, did begin, and was last sent for.
    due: Nanos,
    started: Nanos,
    sent: Nanos,
    first_byte: Option<Nanos>,
    /// Anything moved last.
    moved: Nanos,
    out: Vec<u8>,
    out_done: usize,
    flow: Option<hear::Flow>,
    flowed: bool,
    upload: Option<act::Upload>,
    /// The next visit comes at once, without a pause.
    returns_at_once: bool,
    tries: u32,
    puts: u32,
    kept: Option<u32>,
    has_directory: bool,
    looks_inside: bool,
}

/// Where a client stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Not connected; a timer or a start of an open loop will wake it.
    Away,
    /// The connect is under way.
    Connecting,
    /// It waits for a place.
    Queued,
    /// Its sign-in is under way, or will be tried again.
    SigningIn,
    /// It thinks; a timer will wake it.
    Thinking,
    /// It is signed in and takes the next start of its open loop.
    Free,
    /// An operation is under way.
    Acting,
    /// It stays silent; a timer will wake it.
    Holding,
    /// Its goodbye is sent.
    Leaving,
    /// Its goodbye is answered; the server is to close.
    Parting,
    /// It will not come again.
    Gone,
}

impl<T> Client<T> {
    /// A client that has not come yet.
    pub(super) fn new(user: u32, nth: u32, group: usize, talk: T) -> Self {
        Client {
            user,
            nth,
            group,
            state: State::Away,
            stamp: 0,
            stream: None,
            interest: EventFlags::empty(),
            talk,
            script: None,
            visit: Visit::new(user, 0, 0),
            visits: 0,
            visit_due: 0,
            cut: None,
            action: Action { op: Op::Quit, file: 0 },
            due: 0,
            started: 0,
            sent: 0,
            first_byte: None,
            moved: 0,
            out: Vec::new(),
            out_done: 0,
            flow: None,
            flowed: false,
            upload: None,
            returns_at_once: true,
            tries: 0,
            puts: 0,
            kept: None,
            has_directory: false,
            looks_inside: false,
        }
    }

    /// Whether the server serves it, as far as it knows.
    pub(super) fn has_place(&self) -> bool {
        match self.state {
            State::SigningIn
            | State::Thinking
            | State::Free
            | State::Acting
            | State::Holding
            | State::Leaving
            | State::Parting => true,
            State::Away | State::Connecting | State::Queued | State::Gone => {
                false
            }
        }
    }
}

impl<D: Dialect> Worker<D> {
    /// Something that was due at a known time is due.
    pub(super) fn on_timer(&mut self, index: u32, due: Nanos, now: Nanos) {
        match self.client(index).state {
            State::Away => self.come(index, due, now),
            State::SigningIn => self.sign_in(index, now),
            State::Thinking => self.act_next(index, due, now),
            State::Acting => self.read_on(index),
            State::Holding => self.say_goodbye(index, now),
            State::Connecting
            | State::Queued
            | State::Free
            | State::Leaving
            | State::Parting
            | State::Gone => {}
        }
    }

    /// A client that is away comes, if it is to come now.
    fn come(&mut self, index: u32, due: Nanos, now: Nanos) {
        let shared = Arc::clone(&self.shared);
        let (group, group_at) = self.group_of(&shared, index);
        if plan::starts_visits(group) {
            return self.set_free_or_gone(index, now);
        }
        if self.closing {
            self.client_mut(index).state = State::Gone;
            return;
        }
        if !self.is_wanted(group, index, now) {
            return self.set_timer(index, now + LOOK_AGAIN);
        }
        let stream = {
            let client = self.client(index);
            Stream::Visit { user: client.user, number: client.visits }
        };
        let seed = shared.workload.seed;
        let script = Script::new(seed, group_at, stream, group);
        self.begin_visit(index, script, due, now);
    }

    /// A start of an open loop is this client's to make.
    pub(super) fn take_start(
        &mut self,
        index: u32,
        number: u64,
        due: Nanos,
        now: Nanos,
    ) {
        let shared = Arc::clone(&self.shared);
        let (group, group_at) = self.group_of(&shared, index);
        let stream = Stream::Arrival(number);
        let seed = shared.workload.seed;
        let mut script = Script::new(seed, group_at, stream, group);
        if plan::starts_visits(group) {
            self.begin_visit(index, script, due, now);
        } else {
            let action = script.next(group, shared.shelf.files.len());
            self.act(index, action, due, now);
        }
    }

    fn begin_visit(
        &mut self,
        index: u32,
        mut script: Script,
        due: Nanos,
        now: Nanos,
    ) {
        let shared = Arc::clone(&self.shared);
        let (group, _) = self.group_of(&shared, index);
        let talk = shared.dialect.talk();
        let client = self.client_mut(index);
        client.cut = script.cut(group);
        client.script = Some(script);
        client.visit = Visit::new(client.user, client.visits, now);
        client.visits += 1;
        client.visit_due = due;
        client.talk = talk;
        client.moved = now;
        client.out.clear();
        client.out_done = 0;
        client.flow = None;
        client.upload = None;
        client.tries = 0;
        client.looks_inside = false;
        let small = group.read_rate.map(|_| SLOW_BUFFER_BYTES);
        match socket::begin(shared.target, small) {
            Ok(stream) => {
                let interest = EventFlags::IN | EventFlags::OUT;
                let data = epoll::EventData::new_u64(u64::from(index));
                let added = epoll::add(&self.poll, &stream, data, interest);
                let client = self.client_mut(index);
                client.state = State::Connecting;
                client.stream = Some(stream);
                client.interest = interest;
                if let Err(error) = added {
                    self.harvest.watch.own_error(&error.to_string());
                    self.end_visit(index, Ending::Unreachable, now);
                }
            }
            Err(error) if socket::is_own_fault(error) => {
                self.harvest.watch.own_error(&error.to_string());
                self.end_visit(index, Ending::Unreachable, now);
            }
            Err(_) => self.lose(
                index,
                Op::Visit,
                "cannot connect",
                Ending::Unreachable,
                now,
            ),
        }
    }

    /// What the poll says about a client's connection.
    pub(super) fn on_event(&mut self, index: u32, flags: EventFlags) {
        let now = self.shared.clock.now();
        let Some(stream) = &self.client(index).stream else { return };
        if self.client(index).state == State::Connecting {
            if let Some(error) = socket::connect_error(stream) {
                let ending = Ending::Unreachable;
                return self.lose(index, Op::Visit, error, ending, now);
            }
            self.on_connected(index, now);
            if !flags.contains(EventFlags::IN) {
                return;
            }
        } else if flags.contains(EventFlags::OUT) {
            self.write_on(index, now);
        }
        if flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR)
        {
            self.read(index, now);
        }
    }

    fn on_connected(&mut self, index: u32, now: Nanos) {
        let client = self.client_mut(index);
        client.state = State::Queued;
        client.moved = now;
        let took = now - client.visit.began;
        self.want(index, EventFlags::IN);
        self.note_phase(index, Op::Visit, Phase::Connect, took);
    }

    /// The server has given it a place.
    fn on_ready(&mut self, index: u32, heard: &Heard<'_>, now: Nanos) {
        let polled = self.polled;
        let client = self.client_mut(index);
        if let Heard::Ready { limit, serving } = heard {
            client.visit.serving = *serving;
            client.visit.limit = limit.or(client.visit.limit);
        }
        client.visit.ready = Some(now);
        client.visit.proven_until = 0;
        client.visit.unready_until = polled.max(client.visit.began);
        let waited = now - client.visit.began;
        let due = client.visit_due;
        let cut = client.cut;
        self.note_phase(index, Op::Visit, Phase::Ready, waited);
        self.note_response(index, Op::Visit, Phase::Ready, now - due);
        if matches!(cut, Some(CutAt::Ready | CutAt::Queue)) {
            return self.cut(index, now);
        }
        self.client_mut(index).state = State::SigningIn;
        if self.closing {
            self.say_goodbye(index, now);
        } else {
            self.sign_in(index, now);
        }
    }

    fn sign_in(&mut self, index: u32, now: Nanos) {
        let shared = Arc::clone(&self.shared);
        let user = self.client(index).user as usize;
        let account = &shared.accounts[user % shared.accounts.len()];
        let step = Step::SignIn { user: &account.0, password: &account.1 };
        let client = self.client_mut(index);
        if client.tries == 0 {
            client.action = Action { op: Op::Login, file: 0 };
            client.due = client.visit_due;
            client.started = now;
        }
        self.send(index, step, now);
        if self.client(index).cut == Some(CutAt::Login) {
            self.cut(index, now);
        }
    }

    /// An operation has ended, or the sign-in: what now?
    fn rest(&mut self, index: u32, now: Nanos) {
        let shared = Arc::clone(&self.shared);
        let (group, group_at) = self.group_of(&shared, index);
        if plan::starts_operations(group) {
            let open = self.opens[group_at].as_ref();
            let backlog = open.is_some_and(|open| !open.backlog.is_empty());
            if self.closing && !backlog {
                return self.say_goodbye(index, now);
            }
            self.client_mut(index).state = State::Free;
            return self.set_free(index, now);
        }
        if self.closing || !self.is_wanted(group, index, now) {
            return self.say_goodbye(index, now);
        }
        let client = self.client_mut(index);
        let pause = match &mut client.script {
            Some(script) => script.think(group.think),
            None => 0,
        };
        if pause == 0 {
            return self.act_next(index, now, now);
        }
        client.state = State::Thinking;
        self.set_timer(index, now + pause);
    }

    fn act_next(&mut self, index: u32, due: Nanos, now: Nanos) {
        let shared = Arc::clone(&self.shared);
        let (group, _) = self.group_of(&shared, index);
        let files = shared.shelf.files.len();
        let client = self.client_mut(index);
        let action = match &mut client.script {
            Some(script) => script.next(group, files),
            None => Action { op: Op::Quit, file: 0 },
        };
        if action.op == Op::Quit && group.hold > 0 {
            client.state = State::Holding;
            return self.set_timer(index, now.saturating_add(group.hold));
        }
        self.act(index, action, due, now);
    }

    fn say_goodbye(&mut self, index: u32, now: Nanos) {
        let client = self.client_mut(index);
        client.action = Action { op: Op::Quit, file: 0 };
        client.due = now;
        client.started = now;
        client.visit.let_go = Some(now);
        client.state = State::Leaving;
        self.send(index, Step::Quit, now);
    }

    /// The client vanishes on purpose.
    fn cut(&mut self, index: u32, now: Nanos) {
        self.client_mut(index).visit.let_go.get_or_insert(now);
        if let Some(stream) = self.client_mut(index).stream.take() {
            socket::reset(stream);
        }
        self.end_visit(index, Ending::Cut, now);
    }

    /// A visit is lost in the middle of an operation.
    fn lose(
        &mut self,
        index: u32,
        op: Op,
        why: &str,
        ending: Ending,
        now: Nanos,
    ) {
        let started = match op {
            Op::Visit => self.client(index).visit.began,
            _ => self.client(index).started,
        };
        let outcome = match ending {
            Ending::TurnedAway => Outcome::Refused,
            _ => Outcome::Broken,
        };
        self.note_error(index, op, outcome, why, now - started);
        self.end_visit(index, ending, now);
    }

    fn end_visit(&mut self, index: u32, ending: Ending, now: Nanos) {
        let polled = self.polled;
        let client = self.client_mut(index);
        // Dropping the stream takes it out of the poll.
        client.stream = None;
        client.interest = EventFlags::empty();
        client.stamp = client.stamp.wrapping_add(1);
        let visit = &mut client.visit;
        visit.closed = Some(now);
        visit.ending = ending;
        if visit.ready.is_none() {
            visit.unready_until = polled.max(visit.began);
        }
        let visit = visit.clone();
        let due = client.visit_due;
        if ending == Ending::Left {
            let took = now - visit.began;
            self.note_phase(index, Op::Visit, Phase::Whole, took);
            self.note_response(index, Op::Visit, Phase::Whole, now - due);
        }
        if self.harvest.visits.len() < VISITS_MAX {
            self.harvest.visits.push(visit);
        } else {
            self.harvest.visits_lost += 1;
        }
        self.go_home(index, ending, now);
    }

    /// Whether and when the client comes again.
    fn go_home(&mut self, index: u32, ending: Ending, now: Nanos) {
        let shared = Arc::clone(&self.shared);
        let (group, _) = self.group_of(&shared, index);
        let client = self.client_mut(index);
        client.state = State::Away;
        if group.visits.is_some_and(|most| client.visits >= most) {
            client.state = State::Gone;
            return;
        }
        let failed = !matches!(ending, Ending::Left | Ending::Cut);
        if failed {
            return self.set_timer(index, now + COME_AGAIN);
        }
        if plan::starts_visits(group) {
            return self.set_free_or_gone(index, now);
        }
        if self.closing {
            self.client_mut(index).state = State::Gone;
            return;
        }
        let client = self.client_mut(index);
        let pause = match &mut client.script {
            Some(script) if !client.returns_at_once => {
                script.think(group.think)
            }
            _ => 0,
        };
        self.set_timer(index, now + pause);
    }

    fn set_free_or_gone(&mut self, index: u32, now: Nanos) {
        let group = self.client(index).group;
        let open = self.opens[group].as_ref();
        let backlog = open.is_some_and(|open| !open.backlog.is_empty());
        if self.closing && !backlog {
            self.client_mut(index).state = State::Gone;
        } else {
            self.set_free(index, now);
        }
    }

    /// Whether the stages have room for the client at this time.
    fn is_wanted(&self, group: &Group, index: u32, now: Nanos) -> bool {
        if group.stages.is_empty() || !plan::is_closed(group) {
            return true;
        }
        let at = now.saturating_sub(self.shared.begin);
        let nth = f64::from(self.client(index).nth);
        plan::level(&group.stages, at) > nth
    }

    fn group_of<'a>(
        &self,
        shared: &'a super::Shared<D>,
        index: u32,
    ) -> (&'a Group, usize) {
        let at = self.client(index).group;
        (&shared.workload.groups[at], at)
    }

    /// Tells the poll what is of interest, where that has changed.
    fn want(&mut self, index: u32, interest: EventFlags) {
        let client = &mut self.clients[index as usize];
        let Some(stream) = &client.stream else { return };
        if client.interest == interest {
            return;
        }
        client.interest = interest;
        let data = epoll::EventData::new_u64(u64::from(index));
        if let Err(error) = epoll::modify(&self.poll, stream, data, interest) {
            self.harvest.watch.own_error(&error.to_string());
        }
    }
}

/// How soon a client that was turned away or cut off comes again.
const COME_AGAIN: Nanos = 100 * MS;

/// How often a client that the stages do not want yet looks again.
const LOOK_AGAIN: Nanos = 20 * MS;

/// Visits that one worker keeps for the verdict.
const VISITS_MAX: usize = 1_000_000;

/// A slow reader's receive buffer, so that the server feels its slowness.
const SLOW_BUFFER_BYTES: usize = 16 * 1024;
