//! Lines and replies out of bytes as they come, in bounded memory.
//!
//! Knows how a command line and a reply end (RFC 959 §4.2 and §5.3) and what
//! Telnet puts before them. It knows no lie. What grows too long goes on as
//! it came, in pieces.

/// Takes bytes apart into lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    kept: Vec<u8>,
}

impl Lines {
    /// The lines that are whole now, each with its LF; and the piece of one
    /// that has grown too long, without.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.kept.extend(bytes);
        let mut whole = Vec::new();
        while let Some(at) = self.kept.iter().position(|b| *b == b'\n') {
            whole.push(self.kept.drain(..=at).collect());
        }
        if self.kept.len() > LINE_BYTES_MAX {
            whole.push(std::mem::take(&mut self.kept));
        }
        whole
    }

    /// What has come of a line that is not ended.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.kept)
    }
}

/// Puts lines together into replies.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    kept: Vec<u8>,
    /// The code that a reply of several lines ends with.
    open: Option<Vec<u8>>,
}

/// One reply as it came, or a piece of one that is too long.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Telnet's bytes that stood before it.
    pub(crate) telnet: Vec<u8>,
    /// All its lines.
    pub(crate) bytes: Vec<u8>,
}

impl Replies {
    /// The reply that this line ends, if it does.
    pub(crate) fn feed(&mut self, line: &[u8]) -> Option<Reply> {
        let first = self.kept.is_empty();
        self.kept.extend(line);
        let text = &line[telnet_len(line)..];
        if first && self.open.is_none() && is_coded(text, b'-') {
            self.open = Some(text[..3].to_vec());
        }
        let ended = match &self.open {
            None => true,
            Some(code) => text.starts_with(code) && is_coded(text, b' '),
        };
        if ended {
            self.open = None;
        } else if self.kept.len() < REPLY_BYTES_MAX {
            return None;
        }
        let bytes = std::mem::take(&mut self.kept);
        let telnet = bytes[..telnet_len(&bytes)].to_vec();
        let bytes = bytes[telnet.len()..].to_vec();
        Some(Reply { telnet, bytes })
    }
}

/// How many bytes of Telnet's stand before anything else: IAC and a command,
/// with an option behind WILL to DONT; and the DM that ends a Synch.
pub(crate) fn telnet_len(line: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += match &line[at..] {
            [IAC, WILL..=DONT, _, ..] => 3,
            [IAC, command, ..] if *command < WILL => 2,
            [DM, ..] => 1,
            _ => return at,
        };
    }
}

/// The verb of a line, in capitals.
pub(crate) fn verb_of(line: &[u8]) -> String {
    let word = line.split(|byte| b" \r\n".contains(byte)).next();
    String::from_utf8_lossy(word.unwrap_or_default()).to_ascii_uppercase()
}

fn is_coded(text: &[u8], behind: u8) -> bool {
    text.len() > 3
        && text[..3].iter().all(u8::is_ascii_digit)
        && text[3] == behind
}

/// Telnet's bytes (RFC 854).
const DM: u8 = 242;
const WILL: u8 = 251;
const DONT: u8 = 254;
const IAC: u8 = 255;

/// The suite's longest line is of 64 KiB.
const LINE_BYTES_MAX: usize = 70_000;

/// STAT of a directory is a reply, too; the scenarios' are small.
const REPLY_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_several_lines_is_one() {
        let mut replies = Replies::default();
        let mut said = Vec::new();
        for line in ["211-a\r\n", " 212 b\r\n", "211 c\r\n", "200 d\r\n"] {
            said.extend(replies.feed(line.as_bytes()));
        }
        let said: Vec<_> = said.iter().map(|r| &r.bytes[..]).collect();
        assert_eq!(said, [&b"211-a\r\n 212 b\r\n211 c\r\n"[..], b"200 d\r\n"]);
    }

    #[test]
    fn telnet_stands_apart() {
        let reply = Replies::default().feed(b"\xff\xfc\x01200 ok\r\n");
        let reply = reply.expect("it is whole");
        assert_eq!(reply.telnet, b"\xff\xfc\x01");
        assert_eq!(reply.bytes, b"200 ok\r\n");
        assert_eq!(telnet_len(b"\xff\xf4\xff\xf2ABOR\r\n"), 4);
        assert_eq!(telnet_len(b"\xff\xffname"), 0);
        assert_eq!(verb_of(b"noop\r\n"), "NOOP");
    }

    #[test]
    fn what_is_too_long_goes_on_in_pieces() {
        let mut lines = Lines::default();
        let long = vec![b'a'; LINE_BYTES_MAX];
        assert!(lines.feed(&long).is_empty());
        let piece = lines.feed(b"b");
        assert_eq!(piece[0].len(), LINE_BYTES_MAX + 1);
        assert_eq!(lines.feed(b"c\r\nd"), [b"c\r\n"]);
        assert_eq!(lines.rest(), b"d");

        let mut replies = Replies::default();
        assert!(replies.feed(b"211-\r\n").is_none());
        let long = vec![b'x'; REPLY_BYTES_MAX];
        assert!(replies.feed(&long).is_some());
        assert!(replies.feed(b"200 inner\r\n").is_none());
        assert!(replies.feed(b"211 end\r\n").is_some());
    }
}
