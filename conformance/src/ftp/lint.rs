//! Watches one control connection: every reply of every scenario, whatever
//! the scenario is about.
//!
//! Replies are matched to commands in order, as a server answers them. What
//! is wrong is filed under the id of the requirement that it breaks; the
//! scenario goes on, and the requirement fails for the run.

use std::collections::{BTreeSet, VecDeque};
use std::time::Instant;

use super::table::{allows, is_defined, row};
use crate::reply::Reply;
use crate::verdict::Seen;

/// A requirement that some reply has broken.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, serde::Serialize)]
pub struct Broken {
    /// The requirement's id, one of `RULES`.
    pub rule: &'static str,
    /// What came.
    pub what: String,
}

/// What is known of one control connection.
#[derive(Debug, Default)]
pub struct Lint {
    commands: VecDeque<Command>,
    /// The beginning of a command whose end of line was not sent yet.
    partial: Vec<u8>,
    greeted: bool,
    /// 221 or 421 was said.
    over: bool,
    /// Replies and commands cannot be matched any more: a reply came that
    /// nothing had asked for, or something was sent that may have none.
    lost: bool,
    /// What is wrong; the owner takes it out.
    pub broken: Vec<Broken>,
    /// What was seen.
    pub seen: BTreeSet<Seen>,
}

#[derive(Debug)]
struct Command {
    verb: String,
    sent: Instant,
    /// A 1yz has come.
    begun: bool,
}

impl Lint {
    /// Bytes of the control connection went out.
    pub fn sent(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte != b'\n' {
                if self.partial.len() < COMMAND_BYTES_MAX {
                    self.partial.push(*byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.partial);
            let ended = line.strip_suffix(b"\r");
            // An empty line, or one that ends in a lone LF, may be ignored.
            self.lost |= ended.is_none_or(<[u8]>::is_empty);
            let verb = verb_of(&line);
            let sent = Instant::now();
            self.commands.push_back(Command { verb, sent, begun: false });
        }
    }

    /// Whether every command was answered and none is half sent.
    pub fn is_in_step(&self) -> bool {
        self.greeted
            && !self.over
            && !self.lost
            && self.commands.is_empty()
            && self.partial.is_empty()
    }

    /// Whether the server said that it would close.
    pub fn was_told_goodbye(&self) -> bool {
        self.over
    }

    /// The command that was told a 1yz and nothing more, if there is one.
    pub fn under_way(&self) -> Option<&str> {
        let front = self.commands.front().filter(|first| first.begun)?;
        (!self.lost).then_some(&front.verb)
    }

    /// A whole reply came. Says when the command that it ends was sent.
    pub fn received(&mut self, reply: &Reply) -> Option<Instant> {
        if reply.code.is_empty() {
            self.lost = true;
            return None;
        }
        if !is_defined(&reply.code) {
            self.breaks("reply.defined-codes", reply.line.clone());
        }
        if !self.greeted {
            self.greeting(reply);
            return None;
        }
        if self.over && !self.lost {
            let what = format!("after the goodbye: {}", reply.line);
            self.breaks("reply.one-per-command", what);
        }
        self.answer(reply)
    }

    /// Bytes stood there that no command had asked for.
    pub fn stray(&mut self, shown: &str) {
        if !self.lost {
            let what = format!("nothing had asked for: {shown}");
            self.breaks("reply.one-per-command", what);
        }
        self.lost = true;
    }

    /// Raw bytes of the server's: Telnet must not be begun by it.
    pub fn telnet(&mut self, raw: &[u8]) {
        let begun = raw
            .windows(2)
            .find(|pair| pair[0] == IAC && (pair[1] == DO || pair[1] == WILL));
        if begun.is_some() {
            let what = crate::wire::shown(raw);
            self.breaks("ctl.telnet-no-negotiate", what);
        }
    }

    fn greeting(&mut self, reply: &Reply) {
        self.note_seen("", reply);
        self.greeted = reply.code != "120";
        if !["120", "220", "421"].contains(&reply.code.as_str()) {
            let what = format!("as the greeting: {}", reply.line);
            self.breaks("reply.table-adherence", what);
        }
        self.over = reply.code == "421";
    }

    fn answer(&mut self, reply: &Reply) -> Option<Instant> {
        let Some(at) = self.answered(&reply.code) else {
            if reply.code == "421" {
                self.note_seen("", reply);
                self.over = true;
            } else {
                self.stray(&reply.line.clone());
            }
            return None;
        };
        let command = &mut self.commands[at];
        let (verb, sent, begun) =
            (command.verb.clone(), command.sent, command.begun);
        let first = reply.code.starts_with('1');
        command.begun |= first;
        self.note_seen(&verb, reply);
        if first && begun {
            let what = format!("{verb}: a second {}", reply.line);
            self.breaks("reply.single-1yz", what);
        }
        let known = row(&verb).is_some();
        let good = if known {
            allows(&verb, &reply.code)
        } else {
            // What is no command of the table may be one of the server's.
            !first || reply.code == "150" || reply.code == "125"
        };
        if !good && !self.lost {
            let what = format!("{verb}: {}", reply.line);
            self.breaks("reply.table-adherence", what);
        }
        self.over |= reply.code == "221" || reply.code == "421";
        if first {
            return None;
        }
        self.commands.remove(at);
        Some(sent)
    }

    /// Which command a code answers: the first, but where that one is a
    /// transfer under way, and a later one has overtaken it.
    fn answered(&self, code: &str) -> Option<usize> {
        let first = self.commands.front()?;
        if !first.begun || allows(&first.verb, code) {
            return Some(0);
        }
        let later = self.commands.iter().skip(1);
        let overtaking = later
            .take_while(|command| !command.begun)
            .position(|command| allows(&command.verb, code));
        Some(overtaking.map_or(0, |at| at + 1))
    }

    fn breaks(&mut self, rule: &'static str, what: String) {
        self.broken.push(Broken { rule, what });
    }

    fn note_seen(&mut self, verb: &str, reply: &Reply) {
        self.seen.insert(Seen {
            verb: verb.to_owned(),
            code: reply.code.clone(),
            word: String::new(),
        });
    }
}

/// The verb of a command, in capitals; Telnet's commands are left out.
fn verb_of(line: &[u8]) -> String {
    let mut plain = Vec::new();
    let mut rest = line;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (*first, rest.first()) {
            (IAC, Some(command)) if (WILL..IAC).contains(command) => {
                rest = rest.get(2..).unwrap_or_default();
            }
            (IAC, Some(command)) if *command != IAC => {
                rest = rest.get(1..).unwrap_or_default();
            }
            // The second byte of a Synch: DM alone, its IAC was urgent.
            (DM, _) if plain.is_empty() => {}
            (byte, _) => plain.push(byte),
        }
    }
    let text = String::from_utf8_lossy(&plain).into_owned();
    let word = text.split_whitespace().next().unwrap_or_default();
    let verb: String = word.chars().take(VERB_CHARS_MAX).collect();
    verb.to_ascii_uppercase()
}

/// The requirements that the lint watches, each with the scenario of that
/// id: what breaks one anywhere in a run fails it.
pub const RULES: [&str; 13] = [
    "reply.code-text-crlf",
    "reply.no-bare-lf",
    "reply.first-digit",
    "reply.second-digit",
    "reply.one-per-command",
    "reply.single-1yz",
    "reply.final-after-1yz",
    "reply.multiline-same-code",
    "reply.multiline-pad",
    "reply.not-nested",
    "reply.table-adherence",
    "reply.defined-codes",
    "ctl.telnet-no-negotiate",
];

/// Telnet's bytes (RFC 854).
const DM: u8 = 242;
const WILL: u8 = 251;
const DO: u8 = 253;
const IAC: u8 = 255;

/// Enough of a command to know its verb.
const COMMAND_BYTES_MAX: usize = 64;

/// No verb of any RFC is longer; more would only spoil the reports.
const VERB_CHARS_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ftp::reply::Gather;

    /// Plays lines: `> command`, `< reply`; gives the rules broken.
    fn broken(lines: &[&str]) -> (Vec<&'static str>, bool) {
        let (mut lint, mut gather) = (Lint::default(), Gather::default());
        for line in lines {
            match line.split_at(2) {
                ("> ", command) => {
                    lint.sent(format!("{command}\r\n").as_bytes());
                }
                (_, reply) => {
                    let raw = format!("{reply}\r");
                    if let Some((reply, _)) = gather.line(raw.as_bytes()) {
                        lint.received(&reply);
                    }
                }
            }
        }
        let rules = lint.broken.iter().map(|one| one.rule).collect();
        (rules, lint.is_in_step())
    }

    const HELLO: &str = "< 220 hello";

    #[test]
    fn a_good_story_breaks_nothing() {
        let story = [
            HELLO,
            "> USER a",
            "< 331 password",
            "> PASS b",
            "< 230 in",
            "> RETR big",
            "< 150 coming",
            "> STAT",
            "> NOOP",
            "< 211 status",
            "< 200 ok",
            "> ABOR",
            "< 426 cut",
            "< 226 aborted",
            "> \u{fffd}XYZZY",
            "< 500 what",
        ];
        assert_eq!(broken(&story), (Vec::new(), true));
    }

    #[test]
    fn each_broken_rule_is_found() {
        let stories: [(&[&str], &str); 7] = [
            (&["< 250 hello"], "reply.table-adherence"),
            (&[HELLO, "> NOOP", "< 250 ok"], "reply.table-adherence"),
            (&[HELLO, "> NOOP", "< 259 ok"], "reply.defined-codes"),
            (&[HELLO, "< 226 what"], "reply.one-per-command"),
            (&[HELLO, "> RETR a", "< 150 a", "< 125 a"], "reply.single-1yz"),
            (
                &[HELLO, "> QUIT", "< 221 bye", "< 226 done"],
                "reply.one-per-command",
            ),
            (&[HELLO, "> TYPE I", "< 150 x"], "reply.table-adherence"),
        ];
        for (story, rule) in stories {
            let (rules, _) = broken(story);
            assert!(rules.contains(&rule), "{story:?}: {rules:?}");
        }
    }

    #[test]
    fn telnet_before_a_verb_is_not_the_verb() {
        assert_eq!(verb_of(b"\xff\xf4\xff\xf2ABOR\r"), "ABOR");
        assert_eq!(verb_of(b"\xff\xfd\x01NOOP\r"), "NOOP");
        assert_eq!(verb_of(b"\xf2abor\r"), "ABOR");
    }
}
