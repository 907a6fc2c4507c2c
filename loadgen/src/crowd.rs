//! A handful or thousands of connections that do as they are told, one
//! step at a time: for the drill and for the search of a server's limit,
//! where what happens next depends on what the server has said.
//!
//! Must not know: workloads, schedules, figures.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    os::fd::OwnedFd,
};

use rustix::event::{
    Timespec,
    epoll::{self, EventFlags},
};

use crate::{
    clock::{Clock, MS, Nanos},
    dialect::{Conversation as _, Dialect, Heard, Step},
    history::{Ending, Visit},
    worker::{
        mark::Mark,
        socket::{self, Moved},
    },
};

/// All guests, and the poll over their connections.
pub(crate) struct Crowd<D: Dialect> {
    dialect: D,
    target: SocketAddr,
    clock: Clock,
    poll: OwnedFd,
    /// The guests in the order in which they came.
    pub(crate) guests: Vec<Guest<D::Talk>>,
    polled: Nanos,
    first_user: u32,
}

/// One connection.
pub(crate) struct Guest<T> {
    stream: Option<TcpStream>,
    /// The data connection, where the protocol has one.
    data: Option<TcpStream>,
    talk: T,
    /// Its moments.
    pub(crate) visit: Visit,
    /// How far its last step has come.
    pub(crate) answer: Answer,
    /// What the server said when it did not let it in.
    pub(crate) told: Option<String>,
    sent: Nanos,
}

/// How far a step has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing was asked, or nothing has come.
    None,
    /// Bytes flow, or may be sent.
    Flowing,
    /// It ended well.
    Done,
    /// It was refused.
    Refused,
    /// It came too early.
    TooEarly,
}

impl<T> Guest<T> {
    /// Whether it has been given a place and has not lost it.
    pub(crate) fn is_served(&self) -> bool {
        self.visit.ready.is_some() && self.stream.is_some()
    }

    /// Whether the connection is over.
    pub(crate) fn is_over(&self) -> bool {
        self.stream.is_none()
    }

    /// Whether the server has said anything, or ended it.
    pub(crate) fn was_told(&self) -> bool {
        self.visit.first_word.is_some() || self.stream.is_none()
    }
}

impl<D: Dialect> Crowd<D> {
    /// Nobody yet. Clients are numbered from `first_user` on.
    ///
    /// # Errors
    ///
    /// When the system gives no epoll instance.
    pub(crate) fn new(
        dialect: D,
        target: SocketAddr,
        clock: Clock,
        first_user: u32,
    ) -> io::Result<Crowd<D>> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let guests = Vec::new();
        let polled = clock.now();
        Ok(Crowd { dialect, target, clock, poll, guests, polled, first_user })
    }

    /// One more connection; its number.
    pub(crate) fn open(&mut self) -> usize {
        let index = self.guests.len();
        let now = self.clock.now();
        let user = self.first_user + index as u32;
        let mut guest = Guest {
            stream: None,
            data: None,
            talk: self.dialect.talk(),
            visit: Visit::new(user, 0, now),
            answer: Answer::None,
            told: None,
            sent: now,
        };
        match socket::begin(self.target, None) {
            Ok(stream) => {
                let data = mark(index, false).data();
                let added =
                    epoll::add(&self.poll, &stream, data, EventFlags::IN);
                match added {
                    Ok(()) => guest.stream = Some(stream),
                    Err(error) => guest.fail(&error.to_string(), now),
                }
            }
            Err(error) => guest.fail(&error.to_string(), now),
        }
        self.guests.push(guest);
        index
    }

    /// Sends a step's request.
    pub(crate) fn ask(&mut self, index: usize, step: Step<'_>) {
        let mut out = Vec::new();
        let guest = &mut self.guests[index];
        guest.talk.begin(step, &mut out);
        guest.answer = Answer::None;
        if matches!(step, Step::Quit) {
            guest.visit.let_go = Some(self.clock.now());
        }
        self.send(index, &out);
    }

    /// Sends a part of a file.
    pub(crate) fn send_body(&mut self, index: usize, bytes: &[u8]) {
        let guest = &mut self.guests[index];
        let Some(data) = &guest.data else { return self.send(index, bytes) };
        if let Moved::Broken(why) = socket::write(data, bytes) {
            guest.fail(why, self.clock.now());
        }
    }

    /// Sends raw bytes: a request, or a part of one.
    pub(crate) fn send(&mut self, index: usize, bytes: &[u8]) {
        let now = self.clock.now();
        let guest = &mut self.guests[index];
        guest.sent = now;
        let Some(stream) = &guest.stream else { return };
        // All that a guest sends is small enough for an empty buffer.
        if let Moved::Broken(why) = socket::write(stream, bytes) {
            guest.fail(why, now);
        }
    }

    /// Cuts a connection off with a reset.
    pub(crate) fn cut(&mut self, index: usize) {
        let now = self.clock.now();
        let guest = &mut self.guests[index];
        if let Some(stream) = guest.stream.take() {
            guest.visit.let_go.get_or_insert(now);
            socket::reset(stream);
            if let Some(data) = guest.data.take() {
                socket::reset(data);
            }
            guest.end(Ending::Cut, now, self.polled);
        }
    }

    /// Takes what comes until `is_so` or the time is over; whether it is.
    pub(crate) fn until(
        &mut self,
        wait: Nanos,
        mut is_so: impl FnMut(&Self) -> bool,
    ) -> bool {
        let deadline = self.clock.now() + wait;
        loop {
            if is_so(self) {
                return true;
            }
            let now = self.clock.now();
            if now >= deadline {
                return false;
            }
            self.turn((deadline - now).min(TURN_MAX));
        }
    }

    /// How many are served as far as they know.
    pub(crate) fn served(&self) -> usize {
        self.guests.iter().filter(|guest| guest.is_served()).count()
    }

    /// Closes what is open and gives everybody's moments.
    pub(crate) fn into_visits(mut self) -> Vec<Visit> {
        for index in 0..self.guests.len() {
            self.cut(index);
        }
        self.guests.into_iter().map(|guest| guest.visit).collect()
    }

    fn turn(&mut self, wait: Nanos) {
        let room = epoll::Event {
            flags: EventFlags::empty(),
            data: epoll::EventData::new_u64(0),
        };
        let mut events = [room; EVENTS_MAX];
        let asked = self.clock.now();
        let timeout = Timespec { tv_sec: 0, tv_nsec: wait.cast_signed() };
        let count = epoll::wait(&self.poll, &mut events[..], Some(&timeout))
            .unwrap_or(0);
        let mut buffer = [0; READ_BYTES];
        for event in &events[..count] {
            let mark = Mark::of(event.data);
            if mark.is_data {
                self.read_data(mark.index as usize, &mut buffer);
            } else {
                self.read(mark.index as usize, &mut buffer);
            }
        }
        if count < EVENTS_MAX {
            self.polled = asked;
        }
    }

    fn read(&mut self, index: usize, buffer: &mut [u8]) {
        let now = self.clock.now();
        let polled = self.polled;
        let guest = &mut self.guests[index];
        let Some(stream) = &guest.stream else { return };
        match socket::read(stream, buffer) {
            Moved::Bytes(0) => {
                let left = guest.visit.let_go.is_some();
                let ending = if left { Ending::Left } else { Ending::Dropped };
                guest.end(ending, now, polled);
                guest.told.get_or_insert("closed".to_owned());
            }
            Moved::Bytes(count) => self.hear(index, &buffer[..count], now),
            Moved::Later => {}
            Moved::Broken(why) => guest.fail(why, now),
        }
    }

    /// Takes what a data connection brings; what it is does not matter.
    fn read_data(&mut self, index: usize, buffer: &mut [u8]) {
        let now = self.clock.now();
        let polled = self.polled;
        let guest = &mut self.guests[index];
        let Some(data) = &guest.data else { return };
        match socket::read(data, buffer) {
            Moved::Bytes(count) if count > 0 => guest.answer = Answer::Flowing,
            Moved::Later => {}
            Moved::Bytes(_) | Moved::Broken(_) => {
                guest.data = None;
                let heard = guest.talk.data_ended();
                guest.on_heard(heard, now, polled);
            }
        }
    }

    fn hear(&mut self, index: usize, bytes: &[u8], now: Nanos) {
        let polled = self.polled;
        self.guests[index].visit.first_word.get_or_insert(now);
        let mut at = 0;
        let mut out = Vec::new();
        loop {
            let guest = &mut self.guests[index];
            let (used, heard) = guest.talk.hear(&bytes[at..], &mut out);
            at += used;
            let nothing = heard == Heard::Nothing && used == 0;
            if let Heard::Open { port, .. } = heard {
                self.open_data(index, port, now);
            } else {
                guest.on_heard(heard, now, polled);
            }
            if !out.is_empty() {
                self.send(index, &out);
                out.clear();
            }
            if nothing || self.guests[index].is_over() {
                return;
            }
        }
    }

    fn open_data(&mut self, index: usize, port: u16, now: Nanos) {
        let guest = &mut self.guests[index];
        let target = SocketAddr::new(self.target.ip(), port);
        let opened = socket::begin(target, None).and_then(|stream| {
            let data = mark(index, true).data();
            epoll::add(&self.poll, &stream, data, EventFlags::IN)?;
            Ok(stream)
        });
        match opened {
            Ok(stream) => guest.data = Some(stream),
            Err(error) => guest.fail(&error.to_string(), now),
        }
    }
}

impl<T> Guest<T> {
    fn on_heard(&mut self, heard: Heard<'_>, now: Nanos, polled: Nanos) {
        match heard {
            Heard::Nothing | Heard::Body(_) | Heard::Open { .. } => {}
            Heard::Waiting { limit, .. } => {
                self.visit.limit = limit.or(self.visit.limit);
            }
            Heard::Ready { limit, serving } => {
                self.visit.ready = Some(now);
                self.visit.proven_until = 0;
                self.visit.unready_until = polled.max(self.visit.began);
                self.visit.serving = serving;
                self.visit.limit = limit.or(self.visit.limit);
            }
            Heard::Begun { .. } | Heard::Flow { .. } | Heard::Send { .. } => {
                self.answer = Answer::Flowing;
            }
            Heard::Done { .. } => self.answered(Answer::Done),
            Heard::TryAgain { .. } => self.answered(Answer::TooEarly),
            Heard::Refused { label, .. } => {
                self.told = Some(label);
                self.answered(Answer::Refused);
            }
            Heard::TurnedAway(why) => {
                self.told = Some(why);
                self.end(Ending::TurnedAway, now, polled);
            }
            Heard::Dismissed(why) | Heard::Nonsense(why) => {
                self.told = Some(why);
                self.end(Ending::Dropped, now, polled);
            }
        }
    }

    fn answered(&mut self, answer: Answer) {
        self.visit.proven_until = self.sent;
        self.answer = answer;
        self.data = None;
    }

    fn end(&mut self, ending: Ending, now: Nanos, polled: Nanos) {
        self.stream = None;
        self.data = None;
        self.visit.closed = Some(now);
        self.visit.ending = ending;
        if self.visit.ready.is_none() {
            self.visit.unready_until = polled.max(self.visit.began);
        }
    }

    fn fail(&mut self, why: &str, now: Nanos) {
        self.told = Some(why.to_owned());
        self.end(Ending::Dropped, now, 0);
    }
}

/// A guest comes once.
fn mark(index: usize, is_data: bool) -> Mark {
    Mark { index: index as u32, visit: 0, is_data }
}

/// Events taken at once.
const EVENTS_MAX: usize = 256;

/// What is read at once.
const READ_BYTES: usize = 16 * 1024;

/// The longest single wait, so that a deadline is never missed by much.
const TURN_MAX: Nanos = 100 * MS;
