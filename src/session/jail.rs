//! The one wall of the core to the disk: a home, and the kept parts beside
//! it, each behind a directory handle of cap-std, so that no name and no
//! symbolic link leads out (`RESOLVE_BENEATH`). Here are the handles and
//! single names; beside it `entries` of directories, `parts`, and what a
//! `fault` of the system means.
//!
//! Must not know: users, quotas, what a refusal is called on the wire.
#![expect(clippy::disallowed_methods, reason = "this file is the way in")]

mod entries;
mod fault;
mod parts;

use std::{fs::File, io, path::Path};

use cap_std::{
    ambient_authority,
    fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt},
};
use rustix::{
    fs::{OFlags, RenameFlags, Timespec, Timestamps},
    io::Errno,
};

use self::fault::{is_escape, missing_or, on_creation, on_lookup};
pub(super) use self::{entries::Rows, fault::on_write, parts::Placed};
use super::{
    outcome::{Denial, Refused},
    path::VPath,
};

/// A home and the folder of its kept parts, both open.
#[derive(Debug)]
pub(super) struct Jail {
    home: Dir,
    parts: Dir,
}

/// What a name stands for, as far as the user can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A directory, or a link to one inside the home.
    Directory,
    /// A regular file of so many bytes, or a link to one inside the home.
    File(u64),
    /// A link out of the home, a socket, a pipe, a device: not shown, not
    /// served, not replaced.
    Hidden,
    /// A link that leads nowhere inside the home.
    DeadLink,
    /// Nothing.
    Missing,
}

/// What an upload will have its name: checked when the upload begins, and
/// looked up again when it ends.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Its directory and name, with a final link resolved.
    pub(super) path: VPath,
    /// The file that has the name now, by its length in bytes.
    pub(super) old_size: Option<u64>,
}

impl Jail {
    /// Opens a home and its parts' folder, made where they are missing.
    pub(super) fn open(home: &Path, parts: &Path) -> io::Result<Jail> {
        let open = |path: &Path| {
            let authority = ambient_authority();
            Dir::create_ambient_dir_all(path, authority)?;
            Dir::open_ambient_dir(path, authority)
        };
        Ok(Jail { home: open(home)?, parts: open(parts)? })
    }

    /// Whether `home` is still the directory that this jail has open.
    pub(super) fn is_at(&self, home: &Path) -> bool {
        let same = || -> io::Result<bool> {
            let ours = self.home.dir_metadata()?;
            let found = Metadata::from_just_metadata(std::fs::metadata(home)?);
            Ok(ours.ino() == found.ino() && ours.dev() == found.dev())
        };
        same().unwrap_or(false)
    }

    /// What a name stands for.
    pub(super) fn look(&self, path: &VPath) -> Result<Kind, Denial> {
        let found = match self.home.symlink_metadata(path.relative()) {
            Ok(found) => found,
            Err(error) => return missing_or(error, Kind::Missing),
        };
        // A home that was removed stays open, and looks like an empty one.
        if path.is_root() && found.nlink() == 0 {
            return Ok(Kind::Missing);
        }
        if !found.is_symlink() {
            return Ok(kind_of(&found));
        }
        match self.home.metadata(path.relative()) {
            Ok(target) => Ok(kind_of(&target)),
            Err(error) if is_escape(&error) => Ok(Kind::Hidden),
            Err(error) => missing_or(error, Kind::DeadLink),
        }
    }

    /// Refuses unless the name stands for a directory.
    pub(super) fn require_directory(
        &self,
        path: &VPath,
    ) -> Result<(), Denial> {
        match self.look(path)? {
            Kind::Directory => Ok(()),
            Kind::File(_) | Kind::Hidden | Kind::DeadLink | Kind::Missing => {
                Err(Refused::NotFound.into())
            }
        }
    }

    /// Opens a regular file for reading. Says its length in bytes.
    pub(super) fn open_file(
        &self,
        path: &VPath,
    ) -> Result<(File, u64), Denial> {
        let mut options = OpenOptions::new();
        // A pipe would wait for its writer.
        options.read(true).custom_flags(OFlags::NONBLOCK.bits() as i32);
        let file = self
            .home
            .open_with(path.relative(), &options)
            .map_err(on_lookup)?;
        let found = file.metadata().map_err(on_lookup)?;
        if !found.is_file() {
            return Err(Refused::NotFound.into());
        }
        Ok((file.into_std(), found.len()))
    }

    /// Makes one directory.
    pub(super) fn make_directory(&self, path: &VPath) -> Result<(), Denial> {
        match self.look(path)? {
            Kind::Missing => self.require_room_for(path)?,
            Kind::Hidden => return Err(Refused::Denied.into()),
            Kind::Directory | Kind::File(_) | Kind::DeadLink => {
                return Err(Refused::Exists.into());
            }
        }
        self.home.create_dir(path.relative()).map_err(on_creation)
    }

    /// Removes a file or a link, never a link's target. Says the bytes
    /// that a file gave back.
    pub(super) fn remove_file(&self, path: &VPath) -> Result<u64, Denial> {
        let freed = match self.look(path)? {
            Kind::Missing | Kind::Hidden => {
                return Err(Refused::NotFound.into());
            }
            Kind::Directory | Kind::File(_) | Kind::DeadLink => {
                let found = self
                    .home
                    .symlink_metadata(path.relative())
                    .map_err(on_lookup)?;
                if found.is_dir() {
                    return Err(Refused::NotFound.into());
                }
                if found.is_file() { found.len() } else { 0 }
            }
        };
        self.home.remove_file(path.relative()).map_err(on_lookup)?;
        Ok(freed)
    }

    /// Removes an empty directory, not a link to one.
    pub(super) fn remove_directory(&self, path: &VPath) -> Result<(), Denial> {
        if path.is_root() {
            return Err(Refused::Denied.into());
        }
        let found =
            self.home.symlink_metadata(path.relative()).map_err(on_lookup)?;
        if !found.is_dir() {
            return Err(Refused::NotFound.into());
        }
        self.home.remove_dir(path.relative()).map_err(on_lookup)
    }

    /// Gives a file, directory or link another name, which nothing has.
    pub(super) fn rename(
        &self,
        from: &VPath,
        to: &VPath,
    ) -> Result<(), Denial> {
        self.require_something(from)?;
        match self.look(to)? {
            Kind::Missing => self.require_room_for(to)?,
            Kind::Hidden => return Err(Refused::Denied.into()),
            Kind::Directory | Kind::File(_) | Kind::DeadLink => {
                return Err(Refused::Exists.into());
            }
        }
        if to.is_within(from) {
            return Err(Refused::Denied.into());
        }
        // Not even a file that appeared this moment is replaced.
        self.rename_with(from, to, RenameFlags::NOREPLACE)
    }

    /// Gives a file, directory or link another name, atomically. A file or
    /// a link that has the name is replaced by anything but a directory.
    /// Says the bytes of the file that was replaced.
    pub(super) fn replace(
        &self,
        from: &VPath,
        to: &VPath,
    ) -> Result<u64, Denial> {
        self.require_something(from)?;
        let named = self.home.symlink_metadata(from.relative());
        let named = named.map_err(on_lookup)?;
        match self.look(to)? {
            Kind::File(_) | Kind::DeadLink if !named.is_dir() => {}
            Kind::Missing => {
                return self.rename(from, to).map(|()| 0);
            }
            Kind::Hidden => return Err(Refused::Denied.into()),
            Kind::Directory | Kind::File(_) | Kind::DeadLink => {
                return Err(Refused::Exists.into());
            }
        }
        let old = self.home.symlink_metadata(to.relative());
        let old = old.map_err(on_lookup)?;
        // The kernel leaves two names of one file as they are.
        let same = (old.ino(), old.dev()) == (named.ino(), named.dev());
        self.rename_with(from, to, RenameFlags::empty())?;
        Ok(if old.is_file() && !same { old.len() } else { 0 })
    }

    /// Says when a file's or directory's content last changed: seconds
    /// since the epoch, UTC.
    pub(super) fn set_modified(
        &self,
        path: &VPath,
        secs: i64,
    ) -> Result<(), Denial> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(OFlags::NONBLOCK.bits() as i32);
        let file = self
            .home
            .open_with(path.relative(), &options)
            .map_err(on_lookup)?;
        let found = file.metadata().map_err(on_lookup)?;
        if !found.is_file() && !found.is_dir() {
            return Err(Refused::NotFound.into());
        }
        let keep = Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT };
        let times = Timestamps {
            last_access: keep,
            last_modification: Timespec { tv_sec: secs, tv_nsec: 0 },
        };
        rustix::fs::futimens(&file, &times)
            .map_err(|errno| on_lookup(errno.into()))
    }

    fn require_something(&self, path: &VPath) -> Result<(), Denial> {
        match self.look(path)? {
            Kind::Missing | Kind::Hidden => Err(Refused::NotFound.into()),
            Kind::Directory | Kind::File(_) | Kind::DeadLink => Ok(()),
        }
    }

    fn rename_with(
        &self,
        from: &VPath,
        to: &VPath,
        flags: RenameFlags,
    ) -> Result<(), Denial> {
        let source = self.directory_of(from)?;
        let target = self.directory_of(to)?;
        rustix::fs::renameat_with(
            &source,
            from.name(),
            &target,
            to.name(),
            flags,
        )
        .map_err(|errno| match errno {
            // Into itself, by way of a link.
            Errno::INVAL => Refused::Denied.into(),
            errno => on_creation(errno.into()),
        })
    }

    /// What an upload to `path` will replace or create.
    pub(super) fn target(&self, path: &VPath) -> Result<Target, Denial> {
        match self.look(path)? {
            Kind::Directory => Err(Refused::Exists.into()),
            Kind::Hidden | Kind::DeadLink => Err(Refused::Denied.into()),
            Kind::File(size) => {
                match self.home.canonicalize(path.relative()) {
                    Ok(real) => {
                        let path = VPath::from_relative(&real);
                        Ok(Target { path, old_size: Some(size) })
                    }
                    // Another session has removed it in this moment.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        self.new_target(path)
                    }
                    Err(error) => Err(on_lookup(error)),
                }
            }
            Kind::Missing => self.new_target(path),
        }
    }

    fn new_target(&self, path: &VPath) -> Result<Target, Denial> {
        self.require_room_for(path)?;
        Ok(Target { path: path.clone(), old_size: None })
    }

    /// Refuses unless a name that is missing could be found if it were
    /// made. The kernel makes it all the same where only the whole path is
    /// too long, since its directory is open then.
    fn require_room_for(&self, path: &VPath) -> Result<(), Denial> {
        self.require_directory(&path.parent())?;
        if path.name().len() > NAME_BYTES_MAX
            || path.relative().as_os_str().len() > PATH_BYTES_MAX
        {
            return Err(Refused::BadName.into());
        }
        Ok(())
    }

    fn directory_of(&self, path: &VPath) -> Result<Dir, Denial> {
        self.home.open_dir(path.parent().relative()).map_err(on_lookup)
    }
}

/// The names of the folders in a folder, which may be missing.
pub(super) fn folders(path: &Path) -> io::Result<Vec<String>> {
    let folder = match Dir::open_ambient_dir(path, ambient_authority()) {
        Ok(folder) => folder,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in folder.entries()? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

fn kind_of(about: &Metadata) -> Kind {
    if about.is_dir() {
        Kind::Directory
    } else if about.is_file() {
        Kind::File(about.len())
    } else {
        Kind::Hidden
    }
}

/// The longest name of the file systems there are.
const NAME_BYTES_MAX: usize = 255;

/// The longest path that Linux looks up.
const PATH_BYTES_MAX: usize = 4095;
