//! Threads and sockets: listeners accept, the lobby keeps the waiting line,
//! the pool serves at most so many connections at once. No async runtime,
//! no thread-pool crate: threads, channels and poll.
//!
//! Must not know: what is said on a connection; that is a [`Dialect`]'s.

mod accept;
mod dialect;
mod lobby;
mod pool;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};
use tracing::{info, warn};

pub use self::{
    dialect::{Dialect, Ftp, LobbyNotice, Native, Visitor},
    pool::Gauge,
};
use self::{lobby::Lobby, pool::Pool};
use crate::stream::Stop;

/// A socket that listens already, and what is spoken on it.
pub struct Listener {
    /// Bound and listening.
    pub socket: TcpListener,
    /// What is spoken to those who come.
    pub dialect: Arc<dyn Dialect>,
}

/// The bounds of the house, over all listeners together.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// How many connections are served at once.
    pub served_max: usize,
    /// How many wait in line.
    pub waiting_max: usize,
    /// How long one waits.
    pub wait_max: Duration,
}

/// Opens a listening socket whose backlog holds a crowd that comes at once.
///
/// # Errors
///
/// Where the address is taken or not this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Serves until the stop is requested and everybody has gone. All threads
/// that it starts are joined, but for sessions that outlast the stop's
/// grace by more than a few seconds.
///
/// # Errors
///
/// Where a thread of the house itself cannot be started.
pub fn serve(
    listeners: Vec<Listener>,
    places: Places,
    gauge: &Arc<Gauge>,
    stop: &Stop,
) -> io::Result<()> {
    let (arrivals, arrived) = crossbeam_channel::bounded(ARRIVALS_MAX);
    let mut doors = Vec::new();
    for listener in listeners {
        let (arrivals, stop) = (arrivals.clone(), stop.clone());
        let name = format!("accept-{}", listener.socket.local_addr()?.port());
        doors.push(thread::Builder::new().name(name).spawn(move || {
            accept::run(&listener, &arrivals, &stop);
        })?);
    }
    drop(arrivals);
    let pool = Pool::new(places.served_max, Arc::clone(gauge), stop.clone());
    let pool = Lobby::new(places, pool, arrived).run(stop);
    for door in doors {
        if door.join().is_err() {
            warn!("an accepting thread panicked");
        }
    }
    let stragglers = pool.join(stop, STRAGGLERS_WAIT);
    if stragglers > 0 {
        warn!(stragglers, "sessions outlasted the stop");
    }
    info!(
        served = gauge.served(),
        most_at_once = gauge.most(),
        limit = places.served_max,
        "stopped"
    );
    Ok(())
}

/// Connections that the kernel holds until they are accepted.
const BACKLOG: i32 = 4096;

/// Connections between the accepting threads and the lobby. When it is full
/// the kernel's backlog takes over.
const ARRIVALS_MAX: usize = 64;

/// How long a session that does not end by itself is waited for after the
/// stop's grace: it may be in the middle of a call of the disk.
const STRAGGLERS_WAIT: Duration = Duration::from_secs(5);
