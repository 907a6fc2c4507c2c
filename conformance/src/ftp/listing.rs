//! Listings taken apart: MLSD strictly as RFC 3659 §7.2 has it, NLST as
//! names, LIST in the forms that every client reads.
//!
//! A line that does not read is an error with the line in it.

use std::collections::BTreeMap;

use std::sync::LazyLock;

use regex::bytes::Regex;

use crate::wire::shown;

/// An entry of a listing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Entry {
    /// The name as it came; what is no UTF-8 in it is replaced.
    pub name: String,
    /// The facts by name, in lower case; of LIST `type` and `size`.
    pub facts: BTreeMap<String, String>,
}

impl Entry {
    /// Whether it stands for the directory itself or the one above.
    pub fn is_dot(&self) -> bool {
        let kind = self.facts.get("type").map(|kind| kind.to_lowercase());
        matches!(kind.as_deref(), Some("cdir" | "pdir"))
            || self.name == "."
            || self.name == ".."
    }
}

/// The entries of a listing of that form (`mlsd`, `nlst`, `list`).
pub fn parse(form: &str, whole: &[u8]) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    for line in whole.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\r\n") else {
            return Err(format!("a line without CRLF: {}", shown(line)));
        };
        match form {
            "mlsd" => entries.push(fact_line(line)?),
            "nlst" => entries.push(named(line)),
            "list" => entries.extend(list_line(line)?),
            other => return Err(format!("{other:?} is no form of listing")),
        }
    }
    Ok(entries)
}

/// `fact=value;fact=value; name` (RFC 3659 §7.2).
pub fn fact_line(line: &[u8]) -> Result<Entry, String> {
    let bad = |why: &str| format!("{why}: {}", shown(line));
    let space = line
        .iter()
        .position(|byte| *byte == b' ')
        .ok_or_else(|| bad("no space before the name"))?;
    let (facts, name) = (&line[..space], &line[space + 1..]);
    if name.is_empty() {
        return Err(bad("no name"));
    }
    let mut entry = named(name);
    if facts.is_empty() {
        return Ok(entry);
    }
    let facts = facts
        .strip_suffix(b";")
        .ok_or_else(|| bad("the last fact has no semicolon"))?;
    for fact in facts.split(|byte| *byte == b';') {
        let text = String::from_utf8_lossy(fact);
        let (key, value) =
            text.split_once('=').ok_or_else(|| bad("a fact without ="))?;
        if key.is_empty() || key.contains(|c: char| c.is_control()) {
            return Err(bad("a fact without a name"));
        }
        let key = key.to_lowercase();
        if entry.facts.insert(key, value.to_owned()).is_some() {
            return Err(bad("a fact twice"));
        }
    }
    Ok(entry)
}

/// A line as `ls -l` writes it; the line with the total is none.
fn list_line(line: &[u8]) -> Result<Option<Entry>, String> {
    if line.starts_with(b"total ") {
        return Ok(None);
    }
    static FORM: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(LIST_FORM).expect("a pattern that every run compiles")
    });
    let parts = FORM.captures(line).ok_or_else(|| {
        format!("a line that no client could read: {}", shown(line))
    })?;
    let text = |at: usize| {
        String::from_utf8_lossy(parts.get(at).map_or(b"", |m| m.as_bytes()))
            .into_owned()
    };
    let mut entry = named(parts.get(3).map_or(b"", |m| m.as_bytes()));
    let kind = match text(1).as_str() {
        "d" => "dir",
        "l" => "link",
        _ => "file",
    };
    if kind == "link"
        && let Some((name, _)) = entry.name.clone().split_once(" -> ")
    {
        entry.name = name.to_owned();
    }
    entry.facts.insert("type".into(), kind.into());
    entry.facts.insert("size".into(), text(2));
    Ok(Some(entry))
}

fn named(name: &[u8]) -> Entry {
    let name = String::from_utf8_lossy(name).into_owned();
    Entry { name, ..Entry::default() }
}

/// Mode, links, owner, group, size, month, day, time or year, one space,
/// name. Some servers leave out the group.
const LIST_FORM: &str = r"^([-dlbcps])[-rwxsStTx]{9}[+@.]? +[0-9]+ +[^ ]+ +(?:[^ ]+ +)??([0-9]+) +(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +[0-9]{1,2} +(?:[0-9]{4}|[0-9]{1,2}:[0-9]{2}) (?s-u:(.+))$";

#[cfg(test)]
mod tests {
    use super::*;

    fn names(form: &str, text: &str) -> Result<Vec<String>, String> {
        let entries = parse(form, text.as_bytes())?;
        Ok(entries.into_iter().map(|entry| entry.name).collect())
    }

    #[test]
    fn each_form_is_read() {
        let mlsd = "type=file;size=3; a b \r\nType=cdir; .\r\n  x\r\n";
        let wanted = ["a b ", ".", " x"].map(str::to_owned).to_vec();
        assert_eq!(names("mlsd", mlsd), Ok(wanted));
        let list = "total 2\r\n\
            -rw-r--r--   1 ann  ann   12 Jan  1 2024  a b\r\n\
            drwxr-xr-x   2 0    0      0 Feb 11 10:05 sub\r\n\
            lrwxrwxrwx   1 0    0      3 Feb 11 10:05 l -> sub\r\n";
        let wanted = [" a b", "sub", "l"].map(str::to_owned).to_vec();
        assert_eq!(names("list", list), Ok(wanted));
        let wanted = ["a", "b c"].map(str::to_owned).to_vec();
        assert_eq!(names("nlst", "a\r\nb c\r\n"), Ok(wanted));
    }

    #[test]
    fn what_is_no_listing_is_refused() {
        let bad = [
            ("mlsd", "type=file; a\n"),
            ("mlsd", "type=file a\r\n"),
            ("mlsd", "type=file;\r\n"),
            ("mlsd", "\r\n"),
            ("mlsd", "type=file;type=dir; a\r\n"),
            ("list", "hello\r\n"),
            ("list", "-rw-r--r-- 1 a a 1 1 Jan 2024 x\r\n"),
            ("nlst", "a"),
        ];
        for (form, text) in bad {
            assert!(names(form, text).is_err(), "{form}: {text:?}");
        }
    }
}
