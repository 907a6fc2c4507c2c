//! What came of a request, as closed enums without text or digits. Each
//! dialect renders every variant in one exhaustive `match`.
//!
//! Must not know: how an outcome is worded or numbered.

use std::io;

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// One sign-in a session.
    AlreadySignedIn,
    /// No file can be created under this name.
    BadName,
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
