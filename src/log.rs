//! Where log lines go: to `log/server.log`, a new file each day and so many
//! kept, and to standard error for people. Neither can hold a session up
//! for long: lines wait in a bounded queue.
//!
//! Must not know: what is logged.

use std::{
    io::{self, Write},
    path::Path,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    time::Timespec,
};
use tracing_appender::{
    non_blocking::{NonBlockingBuilder, WorkerGuard},
    rolling::{InitError, RollingFileAppender, Rotation},
};
use tracing_subscriber::{
    Layer, filter::LevelFilter, fmt, layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Keeps the log going; what waits is written out when it is dropped.
pub struct LogGuard {
    _file: WorkerGuard,
    _terminal: WorkerGuard,
}

/// Starts the log for the whole process.
///
/// # Errors
///
/// Where the folder does not take a file.
pub fn start(folder: &Path) -> Result<LogGuard, InitError> {
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("server")
        .filename_suffix("log")
        .latest_symlink("server.log")
        .max_log_files(FILES_MAX)
        .build(folder)?;
    // A full queue makes sessions wait for the disk: no line is lost.
    let (file, file_guard) = NonBlockingBuilder::default()
        .lossy(false)
        .buffered_lines_limit(LINES_MAX)
        .thread_name("log-file")
        .finish(file);
    // A terminal or pipe that nobody reads loses lines, and stops nobody.
    let (terminal, terminal_guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES_MAX)
        .thread_name("log-terminal")
        .finish(Terminal { is_stuck: false });
    let lines = fmt::layer().with_target(false);
    let for_people = lines
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_writer(terminal)
        .with_filter(LevelFilter::INFO);
    let for_the_file = fmt::layer()
        .with_target(false)
        .with_ansi(false)
        .with_writer(file)
        .with_filter(LevelFilter::INFO);
    // A second start in one process keeps the first log.
    let _ = tracing_subscriber::registry()
        .with(for_the_file)
        .with(for_people)
        .try_init();
    Ok(LogGuard { _file: file_guard, _terminal: terminal_guard })
}

/// Standard error, whose reader may have stopped reading: then lines are
/// thrown away, so that the queue before it never stays full, and the end
/// of the process has nothing to wait for.
struct Terminal {
    /// The last line found no room.
    is_stuck: bool,
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let wait = if self.is_stuck { Duration::ZERO } else { READER_WAIT };
        self.is_stuck = !has_room(wait);
        if self.is_stuck {
            return Ok(bytes.len());
        }
        let piece = bytes.len().min(PIECE_BYTES);
        io::stderr().write(&bytes[..piece])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether standard error takes a piece within that time.
fn has_room(wait: Duration) -> bool {
    let stderr = io::stderr();
    let mut ready = [PollFd::new(&stderr, PollFlags::OUT)];
    let wait = Timespec::try_from(wait).ok();
    poll(&mut ready, wait.as_ref()).is_ok_and(|ready| ready > 0)
}

/// How long a reader of standard error may take for one line. The end of
/// the log waits twice as long before it gives up.
const READER_WAIT: Duration = Duration::from_millis(50);

/// A pipe that has any room takes so much without a wait (`PIPE_BUF`).
const PIECE_BYTES: usize = 4096;

/// Days that are kept.
const FILES_MAX: usize = 14;

/// Lines that wait to be written, in each of the two queues.
const LINES_MAX: usize = 8192;
