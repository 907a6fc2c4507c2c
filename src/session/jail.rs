//! The one file of the core that touches the disk: a home, and the kept
//! parts beside it, each behind a directory handle of cap-std, so that no
//! name and no symbolic link leads out (`RESOLVE_BENEATH`).
//!
//! Must not know: users, quotas, what a refusal is called on the wire.
#![expect(clippy::disallowed_methods, reason = "this file is the way in")]

use std::{
    ffi::OsStr,
    fs::File,
    io,
    os::unix::ffi::OsStrExt,
    path::Path,
    time::{Duration, SystemTime},
};

use cap_std::{
    ambient_authority,
    fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt},
};
use rustix::{
    fs::{OFlags, RenameFlags},
    io::Errno,
};

use super::{
    listing::{ENTRIES_MAX, Entry, EntryKind, Listing},
    outcome::{Denial, Failed, Refused},
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

/// A kept part as found on the disk.
#[derive(Debug)]
pub(super) struct FoundPart {
    pub(super) name: String,
    pub(super) length: u64,
    pub(super) age: Duration,
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

    /// The entries of a directory, or the one entry of a file or link.
    pub(super) fn list(&self, path: &VPath) -> Result<Listing, Denial> {
        match self.look(path)? {
            Kind::Directory => self.list_directory(path),
            Kind::File(_) | Kind::DeadLink => {
                let found = self
                    .home
                    .symlink_metadata(path.relative())
                    .map_err(on_lookup)?;
                let entry = entry_of(&found, path.name());
                Ok(Listing { entries: entry.into_iter().collect() })
            }
            Kind::Hidden | Kind::Missing => Err(Refused::NotFound.into()),
        }
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
        match self.look(from)? {
            Kind::Missing | Kind::Hidden => {
                return Err(Refused::NotFound.into());
            }
            Kind::Directory | Kind::File(_) | Kind::DeadLink => {}
        }
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
        let source = self.directory_of(from)?;
        let target = self.directory_of(to)?;
        // Not even a file that appeared this moment is replaced.
        rustix::fs::renameat_with(
            &source,
            from.name(),
            &target,
            to.name(),
            RenameFlags::NOREPLACE,
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

    /// Puts a complete part under its real name, atomically.
    pub(super) fn place(
        &self,
        part: &str,
        path: &VPath,
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
            Ok(old) if old.is_dir() => return Err(Refused::Exists.into()),
            Ok(old) if old.is_file() => old.len(),
            // It was not there when the upload began, or it would have been
            // followed or refused.
            Ok(_) => return Err(Refused::Denied.into()),
            Err(_) => 0,
        };
        self.parts
            .rename(part, &directory, path.name())
            .map_err(on_creation)?;
        Ok(Placed { replaced, directory })
    }

    /// Opens a part for writing at its end, new or old.
    pub(super) fn open_part(&self, name: &str) -> Result<File, Denial> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(FILE_MODE);
        let part =
            self.parts.open_with(name, &options).map_err(on_creation)?;
        Ok(part.into_std())
    }

    /// Removes a part that is no longer wanted. One that is gone already is
    /// as good as removed.
    pub(super) fn remove_part(&self, name: &str) {
        let _ = self.parts.remove_file(name);
    }

    /// Gives a part the name under which it is kept.
    pub(super) fn rename_part(&self, from: &str, to: &str) -> io::Result<()> {
        self.parts.rename(from, &self.parts, to)
    }

    /// All parts that are there.
    pub(super) fn found_parts(&self) -> io::Result<Vec<FoundPart>> {
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

    /// The sum of the lengths of all regular files in the home, in bytes.
    /// One directory is open at a time, however deep the tree is; what no
    /// path of a user's can reach does not count.
    pub(super) fn count_files(&self) -> io::Result<u64> {
        let mut sum = 0_u64;
        let mut unseen = vec![VPath::root()];
        while let Some(path) = unseen.pop() {
            let directory = match self.home.open_dir(path.relative()) {
                Ok(directory) => directory,
                Err(error) if is_out_of_reach(&error) => continue,
                Err(error) => return Err(error),
            };
            for entry in directory.entries()? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    let name = entry.file_name();
                    unseen.push(path.child(name.as_bytes()));
                } else if kind.is_file() {
                    sum = sum.saturating_add(entry.metadata()?.len());
                }
            }
        }
        Ok(sum)
    }

    /// The bytes that the disk can still take.
    pub(super) fn disk_space(&self) -> io::Result<u64> {
        let disk = rustix::fs::fstatvfs(&self.parts)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
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

    fn list_directory(&self, path: &VPath) -> Result<Listing, Denial> {
        let directory =
            self.home.open_dir(path.relative()).map_err(on_lookup)?;
        let mut entries = Vec::new();
        for found in directory.entries().map_err(on_lookup)? {
            let found = found.map_err(on_lookup)?;
            // It may have been removed since it was read.
            let Ok(about) = found.metadata() else { continue };
            let name = found.file_name();
            if about.is_symlink()
                && self.look(&path.child(name.as_bytes()))? == Kind::Hidden
            {
                continue;
            }
            if entries.len() == ENTRIES_MAX {
                return Err(Refused::ListingTooLarge.into());
            }
            entries.extend(entry_of(&about, &name));
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Listing { entries })
    }
}

/// A part that has its real name now.
#[derive(Debug)]
pub(super) struct Placed {
    /// The length in bytes of the file that had the name before.
    pub(super) replaced: u64,
    directory: Dir,
}

impl Placed {
    /// Makes the name itself durable.
    pub(super) fn sync(self) -> io::Result<()> {
        self.directory.into_std_file().sync_all()
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
    Some(Entry { kind, size, modified_secs: about.mtime(), name })
}

/// A directory that the users of a home cannot enter either: its path is
/// too long, or its mode forbids it.
fn is_out_of_reach(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::NAMETOOLONG | Errno::ACCESS)
    )
}

/// cap-std's own refusal of a way out; a kernel's EACCES has a number.
fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
        && error.raw_os_error().is_none()
}

/// `kind` where the error says that there is nothing; else the error.
fn missing_or(error: io::Error, kind: Kind) -> Result<Kind, Denial> {
    match on_lookup(error) {
        Denial::Refused(Refused::NotFound) => Ok(kind),
        denial => Err(denial),
    }
}

/// What an error means to someone who looks a name up.
fn on_lookup(error: io::Error) -> Denial {
    if is_escape(&error) {
        return Refused::NotFound.into();
    }
    match Errno::from_io_error(&error) {
        // ENXIO: a socket, or a pipe without a reader.
        Some(
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::LOOP
            | Errno::NAMETOOLONG
            | Errno::NXIO
            | Errno::ISDIR,
        ) => Refused::NotFound.into(),
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::BUSY) => {
            Refused::Denied.into()
        }
        Some(Errno::NOTEMPTY) => Refused::NotEmpty.into(),
        _ => on_write(error).into(),
    }
}

/// What an error means to someone who creates a name.
fn on_creation(error: io::Error) -> Denial {
    match Errno::from_io_error(&error) {
        Some(Errno::EXIST | Errno::ISDIR | Errno::NOTEMPTY) => {
            Refused::Exists.into()
        }
        Some(Errno::NAMETOOLONG | Errno::ILSEQ | Errno::INVAL) => {
            Refused::BadName.into()
        }
        _ => on_lookup(error),
    }
}

/// What an error means in the middle of a file's bytes.
pub(super) fn on_write(error: io::Error) -> Failed {
    match Errno::from_io_error(&error) {
        Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => Failed::DiskFull,
        _ => Failed::Io(error),
    }
}

/// The longest name of the file systems there are.
const NAME_BYTES_MAX: usize = 255;

/// The longest path that Linux looks up.
const PATH_BYTES_MAX: usize = 4095;

/// Files belong to the server's account; the group and others may not look.
const FILE_MODE: u32 = 0o640;
