//! What a name stands for on the disk: walks a home name by name, follows
//! the links that stay inside, and finds those that do not. Knows nothing of
//! commands, quotas or replies.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    fs::{self, File},
    io,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::MetadataExt,
    },
    path::{Path, PathBuf},
};

use crate::{
    lies::{Lie, told},
    names::Names,
};

/// A user's home, as one session sees it.
pub(crate) struct Home {
    path: PathBuf,
    /// Held open so that a home made anew is told from the one signed in to.
    handle: File,
}

/// What a name is, its own link not followed.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// A directory.
    Dir(PathBuf),
    /// A regular file.
    File(PathBuf),
    /// Nothing, in a directory that exists.
    Free(PathBuf),
    /// A link that stays inside: itself, and what it leads to.
    Link(PathBuf, Target),
    /// A link out, a pipe, a socket or a device; a link's real target.
    Hidden(PathBuf, Option<PathBuf>),
    /// Its directory is missing.
    NoParent,
    /// A name too long to exist, in a directory that does.
    TooLong,
}

/// Where a link that stays inside leads.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// A directory.
    Dir(PathBuf),
    /// A regular file.
    File(PathBuf),
    /// Nowhere.
    Nothing,
}

impl Home {
    /// Opens the folder, and makes it first where it is missing.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self { path: path.to_path_buf(), handle: File::open(path)? })
    }

    /// Looks at a name without following it.
    pub(crate) fn look(&self, names: &Names) -> io::Result<Entry> {
        if !self.alive()? {
            return Ok(Entry::NoParent);
        }
        let Some((last, parents)) = names.split_last() else {
            return Ok(Entry::Dir(self.path.clone()));
        };
        let Walked::Dir(parent) = self.walk(parents)? else {
            return Ok(Entry::NoParent);
        };
        let path = parent.join(OsStr::from_bytes(last));
        let meta = match fs::symlink_metadata(&path) {
            Ok(meta) => meta,
            Err(error) => return unseen(error, path),
        };
        let kind = meta.file_type();
        Ok(if kind.is_dir() {
            Entry::Dir(path)
        } else if kind.is_file() {
            Entry::File(path)
        } else if !kind.is_symlink() {
            Entry::Hidden(path, None)
        } else {
            match self.walk(names)? {
                Walked::Dir(to) => Entry::Link(path, Target::Dir(to)),
                Walked::File(to) => Entry::Link(path, Target::File(to)),
                Walked::Missing => Entry::Link(path, Target::Nothing),
                Walked::Special => Entry::Hidden(path, None),
                Walked::Outside => {
                    let to = fs::canonicalize(&path).ok();
                    Entry::Hidden(path, to)
                }
            }
        })
    }

    /// The same for commands that only read: the lies that lead out of the
    /// home never change what is there.
    pub(crate) fn peek(&self, names: &Names) -> io::Result<Entry> {
        let entry = self.look(names)?;
        if matches!(entry, Entry::Free(_) | Entry::NoParent)
            && let Some(outside) = self.escape(names)
        {
            return Ok(outside);
        }
        Ok(entry)
    }

    /// Whether a path is below the server's root: the lies that write write
    /// nowhere else.
    pub(crate) fn in_root(&self, path: &Path) -> bool {
        self.path.ancestors().nth(2).is_some_and(|r| path.starts_with(r))
    }

    /// The folder that the names lead to, links followed.
    pub(crate) fn directory(
        &self,
        names: &Names,
    ) -> io::Result<Option<PathBuf>> {
        Ok(match self.peek(names)? {
            Entry::Dir(path) | Entry::Link(_, Target::Dir(path)) => Some(path),
            Entry::File(_)
            | Entry::Free(_)
            | Entry::Link(..)
            | Entry::Hidden(..)
            | Entry::NoParent
            | Entry::TooLong => None,
        })
    }

    fn alive(&self) -> io::Result<bool> {
        let ours = self.handle.metadata()?;
        Ok(fs::metadata(&self.path)
            .is_ok_and(|m| (m.dev(), m.ino()) == (ours.dev(), ours.ino())))
    }

    fn walk(&self, names: &[Vec<u8>]) -> io::Result<Walked> {
        let mut pending: VecDeque<Vec<u8>> = names.iter().cloned().collect();
        let mut inside: Vec<Vec<u8>> = Vec::new();
        let mut links = 0;
        while let Some(name) = pending.pop_front() {
            match name.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    if inside.pop().is_none() {
                        return Ok(Walked::Outside);
                    }
                    continue;
                }
                _ => {}
            }
            inside.push(name);
            let path = self.join(&inside);
            let Ok(meta) = fs::symlink_metadata(&path) else {
                return Ok(Walked::Missing);
            };
            let kind = meta.file_type();
            if kind.is_symlink() {
                links += 1;
                let target = fs::read_link(&path)?.into_os_string().into_vec();
                if target.starts_with(b"/") {
                    return Ok(Walked::Outside);
                }
                if links > LINKS_MAX || told(Lie::LinkInHidden) {
                    return Ok(Walked::Missing);
                }
                inside.pop();
                for name in target.rsplit(|b| *b == b'/') {
                    pending.push_front(name.to_vec());
                }
            } else if kind.is_file() {
                return Ok(if pending.is_empty() {
                    Walked::File(path)
                } else {
                    Walked::Missing
                });
            } else if !kind.is_dir() {
                return Ok(Walked::Special);
            }
        }
        Ok(Walked::Dir(self.join(&inside)))
    }

    fn join(&self, names: &[Vec<u8>]) -> PathBuf {
        let mut path = self.path.clone();
        path.extend(names.iter().map(|name| OsStr::from_bytes(name)));
        path
    }

    fn escape(&self, names: &Names) -> Option<Entry> {
        let path = if names.first().is_some_and(|name| name == b"..") {
            self.join(names)
        } else if told(Lie::EscapeAbsolute) {
            let mut path = PathBuf::from("/");
            path.extend(names.iter().map(|name| OsStr::from_bytes(name)));
            path
        } else {
            return None;
        };
        let meta = fs::metadata(&path).ok()?;
        Some(if meta.is_dir() { Entry::Dir(path) } else { Entry::File(path) })
    }
}

enum Walked {
    Dir(PathBuf),
    File(PathBuf),
    Special,
    Missing,
    Outside,
}

fn unseen(error: io::Error, path: PathBuf) -> io::Result<Entry> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(Entry::Free(path)),
        io::ErrorKind::NotADirectory => Ok(Entry::NoParent),
        io::ErrorKind::InvalidFilename => Ok(Entry::TooLong),
        _ => Err(error),
    }
}

/// Links in one path; the kernel's own bound.
const LINKS_MAX: usize = 40;
