//! Password checks: made slow on purpose, few at once, so that `throttled`
//! and the equality of times can be tested. Passwords are compared as they
//! are: this is no program to trust with one.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use crate::{
    accounts::{Account, Accounts},
    lies::{Lie, told},
};

/// Lets so many checks run, so many wait, and no more.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    moved: Condvar,
}

/// What a check found.
pub(crate) enum Verdict {
    /// The user.
    Good(Arc<Account>),
    /// No such user, or not the password.
    Bad {
        /// Which of the two; an honest server does not say.
        unknown: bool,
    },
    /// Too many checks are under way.
    Throttled,
}

#[derive(Default)]
struct State {
    running: usize,
    waiting: usize,
    /// Passwords that were right, by user.
    remembered: HashMap<String, Vec<u8>>,
}

impl Gate {
    /// Checks a name and a password.
    pub(crate) fn check(
        &self,
        accounts: &Accounts,
        user: &[u8],
        password: &[u8],
    ) -> Verdict {
        let name = String::from_utf8_lossy(user).into_owned();
        let account = accounts.find(&name);
        let mut state =
            self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let known = state.remembered.get(&name).map(Vec::as_slice);
        if let Some(account) = &account
            && known == Some(password)
        {
            return Verdict::Good(Arc::clone(account));
        }
        if account.is_none() && told(Lie::UnequalTime) {
            return Verdict::Bad { unknown: true };
        }
        if state.waiting >= WAITING_MAX && !told(Lie::ThrottledNever) {
            return Verdict::Throttled;
        }
        state.waiting += 1;
        state = self
            .moved
            .wait_while(state, |s| s.running >= RUNNING_MAX)
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state.running += 1;
        drop(state);
        thread::sleep(CHECK);
        let mut state =
            self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.running -= 1;
        self.moved.notify_one();
        match account {
            Some(account) if account.password.as_bytes() == password => {
                state.remembered.insert(name, password.to_vec());
                Verdict::Good(account)
            }
            Some(_) => Verdict::Bad { unknown: false },
            None => Verdict::Bad { unknown: true },
        }
    }
}

/// Checks at once.
const RUNNING_MAX: usize = 2;

/// Checks that may wait for one of those.
const WAITING_MAX: usize = 128;

/// How long a check takes.
const CHECK: Duration = Duration::from_millis(50);
