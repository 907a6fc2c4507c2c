//! What the suite puts on a server's disk: files, folders, links, pipes.
//!
//! The only file of the crate that writes where a server works.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::case::Entry;
use crate::payload::{CHUNK_BYTES, Source};
use crate::template::Scope;

/// Where a scenario's path is: below its folder, or, with a `/` in front,
/// below the home.
pub fn base_of(home: &Path, folder: &str, path: &str) -> PathBuf {
    match path.strip_prefix('/') {
        Some(rest) => home.join(rest),
        None => home.join(folder).join(path),
    }
}

/// Makes an entry, and the directories above it.
pub fn make_entry(
    at: &Path,
    entry: &Entry,
    scope: &Scope,
) -> Result<(), String> {
    let said = |error: io::Error| format!("{}: {error}", at.display());
    if let Some(parent) = at.parent() {
        fs::create_dir_all(parent).map_err(said)?;
    }
    if let Some(bytes) = &entry.file {
        write_file(at, &Source::build(bytes, scope)?).map_err(said)?;
    } else if entry.dir {
        fs::create_dir_all(at).map_err(said)?;
    } else if let Some(target) = &entry.link {
        symlink(scope.fill(target)?, at).map_err(said)?;
    } else if entry.fifo {
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(CWD, at, FileType::Fifo, mode, 0)
            .map_err(|error| said(error.into()))?;
    } else if entry.socket {
        // The name stays when the listener goes.
        drop(UnixListener::bind(at).map_err(said)?);
    } else if entry.remove {
        remove(at).map_err(said)?;
    }
    if let Some(mode) = &entry.mode {
        let bits = u32::from_str_radix(mode, 8)
            .map_err(|_| format!("{mode:?} is no octal mode"))?;
        fs::set_permissions(at, fs::Permissions::from_mode(bits))
            .map_err(said)?;
    }
    Ok(())
}

fn write_file(at: &Path, source: &Source) -> io::Result<()> {
    let mut file = File::create(at)?;
    let mut buffer = vec![0; CHUNK_BYTES];
    let mut offset = 0;
    loop {
        let count = source.read_at(offset, &mut buffer);
        if count == 0 {
            return Ok(());
        }
        file.write_all(&buffer[..count])?;
        offset += count as u64;
    }
}

fn remove(at: &Path) -> io::Result<()> {
    if fs::symlink_metadata(at)?.is_dir() {
        fs::remove_dir_all(at)
    } else {
        fs::remove_file(at)
    }
}
