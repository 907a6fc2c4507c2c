//! A reply of FTP, put together from its lines; and what is wrong with its
//! form (RFC 959 §4.2).
//!
//! Never refuses: what is no reply is still shown to people. Every fault is
//! filed under the rule that it breaks.

use super::lint::Broken;
use crate::reply::Reply;

/// Gathers the lines of one reply.
#[derive(Debug, Default)]
pub struct Gather {
    /// The code of a multi-line reply that is open.
    open: Option<[u8; 3]>,
    lines: Vec<Vec<u8>>,
    broken: Vec<Broken>,
}

impl Gather {
    /// Takes a line, without its LF; gives the reply that it completes, with
    /// the rules that its form breaks.
    pub fn line(&mut self, raw: &[u8]) -> Option<(Reply, Vec<Broken>)> {
        let line = self.ending(raw);
        self.lines.push(line.to_vec());
        let Some(open) = self.open else { return self.first(line) };
        match digits_of(line) {
            Some(code) if code == open && line.get(3) == Some(&b' ') => {
                Some(self.whole(&code))
            }
            Some(code) if code == open && line.len() == 3 => {
                let what = format!("no space after {}", shown(line));
                self.breaks("reply.code-text-crlf", what);
                Some(self.whole(&code))
            }
            // Many servers begin each line with the reply's own code.
            Some(code) if code == open && line.get(3) == Some(&b'-') => None,
            Some(_) => {
                let (rule, what) = if line.get(3) == Some(&b'-') {
                    ("reply.not-nested", "a reply within a reply: ")
                } else {
                    ("reply.multiline-pad", "not padded: ")
                };
                self.breaks(rule, what.to_owned() + &shown(line));
                None
            }
            None => None,
        }
    }

    /// The lines of a reply that did not come to its end.
    pub fn unfinished(&mut self) -> Option<Broken> {
        let first = self.lines.first()?;
        let what = format!("a reply without an end: {}", shown(first));
        Some(Broken { rule: "reply.multiline-same-code", what })
    }

    fn first(&mut self, line: &[u8]) -> Option<(Reply, Vec<Broken>)> {
        let Some(code) = digits_of(line) else {
            let what = format!("no code: {}", shown(line));
            self.breaks("reply.code-text-crlf", what);
            return Some(self.whole(b""));
        };
        match line.get(3) {
            Some(b' ') => Some(self.whole(&code)),
            Some(b'-') => {
                self.open = Some(code);
                None
            }
            other => {
                let what = match other {
                    None => "a code and no space",
                    Some(_) => "a code and something else than a space",
                };
                let what = format!("{what}: {}", shown(line));
                self.breaks("reply.code-text-crlf", what);
                Some(self.whole(&code))
            }
        }
    }

    /// The line without its CR; a bare CR or LF is noted.
    fn ending<'a>(&mut self, raw: &'a [u8]) -> &'a [u8] {
        let line = match raw.strip_suffix(b"\r") {
            Some(line) => line,
            None => {
                let what = format!("a line that ends in LF: {}", shown(raw));
                self.breaks("reply.no-bare-lf", what);
                raw
            }
        };
        // Telnet's CR NUL stands for a CR that is text.
        let bare = line
            .iter()
            .enumerate()
            .any(|(at, b)| *b == b'\r' && line.get(at + 1) != Some(&0));
        if bare {
            let what = format!("a lone CR: {}", shown(line));
            self.breaks("reply.no-bare-lf", what);
        }
        line
    }

    fn whole(&mut self, code: &[u8]) -> (Reply, Vec<Broken>) {
        self.open = None;
        let lines = std::mem::take(&mut self.lines);
        let code = String::from_utf8_lossy(code).into_owned();
        if code.starts_with(['0', '6', '7', '8', '9']) {
            let what = format!("the code {code}");
            self.breaks("reply.first-digit", what);
        }
        if code.get(1..2).is_some_and(|digit| digit > "5") {
            let what = format!("the code {code}");
            self.breaks("reply.second-digit", what);
        }
        let text = text_of(&lines, &code);
        let shown: Vec<String> =
            lines.iter().map(|line| readable(line)).collect();
        let reply = Reply {
            line: shown.join(" ⏎ "),
            code,
            text: Some(String::from_utf8_lossy(&text).into_owned()),
            bytes: text,
            lines: lines.len(),
            ..Reply::default()
        };
        (reply, std::mem::take(&mut self.broken))
    }

    fn breaks(&mut self, rule: &'static str, what: String) {
        self.broken.push(Broken { rule, what });
    }
}

/// The text without the codes of the first and the last line, joined by LF.
fn text_of(lines: &[Vec<u8>], code: &str) -> Vec<u8> {
    let last = lines.len().saturating_sub(1);
    let parts: Vec<&[u8]> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let outer = at == 0 || at == last;
            let own = outer && !code.is_empty();
            if own { line.get(4..).unwrap_or_default() } else { line }
        })
        .collect();
    parts.join(&b'\n')
}

/// A line for people: what a terminal would obey is escaped.
fn readable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut readable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            readable.extend(c.escape_default());
        } else {
            readable.push(c);
        }
    }
    readable
}

fn digits_of(line: &[u8]) -> Option<[u8; 3]> {
    let code: [u8; 3] = line.get(..3)?.try_into().ok()?;
    code.iter().all(u8::is_ascii_digit).then_some(code)
}

fn shown(line: &[u8]) -> String {
    crate::wire::shown(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds lines; gives the codes and the rules that were broken.
    fn read(lines: &[&[u8]]) -> (Vec<String>, Vec<&'static str>) {
        let mut gather = Gather::default();
        let (mut codes, mut rules) = (Vec::new(), Vec::new());
        for line in lines {
            if let Some((reply, broken)) = gather.line(line) {
                codes.push(reply.code);
                rules.extend(broken.iter().map(|one| one.rule));
            }
        }
        (codes, rules)
    }

    #[test]
    fn good_replies_are_put_together() {
        let (codes, rules) = read(&[
            b"220 hello\r",
            b"211-Features:\r",
            b" MDTM\r",
            b"211-x\r",
            b" 226 file\r",
            b"211 End\r",
        ]);
        assert_eq!(codes, ["220", "211"]);
        assert!(rules.is_empty(), "{rules:?}");
    }

    #[test]
    fn the_text_is_without_the_outer_codes() {
        let mut gather = Gather::default();
        assert!(gather.line(b"250-Listing\r").is_none());
        assert!(gather.line(b" type=file; a\r").is_none());
        let (reply, _) = gather.line(b"250 End\r").expect("it is whole");
        let text = reply.text.as_deref();
        assert_eq!(text, Some("Listing\n type=file; a\nEnd"));
        assert_eq!(reply.lines, 3);
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let mut gather = Gather::default();
        let (reply, _) = gather.line(b"257 \"\x1b[2J\0\"\r").expect("whole");
        assert_eq!(reply.line, "257 \"\\u{1b}[2J\\u{0}\"");
        assert_eq!(reply.bytes, b"\"\x1b[2J\0\"");
    }

    #[test]
    fn each_fault_has_its_rule() {
        let bad: [(&[&[u8]], &str); 8] = [
            (&[b"220 a"], "reply.no-bare-lf"),
            (&[b"220 a\rb\r"], "reply.no-bare-lf"),
            (&[b"hello\r"], "reply.code-text-crlf"),
            (&[b"220\r"], "reply.code-text-crlf"),
            (&[b"620 a\r"], "reply.first-digit"),
            (&[b"260 a\r"], "reply.second-digit"),
            (&[b"211-a\r", b"213 x\r", b"211 b\r"], "reply.multiline-pad"),
            (&[b"211-a\r", b"213-x\r", b"211 b\r"], "reply.not-nested"),
        ];
        for (lines, rule) in bad {
            let (_, rules) = read(lines);
            assert_eq!(rules, [rule], "{lines:?}");
        }
    }
}
