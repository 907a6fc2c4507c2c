//! The conversation in FTP: what the commands ask for, in the words of
//! RFC 959 and its family, as far as the server knows them.
//!
//! - `control` is the conversation, `data` opens what bytes flow on;
//! - `features` is what the server can do; `refusal` what its codes mean;
//! - `request`, `directory`, `get` and `put` are what we ask for, with
//!   `compare`, which stands in for the native protocol's digests, and
//!   `presence`, which says what has a name.
//!
//! Must not know: local names, the screen beyond what the server announces.

mod compare;
mod control;
mod data;
mod directory;
mod features;
mod get;
mod presence;
mod put;
mod refusal;
mod request;

use std::{fs::File, time::Duration};

use self::{compare::State, control::Control, data::Way, features::Features};
use super::{
    console::Console,
    error::{Error, Why},
    listing::Entry,
    remote::{Answer, Held, Incoming, Outgoing, Remote},
    socket::Socket,
    sum::{Algorithm, Sum},
    target::Target,
};
use crate::{
    ftp::code::{Class, Code},
    session::{Password, PathText, Request},
};

/// A connection that speaks FTP.
pub(super) struct Ftp {
    control: Control,
    way: Way,
    features: Features,
    /// Where we came in: what a `cd` without a name goes back to.
    home: Vec<u8>,
    /// The digest that HASH computes now, where we have chosen one.
    hashing: Option<Algorithm>,
    /// What the server said of a file that is about to be fetched.
    state: Option<(PathText, State)>,
    /// How much the server has of a file that is about to be brought.
    there: Option<u64>,
    /// The transfer that has begun.
    transfer: Option<Transfer>,
}

/// A transfer that the server has begun.
struct Transfer {
    data: Socket,
    /// Where in the file it goes on.
    at: u64,
    /// The whole file's length, where it is known.
    size: Option<u64>,
}

impl Ftp {
    /// Connects and waits until the server greets us.
    ///
    /// # Errors
    ///
    /// What kept us out: no connection, no place, silence.
    pub(super) fn connect(
        target: &Target,
        silence: Duration,
        console: Console,
    ) -> Result<Ftp, Error> {
        Ok(Ftp {
            control: Control::connect(target, silence, console)?,
            way: Way::default(),
            features: Features::default(),
            home: b"/".to_vec(),
            hashing: None,
            state: None,
            there: None,
            transfer: None,
        })
    }

    /// Learns what the server can do, and sets what all else relies on.
    fn settle_in(&mut self) -> Result<(), Error> {
        self.features = Features::of(&self.control.ask("FEAT", None)?);
        if self.features.utf8 {
            // A server that lists UTF8 and refuses this has it on.
            let _either = self.control.ask("OPTS", Some(b"UTF8 ON"))?;
        }
        // Bytes as they are, and lengths in bytes (RFC 3659 §4).
        let reply = self.control.ask("TYPE", Some(b"I"))?;
        refusal::completed(reply, Why::Other)?;
        if let Some(path) = self.working_directory()? {
            self.home = path;
        }
        Ok(())
    }

    /// Where we are, where the server says it as it should.
    fn working_directory(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let reply = self.control.ask("PWD", None)?;
        let told = reply.code == Code::PATH;
        Ok(if told { reply.quoted_path() } else { None })
    }

    /// Ends a transfer before its end, so that the conversation goes on. A
    /// server that does not answer as it should is left.
    fn abort(&mut self, data: Socket, replies: usize) {
        data.break_when_dropped();
        if self.control.interject("ABOR").is_err() {
            return;
        }
        drop(data);
        for _ in 0..replies {
            if self.control.last_reply_within(ABORT_TIME_MAX).is_err() {
                return self.control.give_up();
            }
        }
    }
}

impl Remote for Ftp {
    fn sign_in(
        &mut self,
        user: &str,
        password: &Password,
    ) -> Result<Answer, Error> {
        let mut reply = self.control.ask("USER", Some(user.as_bytes()))?;
        if reply.code == Code::NEED_PASSWORD {
            reply = self.control.ask("PASS", Some(password.as_bytes()))?;
        }
        if reply.code.class() != Class::Completion {
            return Err(refusal::kept_out(&reply));
        }
        self.settle_in()?;
        let path = Some(self.home.clone());
        Ok(Answer { path, ..refusal::answer(&reply) })
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, Error> {
        self.carry_out(request)
    }

    fn list(
        &mut self,
        path: Option<&PathText>,
    ) -> Result<(Answer, Vec<Entry>), Error> {
        self.directory(path)
    }

    fn size_of(&mut self, file: &PathText) -> Result<Option<u64>, Error> {
        Ok(self.state_of(file)?.size)
    }

    fn compares_get(
        &mut self,
        file: &PathText,
        length: u64,
    ) -> Result<Option<Algorithm>, Error> {
        let state = self.state_of(file)?;
        Ok(self.features.hash.filter(|_| match state.size {
            Some(size) => {
                size == length || length < size && self.features.range
            }
            None => false,
        }))
    }

    fn begin_get(
        &mut self,
        file: &PathText,
        held: Option<Held>,
    ) -> Result<Incoming, Error> {
        self.fetch(file, held)
    }

    fn receive(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Answer, Error> {
        self.take_bytes(sink).map_err(Error::in_transfer)
    }

    fn discard(&mut self) {
        if let Some(transfer) = self.transfer.take() {
            self.abort(transfer.data, REPLIES_TO_ABORT);
        }
    }

    fn compares_put(
        &mut self,
        file: &PathText,
        size: u64,
    ) -> Result<Option<(Algorithm, u64)>, Error> {
        self.there = self.length_there(file)?;
        let comparable = self
            .there
            .filter(|&there| there <= size && (there > 0 || size == 0));
        Ok(self.features.hash.zip(comparable))
    }

    fn begin_put(
        &mut self,
        file: &PathText,
        size: u64,
        sum: Option<Sum>,
    ) -> Result<Outgoing, Error> {
        self.bring(file, size, sum)
    }

    fn send(
        &mut self,
        file: &File,
        tick: &mut dyn FnMut(u64),
    ) -> Result<Answer, Error> {
        self.give_bytes(file, tick).map_err(Error::in_transfer)
    }

    fn keep_alive(&mut self) -> Result<(), Error> {
        self.control.ask("NOOP", None).map(drop)
    }

    fn quit(&mut self) -> Option<Answer> {
        if !self.control.is_usable() {
            return None;
        }
        let sent = self.control.send("QUIT", None);
        let limit = QUIT_TIME_MAX.min(self.control.silence());
        let reply = sent.and_then(|()| self.control.last_reply_within(limit));
        self.control.give_up();
        reply.ok().map(|reply| refusal::answer(&reply))
    }

    fn is_usable(&self) -> bool {
        self.control.is_usable()
    }
}

/// The replies that an aborted transfer gets: its own, and ABOR's.
const REPLIES_TO_ABORT: usize = 2;

/// How long each of them may take: a server that is slower is left.
const ABORT_TIME_MAX: Duration = Duration::from_secs(3);

/// How long leave-taking may last.
const QUIT_TIME_MAX: Duration = Duration::from_secs(2);
