//! Lets clients in: one thread that accepts, and one for each session.
//!
//! Knows no line. Everything that it has started it joins.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::lie::Tells;
use crate::session::Session;

/// The thread that accepts.
#[derive(Debug)]
pub(crate) struct Door {
    server: Arc<Server>,
    thread: JoinHandle<()>,
}

/// The server, as it is known to all threads.
#[derive(Debug)]
struct Server {
    address: SocketAddr,
    tells: Arc<Tells>,
    /// It has refused a connection: it stops.
    refuses: AtomicBool,
    /// It has ended.
    gone: AtomicBool,
}

impl Door {
    /// Opens it: who comes to the listener is relayed to the server.
    pub(crate) fn open(
        listener: TcpListener,
        address: SocketAddr,
        tells: Tells,
    ) -> io::Result<Door> {
        listener.set_nonblocking(true)?;
        let server = Arc::new(Server {
            address,
            tells: Arc::new(tells),
            refuses: AtomicBool::new(false),
            gone: AtomicBool::new(false),
        });
        let of_thread = Arc::clone(&server);
        let thread = thread::Builder::new()
            .name("accept".to_owned())
            .spawn(move || accept(listener, &of_thread))?;
        Ok(Door { server, thread })
    }

    /// The server has gone: no one else comes in, and who is in has a
    /// moment to hear the last words.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        self.server.gone.store(true, Ordering::SeqCst);
        let joined = self.thread.join();
        joined.map_err(|_| anyhow::anyhow!("the door panicked"))
    }
}

fn accept(listener: TcpListener, server: &Arc<Server>) {
    let mut sessions: Vec<JoinHandle<()>> = Vec::new();
    let mut listener = Some(listener);
    let mut number = 0_u64;
    while !server.gone.load(Ordering::SeqCst) {
        join_ended(&mut sessions);
        // A server that refuses one refuses all that come after.
        if server.refuses.load(Ordering::SeqCst) {
            listener = None;
        }
        match &listener {
            Some(listener) if sessions.len() < SESSIONS_MAX => {
                wait_for(listener);
                // Nobody has come, or has left again.
                let Ok((client, _)) = listener.accept() else { continue };
                number += 1;
                sessions.extend(start(number, client, server));
            }
            Some(_) | None => thread::sleep(LOOK_EVERY),
        }
    }
    drop(listener);
    for session in sessions {
        tell_panic(session.join());
    }
}

/// Starts a session; one that cannot be started is closed, as a server out
/// of threads would do it.
fn start(
    number: u64,
    client: TcpStream,
    server: &Arc<Server>,
) -> Option<JoinHandle<()>> {
    let server = Arc::clone(server);
    let run = move || {
        let tells = Arc::clone(&server.tells);
        let done = match Session::new(client, server.address, tells) {
            Ok(session) => session.run(&server.gone),
            Err(error) => {
                let refuses = error.kind() == io::ErrorKind::ConnectionRefused;
                server.refuses.fetch_or(refuses, Ordering::SeqCst);
                Err(error)
            }
        };
        if let Err(error) = done {
            eprintln!("ftpool-relay: session {number}: {error}");
        }
    };
    let name = format!("session-{number}");
    thread::Builder::new().name(name).spawn(run).ok()
}

fn join_ended(sessions: &mut Vec<JoinHandle<()>>) {
    let mut at = 0;
    while at < sessions.len() {
        if sessions[at].is_finished() {
            tell_panic(sessions.swap_remove(at).join());
        } else {
            at += 1;
        }
    }
}

fn tell_panic(joined: thread::Result<()>) {
    if joined.is_err() {
        eprintln!("ftpool-relay: a session panicked");
    }
}

/// Waits a little for somebody to come.
fn wait_for(listener: &TcpListener) {
    let time =
        Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK_EVERY.subsec_nanos()) };
    let mut fds = [PollFd::new(listener, PollFlags::IN)];
    // What goes wrong here is seen by the accept.
    let _ = poll(&mut fds, Some(&time));
}

/// Sessions at once: more than any scenario has, and few enough for threads.
const SESSIONS_MAX: usize = 512;

/// How soon it is seen that the server has gone, or that a session has.
const LOOK_EVERY: Duration = Duration::from_millis(50);
