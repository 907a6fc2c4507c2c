//! The report: one structure that is the JSON, and from which the table and
//! the page are made. `docs/loadgen-report.schema.json` describes it.
//!
//! Must not know: sockets, workers, how a verdict is reached.

pub(crate) mod compare;
pub(crate) mod hlog;
pub(crate) mod html;
pub(crate) mod live;
pub(crate) mod merge;
pub(crate) mod table;

use std::collections::BTreeMap;

use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

use crate::{
    capacity::Capacity,
    record::{Ledger, Measure, Op, Outcome, Phase, Times},
    verdict::{
        bound::Bound, gauge::Gauge, liveness::Liveness, threshold::Judged,
        validity::Validity,
    },
};

/// A run, as told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The schema's number.
    pub(crate) schema: u32,
    /// What was run against what.
    pub(crate) run: Run,
    /// The verdict.
    pub(crate) verdict: Verdict,
    /// How many were served at once.
    pub(crate) bound: Bound,
    /// That the places are used.
    pub(crate) liveness: Liveness,
    /// The server's own count.
    pub(crate) gauge: Gauge,
    /// Whether the figures can be believed.
    pub(crate) validity: Validity,
    /// What must hold.
    pub(crate) thresholds: Vec<Judged>,
    /// Sums.
    pub(crate) totals: Totals,
    /// The figures of all operations together.
    pub(crate) all: Figures,
    /// The figures of each operation.
    pub(crate) operations: BTreeMap<String, Figures>,
    /// The figures of the phases of coming in.
    pub(crate) phases: BTreeMap<String, Percentiles>,
    /// What went wrong: operation, code and reason, how often.
    pub(crate) errors: Vec<ErrorCount>,
    /// Wrong bytes and replies: how many, and the first of them.
    pub(crate) wrong: Wrong,
    /// Replies by code.
    pub(crate) codes: BTreeMap<String, u64>,
    /// What it cost in processor time and memory.
    pub(crate) cost: Cost,
    /// The run in short intervals.
    pub(crate) timeline: Vec<Interval>,
    /// Served and waiting clients over time, from their own evidence.
    pub(crate) concurrency: Vec<Concurrency>,
    /// The response and service times of all operations, as base64 of
    /// HdrHistogram V2, compressed; by them runs are added up.
    pub(crate) histograms: BTreeMap<String, String>,
    /// The search for the greatest rate that holds, of which this is the
    /// report of the best run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) capacity: Option<Capacity>,
}

/// What was run against what.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The program's version.
    pub(crate) version: String,
    /// When it began, in UTC.
    pub(crate) started: String,
    /// The workload's name.
    pub(crate) workload: String,
    /// What the workload is for.
    pub(crate) about: String,
    /// The seed of its draws.
    pub(crate) seed: u64,
    /// The server's address.
    pub(crate) target: String,
    /// The protocol.
    pub(crate) dialect: String,
    /// Clients.
    pub(crate) users: u32,
    /// The groups of clients, and how many each has.
    pub(crate) groups: BTreeMap<String, u32>,
    /// `open`, `closed` or both.
    pub(crate) model: String,
    /// Starts a second that were asked for, where the model is open.
    pub(crate) rate: Option<f64>,
    /// The time before an open loop's operations begin.
    pub(crate) lead_ms: f64,
    /// The time whose figures are left out.
    pub(crate) warm_up_ms: f64,
    /// How long new work was begun.
    pub(crate) duration_ms: f64,
    /// Runs that were added up to this one.
    pub(crate) merged: u32,
    /// Somebody interrupted it.
    pub(crate) interrupted: bool,
}

/// The verdict in one word, with its reasons.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// `held`, `broken`, `missed`, `invalid` or `interrupted`.
    pub(crate) word: String,
    /// The exit code.
    pub(crate) exit: u8,
    /// Why.
    pub(crate) reasons: Vec<String>,
    /// What is to be known beside it.
    pub(crate) notes: Vec<String>,
}

/// Sums over a run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Totals {
    /// Operations that ended well.
    pub(crate) done: u64,
    /// Operations that did not.
    pub(crate) errors: u64,
    /// Seconds from the first start to the last end.
    pub(crate) seconds: f64,
    /// Operations that ended well, a second.
    pub(crate) rate: f64,
    /// Bytes of files and listings that came.
    pub(crate) bytes_in: u64,
    /// Bytes of files that went.
    pub(crate) bytes_out: u64,
    /// Times longer than the histograms reach.
    pub(crate) clipped: u64,
}

/// The figures of an operation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// How many ended well.
    pub(crate) count: u64,
    /// How many did not.
    pub(crate) errors: u64,
    /// From the intended start to the end.
    pub(crate) response_us: Percentiles,
    /// From the actual start to the end.
    pub(crate) service_us: Percentiles,
    /// From the start to the address of the data connection, where the
    /// protocol has one.
    #[serde(default)]
    pub(crate) passive_us: Option<Percentiles>,
    /// From the start to the first byte of the transfer.
    pub(crate) first_byte_us: Option<Percentiles>,
    /// From there to the last byte.
    pub(crate) body_us: Option<Percentiles>,
    /// From there to the last reply.
    #[serde(default)]
    pub(crate) settle_us: Option<Percentiles>,
    /// The times of those that were refused.
    pub(crate) refused_us: Option<Percentiles>,
    /// The times of those that broke off.
    pub(crate) broken_us: Option<Percentiles>,
}

/// A distribution in microseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    /// How many times it is made of.
    pub(crate) count: u64,
    /// The mean.
    pub(crate) mean: f64,
    /// Half are shorter.
    pub(crate) p50: u64,
    /// Nine of ten are shorter.
    pub(crate) p90: u64,
    /// 99 of 100 are shorter.
    pub(crate) p99: u64,
    /// 999 of 1,000 are shorter.
    pub(crate) p99_9: u64,
    /// 9,999 of 10,000 are shorter.
    pub(crate) p99_99: u64,
    /// The longest.
    pub(crate) max: u64,
}

/// One kind of error.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ErrorCount {
    /// At which operation.
    pub(crate) operation: String,
    /// The code and the reason, or what broke.
    pub(crate) label: String,
    /// How often.
    pub(crate) count: u64,
}

/// Wrong bytes and replies.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Wrong {
    /// How many.
    pub(crate) count: u64,
    /// The first of them.
    pub(crate) shown: Vec<String>,
}

/// What a run cost.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// The generator's processor time.
    pub(crate) generator_ms: f64,
    /// The same for one operation, in microseconds.
    pub(crate) generator_us_per_operation: f64,
    /// The server's processor time, where it can be seen.
    pub(crate) server_ms: Option<f64>,
    /// The same for one operation, in microseconds.
    pub(crate) server_us_per_operation: Option<f64>,
    /// The server's memory (PSS) at its greatest, in KiB.
    pub(crate) server_memory_kib: Option<u64>,
    /// What that is for each client with a place, above the server at rest.
    pub(crate) server_memory_kib_per_client: Option<f64>,
}

/// One short interval.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Interval {
    /// Its end, in milliseconds since the run began.
    pub(crate) at_ms: f64,
    /// Operations that ended well in it.
    pub(crate) done: u64,
    /// Operations that did not.
    pub(crate) errors: u64,
    /// Bytes both ways.
    pub(crate) bytes: u64,
    /// Response times: p50, p99, longest; absent where nothing ended.
    pub(crate) response_us: Option<[u64; 3]>,
    /// Replies by code.
    pub(crate) codes: BTreeMap<String, u64>,
}

/// How many were served and waited in a stretch of time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Concurrency {
    /// Its beginning, in milliseconds since the run began.
    pub(crate) at_ms: f64,
    /// The most that were served at once in it.
    pub(crate) served: u32,
    /// The most that waited at once in it.
    pub(crate) waiting: u32,
}

/// The schema that this program writes and reads.
pub(crate) const SCHEMA: u32 = 1;

/// A code as people know it.
pub(crate) fn code_word(code: u16) -> String {
    format!("{code:03}")
}

impl Percentiles {
    /// What a histogram says.
    pub(crate) fn of(times: &Times) -> Percentiles {
        let at = |quantile| times.value_at_quantile(quantile);
        Percentiles {
            count: times.len(),
            mean: (times.mean() * 10.0).round() / 10.0,
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: times.max(),
        }
    }
}

impl Figures {
    /// The figures of one operation.
    pub(crate) fn of(ledger: &Ledger, op: Op) -> Option<Figures> {
        let times = |phase, outcome, measure| {
            ledger.times(op, phase, outcome, measure).map(Percentiles::of)
        };
        let whole = |outcome, measure| times(Phase::Whole, outcome, measure);
        let part = |phase| times(phase, Outcome::Done, Measure::Service);
        let refused = whole(Outcome::Refused, Measure::Service);
        let broken = whole(Outcome::Broken, Measure::Service);
        let done = whole(Outcome::Done, Measure::Service);
        if refused.is_none() && broken.is_none() && done.is_none() {
            return None;
        }
        let count = |some: &Option<Percentiles>| {
            some.as_ref().map_or(0, |times| times.count)
        };
        Some(Figures {
            count: count(&done),
            errors: count(&refused) + count(&broken),
            response_us: whole(Outcome::Done, Measure::Response)
                .unwrap_or_default(),
            service_us: done.unwrap_or_default(),
            passive_us: part(Phase::Passive),
            first_byte_us: part(Phase::FirstByte),
            body_us: part(Phase::Body),
            settle_us: part(Phase::Settle),
            refused_us: refused,
            broken_us: broken,
        })
    }
}

/// A histogram in a form that merges: base64 of the compressed V2.
pub(crate) fn packed(times: &Times) -> String {
    let mut bytes = Vec::new();
    V2DeflateSerializer::new()
        .serialize(times, &mut bytes)
        .expect("a Vec takes every write");
    base64::encode(&bytes)
}

mod base64 {
    //! The plain alphabet with padding; the interval log's own encoder is
    //! not within reach.

    /// The text of some bytes.
    pub(super) fn encode(bytes: &[u8]) -> String {
        let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
        for chunk in bytes.chunks(3) {
            let word = chunk.iter().fold(0_u32, |w, b| w << 8 | u32::from(*b))
                << (8 * (3 - chunk.len()));
            for at in 0..4 {
                let six = (word >> (18 - 6 * at) & 63) as usize;
                text.push(match at > chunk.len() {
                    true => '=',
                    false => char::from(ALPHABET[six]),
                });
            }
        }
        text
    }

    /// The bytes of a text; `None` where it is none of ours.
    pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
        let digits: Vec<u32> = text
            .trim_end_matches('=')
            .bytes()
            .map(|byte| ALPHABET.iter().position(|known| *known == byte))
            .map(|at| at.and_then(|at| u32::try_from(at).ok()))
            .collect::<Option<_>>()?;
        let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
        for chunk in digits.chunks(4) {
            let word = chunk.iter().fold(0, |w, d| w << 6 | d)
                << (6 * (4 - chunk.len()));
            let whole = word.to_be_bytes();
            bytes.extend_from_slice(&whole[1..chunk.len()]);
        }
        Some(bytes)
    }

    const ALPHABET: &[u8; 64] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

/// The histogram of a packed form.
pub(crate) fn unpacked(text: &str) -> Option<Times> {
    let bytes = base64::decode(text)?;
    hdrhistogram::serialization::Deserializer::new()
        .deserialize(&mut &bytes[..])
        .ok()
}

#[cfg(test)]
mod tests {
    use super::{base64, packed, unpacked};
    use crate::record::empty;

    #[test]
    fn a_histogram_survives_its_packing() {
        let mut times = empty();
        for at in 1..1000 {
            times.saturating_record(at * at);
        }
        let back = unpacked(&packed(&times)).expect("it was packed");
        assert_eq!(back, times);
        assert!(unpacked("no histogram!").is_none());
    }

    #[test]
    fn base64_is_the_known_one() {
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64::encode(plain.as_bytes()), text);
            assert_eq!(
                base64::decode(text).as_deref(),
                Some(plain.as_bytes())
            );
        }
    }
}
