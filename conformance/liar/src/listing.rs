//! The bytes that `dir` sends. Knows a folder or one entry, and no session.

use std::{
    fs::{self, Metadata},
    io,
    os::unix::ffi::{OsStrExt, OsStringExt},
    os::unix::fs::MetadataExt,
    path::Path,
};

use jiff::Timestamp;

use crate::{
    home::{Entry, Home},
    lies::{Lie, told},
    names::Names,
    wire,
};

/// A listing: how many lines, and their bytes.
pub(crate) struct Listing {
    /// The lines.
    pub(crate) entries: usize,
    /// Their bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Lists a folder; `None` when it passes a bound.
pub(crate) fn of_folder(
    home: &Home,
    names: &Names,
    folder: &Path,
) -> io::Result<Option<Listing>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        found.push(entry?.file_name().into_vec());
        if found.len() > ENTRIES_MAX {
            return Ok(None);
        }
    }
    sort(&mut found);
    let mut listing = Listing { entries: 0, bytes: Vec::new() };
    let mut child = names.clone();
    for name in found {
        child.push(name);
        let entry = home.peek(&child)?;
        if let Some(line) = line_of(&child, &entry) {
            listing.entries += 1;
            listing.bytes.extend_from_slice(&line);
        }
        child.pop();
        if listing.bytes.len() > BYTES_MAX {
            return Ok(None);
        }
    }
    Ok(Some(listing))
}

/// The one line of an entry; `None` where it is not shown.
pub(crate) fn line_of(names: &Names, entry: &Entry) -> Option<Vec<u8>> {
    let path = match entry {
        Entry::Dir(path) | Entry::File(path) | Entry::Link(path, _) => path,
        Entry::Hidden(path, to) => {
            let link = fs::symlink_metadata(path).ok()?.is_symlink();
            let shown = if link {
                to.is_some() && told(Lie::LinkOutShown)
            } else {
                told(Lie::SpecialShown)
            };
            if !shown {
                return None;
            }
            path
        }
        Entry::Free(_) | Entry::NoParent | Entry::TooLong => return None,
    };
    let meta = fs::symlink_metadata(path).ok()?;
    let mut name = names
        .last()
        .cloned()
        .or_else(|| Some(path.file_name()?.as_bytes().to_vec()))?;
    if !told(Lie::ListedNameBare) {
        name = wire::encode(&name).into_bytes();
    }
    let mut line = describe(&meta).into_bytes();
    line.extend_from_slice(&name);
    line.push(b'\n');
    Some(line)
}

/// A line for something that is not in the folder: only a lie shows it.
pub(crate) fn made_up(name: &[u8], size: u64) -> Vec<u8> {
    let name = wire::encode(name);
    format!("f {size} 2020-01-01T00:00:00Z {name}.part\n").into_bytes()
}

fn describe(meta: &Metadata) -> String {
    let (kind, mut size) = if meta.is_dir() {
        ('d', if told(Lie::ListedDirSize) { meta.len() } else { 0 })
    } else if meta.is_symlink() {
        ('l', meta.len())
    } else {
        ('f', meta.len())
    };
    if told(Lie::ListedSize) && !meta.is_dir() {
        size += 1;
    }
    let seconds = meta.mtime();
    let time = if told(Lie::ListedTimeLocal) {
        let shifted = Timestamp::from_second(seconds + 2 * 3600);
        shifted.unwrap_or_default().to_string().replace('Z', "+02:00")
    } else if told(Lie::ListedTimeFine) {
        let time = Timestamp::from_second(seconds).unwrap_or_default();
        time.to_string().replace('Z', ".5Z")
    } else {
        Timestamp::from_second(seconds).unwrap_or_default().to_string()
    };
    format!("{kind} {size} {time} ")
}

fn sort(names: &mut [Vec<u8>]) {
    if told(Lie::SortedByCase) {
        names.sort_by_key(|name| name.to_ascii_lowercase());
    } else {
        names.sort();
    }
    if told(Lie::Unsorted) {
        names.reverse();
    }
}

/// Entries that a folder may have to be listed.
const ENTRIES_MAX: usize = 1_000_000;

/// The longest listing, in bytes.
const BYTES_MAX: usize = 64 * 1024 * 1024;
