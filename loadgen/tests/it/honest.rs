//! What the generator says of a server without fault, and of none at all.

use std::net::TcpListener;

use crate::{
    liar::{Liar, Lie},
    ran::{program, run},
};

/// Eight clients for three places.
const CROWD: &str = "\
name: crowd
duration: 30s
files: {count: 3, size: 20000}
groups:
  - {users: 8, visits: 4, operations: 4, hold: 2ms, mix: {get: 3, put: 1, pwd: 1}}
";

#[test]
fn all_holds_and_the_report_says_so() {
    let server = Liar::start(Lie::None, 3);
    let ran = run(server.address, CROWD, &["--limit", "3"]).exits(0);
    assert_eq!(ran.number("/bound/limit"), 3.0);
    assert_eq!(ran.number("/bound/max_observed"), 3.0);
    assert_eq!(ran.json["bound"]["reached"], true);
    assert_eq!(ran.json["bound"]["violations"], serde_json::json!([]));
    assert_eq!(ran.number("/liveness/served"), 32.0);
    assert_eq!(ran.number("/liveness/drill/refilled"), 3.0);
    let get = &ran.json["operations"]["get"];
    assert!(get["count"].as_u64().unwrap() > 0);
    assert_eq!(get["errors"], 0);
    for times in ["response_us", "service_us"] {
        for key in ["p50", "p90", "p99", "p99_9", "max"] {
            assert!(get[times][key].is_u64(), "{times}.{key}");
        }
    }
    let login = ran.number("/operations/login/count");
    assert_eq!(login, 32.0);
}

#[test]
fn what_a_run_puts_is_taken_away_again() {
    let server = Liar::start(Lie::None, 8);
    let puts = "name: puts\nduration: 30s\ngroups:\n  \
        - {users: 3, visits: 1, operations: 1, mix: {put: 1}}\n";
    run(server.address, puts, &["--no-drill"]).exits(0);
    assert_eq!(server.files(), Vec::<String>::new());
}

#[test]
fn each_reply_counts_once() {
    let server = Liar::start(Lie::None, 8);
    let lists = "name: lists\nduration: 30s\nfiles: {count: 1, size: 9}\n\
        groups:\n  \
        - {users: 2, visits: 1, operations: 5, mix: {dir: 1}}\n";
    let ran = run(server.address, lists, &["--no-drill"]).exits(0);
    assert_eq!(ran.number("/operations/dir/count"), 10.0);
    // Of each listing one, and one of each goodbye.
    assert_eq!(ran.number("/codes/201"), 12.0);
}

#[test]
fn a_seed_repeats_what_is_done() {
    let server = Liar::start(Lie::None, 8);
    let counts = |seed: &str| {
        let ran = run(server.address, CROWD, &["--seed", seed, "--no-drill"]);
        let ran = ran.exits(0);
        ["get", "put", "pwd"]
            .map(|op| ran.number(&format!("/operations/{op}/count")))
    };
    assert_eq!(counts("5"), counts("5"));
    assert_ne!(counts("5"), counts("6"));
}

#[test]
fn clients_that_vanish_everywhere_do_no_harm() {
    let server = Liar::start(Lie::None, 3);
    let workload = "\
name: vanishing
duration: 30s
files: {count: 2, size: 300000}
groups:
  - users: 6
    visits: 6
    operations: 4
    mix: {get: 1, put: 1, pwd: 1}
    vanish: {share: 0.7, at: [queue, ready, login, command, download, upload]}
";
    let ran = run(server.address, workload, &["--limit", "3"]).exits(0);
    assert_eq!(ran.number("/totals/errors"), 0.0);
    assert_eq!(ran.number("/liveness/visits"), 36.0);
}

#[test]
fn a_limit_that_is_not_reached_proves_nothing() {
    let server = Liar::start(Lie::None, 50);
    let more = ["--limit", "20", "--no-drill", "--users", "2"];
    let ran = run(server.address, CROWD, &more).exits(0);
    assert_eq!(ran.json["bound"]["reached"], false);
    assert!(ran.said.contains("proves nothing"), "{}", ran.said);
}

#[test]
fn a_threshold_that_is_missed_is_1() {
    let server = Liar::start(Lie::None, 8);
    let more = ["--no-drill", "--threshold", "get.response.p50=1us"];
    let ran = run(server.address, CROWD, &more).exits(1);
    assert_eq!(ran.json["verdict"]["word"], "missed");
}

#[test]
fn a_generator_that_is_the_limit_itself_is_4() {
    let server = Liar::start(Lie::None, 8);
    // No loop is ever less late than a nanosecond.
    let more = ["--no-drill", "--lag-max", "1ns"];
    // The patient flags come first, and the same flag twice is bad usage:
    // so this one is run by hand.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("load.yaml");
    std::fs::write(&file, CROWD).unwrap();
    let target = server.address.to_string();
    let mut arguments = vec![
        "run",
        "--quiet",
        "--user",
        "u",
        "--target",
        &target,
        "--workload",
        file.to_str().unwrap(),
    ];
    arguments.extend(more);
    let output = program(&arguments);
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn the_limit_of_any_server_is_found() {
    let server = Liar::start(Lie::None, 7);
    let target = server.address.to_string();
    let output = program(&["probe-limit", "--target", &target, "--user", "u"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("served at once: 7\n"), "{said}");
    assert!(said.contains("the next is told: waiting"), "{said}");
}

#[test]
fn nobody_there_is_3_and_bad_usage_is_2() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    run(address, CROWD, &[]).exits(3);
    for arguments in [
        &["run", "--workload", "no-such-file"][..],
        &["run", "--target", "127.0.0.1:1"],
        &["run", "--rate", "1", "--closed"],
        &["run", "--target", "192.0.2.1:21", "--user", "u"],
        &["run", "--threshold", "respnse.p99=1ms"],
        &["fly"],
    ] {
        let exit = program(arguments).status.code();
        assert_eq!(exit, Some(2), "{arguments:?}");
    }
}
