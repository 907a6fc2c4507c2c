//! Raw bytes among the lines: uploads, downloads and listings.
//!
//! Bytes that are known in advance are compared as they come and never kept,
//! so that a scenario may speak of gigabytes.

use std::collections::BTreeSet;
use std::time::Instant;

use regex::bytes::Regex;

use super::client::{Pace, Read as NoMore};
use super::scene::Stop;
use super::script::{Clock, Script};
use crate::case::{Bytes, Expect, Get, Put, Read, Step};
use crate::payload::{CHUNK_BYTES, Source};
use crate::reply::percent_decode;
use crate::wire::{Kind, shown};

impl Script {
    /// The raw bytes that a step expects, if it does.
    pub(super) fn raw_bytes(
        &mut self,
        step: &Step,
        clock: &Clock,
    ) -> Result<(), Stop> {
        if let Some(bytes) = &step.receive {
            let source = self.source(bytes)?;
            self.receive(step, &source, clock)?;
        }
        if let Some(read) = &step.read {
            self.read(step, read, clock)?;
        }
        if let Some(entries) = &step.listing {
            self.listing(step, entries, clock)?;
        }
        Ok(())
    }

    /// A byte string of the scenario's.
    pub(super) fn source(&self, bytes: &Bytes) -> Result<Source, Stop> {
        Source::build(bytes, &self.scope).map_err(|e| self.trouble(&e))
    }

    /// Sends the bytes of an upload.
    pub(super) fn upload(
        &mut self,
        step: &Step,
        source: &Source,
    ) -> Result<(), Stop> {
        let pace: Pace = self.pace(step)?;
        let deadline = self.scene.deadline;
        let patience = self.scene.patience;
        let client = self.client(step)?;
        client.note(Kind::Sent, format!("({} bytes)", source.len()));
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut offset = 0;
        loop {
            let count = source.read_at(offset, &mut buffer);
            if count == 0 {
                return Ok(());
            }
            let until = deadline.min(Instant::now() + patience);
            client.write(&buffer[..count], pace, until)?;
            offset += count as u64;
        }
    }

    /// A whole upload that must succeed.
    pub(super) fn put(
        &mut self,
        step: &Step,
        put: &Put,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let whole = self.source(&put.bytes)?;
        let size = whole.len();
        let mut line = format!("put {} size={size}", self.fill(&put.name)?);
        if put.digest {
            line += &format!(" digest={}", whole.digest());
        }
        let offset = match &put.offset {
            Some(num) => self.number(num)?,
            None => 0,
        };
        self.ask(step, &line, "202", clock)?;
        let code = if offset == 0 { "405" } else { "205" };
        self.expect(step, &with_field(code, "offset", offset), clock)?;
        let rest = whole.slice(offset, size).map_err(|e| self.trouble(&e))?;
        self.upload(step, &rest)?;
        let clock = self.renewed(clock);
        self.expect(step, &with_field("201", "size", size), &clock)
    }

    /// A whole download that must succeed.
    pub(super) fn get(
        &mut self,
        step: &Step,
        get: &Get,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let source = self.source(&get.bytes)?;
        let line = format!("get {}\n", self.fill(&get.name)?);
        let client = self.client(step)?;
        client.send(line.as_bytes(), Pace::default(), clock.deadline)?;
        let mut begin = with_field("405", "size", source.len());
        begin.fields.insert("offset".into(), "0".into());
        begin.fields.insert("length".into(), source.len().to_string());
        self.expect(step, &begin, clock)?;
        self.receive(step, &source, clock)?;
        let clock = self.renewed(clock);
        self.expect(step, &with_field("201", "size", source.len()), &clock)
    }

    /// Exactly these bytes.
    fn receive(
        &mut self,
        step: &Step,
        source: &Source,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let wanted = format!("{} given bytes", source.len());
        let mut expected = vec![0; CHUNK_BYTES];
        let mut offset = 0;
        while offset < source.len() {
            let left = source.len() - offset;
            let got = self.some_bytes(step, left, offset, &wanted, clock)?;
            let count = source.read_at(offset, &mut expected[..got.len()]);
            let differs =
                got.iter().zip(&expected[..count]).position(|(a, b)| a != b);
            if let Some(at) = differs {
                let place = offset + at as u64;
                let begin = shown(&got[at..]);
                let got = format!("other bytes from byte {place} on: {begin}");
                return Err(Stop::Failed(self.failure(step, wanted, got)));
            }
            offset += got.len() as u64;
        }
        let client = self.client(step)?;
        client.note(Kind::Received, format!("({offset} bytes, as wanted)"));
        Ok(())
    }

    /// Bytes that are not known in advance.
    fn read(
        &mut self,
        step: &Step,
        read: &Read,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let length = match &read.length {
            Some(num) => self.number(num)?,
            None => self.announced_length(step)?,
        };
        let whole = self.collect(step, length, clock)?;
        let fail = |wanted: String| {
            let got = shown(&whole);
            Err(Stop::Failed(self.failure(step, wanted, got)))
        };
        let compiled = |pattern: &String| {
            Regex::new(&self.fill(pattern)?)
                .map_err(|error| self.trouble(&error.to_string()))
        };
        if let Some(pattern) = &read.matches
            && !compiled(pattern)?.is_match(&whole)
        {
            return fail(format!("bytes that match /{pattern}/"));
        }
        if let Some(pattern) = &read.lacks
            && compiled(pattern)?.is_match(&whole)
        {
            return fail(format!("bytes that do not match /{pattern}/"));
        }
        if let Some(digest) = &read.digest {
            let wanted = self.fill(digest)?;
            let got = blake3::hash(&whole).to_hex().to_string();
            if wanted.to_lowercase() != got {
                let wanted = format!("bytes with the digest {wanted}");
                return Err(Stop::Failed(self.failure(step, wanted, got)));
            }
        }
        if let Some(name) = &read.capture {
            let text = String::from_utf8_lossy(&whole).into_owned();
            self.scope.set(name, text);
        }
        Ok(())
    }

    /// The entries of a `dir`.
    fn listing(
        &mut self,
        step: &Step,
        entries: &[String],
        clock: &Clock,
    ) -> Result<(), Stop> {
        let length = self.announced_length(step)?;
        let announced = self.last_number(step, "entries");
        let whole = self.collect(step, length, clock)?;
        let fail = |wanted: String, got: String| {
            Err(Stop::Failed(self.failure(step, wanted, got)))
        };
        let got = match parse_listing(&whole) {
            Ok(got) => got,
            Err(why) => {
                let wanted = "a listing of `type size mtime name` lines";
                return fail(wanted.into(), why);
            }
        };
        if announced? != got.len() as u64 {
            let wanted = format!("as many lines as entries={}", got.len());
            return fail(wanted, "another number of entries".into());
        }
        let mut wanted = BTreeSet::new();
        for entry in entries {
            wanted.insert(self.fill(entry)?);
        }
        let shown: BTreeSet<String> = got.into_iter().collect();
        if shown != wanted {
            let text = |set: &BTreeSet<String>| {
                let all: Vec<&str> = set.iter().map(String::as_str).collect();
                format!("the entries [{}]", all.join(", "))
            };
            return fail(text(&wanted), text(&shown));
        }
        Ok(())
    }

    fn announced_length(&mut self, step: &Step) -> Result<u64, Stop> {
        self.last_number(step, "length")
    }

    fn last_number(&mut self, step: &Step, key: &str) -> Result<u64, Stop> {
        let last = self.client(step)?.last.clone().unwrap_or_default();
        last.number(key).ok_or_else(|| {
            let wanted = format!("a reply with {key}=");
            Stop::Failed(self.failure(step, wanted, last.line))
        })
    }

    fn collect(
        &mut self,
        step: &Step,
        length: u64,
        clock: &Clock,
    ) -> Result<Vec<u8>, Stop> {
        let wanted = format!("{length} raw bytes");
        if length > COLLECT_BYTES_MAX {
            let wanted = format!("at most {COLLECT_BYTES_MAX} raw bytes");
            let got = format!("{length} announced");
            return Err(Stop::Failed(self.failure(step, wanted, got)));
        }
        let mut whole = Vec::new();
        while (whole.len() as u64) < length {
            let have = whole.len() as u64;
            let left = length - have;
            whole.extend(self.some_bytes(step, left, have, &wanted, clock)?);
        }
        let text = format!("({} bytes) {}", whole.len(), shown(&whole));
        self.client(step)?.note(Kind::Received, text);
        Ok(whole)
    }

    /// At least one byte, or why there is none.
    fn some_bytes(
        &mut self,
        step: &Step,
        left: u64,
        offset: u64,
        wanted: &str,
        clock: &Clock,
    ) -> Result<Vec<u8>, Stop> {
        let max = usize::try_from(left)
            .map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        // Without a bound of the scenario's own, it is enough that bytes
        // keep coming.
        let deadline = match clock.asserted {
            Some(_) => clock.deadline,
            None => {
                let patience = Instant::now() + self.scene.patience;
                patience.min(self.scene.deadline)
            }
        };
        let read = self.client(step)?.bytes(max, deadline);
        read.map_err(|no_more| match no_more {
            NoMore::Stop(stop) => stop,
            other => {
                let wanted = format!("{wanted}; after {offset} of them");
                self.no_line(step, &wanted, other, clock)
            }
        })
    }
}

/// A code with one numeric field.
fn with_field(code: &str, key: &str, value: u64) -> Expect {
    Expect {
        code: vec![code.to_owned()],
        fields: [(key.to_owned(), value.to_string())].into(),
        ..Expect::default()
    }
}

/// The entries of a listing as `TYPE SIZE NAME`, or what is wrong with it.
fn parse_listing(whole: &[u8]) -> Result<Vec<String>, String> {
    let form = Regex::new(
        r"^([dfl]) ([0-9]+) [0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z ([^ ]+)$",
    )
    .map_err(|error| error.to_string())?;
    let mut entries = Vec::new();
    let mut before: Option<Vec<u8>> = None;
    for line in whole.split_inclusive(|byte| *byte == b'\n') {
        let bad = || shown(line);
        let line = line.strip_suffix(b"\n").ok_or_else(bad)?;
        let parts = form.captures(line).ok_or_else(bad)?;
        let text = |at: usize| String::from_utf8_lossy(&parts[at]);
        let name = percent_decode(&text(3)).ok_or_else(bad)?;
        if &parts[1] == b"d" && &parts[2] != b"0" {
            return Err(format!("a directory of another size: {}", bad()));
        }
        if before.as_ref().is_some_and(|before| *before >= name) {
            return Err(format!("not in the order of the bytes: {}", bad()));
        }
        let shown = String::from_utf8_lossy(&name);
        entries.push(format!("{} {} {shown}", text(1), text(2)));
        before = Some(name);
    }
    Ok(entries)
}

/// A listing is at most 64 MiB (7.10).
const COLLECT_BYTES_MAX: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_checked_in_form_and_order() {
        let good = b"d 0 2026-01-02T03:04:05Z %20a\n\
            f 12 2026-01-02T03:04:05Z b\n";
        let entries = parse_listing(good).expect("it is good");
        assert_eq!(entries, ["d 0  a", "f 12 b"]);
        let bad: [&[u8]; 4] = [
            b"f 12 2026-01-02T03:04:05Z b",
            b"f 12 2026-01-02 03:04:05 b\n",
            b"d 1 2026-01-02T03:04:05Z b\n",
            b"f 1 2026-01-02T03:04:05Z b\nf 1 2026-01-02T03:04:05Z a\n",
        ];
        for listing in bad {
            assert!(parse_listing(listing).is_err(), "{}", shown(listing));
        }
    }
}
