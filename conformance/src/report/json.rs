//! Everything, as docs/conformance-report.schema.json describes it.

use std::io::{self, Write};

use serde::Serialize;

use super::Run;
use crate::ftp::lint::Broken;
use crate::verdict::{Failure, Outcome, Seen, Verdict};
use crate::wire::Event;

#[derive(Serialize)]
struct Report<'a> {
    schema: u32,
    suite: &'static str,
    target: &'a str,
    dialect: String,
    strict: bool,
    seed: Option<u64>,
    repeat: u32,
    took_ms: u64,
    counts: Vec<Count>,
    complaints: &'a [String],
    scenarios: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Count {
    verdict: Verdict,
    count: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    title: &'a str,
    rule: &'a str,
    rfc: Option<u32>,
    section: &'a str,
    level: String,
    file: &'a str,
    line: u64,
    verdict: Verdict,
    reason: &'a str,
    waived: Option<&'a str>,
    failure: Option<&'a Failure>,
    notes: &'a [String],
    broken: Vec<&'a Broken>,
    kills: &'a [String],
    seen: Vec<&'a Seen>,
    blamed: Option<&'a Seen>,
    took_ms: u64,
    transcript_dropped: u64,
    transcript: &'a [Event],
}

/// Writes the whole report.
pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let counts = run.counts();
    let report = Report {
        schema: SCHEMA,
        suite: concat!("ftpool-conformance ", env!("CARGO_PKG_VERSION")),
        target: &run.target,
        dialect: run.dialect.to_string(),
        strict: run.strict,
        seed: run.seed,
        repeat: run.repeat,
        took_ms: run.took_ms,
        counts: counts
            .into_iter()
            .map(|(verdict, count)| Count { verdict, count })
            .collect(),
        complaints: run.complaints,
        scenarios: run.outcomes.iter().map(entry).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &report)?;
    writeln!(out)
}

fn entry(outcome: &Outcome) -> Entry<'_> {
    let case = &outcome.case;
    let scenario = &case.scenario;
    Entry {
        id: &case.id,
        title: &scenario.title,
        rule: scenario.rule.trim(),
        rfc: scenario.rfc,
        section: &scenario.section,
        level: scenario.level.to_string(),
        file: &case.file,
        line: case.line,
        verdict: outcome.verdict,
        reason: &outcome.reason,
        waived: outcome.waived.as_deref(),
        failure: outcome.failure.as_ref(),
        notes: &outcome.notes,
        broken: outcome.broken.iter().collect(),
        kills: &scenario.kills,
        seen: outcome.seen.iter().collect(),
        blamed: outcome.blamed.as_ref(),
        took_ms: outcome.took_ms,
        transcript_dropped: outcome.dropped,
        transcript: &outcome.transcript,
    }
}

/// The version of the report's schema.
const SCHEMA: u32 = 1;
