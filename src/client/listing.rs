//! The server's listing: lines of `type size mtime name` as types, and as a
//! table for people.
//!
//! Must not know: how a listing is asked for.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::shown;
use crate::native::token;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A directory.
    Directory,
    /// A file.
    File,
    /// A symbolic link.
    Link,
    /// Anything else, or what the server did not say.
    Other,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// What it is.
    pub(super) kind: Kind,
    /// Bytes, where that was told.
    pub(super) size: Option<u64>,
    /// When it was last changed, where that was told.
    pub(super) modified: Option<Timestamp>,
    /// Its name, as the server has it: safe neither to print nor to write.
    pub(super) name: Vec<u8>,
}

/// Reads a native listing.
///
/// # Errors
///
/// The line that is none, as it was read.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let Some(body) = bytes.strip_suffix(b"\n") else {
        return match bytes {
            [] => Ok(Vec::new()),
            _ => Err("a listing without an end".into()),
        };
    };
    body.split(|&b| b == b'\n')
        .map(|line| {
            let text = str::from_utf8(line).ok();
            text.and_then(entry).ok_or_else(|| {
                format!("a line of the listing: {}", shown::name(line))
            })
        })
        .collect()
}

fn entry(line: &str) -> Option<Entry> {
    let mut tokens = line.split(' ');
    let kind = match tokens.next()? {
        "d" => Kind::Directory,
        "f" => Kind::File,
        "l" => Kind::Link,
        _ => return None,
    };
    let size = Some(tokens.next()?.parse().ok()?);
    let modified = Some(tokens.next()?.parse().ok()?);
    let name = token::decode(tokens.next()?)?;
    let whole = tokens.next().is_none() && !name.is_empty();
    whole.then_some(Entry { kind, size, modified, name })
}

/// The table that `dir` and `ldir` print: sizes in bytes, times in UTC,
/// names made safe.
pub(super) fn table(entries: &[Entry]) -> String {
    let mut out = String::new();
    if entries.is_empty() {
        return out;
    }
    let digits = |e: &Entry| e.size.map_or(1, |size| size.to_string().len());
    let width = entries.iter().map(digits).max().unwrap_or(0).max(4);
    writeln!(out, "     {:>width$}  {:<19}  name", "size", "changed (UTC)")
        .expect("a String takes what it is given");
    for entry in entries {
        let (word, mark) = match entry.kind {
            Kind::Directory => ("dir", "/"),
            Kind::File => ("", ""),
            Kind::Link => ("link", "@"),
            Kind::Other => ("?", ""),
        };
        let size = match (entry.kind, entry.size) {
            (Kind::Directory, _) | (_, None) => String::from("-"),
            (Kind::File | Kind::Link | Kind::Other, Some(size)) => {
                size.to_string()
            }
        };
        let modified = entry.modified.map_or(String::from("-"), |time| {
            time.strftime("%Y-%m-%d %H:%M:%S").to_string()
        });
        writeln!(
            out,
            "{word:<4} {size:>width$}  {modified:<19}  {}{mark}",
            shown::name(&entry.name)
        )
        .expect("a String takes what it is given");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Kind, parse, table};

    #[test]
    fn a_listing_is_read_and_shown() {
        let entries = parse(
            b"d 0 2026-11-23T10:00:00Z docs\n\
              f 1234567 2026-11-23T10:00:01Z a%20b%1b.txt\n\
              l 3 2026-11-23T10:00:02Z %E4%B8%AD\n",
        )
        .expect("a listing");
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[1].name, b"a b\x1b.txt");
        assert_eq!(entries[2].kind, Kind::Link);
        assert_eq!(
            table(&entries),
            "        size  changed (UTC)        name\n\
             dir        -  2026-11-23 10:00:00  docs/\n     \
             1234567  2026-11-23 10:00:01  a b\\x1b.txt\n\
             link       3  2026-11-23 10:00:02  中@\n"
        );
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn what_is_no_listing_is_refused() {
        for bad in [
            "x",
            "f 1 2026-11-23T10:00:00Z a",
            "x 1 2026-11-23T10:00:00Z a\n",
            "f -1 2026-11-23T10:00:00Z a\n",
            "f 1 yesterday a\n",
            "f 1 2026-11-23T10:00:00Z a b\n",
            "f 1 2026-11-23T10:00:00Z %zz\n",
            "f 1 2026-11-23T10:00:00Z \n",
            "\n",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        assert!(parse(b"").is_ok_and(|all| all.is_empty()));
    }
}
