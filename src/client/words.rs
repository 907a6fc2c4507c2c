//! Cuts what a person typed, or a script says, into commands and words:
//! quotes and backslashes, `;` between commands, `#` before a comment.
//!
//! Must not know: which commands there are.

/// One word, what it stands for and where it began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The bytes, without quotes; a backslash stands before what has a
    /// meaning in a pattern and was to have none.
    pub(super) bytes: Vec<u8>,
    /// Its first byte's place in the line.
    pub(super) start: usize,
}

/// A line, cut.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The commands; the last may be without a word.
    pub(super) commands: Vec<Vec<Word>>,
    /// A quote is still open, or a backslash ends the line.
    pub(super) open: bool,
    /// The line ends within its last word.
    pub(super) in_word: bool,
}

/// The commands of a line, each with one word at least.
///
/// # Errors
///
/// Says so where a quote is not closed.
pub(super) fn commands(line: &str) -> Result<Vec<Vec<Vec<u8>>>, String> {
    let scan = scan(line);
    if scan.open {
        return Err("a quote is not closed".into());
    }
    let bytes = |words: Vec<Word>| words.into_iter().map(|w| w.bytes);
    Ok(scan
        .commands
        .into_iter()
        .filter(|words| !words.is_empty())
        .map(|words| bytes(words).collect())
        .collect())
}

/// Cuts a line, whole or still being typed.
pub(super) fn scan(line: &str) -> Scan {
    let mut scan =
        Scan { commands: vec![vec![]], open: false, in_word: false };
    let bytes = line.as_bytes();
    let mut word: Option<Word> = None;
    let mut quote: Option<u8> = None;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let here = at;
        at += 1;
        match (quote, byte) {
            (None, b' ' | b'\t' | b'\r' | b'\n' | b';') => {
                scan.end_word(word.take());
                if matches!(byte, b';' | b'\n') {
                    scan.commands.push(vec![]);
                }
                continue;
            }
            (None, b'#') if word.is_none() => {
                let end = bytes[at..].iter().position(|&b| b == b'\n');
                at = end.map_or(bytes.len(), |end| at + end);
                continue;
            }
            _ => {}
        }
        let word = word.get_or_insert(Word { bytes: Vec::new(), start: here });
        match (quote, byte) {
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), _) if byte == open => quote = None,
            (None | Some(b'"'), b'\\') => {
                let Some(length) = unescape(&bytes[at..], &mut word.bytes)
                else {
                    scan.open = true;
                    break;
                };
                at += length;
            }
            // Within single quotes a backslash is a character like any.
            (_, b'\\') => word.bytes.extend(b"\\\\"),
            _ => word.bytes.push(byte),
        }
    }
    scan.open |= quote.is_some();
    scan.in_word = word.is_some();
    scan.end_word(word);
    scan
}

/// A name as a word that [`scan`] gives back as it was.
pub(super) fn quoted(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() {
                let mut buffer = [0; 4];
                for byte in c.encode_utf8(&mut buffer).bytes() {
                    out.push_str(&format!("\\x{byte:02x}"));
                }
                continue;
            }
            if SPECIAL.contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

impl Scan {
    fn end_word(&mut self, word: Option<Word>) {
        if let (Some(word), Some(words)) = (word, self.commands.last_mut()) {
            words.push(word);
        }
    }
}

/// What follows a backslash: `\xHH` is a byte, any other character stands for
/// itself; what has a meaning in a pattern keeps a backslash there. Gives the
/// length read, `None` at the line's end.
fn unescape(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let mut byte = *rest.first()?;
    let mut length = 1;
    let hex = |at: usize| char::from(*rest.get(at)?).to_digit(16);
    if byte == b'x'
        && let (Some(high), Some(low)) = (hex(1), hex(2))
    {
        byte = (high * 16 + low) as u8;
        length = 3;
    }
    if PATTERN.contains(&byte) {
        out.push(b'\\');
    }
    out.push(byte);
    Some(length)
}

/// Characters that mean something to [`scan`] or to a pattern.
const SPECIAL: &str = " \t\\'\";#*?[";

/// What has a meaning in a pattern: a backslash before it is the pattern's.
const PATTERN: &[u8] = b"*?[\\";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{commands, quoted, scan};
    use crate::pattern;

    fn cut(line: &str) -> Vec<Vec<String>> {
        let words = |words: Vec<Vec<u8>>| {
            let text = |w: Vec<u8>| String::from_utf8(w).expect("UTF-8");
            words.into_iter().map(text).collect()
        };
        commands(line).expect(line).into_iter().map(words).collect()
    }

    #[test]
    fn commands_words_quotes_and_comments() {
        assert_eq!(
            cut("mkdir a; cd 'b c' ;; put \"d \\\"e\" # all; of it\npwd"),
            [
                vec!["mkdir", "a"],
                vec!["cd", "b c"],
                vec!["put", "d \"e"],
                vec!["pwd"],
            ]
        );
        assert_eq!(cut("get a#b c\\ d ''"), [["get", "a#b", "c d", ""]]);
        assert_eq!(cut("# nothing"), Vec::<Vec<String>>::new());
        assert_eq!(cut("a 'x;y'\\;z"), [["a", "x;y;z"]]);
        assert_eq!(cut("a 'b\\c' \\*\\x2a*"), [["a", "b\\\\c", "\\*\\**"]]);
    }

    #[test]
    fn a_quote_that_is_not_closed_is_told() {
        for line in ["get 'a", "get \"a", "get a\\"] {
            assert!(commands(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_line_under_way_knows_its_last_word() {
        let line = scan("cd a; get 'b c");
        assert!(line.open && line.in_word);
        let last = &line.commands[1][1];
        assert_eq!((last.start, last.bytes.as_slice()), (10, &b"b c"[..]));
        assert!(!scan("get ").in_word);
    }

    proptest! {
        #[test]
        fn a_quoted_name_comes_back(
            name in proptest::collection::vec(1..=255u8, 1..40)
        ) {
            let words = commands(&quoted(&name)).expect("closed");
            prop_assert_eq!(words.len(), 1);
            prop_assert_eq!(words[0].len(), 1);
            prop_assert_eq!(pattern::literal(&words[0][0]), name);
        }
    }
}
