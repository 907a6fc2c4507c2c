//! The conversation in the native protocol: requests and answers in step,
//! `000` lines noted wherever they stand, file bytes counted exactly.
//!
//! Must not know: local names, the screen beyond what the server announces.

use std::{fs::File, time::Duration};

use super::{
    console::Console,
    error::Error,
    link::Link,
    listing::{self, Entry},
    remote::{Answer, Incoming, Outgoing, Remote},
    said::{Said, odd, of_reply, text_or},
    shown,
    socket::Ready,
    target::Target,
};
use crate::{
    native::{
        code::Code,
        wire::{self, Reply},
    },
    session::{Digest, Held, Password, PathText, Request},
};

/// A connection that speaks the native protocol.
pub(super) struct Native {
    link: Link,
    console: Console,
    silence: Duration,
    /// Announced bytes that have not arrived or gone yet.
    left: u64,
    /// The length of the file under way.
    size: u64,
    /// The server has said that it closes down.
    closing: bool,
    usable: bool,
}

impl Native {
    /// Connects and waits for a place, however long the queue is.
    ///
    /// # Errors
    ///
    /// What kept us out: no connection, no place, silence.
    pub(super) fn connect(
        target: &Target,
        silence: Duration,
        console: Console,
    ) -> Result<Native, Error> {
        let link = Link::connect(target, silence)?;
        let mut native = Native {
            link,
            console,
            silence,
            left: 0,
            size: 0,
            closing: false,
            usable: true,
        };
        native.await_ready().map_err(|error| match error {
            Error::Lost(_) | Error::Closing => {
                Error::Unreachable(error.to_string())
            }
            other => other,
        })?;
        Ok(native)
    }

    fn await_ready(&mut self) -> Result<(), Error> {
        let mut patience = self.silence;
        loop {
            let said = self.next_said(patience)?;
            let reply = said.reply()?;
            if said.code != Code::System {
                return Err(odd(&reply, "before it was ready"));
            }
            match reply.field("state") {
                Some("ready") => return Ok(()),
                Some("waiting") => {
                    // Who waits hears of changes only.
                    patience = QUEUE_TIME_MAX.max(self.silence);
                    self.announce_waiting(&reply);
                }
                _ => self.note_system(&reply)?,
            }
        }
    }

    fn announce_waiting(&self, reply: &Reply<'_>) {
        let position = reply.number("position").unwrap_or(0);
        let places = match reply.number("limit") {
            Some(limit) => format!(" of those waiting for {limit} places"),
            None => String::new(),
        };
        self.console
            .announce(&format!("waiting, position {position}{places}"));
    }

    /// The next line that answers a request; `000` lines are noted.
    fn answer(&mut self) -> Result<Said, Error> {
        loop {
            let said = self.next_said(self.silence)?;
            if said.code != Code::System {
                return Ok(said);
            }
            self.note_system(&said.reply()?)?;
        }
    }

    /// One line, decoded. Whatever fails here ends the conversation.
    fn next_said(&mut self, limit: Duration) -> Result<Said, Error> {
        let said = self.link.read_line(limit).and_then(Said::parse);
        said.map_err(|error| self.ended(error))
    }

    /// Notes a system line; an error where it ends the session.
    fn note_system(&mut self, reply: &Reply<'_>) -> Result<(), Error> {
        match reply.field("state") {
            Some("busy") => {
                self.usable = false;
                Err(Error::Busy(text_or(reply, "the server is busy")))
            }
            Some("timeout") => {
                self.usable = false;
                let limit = reply.field("limit").unwrap_or("own");
                Err(Error::TimedOut(shown::text(limit)))
            }
            Some("closing") => {
                self.closing = true;
                self.console.announce("the server closes down");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Marks the conversation as over.
    fn ended(&mut self, error: Error) -> Error {
        self.usable = false;
        match error {
            Error::Lost(_) if self.closing => Error::Closing,
            other => other,
        }
    }

    /// Sends a request and reads its answer, a refusal as an error.
    fn exchange(&mut self, request: &Request) -> Result<Said, Error> {
        let mut line = Vec::with_capacity(128);
        wire::encode_request(request, &mut line);
        if let Err(error) = self.link.send_line(&line) {
            return Err(self.last_words(error));
        }
        self.answer()?.granted()
    }

    /// A server that ends a session says why before it closes; by the time
    /// a write fails, the reason may lie there unread.
    fn last_words(&mut self, error: Error) -> Error {
        match self.next_said(LAST_WORDS_TIME_MAX) {
            Ok(said) => match said.reply().map(|r| self.note_system(&r)) {
                Ok(Err(reason)) => self.ended(reason),
                Ok(Ok(())) | Err(_) => self.ended(error),
            },
            Err(_) => self.ended(error),
        }
    }

    /// Reads exactly the announced bytes.
    fn read_bytes(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let room = self.left.min(READ_BYTES as u64) as usize;
        let mut buffer = vec![0; room];
        while self.left > 0 {
            let most = self.left.min(room as u64) as usize;
            let length = match self.link.read(&mut buffer[..most]) {
                Ok(length) => length,
                Err(error) => return Err(self.ended(error)),
            };
            self.left -= length as u64;
            sink(&buffer[..length])?;
        }
        Ok(())
    }

    /// The answer behind a transfer's last byte.
    fn closing_answer(&mut self) -> Result<Answer, Error> {
        let said = self.answer()?.granted()?;
        let reply = said.reply()?;
        match (said.code, reply.number("size")) {
            (Code::Done, Some(size)) if size == self.size => {
                Ok(of_reply(&reply))
            }
            _ => {
                let error = odd(&reply, "after the last byte");
                Err(self.ended(error))
            }
        }
    }

    /// Sends what is left of a file, with an eye on what the server says
    /// meanwhile.
    fn pump(
        &mut self,
        file: &File,
        tick: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        while self.left > 0 {
            match self.link.wait_for_either()? {
                Ready::Readable => {
                    self.link.take_in()?;
                    while let Some(line) = self.link.line_at_hand()? {
                        self.interrupted(line)?;
                    }
                }
                Ready::Writable => {
                    let most = self.left.min(SEND_BYTES as u64) as usize;
                    let offset = self.size - self.left;
                    match self.link.send_file(file, offset, most)? {
                        Some(0) => return Err(shrunk()),
                        Some(sent) => {
                            self.left -= sent as u64;
                            tick(sent as u64);
                        }
                        None => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// A line that arrived while bytes are being sent: a refusal, or a word
    /// of the system.
    fn interrupted(&mut self, line: Vec<u8>) -> Result<(), Error> {
        let said = Said::parse(line)?.granted()?;
        let reply = said.reply()?;
        if said.code == Code::System {
            return self.note_system(&reply);
        }
        Err(odd(&reply, "before the last byte"))
    }

    /// After a refusal in the middle the server throws away what is still
    /// to come. A little is sent, so that the session goes on; for a lot,
    /// a new connection is cheaper.
    fn refused_midway(&mut self, error: Error) -> Error {
        let refused = matches!(error, Error::Refused { .. });
        let left = std::mem::take(&mut self.left);
        if !refused {
            return self.ended(error);
        }
        if left > DISCARD_BYTES_MAX || self.link.send_zeros(left).is_err() {
            self.usable = false;
        }
        error
    }
}

impl Remote for Native {
    fn sign_in(
        &mut self,
        user: &str,
        password: &Password,
    ) -> Result<Answer, Error> {
        let said = self.exchange(&Request::SignIn {
            user: user.into(),
            password: password.clone(),
        })?;
        match said.code {
            Code::SignedIn => Ok(of_reply(&said.reply()?)),
            _ => Err(odd(&said.reply()?, "to auth")),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, Error> {
        let said = self.exchange(request)?;
        match said.code {
            Code::Done => Ok(of_reply(&said.reply()?)),
            _ => {
                let error = odd(&said.reply()?, "to a command");
                Err(self.ended(error))
            }
        }
    }

    fn list(
        &mut self,
        path: Option<&PathText>,
    ) -> Result<(Answer, Vec<Entry>), Error> {
        let said = self.exchange(&Request::List { path: path.cloned() })?;
        let reply = said.reply()?;
        let length = match (said.code, reply.number("length")) {
            (Code::Done, Some(length)) if length <= LISTING_BYTES_MAX => {
                length
            }
            _ => {
                let error = odd(&reply, "to dir");
                return Err(self.ended(error));
            }
        };
        let answer = of_reply(&reply);
        let entries = reply.number("entries");
        self.left = length;
        let mut bytes = Vec::new();
        self.read_bytes(&mut |some| {
            bytes.extend_from_slice(some);
            Ok(())
        })
        .map_err(Error::in_transfer)?;
        let list = listing::parse(&bytes).map_err(Error::Protocol)?;
        if entries != Some(list.len() as u64) {
            return Err(Error::Protocol("entries= is wrong".into()));
        }
        Ok((answer, list))
    }

    fn begin_get(
        &mut self,
        file: &PathText,
        held: Option<Held>,
    ) -> Result<Incoming, Error> {
        let request = Request::Download { file: file.clone(), held };
        let said = self.exchange(&request)?;
        let reply = said.reply()?;
        let number = |key| reply.number(key);
        let length = held.map(|held| held.length);
        let held = length.unwrap_or(0);
        let wanted = match said.code {
            Code::Same if number("size") == length => {
                return Ok(Incoming::Same(of_reply(&reply)));
            }
            Code::Resuming if held > 0 => Some(held),
            Code::FromStart => Some(0),
            _ => None,
        };
        let told = (number("offset"), number("length"), number("size"));
        match told {
            (Some(offset), Some(length), Some(size))
                if Some(offset) == wanted
                    && offset.checked_add(length) == Some(size) =>
            {
                (self.left, self.size) = (length, size);
                let answer = of_reply(&reply);
                Ok(Incoming::Bytes { answer, offset, size })
            }
            _ => {
                let error = odd(&reply, "to get");
                Err(self.ended(error))
            }
        }
    }

    fn receive(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Answer, Error> {
        let answer = self
            .read_bytes(sink)
            .and_then(|()| self.closing_answer())
            .map_err(Error::in_transfer);
        if answer.is_err() {
            // Bytes that nobody takes may still be on their way.
            self.usable = false;
        }
        answer
    }

    fn discard(&mut self) {
        if self.left > DISCARD_BYTES_MAX
            || self.receive(&mut |_| Ok(())).is_err()
        {
            self.usable = false;
        }
    }

    fn begin_put(
        &mut self,
        file: &PathText,
        size: u64,
        digest: Digest,
    ) -> Result<Outgoing, Error> {
        let request =
            Request::Upload { file: file.clone(), size, digest: Some(digest) };
        let said = self.exchange(&request)?;
        match said.code {
            Code::Same => return Ok(Outgoing::Same(of_reply(&said.reply()?))),
            Code::SpaceEnough => {}
            _ => {
                let error = odd(&said.reply()?, "to put");
                return Err(self.ended(error));
            }
        }
        let said = self.answer()?.granted()?;
        let reply = said.reply()?;
        let offset = match (said.code, reply.number("offset")) {
            (Code::FromStart, Some(0)) => 0,
            (Code::Resuming, Some(offset)) if (1..=size).contains(&offset) => {
                offset
            }
            _ => {
                let error = odd(&reply, "after 202");
                return Err(self.ended(error));
            }
        };
        (self.left, self.size) = (size - offset, size);
        Ok(Outgoing::Wanted { answer: of_reply(&reply), offset })
    }

    fn send(
        &mut self,
        file: &File,
        tick: &mut dyn FnMut(u64),
    ) -> Result<Answer, Error> {
        self.link.set_impatient(true)?;
        let sent = self.pump(file, tick);
        self.link.set_impatient(false)?;
        let sent = match sent {
            Err(error @ Error::Lost(_)) => Err(self.last_words(error)),
            Err(error) => Err(self.refused_midway(error)),
            Ok(()) => Ok(()),
        };
        sent.and_then(|()| self.closing_answer()).map_err(Error::in_transfer)
    }

    fn keep_alive(&mut self) -> Result<(), Error> {
        self.ask(&Request::Nothing).map(drop)
    }

    fn quit(&mut self) -> Option<Answer> {
        if !self.usable {
            return None;
        }
        self.usable = false;
        self.silence = self.silence.min(QUIT_TIME_MAX);
        self.ask(&Request::Quit).ok()
    }

    fn is_usable(&self) -> bool {
        self.usable && !self.closing
    }
}

fn shrunk() -> Error {
    Error::Broken("the file here became shorter while it was sent".into())
}

/// One read of a download: few system calls, and still within a cache.
const READ_BYTES: usize = 256 * 1024;

/// One send of an upload: how often we look for the server's word.
const SEND_BYTES: usize = 1024 * 1024;

/// What is read or sent for nothing, so that a connection stays in step. A
/// new connection would cost a sign-in, and a place in the queue.
const DISCARD_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// The longest listing that the protocol allows (§7.10).
const LISTING_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How long we wait in a queue without a word. The server's own bound is
/// far lower; this one is for a server that has none.
const QUEUE_TIME_MAX: Duration = Duration::from_secs(3600);

/// How long a failed connection is searched for the server's last words.
const LAST_WORDS_TIME_MAX: Duration = Duration::from_secs(1);

/// How long leave-taking may last.
const QUIT_TIME_MAX: Duration = Duration::from_secs(2);
