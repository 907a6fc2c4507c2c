//! The waiting line, owned by one thread: first come, first served. It
//! tells who waits their position, notices who leaves, turns away who waits
//! too long and who finds the line full (`docs/native-protocol.md` §3).
//!
//! Must not know: what is said to a client; its dialect does.

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, at, select};
use rustix::{
    event::{PollFd, PollFlags, poll},
    time::Timespec,
};

use super::{
    Places,
    accept::Arrival,
    dialect::LobbyNotice,
    pool::{Job, Pool},
};
use crate::{
    journal::Journal,
    stream::{self, Stop},
};

/// The line and what is before and behind it.
pub(super) struct Lobby {
    places: Places,
    pool: Pool,
    arrived: Receiver<Arrival>,
    line: VecDeque<Waiting>,
    /// Numbers connections from 1.
    next_number: u64,
}

/// Somebody in the line.
struct Waiting {
    job: Job,
    since: Instant,
    /// The position that they were told last; 0 before the first time.
    told: usize,
}

impl Lobby {
    pub(super) fn new(
        places: Places,
        pool: Pool,
        arrived: Receiver<Arrival>,
    ) -> Lobby {
        Lobby { places, pool, arrived, line: VecDeque::new(), next_number: 1 }
    }

    /// Keeps the line until the stop; then everybody in it is told, and the
    /// pool is given back to be joined.
    pub(super) fn run(mut self, stop: &Stop) -> Pool {
        let mut next_round = Instant::now();
        loop {
            select! {
                recv(self.arrived) -> arrival => match arrival {
                    Ok(arrival) => self.take_in(arrival),
                    Err(_) => break,
                },
                recv(self.pool.freed()) -> _ => {}
                recv(self.alarm(next_round)) -> _ => {}
                recv(stop.channel()) -> _ => {}
            }
            // Places that the stop itself makes free are for nobody.
            if stop.is_requested() {
                break;
            }
            self.hand_over();
            let now = Instant::now();
            if self.first_newcomer().is_some_and(|(_, due)| now >= due) {
                self.greet_newcomers();
            }
            // Rounds have a pace of their own: a storm of arrivals must not
            // make each of them look at the whole line.
            if now >= next_round {
                self.make_round();
                next_round = now + ROUND_EVERY;
            }
        }
        self.close()
    }

    /// Rings when something is due, if anybody waits.
    fn alarm(&self, next_round: Instant) -> Receiver<Instant> {
        if self.line.is_empty() {
            return crossbeam_channel::never();
        }
        let due = self.first_newcomer().map_or(next_round, |(_, due)| due);
        at(due.min(next_round))
    }

    /// A newcomer goes to the end of the line; whether there is room for
    /// them to wait is seen a moment later.
    fn take_in(&mut self, arrival: Arrival) {
        let number = self.next_number;
        self.next_number += 1;
        let job = Job { arrival, number };
        if self.line.len() < self.places.waiting_max + NEWCOMERS_MAX {
            let since = Instant::now();
            self.line.push_back(Waiting { job, since, told: 0 });
        } else {
            turn_away(job);
        }
    }

    /// The first in line who has not been told anything, and when they are
    /// to be told. They all stand at the end.
    fn first_newcomer(&self) -> Option<(usize, Instant)> {
        let newcomers =
            self.line.iter().rev().take_while(|waiting| waiting.told == 0);
        let index = self.line.len() - newcomers.count();
        let first = self.line.get(index)?;
        Some((index, first.since + NOTICE_DELAY))
    }

    /// Tells newcomers their position, or that the line is full.
    fn greet_newcomers(&mut self) {
        if self.line.len() > self.places.waiting_max {
            // Whoever has left makes room before anybody is turned away.
            self.drop_leavers();
        }
        while self.line.len() > self.places.waiting_max {
            let Some(last) = self.line.pop_back() else { break };
            turn_away(last.job);
        }
        let Some((index, _)) = self.first_newcomer() else { return };
        let limit = self.places.served_max;
        for (place, waiting) in self.line.iter_mut().enumerate().skip(index) {
            // Who cannot be told is found to have left in the next round.
            let _ = waiting.tell(place + 1, limit);
        }
    }

    /// Gives the first in line to workers, as many as are free.
    fn hand_over(&mut self) {
        while let Some(first) = self.line.front() {
            // A FIN from somebody who was never made to wait only says that
            // they have sent all their requests.
            if first.told > 0 && first.has_left() {
                self.line.pop_front();
                continue;
            }
            if !self.pool.has_place() {
                return;
            }
            if let Some(first) = self.line.pop_front() {
                self.pool.serve(first.job);
            }
        }
    }

    /// Looks after everybody in the line.
    fn make_round(&mut self) {
        self.drop_leavers();
        let now = Instant::now();
        while let Some(first) = self.line.front()
            && now.duration_since(first.since) >= self.places.wait_max
        {
            if let Some(first) = self.line.pop_front() {
                turn_away(first.job);
            }
        }
        let limit = self.places.served_max;
        let mut position = 0;
        self.line.retain_mut(|waiting| {
            position += 1;
            let stays = waiting.tell(position, limit).is_ok();
            // Who cannot be told anything is gone, or reads nothing.
            position -= usize::from(!stays);
            stays
        });
    }

    fn drop_leavers(&mut self) {
        let mut polled: Vec<_> = self
            .line
            .iter()
            .map(|waiting| {
                PollFd::new(&waiting.job.arrival.socket, PollFlags::RDHUP)
            })
            .collect();
        if poll(&mut polled, Some(&NO_WAIT)).is_err() {
            return;
        }
        let left: Vec<_> =
            polled.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(polled);
        let mut left = left.into_iter();
        self.line.retain(|_| !left.next().unwrap_or(false));
    }

    /// Tells everybody who has not been served that the server stops.
    fn close(mut self) -> Pool {
        let waiting = self.line.drain(..).map(|waiting| waiting.job.arrival);
        // The accepting threads end by themselves now, and with them this.
        for arrival in waiting.chain(self.arrived.iter()) {
            let line = arrival.dialect.notice(LobbyNotice::Closing);
            stream::dismiss(arrival.socket, &line);
        }
        self.pool
    }
}

impl Waiting {
    fn has_left(&self) -> bool {
        let mut polled =
            [PollFd::new(&self.job.arrival.socket, PollFlags::RDHUP)];
        poll(&mut polled, Some(&NO_WAIT)).is_ok_and(|ready| ready > 0)
    }

    /// Tells the position, if it is another than before.
    fn tell(&mut self, position: usize, limit: usize) -> io::Result<()> {
        if self.told == position {
            return Ok(());
        }
        self.told = position;
        let notice = LobbyNotice::Waiting { position, limit };
        let line = self.job.arrival.dialect.notice(notice);
        stream::say(&self.job.arrival.socket, &line)
    }
}

fn turn_away(job: Job) {
    Journal::new(job.number, job.arrival.peer).turned_away();
    let line = job.arrival.dialect.notice(LobbyNotice::Busy);
    stream::dismiss(job.arrival.socket, &line);
}

/// How often the line is looked after: leavers, long waits, and positions
/// that have changed, which are to be told within a second.
const ROUND_EVERY: Duration = Duration::from_millis(100);

/// Newcomers are told to wait after this moment, all who came in it
/// together: a storm of arrivals must not make each of them look at the
/// whole line.
const NOTICE_DELAY: Duration = Duration::from_millis(3);

/// How many may stand in line beyond its bound until they are told that it
/// is full.
const NEWCOMERS_MAX: usize = 64;

const NO_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
