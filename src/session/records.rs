//! The users' records as they were read last: a file that has not changed
//! since is not read again, so a sign-in costs one look at it.
//!
//! Must not know: passwords, or what a record is for.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::users::{Database, DatabaseError, Record, Stamp, UserName};

/// The database behind what is known of it.
#[derive(Debug)]
pub(super) struct Records {
    database: Database,
    known: Mutex<HashMap<UserName, (Stamp, Record)>>,
}

impl Records {
    pub(super) fn new(database: Database) -> Records {
        Records { database, known: Mutex::default() }
    }

    /// The user's record as it is now, `None` where there is no such user.
    ///
    /// # Errors
    ///
    /// Where the database cannot be read.
    pub(super) fn of(
        &self,
        user: &UserName,
    ) -> Result<Option<Record>, DatabaseError> {
        // The stamp comes first: who changes the file after it makes it old.
        let Some(stamp) = self.database.stamp(user)? else {
            self.known().remove(user);
            return Ok(None);
        };
        if let Some((read_at, record)) = self.known().get(user)
            && *read_at == stamp
        {
            return Ok(Some(record.clone()));
        }
        let record = self.database.record(user)?;
        let mut known = self.known();
        known.remove(user);
        if let Some(record) = &record
            && known.len() < KNOWN_MAX
        {
            known.insert(user.clone(), (stamp, record.clone()));
        }
        Ok(record)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<UserName, (Stamp, Record)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many records are known, of some 300 bytes each; a further user's is
/// read at each sign-in.
const KNOWN_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::Records;
    use crate::{
        password,
        users::{Database, Record, UserName},
    };

    #[test]
    fn a_change_is_seen_at_once_and_so_is_the_end() {
        let folder = TempDir::new().expect("a folder");
        let database = Database::new(folder.path());
        let records = Records::new(database.clone());
        let anna = UserName::parse("anna").expect("a good name");
        let read = || records.of(&anna).expect("it can be read");
        assert_eq!(read(), None);
        let mut record = Record {
            password_hash: password::hash(b"secret"),
            quota: Some(1),
            demo: false,
        };
        for quota in 1..=20 {
            record.quota = Some(quota);
            database.write(&anna, &record).expect("it can be written");
            assert_eq!(read().as_ref(), Some(&record));
            assert_eq!(read().as_ref(), Some(&record));
        }
        assert_eq!(records.known().len(), 1);
        assert!(database.remove(&anna).expect("it can be removed"));
        assert_eq!(read(), None);
        assert!(records.known().is_empty());
    }
}
