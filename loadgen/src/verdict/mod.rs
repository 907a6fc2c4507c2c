//! Judges what was seen: the bound, the liveness beside it, the server's
//! own count, the bytes, the generator itself, the thresholds.
//!
//! Must not know: how anything was measured, how a report looks.

pub(crate) mod bound;
pub(crate) mod gauge;
pub(crate) mod liveness;
pub(crate) mod order;
pub(crate) mod threshold;
pub(crate) mod validity;

use serde::{Deserialize, Serialize};

/// Something that must not be, seen beyond doubt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Violation {
    /// Which rule is broken, as one word.
    pub(crate) rule: String,
    /// When, in milliseconds since the run began.
    pub(crate) at_ms: f64,
    /// What was seen.
    pub(crate) what: String,
    /// Whose visits show it.
    pub(crate) who: Vec<String>,
}

impl Violation {
    /// A violation seen at a time.
    pub(crate) fn new(
        rule: &str,
        at: crate::clock::Nanos,
        what: String,
        who: Vec<String>,
    ) -> Violation {
        Violation { rule: rule.to_owned(), at_ms: millis(at), what, who }
    }
}

/// Nanoseconds as milliseconds with three digits after the point.
pub(crate) fn millis(nanos: crate::clock::Nanos) -> f64 {
    (nanos / 1_000) as f64 / 1_000.0
}

/// Violations of one rule that are told one by one.
pub(crate) const VIOLATIONS_MAX: usize = 50;

/// Names in one violation.
pub(crate) const NAMES_MAX: usize = 32;
