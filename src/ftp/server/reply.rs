//! How outcomes of the core are worded: one exhaustive `match`, so that a
//! new refusal does not compile until it has its reply here.
//!
//! Must not know: sockets, and how a transfer moves.

use crate::{
    ftp::code::Code,
    session::{Denial, Failed, Refused},
};

/// The reply to what was refused or failed.
pub(super) fn denial(denial: &Denial) -> (Code, String) {
    match denial {
        Denial::Refused(refused) => refusal(refused),
        Denial::Failed(failed) => {
            let (code, text) = failure(failed);
            (code, text.to_owned())
        }
    }
}

/// The reply to a refusal.
pub(super) fn refusal(refused: &Refused) -> (Code, String) {
    let (code, text) = match refused {
        Refused::AlreadySignedIn => (Code::BAD_SEQUENCE, "Already signed in."),
        Refused::BadName => (Code::BAD_NAME, "No file can have this name."),
        Refused::BadOffset { size } => {
            let text = format!("The file ends before that, at {size} bytes.");
            return (Code::BAD_RESTART, text);
        }
        Refused::BadPassword { last: false } => {
            (Code::NOT_SIGNED_IN, "Wrong name or password.")
        }
        Refused::BadPassword { last: true } => {
            (Code::UNAVAILABLE, "Wrong name or password, too often; closing.")
        }
        Refused::Denied => (Code::FILE_UNAVAILABLE, "Not allowed."),
        Refused::DigestMismatch => (
            Code::LOCAL_ERROR,
            "What arrived is not what was announced; it was thrown away.",
        ),
        Refused::Exists => (Code::FILE_UNAVAILABLE, "The name is taken."),
        Refused::ListingTooLarge => {
            (Code::FILE_UNAVAILABLE, "Too many entries to list.")
        }
        Refused::NotEmpty => {
            (Code::FILE_UNAVAILABLE, "The directory is not empty.")
        }
        Refused::NotFound => {
            (Code::FILE_UNAVAILABLE, "No such file or directory.")
        }
        Refused::NotSignedIn => {
            (Code::NOT_SIGNED_IN, "Sign in with USER and PASS first.")
        }
        Refused::OverQuota { needed, available } => {
            let text = format!(
                "It does not fit the quota: {needed} bytes or more, \
                 {available} available."
            );
            return (Code::OVER_ALLOCATION, text);
        }
        // Some clients look for these words, and come again later.
        Refused::Throttled => (
            Code::NOT_SIGNED_IN,
            "Too many sign-ins are under way; try again later.",
        ),
    };
    (code, text.to_owned())
}

/// The reply to the server's own trouble.
pub(super) fn failure(failed: &Failed) -> (Code, &'static str) {
    match failed {
        Failed::DiskFull => (Code::STORAGE_FULL, "The server's disk is full."),
        Failed::Io(_) => (Code::LOCAL_ERROR, "The server has trouble."),
    }
}

/// A path in quotes, with those in it doubled (RFC 959 Appendix II).
pub(super) fn quoted(path: &[u8], comment: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(path.len() + comment.len() + 3);
    text.push(b'"');
    for &byte in path {
        text.push(byte);
        if byte == b'"' {
            text.push(b'"');
        }
    }
    text.push(b'"');
    if !comment.is_empty() {
        text.push(b' ');
        text.extend_from_slice(comment.as_bytes());
    }
    text
}
