//! One upload: the digest first that the server can compare, so that it can
//! say that it has the file or part of it, then the bytes that are missing.
//!
//! Must not know: sockets, codes.

use std::{
    fs::{File, Metadata, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rustix::fs::OFlags;

use super::{
    console::Console,
    digest,
    error::{Error, Why},
    local,
    part::Stamp,
    progress::Progress,
    remote::{Answer, Outgoing, Remote},
    shown,
};
use crate::session::PathText;

/// What came of it.
#[derive(Debug)]
pub(super) enum Sent {
    /// The server had it already.
    Same(Answer),
    /// The server has it now.
    Whole {
        /// The closing answer.
        answer: Answer,
        /// The file's length.
        size: u64,
        /// How much of it was moved, and in how many seconds.
        moved: (u64, f64),
        /// The file here is no longer what was sent.
        changed: bool,
    },
}

/// Brings a local file to the server as `file`.
///
/// # Errors
///
/// Whatever the server, the connection or our own disk says. What arrived
/// is kept by the server, and the same again resumes it.
pub(super) fn put(
    remote: &mut dyn Remote,
    console: Console,
    source: &Path,
    file: &PathText,
) -> Result<Sent, Error> {
    let (open, metadata) = open(source)?;
    let (size, before) = (metadata.len(), Stamp::of(&metadata));
    let what = shown::name(local::base(file.as_bytes()));
    let sum = match remote.compares_put(file, size)? {
        Some((algorithm, length)) => Some(digest::of_file(
            &open,
            length,
            algorithm,
            &what,
            console,
            &mut *remote,
        )?),
        None => None,
    };
    let (answer, offset) = match remote.begin_put(file, size, sum)? {
        Outgoing::Same(answer) => return Ok(Sent::Same(answer)),
        Outgoing::Wanted { answer, offset } => (answer, offset),
    };
    if offset > 0 {
        let name = shown::name(file.as_bytes());
        let what = format!("{name} resumes at {offset} of {size} bytes");
        console.say(&answer.code, &what);
    }
    let mut progress = Progress::new(console, &what, offset, Some(size));
    let sent = remote.send(&open, &mut |bytes| progress.advance(bytes));
    let seconds = progress.elapsed().as_secs_f64();
    drop(progress);
    let now = open.metadata().map(|metadata| Stamp::of(&metadata));
    let changed = now.ok() != Some(before);
    let answer = sent.map_err(|error| explained(error, changed))?;
    let moved = (size - offset, seconds);
    Ok(Sent::Whole { answer, size, moved, changed })
}

/// Opens a local file that can be sent: a regular one.
fn open(source: &Path) -> Result<(File, Metadata), Error> {
    let failed = |e| Error::local(local::display(source), e);
    let file = OpenOptions::new()
        .read(true)
        // A pipe of the name is refused, not waited for.
        .custom_flags(OFlags::NONBLOCK.bits() as i32)
        .open(source)
        .map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        let kind = if metadata.is_dir() { "a folder" } else { "no file" };
        let text = format!("it is {kind}; only files are sent");
        return Err(failed(io::Error::other(text)));
    }
    Ok((file, metadata))
}

/// Says so where the server's complaint is the local file's fault.
fn explained(error: Error, changed: bool) -> Error {
    match error {
        Error::Refused { code, why: why @ Why::Digest, text } if changed => {
            let text =
                format!("{text} (the file here changed while it was sent)");
            Error::Refused { code, why, text }
        }
        other => other,
    }
}
