//! What can go wrong for the client, as one closed enum, and the exit code
//! of each.
//!
//! Must not know: how an error is printed (`console`), or a dialect's codes
//! beyond the digits that an answer showed.

use std::io;

use super::exit::Exit;

/// Why something was not done. Its text is for people and one line.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The server refused a command.
    #[error("{text}")]
    Refused {
        /// The digits that it answered.
        code: String,
        /// What they mean for our exit code.
        why: Why,
        /// The server's text, safe to print.
        text: String,
    },
    /// No connection came about.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// The connection was not accepted in time.
    #[error("no connection within {0} s")]
    ConnectTimeout(u64),
    /// The server has no place, not even to wait.
    #[error("{text}")]
    Busy {
        /// The digits that it said.
        code: String,
        /// The server's text, safe to print.
        text: String,
    },
    /// The server ended the session because we were silent.
    #[error("{text}")]
    TimedOut {
        /// The digits that it said.
        code: String,
        /// What has passed, safe to print.
        text: String,
    },
    /// The server said nothing for too long.
    #[error("the server has been silent for {0} s")]
    Silent(u64),
    /// The server said that it closes down, and did.
    #[error("the server closes down")]
    Closing {
        /// The digits that it said.
        code: String,
    },
    /// Somebody pressed Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// The connection ended where no transfer was under way.
    #[error("the connection is lost: {0}")]
    Lost(String),
    /// A transfer ended before its last byte.
    #[error("the transfer broke off: {0}")]
    Broken(String),
    /// The server said what the protocol does not know.
    #[error("the server does not keep to the protocol: {0}")]
    Protocol(String),
    /// Something here, on our own disk.
    #[error("{what}: {source}")]
    Local {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// A local file is of other content and nobody said to replace it.
    #[error("{0}")]
    Differs(String),
    /// A name there is taken, and the server would replace what has it.
    #[error("{0}")]
    Taken(String),
    /// A name that must not become a local file's.
    #[error("{0}")]
    UnsafeName(String),
    /// A pattern that nothing matches.
    #[error("nothing matches {0}")]
    NoMatch(String),
    /// A command line that is none.
    #[error("{0}")]
    Usage(String),
    /// Nobody said a password.
    #[error("{0}")]
    NoPassword(String),
    /// Some of many files failed, and each has been told of already.
    #[error("{failed} of {all} files were not transferred")]
    Several {
        /// How many were not.
        failed: usize,
        /// How many were asked for.
        all: usize,
        /// The exit code of the first.
        exit: Exit,
    },
}

/// What a refusal means, apart from its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Not signed in.
    Authentication,
    /// The transfer ended early; the same again resumes it.
    Broken,
    /// What arrived is not what was announced.
    Digest,
    /// The name is taken.
    Exists,
    /// No such file or directory.
    NotFound,
    /// No space.
    NoSpace,
    /// Anything else.
    Other,
    /// Too much at once: the same again may do.
    TryAgain,
}

impl Error {
    /// Something on our own disk.
    pub(super) fn local(what: impl Into<String>, source: io::Error) -> Error {
        Error::Local { what: what.into(), source }
    }

    /// The digits to show before the text, where the server said any.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Error::Refused { code, .. }
            | Error::Busy { code, .. }
            | Error::TimedOut { code, .. }
            | Error::Closing { code } => Some(code),
            Error::Unreachable(_)
            | Error::ConnectTimeout(_)
            | Error::Silent(_)
            | Error::Interrupted
            | Error::Lost(_)
            | Error::Broken(_)
            | Error::Protocol(_)
            | Error::Local { .. }
            | Error::Differs(_)
            | Error::Taken(_)
            | Error::UnsafeName(_)
            | Error::NoMatch(_)
            | Error::Usage(_)
            | Error::NoPassword(_)
            | Error::Several { .. } => None,
        }
    }

    /// The exit code of a script that ends with it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Error::Refused { why, .. } => match why {
                Why::Authentication | Why::TryAgain => Exit::Authentication,
                Why::Broken | Why::Digest => Exit::Broken,
                Why::Exists => Exit::Exists,
                Why::NotFound => Exit::NotFound,
                Why::NoSpace => Exit::NoSpace,
                Why::Other => Exit::Other,
            },
            Error::Unreachable(_) | Error::Busy { .. } => Exit::Unreachable,
            Error::ConnectTimeout(_)
            | Error::TimedOut { .. }
            | Error::Silent(_) => Exit::Timeout,
            Error::Broken(_) => Exit::Broken,
            Error::Local { source, .. } => of_system(source),
            Error::Differs(_) | Error::Taken(_) => Exit::Exists,
            Error::NoMatch(_) => Exit::NotFound,
            Error::Usage(_) => Exit::Usage,
            Error::NoPassword(_) => Exit::Authentication,
            Error::Several { exit, .. } => *exit,
            Error::Closing { .. }
            | Error::Interrupted
            | Error::Lost(_)
            | Error::Protocol(_)
            | Error::UnsafeName(_) => Exit::Other,
        }
    }

    /// The same, where it ended a transfer: a lost connection, and a server
    /// that closes or has no place any more, then mean that the transfer is
    /// broken.
    pub(super) fn in_transfer(self) -> Error {
        match self {
            Error::Busy { code, text } => {
                Error::Refused { code, why: Why::Broken, text }
            }
            Error::Closing { .. } | Error::Lost(_) | Error::Protocol(_) => {
                Error::Broken(self.to_string())
            }
            other => other,
        }
    }
}

/// The exit code of what our own system said. Its kinds are an open list,
/// so that a wildcard is what they leave us.
fn of_system(error: &io::Error) -> Exit {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => Exit::NotFound,
        Kind::AlreadyExists => Exit::Exists,
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => {
            Exit::NoSpace
        }
        _ => Exit::Other,
    }
}
