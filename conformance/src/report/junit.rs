//! JUnit's XML: a failure is a `<failure>`, the suite's own trouble an
//! `<error>`, and every case has a name and a class.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::Run;
use super::pretty::failure;
use crate::verdict::{Outcome, Verdict};

/// Writes the whole report.
pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let outcomes: Vec<&Outcome> = run.outcomes.iter().collect();
    let head = totals(run, &outcomes);
    let _ = writeln!(text, "<testsuites{head}>");
    for (group, outcomes) in run.groups() {
        let head = totals(run, &outcomes);
        let _ = writeln!(text, "  <testsuite name=\"{group}\"{head}>");
        for outcome in outcomes {
            case(run, outcome, &mut text);
        }
        text += "  </testsuite>\n";
    }
    text += "</testsuites>\n";
    out.write_all(text.as_bytes())
}

fn totals(run: &Run<'_>, outcomes: &[&Outcome]) -> String {
    let count = |wanted: fn(Kind) -> bool| {
        outcomes.iter().filter(|o| wanted(kind(run, o))).count()
    };
    let ms: u64 = outcomes.iter().map(|outcome| outcome.took_ms).sum();
    format!(
        " tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" \
         time=\"{:.3}\"",
        outcomes.len(),
        count(|kind| kind == Kind::Failure),
        count(|kind| kind == Kind::Error),
        count(|kind| kind == Kind::Skipped),
        ms as f64 / 1_000.0,
    )
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Good,
    Failure,
    Error,
    Skipped,
}

fn kind(run: &Run<'_>, outcome: &Outcome) -> Kind {
    match outcome.verdict {
        _ if outcome.waived.is_some() => Kind::Skipped,
        Verdict::Error => Kind::Error,
        Verdict::Unsupported | Verdict::NotRun => Kind::Skipped,
        verdict if verdict.is_failure(run.strict) => Kind::Failure,
        _ => Kind::Good,
    }
}

fn case(run: &Run<'_>, outcome: &Outcome, text: &mut String) {
    let scenario = &outcome.case.scenario;
    let _ = write!(
        text,
        "    <testcase name=\"{}\" classname=\"native.{}\" file=\"{}\" \
         line=\"{}\" time=\"{:.3}\">",
        escaped(&outcome.case.id),
        escaped(outcome.case.group()),
        escaped(&outcome.case.file),
        outcome.case.line,
        outcome.took_ms as f64 / 1_000.0,
    );
    let reason = escaped(outcome.waived.as_ref().unwrap_or(&outcome.reason));
    let word = outcome.verdict.word();
    let inner = match kind(run, outcome) {
        Kind::Good if reason.is_empty() => String::new(),
        Kind::Good => format!("<system-out>{word} {reason}</system-out>"),
        Kind::Skipped => format!("<skipped message=\"{word}: {reason}\"/>"),
        Kind::Failure => format!(
            "<failure type=\"{word}\" message=\"{reason}\">{}</failure>",
            escaped(&failure(outcome))
        ),
        Kind::Error => format!(
            "<error type=\"{word}\" message=\"{reason}\">{}</error>",
            escaped(&failure(outcome))
        ),
    };
    let rule = escaped(scenario.rule.trim());
    let _ = writeln!(
        text,
        "<properties><property name=\"rule\" value=\"{rule}\"/><property \
         name=\"section\" value=\"{}\"/></properties>{inner}</testcase>",
        escaped(&scenario.place())
    );
}

/// Text as XML takes it; what XML cannot say at all becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\n' | '\t' => safe.push(c),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => {
                safe.push('\u{FFFD}');
            }
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_say_is_replaced() {
        assert_eq!(
            escaped("<a b=\"&\">\u{1}"),
            "&lt;a b=&quot;&amp;&quot;&gt;\u{FFFD}"
        );
    }
}
