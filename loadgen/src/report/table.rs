//! The table and the verdict for a terminal.
//!
//! Must not know: anything but the report.

use std::fmt::{self, Write as _};

use super::{Figures, Percentiles, Report};
use crate::capacity::{Came, Capacity, Ended, Step};

/// The report as text.
pub(crate) struct Table<'a>(pub(crate) &'a Report);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0;
        let run = &report.run;
        writeln!(
            f,
            "\n{} ({} loop, {} clients, seed {}) against {}",
            run.workload, run.model, run.users, run.seed, run.target
        )?;
        figures(f, report)?;
        sums(f, report)?;
        errors(f, report)?;
        bound(f, report)?;
        if let Some(capacity) = &report.capacity {
            search(f, capacity)?;
        }
        writeln!(f, "\n{}: {}", verdict_word(report), reasons(report))?;
        for note in &report.verdict.notes {
            writeln!(f, "  note: {note}")?;
        }
        Ok(())
    }
}

fn figures(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    writeln!(
        f,
        "\n{:<22}{:>9}{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "", "count", "errors", "p50", "p90", "p99", "p99.9", "max"
    )?;
    for (name, times) in &report.phases {
        line(f, name, times.count, 0, times)?;
    }
    for (name, figures) in &report.operations {
        both(f, name, figures)?;
        parts(f, figures)?;
    }
    both(f, "all operations", &report.all)
}

/// Response and, where it differs, service time.
fn both(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    figures: &Figures,
) -> fmt::Result {
    let (response, service) = (&figures.response_us, &figures.service_us);
    line(f, name, figures.count, figures.errors, response)?;
    if response.p50 != service.p50 || response.max != service.max {
        let times = [
            service.p50,
            service.p90,
            service.p99,
            service.p99_9,
            service.max,
        ];
        write!(f, "{:<39}", "    of it service")?;
        times.iter().try_for_each(|time| write!(f, "{:>10}", span(*time)))?;
        writeln!(f)?;
    }
    Ok(())
}

/// The parts of a transfer over a data connection, in the order of time.
fn parts(f: &mut fmt::Formatter<'_>, figures: &Figures) -> fmt::Result {
    if figures.passive_us.is_none() {
        return Ok(());
    }
    let parts = [
        ("address after", &figures.passive_us),
        ("first byte after", &figures.first_byte_us),
        ("body", &figures.body_us),
        ("last reply", &figures.settle_us),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(word, times)| {
            Some(format!("{word} {}", span(times.as_ref()?.p50)))
        })
        .collect();
    writeln!(f, "    its parts, p50: {}", parts.join(", "))
}

fn line(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    count: u64,
    errors: u64,
    times: &Percentiles,
) -> fmt::Result {
    write!(f, "{name:<22}{count:>9}{errors:>8}")?;
    for time in [times.p50, times.p90, times.p99, times.p99_9, times.max] {
        match times.count {
            0 => write!(f, "{:>10}", "-")?,
            _ => write!(f, "{:>10}", span(time))?,
        }
    }
    writeln!(f)
}

fn sums(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let totals = &report.totals;
    writeln!(
        f,
        "\n{} operations in {:.1} s, {:.0} a second; {} in, {} out",
        totals.done,
        totals.seconds,
        totals.rate,
        size(totals.bytes_in),
        size(totals.bytes_out),
    )?;
    let cost = &report.cost;
    write!(
        f,
        "processor time for one operation: generator {:.1} us",
        cost.generator_us_per_operation
    )?;
    if let Some(server) = cost.server_us_per_operation {
        write!(f, ", server {server:.1} us")?;
    }
    if let Some(kib) = cost.server_memory_kib {
        write!(f, "; server's memory {} MiB", kib / 1024)?;
    }
    if let Some(kib) = cost.server_memory_kib_per_client {
        write!(f, " ({kib:.1} KiB a client)")?;
    }
    let validity = &report.validity;
    writeln!(
        f,
        "\ngenerator's own lag: p50 {}, p99 {}, max {}; {} starts offered, {} \
        late by its fault, {} held up by the server, {} dropped",
        span(validity.lag_us[0]),
        span(validity.lag_us[1]),
        span(validity.lag_us[2]),
        validity.offered,
        validity.late,
        validity.held_up,
        validity.dropped
    )
}

fn errors(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    for error in &report.errors {
        let (op, label) = (&error.operation, &error.label);
        writeln!(f, "error: {op}: {label}: {} times", error.count)?;
    }
    for wrong in &report.wrong.shown {
        writeln!(f, "wrong: {wrong}")?;
    }
    Ok(())
}

fn bound(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let bound = &report.bound;
    let limit = match bound.limit {
        Some(limit) => format!("{limit} ({})", bound.limit_from),
        None => "not known".to_owned(),
    };
    writeln!(
        f,
        "\nserved at once: {} at most (at {:.1} ms); limit {limit}{}",
        bound.max_observed,
        bound.max_at_ms,
        match (bound.limit, bound.reached) {
            (None, _) => "",
            (Some(_), true) => ", reached",
            (Some(_), false) => ", never reached: this proves nothing",
        }
    )?;
    let lively = &report.liveness;
    writeln!(
        f,
        "visits: {} of {} served; longest wait {:.1} ms; a place was free \
        while somebody waited for at most {:.1} ms; out of order: {}",
        lively.served,
        lively.visits,
        lively.longest_wait_ms,
        lively.longest_idle_place_ms,
        lively.order_inversions
    )?;
    if let Some(drill) = &lively.drill {
        writeln!(
            f,
            "drill: {} places filled, {} connections cut off at every phase, \
            {} places filled again; a place given on within {:.1} ms",
            drill.filled, drill.cut, drill.refilled, drill.longest_refill_ms
        )?;
    }
    if report.gauge.told > 0 {
        writeln!(
            f,
            "the server's own count: told {} times, {} at most",
            report.gauge.told, report.gauge.max
        )?;
    }
    let all = (bound.violations.iter())
        .chain(&lively.violations)
        .chain(&report.gauge.violations);
    for violation in all.take(SHOWN_MAX) {
        writeln!(
            f,
            "BROKEN ({}) at {:.3} ms: {}; {}",
            violation.rule,
            violation.at_ms,
            violation.what,
            violation.who.join(", ")
        )?;
    }
    for judged in &report.thresholds {
        let word = if judged.held { "held" } else { "MISSED" };
        let (key, wanted) = (&judged.key, &judged.wanted);
        writeln!(f, "threshold {key}: {wanted}: {word}, {}", judged.got)?;
    }
    Ok(())
}

fn search(f: &mut fmt::Formatter<'_>, capacity: &Capacity) -> fmt::Result {
    writeln!(
        f,
        "\ncapacity: {} starts a second; the figures above are of that run",
        capacity.held
    )?;
    capacity
        .steps
        .iter()
        .try_for_each(|tried| writeln!(f, "  {}", step(tried)))
}

/// One rate of a search, in one line.
pub(crate) fn step(step: &Step) -> String {
    let [p50, p99, max] = step.response_us.map(span);
    let mut line = format!(
        "{:>7}/s {:<11} {:>8.0}/s done, response p50 {p50}, p99 {p99}, max \
        {max}",
        step.rate,
        came_word(step.came),
        step.done_rate
    );
    for reason in &step.reasons {
        line.push_str("; ");
        line.push_str(reason);
    }
    line
}

/// What came of a rate, as one word.
pub(crate) fn came_word(came: Came) -> &'static str {
    match came {
        Came::Held => "held",
        Came::Missed => "MISSED",
        Came::Invalid => "INVALID",
        Came::Broken => "BROKEN",
        Came::Interrupted => "INTERRUPTED",
    }
}

/// What a search that went well has found, in one line.
pub(crate) fn found(capacity: &Capacity) -> String {
    let held = capacity.held;
    let beyond = match capacity.breaking() {
        None => "every rate that was tried held".to_owned(),
        Some(step) => {
            let reasons = step.reasons.join("; ");
            format!("{} a second did not hold: {reasons}", step.rate)
        }
    };
    let rest = match capacity.ended {
        Ended::Spent => " (no more steps were left to look between)",
        Ended::Interrupted | Ended::Limit | Ended::Precise | Ended::Wrong => {
            ""
        }
    };
    format!("{held} starts a second held; {beyond}{rest}")
}

/// The verdict's word as a headline.
pub(crate) fn verdict_word(report: &Report) -> String {
    report.verdict.word.to_uppercase()
}

/// Why the verdict is what it is, in one line.
pub(crate) fn reasons(report: &Report) -> String {
    match report.verdict.reasons.as_slice() {
        [] => "the bound, the bytes and every threshold".to_owned(),
        reasons => reasons.join("; "),
    }
}

/// A time in the unit that fits it.
pub(crate) fn span(micros: u64) -> String {
    let time = micros as f64;
    match micros {
        0..1_000 => format!("{micros} us"),
        1_000..1_000_000 => format!("{:.2} ms", time / 1e3),
        _ => format!("{:.2} s", time / 1e6),
    }
}

/// A number of bytes in the unit that fits it.
pub(crate) fn size(bytes: u64) -> String {
    let mut text = String::new();
    let number = bytes as f64;
    let (unit, word) = match bytes {
        0..1024 => (1.0, "B"),
        1024..1_048_576 => (1024.0, "KiB"),
        1_048_576..1_073_741_824 => (1_048_576.0, "MiB"),
        _ => (1_073_741_824.0, "GiB"),
    };
    let digits = usize::from(bytes >= 1024);
    write!(text, "{:.digits$} {word}", number / unit)
        .expect("a String takes every write");
    text
}

/// Violations told in the table; the JSON has more.
const SHOWN_MAX: usize = 10;
