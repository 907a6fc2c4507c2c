//! Thresholds: what must hold at the end of a run, as `KEY: VALUE` in a
//! workload or on the command line.
//!
//! Must not know: how the figures came about.
//!
//! Keys: `[OPERATION.]response.PERCENTILE`, `[OPERATION.]service.PERCENTILE`
//! and `wait.PERCENTILE` take a time; `errors` and `late` a number or a
//! share with `%`; `bound.max` a number; `rate.min` operations a second.
//! All but `rate.min` are upper bounds.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    record::{Ledger, Measure, Op, Outcome, Phase, Times},
    units::Span,
};

/// A threshold, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Threshold {
    key: String,
    what: What,
    bound: Value,
    typed: String,
}

/// What a threshold looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Time { op: Option<Op>, measure: Measure, quantile: f64 },
    Wait { quantile: f64 },
    Errors,
    Late,
    BoundMax,
    RateMin,
}

/// The value that must not be passed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Value {
    Micros(f64),
    Share(f64),
    Number(f64),
}

/// A threshold and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Judged {
    /// Its key.
    pub(crate) key: String,
    /// Its value as typed.
    pub(crate) wanted: String,
    /// What was measured.
    pub(crate) got: String,
    /// Whether it held.
    pub(crate) held: bool,
}

/// What thresholds are held against.
pub(crate) struct Facts<'a> {
    /// The figures.
    pub(crate) ledger: &'a Ledger,
    /// Operations that ended, well or not.
    pub(crate) ended: u64,
    /// Operations that did not end well.
    pub(crate) errors: u64,
    /// Starts that were to be made, and those late by our own fault.
    pub(crate) offered: u64,
    /// Those late by our own fault.
    pub(crate) late: u64,
    /// The most that were served at once.
    pub(crate) bound_max: u64,
    /// Operations a second.
    pub(crate) rate: f64,
}

/// Why a threshold cannot be read.
#[derive(Debug, Error, PartialEq)]
#[error("thresholds: {key}: {why}")]
pub(crate) struct ThresholdError {
    key: String,
    why: String,
}

impl Threshold {
    /// Reads a key and a value.
    pub(crate) fn parse(
        key: &str,
        value: &str,
    ) -> Result<Threshold, ThresholdError> {
        let error = |why: &str| ThresholdError {
            key: key.to_owned(),
            why: why.to_owned(),
        };
        let what = what(key).ok_or_else(|| error("no such key"))?;
        let bound = match what {
            What::Time { .. } | What::Wait { .. } => value
                .parse::<Span>()
                .map(|span| Value::Micros(span.0.as_secs_f64() * 1e6))
                .map_err(|why| error(&why))?,
            What::Errors | What::Late | What::BoundMax | What::RateMin => {
                let (digits, share) = match value.strip_suffix('%') {
                    Some(digits) => (digits, true),
                    None => (value, false),
                };
                let number: f64 = digits
                    .trim()
                    .parse()
                    .map_err(|_| error(&format!("{value:?}: no number")))?;
                match share {
                    true => Value::Share(number / 100.0),
                    false => Value::Number(number),
                }
            }
        };
        let key = key.to_owned();
        Ok(Threshold { key, what, bound, typed: value.to_owned() })
    }

    /// Its key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether it bounds how long anything takes.
    pub(crate) fn is_on_time(&self) -> bool {
        match self.what {
            What::Time { .. } | What::Wait { .. } => true,
            What::Errors | What::Late | What::BoundMax | What::RateMin => {
                false
            }
        }
    }

    /// Whether it holds.
    pub(crate) fn judge(&self, facts: &Facts<'_>) -> Judged {
        let (got, shown) = self.measure(facts);
        let bound = match self.bound {
            Value::Micros(bound)
            | Value::Share(bound)
            | Value::Number(bound) => bound,
        };
        let held = match self.what {
            What::RateMin => got >= bound,
            What::Time { .. }
            | What::Wait { .. }
            | What::Errors
            | What::Late
            | What::BoundMax => got <= bound,
        };
        let (key, wanted) = (self.key.clone(), self.typed.clone());
        Judged { key, wanted, got: shown, held }
    }

    fn measure(&self, facts: &Facts<'_>) -> (f64, String) {
        let time = |times: &Times, quantile: f64| {
            // Where nothing was measured nothing holds.
            if times.is_empty() {
                return (f64::INFINITY, "nothing measured".to_owned());
            }
            let micros = times.value_at_quantile(quantile) as f64;
            (micros, format!("{:.3} ms", micros / 1e3))
        };
        let count = |count: u64, of: u64| match self.bound {
            Value::Share(_) => {
                let share = count as f64 / of.max(1) as f64;
                (share, format!("{:.3}%", share * 100.0))
            }
            Value::Micros(_) | Value::Number(_) => {
                (count as f64, count.to_string())
            }
        };
        match self.what {
            What::Time { op: None, measure, quantile } => {
                time(&facts.ledger.all_ops(Phase::Whole, measure), quantile)
            }
            What::Time { op: Some(op), measure, quantile } => {
                let (phase, outcome) = (Phase::Whole, Outcome::Done);
                match facts.ledger.times(op, phase, outcome, measure) {
                    Some(times) => time(times, quantile),
                    None => (f64::INFINITY, "nothing measured".to_owned()),
                }
            }
            What::Wait { quantile } => {
                let (phase, outcome) = (Phase::Ready, Outcome::Done);
                let measure = Measure::Service;
                match facts.ledger.times(Op::Visit, phase, outcome, measure) {
                    Some(times) => time(times, quantile),
                    None => (f64::INFINITY, "nothing measured".to_owned()),
                }
            }
            What::Errors => count(facts.errors, facts.ended),
            What::Late => count(facts.late, facts.offered),
            What::BoundMax => count(facts.bound_max, 1),
            What::RateMin => (facts.rate, format!("{:.1}/s", facts.rate)),
        }
    }
}

fn what(key: &str) -> Option<What> {
    match key {
        "errors" => return Some(What::Errors),
        "late" => return Some(What::Late),
        "bound.max" => return Some(What::BoundMax),
        "rate.min" => return Some(What::RateMin),
        _ => {}
    }
    let (before, quantile) = key.rsplit_once('.')?;
    let quantile = self::quantile(quantile)?;
    if before == "wait" {
        return Some(What::Wait { quantile });
    }
    let (op, measure) = match before.split_once('.') {
        Some((op, measure)) => (Some(Op::named(op)?), measure),
        None => (None, before),
    };
    let measure = match measure {
        "response" => Measure::Response,
        "service" => Measure::Service,
        _ => return None,
    };
    Some(What::Time { op, measure, quantile })
}

/// `p50`, `p99_9`, `max`.
fn quantile(word: &str) -> Option<f64> {
    if word == "max" {
        return Some(1.0);
    }
    let digits = word.strip_prefix('p')?.replace('_', ".");
    let percent: f64 = digits.parse().ok()?;
    (0.0..=100.0).contains(&percent).then_some(percent / 100.0)
}

#[cfg(test)]
mod tests {
    use super::{Facts, Threshold};
    use crate::{
        clock::MS,
        record::{Ledger, Measure, Op, Outcome, Phase},
    };

    fn held(key: &str, value: &str) -> bool {
        let mut ledger = Ledger::default();
        for at in 1..=100 {
            for measure in [Measure::Response, Measure::Service] {
                let key = (Op::Get, Phase::Whole, Outcome::Done, measure);
                ledger.record(key, at * MS);
            }
        }
        let facts = Facts {
            ledger: &ledger,
            ended: 200,
            errors: 2,
            offered: 0,
            late: 0,
            bound_max: 10,
            rate: 50.0,
        };
        let threshold = Threshold::parse(key, value).expect(key);
        threshold.judge(&facts).held
    }

    #[test]
    fn each_kind_holds_at_its_bound_and_not_past_it() {
        assert!(held("response.p50", "51ms"));
        assert!(!held("response.p50", "49ms"));
        assert!(held("get.service.max", "101ms"));
        assert!(!held("get.service.p99_9", "90ms"));
        assert!(!held("put.service.p50", "1h"), "nothing was measured");
        assert!(held("errors", "2") && !held("errors", "1"));
        assert!(held("errors", "1%") && !held("errors", "0.9%"));
        assert!(held("bound.max", "10") && !held("bound.max", "9"));
        assert!(held("rate.min", "50") && !held("rate.min", "51"));
    }

    #[test]
    fn mistakes_are_named() {
        for (key, value) in [
            ("respose.p99", "50ms"),
            ("response.p101", "50ms"),
            ("response.p99", "fast"),
            ("fly.response.p99", "50ms"),
            ("errors", "few"),
        ] {
            assert!(Threshold::parse(key, value).is_err(), "{key}: {value}");
        }
    }
}
