//! What goes over a data connection, and how it ends.
//!
//! In stream mode the end of the connection is the end of the file; so bytes
//! that must be exact must also be all.

use std::collections::BTreeSet;
use std::time::Instant;

use regex::bytes::Regex;

use crate::case::{Bytes, CloseData, Listing, Read, Step};
use crate::ftp::listing;
use crate::payload::{CHUNK_BYTES, Source};
use crate::peer::{End, Peer, Trouble};
use crate::run::client::end_text;
use crate::run::scene::Stop;
use crate::run::script::{Clock, Script};
use crate::wire::{Kind, shown};

impl Script {
    /// What a step says of the data connection, in the order of the text.
    pub(in crate::run) fn data_bytes(
        &mut self,
        step: &Step,
        clock: &Clock,
    ) -> Result<(), Stop> {
        if let Some(bytes) = &step.upload {
            let source = self.wire_bytes(step, bytes)?;
            self.data_upload(step, &source, clock)?;
            if step.close_data.is_none() {
                self.close_link(step, CloseData::Fin, clock)?;
            }
        }
        if let Some(size) = &step.hold {
            let size = self.number(size)?;
            self.data_hold(step, size, clock)?;
        }
        if let Some(bytes) = &step.receive {
            let source = self.wire_bytes(step, bytes)?;
            self.data_receive(step, &source, clock)?;
        }
        if let Some(read) = &step.read {
            let whole = self.data_all(step, clock)?;
            self.data_read(step, read, &whole)?;
        }
        if let Some(entries) = &step.entries {
            let form = entries.form.clone().unwrap_or_default();
            let form = self.fill(&form)?;
            let whole = self.data_all(step, clock)?;
            self.data_entries(step, &form, entries, &whole)?;
        }
        if let Some(how) = step.close_data {
            self.close_link(step, how, clock)?;
        }
        if let Some(state) = step.expect_data {
            self.expect_link(step, state, clock)?;
        }
        Ok(())
    }

    /// The bytes as they are on the wire: with `ascii` line ends are CRLF.
    pub(super) fn wire_bytes(
        &self,
        step: &Step,
        bytes: &Bytes,
    ) -> Result<Source, Stop> {
        let source = self.source(bytes)?;
        if !step.ascii {
            return Ok(source);
        }
        let mut whole = Vec::new();
        for byte in source.to_vec() {
            if byte == b'\n' {
                whole.push(b'\r');
            }
            whole.push(byte);
        }
        Ok(Source::Literal(whole.into()))
    }

    /// Sends bytes; that the server reads no more is for a reply to tell.
    pub(super) fn data_upload(
        &mut self,
        step: &Step,
        source: &Source,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let pace = self.pace(step)?;
        let (patience, end) = (self.scene.patience, self.scene.deadline);
        self.made_link(step, clock)?;
        self.data_note(step, Kind::Sent, format!("({} bytes)", source.len()));
        let mut buffer = vec![0; CHUNK_BYTES];
        let piece = pace.pieces.and_then(|size| usize::try_from(size).ok());
        let mut offset = 0;
        loop {
            let count = source.read_at(offset, &mut buffer);
            if count == 0 {
                return Ok(());
            }
            for part in buffer[..count].chunks(piece.unwrap_or(count).max(1)) {
                let until = end.min(Instant::now() + patience);
                match self.link_peer(step)?.send(part, until) {
                    Ok(()) => {}
                    Err(Trouble::Ended(_)) => {
                        let text = "the server reads no more".to_owned();
                        self.data_note(step, Kind::Note, text);
                        return Ok(());
                    }
                    Err(trouble) => {
                        let wanted = "that the server reads the upload";
                        return Err(
                            self.data_trouble(step, wanted, trouble, clock)
                        );
                    }
                }
                if let Some(gap) = pace.gap {
                    std::thread::sleep(gap.duration());
                }
            }
            offset += count as u64;
        }
    }

    /// Exactly so many bytes are read, and no more.
    fn data_hold(
        &mut self,
        step: &Step,
        size: u64,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let wanted = format!("at least {size} bytes of data");
        let mut have = 0;
        while have < size {
            match self.some_data(step, size - have, &wanted, clock)? {
                Some(bytes) => have += bytes.len() as u64,
                None => {
                    let got = format!("the end after {have} bytes");
                    let failure = self.failure(step, wanted, got);
                    return Err(Stop::Failed(failure));
                }
            }
        }
        let text = format!("({size} bytes, and no more were read)");
        self.data_note(step, Kind::Received, text);
        Ok(())
    }

    /// Exactly these bytes, then the end.
    pub(super) fn data_receive(
        &mut self,
        step: &Step,
        source: &Source,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let wanted =
            format!("{} given bytes, then the end of data", source.len());
        let mut expected = vec![0; CHUNK_BYTES];
        let mut offset = 0;
        while let Some(got) =
            self.some_data(step, CHUNK_BYTES as u64, &wanted, clock)?
        {
            let count = source.read_at(offset, &mut expected[..got.len()]);
            let differs = difference(&got, &expected[..count]);
            if let Some(at) = differs {
                let place = offset + at as u64;
                let what = if at >= count { "more" } else { "other" };
                let begin = shown(&got[at..]);
                let got =
                    format!("{what} bytes from byte {place} on: {begin}");
                return Err(Stop::Failed(self.failure(step, wanted, got)));
            }
            offset += got.len() as u64;
        }
        if offset < source.len() {
            let got = format!("the end after {offset} bytes");
            return Err(Stop::Failed(self.failure(step, wanted, got)));
        }
        let text = format!("({offset} bytes, as wanted, and the end)");
        self.data_note(step, Kind::Received, text);
        Ok(())
    }

    /// All bytes up to the end of data.
    pub(super) fn data_all(
        &mut self,
        step: &Step,
        clock: &Clock,
    ) -> Result<Vec<u8>, Stop> {
        let wanted = "bytes and the end of data";
        let mut whole = Vec::new();
        while let Some(bytes) =
            self.some_data(step, CHUNK_BYTES as u64, wanted, clock)?
        {
            whole.extend(bytes);
            if whole.len() > COLLECT_BYTES_MAX {
                let wanted = format!("at most {COLLECT_BYTES_MAX} bytes");
                let got = "more".to_owned();
                return Err(Stop::Failed(self.failure(step, wanted, got)));
            }
        }
        let text = format!("({} bytes) {}", whole.len(), shown(&whole));
        self.data_note(step, Kind::Received, text);
        Ok(whole)
    }

    fn data_read(
        &mut self,
        step: &Step,
        read: &Read,
        whole: &[u8],
    ) -> Result<(), Stop> {
        let fail = |wanted: String, got: String| {
            Err(Stop::Failed(self.failure(step, wanted, got)))
        };
        if let Some(length) = &read.length {
            let length = self.number(length)?;
            if length != whole.len() as u64 {
                let got = format!("{} bytes", whole.len());
                return fail(format!("{length} bytes"), got);
            }
        }
        let compiled = |pattern: &String| -> Result<Regex, Stop> {
            self.bytes_pattern(pattern)
        };
        if let Some(pattern) = &read.matches
            && !compiled(pattern)?.is_match(whole)
        {
            let wanted = format!("bytes that match /{pattern}/");
            return fail(wanted, shown(whole));
        }
        if let Some(pattern) = &read.lacks
            && compiled(pattern)?.is_match(whole)
        {
            let wanted = format!("bytes that do not match /{pattern}/");
            return fail(wanted, shown(whole));
        }
        if let Some(pattern) = &read.lines {
            let form = compiled(pattern)?;
            for line in whole.split_inclusive(|byte| *byte == b'\n') {
                let text = line.strip_suffix(b"\r\n");
                if !text.is_some_and(|text| form.is_match(text)) {
                    let wanted = format!("lines with CRLF like /{pattern}/");
                    return fail(wanted, shown(line));
                }
            }
        }
        if let Some(digest) = &read.digest {
            let wanted = self.fill(digest)?;
            let got = blake3::hash(whole).to_hex().to_string();
            if wanted.to_lowercase() != got {
                return fail(format!("bytes with the digest {wanted}"), got);
            }
        }
        if let Some(name) = &read.capture {
            let text = String::from_utf8_lossy(whole).into_owned();
            self.scope.set(name, text);
            self.scope.set(&format!("{name}_size"), whole.len().to_string());
        }
        Ok(())
    }

    /// Holds a listing against what must be in it.
    pub(super) fn data_entries(
        &self,
        step: &Step,
        form: &str,
        wanted: &Listing,
        whole: &[u8],
    ) -> Result<(), Stop> {
        let fail = |wanted: String, got: String| {
            Err(Stop::Failed(self.failure(step, wanted, got)))
        };
        let entries = match listing::parse(form, whole) {
            Ok(entries) => entries,
            Err(why) => return fail(format!("a listing by {form}"), why),
        };
        let names: BTreeSet<String> = entries
            .iter()
            .filter(|entry| !entry.is_dot())
            .map(|entry| entry.name.clone())
            .collect();
        let told = format!("the names {names:?}");
        if let Some(exactly) = &wanted.names {
            let mut all = BTreeSet::new();
            for name in exactly {
                all.insert(self.fill(name)?);
            }
            if all != names {
                return fail(format!("exactly the names {all:?}"), told);
            }
        }
        for name in &wanted.include {
            let name = self.fill(name)?;
            if !names.contains(&name) {
                return fail(format!("an entry {name:?}"), told);
            }
        }
        for name in &wanted.exclude {
            let name = self.fill(name)?;
            if names.contains(&name) {
                return fail(format!("no entry {name:?}"), told);
            }
        }
        for (name, facts) in &wanted.facts {
            let name = self.fill(name)?;
            let entry = entries.iter().find(|entry| entry.name == name);
            let Some(entry) = entry else {
                return fail(format!("an entry {name:?}"), told);
            };
            for (fact, pattern) in facts {
                let pattern = self.pattern(pattern)?;
                let value = entry.facts.get(fact);
                if !value.is_some_and(|value| pattern.is_match(value)) {
                    let wanted = format!("{name:?} with {fact}=/{pattern}/");
                    return fail(wanted, format!("{:?}", entry.facts));
                }
            }
        }
        Ok(())
    }

    /// Ends a data connection from the client's side.
    pub(super) fn close_link(
        &mut self,
        step: &Step,
        how: CloseData,
        clock: &Clock,
    ) -> Result<(), Stop> {
        if how == CloseData::Stay {
            return Ok(());
        }
        self.made_link(step, clock)?;
        let name = self.link_name(step);
        let client = self.client(step)?;
        let text = match how {
            CloseData::Half => {
                let link = client.links.get(&name);
                if let Some(peer) = link.and_then(|link| link.peer.as_ref()) {
                    // What has ended already cannot be ended again.
                    let _ = peer.close_half();
                }
                "closed its sending direction"
            }
            CloseData::Fin => {
                client.links.remove(&name);
                "closed"
            }
            CloseData::Reset => {
                let link = client.links.remove(&name);
                if let Some(peer) = link.and_then(|link| link.peer) {
                    let _ = peer.reset();
                }
                "reset"
            }
            CloseData::Stay => "left open",
        };
        self.data_note(step, Kind::Note, text.to_owned());
        Ok(())
    }

    /// Some bytes of data; none at the end of it.
    pub(super) fn some_data(
        &mut self,
        step: &Step,
        left: u64,
        wanted: &str,
        clock: &Clock,
    ) -> Result<Option<Vec<u8>>, Stop> {
        let max = usize::try_from(left)
            .map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        let deadline = match clock.asserted {
            Some(_) => clock.deadline,
            None => {
                let patience = Instant::now() + self.scene.patience;
                patience.min(self.scene.deadline)
            }
        };
        let link = self.made_link(step, clock)?;
        let read = match (&mut link.peer, link.ended) {
            (Some(peer), _) => peer.bytes(max, deadline),
            (None, ended) => Err(Trouble::Ended(ended.unwrap_or(End::Clean))),
        };
        let trouble = match read {
            Ok(bytes) => {
                link.received += bytes.len() as u64;
                return Ok(Some(bytes));
            }
            Err(trouble) => trouble,
        };
        if let Trouble::Ended(end) = trouble {
            link.end(end);
        }
        match trouble {
            Trouble::Ended(End::Clean) => Ok(None),
            other => Err(self.data_trouble(step, wanted, other, clock)),
        }
    }

    /// The peer of a link that was made and has not ended.
    fn link_peer(&mut self, step: &Step) -> Result<&mut Peer, Stop> {
        let name = self.link_name(step);
        let client = self.client(step)?;
        let link = client.links.get_mut(&name);
        link.and_then(|link| link.peer.as_mut()).ok_or_else(|| {
            Stop::Trouble(format!("the data connection {name:?} has ended"))
        })
    }

    /// Why a data connection goes no further.
    pub(super) fn data_trouble(
        &self,
        step: &Step,
        wanted: &str,
        trouble: Trouble,
        clock: &Clock,
    ) -> Stop {
        let got = match trouble {
            Trouble::Late => return self.late(step, wanted, clock),
            Trouble::Aborted => return Stop::Aborted,
            Trouble::Io(error) => return Stop::Trouble(error.to_string()),
            Trouble::Ended(end) => {
                end_text(end).replace("the conn", "the data conn")
            }
            Trouble::TooLong => "an endless line".to_owned(),
        };
        Stop::Failed(self.failure(step, wanted, got))
    }

    /// Writes into the transcript, under the connection's own name.
    pub(super) fn data_note(&self, step: &Step, kind: Kind, text: String) {
        let (client, link) = (self.client_name(step), self.link_name(step));
        self.scene.wire.add(&format!("{client}/{link}"), kind, text);
    }
}

/// A listing of 100,000 entries is less.
const COLLECT_BYTES_MAX: usize = 64 << 20;

/// Where bytes begin to be others than wanted, or more.
fn difference(got: &[u8], wanted: &[u8]) -> Option<usize> {
    // The whole is compared first: byte by byte takes a hundred times as
    // long without optimization, and most bytes are as they should be.
    if got == wanted {
        return None;
    }
    let same = got.iter().zip(wanted).take_while(|(a, b)| a == b).count();
    (same < got.len()).then_some(same)
}
