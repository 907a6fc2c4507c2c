//! One line of the server's in the native protocol: what it says, and what
//! a refusal means to the client.
//!
//! Must not know: which request it answers.

use crate::{
    client::{
        error::{Error, Why},
        remote::{Answer, Space},
        shown,
    },
    native::{
        code::Code,
        wire::{self, Reply},
    },
};

/// A line that is a reply.
pub(super) struct Said {
    /// Its code.
    pub(super) code: Code,
    line: Vec<u8>,
}

impl Said {
    /// A line as a reply.
    ///
    /// # Errors
    ///
    /// [`Error::Protocol`] where it is none.
    pub(super) fn parse(line: Vec<u8>) -> Result<Said, Error> {
        match wire::decode_reply(&line) {
            Some(reply) => Ok(Said { code: reply.code, line }),
            None => Err(no_reply(&line)),
        }
    }

    /// The reply, to read its fields.
    ///
    /// # Errors
    ///
    /// None in fact: the line has been decoded before.
    pub(super) fn reply(&self) -> Result<Reply<'_>, Error> {
        wire::decode_reply(&self.line).ok_or_else(|| no_reply(&self.line))
    }

    /// The reply, where it is no refusal.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`].
    pub(super) fn granted(self) -> Result<Said, Error> {
        if !self.code.is_refusal() {
            return Ok(self);
        }
        let reply = self.reply()?;
        let mut text = text_or(&reply, reply.field("reason").unwrap_or("no"));
        if let (Some(needed), Some(available)) =
            (reply.number("needed"), reply.number("available"))
        {
            text.push_str(&format!(
                " ({needed} bytes needed, {available} available)"
            ));
        }
        let code = self.code.digits().into();
        Err(Error::Refused { code, why: why(&reply), text })
    }
}

/// What a refusal means for us. What is none never comes here.
fn why(reply: &Reply<'_>) -> Why {
    let reason = reply.field("reason");
    match reply.code {
        Code::NotSignedIn if reason == Some("throttled") => Why::TryAgain,
        Code::NotSignedIn => Why::Authentication,
        Code::NotFound => Why::NotFound,
        Code::Exists => Why::Exists,
        Code::NoSpace => Why::NoSpace,
        Code::Incorrect if reason == Some("digest-mismatch") => Why::Digest,
        Code::Incorrect
        | Code::System
        | Code::SignedIn
        | Code::Done
        | Code::SpaceEnough
        | Code::Same
        | Code::Resuming
        | Code::FromStart => Why::Other,
    }
}

/// A reply as the commands see it.
pub(super) fn of_reply(reply: &Reply<'_>) -> Answer {
    Answer {
        code: reply.code.digits().into(),
        path: reply.name("path"),
        space: Space {
            quota: reply.number("quota"),
            used: reply.number("used"),
            parts: reply.number("parts"),
            available: reply.number("available"),
        },
        text: shown::text(reply.text),
    }
}

/// A reply's text, safe to print; another where it has none.
pub(super) fn text_or(reply: &Reply<'_>, otherwise: &str) -> String {
    match reply.text {
        "" => shown::text(otherwise),
        text => shown::text(text),
    }
}

/// A reply that does not fit its place.
pub(super) fn odd(reply: &Reply<'_>, place: &str) -> Error {
    Error::Protocol(format!("{} {place}", reply.code.digits()))
}

fn no_reply(line: &[u8]) -> Error {
    let start = &line[..line.len().min(LINE_SHOWN_BYTES)];
    Error::Protocol(format!("{:?} is no reply", shown::name(start)))
}

/// How much of a line that is no reply is shown.
const LINE_SHOWN_BYTES: usize = 80;
