//! What is shown while a run goes on: a bar with a line on a terminal, a
//! plain line every few seconds elsewhere.
//!
//! Must not know: anything but the rows.

use std::io::{self, IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressStyle};

use super::table::span;
use crate::{
    clock::{Nanos, SECOND},
    timeline::Row,
};

/// The display.
pub(crate) struct Live {
    bar: Option<ProgressBar>,
    plain: bool,
    interval: Nanos,
    said: Nanos,
    done: u64,
    errors: u64,
}

impl Live {
    /// A display for a run of this length; silent where it is not wanted.
    pub(crate) fn new(length: Nanos, interval: Nanos, quiet: bool) -> Live {
        let terminal = io::stderr().is_terminal();
        let bar = (terminal && !quiet).then(|| {
            let bar = ProgressBar::new(length);
            let form = "{bar:30} {percent:>3}% {msg}";
            if let Ok(style) = ProgressStyle::with_template(form) {
                bar.set_style(style);
            }
            bar
        });
        let plain = !terminal && !quiet;
        Live { bar, plain, interval, said: 0, done: 0, errors: 0 }
    }

    /// Shows an interval.
    pub(crate) fn show(&mut self, row: &Row) {
        self.done += row.done;
        self.errors += row.errors;
        let at = (row.index + 1) * self.interval;
        let rate = row.done as f64 * SECOND as f64 / self.interval as f64;
        let [p50, p99] = match row.response_us {
            Some([p50, p99, _]) => [span(p50), span(p99)],
            None => ["-".to_owned(), "-".to_owned()],
        };
        let line = format!(
            "{} done, {rate:.0}/s, p50 {p50}, p99 {p99}, {} active, \
            {} waiting, {} errors",
            self.done, row.active, row.waiting, self.errors
        );
        if let Some(bar) = &self.bar {
            bar.set_position(at.min(bar.length().unwrap_or(at)));
            bar.set_message(line);
        } else if self.plain && at >= self.said + SAY_EVERY {
            self.said = at;
            // Nobody may be reading; the run does not depend on it.
            drop(writeln!(
                io::stderr(),
                "{:>5.1} s: {line}",
                at as f64 / SECOND as f64
            ));
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How often a plain line is written.
const SAY_EVERY: Nanos = 2 * SECOND;
