//! The wish to stop, as everything that waits can see it: threads that
//! wait for a socket poll its descriptor, threads that wait for a channel
//! select its channel.
//!
//! Must not know: who asks for the stop, or what stopping means to whom.

use std::{
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use rustix::pipe::{PipeFlags, pipe_with};

/// A handle on the stop of a server; clones are the same stop.
#[derive(Debug, Clone)]
pub struct Stop(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Hangs up when the stop is requested.
    reader: OwnedFd,
    /// Disconnects when the stop is requested.
    receiver: Receiver<()>,
    /// What keeps the two silent until then.
    held: Mutex<Option<(OwnedFd, Sender<()>)>>,
    /// When transfers in flight are cut.
    cut: OnceLock<Instant>,
}

impl Stop {
    /// A stop that nobody has requested.
    ///
    /// # Errors
    ///
    /// Where the system gives no descriptor.
    pub fn new() -> io::Result<Stop> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
        let (sender, receiver) = crossbeam_channel::bounded(0);
        Ok(Stop(Arc::new(Inner {
            reader,
            receiver,
            held: Mutex::new(Some((writer, sender))),
            cut: OnceLock::new(),
        })))
    }

    /// Requests the stop: everything idle ends now, and transfers in flight
    /// have `grace` to end by themselves. Only the first request counts.
    pub fn request(&self, grace: Duration) {
        self.0.cut.get_or_init(|| Instant::now() + grace);
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// When transfers in flight are cut, once the stop is requested.
    pub fn cut(&self) -> Option<Instant> {
        self.0.cut.get().copied()
    }

    /// Whether it is requested.
    pub fn is_requested(&self) -> bool {
        self.cut().is_some()
    }

    /// A channel that disconnects at the request.
    pub fn channel(&self) -> &Receiver<()> {
        &self.0.receiver
    }

    /// A descriptor that hangs up at the request.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.0.reader.as_fd()
    }
}
