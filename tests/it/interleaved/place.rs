//! Where the cases happen: a house with one user, emptied for each case.
//!
//! Must not know: what the sessions do.

use std::{
    collections::HashMap, fs, io, path::PathBuf, sync::Arc, time::Duration,
};

use ftpool::{
    password,
    session::{Granted, House, Outcome, Password, Policy, Request, Session},
    users::{Database, Record, UserName},
};
use tempfile::TempDir;

/// A house with one user, whose home each case finds empty.
pub struct Place {
    root: TempDir,
    house: Arc<House>,
}

impl Place {
    pub fn new() -> Place {
        let root = TempDir::new().expect("a temporary folder");
        let folder = root.path().join("database");
        fs::create_dir(&folder).expect("the database's folder");
        let database = Database::new(folder);
        let name = UserName::parse("anna").expect("a good name");
        let password_hash = password::hash(b"secret");
        let record = Record { password_hash, quota: None, demo: false };
        database.write(&name, &record).expect("the user's record");
        let policy = Policy {
            default_quota: QUOTA,
            quotas: HashMap::new(),
            login_failures: 3,
            part_age: Duration::from_secs(3600),
        };
        let home = root.path().join("home");
        let house = Arc::new(House::new(database, home, policy));
        Place { root, house }
    }

    pub fn home(&self) -> PathBuf {
        self.root.path().join("home/anna")
    }

    pub fn parts(&self) -> PathBuf {
        self.root.path().join("home/.parts/anna")
    }

    pub fn empty(&self) {
        for folder in [self.home(), self.parts()] {
            match fs::remove_dir_all(folder) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => panic!("a case's folder stays: {error}"),
            }
        }
    }

    /// The home's content under a new folder: the next sign-in does not
    /// know it, and counts it as a server that starts.
    pub fn renew(&self) {
        let aside = self.root.path().join("aside");
        fs::rename(self.home(), &aside).expect("the home aside");
        fs::create_dir(self.home()).expect("a new home");
        for entry in fs::read_dir(&aside).expect("the old home") {
            let entry = entry.expect("an entry");
            let new = self.home().join(entry.file_name());
            fs::rename(entry.path(), new).expect("its new place");
        }
        fs::remove_dir(aside).expect("nothing is left aside");
    }

    /// A session of anna's, and what it was told is used.
    pub fn sign_in(&self) -> (Session, u64) {
        let mut session = Session::new(Arc::clone(&self.house));
        let user = String::from("anna");
        let password = Password::new("secret");
        match session.handle(Request::SignIn { user, password }) {
            Outcome::Granted(Granted::SignedIn { used, .. }) => {
                (session, used)
            }
            other => panic!("anna may come in: {other:?}"),
        }
    }
}

/// In bytes: three files of middling size fill it.
pub const QUOTA: u64 = 100;
