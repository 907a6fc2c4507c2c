//! The native protocol as a conversation (`docs/native-protocol.md`), over
//! the wire halves of the library.
//!
//! Must not know: sockets, schedules, what the bytes of a file should be.

use std::io::Write as _;

use ftpool::native::{
    code::Code,
    line::LINE_BYTES_MAX,
    wire::{self, Reply},
};

use super::{Conversation, Dialect, Heard, Step};

/// ftpool's own protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Native;

impl Dialect for Native {
    type Talk = Talk;

    const NAME: &'static str = "native";
    const TORN_SIGN_IN: &'static [u8] = b"auth half-a-na";

    fn talk(&self) -> Talk {
        Talk { state: State::Queued, asked: Asked::Plain, partial: Vec::new() }
    }
}

/// One native connection's state.
#[derive(Debug)]
pub(crate) struct Talk {
    state: State,
    asked: Asked,
    /// The beginning of a line whose end has not arrived.
    partial: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the ready line.
    Queued,
    /// A reply may come; any `000` line may come instead.
    Line,
    /// So many raw bytes are still to come.
    Body { left: u64 },
    /// The listing is complete, and no reply follows: its only one came
    /// before it.
    ListingEnd,
}

/// What was asked, as far as the reading of the replies depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    SignIn,
    Plain,
    Dir,
    Get,
    GetTail,
    Put,
    PutSent,
}

impl Conversation for Talk {
    fn begin(&mut self, step: Step<'_>, out: &mut Vec<u8>) {
        self.state = State::Line;
        self.asked = match step {
            Step::SignIn { .. } => Asked::SignIn,
            Step::Dir(_) => Asked::Dir,
            Step::Get { .. } => Asked::Get,
            Step::Put { .. } => Asked::Put,
            Step::Pwd
            | Step::Cd(_)
            | Step::Mkdir(_)
            | Step::Rmdir(_)
            | Step::Rm(_)
            | Step::Quit => Asked::Plain,
        };
        write_request(step, out);
    }

    fn hear<'a>(
        &mut self,
        bytes: &'a [u8],
        _out: &mut Vec<u8>,
    ) -> (usize, Heard<'a>) {
        match self.state {
            State::Body { left } => self.body(bytes, left),
            State::ListingEnd => {
                self.state = State::Line;
                (0, Heard::Done { code: None, size: None })
            }
            State::Queued | State::Line => self.line(bytes),
        }
    }
}

impl Talk {
    fn body<'a>(&mut self, bytes: &'a [u8], left: u64) -> (usize, Heard<'a>) {
        if bytes.is_empty() {
            return (0, Heard::Nothing);
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let taken = bytes.len().min(most);
        self.expect_body(left - taken as u64);
        (taken, Heard::Body(&bytes[..taken]))
    }

    fn expect_body(&mut self, left: u64) {
        self.state = match (left, self.asked) {
            (0, Asked::Dir) => State::ListingEnd,
            (0, _) => State::Line,
            (left, _) => State::Body { left },
        };
    }

    fn line<'a>(&mut self, bytes: &'a [u8]) -> (usize, Heard<'a>) {
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(bytes.len(), |at| at + 1);
        if self.partial.len() + used > LINE_BYTES_MAX {
            return (used, nonsense(b"a line over its limit"));
        }
        let Some(end) = end else {
            self.partial.extend_from_slice(bytes);
            return (used, Heard::Nothing);
        };
        if self.partial.is_empty() {
            return (used, self.reply(&bytes[..end]));
        }
        let mut whole = std::mem::take(&mut self.partial);
        whole.extend_from_slice(&bytes[..end]);
        let heard = self.reply(&whole);
        whole.clear();
        self.partial = whole;
        (used, heard)
    }

    fn reply(&mut self, line: &[u8]) -> Heard<'static> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(reply) = wire::decode_reply(line) else {
            return nonsense(line);
        };
        if reply.code == Code::System {
            return self.system(&reply, line);
        }
        if self.state == State::Queued {
            return nonsense(line);
        }
        self.answer(&reply).unwrap_or_else(|| nonsense(line))
    }

    fn system(&mut self, reply: &Reply<'_>, line: &[u8]) -> Heard<'static> {
        let limit = reply.number("limit");
        match reply.field("state") {
            Some("waiting") => {
                Heard::Waiting { position: reply.number("position"), limit }
            }
            Some("ready") if self.state == State::Queued => {
                self.state = State::Line;
                Heard::Ready { limit, serving: reply.number("serving") }
            }
            Some("busy") => Heard::TurnedAway("000 busy".to_owned()),
            Some("timeout") => Heard::Dismissed("000 timeout".to_owned()),
            Some("closing") => Heard::Dismissed("000 closing".to_owned()),
            _ => nonsense(line),
        }
    }

    /// What a reply means to what was asked; `None` where it does not fit.
    fn answer(&mut self, reply: &Reply<'_>) -> Option<Heard<'static>> {
        let code = number(reply.code);
        let size = reply.number("size");
        if reply.code.is_refusal() {
            let reason = reply.field("reason").unwrap_or("without a reason");
            if reason == "throttled" && self.asked == Asked::SignIn {
                return Some(Heard::TryAgain { code });
            }
            let label = format!("{} {reason}", reply.code.digits());
            return Some(Heard::Refused { code, label });
        }
        let done = Some(Heard::Done { code: Some(code), size });
        match (self.asked, reply.code) {
            (Asked::SignIn, Code::SignedIn)
            | (Asked::Plain | Asked::GetTail | Asked::PutSent, Code::Done)
            | (Asked::Get | Asked::Put, Code::Same) => done,
            (Asked::Dir, Code::Done) => {
                let length = reply.number("length")?;
                let entries = reply.number("entries");
                self.expect_body(length);
                Some(Heard::Flow { code, offset: 0, length, entries })
            }
            (Asked::Get, Code::Resuming | Code::FromStart) => {
                let (length, offset) =
                    (reply.number("length")?, reply.number("offset")?);
                self.asked = Asked::GetTail;
                self.expect_body(length);
                Some(Heard::Flow { code, offset, length, entries: None })
            }
            (Asked::Put, Code::SpaceEnough) => Some(Heard::Nothing),
            (Asked::Put, Code::Resuming | Code::FromStart) => {
                self.asked = Asked::PutSent;
                Some(Heard::Send { code, offset: reply.number("offset")? })
            }
            _ => None,
        }
    }
}

/// The request's bytes. It does what the library's encoder does, without
/// making a `Request` first: nothing is allocated once `out` has grown.
fn write_request(step: Step<'_>, out: &mut Vec<u8>) {
    let result = match step {
        Step::SignIn { user, password } => {
            let user = ftpool::native::token::encoded(user.as_bytes());
            let password = ftpool::native::token::encoded(password.as_bytes());
            writeln!(out, "auth {user} {password}")
        }
        Step::Pwd => out.write_all(b"pwd\n"),
        Step::Cd(path) => writeln!(out, "cd {path}"),
        Step::Dir(path) => writeln!(out, "dir {path}"),
        Step::Mkdir(path) => writeln!(out, "mkdir {path}"),
        Step::Rmdir(path) => writeln!(out, "rmdir {path}"),
        Step::Rm(path) => writeln!(out, "rm {path}"),
        Step::Get { path, held: None } => writeln!(out, "get {path}"),
        Step::Get { path, held: Some((have, digest)) } => {
            writeln!(out, "get {path} have={have} digest={digest}")
        }
        Step::Put { path, size, digest: None } => {
            writeln!(out, "put {path} size={size}")
        }
        Step::Put { path, size, digest: Some(digest) } => {
            writeln!(out, "put {path} size={size} digest={digest}")
        }
        Step::Quit => out.write_all(b"quit\n"),
    };
    result.expect("a Vec takes every write");
}

fn number(code: Code) -> u16 {
    code.digits().parse().expect("three digits are a number")
}

fn nonsense(line: &[u8]) -> Heard<'static> {
    let shown = &line[..line.len().min(NONSENSE_SHOWN_MAX)];
    Heard::Nonsense(String::from_utf8_lossy(shown).into_owned())
}

/// As much of a line that is no reply as a report needs to show.
const NONSENSE_SHOWN_MAX: usize = 80;

#[cfg(test)]
mod tests {
    use super::{Conversation, Dialect, Heard, Native, Step};

    /// Everything that `bytes` say, when they come in pieces of `piece`.
    fn told(
        step: Option<Step<'_>>,
        bytes: &[u8],
        piece: usize,
    ) -> Vec<String> {
        let mut talk = Native.talk();
        let mut facts = Vec::new();
        if let Some(step) = step {
            let ready = b"000 state=ready protocol=1 limit=3 serving=1\n";
            assert!(matches!(
                talk.hear(ready, &mut Vec::new()).1,
                Heard::Ready { .. }
            ));
            talk.begin(step, &mut Vec::new());
        }
        for piece in bytes.chunks(piece) {
            let mut at = 0;
            loop {
                let (used, heard) = talk.hear(&piece[at..], &mut Vec::new());
                at += used;
                match heard {
                    Heard::Nothing if used == 0 => break,
                    Heard::Nothing => {}
                    Heard::Body(bytes) => {
                        facts.extend(bytes.iter().map(|byte| {
                            format!("byte {}", char::from(*byte))
                        }));
                    }
                    fact => facts.push(format!("{fact:?}")),
                }
            }
        }
        facts
    }

    #[test]
    fn pieces_of_any_length_say_the_same() {
        let put = Step::Put { path: "a", size: 9, digest: None };
        let get = Step::Get { path: "a", held: None };
        let stories: [(Option<Step<'_>>, &[u8], usize); 5] = [
            (
                None,
                b"000 state=waiting position=2 limit=3 : wait\n\
                000 state=ready protocol=1 limit=3 serving=3 : go\n",
                2,
            ),
            (Some(get), b"405 offset=0 length=3 size=3\nabc201 size=3\n", 5),
            (Some(Step::Dir("/")), b"201 length=2 entries=1\na\n", 4),
            (Some(Step::Dir("/")), b"201 length=0 entries=0\n", 2),
            (Some(put), b"202 available=9\r\n405 offset=0\n201 size=9\n", 2),
        ];
        for (step, bytes, count) in stories {
            let whole = told(step, bytes, bytes.len());
            assert_eq!(whole.len(), count, "{whole:?}");
            for piece in 1..bytes.len() {
                assert_eq!(told(step, bytes, piece), whole);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_nonsense() {
        for bytes in ["203 size=3\n", "hello\n", "405 offset=0\n", "999\n"] {
            let facts = told(Some(Step::Dir("/")), bytes.as_bytes(), 64);
            assert!(facts[0].starts_with("Nonsense"), "{facts:?}");
        }
        let early = told(None, b"201\n", 64);
        assert!(early[0].starts_with("Nonsense"), "{early:?}");
    }

    #[test]
    fn a_refusal_has_its_code_and_reason() {
        let facts = told(Some(Step::Pwd), b"400 reason=login-first : x\n", 64);
        assert!(facts[0].contains("400 login-first"), "{facts:?}");
        let sign_in = Step::SignIn { user: "u", password: "p" };
        let facts = told(Some(sign_in), b"400 reason=throttled\n", 64);
        assert!(facts[0].starts_with("TryAgain"), "{facts:?}");
    }
}
