//! The end of a run for a client: it goes home, or is given up, or nothing
//! has come from the server for too long.

use super::{Dialect, Ending, Nanos, Op, SECOND, State, Worker};

impl<D: Dialect> Worker<D> {
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

/// An operation in which nothing moves for so long is given up.
const SILENCE_MAX: Nanos = 60 * SECOND;

/// So long may the server take to close after a goodbye.
const PARTING_MAX: Nanos = 10 * SECOND;

/// So long a client waits for a place.
const WAIT_MAX: Nanos = 600 * SECOND;
