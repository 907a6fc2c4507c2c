//! What the person or the script at this end sees: answers on standard
//! output, complaints and the server's own announcements on standard error,
//! questions only where somebody can answer.
//!
//! Must not know: commands, sockets.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    time::Duration,
};

use rustix::event::{self, PollFd, PollFlags, Timespec};

use super::{error::Error, shown};

/// The terminal, pipe or file at this end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Console {
    /// Commands are typed by a person who can be asked.
    prompt: bool,
}

impl Console {
    /// With `prompt`, a person types commands here.
    pub(super) fn new(prompt: bool) -> Console {
        Console { prompt }
    }

    /// Whether a person is there to be shown progress and asked for a
    /// password, also where a script is running.
    pub(super) fn has_terminal(self) -> bool {
        io::stderr().is_terminal()
    }

    /// An answer: the server's code, two spaces, what it is about. A reader
    /// of ours that went away is no reason to stop.
    pub(super) fn say(self, code: &str, what: &str) {
        self.print(&format!("{code}  {what}\n"));
    }

    /// Text as it is: a table, a list, our own words.
    pub(super) fn print(self, text: &str) {
        let mut out = io::stdout().lock();
        let _gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// What the server announces outside any answer, or we of it.
    pub(super) fn announce(self, code: &str, what: &str) {
        let _gone = writeln!(io::stderr(), "{code}  {what}");
    }

    /// A failure: with the server's code, where it said one.
    pub(super) fn fail(self, subject: &str, error: &Error) {
        let code = error.code().unwrap_or(NO_CODE);
        let what = if subject.is_empty() {
            error.to_string()
        } else {
            format!("{subject}: {error}")
        };
        let _gone = writeln!(io::stderr(), "{code}  {}", shown::text(&what));
    }

    /// Something of our own that a person should know.
    pub(super) fn complain(self, subject: &str, what: &str) {
        let what = shown::text(&format!("{subject}: {what}"));
        let _gone = writeln!(io::stderr(), "{NO_CODE}  {what}");
    }

    /// Asks yes or no; no answer is no. `None` where nobody can be asked.
    /// The server may be waiting meanwhile, so that the time to answer is
    /// bounded.
    pub(super) fn confirm(self, question: &str) -> Option<bool> {
        if !self.prompt {
            return None;
        }
        let _gone = write!(io::stderr(), "{} [y/N] ", shown::text(question));
        let stdin = io::stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        let limit = Timespec::try_from(ANSWER_TIME_MAX).ok();
        if !matches!(event::poll(&mut fds, limit.as_ref()), Ok(1)) {
            let _gone = writeln!(io::stderr(), "no answer is no");
            return Some(false);
        }
        let mut line = String::new();
        let read = stdin.lock().read_line(&mut line);
        Some(read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes"))
    }
}

/// What stands where a code would, when the server said none.
pub(super) const NO_CODE: &str = "---";

/// How long a question waits for its answer: less than a server's patience
/// with a client that does not read.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(45);
