//! What a search says for each way in which it may end.

use super::verdict;
use crate::{
    capacity::{Came, Capacity, Ended, Step},
    report::html::tests::report,
};

fn step(rate: f64, came: Came) -> Step {
    Step {
        rate,
        came,
        reasons: vec![format!("at {rate}")],
        seconds: 1.0,
        done_rate: rate,
        errors: 0,
        response_us: [1, 2, 3],
        generator_us: 1.0,
        server_us: None,
    }
}

#[track_caller]
fn check(
    (held, broke): (f64, Option<f64>),
    ended: Ended,
    steps: &[(f64, Came)],
    (word, exit): (&str, u8),
    reason: &str,
) {
    let steps = steps.iter().map(|(rate, came)| step(*rate, *came)).collect();
    let capacity = Capacity { held, broke, ended, steps };
    let verdict = verdict(&capacity, &report());
    assert_eq!((verdict.word.as_str(), verdict.exit), (word, exit));
    let said = verdict.reasons.join("; ");
    assert!(said.contains(reason), "{said}");
}

#[test]
fn each_end_has_its_word_and_its_exit_code() {
    let (held, missed) = ((10.0, Came::Held), (20.0, Came::Missed));
    let between = (10.0, Some(20.0));
    let at = "20 a second did not hold";
    check(between, Ended::Precise, &[held, missed], ("held", 0), at);
    check(between, Ended::Spent, &[held, missed], ("held", 0), "steps");
    let open = "every rate that was tried held";
    check((10.0, None), Ended::Spent, &[held], ("held", 0), open);
    let late = [held, (20.0, Came::Invalid)];
    let own = "generator itself";
    check(between, Ended::Precise, &late, ("invalid", 4), own);
    let none = (0.0, Some(20.0));
    check(none, Ended::Limit, &[missed], ("missed", 1), "at 20");
    let wrong = [held, (20.0, Came::Broken)];
    check((10.0, None), Ended::Wrong, &wrong, ("broken", 1), "at 20");
    let cut = [held, (20.0, Came::Interrupted)];
    let word = ("interrupted", 130);
    check((10.0, None), Ended::Interrupted, &cut, word, "at 20");
}
