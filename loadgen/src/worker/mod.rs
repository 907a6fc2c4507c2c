//! One thread that drives many clients over nonblocking connections: it
//! fires what is due, takes what has arrived, and watches itself.
//!
//! Must not know: what the figures mean, how a report looks, which protocol
//! is spoken.

mod client;
pub(crate) mod mark;
pub(crate) mod socket;
mod watch;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    io,
    net::SocketAddr,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crossbeam_channel::Sender;
use rustix::event::{Timespec, epoll};

use self::{
    client::{Client, State},
    mark::Mark,
};
pub(crate) use self::{
    client::{PUT_SLOTS, WORK_ROOMS},
    watch::{LATE_AFTER, Watch},
};
use crate::{
    clock::{Clock, MS, Nanos, SECOND},
    content::Shelf,
    dialect::{Dialect, Heard},
    history::Visit,
    plan::{self, Schedule},
    record::{Ledger, Op},
    timeline::Slice,
    workload::Workload,
};

/// What all workers of a run share.
pub(crate) struct Shared<D> {
    /// The protocol.
    pub(crate) dialect: D,
    /// The server.
    pub(crate) target: SocketAddr,
    /// Accounts and passwords, taken in turn.
    pub(crate) accounts: Vec<(String, String)>,
    /// What is to be done.
    pub(crate) workload: Workload,
    /// With which files.
    pub(crate) shelf: Shelf,
    /// The run's clock.
    pub(crate) clock: Clock,
    /// When the load begins, on that clock.
    pub(crate) begin: Nanos,
    /// The length of an interval of the timeline.
    pub(crate) interval: Nanos,
    /// How many workers there are.
    pub(crate) threads: u32,
    /// Nothing new is begun any more: somebody interrupted the run.
    pub(crate) stop: AtomicBool,
    /// Operations that have ended, over all workers.
    pub(crate) ended: AtomicU64,
}

impl<D> Shared<D> {
    /// The time from which on open loops start operations: their clients
    /// have had time to sign in.
    pub(crate) fn schedules_begin(&self) -> Nanos {
        let led = self.workload.groups.iter().any(plan::starts_operations);
        self.begin + if led { LEAD } else { 0 }
    }

    /// The time from which on nothing new is begun.
    pub(crate) fn end(&self) -> Nanos {
        self.schedules_begin() + self.workload.duration
    }
}

/// What a worker gives back.
#[derive(Debug, Default)]
pub(crate) struct Harvest {
    /// Its figures.
    pub(crate) ledger: Ledger,
    /// Its clients' visits.
    pub(crate) visits: Vec<Visit>,
    /// Visits beyond what is kept.
    pub(crate) visits_lost: u64,
    /// What went wrong, by operation and label.
    pub(crate) errors: BTreeMap<(Op, String), u64>,
    /// The first wrong bytes and lengths, each with its place.
    pub(crate) wrong: Vec<String>,
    /// How many there were.
    pub(crate) wrong_count: u64,
    /// How it did its own work.
    pub(crate) watch: Watch,
    /// Clients that never had what they came for.
    pub(crate) unfinished: u64,
}

/// An open loop's state in one worker.
struct Open {
    schedule: Schedule,
    next: Option<(u64, Nanos)>,
    /// Clients that could take a start, and since when.
    free: VecDeque<(u32, Nanos)>,
    /// Starts that are due and have no client.
    backlog: VecDeque<(u64, Nanos)>,
}

/// One thread's state.
pub(crate) struct Worker<D: Dialect> {
    shared: Arc<Shared<D>>,
    number: u32,
    poll: OwnedFd,
    clients: Vec<Client<D::Talk>>,
    timers: BinaryHeap<Reverse<(Nanos, u32, u32)>>,
    opens: Vec<Option<Open>>,
    slices: Sender<Slice>,
    slice: Slice,
    harvest: Harvest,
    /// Just before the last poll call that reported everything there was.
    polled: Nanos,
    /// When silence was looked for last: it is rare, and clients many.
    looked: Nanos,
    /// Nothing new is begun.
    closing: bool,
    buffer: Vec<u8>,
    /// A name under construction; kept so that none is allocated.
    path: String,
}

impl<D: Dialect> Worker<D> {
    /// A worker with its share of the clients.
    ///
    /// # Errors
    ///
    /// When the system gives no epoll instance.
    pub(crate) fn new(
        shared: Arc<Shared<D>>,
        number: u32,
        slices: Sender<Slice>,
    ) -> io::Result<Worker<D>> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut worker = Worker {
            number,
            poll,
            clients: Vec::new(),
            timers: BinaryHeap::new(),
            opens: Vec::new(),
            slices,
            slice: Slice::new(0),
            harvest: Harvest::default(),
            polled: 0,
            looked: 0,
            closing: false,
            buffer: vec![0; BUFFER_BYTES],
            path: String::new(),
            shared,
        };
        worker.people();
        Ok(worker)
    }

    /// Makes the clients and the schedules.
    fn people(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut user = 0;
        for (at, group) in shared.workload.groups.iter().enumerate() {
            let mut schedule = Schedule::new(
                shared.workload.seed,
                at,
                group,
                shared.workload.duration,
            );
            let next = schedule.as_mut().and_then(|schedule| {
                next_own(schedule, shared.threads, self.number)
            });
            self.opens.push(schedule.map(|schedule| Open {
                schedule,
                next,
                free: VecDeque::new(),
                backlog: VecDeque::new(),
            }));
            for nth in 0..group.users {
                if user % shared.threads == self.number {
                    self.add_client(user, at, nth);
                }
                user += 1;
            }
        }
    }

    fn add_client(&mut self, user: u32, group_at: usize, nth: u32) {
        let shared = Arc::clone(&self.shared);
        let group = &shared.workload.groups[group_at];
        let index = u32::try_from(self.clients.len()).expect("few clients");
        let talk = shared.dialect.talk();
        self.clients.push(Client::new(user, nth, group_at, talk));
        if plan::starts_visits(group) {
            self.set_free(index, shared.begin);
            return;
        }
        let share = group.arrive_over / u64::from(group.users);
        let due = shared.begin + share * u64::from(nth);
        self.client_mut(index).state = State::Away;
        self.set_timer(index, due);
    }

    /// Drives the clients until all are done or time has run out.
    pub(crate) fn run(mut self) -> Harvest {
        let room = epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(0),
        };
        let mut events = vec![room; EVENTS_MAX];
        let mut drained_at = None;
        let mut beat = self.shared.clock.now();
        loop {
            let now = self.shared.clock.now();
            if now >= beat {
                self.harvest.watch.lag(now - beat);
                beat = now + BEAT;
                self.heartbeat(now, &mut drained_at);
            }
            self.start_arrivals(now);
            self.fire_timers();
            if self.is_done(now, drained_at) {
                break;
            }
            let asked = self.shared.clock.now();
            let timeout = self.timeout(asked, beat);
            let count =
                match epoll::wait(&self.poll, &mut events[..], Some(&timeout))
                {
                    Ok(count) => count,
                    Err(rustix::io::Errno::INTR) => 0,
                    Err(error) => {
                        self.harvest.watch.own_error(&error.to_string());
                        0
                    }
                };
            for event in &events[..count] {
                self.on_event(Mark::of(event.data), event.flags);
            }
            // Only a call that left nothing out proves that a connection
            // it did not name had nothing to say.
            if count < EVENTS_MAX {
                self.polled = asked;
            }
        }
        self.finish()
    }

    fn timeout(&self, now: Nanos, beat: Nanos) -> Timespec {
        let timer = self.timers.peek().map_or(beat, |Reverse(first)| first.0);
        let start = self
            .opens
            .iter()
            .flatten()
            .filter_map(|open| open.next.map(|(_, due)| due))
            .min()
            .map_or(beat, |due| due + self.shared.schedules_begin());
        let wait = beat.min(timer).min(start).saturating_sub(now);
        Timespec { tv_sec: 0, tv_nsec: wait.min(BEAT).cast_signed() }
    }

    /// What is looked at every few milliseconds: the interval, silence, and
    /// whether the run is over.
    fn heartbeat(&mut self, now: Nanos, drained_at: &mut Option<Nanos>) {
        let index = now / self.shared.interval;
        while self.slice.index < index {
            self.hand_over_slice();
        }
        let stop = self.shared.stop.load(Ordering::Relaxed);
        let over = now >= self.shared.end() || stop;
        if over && !self.closing {
            // What fell due just before the end is begun all the same.
            self.start_arrivals(now);
            self.closing = true;
            let drain = if stop { INTERRUPTED_DRAIN } else { DRAIN };
            *drained_at = Some(now + drain);
            for index in 0..self.clients.len() {
                self.send_home(index as u32);
            }
        } else if stop {
            let soon = now + INTERRUPTED_DRAIN;
            *drained_at = drained_at.map(|at| at.min(soon));
        }
        if now >= self.looked + SECOND {
            self.looked = now;
            self.look_for_silence(now);
        }
    }

    fn hand_over_slice(&mut self) {
        let (mut active, mut waiting) = (0, 0);
        for client in &self.clients {
            active += u32::from(client.has_place());
            waiting += u32::from(client.state == State::Queued);
        }
        self.slice.active = active;
        self.slice.waiting = waiting;
        let next = Slice::new(self.slice.index + 1);
        let full = std::mem::replace(&mut self.slice, next);
        self.shared
            .ended
            .fetch_add(full.done + full.errors, Ordering::Relaxed);
        // Whoever watches may be gone; the figures do not depend on it.
        drop(self.slices.send(full));
    }

    /// Gives every start that is due to a free client, or remembers it.
    fn start_arrivals(&mut self, now: Nanos) {
        let begin = self.shared.schedules_begin();
        for group in 0..self.opens.len() {
            while let Some(open) = &mut self.opens[group] {
                let Some((number, at)) = open.next else { break };
                let due = begin + at;
                if due > now {
                    break;
                }
                let (threads, own) = (self.shared.threads, self.number);
                open.next = next_own(&mut open.schedule, threads, own);
                self.harvest.watch.offered += 1;
                self.offer(group, number, due, now);
            }
        }
    }

    fn offer(&mut self, group: usize, number: u64, due: Nanos, now: Nanos) {
        let Some(open) = &mut self.opens[group] else { return };
        if let Some((index, since)) = open.free.pop_front() {
            self.harvest.watch.start(due.max(since), now);
            self.take_start(index, number, due, now);
        } else if open.backlog.len() < BACKLOG_MAX {
            open.backlog.push_back((number, due));
        } else {
            self.harvest.watch.dropped += 1;
        }
    }

    /// A client has nothing to do: it takes the oldest start that waits.
    fn set_free(&mut self, index: u32, now: Nanos) {
        let group = self.client(index).group;
        let Some(open) = &mut self.opens[group] else { return };
        match open.backlog.pop_front() {
            Some((number, due)) => {
                self.harvest.watch.held_up += 1;
                self.take_start(index, number, due, now);
            }
            None => open.free.push_back((index, now)),
        }
    }

    fn fire_timers(&mut self) {
        loop {
            let now = self.shared.clock.now();
            match self.timers.peek() {
                Some(Reverse((due, _, _))) if *due <= now => {}
                _ => return,
            }
            let Some(Reverse((due, index, stamp))) = self.timers.pop() else {
                return;
            };
            if self.client(index).stamp == stamp {
                self.harvest.watch.lag(now - due);
                self.on_timer(index, due, now);
            }
        }
    }

    fn set_timer(&mut self, index: u32, due: Nanos) {
        let client = &mut self.clients[index as usize];
        client.stamp = client.stamp.wrapping_add(1);
        self.timers.push(Reverse((due, index, client.stamp)));
    }

    fn is_done(&self, now: Nanos, drained_at: Option<Nanos>) -> bool {
        let over = drained_at.is_some_and(|at| now >= at);
        let waiting = self
            .opens
            .iter()
            .flatten()
            .any(|open| open.next.is_some() || !open.backlog.is_empty());
        let gone = |client: &Client<_>| client.state == State::Gone;
        let all = self.clients.iter().all(gone);
        over || (all && (!waiting || self.closing))
    }

    fn finish(mut self) -> Harvest {
        let now = self.shared.clock.now();
        for index in 0..self.clients.len() {
            self.give_up(index as u32, now);
        }
        let left = self.opens.iter().flatten().map(|open| open.backlog.len());
        self.harvest.watch.dropped += left.sum::<usize>() as u64;
        self.hand_over_slice();
        self.harvest
    }

    fn client(&self, index: u32) -> &Client<D::Talk> {
        &self.clients[index as usize]
    }

    fn client_mut(&mut self, index: u32) -> &mut Client<D::Talk> {
        &mut self.clients[index as usize]
    }
}

/// The next start of a schedule that is this worker's: they take turns.
fn next_own(
    schedule: &mut Schedule,
    threads: u32,
    number: u32,
) -> Option<(u64, Nanos)> {
    schedule.find(|(index, _)| index % u64::from(threads) == u64::from(number))
}

/// How long before an open loop's operations begin its clients sign in.
pub(crate) const LEAD: Nanos = 500 * MS;

/// How often the worker looks at itself and at the clock.
const BEAT: Nanos = 10 * MS;

/// How long work that was begun may go on after the end.
const DRAIN: Nanos = 60 * SECOND;

/// The same when somebody has interrupted the run.
const INTERRUPTED_DRAIN: Nanos = SECOND;

/// Starts that may wait for a client in one worker, so that a server that
/// has stopped cannot make the generator grow for ever.
const BACKLOG_MAX: usize = 1_000_000;

/// Events taken at once.
const EVENTS_MAX: usize = 1024;

/// What is read at once.
const BUFFER_BYTES: usize = 256 * 1024;
