//! Where log lines go: to `log/server.log`, a new file each day and so many
//! kept, and to standard error for people. Neither can hold a session up
//! for long: lines wait in a bounded queue.
//!
//! Must not know: what is logged.

use std::{io, path::Path};

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
        .finish(io::stderr());
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

/// Days that are kept.
const FILES_MAX: usize = 14;

/// Lines that wait to be written, in each of the two queues.
const LINES_MAX: usize = 8192;
