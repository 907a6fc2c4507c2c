//! The suite judged: a server of each dialect that lies, and the scenarios that say which of
//! its lies they catch.
//!
//! Here is what can be said without playing anything: a lie that no scenario
//! names, a name that is no lie, a must that names none. `play` plays the
//! pairs, `table` writes what came of them for people.

pub mod play;
pub mod table;

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::case::{Case, Dialect, Level};

/// One thing that a test-only server can get wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lie {
    /// Its name, as `kills:` and `--lie` have it.
    pub name: String,
    /// What it is about: `resume`, `quota`, `queue`.
    pub kind: String,
    /// What the server does wrong, in one line.
    pub does: String,
    /// The scenario that is played where a watched rule has to catch it:
    /// such a rule has no steps of its own.
    pub seen_in: Option<String>,
    /// How it is told, which is the liar's to know.
    #[serde(rename = "tells")]
    _tells: Option<IgnoredAny>,
}

/// The lies of a dialect that are built in.
pub fn embedded(dialect: Dialect) -> Result<Vec<Lie>, String> {
    let (name, text) = match dialect {
        Dialect::Native => {
            ("mutants.yaml", include_str!("../../../fixtures/mutants.yaml"))
        }
        Dialect::Ftp => (
            "mutants-ftp.yaml",
            include_str!("../../../fixtures/mutants-ftp.yaml"),
        ),
    };
    parse(text).map_err(|error| format!("{name}: {error}"))
}

/// The lies of a file's text.
pub fn parse(text: &str) -> Result<Vec<Lie>, String> {
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

/// What is wrong before anything is played.
pub fn slips(lies: &[Lie], cases: &[Case]) -> Vec<String> {
    let known: BTreeSet<&str> =
        lies.iter().map(|lie| lie.name.as_str()).collect();
    let ids: BTreeSet<&str> =
        cases.iter().map(|case| case.scenario.id.as_str()).collect();
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
        let unseen = |lie: &&Lie| {
            scenario.watched
                && scenario.kills.contains(&lie.name)
                && lie.seen_in.is_none()
        };
        for lie in lies.iter().filter(unseen) {
            slips.push(format!(
                "{place}: {} is watched, and {} does not say where it is seen",
                scenario.id, lie.name
            ));
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
    for lie in lies {
        let carrier = lie.seen_in.as_deref();
        if let Some(id) = carrier.filter(|id| !ids.contains(id)) {
            slips.push(format!(
                "{} is seen in {id}, and no scenario is called so",
                lie.name
            ));
        }
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
    fn a_lie_is_seen_in_a_scenario_that_is_there() {
        let text = "- {name: late, kind: a, does: x, seen_in: b, tells: {}}";
        let lies = parse(text).expect("the lie is good");
        assert_eq!(
            slips(&lies, &cases(&[("a", "must", "late")])),
            ["late is seen in b, and no scenario is called so"]
        );
    }

    #[test]
    fn a_watched_rule_needs_a_scenario_in_which_its_lie_is_seen() {
        let text = "{schema: 1, dialect: ftp, scenarios: [{id: \
                    reply.single-1yz, title: t, rule: r, rfc: 959, section: \
                    '4', level: must, watched: true, kills: [late]}]}";
        let cases = crate::load::parse("test", text).expect("it is good");
        let lies = parse("- {name: late, kind: a, does: x}").expect("good");
        assert_eq!(
            slips(&lies, &cases),
            ["test:1: reply.single-1yz is watched, and late does not say \
              where it is seen"]
        );
    }

    #[test]
    fn the_built_in_lies_are_good() {
        for (dialect, least) in [(Dialect::Native, 40), (Dialect::Ftp, 60)] {
            let lies = embedded(dialect).expect("they read");
            let names: BTreeSet<&str> =
                lies.iter().map(|lie| lie.name.as_str()).collect();
            assert_eq!(names.len(), lies.len());
            assert!(lies.len() >= least, "{} lies", lies.len());
        }
    }
}
