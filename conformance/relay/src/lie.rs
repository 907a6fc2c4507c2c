//! The lies as data: what `fixtures/mutants-ftp.yaml` may say, as types.
//!
//! A lie is a handful of rules: replies that are changed on their way,
//! commands that the server gets in another form, data that is altered. This
//! file reads them and says which of them meets what; the sessions act on
//! it. It knows no socket. docs/lies-ftp.md is the page for people.

use std::sync::{LazyLock, OnceLock};

use regex::bytes::Regex;
use serde::Deserialize;

/// One way to be wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lie {
    /// What the command line and the scenarios call it.
    pub(crate) name: String,
    /// The family it belongs to.
    pub(crate) kind: String,
    /// What the server does wrong, in one line.
    pub(crate) does: String,
    /// The scenario whose play shows it to a watched rule; the suite's.
    #[serde(default, rename = "seen_in")]
    _seen_in: Option<String>,
    /// The rules.
    pub(crate) tells: Tells,
}

/// The rules of one lie; none at all is honesty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tells {
    /// What becomes of replies.
    #[serde(default)]
    pub(crate) replies: Vec<ReplyRule>,
    /// What becomes of commands.
    #[serde(default)]
    pub(crate) commands: Vec<CommandRule>,
    /// What becomes of data.
    #[serde(default)]
    pub(crate) data: Vec<DataRule>,
    /// What is taken for a command.
    pub(crate) segments: Option<Segments>,
}

/// Changes replies to some commands.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplyRule {
    /// The commands; `GREETING` is the reply to coming, `*` is all.
    pub(crate) of: Words,
    /// Only where the command's line matches.
    pub(crate) when: Option<Pattern>,
    /// Only where the code matches.
    pub(crate) code: Option<Pattern>,
    /// Only where the reply matches, with its CRLFs; and what `with`
    /// replaces, once. Left out: all of it.
    pub(crate) find: Option<Pattern>,
    /// What stands there instead; `${1}` is the first group.
    pub(crate) with: Option<Text>,
    /// The code instead, on every line that has the old one.
    pub(crate) becomes: Option<String>,
    /// Sent after the next reply.
    #[serde(default)]
    pub(crate) late: bool,
    /// The control connection ends behind it.
    pub(crate) then: Option<End>,
}

/// Changes what the server gets of some commands.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandRule {
    /// The commands.
    pub(crate) of: Words,
    /// Only where the line matches, without its CRLF; its groups may stand
    /// in all that follows. Left out: group 1 is the verb, 2 the argument.
    pub(crate) find: Option<Pattern>,
    /// The line instead.
    pub(crate) with: Option<Text>,
    /// Lines that the server gets before it; the client sees no reply to
    /// them.
    #[serde(default)]
    pub(crate) before: Vec<Text>,
    /// The same, behind it.
    #[serde(default)]
    pub(crate) after: Vec<Text>,
    /// The whole reply that the client gets, whatever the server says. With
    /// no `with` the server gets a NOOP instead of the command.
    pub(crate) says: Option<Text>,
}

/// Changes what goes over a data connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataRule {
    /// The commands whose data it is.
    pub(crate) of: Words,
    /// Only where the command's line matches.
    pub(crate) when: Option<Pattern>,
    /// Replaced wherever it matches, in all that comes, or in its first
    /// `WHOLE_BYTES_MAX` bytes.
    pub(crate) find: Option<Pattern>,
    /// By this.
    pub(crate) with: Option<Text>,
    /// So many bytes and no more.
    pub(crate) cut: Option<u64>,
    /// How the connection ends, instead of as it does.
    pub(crate) end: Option<End>,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum End {
    /// In order.
    Close,
    /// With a reset.
    Reset,
    /// Not at all.
    Stay,
}

/// How a server that knows no lines takes what it reads for a command.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Segments {
    /// Where a read ends, the command does.
    EndLines,
    /// What a read has behind the first line is not understood.
    FirstLineOnly,
}

/// Reads the file and finds a lie in it.
pub(crate) fn all(text: &str) -> anyhow::Result<Vec<Lie>> {
    let lies = serde_saphyr::from_str(text);
    lies.map_err(|error| anyhow::anyhow!("mutants-ftp.yaml: {error}"))
}

impl ReplyRule {
    /// Whether the rule is about this reply.
    pub(crate) fn meets(&self, verb: &str, line: &[u8], reply: &[u8]) -> bool {
        self.of.has(verb)
            && matches(&self.when, line)
            && matches(&self.code, reply.get(..3).unwrap_or_default())
            && matches(&self.find, reply)
    }

    /// The reply as the client gets it.
    pub(crate) fn told(&self, reply: Vec<u8>) -> Vec<u8> {
        let mut reply = reply;
        if let Some(with) = &self.with {
            reply = match &self.find {
                Some(find) => {
                    find.get().replace(&reply, &with.0[..]).into_owned()
                }
                None => with.0.clone(),
            };
        }
        match &self.becomes {
            Some(code) => recoded(&reply, code),
            None => reply,
        }
    }
}

impl CommandRule {
    /// The groups of a line that the rule is about.
    pub(crate) fn meets<'a>(
        &self,
        verb: &str,
        line: &'a [u8],
    ) -> Option<regex::bytes::Captures<'a>> {
        if !self.of.has(verb) {
            return None;
        }
        match &self.find {
            Some(find) => find.get().captures(line),
            None => ANY_LINE.captures(line),
        }
    }
}

impl DataRule {
    /// Whether the rule is about the data of this command.
    pub(crate) fn meets(&self, verb: &str, line: &[u8]) -> bool {
        self.of.has(verb) && matches(&self.when, line)
    }

    /// Bytes as they go on.
    pub(crate) fn told(&self, bytes: Vec<u8>) -> Vec<u8> {
        match (&self.find, &self.with) {
            (Some(find), Some(with)) => {
                find.get().replace_all(&bytes, &with.0[..]).into_owned()
            }
            _ => bytes,
        }
    }
}

fn matches(pattern: &Option<Pattern>, bytes: &[u8]) -> bool {
    pattern.as_ref().is_none_or(|pattern| pattern.get().is_match(bytes))
}

/// The reply with another code on each line that has the first line's.
fn recoded(reply: &[u8], code: &str) -> Vec<u8> {
    let Some(old) = reply.get(..3) else { return reply.to_vec() };
    let mut told = Vec::new();
    for line in reply.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(old) {
            Some(rest) => told.extend([code.as_bytes(), rest].concat()),
            None => told.extend(line),
        }
    }
    told
}

/// Verbs, in capitals: one, or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Words {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Words {
    fn has(&self, verb: &str) -> bool {
        match self {
            Words::One(word) => word == "*" || word == verb,
            Words::Many(words) => words.iter().any(|word| word == verb),
        }
    }
}

/// A regular expression over bytes; it knows Unicode unless told otherwise.
/// It is compiled when it is first wanted: of all the lies one is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Pattern {
    text: String,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    /// The expression.
    fn get(&self) -> &Regex {
        self.compiled.get_or_init(|| {
            Regex::new(&self.text).expect("a test compiles every pattern")
        })
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Pattern {
        Pattern { text, compiled: OnceLock::new() }
    }
}

/// Bytes as text, in which `\xff` is one byte.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Text(pub(crate) Vec<u8>);

impl TryFrom<String> for Text {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Text, std::num::ParseIntError> {
        let mut pieces = text.split("\\x");
        let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
        for piece in pieces {
            let digits = piece.get(..2).unwrap_or(piece);
            bytes.push(u8::from_str_radix(digits, 16)?);
            bytes.extend(&piece.as_bytes()[digits.len()..]);
        }
        Ok(Text(bytes))
    }
}

static ANY_LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?s-u)^([^ ]*) ?(.*)$").expect("it is a pattern")
});

/// More of a transfer is not looked at in one piece: listings and the files
/// of the scenarios about them are smaller.
pub(crate) const WHOLE_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// The lies that are told are good.
    fn lies() -> Vec<Lie> {
        all(include_str!("../../../fixtures/mutants-ftp.yaml"))
            .expect("they read")
    }

    #[test]
    fn every_pattern_is_one() {
        for lie in lies() {
            let Tells { replies, commands, data, segments } = lie.tells;
            let rules = replies.len() + commands.len() + data.len();
            assert!(rules > 0 || segments.is_some(), "{}", lie.name);
            let replies = replies
                .iter()
                .flat_map(|rule| [&rule.when, &rule.code, &rule.find]);
            let commands = commands.iter().map(|rule| &rule.find);
            let data = data.iter().flat_map(|rule| [&rule.when, &rule.find]);
            for pattern in replies.chain(commands).chain(data).flatten() {
                let made = Regex::new(&pattern.text);
                assert!(made.is_ok(), "{}: {made:?}", lie.name);
            }
        }
    }

    #[test]
    fn every_rule_changes_something() {
        for lie in lies() {
            for rule in lie.tells.replies {
                let acts = rule.with.is_some()
                    || rule.becomes.is_some()
                    || rule.late
                    || rule.then.is_some();
                assert!(acts, "{}", lie.name);
            }
            for rule in lie.tells.commands {
                let acts = rule.with.is_some()
                    || rule.says.is_some()
                    || !rule.before.is_empty()
                    || !rule.after.is_empty();
                assert!(acts, "{}", lie.name);
            }
            for rule in lie.tells.data {
                let acts = rule.find.is_some() && rule.with.is_some()
                    || rule.cut.is_some()
                    || rule.end.is_some();
                assert!(acts, "{}", lie.name);
            }
        }
    }

    #[test]
    fn a_code_is_changed_on_every_line_that_has_it() {
        let reply = b"211-a\r\n 211 b\r\n211 c\r\n";
        let told = recoded(reply, "214");
        assert_eq!(told, b"214-a\r\n 211 b\r\n214 c\r\n");
    }

    #[test]
    fn text_may_have_any_byte() {
        let text = Text::try_from("a\\xff\\x0d.".to_owned());
        assert_eq!(text.map(|text| text.0), Ok(b"a\xff\r.".to_vec()));
        assert!(Text::try_from("\\xno".to_owned()).is_err());
    }
}
