//! The conversation in the native protocol: requests and answers in step,
//! `000` lines noted wherever they stand, file bytes counted exactly.
//!
//! Must not know: local names, the screen beyond what the server announces.

mod link;
mod said;
mod transfer;

use std::{fs::File, time::Duration};

use self::{
    link::Link,
    said::{Said, odd, of_reply, text_or},
    transfer::DISCARD_BYTES_MAX,
};
use super::{
    console::Console,
    error::Error,
    listing::{self, Entry},
    remote::{Answer, Held, Incoming, Outgoing, Remote},
    shown,
    sum::{Algorithm, Sum},
    target::Target,
};
use crate::{
    native::{
        code::Code,
        wire::{self, Reply},
    },
    session::{self, Digest, Password, PathText, Request},
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
            Error::Lost(_) | Error::Closing { .. } => {
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
        self.console.announce(
            &system(),
            &format!("waiting, position {position}{places}"),
        );
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
                let text = text_or(reply, "the server is busy");
                Err(Error::Busy { code: system(), text })
            }
            Some("timeout") => {
                self.usable = false;
                let limit = reply.field("limit").unwrap_or("own");
                let text = format!(
                    "the server ended the session: its {} limit has passed",
                    shown::text(limit)
                );
                Err(Error::TimedOut { code: system(), text })
            }
            Some("closing") => {
                self.closing = true;
                self.console.announce(&system(), "the server closes down");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Marks the conversation as over.
    fn ended(&mut self, error: Error) -> Error {
        self.usable = false;
        match error {
            Error::Lost(_) if self.closing => {
                Error::Closing { code: system() }
            }
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

    fn compares_get(
        &mut self,
        _: &PathText,
        _: u64,
    ) -> Result<Option<Algorithm>, Error> {
        Ok(Some(Algorithm::Blake3))
    }

    fn begin_get(
        &mut self,
        file: &PathText,
        held: Option<Held>,
    ) -> Result<Incoming, Error> {
        // Without a digest the server would go by the length alone.
        let held = held.and_then(|held| {
            let digest = held.sum.and_then(blake3)?;
            let length = held.length;
            Some(session::Held { length, digest: Some(digest) })
        });
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
                let size = Some(size);
                Ok(Incoming::Bytes { answer, offset, size, source: None })
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

    fn compares_put(
        &mut self,
        _: &PathText,
        size: u64,
    ) -> Result<Option<(Algorithm, u64)>, Error> {
        Ok(Some((Algorithm::Blake3, size)))
    }

    fn begin_put(
        &mut self,
        file: &PathText,
        size: u64,
        sum: Option<Sum>,
    ) -> Result<Outgoing, Error> {
        let digest = sum.and_then(blake3);
        let request = Request::Upload { file: file.clone(), size, digest };
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

/// A digest as the protocol carries it.
fn blake3(sum: Sum) -> Option<Digest> {
    match sum {
        Sum::Blake3(digest) => Some(digest),
        Sum::Sha256(_) | Sum::Crc32(_) => None,
    }
}

/// The digits of what the server says outside any answer.
fn system() -> String {
    Code::System.digits().into()
}

/// The longest listing that the protocol allows (§7.10).
const LISTING_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How long we wait in a queue without a word. The server's own bound is
/// far lower; this one is for a server that has none.
const QUEUE_TIME_MAX: Duration = Duration::from_secs(3600);

/// How long a failed connection is searched for the server's last words.
const LAST_WORDS_TIME_MAX: Duration = Duration::from_secs(1);

/// How long leave-taking may last.
const QUIT_TIME_MAX: Duration = Duration::from_secs(2);
