//! Where log lines go: to `log/server.log`, a new file each day and so many
//! kept, and to standard error for people. The file is written at once, so
//! that a crash loses no line; standard error may be a pipe that nobody
//! reads, so its lines wait in a bounded buffer, and are lost where it is
//! full.
//!
//! Must not know: what is logged.

use std::{
    io::{self, Write},
    path::Path,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tracing_appender::rolling::{
    RollingFileAppender, RollingWriter, Rotation,
};
use tracing_subscriber::fmt::MakeWriter;

/// Keeps the log going. When it is dropped, standard error gets what waits
/// for it, as far as it takes it.
pub struct LogGuard {
    terminal: Arc<Terminal>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the log for the whole process. A second start in one process
/// keeps the first one's file.
///
/// # Errors
///
/// Where the folder does not take a file, or no thread can be started.
pub fn start(folder: &Path) -> anyhow::Result<LogGuard> {
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("server")
        .filename_suffix("log")
        .latest_symlink("server.log")
        .max_log_files(FILES_MAX)
        .build(folder)?;
    let terminal = Arc::new(Terminal::default());
    let writes = Arc::clone(&terminal);
    let thread = thread::Builder::new()
        .name("log-terminal".to_owned())
        .spawn(move || writes.write_out(&mut io::stderr()))?;
    let both = Both { file, terminal: Arc::clone(&terminal) };
    let lines = tracing_subscriber::fmt()
        .with_target(false)
        .with_ansi(false)
        .with_writer(both)
        .finish();
    let _ = tracing::subscriber::set_global_default(lines);
    Ok(LogGuard { terminal, thread: Some(thread) })
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let mut waiting = self.terminal.waiting();
        waiting.ended = true;
        self.terminal.changed.notify_all();
        // A pipe that nobody reads must not keep the server from ending.
        let until = Instant::now() + LAST_LINES_WAIT;
        while !waiting.written_out && Instant::now() < until {
            (waiting, _) = self
                .terminal
                .changed
                .wait_timeout(waiting, LAST_LINES_WAIT)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let written_out = waiting.written_out;
        drop(waiting);
        if let Some(thread) = self.thread.take()
            && written_out
        {
            let _ = thread.join();
        }
    }
}

/// Each line goes to the file, and to the terminal's buffer.
struct Both {
    file: RollingFileAppender,
    terminal: Arc<Terminal>,
}

/// The way of one line.
struct Line<'a> {
    file: RollingWriter<'a>,
    terminal: &'a Terminal,
}

impl<'a> MakeWriter<'a> for Both {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { file: self.file.make_writer(), terminal: &self.terminal }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.terminal.push(line);
        self.file.write_all(line)?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What waits for standard error.
#[derive(Default)]
struct Terminal {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// No more lines will come.
    ended: bool,
    /// And none is left.
    written_out: bool,
}

impl Terminal {
    fn push(&self, line: &[u8]) {
        let mut waiting = self.waiting();
        if waiting.bytes.len() + line.len() > WAITING_BYTES_MAX {
            return;
        }
        // The thread wakes at the first line and takes those that follow
        // along: a busy server does not wake it for each.
        if waiting.bytes.is_empty() {
            self.changed.notify_all();
        }
        waiting.bytes.extend_from_slice(line);
    }

    fn write_out(&self, out: &mut impl Write) {
        let mut waiting = self.waiting();
        loop {
            while waiting.bytes.is_empty() && !waiting.ended {
                waiting = self
                    .changed
                    .wait(waiting)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if !waiting.ended {
                let more = |waiting: &mut Waiting| !waiting.ended;
                (waiting, _) = self
                    .changed
                    .wait_timeout_while(waiting, GATHER, more)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            let bytes = std::mem::take(&mut waiting.bytes);
            let last = waiting.ended;
            drop(waiting);
            // Where standard error is gone there is nobody to tell.
            let _ = out.write_all(&bytes);
            waiting = self.waiting();
            if last {
                waiting.written_out = true;
                self.changed.notify_all();
                return;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Days that are kept.
const FILES_MAX: usize = 14;

/// What waits for standard error at most; lines beyond it are lost there,
/// not in the file.
const WAITING_BYTES_MAX: usize = 256 * 1024;

/// How long lines are gathered before they are written to standard error.
const GATHER: Duration = Duration::from_millis(50);

/// How long the last lines may take to leave.
const LAST_LINES_WAIT: Duration = Duration::from_secs(1);
