//! The workers. A connection is served only on one of them, and no more
//! than the bound exist: that is the whole proof that the bound holds.
//! They are started as needed, have names, and are joined.
//!
//! Must not know: who waits, and what is said on a connection.

use std::{
    io,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use tracing::error;

use super::{accept::Arrival, dialect::Visitor};
use crate::{
    journal::Journal,
    stream::{Stop, Stream},
};

/// The workers, as the lobby sees them.
pub(super) struct Pool {
    bound: usize,
    workers: Vec<JoinHandle<()>>,
    /// A rendezvous: what is sent has been taken by a worker.
    jobs: Sender<Job>,
    shared: Shared,
    freed: Receiver<()>,
}

/// A connection to be served.
pub(super) struct Job {
    pub(super) arrival: Arrival,
    pub(super) number: u64,
}

/// What each worker holds.
#[derive(Clone)]
struct Shared {
    bound: usize,
    jobs: Receiver<Job>,
    /// Workers that wait for a job, or will when they have closed the
    /// connection that they served.
    idle: Arc<AtomicUsize>,
    /// Somebody waits in the lobby, who is to be woken for a free worker.
    wanted: Arc<AtomicBool>,
    /// Wakes the lobby; one wake is as good as many.
    freed: Sender<()>,
    gauge: Arc<Gauge>,
    stop: Stop,
}

/// How many connections are and were served.
#[derive(Debug, Default)]
pub struct Gauge {
    serving: AtomicUsize,
    most: AtomicUsize,
    served: AtomicU64,
}

impl Pool {
    pub(super) fn new(bound: usize, gauge: Arc<Gauge>, stop: Stop) -> Pool {
        let (jobs, taken) = crossbeam_channel::bounded(0);
        let (free, freed) = crossbeam_channel::bounded(1);
        let shared = Shared {
            bound,
            jobs: taken,
            idle: Arc::default(),
            wanted: Arc::default(),
            freed: free,
            gauge,
            stop,
        };
        Pool { bound, workers: Vec::new(), jobs, shared, freed }
    }

    /// Signals when a worker has become free after [`Pool::has_place`] has
    /// said that none is.
    pub(super) fn freed(&self) -> &Receiver<()> {
        &self.freed
    }

    /// Makes sure that a worker is free, by starting one where the bound
    /// has room. After a `true` the next [`Pool::serve`] waits for a close
    /// under way at most.
    pub(super) fn has_place(&mut self) -> bool {
        if self.shared.idle.load(Ordering::Acquire) > 0 {
            return true;
        }
        if self.workers.len() < self.bound {
            match self.start_worker() {
                Ok(()) => return true,
                Err(error) => error!(%error, "cannot start a worker"),
            }
        }
        // First the wish, then a second look: who becomes free between the
        // two sees the wish.
        self.shared.wanted.store(true, Ordering::SeqCst);
        self.shared.idle.load(Ordering::SeqCst) > 0
    }

    /// Hands a connection to a free worker, once it is done with closing
    /// the one before. Waits where none is free.
    pub(super) fn serve(&self, job: Job) {
        self.shared.idle.fetch_sub(1, Ordering::AcqRel);
        if self.jobs.send(job).is_err() {
            error!("no worker is left");
        }
    }

    /// Waits until all workers have ended, at most `patience` beyond the
    /// stop's grace. Says how many have not.
    pub(super) fn join(self, stop: &Stop, patience: Duration) -> usize {
        drop(self.jobs);
        let until = stop.cut().unwrap_or_else(Instant::now) + patience;
        let Shared { freed, .. } = self.shared;
        // When the last worker ends, nobody holds the channel any more.
        drop(freed);
        while self.freed.recv_deadline(until).is_ok() {}
        let (ended, left): (Vec<_>, Vec<_>) =
            self.workers.into_iter().partition(JoinHandle::is_finished);
        let mut stragglers = left.len();
        for worker in ended {
            let _ = worker.join();
        }
        // Between its last act and its end a thread is joined in no time.
        if Instant::now() < until {
            for worker in left {
                let _ = worker.join();
            }
            stragglers = 0;
        }
        stragglers
    }

    fn start_worker(&mut self) -> io::Result<()> {
        let shared = self.shared.clone();
        let name = format!("worker-{}", self.workers.len() + 1);
        let worker = thread::Builder::new()
            .name(name)
            .stack_size(STACK_BYTES)
            .spawn(move || shared.work())?;
        self.shared.idle.fetch_add(1, Ordering::AcqRel);
        self.workers.push(worker);
        Ok(())
    }
}

impl Shared {
    fn work(&self) {
        while let Ok(job) = self.jobs.recv() {
            self.serve(job);
        }
    }

    /// The place is free again right before the connection is closed, by
    /// whatever end it comes to. Who sees the close and comes back finds
    /// it so; they are served once this has returned.
    fn serve(&self, job: Job) {
        let Job { arrival: Arrival { socket, peer, dialect }, number } = job;
        let serving = self.gauge.enter();
        let place = Box::new(Place(self.clone()));
        // The peer may have gone in this moment.
        let Ok(stream) = Stream::new(socket, self.stop.clone(), place) else {
            return;
        };
        assert!(serving <= self.bound, "the pool's bound is broken");
        let limit = self.bound;
        let visitor = Visitor { stream, number, peer, limit, serving };
        let conversation = AssertUnwindSafe(|| dialect.converse(visitor));
        if panic::catch_unwind(conversation).is_err() {
            Journal::new(number, peer).panicked();
        }
    }
}

/// A connection's hold on its worker: the worker counts as free when this
/// is dropped. A job that is given to it a moment too early waits in the
/// rendezvous.
struct Place(Shared);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.gauge.leave();
        self.0.idle.fetch_add(1, Ordering::SeqCst);
        // A lobby that nobody waits in is left to sleep.
        if self.0.wanted.swap(false, Ordering::SeqCst) {
            // Full means that the lobby will wake anyway.
            let _ = self.0.freed.try_send(());
        }
    }
}

impl Gauge {
    /// How many connections were ever served.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::Relaxed)
    }

    /// The most that were served at once.
    pub fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// How many are served now.
    pub fn serving(&self) -> usize {
        self.serving.load(Ordering::Acquire)
    }

    fn enter(&self) -> usize {
        let serving = self.serving.fetch_add(1, Ordering::AcqRel) + 1;
        self.most.fetch_max(serving, Ordering::Relaxed);
        self.served.fetch_add(1, Ordering::Relaxed);
        serving
    }

    fn leave(&self) {
        self.serving.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A worker's stack. Only what is touched costs memory; ten thousand of
/// these are 2.5 GiB of addresses.
const STACK_BYTES: usize = 256 * 1024;
