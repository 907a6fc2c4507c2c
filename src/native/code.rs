//! The one file in which the native protocol's digits and reason words
//! stand: what an outcome of the core is called on the wire
//! (`docs/native-protocol.md` §1 and §8).
//!
//! Must not know: how a line is built or read; that is `wire`.

use crate::session::{Failed, Refused};

/// The twelve status codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// 000: the server speaks outside any command.
    System,
    /// 200: the user is authenticated.
    SignedIn,
    /// 201: the command is executed.
    Done,
    /// 202: the disk space is enough.
    SpaceEnough,
    /// 203: the files are the same.
    Same,
    /// 205: the bytes flow from an offset.
    Resuming,
    /// 400: not authenticated.
    NotSignedIn,
    /// 401: the command is incorrect, or cannot be carried out as given.
    Incorrect,
    /// 402: no such file or directory.
    NotFound,
    /// 403: the name exists already.
    Exists,
    /// 404: the disk space is not enough.
    NoSpace,
    /// 405: the bytes flow from the start.
    FromStart,
}

impl Code {
    /// All of them, in the order of their digits.
    pub const ALL: [Code; 12] = [
        Code::System,
        Code::SignedIn,
        Code::Done,
        Code::SpaceEnough,
        Code::Same,
        Code::Resuming,
        Code::NotSignedIn,
        Code::Incorrect,
        Code::NotFound,
        Code::Exists,
        Code::NoSpace,
        Code::FromStart,
    ];

    /// The three digits.
    pub fn digits(self) -> &'static str {
        match self {
            Code::System => "000",
            Code::SignedIn => "200",
            Code::Done => "201",
            Code::SpaceEnough => "202",
            Code::Same => "203",
            Code::Resuming => "205",
            Code::NotSignedIn => "400",
            Code::Incorrect => "401",
            Code::NotFound => "402",
            Code::Exists => "403",
            Code::NoSpace => "404",
            Code::FromStart => "405",
        }
    }

    /// The code of three digits, if it is one of the twelve.
    pub fn parse(digits: &[u8]) -> Option<Code> {
        Code::ALL.into_iter().find(|code| code.digits().as_bytes() == digits)
    }

    /// Whether it refuses the command. 405 does not: it announces bytes.
    pub fn is_refusal(self) -> bool {
        match self {
            Code::NotSignedIn
            | Code::Incorrect
            | Code::NotFound
            | Code::Exists
            | Code::NoSpace => true,
            Code::System
            | Code::SignedIn
            | Code::Done
            | Code::SpaceEnough
            | Code::Same
            | Code::Resuming
            | Code::FromStart => false,
        }
    }
}

/// A request line that could not be decoded (§2.2, §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// An argument or option is missing, wrong, or one too many.
    BadArgument,
    /// The line is over the limit.
    TooLong,
    /// No verb of the protocol, or no verb at all.
    UnknownVerb,
}

/// The code and the reason of a refusal, and a text for people.
pub fn of_refusal(refused: &Refused) -> (Code, &'static str, &'static str) {
    match refused {
        Refused::AlreadySignedIn => {
            (Code::Incorrect, "bad-argument", "signed in already")
        }
        Refused::BadName => {
            (Code::Incorrect, "bad-argument", "no file can have this name")
        }
        // Natively the rows of §5 begin at 0 instead.
        Refused::BadOffset { .. } => {
            (Code::Incorrect, "bad-argument", "the file ends before that")
        }
        Refused::BadPassword { .. } => {
            (Code::NotSignedIn, "bad-password", "wrong name or password")
        }
        Refused::Denied => (Code::Incorrect, "denied", "not allowed"),
        Refused::DigestMismatch => (
            Code::Incorrect,
            "digest-mismatch",
            "what arrived is not what was announced; it was thrown away",
        ),
        Refused::Exists => (Code::Exists, "exists", "the name is taken"),
        Refused::ListingTooLarge => {
            (Code::Incorrect, "too-large", "too many entries to list")
        }
        Refused::NotEmpty => {
            (Code::Incorrect, "not-empty", "the directory is not empty")
        }
        Refused::NotFound => {
            (Code::NotFound, "not-found", "no such file or directory")
        }
        Refused::NotSignedIn => {
            (Code::NotSignedIn, "login-first", "authenticate first")
        }
        Refused::OverQuota { .. } => {
            (Code::NoSpace, "over-quota", "it does not fit the quota")
        }
        Refused::Throttled => (
            Code::NotSignedIn,
            "throttled",
            "too many sign-ins are under way; try again",
        ),
    }
}

/// The code and the reason of a failure that is the server's own.
pub fn of_failure(failed: &Failed) -> (Code, &'static str, &'static str) {
    match failed {
        Failed::DiskFull => {
            (Code::NoSpace, "disk-full", "the server's disk is full")
        }
        Failed::Io(_) => (Code::Incorrect, "io", "the server has trouble"),
    }
}

/// The code and the reason of a line that is no request.
pub fn of_malformed(what: Malformed) -> (Code, &'static str, &'static str) {
    match what {
        Malformed::BadArgument => {
            (Code::Incorrect, "bad-argument", "an argument is wrong")
        }
        Malformed::TooLong => {
            (Code::Incorrect, "too-long", "the line is too long")
        }
        Malformed::UnknownVerb => {
            (Code::Incorrect, "unknown-verb", "no such command; try help")
        }
    }
}
