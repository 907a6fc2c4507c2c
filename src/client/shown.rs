//! Names and texts made safe for a terminal: whatever a server or a file
//! system sends, what is printed can neither move the cursor, nor hide, nor
//! turn round what stands beside it.
//!
//! Must not know: where a name comes from or where it is printed.

use std::fmt::Write as _;

/// `bytes` for a person: control and direction characters and bytes that are
/// not UTF-8 as `\xHH`, a backslash doubled, so that what is shown can be
/// typed back.
pub(super) fn name(bytes: &[u8]) -> String {
    escaped(bytes, true)
}

/// A server's text for a person: as [`name`], but a backslash stands as it
/// is, since nobody types a text back.
pub(super) fn text(text: &str) -> String {
    escaped(text.as_bytes(), false)
}

fn escaped(bytes: &[u8], backslash: bool) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c == '\\' && backslash {
                out.push_str("\\\\");
            } else if is_unsafe(c) {
                let mut buffer = [0; 4];
                escape(c.encode_utf8(&mut buffer).as_bytes(), &mut out);
            } else {
                out.push(c);
            }
        }
        escape(chunk.invalid(), &mut out);
    }
    out
}

fn escape(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        write!(out, "\\x{byte:02x}").expect("a String takes what it is given");
    }
}

/// Control characters of both ranges, and what changes a line's direction or
/// has no width: with these a name can pose as another.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{name, text};

    #[test]
    fn nothing_that_a_terminal_obeys_gets_through() {
        assert_eq!(name(b"a\x1b[31mb\r\n"), "a\\x1b[31mb\\x0d\\x0a");
        assert_eq!(name("\u{9b}2J".as_bytes()), "\\xc2\\x9b2J");
        assert_eq!(name("exe\u{202e}txt".as_bytes()), "exe\\xe2\\x80\\xaetxt");
        assert_eq!(name(b"\xff"), "\\xff");
    }

    #[test]
    fn plain_names_of_any_script_stand_as_they_are() {
        assert_eq!(name("中文 a.txt".as_bytes()), "中文 a.txt");
        assert_eq!(name(b"a\\b"), "a\\\\b");
        assert_eq!(text("a\\b"), "a\\b");
    }
}
