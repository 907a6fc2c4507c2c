//! The settings: a YAML file and the flags, as typed, checked once into the
//! only form that the rest of the server takes.
//!
//! Who reads a [`Settings`] need not look again: every number is in its
//! bounds, every name is a name, at least one listener is on. Must not know:
//! a socket, a session, the database.

mod check;
mod demo;
mod error;
mod file;
mod raw;
mod size;
mod tree;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    time::Duration,
};

use crate::{password::Password, users::UserName};

pub use check::{
    LOGIN_FAILURES_MAX, MAX_USERS_MAX, PART_HOURS_MAX, PLACES_MAX_MAX,
    SECS_MAX,
};
pub use demo::is_demo_password;
pub(crate) use demo::passwords as demo_passwords;
pub use error::SettingsError;
pub use file::{FILE_BYTES_MAX, Loaded, root_of};
pub use raw::SIZE_EXPECTED;
pub use size::{SIZE_MAX, parse_size};

/// What a server runs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The folder of `conf/`, `database/`, `home/` and `log/`, absolute.
    pub root: PathBuf,
    /// Where to listen; at least one listener is on.
    pub listen: Listen,
    /// How many sessions are served at once, over all listeners together.
    pub max_users: usize,
    /// The line of those who come when all places are taken.
    pub waiting: Waiting,
    /// The quota in bytes of users who have none of their own.
    pub default_quota: u64,
    /// The users to make where the database does not know them.
    pub users: Vec<UserSettings>,
    /// How long and how often anything may be tried.
    pub limits: Limits,
    /// Checked and kept for the FTP dialect.
    pub ftp: FtpSettings,
    /// `None`: no TLS. In this version it always is.
    pub tls: Option<TlsSettings>,
}

impl Settings {
    /// What the settings say of the user; the database may know users that
    /// the settings do not name.
    pub fn user(&self, name: &UserName) -> Option<&UserSettings> {
        self.users.iter().find(|user| user.name == *name)
    }
}

/// Where to listen. `None` is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    /// For the native protocol.
    pub native: Option<SocketAddr>,
    /// For the FTP dialect.
    pub ftp: Option<SocketAddr>,
}

impl Listen {
    /// An address that others than this machine can reach, if there is one.
    pub fn beyond_loopback(&self) -> Option<SocketAddr> {
        let mut open = [self.native, self.ftp].into_iter().flatten();
        open.find(|at| !at.ip().to_canonical().is_loopback())
    }
}

/// The waiting line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// How many may wait; who comes then is told that the server is busy.
    pub places_max: usize,
    /// How long one may wait.
    pub time_max: Duration,
}

/// A user of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserSettings {
    /// The name; no other user of the settings has it.
    pub name: UserName,
    /// The password that a new user gets.
    pub secret: Secret,
    /// The quota in bytes, where the settings give the user one.
    pub quota: Option<u64>,
}

/// A password, or its hash. Neither shows in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The hash as a PHC string that the server can check.
    Hash(String),
    /// The password in clear.
    Password(Password),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// How long and how often anything may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From ready to signed in.
    pub login: Duration,
    /// From the end of a command to the next complete request.
    pub idle: Duration,
    /// Without a byte moved in a transfer.
    pub stall: Duration,
    /// The failure with this number closes the connection.
    pub login_failures: u32,
    /// For transfers under way when the server stops; zero cuts at once.
    pub drain: Duration,
    /// How long the part of a broken upload is kept.
    pub part_age: Duration,
}

/// What the FTP dialect alone needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FtpSettings {
    /// The ports for passive data connections.
    pub passive_ports: RangeInclusive<u16>,
    /// The address to tell clients, where it is not the listener's own.
    pub public_address: Option<IpAddr>,
    /// Whether who waits in line is told so, before the greeting.
    pub waiting_replies: bool,
}

/// The server's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate's PEM file.
    pub certificate: PathBuf,
    /// The key's PEM file.
    pub key: PathBuf,
    /// Whether a client must use TLS.
    pub require: bool,
}

/// The command line's part of the settings: each wins over the file's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--root`, relative to the current folder.
    pub root: Option<PathBuf>,
    /// `--listen-native`.
    pub listen_native: Option<SocketAddr>,
    /// `--listen-ftp`.
    pub listen_ftp: Option<SocketAddr>,
    /// `--max-users`.
    pub max_users: Option<usize>,
}
