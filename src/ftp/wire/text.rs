//! What stands in a reply's text: addresses, paths, numbers, times, digests,
//! features. All of it was written by somebody else's server, so that what
//! does not fit its form is `None` and never a guess.
//!
//! Must not know: sockets, which command was sent.

use std::net::{Ipv4Addr, SocketAddrV4};

use jiff::Timestamp;

use super::Reply;
use crate::ftp::facts;

impl Reply {
    /// The address of a PASV reply: the first six numbers of a byte each
    /// with commas between, wherever they stand (RFC 1123 §4.1.2.6). Whether
    /// the address can be believed is the caller's concern.
    pub fn passive_address(&self) -> Option<SocketAddrV4> {
        let text = &self.text;
        let starts = (0..text.len()).filter(|&at| {
            text[at].is_ascii_digit()
                && (at == 0 || !text[at - 1].is_ascii_digit())
        });
        let [a, b, c, d, high, low] =
            starts.filter_map(|at| six_numbers(&text[at..])).next()?;
        let port = u16::from_be_bytes([high, low]);
        (port > 0).then(|| SocketAddrV4::new(Ipv4Addr::new(a, b, c, d), port))
    }

    /// The port of an EPSV reply: in parentheses, after three and before one
    /// of the same delimiter (RFC 2428 §3).
    pub fn passive_port(&self) -> Option<u16> {
        let opened = self.text.split(|&byte| byte == b'(').skip(1);
        opened.filter_map(delimited_port).next()
    }

    /// The path of a 257: in quotes, a quote in it doubled (RFC 959 App. II).
    pub fn quoted_path(&self) -> Option<Vec<u8>> {
        let start = self.text.iter().position(|&byte| byte == b'"')? + 1;
        let mut path = Vec::new();
        let mut rest = self.text[start..].iter();
        loop {
            match (rest.next()?, rest.as_slice().first()) {
                (b'"', Some(b'"')) => {
                    rest.next();
                    path.push(b'"');
                }
                (b'"', _) => return (!path.is_empty()).then_some(path),
                (b'\n', _) => return None,
                (&byte, _) => path.push(byte),
            }
        }
    }

    /// The bytes of a SIZE reply: its last word, since some servers speak
    /// before it.
    pub fn size(&self) -> Option<u64> {
        facts::number(self.last_word()?)
    }

    /// The time of an MDTM reply, UTC (RFC 3659 §3.1).
    pub fn modified(&self) -> Option<Timestamp> {
        facts::time_value(self.last_word()?)
    }

    /// A HASH reply: `ALGORITHM START-END HEX PATH`, of a range that ends
    /// before or behind its second number (draft-bryan-ftpext-hash-02 §3).
    pub fn hash(&self) -> Option<Hash> {
        let mut words = self.last_line().splitn(4, |&byte| byte == b' ');
        let algorithm = str::from_utf8(words.next()?).ok()?;
        let range = words.next()?;
        let dash = range.iter().position(|&byte| byte == b'-')?;
        let start = facts::number(&range[..dash])?;
        let end = facts::number(&range[dash + 1..])?;
        let digits = words.next()?;
        let even = !digits.is_empty() && digits.len().is_multiple_of(2);
        let hex = even && digits.iter().all(u8::is_ascii_hexdigit);
        (hex && start <= end).then(|| Hash {
            algorithm: algorithm.to_ascii_uppercase(),
            start,
            end,
            hex: String::from_utf8_lossy(digits).to_ascii_lowercase(),
        })
    }

    /// What FEAT says of a feature: the words behind its name, empty where
    /// there are none; `None` where it is not there (RFC 2389 §3.2). The
    /// first and the last line are not features.
    pub fn feature(&self, name: &str) -> Option<&[u8]> {
        let count = self.lines().count();
        let lines = self.lines().take(count.saturating_sub(1)).skip(1);
        lines
            .filter_map(|line| {
                let line = line.trim_ascii();
                let (head, rest) = line.split_at_checked(name.len())?;
                let whole = rest.is_empty() || rest.starts_with(b" ");
                let same = head.eq_ignore_ascii_case(name.as_bytes());
                (same && whole).then(|| rest.trim_ascii_start())
            })
            .next()
    }

    /// The digests that FEAT's HASH line offers.
    pub fn algorithms(&self) -> Option<Algorithms> {
        let words = self.feature("HASH")?;
        let names = words
            .split(|&byte| byte == b';')
            .map(|name| String::from_utf8_lossy(name.trim_ascii()))
            .filter(|name| !name.is_empty());
        Some(Algorithms(names.map(|n| n.to_ascii_uppercase()).collect()))
    }

    fn last_word(&self) -> Option<&[u8]> {
        let mut words = self.last_line().split(|&byte| byte == b' ');
        words.rfind(|word| !word.is_empty())
    }
}

/// A digest that a server has computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hash {
    /// Its name, in capitals.
    pub algorithm: String,
    /// The first byte of the range.
    pub start: u64,
    /// The end of the range as the server writes it.
    pub end: u64,
    /// The digest in small hexadecimal digits.
    pub hex: String,
}

/// The digests that a server offers, in capitals, without what marks the one
/// in force.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Algorithms(Vec<String>);

impl Algorithms {
    /// Whether one is offered.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|offered| offered.trim_end_matches('*') == name)
    }
}

/// Six numbers of a byte each, with commas between, at the beginning.
fn six_numbers(text: &[u8]) -> Option<[u8; 6]> {
    let mut numbers = [0; 6];
    let mut rest = text;
    for (at, number) in numbers.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix(b",")?;
        }
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (mine, after) = rest.split_at(digits);
        *number = str::from_utf8(mine).ok()?.parse().ok()?;
        rest = after;
    }
    Some(numbers)
}

/// `<d><d><d>PORT<d>)` at the beginning.
fn delimited_port(text: &[u8]) -> Option<u16> {
    let (&delimiter, _) = text.split_first()?;
    if !delimiter.is_ascii_graphic() || delimiter.is_ascii_digit() {
        return None;
    }
    let rest = text.strip_prefix(&[delimiter; 3])?;
    let end = rest.iter().position(|&byte| byte == delimiter)?;
    let port = facts::number(&rest[..end])?;
    let closed = rest[end + 1..].starts_with(b")");
    u16::try_from(port).ok().filter(|&port| closed && port > 0)
}
