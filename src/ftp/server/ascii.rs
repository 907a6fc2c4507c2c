//! Line ends of TYPE A (RFC 959 §3.1.1.1): on the data connection CRLF, in
//! the file LF. Each LF of a file is sent as CRLF and each CRLF that comes
//! is stored as LF, and nothing else is changed: what was stored comes back
//! as it was sent.
//!
//! Must not know: files and sockets.

/// Appends bytes of a file as they are sent.
pub(super) fn push_sent(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
}

/// Takes the line ends out of what comes.
#[derive(Debug, Default)]
pub(super) struct Receiver {
    /// A CR has come, and what follows it has not.
    pending: bool,
}

impl Receiver {
    /// Appends what of `bytes` can be stored already.
    pub(super) fn push_stored(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            if self.pending && byte != b'\n' {
                out.push(b'\r');
            }
            self.pending = byte == b'\r';
            if !self.pending {
                out.push(byte);
            }
        }
    }

    /// Appends what was held back: no more comes.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.pending) {
            out.push(b'\r');
        }
    }
}

/// Finds where in a file the bytes begin of which `left` were sent before,
/// piece by piece.
#[derive(Debug)]
pub(super) struct Seeker {
    left: u64,
    passed: u64,
}

/// Where the bytes go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The next byte of the file.
    pub(super) offset: u64,
    /// It is an LF whose CR was sent before.
    pub(super) inside_line_end: bool,
}

impl Seeker {
    pub(super) fn new(sent: u64) -> Seeker {
        Seeker { left: sent, passed: 0 }
    }

    /// Looks through the next bytes of the file.
    pub(super) fn look(&mut self, bytes: &[u8]) -> Option<Found> {
        for &byte in bytes {
            let length = if byte == b'\n' { 2 } else { 1 };
            if self.left < length {
                return Some(self.found());
            }
            self.left -= length;
            self.passed += 1;
        }
        (self.left == 0).then(|| self.found())
    }

    fn found(&self) -> Found {
        Found { offset: self.passed, inside_line_end: self.left > 0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Found, Receiver, Seeker, push_sent};

    #[test]
    fn a_place_in_what_was_sent_is_found_in_the_file() {
        let file = b"a\nb\n";
        let at = |sent| Seeker::new(sent).look(file);
        let found =
            |offset, inside_line_end| Some(Found { offset, inside_line_end });
        assert_eq!(at(0), found(0, false));
        assert_eq!(at(1), found(1, false));
        assert_eq!(at(2), found(1, true));
        assert_eq!(at(3), found(2, false));
        assert_eq!(at(6), found(4, false));
        assert_eq!(at(7), None);
    }

    proptest! {
        #[test]
        fn what_was_sent_is_stored_as_it_was(
            file in "[ab\r\n]{0,40}", piece in 1..5usize,
        ) {
            let mut sent = Vec::new();
            push_sent(file.as_bytes(), &mut sent);
            let (mut receiver, mut stored) =
                (Receiver::default(), Vec::new());
            for bytes in sent.chunks(piece) {
                receiver.push_stored(bytes, &mut stored);
            }
            receiver.finish(&mut stored);
            prop_assert_eq!(stored, file.as_bytes());
        }
    }
}
