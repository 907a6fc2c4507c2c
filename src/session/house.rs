//! What all sessions share: who may come in, under which policy, and the
//! home of each user, one object a user however many sessions they have.
//!
//! Must not know: sockets, dialects, the settings' spelling.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
    time::Duration,
};

use super::{
    auth::{Authenticator, Bounds, Checked},
    home::{Home, SharedHome},
};
use crate::users::{Database, DatabaseError, Record, UserName};

/// Shared by all sessions of a server.
#[derive(Debug)]
pub struct House {
    authenticator: Authenticator,
    database: Database,
    folder: PathBuf,
    policy: RwLock<Policy>,
    homes: Mutex<HashMap<UserName, Arc<Slot>>>,
}

/// What the administrator has laid down; replaced when the settings are
/// read again.
#[derive(Debug, Clone)]
pub struct Policy {
    /// For users who have no quota of their own, in bytes.
    pub default_quota: u64,
    /// The users' own quotas from the settings, in bytes.
    pub quotas: HashMap<UserName, u64>,
    /// The failed sign-in that ends a session.
    pub login_failures: u32,
    /// How long the part of a broken upload is kept.
    pub part_age: Duration,
}

type Slot = Mutex<Option<SharedHome>>;

impl House {
    /// `folder` has a home for each user of the database, by name, and the
    /// kept parts beside them.
    pub fn new(
        database: Database,
        folder: impl Into<PathBuf>,
        policy: Policy,
    ) -> House {
        House {
            authenticator: Authenticator::new(
                database.clone(),
                Bounds::default(),
            ),
            database,
            folder: folder.into(),
            policy: RwLock::new(policy),
            homes: Mutex::default(),
        }
    }

    /// Lays down another policy. Sessions meet it at their next command.
    ///
    /// # Errors
    ///
    /// Where a user's record cannot be read; that user keeps the old quota.
    pub fn set_policy(&self, policy: Policy) -> Result<(), DatabaseError> {
        let slots: Vec<_> = self
            .homes()
            .iter()
            .map(|(name, slot)| (name.clone(), Arc::clone(slot)))
            .collect();
        let mut result = Ok(());
        for (name, slot) in slots {
            let Some(home) = lock(&slot).clone() else { continue };
            match self.database.record(&name) {
                Ok(Some(record)) => {
                    home.set_quota(policy.quota_of(&name, &record));
                }
                Ok(None) => {}
                Err(error) => result = Err(error),
            }
        }
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
        result
    }

    /// Removes the parts of broken uploads that are too old, of every user
    /// who has any.
    ///
    /// # Errors
    ///
    /// Where a folder cannot be read; the others are done all the same.
    pub fn expire_parts(&self) -> io::Result<()> {
        let age = self.policy().part_age;
        let mut result = Ok(());
        for name in super::jail::folders(&self.parts_folder())? {
            let Some(name) = UserName::parse(&name) else { continue };
            let done = match self.database.record(&name) {
                Ok(Some(record)) => self
                    .home(&name, &record)
                    .and_then(|home| home.expire_parts(age)),
                Ok(None) => Ok(()),
                Err(error) => Err(io::Error::other(error)),
            };
            result = result.and(done);
        }
        result
    }

    pub(super) fn check(
        &self,
        user: &str,
        password: &[u8],
    ) -> Result<Checked, DatabaseError> {
        self.authenticator.check(user, password)
    }

    pub(super) fn login_failures(&self) -> u32 {
        self.policy().login_failures
    }

    /// The home of a user who has signed in. It is counted at the first
    /// sign-in after a start, and made anew where it is gone.
    pub(super) fn home(
        &self,
        name: &UserName,
        record: &Record,
    ) -> io::Result<SharedHome> {
        let (quota, part_age) = {
            let policy = self.policy();
            (policy.quota_of(name, record), policy.part_age)
        };
        let path = self.folder.join(name.as_str());
        let slot = Arc::clone(self.homes().entry(name.clone()).or_default());
        let mut slot = lock(&slot);
        if let Some(home) = slot.as_ref()
            && home.jail.is_at(&path)
        {
            home.set_quota(quota);
            return Ok(Arc::clone(home));
        }
        let parts = self.parts_folder().join(name.as_str());
        let home = Arc::new(Home::open(&path, &parts, quota, part_age)?);
        *slot = Some(Arc::clone(&home));
        Ok(home)
    }

    /// Beside the homes, so that a part is on their disk; no user's name
    /// begins with a dot.
    fn parts_folder(&self) -> PathBuf {
        self.folder.join(".parts")
    }

    fn policy(&self) -> RwLockReadGuard<'_, Policy> {
        self.policy.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn homes(&self) -> MutexGuard<'_, HashMap<UserName, Arc<Slot>>> {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Policy {
    /// The settings' quota for the user, else the database's, else the
    /// default; in bytes.
    pub fn quota_of(&self, name: &UserName, record: &Record) -> u64 {
        let own = self.quotas.get(name).copied();
        own.or(record.quota).unwrap_or(self.default_quota)
    }
}

fn lock(slot: &Slot) -> MutexGuard<'_, Option<SharedHome>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
