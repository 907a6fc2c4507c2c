//! What came of a scenario.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::case::{Case, Level};
use crate::ftp::lint::Broken;
use crate::wire::Event;

/// The nine verdicts.
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// All held.
    Pass,
    /// A should was not kept.
    Warn,
    /// The text leaves it open; what was seen is told.
    Info,
    /// The server does not have the feature and need not.
    Unsupported,
    /// A need was not met.
    NotRun,
    /// An assertion did not hold.
    Fail,
    /// An answer did not come.
    Timeout,
    /// The server was gone afterwards.
    Crash,
    /// Trouble of the suite or the network.
    Error,
}

impl Verdict {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Verdict; 9] = [
        Verdict::Pass,
        Verdict::Warn,
        Verdict::Info,
        Verdict::Unsupported,
        Verdict::NotRun,
        Verdict::Fail,
        Verdict::Timeout,
        Verdict::Crash,
        Verdict::Error,
    ];

    /// Whether the server did something that it must not.
    pub fn is_failure(self, strict: bool) -> bool {
        match self {
            Verdict::Fail | Verdict::Timeout | Verdict::Crash => true,
            Verdict::Warn => strict,
            Verdict::Pass
            | Verdict::Info
            | Verdict::Unsupported
            | Verdict::NotRun
            | Verdict::Error => false,
        }
    }

    /// The word that people read.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "PASS",
            Verdict::Warn => "WARN",
            Verdict::Info => "INFO",
            Verdict::Unsupported => "UNSUPPORTED",
            Verdict::NotRun => "NOT-RUN",
            Verdict::Fail => "FAIL",
            Verdict::Timeout => "TIMEOUT",
            Verdict::Crash => "CRASH",
            Verdict::Error => "ERROR",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What did not hold.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// What the scenario wanted.
    pub wanted: String,
    /// What came instead.
    pub got: String,
    /// The client.
    pub client: String,
    /// The step's place, `file:line`.
    pub at: String,
}

/// A reply to a command, for the matrix of what was seen.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Seen {
    /// The command's verb; `(unknown)` for what is none; empty for `000`.
    pub verb: String,
    /// The code.
    pub code: String,
    /// The reason, or the state of a `000` line; empty where there is none.
    pub word: String,
}

/// All that is known about one scenario after it was played.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The case that was played.
    pub case: Case,
    /// What came of it.
    pub verdict: Verdict,
    /// Why, in one line; empty for a plain pass.
    pub reason: String,
    /// What did not hold, where something did not.
    pub failure: Option<Failure>,
    /// What else was noted: graded alternatives, further broken rules.
    pub notes: Vec<String>,
    /// Why a failure is expected, where it is (fixtures/waivers.yaml).
    pub waived: Option<String>,
    /// Every pair of command and code that was seen.
    pub seen: BTreeSet<Seen>,
    /// The last reply before a failure: where it is marked in the matrix.
    pub blamed: Option<Seen>,
    /// FTP: requirements that the lint saw broken.
    pub broken: BTreeSet<Broken>,
    /// What went over the wire.
    pub transcript: Vec<Event>,
    /// Events that were too many to keep.
    pub dropped: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Outcome {
    /// An outcome that says nothing yet but the verdict.
    pub fn new(case: &Case, verdict: Verdict, reason: String) -> Outcome {
        Outcome {
            case: case.clone(),
            verdict,
            reason,
            failure: None,
            notes: Vec::new(),
            waived: None,
            seen: BTreeSet::new(),
            blamed: None,
            broken: BTreeSet::new(),
            transcript: Vec::new(),
            dropped: 0,
            took_ms: 0,
        }
    }

    /// Whether the outcome speaks against the server.
    pub fn is_failure(&self, strict: bool) -> bool {
        self.waived.is_none() && self.verdict.is_failure(strict)
    }
}

/// A failed assertion weighs as much as the rule that it broke.
pub fn weighed(level: Level) -> Verdict {
    match level {
        Level::Must => Verdict::Fail,
        Level::Should => Verdict::Warn,
        Level::May | Level::Info => Verdict::Info,
    }
}
