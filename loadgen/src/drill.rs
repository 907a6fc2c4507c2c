//! The drill after a run: fill every place, cut the connections off at
//! every phase, and see that every place can be filled again, that one more
//! has to wait, and that a place that is given back is given on at once.
//!
//! Must not know: workloads, figures.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{
    clock::{Clock, MS, Nanos, SECOND},
    crowd::{Answer, Crowd},
    dialect::{Dialect, Step},
    history::Visit,
    verdict::millis,
};

/// What the drill showed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Drill {
    /// When it began, in milliseconds since the run began.
    pub(crate) at_ms: f64,
    /// How many places could be filled before anything was cut off.
    pub(crate) filled: u64,
    /// How many connections were cut off, at all phases together.
    pub(crate) cut: u64,
    /// How many places could be filled afterwards.
    pub(crate) refilled: u64,
    /// The longest time from a goodbye to the next one's ready line.
    pub(crate) longest_refill_ms: f64,
    /// What went wrong.
    pub(crate) failures: Vec<String>,
}

/// What the drill needs to know.
pub(crate) struct Setting<'a, D> {
    /// The protocol.
    pub(crate) dialect: D,
    /// The server.
    pub(crate) target: SocketAddr,
    /// The run's clock.
    pub(crate) clock: Clock,
    /// Accounts, taken in turn.
    pub(crate) accounts: &'a [(String, String)],
    /// The limit.
    pub(crate) limit: usize,
    /// A file to be fetched, if there is one.
    pub(crate) file: Option<&'a str>,
    /// A folder to put into, if there is one.
    pub(crate) folder: Option<&'a str>,
    /// The number of the first client.
    pub(crate) first_user: u32,
    /// So long may a place take to be given.
    pub(crate) patience: Nanos,
}

/// Holds the drill.
///
/// # Errors
///
/// When the system refuses an epoll instance.
pub(crate) fn hold<D: Dialect>(
    setting: &Setting<'_, D>,
) -> std::io::Result<(Drill, Vec<Visit>)> {
    let began = setting.clock.now();
    let mut drill = Drill { at_ms: millis(began), ..Drill::default() };
    let mut visits = Vec::new();
    // Every phase has its turn, also where there are fewer places.
    let rounds = PHASES.div_ceil(setting.limit).min(PHASES);
    let limit = setting.limit as u64;
    let mut is_whole = true;
    for round in 0..rounds {
        let first = setting.first_user + visits.len() as u32;
        let Setting { dialect, target, clock, .. } = *setting;
        let mut crowd = Crowd::new(dialect, target, clock, first)?;
        let filled = fill(&mut crowd, setting);
        drill.refilled = filled as u64;
        if round == 0 {
            drill.filled = filled as u64;
        }
        is_whole &= filled == setting.limit;
        drill.cut += cut_all(&mut crowd, setting, round);
        visits.extend(crowd.into_visits());
        if !is_whole {
            // What is lost already is not found again by more of it.
            break;
        }
    }
    if is_whole {
        let first = setting.first_user + visits.len() as u32;
        let Setting { dialect, target, clock, .. } = *setting;
        let mut crowd = Crowd::new(dialect, target, clock, first)?;
        again(&mut crowd, setting, &mut drill);
        visits.extend(crowd.into_visits());
    }
    if drill.filled < limit {
        let got = drill.filled;
        drill
            .failures
            .push(format!("only {got} of {limit} places were given"));
    }
    if drill.refilled < limit.min(drill.filled) {
        let (got, cut) = (drill.refilled, drill.cut);
        drill.failures.push(format!(
            "after {cut} connections were cut off, only {got} of {limit} \
            places were given again"
        ));
    }
    Ok((drill, visits))
}

/// Opens as many connections as there are places, some at a time, each when
/// the ones before are ready; how many got a place. Who is turned away comes
/// again, since a place may be free only some time after a connection's end.
fn fill<D: Dialect>(crowd: &mut Crowd<D>, setting: &Setting<'_, D>) -> usize {
    let group = setting.limit.div_ceil(FILL_GROUPS);
    let mut deadline = setting.clock.now() + setting.patience;
    loop {
        let before = crowd.served();
        let here = crowd.guests.iter().filter(|it| !it.is_over()).count();
        for _ in 0..group.min(setting.limit.saturating_sub(here)) {
            crowd.open();
        }
        crowd.until(deadline.saturating_sub(setting.clock.now()), |crowd| {
            crowd.guests.iter().all(|it| it.is_over() || it.is_served())
        });
        let (served, now) = (crowd.served(), setting.clock.now());
        if served > before {
            deadline = now + setting.patience;
        }
        if served >= setting.limit || now >= deadline {
            return served;
        }
        if served == before {
            crowd.until(COME_AGAIN, |_| false);
        }
    }
}

/// Cuts the guests off, each in a phase of its own, some in the queue.
fn cut_all<D: Dialect>(
    crowd: &mut Crowd<D>,
    setting: &Setting<'_, D>,
    round: usize,
) -> u64 {
    let served: Vec<usize> = (0..crowd.guests.len())
        .filter(|&at| crowd.guests[at].is_served())
        .collect();
    let phase = |at: usize| (at + round * setting.limit) % PHASES;
    for _ in 0..EXTRA.min(setting.limit) {
        crowd.open();
    }
    let inside: Vec<usize> =
        served.iter().copied().filter(|&at| phase(at) >= 2).collect();
    sign_in(crowd, setting, &inside);
    for &at in &served {
        match (phase(at), setting.file, setting.folder) {
            (0, ..) => {}
            (1, ..) => crowd.send(at, D::TORN_SIGN_IN),
            (2, ..) => {}
            (3, ..) => crowd.send(at, b"mkd"),
            (4, Some(path), _) => {
                crowd.ask(at, Step::Get { path, held: None });
            }
            (5, _, Some(folder)) => {
                let path = format!("{folder}/cut-{at}");
                let (size, digest) = (CUT_PUT_BYTES, None);
                crowd.ask(at, Step::Put { path: &path, size, digest });
            }
            _ => {}
        }
    }
    let moving: Vec<usize> =
        served.iter().copied().filter(|&at| phase(at) >= 4).collect();
    crowd.until(FLOW_MAX, |crowd| {
        moving.iter().all(|&at| {
            let guest = &crowd.guests[at];
            guest.is_over() || guest.answer != Answer::None
        })
    });
    for &at in &moving {
        if phase(at) == 5 && crowd.guests[at].answer == Answer::Flowing {
            crowd.send_body(at, &[0; 1000]);
        }
    }
    crowd.until(TOLD_MAX, |crowd| crowd.guests.iter().all(|g| g.was_told()));
    let cut = crowd.guests.iter().filter(|guest| !guest.is_over()).count();
    // Those who wait go first, so that none of them is let in by the others'
    // going and is then cut off in a place.
    for at in (0..crowd.guests.len()).rev() {
        crowd.cut(at);
    }
    cut as u64
}

/// Fills every place anew, sees that some more have to wait, and lets one
/// after the other go.
fn again<D: Dialect>(
    crowd: &mut Crowd<D>,
    setting: &Setting<'_, D>,
    drill: &mut Drill,
) {
    drill.refilled = fill(crowd, setting) as u64;
    let served: Vec<usize> = (0..crowd.guests.len())
        .filter(|&at| crowd.guests[at].is_served())
        .collect();
    sign_in(crowd, setting, &served);
    let extra: Vec<usize> =
        (0..EXTRA.min(setting.limit)).map(|_| crowd.open()).collect();
    crowd.until(TOLD_MAX, |crowd| {
        extra.iter().all(|&at| crowd.guests[at].was_told())
    });
    // Who is let in now is one too many; an answer to each makes it proof.
    let early: Vec<usize> = extra
        .iter()
        .copied()
        .filter(|&at| crowd.guests[at].is_served())
        .collect();
    sign_in(crowd, setting, &early);
    for &at in &served {
        crowd.ask(at, Step::Pwd);
    }
    crowd.until(FLOW_MAX, |crowd| {
        served.iter().all(|&at| {
            crowd.guests[at].is_over()
                || crowd.guests[at].answer != Answer::None
        })
    });
    let waiting: Vec<usize> = extra
        .into_iter()
        .filter(|&at| {
            let guest = &crowd.guests[at];
            !guest.is_over() && !guest.is_served()
        })
        .collect();
    hand_on(crowd, setting, &served, &waiting, drill);
    // Those whose turn has not come go unserved, and need not be waited for.
    for &at in waiting.iter().rev() {
        if !crowd.guests[at].is_served() {
            crowd.cut(at);
        }
    }
    let open: Vec<usize> = (0..crowd.guests.len())
        .filter(|&at| crowd.guests[at].is_served())
        .filter(|&at| crowd.guests[at].visit.let_go.is_none())
        .collect();
    for at in open {
        crowd.ask(at, Step::Quit);
    }
    crowd.until(setting.patience, |crowd| {
        crowd.guests.iter().all(|g| g.is_over())
    });
}

/// Lets a served guest go for each that waits, one by one.
fn hand_on<D: Dialect>(
    crowd: &mut Crowd<D>,
    setting: &Setting<'_, D>,
    served: &[usize],
    waiting: &[usize],
    drill: &mut Drill,
) {
    for (&leaving, &next) in served.iter().zip(waiting) {
        let left = setting.clock.now();
        crowd.ask(leaving, Step::Quit);
        let came = crowd
            .until(FILL_MAX, |crowd| crowd.guests[next].visit.ready.is_some());
        if !came {
            drill.failures.push(
                "a place that was given back was not given to who waited"
                    .to_owned(),
            );
            return;
        }
        let took = millis(setting.clock.now() - left);
        drill.longest_refill_ms = drill.longest_refill_ms.max(took);
        sign_in(crowd, setting, &[next]);
    }
}

/// Signs guests in, again where it came too early.
fn sign_in<D: Dialect>(
    crowd: &mut Crowd<D>,
    setting: &Setting<'_, D>,
    who: &[usize],
) {
    let mut left = who.to_vec();
    for _ in 0..TRIES_MAX {
        for &at in &left {
            let account = &setting.accounts[at % setting.accounts.len()];
            let (user, password) = (account.0.as_str(), account.1.as_str());
            crowd.ask(at, Step::SignIn { user, password });
        }
        crowd.until(FILL_MAX, |crowd| {
            left.iter().all(|&at| {
                let guest = &crowd.guests[at];
                guest.is_over() || guest.answer != Answer::None
            })
        });
        left.retain(|&at| crowd.guests[at].answer == Answer::TooEarly);
        if left.is_empty() {
            return;
        }
        crowd.until(20 * MS, |_| false);
    }
}

/// The phases at which connections are cut off: ready, within the sign-in,
/// signed in, within a request, within a download, within an upload. Those
/// that wait in the queue are the seventh.
const PHASES: usize = 6;

/// Connections beyond the limit.
const EXTRA: usize = 5;

/// In so many groups at most the places are filled.
const FILL_GROUPS: usize = 200;

/// How soon who was turned away comes again; each time is one guest more.
const COME_AGAIN: Nanos = 100 * MS;

/// So long may all sign-ins together take.
const FILL_MAX: Nanos = 10 * SECOND;

/// So long may the first byte of an answer take.
const FLOW_MAX: Nanos = 10 * SECOND;

/// So long is waited for the server's first word to those who are too many.
const TOLD_MAX: Nanos = 2 * SECOND;

/// The size of the uploads that are cut off.
const CUT_PUT_BYTES: u64 = 100_000;

/// How often a sign-in that came too early is tried again.
const TRIES_MAX: u32 = 500;
