//! The suite judged: a server that lies, and the scenarios that say which of
//! its lies they catch.
//!
//! Here is what can be said without playing anything: a lie that no scenario
//! names, a name that is no lie, a must that names none. `play` plays the
//! pairs, `table` writes what came of them for people.

pub mod play;
pub mod table;

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::case::{Case, Level};

/// One thing that the test-only server can get wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lie {
    /// Its name, as `kills:` and `--lie` have it.
    pub name: String,
    /// What it is about: `resume`, `quota`, `queue`.
    pub kind: String,
    /// What the server does wrong, in one line.
    pub does: String,
}

/// The lies that are built in.
pub fn embedded() -> Result<Vec<Lie>, String> {
    parse(include_str!("../../../fixtures/mutants.yaml"))
}

/// The lies of a file's text.
pub fn parse(text: &str) -> Result<Vec<Lie>, String> {
    serde_saphyr::from_str(text)
        .map_err(|error| format!("mutants.yaml: {error}"))
}

/// What is wrong before anything is played.
pub fn slips(lies: &[Lie], cases: &[Case]) -> Vec<String> {
    let known: BTreeSet<&str> =
        lies.iter().map(|lie| lie.name.as_str()).collect();
    let mut named = BTreeSet::new();
    let mut slips = Vec::new();
    for case in heads(cases) {
        let scenario = &case.scenario;
        let place = format!("{}:{}", case.file, case.line);
        for lie in &scenario.kills {
            named.insert(lie.as_str());
            if !known.contains(lie.as_str()) {
                slips.push(format!(
                    "{place}: {} names {lie}, and no lie is called so",
                    scenario.id
                ));
            }
        }
        if scenario.level == Level::Must && scenario.kills.is_empty() {
            slips.push(format!(
                "{place}: {} is a must, and names no lie that turns it red",
                scenario.id
            ));
        }
    }
    for lie in known.difference(&named) {
        slips.push(format!("no scenario names the lie {lie}"));
    }
    slips
}

/// One case of each scenario: the first of its rows.
fn heads(cases: &[Case]) -> Vec<&Case> {
    let mut heads: Vec<&Case> = Vec::new();
    for case in cases {
        if heads.last().is_none_or(|h| h.scenario.id != case.scenario.id) {
            heads.push(case);
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(scenarios: &[(&str, &str, &str)]) -> Vec<Case> {
        let mut text = "schema: 1\nscenarios:\n".to_owned();
        for (id, level, kills) in scenarios {
            text += &format!(
                "- {{id: {id}, title: t, rule: r, section: '1', level: \
                 {level}, kills: [{kills}], matrix: [{{name: x}}, {{name: \
                 y}}], steps: [{{send: noop, expect: 201}}]}}\n"
            );
        }
        crate::load::parse("test", &text).expect("the cases are good")
    }

    fn lies() -> Vec<Lie> {
        parse(
            "- {name: late, kind: a, does: x}\n\
             - {name: loud, kind: b, does: y}\n",
        )
        .expect("the lies are good")
    }

    #[test]
    fn all_is_well_where_every_lie_is_named_and_every_must_names_one() {
        let cases = cases(&[
            ("a", "must", "late"),
            ("b", "must", "loud, late"),
            ("c", "should", ""),
        ]);
        assert_eq!(slips(&lies(), &cases), Vec::<String>::new());
    }

    #[test]
    fn each_slip_is_told_once() {
        let cases = cases(&[("a", "must", ""), ("b", "may", "late, lout")]);
        assert_eq!(
            slips(&lies(), &cases),
            [
                "test:3: a is a must, and names no lie that turns it red",
                "test:4: b names lout, and no lie is called so",
                "no scenario names the lie loud",
            ]
        );
    }

    #[test]
    fn the_built_in_lies_are_good() {
        let lies = embedded().expect("they read");
        let names: BTreeSet<&str> =
            lies.iter().map(|lie| lie.name.as_str()).collect();
        assert_eq!(names.len(), lies.len());
        assert!(lies.len() >= 40, "{} lies", lies.len());
    }
}
