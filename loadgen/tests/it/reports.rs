//! The other forms of a report, and what is made of several.

use std::fs;

use crate::{
    liar::{Liar, Lie},
    ran::{Ran, program, run},
};

const SMALL: &str = "\
name: small
duration: 30s
groups:
  - {users: 4, visits: 3, operations: 20, mix: {get: 1, pwd: 1}}
";

fn ran(server: &Liar) -> Ran {
    run(server.address, SMALL, &["--no-drill"]).exits(0)
}

#[test]
fn the_log_and_the_page_are_written() {
    let server = Liar::start(Lie::None, 4);
    let folder = tempfile::tempdir().unwrap();
    let (page, log) =
        (folder.path().join("load.html"), folder.path().join("load.hlog"));
    let more = [
        "--limit",
        "4",
        "--html",
        page.to_str().unwrap(),
        "--hdr",
        log.to_str().unwrap(),
    ];
    run(server.address, SMALL, &more).exits(0);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("limit 4"));
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("Tag=whole,") && log.contains("Tag=ready,"));
}

#[test]
fn merged_runs_add_up_and_equal_runs_do_not_differ() {
    let server = Liar::start(Lie::None, 4);
    let (one, two) = (ran(&server), ran(&server));
    let [first, second] = [&one, &two].map(|ran| ran.file("load.json"));
    let [first, second] = [&first, &second].map(|file| file.to_str().unwrap());
    let sum = one.file("sum.json");
    let output =
        program(&["merge", first, second, "--json", sum.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let sum: serde_json::Value =
        serde_json::from_slice(&fs::read(sum).unwrap()).unwrap();
    let pwds = |json: &serde_json::Value| {
        let pwd = &json["operations"]["pwd"];
        assert_eq!(pwd["count"], pwd["service_us"]["count"]);
        pwd["count"].as_u64().unwrap()
    };
    assert_eq!(pwds(&sum), pwds(&one.json) + pwds(&two.json));
    let same = program(&["compare", first, first]);
    assert_eq!(same.status.code(), Some(0));
    let said = String::from_utf8_lossy(&same.stdout).into_owned();
    assert!(said.contains("within noise") && !said.contains("SLOWER"));
}

#[test]
fn a_search_tries_rates_and_reports_the_best() {
    let server = Liar::start(Lie::None, 4);
    let workload = "name: small\ngroups: [{users: 4, mix: {pwd: 1}}]\n";
    // Which rate a busy machine bears is not what is tested: ten minutes
    // hold at any, a microsecond at none.
    let search = ["--find-capacity", "--rate", "20", "--duration", "200ms"];
    let more = ["--steps-max", "3", "--threshold", "response.p99=10m"];
    let ran = run(server.address, workload, &[&search[..], &more].concat());
    let ran = ran.exits(0);
    let rates: Vec<_> = ran.json["capacity"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["rate"].as_f64().unwrap())
        .collect();
    assert_eq!(rates, [20.0, 40.0, 80.0]);
    assert_eq!(ran.number("/capacity/held"), 80.0);
    assert_eq!(ran.number("/run/rate"), 80.0);
    assert_eq!(ran.json["capacity"]["ended"], "spent");
    assert!(ran.said.contains("capacity: 80 starts a second"));
    let more = ["--steps-max", "3", "--threshold", "response.p99=1us"];
    let ran = run(server.address, workload, &[&search[..], &more].concat());
    let ran = ran.exits(1);
    assert_eq!(ran.json["verdict"]["word"], "missed");
    assert_eq!(ran.number("/capacity/held"), 0.0);
    let closed = program(&["run", "--find-capacity", "--closed"]);
    assert_eq!(closed.status.code(), Some(2));
}

#[test]
fn a_damaged_report_is_bad_usage() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.json");
    fs::write(&file, "{\"schema\": 1}").unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(program(&["merge", file]).status.code(), Some(2));
    assert_eq!(program(&["compare", file, file]).status.code(), Some(2));
}
