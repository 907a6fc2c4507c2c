//! The report for a terminal: only what is not simply good is told at length.

use std::io::{self, IsTerminal, Write};

use super::Run;
use crate::verdict::{Outcome, Verdict};
use crate::wire::{Event, Kind};

/// Writes the whole report.
pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    for (group, outcomes) in run.groups() {
        writeln!(out, "{group}")?;
        for outcome in &outcomes {
            writeln!(out, "  {}", line(outcome))?;
        }
    }
    for outcome in run.outcomes {
        if outcome.verdict.is_failure(true)
            || outcome.verdict == Verdict::Error
        {
            write!(out, "\n{}", failure(outcome))?;
        }
    }
    for complaint in run.complaints {
        writeln!(out, "\n! {complaint}")?;
    }
    if let Some(seed) = run.seed {
        writeln!(out, "\norder by --seed {seed}")?;
    }
    writeln!(out, "\n{}: {}", run.target, run.summary())
}

/// One line: the verdict, the id, and why.
pub fn line(outcome: &Outcome) -> String {
    let word = outcome.verdict.word();
    let (on, off) = colour(outcome.verdict);
    let mut text = format!("{on}{word:<11}{off} {}", outcome.case.id);
    if let Some(waived) = &outcome.waived {
        text += &format!("  (waived: {waived})");
    } else if !outcome.reason.is_empty() {
        text += &format!("  {}", outcome.reason);
    }
    text
}

/// What a person needs to know of a failure: the rule, what was wanted, what
/// came, and the end of the transcript.
pub fn failure(outcome: &Outcome) -> String {
    let case = &outcome.case;
    let scenario = &case.scenario;
    let (on, off) = colour(outcome.verdict);
    let mut text = format!(
        "{on}{}{off} {}: {}\n  rule     {} ({}, {})\n",
        outcome.verdict,
        case.id,
        scenario.title,
        scenario.rule.trim().replace('\n', " "),
        scenario.level,
        scenario.place(),
    );
    match &outcome.failure {
        Some(failure) => {
            text += &format!("  wanted   {}\n", failure.wanted);
            text += &format!("  got      {}\n", failure.got);
            text += &format!("  at       {}", failure.at);
            if !failure.client.is_empty() {
                text += &format!(", client {}", failure.client);
            }
            text.push('\n');
        }
        None => text += &format!("  because  {}\n", outcome.reason),
    }
    if outcome.verdict == Verdict::Crash {
        text += &format!("  and      {}\n", outcome.reason);
    }
    for note in outcome.notes.iter().take(NOTES_MAX) {
        text += &format!("  note     {note}\n");
    }
    let start = outcome.transcript.len().saturating_sub(LINES_MAX);
    for event in &outcome.transcript[start..] {
        text += &format!("  {}\n", wire_line(event));
    }
    text
}

fn wire_line(event: &Event) -> String {
    let arrow = match event.kind {
        Kind::Sent => ">",
        Kind::Received => "<",
        Kind::Note => "·",
        Kind::Fault => "!",
    };
    format!("{:>6} ms {:<9} {arrow} {}", event.at_ms, event.client, event.text)
}

fn colour(verdict: Verdict) -> (&'static str, &'static str) {
    if !io::stdout().is_terminal() {
        return ("", "");
    }
    let on = match verdict {
        Verdict::Pass => "\x1b[32m",
        Verdict::Warn | Verdict::Info => "\x1b[33m",
        Verdict::Unsupported | Verdict::NotRun => "\x1b[2m",
        Verdict::Fail | Verdict::Timeout | Verdict::Crash => "\x1b[31;1m",
        Verdict::Error => "\x1b[35;1m",
    };
    (on, "\x1b[0m")
}

/// The end of a transcript that shows what led to a failure.
const LINES_MAX: usize = 12;

/// Further broken rules that are told.
const NOTES_MAX: usize = 5;
