//! A workload: who comes, when, and what they do, checked. What is typed in
//! YAML is `raw`; nothing else ever sees it.
//!
//! Must not know: sockets, the protocol, how anything is drawn at random.

mod raw;
mod ready;

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
use thiserror::Error;

pub(crate) use self::ready::{DEFAULT, names};
use self::{raw::Raw, ready::READY};
use crate::{
    clock::Nanos,
    record::Op,
    units::{Size, Span},
};

/// A checked workload.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    /// Its name, for reports.
    pub(crate) name: String,
    /// One sentence on what it is for.
    pub(crate) about: String,
    /// Repeats every draw exactly.
    pub(crate) seed: u64,
    /// How long new work is begun.
    pub(crate) duration: Nanos,
    /// Figures of work that was to start earlier are left out.
    pub(crate) warm_up: Nanos,
    /// The files that are fetched and sent.
    pub(crate) files: Files,
    /// How strictly the bytes are looked at.
    pub(crate) check: Check,
    /// The share of uploads that are fetched again and compared.
    pub(crate) read_back: f64,
    /// Who comes.
    pub(crate) groups: Vec<Group>,
    /// What must hold at the end, as typed; `threshold` reads it.
    pub(crate) thresholds: Vec<(String, String)>,
}

/// How many files there are and how large they are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Files {
    /// How many different ones.
    #[serde(default = "files_default")]
    pub(crate) count: u32,
    /// How large each is.
    pub(crate) size: Sizes,
}

/// A distribution of file sizes.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum SizeLaw {
    /// Any size between the two, equally likely.
    Uniform([Size; 2]),
    /// Most are near the median, a few are far larger.
    Lognormal {
        /// Half of the files are smaller.
        median: Size,
        /// The spread: 1 is wide, 2 very wide.
        sigma: f64,
        /// None is larger.
        max: Size,
    },
    /// These sizes, each as often as its weight says.
    Weighted(BTreeMap<String, u32>),
}

/// One size for all, or a distribution.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Sizes {
    /// All the same.
    Fixed(Size),
    /// By a law; in YAML a map with the law's name as its one key.
    Law(#[serde(with = "serde_yaml::with::singleton_map")] SizeLaw),
}

/// How strictly the bytes that come back are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Check {
    /// Their number only; they are not even copied.
    Lengths,
    /// Each byte is compared.
    #[default]
    Bytes,
    /// Each byte is compared, and uploads name their digest.
    Digests,
}

/// Clients that do the same.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// Its name, for reports.
    pub(crate) name: String,
    /// How many clients.
    pub(crate) users: u32,
    /// Closed loop or open loop.
    pub(crate) pace: Pace,
    /// The number of users, or the rate, over time.
    pub(crate) stages: Vec<Stage>,
    /// What a client waits between two operations.
    pub(crate) think: Think,
    /// What they do, with weights; empty for clients that only stay.
    pub(crate) mix: Vec<(Op, u32)>,
    /// So many operations end a visit; `None`: a drawn `quit` or the end.
    pub(crate) operations: Option<u32>,
    /// So many visits each; `None`: until the duration is over.
    pub(crate) visits: Option<u32>,
    /// The time that a client stays, silent, before it says goodbye.
    pub(crate) hold: Nanos,
    /// Clients come one after the other over this time.
    pub(crate) arrive_over: Nanos,
    /// Bytes per second that a client reads; `None`: as they come.
    pub(crate) read_rate: Option<u64>,
    /// Who of them vanishes, and where.
    pub(crate) vanish: Option<Vanish>,
}

/// How starts are timed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// A client begins when it is done with what it did before.
    Closed,
    /// Starts are due by a schedule, whatever the server does.
    Open {
        /// Starts a second.
        rate: f64,
        /// What starts.
        of: Arrivals,
        /// How the starts lie.
        spacing: Spacing,
    },
}

/// What an open loop's schedule starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Arrivals {
    /// Single operations of users who are signed in.
    #[default]
    Operations,
    /// Whole visits.
    Visits,
}

/// How the starts of an open loop lie in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Spacing {
    /// As independent people come.
    #[default]
    Poisson,
    /// Like a clock.
    Even,
}

/// A stretch of time at whose end a value is reached, linearly.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stage {
    /// How long it takes.
    #[serde(rename = "for")]
    pub(crate) span: Span,
    /// The users, or the starts a second, at its end.
    pub(crate) to: f64,
}

/// A pause between two operations.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Think {
    /// None.
    #[default]
    None,
    /// Always the same.
    Fixed(Span),
    /// Exponential around this mean.
    Exponential(Span),
    /// Between the two.
    Uniform([Span; 2]),
}

/// Who cuts the connection without a word, and where.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vanish {
    /// The share of the visits, 0 to 1.
    pub(crate) share: f64,
    /// The places to choose from.
    pub(crate) at: Vec<CutAt>,
}

/// Where a connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CutAt {
    /// While it waits for a place, or as soon as it is ready.
    Queue,
    /// When it is ready, before it says anything.
    Ready,
    /// When its sign-in is on its way.
    Login,
    /// When a command is on its way.
    Command,
    /// Within the bytes of a download.
    Download,
    /// Within the bytes of an upload.
    Upload,
}

/// Why a workload cannot be used.
#[derive(Debug, Error)]
pub(crate) enum WorkloadError {
    /// The file cannot be read.
    #[error("{0}: {1}; the ready ones are {names}", names = names())]
    Unreadable(String, std::io::Error),
    /// It is no YAML, or has a key that is unknown or of the wrong kind.
    #[error("{0}: {1}")]
    Malformed(String, serde_yaml::Error),
    /// A value makes no sense.
    #[error("{0}: {1}")]
    Senseless(String, String),
}

impl Workload {
    /// Reads a file, or one of the ready workloads by its name.
    pub(crate) fn load(name: &str) -> Result<Workload, WorkloadError> {
        let ready = READY.iter().find(|(known, _)| *known == name);
        let text = match ready {
            Some((_, text)) => (*text).to_owned(),
            None => fs::read_to_string(Path::new(name)).map_err(|error| {
                WorkloadError::Unreadable(name.to_owned(), error)
            })?,
        };
        Workload::parse(name, &text)
    }

    /// Reads and checks a workload's text; `name` is for the errors.
    pub(crate) fn parse(
        name: &str,
        text: &str,
    ) -> Result<Workload, WorkloadError> {
        let raw: Raw = serde_yaml::from_str(text).map_err(|error| {
            WorkloadError::Malformed(name.to_owned(), error)
        })?;
        raw.check()
            .map_err(|what| WorkloadError::Senseless(name.to_owned(), what))
    }

    /// All the users of all groups.
    pub(crate) fn users(&self) -> u32 {
        self.groups.iter().map(|group| group.users).sum()
    }

    /// Gives it another number of users, in the same proportions.
    pub(crate) fn set_users(&mut self, users: u32) {
        let before = self.users().max(1);
        let mut left = users;
        let last = self.groups.len() - 1;
        for (at, group) in self.groups.iter_mut().enumerate() {
            let share =
                u64::from(group.users) * u64::from(users) / u64::from(before);
            let share = u32::try_from(share).unwrap_or(left).max(1).min(left);
            group.users = if at == last { left } else { share };
            left -= group.users;
        }
        self.groups.retain(|group| group.users > 0);
    }

    /// Has every client begin when it is done with what it did before.
    pub(crate) fn set_closed(&mut self) {
        for group in &mut self.groups {
            if group.pace != Pace::Closed {
                group.pace = Pace::Closed;
                group.stages.clear();
            }
        }
    }

    /// Has so many starts a second be due in all, shared out by the users
    /// of the groups that do anything. Stages of a rate end with it.
    ///
    /// # Errors
    ///
    /// Where the rate makes no sense, or nobody does anything.
    pub(crate) fn set_rate(&mut self, rate: f64) -> Result<(), String> {
        if !(rate > 0.0 && rate <= RATE_MAX) {
            return Err("--rate: above 0, at most a million".to_owned());
        }
        let doing = || self.groups.iter().filter(|it| !it.mix.is_empty());
        let users: u32 = doing().map(|group| group.users).sum();
        if users == 0 {
            let why = "--rate: no client of the workload does anything";
            return Err(why.to_owned());
        }
        for group in &mut self.groups {
            if group.mix.is_empty() {
                continue;
            }
            let rate = rate * f64::from(group.users) / f64::from(users);
            let (of, spacing) = match group.pace {
                Pace::Open { of, spacing, .. } => (of, spacing),
                Pace::Closed => (Arrivals::default(), Spacing::default()),
            };
            group.pace = Pace::Open { rate, of, spacing };
            group.stages.clear();
        }
        Ok(())
    }
}

fn files_default() -> u32 {
    16
}

/// Starts a second; more than any generator of this kind can make.
const RATE_MAX: f64 = 1_000_000.0;

#[cfg(test)]
mod tests;
