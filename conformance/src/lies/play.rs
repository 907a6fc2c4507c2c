//! Plays the pairs: each scenario against each lie that it names, and once
//! against the same server when it is honest.
//!
//! A lie is caught by a failed assertion and by nothing else: a scenario
//! that hangs, or brings the server down, has not said what is wrong. With
//! rows, one of them has to catch it, and none may end in trouble.

use super::Lie;
use crate::case::Case;
use crate::report;
use crate::run::{self, Options};
use crate::suite;
use crate::target::Target;
use crate::verdict::{Outcome, Verdict, weighed};
use std::collections::{BTreeMap, BTreeSet};

/// What is played, on what, and how much of it at once.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server that can lie, as it is when it is honest.
    pub liar: Target,
    /// How many plays at once.
    pub jobs: usize,
    /// How each is played.
    pub options: Options,
}

/// What came of one play.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Result {
    /// All held.
    Held,
    /// An assertion did not hold.
    Failed,
    /// It cannot be played on this machine.
    NotPlayed,
    /// Neither: it ran out of time, the server went, the suite was in
    /// trouble.
    Trouble,
}

/// One case against one lie, or against the honest server.
#[derive(Clone, Debug)]
pub struct Play {
    /// The lie's name; none for the honest server.
    pub lie: Option<String>,
    /// The scenario's id, without the row.
    pub scenario: String,
    /// The case's id, with the row.
    pub case: String,
    /// What came of it.
    pub result: Result,
    /// Everything about it, for a person who has to mend it.
    pub story: String,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// A lie's name and the id of a scenario that names it.
pub type Pair = (String, String);

/// How the pairs came out.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// The pairs in which the lie was caught.
    pub caught: BTreeSet<Pair>,
    /// What is wrong, a line or more each.
    pub complaints: Vec<String>,
    /// Cases that cannot be played on this machine.
    pub not_played: BTreeSet<String>,
}

/// Plays every case honestly, and against every lie of `lies` that its
/// scenario names. `show` sees each play as it ends.
pub fn play(
    lies: &[Lie],
    cases: &[Case],
    plan: &Plan,
    show: &mut dyn FnMut(&Play),
) -> Vec<Play> {
    let (alone, together): (Vec<Task<'_>>, Vec<Task<'_>>) = tasks(lies, cases)
        .into_iter()
        .partition(|task| task.case.scenario.serial);
    let mut plays = Vec::new();
    // What measures time runs alone, after all else.
    for (batch, jobs) in [(together, plan.jobs), (alone, 1)] {
        let one = |task: &Task<'_>| play_one(task, plan);
        plays.extend(suite::pool(batch, jobs, &one, show));
    }
    plays
}

/// How many plays there are.
pub fn count(lies: &[Lie], cases: &[Case]) -> usize {
    tasks(lies, cases).len()
}

/// Weighs the plays, pair by pair.
pub fn weigh(plays: &[Play]) -> Findings {
    let mut findings = Findings::default();
    let mut pairs: BTreeMap<Pair, Vec<&Play>> = BTreeMap::new();
    for play in plays {
        let Some(lie) = &play.lie else {
            weigh_honest(play, &mut findings);
            continue;
        };
        let pair = (lie.clone(), play.scenario.clone());
        pairs.entry(pair).or_default().push(play);
    }
    for (pair, plays) in pairs {
        weigh_pair(pair, &plays, &mut findings);
    }
    findings
}

/// A scenario that fails where nobody lies catches nothing.
fn weigh_honest(play: &Play, findings: &mut Findings) {
    match play.result {
        Result::Held => {}
        Result::NotPlayed => {
            findings.not_played.insert(play.case.clone());
        }
        Result::Failed | Result::Trouble => findings.complaints.push(format!(
            "{} does not hold on the honest server\n{}",
            play.case, play.story
        )),
    }
}

fn weigh_pair(pair: Pair, plays: &[&Play], findings: &mut Findings) {
    let (lie, scenario) = &pair;
    let mut trouble = false;
    for play in plays.iter().filter(|p| p.result == Result::Trouble) {
        trouble = true;
        findings.complaints.push(format!(
            "{} does not say what is wrong with {lie}\n{}",
            play.case, play.story
        ));
    }
    let failed = plays.iter().any(|play| play.result == Result::Failed);
    let played = plays.iter().any(|play| play.result != Result::NotPlayed);
    if failed && !trouble {
        findings.caught.insert(pair);
    } else if !failed && !trouble && played {
        findings.complaints.push(format!("{scenario} does not catch {lie}"));
    }
}

/// One play that is to be done.
struct Task<'a> {
    lie: Option<&'a Lie>,
    /// The case that has to catch the lie.
    case: &'a Case,
    /// The case that is played: the same, but where it is a watched rule.
    played: &'a Case,
}

fn tasks<'a>(lies: &'a [Lie], cases: &'a [Case]) -> Vec<Task<'a>> {
    let mut tasks = Vec::new();
    for case in cases {
        let named = |lie: &&Lie| case.scenario.kills.contains(&lie.name);
        let mut honest = BTreeSet::new();
        for lie in lies.iter().filter(named) {
            let Some(played) = played(case, lie, cases) else { continue };
            // A scenario that is not asked about a lie is left alone.
            if honest.insert(&played.id) {
                tasks.push(Task { lie: None, case, played });
            }
            tasks.push(Task { lie: Some(lie), case, played });
        }
    }
    tasks
}

/// What is played for a pair. A lie that a watched rule names, and that says
/// of no scenario that it is seen there, is caught by nobody.
fn played<'a>(
    case: &'a Case,
    lie: &Lie,
    cases: &'a [Case],
) -> Option<&'a Case> {
    if !case.scenario.watched {
        return Some(case);
    }
    let carrier = lie.seen_in.as_ref()?;
    cases.iter().find(|other| other.scenario.id == *carrier)
}

fn play_one(task: &Task<'_>, plan: &Plan) -> Play {
    let lie = task.lie.map(|lie| ["--lie".to_owned(), lie.name.clone()]);
    // What the server has is asked of the honest one, or a lie about it
    // would make the scenario one that need not be played.
    run::ask_needs(task.played, &plan.liar, plan.options);
    let target = plan.liar.told(lie.into_iter().flatten().collect());
    let outcome = run::run_one(task.played, &target, plan.options);
    let result = match task.case.scenario.watched {
        true => result_of_watched(&outcome, &task.case.scenario.id),
        false => result_of(&outcome),
    };
    let is_told = match task.lie {
        None => result != Result::Held,
        Some(_) => result == Result::Trouble,
    };
    Play {
        lie: task.lie.map(|lie| lie.name.clone()),
        scenario: task.case.scenario.id.clone(),
        case: task.case.id.clone(),
        result,
        story: if is_told { report::failure(&outcome) } else { String::new() },
        took_ms: outcome.took_ms,
    }
}

/// A watched rule fails by what was seen to break it, whatever else the
/// play came to.
fn result_of_watched(outcome: &Outcome, rule: &str) -> Result {
    match result_of(outcome) {
        Result::Held | Result::Failed => {
            match outcome.broken.iter().any(|broken| broken.rule == rule) {
                true => Result::Failed,
                false => Result::Held,
            }
        }
        other @ (Result::NotPlayed | Result::Trouble) => other,
    }
}

fn result_of(outcome: &Outcome) -> Result {
    let level = outcome.case.scenario.level;
    match outcome.verdict {
        Verdict::Timeout | Verdict::Crash | Verdict::Error => Result::Trouble,
        Verdict::NotRun => Result::NotPlayed,
        Verdict::Fail => Result::Failed,
        // What a should or a may wants is asserted all the same; a graded
        // alternative has no failure with it.
        verdict if outcome.failure.is_some() && verdict == weighed(level) => {
            Result::Failed
        }
        Verdict::Pass
        | Verdict::Warn
        | Verdict::Info
        | Verdict::Unsupported => Result::Held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plays(results: &[(Option<&str>, &str, Result)]) -> Vec<Play> {
        results
            .iter()
            .map(|(lie, case, result)| Play {
                lie: lie.map(str::to_owned),
                scenario: case.split('[').next().unwrap_or(case).to_owned(),
                case: (*case).to_owned(),
                result: *result,
                story: String::new(),
                took_ms: 0,
            })
            .collect()
    }

    /// A watched rule, and the scenario in which it is seen.
    fn watched() -> Vec<Case> {
        let head = "title: t, rule: r, rfc: 959, section: '4', level: must";
        let text = format!(
            "{{schema: 1, dialect: ftp, scenarios: [{{id: \
             reply.single-1yz, {head}, watched: true, kills: [two, lost]}}, \
             {{id: seen, {head}, steps: [{{send: NOOP, expect: 200}}]}}]}}"
        );
        crate::load::parse("test", &text).expect("the cases are good")
    }

    #[test]
    fn a_watched_rule_is_played_where_its_lie_is_seen() {
        let lies = crate::lies::parse(
            "- {name: two, kind: a, does: x, seen_in: seen}\n\
             - {name: lost, kind: a, does: x}\n",
        )
        .expect("the lies are good");
        let cases = watched();
        let told: Vec<_> = tasks(&lies, &cases)
            .iter()
            .map(|task| {
                let lie = task.lie.map(|lie| lie.name.clone());
                (lie, task.case.id.clone(), task.played.id.clone())
            })
            .collect();
        let (rule, seen) = ("reply.single-1yz", "seen");
        let pair = |lie: Option<&str>| {
            (lie.map(str::to_owned), rule.to_owned(), seen.to_owned())
        };
        assert_eq!(told, [pair(None), pair(Some("two"))]);
    }

    #[test]
    fn a_watched_rule_fails_by_what_broke_it_and_by_nothing_else() {
        let case = &watched()[1];
        let mut outcome = Outcome::new(case, Verdict::Fail, String::new());
        let rule = "reply.single-1yz";
        assert_eq!(result_of_watched(&outcome, rule), Result::Held);
        let what = "a second one".to_owned();
        outcome.broken.insert(crate::ftp::lint::Broken { rule, what });
        assert_eq!(result_of_watched(&outcome, rule), Result::Failed);
        outcome.verdict = Verdict::Timeout;
        assert_eq!(result_of_watched(&outcome, rule), Result::Trouble);
    }

    #[test]
    fn one_row_that_fails_is_enough() {
        let found = weigh(&plays(&[
            (None, "a[x]", Result::Held),
            (None, "a[y]", Result::Held),
            (Some("lie"), "a[x]", Result::Held),
            (Some("lie"), "a[y]", Result::Failed),
        ]));
        assert_eq!(found.complaints, Vec::<String>::new());
        assert_eq!(found.caught, [("lie".into(), "a".into())].into());
    }

    #[test]
    fn what_did_not_catch_its_lie_is_told() {
        let stories = [
            (None, Result::Failed, "honest"),
            (None, Result::Trouble, "honest"),
            (Some("lie"), Result::Held, "does not catch"),
            (Some("lie"), Result::Trouble, "does not say"),
        ];
        for (lie, result, why) in stories {
            let found = weigh(&plays(&[(lie, "a", result)]));
            assert_eq!(found.complaints.len(), 1, "{result:?}");
            assert!(found.complaints[0].contains(why), "{found:?}");
            assert!(found.caught.is_empty());
        }
    }

    #[test]
    fn trouble_in_one_row_is_not_made_good_by_another() {
        let found = weigh(&plays(&[
            (Some("lie"), "a[x]", Result::Trouble),
            (Some("lie"), "a[y]", Result::Failed),
        ]));
        assert_eq!(found.complaints.len(), 1);
        assert!(found.caught.is_empty());
    }

    #[test]
    fn what_cannot_be_played_here_is_neither_caught_nor_missed() {
        let found = weigh(&plays(&[
            (None, "a", Result::NotPlayed),
            (Some("lie"), "a", Result::NotPlayed),
        ]));
        assert!(found.complaints.is_empty() && found.caught.is_empty());
        assert_eq!(found.not_played, ["a".to_owned()].into());
    }
}
