//! How a visit ends: by a goodbye, a cut, a loss, or with the run; and
//! whether the client comes again.
//!
//! Must not know: what was done in the visit.

use std::sync::Arc;

use super::{
    Action, Dialect, Ending, EventFlags, MS, Nanos, Op, Outcome, Phase,
    SECOND, State, Step, Worker, plan, socket,
};

impl<D: Dialect> Worker<D> {
    pub(super) fn say_goodbye(&mut self, index: u32, now: Nanos) {
        let client = self.client_mut(index);
        client.action = Action { op: Op::Quit, file: 0 };
        client.due = now;
        client.started = now;
        client.visit.let_go = Some(now);
        client.state = State::Leaving;
        self.send(index, Step::Quit, now);
    }

    /// The client vanishes on purpose.
    pub(super) fn cut(&mut self, index: u32, now: Nanos) {
        self.client_mut(index).visit.let_go.get_or_insert(now);
        if let Some(stream) = self.client_mut(index).stream.take() {
            socket::reset(stream);
        }
        if let Some(data) = self.client_mut(index).data.take() {
            data.reset();
        }
        self.end_visit(index, Ending::Cut, now);
    }

    /// A visit is lost in the middle of an operation.
    pub(super) fn lose(
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

    pub(super) fn end_visit(
        &mut self,
        index: u32,
        ending: Ending,
        now: Nanos,
    ) {
        let polled = self.polled;
        let client = self.client_mut(index);
        // Dropping the streams takes them out of the poll.
        client.stream = None;
        client.data = None;
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

    pub(super) fn set_free_or_gone(&mut self, index: u32, now: Nanos) {
        let group = self.client(index).group;
        let open = self.opens[group].as_ref();
        let backlog = open.is_some_and(|open| !open.backlog.is_empty());
        if self.closing && !backlog {
            self.client_mut(index).state = State::Gone;
        } else {
            self.set_free(index, now);
        }
    }

    /// The run is over: who has nothing under way goes.
    pub(in crate::worker) fn send_home(&mut self, index: u32) {
        let now = self.shared.clock.now();
        for open in self.opens.iter_mut().flatten() {
            open.next = None;
            open.free.clear();
        }
        match self.client(index).state {
            State::Away => self.client_mut(index).state = State::Gone,
            State::Thinking | State::Free | State::Holding => {
                self.say_goodbye(index, now);
            }
            State::Connecting
            | State::Queued
            | State::SigningIn
            | State::Acting
            | State::Leaving
            | State::Parting
            | State::Gone => {}
        }
    }

    /// Ends the visits in which nothing has moved for too long.
    pub(in crate::worker) fn look_for_silence(&mut self, now: Nanos) {
        for index in 0..self.clients.len() as u32 {
            let client = self.client(index);
            let most = match client.state {
                State::Connecting
                | State::SigningIn
                | State::Acting
                | State::Leaving => SILENCE_MAX,
                State::Parting => PARTING_MAX,
                State::Queued => WAIT_MAX,
                State::Away
                | State::Thinking
                | State::Free
                | State::Holding
                | State::Gone => continue,
            };
            if now.saturating_sub(client.moved) > most {
                let op = self.current_op(index);
                self.lose(index, op, "no answer", Ending::GaveUp, now);
            }
        }
    }

    /// The run ends with the client still at it.
    pub(in crate::worker) fn give_up(&mut self, index: u32, now: Nanos) {
        self.closing = true;
        match self.client(index).state {
            State::Gone | State::Away => {}
            _ => {
                self.harvest.unfinished += 1;
                self.end_visit(index, Ending::GaveUp, now);
            }
        }
    }

    /// What the client is at, for the error's name.
    pub(super) fn current_op(&self, index: u32) -> Op {
        match self.client(index).state {
            State::SigningIn | State::Acting | State::Leaving => {
                self.client(index).action.op
            }
            _ => Op::Visit,
        }
    }
}

/// How soon a client that was turned away or cut off comes again.
const COME_AGAIN: Nanos = 100 * MS;

/// Visits that one worker keeps for the verdict.
const VISITS_MAX: usize = 1_000_000;

/// An operation in which nothing moves for so long is given up.
const SILENCE_MAX: Nanos = 60 * SECOND;

/// So long may the server take to close after a goodbye.
const PARTING_MAX: Nanos = 10 * SECOND;

/// So long a client waits for a place.
const WAIT_MAX: Nanos = 600 * SECOND;
