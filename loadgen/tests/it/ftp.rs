//! Any FTP server under load: what is right is held to be right, and each
//! lie is reported for what it is.

use crate::{
    ftp_liar::{FtpLiar, LATE, Way},
    ran::{PATIENT, Ran, program, run, server_program},
};

/// Everything that is done to files, by more clients than there are places.
const WORK: &str = "\
name: work
duration: 30s
read_back: 1
files: {count: 3, size: 20000}
groups:
  - users: 6
    visits: 3
    operations: 8
    hold: 2ms
    mix: {pwd: 1, cd: 1, dir: 2, mkdir: 1, get: 3, resume: 2, put: 3, rm: 1}
";

/// One client that only fetches, large enough for more than one read.
const GETS: &str = "\
name: gets
duration: 30s
files: {count: 2, size: 600000}
groups:
  - {users: 1, visits: 1, operations: 4, mix: {get: 1}}
";

/// One client that only sends, more than a connection holds on its way.
const PUTS: &str = "\
name: puts
duration: 30s
read_back: 1
files: {count: 2, size: 20000000}
groups:
  - {users: 1, visits: 1, operations: 2, mix: {put: 1}}
";

fn against(way: Way, workload: &str, more: &[&str]) -> Ran {
    let server = FtpLiar::start(way, 3);
    let mut all = vec!["--dialect", "ftp"];
    all.extend(more);
    run(server.address, workload, &all)
}

#[test]
fn all_holds_and_every_phase_has_its_figures() {
    let ran = against(Way::Honest, WORK, &["--limit", "3"]).exits(0);
    assert_eq!(ran.json["run"]["dialect"], "ftp");
    assert_eq!(ran.number("/bound/max_observed"), 3.0);
    assert_eq!(ran.number("/liveness/served"), 18.0);
    assert_eq!(ran.number("/liveness/drill/refilled"), 3.0);
    assert_eq!(ran.number("/totals/errors"), 0.0);
    // There is no second witness where a server tells no count of its own.
    assert_eq!(ran.number("/gauge/told"), 0.0);
    for op in ["get", "put", "resume", "dir", "read_back"] {
        let figures = &ran.json["operations"][op];
        let count = figures["count"].as_u64();
        assert!(count > Some(0), "{op}: {}", ran.said);
        for phase in ["passive_us", "first_byte_us", "body_us", "settle_us"] {
            assert_eq!(
                figures[phase]["count"].as_u64(),
                count,
                "{op} {phase}"
            );
        }
    }
    assert!(ran.json["codes"]["229"].as_u64() > Some(0));
}

#[test]
fn the_workspaces_own_server_holds_in_ftp() {
    server_program();
    let mut arguments = vec![
        "run",
        "--quiet",
        "--dialect",
        "ftp",
        "--workload",
        "all-verbs",
        "--duration",
        "1s",
        "--limit",
        "4",
    ];
    arguments.extend(PATIENT);
    let output = program(&arguments);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("limit 4 (asked), reached"), "{said}");
    assert!(said.contains("4 places filled again"), "{said}");
}

#[test]
fn pasv_serves_where_epsv_is_not_known() {
    let ran = against(Way::OnlyPasv, WORK, &["--no-drill"]).exits(0);
    assert!(ran.json["codes"]["227"].as_u64() > Some(0));
}

#[test]
fn a_listing_for_programs_is_asked_for_where_that_is_wanted() {
    let more = ["--no-drill", "--listing", "mlsd"];
    against(Way::Honest, WORK, &more).exits(0);
}

#[test]
fn a_reply_before_the_data_is_no_lie() {
    against(Way::ConfirmsBefore, GETS, &["--no-drill"]).exits(0);
}

#[test]
fn a_wrong_byte_and_a_missing_one() {
    let ran = against(Way::WrongByte, GETS, &["--no-drill"]).exits(1);
    assert_eq!(ran.number("/operations/get/errors"), 4.0);
    assert!(ran.said.contains("byte 300000 is wrong"), "{}", ran.said);
    for check in ["bytes", "lengths"] {
        let workload =
            GETS.replace("files:", &format!("check: {check}\nfiles:"));
        let ran = against(Way::ShortData, &workload, &["--no-drill"]).exits(1);
        let what = "599999 bytes from 0 on, wanted 600000 from 0";
        assert!(ran.said.contains(what), "{}", ran.said);
        assert_eq!(ran.number("/wrong/count"), 4.0);
    }
}

#[test]
fn a_transfer_that_is_cut_off_is_broken_and_the_session_goes_on() {
    let ran = against(Way::Aborts, GETS, &["--no-drill"]).exits(1);
    let get = &ran.json["operations"]["get"];
    assert_eq!(get["broken_us"]["count"], 4, "{}", ran.said);
    assert!(get["refused_us"].is_null());
    assert!(ran.said.contains("get: 426 cut off: 4 times"), "{}", ran.said);
    assert_eq!(ran.number("/operations/quit/count"), 1.0);
    assert_eq!(ran.number("/wrong/count"), 0.0);
}

#[test]
fn uploads_are_what_was_sent() {
    let small = PUTS.replace("20000000", "5000");
    let ran = against(Way::SpoilsUploads, &small, &["--no-drill"]).exits(1);
    assert!(ran.said.contains("byte 2500 is wrong"), "{}", ran.said);
    assert_eq!(ran.number("/operations/put/count"), 2.0);
    let ran = against(Way::ConfirmsEarly, PUTS, &["--no-drill"]).exits(1);
    assert!(ran.said.contains("confirmed after"), "{}", ran.said);
}

#[test]
fn a_late_reply_is_seen_between_the_last_byte_and_the_end() {
    let small = PUTS.replace("20000000", "5000");
    let ran = against(Way::ConfirmsLate, &small, &["--no-drill"]).exits(0);
    let late = LATE.as_micros() as f64 * 0.95;
    for op in ["put", "read_back"] {
        let at = format!("/operations/{op}/settle_us/p50");
        assert!(ran.number(&at) > late, "{}", ran.said);
        let service = format!("/operations/{op}/service_us/p50");
        assert!(ran.number(&service) > late);
    }
}

#[test]
fn a_listing_with_a_line_too_few() {
    let dirs = GETS.replace("get: 1", "dir: 1");
    against(Way::Honest, &dirs, &["--no-drill"]).exits(0);
    let ran = against(Way::ShortListing, &dirs, &["--no-drill"]).exits(1);
    assert!(ran.said.contains("fewer lines than files"), "{}", ran.said);
}

#[test]
fn who_is_turned_away_is_told_apart_from_who_waits() {
    let crowd = "name: crowd\nduration: 2s\ngroups:\n  \
        - {users: 5, hold: 1s, visits: 1, mix: {pwd: 1}, operations: 1}\n";
    let ran = against(Way::Honest, crowd, &["--no-drill"]).exits(0);
    assert_eq!(ran.number("/liveness/served"), 5.0);
    let ran = against(Way::TurnsAway, crowd, &["--no-drill"]).exits(1);
    let away = ran.number("/liveness/failed/turned away");
    assert!(away >= 1.0, "{}", ran.said);
    assert!(ran.said.contains("visit: 421 Too many users, try later"));
    assert_eq!(ran.number("/bound/max_observed"), 3.0);
}

#[test]
fn one_too_many_is_proven_by_the_greeting_and_what_follows() {
    let ran = against(Way::OneTooMany, WORK, &["--limit", "3", "--no-drill"]);
    let ran = ran.exits(1);
    assert_eq!(ran.number("/bound/max_observed"), 4.0);
    assert!(ran.said.contains("BROKEN (bound)"), "{}", ran.said);
}

#[test]
fn a_place_lost_on_each_reset() {
    let more = ["--limit", "3", "--drill-patience", "2s"];
    let ran = against(Way::LosesPlaces, WORK, &more).exits(1);
    assert!(ran.said.contains("BROKEN (places)"), "{}", ran.said);
}

#[test]
fn who_is_turned_away_comes_again_in_the_drill() {
    let few = "name: few\nduration: 30s\ngroups:\n  \
        - {users: 3, visits: 1, operations: 2, mix: {pwd: 1}}\n";
    let ran = against(Way::FreesLate, few, &["--limit", "3"]).exits(0);
    assert_eq!(ran.number("/liveness/drill/refilled"), 3.0);
}

#[test]
fn clients_that_vanish_everywhere_do_no_harm() {
    let workload = "\
name: vanishing
duration: 30s
files: {count: 2, size: 300000}
groups:
  - users: 6
    visits: 6
    operations: 4
    mix: {get: 1, put: 1, pwd: 1}
    vanish: {share: 0.7, at: [ready, login, command, download, upload]}
";
    let ran = against(Way::Honest, workload, &["--limit", "3"]).exits(0);
    assert_eq!(ran.number("/totals/errors"), 0.0);
    assert_eq!(ran.number("/liveness/visits"), 36.0);
}

#[test]
fn who_waits_in_silence_can_vanish_from_the_queue() {
    let workload = "\
name: impatient
duration: 30s
groups:
  - {users: 3, visits: 1, operations: 1, hold: 1s, mix: {pwd: 1}}
  - {users: 3, visits: 20, mix: {pwd: 1}, vanish: {share: 1, at: [queue]}}
";
    let more = ["--limit", "3", "--no-drill"];
    let ran = against(Way::Honest, workload, &more).exits(0);
    assert_eq!(ran.number("/liveness/visits"), 63.0);
    assert!(ran.number("/liveness/served") < 63.0, "{}", ran.said);
}

#[test]
fn the_limit_of_any_server_is_found() {
    for (way, told) in [
        (Way::Honest, "the next is told: nothing, and is left to wait"),
        (Way::TurnsAway, "the next is told: 421 Too many users, try later"),
        (Way::FreesLate, "the next is told: 421 Too many users, try later"),
        (Way::RefusesSignIn, "the next is told: 530 Sorry, no more users"),
    ] {
        let server = FtpLiar::start(way, 7);
        let target = server.address.to_string();
        let output = program(&[
            "probe-limit",
            "--dialect",
            "ftp",
            "--target",
            &target,
            "--user",
            "u",
        ]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("served at once: 7\n"), "{said}");
        assert!(said.contains(told), "{said}");
        assert!(said.contains("a place is given on after"), "{said}");
    }
}
