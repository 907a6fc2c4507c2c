//! What a reply must be, in its short forms and its long one.
//!
//! Both dialects share the words; which of them belong to one alone is
//! `check`'s to say.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess};
use serde_saphyr::Spanned;

use super::Step;
use super::values::{Many, code_from_float};

/// What a reply must be: all that is said must hold.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// The code, or any one of several.
    pub code: Vec<String>,
    /// Fields that must be there with this value (percent-decoded).
    pub fields: BTreeMap<String, String>,
    /// Fields whose raw value must match a regular expression.
    pub matches: BTreeMap<String, String>,
    /// Fields that must not be there.
    pub absent: Vec<String>,
    /// A regular expression for the text for people.
    pub text: Option<String>,
    /// FTP: one that every inner line of a multi-line reply must match.
    pub lines: Option<String>,
    /// FTP: for each of these a line of the reply must match.
    pub has: Vec<String>,
    /// FTP: no line of the reply may match one of these.
    pub lacks: Vec<String>,
    /// FTP: whether the reply must be of one line, or must not be.
    pub single: Option<bool>,
    /// Variables to fill from fields; `:text` and `:line` are the rest. In
    /// FTP from the first group of a regular expression.
    pub capture: BTreeMap<String, String>,
    /// Alternatives, tried from the top; the first that holds counts.
    pub any_of: Vec<Expect>,
    /// What an alternative is worth; pass when left out.
    pub verdict: Grade,
    /// Why an alternative is worth that.
    pub note: Option<String>,
    /// A tally that goes up when this alternative is the one.
    pub count: Option<String>,
    /// Steps to play when this alternative is the one.
    pub then: Vec<Spanned<Step>>,
    /// For a `000`: others that do not fit are read over.
    pub eventually: bool,
}

/// What an alternative is worth.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As the text wants it.
    #[default]
    Pass,
    /// Allowed, but not as it should be.
    Warn,
    /// The text leaves it open; told.
    Info,
    /// The server does not have the feature, and need not. The scenario ends.
    Unsupported,
}

/// The long form of an expectation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct LongExpect {
    code: Option<Many>,
    fields: BTreeMap<String, String>,
    matches: BTreeMap<String, String>,
    absent: Vec<String>,
    text: Option<String>,
    lines: Option<String>,
    has: Vec<String>,
    lacks: Vec<String>,
    single: Option<bool>,
    capture: BTreeMap<String, String>,
    any_of: Vec<Expect>,
    verdict: Grade,
    note: Option<String>,
    count: Option<String>,
    then: Vec<Spanned<Step>>,
    eventually: bool,
}

impl From<LongExpect> for Expect {
    fn from(long: LongExpect) -> Expect {
        Expect {
            code: long.code.map(|codes| codes.0).unwrap_or_default(),
            fields: long.fields,
            matches: long.matches,
            absent: long.absent,
            text: long.text,
            lines: long.lines,
            has: long.has,
            lacks: long.lacks,
            single: long.single,
            capture: long.capture,
            any_of: long.any_of,
            verdict: long.verdict,
            note: long.note,
            count: long.count,
            then: long.then,
            eventually: long.eventually,
        }
    }
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ExpectVisitor)
    }
}

struct ExpectVisitor;

impl<'de> de::Visitor<'de> for ExpectVisitor {
    type Value = Expect;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a code (`201`, `402 not-found`), a list of codes, or a map with `code`")
    }

    /// `201`, or a code with its reason: `402 not-found`.
    fn visit_str<E: de::Error>(self, word: &str) -> Result<Expect, E> {
        let (code, reason) = match word.split_once(' ') {
            Some((code, reason)) => (code, Some(reason.trim())),
            None => (word, None),
        };
        let fields = reason
            .map(|reason| ("reason".to_owned(), reason.to_owned()))
            .into_iter()
            .collect();
        let code = vec![code.to_owned()];
        Ok(Expect { code, fields, ..Expect::default() })
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Expect, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Expect, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Expect, E> {
        self.visit_str(&code_from_float(number))
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        list: A,
    ) -> Result<Expect, A::Error> {
        let code = Vec::deserialize(SeqAccessDeserializer::new(list))?;
        Ok(Expect { code, ..Expect::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Expect, A::Error> {
        LongExpect::deserialize(MapAccessDeserializer::new(map))
            .map(Expect::from)
    }
}
