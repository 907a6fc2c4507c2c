//! What a reply means to the client: an answer, a refusal with its reason,
//! or the server's farewell.
//!
//! FTP's codes are coarse. 550 is whatever cannot be done with a name, so
//! that its reason is the caller's to say.
//!
//! Must not know: which command was sent.

use crate::{
    client::{
        error::{Error, Why},
        remote::Answer,
        shown,
    },
    ftp::{
        code::{Class, Code},
        wire::Reply,
    },
};

/// A reply as the commands see it.
pub(super) fn answer(reply: &Reply) -> Answer {
    Answer {
        code: reply.code.to_string(),
        text: text_of(reply),
        ..Answer::default()
    }
}

/// A reply that must say that all is done; `otherwise` is what 550 and its
/// like mean.
///
/// # Errors
///
/// [`Error::Refused`].
pub(super) fn completed(reply: Reply, otherwise: Why) -> Result<Reply, Error> {
    match reply.code.class() {
        Class::Completion => Ok(reply),
        Class::Preliminary
        | Class::Intermediate
        | Class::Transient
        | Class::Permanent => Err(refused(&reply, otherwise)),
    }
}

/// A reply that does not fit its place.
pub(super) fn odd(reply: &Reply, place: &str) -> Error {
    Error::Protocol(format!("{} {place}", reply.code))
}

/// A refusal.
pub(super) fn refused(reply: &Reply, otherwise: Why) -> Error {
    Error::Refused {
        code: reply.code.to_string(),
        why: why(reply, otherwise),
        text: text_of(reply),
    }
}

/// A refusal after a transfer has begun: whatever else it is, the transfer is
/// broken.
pub(super) fn broken(reply: &Reply) -> Error {
    match refused(reply, Why::Broken) {
        full @ Error::Refused { why: Why::NoSpace, .. } => full,
        Error::Refused { code, text, .. } => {
            Error::Refused { code, why: Why::Broken, text }
        }
        other => other,
    }
}

/// A reply's last line, safe to print; it is where servers say what matters.
pub(super) fn text_of(reply: &Reply) -> String {
    let line = reply.last_line().trim_ascii();
    let shown = shown::text(&String::from_utf8_lossy(line));
    if shown.is_empty() { "no".into() } else { shown }
}

/// Why the server ends the session. It has one code for all reasons, but
/// says it in words when we were silent too long.
pub(super) fn farewell(reply: &Reply) -> Error {
    let (code, text) = (reply.code.to_string(), text_of(reply));
    let words = text.to_ascii_lowercase();
    let late = TIMEOUT_WORDS.iter().any(|word| words.contains(word));
    if late {
        Error::TimedOut { code, text }
    } else {
        Error::Busy { code, text }
    }
}

/// A refusal to let us in: some servers say with a wrong password's code
/// that they are full.
pub(super) fn kept_out(reply: &Reply) -> Error {
    let words = text_of(reply).to_ascii_lowercase();
    if FULL_WORDS.iter().any(|word| words.contains(word)) {
        let (code, text) = (reply.code.to_string(), text_of(reply));
        return Error::Busy { code, text };
    }
    refused(reply, Why::Authentication)
}

fn why(reply: &Reply, otherwise: Why) -> Why {
    match reply.code {
        Code::NOT_SIGNED_IN | Code::NEED_ACCOUNT => Why::Authentication,
        Code::STORAGE_FULL | Code::OVER_ALLOCATION => Why::NoSpace,
        Code::NO_DATA_CONNECTION | Code::ABORTED => Why::Broken,
        Code::FILE_BUSY | Code::FILE_UNAVAILABLE | Code::BAD_NAME => otherwise,
        _ => Why::Other,
    }
}

/// What a farewell to somebody silent has in it.
const TIMEOUT_WORDS: [&str; 4] = ["timeout", "timed out", "time out", "idle"];

/// What a refusal to somebody who is one too many has in it.
const FULL_WORDS: [&str; 4] =
    ["too many", "maximum number", "try again later", "is full"];
