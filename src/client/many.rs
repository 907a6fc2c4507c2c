//! Which files `mget` and `mput` mean: patterns against the server's listing
//! or a local folder.
//!
//! Must not know: how a file is moved.

use std::{
    collections::HashMap,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{
    error::Error,
    listing::{Entry, Kind},
    local,
    remote::Remote,
    shown,
};
use crate::{pattern, session::PathText};

/// A file of the server that `mget` means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct There {
    /// Its path there.
    pub(super) path: Vec<u8>,
    /// Its name, from which the local one is made. A listing's is the whole
    /// name that it gave: what is cut from a path could hide a `..`.
    pub(super) name: Vec<u8>,
    /// How long it is, where a listing told it.
    pub(super) size: Option<u64>,
}

/// The server's files that the patterns mean, each once, in the patterns'
/// order. A word that is no pattern is a name.
///
/// # Errors
///
/// What the server says; [`Error::NoMatch`] where nothing fits one of them.
pub(super) fn there(
    remote: &mut dyn Remote,
    patterns: &[Vec<u8>],
) -> Result<Vec<There>, Error> {
    let mut found: Vec<There> = Vec::new();
    let mut listings: HashMap<Vec<u8>, Vec<Entry>> = HashMap::new();
    for word in patterns {
        if !pattern::is_pattern(word) {
            let path = pattern::literal(word);
            let name = local::base(&path).to_vec();
            found.push(There { path, name, size: None });
            continue;
        }
        let (folder, last) = split(word)?;
        if !listings.contains_key(&folder) {
            let path = PathText::parse(folder.clone());
            listings.insert(folder.clone(), remote.list(path.as_ref())?.1);
        }
        let entries = listings.get(&folder).map_or(&[][..], Vec::as_slice);
        let before = found.len();
        found.extend(
            entries
                .iter()
                .filter(|e| {
                    e.kind == Kind::File && pattern::fits(&last, &e.name)
                })
                .map(|e| There {
                    path: [folder.as_slice(), &e.name].concat(),
                    name: e.name.clone(),
                    size: e.size,
                }),
        );
        if found.len() == before {
            return Err(Error::NoMatch(shown::name(word)));
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|file| seen.insert(file.path.clone()));
    Ok(found)
}

/// The local files that the patterns mean, each once.
///
/// # Errors
///
/// What the system says; [`Error::NoMatch`] where nothing fits one of them.
pub(super) fn here(
    folder: &Path,
    patterns: &[Vec<u8>],
) -> Result<Vec<PathBuf>, Error> {
    let mut found: Vec<PathBuf> = Vec::new();
    for word in patterns {
        if !pattern::is_pattern(word) {
            found.push(local::typed(folder, &pattern::literal(word)));
            continue;
        }
        let (below, last) = split(word)?;
        let inside = match below.as_slice() {
            [] => folder.to_path_buf(),
            below => local::typed(folder, below),
        };
        let entries = local::list(&inside)
            .map_err(|e| Error::local(local::display(&inside), e))?;
        let before = found.len();
        found.extend(
            entries
                .iter()
                .filter(|e| pattern::fits(&last, &e.name))
                .map(|e| inside.join(std::ffi::OsStr::from_bytes(&e.name)))
                .filter(|path| path.is_file()),
        );
        if found.len() == before {
            return Err(Error::NoMatch(shown::name(word)));
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|path| seen.insert(path.clone()));
    Ok(found)
}

/// Cuts `FOLDER/PATTERN`: the folder with its slash, as a name, and the last
/// component.
fn split(word: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let at = word.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
    let (folder, last) = word.split_at(at);
    if pattern::is_pattern(folder) {
        return Err(Error::Usage(
            "a pattern can stand in the last component only".into(),
        ));
    }
    Ok((pattern::literal(folder), last.to_vec()))
}
