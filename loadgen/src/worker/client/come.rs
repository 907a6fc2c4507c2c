//! How a client comes: when it is to, the connect, the wait for a place,
//! the sign-in.
//!
//! Must not know: what it does once it is signed in.

use std::sync::Arc;

use rustix::event::epoll;

use super::{
    Action, CutAt, Dialect, Ending, EventFlags, Group, MS, Mark, Nanos, Op,
    Phase, Script, State, Stream, Visit, Worker, plan, socket,
};
use crate::dialect::{Heard, Step};

impl<D: Dialect> Worker<D> {
    /// A client that is away comes, if it is to come now.
    pub(super) fn come(&mut self, index: u32, due: Nanos, now: Nanos) {
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
    pub(in crate::worker) fn take_start(
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
        client.flowed = false;
        client.upload = None;
        client.tries = 0;
        client.looks_inside = false;
        let small = group.read_rate.map(|_| SLOW_BUFFER_BYTES);
        match socket::begin(shared.target, small) {
            Ok(stream) => {
                let interest = EventFlags::IN | EventFlags::OUT;
                let visit = client.visits;
                let data = Mark { index, visit, is_data: false }.data();
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

    pub(super) fn on_connected(&mut self, index: u32, now: Nanos) {
        let client = self.client_mut(index);
        client.state = State::Queued;
        client.moved = now;
        let took = now - client.visit.began;
        if client.cut == Some(CutAt::Queue) {
            // Where waiting is silent, no word of it ever comes.
            self.set_timer(index, now + IMPATIENT_AFTER);
        }
        self.want(index, EventFlags::IN);
        self.note_phase(index, Op::Visit, Phase::Connect, took);
    }

    /// The server has given it a place.
    pub(super) fn on_ready(
        &mut self,
        index: u32,
        heard: &Heard<'_>,
        now: Nanos,
    ) {
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

    pub(super) fn sign_in(&mut self, index: u32, now: Nanos) {
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

    /// Whether the stages have room for the client at this time.
    pub(super) fn is_wanted(
        &self,
        group: &Group,
        index: u32,
        now: Nanos,
    ) -> bool {
        if group.stages.is_empty() || !plan::is_closed(group) {
            return true;
        }
        let at = now.saturating_sub(self.shared.begin);
        let nth = f64::from(self.client(index).nth);
        plan::level(&group.stages, at) > nth
    }
}

/// How often a client that the stages do not want yet looks again.
const LOOK_AGAIN: Nanos = 20 * MS;

/// So long does who is to vanish from the queue wait for a word of it.
const IMPATIENT_AFTER: Nanos = 5 * MS;

/// A slow reader's receive buffer, so that the server feels its slowness.
pub(super) const SLOW_BUFFER_BYTES: usize = 16 * 1024;
