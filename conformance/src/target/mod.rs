//! The server that is judged: one that runs somewhere, or one that the suite
//! starts for each scenario.
//!
//! Knows how to start and end a server, and where its files are; speaks no
//! protocol.

mod disk;
mod managed;
mod settings;

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub use disk::{base_of, make_entry};
pub use managed::Managed;
pub use settings::{merge, settings_of};

use crate::case::{Case, Need};

/// What is judged, and what has been learned of it by asking.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where it is, or how it is started.
    pub server: Server,
    /// What the server is known to have or lack.
    pub(crate) known: Arc<Mutex<BTreeMap<Need, bool>>>,
}

/// Where a server is, or how it is started.
#[derive(Clone, Debug)]
pub enum Server {
    /// A server program: one process a scenario, on a fresh root.
    Managed(Program),
    /// A server that runs already.
    Foreign(Foreign),
}

/// How a server program is called.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file.
    pub path: PathBuf,
    /// Arguments before the suite's own.
    pub args: Vec<String>,
    /// How it is told the passwords of the suite's users.
    pub passwords: Passwords,
}

/// How a server program is told the passwords of the suite's users.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Passwords {
    /// In clear.
    Clear,
    /// As Argon2id hashes of the lowest cost, where nothing measures what a
    /// check takes: at the usual cost the suite's own server would do little
    /// else than to hash, twice for each scenario.
    Hashed,
}

/// A server that runs already.
#[derive(Clone, Debug)]
pub struct Foreign {
    /// `HOST:PORT`.
    pub address: String,
    /// Who signs in.
    pub user: Credentials,
    /// Another user, where there is one.
    pub second: Option<Credentials>,
    /// How many it serves at once, where that is known.
    pub limit: Option<u64>,
    /// The first user's home on disk, where it can be reached.
    pub home: Option<PathBuf>,
}

/// A name and a password.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
}

impl Target {
    /// The workspace's own server, started for each scenario.
    pub fn own(path: PathBuf) -> Target {
        let (args, passwords) = (Vec::new(), Passwords::Hashed);
        Target::of(Server::Managed(Program { path, args, passwords }))
    }

    /// A server program that is started for each scenario.
    pub fn managed(path: PathBuf, args: Vec<String>) -> Target {
        let passwords = Passwords::Clear;
        Target::of(Server::Managed(Program { path, args, passwords }))
    }

    /// The same server with other arguments, and what is known of it.
    pub fn told(&self, args: Vec<String>) -> Target {
        let mut told = self.clone();
        if let Server::Managed(program) = &mut told.server {
            program.args = args;
        }
        told
    }

    /// A server that runs already.
    pub fn foreign(foreign: Foreign) -> Target {
        Target::of(Server::Foreign(foreign))
    }

    fn of(server: Server) -> Target {
        Target { server, known: Arc::default() }
    }

    /// For people and reports.
    pub fn name(&self) -> String {
        match &self.server {
            Server::Managed(program) => {
                let file = program.path.file_name().unwrap_or_default();
                let mut name = file.to_string_lossy().into_owned();
                for arg in &program.args {
                    name += " ";
                    name += arg;
                }
                name
            }
            Server::Foreign(foreign) => foreign.address.clone(),
        }
    }

    /// Why the case cannot be played here, where it cannot.
    pub fn lacks(&self, case: &Case) -> Option<String> {
        case.needs().iter().find_map(|need| self.lacks_need(need))
    }

    fn lacks_need(&self, need: &Need) -> Option<String> {
        let foreign = match &self.server {
            Server::Managed(_) => None,
            Server::Foreign(foreign) => Some(foreign),
        };
        let lacking = match need {
            Need::Tls => Some("the suite speaks no TLS"),
            Need::Unprivileged if rustix::process::geteuid().is_root() => {
                Some("root may read and write everything")
            }
            Need::Unprivileged => None,
            Need::SecondUser => foreign
                .is_some_and(|f| f.second.is_none())
                .then_some("no second user is known (--second-user)"),
            Need::Limit => foreign
                .is_some_and(|f| f.limit.is_none())
                .then_some("the server's limit is not known (--limit)"),
            Need::Disk => foreign
                .is_some_and(|f| f.home.is_none())
                .then_some("the user's home cannot be reached (--home)"),
            Need::Managed => foreign.map(|_| {
                "it needs a server that the suite starts with its own settings"
            }),
            // Those are asked of the server itself, by `probe`.
            Need::Write | Need::Feat(_) | Need::Verb(_) => None,
        };
        lacking.map(|reason| format!("needs {need}: {reason}"))
    }
}

impl Foreign {
    /// The address of the host's name.
    pub fn resolve(&self) -> Result<SocketAddr, String> {
        self.address
            .to_socket_addrs()
            .map_err(|error| format!("{}: {error}", self.address))?
            .next()
            .ok_or_else(|| format!("{} has no address", self.address))
    }
}

/// Where a user's files are below a server's root.
pub fn home_of(root: &Path, user: &str) -> PathBuf {
    root.join("home").join(user)
}
