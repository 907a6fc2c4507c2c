//! What came of a request, as closed enums without text or digits. Each
//! dialect renders every variant in one exhaustive `match`.
//!
//! Must not know: how an outcome is worded or numbered.

use std::io;

use super::{listing::Listing, path::VPath, transfer};

/// The session's answer to one request.
#[derive(Debug)]
pub enum Outcome {
    /// It was done, or the transfer may begin.
    Granted(Granted),
    /// The asker's fault, or lack of right. Nothing has changed.
    Refused(Refused),
    /// The server's fault. Worth an operator's look.
    Failed(Failed),
}

/// What was granted.
#[derive(Debug)]
pub enum Granted {
    /// Nothing was asked, and nothing done.
    Alive,
    /// The session ends.
    Bye,
    /// The current directory, changed or not.
    Directory(VPath),
    /// A download may begin.
    Download(transfer::Download),
    /// The list of commands is wanted.
    Help,
    /// A directory's entries.
    Listing(Listing),
    /// A directory was made.
    Made(VPath),
    /// The use of the quota.
    Quota(QuotaReport),
    /// It was removed.
    Removed,
    /// It has its new name.
    Renamed,
    /// Both sides have the same file of `size` bytes.
    Same {
        /// The file's length in bytes.
        size: u64,
    },
    /// A file was sent whole.
    Sent {
        /// The file's length in bytes.
        size: u64,
    },
    /// The user is who they say.
    SignedIn {
        /// The user's name.
        user: String,
        /// The quota in bytes.
        quota: u64,
        /// What of it is used, in bytes.
        used: u64,
    },
    /// A file is complete, under its name and on disk.
    Stored {
        /// The file's length in bytes.
        size: u64,
    },
    /// An upload may begin.
    Upload(Box<transfer::Upload>),
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// One sign-in a session.
    AlreadySignedIn,
    /// No file can be created under this name.
    BadName,
    /// A transfer was to begin behind the file's end.
    BadOffset {
        /// The bytes that there are.
        size: u64,
    },
    /// No such user, or not the password: never which of the two.
    BadPassword {
        /// It was the last try that the limits allow.
        last: bool,
    },
    /// Not allowed to this user.
    Denied,
    /// What arrived is not what was announced; it was thrown away.
    DigestMismatch,
    /// The name to be created is taken.
    Exists,
    /// A listing would pass its bound.
    ListingTooLarge,
    /// The directory still holds something.
    NotEmpty,
    /// No such file or directory.
    NotFound,
    /// The request needs a user.
    NotSignedIn,
    /// The user's quota cannot take it.
    OverQuota {
        /// Bytes still to come.
        needed: u64,
        /// Bytes that would fit.
        available: u64,
    },
    /// Too many password checks are under way.
    Throttled,
}

/// Why the server could not do what it should have done.
#[derive(Debug)]
pub enum Failed {
    /// The file system is full.
    DiskFull,
    /// Anything else that the system said.
    Io(io::Error),
}

/// The use of a user's quota, all in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaReport {
    /// What the user may use.
    pub quota: u64,
    /// The home's files and the kept parts.
    pub used: u64,
    /// How much of `used` is kept parts.
    pub parts: u64,
    /// What a new upload may still take: quota − used − reserved.
    pub available: u64,
}

impl From<Refused> for Outcome {
    fn from(refused: Refused) -> Outcome {
        Outcome::Refused(refused)
    }
}

impl From<Failed> for Outcome {
    fn from(failed: Failed) -> Outcome {
        Outcome::Failed(failed)
    }
}

/// Why a step inside the core ends early: a refusal or a failure.
#[derive(Debug)]
pub enum Denial {
    /// The asker's.
    Refused(Refused),
    /// Ours.
    Failed(Failed),
}

impl From<Refused> for Denial {
    fn from(refused: Refused) -> Denial {
        Denial::Refused(refused)
    }
}

impl From<Failed> for Denial {
    fn from(failed: Failed) -> Denial {
        Denial::Failed(failed)
    }
}

impl From<Denial> for Outcome {
    fn from(denial: Denial) -> Outcome {
        match denial {
            Denial::Refused(refused) => Outcome::Refused(refused),
            Denial::Failed(failed) => Outcome::Failed(failed),
        }
    }
}

impl From<Result<Granted, Denial>> for Outcome {
    fn from(result: Result<Granted, Denial>) -> Outcome {
        match result {
            Ok(granted) => Outcome::Granted(granted),
            Err(denial) => denial.into(),
        }
    }
}
