//! What can be said of a step without playing it: its acts, whether it can
//! fail, and every text and byte string in it. `check` reads these.

use std::collections::BTreeMap;

use super::{Bytes, Connect, Step};

impl Step {
    /// The acts that the step names, in the order of docs/scenarios.md.
    pub fn acts(&self) -> Vec<&'static str> {
        let acts = [
            ("connect", self.connect.is_some()),
            ("login", self.login.is_some()),
            ("send", self.send.is_some()),
            ("send_raw", self.send_raw.is_some()),
            ("upload", self.upload.is_some()),
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
            || server.is_some_and(|server| server.exit.is_some())
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
        all.extend(self.get.iter().map(|get| &get.bytes));
        let places = self.place.iter().flat_map(BTreeMap::values);
        all.extend(places.filter_map(|entry| entry.file.as_ref()));
        let checks = self.disk.iter().flat_map(BTreeMap::values);
        all.extend(checks.filter_map(|check| check.file.as_ref()));
        all
    }
}
