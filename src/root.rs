//! The server's folder on disk: `conf/`, `database/`, `home/`, `log/`, the
//! lock that keeps a second server out, and the making of users in it.
//!
//! Must not know: sessions, or what is inside a home.
#![expect(
    clippy::disallowed_methods,
    reason = "the tree below the root is made here"
)]

use std::{
    fs::{DirBuilder, File, TryLockError},
    io,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use crate::{
    password,
    settings::{self, Secret, Settings},
    users::{Database, DatabaseError, Record, UserName, inherit_owner},
};

/// The names of the folders below a root. Nothing is touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    path: PathBuf,
}

impl Layout {
    /// The layout below the folder.
    pub fn new(path: impl Into<PathBuf>) -> Layout {
        Layout { path: path.into() }
    }

    /// The root itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The settings' folder.
    pub fn conf(&self) -> PathBuf {
        self.path.join("conf")
    }

    /// The users' records.
    pub fn database(&self) -> PathBuf {
        self.path.join("database")
    }

    /// The folder of all homes.
    pub fn homes(&self) -> PathBuf {
        self.path.join("home")
    }

    /// One user's home.
    pub fn home(&self, user: &UserName) -> PathBuf {
        self.homes().join(user.as_str())
    }

    /// The kept parts of one user's broken uploads. They stand beside the
    /// homes, on the same file system.
    pub fn parts(&self, user: &UserName) -> PathBuf {
        self.homes().join(PARTS).join(user.as_str())
    }

    /// The logs' folder.
    pub fn log(&self) -> PathBuf {
        self.path.join("log")
    }

    /// Makes the folders that are missing; what exists stays as it is.
    ///
    /// # Errors
    /// A folder cannot be made, or something else has its name.
    pub fn create(&self) -> Result<(), RootError> {
        for folder in [self.conf(), self.homes(), self.log()] {
            create_folder(&folder, FOLDER_MODE)?;
        }
        create_folder(&self.database(), DATABASE_MODE)
    }

    /// Makes the user's home where it is missing; `false` where it is not.
    ///
    /// # Errors
    /// The home cannot be made, or something else has its name.
    pub fn create_home(&self, user: &UserName) -> Result<bool, RootError> {
        let home = self.home(user);
        if home.is_dir() {
            return Ok(false);
        }
        create_folder(&home, FOLDER_MODE)?;
        // Made by an administrator, it must be the server's all the same.
        match inherit_owner(&self.homes(), &home) {
            Ok(()) => Ok(true),
            Err(error) => Err(RootError::Io { path: home, error }),
        }
    }
}

/// A root that this server alone serves, until it is dropped.
#[derive(Debug)]
pub struct Root {
    layout: Layout,
    /// The system lets go of the lock with the process, however it ends.
    _lock: File,
}

impl Root {
    /// Makes the folders that are missing and takes the root's lock.
    ///
    /// # Errors
    /// Another server has the root, or a folder cannot be made.
    pub fn open(path: impl Into<PathBuf>) -> Result<Root, RootError> {
        let layout = Layout::new(path);
        layout.create()?;
        let path = layout.path.join(LOCK);
        let file =
            File::options().create(true).append(true).open(&path).map_err(
                |error| RootError::Io { path: path.clone(), error },
            )?;
        match file.try_lock() {
            Ok(()) => Ok(Root { layout, _lock: file }),
            Err(TryLockError::WouldBlock) => {
                Err(RootError::Taken { path: layout.path })
            }
            Err(TryLockError::Error(error)) => {
                Err(RootError::Io { path, error })
            }
        }
    }

    /// The names of all that is below the root.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The root itself.
    pub fn path(&self) -> &Path {
        self.layout.path()
    }

    /// The settings' folder.
    pub fn conf(&self) -> PathBuf {
        self.layout.conf()
    }

    /// The users' records.
    pub fn database(&self) -> PathBuf {
        self.layout.database()
    }

    /// The folder of all homes.
    pub fn homes(&self) -> PathBuf {
        self.layout.homes()
    }

    /// One user's home.
    pub fn home(&self, user: &UserName) -> PathBuf {
        self.layout.home(user)
    }

    /// The logs' folder.
    pub fn log(&self) -> PathBuf {
        self.layout.log()
    }
}

/// Makes the settings' users whom the database does not know, each with a
/// home, and says whom it made. What exists is left as it is: a changed
/// password is not reset, a home is not emptied. Called at the start and
/// when the settings are read again.
///
/// # Errors
/// A demo password together with an address that is not loopback, before
/// anything is made; or a file or folder cannot be made.
pub fn prepare_users(
    root: &Root,
    database: &Database,
    settings: &Settings,
) -> Result<Vec<UserName>, RootError> {
    let mut new = Vec::new();
    for user in &settings.users {
        if !database.knows(&user.name)? {
            new.push((&user.name, record_of(&user.secret)));
        }
    }
    let marked = new.iter().find(|(_, record)| record.demo);
    refuse_demo(database, settings, marked.map(|(name, _)| *name))?;
    let mut made = Vec::new();
    for (name, record) in new {
        if database.create(name, &record)? {
            made.push(name.clone());
        }
    }
    for user in &settings.users {
        root.layout.create_home(&user.name)?;
    }
    Ok(made)
}

/// Says whether [`prepare_users`] would refuse the settings, and makes
/// nothing.
///
/// # Errors
/// A demo password together with an address that is not loopback.
pub fn check_users(
    database: &Database,
    settings: &Settings,
) -> Result<(), RootError> {
    if settings.listen.beyond_loopback().is_none() {
        return Ok(());
    }
    let mut marked = None;
    for user in &settings.users {
        if marked.is_none() && !database.knows(&user.name)? {
            marked = is_demo(&user.secret).then_some(&user.name);
        }
    }
    refuse_demo(database, settings, marked)
}

/// The user's quota in bytes: the settings', where they give one for the
/// user, else the database's, else the default.
pub fn quota_of(settings: &Settings, user: &UserName, record: &Record) -> u64 {
    let own = settings.user(user).and_then(|user| user.quota);
    own.or(record.quota).unwrap_or(settings.default_quota)
}

/// Why the root does not serve.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// The database's own trouble.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Everybody knows the password, and everybody can reach the server.
    #[error(
        "user {user} has a password of the demo settings, \
         and {address} is not a loopback address"
    )]
    DemoPassword {
        /// Who has it.
        user: UserName,
        /// What is not loopback.
        address: SocketAddr,
    },
    /// The system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The root's lock is held.
    #[error("another server has this root: {}", path.display())]
    Taken {
        /// The root.
        path: PathBuf,
    },
}

/// `marked` is a user about to be made with a demo password. The hash of a
/// user whom the database knows is not looked at: the database's stands.
fn refuse_demo(
    database: &Database,
    settings: &Settings,
    marked: Option<&UserName>,
) -> Result<(), RootError> {
    let Some(address) = settings.listen.beyond_loopback() else {
        return Ok(());
    };
    let refusal = |user| Err(RootError::DemoPassword { user, address });
    if let Some(user) = marked {
        return refusal(user.clone());
    }
    for user in database.list()? {
        if database.record(&user)?.is_some_and(|record| record.demo) {
            return refusal(user);
        }
    }
    Ok(())
}

fn record_of(secret: &Secret) -> Record {
    let password_hash = match secret {
        Secret::Hash(hash) => hash.clone(),
        Secret::Password(password) => password::hash(password.as_bytes()),
    };
    Record { password_hash, quota: None, demo: is_demo(secret) }
}

/// A hash hides the password, so the few demo passwords are tried on it.
fn is_demo(secret: &Secret) -> bool {
    match secret {
        Secret::Hash(hash) => settings::demo_passwords()
            .iter()
            .any(|demo| password::verify(demo.as_bytes(), hash)),
        Secret::Password(password) => settings::is_demo_password(password),
    }
}

fn create_folder(path: &Path, mode: u32) -> Result<(), RootError> {
    let made = DirBuilder::new().recursive(true).mode(mode).create(path);
    made.map_err(|error| RootError::Io { path: path.to_path_buf(), error })
}

/// The folder of all kept parts, among the homes; no user can have the name.
pub const PARTS: &str = ".parts";

/// Locked by a running server; its content means nothing.
const LOCK: &str = "server.lock";

/// For the server's own folders: its group may look, others may not.
const FOLDER_MODE: u32 = 0o750;

/// The records hold the passwords' hashes.
const DATABASE_MODE: u32 = 0o700;
