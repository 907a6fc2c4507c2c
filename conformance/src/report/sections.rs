//! FTP's map of a run: the sections of the texts, and what came of the
//! requirements of each.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::Run;
use super::html::{anchor, class};
use crate::verdict::{Outcome, Verdict};

/// Sections by verdicts, with the number of requirements in each cell.
pub(super) fn sections(run: &Run<'_>) -> Markup {
    let mut rows: BTreeMap<Key, BTreeMap<Verdict, Vec<&Outcome>>> =
        BTreeMap::new();
    for outcome in run.outcomes {
        let row = rows.entry(Key::of(outcome)).or_default();
        row.entry(outcome.verdict).or_default().push(outcome);
    }
    html! {
        section {
            h2 { "Sections of the texts" }
            p.dim {
                "How many requirements of each section came to which verdict."
            }
            div.scroll {
                table.matrix {
                    thead {
                        tr {
                            th scope="col" { "section" }
                            @for verdict in Verdict::ALL {
                                th scope="col" { (verdict) }
                            }
                        }
                    }
                    tbody {
                        @for (key, cells) in &rows {
                            tr {
                                th scope="row" { (key.shown) }
                                @for verdict in Verdict::ALL {
                                    (cell(verdict, cells.get(&verdict)))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell(verdict: Verdict, outcomes: Option<&Vec<&Outcome>>) -> Markup {
    let Some((outcomes, first)) =
        outcomes.and_then(|all| Some((all, all.first()?)))
    else {
        return html! { td.none { span {} } };
    };
    let ids: Vec<&str> = outcomes
        .iter()
        .take(IDS_MAX)
        .map(|outcome| outcome.case.id.as_str())
        .collect();
    html! {
        td class=(class(verdict)) {
            a href=(format!("#{}", anchor(&first.case.id)))
                title=(ids.join("\n")) { (outcomes.len()) }
        }
    }
}

/// A section in the order of its numbers: 4.2 is before 4.10.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    rfc: Option<u32>,
    numbers: Vec<u32>,
    shown: String,
}

impl Key {
    fn of(outcome: &Outcome) -> Key {
        let scenario = &outcome.case.scenario;
        let numbers = scenario
            .section
            .split('.')
            .map(|part| part.parse().unwrap_or(u32::MAX))
            .collect();
        Key { rfc: scenario.rfc, numbers, shown: scenario.place() }
    }
}

/// As many ids as a hint can show.
const IDS_MAX: usize = 12;
