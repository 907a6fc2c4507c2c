//! Finds how many sessions a server really serves at once: it opens one
//! after the other until one has to wait or is turned away, and sees what
//! happens when a place is given back.
//!
//! Must not know: workloads, figures.

use std::{fmt, io, net::SocketAddr};

use serde::Serialize;

use crate::{
    clock::{Clock, MS, Nanos},
    crowd::{Answer, Crowd},
    dialect::{Dialect, Step},
    verdict::{bound, gauge, millis},
};

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Probe {
    /// The sessions that were served at once, proven by their answers.
    pub(crate) served: u64,
    /// What the server says its limit is.
    pub(crate) told_limit: Option<u64>,
    /// Whether the end was reached: one more was not served.
    pub(crate) found: bool,
    /// What the next one is told: `waiting`, `closed`, the server's refusal
    /// with its code, or nothing at all.
    pub(crate) next_is_told: Option<String>,
    /// How long that took.
    pub(crate) told_after_ms: Option<f64>,
    /// How long after a goodbye somebody else was served.
    pub(crate) given_on_after_ms: Option<f64>,
    /// The most that the server says it served.
    pub(crate) told_serving_max: u64,
    /// Times at which that cannot be true.
    pub(crate) serving_lies: u64,
}

/// Opens sessions, `most` at most, and waits `patience` for each.
///
/// # Errors
///
/// When the system refuses an epoll instance, or the first session is not
/// served.
pub(crate) fn probe<D: Dialect>(
    dialect: D,
    target: SocketAddr,
    accounts: &[(String, String)],
    most: usize,
    patience: Nanos,
) -> io::Result<Probe> {
    let clock = Clock::start();
    let mut crowd = Crowd::new(dialect, target, clock, 0)?;
    let mut probe = Probe::default();
    while crowd.guests.len() < most {
        let at = crowd.open();
        let asked = clock.now();
        crowd.until(patience, |crowd| crowd.guests[at].was_told());
        // Who was told something may still be on the way in.
        crowd.until(patience, |crowd| {
            crowd.guests[at].is_served() || crowd.guests[at].is_over()
        });
        if !crowd.guests[at].is_served() {
            probe.found = true;
            note_refusal(&crowd, at, asked, &mut probe);
            break;
        }
        if !sign_in(&mut crowd, at, accounts, patience) {
            if at == 0 {
                let told = crowd.guests[at].told.clone().unwrap_or_default();
                return Err(io::Error::other(format!("sign-in: {told}")));
            }
            // Some servers greet everybody and count those who sign in.
            probe.found = true;
            note_refusal(&crowd, at, asked, &mut probe);
            crowd.cut(at);
            crowd.guests[at].visit.ready = None;
            break;
        }
    }
    prove_all(&mut crowd, patience);
    if probe.found && crowd.guests.len() > 1 {
        give_on(&mut crowd, clock, patience, &mut probe);
    }
    probe.told_limit = crowd.guests.iter().find_map(|it| it.visit.limit);
    let visits = crowd.into_visits();
    probe.served = bound::sweep(&visits, None).max_observed;
    let gauge = gauge::compare(&visits, probe.told_limit);
    probe.told_serving_max = gauge.max;
    probe.serving_lies = gauge.violation_count;
    if probe.served == 0 {
        let told = probe.next_is_told.as_deref().unwrap_or("nothing");
        let why = format!("not even one session is served: {told}");
        return Err(io::Error::other(why));
    }
    Ok(probe)
}

/// Has every served session answer once more: all of them are served at the
/// moment at which the first is asked.
fn prove_all<D: Dialect>(crowd: &mut Crowd<D>, patience: Nanos) {
    let served: Vec<usize> = (0..crowd.guests.len())
        .filter(|&at| crowd.guests[at].is_served())
        .collect();
    for &at in &served {
        crowd.ask(at, Step::Pwd);
    }
    crowd.until(patience.saturating_mul(5), |crowd| {
        served.iter().all(|&at| {
            crowd.guests[at].is_over()
                || crowd.guests[at].answer != Answer::None
        })
    });
}

fn note_refusal<D: Dialect>(
    crowd: &Crowd<D>,
    at: usize,
    asked: Nanos,
    probe: &mut Probe,
) {
    let guest = &crowd.guests[at];
    let after = guest.visit.first_word.or(guest.visit.closed);
    probe.told_after_ms = after.map(|when| millis(when.saturating_sub(asked)));
    probe.next_is_told = match (&guest.told, guest.visit.first_word) {
        (Some(told), _) => Some(told.clone()),
        (None, Some(_)) => Some("waiting".to_owned()),
        (None, None) => None,
    };
}

/// One leaves; the one that waits, or a new one, should come in.
fn give_on<D: Dialect>(
    crowd: &mut Crowd<D>,
    clock: Clock,
    patience: Nanos,
    probe: &mut Probe,
) {
    let last = crowd.guests.len() - 1;
    let left = clock.now();
    crowd.ask(0, Step::Quit);
    crowd.until(patience, |crowd| crowd.guests[0].is_over());
    let mut next = last;
    // Who was turned away comes again until somebody lets it in.
    while clock.now() < left + patience {
        if crowd.guests[next].is_over() {
            next = crowd.open();
        }
        let rest = (left + patience).saturating_sub(clock.now());
        crowd.until(rest, |crowd| {
            crowd.guests[next].is_served() || crowd.guests[next].is_over()
        });
        if crowd.guests[next].is_served() {
            probe.given_on_after_ms = Some(millis(clock.now() - left));
            return;
        }
        crowd.until(COME_AGAIN, |_| false);
    }
}

fn sign_in<D: Dialect>(
    crowd: &mut Crowd<D>,
    at: usize,
    accounts: &[(String, String)],
    patience: Nanos,
) -> bool {
    let (user, password) = &accounts[at % accounts.len()];
    for _ in 0..TRIES_MAX {
        crowd.ask(at, Step::SignIn { user, password });
        let patience = patience.saturating_mul(20);
        crowd.until(patience, |crowd| {
            crowd.guests[at].is_over()
                || crowd.guests[at].answer != Answer::None
        });
        match crowd.guests[at].answer {
            Answer::Done => return true,
            Answer::TooEarly => {}
            Answer::None | Answer::Flowing | Answer::Refused => return false,
        }
    }
    false
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.found {
            writeln!(f, "served at once: at least {}", self.served)?;
        } else {
            writeln!(f, "served at once: {}", self.served)?;
            let told = self.next_is_told.as_deref();
            let told = told.unwrap_or("nothing, and is left to wait");
            write!(f, "the next is told: {told}")?;
            if let Some(after) = self.told_after_ms {
                write!(f, ", after {after:.1} ms")?;
            }
            writeln!(f)?;
            match self.given_on_after_ms {
                Some(after) => {
                    writeln!(f, "a place is given on after {after:.1} ms")?;
                }
                None => writeln!(f, "a place given back is not given on")?,
            }
        }
        if let Some(limit) = self.told_limit {
            writeln!(f, "the server says: limit {limit}")?;
        }
        if self.serving_lies > 0 {
            let lies = self.serving_lies;
            writeln!(f, "the server's own count was wrong {lies} times")?;
        }
        Ok(())
    }
}

impl Probe {
    /// Whether what the server says of itself is what was found.
    pub(crate) fn is_honest(&self) -> bool {
        let kept = self.told_limit.is_none_or(|limit| self.served <= limit);
        kept && self.serving_lies == 0
    }
}

/// How soon who was turned away comes again.
const COME_AGAIN: Nanos = 5 * MS;

/// How often a sign-in that came too early is tried again.
const TRIES_MAX: u32 = 500;
