//! What an FTP session remembers between commands, and the core need not
//! know: the type, the restart point, the name to be changed.
//!
//! Must not know: sockets, and how commands are answered.

use std::net::SocketAddr;

use super::{facts::Facts, hash::Algorithm};
use crate::{ftp::verb::Setup, session::VPath};

/// The parameters of a session (RFC 959 §5.1 has the defaults).
#[derive(Debug, Default)]
pub(super) struct State {
    /// The name that waits for its password.
    pub(super) user: Option<String>,
    pub(super) kind: DataType,
    pub(super) facts: Facts,
    pub(super) hash: Algorithm,
    /// EPSV ALL was given: no other way to a data connection is open.
    pub(super) extended_only: bool,
    /// The last transfer was broken off by an ABOR that is still to be
    /// answered.
    pub(super) aborted: bool,
    pub(super) rename_from: Option<VPath>,
    /// For the next transfer.
    pub(super) setup: TransferSetup,
}

/// What REST, RANG and ALLO have set up for the next transfer.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct TransferSetup {
    /// The first byte, where REST gave it.
    pub(super) restart: Option<u64>,
    /// The first and the last byte, where RANG gave them.
    pub(super) range: Option<(u64, u64)>,
    /// How many bytes will be sent, where ALLO said so.
    pub(super) announced: Option<u64>,
}

/// What STAT says of a session, in a transfer and outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Status<'a> {
    pub(super) user: Option<&'a str>,
    /// The client's end of the control connection.
    pub(super) peer: SocketAddr,
    /// This end of it.
    pub(super) local: SocketAddr,
    pub(super) kind: DataType,
}

/// How a file's bytes look on the data connection.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataType {
    /// Lines end in CRLF there, and in LF in the file.
    #[default]
    Ascii,
    /// As they are.
    Image,
}

impl State {
    /// What is left for a command to use, and what is left behind it: the
    /// pending name is for the very next command alone.
    pub(super) fn turn(&mut self, setup: Setup) -> Taken {
        let taken = Taken {
            user: self.user.take(),
            rename_from: self.rename_from.take(),
            setup: self.setup,
        };
        match setup {
            Setup::Goes => self.setup = TransferSetup::default(),
            Setup::Stays => {}
        }
        taken
    }
}

/// What the commands before have prepared for this one.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) user: Option<String>,
    pub(super) rename_from: Option<VPath>,
    pub(super) setup: TransferSetup,
}
