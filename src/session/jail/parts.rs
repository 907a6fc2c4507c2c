//! Kept parts on the disk: files beside the home that get their real name
//! when they are complete.
//!
//! Must not know: why a part is kept, or whose it is.

use std::{
    fs::File,
    io,
    time::{Duration, SystemTime},
};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use rustix::fs::{OFlags, RenameFlags};

use super::{
    Jail,
    fault::{on_creation, on_lookup},
};
use crate::session::{
    outcome::{Denial, Refused},
    path::VPath,
};

/// A kept part as found on the disk.
#[derive(Debug)]
pub(in crate::session) struct FoundPart {
    pub(in crate::session) name: String,
    pub(in crate::session) length: u64,
    pub(in crate::session) age: Duration,
}

impl Jail {
    /// Puts a complete part under its real name, atomically. Where the name
    /// is to be new, nothing that has it is replaced.
    pub(in crate::session) fn place(
        &self,
        part: &str,
        path: &VPath,
        new: bool,
    ) -> Result<Placed, Denial> {
        // The directory itself is made durable later, and for that it has
        // to be open for reading.
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(OFlags::DIRECTORY.bits() as i32);
        let directory = self
            .home
            .open_with(path.parent().relative(), &options)
            .map_err(on_lookup)?;
        let directory = Dir::from_std_file(directory.into_std());
        let replaced = match directory.symlink_metadata(path.name()) {
            Ok(old) if new || old.is_dir() => {
                return Err(Refused::Exists.into());
            }
            Ok(old) if old.is_file() => old.len(),
            // It was not there when the upload began, or it would have been
            // followed or refused.
            Ok(_) => return Err(Refused::Denied.into()),
            Err(_) => 0,
        };
        if new {
            let flags = RenameFlags::NOREPLACE;
            rustix::fs::renameat_with(
                &self.parts,
                part,
                &directory,
                path.name(),
                flags,
            )
            .map_err(|errno| on_creation(errno.into()))?;
        } else {
            self.parts
                .rename(part, &directory, path.name())
                .map_err(on_creation)?;
        }
        Ok(Placed { replaced, directory })
    }

    /// Opens a part for writing at its end, new or old.
    pub(in crate::session) fn open_part(
        &self,
        name: &str,
    ) -> Result<File, Denial> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(FILE_MODE);
        let part =
            self.parts.open_with(name, &options).map_err(on_creation)?;
        Ok(part.into_std())
    }

    /// Opens a part for reading, with its length in bytes.
    pub(in crate::session) fn read_part(
        &self,
        name: &str,
    ) -> Result<(File, u64), Denial> {
        let part = self.parts.open(name).map_err(on_lookup)?;
        let length = part.metadata().map_err(on_lookup)?.len();
        Ok((part.into_std(), length))
    }

    /// Removes a part that is no longer wanted. One that is gone already is
    /// as good as removed.
    pub(in crate::session) fn remove_part(&self, name: &str) {
        let _ = self.parts.remove_file(name);
    }

    /// Gives a part the name under which it is kept.
    pub(in crate::session) fn rename_part(
        &self,
        from: &str,
        to: &str,
    ) -> io::Result<()> {
        self.parts.rename(from, &self.parts, to)
    }

    /// All parts that are there.
    pub(in crate::session) fn found_parts(
        &self,
    ) -> io::Result<Vec<FoundPart>> {
        let now = SystemTime::now();
        let mut found = Vec::new();
        for entry in self.parts.entries()? {
            let entry = entry?;
            let about = entry.metadata()?;
            let age = about.modified()?.into_std();
            found.push(FoundPart {
                name: entry.file_name().to_string_lossy().into_owned(),
                length: about.len(),
                age: now.duration_since(age).unwrap_or_default(),
            });
        }
        Ok(found)
    }

    /// The bytes that the disk can still take.
    pub(in crate::session) fn disk_space(&self) -> io::Result<u64> {
        let disk = rustix::fs::fstatvfs(&self.parts)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

/// A part that has its real name now.
#[derive(Debug)]
pub(in crate::session) struct Placed {
    /// The length in bytes of the file that had the name before.
    pub(in crate::session) replaced: u64,
    directory: Dir,
}

impl Placed {
    /// Makes the name itself durable.
    pub(in crate::session) fn sync(self) -> io::Result<()> {
        self.directory.into_std_file().sync_all()
    }
}

/// Files belong to the server's account; the group and others may not look.
const FILE_MODE: u32 = 0o640;
