//! The settings as typed: a tree of keys and values in which each can be
//! asked for as what it should be. A refusal knows its own place.
//!
//! Must not know: which keys there are, or what they mean together.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
};

use super::{
    error::SettingsError,
    size::parse_size,
    tree::{self, Place, Tree},
};

/// A settings file as typed. Nothing but the check sees it.
pub(super) struct RawSettings {
    file: PathBuf,
    text: String,
    tree: Tree,
}

impl RawSettings {
    /// Reads the file's text; only its YAML is looked at.
    pub(super) fn parse(
        file: PathBuf,
        bytes: Vec<u8>,
    ) -> Result<RawSettings, SettingsError> {
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let before = &error.as_bytes()[..good];
                let line = 1 + before.iter().filter(|b| **b == b'\n').count();
                let why = String::from("the text is not UTF-8");
                return Err(SettingsError::Syntax { file, line, why });
            }
        };
        match tree::parse(&text) {
            Ok(tree) => Ok(RawSettings { file, text, tree }),
            Err(tree::Fault { line, why }) => {
                let line = line.unwrap_or(FIRST_LINE);
                Err(SettingsError::Syntax { file, line, why })
            }
        }
    }

    /// The whole document.
    pub(super) fn top(&self) -> Node<'_> {
        let (place, key) = (Vec::new(), String::new());
        Node { raw: self, tree: &self.tree, place, key, hidden: false }
    }
}

/// One value of the settings and its place.
pub(super) struct Node<'r> {
    raw: &'r RawSettings,
    tree: &'r Tree,
    place: Place,
    key: String,
    /// The value may be a password, or what somebody meant as one: it does
    /// not stand in an error, which may go to a log.
    hidden: bool,
}

impl<'r> Node<'r> {
    /// The values of a map, one for each key in the order asked for; a
    /// null is as good as left out. A key that is not in the list, or is
    /// there twice, is refused.
    pub(super) fn map<const N: usize>(
        &self,
        keys: [&str; N],
    ) -> Result<[Option<Node<'r>>; N], SettingsError> {
        let mut found = [const { None }; N];
        let entries = match self.tree {
            Tree::Map(entries) => entries.as_slice(),
            Tree::Null => &[],
            _ => return Err(self.expected("expected a mapping of keys")),
        };
        let mut seen = [false; N];
        for (index, (key, value)) in entries.iter().enumerate() {
            let node = self.entry(index, key, value);
            let at = keys.iter().position(
                |known| matches!(key, Tree::Text(key) if key == known),
            );
            let Some(at) = at else {
                let known = keys.join(", ");
                let why = format!("unknown key, expected one of {known}");
                return Err(node.expected(&why));
            };
            if seen[at] {
                return Err(node.expected("the key is there twice"));
            }
            seen[at] = true;
            found[at] = (*value != Tree::Null).then_some(node);
        }
        Ok(found)
    }

    /// The items of a list.
    pub(super) fn list(&self) -> Result<Vec<Node<'r>>, SettingsError> {
        let Tree::List(items) = self.tree else {
            return Err(self.expected("expected a list"));
        };
        let nodes = items.iter().enumerate().map(|(index, tree)| Node {
            raw: self.raw,
            tree,
            place: [self.place.as_slice(), &[index]].concat(),
            key: format!("{}[{index}]", self.key),
            hidden: self.hidden,
        });
        Ok(nodes.collect())
    }

    /// The entry of a map, its value null or not.
    pub(super) fn named(&self, name: &str) -> Option<Node<'r>> {
        let Tree::Map(entries) = self.tree else { return None };
        let mut entries = entries.iter().enumerate();
        let (index, (key, value)) = entries.find(
            |(_, (key, _))| matches!(key, Tree::Text(key) if key == name),
        )?;
        Some(self.entry(index, key, value))
    }

    /// A whole number of the range.
    pub(super) fn whole(
        &self,
        range: RangeInclusive<u64>,
    ) -> Result<u64, SettingsError> {
        let number = match self.tree {
            Tree::Whole(number) => u64::try_from(*number).ok(),
            _ => None,
        };
        number
            .filter(|number| range.contains(number))
            .ok_or_else(|| self.expected(&whole_of(&range)))
    }

    /// Yes or no.
    pub(super) fn truth(&self) -> Result<bool, SettingsError> {
        match self.tree {
            Tree::Truth(truth) => Ok(*truth),
            _ => Err(self.expected("expected true or false")),
        }
    }

    /// A size in bytes.
    pub(super) fn size(&self) -> Result<u64, SettingsError> {
        let size = match self.tree {
            Tree::Whole(number) => parse_size(&number.to_string()),
            Tree::Text(text) => parse_size(text),
            _ => None,
        };
        size.ok_or_else(|| self.expected(SIZE_EXPECTED))
    }

    /// A text that is not empty.
    pub(super) fn text(&self) -> Result<&'r str, SettingsError> {
        match self.tree {
            Tree::Text(text) if !text.is_empty() => Ok(text),
            Tree::Whole(_) | Tree::Fraction(_) | Tree::Truth(_) => {
                Err(self.expected("expected a text; put it in quotes"))
            }
            _ => Err(self.expected("expected a text")),
        }
    }

    /// An address to listen at.
    pub(super) fn socket_address(&self) -> Result<SocketAddr, SettingsError> {
        self.parse().ok_or_else(|| {
            self.expected(
                "expected an address and a port, \
                 as in \"127.0.0.1:9021\" or \"[::1]:9021\"",
            )
        })
    }

    /// An address without a port.
    pub(super) fn address(&self) -> Result<IpAddr, SettingsError> {
        self.parse().ok_or_else(|| {
            self.expected("expected an IP address, as in \"192.0.2.1\"")
        })
    }

    /// The same value, which must not stand in an error, nor must anything
    /// that is in it.
    pub(super) fn secret(self) -> Node<'r> {
        Node { hidden: true, ..self }
    }

    /// A part of a secret that may stand in an error all the same.
    pub(super) fn shown(self) -> Node<'r> {
        Node { hidden: false, ..self }
    }

    /// A refusal of this value.
    pub(super) fn expected(&self, why: &str) -> SettingsError {
        let line = tree::line_of(&self.raw.text, &self.place);
        let key = match self.key.as_str() {
            "" => "the settings",
            key => key,
        };
        let value = match self.hidden {
            true => String::from("(hidden)"),
            false => self.tree.to_string(),
        };
        SettingsError::Bad {
            file: self.raw.file.clone(),
            line: line.unwrap_or(FIRST_LINE),
            key: String::from(key),
            value,
            why: String::from(why),
        }
    }

    fn parse<T: std::str::FromStr>(&self) -> Option<T> {
        match self.tree {
            Tree::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    fn entry(&self, index: usize, key: &Tree, value: &'r Tree) -> Node<'r> {
        let name = match key {
            Tree::Text(name) if is_plain(name) => name.clone(),
            other => other.to_string(),
        };
        let key = match self.key.as_str() {
            "" => name,
            above => format!("{above}.{name}"),
        };
        let place = [self.place.as_slice(), &[index]].concat();
        Node { raw: self.raw, tree: value, place, key, hidden: self.hidden }
    }
}

/// What a number that is out of its range should have been.
pub(super) fn whole_of(range: &RangeInclusive<u64>) -> String {
    let (least, most) = (range.start(), range.end());
    format!("expected a whole number from {least} to {most}")
}

/// A key that can stand in an error as it is, for it keeps to the line.
fn is_plain(name: &str) -> bool {
    let short = name.chars().nth(KEY_CHARS_SHOWN).is_none();
    short && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

/// What is said of a size that is none.
pub const SIZE_EXPECTED: &str =
    "expected a size of at most 2^63-1 bytes, as in 10MiB, 10MB or 10485760";

/// A key longer than this stands cut and in quotes.
const KEY_CHARS_SHOWN: usize = 40;

/// Where the parser knows no line, the fault is the document's as a whole.
const FIRST_LINE: usize = 1;
