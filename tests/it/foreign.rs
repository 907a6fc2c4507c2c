//! The suite on a server that it did not start: whatever a scenario did and
//! however it ended, nothing of it is left.

use ftpool_conformance::{
    load,
    run::{Options, run_one},
    target::{Credentials, Foreign, Target},
    verdict::Verdict,
};

use crate::world::World;

/// Plays the steps on anna's server, wants the verdict, and wants her home
/// and her books empty afterwards.
#[track_caller]
fn leaves_nothing(steps: &str, verdict: Verdict) {
    let server = World::new().start();
    let text = format!(
        "schema: 1\nscenarios:\n- id: foreign\n  title: t\n  rule: r\n  \
         section: '1'\n  level: must\n  fixture: {{old: {{file: {{text: \
         old}}}}}}\n  steps:\n{steps}"
    );
    let cases = load::parse("foreign", &text).expect("the steps are good");
    let user = Credentials { name: "anna".into(), password: "secret".into() };
    let (second, limit, home) = (None, None, None);
    let address = server.address.to_string();
    let target =
        Target::foreign(Foreign { address, user, second, limit, home });
    let outcome = run_one(&cases[0], &target, Options::default());
    assert_eq!(outcome.verdict, verdict, "{outcome:#?}");
    assert_eq!(outcome.notes, Vec::<String>::new());
    let story = format!("{outcome:?}");
    assert!(story.contains("auth anna (hidden)"), "{story}");
    assert!(!story.contains("secret"), "a report would show the password");
    let mut anna = server.anna();
    assert_eq!((anna.quota("used"), anna.quota("parts")), (0, 0));
    anna.ask("dir", "201 length=0 entries=0");
}

/// An upload, begun by that line, that breaks off after 40 bytes.
fn broken_upload(client: &str, line: &str) -> String {
    let digest = "0".repeat(64);
    format!(
        "  - {{on: {client}, send: '{line} digest={digest}', \
         replies: [202, 405]}}\n\
         \x20 - {{on: {client}, upload: {{text: '1234567890', repeat: 4}}}}\n\
         \x20 - {{on: {client}, close: half}}\n\
         \x20 - {{on: {client}, expect_close: any}}\n"
    )
}

#[test]
fn parts_are_removed_with_the_folder_that_hides_them() {
    let mut steps = String::from("  - {on: a, login: user}\n");
    steps += "  - {on: a, send: [mkdir d, cd d], replies: [201, 201]}\n";
    steps += &broken_upload("a", "put f size=100");
    steps += "  - {on: b, login: user}\n";
    steps += &broken_upload("b", "put old size=100");
    steps += "  - {login: user}\n";
    steps += "  - {send: quota, expect: {code: 201, fields: {parts: 80}}}\n";
    steps += "  - {send: rmdir d, expect: 201}\n";
    leaves_nothing(&steps, Verdict::Pass);
}

#[test]
fn a_scenario_that_failed_leaves_nothing_either() {
    let mut steps = String::from("  - {on: a, login: user}\n");
    steps += &broken_upload("a", "put f size=100");
    steps += "  - {login: user}\n";
    steps += "  - {send: noop, expect: 402}\n";
    leaves_nothing(&steps, Verdict::Fail);
}
