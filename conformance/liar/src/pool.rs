//! Admission: so many places, and a bounded line in front of them. One lock
//! holds both, so that who waits comes before who just connected. Knows
//! nothing of what a session does with its place.

use std::{
    collections::VecDeque,
    io::Write,
    net::{TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::event::PollFlags;

use crate::{
    Shared,
    conn::{drain, left, wait},
    lies::{Lie, told},
    session,
    settings::Settings,
};

/// The places and the line.
pub(crate) struct Pool {
    limit: usize,
    places_max: usize,
    wait_max: Duration,
    shared: Arc<Shared>,
    state: Mutex<State>,
    ended: Condvar,
}

/// A place; dropping it hands it to who waits longest. It is dropped after
/// the connection has been closed.
pub(crate) struct Place {
    pool: Arc<Pool>,
    /// What `ready` says of the limit.
    pub(crate) limit: usize,
    /// How many were served when it was taken, this one included.
    pub(crate) serving: usize,
    /// A lie: the place never comes back.
    pub(crate) leaked: bool,
}

#[derive(Default)]
struct State {
    serving: usize,
    line: VecDeque<Waiting>,
    /// Only the lie of the newcomers asks for it.
    freed: Option<Instant>,
    /// Only the lie of the open sockets fills it.
    unclosed: Vec<TcpStream>,
}

struct Waiting {
    stream: TcpStream,
    since: Instant,
    told: usize,
}

impl Pool {
    /// An empty pool of the settings' size.
    pub(crate) fn new(settings: &Settings, shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self {
            limit: settings.max_users,
            places_max: settings.places_max,
            wait_max: settings.wait_max,
            shared,
            state: Mutex::default(),
            ended: Condvar::new(),
        })
    }

    /// Accepts and looks after the line until the server closes down.
    pub(crate) fn accept(self: Arc<Self>, listener: &TcpListener) {
        let mut ticked = Instant::now();
        while !self.shared.stop.closing() {
            if wait(listener, PollFlags::IN, TICK)
                && let Ok((stream, _)) = listener.accept()
            {
                self.arrive(stream);
            }
            if ticked.elapsed() >= TICK {
                self.tick();
                ticked = Instant::now();
            }
        }
        for waiting in self.lock().line.drain(..) {
            if !told(Lie::ShutdownWaiting) {
                say(&waiting.stream, CLOSING);
            }
        }
    }

    /// Whether every session had ended at the deadline.
    pub(crate) fn wait_empty(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        let (state, _) = self
            .ended
            .wait_timeout_while(self.lock(), left, |s| s.serving > 0)
            .unwrap_or_else(PoisonError::into_inner);
        state.serving == 0
    }

    fn arrive(self: &Arc<Self>, stream: TcpStream) {
        if stream.set_nonblocking(true).is_err() {
            return;
        }
        if told(Lie::AdmissionRaced) {
            let pool = Arc::clone(self);
            thread::spawn(move || {
                let free = pool.lock().serving < pool.limit;
                thread::sleep(RACE);
                pool.admit(stream, free);
            });
            return;
        }
        let free = {
            let state = self.lock();
            let first = state.line.is_empty() || told(Lie::NewcomerFirst);
            state.serving < self.capacity() && first
        };
        // Only this thread admits, and a place that comes free in between
        // goes to the line: nothing can come between the two.
        self.admit(stream, free);
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, free: bool) {
        let mut state = self.lock();
        if free {
            state.serving += 1;
            let place = self.place(&state);
            drop(state);
            start(stream, place);
            return;
        }
        // The place may have come free since it was looked for.
        let bounded = !told(Lie::QueueUnbounded);
        let full = state.line.len() >= self.places_max && bounded;
        if full || told(Lie::QueueMissing) {
            say(&stream, &self.busy());
            if told(Lie::BusyStaysOpen) {
                state.unclosed.push(stream);
            } else {
                let mut stream = stream;
                drain(&mut stream);
            }
            return;
        }
        let position = state.line.len() + 1;
        self.tell(&stream, position);
        let since = Instant::now();
        state.line.push_back(Waiting { stream, since, told: position });
        drop(state);
        self.hand_over(false);
    }

    /// Gives free places to the line.
    fn hand_over(self: &Arc<Self>, ticking: bool) {
        loop {
            let mut state = self.lock();
            if self.shared.stop.closing() {
                return;
            }
            if told(Lie::NewcomerFirst) {
                let due = state.freed.is_none_or(|at| at.elapsed() > LATE);
                if !ticking || !due {
                    return;
                }
            }
            if state.serving >= self.capacity() {
                return;
            }
            let next = if told(Lie::LastFirst) {
                state.line.pop_back()
            } else {
                state.line.pop_front()
            };
            let Some(mut next) = next else { return };
            if left(&next.stream) && !told(Lie::GoneIsServed) {
                continue;
            }
            if told(Lie::WaitingBytesLost) {
                drain(&mut next.stream);
            }
            state.serving += 1;
            let place = self.place(&state);
            drop(state);
            start(next.stream, place);
        }
    }

    /// Drops who left, turns away who waited too long, tells positions.
    fn tick(self: &Arc<Self>) {
        let mut state = self.lock();
        state.line.retain(|waiting| {
            if left(&waiting.stream) && !told(Lie::GoneIsServed) {
                return false;
            }
            let late = waiting.since.elapsed() >= self.wait_max;
            if late && !told(Lie::WaitForever) {
                say(&waiting.stream, &self.busy());
                return false;
            }
            true
        });
        for (index, waiting) in state.line.iter_mut().enumerate() {
            let position = index + 1;
            if waiting.told != position && !told(Lie::PositionsOnce) {
                waiting.told = position;
                self.tell(&waiting.stream, position);
            }
        }
        drop(state);
        self.hand_over(true);
    }

    fn place(self: &Arc<Self>, state: &State) -> Place {
        let serving = match () {
            () if told(Lie::GaugeConstant) => 1,
            () if told(Lie::GaugeClamped) => state.serving.min(self.limit),
            () => state.serving,
        };
        let pool = Arc::clone(self);
        Place { pool, limit: self.limit, serving, leaked: false }
    }

    fn capacity(&self) -> usize {
        match () {
            () if told(Lie::LimitPlusOne) => self.limit + 1,
            () if told(Lie::GaugeClamped) => self.limit + 2,
            () if told(Lie::LimitMinusOne) => self.limit.saturating_sub(1),
            () => self.limit,
        }
    }

    fn tell(&self, stream: &TcpStream, position: usize) {
        if told(Lie::QueueSilent) {
            return;
        }
        let code = if told(Lie::Code000) { "200" } else { "000" };
        let position = position - usize::from(told(Lie::PositionWrong));
        let limit = self.limit;
        say(
            stream,
            &format!(
                "{code} state=waiting position={position} limit={limit} : \
                 please wait\n"
            ),
        );
    }

    fn busy(&self) -> String {
        let limit = self.limit;
        format!("000 state=busy limit={limit} : come again later\n")
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let panicked = thread::panicking() && told(Lie::PanicTakesPlace);
        if self.leaked || panicked {
            return;
        }
        let mut state = self.pool.lock();
        state.serving -= 1;
        state.freed = Some(Instant::now());
        drop(state);
        self.pool.ended.notify_all();
        self.pool.hand_over(false);
    }
}

/// A lie: who comes after the shutdown finds an open door, and nobody there.
pub(crate) fn take_and_drop(listener: &TcpListener) {
    loop {
        if wait(listener, PollFlags::IN, TICK) {
            drop(listener.accept());
        }
    }
}

fn start(stream: TcpStream, place: Place) {
    let shared = Arc::clone(&place.pool.shared);
    // Where no thread can be had the socket closes and the place returns.
    let _ = thread::Builder::new()
        .name("session".to_owned())
        .spawn(move || session::run(stream, place, shared));
}

/// Says a line to who has no session. A client that does not read what is
/// said to it loses the line: the socket never makes the pool wait.
fn say(mut stream: &TcpStream, line: &str) {
    let _ = stream.write(line.as_bytes());
}

/// What everybody is told at a shutdown.
pub(crate) const CLOSING: &str =
    "000 state=closing : the server closes down\n";

/// How often the line is looked at.
const TICK: Duration = Duration::from_millis(50);

/// How far the raced admission's check and act are apart.
const RACE: Duration = Duration::from_millis(100);

/// How long the lie of the newcomers keeps a place from the line: so long
/// that a newcomer finds it free on the busiest machine.
const LATE: Duration = Duration::from_secs(2);
