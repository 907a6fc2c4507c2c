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

#[derive(Debug)]
struct Request {
    verb: &'static str,
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
                let (sent, stage) = (Instant::now(), Stage::Asked);
                self.requests.push_back(Request { verb, sent, stage });
                self.partial.clear();
            } else if self.partial.len() < VERB_BYTES_MAX
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
        let (verb, sent, stage) = (request.verb, request.sent, request.stage);
        let word = reply.field("reason").unwrap_or_default().to_owned();
        self.note_seen(verb, reply, &word);
        self.table(verb, stage, reply);
        let code = reply.code.as_str();
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
    let text = String::from_utf8_lossy(line);
    let verb = text.split_whitespace().next().unwrap_or_default();
    let verb = verb.to_ascii_lowercase();
    let verb = if verb == "cd.." { "cd" } else { &verb };
    ROWS.iter().map(|row| row.0).find(|row| *row == verb).unwrap_or(UNKNOWN)
}

/// The verb under which replies to what is no command are filed.
pub const UNKNOWN: &str = "(unknown)";

/// Enough of a request to know its verb.
const VERB_BYTES_MAX: usize = 64;

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
mod tests {
    use super::*;

    /// Plays lines: `> request`, `< reply`; gives what was found.
    fn faults(lines: &[&str]) -> Vec<String> {
        let mut lint = Lint::default();
        for line in lines {
            match line.split_at(2) {
                ("> ", request) => {
                    lint.sent(format!("{request}\n").as_bytes());
                }
                (_, reply) => {
                    lint.received(&Reply::parse(reply.as_bytes()));
                }
            }
        }
        lint.faults
    }

    const READY: &str = "< 000 state=ready protocol=1 limit=2 serving=1 : hi";

    #[test]
    fn a_good_story_has_no_faults() {
        let story = [
            "< 000 state=waiting position=2 limit=2",
            "< 000 state=waiting position=1 limit=2",
            READY,
            "> auth a b",
            "< 200 user=a quota=10 used=0",
            "> put x size=3",
            "> CD..",
            "< 202 available=10",
            "< 405 offset=0",
            "< 201 size=3",
            "< 201 path=/",
            "> get x have=1",
            "< 205 offset=1 length=2 size=3",
            "< 201 size=3",
            "< 000 state=timeout limit=idle",
        ];
        assert_eq!(faults(&story), Vec::<String>::new());
    }

    #[test]
    fn each_broken_rule_is_found() {
        let stories: [&[&str]; 17] = [
            &["< 200 user=a quota=1 used=0"],
            &[READY, READY],
            &[READY, "< 201"],
            &[READY, "> noop", "< 206"],
            &[READY, "> noop", "< 401"],
            &[READY, "> noop", "< 401 reason=not-found"],
            &[READY, "> noop", "< 201 reason=io"],
            &[READY, "> noop", "< 402 reason=not-found"],
            &[READY, "> pwd", "< 201"],
            &[READY, "> get a", "< 201 size=1"],
            &[READY, "> get a", "< 405 offset=0 length=1 size=2"],
            &[READY, "> put a size=1", "< 405 offset=0"],
            &[READY, "> put a size=1", "< 404 reason=over-quota"],
            &[READY, "< 000 state=timeout limit=lunch"],
            &[READY, "< 000 state=timeout limit=idle", "< 000 state=closing"],
            &["< 000 state=ready protocol=1 limit=2 serving=3"],
            &[
                "< 000 state=waiting position=1 limit=2",
                "< 000 state=waiting position=2 limit=2",
            ],
        ];
        for story in stories {
            assert!(!faults(story).is_empty(), "{story:?}");
        }
    }

    #[test]
    fn a_verb_is_found_behind_any_number_of_spaces() {
        let request = format!("> {}pwd", " ".repeat(VERB_BYTES_MAX + 1));
        let good = [READY, &request, "< 201 path=/"];
        assert_eq!(faults(&good), Vec::<String>::new());
        let bad = [READY, &request, "< 201"];
        assert_eq!(faults(&bad), ["it lacks path= : 201"]);
        let mut lint = Lint::default();
        lint.received(&Reply::parse(&READY.as_bytes()[2..]));
        lint.sent(b"  ");
        assert!(!lint.is_in_step(), "a line is half sent");
    }

    #[test]
    fn a_request_in_pieces_is_one_request() {
        let mut lint = Lint::default();
        lint.received(&Reply::parse(&READY.as_bytes()[2..]));
        lint.sent(b"no");
        assert!(!lint.is_in_step());
        lint.sent(b"op\n");
        lint.received(&Reply::parse(b"201"));
        assert!(lint.is_in_step());
        assert_eq!(lint.faults, Vec::<String>::new());
    }
}
