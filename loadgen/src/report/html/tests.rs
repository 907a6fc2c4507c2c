//! The page of a made-up run holds what it should and nothing foreign.

use super::page;
use crate::{
    capacity::{Came, Capacity, Ended, Step},
    report::{Report, table::Table},
};

/// A report with little in it, as JSON would bring it.
pub(crate) fn report() -> Report {
    let text = include_str!("../../../tests/data/report.json");
    serde_json::from_str(text).expect("the sample fits the schema")
}

#[test]
fn the_page_needs_nothing_else() {
    let page = page(&report());
    for foreign in ["http://", "https://", "<script", "<link", "url("] {
        assert!(!page.contains(foreign), "{foreign} in the page");
    }
    for wanted in ["limit 10", "served", "waiting", "p99.9", "<svg"] {
        assert!(page.contains(wanted), "{wanted} is missing");
    }
    assert!(!page.contains("NaN"), "a picture has no place for it");
}

#[test]
fn what_a_server_says_is_escaped() {
    let mut report = report();
    report.wrong.shown.push("<b>bold</b>".to_owned());
    let page = page(&report);
    assert!(page.contains("&lt;b&gt;bold") && !page.contains("<b>bold"));
}

#[test]
fn the_table_tells_the_verdict() {
    let report = report();
    let table = Table(&report).to_string();
    assert!(table.contains("limit 10"), "{table}");
    assert!(table.contains(&report.verdict.word.to_uppercase()), "{table}");
}

#[test]
fn a_search_shows_each_rate_that_was_tried() {
    let step = |rate: f64, came, reason: &str| Step {
        rate,
        came,
        reasons: vec![reason.to_owned()],
        seconds: 3.0,
        done_rate: rate,
        errors: 0,
        response_us: [100, 900, 4_000],
        generator_us: 10.0,
        server_us: Some(20.0),
    };
    let mut report = report();
    let held = step(800.0, Came::Held, "");
    let missed = step(1_600.0, Came::Missed, "response.p99");
    report.capacity = Some(Capacity {
        held: 800.0,
        broke: Some(1_600.0),
        ended: Ended::Precise,
        steps: vec![held, missed],
    });
    let (page, table) = (page(&report), Table(&report).to_string());
    for wanted in ["800/s held", "1600/s MISSED", "; response.p99"] {
        assert!(table.contains(wanted), "{wanted} is missing: {table}");
    }
    for wanted in ["Capacity: 800 starts", "held 800", ">1600<", "MISSED"] {
        assert!(page.contains(wanted), "{wanted} is missing");
    }
    let json = serde_json::to_string(&report).expect("it is plain");
    let back: Report = serde_json::from_str(&json).expect("as written");
    assert_eq!(back.capacity, report.capacity);
}
