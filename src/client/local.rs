//! Names on our own disk: which may be made of a server's names, and where
//! what a person typed leads.
//!
//! Must not know: the server.

use std::{
    ffi::OsStr,
    fs::{self, Metadata},
    io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    error::Error,
    home,
    listing::{Entry, Kind},
    shown,
};

/// The last component of a server's path.
pub(super) fn base(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&b| b != b'/').map_or(0, |at| at + 1);
    let path = &path[..end];
    let start = path.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
    &path[start..]
}

/// A server's name as a local one: one component, which can neither leave
/// its folder nor play tricks on a terminal.
///
/// # Errors
///
/// [`Error::UnsafeName`] for `.`, `..`, a `/`, a control character, none.
pub(super) fn safe(name: &[u8]) -> Result<&OsStr, Error> {
    let control = |&b: &u8| b < b' ' || b == 0x7f;
    let odd = name.is_empty()
        || name == b"."
        || name == b".."
        || name.contains(&b'/')
        || name.iter().any(control)
        || name.len() > NAME_BYTES_MAX;
    if odd {
        return Err(Error::UnsafeName(
            "no name for a local file; say another: get FILE LOCAL".into(),
        ));
    }
    Ok(OsStr::from_bytes(name))
}

/// What a person typed, from the local folder; `~/` is the home.
pub(super) fn typed(folder: &Path, name: &[u8]) -> PathBuf {
    let path = Path::new(OsStr::from_bytes(name));
    match (path.strip_prefix("~"), home::of_user()) {
        (Ok(below), Some(home)) => home.join(below),
        (Ok(_) | Err(_), _) => folder.join(path),
    }
}

/// A path for people.
pub(super) fn display(path: &Path) -> String {
    shown::name(path.as_os_str().as_bytes())
}

/// The entries of a folder, sorted by name, or the one of a file.
///
/// # Errors
///
/// What the system said.
pub(super) fn list(path: &Path) -> io::Result<Vec<Entry>> {
    let metadata = fs::symlink_metadata(path)?;
    if !fs::metadata(path).is_ok_and(|m| m.is_dir()) {
        let name = path.file_name().unwrap_or(path.as_os_str());
        return Ok(vec![entry(name, &metadata)]);
    }
    let mut entries = Vec::new();
    for found in fs::read_dir(path)? {
        let found = found?;
        // One that went away meanwhile is not there.
        if let Ok(metadata) = found.metadata() {
            entries.push(entry(&found.file_name(), &metadata));
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn entry(name: &OsStr, metadata: &Metadata) -> Entry {
    let kind = match metadata.file_type() {
        t if t.is_dir() => Kind::Directory,
        t if t.is_symlink() => Kind::Link,
        _ => Kind::File,
    };
    let modified = metadata.modified().ok();
    let modified = modified.and_then(|time| Timestamp::try_from(time).ok());
    Entry {
        kind,
        size: Some(metadata.len()),
        modified,
        name: name.as_bytes().to_vec(),
    }
}

/// The longest name of one component.
pub(super) const NAME_BYTES_MAX: usize = 255;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{NAME_BYTES_MAX, base, safe, typed};

    #[test]
    fn a_server_s_name_stays_in_its_folder() {
        for bad in [
            &b""[..],
            b".",
            b"..",
            b"/",
            b"a/b",
            b"../a",
            b"/etc/passwd",
            b"a\nb",
            b"\x1b[2J",
            b"a\0",
            b"\x7f",
            &[b'a'; NAME_BYTES_MAX + 1],
        ] {
            assert!(safe(bad).is_err(), "{bad:?}");
        }
        for good in [&b"a"[..], b"...", b"..a", b"a\\b", b"\xff", b"-f"] {
            assert!(safe(good).is_ok(), "{good:?}");
        }
        assert!(safe(&[b'a'; NAME_BYTES_MAX]).is_ok());
    }

    #[test]
    fn the_last_component_of_a_path() {
        for (path, last) in
            [("a", "a"), ("/a/b", "b"), ("a/b//", "b"), ("/", ""), ("", "")]
        {
            assert_eq!(base(path.as_bytes()), last.as_bytes(), "{path}");
        }
    }

    #[test]
    fn a_typed_name_is_relative_to_the_folder() {
        let folder = Path::new("/here");
        assert_eq!(typed(folder, b"a"), Path::new("/here/a"));
        assert_eq!(typed(folder, b"/a"), Path::new("/a"));
        assert_eq!(typed(folder, b"~a"), Path::new("/here/~a"));
    }
}
