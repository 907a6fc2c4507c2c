//! A line of the server's, taken apart; and what is wrong with its form.
//!
//! Never refuses: a line that is no reply is still looked at, so that people
//! are told what came. Knows the form, not the meaning; that is `lint`'s.

/// A reply or a `000` line.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reply {
    /// The whole line for people, without its end.
    pub line: String,
    /// The first three digits; empty where there are none.
    pub code: String,
    /// The fields in the order in which they came.
    pub fields: Vec<(String, String)>,
    /// The text for people.
    pub text: Option<String>,
    /// FTP: the text of all lines as it came.
    pub bytes: Vec<u8>,
    /// FTP: how many lines the reply had.
    pub lines: usize,
    /// FTP: Telnet commands that came before it, as hex digits.
    pub telnet: String,
    /// What is wrong with the line's form.
    pub faults: Vec<String>,
}

impl Reply {
    /// Takes a line apart; `raw` is without its LF.
    pub fn parse(raw: &[u8]) -> Reply {
        let mut reply = Reply::default();
        if raw.len() + 1 > LINE_BYTES_MAX {
            reply.fault(format!("a line of {} bytes", raw.len() + 1));
        }
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        reply.line = String::from_utf8_lossy(raw).into_owned();
        if std::str::from_utf8(raw).is_err() {
            reply.fault("a line that is not UTF-8");
        }
        if raw.iter().any(|byte| *byte < 0x20 || *byte == 0x7F) {
            reply.fault("a control byte in a line");
        }
        let line = reply.line.clone();
        let (head, text) = match line.split_once(" : ") {
            Some((head, text)) => (head, Some(text.to_owned())),
            None => (line.as_str(), None),
        };
        reply.text = text;
        reply.head(head);
        reply
    }

    /// A field's raw value.
    pub fn field(&self, key: &str) -> Option<&str> {
        self.fields.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// A field as a number, where it is there and is one.
    pub fn number(&self, key: &str) -> Option<u64> {
        let value = self.field(key)?;
        let digits = !value.is_empty()
            && value.bytes().all(|byte| byte.is_ascii_digit());
        if digits { value.parse().ok() } else { None }
    }

    fn head(&mut self, head: &str) {
        let mut tokens = head.split(' ').filter(|token| !token.is_empty());
        let code = tokens.next().unwrap_or_default();
        if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()) {
            self.code = code.to_owned();
        } else {
            self.fault(format!("a line that begins with {code:?}, no code"));
        }
        if head.starts_with(' ') {
            self.fault("a line that begins with a space");
        }
        for token in tokens {
            let Some((key, value)) = token.split_once('=') else {
                self.fault(format!("{token:?} is no key=value"));
                continue;
            };
            if key.is_empty() || !key.bytes().all(is_key_byte) {
                self.fault(format!("{key:?} is no key"));
            }
            if self.field(key).is_some() {
                self.fault(format!("the field {key} twice"));
            }
            if percent_decode(value).is_none() {
                self.fault(format!("a bad % in {value:?}"));
            }
            self.fields.push((key.to_owned(), value.to_owned()));
        }
    }

    fn fault(&mut self, what: impl Into<String>) {
        self.faults.push(what.into());
    }
}

/// The bytes that a token stands for; none where a `%` is bad.
pub fn percent_decode(token: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let value = digit(*high)? * 16 + digit(*low)?;
        bytes.push(u8::try_from(value).ok()?);
        rest = after;
    }
    Some(bytes)
}

/// A name or path as a token of a request.
pub fn percent_encode(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(bytes).is_ok();
    let mut token = Vec::with_capacity(bytes.len());
    for byte in bytes {
        let plain = *byte > 0x20 && *byte != 0x7F && *byte != b'%';
        if plain && (text || byte.is_ascii()) {
            token.push(*byte);
        } else {
            token.extend(format!("%{byte:02X}").bytes());
        }
    }
    String::from_utf8(token).expect("what is not UTF-8 was encoded")
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// The longest line with its LF (2.2).
pub const LINE_BYTES_MAX: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_line_is_taken_apart() {
        let reply = Reply::parse(b"402 reason=not-found : no file: a b");
        assert_eq!(reply.code, "402");
        assert_eq!(reply.field("reason"), Some("not-found"));
        assert_eq!(reply.text.as_deref(), Some("no file: a b"));
        assert_eq!(reply.faults, Vec::<String>::new());
    }

    #[test]
    fn every_fault_of_form_is_seen() {
        let bad: [&[u8]; 9] = [
            b"",
            b"20 a=b",
            b" 201",
            b"201 path",
            b"201 a=1 a=2",
            b"201 A=1",
            b"201 a=%4",
            b"201 \x07",
            b"201 a=\xff",
        ];
        for line in bad {
            let reply = Reply::parse(line);
            assert!(!reply.faults.is_empty(), "{line:?}");
        }
        let long = [&b"201 : "[..], &[b'a'; LINE_BYTES_MAX]].concat();
        assert!(!Reply::parse(&long).faults.is_empty());
    }

    #[test]
    fn percent_coding_goes_both_ways() {
        for name in [&b"a b"[..], b"100%", b"\xff\x00", "中文".as_bytes()] {
            let token = percent_encode(name);
            assert_eq!(percent_decode(&token).as_deref(), Some(name));
        }
        assert_eq!(percent_encode("中 文".as_bytes()), "中%20文");
    }
}
