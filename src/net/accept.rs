//! One thread a listening socket: takes connections in and passes them on
//! to the lobby.
//!
//! Must not know: who is served, and in which order.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    time::Duration,
};

use crossbeam_channel::Sender;
use rustix::{
    event::{PollFd, PollFlags, poll},
    time::Timespec,
};
use tracing::{error, warn};

use super::{Listener, dialect::Dialect};
use crate::stream::Stop;

/// A connection that has just come.
pub(super) struct Arrival {
    pub(super) socket: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) dialect: Arc<dyn Dialect>,
}

/// Accepts until the stop is requested.
pub(super) fn run(
    listener: &Listener,
    arrivals: &Sender<Arrival>,
    stop: &Stop,
) {
    if let Err(error) = listener.socket.set_nonblocking(true) {
        error!(%error, "cannot accept");
        return;
    }
    while !stop.is_requested() {
        match listener.socket.accept() {
            Ok((socket, peer)) => {
                let dialect = Arc::clone(&listener.dialect);
                let arrival = Arrival { socket, peer, dialect };
                if arrivals.send(arrival).is_err() {
                    return;
                }
            }
            Err(error) if is_peers(&error) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                wait(&listener.socket, stop, None);
            }
            Err(error) => {
                // No descriptor is free: some may be soon.
                warn!(%error, "cannot accept now");
                wait_for_stop(stop, RETRY_AFTER);
            }
        }
    }
}

/// The peer went away before it was accepted.
fn is_peers(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::ConnectionAborted
            | std::io::ErrorKind::ConnectionReset
            | std::io::ErrorKind::Interrupted
    )
}

fn wait(socket: &TcpListener, stop: &Stop, timeout: Option<&Timespec>) {
    let mut ready = [
        PollFd::new(socket, PollFlags::IN),
        PollFd::from_borrowed_fd(stop.descriptor(), PollFlags::empty()),
    ];
    // An error here shows up again in accept.
    let _ = poll(&mut ready, timeout);
}

fn wait_for_stop(stop: &Stop, at_most: Duration) {
    let mut ready =
        [PollFd::from_borrowed_fd(stop.descriptor(), PollFlags::empty())];
    let _ = poll(&mut ready, Timespec::try_from(at_most).ok().as_ref());
}

/// How long to wait where the process has no descriptor left.
const RETRY_AFTER: Duration = Duration::from_millis(100);
