//! The part of a download, `NAME.part` beside the file it will be: taken for
//! this download alone, written, and put in the file's place only when it
//! is whole and nothing is lost by it.
//!
//! Must not know: the server.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, Metadata, OpenOptions, TryLockError},
    io::{self, Seek, SeekFrom, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, OFlags, RenameFlags};

use super::{
    digest,
    error::Error,
    local::{self, NAME_BYTES_MAX},
    origin,
    remote::Source,
};

/// An open part, locked: two downloads never write into one.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    length: u64,
}

/// Tells whether a file is still the one that was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl Part {
    /// The part that is there already, if one is.
    ///
    /// # Errors
    ///
    /// [`Error::Local`]; also where another download holds it.
    pub(super) fn find(target: &Path) -> Result<Option<Part>, Error> {
        Part::open(target, false)
    }

    /// The part that is there already, or a new one.
    ///
    /// # Errors
    ///
    /// [`Error::Local`]; also where another download holds it.
    pub(super) fn take(target: &Path) -> Result<Part, Error> {
        let part = Part::open(target, true)?;
        part.ok_or_else(|| {
            let gone = io::Error::from(io::ErrorKind::NotFound);
            Error::local(local::display(&path_of(target)), gone)
        })
    }

    fn open(target: &Path, create: bool) -> Result<Option<Part>, Error> {
        let path = path_of(target);
        let failed = |e| Error::local(local::display(&path), e);
        for _ in 0..OPEN_TRIES_MAX {
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create(create)
                .custom_flags(FLAGS.bits() as i32)
                .open(&path);
            let file = match opened {
                Err(e) if e.kind() == io::ErrorKind::NotFound && !create => {
                    return Ok(None);
                }
                opened => opened.map_err(failed)?,
            };
            let metadata = file.metadata().map_err(failed)?;
            if !metadata.is_file() {
                return Err(failed(io::Error::other("is no regular file")));
            }
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(failed(io::Error::new(
                        io::ErrorKind::ResourceBusy,
                        "another download is writing it",
                    )));
                }
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            }
            // Whoever held the lock before may have put it in its place.
            let here = fs::symlink_metadata(&path);
            if here.is_ok_and(|here| here.ino() == metadata.ino()) {
                let length = file.metadata().map_err(failed)?.len();
                return Ok(Some(Part { path, file, length }));
            }
        }
        Err(failed(io::Error::from(io::ErrorKind::ResourceBusy)))
    }

    /// How long it is.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Its bytes, to be read.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Its path, for people.
    pub(super) fn display(&self) -> String {
        local::display(&self.path)
    }

    /// The state of the server's file that it is the beginning of, where
    /// that is remembered.
    pub(super) fn source(&self) -> Option<Source> {
        origin::recall(&self.file)
    }

    /// Remembers the state of the server's file that is written into it.
    pub(super) fn remember(&self, source: Option<Source>) {
        origin::remember(&self.file, source);
    }

    /// Makes it a copy of a file's beginning.
    ///
    /// # Errors
    ///
    /// [`Error::Local`].
    pub(super) fn copy_from(&mut self, source: &File) -> Result<(), Error> {
        self.cut(0)?;
        let mut source = source;
        let copied = source
            .seek(SeekFrom::Start(0))
            .and_then(|_| io::copy(&mut source, &mut self.file));
        self.length = copied.map_err(|e| self.failed(e))?;
        Ok(())
    }

    /// Cuts it to `length`; what is written next follows there.
    ///
    /// # Errors
    ///
    /// [`Error::Local`].
    pub(super) fn cut(&mut self, length: u64) -> Result<(), Error> {
        self.file
            .set_len(length)
            .and_then(|()| self.file.seek(SeekFrom::Start(length)))
            .map_err(|e| self.failed(e))?;
        self.length = length;
        Ok(())
    }

    /// Adds bytes to its end.
    ///
    /// # Errors
    ///
    /// [`Error::Local`].
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|e| self.failed(e))?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Removes it.
    pub(super) fn remove(self) {
        // A part that stays is no harm: the next download takes it up.
        let _stays = fs::remove_file(&self.path);
    }

    /// Lets go of it; one with nothing in it is removed.
    pub(super) fn keep(self) {
        if self.length == 0 {
            self.remove();
        }
    }

    /// Puts it, whole, in the target's place. A file that stands there is
    /// replaced where that was agreed to, where it is still as in `known`,
    /// or where it is the beginning of the part: then nothing is lost.
    ///
    /// # Errors
    ///
    /// [`Error::Differs`], and the part is kept; [`Error::Local`].
    pub(super) fn place(
        self,
        target: &Path,
        agreed: bool,
        known: Option<Stamp>,
    ) -> Result<(), Error> {
        self.file.sync_all().map_err(|e| self.failed(e))?;
        let source = self.source();
        // A file in its place is its owner's, who may change it.
        self.remember(None);
        let onto_nothing = rustix::fs::renameat_with(
            CWD,
            &self.path,
            CWD,
            target,
            RenameFlags::NOREPLACE,
        );
        if onto_nothing.is_err() {
            if !agreed && !self.loses_nothing(target, known)? {
                self.remember(source);
                return Err(Error::Differs(format!(
                    "a local file of other content is in the way; the \
                     server's is in {} (get -f replaces)",
                    self.display()
                )));
            }
            fs::rename(&self.path, target).map_err(|e| self.failed(e))?;
        }
        let folder = target.parent().unwrap_or(Path::new("/"));
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|e| Error::local(local::display(folder), e))
    }

    fn loses_nothing(
        &self,
        target: &Path,
        known: Option<Stamp>,
    ) -> Result<bool, Error> {
        let metadata = match fs::symlink_metadata(target) {
            Ok(metadata) => metadata,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
            Err(e) => return Err(Error::local(local::display(target), e)),
        };
        if known == Some(Stamp::of(&metadata)) {
            return Ok(true);
        }
        if !metadata.is_file() || metadata.len() > self.length {
            return Ok(false);
        }
        let there = File::open(target)
            .map_err(|e| Error::local(local::display(target), e))?;
        digest::same_beginning(&there, &self.file, metadata.len())
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::local(self.display(), error)
    }
}

impl Stamp {
    /// The stamp of a file that was just looked at.
    pub(super) fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            inode: metadata.ino(),
            length: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// `NAME.part` in the target's folder. A name with no room for that is cut
/// and told apart by its digest.
pub(super) fn path_of(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or(OsStr::new("download"));
    let mut part = OsString::from(name);
    if name.len() + SUFFIX.len() > NAME_BYTES_MAX {
        let hash = blake3::hash(name.as_bytes()).to_hex();
        let tail = format!("~{}", &hash[..16]);
        let room = NAME_BYTES_MAX - SUFFIX.len() - tail.len();
        part = OsStr::from_bytes(&name.as_bytes()[..room]).to_owned();
        part.push(tail);
    }
    part.push(SUFFIX);
    target.with_file_name(part)
}

/// What a part's name ends in.
const SUFFIX: &str = ".part";

/// A part is never reached through a link that somebody else has put there,
/// and opening a pipe of its name does not wait.
const FLAGS: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK);

/// How often a part may be put in its place by others while we open it.
const OPEN_TRIES_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use super::{NAME_BYTES_MAX, Part, path_of};
    use crate::client::error::Error;

    #[test]
    fn a_part_lies_beside_its_file_whatever_the_name() {
        assert_eq!(path_of(Path::new("/x/a")), Path::new("/x/a.part"));
        let long = "n".repeat(NAME_BYTES_MAX);
        let path = path_of(Path::new(&long));
        assert_eq!(path.as_os_str().len(), NAME_BYTES_MAX);
        assert_ne!(path, path_of(Path::new(&format!("{}m", &long[1..]))));
    }

    #[test]
    fn a_part_is_one_download_s_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("a");
        let part = Part::take(&target).expect("a part");
        assert!(matches!(Part::take(&target), Err(Error::Local { .. })));
        drop(part);
        assert!(Part::take(&target).is_ok());
    }

    #[test]
    fn a_link_in_the_part_s_place_is_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let victim = folder.path().join("victim");
        fs::write(&victim, "mine").expect("written");
        symlink(&victim, folder.path().join("a.part")).expect("a link");
        assert!(Part::take(&folder.path().join("a")).is_err());
        assert_eq!(fs::read(&victim).expect("read"), b"mine");
    }

    #[test]
    fn placing_loses_nothing_that_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("a");
        for (there, agreed, placed) in [
            (None, false, true),
            (Some("new"), false, true),
            (Some("new bytes"), false, true),
            (Some("old"), false, false),
            (Some("new bytes and more"), false, false),
            (Some("old"), true, true),
        ] {
            let _none = fs::remove_file(&target);
            if let Some(text) = there {
                fs::write(&target, text).expect("written");
            }
            let mut part = Part::take(&target).expect("a part");
            part.cut(0).expect("cut");
            part.write(b"new bytes").expect("written");
            let result = part.place(&target, agreed, None);
            assert_eq!(result.is_ok(), placed, "{there:?} {agreed}");
            let now = fs::read(&target).expect("read");
            let wanted = if placed { "new bytes" } else { there.expect("") };
            assert_eq!(now, wanted.as_bytes());
        }
    }
}
