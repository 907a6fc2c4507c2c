//! What was asked and is not answered yet, and what the lie makes of both:
//! commands on their way to the server, replies on their way back.
//!
//! Knows the rules of one lie and the order of replies. It knows no socket
//! and no port.

use std::collections::VecDeque;

use crate::lie::{End, Tells};
use crate::words::{Reply, verb_of};

/// The book of one session.
#[derive(Debug, Default)]
pub(crate) struct Book {
    asked: VecDeque<Asked>,
    greeted: bool,
    /// Replies that are sent after the next one.
    late: Vec<u8>,
}

/// A command that the server has.
#[derive(Clone, Debug, Default)]
struct Asked {
    verb: String,
    line: Vec<u8>,
    /// The client knows nothing of it.
    hidden: bool,
    /// The reply that the client gets, whatever comes.
    says: Option<Vec<u8>>,
    /// It was told a 1yz.
    begun: bool,
}

/// What the client gets.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Bytes.
    pub(crate) bytes: Vec<u8>,
    /// The end of the connection behind them.
    pub(crate) end: Option<End>,
}

impl Book {
    /// A line of the client's, without its line end: the lines that the
    /// server gets instead.
    pub(crate) fn ask(&mut self, tells: &Tells, line: &[u8]) -> Vec<Vec<u8>> {
        let verb = verb_of(line);
        let mut asked =
            Asked { verb, line: line.to_vec(), ..Asked::default() };
        for rule in &tells.commands {
            let Some(groups) = rule.meets(&asked.verb, line) else { continue };
            let filled = |text: &[u8]| {
                let mut bytes = Vec::new();
                groups.expand(text, &mut bytes);
                bytes
            };
            let behind: Vec<_> =
                rule.after.iter().map(|text| filled(&text.0)).collect();
            let mut lines: Vec<_> =
                rule.before.iter().map(|text| filled(&text.0)).collect();
            lines.iter().for_each(|line| self.hide(line));
            if let Some(says) = &rule.says {
                asked.says = Some([&filled(&says.0)[..], b"\r\n"].concat());
            }
            lines.push(match (&rule.with, &rule.says) {
                (Some(with), _) => filled(&with.0),
                (None, Some(_)) => b"NOOP".to_vec(),
                (None, None) => line.to_vec(),
            });
            self.asked.push_back(asked);
            behind.iter().for_each(|line| self.hide(line));
            lines.extend(behind);
            return lines;
        }
        self.asked.push_back(asked);
        vec![line.to_vec()]
    }

    fn hide(&mut self, line: &[u8]) {
        let (verb, line) = (verb_of(line), line.to_vec());
        let hidden = true;
        self.asked.push_back(Asked { verb, line, hidden, ..Asked::default() });
    }

    /// A reply of the server's: what the client gets for it.
    pub(crate) fn answer(&mut self, tells: &Tells, reply: Reply) -> Told {
        let Reply { telnet, bytes } = reply;
        let asked = self.answered(bytes.get(..3).unwrap_or_default());
        if asked.hidden {
            return Told { bytes: telnet, end: None };
        }
        let (mut bytes, mut end) = (asked.says.unwrap_or(bytes), None);
        bytes.splice(..0, telnet);
        for rule in &tells.replies {
            if !rule.meets(&asked.verb, &asked.line, &bytes) {
                continue;
            }
            bytes = rule.told(bytes);
            end = rule.then;
            if rule.late {
                self.late.extend(bytes);
                return Told::default();
            }
            break;
        }
        bytes.append(&mut self.late);
        Told { bytes, end }
    }

    /// Which command a code answers: the first, but where that one is a
    /// transfer under way and a later one has overtaken it.
    fn answered(&mut self, code: &[u8]) -> Asked {
        let first = code.first() == Some(&b'1');
        if !self.greeted {
            self.greeted = !first;
            return Asked { verb: "GREETING".into(), ..Asked::default() };
        }
        let overtaken = self.asked.front().is_some_and(|a| a.begun)
            && !TRANSFER_CODES.contains(&code);
        let later = self.asked.iter().position(|asked| !asked.begun);
        let at = later.filter(|_| overtaken).unwrap_or(0);
        if first {
            let Some(asked) = self.asked.get_mut(at) else {
                return Asked::default();
            };
            asked.begun = true;
            return asked.clone();
        }
        self.asked.remove(at).unwrap_or_default()
    }
}

/// What ends a transfer (RFC 959 §5.4).
const TRANSFER_CODES: [&[u8]; 13] = [
    b"226", b"250", b"421", b"425", b"426", b"450", b"451", b"452", b"550",
    b"551", b"552", b"553", b"554",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lie;

    /// Plays `> command` and `< reply` lines; what each gives to the other.
    fn played(tells: &str, story: &[&str]) -> Vec<String> {
        let text = format!("[{{name: a, kind: b, does: c, tells: {tells}}}]");
        let lies = lie::all(&text).expect("the rules are good");
        let (mut book, tells) = (Book::default(), &lies[0].tells);
        let mut seen = Vec::new();
        for step in ["< 220 hello"].iter().chain(story) {
            let bytes = match step.split_at(2) {
                ("> ", line) => {
                    book.ask(tells, line.as_bytes()).join(&b" + "[..])
                }
                (_, reply) => {
                    let bytes = format!("{reply}\r\n").into_bytes();
                    let reply = Reply { telnet: Vec::new(), bytes };
                    book.answer(tells, reply).bytes
                }
            };
            let text = String::from_utf8_lossy(&bytes).replace("\r\n", "/");
            seen.push(text);
        }
        seen.remove(0);
        seen
    }

    #[test]
    fn without_rules_all_goes_on_as_it_came() {
        let story = ["> NOOP", "< 200 ok", "> RETR a", "< 150 a", "< 226 b"];
        assert_eq!(
            played("{}", &story),
            ["NOOP", "200 ok/", "RETR a", "150 a/", "226 b/"]
        );
    }

    #[test]
    fn a_reply_rule_meets_its_commands_replies_alone() {
        let tells = "{replies: [{of: STAT, becomes: '212'}]}";
        let story = [
            "> RETR a", "< 150 a", "> STAT", "< 211 st", "< 226 b", "> NOOP",
            "< 200 n",
        ];
        let said = played(tells, &story);
        assert_eq!(said[3], "212 st/");
        assert_eq!((&*said[4], &*said[6]), ("226 b/", "200 n/"));
    }

    #[test]
    fn what_the_client_did_not_ask_is_not_told() {
        let tells = "{commands: [{of: RETR, before: [TYPE A, 'REST 1'], \
                     after: ['DELE ${2}']}]}";
        let story = [
            "> RETR a b",
            "< 200 a",
            "< 350 r",
            "< 150 x",
            "< 226 y",
            "< 250 z",
        ];
        assert_eq!(
            played(tells, &story),
            [
                "TYPE A + REST 1 + RETR a b + DELE a b",
                "",
                "",
                "150 x/",
                "226 y/",
                "",
            ]
        );
    }

    #[test]
    fn a_command_may_be_answered_and_not_done() {
        let tells = "{commands: [{of: DELE, says: '250 Gone.'}]}";
        assert_eq!(
            played(tells, &["> DELE a", "< 200 ok"]),
            ["NOOP", "250 Gone./"]
        );
    }

    #[test]
    fn late_replies_come_after_the_next() {
        let tells = "{replies: [{of: PWD, late: true}]}";
        let story = ["> PWD", "> NOOP", "< 257 p", "< 200 n"];
        assert_eq!(played(tells, &story)[2..], ["", "200 n/257 p/"]);
    }
}
