//! What a foreign server is known to do: an expected verdict for each
//! scenario that is not simply good. Drift in either direction is told.

use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::verdict::{Outcome, Verdict};

/// What is known of one server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The server, for people.
    pub target: String,
    /// Scenarios that are not simply good.
    pub expect: Vec<Known>,
}

/// What is known of one scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The scenario.
    pub id: String,
    /// Its verdict; several where it is chance which of them comes.
    pub verdict: OneOf,
    /// Why.
    pub reason: String,
}

/// A verdict, or a list of them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(untagged)]
pub enum OneOf {
    /// It is always the same.
    One(Verdict),
    /// It is one of these.
    Several(Vec<Verdict>),
}

impl OneOf {
    /// Whether the verdict is a known one.
    pub fn has(&self, verdict: Verdict) -> bool {
        match self {
            OneOf::One(one) => *one == verdict,
            OneOf::Several(several) => several.contains(&verdict),
        }
    }
}

impl fmt::Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OneOf::One(one) => one.fmt(f),
            OneOf::Several(several) => {
                let words: Vec<&str> =
                    several.iter().map(|verdict| verdict.word()).collect();
                f.write_str(&words.join(" or "))
            }
        }
    }
}

impl Baseline {
    /// Reads a baseline file.
    pub fn read(path: &Path) -> Result<Baseline, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        serde_saphyr::from_str(&text)
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Ids that no scenario has.
    pub fn unknown<'a>(&'a self, ids: &[&str]) -> Vec<&'a str> {
        self.expect
            .iter()
            .map(|known| known.id.as_str())
            .filter(|id| !ids.contains(id))
            .collect()
    }

    /// What differs from what is known, a sentence each.
    pub fn drift(&self, outcomes: &[Outcome], strict: bool) -> Vec<String> {
        outcomes
            .iter()
            .filter_map(|outcome| {
                let (id, got) = (&outcome.case.id, outcome.verdict);
                let known = self.expect.iter().find(|known| known.id == *id);
                match known {
                    Some(known) if !known.verdict.has(got) => Some(format!(
                        "{id} is {got}, and was {} ({})",
                        known.verdict, known.reason
                    )),
                    None if got.is_failure(strict)
                        || got == Verdict::Error =>
                    {
                        Some(format!("{id} is {got}, and was good"))
                    }
                    Some(_) | None => None,
                }
            })
            .collect()
    }
}
