//! Watches one connection: every line is looked at, whatever the scenario is
//! about.
//!
//! Replies are matched to requests in order; so the code, the reason and the
//! fields of every reply are held against the table of its command. What is
//! wrong is collected, never thrown: the scenario goes on.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use crate::case::check::CODES;
use crate::reply::Reply;
use crate::verdict::Seen;

/// What is known of one connection.
#[derive(Debug, Default)]
pub struct Lint {
    phase: Phase,
    requests: VecDeque<Request>,
    /// The beginning of a request whose LF was not sent yet.
    partial: Vec<u8>,
    position: Option<u64>,
    /// The session's directory, as the last `cd` was answered.
    directory: String,
    /// Where uploads were admitted, as absolute paths; the owner takes them
    /// out. Each may have left a part, which no listing shows.
    pub uploads: BTreeSet<String>,
    /// What is wrong; the owner takes it out.
    pub faults: Vec<String>,
    /// What was seen.
    pub seen: BTreeSet<Seen>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Phase {
    #[default]
    Fresh,
    Waiting,
    Ready,
    /// `closing` was said: what is under way may still end.
    Closing,
    /// `busy` or `timeout` was said: nothing may follow.
    Over,
}

#[derive(Clone, Debug)]
struct Request {
    verb: &'static str,
    /// The first argument of a put, as it was sent.
    name: String,
    sent: Instant,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Asked,
    /// A put was told 202.
    Admitted,
    /// A get or put was told 205 or 405.
    Announced,
}

impl Lint {
    /// Bytes that are requests went out; each LF ends one.
    pub fn sent(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' {
                let verb = verb_of(&self.partial);
                let name = match verb {
                    "put" => token(&self.partial, 1),
                    _ => String::new(),
                };
                let (sent, stage) = (Instant::now(), Stage::Asked);
                self.requests.push_back(Request { verb, name, sent, stage });
                self.partial.clear();
            } else if self.partial.len() < REQUEST_BYTES_MAX
                // Any number of spaces may stand before the verb.
                && !(self.partial == b" " && *byte == b' ')
            {
                self.partial.push(*byte);
            }
        }
    }

    /// Whether every request was answered and none is half sent.
    pub fn is_in_step(&self) -> bool {
        self.phase == Phase::Ready
            && self.requests.is_empty()
            && self.partial.is_empty()
    }

    /// Whether the server said that it would close.
    pub fn was_told_goodbye(&self) -> bool {
        matches!(self.phase, Phase::Closing | Phase::Over)
    }

    /// A line came. Says when the request that it answers was sent.
    pub fn received(&mut self, reply: &Reply) -> Option<Instant> {
        for fault in &reply.faults {
            self.faults.push(fault.clone());
        }
        if reply.code.is_empty() {
            return None;
        }
        if !CODES.contains(&reply.code.as_str()) {
            self.fault(reply, "no code of the protocol");
            return None;
        }
        if self.phase == Phase::Over {
            self.fault(reply, "nothing may follow busy or timeout");
        }
        self.reason(reply);
        if reply.code == "000" {
            self.system(reply);
            return None;
        }
        if matches!(self.phase, Phase::Fresh | Phase::Waiting) {
            self.fault(reply, "a reply before ready");
        }
        self.answer(reply)
    }

    fn fault(&mut self, reply: &Reply, what: &str) {
        self.faults.push(format!("{what}: {}", reply.line));
    }

    fn reason(&mut self, reply: &Reply) {
        let reason = reply.field("reason");
        let refusal = ("400"..="404").contains(&reply.code.as_str());
        match reason {
            None if refusal => self.fault(reply, "a refusal without reason="),
            Some(_) if !refusal => {
                self.fault(reply, "a reason= that is no refusal's");
            }
            Some(word) if !REASONS.contains(&(word, &reply.code)) => {
                self.fault(
                    reply,
                    "a reason that is not of the list for its code",
                );
            }
            Some(_) | None => {}
        }
    }

    fn system(&mut self, reply: &Reply) {
        let state = reply.field("state").unwrap_or_default().to_owned();
        self.note_seen("", reply, &state);
        let early = matches!(self.phase, Phase::Fresh | Phase::Waiting);
        match state.as_str() {
            "waiting" | "ready" | "busy" if !early => {
                self.fault(reply, "a 000 line that belongs before ready");
            }
            "timeout" if early => {
                self.fault(reply, "a time limit before ready");
            }
            "waiting" => self.waiting(reply),
            "ready" => self.ready(reply),
            "busy" => self.phase = Phase::Over,
            "timeout" => {
                let limit = reply.field("limit").unwrap_or_default();
                if !["login", "idle", "stall"].contains(&limit) {
                    self.fault(reply, "a time limit that is none of three");
                }
                self.phase = Phase::Over;
            }
            "closing" => self.phase = Phase::Closing,
            _ => self.fault(reply, "a state that is not in the text"),
        }
    }

    fn waiting(&mut self, reply: &Reply) {
        self.phase = Phase::Waiting;
        let position = reply.number("position").unwrap_or(0);
        if position == 0 || reply.number("limit").unwrap_or(0) == 0 {
            self.fault(reply, "waiting has position= and limit= from 1");
        }
        if self.position.is_some_and(|before| position > before) {
            self.fault(reply, "a position that went up");
        }
        self.position = Some(position);
    }

    fn ready(&mut self, reply: &Reply) {
        self.phase = Phase::Ready;
        if reply.field("protocol") != Some("1") {
            self.fault(reply, "ready has protocol=1");
        }
        let (limit, serving) =
            (reply.number("limit"), reply.number("serving"));
        match (limit, serving) {
            (Some(limit), Some(serving)) => {
                if serving < 1 || serving > limit {
                    self.fault(reply, "serving is from 1 to limit");
                }
            }
            _ => self.fault(reply, "ready has limit= and serving="),
        }
    }

    fn answer(&mut self, reply: &Reply) -> Option<Instant> {
        let Some(request) = self.requests.front() else {
            self.fault(reply, "a reply to no request");
            return None;
        };
        let request = request.clone();
        let (verb, sent, stage) = (request.verb, request.sent, request.stage);
        let word = reply.field("reason").unwrap_or_default().to_owned();
        self.note_seen(verb, reply, &word);
        self.table(verb, stage, reply);
        let code = reply.code.as_str();
        if (verb, code) == ("cd", "201") {
            self.directory = reply.field("path").unwrap_or_default().into();
        }
        if (verb, code) == ("put", "202") {
            self.uploads.insert(self.place_of(&request.name));
        }
        let next = match (verb, code) {
            ("put", "202") => Some(Stage::Admitted),
            ("get" | "put", "205" | "405") => Some(Stage::Announced),
            _ => None,
        };
        match (next, self.requests.front_mut()) {
            (Some(next), Some(request)) => request.stage = next,
            _ => {
                self.requests.pop_front();
            }
        }
        Some(sent)
    }

    /// A name's token as an absolute path.
    fn place_of(&self, name: &str) -> String {
        match name.starts_with('/') {
            true => name.to_owned(),
            false => format!("{}/{name}", self.directory),
        }
    }

    /// Holds a reply against its command's row in section 4.
    fn table(&mut self, verb: &str, stage: Stage, reply: &Reply) {
        let code = reply.code.as_str();
        let row = ROWS.iter().find(|row| row.0 == verb);
        let codes = row.map_or(&[][..], |row| row.1);
        if !codes.contains(&code) && code != "400" && code != "401" {
            self.fault(reply, &format!("no code for `{verb}`"));
            return;
        }
        let in_turn = match (verb, code) {
            ("put", "202" | "203") => stage == Stage::Asked,
            ("put", "205" | "405") => stage == Stage::Admitted,
            ("put" | "get", "201") => stage == Stage::Announced,
            ("get", "203" | "205" | "405" | "402") => stage == Stage::Asked,
            _ => true,
        };
        if !in_turn {
            self.fault(reply, &format!("out of turn for `{verb}`"));
        }
        for (verbs, codes, fields) in FIELDS {
            if verbs.contains(&verb) && codes.contains(&code) {
                self.fields(reply, fields);
            }
        }
        if verb == "put" && reply.field("length").is_some() {
            self.fault(reply, "a put's reply has no length=");
        }
        if let (Some(offset), Some(length), Some(size)) = (
            reply.number("offset"),
            reply.number("length"),
            reply.number("size"),
        ) && offset.checked_add(length) != Some(size)
        {
            self.fault(reply, "offset and length do not make size");
        }
        if code == "405" && reply.number("offset") != Some(0) {
            self.fault(reply, "405 begins at 0");
        }
        if code == "205" && reply.number("offset") == Some(0) {
            self.fault(reply, "205 does not begin at 0");
        }
    }

    fn fields(&mut self, reply: &Reply, fields: &[&str]) {
        let over_quota = reply.field("reason") != Some("disk-full");
        for field in fields {
            let numeric = !["user", "path"].contains(field);
            let good = if numeric {
                reply.number(field).is_some()
            } else {
                reply.field(field).is_some()
            };
            if !good && (reply.code != "404" || over_quota) {
                let what = if numeric { "as a number" } else { "" };
                self.fault(reply, &format!("it lacks {field}= {what}"));
            }
        }
    }

    fn note_seen(&mut self, verb: &str, reply: &Reply, word: &str) {
        self.seen.insert(Seen {
            verb: verb.to_owned(),
            code: reply.code.clone(),
            word: word.to_owned(),
        });
    }
}

/// The verb of a request as the table names it.
fn verb_of(line: &[u8]) -> &'static str {
    let verb = token(line, 0).to_ascii_lowercase();
    let verb = if verb == "cd.." { "cd" } else { &verb };
    ROWS.iter().map(|row| row.0).find(|row| *row == verb).unwrap_or(UNKNOWN)
}

/// A token of a request, by its number from 0. Nothing but spaces stands
/// between two, and a CR before the LF is no part of the last.
fn token(line: &[u8], number: usize) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.strip_suffix('\r').unwrap_or(&text);
    let mut tokens = text.split(' ').filter(|token| !token.is_empty());
    tokens.nth(number).unwrap_or_default().to_owned()
}

/// The verb under which replies to what is no command are filed.
pub const UNKNOWN: &str = "(unknown)";

/// Enough of a request to know its verb and its first argument: no line may
/// be longer.
const REQUEST_BYTES_MAX: usize = 4096;

/// Section 4: the codes that each command can have, besides 400 and 401.
pub const ROWS: [(&str, &[&str]); 15] = [
    ("auth", &["200"]),
    ("cd", &["201", "402"]),
    ("mkdir", &["201", "402", "403"]),
    ("pwd", &["201"]),
    ("dir", &["201", "402"]),
    ("get", &["201", "203", "205", "402", "405"]),
    ("put", &["201", "202", "203", "205", "402", "403", "404", "405"]),
    ("rm", &["201", "402"]),
    ("rmdir", &["201", "402"]),
    ("mv", &["201", "402", "403"]),
    ("quota", &["201"]),
    ("noop", &["201"]),
    ("help", &["201"]),
    ("quit", &["201"]),
    (UNKNOWN, &[]),
];

/// The fields that a reply has: commands, codes, fields.
const FIELDS: [(&[&str], &[&str], &[&str]); 9] = [
    (&["auth"], &["200"], &["user", "quota", "used"]),
    (&["cd", "mkdir", "pwd"], &["201"], &["path"]),
    (&["dir"], &["201"], &["length", "entries"]),
    (&["get"], &["201", "203"], &["size"]),
    (&["get"], &["205", "405"], &["offset", "length", "size"]),
    (&["put"], &["202"], &["available"]),
    (&["put"], &["205", "405"], &["offset"]),
    (&["put"], &["404"], &["needed", "available"]),
    (&["quota"], &["201"], &["quota", "used", "parts", "available"]),
];

/// Section 8: the closed list, each reason with its code.
const REASONS: [(&str, &str); 15] = [
    ("bad-password", "400"),
    ("login-first", "400"),
    ("throttled", "400"),
    ("bad-argument", "401"),
    ("denied", "401"),
    ("digest-mismatch", "401"),
    ("io", "401"),
    ("not-empty", "401"),
    ("too-large", "401"),
    ("too-long", "401"),
    ("unknown-verb", "401"),
    ("not-found", "402"),
    ("exists", "403"),
    ("disk-full", "404"),
    ("over-quota", "404"),
];

#[cfg(test)]
mod tests;
