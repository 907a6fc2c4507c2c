//! The page of a made-up run holds what it should and nothing foreign.

use super::page;
use crate::report::{Report, table::Table};

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
