//! What can be said of a step without playing it: its acts, whether it can
//! fail, and every text and byte string in it. `check` reads these.

use std::collections::BTreeMap;

use super::{Bytes, Connect, Dialect, Expect, Listing, Step};

impl Step {
    /// The acts that the step names, in the order of docs/scenarios.md.
    pub fn acts(&self, dialect: Dialect) -> Vec<&'static str> {
        let acts = [
            ("connect", self.connect.is_some()),
            ("login", self.login.is_some()),
            ("send", self.send.is_some()),
            ("send_raw", self.send_raw.is_some()),
            ("upload", self.upload.is_some() && dialect == Dialect::Native),
            ("put", self.put.is_some()),
            ("get", self.get.is_some()),
            ("close", self.close.is_some()),
            ("expect_close", self.expect_close.is_some()),
            ("silence", self.silence.is_some()),
            ("pause", self.pause.is_some()),
            ("barrier", self.barrier.is_some()),
            ("crowd", self.crowd.is_some()),
            ("join", self.join.is_some()),
            ("parallel", self.parallel.is_some()),
            ("repeat", self.repeat.is_some()),
            ("tally", self.tally.is_some()),
            ("overlap", self.overlap.is_some()),
            ("disk", self.disk.is_some()),
            ("place", self.place.is_some()),
            ("server", self.server.is_some()),
            ("set", self.set.is_some()),
            ("assert", self.assert.is_some()),
            ("mark", self.mark.is_some()),
            ("data", self.data.is_some()),
            ("dial", self.dial.is_some()),
            ("retr", self.retr.is_some()),
            ("stor", self.stor.is_some()),
            ("appe", self.appe.is_some()),
            ("list", self.list.is_some()),
            ("nlst", self.nlst.is_some()),
            ("mlsd", self.mlsd.is_some()),
            ("resync", self.resync),
        ];
        acts.iter().filter(|act| act.1).map(|act| act.0).collect()
    }

    /// Whether the step can fail by what the server does.
    pub(super) fn checks_something(&self) -> bool {
        let server = self.server.as_ref();
        self.connect == Some(Connect::Refused)
            || self.expect.is_some()
            || self.replies.is_some()
            || self.receive.is_some()
            || self.read.is_some()
            || self.listing.is_some()
            || self.end.is_some()
            || self.put.is_some()
            || self.get.is_some()
            || self.expect_close.is_some()
            || self.silence.is_some()
            || self.tally.is_some()
            || self.overlap.is_some()
            || self.disk.is_some()
            || self.assert.is_some()
            || self.retr.is_some()
            || self.stor.is_some()
            || self.appe.is_some()
            || self.list.is_some()
            || self.nlst.is_some()
            || self.mlsd.is_some()
            || self.resync
            || self.entries.is_some()
            || self.hold.is_some()
            || self.expect_data.is_some()
            || server.is_some_and(|server| server.exit.is_some())
    }

    /// Keys of the step that only FTP has.
    pub(super) fn keys_of_ftp(&self) -> Vec<&'static str> {
        let read = self.read.as_ref();
        named(&[
            ("data", self.data.is_some()),
            ("dial", self.dial.is_some()),
            ("retr", self.retr.is_some()),
            ("stor", self.stor.is_some()),
            ("appe", self.appe.is_some()),
            ("list", self.list.is_some()),
            ("nlst", self.nlst.is_some()),
            ("mlsd", self.mlsd.is_some()),
            ("resync", self.resync),
            ("hold", self.hold.is_some()),
            ("entries", self.entries.is_some()),
            ("close_data", self.close_data.is_some()),
            ("expect_data", self.expect_data.is_some()),
            ("conn", self.conn.is_some()),
            ("ascii", self.ascii),
            ("lines", read.is_some_and(|read| read.lines.is_some())),
        ])
    }

    /// Keys of the step that only the native dialect has.
    pub(super) fn keys_of_native(&self) -> Vec<&'static str> {
        named(&[
            ("put", self.put.is_some()),
            ("get", self.get.is_some()),
            ("listing", self.listing.is_some()),
        ])
    }

    /// How the step's data connections are made.
    pub(super) fn ways(&self) -> Vec<String> {
        let mut ways = Vec::new();
        ways.extend(self.data.iter().map(|data| data.via.clone()));
        ways.extend(self.transfers().map(|transfer| transfer.via.clone()));
        ways.extend(self.listings().filter_map(|list| list.via.clone()));
        ways
    }

    fn transfers(&self) -> impl Iterator<Item = &super::Transfer> {
        self.retr.iter().chain(&self.stor).chain(&self.appe)
    }

    fn listings(&self) -> impl Iterator<Item = &Listing> {
        let whole = self.list.iter().chain(&self.nlst).chain(&self.mlsd);
        whole.chain(&self.entries)
    }

    /// All texts of the step in which `${…}` may stand, but byte strings
    /// and patterns.
    pub(super) fn texts(&self) -> Vec<String> {
        let mut texts = Vec::new();
        texts.extend(self.send.iter().flat_map(|many| many.0.clone()));
        texts.extend(self.assert.iter().flat_map(|many| many.0.clone()));
        texts.extend(self.put.iter().map(|put| put.name.clone()));
        texts.extend(self.get.iter().map(|get| get.name.clone()));
        texts.extend(self.login.iter().map(|login| login.user.clone()));
        texts.extend(self.transfers().map(|transfer| transfer.name.clone()));
        for listing in self.listings() {
            texts.extend(listing.path.clone());
            texts.extend(listing.names.iter().flatten().cloned());
            texts.extend(
                listing.include.iter().chain(&listing.exclude).cloned(),
            );
            texts.extend(listing.facts.keys().cloned());
        }
        if let Some(data) = &self.data {
            let given = [&data.arg, &data.host, &data.from];
            texts.extend(given.into_iter().flatten().cloned());
        }
        texts.extend(self.ways());
        texts.extend(self.hold.iter().map(|num| num.0.clone()));
        for map in self.set.iter().chain(&self.tally) {
            texts.extend(map.values().cloned());
        }
        texts.extend(self.listing.iter().flatten().cloned());
        texts.extend(self.pieces.iter().map(|num| num.0.clone()));
        texts.extend(self.crowd.iter().map(|crowd| crowd.count.0.clone()));
        texts.extend(self.repeat.iter().map(|repeat| repeat.times.0.clone()));
        for expect in self.expectations() {
            for one in [expect].into_iter().chain(&expect.any_of) {
                texts.extend(one.code.iter().cloned());
                texts.extend(one.fields.values().cloned());
            }
        }
        texts
    }

    /// All byte strings of the step.
    pub(super) fn byte_strings(&self) -> Vec<&Bytes> {
        let direct = [&self.send_raw, &self.upload, &self.receive];
        let mut all: Vec<&Bytes> = direct.into_iter().flatten().collect();
        all.extend(self.put.iter().map(|put| &put.bytes));
        all.extend(self.transfers().map(|transfer| &transfer.bytes));
        all.extend(self.get.iter().map(|get| &get.bytes));
        let places = self.place.iter().flat_map(BTreeMap::values);
        all.extend(places.filter_map(|entry| entry.file.as_ref()));
        let checks = self.disk.iter().flat_map(BTreeMap::values);
        all.extend(checks.filter_map(|check| check.file.as_ref()));
        all
    }
}

impl Expect {
    /// Keys of the expectation that only FTP has.
    pub(super) fn keys_of_ftp(&self) -> Vec<&'static str> {
        named(&[
            ("lines", self.lines.is_some()),
            ("has", !self.has.is_empty()),
            ("lacks", !self.lacks.is_empty()),
            ("single", self.single.is_some()),
        ])
    }

    /// Keys of the expectation that only the native dialect has.
    pub(super) fn keys_of_native(&self) -> Vec<&'static str> {
        named(&[
            ("fields", !self.fields.is_empty()),
            ("matches", !self.matches.is_empty()),
            ("absent", !self.absent.is_empty()),
            ("eventually", self.eventually),
        ])
    }
}

fn named(keys: &[(&'static str, bool)]) -> Vec<&'static str> {
    keys.iter().filter(|key| key.1).map(|key| key.0).collect()
}
