//! What a home holds: the entries of directories, and the sum of the files.
//!
//! Must not know: how a line of a listing looks.

use std::{ffi::OsStr, io, os::unix::ffi::OsStrExt, rc::Rc};

use cap_std::fs::{Metadata, MetadataExt, ReadDir};

use super::{
    Jail, Kind,
    fault::{is_forbidden, on_lookup},
};
use crate::session::{
    listing::{ENTRIES_MAX, Entry, EntryKind, Listing},
    outcome::{Denial, Refused},
    path::VPath,
};

impl Jail {
    /// The entries of a directory, or the one entry of a file or link.
    pub(in crate::session) fn list(
        &self,
        path: &VPath,
    ) -> Result<Listing, Denial> {
        match self.look(path)? {
            Kind::Directory => self.list_directory(path),
            Kind::File(_) | Kind::DeadLink => {
                let entries = vec![self.show(path)?];
                Ok(Listing { entries })
            }
            Kind::Hidden | Kind::Missing => Err(Refused::NotFound.into()),
        }
    }

    /// The entry of one name as its directory shows it: of a link, the
    /// link's own.
    pub(in crate::session) fn show(
        &self,
        path: &VPath,
    ) -> Result<Entry, Denial> {
        let found = self.home.symlink_metadata(path.relative());
        let found = found.map_err(on_lookup)?;
        entry_of(&found, path.name()).ok_or(Refused::NotFound.into())
    }

    /// The entry of what a name stands for: of a link, what it leads to.
    pub(in crate::session) fn describe(
        &self,
        path: &VPath,
    ) -> Result<Entry, Denial> {
        match self.look(path)? {
            Kind::Hidden | Kind::Missing => Err(Refused::NotFound.into()),
            Kind::DeadLink => self.show(path),
            Kind::Directory | Kind::File(_) => {
                let found = self.home.metadata(path.relative());
                let found = found.map_err(on_lookup)?;
                entry_of(&found, path.name()).ok_or(Refused::NotFound.into())
            }
        }
    }

    /// A directory's entries as they are read, in no order.
    pub(in crate::session) fn rows(
        &self,
        path: &VPath,
    ) -> Result<Rows, Denial> {
        self.require_directory(path)?;
        let directory =
            self.home.open_dir(path.relative()).map_err(on_lookup)?;
        let found = directory.entries().map_err(on_lookup)?;
        Ok(Rows { found, path: path.clone() })
    }

    /// The sum of the lengths of all regular files in the home, in bytes.
    /// However deep the tree is, few directories are open at a time: one
    /// for each so many bytes of path, since no longer path can be opened.
    pub(in crate::session) fn count_files(&self) -> io::Result<u64> {
        let mut sum = 0_u64;
        let mut unseen =
            vec![(Rc::new(self.home.try_clone()?), VPath::root())];
        while let Some((anchor, path)) = unseen.pop() {
            let directory = match anchor.open_dir(path.relative()) {
                Ok(directory) => directory,
                // Its user cannot enter it either.
                Err(error) if is_forbidden(&error) => continue,
                Err(error) => return Err(error),
            };
            let (anchor, path) = if path.as_bytes().len() > ANCHOR_BYTES {
                (Rc::new(directory.try_clone()?), VPath::root())
            } else {
                (anchor, path)
            };
            for entry in directory.entries()? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    let child = path.child(entry.file_name().as_bytes());
                    unseen.push((Rc::clone(&anchor), child));
                } else if kind.is_file() {
                    sum = sum.saturating_add(entry.metadata()?.len());
                }
            }
        }
        Ok(sum)
    }

    fn list_directory(&self, path: &VPath) -> Result<Listing, Denial> {
        let mut rows = self.rows(path)?;
        let mut entries = Vec::new();
        while let Some(entry) = rows.next(self) {
            if entries.len() == ENTRIES_MAX {
                return Err(Refused::ListingTooLarge.into());
            }
            entries.push(entry?);
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Listing { entries })
    }
}

/// A directory that is being read.
#[derive(Debug)]
pub(in crate::session) struct Rows {
    found: ReadDir,
    path: VPath,
}

impl Rows {
    /// The next entry that may be shown; `jail` is the one that gave the
    /// rows.
    pub(in crate::session) fn next(
        &mut self,
        jail: &Jail,
    ) -> Option<Result<Entry, Denial>> {
        loop {
            let found = match self.found.next()? {
                Ok(found) => found,
                Err(error) => return Some(Err(on_lookup(error))),
            };
            // It may have been removed since it was read.
            let Ok(about) = found.metadata() else { continue };
            let name = found.file_name();
            if about.is_symlink() {
                match jail.look(&self.path.child(name.as_bytes())) {
                    Ok(Kind::Hidden) => continue,
                    Ok(_) => {}
                    Err(denial) => return Some(Err(denial)),
                }
            }
            if let Some(entry) = entry_of(&about, &name) {
                return Some(Ok(entry));
            }
        }
    }
}

fn entry_of(about: &Metadata, name: &OsStr) -> Option<Entry> {
    let (kind, size) = if about.is_dir() {
        (EntryKind::Directory, 0)
    } else if about.is_file() {
        (EntryKind::File, about.len())
    } else if about.is_symlink() {
        (EntryKind::Link, about.len())
    } else {
        return None;
    };
    let name = name.as_bytes().to_vec();
    let identity = (about.dev(), about.ino());
    Some(Entry { kind, size, modified_secs: about.mtime(), identity, name })
}

/// A path longer than this is counted from a directory in its middle: with
/// one more name it still fits the system's limit.
const ANCHOR_BYTES: usize = 2048;
