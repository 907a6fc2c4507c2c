//! The small values of the language: times, byte strings, one-or-many.
//!
//! Each is built by reading it once; a value that does not read is refused
//! with its place. Numbers that may hold a `${…}` stay text until a step is
//! played.

use std::fmt;
use std::time::Duration;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, SeqAccess};

/// A length of time, written `300ms`, `4s` or `2m`.
#[derive(
    Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, serde::Deserialize,
)]
#[serde(try_from = "String")]
pub struct Millis(pub u64);

impl Millis {
    /// The same as the standard library has it.
    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl TryFrom<String> for Millis {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (number, unit_ms) = if let Some(n) = text.strip_suffix("ms") {
            (n, 1)
        } else if let Some(n) = text.strip_suffix('s') {
            (n, 1_000)
        } else if let Some(n) = text.strip_suffix('m') {
            (n, 60_000)
        } else {
            ("", 0)
        };
        number
            .parse::<u64>()
            .ok()
            .and_then(|n| n.checked_mul(unit_ms))
            .map(Millis)
            .ok_or_else(|| {
                format!("{text:?} is no time; write 300ms, 4s or 2m")
            })
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 1_000 && self.0.is_multiple_of(1_000) {
            write!(f, "{} s", self.0 / 1_000)
        } else {
            write!(f, "{} ms", self.0)
        }
    }
}

/// A byte string: exactly one source, then a slice of it.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bytes {
    /// The text itself, with `${…}` filled in.
    pub text: Option<String>,
    /// Bytes as hex digits; spaces are for the reader.
    pub hex: Option<String>,
    /// Bytes from a seed.
    pub random: Option<Random>,
    /// A named payload, or a file of the fixture.
    pub of: Option<String>,
    /// Several, one after the other.
    pub join: Option<Vec<Bytes>>,
    /// The whole source so many times over.
    pub repeat: Option<Num>,
    /// The first byte of the slice, counted from 0.
    pub from: Option<Num>,
    /// One past the last byte of the slice.
    pub to: Option<Num>,
}

/// Bytes that anyone can make again from a seed.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Random {
    /// Which of all byte strings.
    pub seed: Num,
    /// How many bytes: a number, or with `KiB`, `MiB`, `GiB`.
    pub size: Num,
}

/// A number, or text with `${…}` that becomes one.
#[derive(Clone, Debug, Eq, PartialEq, serde::Deserialize)]
#[serde(transparent)]
pub struct Num(pub String);

impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What lies in a scenario's folder, or is put on the server's disk.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A file with these bytes.
    pub file: Option<Bytes>,
    /// A directory.
    #[serde(default)]
    pub dir: bool,
    /// A symbolic link to this target. Needs the disk.
    pub link: Option<String>,
    /// A named pipe. Needs the disk.
    #[serde(default)]
    pub fifo: bool,
    /// A Unix socket. Needs the disk.
    #[serde(default)]
    pub socket: bool,
    /// What is there is taken away. Only in `place`.
    #[serde(default)]
    pub remove: bool,
    /// Permission bits, octal: `"000"`. Needs the disk.
    pub mode: Option<String>,
}

impl Entry {
    /// Whether no protocol could make it.
    pub fn is_on_disk_only(&self) -> bool {
        self.link.is_some() || self.fifo || self.socket || self.mode.is_some()
    }
}

/// One word, or a list of them.
#[derive(Clone, Debug)]
pub struct Many(pub Vec<String>);

impl<'de> Deserialize<'de> for Many {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ManyVisitor)
    }
}

struct ManyVisitor;

impl<'de> de::Visitor<'de> for ManyVisitor {
    type Value = Many;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word or a list of words")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Many, E> {
        Ok(Many(vec![word.to_owned()]))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Many, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Many, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Many, E> {
        self.visit_str(&code_from_float(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Many, A::Error> {
        Ok(Many(Vec::deserialize(SeqAccessDeserializer::new(list))?))
    }
}

/// YAML has no integer with leading zeros, and `000` is read as the number
/// nought; of all the codes only that one begins so.
pub(super) fn code_from_float(number: f64) -> String {
    if number == 0.0 { "000".to_owned() } else { number.to_string() }
}
