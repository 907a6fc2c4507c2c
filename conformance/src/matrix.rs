//! Runs side by side: what came of each requirement on each server.
//!
//! Reads the JSON of runs; the rows of one scenario's matrix are one
//! requirement, and the worst of them counts. Gives Markdown.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;

use crate::baseline::Baseline;
use crate::verdict::Verdict;

/// A server that was judged.
#[derive(Debug)]
pub struct Column {
    /// The name above the column.
    pub name: String,
    /// The run's report.
    pub report: Report,
    /// What is known of the server, where something is.
    pub baseline: Option<Baseline>,
}

/// What a table needs of a run's JSON.
#[derive(Debug, Deserialize)]
pub struct Report {
    /// Whatever was played.
    pub scenarios: Vec<Played>,
}

/// A scenario that was played.
#[derive(Debug, Deserialize)]
pub struct Played {
    /// The slug, maybe with a row.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// The RFC, where there is one.
    pub rfc: Option<u32>,
    /// The section of it.
    pub section: String,
    /// How binding it is.
    pub level: String,
    /// What came of it.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
}

impl Played {
    /// The requirement: the slug without the row.
    pub fn requirement(&self) -> &str {
        self.id.split('[').next().unwrap_or(&self.id)
    }
}

/// A line of the table.
struct Row<'a> {
    title: &'a str,
    level: &'a str,
    section: &'a str,
    verdicts: Vec<Option<Verdict>>,
}

/// The page's generated part.
pub fn page(columns: &[Column]) -> String {
    let texts = texts(columns);
    let mut page = String::new();
    counts(columns, &texts, &mut page);
    for (text, rows) in &texts {
        let name = match text {
            0 => "The native protocol".to_owned(),
            rfc => format!("RFC {rfc}"),
        };
        let _ = writeln!(page, "\n## {name}\n");
        heads(columns, "| requirement | § | level |", &mut page);
        for (id, row) in rows {
            let title = row.title.replace('|', "\\|");
            let _ = write!(
                page,
                "| `{id}`: {title} | {} | {} |",
                row.section, row.level
            );
            for verdict in &row.verdicts {
                let _ = write!(page, " {} |", mark(*verdict));
            }
            page.push('\n');
        }
    }
    failures(columns, &mut page);
    page
}

/// Requirements by their text, then by id.
fn texts(columns: &[Column]) -> BTreeMap<u32, BTreeMap<&str, Row<'_>>> {
    let mut texts: BTreeMap<u32, BTreeMap<&str, Row<'_>>> = BTreeMap::new();
    for (at, column) in columns.iter().enumerate() {
        for played in &column.report.scenarios {
            let rows = texts.entry(played.rfc.unwrap_or(0)).or_default();
            let row = rows.entry(played.requirement()).or_insert(Row {
                title: &played.title,
                level: &played.level,
                section: &played.section,
                verdicts: vec![None; columns.len()],
            });
            let before = row.verdicts[at];
            let worse = before.is_none_or(|before| {
                badness(played.verdict) > badness(before)
            });
            if worse {
                row.verdicts[at] = Some(played.verdict);
            }
        }
    }
    texts
}

fn counts(
    columns: &[Column],
    texts: &BTreeMap<u32, BTreeMap<&str, Row<'_>>>,
    page: &mut String,
) {
    let rows: Vec<&Row<'_>> =
        texts.values().flat_map(|t| t.values()).collect();
    let _ = writeln!(page, "## Counts\n");
    let _ = writeln!(page, "{} requirements were judged.\n", rows.len());
    heads(columns, "| verdict |", page);
    for verdict in Verdict::ALL {
        let of_column = |at: usize| {
            let hit = |row: &&&Row<'_>| row.verdicts[at] == Some(verdict);
            rows.iter().filter(hit).count()
        };
        let numbers: Vec<usize> = (0..columns.len()).map(of_column).collect();
        if numbers.iter().all(|number| *number == 0) {
            continue;
        }
        let _ = write!(page, "| {verdict} |");
        for number in numbers {
            let _ = write!(page, " {number} |");
        }
        page.push('\n');
    }
}

fn heads(columns: &[Column], first: &str, page: &mut String) {
    let mut line = first.to_owned();
    let mut rule = "|---".repeat(first.matches('|').count() - 1);
    for column in columns {
        let _ = write!(line, " {} |", column.name);
        rule += "|:-:";
    }
    let _ = writeln!(page, "{line}\n{rule}|");
}

/// What does not hold, in the words of the baselines.
fn failures(columns: &[Column], page: &mut String) {
    for column in columns {
        let Some(baseline) = &column.baseline else { continue };
        let _ = writeln!(page, "\n## What fails: {}\n", baseline.target);
        if baseline.expect.is_empty() {
            page.push_str("Nothing.\n");
        }
        for known in &baseline.expect {
            let reason = known.reason.trim().replace('\n', " ");
            let _ = writeln!(page, "- `{}`: {reason}", known.id);
        }
    }
}

/// The word of a cell: what needs an eye is loud.
fn mark(verdict: Option<Verdict>) -> String {
    match verdict {
        None => String::new(),
        Some(Verdict::Pass) => "✓".to_owned(),
        Some(Verdict::Unsupported) => "–".to_owned(),
        Some(Verdict::NotRun) => "·".to_owned(),
        Some(Verdict::Info) => "info".to_owned(),
        Some(Verdict::Warn) => "warn".to_owned(),
        Some(
            loud @ (Verdict::Fail
            | Verdict::Timeout
            | Verdict::Crash
            | Verdict::Error),
        ) => format!("**{loud}**"),
    }
}

/// Of several rows the worst counts; that one was not played says least.
fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::NotRun => 0,
        Verdict::Unsupported => 1,
        Verdict::Pass => 2,
        Verdict::Info => 3,
        Verdict::Warn => 4,
        Verdict::Error => 5,
        Verdict::Timeout => 6,
        Verdict::Fail => 7,
        Verdict::Crash => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, scenarios: &[(&str, &str)]) -> Column {
        let scenarios: Vec<serde_json::Value> = scenarios
            .iter()
            .map(|(id, verdict)| {
                serde_json::json!({
                    "id": id, "title": "a|b", "rfc": 959, "section": "4",
                    "level": "must", "verdict": verdict, "reason": "",
                })
            })
            .collect();
        let report = serde_json::json!({"scenarios": scenarios});
        Column {
            name: name.to_owned(),
            report: serde_json::from_value(report).expect("a report"),
            baseline: None,
        }
    }

    #[test]
    fn the_worst_row_of_a_requirement_counts() {
        let columns = [
            column("one", &[("a[x]", "pass"), ("a[y]", "fail")]),
            column("two", &[("a[x]", "not-run"), ("a[y]", "pass")]),
        ];
        let page = page(&columns);
        for line in [
            "1 requirements were judged.",
            "| verdict | one | two |\n|---|:-:|:-:|",
            "| PASS | 0 | 1 |\n| FAIL | 1 | 0 |",
            "| `a`: a\\|b | 4 | must | **FAIL** | ✓ |",
        ] {
            assert!(page.contains(line), "{line:?} is not in {page}");
        }
    }
}
