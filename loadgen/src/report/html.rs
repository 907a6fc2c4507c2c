//! The report as one page that needs nothing else: pictures in SVG, light
//! and dark, no script.
//!
//! Must not know: anything but the report.

mod chart;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use self::chart::{Axis, Chart, Series};
use super::{Figures, Percentiles, Report, table, unpacked};
use crate::capacity::{Capacity, Step};

/// The whole page.
pub(crate) fn page(report: &Report) -> String {
    let run = &report.run;
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "Load: " (run.workload) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (head(report))
                    (tiles(report))
                    @if let Some(found) = &report.capacity { (capacity(found)) }
                    (pictures(report))
                    (figures(report))
                    (proof(report))
                    (thresholds(report))
                    (foot(report))
                }
            }
        }
    }
    .into_string()
}

fn head(report: &Report) -> Markup {
    let run = &report.run;
    let good = report.verdict.exit == 0;
    html! {
        header {
            p.eyebrow { "ftpool-loadgen · " (run.started) }
            h1 { (run.workload) }
            p.about { (run.about) }
            p.verdict.good[good].bad[!good] {
                strong { (table::verdict_word(report)) }
                " " (table::reasons(report))
            }
            @for note in &report.verdict.notes { p.note { (note) } }
        }
    }
}

fn tiles(report: &Report) -> Markup {
    let (totals, bound) = (&report.totals, &report.bound);
    let limit = bound.limit.map_or("?".to_owned(), |it| it.to_string());
    let tiles = [
        (
            "operations a second",
            format!("{:.0}", totals.rate),
            format!("{} in {:.1} s", totals.done, totals.seconds),
        ),
        (
            "response, half below",
            table::span(report.all.response_us.p50),
            format!("p99 {}", table::span(report.all.response_us.p99)),
        ),
        (
            "served at once",
            bound.max_observed.to_string(),
            if bound.reached {
                format!("limit {limit}, reached")
            } else {
                format!("limit {limit}, not reached")
            },
        ),
        (
            "longest wait for a place",
            format!("{:.0} ms", report.liveness.longest_wait_ms),
            format!("{} visits", report.liveness.visits),
        ),
        (
            "errors",
            totals.errors.to_string(),
            format!("{} wrong replies", report.wrong.count),
        ),
        (
            "bytes",
            table::size(totals.bytes_in + totals.bytes_out),
            format!("{} in", table::size(totals.bytes_in)),
        ),
    ];
    html! {
        section.tiles {
            @for (name, value, more) in tiles {
                div.tile {
                    p.name { (name) }
                    p.value { (value) }
                    p.more { (more) }
                }
            }
        }
    }
}

fn capacity(found: &Capacity) -> Markup {
    let mut steps: Vec<&Step> = found.steps.iter().collect();
    steps.sort_by(|one, other| one.rate.total_cmp(&other.rate));
    let points = |at: usize| -> Vec<(f64, f64)> {
        let point =
            |step: &&Step| (step.rate, step.response_us[at] as f64 / 1e3);
        steps.iter().map(point).collect()
    };
    let series = vec![
        Series::line("longest", "c4", points(2)),
        Series::line("p99", "c2", points(1)),
        Series::line("p50", "c1", points(0)),
    ];
    let mark = (found.held, format!("held {}", found.held));
    html! {
        section {
            h2 { "Capacity: " (found.held) " starts a second" }
            p.lead {
                "Response time at each rate that was tried. The rest of the \
                page is the run at the greatest that held."
            }
            (Chart::new(series).mark(Some(mark))
                .axes(Axis::Count, Axis::LogMillis).draw())
            div.scroll { table {
                thead { tr {
                    th { "starts a second" } th {} th { "done a second" }
                    th { "errors" } th { "p50" } th { "p99" }
                    th { "longest" }
                } }
                tbody { @for step in steps {
                    tr.first {
                        th { (step.rate) }
                        td.kind title=(step.reasons.join("; ")) {
                            (table::came_word(step.came))
                        }
                        td { (format!("{:.0}", step.done_rate)) }
                        td.hot[step.errors > 0] { (step.errors) }
                        @for time in step.response_us {
                            td { (table::span(time)) }
                        }
                    }
                } }
            } }
        }
    }
}

fn pictures(report: &Report) -> Markup {
    html! {
        section {
            h2 { "Clients over time" }
            p.lead {
                "How many were served at once, from the clients' own \
                evidence, and how many waited. The line is the limit."
            }
            (concurrency(report))
        }
        div.pair {
            section {
                h2 { "Latency over time" }
                p.lead { "Response time, from the intended start." }
                (latency(report))
            }
            section {
                h2 { "Latency by percentile" }
                p.lead {
                    "Where response and service part, work had to wait for \
                    its start."
                }
                (percentiles(report))
            }
        }
        section {
            h2 { "Replies over time" }
            p.lead { "Replies a second, by code." }
            (codes(report))
        }
    }
}

fn concurrency(report: &Report) -> Markup {
    let seconds = |at_ms: f64| at_ms / 1e3;
    let points = |of: fn(&super::Concurrency) -> u32| -> Vec<(f64, f64)> {
        report
            .concurrency
            .iter()
            .map(|it| (seconds(it.at_ms), f64::from(of(it))))
            .collect()
    };
    let limit = report.bound.limit.map(|limit| limit as f64);
    let served =
        Series::steps("served", "c1", points(|it| it.served)).filled();
    let waiting = Series::steps("waiting", "c2", points(|it| it.waiting));
    let crowd = waiting.max() > 4.0 * limit.unwrap_or(f64::MAX);
    let end = report.totals.seconds;
    let drill = report
        .liveness
        .drill
        .as_ref()
        .map(|drill| (seconds(drill.at_ms), "drill".to_owned()));
    // A crowd that is far larger than the limit would press the served flat.
    if crowd {
        return html! {
            (Chart::new(vec![served]).line(limit, "limit").mark(drill.clone())
                .axes(Axis::Seconds, Axis::Count).draw())
            (Chart::new(vec![waiting]).mark(drill).low()
                .axes(Axis::Seconds, Axis::Count).draw())
        };
    }
    let mut chart = Chart::new(vec![served, waiting])
        .line(limit, "limit")
        .axes(Axis::Seconds, Axis::Count);
    if end > 0.0 {
        chart = chart.mark(drill);
    }
    html! { (chart.draw()) }
}

fn latency(report: &Report) -> Markup {
    let points = |at: usize| -> Vec<(f64, f64)> {
        report
            .timeline
            .iter()
            .filter_map(|it| {
                Some((it.at_ms / 1e3, it.response_us?[at] as f64 / 1e3))
            })
            .collect()
    };
    let series = vec![
        Series::line("longest", "c4", points(2)),
        Series::line("p99", "c2", points(1)),
        Series::line("p50", "c1", points(0)),
    ];
    html! {
        (Chart::new(series).narrow().axes(Axis::Seconds, Axis::LogMillis)
            .draw())
    }
}

fn percentiles(report: &Report) -> Markup {
    let curve = |name: &str| -> Vec<(f64, f64)> {
        let Some(text) = report.histograms.get(name) else {
            return Vec::new();
        };
        let Some(times) = unpacked(text).filter(|it| !it.is_empty()) else {
            return Vec::new();
        };
        // Nines: 0 is the shortest, 1 is p90, 2 is p99, and so on, as far
        // as there are times enough to speak of one.
        let most = (times.len() as f64).log10().min(5.0);
        (0..=120)
            .map(|at| most * f64::from(at) / 120.0)
            .map(|nines| {
                let value = times.value_at_quantile(1.0 - 10_f64.powf(-nines));
                (nines, value as f64 / 1e3)
            })
            .collect()
    };
    let series = vec![
        Series::line("response", "c2", curve("all.response")),
        Series::line("service", "c1", curve("all.service")),
    ];
    html! {
        (Chart::new(series).narrow().axes(Axis::Nines, Axis::LogMillis)
            .draw())
    }
}

fn codes(report: &Report) -> Markup {
    let mut before = 0.0;
    let lengths: Vec<f64> = report
        .timeline
        .iter()
        .map(|it| {
            let length = it.at_ms - before;
            before = it.at_ms;
            length.max(1.0) / 1e3
        })
        .collect();
    let mut codes: Vec<&String> = report.codes.keys().collect();
    codes.sort();
    let series = codes
        .into_iter()
        .enumerate()
        .map(|(nth, code)| {
            let points = report
                .timeline
                .iter()
                .zip(&lengths)
                .map(|(it, length)| {
                    let count = it.codes.get(code).copied().unwrap_or(0);
                    (it.at_ms / 1e3, count as f64 / length)
                })
                .collect();
            Series::line(code, COLOURS[nth % COLOURS.len()], points)
        })
        .collect();
    html! { (Chart::new(series).axes(Axis::Seconds, Axis::Count).draw()) }
}

fn figures(report: &Report) -> Markup {
    html! {
        section {
            h2 { "Figures" }
            div.scroll { table {
                thead { tr {
                    th { "" } th {} th { "count" } th { "errors" }
                    th { "p50" } th { "p90" } th { "p99" } th { "p99.9" }
                    th { "p99.99" } th { "longest" }
                } }
                tbody {
                    @for (name, times) in &report.phases {
                        tr.first {
                            th { (name) } td.kind { "phase" }
                            td { (times.count) } td {}
                            (times_cells(times))
                        }
                    }
                    @for (name, figures) in &report.operations {
                        (operation(name, figures))
                    }
                    (operation("all", &report.all))
                }
            } }
            @if !report.errors.is_empty() {
                h3 { "Errors" }
                ul { @for error in &report.errors {
                    li {
                        (error.operation) ": " (error.label) ", "
                        (error.count) " times"
                    }
                } }
            }
            @if !report.wrong.shown.is_empty() {
                h3 { "Wrong" }
                ul { @for wrong in &report.wrong.shown { li { (wrong) } } }
            }
        }
    }
}

fn operation(name: &str, figures: &Figures) -> Markup {
    html! {
        tr.first {
            th { (name) } td.kind { "response" }
            td { (figures.count) }
            td.hot[figures.errors > 0] { (figures.errors) }
            (times_cells(&figures.response_us))
        }
        tr {
            th {} td.kind { "service" } td {} td {}
            (times_cells(&figures.service_us))
        }
    }
}

fn times_cells(times: &Percentiles) -> Markup {
    let all = [
        times.p50,
        times.p90,
        times.p99,
        times.p99_9,
        times.p99_99,
        times.max,
    ];
    html! {
        @for time in all {
            td { @if times.count > 0 { (table::span(time)) } @else { "–" } }
        }
    }
}

fn proof(report: &Report) -> Markup {
    let (bound, lively) = (&report.bound, &report.liveness);
    let violations: Vec<_> = (bound.violations.iter())
        .chain(&lively.violations)
        .chain(&report.gauge.violations)
        .take(VIOLATIONS_SHOWN_MAX)
        .collect();
    html! {
        section {
            h2 { "The bound" }
            dl {
                dt { "Most served at once, beyond doubt" }
                dd { (bound.max_observed) " at "
                    (format!("{:.1} ms", bound.max_at_ms)) }
                dt { "Limit" }
                dd {
                    @match bound.limit {
                        Some(limit) => { (limit) " (" (bound.limit_from) ")" }
                        None => "not known",
                    }
                }
                dt { "A place was free while somebody waited" }
                dd { "for " (format!("{:.1} ms", lively.longest_idle_place_ms))
                    " at most" }
                dt { "Served out of order" }
                dd { (lively.order_inversions) }
                @if let Some(drill) = &lively.drill {
                    dt { "Drill" }
                    dd {
                        (drill.filled) " places filled, " (drill.cut)
                        " connections cut off at every phase, "
                        (drill.refilled) " places filled again"
                    }
                }
                @if report.gauge.told > 0 {
                    dt { "The server's own count" }
                    dd { "told " (report.gauge.told) " times, "
                        (report.gauge.max) " at most" }
                }
            }
            @if !violations.is_empty() {
                h3 { "Broken" }
                ul.violations { @for violation in violations {
                    li {
                        strong { (violation.rule) } " at "
                        (format!("{:.3} ms: ", violation.at_ms))
                        (violation.what)
                        @if !violation.who.is_empty() {
                            span.who { (violation.who.join(", ")) }
                        }
                    }
                } }
            }
        }
    }
}

fn thresholds(report: &Report) -> Markup {
    html! {
        @if !report.thresholds.is_empty() {
            section {
                h2 { "Thresholds" }
                ul.thresholds { @for judged in &report.thresholds {
                    li.good[judged.held].bad[!judged.held] {
                        code { (judged.key) ": " (judged.wanted) }
                        span { (judged.got) }
                    }
                } }
            }
        }
    }
}

fn foot(report: &Report) -> Markup {
    let (run, cost, valid) = (&report.run, &report.cost, &report.validity);
    html! {
        footer {
            p {
                (run.model) " loop, " (run.users) " clients, seed " (run.seed)
                ", against " (run.target) " (" (run.dialect) "). Processor \
                time for one operation: generator "
                (format!("{:.1} µs", cost.generator_us_per_operation))
                @if let Some(server) = cost.server_us_per_operation {
                    (format!(", server {server:.1} µs"))
                }
                ". The generator's own lag: p99 " (table::span(valid.lag_us[1]))
                "; " (valid.late) " of " (valid.offered) " starts late by its \
                own fault, " (valid.dropped) " dropped."
            }
        }
    }
}

/// Violations told on the page; the JSON has more.
const VIOLATIONS_SHOWN_MAX: usize = 20;

/// The classes of the series' colours, in turn.
const COLOURS: [&str; 10] =
    ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10"];

const STYLE: &str = include_str!("html/style.css");

#[cfg(test)]
pub(crate) mod tests;
