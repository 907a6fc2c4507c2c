//! What a run tells people and programs: five forms of one list of outcomes.
//!
//! Measuring and judging are over when a report begins; nothing here changes
//! a verdict.

mod html;
mod json;
mod junit;
mod pretty;
mod sections;
mod style;
mod tap;

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::case::Dialect;
use crate::verdict::{Outcome, Verdict};

pub use pretty::{failure, line};

/// The form of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Format {
    /// For people, at a terminal.
    Pretty,
    /// The Test Anything Protocol, version 14.
    Tap,
    /// JUnit's XML, as continuous integration reads it.
    Junit,
    /// Everything, as docs/conformance-report.schema.json describes it.
    Json,
    /// One page that needs nothing else.
    Html,
}

/// A run that is over.
#[derive(Debug)]
pub struct Run<'a> {
    /// The server, for people.
    pub target: String,
    /// What it was judged by.
    pub dialect: Dialect,
    /// Whether a should counts as a must.
    pub strict: bool,
    /// The seed of the order, where there was one.
    pub seed: Option<u64>,
    /// How often each scenario was played.
    pub repeat: u32,
    /// How long the whole took, in milliseconds.
    pub took_ms: u64,
    /// What came of each scenario.
    pub outcomes: &'a [Outcome],
    /// What does not belong to one scenario: drift, unused waivers.
    pub complaints: &'a [String],
}

impl Run<'_> {
    /// How often each verdict was given.
    pub fn counts(&self) -> BTreeMap<Verdict, usize> {
        let mut counts = BTreeMap::new();
        for outcome in self.outcomes {
            *counts.entry(outcome.verdict).or_insert(0) += 1;
        }
        counts
    }

    /// The counts as a line.
    pub fn summary(&self) -> String {
        let counts = self.counts();
        let mut parts: Vec<String> = Verdict::ALL
            .iter()
            .filter_map(|verdict| {
                let count = counts.get(verdict)?;
                Some(format!("{count} {verdict}"))
            })
            .collect();
        let waived =
            self.outcomes.iter().filter(|o| o.waived.is_some()).count();
        if waived > 0 {
            parts.push(format!("{waived} of them waived"));
        }
        let seconds = self.took_ms as f64 / 1_000.0;
        format!("{} in {seconds:.1} s", parts.join(", "))
    }

    /// The outcomes by group, in the order of the scenarios.
    pub fn groups(&self) -> BTreeMap<&str, Vec<&Outcome>> {
        let mut groups: BTreeMap<&str, Vec<&Outcome>> = BTreeMap::new();
        for outcome in self.outcomes {
            groups.entry(outcome.case.group()).or_default().push(outcome);
        }
        groups
    }

    /// Writes the report.
    pub fn write(
        &self,
        format: Format,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        match format {
            Format::Pretty => pretty::write(self, out),
            Format::Tap => tap::write(self, out),
            Format::Junit => junit::write(self, out),
            Format::Json => json::write(self, out),
            Format::Html => html::write(self, out),
        }
    }
}
