//! One client: its state, and who is to act when something is due or has
//! happened. How it comes is in `come`, what it sends in `act`, what it is
//! told in `hear`, how it goes in `leave`.
//!
//! Must not know: histograms' shapes, reports, which protocol is spoken.

use std::{net::TcpStream, sync::Arc};

use rustix::event::epoll::{self, EventFlags};

use super::{
    Heard, Worker,
    mark::Mark,
    socket::{self, Moved},
};
use crate::{
    clock::{MS, Nanos, SECOND},
    dialect::{Dialect, Step},
    history::{Ending, Visit},
    plan::{self, Action, Script, Stream},
    record::{Measure, Op, Outcome, Phase},
    workload::{Check, CutAt, Group},
};

pub(crate) use self::act::{PUT_SLOTS, WORK_ROOMS};

mod act;
mod come;
mod data;
mod flow;
mod hear;
mod leave;
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
    last_byte: Option<Nanos>,
    /// Anything moved last.
    moved: Nanos,
    out: Vec<u8>,
    out_done: usize,
    /// The data connection of the operation, where its protocol has one.
    data: Option<data::Data>,
    flow: Option<flow::Flow>,
    flowed: bool,
    upload: Option<act::Upload>,
    /// Which of its file's contents the operation sends or is to fetch.
    variant: usize,
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
            last_byte: None,
            moved: 0,
            out: Vec::new(),
            out_done: 0,
            data: None,
            flow: None,
            flowed: false,
            upload: None,
            variant: 0,
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
            State::Queued => self.cut(index, now),
            State::SigningIn => self.sign_in(index, now),
            State::Thinking => self.act_next(index, due, now),
            State::Acting => self.read_on(index),
            State::Holding => self.say_goodbye(index, now),
            State::Connecting
            | State::Free
            | State::Leaving
            | State::Parting
            | State::Gone => {}
        }
    }

    /// What the poll says about a client's connection.
    pub(super) fn on_event(&mut self, mark: Mark, flags: EventFlags) {
        let index = mark.index;
        let now = self.shared.clock.now();
        if !mark.is_of(self.client(index).visits) {
            return;
        }
        if mark.is_data {
            return self.on_data_event(index, flags, now);
        }
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
        let visit = client.visits;
        let data = Mark { index, visit, is_data: false }.data();
        if let Err(error) = epoll::modify(&self.poll, stream, data, interest) {
            self.harvest.watch.own_error(&error.to_string());
        }
    }
}
