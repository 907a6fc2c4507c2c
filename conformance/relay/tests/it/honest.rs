//! Without a lie a client cannot tell the relay from the server.

use std::path::{Path, PathBuf};

use ftpool_conformance::case::{Case, Dialect};
use ftpool_conformance::report;
use ftpool_conformance::suite::{self, Plan};
use ftpool_conformance::target::Target;
use ftpool_conformance::verdict::Verdict;

use crate::world::{PROGRAM, World, run, server};

/// The whole suite through the relay. That it holds on the server itself is
/// `tests/conformance.rs`; what does not pass here is asked of both, alone,
/// and again where a busy machine may have spoilt a limit of a second.
#[test]
fn the_suite_cannot_tell_it_from_the_server() {
    let cases = suite::embedded(Dialect::Ftp).expect("the suite is good");
    // It looks for the server beside itself.
    let server = Target::own(server().to_owned());
    let relay = Target::own(PathBuf::from(PROGRAM));
    let outcomes = suite::run_all(&cases, &relay, &plan(), &mut |_| {});
    assert_eq!(outcomes.len(), cases.len());
    let suspects = outcomes.iter().filter(|o| o.verdict != Verdict::Pass);
    let suspects: Vec<Case> = suspects
        .filter(|outcome| !outcome.case.scenario.watched)
        .map(|outcome| outcome.case.clone())
        .collect();
    for case in &suspects {
        let differs = (0..PLAYS_MAX).try_fold(String::new(), |_, _| {
            let by_relay = suite::run_one(case, &relay);
            let direct = suite::run_one(case, &server);
            (by_relay.verdict != direct.verdict).then(|| {
                let told = [by_relay, direct].map(|o| report::failure(&o));
                told.join("\nthe server itself: ")
            })
        });
        assert_eq!(differs, None, "{}", case.id);
    }
    let watched = outcomes.iter().filter(|o| o.case.scenario.watched);
    for outcome in watched {
        let told = report::failure(outcome);
        assert_eq!(outcome.verdict, Verdict::Pass, "{told}");
    }
}

/// Two at once for each core, as each is a relay and a server.
fn plan() -> Plan {
    let mut plan = Plan::default();
    plan.jobs = (plan.jobs / 2).max(1);
    plan
}

#[test]
fn bytes_pass_both_ways() {
    let world = World::new(None);
    let mut ann = world.ann();
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let mut data = ann.data();
    ann.ask("STOR big", "150 ");
    data.send(&content);
    drop(data);
    ann.expect("226 ");
    let mut data = ann.data();
    ann.ask("RETR big", "150 ");
    assert!(data.rest() == content);
    ann.expect("226 ");
    ann.ask("QUIT", "221 ");
    assert!(ann.rest().is_empty());
}

#[test]
fn it_stops_as_the_server_does() {
    let world = World::new(None);
    let mut ann = world.ann();
    world.signal("HUP");
    ann.ask("NOOP", "200 ");
    let (rest, code) = world.stop();
    assert_eq!((rest.as_str(), code), ("", Some(0)));
    ann.expect("421 ");
    assert!(ann.rest().is_empty());
}

/// The server dies with it: else the root would be another's.
#[test]
fn one_that_is_killed_can_be_started_again() {
    let mut world = World::new(None);
    let mut ann = world.ann();
    ann.ask("MKD kept", "257 ");
    world.restart();
    assert!(ann.rest().is_empty());
    world.ann().ask("CWD kept", "250 ");
}

#[test]
fn a_server_that_does_not_start_is_told_by_its_own_code() {
    let output = run(&["--settings", "/nowhere/settings.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let missing = ["--settings", "x", "--server", "/nowhere/server"];
    let mut relay = std::process::Command::new(Path::new(PROGRAM));
    let output = relay.args(missing).output().expect("runs");
    assert_eq!(output.status.code(), Some(1));
}

/// How often two verdicts are asked for until they are the same.
const PLAYS_MAX: u32 = 3;
