//! The control connection: one command, then its replies, in step.
//!
//! A server may also speak unasked, and some answer once too often: what has
//! arrived before a command is sent belongs to none, and is left aside
//! unless it is the server's farewell.
//!
//! Must not know: data connections, what a command is for.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use super::refusal::{self, farewell};
use crate::{
    client::{
        console::{Console, NO_CODE},
        error::Error,
        interrupt, shown,
        socket::{Socket, closed},
        target::Target,
    },
    ftp::{
        code::{Class, Code},
        wire::{self, Reply, ReplyReader},
    },
};

/// A conversation with a server.
pub(super) struct Control {
    socket: Socket,
    replies: ReplyReader,
    silence: Duration,
    usable: bool,
}

impl Control {
    /// Connects, and waits until the server greets us: a full one may be
    /// silent, or say 120, until there is a place.
    ///
    /// # Errors
    ///
    /// What kept us out: no connection, no place, silence.
    pub(super) fn connect(
        target: &Target,
        silence: Duration,
        console: Console,
    ) -> Result<Control, Error> {
        let socket = Socket::connect(target, silence)?;
        let replies = ReplyReader::default();
        let mut control = Control { socket, replies, silence, usable: true };
        control.await_greeting(console).map_err(|error| match error {
            Error::Lost(_) => Error::Unreachable(error.to_string()),
            other => other,
        })?;
        Ok(control)
    }

    fn await_greeting(&mut self, console: Console) -> Result<(), Error> {
        if !self.socket.has_arrived(GREETING_TIME_USUAL)? {
            let what = "the server is silent; it may have us waiting in line";
            console.announce(NO_CODE, what);
        }
        let mut patience = self.silence;
        loop {
            let reply = self.next_reply(patience)?;
            let text = refusal::text_of(&reply);
            match reply.code.class() {
                Class::Preliminary => {
                    patience = QUEUE_TIME_MAX.max(self.silence);
                    console.announce(&reply.code.to_string(), &text);
                }
                Class::Completion => return Ok(()),
                Class::Intermediate | Class::Transient | Class::Permanent => {
                    let code = reply.code.to_string();
                    return Err(Error::Busy { code, text });
                }
            }
        }
    }

    /// Sends a command.
    ///
    /// # Errors
    ///
    /// [`Error::UnsafeName`] where it cannot be sent, and nothing was; else
    /// what ended the conversation.
    pub(super) fn send(
        &mut self,
        verb: &str,
        argument: Option<&[u8]>,
    ) -> Result<(), Error> {
        let line = encoded(verb, argument)?;
        self.leave_aside()?;
        self.socket.send(&line).map_err(|error| self.last_words(error))
    }

    /// Sends a command while the replies to another are still to come.
    pub(super) fn interject(&mut self, verb: &str) -> Result<(), Error> {
        let line = encoded(verb, None)?;
        self.socket.send(&line).map_err(|error| self.last_words(error))
    }

    /// Sends a command and reads its one reply, whatever it says.
    pub(super) fn ask(
        &mut self,
        verb: &str,
        argument: Option<&[u8]>,
    ) -> Result<Reply, Error> {
        self.send(verb, argument)?;
        self.reply()
    }

    /// The next reply to what was sent.
    ///
    /// # Errors
    ///
    /// What ended the conversation, the server's farewell among it.
    pub(super) fn reply(&mut self) -> Result<Reply, Error> {
        self.next_reply(self.silence)
    }

    /// The next reply that is not preliminary.
    pub(super) fn last_reply(&mut self) -> Result<Reply, Error> {
        self.last_reply_within(self.silence)
    }

    /// The same, within `limit`.
    pub(super) fn last_reply_within(
        &mut self,
        limit: Duration,
    ) -> Result<Reply, Error> {
        loop {
            let reply = self.next_reply(limit)?;
            if reply.code.class() != Class::Preliminary {
                return Ok(reply);
            }
        }
    }

    /// A reply that is not preliminary, if one has arrived.
    pub(super) fn reply_at_hand(&mut self) -> Result<Option<Reply>, Error> {
        if self.socket.has_arrived(Duration::ZERO)? {
            self.take_in()?;
        }
        while let Some(reply) = self.whole_reply()? {
            if reply.code.class() != Class::Preliminary {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    /// The connection, to be waited for beside another.
    pub(super) fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The server's address, as we reached it.
    pub(super) fn peer(&self) -> Result<IpAddr, Error> {
        self.socket.peer()
    }

    /// How long the server may be silent.
    pub(super) fn silence(&self) -> Duration {
        self.silence
    }

    /// Whether both ends are still in step.
    pub(super) fn is_usable(&self) -> bool {
        self.usable
    }

    /// Marks the conversation as over.
    pub(super) fn give_up(&mut self) {
        self.usable = false;
    }

    /// A server that ends a session says why before it closes; by the time
    /// a write fails, the reason may lie there unread.
    fn last_words(&mut self, error: Error) -> Error {
        self.usable = false;
        match self.next_reply(LAST_WORDS_TIME_MAX) {
            Err(farewell @ (Error::Busy { .. } | Error::TimedOut { .. })) => {
                farewell
            }
            Ok(_) | Err(_) => error,
        }
    }

    /// Leaves aside what no command has asked for.
    fn leave_aside(&mut self) -> Result<(), Error> {
        let mut count = 0;
        while let Some(_unasked) = self.reply_at_hand()? {
            count += 1;
            if count > UNASKED_MAX {
                self.usable = false;
                let text = "it speaks without being asked";
                return Err(Error::Protocol(text.into()));
            }
        }
        Ok(())
    }

    fn next_reply(&mut self, limit: Duration) -> Result<Reply, Error> {
        let until = Instant::now() + limit;
        loop {
            interrupt::check().map_err(|error| self.ended(error))?;
            if let Some(reply) = self.whole_reply()? {
                return Ok(reply);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(self.ended(Error::Silent(limit.as_secs())));
            }
            if self.socket.has_arrived(left)? {
                self.take_in()?;
            }
        }
    }

    /// A reply that has arrived whole; the server's farewell as an error.
    fn whole_reply(&mut self) -> Result<Option<Reply>, Error> {
        match self.replies.next_reply() {
            Ok(Some(reply)) if reply.code == Code::UNAVAILABLE => {
                Err(self.ended(farewell(&reply)))
            }
            Ok(reply) => Ok(reply),
            Err(wire::NoReply::NoCode(line)) => {
                let text = format!("{:?} is no reply", shown::name(&line));
                Err(self.ended(Error::Protocol(text)))
            }
            Err(
                error @ (wire::NoReply::LineTooLong | wire::NoReply::TooLong),
            ) => Err(self.ended(Error::Protocol(error.to_string()))),
        }
    }

    fn take_in(&mut self) -> Result<(), Error> {
        let mut buffer = [0; READ_BYTES];
        match self.socket.read_some(&mut buffer) {
            Ok(Some(0)) => Err(self.ended(closed())),
            Ok(Some(length)) => {
                self.replies.push(&buffer[..length]);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(error) => Err(self.ended(error)),
        }
    }

    fn ended(&mut self, error: Error) -> Error {
        self.usable = false;
        error
    }
}

fn encoded(verb: &str, argument: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    let mut line = Vec::with_capacity(128);
    wire::encode_command(verb, argument, &mut line)
        .map_err(|e| Error::UnsafeName(e.to_string()))?;
    Ok(line)
}

/// How long a server with a place takes to greet, at most.
const GREETING_TIME_USUAL: Duration = Duration::from_secs(1);

/// How long we wait after a 120. The server's own bound is far lower; this
/// one is for a server that has none.
const QUEUE_TIME_MAX: Duration = Duration::from_secs(3600);

/// How long a failed connection is searched for the server's last words.
const LAST_WORDS_TIME_MAX: Duration = Duration::from_secs(1);

/// How many replies to nothing are left aside at once: some servers confirm
/// a transfer twice.
const UNASKED_MAX: usize = 8;

/// One read: most replies are short.
const READ_BYTES: usize = 4096;
