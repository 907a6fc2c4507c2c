//! Who is speaking: checks a name and a password against the database. A
//! check costs what Argon2id costs, for a wrong password and an unknown
//! user alike; a success is remembered for a short time under a keyed hash,
//! so that the same user's next sign-in costs microseconds. How many checks
//! run and wait at once is bounded.
//!
//! Must not know: sessions, homes, how often somebody may try.

use std::{
    collections::{HashMap, HashSet},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use super::records::Records;
use crate::{
    password,
    users::{Database, DatabaseError, Record, UserName},
};

/// Checks passwords; shared by all sessions.
#[derive(Debug)]
pub(super) struct Authenticator {
    records: Records,
    /// Keys the hashes that are remembered: they are worth nothing in
    /// another process.
    key: [u8; 32],
    /// What an unknown user's password is checked against.
    nobody: String,
    state: Mutex<State>,
    /// A check has ended.
    ended: Condvar,
    bounds: Bounds,
}

/// How many checks there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// At work at once: each takes 19 MiB and a processor.
    pub(super) running_max: usize,
    /// Waiting for their turn.
    pub(super) waiting_max: usize,
    /// How long one waits at most.
    pub(super) wait_max: Duration,
}

#[derive(Debug, Default)]
struct State {
    remembered: HashMap<UserName, Remembered>,
    /// The checks at work, by what they check: the same check is not made
    /// twice at once.
    running: HashSet<blake3::Hash>,
    waiting: usize,
}

#[derive(Debug)]
struct Remembered {
    proof: blake3::Hash,
    until: Instant,
}

/// What came of a check.
#[derive(Debug)]
pub(super) enum Checked {
    /// The user is who they say.
    Yes(UserName, Record),
    /// No such user, or not the password.
    No,
    /// Too many checks are under way.
    Throttled,
}

impl Authenticator {
    pub(super) fn new(database: Database, bounds: Bounds) -> Authenticator {
        Authenticator {
            records: Records::new(database),
            key: rand::random(),
            nobody: password::hash_of_nobody(),
            state: Mutex::default(),
            ended: Condvar::new(),
            bounds,
        }
    }

    /// Checks a name and a password.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub(super) fn check(
        &self,
        user: &str,
        password: &[u8],
    ) -> Result<Checked, DatabaseError> {
        let known = match UserName::parse(user) {
            Some(name) => self.records.of(&name)?.map(|record| (name, record)),
            None => None,
        };
        let phc = match &known {
            Some((_, record)) => &record.password_hash,
            None => &self.nobody,
        };
        // A changed password is another proof, so that nothing has to be
        // forgotten when the database changes.
        let proof = self.proof(user, phc, password);
        let name = known.as_ref().map(|(name, _)| name);
        if self.is_remembered(&self.state(), name, proof) {
            return Ok(yes_or_no(known));
        }
        let Some(turn) = self.wait_for_turn(name, proof) else {
            return Ok(Checked::Throttled);
        };
        let good = match turn {
            Turn::Remembered => true,
            Turn::Check => {
                let good = password::verify(password, phc);
                self.end_check(name.filter(|_| good), proof);
                good
            }
        };
        Ok(if good { yes_or_no(known) } else { Checked::No })
    }

    /// Never inlined: a hasher has 2 KiB, which would lie under the reading
    /// of the record on each session's stack.
    #[inline(never)]
    fn proof(&self, user: &str, phc: &str, password: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for piece in [user.as_bytes(), phc.as_bytes(), password] {
            hasher.update(&(piece.len() as u64).to_le_bytes());
            hasher.update(piece);
        }
        hasher.finalize()
    }

    /// Waits until a check may begin, or another one has answered this one
    /// too; `None` where that takes too long or too many are waiting.
    fn wait_for_turn(
        &self,
        name: Option<&UserName>,
        proof: blake3::Hash,
    ) -> Option<Turn> {
        let deadline = Instant::now() + self.bounds.wait_max;
        let mut state = self.state();
        // Those who wait for the very check that is at work add none.
        let mut counted = false;
        let turn = loop {
            if self.is_remembered(&state, name, proof) {
                break Some(Turn::Remembered);
            }
            let same_runs = state.running.contains(&proof);
            if !same_runs && state.running.len() < self.bounds.running_max {
                state.running.insert(proof);
                break Some(Turn::Check);
            }
            if !same_runs && !counted {
                if state.waiting >= self.bounds.waiting_max {
                    break None;
                }
                state.waiting += 1;
                counted = true;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break None;
            }
            (state, _) = self
                .ended
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
        };
        if counted {
            state.waiting -= 1;
        }
        turn
    }

    /// Ends a check; `good` is the user to remember.
    fn end_check(&self, good: Option<&UserName>, proof: blake3::Hash) {
        let mut state = self.state();
        state.running.remove(&proof);
        if let Some(name) = good {
            let now = Instant::now();
            if state.remembered.len() >= REMEMBERED_MAX {
                state.remembered.retain(|_, entry| entry.until > now);
            }
            if state.remembered.len() < REMEMBERED_MAX {
                let entry = Remembered { proof, until: now + REMEMBERED_FOR };
                state.remembered.insert(name.clone(), entry);
            }
        }
        self.ended.notify_all();
    }

    fn is_remembered(
        &self,
        state: &State,
        name: Option<&UserName>,
        proof: blake3::Hash,
    ) -> bool {
        name.and_then(|name| state.remembered.get(name)).is_some_and(|entry| {
            entry.proof == proof && entry.until > Instant::now()
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            running_max: thread::available_parallelism()
                .map_or(2, |cores| cores.get().max(2)),
            waiting_max: 128,
            wait_max: Duration::from_secs(10),
        }
    }
}

/// Why a wait ended.
enum Turn {
    /// The same check has just succeeded elsewhere.
    Remembered,
    /// The check is to be made here.
    Check,
}

fn yes_or_no(known: Option<(UserName, Record)>) -> Checked {
    known.map_or(Checked::No, |(name, record)| Checked::Yes(name, record))
}

/// How long a success is remembered: long enough for a client that comes
/// back at once, short enough to mean little.
const REMEMBERED_FOR: Duration = Duration::from_secs(300);

/// How many users are remembered; a further one pays the full price.
const REMEMBERED_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tempfile::TempDir;

    use super::{Authenticator, Bounds, Checked};
    use crate::{
        password,
        users::{Database, Record, UserName},
    };

    /// Knows anna, whose password is `secret`.
    fn authenticator(folder: &TempDir) -> Authenticator {
        let database = Database::new(folder.path());
        let name = UserName::parse("anna").expect("a good name");
        let password_hash = password::hash(b"secret");
        let record = Record { password_hash, quota: None, demo: false };
        database.write(&name, &record).expect("a record");
        Authenticator::new(database, Bounds::default())
    }

    #[test]
    fn who_finds_too_many_checks_is_throttled_and_who_is_known_is_not() {
        let folder = TempDir::new().expect("a folder");
        let mut door = authenticator(&folder);
        door.bounds = Bounds {
            running_max: 0,
            waiting_max: 0,
            wait_max: Duration::from_secs(60),
        };
        for (user, password) in
            [("anna", "secret"), ("anna", "wrong"), ("nobody", "secret")]
        {
            let checked = door.check(user, password.as_bytes());
            assert!(matches!(checked, Ok(Checked::Throttled)), "{user}");
        }
        door.bounds.running_max = 1;
        let checked = door.check("anna", b"secret");
        assert!(matches!(checked, Ok(Checked::Yes(..))));
        door.bounds.running_max = 0;
        let checked = door.check("anna", b"secret");
        assert!(matches!(checked, Ok(Checked::Yes(..))));
        let checked = door.check("anna", b"wrong");
        assert!(matches!(checked, Ok(Checked::Throttled)));
    }

    #[test]
    fn who_waits_too_long_for_a_check_is_throttled_and_waits_no_more() {
        let folder = TempDir::new().expect("a folder");
        let mut door = authenticator(&folder);
        door.bounds = Bounds {
            running_max: 0,
            waiting_max: 1,
            wait_max: Duration::from_millis(1),
        };
        let checked = door.check("anna", b"secret");
        assert!(matches!(checked, Ok(Checked::Throttled)));
        assert_eq!(door.state().waiting, 0);
    }
}
