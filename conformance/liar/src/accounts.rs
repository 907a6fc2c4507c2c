//! The users: who they are, where their homes are, what they may use. Knows
//! nothing of sessions.

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    books::Books,
    home::Home,
    lies::{Lie, told},
    settings::Settings,
};

/// All users.
pub(crate) struct Accounts {
    known: RwLock<HashMap<String, Arc<Account>>>,
}

/// One user.
pub(crate) struct Account {
    /// The name.
    pub(crate) name: String,
    /// The password.
    pub(crate) password: String,
    home: PathBuf,
    quota: AtomicU64,
    /// Whoever changes a home or its books holds this, and never while a
    /// client is waited for.
    books: Mutex<Books>,
}

impl Accounts {
    /// Makes the homes and reads the kept parts.
    pub(crate) fn open(settings: &Settings) -> io::Result<Self> {
        let accounts = Self { known: RwLock::default() };
        accounts.refresh(settings)?;
        Ok(accounts)
    }

    /// Takes over new users and changed quotas.
    pub(crate) fn refresh(&self, settings: &Settings) -> io::Result<()> {
        let mut known =
            self.known.write().unwrap_or_else(PoisonError::into_inner);
        for (name, password, quota) in &settings.users {
            if let Some(account) = known.get(name) {
                account.quota.store(*quota, Ordering::SeqCst);
                continue;
            }
            let home = settings.root.join("home").join(name);
            Home::open(&home)?;
            let parts = settings.root.join("parts").join(name);
            let books = Books::open(&home, &parts, settings.limits.part)?;
            let account = Account {
                name: name.clone(),
                password: password.clone(),
                home,
                quota: AtomicU64::new(*quota),
                books: Mutex::new(books),
            };
            known.insert(name.clone(), Arc::new(account));
        }
        Ok(())
    }

    /// The user of that name.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Account>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(name).cloned()
    }
}

impl Account {
    /// The quota, in bytes.
    pub(crate) fn quota(&self) -> u64 {
        self.quota.load(Ordering::SeqCst)
    }

    /// The home, for a session that begins.
    pub(crate) fn home(&self) -> io::Result<Home> {
        if told(Lie::HomeStaysGone) && !self.home.exists() {
            return Err(io::ErrorKind::Other.into());
        }
        Home::open(&self.home)
    }

    /// The books, locked.
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
