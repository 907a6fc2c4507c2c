//! What is known not to hold against our own server, with the reason.
//!
//! A waiver keeps a failure from failing the run. One that nothing uses is
//! an error: so a fault that was mended does not stay excused.

use serde::Deserialize;

use crate::case::Dialect;
use crate::verdict::Outcome;

/// One known failure.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// What the scenario speaks.
    #[serde(default)]
    pub dialect: Dialect,
    /// The scenario.
    pub id: String,
    /// Why it may fail.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    waivers: Vec<Waiver>,
}

/// The waivers of a dialect that are built in.
pub fn embedded(dialect: Dialect) -> Result<Vec<Waiver>, String> {
    let mut waivers = parse(include_str!("../../fixtures/waivers.yaml"))?;
    waivers.retain(|waiver| waiver.dialect == dialect);
    Ok(waivers)
}

/// The waivers of a file's text.
pub fn parse(text: &str) -> Result<Vec<Waiver>, String> {
    let file: File = serde_saphyr::from_str(text)
        .map_err(|error| format!("waivers.yaml: {error}"))?;
    if let Some(empty) =
        file.waivers.iter().find(|waiver| waiver.reason.trim().is_empty())
    {
        return Err(format!("waivers.yaml: {} has no reason", empty.id));
    }
    Ok(file.waivers)
}

/// Excuses the failures that are known. Says which waivers of cases that
/// were played nothing used.
pub fn apply(waivers: &[Waiver], outcomes: &mut [Outcome]) -> Vec<String> {
    let mut unused = Vec::new();
    for waiver in waivers {
        for outcome in outcomes.iter_mut().filter(|o| o.case.id == waiver.id) {
            if outcome.is_failure(true) {
                outcome.waived = Some(waiver.reason.clone());
            } else {
                unused.push(format!(
                    "the waiver of {} is not needed: it is {}",
                    waiver.id, outcome.verdict
                ));
            }
        }
    }
    unused
}

/// Waivers of scenarios that do not exist.
pub fn unknown(waivers: &[Waiver], ids: &[&str]) -> Vec<String> {
    waivers
        .iter()
        .filter(|waiver| !ids.contains(&waiver.id.as_str()))
        .map(|waiver| format!("waivers.yaml: there is no {}", waiver.id))
        .collect()
}
