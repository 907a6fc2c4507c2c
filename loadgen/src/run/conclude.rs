//! Draws the report and its verdict from all that a run has seen.

use std::{collections::BTreeMap, time::SystemTime};

use super::{MS, Nanos, Order, Report, SECOND, Seen, plan};
use crate::{
    history::Visit,
    record::{Measure, Op, Outcome, Phase},
    report::{
        Concurrency, Cost, ErrorCount, Figures, Interval, Percentiles, Run,
        SCHEMA, Totals, Verdict, Wrong, code_word, packed,
    },
    verdict::{
        bound, gauge, liveness, millis,
        threshold::{Facts, Threshold},
        validity,
    },
    worker::LEAD,
    workload::Pace,
};

/// Everything, judged.
pub(super) fn report(
    seen: &Seen,
    order: &Order,
    started: SystemTime,
) -> Report {
    let harvest = &seen.harvest;
    let ledger = &harvest.ledger;
    let all: Vec<Visit> =
        harvest.visits.iter().chain(&seen.drilled).cloned().collect();
    let mut bound = bound::sweep(&all, seen.limit);
    bound.limit_from = seen.limit_from.to_owned();
    let totals = totals(seen);
    let validity = validity::judge(&harvest.watch, order.allowed);
    let facts = Facts {
        ledger,
        ended: totals.done + totals.errors,
        errors: totals.errors,
        offered: validity.offered,
        late: validity.late,
        bound_max: bound.max_observed,
        rate: totals.rate,
    };
    let thresholds = thresholds(order)
        .iter()
        .map(|threshold| threshold.judge(&facts))
        .collect();
    let liveness = liveness::judge(
        &harvest.visits,
        &seen.drilled,
        seen.drill.clone(),
        seen.limit,
        order.refill_max,
    );
    let phase = |phase: Phase| {
        let (op, outcome) = (Op::Visit, Outcome::Done);
        let times = ledger.times(op, phase, outcome, Measure::Service)?;
        Some((phase.word().to_owned(), Percentiles::of(times)))
    };
    let both = [Measure::Response, Measure::Service]
        .map(|measure| ledger.all_ops(Phase::Whole, measure));
    let mut report = Report {
        schema: SCHEMA,
        run: about(seen, order, started),
        verdict: Verdict::default(),
        gauge: gauge::compare(&all, seen.limit),
        bound,
        liveness,
        validity,
        thresholds,
        all: Figures {
            count: totals.done,
            errors: totals.errors,
            response_us: Percentiles::of(&both[0]),
            service_us: Percentiles::of(&both[1]),
            ..Figures::default()
        },
        operations: Op::ALL
            .into_iter()
            .filter_map(|op| {
                Some((op.word().to_owned(), Figures::of(ledger, op)?))
            })
            .collect(),
        phases: [Phase::Connect, Phase::Ready, Phase::Login]
            .into_iter()
            .filter_map(phase)
            .collect(),
        errors: errors(seen),
        wrong: Wrong {
            count: harvest.wrong_count,
            shown: harvest.wrong.clone(),
        },
        codes: BTreeMap::new(),
        cost: cost(seen, &totals),
        totals,
        timeline: timeline(seen),
        concurrency: concurrency(&all),
        histograms: histograms(seen, &both),
        capacity: None,
    };
    for interval in &report.timeline {
        for (code, count) in &interval.codes {
            *report.codes.entry(code.clone()).or_default() += count;
        }
    }
    report.verdict = verdict(&report, seen);
    report
}

/// The order's thresholds; without one on errors there may be none.
fn thresholds(order: &Order) -> Vec<Threshold> {
    let mut thresholds = order.thresholds.clone();
    if !thresholds.iter().any(|threshold| threshold.key() == "errors") {
        thresholds.extend(Threshold::parse("errors", "0"));
    }
    thresholds
}

/// What the exit code is, and why. What clients have proven stands, however
/// the generator did; figures stand only where it kept up.
fn verdict(report: &Report, seen: &Seen) -> Verdict {
    let mut reasons = Vec::new();
    let broken = [
        (
            report.bound.violation_count,
            "times more than the limit were served",
        ),
        (report.wrong.count, "times what came back was wrong"),
        (
            report.gauge.violation_count,
            "times the server's own count was wrong",
        ),
        (report.liveness.violations.len() as u64, "times liveness was broken"),
    ];
    for (count, what) in broken {
        if count > 0 {
            reasons.push(format!("{count} {what}"));
        }
    }
    if report.liveness.order_inversions > 0 {
        let count = report.liveness.order_inversions;
        reasons.push(format!("{count} visits were served out of order"));
    }
    let missed: Vec<String> = report
        .thresholds
        .iter()
        .filter(|judged| !judged.held)
        .map(|j| format!("{}: {} wanted, {} got", j.key, j.wanted, j.got))
        .collect();
    let (word, exit) = if seen.interrupted {
        reasons.push("the run was ended early".to_owned());
        ("interrupted", EXIT_INTERRUPTED)
    } else if !reasons.is_empty() {
        reasons.extend(missed);
        ("broken", EXIT_BROKEN)
    } else if !report.validity.valid {
        reasons.clone_from(&report.validity.reasons);
        ("invalid", EXIT_INVALID)
    } else if !missed.is_empty() {
        reasons = missed;
        ("missed", EXIT_BROKEN)
    } else {
        ("held", 0)
    };
    let mut notes = Vec::new();
    if report.bound.limit.is_none() {
        notes.push("no limit is known, so nothing is said of it".to_owned());
    } else if !report.bound.reached {
        notes.push(format!(
            "the limit was never reached ({} at most): the run proves nothing \
            of the bound",
            report.bound.max_observed
        ));
    }
    if seen.harvest.visits_lost > 0 {
        notes.push(format!(
            "{} visits beyond what is kept are not part of the verdict",
            seen.harvest.visits_lost
        ));
    }
    Verdict { word: word.to_owned(), exit, reasons, notes }
}

fn about(seen: &Seen, order: &Order, started: SystemTime) -> Run {
    let workload = &order.workload;
    let open = workload.groups.iter().any(|group| !plan::is_closed(group));
    let closed = workload.groups.iter().any(plan::is_closed);
    let rates = workload.groups.iter().filter_map(|group| match group.pace {
        Pace::Open { rate, .. } => Some(rate),
        Pace::Closed => None,
    });
    let led = workload.groups.iter().any(plan::starts_operations);
    Run {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: jiff::Timestamp::try_from(started)
            .map(|time| time.to_string())
            .unwrap_or_default(),
        workload: workload.name.clone(),
        about: workload.about.clone(),
        seed: workload.seed,
        target: seen.target.to_string(),
        dialect: seen.dialect.to_owned(),
        users: workload.users(),
        groups: workload
            .groups
            .iter()
            .map(|group| (group.name.clone(), group.users))
            .collect(),
        model: match (open, closed) {
            (true, true) => "open and closed",
            (true, false) => "open",
            (false, _) => "closed",
        }
        .to_owned(),
        rate: open.then(|| rates.sum()),
        lead_ms: millis(if led { LEAD } else { 0 }),
        warm_up_ms: millis(workload.warm_up),
        duration_ms: millis(workload.duration),
        merged: 1,
        interrupted: seen.interrupted,
    }
}

fn totals(seen: &Seen) -> Totals {
    let ledger = &seen.harvest.ledger;
    let ops = || Op::ALL.into_iter().filter(|op| *op != Op::Visit);
    let done = ops().map(|op| ledger.count(op, Outcome::Done)).sum();
    let errors = Op::ALL
        .into_iter()
        .flat_map(|op| {
            [Outcome::Refused, Outcome::Broken]
                .map(|out| ledger.count(op, out))
        })
        .sum();
    let seconds = (seen.end - seen.begin) as f64 / SECOND as f64;
    Totals {
        done,
        errors,
        seconds,
        rate: done as f64 / seconds,
        bytes_in: seen.rows.iter().map(|row| row.bytes_in).sum(),
        bytes_out: seen.rows.iter().map(|row| row.bytes_out).sum(),
        clipped: ledger.clipped,
    }
}

fn cost(seen: &Seen, totals: &Totals) -> Cost {
    let ended = (totals.done + totals.errors).max(1) as f64;
    let one = |time: Nanos| time as f64 / 1e3 / ended;
    let peak = seen.memory_kib.map(|(_, peak)| peak);
    let places = bound::sweep(&seen.harvest.visits, None).max_observed;
    Cost {
        generator_ms: millis(seen.own_time),
        generator_us_per_operation: one(seen.own_time),
        server_ms: seen.server_time.map(millis),
        server_us_per_operation: seen.server_time.map(one),
        server_memory_kib: peak,
        server_memory_kib_per_client: seen
            .memory_kib
            .filter(|_| places > 0)
            .map(|(rest, peak)| {
                peak.saturating_sub(rest) as f64 / places as f64
            }),
    }
}

fn errors(seen: &Seen) -> Vec<ErrorCount> {
    let mut errors: Vec<ErrorCount> = seen
        .harvest
        .errors
        .iter()
        .map(|((op, label), count)| ErrorCount {
            operation: op.word().to_owned(),
            label: label.clone(),
            count: *count,
        })
        .collect();
    errors.sort_by_key(|error| std::cmp::Reverse(error.count));
    errors
}

fn timeline(seen: &Seen) -> Vec<Interval> {
    seen.rows
        .iter()
        .map(|row| Interval {
            at_ms: millis((row.index + 1) * seen.interval),
            done: row.done,
            errors: row.errors,
            bytes: row.bytes_in + row.bytes_out,
            response_us: row.response_us,
            codes: row
                .codes
                .iter()
                .map(|(code, count)| (code_word(*code), *count))
                .collect(),
        })
        .collect()
}

/// The most served and the most waiting in each of a few hundred stretches.
fn concurrency(visits: &[Visit]) -> Vec<Concurrency> {
    let end = visits.iter().filter_map(|visit| visit.closed).max();
    let length = (end.unwrap_or(0) / STRETCHES).max(MS);
    let count = usize::try_from(end.unwrap_or(0) / length).unwrap_or(0) + 1;
    let mut served = vec![0; count];
    let mut waiting = vec![0; count];
    peaks(
        bound::steps(visits.iter().filter_map(Visit::proven)),
        length,
        &mut served,
    );
    let told = visits.iter().any(|visit| visit.waited().is_some());
    let waits = if told { Visit::waited } else { Visit::in_line };
    peaks(bound::steps(visits.iter().filter_map(waits)), length, &mut waiting);
    served
        .into_iter()
        .zip(waiting)
        .enumerate()
        .map(|(at, (served, waiting))| Concurrency {
            at_ms: millis(at as u64 * length),
            served,
            waiting,
        })
        .collect()
}

/// Fills in the greatest value that a step function has in each stretch.
fn peaks(steps: Vec<(Nanos, u32)>, length: Nanos, peaks: &mut [u32]) {
    let mut value = 0;
    let mut place = 0;
    for (at, next) in steps {
        let here = usize::try_from(at / length).unwrap_or(usize::MAX);
        let here = here.min(peaks.len() - 1);
        while place < here {
            peaks[place] = peaks[place].max(value);
            place += 1;
        }
        peaks[here] = peaks[here].max(value).max(next);
        value = next;
    }
}

fn histograms(
    seen: &Seen,
    both: &[crate::record::Times; 2],
) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (measure, times) in ["response", "service"].iter().zip(both) {
        all.insert(format!("all.{measure}"), packed(times));
    }
    for op in Op::ALL {
        for (word, measure) in
            [("response", Measure::Response), ("service", Measure::Service)]
        {
            let (phase, outcome) = (Phase::Whole, Outcome::Done);
            let ledger = &seen.harvest.ledger;
            if let Some(times) = ledger.times(op, phase, outcome, measure) {
                all.insert(format!("{}.{word}", op.word()), packed(times));
            }
        }
    }
    all
}

/// Stretches of the picture of concurrency.
const STRETCHES: Nanos = 600;

/// The bound was broken, or a threshold missed.
pub(crate) const EXIT_BROKEN: u8 = 1;

/// The generator itself was the limit.
pub(crate) const EXIT_INVALID: u8 = 4;

/// Somebody interrupted the run.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;
