//! A YAML document as typed: a tree that keeps the order and repeats of its
//! keys, and finds the line on which any part of it stands.
//!
//! The parser tells a line only with an error. So to find one, the text is
//! parsed once more by a probe that goes to the place and fails there: the
//! one parser that read the document also says where, and nothing is
//! guessed. Must not know: what the settings mean.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A part of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Truth(bool),
    Whole(i128),
    Fraction(f64),
    Text(String),
    List(Vec<Tree>),
    /// Keys and values in the order of the text; keys may repeat.
    Map(Vec<(Tree, Tree)>),
}

/// The way from a document's top to a part of it: which item of a list, or
/// which entry of a map, at each level.
pub(super) type Place = Vec<usize>;

/// What the parser finds wrong, and the line where it could tell.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) line: Option<usize>,
    pub(super) why: String,
}

/// Reads a document; an empty one is null.
pub(super) fn parse(text: &str) -> Result<Tree, Fault> {
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let Some(first) = documents.next() else { return Ok(Tree::Null) };
    let tree = Tree::deserialize(first).map_err(|error| fault(&error))?;
    match documents.next() {
        None => Ok(tree),
        Some(second) => {
            let line = line_of_end(Probe(&[]).deserialize(second));
            let why = String::from("a second document begins here");
            Err(Fault { line, why })
        }
    }
}

/// The line, from 1, on which the part of a document stands: an entry's
/// key, a list's item. `None` where the place is not in the document.
pub(super) fn line_of(text: &str, place: &[usize]) -> Option<usize> {
    let document = serde_yaml::Deserializer::from_str(text).next()?;
    line_of_end(Probe(place).deserialize(document))
}

impl fmt::Display for Tree {
    /// A value in an error: on one line, and cut where it is long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tree::Null => f.write_str("null"),
            Tree::Truth(value) => write!(f, "{value}"),
            Tree::Whole(value) => write!(f, "{value}"),
            Tree::Fraction(value) => write!(f, "{value:?}"),
            Tree::Text(text) if text.chars().nth(SHOWN_CHARS).is_some() => {
                let start: String = text.chars().take(SHOWN_CHARS).collect();
                write!(f, "{start:?}...")
            }
            Tree::Text(text) => write!(f, "{text:?}"),
            Tree::List(items) if items.is_empty() => f.write_str("[]"),
            Tree::List(_) => f.write_str("[...]"),
            Tree::Map(entries) if entries.is_empty() => f.write_str("{}"),
            Tree::Map(_) => f.write_str("{...}"),
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Tree, D::Error> {
        from.deserialize_any(Grow)
    }
}

struct Grow;

impl<'de> Visitor<'de> for Grow {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain YAML without tags")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Truth(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Whole(i128::from(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Whole(i128::from(value)))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Tree, E> {
        Ok(Tree::Whole(value))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Tree, E> {
        // So large a number is in no setting's range, however it is kept.
        Ok(i128::try_from(value)
            .map_or_else(|_| Tree::Fraction(value as f64), Tree::Whole))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Fraction(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(String::from(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut from: A,
    ) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = from.next_element()? {
            items.push(item);
        }
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut from: A,
    ) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = from.next_entry()? {
            entries.push(entry);
        }
        Ok(Tree::Map(entries))
    }
}

/// Goes to a place and fails there, so that the error tells the line.
struct Probe<'p>(&'p [usize]);

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(
        self,
        from: D,
    ) -> Result<(), D::Error> {
        match self.0 {
            [] => from.deserialize_any(Stop),
            _ => from.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the way to a place")
    }

    fn visit_seq<A: SeqAccess<'de>>(
        self,
        mut from: A,
    ) -> Result<(), A::Error> {
        let [index, rest @ ..] = self.0 else { return Ok(()) };
        for _ in 0..*index {
            from.next_element::<IgnoredAny>()?;
        }
        from.next_element_seed(Probe(rest)).map(|_| ())
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut from: A,
    ) -> Result<(), A::Error> {
        let [index, rest @ ..] = self.0 else { return Ok(()) };
        for _ in 0..*index {
            from.next_entry::<IgnoredAny, IgnoredAny>()?;
        }
        if rest.is_empty() {
            return from.next_key_seed(Probe(rest)).map(|_| ());
        }
        from.next_key::<IgnoredAny>()?;
        from.next_value_seed(Probe(rest))
    }
}

/// Takes nothing: whatever stands at the place is an error there.
struct Stop;

impl Visitor<'_> for Stop {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }
}

fn line_of_end(probed: Result<(), serde_yaml::Error>) -> Option<usize> {
    Some(probed.err()?.location()?.line())
}

/// The parser's words without its own telling of the place, which the
/// caller renders in one way for all errors.
fn fault(error: &serde_yaml::Error) -> Fault {
    let line = error.location().map(|at| at.line());
    let said = error.to_string();
    let why = match said.find(" at line ") {
        Some(end) if line.is_some() => &said[..end],
        _ => &said,
    };
    Fault { line, why: why.replace(char::is_control, " ") }
}

/// So much of a text stands in an error.
const SHOWN_CHARS: usize = 80;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failure fails the test")]

    use super::{Tree, line_of, parse};

    const TEXT: &str = "# first\na: 1\nb:\n  - x\n  - {c: 2,\n     d: 3}\n\
                        a: again\n";

    #[test]
    fn each_part_is_found_on_its_line() {
        let at = |place: &[usize]| line_of(TEXT, place);
        assert_eq!(at(&[0]), Some(2));
        assert_eq!(at(&[1]), Some(3));
        assert_eq!(at(&[1, 0]), Some(4));
        assert_eq!(at(&[1, 1, 0]), Some(5));
        assert_eq!(at(&[1, 1, 1]), Some(6));
        assert_eq!(at(&[2]), Some(7), "the second of two equal keys");
        assert_eq!(at(&[3]), None);
        assert_eq!(at(&[0, 0]), Some(2), "below a plain value: that value");
    }

    #[test]
    fn every_kind_of_value_is_kept() {
        let tree = parse(
            "[~, true, -3, 0.5, x, 340282366920938463463374607431768211455]",
        );
        let Tree::List(items) = tree.unwrap() else { panic!("no list") };
        assert_eq!(items[0], Tree::Null);
        assert_eq!(items[1], Tree::Truth(true));
        assert_eq!(items[2], Tree::Whole(-3));
        assert_eq!(items[3], Tree::Fraction(0.5));
        assert_eq!(items[4], Tree::Text(String::from("x")));
        assert!(matches!(items[5], Tree::Fraction(_)));
        assert_eq!(parse("").unwrap(), Tree::Null);
    }

    #[test]
    fn faults_tell_their_line_in_one_line() {
        for (text, line) in [
            ("a: 1\nb: [1, 2\nc: 3\n", 3),
            ("a: 1\n\tb: 2\n", 2),
            ("a: 1\nb: !secret x\n", 2),
            ("a: 1\nb: *nobody\n", 2),
            ("a: 1\n---\nb: 2\n", 3),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!(fault.line, Some(line), "{text:?}: {}", fault.why);
            assert!(!fault.why.contains(['\n', '\t']), "{}", fault.why);
        }
    }
}
