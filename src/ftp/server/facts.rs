//! Entries as MLST and MLSD write them: facts, a space, the name
//! (RFC 3659 §7), and which facts a client wants.
//!
//! Must not know: how a listing travels.

use jiff::{Timestamp, tz::TimeZone};

use crate::session::{Entry, EntryKind};

/// The facts that there are, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Type,
    Size,
    Modify,
    Perm,
    Unique,
}

const ALL: [Fact; 5] =
    [Fact::Type, Fact::Size, Fact::Modify, Fact::Perm, Fact::Unique];

impl Fact {
    fn word(self) -> &'static str {
        match self {
            Fact::Type => "type",
            Fact::Size => "size",
            Fact::Modify => "modify",
            Fact::Perm => "perm",
            Fact::Unique => "unique",
        }
    }
}

/// Which facts a session's listings have; all of them, unless it chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts([bool; ALL.len()]);

impl Default for Facts {
    fn default() -> Facts {
        Facts([true; ALL.len()])
    }
}

impl Facts {
    /// Reads `type;size;`: what is unknown is left out (RFC 3659 §7.9).
    /// `None` where it is no list of facts.
    pub(super) fn parse(list: &[u8]) -> Option<Facts> {
        if list.contains(&b' ') {
            return None;
        }
        let wanted: Vec<_> = list.split(|&byte| byte == b';').collect();
        Some(Facts(ALL.map(|fact| {
            let word = fact.word().as_bytes();
            wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(word))
        })))
    }

    /// `type;size;`
    pub(super) fn list(self) -> String {
        self.chosen().map(|fact| format!("{};", fact.word())).collect()
    }

    /// `type*;size;`: all there are, the chosen ones with a star.
    pub(super) fn feature(self) -> String {
        let star = |chosen| if chosen { "*" } else { "" };
        let facts = ALL.into_iter().zip(self.0);
        facts
            .map(|(fact, chosen)| format!("{}{};", fact.word(), star(chosen)))
            .collect()
    }

    /// Appends the facts of an entry and the space behind them.
    pub(super) fn push(self, entry: &Entry, root: bool, out: &mut Vec<u8>) {
        for fact in self.chosen() {
            let value = match fact {
                Fact::Type => match entry.kind {
                    EntryKind::Directory => "dir".to_owned(),
                    EntryKind::File => "file".to_owned(),
                    EntryKind::Link => "OS.unix=symlink".to_owned(),
                },
                Fact::Size => match entry.kind {
                    EntryKind::File => entry.size.to_string(),
                    EntryKind::Directory | EntryKind::Link => continue,
                },
                Fact::Modify => time_value(entry.modified_secs),
                Fact::Perm => permissions(entry.kind, root).to_owned(),
                Fact::Unique => {
                    let (disk, file) = entry.identity;
                    format!("{disk:x}g{file:x}")
                }
            };
            out.extend_from_slice(fact.word().as_bytes());
            out.push(b'=');
            out.extend_from_slice(value.as_bytes());
            out.push(b';');
        }
        out.push(b' ');
    }

    fn chosen(self) -> impl Iterator<Item = Fact> {
        let facts = ALL.into_iter().zip(self.0);
        facts.filter_map(|(fact, chosen)| chosen.then_some(fact))
    }
}

/// Seconds since the epoch as `YYYYMMDDHHMMSS`, UTC (RFC 3659 §2.3).
pub(super) fn time_value(secs: i64) -> String {
    let time = Timestamp::from_second(secs).unwrap_or_default();
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M%S").to_string()
}

/// Reads a time value: seconds since the epoch. A fraction is cut off.
pub(super) fn parse_time_value(text: &[u8]) -> Option<i64> {
    let mut pieces = text.splitn(2, |&byte| byte == b'.');
    let (whole, fraction) = (pieces.next()?, pieces.next());
    let digits =
        |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    if whole.len() != 14 || !digits(whole) || !fraction.is_none_or(digits) {
        return None;
    }
    let whole = str::from_utf8(whole).ok()?;
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", whole).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// What the user may do with it (RFC 3659 §7.5.5).
fn permissions(kind: EntryKind, root: bool) -> &'static str {
    match kind {
        EntryKind::Directory if root => "celmp",
        EntryKind::Directory => "cdeflmp",
        EntryKind::File => "adfrw",
        EntryKind::Link => "df",
    }
}

#[cfg(test)]
mod tests {
    use super::{Facts, parse_time_value, time_value};

    #[test]
    fn a_choice_of_facts_leaves_out_what_is_unknown() {
        let some = Facts::parse(b"Size;frogs;MODIFY;").expect("a list");
        assert_eq!(some.list(), "size;modify;");
        assert_eq!(some.feature(), "type;size*;modify*;perm;unique;");
        assert_eq!(Facts::parse(b"").expect("none").list(), "");
        assert_eq!(Facts::parse(b"size; type;"), None);
    }

    #[test]
    fn time_values_are_utc_and_exact() {
        assert_eq!(time_value(0), "19700101000000");
        for text in ["20240229235959", "19991231000001"] {
            let secs = parse_time_value(text.as_bytes()).expect("a time");
            assert_eq!(time_value(secs), text);
        }
        assert!(parse_time_value(b"20240101000000.5").is_some());
        for bad in ["20240101000000.", "2024010100000", "20241301000000", "x"]
        {
            assert_eq!(parse_time_value(bad.as_bytes()), None, "{bad}");
        }
    }
}
