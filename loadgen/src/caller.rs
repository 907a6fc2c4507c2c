//! One blocking connection, for what is done before and after a run: the
//! files are put in place and taken away again.
//!
//! Must not know: schedules, figures.

use std::{
    fmt,
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use thiserror::Error;

use crate::{
    content::{Content, Shelf},
    dialect::{Conversation as _, Dialect, Heard, Step},
};

/// A signed-in session.
pub(crate) struct Caller<D: Dialect> {
    stream: TcpStream,
    /// The data connection of a step, where the protocol has one.
    data: Option<TcpStream>,
    talk: D::Talk,
    pending: Vec<u8>,
}

/// Why a session could not do what was asked.
#[derive(Debug, Error)]
pub(crate) enum CallError {
    /// The connection failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server refused the step.
    #[error("{what}: {label}")]
    Refused {
        /// What was asked.
        what: String,
        /// The server's code and reason.
        label: String,
    },
    /// The server has no place for it.
    #[error("the server is full: {0}")]
    Full(String),
    /// It ended the session.
    #[error("the server ended the session: {0}")]
    Ended(String),
    /// What came back is not what was put there.
    #[error("{0}")]
    Wrong(String),
}

/// What an upload sends. Nothing is fetched here.
type Source<'a> = Option<(&'a Shelf, &'a Content, u64)>;

impl<D: Dialect> Caller<D> {
    /// Connects, waits for a place and signs in.
    ///
    /// # Errors
    ///
    /// Says which of these did not work.
    pub(crate) fn new(
        dialect: D,
        target: SocketAddr,
        (user, password): &(String, String),
    ) -> Result<Caller<D>, CallError> {
        let stream = connect(target)?;
        let talk = dialect.talk();
        let (data, pending) = (None, Vec::new());
        let mut caller = Caller { stream, data, talk, pending };
        while !caller
            .hear(None, |heard| matches!(heard, Heard::Ready { .. }))?
        {
        }
        caller.call(Step::SignIn { user, password }, None)?;
        Ok(caller)
    }

    /// Does one step to its end.
    ///
    /// # Errors
    ///
    /// The server's refusal, or what broke.
    pub(crate) fn call(
        &mut self,
        step: Step<'_>,
        source: Source<'_>,
    ) -> Result<(), CallError> {
        let again = matches!(step, Step::SignIn { .. });
        for _ in 0..TRIES_MAX {
            let mut out = Vec::new();
            self.talk.begin(step, &mut out);
            self.stream.write_all(&out)?;
            let mut tried = false;
            self.data = None;
            loop {
                let done = self.hear(source, |heard| {
                    tried |= matches!(heard, Heard::TryAgain { .. });
                    matches!(heard, Heard::Done { .. })
                });
                match done {
                    Ok(true) => return Ok(()),
                    Ok(false) if tried => break,
                    Ok(false) => {}
                    Err(CallError::Refused { label, .. }) => {
                        let what = Shown(step).to_string();
                        return Err(CallError::Refused { what, label });
                    }
                    Err(other) => return Err(other),
                }
            }
            if !again {
                break;
            }
            std::thread::sleep(TRY_AGAIN);
        }
        let (what, label) =
            (Shown(step).to_string(), "throttled for too long".to_owned());
        Err(CallError::Refused { what, label })
    }

    /// Takes one fact; whether it was the one that is waited for.
    fn hear(
        &mut self,
        source: Source<'_>,
        mut is_it: impl FnMut(&Heard<'_>) -> bool,
    ) -> Result<bool, CallError> {
        let mut out = Vec::new();
        let (used, heard) = self.talk.hear(&self.pending, &mut out);
        let found = is_it(&heard);
        let (mut upload_from, mut port) = (None, None);
        let (mut starved, mut failed) = (false, None);
        match heard {
            Heard::Nothing => starved = used == 0,
            Heard::TurnedAway(why) => failed = Some(CallError::Full(why)),
            Heard::Dismissed(why) => failed = Some(CallError::Ended(why)),
            Heard::Nonsense(line) => failed = Some(CallError::Wrong(line)),
            Heard::Refused { label, .. } => {
                let what = String::new();
                failed = Some(CallError::Refused { what, label });
            }
            Heard::Open { port: to, .. } => port = Some(to),
            Heard::Send { offset, .. } => upload_from = Some(offset),
            Heard::Waiting { .. }
            | Heard::Ready { .. }
            | Heard::TryAgain { .. }
            | Heard::Begun { .. }
            | Heard::Flow { .. }
            | Heard::Body(_)
            | Heard::Done { .. } => {}
        }
        // A refusal, too, is heard once only.
        self.pending.drain(..used);
        if let Some(failed) = failed {
            return Err(failed);
        }
        if let Some(port) = port {
            let server = self.stream.peer_addr()?.ip();
            self.data = Some(connect(SocketAddr::new(server, port))?);
        }
        self.stream.write_all(&out)?;
        if let (Some(offset), Some(source)) = (upload_from, source) {
            self.upload(offset, source)?;
        }
        if starved {
            self.fill()?;
        }
        Ok(found)
    }

    fn upload(
        &mut self,
        mut offset: u64,
        (shelf, content, size): (&Shelf, &Content, u64),
    ) -> Result<(), CallError> {
        while offset < size {
            let piece = shelf.piece(content, offset, size - offset);
            let to = self.data.as_mut().unwrap_or(&mut self.stream);
            to.write_all(piece)?;
            offset += piece.len() as u64;
        }
        if self.data.take().is_some() {
            // The reply comes after it, so nothing follows from it yet.
            self.talk.data_ended();
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<(), CallError> {
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer)? {
            0 => Err(CallError::Ended("it closed".to_owned())),
            count => {
                self.pending.extend_from_slice(&buffer[..count]);
                Ok(())
            }
        }
    }
}

fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A step as reports show it: without a password.
struct Shown<'a>(Step<'a>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Step::SignIn { user, .. } => write!(f, "sign-in of {user}"),
            Step::Pwd => write!(f, "pwd"),
            Step::Cd(path) => write!(f, "cd {path}"),
            Step::Dir(path) => write!(f, "dir {path}"),
            Step::Mkdir(path) => write!(f, "mkdir {path}"),
            Step::Rmdir(path) => write!(f, "rmdir {path}"),
            Step::Rm(path) => write!(f, "rm {path}"),
            Step::Get { path, .. } => write!(f, "get {path}"),
            Step::Put { path, .. } => write!(f, "put {path}"),
            Step::Quit => write!(f, "quit"),
        }
    }
}

/// So long may one read or write of the set-up take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often and how soon a sign-in that came too early is tried again.
const TRIES_MAX: u32 = 500;
const TRY_AGAIN: Duration = Duration::from_millis(50);
