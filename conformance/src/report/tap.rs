//! The Test Anything Protocol, version 14.

use std::io::{self, Write};

use super::Run;
use super::pretty::failure;
use crate::verdict::Verdict;

/// Writes the whole report.
pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "TAP version 14\n1..{}", run.outcomes.len())?;
    for (number, outcome) in run.outcomes.iter().enumerate() {
        let bad = outcome.verdict.is_failure(run.strict)
            || outcome.verdict == Verdict::Error;
        let word = if bad { "not ok" } else { "ok" };
        let reason = outcome.reason.replace(['#', '\n'], " ");
        let directive = match (&outcome.waived, outcome.verdict) {
            (Some(why), _) => format!(" # TODO {why}"),
            (None, Verdict::Unsupported | Verdict::NotRun) => {
                format!(" # SKIP {reason}")
            }
            (None, _) => String::new(),
        };
        let (id, number) = (&outcome.case.id, number + 1);
        writeln!(out, "{word} {number} - {id}{directive}")?;
        if bad {
            for line in failure(outcome).lines() {
                writeln!(out, "# {line}")?;
            }
        } else if outcome.verdict != Verdict::Pass {
            writeln!(out, "# {} {reason}", outcome.verdict)?;
        }
    }
    for complaint in run.complaints {
        writeln!(out, "# {complaint}")?;
    }
    Ok(())
}
