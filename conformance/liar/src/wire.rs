//! The wording: requests read from a line, replies and reasons written to
//! one. Knows nothing of sockets, files or users.

use std::fmt;

use crate::{
    lies::{Lie, told},
    names,
};

/// A line's longest length, with its LF, in bytes.
pub(crate) const LINE_MAX: usize = 4096;

/// The verbs, as `help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    /// `auth USER PASSWORD`
    Auth,
    /// `cd [DIR]`
    Cd,
    /// `cd..`
    CdUp,
    /// `mkdir DIR`
    Mkdir,
    /// `pwd`
    Pwd,
    /// `dir [PATH]`
    Dir,
    /// `get FILE [have=N] [digest=D]`
    Get,
    /// `put FILE size=N [digest=D]`
    Put,
    /// `rm FILE`
    Rm,
    /// `rmdir DIR`
    Rmdir,
    /// `mv FROM TO`
    Mv,
    /// `quota`
    Quota,
    /// `noop`
    Noop,
    /// `help`
    Help,
    /// `quit`
    Quit,
}

/// Verb, word, least and most positional tokens, options.
type VerbRow = (Verb, &'static str, usize, usize, &'static [&'static str]);

const VERBS: &[VerbRow] = &[
    (Verb::Auth, "auth", 2, 2, &[]),
    (Verb::Cd, "cd", 0, 1, &[]),
    (Verb::CdUp, "cd..", 0, 0, &[]),
    (Verb::Mkdir, "mkdir", 1, 1, &[]),
    (Verb::Pwd, "pwd", 0, 0, &[]),
    (Verb::Dir, "dir", 0, 1, &[]),
    (Verb::Get, "get", 1, 1, &["have", "digest"]),
    (Verb::Put, "put", 1, 1, &["size", "digest"]),
    (Verb::Rm, "rm", 1, 1, &[]),
    (Verb::Rmdir, "rmdir", 1, 1, &[]),
    (Verb::Mv, "mv", 2, 2, &[]),
    (Verb::Quota, "quota", 0, 0, &[]),
    (Verb::Noop, "noop", 0, 0, &[]),
    (Verb::Help, "help", 0, 0, &[]),
    (Verb::Quit, "quit", 0, 0, &[]),
];

/// The closed list of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    BadPassword,
    LoginFirst,
    Throttled,
    BadArgument,
    Denied,
    DigestMismatch,
    Io,
    NotEmpty,
    TooLarge,
    TooLong,
    UnknownVerb,
    NotFound,
    Exists,
    DiskFull,
    OverQuota,
}

impl Reason {
    /// Its code and its word.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::BadPassword => ("400", "bad-password"),
            Self::LoginFirst => ("400", "login-first"),
            Self::Throttled => ("400", "throttled"),
            Self::BadArgument => ("401", "bad-argument"),
            Self::Denied => ("401", "denied"),
            Self::DigestMismatch => ("401", "digest-mismatch"),
            Self::Io => ("401", "io"),
            Self::NotEmpty => ("401", "not-empty"),
            Self::TooLarge => ("401", "too-large"),
            Self::TooLong => ("401", "too-long"),
            Self::UnknownVerb => ("401", "unknown-verb"),
            Self::NotFound => ("402", "not-found"),
            Self::Exists => ("403", "exists"),
            Self::DiskFull => ("404", "disk-full"),
            Self::OverQuota => ("404", "over-quota"),
        }
    }
}

/// One reply line: the code, the fields, a text for people.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    /// The three digits.
    pub(crate) code: &'static str,
    /// The fields, in order.
    pub(crate) fields: Vec<(&'static str, String)>,
    /// The text, or nothing.
    pub(crate) text: &'static str,
}

impl Reply {
    /// A reply of that code without fields.
    pub(crate) fn new(code: &'static str) -> Self {
        Self { code, fields: Vec::new(), text: "" }
    }

    /// A refusal.
    pub(crate) fn refuse(reason: Reason) -> Self {
        let (code, word) = reason.words();
        Self::new(code).with("reason", word)
    }

    /// The same with one more field.
    pub(crate) fn with(
        mut self,
        key: &'static str,
        value: impl ToString,
    ) -> Self {
        self.fields.push((key, value.to_string()));
        self
    }

    /// The same with a text.
    pub(crate) fn text(mut self, text: &'static str) -> Self {
        self.text = text;
        self
    }

    /// Whether this is a refusal for that reason.
    pub(crate) fn is(&self, reason: Reason) -> bool {
        let (_, word) = reason.words();
        self.fields.iter().any(|(k, v)| *k == "reason" && v == word)
    }
}

impl From<Reason> for Reply {
    fn from(reason: Reason) -> Self {
        Self::refuse(reason)
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)?;
        for (key, value) in &self.fields {
            write!(f, " {key}={value}")?;
        }
        if !self.text.is_empty() {
            write!(f, " : {}", self.text)?;
        }
        f.write_str("\n")
    }
}

/// A request, read and checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// What is asked.
    pub(crate) verb: Verb,
    /// The positional tokens, decoded.
    pub(crate) args: Vec<Vec<u8>>,
    /// `have=` or `size=`.
    pub(crate) number: Option<u64>,
    /// `digest=`.
    pub(crate) digest: Option<[u8; 32]>,
}

/// The verb that a line begins with, whatever follows.
pub(crate) fn verb_of(line: &[u8]) -> Option<Verb> {
    let word = tokens(line).into_iter().next()?;
    row_of(word).map(|row| row.0)
}

/// Reads a line (without its LF and CR).
pub(crate) fn parse(line: &[u8]) -> Result<Request, Reason> {
    let control = line.iter().any(|b| *b < 0x20 || *b == 0x7f);
    if control && !told(Lie::ControlAccepted) {
        return Err(Reason::BadArgument);
    }
    if std::str::from_utf8(line).is_err() && !told(Lie::BytesAccepted) {
        return Err(Reason::BadArgument);
    }
    let tokens = tokens(line);
    let (word, rest) = tokens.split_first().ok_or(Reason::UnknownVerb)?;
    let row = row_of(word).ok_or(Reason::UnknownVerb)?;
    let (verb, _, least, most, options) = *row;
    let count = if told(Lie::OptionsFirst) {
        rest.iter().take_while(|t| !t.contains(&b'=')).count().min(most)
    } else {
        rest.len().min(most)
    };
    if count < least {
        return Err(Reason::BadArgument);
    }
    let (positional, rest) = rest.split_at(count);
    let args =
        positional.iter().map(|t| decode(t)).collect::<Result<_, _>>()?;
    let mut request = Request { verb, args, number: None, digest: None };
    let mut seen = Vec::new();
    for token in rest {
        let Some(equals) = token.iter().position(|b| *b == b'=') else {
            if told(Lie::TokensMore) {
                continue;
            }
            return Err(Reason::BadArgument);
        };
        let (key, value) = (&token[..equals], &token[equals + 1..]);
        let known = options.iter().any(|o| o.as_bytes() == key);
        if !known && told(Lie::OptionsUnknown) {
            continue;
        }
        let again = seen.contains(&key) && !told(Lie::OptionsTwice);
        if !known || again {
            return Err(Reason::BadArgument);
        }
        seen.push(key);
        if key == b"digest" {
            request.digest = Some(digest(value)?);
        } else {
            request.number = Some(number(value)?);
        }
    }
    let number_missing = request.number.is_none();
    let needs =
        verb == Verb::Put || verb == Verb::Get && request.digest.is_some();
    if needs && number_missing {
        return Err(Reason::BadArgument);
    }
    Ok(request)
}

fn tokens(line: &[u8]) -> Vec<&[u8]> {
    let single = told(Lie::SpacesSingle);
    line.split(|b| *b == b' ').filter(|t| single || !t.is_empty()).collect()
}

fn row_of(word: &[u8]) -> Option<&'static VerbRow> {
    VERBS.iter().find(|(_, name, ..)| {
        if told(Lie::VerbCase) {
            name.as_bytes() == word
        } else {
            name.as_bytes().eq_ignore_ascii_case(word)
        }
    })
}

fn number(text: &[u8]) -> Result<u64, Reason> {
    if told(Lie::NumberNegative) && text.starts_with(b"-") {
        return Ok(0);
    }
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(Reason::BadArgument);
    }
    let mut value: u64 = 0;
    for digit in text {
        let next = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(u64::from(digit - b'0')))
            .filter(|v| *v <= i64::MAX as u64);
        value = match next {
            Some(next) => next,
            None if told(Lie::NumberOverflow) => return Ok(i64::MAX as u64),
            None => return Err(Reason::BadArgument),
        };
    }
    Ok(value)
}

fn digest(text: &[u8]) -> Result<[u8; 32], Reason> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return Err(Reason::BadArgument);
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks(2)) {
        *byte = hex(pair).ok_or(Reason::BadArgument)?;
    }
    Ok(bytes)
}

fn hex(pair: &[u8]) -> Option<u8> {
    let [high, low] = pair else { return None };
    let digit = |b: u8| (b as char).to_digit(16);
    u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
}

/// Takes the percent-encoding off a token.
fn decode(token: &[u8]) -> Result<Vec<u8>, Reason> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token;
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        match after.get(..2).and_then(hex) {
            Some(b'.') if told(Lie::EscapePercent) => {
                bytes.push(names::DOT_MARK);
                rest = &after[2..];
            }
            Some(0) if !told(Lie::PercentNul) => {
                return Err(Reason::BadArgument);
            }
            // The lie drops it: a file system could not take the byte.
            Some(0) => rest = &after[2..],
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None if told(Lie::PercentBad) => {
                bytes.push(b'%');
                rest = after;
            }
            None => return Err(Reason::BadArgument),
        }
    }
    Ok(bytes)
}

/// Encodes a name or path for a field or a listing.
pub(crate) fn encode(name: &[u8]) -> String {
    let mut text = String::new();
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '%' || c == ' ' || (c as u32) < 0x20 || c == '\x7f' {
                text.push_str(&format!("%{:02X}", c as u32));
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// Writes bytes as lower-case hex digits.
pub(crate) fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// The text of `help`.
pub(crate) const HELP: &str = "auth cd cd.. mkdir pwd dir get put rm rmdir mv quota \
                        noop help quit";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_both_ways() {
        for name in [&b"a b%c"[..], b"\xff\n", "中文".as_bytes()] {
            let token = encode(name);
            assert_eq!(decode(token.as_bytes()).expect("decodes"), name);
        }
        assert_eq!(encode("中 文".as_bytes()), "中%20文");
        assert_eq!(decode(b"%4"), Err(Reason::BadArgument));
        assert_eq!(decode(b"%00"), Err(Reason::BadArgument));
    }

    #[test]
    fn requests_are_read_by_arity() {
        let get = parse(b"GET a=b have=007").expect("reads");
        assert_eq!(get.verb, Verb::Get);
        assert_eq!(get.args, [b"a=b".to_vec()]);
        assert_eq!(get.number, Some(7));
        let bad: [&[u8]; 7] = [
            b"get a have=-1",
            b"get a have=9223372036854775808",
            b"get a have=1 have=1",
            b"put a",
            b"pwd x",
            b"mkdir\ta",
            b"mkdir \xff",
        ];
        for line in bad {
            assert_eq!(parse(line), Err(Reason::BadArgument));
        }
        assert_eq!(parse(b"  "), Err(Reason::UnknownVerb));
    }
}
