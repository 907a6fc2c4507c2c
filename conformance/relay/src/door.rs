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
    gone: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Door {
    /// Opens it: who comes to the listener is relayed to the server.
    pub(crate) fn open(
        listener: TcpListener,
        server: SocketAddr,
        tells: Arc<Tells>,
    ) -> io::Result<Door> {
        listener.set_nonblocking(true)?;
        let gone = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&gone);
        let thread = thread::Builder::new()
            .name("accept".to_owned())
            .spawn(move || accept(&listener, server, &tells, &seen))?;
        Ok(Door { gone, thread })
    }

    /// The server has gone: no one else comes in, and who is in has a
    /// moment to hear the last words.
    pub(crate) fn close(self) -> anyhow::Result<()> {
        self.gone.store(true, Ordering::SeqCst);
        let joined = self.thread.join();
        joined.map_err(|_| anyhow::anyhow!("the door panicked"))
    }
}

fn accept(
    listener: &TcpListener,
    server: SocketAddr,
    tells: &Arc<Tells>,
    gone: &Arc<AtomicBool>,
) {
    let mut sessions: Vec<JoinHandle<()>> = Vec::new();
    let mut number = 0_u64;
    while !gone.load(Ordering::SeqCst) {
        join_ended(&mut sessions);
        if sessions.len() < SESSIONS_MAX {
            wait_for(listener);
            // Nobody has come, or has left again.
            let Ok((client, _)) = listener.accept() else { continue };
            number += 1;
            sessions.extend(start(number, client, server, tells, gone));
        } else {
            thread::sleep(LOOK_EVERY);
        }
    }
    for session in sessions {
        tell_panic(session.join());
    }
}

/// Starts a session; one that cannot be started is closed, as a server out
/// of places would do it.
fn start(
    number: u64,
    client: TcpStream,
    server: SocketAddr,
    tells: &Arc<Tells>,
    gone: &Arc<AtomicBool>,
) -> Option<JoinHandle<()>> {
    let (tells, gone) = (Arc::clone(tells), Arc::clone(gone));
    let run = move || {
        let session = Session::new(client, server, tells);
        if let Err(error) = session.and_then(|session| session.run(&gone)) {
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
