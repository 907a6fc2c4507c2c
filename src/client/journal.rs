//! The client's log: `log/client.log` below its data folder, one line an
//! event, rotated by size and bounded in number.
//!
//! Must not know: a password, or a command line as it was typed. It is given
//! events only, so that nothing secret can slip in.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process,
};

use super::{home, shown};

/// An open log, or none, where the data folder cannot be written: a client
/// that cannot log still transfers files.
#[derive(Debug, Default)]
pub(super) struct Journal {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
}

impl Journal {
    /// Opens `log/client.log` below the data folder.
    ///
    /// # Errors
    ///
    /// What the system said, where the folder or the file cannot be had.
    pub(super) fn open(folder: &Path) -> io::Result<Journal> {
        Journal::bounded(folder, LOG_BYTES_MAX)
    }

    fn bounded(folder: &Path, bytes_max: u64) -> io::Result<Journal> {
        let log = folder.join("log");
        home::make(&log)?;
        let path = log.join("client.log");
        let (file, bytes) = append(&path)?;
        Ok(Journal { open: Some(Open { path, file, bytes, bytes_max }) })
    }

    /// Writes one event. Where the disk fails, the log ends and the work
    /// goes on.
    pub(super) fn note(&mut self, event: &str) {
        let Some(open) = &mut self.open else { return };
        let now = jiff::Timestamp::now();
        let line =
            format!("{now:.3} {} {}\n", process::id(), shown::text(event));
        if open.write(line.as_bytes()).is_err() {
            self.open = None;
        }
    }
}

impl Open {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.bytes_max {
            rotate(&self.path)?;
            (self.file, self.bytes) = append(&self.path)?;
        }
        self.file.write_all(line)?;
        self.bytes += line.len() as u64;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<(File, u64)> {
    let file =
        OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let bytes = file.metadata()?.len();
    Ok((file, bytes))
}

/// `client.log` becomes `client.log.1`, and so on; the oldest goes. Another
/// client that rotates at the same moment may have been faster: what is
/// gone by then is no fault.
fn rotate(path: &Path) -> io::Result<()> {
    let numbered = |n: usize| match n {
        0 => path.to_path_buf(),
        n => path.with_extension(format!("log.{n}")),
    };
    for n in (0..LOG_FILES_MAX - 1).rev() {
        match std::fs::rename(numbered(n), numbered(n + 1)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
    }
    Ok(())
}

/// A log file's length: some ten thousand transfers.
const LOG_BYTES_MAX: u64 = 1 << 20;

/// How many log files are kept, the one being written included.
const LOG_FILES_MAX: usize = 5;

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Journal, LOG_FILES_MAX};

    #[test]
    fn the_log_is_bounded_in_length_and_number() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::bounded(folder.path(), 200).expect("a log");
        for n in 0..100 {
            journal.note(&format!("event {n} of some length"));
        }
        let log = folder.path().join("log");
        let files: Vec<_> = fs::read_dir(&log).expect("a folder").collect();
        assert_eq!(files.len(), LOG_FILES_MAX);
        for file in files {
            let length = file.and_then(|f| f.metadata()).expect("a file");
            assert!(length.len() <= 200);
        }
        let last = fs::read_to_string(log.join("client.log")).expect("text");
        assert!(last.contains("event 99 "), "{last}");
    }

    #[test]
    fn an_event_is_one_line_whatever_it_holds() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::open(folder.path()).expect("a log");
        journal.note("get a\nb\x1b[2J");
        let text = fs::read_to_string(folder.path().join("log/client.log"));
        let text = text.expect("text");
        assert!(text.ends_with("get a\\x0ab\\x1b[2J\n"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}
