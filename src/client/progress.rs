//! The progress bar: rate and time left, on a terminal only, and only for
//! work that takes long enough to be watched.
//!
//! Must not know: what is being moved.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{console::Console, shown};

/// Counts bytes, shows them where somebody watches.
pub(super) struct Progress {
    bar: ProgressBar,
    begun: Instant,
    visible: bool,
    drawn: bool,
}

impl Progress {
    /// Begins at `done` of `all` bytes, where it is known how many.
    pub(super) fn new(
        console: Console,
        what: &str,
        done: u64,
        all: Option<u64>,
    ) -> Progress {
        let bar =
            ProgressBar::with_draw_target(all, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(match all {
            Some(_) => TEMPLATE,
            None => TEMPLATE_ENDLESS,
        });
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(shown::text(what));
        bar.set_position(done);
        bar.reset_eta();
        Progress {
            bar,
            begun: Instant::now(),
            visible: console.has_terminal(),
            drawn: false,
        }
    }

    /// That many bytes more.
    pub(super) fn advance(&mut self, bytes: u64) {
        if !self.visible {
            return;
        }
        if !self.drawn && self.begun.elapsed() > DRAW_DELAY {
            let target = ProgressDrawTarget::stderr_with_hz(DRAW_HZ);
            self.bar.set_draw_target(target);
            self.drawn = true;
        }
        self.bar.inc(bytes);
    }

    /// Since it began.
    pub(super) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

const TEMPLATE: &str = "{msg:24!} [{bar:20}] {percent:>3}%  {binary_bytes}\
     /{binary_total_bytes}  {binary_bytes_per_sec}  {eta} left";

/// Where nobody has said how many bytes there are.
const TEMPLATE_ENDLESS: &str =
    "{msg:24!} {binary_bytes}  {binary_bytes_per_sec}";

/// What is done sooner needs no bar.
const DRAW_DELAY: Duration = Duration::from_millis(250);

const DRAW_HZ: u8 = 10;
