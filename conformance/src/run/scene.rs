//! What the scripts of one scenario share: the transcript, the tallies, the
//! barriers, the server, and what was found.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::barrier::Barriers;
use super::evidence::Evidence;
use crate::case::{Case, Dialect, Grade};
use crate::ftp::lint::Broken;
use crate::target::{Credentials, Managed};
use crate::verdict::{Failure, Seen};
use crate::wire::{Kind, Wire};

/// Why a script goes no further.
#[derive(Debug)]
pub(super) enum Stop {
    /// An assertion did not hold.
    Failed(Failure),
    /// An answer did not come.
    Late(Failure),
    /// The server does not have the feature and need not.
    Unsupported(String),
    /// Trouble that is not the server's.
    Trouble(String),
    /// Another script has stopped already.
    Aborted,
}

/// What the scripts of one scenario share.
#[derive(Debug)]
pub(super) struct Scene {
    pub(super) case: Case,
    pub(super) user: Credentials,
    pub(super) second: Option<Credentials>,
    /// Passwords that no report may show: those of a foreign server's users.
    pub(super) secrets: Vec<String>,
    /// The name of the scenario's folder.
    pub(super) folder: String,
    /// The first user's home, where it can be reached.
    pub(super) home: Option<PathBuf>,
    pub(super) wire: Wire,
    /// When the scenario's own time is up.
    pub(super) deadline: Instant,
    /// How long one answer may take.
    pub(super) patience: Duration,
    /// Set when a script has stopped: the others stop waiting.
    pub(super) abort: Arc<AtomicBool>,
    pub(super) barriers: Barriers,
    pub(super) evidence: Mutex<Evidence>,
    pub(super) found: Mutex<Found>,
    pub(super) server: Mutex<Option<Managed>>,
    /// Whether the scenario itself has ended or signalled the server.
    pub(super) touched: AtomicBool,
}

/// What was found and counted so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) address: Option<SocketAddr>,
    /// The bound as it was told, by settings, flag or server.
    pub(super) limit: Option<u64>,
    pub(super) faults: Vec<String>,
    /// FTP: requirements that the lint saw broken.
    pub(super) broken: BTreeSet<Broken>,
    pub(super) notes: Vec<(Grade, String)>,
    pub(super) seen: BTreeSet<Seen>,
    /// The reply that came last, before any script stopped.
    pub(super) last: Option<Seen>,
    pub(super) tallies: BTreeMap<String, u64>,
    pub(super) marks: HashMap<String, Instant>,
    /// Where uploads were admitted, in the home of whoever signed in.
    pub(super) uploads: BTreeSet<String>,
}

impl Scene {
    /// What the scenario speaks.
    pub(super) fn dialect(&self) -> Dialect {
        self.case.dialect
    }

    /// What was found so far, to read or to add to.
    pub(super) fn found(&self) -> MutexGuard<'_, Found> {
        lock(&self.found)
    }

    /// The server's address.
    pub(super) fn address(&self) -> Result<SocketAddr, Stop> {
        self.found()
            .address
            .ok_or_else(|| Stop::Trouble("the server is not started".into()))
    }

    /// Who `login` means: `user`, `second`, or one of the scenario's own.
    pub(super) fn credentials(&self, who: &str) -> Option<Credentials> {
        if who == "user" {
            return Some(self.user.clone());
        }
        if who == "second" {
            return self.second.clone();
        }
        let settings = self.case.scenario.server.as_ref()?;
        let user = settings.users.iter().find(|user| user.name == who)?;
        let (name, password) = (user.name.clone(), user.password.clone());
        Some(Credentials { name, password })
    }

    /// A request as a report may show it.
    pub(super) fn veiled(&self, line: String) -> String {
        let verb = line.trim_start().get(..4).unwrap_or_default();
        if !verb.eq_ignore_ascii_case("auth") {
            return line;
        }
        self.secrets
            .iter()
            .fold(line, |line, secret| line.replace(secret, "(hidden)"))
    }

    /// Notes that a rule was broken, beside what the scenario is about.
    pub(super) fn fault(&self, client: &str, what: String) {
        self.wire.add(client, Kind::Fault, what.clone());
        let mut found = self.found();
        if found.faults.len() < FAULTS_MAX {
            found.faults.push(what);
        }
    }

    /// Has all scripts of the scenario stop waiting.
    pub(super) fn abort(&self) {
        self.abort.store(true, Ordering::Relaxed);
        self.barriers.wake();
    }
}

/// Locks; what a thread that panicked has left is whole enough to report.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// More broken rules than anyone reads.
const FAULTS_MAX: usize = 50;
