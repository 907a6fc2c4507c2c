//! Listings: LIST, NLST and MLSD over the data connection, MLST and STAT
//! over the control connection.
//!
//! A directory is read while it is sent: however many entries it has, few
//! are in memory. One of ordinary size is sorted all the same.
//!
//! Must not know: how bytes travel.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Conversation, Last, facts::Facts, list, transfer};
use crate::{
    ftp::code::Code,
    pattern,
    session::{Denial, Entries, Entry, EntryKind, PathText, Refused, VPath},
};

/// How an entry is written.
#[derive(Debug, Clone)]
enum Style {
    /// LIST: columns; `now` is in seconds since the epoch.
    Columns { now: i64 },
    /// NLST: what stands before each name.
    Names { prefix: Vec<u8> },
    /// MLSD.
    Facts(Facts),
}

/// The lines of a listing, in the order in which they are sent.
struct Lines {
    sorted: std::vec::IntoIter<Entry>,
    rest: Option<Entries>,
    pattern: Option<Vec<u8>>,
    style: Style,
}

impl Conversation<'_> {
    pub(super) fn list(&mut self, argument: &[u8]) -> Option<Last> {
        let path = without_flags(argument);
        let lines = self.lines(path, Style::Columns { now: now() });
        self.send_listing("LIST", lines)
    }

    pub(super) fn name_list(&mut self, argument: &[u8]) -> Option<Last> {
        let path = without_flags(argument);
        let lines = self.lines(path, Style::Names { prefix: Vec::new() });
        self.send_listing("NLST", lines)
    }

    pub(super) fn machine_list(&mut self, argument: &[u8]) -> Option<Last> {
        let path = match self.located_or_here(argument) {
            Ok(path) => path,
            Err(denial) => {
                self.deny(denial);
                return None;
            }
        };
        match self.session.describe(&path) {
            Ok(entry) if entry.kind == EntryKind::Directory => {}
            Ok(_) => {
                let text = "MLSD is for directories; MLST is for all.";
                self.control.reply(Code::BAD_ARGUMENT, text);
                return None;
            }
            Err(denial) => {
                self.deny(denial);
                return None;
            }
        }
        let style = Style::Facts(self.state.facts);
        let lines = self
            .session
            .entries(&path)
            .and_then(|entries| Lines::of(entries, None, style));
        self.send_listing("MLSD", lines)
    }

    pub(super) fn machine_list_one(&mut self, argument: &[u8]) {
        let found = self.located_or_here(argument).and_then(|path| {
            let entry = self.session.describe(&path)?;
            Ok((path, entry))
        });
        match found {
            Ok((path, entry)) => {
                let mut line = Vec::new();
                let facts = self.state.facts;
                facts.push(&entry, path.is_root(), &mut line);
                line.extend_from_slice(path.as_bytes());
                self.control.begin(Code::DONE, "Listing:");
                self.control.inner(&line);
                self.control.reply(Code::DONE, "End.");
            }
            Err(denial) => self.deny(denial),
        }
    }

    /// STAT with a path: the listing comes over the control connection.
    pub(super) fn status_of(&mut self, argument: &[u8]) -> Option<Last> {
        let path = without_flags(argument);
        let code = match self.located_or_here(path) {
            Ok(located) => match self.session.describe(&located) {
                Ok(entry) if entry.kind == EntryKind::Directory => {
                    Code::DIRECTORY_STATUS
                }
                Ok(_) | Err(_) => Code::FILE_STATUS,
            },
            Err(_) => Code::FILE_STATUS,
        };
        let mut lines = match self.lines(path, Style::Columns { now: now() }) {
            Ok(lines) => lines,
            Err(denial) => {
                self.deny(denial);
                return None;
            }
        };
        self.control.begin(code, "Status:");
        loop {
            let mut piece = Vec::new();
            if lines.fill(&mut piece).is_err() || piece.is_empty() {
                break;
            }
            for line in piece.split(|&byte| byte == b'\n') {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                if !line.is_empty() {
                    self.control.inner(line);
                }
            }
            if self.control.is_full()
                && let Err(end) = self.control.flush(self.patience.stall)
            {
                return Some(self.ended(end));
            }
        }
        self.control.reply(code, "End of status.");
        None
    }

    fn send_listing(
        &mut self,
        command: &str,
        lines: Result<Lines, Denial>,
    ) -> Option<Last> {
        let mut lines = match lines {
            Ok(lines) => lines,
            Err(denial) => {
                self.deny(denial);
                return None;
            }
        };
        self.control.reply(Code::OPENING, "Here comes the listing.");
        let data = std::mem::take(&mut self.data);
        let mut watch = self.watch();
        let result = data.open(&mut watch).and_then(|mut side| {
            let fill = |out: &mut Vec<u8>| lines.fill(out);
            let sent = transfer::send_lines(&mut side, fill, &mut watch);
            super::files::close(side, sent)
        });
        self.conclude(command, None, result, "The listing is complete.")
    }

    /// The lines for a path: of a directory, of a file, or of what fits a
    /// pattern.
    fn lines(&self, path: &[u8], style: Style) -> Result<Lines, Denial> {
        let located = self.located_or_here(path)?;
        match self.session.describe(&located) {
            Ok(entry) if entry.kind == EntryKind::Directory => {
                let style = style.below(path);
                Lines::of(self.session.entries(&located)?, None, style)
            }
            Ok(_) => {
                let mut entry = self.session.show(&located)?;
                entry.name = path.to_vec();
                Ok(Lines::one(entry, style))
            }
            Err(Denial::Refused(Refused::NotFound)) => {
                self.fitting(path, style)
            }
            Err(denial) => Err(denial),
        }
    }

    /// What fits a pattern in a path's last name; many clients have the
    /// server do it. Nothing that fits is nothing found.
    fn fitting(&self, path: &[u8], style: Style) -> Result<Lines, Denial> {
        let at = path.iter().rposition(|&byte| byte == b'/');
        let (folder, name) = path.split_at(at.map_or(0, |at| at + 1));
        if !pattern::is_pattern(name) {
            return Err(Refused::NotFound.into());
        }
        let located = self.located_or_here(folder)?;
        let entries = self.session.entries(&located)?;
        let lines =
            Lines::of(entries, Some(name.to_vec()), style.below(folder))?;
        match lines.sorted.as_slice().is_empty() && lines.rest.is_none() {
            true => Err(Refused::NotFound.into()),
            false => Ok(lines),
        }
    }

    fn located_or_here(&self, argument: &[u8]) -> Result<VPath, Denial> {
        self.session.locate(PathText::parse(argument).as_ref())
    }
}

impl Lines {
    fn one(entry: Entry, style: Style) -> Lines {
        let sorted = vec![entry].into_iter();
        Lines { sorted, rest: None, pattern: None, style }
    }

    fn of(
        mut entries: Entries,
        pattern: Option<Vec<u8>>,
        style: Style,
    ) -> Result<Lines, Denial> {
        let mut sorted = Vec::new();
        let mut rest = None;
        while let Some(entry) = entries.next() {
            let entry = entry?;
            if fits(pattern.as_deref(), &entry) {
                sorted.push(entry);
            }
            if sorted.len() == SORTED_MAX {
                rest = Some(entries);
                break;
            }
        }
        sorted.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(Lines { sorted: sorted.into_iter(), rest, pattern, style })
    }

    /// Appends some lines; none at the end.
    fn fill(&mut self, out: &mut Vec<u8>) -> Result<(), Denial> {
        let full = out.len() + PIECE_BYTES;
        while out.len() < full {
            let next = match self.sorted.next() {
                Some(entry) => Some(Ok(entry)),
                None => self.rest.as_mut().and_then(Iterator::next),
            };
            let Some(entry) = next.transpose()? else { break };
            if fits(self.pattern.as_deref(), &entry) {
                self.style.push(&entry, out);
            }
        }
        Ok(())
    }
}

impl Style {
    /// For the entries of a directory that was named: each name is to be
    /// good as an argument (RFC 1123 §4.1.2.7).
    fn below(self, directory: &[u8]) -> Style {
        match self {
            Style::Names { mut prefix } => {
                prefix.extend_from_slice(directory);
                if !directory.is_empty() && !directory.ends_with(b"/") {
                    prefix.push(b'/');
                }
                Style::Names { prefix }
            }
            style @ (Style::Columns { .. } | Style::Facts(_)) => style,
        }
    }

    /// A name that would break its line is left out: no form of a listing
    /// has room for it (RFC 3659 §2.2).
    fn push(&self, entry: &Entry, out: &mut Vec<u8>) {
        if entry.name.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return;
        }
        match self {
            Style::Columns { now } => list::push_line(entry, *now, out),
            Style::Names { prefix } => {
                out.extend_from_slice(prefix);
                out.extend_from_slice(&entry.name);
            }
            Style::Facts(facts) => {
                facts.push(entry, false, out);
                out.extend_from_slice(&entry.name);
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

fn fits(pattern: Option<&[u8]>, entry: &Entry) -> bool {
    pattern.is_none_or(|pattern| pattern::fits(pattern, &entry.name))
}

/// Many clients send the flags of ls before the path, or instead of one:
/// all there is is shown in one form, so they change nothing.
fn without_flags(argument: &[u8]) -> &[u8] {
    let mut rest = argument;
    while let [b'-', flags @ ..] = rest {
        let end = flags.iter().position(|&byte| byte == b' ');
        let word = &flags[..end.unwrap_or(flags.len())];
        if word.is_empty() || !word.iter().all(u8::is_ascii_alphanumeric) {
            break;
        }
        rest = end.map_or(&[], |end| &flags[end + 1..]);
    }
    rest
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs() as i64)
}

/// A directory of no more entries is sent in the order of their names: it
/// bounds what a listing holds in memory, about 100 bytes an entry.
const SORTED_MAX: usize = 2000;

/// What is sent at a time.
const PIECE_BYTES: usize = 32 * 1024;

#[cfg(test)]
mod tests {
    use super::without_flags;

    #[test]
    fn flags_are_left_out_and_names_are_not() {
        let check = |given: &str, wanted: &str| {
            let rest = without_flags(given.as_bytes());
            assert_eq!(String::from_utf8_lossy(rest), wanted);
        };
        check("-la", "");
        check("-a -l docs", "docs");
        check("docs -l", "docs -l");
        check("-", "-");
        check("- x", "- x");
        check("-a.txt", "-a.txt");
    }
}
