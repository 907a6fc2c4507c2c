//! The database of users: one small YAML file a user, `USER.db`, and the
//! name that such a file and a home may have.
//!
//! A running server and a person at the command line may use it at once:
//! what is read is always a whole record, and changes go one after the
//! other under a lock. Must not know: the settings, or where the homes are.
#![expect(
    clippy::disallowed_methods,
    reason = "the database is a folder of files"
)]

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, chown},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::password;

/// A user's name: 1 to 64 bytes of letters and digits of any script, `.`,
/// `_` and `-`, beginning with a letter or digit. So it is a safe name for
/// a file and a folder, too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

impl UserName {
    /// Takes the name, or says `None` where it is not one.
    pub fn parse(name: &str) -> Option<UserName> {
        let mut rest = name.chars();
        let begins = rest.next().is_some_and(char::is_alphanumeric);
        let goes_on =
            rest.all(|c| c.is_alphanumeric() || ['.', '_', '-'].contains(&c));
        let good = begins && goes_on && name.len() <= NAME_BYTES_MAX;
        good.then(|| UserName(String::from(name)))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the database knows of one user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The password's Argon2id hash, as a PHC string.
    pub password_hash: String,
    /// The quota in bytes that `user add --quota` gave; the settings' wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<u64>,
    /// The password is one of the built-in demo settings', which everybody
    /// can read. Only who sees a password in clear can tell, so it is
    /// written down when the password is set.
    #[serde(default, skip_serializing_if = "is_false")]
    pub demo: bool,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("password_hash", &format_args!("(hidden)"))
            .field("quota", &self.quota)
            .field("demo", &self.demo)
            .finish()
    }
}

/// One state of a user's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    place: (u64, u64),
    bytes: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

/// A folder of users' files.
#[derive(Debug, Clone)]
pub struct Database {
    folder: PathBuf,
}

impl Database {
    /// Names the folder; nothing is touched. A folder that is not there
    /// is a database without users, and cannot be written to.
    pub fn new(folder: impl Into<PathBuf>) -> Database {
        Database { folder: folder.into() }
    }

    /// The user's record, `None` where the database does not know the user.
    /// One small file is read: cheap enough for each sign-in.
    ///
    /// # Errors
    /// The file cannot be read, or is damaged; the error names it.
    pub fn record(
        &self,
        user: &UserName,
    ) -> Result<Option<Record>, DatabaseError> {
        let path = self.path(user);
        match read_bounded(&path) {
            Ok(text) => parse(&text)
                .map(Some)
                .map_err(|why| DatabaseError::Damaged { path, why }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(DatabaseError::Io { path, error }),
        }
    }

    /// What tells a user's file from every later one, `None` where there
    /// is none. It costs far less than to read it.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn stamp(
        &self,
        user: &UserName,
    ) -> Result<Option<Stamp>, DatabaseError> {
        match fs::metadata(self.path(user)) {
            Ok(about) => Ok(Some(Stamp {
                place: (about.dev(), about.ino()),
                bytes: about.len(),
                written: (about.mtime(), about.mtime_nsec()),
                changed: (about.ctime(), about.ctime_nsec()),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.trouble(user)(error)),
        }
    }

    /// Writes a new user's record; `false` where the database knows the
    /// user already, whose record is left as it is.
    ///
    /// # Errors
    /// The file cannot be written; then nothing has changed.
    pub fn create(
        &self,
        user: &UserName,
        record: &Record,
    ) -> Result<bool, DatabaseError> {
        let _lock = self.lock()?;
        if self.knows(user)? {
            return Ok(false);
        }
        self.replace(user, record).map(|()| true)
    }

    /// Writes the user's record, in place of the one there may be. Readers
    /// see the old one or the new one, whole; a crash leaves one of them.
    ///
    /// # Errors
    /// The file cannot be written; then the old one stands.
    pub fn write(
        &self,
        user: &UserName,
        record: &Record,
    ) -> Result<(), DatabaseError> {
        let _lock = self.lock()?;
        self.replace(user, record)
    }

    /// Changes the user's record, with no other change in between; `false`
    /// where the database does not know the user.
    ///
    /// # Errors
    /// As [`record`](Self::record) and [`write`](Self::write).
    pub fn change(
        &self,
        user: &UserName,
        change: impl FnOnce(&mut Record),
    ) -> Result<bool, DatabaseError> {
        let _lock = self.lock()?;
        let Some(mut record) = self.record(user)? else { return Ok(false) };
        change(&mut record);
        self.replace(user, &record).map(|()| true)
    }

    /// Forgets the user; `false` where the database does not know the user.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn remove(&self, user: &UserName) -> Result<bool, DatabaseError> {
        if !self.knows(user)? {
            return Ok(false);
        }
        let _lock = self.lock()?;
        match fs::remove_file(self.path(user)) {
            Ok(()) => self.sync().map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.trouble(user)(error)),
        }
    }

    /// All users, sorted by name.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<UserName>, DatabaseError> {
        let wrap =
            |error| DatabaseError::Io { path: self.folder.clone(), error };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(wrap(error)),
        };
        let mut users = Vec::new();
        for entry in entries {
            let name = entry.map_err(wrap)?.file_name();
            let stem = name.to_str().and_then(|it| it.strip_suffix(SUFFIX));
            users.extend(stem.and_then(UserName::parse));
        }
        users.sort();
        Ok(users)
    }

    /// Whether the database has a file for the user, good or damaged.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn knows(&self, user: &UserName) -> Result<bool, DatabaseError> {
        self.path(user).try_exists().map_err(self.trouble(user))
    }

    fn path(&self, user: &UserName) -> PathBuf {
        self.folder.join(format!("{user}{SUFFIX}"))
    }

    fn trouble(
        &self,
        user: &UserName,
    ) -> impl FnOnce(io::Error) -> DatabaseError {
        let path = self.path(user);
        |error| DatabaseError::Io { path, error }
    }

    /// Held while the database is changed. The folder itself is locked, so
    /// there is no file that could be another user's; the system lets go of
    /// the lock with the process, so it cannot be left behind.
    fn lock(&self) -> Result<File, DatabaseError> {
        File::open(&self.folder)
            .and_then(|folder| folder.lock().map(|()| folder))
            .map_err(|error| DatabaseError::Io {
                path: self.folder.clone(),
                error,
            })
    }

    /// The new file is on disk before it gets the name, and the name before
    /// this returns. The caller holds the lock, so there is one new file at
    /// most: what a crash left behind is in the way and goes.
    fn replace(
        &self,
        user: &UserName,
        record: &Record,
    ) -> Result<(), DatabaseError> {
        let new = self.folder.join(NEW);
        let swap = || {
            let text =
                serde_yaml::to_string(record).map_err(io::Error::other)?;
            match fs::remove_file(&new) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(error);
                }
                _ => {}
            }
            let mut options = File::options();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(RECORD_MODE)
                .open(&new)?;
            file.write_all(text.as_bytes())?;
            inherit_owner(&self.folder, &new)?;
            file.sync_all()?;
            fs::rename(&new, self.path(user))
        };
        swap().map_err(self.trouble(user))?;
        self.sync()
    }

    fn sync(&self) -> Result<(), DatabaseError> {
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(
            |error| DatabaseError::Io { path: self.folder.clone(), error },
        )
    }
}

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A file holds something other than a record.
    #[error("{}: the user's record is damaged: {why}", path.display())]
    Damaged {
        /// The user's file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Gives what was made in the folder to the folder's owner. The server
/// could not read what an administrator, who is another user, makes in it.
pub(crate) fn inherit_owner(folder: &Path, made: &Path) -> io::Result<()> {
    let (wanted, has) = (fs::metadata(folder)?, fs::metadata(made)?);
    if (wanted.uid(), wanted.gid()) == (has.uid(), has.gid()) {
        return Ok(());
    }
    // A folder may hand down its group alone; only the owner matters.
    match chown(made, Some(wanted.uid()), Some(wanted.gid())) {
        Err(_) if wanted.uid() == has.uid() => Ok(()),
        done => done,
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(RECORD_BYTES_USUAL);
    File::open(path)?.take(RECORD_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// One line of explanation that never repeats the record's own text: it
/// holds a password's hash.
fn parse(bytes: &[u8]) -> Result<Record, String> {
    if bytes.len() as u64 > RECORD_BYTES_MAX {
        return Err(format!("it is longer than {RECORD_BYTES_MAX} bytes"));
    }
    let record: Record = serde_yaml::from_slice(bytes).map_err(|error| {
        match error.location() {
            Some(at) => format!("line {} does not fit", at.line()),
            None => String::from("it is not a record"),
        }
    })?;
    if !password::is_acceptable(&record.password_hash) {
        return Err(String::from("password_hash is no Argon2id hash"));
    }
    if record.quota.is_some_and(|quota| quota > i64::MAX as u64) {
        return Err(String::from("quota is above 2^63-1 bytes"));
    }
    Ok(record)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// The longest user name; with its suffix it fits every file system.
pub const NAME_BYTES_MAX: usize = 64;

/// The longest record that is read. A real one has some 200 bytes.
pub const RECORD_BYTES_MAX: u64 = 4096;

/// Room for a real record, so that it is read in one go.
const RECORD_BYTES_USUAL: usize = 512;

const SUFFIX: &str = ".db";

/// A record under way; it begins with a dot, so it is no user's.
const NEW: &str = ".new";

/// A record holds a password's hash: its owner alone may read it.
const RECORD_MODE: u32 = 0o600;
