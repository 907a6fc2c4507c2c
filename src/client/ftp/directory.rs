//! Listings: MLSD and MLST where the server has them, else LIST. What they
//! say is read one line at a time, and all of it is bounded.
//!
//! Must not know: what a listing is for, local names beyond their last part.

use jiff::Timestamp;

use super::{
    Ftp,
    presence::{Looked, There},
    refusal,
};
use crate::{
    client::{
        error::{Error, Why},
        listing::{Entry, Kind},
        local,
        remote::Answer,
        shown,
    },
    ftp::{
        code::{Class, Code},
        facts::{self, Line, Listed},
        wire::Reply,
    },
    session::PathText,
};

impl Ftp {
    /// Lists a directory, or one file.
    pub(super) fn directory(
        &mut self,
        path: Option<&PathText>,
    ) -> Result<(Answer, Vec<Entry>), Error> {
        if !self.features.facts {
            return self.list_columns(path);
        }
        let argument = path.map(PathText::as_bytes);
        let reply = match self.listing("MLSD", argument, facts::fact_line)? {
            Ok(listing) => return Ok(listing),
            Err(reply) => reply,
        };
        if matches!(reply.code, Code::UNKNOWN_COMMAND | Code::NOT_IMPLEMENTED)
        {
            self.features.facts = false;
            return self.list_columns(path);
        }
        // MLSD lists directories only (RFC 3659 §7.1).
        if let Some(path) = path
            && let Looked::Entry(reply, listed) = self.look(path)?
            && listed.kind != facts::Kind::Directory
        {
            let name = local::base(path.as_bytes()).to_vec();
            let entry = entry(Listed { name, ..listed });
            return Ok((refusal::answer(&reply), vec![entry]));
        }
        Err(refusal::refused(&reply, Why::NotFound))
    }

    fn list_columns(
        &mut self,
        path: Option<&PathText>,
    ) -> Result<(Answer, Vec<Entry>), Error> {
        // A name with a dash before it would be read as options.
        let argument = path.map(|path| match path.as_bytes() {
            dashed @ [b'-', ..] => [b"./", dashed].concat(),
            plain => plain.to_vec(),
        });
        let now = Timestamp::now();
        let read = |line: &[u8]| facts::list_line(line, now);
        let listing = match self.listing("LIST", argument.as_deref(), read)? {
            Ok(listing) => listing,
            Err(reply) => {
                return Err(refusal::refused(&reply, Why::NotFound));
            }
        };
        // Some servers list what is not there as nothing.
        if let Some(path) = path
            && listing.1.is_empty()
            && let There::Nothing(reply) = self.there(path)?
        {
            return Err(refusal::refused(&reply, Why::NotFound));
        }
        Ok(listing)
    }

    /// Asks for a listing and reads it; the reply, where it is refused.
    fn listing(
        &mut self,
        verb: &str,
        argument: Option<&[u8]>,
        read: impl Fn(&[u8]) -> Option<Line>,
    ) -> Result<Result<(Answer, Vec<Entry>), Reply>, Error> {
        let data = self.way.open(&mut self.control)?;
        let reply = self.control.ask(verb, argument)?;
        match reply.code.class() {
            Class::Preliminary => {}
            Class::Transient | Class::Permanent => return Ok(Err(reply)),
            Class::Completion | Class::Intermediate => {
                let error = refusal::odd(&reply, "to a listing");
                self.control.give_up();
                return Err(error);
            }
        }
        let mut lines = Lines::new(read);
        let reply = self
            .take_all(data, &mut |bytes| lines.take(bytes))
            .map_err(Error::in_transfer)?;
        let entries = lines.end()?;
        Ok(Ok((refusal::answer(&reply), entries)))
    }
}

/// A listing's lines as they arrive.
struct Lines<F> {
    read: F,
    line: Vec<u8>,
    entries: Vec<Entry>,
}

impl<F: Fn(&[u8]) -> Option<Line>> Lines<F> {
    fn new(read: F) -> Lines<F> {
        Lines { read, line: Vec::new(), entries: Vec::new() }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|&byte| byte == b'\n') {
            self.line.extend_from_slice(&rest[..at]);
            self.add()?;
            rest = &rest[at + 1..];
        }
        self.line.extend_from_slice(rest);
        self.check_length()
    }

    /// The entries, sorted by name.
    fn end(mut self) -> Result<Vec<Entry>, Error> {
        if !self.line.is_empty() {
            self.add()?;
        }
        self.entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(self.entries)
    }

    fn add(&mut self) -> Result<(), Error> {
        self.check_length()?;
        let mut line = std::mem::take(&mut self.line);
        if line.ends_with(b"\r") {
            line.pop();
        }
        match (self.read)(&line) {
            Some(Line::Entry(listed)) => self.entries.push(entry(listed)),
            Some(Line::Aside) => {}
            // What cannot be read is shown, and never fetched.
            None => self.entries.push(Entry {
                kind: Kind::Other,
                size: None,
                modified: None,
                name: line,
            }),
        }
        if self.entries.len() > ENTRIES_MAX {
            let text = format!("a listing of more than {ENTRIES_MAX} names");
            return Err(Error::Protocol(text));
        }
        Ok(())
    }

    fn check_length(&self) -> Result<(), Error> {
        if self.line.len() <= LINE_BYTES_MAX {
            return Ok(());
        }
        let start = shown::name(&self.line[..LINE_SHOWN_BYTES]);
        Err(Error::Protocol(format!("an endless line: {start}...")))
    }
}

fn entry(listed: Listed) -> Entry {
    let kind = match listed.kind {
        facts::Kind::Directory => Kind::Directory,
        facts::Kind::File => Kind::File,
        facts::Kind::Link => Kind::Link,
        facts::Kind::Other => Kind::Other,
    };
    let Listed { size, modified, name, .. } = listed;
    Entry { kind, size, modified, name }
}

/// The longest line of a listing: a path of 4096 bytes, and its facts.
const LINE_BYTES_MAX: usize = 8 * 1024;

/// The most names of a listing: what is read must fit in memory, whatever
/// the server sends.
const ENTRIES_MAX: usize = 1_000_000;

/// How much of an endless line is shown.
const LINE_SHOWN_BYTES: usize = 60;

#[cfg(test)]
mod tests {
    use super::{ENTRIES_MAX, LINE_BYTES_MAX, Lines};
    use crate::ftp::facts::{Line, fact_line};

    #[test]
    fn a_line_has_an_end_however_it_arrives() {
        let line = |length: usize| {
            let name = vec![b'n'; length - " ".len()];
            [b" ", &name[..]].concat()
        };
        let mut lines = Lines::new(fact_line);
        lines.take(&line(LINE_BYTES_MAX)).expect("at the bound");
        lines.take(b"\n").expect("its end");
        assert_eq!(lines.end().expect("a listing").len(), 1);
        let mut lines = Lines::new(fact_line);
        lines.take(&line(LINE_BYTES_MAX)).expect("at the bound");
        assert!(lines.take(b"n").is_err());
        let mut lines = Lines::new(fact_line);
        let whole = [line(LINE_BYTES_MAX + 1), b"\n".into()].concat();
        assert!(lines.take(&whole).is_err());
    }

    #[test]
    fn a_listing_has_an_end() {
        let aside = |line: &[u8]| match line {
            b"." => Some(Line::Aside),
            other => fact_line(other),
        };
        let mut lines = Lines::new(aside);
        for _ in 0..ENTRIES_MAX {
            lines.take(b" n\n").expect("at the bound");
        }
        lines.take(b".\n").expect("no entry");
        assert!(lines.take(b" n\n").is_err());
    }
}
