//! The digest of a local file's bytes, with progress, and signs of life to a
//! server that waits meanwhile.
//!
//! Must not know: what the digest is for.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

use super::{
    console::Console,
    error::Error,
    interrupt,
    progress::Progress,
    remote::Remote,
    sum::{Algorithm, Sum, Summing},
};

/// The digest of a file's first `length` bytes.
///
/// # Errors
///
/// [`Error::Local`] where it cannot be read or has become shorter, and what
/// the server says to a sign of life.
pub(super) fn of_file(
    file: &File,
    length: u64,
    algorithm: Algorithm,
    what: &str,
    console: Console,
    remote: &mut dyn Remote,
) -> Result<Sum, Error> {
    let message = format!("checking {what}");
    let mut progress = Progress::new(console, &message, 0, Some(length));
    let mut summing = Summing::new(algorithm);
    let mut buffer = vec![0; length.min(READ_BYTES) as usize];
    let mut at = 0;
    let mut last_sign = Instant::now();
    while at < length {
        interrupt::check()?;
        let most = (length - at).min(READ_BYTES) as usize;
        let read = file
            .read_at(&mut buffer[..most], at)
            .map_err(|e| Error::local("reading it", e))?;
        if read == 0 {
            return Err(Error::Broken("the file here became shorter".into()));
        }
        summing.update(&buffer[..read]);
        at += read as u64;
        progress.advance(read as u64);
        if last_sign.elapsed() > SIGN_INTERVAL {
            remote.keep_alive()?;
            last_sign = Instant::now();
        }
    }
    Ok(summing.end())
}

/// Whether two files have the same first `length` bytes.
///
/// # Errors
///
/// [`Error::Local`] where one cannot be read.
pub(super) fn same_beginning(
    one: &File,
    other: &File,
    length: u64,
) -> Result<bool, Error> {
    let room = length.min(READ_BYTES) as usize;
    let (mut left, mut right) = (vec![0; room], vec![0; room]);
    let mut at = 0;
    while at < length {
        let most = (length - at).min(READ_BYTES) as usize;
        for (file, buffer) in [(one, &mut left), (other, &mut right)] {
            match file.read_exact_at(&mut buffer[..most], at) {
                Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return Ok(false);
                }
                Err(e) => return Err(Error::local("reading it", e)),
                Ok(()) => {}
            }
        }
        if left[..most] != right[..most] {
            return Ok(false);
        }
        at += most as u64;
    }
    Ok(true)
}

/// One read.
const READ_BYTES: u64 = 1024 * 1024;

/// How often a waiting server hears of us: servers end a session that is
/// silent for minutes.
const SIGN_INTERVAL: Duration = Duration::from_secs(20);
