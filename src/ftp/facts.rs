//! Entries of listings, as a client reads them: the facts of MLST and MLSD
//! (RFC 3659 §7), and the columns of LIST, which no text defines
//! (`facts::columns`).
//!
//! A name is whatever the server wrote, and safe neither to print nor to
//! write a file by.
//!
//! Must not know: how a listing arrives, how the server makes one.

mod columns;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

pub use self::columns::list_line;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A file.
    File,
    /// A symbolic link.
    Link,
    /// Anything else: a device, a socket, what the server did not say.
    Other,
}

/// An entry of a listing; what was not told is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What it is.
    pub kind: Kind,
    /// Bytes.
    pub size: Option<u64>,
    /// When it was last changed. In a LIST's columns it is in the server's
    /// own time zone, which nobody can know, and is taken for UTC.
    pub modified: Option<Timestamp>,
    /// Its name, or its path where the server wrote one.
    pub name: Vec<u8>,
}

/// What a line of a listing says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// An entry.
    Entry(Listed),
    /// Something beside the entries: a total, the directory itself, its
    /// parent.
    Aside,
}

/// Reads one line of an MLSD, or an MLST's without its leading space;
/// `None` where it is none.
pub fn fact_line(line: &[u8]) -> Option<Line> {
    // The facts hold no space, and the first one ends them.
    let space = line.iter().position(|&byte| byte == b' ')?;
    let (facts, name) = (&line[..space], &line[space + 1..]);
    if name.is_empty() || name.contains(&0) {
        return None;
    }
    let facts = str::from_utf8(facts).ok()?;
    let mut listed = Listed {
        kind: Kind::Other,
        size: None,
        modified: None,
        name: name.into(),
    };
    for fact in facts.split_terminator(';') {
        let (key, value) = fact.split_once('=')?;
        match key.to_ascii_lowercase().as_str() {
            "type" => match kind(value) {
                Some(kind) => listed.kind = kind,
                None => return Some(Line::Aside),
            },
            "size" => listed.size = number(value.as_bytes()),
            "modify" => listed.modified = time_value(value.as_bytes()),
            _ => {}
        }
    }
    Some(Line::Entry(listed))
}

/// What a `type` fact says; `None` for the directory itself and its parent.
fn kind(value: &str) -> Option<Kind> {
    let value = value.to_ascii_lowercase();
    match value.as_str() {
        "file" => Some(Kind::File),
        "dir" => Some(Kind::Directory),
        "cdir" | "pdir" => None,
        // Servers write OS.unix=slink, OS.unix=symlink, with or without
        // where it leads.
        other if other.contains("slink") || other.contains("symlink") => {
            Some(Kind::Link)
        }
        _ => Some(Kind::Other),
    }
}

/// A decimal number from 0 to 2^63-1, which is what a file can hold.
pub fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = str::from_utf8(digits).ok()?.parse().ok()?;
    (number <= i64::MAX as u64).then_some(number)
}

/// `YYYYMMDDHHMMSS`, with or without a fraction, in UTC (RFC 3659 §2.3).
pub fn time_value(text: &[u8]) -> Option<Timestamp> {
    let (whole, fraction) = match text.iter().position(|&b| b == b'.') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &b"0"[..]),
    };
    number(fraction)?;
    if whole.len() != 14 || !whole.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let part = |from: usize, to: usize| -> Option<i16> {
        str::from_utf8(&whole[from..to]).ok()?.parse().ok()
    };
    let small =
        |from: usize| -> Option<i8> { part(from, from + 2)?.try_into().ok() };
    // A leap second is the one before it: nothing else can be said of it.
    let second = match small(12)? {
        60 => 59,
        second => second,
    };
    let (month, day, hour, minute) =
        (small(4)?, small(6)?, small(8)?, small(10)?);
    let time = DateTime::new(part(0, 4)?, month, day, hour, minute, second, 0)
        .ok()?;
    Some(TimeZone::UTC.to_zoned(time).ok()?.timestamp())
}

#[cfg(test)]
mod tests;
