//! Finds a server's capacity: one short run a rate, and the report of the
//! greatest that held.
//!
//! Must not know: how the next rate is chosen, how a report looks.

use std::io::{self, Write as _};

use super::{
    Dialect, Done, Order, Report, RunError,
    conclude::{EXIT_BROKEN, EXIT_INTERRUPTED, EXIT_INVALID},
    run,
};
use crate::{
    capacity::{self, Came, Capacity, Ended, Search, Step},
    report::{Verdict, table},
    verdict::threshold::Threshold,
};

/// Searches; the report is that of the greatest rate that held, or else of
/// the last that was tried, with the search in it and its verdict.
///
/// # Errors
///
/// As [`run`], at the first rate that could not be tried.
pub(crate) fn find_capacity<D: Dialect>(
    dialect: D,
    mut order: Order,
    search: Search,
) -> Result<Done, RunError> {
    order.drill = false;
    if !order.thresholds.iter().any(Threshold::is_on_time) {
        let (key, value) = THRESHOLD_DEFAULT;
        order.thresholds.extend(Threshold::parse(key, value));
    }
    let mut best: Option<Done> = None;
    let mut greatest = 0.0;
    let mut tried = 0;
    let capacity = capacity::find(search, |rate| {
        let mut order = order.clone();
        order
            .workload
            .set_rate(rate)
            .map_err(|why| RunError::Workload(why.clone()))?;
        let done = run(dialect, order.clone())?;
        let step = step(rate, &done.report);
        tried += 1;
        if !order.quiet {
            // Nobody may be reading; the search does not depend on it.
            let line = table::step(&step);
            drop(writeln!(io::stderr(), "step {tried}: {line}"));
        }
        let is_best = step.came == Came::Held && rate > greatest;
        if is_best {
            greatest = rate;
        }
        if is_best || greatest == 0.0 {
            best = Some(done);
        }
        Ok::<_, RunError>(step)
    })?;
    let Some(mut done) = best else {
        return Err(RunError::Workload("no step is allowed".to_owned()));
    };
    done.report.verdict = verdict(&capacity, &done.report);
    done.report.capacity = Some(capacity);
    Ok(done)
}

fn step(rate: f64, report: &Report) -> Step {
    let (totals, cost) = (&report.totals, &report.cost);
    let response = &report.all.response_us;
    // No operation is due while the clients sign in.
    let lead = report.run.lead_ms / 1e3;
    let missed = report.verdict.word == "missed";
    let came = match report.verdict.exit {
        0 => Came::Held,
        EXIT_INTERRUPTED => Came::Interrupted,
        EXIT_INVALID => Came::Invalid,
        _ if missed => Came::Missed,
        _ => Came::Broken,
    };
    Step {
        rate,
        came,
        reasons: report.verdict.reasons.clone(),
        seconds: totals.seconds,
        done_rate: totals.done as f64 / (totals.seconds - lead),
        errors: totals.errors,
        response_us: [response.p50, response.p99, response.max],
        generator_us: cost.generator_us_per_operation,
        server_us: cost.server_us_per_operation,
    }
}

/// What the search says, in place of what its best run does.
fn verdict(capacity: &Capacity, best: &Report) -> Verdict {
    let last = capacity.steps.last();
    let last_reasons = || last.map_or_else(Vec::new, |it| it.reasons.clone());
    let broke = capacity.breaking();
    let limited = broke.is_some_and(|step| step.came == Came::Invalid);
    let (word, exit, reasons) = match capacity.ended {
        Ended::Interrupted => {
            ("interrupted", EXIT_INTERRUPTED, last_reasons())
        }
        Ended::Wrong => ("broken", EXIT_BROKEN, last_reasons()),
        Ended::Limit | Ended::Precise | Ended::Spent if limited => {
            let why = "the generator itself was the limit, so the server \
                may bear more";
            let reasons = broke.map_or_else(Vec::new, |it| it.reasons.clone());
            let reasons = [vec![why.to_owned()], reasons].concat();
            ("invalid", EXIT_INVALID, reasons)
        }
        Ended::Limit | Ended::Precise | Ended::Spent
            if capacity.held == 0.0 =>
        {
            ("missed", EXIT_BROKEN, last_reasons())
        }
        Ended::Limit | Ended::Precise | Ended::Spent => {
            ("held", 0, vec![table::found(capacity)])
        }
    };
    let word = word.to_owned();
    Verdict { word, exit, reasons, notes: best.verdict.notes.clone() }
}

/// What has to hold where the workload says nothing of time: longer than
/// this, and people notice.
const THRESHOLD_DEFAULT: (&str, &str) = ("response.p99", "50ms");

#[cfg(test)]
mod tests;
