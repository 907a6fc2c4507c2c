//! The native protocol's lines, both directions of each: requests and
//! replies, as bytes and as types (§2). The server and its clients share
//! this file, so that neither can drift from the other.
//!
//! Must not know: sockets, files, and what a request leads to.

use std::str;

use super::{
    code::{Code, Malformed},
    token,
    verb::{self, Row, Verb},
};
use crate::session::{Digest, Held, Password, PathText, Request};

/// A line that is no request, with the verb, where that much was legible:
/// what is refused before authentication depends on it (§7.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecodable {
    /// The verb that the line begins with.
    pub verb: Option<Verb>,
    /// What is wrong with it.
    pub what: Malformed,
}

/// Reads one line without its LF as a request.
///
/// # Errors
///
/// Says what is wrong with the line; nothing of it is to be carried out.
pub fn decode_request(line: &[u8]) -> Result<Request, Undecodable> {
    let bad = |row: Option<&Row>, what| {
        Err(Undecodable { verb: row.map(|row| row.verb), what })
    };
    let first = line.split(|&b| b == b' ').find(|token| !token.is_empty());
    let row = first.and_then(|token| verb::find(str::from_utf8(token).ok()?));
    if line.iter().any(|&b| token::is_control(b)) {
        return bad(row, Malformed::BadArgument);
    }
    let Ok(text) = str::from_utf8(line) else {
        return bad(row, Malformed::BadArgument);
    };
    let Some(row) = row else { return bad(None, Malformed::UnknownVerb) };
    let mut tokens = text.split(' ').filter(|token| !token.is_empty());
    tokens.next();
    match arguments(row, tokens).and_then(|given| given.request(row.verb)) {
        Some(request) => Ok(request),
        None => bad(Some(row), Malformed::BadArgument),
    }
}

/// Whether a verb is served before authentication.
pub fn is_open(verb: Option<Verb>) -> bool {
    verb::VERBS.iter().any(|row| row.open && Some(row.verb) == verb)
}

/// Appends a request as one line, its LF included.
pub fn encode_request(request: &Request, out: &mut Vec<u8>) {
    let line = RequestLine { out };
    match request {
        Request::SignIn { user, password } => line
            .verb("auth")
            .name(user.as_bytes())
            .name(password.as_bytes())
            .end(),
        Request::ChangeDirectory { to: None } => line.verb("cd").end(),
        Request::ChangeDirectory { to: Some(to) } => {
            line.verb("cd").path(to).end();
        }
        Request::MakeDirectory { path } => line.verb("mkdir").path(path).end(),
        Request::CurrentDirectory => line.verb("pwd").end(),
        Request::List { path: None } => line.verb("dir").end(),
        Request::List { path: Some(path) } => {
            line.verb("dir").path(path).end();
        }
        Request::Download { file, held } => {
            let line = line.verb("get").path(file);
            match held {
                Some(held) => {
                    line.number("have", held.length).digest(held.digest).end();
                }
                None => line.end(),
            }
        }
        Request::Upload { file, size, digest } => line
            .verb("put")
            .path(file)
            .number("size", *size)
            .digest(*digest)
            .end(),
        Request::Remove { file } => line.verb("rm").path(file).end(),
        Request::RemoveDirectory { path } => {
            line.verb("rmdir").path(path).end();
        }
        Request::Rename { from, to } => {
            line.verb("mv").path(from).path(to).end();
        }
        Request::Quota => line.verb("quota").end(),
        Request::Nothing => line.verb("noop").end(),
        Request::Help => line.verb("help").end(),
        Request::Quit => line.verb("quit").end(),
    }
}

/// A reply as it was read: code, fields and text borrowed from its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<'a> {
    /// What the server says.
    pub code: Code,
    fields: &'a str,
    /// For people; programs read code and fields only.
    pub text: &'a str,
}

/// Reads one line without its LF as a reply; `None` where it is none.
pub fn decode_reply(line: &[u8]) -> Option<Reply<'_>> {
    let line = str::from_utf8(line).ok()?;
    if line.bytes().any(token::is_control) {
        return None;
    }
    let (head, text) = line.split_once(" : ").unwrap_or((line, ""));
    let (digits, fields) = head.split_once(' ').unwrap_or((head, ""));
    let code = Code::parse(digits.as_bytes())?;
    fields
        .split(' ')
        .filter(|field| !field.is_empty())
        .all(|field| field.find('=').is_some_and(|at| at > 0))
        .then_some(Reply { code, fields, text })
}

impl<'a> Reply<'a> {
    /// A field's value as it stands on the wire.
    pub fn field(&self, key: &str) -> Option<&'a str> {
        self.fields.split(' ').find_map(|field| {
            field.strip_prefix(key).and_then(|rest| rest.strip_prefix('='))
        })
    }

    /// A field that is a number of bytes, entries or places.
    pub fn number(&self, key: &str) -> Option<u64> {
        number(self.field(key)?)
    }

    /// A field that is a name or a path, decoded.
    pub fn name(&self, key: &str) -> Option<Vec<u8>> {
        token::decode(self.field(key)?)
    }
}

/// Writes one reply: code, fields, text, and at last the LF.
pub struct ReplyLine<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> ReplyLine<'a> {
    /// Begins a reply in `out`.
    pub fn new(out: &'a mut Vec<u8>, code: Code) -> ReplyLine<'a> {
        out.extend_from_slice(code.digits().as_bytes());
        ReplyLine { out }
    }

    /// A field whose value is one of our own words.
    pub fn word(mut self, key: &str, word: &str) -> Self {
        self.key(key);
        self.out.extend_from_slice(word.as_bytes());
        self
    }

    /// A field that is a number.
    pub fn number(self, key: &str, number: u64) -> Self {
        self.word(key, &number.to_string())
    }

    /// A field that is a name or a path.
    pub fn name(mut self, key: &str, bytes: &[u8]) -> Self {
        self.key(key);
        token::encode(bytes, self.out);
        self
    }

    /// The text for people, which ends the line.
    pub fn text(self, text: &str) {
        self.out.extend_from_slice(b" : ");
        self.out.extend_from_slice(text.as_bytes());
        self.end();
    }

    /// The end of a line that has no text.
    pub fn end(self) {
        self.out.push(b'\n');
    }

    fn key(&mut self, key: &str) {
        self.out.push(b' ');
        self.out.extend_from_slice(key.as_bytes());
        self.out.push(b'=');
    }
}

/// Writes one request, token by token.
struct RequestLine<'a> {
    out: &'a mut Vec<u8>,
}

impl RequestLine<'_> {
    fn verb(self, word: &str) -> Self {
        self.out.extend_from_slice(word.as_bytes());
        self
    }

    fn name(self, bytes: &[u8]) -> Self {
        self.out.push(b' ');
        token::encode(bytes, self.out);
        self
    }

    fn path(self, path: &PathText) -> Self {
        self.name(path.as_bytes())
    }

    fn number(self, key: &str, number: u64) -> Self {
        self.verb(&format!(" {key}={number}"))
    }

    fn digest(self, digest: Option<Digest>) -> Self {
        match digest {
            Some(digest) => self.verb(&format!(" digest={digest}")),
            None => self,
        }
    }

    fn end(self) {
        self.out.push(b'\n');
    }
}

/// A request's arguments, decoded but not yet given a meaning.
#[derive(Default)]
struct Given {
    positional: [Option<Vec<u8>>; POSITIONAL_MAX],
    length: Option<u64>,
    digest: Option<Digest>,
}

/// Sorts the tokens after the verb: the first up to the verb's arity are
/// positional whatever they hold, then come its options, each once (§2.3).
fn arguments<'a>(
    row: &Row,
    tokens: impl Iterator<Item = &'a str>,
) -> Option<Given> {
    let mut given = Given::default();
    let mut count = 0;
    for token in tokens {
        if count < row.most {
            given.positional[count] = Some(token::decode(token)?);
            count += 1;
            continue;
        }
        let (key, value) = token.split_once('=')?;
        if !row.options.contains(&key) {
            return None;
        }
        let repeated = if key == "digest" {
            given.digest.replace(Digest::parse(value)?).is_some()
        } else {
            given.length.replace(number(value)?).is_some()
        };
        if repeated {
            return None;
        }
    }
    (count >= row.least).then_some(given)
}

impl Given {
    /// The request that the arguments make with a verb.
    fn request(self, verb: Verb) -> Option<Request> {
        let Given { positional: [first, second], length, digest } = self;
        // A token that decodes to nothing names nothing.
        let path = |bytes: Option<Vec<u8>>| PathText::parse(bytes?);
        let optional = |bytes: Option<Vec<u8>>| match bytes {
            Some(bytes) => PathText::parse(bytes).map(Some),
            None => Some(None),
        };
        Some(match verb {
            Verb::Auth => Request::SignIn {
                user: String::from_utf8_lossy(&first?).into_owned(),
                password: Password::new(second?),
            },
            Verb::Cd => Request::ChangeDirectory { to: optional(first)? },
            Verb::CdUp => {
                Request::ChangeDirectory { to: PathText::parse(*b"..") }
            }
            Verb::Mkdir => Request::MakeDirectory { path: path(first)? },
            Verb::Pwd => Request::CurrentDirectory,
            Verb::Dir => Request::List { path: optional(first)? },
            Verb::Get => {
                let held = length.map(|length| Held { length, digest });
                if held.is_none() && digest.is_some() {
                    return None;
                }
                Request::Download { file: path(first)?, held }
            }
            Verb::Put => {
                Request::Upload { file: path(first)?, size: length?, digest }
            }
            Verb::Rm => Request::Remove { file: path(first)? },
            Verb::Rmdir => Request::RemoveDirectory { path: path(first)? },
            Verb::Mv => {
                Request::Rename { from: path(first)?, to: path(second)? }
            }
            Verb::Quota => Request::Quota,
            Verb::Noop => Request::Nothing,
            Verb::Help => Request::Help,
            Verb::Quit => Request::Quit,
        })
    }
}

/// A decimal number from 0 to 2^63-1, without a sign (§2.3).
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|&number| number <= NUMBER_MAX)
}

/// The largest number that a file offset can hold.
const NUMBER_MAX: u64 = i64::MAX as u64;

/// The most positional tokens that any verb takes.
const POSITIONAL_MAX: usize = 2;

#[cfg(test)]
mod tests;
