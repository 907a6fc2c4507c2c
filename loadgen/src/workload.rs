//! A workload: who comes, when, and what they do, as typed in YAML and then
//! as checked. Nothing else ever sees the raw form.
//!
//! Must not know: sockets, the protocol, how anything is drawn at random.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
use thiserror::Error;

use crate::{
    clock::Nanos,
    plan::stages_span,
    record::Op,
    units::{Scalar, Size, Span},
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

/// The names of the ready workloads.
pub(crate) fn names() -> String {
    READY.map(|(name, _)| name).join(", ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    #[serde(default)]
    about: String,
    #[serde(default = "seed_default")]
    seed: u64,
    duration: Option<Span>,
    warm_up: Option<Span>,
    files: Option<Files>,
    #[serde(default)]
    check: Check,
    #[serde(default)]
    read_back: f64,
    groups: Vec<RawGroup>,
    #[serde(default)]
    thresholds: BTreeMap<String, Scalar>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGroup {
    name: Option<String>,
    #[serde(default = "users_default")]
    users: u32,
    rate: Option<f64>,
    #[serde(default)]
    arrivals: Arrivals,
    #[serde(default)]
    spacing: Spacing,
    #[serde(default)]
    stages: Vec<Stage>,
    #[serde(default, with = "serde_yaml::with::singleton_map")]
    think: Think,
    #[serde(default)]
    mix: BTreeMap<String, u32>,
    operations: Option<u32>,
    visits: Option<u32>,
    hold: Option<Span>,
    arrive_over: Option<Span>,
    read_rate: Option<Size>,
    vanish: Option<Vanish>,
}

impl Raw {
    fn check(self) -> Result<Workload, String> {
        if self.groups.is_empty() {
            return Err("groups: there must be at least one".into());
        }
        let files = self.files.unwrap_or(Files {
            count: files_default(),
            size: Sizes::Fixed(Size(4096)),
        });
        if files.count == 0 || files.count > FILES_MAX {
            return Err(format!("files.count: 1 to {FILES_MAX}"));
        }
        if !(0.0..=1.0).contains(&self.read_back) {
            return Err("read_back: 0 to 1".into());
        }
        let groups: Vec<Group> = self
            .groups
            .into_iter()
            .enumerate()
            .map(|(at, group)| group.check(at))
            .collect::<Result<_, _>>()?;
        let users: u64 = groups.iter().map(|g| u64::from(g.users)).sum();
        if users > USERS_MAX {
            return Err(format!("users: at most {USERS_MAX} in all"));
        }
        let span =
            |given: Option<Span>, default| given.map_or(default, Span::nanos);
        let staged = groups.iter().map(|group| stages_span(&group.stages));
        let staged = staged.max().filter(|span| *span > 0);
        Ok(Workload {
            name: self.name,
            about: self.about,
            seed: self.seed,
            duration: span(self.duration, staged.unwrap_or(DURATION_DEFAULT)),
            warm_up: span(self.warm_up, 0),
            files,
            check: self.check,
            read_back: self.read_back,
            groups,
            thresholds: self
                .thresholds
                .iter()
                .map(|(key, value)| (key.clone(), value.text()))
                .collect(),
        })
    }
}

impl RawGroup {
    fn check(self, at: usize) -> Result<Group, String> {
        let name = self.name.unwrap_or_else(|| format!("group {}", at + 1));
        let bad = |what: &str| Err(format!("{name}: {what}"));
        if self.users == 0 {
            return bad("users: at least 1");
        }
        let mut mix = Vec::new();
        for (word, weight) in &self.mix {
            match Op::drawn(word) {
                Some(op) if *weight > 0 => mix.push((op, *weight)),
                Some(_) => {}
                None => return bad(&format!("mix: no operation {word:?}")),
            }
        }
        let pace = match self.rate {
            None => Pace::Closed,
            Some(rate) if rate > 0.0 && rate <= RATE_MAX => {
                Pace::Open { rate, of: self.arrivals, spacing: self.spacing }
            }
            Some(_) => return bad("rate: above 0, at most a million"),
        };
        if self
            .stages
            .iter()
            .any(|stage| !(0.0..=RATE_MAX).contains(&stage.to))
        {
            return bad("stages: `to` is 0 to a million");
        }
        let shares = self.vanish.as_ref().map(|vanish| vanish.share);
        if shares.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return bad("vanish.share: 0 to 1");
        }
        if self.vanish.as_ref().is_some_and(|v| v.at.is_empty()) {
            return bad("vanish.at: at least one place");
        }
        if mix.is_empty() && pace != Pace::Closed {
            return bad("a rate needs a mix");
        }
        Ok(Group {
            name,
            users: self.users,
            pace,
            stages: self.stages,
            think: self.think,
            mix,
            operations: self.operations,
            visits: self.visits,
            hold: self.hold.map_or(0, Span::nanos),
            arrive_over: self.arrive_over.map_or(0, Span::nanos),
            read_rate: self.read_rate.map(|size| size.0.max(1)),
            vanish: self.vanish,
        })
    }
}

fn files_default() -> u32 {
    16
}

fn users_default() -> u32 {
    10
}

fn seed_default() -> u64 {
    1
}

/// The workloads that come with the program, the first being the default.
const READY: [(&str, &str); 9] = [
    ("classic", include_str!("../../fixtures/workloads/classic.yaml")),
    ("small-files", include_str!("../../fixtures/workloads/small-files.yaml")),
    ("few-large", include_str!("../../fixtures/workloads/few-large.yaml")),
    ("login-storm", include_str!("../../fixtures/workloads/login-storm.yaml")),
    ("idle-crowd", include_str!("../../fixtures/workloads/idle-crowd.yaml")),
    (
        "slow-readers",
        include_str!("../../fixtures/workloads/slow-readers.yaml"),
    ),
    ("vanishing", include_str!("../../fixtures/workloads/vanishing.yaml")),
    ("all-verbs", include_str!("../../fixtures/workloads/all-verbs.yaml")),
    (
        "thousand-for-ten",
        include_str!("../../fixtures/workloads/thousand-for-ten.yaml"),
    ),
];

/// The workload that runs when none is named.
pub(crate) const DEFAULT: &str = READY[0].0;

/// How long a run takes where nothing says so.
const DURATION_DEFAULT: Nanos = 10 * crate::clock::SECOND;

/// More files would make the set-up longer than the run.
const FILES_MAX: u32 = 10_000;

/// More connections than one address has ports for.
const USERS_MAX: u64 = 60_000;

/// Starts a second; more than any generator of this kind can make.
const RATE_MAX: f64 = 1_000_000.0;

#[cfg(test)]
mod tests {
    use super::{Pace, READY, Workload};

    #[test]
    fn the_ready_workloads_are_good() {
        for (name, text) in READY {
            let workload = Workload::parse(name, text).expect(name);
            assert_eq!(workload.name, name);
            assert!(!workload.about.is_empty(), "{name} says what it is for");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (text, want) in [
            ("name: x\ngroups: []\n", "at least one"),
            ("name: x\ngroups: [{mix: {gte: 1}}]\n", "no operation \"gte\""),
            ("name: x\ngroups: [{usres: 3}]\n", "usres"),
            ("name: x\ngroups: [{rate: 0, mix: {pwd: 1}}]\n", "rate"),
            ("name: x\ngroups: [{users: 70000}]\n", "at most"),
            ("name: x\nread_back: 2\ngroups: [{}]\n", "0 to 1"),
        ] {
            let error = Workload::parse("x", text).expect_err(text);
            assert!(error.to_string().contains(want), "{error}");
        }
    }

    #[test]
    fn users_are_shared_out_in_proportion() {
        let text = "name: x\ngroups: [{users: 90}, {users: 10}]\n";
        let mut workload = Workload::parse("x", text).expect("it is good");
        workload.set_users(1000);
        let users: Vec<_> = workload.groups.iter().map(|g| g.users).collect();
        assert_eq!(users, [900, 100]);
        assert!(workload.groups.iter().all(|g| g.pace == Pace::Closed));
        workload.set_users(1);
        assert_eq!(workload.users(), 1);
    }

    #[test]
    fn a_rate_is_shared_out_among_those_who_do_anything_and_ends_stages() {
        let text = "name: x\ngroups:\n  - {users: 7}\n  \
            - {users: 30, mix: {get: 1}}\n  - {users: 10, rate: 5, \
            mix: {pwd: 1}, spacing: even, stages: [{for: 1s, to: 9}]}\n";
        let mut workload = Workload::parse("x", text).expect("it is good");
        workload.set_rate(80.0).expect("a good rate");
        let rates: Vec<_> = (workload.groups.iter())
            .map(|group| match group.pace {
                Pace::Open { rate, .. } => rate,
                Pace::Closed => 0.0,
            })
            .collect();
        assert_eq!(rates, [0.0, 60.0, 20.0]);
        assert!(workload.groups.iter().all(|group| group.stages.is_empty()));
        assert!(workload.set_rate(0.0).is_err());
        workload.set_closed();
        assert!(workload.groups.iter().all(|g| g.pace == Pace::Closed));
        workload.groups.truncate(1);
        assert!(workload.set_rate(1.0).is_err(), "nobody does anything");
    }
}
