//! Requirements that every control connection of a run is the test of:
//! what the lint saw broken anywhere fails them.
//!
//! The lint has watched already; here its findings get verdicts.

use crate::case::Case;
use crate::verdict::{Failure, Outcome, Verdict, weighed};

/// Judges a watched case by all that was played beside it.
pub fn judge(case: &Case, played: &[Outcome]) -> Outcome {
    let rule = &case.scenario.id;
    let heard = played.iter().filter(|o| !o.seen.is_empty()).count();
    if heard == 0 {
        let reason = "no reply was heard in this run".to_owned();
        return Outcome::new(case, Verdict::NotRun, reason);
    }
    let mut broken: Vec<(&str, &str)> = Vec::new();
    for outcome in played {
        let of_rule = outcome.broken.iter().filter(|b| b.rule == rule);
        broken.extend(of_rule.map(|b| (&*outcome.case.id, &*b.what)));
    }
    let Some((first, what)) = broken.first() else {
        return Outcome::new(case, Verdict::Pass, String::new());
    };
    let reason = format!("{what}, in {first}");
    let mut outcome = Outcome::new(case, weighed(case.scenario.level), reason);
    outcome.failure = Some(Failure {
        wanted: case.scenario.rule.trim().to_owned(),
        got: (*what).to_owned(),
        client: String::new(),
        at: (*first).to_owned(),
    });
    let more = broken.iter().skip(1).take(NOTES_MAX);
    outcome.notes.extend(more.map(|(id, what)| format!("{id}: {what}")));
    if broken.len() > NOTES_MAX + 1 {
        let rest = broken.len() - NOTES_MAX - 1;
        outcome.notes.push(format!("and {rest} times more"));
    }
    outcome
}

/// More places than anyone looks at.
const NOTES_MAX: usize = 20;
