//! A workload as typed in YAML, and how it becomes a checked one.
//!
//! Must not know: what is done with it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Arrivals, Check, Files, Group, Pace, RATE_MAX, Sizes, Spacing, Stage,
    Think, Vanish, Workload, files_default,
};
use crate::{
    clock::{Nanos, SECOND},
    plan::stages_span,
    record::Op,
    units::{Scalar, Size, Span},
};

/// A workload as typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
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
    /// Checks everything that the types do not.
    ///
    /// # Errors
    ///
    /// One sentence that begins with the key.
    pub(super) fn check(self) -> Result<Workload, String> {
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

fn users_default() -> u32 {
    10
}

fn seed_default() -> u64 {
    1
}

/// How long a run takes where nothing says so.
const DURATION_DEFAULT: Nanos = 10 * SECOND;

/// More files would make the set-up longer than the run.
const FILES_MAX: u32 = 10_000;

/// More connections than one address has ports for.
const USERS_MAX: u64 = 60_000;
