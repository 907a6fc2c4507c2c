//! Adds up the reports of several machines that loaded one server at the
//! same time. Their clocks differ, so what was served at once is known for
//! each only: the greatest of them is a lower bound of the whole.
//!
//! Must not know: anything but reports.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{ErrorCount, Figures, Percentiles, Report, packed, unpacked};
use crate::record::{Times, empty};

/// Why reports cannot be added up.
#[derive(Debug, Error, PartialEq)]
pub(crate) enum MergeError {
    /// There is none.
    #[error("there is nothing to merge")]
    Nothing,
    /// A histogram in one of them is damaged.
    #[error("the histogram {0:?} cannot be read")]
    Histogram(String),
}

/// The sum of some reports.
///
/// # Errors
///
/// When there is none, or one is damaged.
pub(crate) fn merge(reports: &[Report]) -> Result<Report, MergeError> {
    let (first, rest) = reports.split_first().ok_or(MergeError::Nothing)?;
    let mut sum = first.clone();
    for one in rest {
        add(&mut sum, one);
    }
    let mut times: BTreeMap<String, Times> = BTreeMap::new();
    for (name, text) in reports.iter().flat_map(|one| &one.histograms) {
        let one = unpacked(text)
            .ok_or_else(|| MergeError::Histogram(name.clone()))?;
        times
            .entry(name.clone())
            .or_insert_with(empty)
            .add(&one)
            .map_err(|_| MergeError::Histogram(name.clone()))?;
    }
    for (name, times) in &times {
        let Some((op, measure)) = name.rsplit_once('.') else { continue };
        let figures = match op {
            "all" => &mut sum.all,
            op => sum.operations.entry(op.to_owned()).or_default(),
        };
        let percentiles = Percentiles::of(times);
        match measure {
            "response" => figures.response_us = percentiles,
            _ => figures.service_us = percentiles,
        }
    }
    // A sum is none of the searches.
    sum.capacity = None;
    sum.histograms =
        times.iter().map(|(name, one)| (name.clone(), packed(one))).collect();
    sum.verdict.notes.push(
        "merged: the clocks of the runs differ, so the most served at once is \
        the greatest of the single runs, and thresholds are theirs"
            .to_owned(),
    );
    Ok(sum)
}

fn add(sum: &mut Report, one: &Report) {
    sum.run.merged += one.run.merged;
    sum.run.users += one.run.users;
    sum.run.rate = match (sum.run.rate, one.run.rate) {
        (Some(mine), Some(other)) => Some(mine + other),
        (mine, other) => mine.or(other),
    };
    sum.totals.done += one.totals.done;
    sum.totals.errors += one.totals.errors;
    sum.totals.seconds = sum.totals.seconds.max(one.totals.seconds);
    sum.totals.rate += one.totals.rate;
    sum.totals.bytes_in += one.totals.bytes_in;
    sum.totals.bytes_out += one.totals.bytes_out;
    sum.totals.clipped += one.totals.clipped;
    count(&mut sum.all, &one.all);
    for (op, figures) in &one.operations {
        count(sum.operations.entry(op.clone()).or_default(), figures);
    }
    for (code, number) in &one.codes {
        *sum.codes.entry(code.clone()).or_default() += number;
    }
    for error in &one.errors {
        add_error(&mut sum.errors, error);
    }
    sum.wrong.count += one.wrong.count;
    sum.wrong.shown.extend(one.wrong.shown.iter().cloned());
    let (mine, other) = (&mut sum.bound, &one.bound);
    if other.max_observed > mine.max_observed {
        mine.max_observed = other.max_observed;
        mine.max_at_ms = other.max_at_ms;
        mine.max_who.clone_from(&other.max_who);
    }
    mine.reached |= other.reached;
    mine.violation_count += other.violation_count;
    mine.violations.extend(other.violations.iter().cloned());
    let (mine, other) = (&mut sum.liveness, &one.liveness);
    mine.visits += other.visits;
    mine.served += other.served;
    mine.order_inversions += other.order_inversions;
    mine.violations.extend(other.violations.iter().cloned());
    if other.longest_wait_ms > mine.longest_wait_ms {
        mine.longest_wait_ms = other.longest_wait_ms;
        mine.longest_wait_who.clone_from(&other.longest_wait_who);
    }
    mine.longest_idle_place_ms =
        mine.longest_idle_place_ms.max(other.longest_idle_place_ms);
    for (kind, number) in &other.failed {
        *mine.failed.entry(kind.clone()).or_default() += number;
    }
    sum.gauge.told += one.gauge.told;
    sum.gauge.max = sum.gauge.max.max(one.gauge.max);
    sum.gauge.violation_count += one.gauge.violation_count;
    sum.gauge.violations.extend(one.gauge.violations.iter().cloned());
    sum.validity.valid &= one.validity.valid;
    sum.validity.reasons.extend(one.validity.reasons.iter().cloned());
    sum.validity.offered += one.validity.offered;
    sum.validity.late += one.validity.late;
    sum.validity.held_up += one.validity.held_up;
    sum.validity.dropped += one.validity.dropped;
    sum.thresholds.extend(one.thresholds.iter().cloned());
    if rank(one.verdict.exit) > rank(sum.verdict.exit) {
        sum.verdict.word.clone_from(&one.verdict.word);
        sum.verdict.exit = one.verdict.exit;
    }
    sum.verdict.reasons.extend(one.verdict.reasons.iter().cloned());
}

fn count(sum: &mut Figures, one: &Figures) {
    sum.count += one.count;
    sum.errors += one.errors;
}

fn add_error(errors: &mut Vec<ErrorCount>, one: &ErrorCount) {
    let same = errors
        .iter_mut()
        .find(|it| it.operation == one.operation && it.label == one.label);
    match same {
        Some(same) => same.count += one.count,
        None => errors.push(one.clone()),
    }
}

/// The worse verdict wins: broken, then invalid, then interrupted.
fn rank(exit: u8) -> u8 {
    match exit {
        0 => 0,
        130 => 1,
        4 => 2,
        _ => 3,
    }
}
