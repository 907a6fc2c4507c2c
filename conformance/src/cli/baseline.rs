//! `baseline`: what a server is known to do, written from a run of it.
//!
//! The words of an entry that is there already, with the same verdict, are
//! kept: they are written by hand.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use regex::Regex;

use super::usage;
use crate::baseline::{Baseline, OneOf};
use crate::matrix::{Played, Report};
use crate::verdict::Verdict;

/// What `baseline` may be told.
#[derive(Args)]
pub(super) struct BaselineArguments {
    /// The JSON report of a run.
    #[arg(value_name = "JSON")]
    run: PathBuf,
    /// The server, for people.
    #[arg(long, value_name = "NAME")]
    target: String,
    /// The baseline, which is made or brought up to date.
    #[arg(long, value_name = "FILE")]
    write: PathBuf,
}

/// Writes the baseline.
pub(super) fn baseline(arguments: &BaselineArguments) -> Result<(), ExitCode> {
    let path = arguments.run.display();
    let report = fs::read_to_string(&arguments.run)
        .map_err(|error| error.to_string())
        .and_then(|text| {
            serde_json::from_str::<Report>(&text).map_err(|e| e.to_string())
        })
        .map_err(|error| usage(&format!("{path}: {error}")))?;
    let before = match arguments.write.is_file() {
        true => Some(Baseline::read(&arguments.write).map_err(|e| usage(&e))?),
        false => None,
    };
    let target = quoted(&arguments.target);
    let mut text = format!("target: {target}\nexpect:");
    let entries: Vec<String> = report
        .scenarios
        .iter()
        .filter_map(|played| entry(played, before.as_ref()))
        .collect();
    if entries.is_empty() {
        text += " []";
    }
    text.push('\n');
    text += &entries.concat();
    fs::write(&arguments.write, text)
        .map_err(|e| usage(&format!("{}: {e}", arguments.write.display())))
}

/// What is to be known of a scenario, if anything is: that it is not good,
/// or that it is so by chance.
fn entry(played: &Played, before: Option<&Baseline>) -> Option<String> {
    let known = before.and_then(|before| {
        before.expect.iter().find(|known| {
            known.id == played.id && known.verdict.has(played.verdict)
        })
    });
    let bad =
        played.verdict.is_failure(false) || played.verdict == Verdict::Error;
    let (verdict, reason) = match known {
        Some(known) => (words(&known.verdict), known.reason.clone()),
        None if bad => (word(played.verdict), lasting(&played.reason)),
        None => return None,
    };
    let (id, reason) = (quoted(&played.id), quoted(&reason));
    Some(format!(
        "  - id: {id}\n    verdict: {verdict}\n    reason: {reason}\n"
    ))
}

fn words(known: &OneOf) -> String {
    match known {
        OneOf::One(one) => word(*one),
        OneOf::Several(several) => {
            let all: Vec<String> =
                several.iter().map(|one| word(*one)).collect();
            format!("[{}]", all.join(", "))
        }
    }
}

fn word(verdict: Verdict) -> String {
    verdict.word().to_lowercase()
}

/// A reason without what differs from run to run, and not too long to read.
fn lasting(reason: &str) -> String {
    let folder = Regex::new("conformance-[0-9a-f]+-[0-9]+")
        .expect("a pattern that is written here");
    let reason = folder.replace_all(reason, "DIR").into_owned();
    let mut chars = reason.chars();
    let short: String = chars.by_ref().take(REASON_CHARS_MAX).collect();
    if chars.next().is_none() { short } else { short + "…" }
}

/// Text as YAML reads it, whatever is in it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// More is in the report of the run.
const REASON_CHARS_MAX: usize = 240;
