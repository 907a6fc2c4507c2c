//! One page that needs nothing else: what is covered at a glance, then a
//! part for each scenario with its transcript.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Run;
use super::sections::sections;
use super::style::STYLE;
use crate::case::Dialect;
use crate::case::check::CODES;
use crate::lint::ROWS;
use crate::verdict::{Outcome, Verdict};
use crate::wire::{Event, Kind};

/// Writes the whole report.
pub(super) fn write(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(page(run).into_string().as_bytes())
}

fn page(run: &Run<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Conformance of " (run.target) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { (head(run)) }
                main {
                    (complaints(run))
                    (failures(run))
                    @match run.dialect {
                        Dialect::Native => {
                            (matrix(run))
                            (reasons(run))
                        }
                        Dialect::Ftp => (sections(run)),
                    }
                    h2 { "Scenarios" }
                    @for (group, outcomes) in run.groups() {
                        (group_part(run, group, &outcomes))
                    }
                }
                footer {
                    "ftpool-conformance " (env!("CARGO_PKG_VERSION"))
                    @if let Some(seed) = run.seed {
                        " · order by seed " (seed)
                    }
                    @if run.repeat > 1 { " · each played " (run.repeat) " times" }
                }
            }
        }
    }
}

fn head(run: &Run<'_>) -> Markup {
    let bad = run.outcomes.iter().any(|o| is_bad(run, o))
        || !run.complaints.is_empty();
    let counts = run.counts();
    let total = run.outcomes.len().max(1);
    html! {
        p.eyebrow {
            "Conformance report · "
            @match run.dialect {
                Dialect::Native => "native protocol 1",
                Dialect::Ftp => "FTP",
            }
        }
        h1 { (run.target) }
        p.lead {
            @if bad { strong.bad { "It does not hold." } }
            @else { strong.good { "All held." } }
            " " (run.outcomes.len()) " scenarios in "
            (format!("{:.1} s", run.took_ms as f64 / 1_000.0))
            @if run.strict { ", every should counted as a must" }
            "."
        }
        div.bar role="img" aria-label=(run.summary()) {
            @for (verdict, count) in &counts {
                span class=(class(*verdict))
                    style=(format!("flex-grow:{count}"))
                    title=(format!("{count} {verdict}")) {}
            }
        }
        ul.counts {
            @for (verdict, count) in &counts {
                li {
                    span.dot.(class(*verdict)) {}
                    strong { (count) } " " (verdict)
                    span.dim { " " (count * 100 / total) "%" }
                }
            }
        }
    }
}

fn complaints(run: &Run<'_>) -> Markup {
    html! {
        @if !run.complaints.is_empty() {
            section.complaints {
                h2 { "Beside the scenarios" }
                ul { @for text in run.complaints { li { (text) } } }
            }
        }
    }
}

/// What does not hold, so that nobody has to look for it among all else.
fn failures(run: &Run<'_>) -> Markup {
    let bad: Vec<&Outcome> =
        run.outcomes.iter().filter(|o| is_bad(run, o)).collect();
    html! {
        @if !bad.is_empty() {
            section.complaints {
                h2 { "What does not hold" }
                ul {
                    @for outcome in bad {
                        li {
                            a href=(format!("#{}", anchor(&outcome.case.id))) {
                                (outcome.case.id)
                            }
                            " " (outcome.case.scenario.title)
                        }
                    }
                }
            }
        }
    }
}

fn is_bad(run: &Run<'_>, outcome: &Outcome) -> bool {
    outcome.is_failure(run.strict)
        || (outcome.verdict == Verdict::Error && outcome.waived.is_none())
}

/// What is known of one command and code.
#[derive(Default)]
struct Cell<'a> {
    scenarios: BTreeSet<&'a str>,
    bad: BTreeSet<&'a str>,
}

fn matrix(run: &Run<'_>) -> Markup {
    let mut cells: BTreeMap<(&str, &str), Cell<'_>> = BTreeMap::new();
    for outcome in run.outcomes {
        for seen in &outcome.seen {
            let cell = cells.entry((&seen.verb, &seen.code)).or_default();
            cell.scenarios.insert(&outcome.case.id);
            if outcome.is_failure(run.strict)
                && outcome.blamed.as_ref() == Some(seen)
            {
                cell.bad.insert(&outcome.case.id);
            }
        }
    }
    let rows = [("", &["000"][..])].into_iter().chain(ROWS.iter().copied());
    html! {
        section {
            h2 { "Commands and codes" }
            p.dim {
                "How many scenarios saw the code as an answer to the command. "
                "A red cell is the last answer before a failure, a hollow one a "
                "code that the command can have and that no scenario saw, a "
                "yellow one a code that it cannot have and that was seen."
            }
            div.scroll {
                table.matrix {
                    thead {
                        tr {
                            th scope="col" { "command" }
                            @for code in CODES { th scope="col" { (code) } }
                        }
                    }
                    tbody {
                        @for (verb, codes) in rows {
                            tr {
                                th scope="row" {
                                    @if verb.is_empty() { "(no command)" }
                                    @else { (verb) }
                                }
                                @for code in CODES {
                                    (cell_part(
                                        cells.get(&(verb, code)),
                                        may(verb, codes, code),
                                    ))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn may(verb: &str, codes: &[&str], code: &str) -> bool {
    codes.contains(&code)
        || (!verb.is_empty() && code == "401")
        || (code == "400" && !["", "help", "quit"].contains(&verb))
}

fn cell_part(cell: Option<&Cell<'_>>, may: bool) -> Markup {
    let Some(cell) = cell else {
        let class = if may { "hole" } else { "none" };
        return html! { td class=(class) { span {} } };
    };
    let class = match (cell.bad.is_empty(), may) {
        (true, true) => "pass",
        (true, false) => "warn",
        (false, _) => "fail",
    };
    let shown = if cell.bad.is_empty() { &cell.scenarios } else { &cell.bad };
    let first = shown.iter().next().copied().unwrap_or_default();
    let mut title: Vec<&str> = shown.iter().copied().take(TITLE_MAX).collect();
    if shown.len() > TITLE_MAX {
        title.push("…");
    }
    html! {
        td class=(class) {
            a href=(format!("#{}", anchor(first))) title=(title.join("\n")) {
                (cell.scenarios.len())
            }
        }
    }
}

fn reasons(run: &Run<'_>) -> Markup {
    let mut words: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for outcome in run.outcomes {
        for seen in outcome.seen.iter().filter(|seen| !seen.word.is_empty()) {
            *words.entry((&seen.code, &seen.word)).or_insert(0) += 1;
        }
    }
    html! {
        section {
            h2 { "Reasons and states that were seen" }
            ul.words {
                @for ((code, word), count) in words {
                    li { code { (code) } " " (word) span.dim { " ×" (count) } }
                }
            }
        }
    }
}

fn group_part(run: &Run<'_>, group: &str, outcomes: &[&Outcome]) -> Markup {
    let good =
        outcomes.iter().filter(|o| !o.verdict.is_failure(run.strict)).count();
    html! {
        section.group {
            h3 { (group) " " span.dim { (good) "/" (outcomes.len()) } }
            @for outcome in outcomes { (scenario_part(run, outcome)) }
        }
    }
}

fn scenario_part(run: &Run<'_>, outcome: &Outcome) -> Markup {
    let case = &outcome.case;
    let scenario = &case.scenario;
    let open =
        outcome.is_failure(run.strict) || outcome.verdict == Verdict::Error;
    html! {
        details.scenario id=(anchor(&case.id)) open[open] {
            summary {
                span.badge.(class(outcome.verdict)) { (outcome.verdict) }
                span.id { (case.id) }
                span.title { (scenario.title) }
                span.took { (outcome.took_ms) " ms" }
            }
            div.body {
                dl {
                    dt { "Rule" }
                    dd {
                        (scenario.rule) " "
                        span.tag { (scenario.level) }
                        span.tag { (scenario.place()) }
                    }
                    @if let Some(ruling) = &scenario.ruling {
                        dt { "Ruling" } dd { (ruling) }
                    }
                    @if let Some(failure) = &outcome.failure {
                        dt { "Wanted" } dd { code { (failure.wanted) } }
                        dt { "Got" } dd.got { code { (failure.got) } }
                        dt { "At" }
                        dd {
                            (failure.at)
                            @if !failure.client.is_empty() {
                                ", client " (failure.client)
                            }
                        }
                    } @else if !outcome.reason.is_empty() {
                        dt { "Because" } dd { (outcome.reason) }
                    }
                    @if let Some(waived) = &outcome.waived {
                        dt { "Waived" } dd { (waived) }
                    }
                    @for note in &outcome.notes {
                        dt { "Note" } dd { (note) }
                    }
                    @if !scenario.kills.is_empty() {
                        dt { "Catches" }
                        dd {
                            @for lie in &scenario.kills { span.tag { (lie) } }
                        }
                    }
                    dt { "File" } dd { (case.file) ":" (case.line) }
                }
                (transcript(outcome))
            }
        }
    }
}

fn transcript(outcome: &Outcome) -> Markup {
    let events = &outcome.transcript;
    let skipped = events.len().saturating_sub(EVENTS_MAX);
    let gone = outcome.dropped + skipped as u64;
    html! {
        @if !events.is_empty() {
            table.wire {
                @if gone > 0 {
                    tr.note { td {} td {} td {} td { (gone) " events before" } }
                }
                @for event in &events[skipped..] { (event_row(event)) }
            }
        }
    }
}

fn event_row(event: &Event) -> Markup {
    let (class, arrow) = match event.kind {
        Kind::Sent => ("sent", "→"),
        Kind::Received => ("received", "←"),
        Kind::Note => ("note", "·"),
        Kind::Fault => ("fault", "!"),
    };
    html! {
        tr class=(class) {
            td.at { (event.at_ms) }
            td.client { (event.client) }
            td.arrow { (arrow) }
            td.text { (event.text) }
        }
    }
}

/// The style of a verdict.
pub(super) fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Info => "info",
        Verdict::Unsupported | Verdict::NotRun => "skip",
        Verdict::Fail | Verdict::Timeout | Verdict::Crash => "fail",
        Verdict::Error => "error",
    }
}

/// An id as a fragment of an address.
pub(super) fn anchor(id: &str) -> String {
    id.replace(['[', ']'], "_")
}

/// A page of two hundred scenarios stays light.
const EVENTS_MAX: usize = 300;

/// As many ids as a hint can show.
const TITLE_MAX: usize = 12;
