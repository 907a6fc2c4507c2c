//! One named client: its connection, its transcript, its lint.
//!
//! Every byte of a scenario passes through here, so that nothing is sent or
//! received that the transcript does not show and the lint does not see.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use super::ftp::Link;
use super::scene::{Scene, Stop, lock};
use super::speech::{STRAY, Speech};
use crate::case::{Close, Dialect, Millis};
use crate::peer::{End, Peer, Route, Trouble};
use crate::reply::Reply;
use crate::wire::{Kind, shown};

/// One named client.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) name: String,
    scene: Arc<Scene>,
    peer: Option<Peer>,
    speech: Speech,
    /// FTP's data connections by name.
    pub(super) links: BTreeMap<String, Link>,
    /// The last line that was a reply.
    pub(super) last: Option<Reply>,
    connecting: Instant,
    evidence: Option<usize>,
}

/// How bytes are cut into writes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// Bytes a write; all at once when left out.
    pub(super) pieces: Option<u64>,
    /// The pause between two writes.
    pub(super) gap: Option<Millis>,
    /// Whether the last byte goes as urgent data.
    pub(super) urgent: bool,
}

impl Client {
    /// Connects.
    pub(super) fn connect(
        scene: &Arc<Scene>,
        name: &str,
        from: Option<IpAddr>,
        deadline: Instant,
    ) -> Result<Client, Unconnected> {
        let address = scene.address().map_err(Unconnected::Trouble)?;
        let connecting = Instant::now();
        let abort = scene.abort.clone();
        let own_port = scene.case.dialect == Dialect::Ftp;
        let route = Route { from, own_port, ..Route::default() };
        let mut peer = Peer::connect_by(route, address, deadline, abort)
            .map_err(|error| {
                let what = format!("connecting to {address}: {error}");
                scene.wire.add(name, Kind::Note, what.clone());
                match error.kind() {
                    ErrorKind::ConnectionRefused => Unconnected::Refused(what),
                    _ => Unconnected::Trouble(Stop::Trouble(what)),
                }
            })?;
        let speech = Speech::new(scene.case.dialect);
        peer.set_line_bytes_max(speech.line_bytes_max());
        scene.wire.add(name, Kind::Note, "connected");
        Ok(Client {
            name: name.to_owned(),
            scene: scene.clone(),
            peer: Some(peer),
            speech,
            links: BTreeMap::new(),
            last: None,
            connecting,
            evidence: None,
        })
    }

    /// Whether there is a connection, as far as the client knows.
    pub(super) fn is_connected(&self) -> bool {
        self.peer.is_some()
    }

    /// Sends requests, or parts of them.
    pub(super) fn send(
        &mut self,
        bytes: &[u8],
        pace: Pace,
        deadline: Instant,
    ) -> Result<(), Stop> {
        let end = self.speech.line_end().as_bytes();
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = match line.strip_suffix(end) {
                Some(whole) => shown_line(whole),
                None if line.ends_with(b"\n") => shown_line(line),
                None => format!("{} (no LF)", shown_line(line)),
            };
            self.note(Kind::Sent, self.scene.veiled(text));
        }
        self.unasked();
        self.speech.sent(bytes);
        if pace.urgent {
            return self.write_urgent(bytes, deadline);
        }
        self.write(bytes, pace, deadline)
    }

    /// How a request ends.
    pub(super) fn line_end(&self) -> &'static str {
        self.speech.line_end()
    }

    /// The client's own address and the server's.
    pub(super) fn addresses(
        &mut self,
    ) -> Result<(SocketAddr, SocketAddr), Stop> {
        let addresses = self.peer()?.addresses();
        addresses.map_err(|error| Stop::Trouble(error.to_string()))
    }

    fn write_urgent(
        &mut self,
        bytes: &[u8],
        deadline: Instant,
    ) -> Result<(), Stop> {
        self.note(Kind::Note, "the last byte of it was urgent");
        let sent = self.peer()?.send_urgent(bytes, deadline);
        sent.map_err(|trouble| self.stop(trouble))
    }

    /// Writes raw bytes; that the server has gone is for a read to find out.
    pub(super) fn write(
        &mut self,
        bytes: &[u8],
        pace: Pace,
        deadline: Instant,
    ) -> Result<(), Stop> {
        let piece = pace
            .pieces
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(bytes.len())
            .max(1);
        for (number, part) in bytes.chunks(piece).enumerate() {
            if let (Some(gap), true) = (pace.gap, number > 0) {
                thread::sleep(gap.duration());
            }
            match self.peer()?.send(part, deadline) {
                Ok(()) => {}
                Err(Trouble::Ended(_)) => {
                    self.note(Kind::Note, "the server reads no more");
                    return Ok(());
                }
                Err(trouble) => return Err(self.stop(trouble)),
            }
        }
        Ok(())
    }

    /// The next reply, linted and written down.
    pub(super) fn line(&mut self, deadline: Instant) -> Result<Reply, Read> {
        let reply = loop {
            let raw = match self.peer.as_mut() {
                None => return Err(Read::Stop(not_connected(&self.name))),
                Some(peer) => peer.line(deadline),
            };
            let raw = match raw {
                Ok(raw) => raw,
                Err(trouble) => {
                    self.speech.broke_off();
                    self.report_faults();
                    return Err(self.unread(trouble));
                }
            };
            if let Some(reply) = self.speech.line(&raw) {
                break reply;
            }
            if self.speech.is_endless() {
                return Err(Read::TooLong("a reply without an end".into()));
            }
        };
        self.note(Kind::Received, reply.line.clone());
        let sent = self.speech.received(&reply);
        if let (Some(sent), Some(handle)) = (sent, self.evidence) {
            lock(&self.scene.evidence).answered(handle, sent);
        }
        if reply.code == "000" {
            self.system(&reply);
        } else {
            self.greeted(&reply);
            self.last = Some(reply.clone());
        }
        self.report_faults();
        Ok(reply)
    }

    /// Up to `max` raw bytes, at least one; not written down.
    pub(super) fn bytes(
        &mut self,
        max: usize,
        deadline: Instant,
    ) -> Result<Vec<u8>, Read> {
        match self.peer.as_mut() {
            None => Err(Read::Stop(not_connected(&self.name))),
            Some(peer) => peer
                .bytes(max, deadline)
                .map_err(|trouble| self.unread(trouble)),
        }
    }

    /// Goes, one way or another.
    pub(super) fn close(&mut self, how: Close) -> Result<(), Stop> {
        let (text, done) = match how {
            Close::Half => {
                let done = self.peer()?.close_half();
                ("closed its sending direction", done)
            }
            Close::Fin => {
                self.peer = None;
                ("closed", Ok(()))
            }
            Close::Reset => {
                let peer = self.peer.take();
                let done = match peer {
                    Some(peer) => peer.reset(),
                    None => return Err(not_connected(&self.name)),
                };
                ("reset the connection", done)
            }
        };
        self.note(Kind::Note, text);
        // A connection that the server has ended already cannot be ended
        // again; the scenario's next step sees what that means.
        if let Err(error) = done {
            self.note(Kind::Note, format!("that is: {error}"));
        }
        Ok(())
    }

    /// The server has closed, as it should have.
    pub(super) fn server_closed(&mut self) {
        self.peer = None;
    }

    /// Ends a session that is in step: no stray byte may be left, `quit` is
    /// answered by 201, and then the server closes.
    pub(super) fn farewell(&mut self) {
        self.links.clear();
        if !self.is_connected() {
            return;
        }
        self.ended_transfer();
        if !self.speech.is_in_step() || self.unasked() {
            self.peer = None;
            return;
        }
        let deadline =
            (Instant::now() + self.scene.patience).min(self.scene.deadline);
        let quit = format!("quit{}", self.line_end());
        let sent = self.send(quit.as_bytes(), Pace::default(), deadline);
        if sent.is_err() {
            return;
        }
        match &self.speech {
            // What QUIT is answered with has a scenario of its own; that it
            // is not answered by another command's reply is the lint's.
            Speech::Ftp(_) => while self.line(deadline).is_ok() {},
            Speech::Native(_) => {
                if let Err(what) = self.last_words(deadline) {
                    self.fault(format!(
                        "quit is answered by 201, then the close; {what}"
                    ));
                }
            }
        }
        self.peer = None;
    }

    /// FTP: what was begun must be ended, now that no data connection is
    /// left (RFC 959 §4.2).
    fn ended_transfer(&mut self) {
        let deadline =
            (Instant::now() + self.scene.patience).min(self.scene.deadline);
        while let Some(verb) = self.speech.under_way() {
            if let Err(read) = self.line(deadline) {
                if matches!(read, Read::Late) {
                    let what = format!("{verb} was begun and never ended");
                    self.speech.file("reply.final-after-1yz", what);
                    self.report_faults();
                }
                return;
            }
        }
    }

    /// Whether bytes stand there that no request has asked for.
    fn unasked(&mut self) -> bool {
        let Some(peer) = self.peer.as_mut() else { return false };
        if !self.speech.is_in_step() || peer.look().is_err() {
            return false;
        }
        let pending = peer.pending();
        let stray = self.speech.stray(pending);
        if stray {
            let what = shown(pending);
            match &self.speech {
                Speech::Native(_) => self.fault(format!(
                    "stray bytes that nothing asked for: {what}"
                )),
                Speech::Ftp(_) => {
                    self.speech.file(STRAY, what);
                    self.report_faults();
                }
            }
        }
        stray
    }

    fn last_words(&mut self, deadline: Instant) -> Result<(), String> {
        let mut answered = false;
        loop {
            match self.line(deadline) {
                Ok(reply) if reply.code == "000" => {}
                Ok(reply) if reply.code == "201" && !answered => {
                    answered = true;
                }
                Ok(reply) => return Err(format!("got {}", reply.line)),
                Err(Read::Ended(_)) if self.speech.was_told_goodbye() => {
                    return Ok(());
                }
                Err(Read::Ended(end)) if !answered => {
                    return Err(format!("got {}", end_text(end)));
                }
                Err(Read::Ended(_)) | Err(Read::Stop(_)) => return Ok(()),
                Err(Read::Late) if answered => {
                    return Err("the server stayed".into());
                }
                Err(Read::Late) => return Err("nothing came".into()),
                Err(Read::TooLong(begin)) => {
                    return Err(format!("got an endless line: {begin}"));
                }
            }
        }
    }

    /// Writes into the transcript.
    pub(super) fn note(&self, kind: Kind, text: impl Into<String>) {
        self.scene.wire.add(&self.name, kind, text);
    }

    fn system(&mut self, reply: &Reply) {
        if let Some(limit) = reply.number("limit") {
            let mut found = self.scene.found();
            found.limit = Some(found.limit.unwrap_or(0).max(limit));
        }
        if reply.field("state") == Some("ready") && self.evidence.is_none() {
            let serving = reply.number("serving");
            let mut evidence = lock(&self.scene.evidence);
            self.evidence = Some(evidence.ready(self.connecting, serving));
        }
    }

    /// FTP: the greeting shows that the client is served.
    fn greeted(&mut self, reply: &Reply) {
        let ftp = matches!(self.speech, Speech::Ftp(_));
        if ftp && reply.code == "220" && self.evidence.is_none() {
            let mut evidence = lock(&self.scene.evidence);
            self.evidence = Some(evidence.ready(self.connecting, None));
        }
    }

    fn fault(&self, what: String) {
        self.scene.fault(&self.name, format!("{}: {what}", self.name));
    }

    fn report_faults(&mut self) {
        let findings = self.speech.findings();
        for what in findings.faults {
            self.fault(what);
        }
        for broken in findings.broken {
            let what = format!("{}: {}", broken.rule, broken.what);
            self.note(Kind::Fault, what);
            self.scene.found().broken.insert(broken);
        }
        let mut found = self.scene.found();
        // What came after a script has stopped is not what it stopped for.
        if !self.scene.abort.load(Ordering::Relaxed)
            && let Some(last) = findings.seen.last()
        {
            found.last = Some(last.clone());
        }
        found.seen.extend(findings.seen);
        found.uploads.extend(findings.uploads);
    }

    fn peer(&mut self) -> Result<&mut Peer, Stop> {
        let name = &self.name;
        self.peer.as_mut().ok_or_else(|| not_connected(name))
    }

    fn stop(&self, trouble: Trouble) -> Stop {
        match self.unread(trouble) {
            Read::Stop(stop) => stop,
            Read::Late => Stop::Late(crate::verdict::Failure {
                wanted: "that the server reads what is sent".into(),
                got: "it did not, for as long as was waited".into(),
                client: self.name.clone(),
                at: String::new(),
            }),
            Read::Ended(_) | Read::TooLong(_) => Stop::Aborted,
        }
    }

    fn unread(&self, trouble: Trouble) -> Read {
        match trouble {
            Trouble::Late => Read::Late,
            Trouble::Ended(end) => {
                self.note(Kind::Note, end_text(end));
                Read::Ended(end)
            }
            Trouble::TooLong => {
                let pending = self.peer.as_ref().map(Peer::pending);
                Read::TooLong(shown(pending.unwrap_or_default()))
            }
            Trouble::Aborted => Read::Stop(Stop::Aborted),
            Trouble::Io(error) => Read::Stop(Stop::Trouble(error.to_string())),
        }
    }
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum Unconnected {
    /// Nobody listens there; in words.
    Refused(String),
    /// It cannot be told why.
    Trouble(Stop),
}

impl From<Unconnected> for Stop {
    /// To be refused is trouble where a connection is wanted: it does not
    /// say which server is not there.
    fn from(why: Unconnected) -> Stop {
        match why {
            Unconnected::Refused(what) => Stop::Trouble(what),
            Unconnected::Trouble(stop) => stop,
        }
    }
}

/// Why there is no line and no byte.
#[derive(Debug)]
pub(super) enum Read {
    /// The deadline passed.
    Late,
    /// The server ended the connection.
    Ended(End),
    /// An endless line; how it begins.
    TooLong(String),
    /// It is not the server's doing.
    Stop(Stop),
}

/// The end of a connection for people.
pub(super) fn end_text(end: End) -> &'static str {
    match end {
        End::Clean => "the server closed the connection",
        End::Reset => "the server reset the connection",
    }
}

fn not_connected(name: &str) -> Stop {
    Stop::Trouble(format!("the client {name} is not connected"))
}

/// A request for people: text where it is text.
fn shown_line(line: &[u8]) -> String {
    match std::str::from_utf8(line) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => shown(line),
    }
}
