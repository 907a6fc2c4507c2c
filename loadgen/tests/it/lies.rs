//! Each lie is reported for what it is, and the exit code is 1.

use crate::{
    liar::{Liar, Lie},
    ran::{Ran, run},
};

/// Clients that stay for a while, so that one too many meets them all.
const STAYING: &str = "\
name: staying
duration: 30s
files: {count: 2, size: 5000}
groups:
  - {users: 6, visits: 2, operations: 3, hold: 150ms, mix: {get: 1}}
";

fn against(lie: Lie, more: &[&str]) -> Ran {
    let server = Liar::start(lie, 3);
    let mut all = vec!["--limit", "3"];
    all.extend(more);
    run(server.address, STAYING, &all).exits(1)
}

#[test]
fn the_truth_is_no_lie() {
    let server = Liar::start(Lie::None, 3);
    run(server.address, STAYING, &["--limit", "3"]).exits(0);
}

#[test]
fn one_too_many_for_a_millisecond() {
    let ran = against(Lie::OneTooMany, &[]);
    assert_eq!(ran.number("/bound/max_observed"), 4.0);
    let violation = &ran.json["bound"]["violations"][0];
    assert_eq!(violation["who"].as_array().unwrap().len(), 4);
    assert!(ran.said.contains("BROKEN (bound)"), "{}", ran.said);
}

#[test]
fn a_wrong_byte() {
    let ran = against(Lie::WrongByte, &["--no-drill"]);
    assert!(ran.number("/wrong/count") >= 1.0);
    assert_eq!(ran.number("/operations/get/count"), 0.0);
    assert!(ran.said.contains("byte 2500 is wrong"), "{}", ran.said);
}

#[test]
fn an_upload_that_is_not_kept_as_it_was_sent() {
    let uploads = |read_back: &str| {
        format!(
            "name: uploads\nduration: 30s\nread_back: {read_back}\n\
            files: {{count: 2, size: 5000}}\ngroups:\n  \
            - {{users: 2, visits: 1, operations: 6, mix: {{put: 1}}}}\n"
        )
    };
    let honest = Liar::start(Lie::None, 3);
    let ran = run(honest.address, &uploads("0.5"), &["--no-drill"]).exits(0);
    let count = ran.number("/operations/read_back/count");
    assert!((1.0..12.0).contains(&count), "{}", ran.said);
    for (lie, what) in [
        (Lie::SpoilsUploads, "byte 2500 is wrong"),
        (Lie::ShortensUploads, "4999 bytes from 0 on, wanted 5000"),
    ] {
        let server = Liar::start(lie, 3);
        // A server is believed as long as nobody looks.
        run(server.address, &uploads("0"), &["--no-drill"]).exits(0);
        let all = uploads("1");
        let ran = run(server.address, &all, &["--no-drill"]).exits(1);
        assert!(ran.said.contains(what), "{}", ran.said);
        assert!(ran.number("/operations/read_back/errors") >= 1.0);
        assert!(ran.number("/operations/put/count") >= 1.0);
    }
}

#[test]
fn a_place_lost_on_each_reset() {
    let ran = against(Lie::LosesPlaces, &["--drill-patience", "2s"]);
    assert!(ran.number("/liveness/drill/refilled") < 3.0);
    assert!(ran.said.contains("BROKEN (places)"), "{}", ran.said);
}

#[test]
fn last_come_first_served() {
    // They come one by one while all places are taken, so that their order
    // is beyond doubt, and stay far longer than a thread may oversleep.
    let workload = "\
name: one-by-one
duration: 30s
groups:
  - {users: 12, visits: 1, operations: 1, hold: 400ms, arrive_over: 300ms, mix: {pwd: 1}}
";
    let honest = Liar::start(Lie::None, 3);
    run(honest.address, workload, &["--limit", "3", "--no-drill"]).exits(0);
    let server = Liar::start(Lie::LastFirst, 3);
    let more = ["--limit", "3", "--no-drill"];
    let ran = run(server.address, workload, &more).exits(1);
    assert!(ran.number("/liveness/order_inversions") >= 1.0);
    assert!(ran.said.contains("BROKEN (order)"), "{}", ran.said);
}

#[test]
fn a_gauge_that_says_too_little() {
    let ran = against(Lie::LowGauge, &[]);
    assert!(ran.number("/gauge/violation_count") >= 1.0);
    assert!(ran.said.contains("BROKEN (gauge)"), "{}", ran.said);
}

#[test]
fn a_gauge_above_the_limit() {
    // It serves three and says so; two were allowed.
    let server = Liar::start(Lie::None, 3);
    let ran = run(server.address, STAYING, &["--limit", "2"]).exits(1);
    assert!(ran.number("/gauge/violation_count") >= 1.0);
}
