//! Two runs side by side, and which differences are more than noise.
//!
//! Must not know: anything but reports.
//!
//! A percentile of n times is itself uncertain: its rank is off by about
//! the root of n·q·(1−q). A difference counts where the two percentiles'
//! ranges, taken from the histograms at three such deviations, do not meet
//! and the medians of the ranges differ by more than a twentieth.

use std::fmt;

use super::{Report, table::span, unpacked};
use crate::record::Times;

/// Two runs, compared.
pub(crate) struct Comparison {
    lines: Vec<Line>,
    rates: [f64; 2],
    names: [String; 2],
}

struct Line {
    name: String,
    quantile: &'static str,
    before: u64,
    after: u64,
    change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Change {
    Noise,
    Faster,
    Slower,
}

impl Comparison {
    /// Compares every distribution that both have.
    pub(crate) fn new(before: &Report, after: &Report) -> Comparison {
        let mut lines = Vec::new();
        for (name, text) in &before.histograms {
            let pair = (unpacked(text), after.histograms.get(name));
            let (Some(one), Some(two)) = pair else { continue };
            let Some(two) = unpacked(two) else { continue };
            for (quantile, at) in QUANTILES {
                lines.push(line(name, quantile, at, &one, &two));
            }
        }
        Comparison {
            lines,
            rates: [before.totals.rate, after.totals.rate],
            names: [before, after].map(|report| {
                format!("{} {}", report.run.workload, report.run.started)
            }),
        }
    }

    /// Whether anything became slower beyond noise.
    pub(crate) fn is_slower(&self) -> bool {
        self.lines.iter().any(|line| line.change == Change::Slower)
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "before: {}\nafter:  {}\n", self.names[0], self.names[1])?;
        writeln!(
            f,
            "{:<22}{:>7}{:>12}{:>12}{:>9}  change",
            "", "", "before", "after", "ratio"
        )?;
        for line in &self.lines {
            let word = match line.change {
                Change::Noise => "within noise",
                Change::Faster => "FASTER",
                Change::Slower => "SLOWER",
            };
            writeln!(
                f,
                "{:<22}{:>7}{:>12}{:>12}{:>9.2}  {word}",
                line.name,
                line.quantile,
                span(line.before),
                span(line.after),
                line.after as f64 / line.before.max(1) as f64,
            )?;
        }
        writeln!(
            f,
            "\noperations a second: {:.1} before, {:.1} after",
            self.rates[0], self.rates[1]
        )
    }
}

fn line(
    name: &str,
    quantile: &'static str,
    at: f64,
    one: &Times,
    two: &Times,
) -> Line {
    let (before, after) = (range(one, at), range(two, at));
    let apart = |low: u64, high: u64| high as f64 > low as f64 * LEAST_RATIO;
    let change = if after.0 > before.2 && apart(before.1, after.1) {
        Change::Slower
    } else if before.0 > after.2 && apart(after.1, before.1) {
        Change::Faster
    } else {
        Change::Noise
    };
    let (before, after) = (before.1, after.1);
    Line { name: name.to_owned(), quantile, before, after, change }
}

/// A percentile with what it could as well have been.
fn range(times: &Times, at: f64) -> (u64, u64, u64) {
    let count = times.len().max(1) as f64;
    let off = DEVIATIONS * (at * (1.0 - at) / count).sqrt();
    let value = |at: f64| times.value_at_quantile(at.clamp(0.0, 1.0));
    (value(at - off), value(at), value(at + off))
}

/// What is compared. The longest time is left out: it is all noise.
const QUANTILES: [(&str, f64); 3] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)];

/// Standard deviations of a percentile's rank.
const DEVIATIONS: f64 = 3.0;

/// A difference below a twentieth is not worth a word.
const LEAST_RATIO: f64 = 1.05;

#[cfg(test)]
mod tests {
    use super::{Change, line};
    use crate::record::{Times, empty};

    fn times(base: u64, count: u64) -> Times {
        let mut times = empty();
        for at in 0..count {
            // Spread evenly over a range of the base's own size.
            times.saturating_record(base + at * 7_919 % base);
        }
        times
    }

    #[test]
    fn only_what_is_beyond_noise_counts() {
        let change = |one: &Times, two: &Times| {
            line("all.response", "p50", 0.5, one, two).change
        };
        let (base, same) = (times(10_000, 5_000), times(10_010, 5_000));
        let (slow, fast) = (times(13_000, 5_000), times(7_000, 5_000));
        assert_eq!(change(&base, &same), Change::Noise);
        assert_eq!(change(&base, &slow), Change::Slower);
        assert_eq!(change(&base, &fast), Change::Faster);
        // Few times prove nothing.
        assert_eq!(
            change(&times(10_000, 9), &times(13_000, 9)),
            Change::Noise
        );
    }
}
