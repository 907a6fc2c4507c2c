//! The kept parts of one user: pairs of a data file and a line that says
//! whose beginning it is, in a folder outside the home. Knows nothing of
//! quotas and transfers.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    lies::{Lie, told},
    names::Names,
    wire,
};

/// What an upload says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The name, by its text.
    pub(crate) names: Names,
    /// The whole file's size.
    pub(crate) size: u64,
    /// The whole file's digest.
    pub(crate) digest: [u8; 32],
}

/// A kept part.
#[derive(Debug)]
pub(crate) struct Part {
    /// Whose beginning it is.
    pub(crate) identity: Identity,
    /// The bytes.
    pub(crate) data: PathBuf,
    /// How many, when they were last counted.
    pub(crate) kept: u64,
    /// An upload adds to it.
    pub(crate) in_use: bool,
}

/// All parts of a user.
pub(crate) struct Parts {
    folder: PathBuf,
    next: u64,
    life: Duration,
    list: Vec<Part>,
}

impl Parts {
    /// Finds what an earlier run kept; what has no identity is removed.
    pub(crate) fn open(folder: &Path, life: Duration) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut found = Vec::new();
        let mut parts = Self {
            folder: folder.to_path_buf(),
            next: 1,
            life,
            list: Vec::new(),
        };
        for entry in fs::read_dir(folder)? {
            let data = entry?.path();
            if data.extension().is_none_or(|e| e != "data") {
                continue;
            }
            let number = data.file_stem().and_then(|s| s.to_str());
            let number = number.and_then(|s| s.parse().ok()).unwrap_or(0);
            parts.next = parts.next.max(number + 1);
            let meta = fs::metadata(&data)?;
            match read_identity(&data) {
                Some(identity)
                    if meta.len() > 0 && !told(Lie::PartsForgotten) =>
                {
                    let kept = meta.len();
                    let part = Part { identity, data, kept, in_use: false };
                    found.push((meta.modified()?, number, part));
                }
                _ => discard(&data),
            }
        }
        found.sort_by_key(|(time, number, _)| (*time, *number));
        for (_, _, part) in found {
            parts.keep(part);
        }
        Ok(parts)
    }

    /// A place for the bytes of a new upload.
    pub(crate) fn fresh(
        &mut self,
        identity: Option<&Identity>,
    ) -> io::Result<PathBuf> {
        let data = self.folder.join(format!("{}.data", self.next));
        self.next += 1;
        if let Some(identity) = identity {
            let mut path = identity.names.join(&b'/');
            path.insert(0, b'/');
            let line = format!(
                "{} {} {}\n",
                identity.size,
                wire::hex_of(&identity.digest),
                wire::encode(&path)
            );
            fs::write(data.with_extension("meta"), line)?;
        }
        fs::write(&data, b"")?;
        Ok(data)
    }

    /// Takes the part of that identity, if it is there and not in use: its
    /// bytes, and how many.
    pub(crate) fn lend(
        &mut self,
        identity: &Identity,
    ) -> Option<(PathBuf, u64)> {
        let part = self.list.iter_mut().find(|part| {
            let same = if told(Lie::PartOfAnother) {
                part.identity.names == identity.names
                    && part.kept <= identity.size
            } else {
                part.identity == *identity
            };
            same && (!part.in_use || told(Lie::PartShared))
        })?;
        part.in_use = true;
        Some((part.data.clone(), part.kept))
    }

    /// The lie's way to a part: by name and size.
    pub(crate) fn blind(&self, names: &Names, size: u64) -> Option<Identity> {
        let mut identities = self.list.iter().map(|part| &part.identity);
        let found =
            identities.find(|i| i.names == *names && i.size == size)?;
        Some(found.clone())
    }

    /// Takes in what an upload left. Of one name and identity the longer
    /// stays, of two identities the later.
    pub(crate) fn keep(&mut self, part: Part) {
        self.list.retain(|other| other.data != part.data);
        let rival = self.list.iter().position(|other| {
            !other.in_use && other.identity.names == part.identity.names
        });
        let Some(rival) = rival else {
            self.list.push(part);
            return;
        };
        let other = &self.list[rival];
        if other.identity == part.identity && other.kept > part.kept {
            discard(&part.data);
        } else {
            discard(&other.data);
            self.list[rival] = part;
        }
    }

    /// Forgets the part with those bytes; the bytes are the caller's.
    pub(crate) fn forget(&mut self, data: &Path) {
        self.list.retain(|part| part.data != data);
    }

    /// Removes the name's parts that are not in use and not of that
    /// identity; says whether there was one.
    pub(crate) fn throw_away(
        &mut self,
        names: &Names,
        but: Option<&Identity>,
    ) -> bool {
        let before = self.list.len();
        self.list.retain(|part| {
            let stays = part.in_use
                || part.identity.names != *names
                || Some(&part.identity) == but;
            if !stays {
                discard(&part.data);
            }
            stays
        });
        self.list.len() < before
    }

    /// Removes what is older than parts may be.
    pub(crate) fn expire(&mut self) {
        let life = self.life;
        self.list.retain(|part| {
            let stays = part.in_use || !older(&part.data, life);
            if !stays {
                discard(&part.data);
            }
            stays
        });
    }

    /// The sum of their sizes; what grows counts as it was when lent.
    pub(crate) fn total(&self) -> u64 {
        self.list.iter().map(|part| part.kept).sum()
    }

    /// The part of a name: only lies ask.
    pub(crate) fn of_name(&self, names: &Names) -> Option<&Part> {
        self.list.iter().find(|part| part.identity.names == *names)
    }

    /// The parts of a folder: only lies ask.
    pub(crate) fn below(&self, folder: &Names) -> Vec<&Part> {
        let inside = |part: &&Part| {
            part.identity.names.split_last().is_some_and(|(_, p)| p == folder)
        };
        self.list.iter().filter(inside).collect()
    }
}

/// Removes a part's two files, as far as they are there.
pub(crate) fn discard(data: &Path) {
    let _ = fs::remove_file(data);
    let _ = fs::remove_file(data.with_extension("meta"));
}

fn older(data: &Path, life: Duration) -> bool {
    let Ok(time) = fs::metadata(data).and_then(|m| m.modified()) else {
        return true;
    };
    SystemTime::now().duration_since(time).is_ok_and(|age| age > life)
}

fn read_identity(data: &Path) -> Option<Identity> {
    let text = fs::read_to_string(data.with_extension("meta")).ok()?;
    let line = text.strip_suffix('\n')?;
    let [size, digest, path] =
        line.split(' ').collect::<Vec<_>>().try_into().ok()?;
    // The line has the form of a request, so that one reader is enough.
    let line = format!("put {path} size={size} digest={digest}");
    let request = wire::parse(line.as_bytes()).ok()?;
    let names = crate::names::resolve(&Names::new(), &request.args[0]);
    Some(Identity { names, size: request.number?, digest: request.digest? })
}
