//! Cuts a stream of bytes into lines of bounded length, for both ends and
//! both dialects (`docs/native-protocol.md` §2.2, RFC 959 §5.3).
//!
//! Must not know: what a line means, or where the bytes come from.

/// The longest line, its LF included. It bounds what one silent client can
/// make the other end hold, and has room for the longest path there is.
pub const LINE_BYTES_MAX: usize = 4096;

/// Collects bytes and gives them back line by line.
#[derive(Debug, Default)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// Where the next line begins; what is before has been given out.
    start: usize,
    /// How far the search for an LF has come.
    searched: usize,
    /// The line under way is too long; what comes up to its LF is skipped.
    skipping: bool,
}

/// What the buffer found.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line without its LF and without a CR before it.
    Whole(&'a [u8]),
    /// A line over [`LINE_BYTES_MAX`] has ended; its bytes are gone.
    TooLong,
}

impl LineBuffer {
    /// Adds bytes that have arrived. The caller takes all lines out before
    /// it adds more, so the buffer holds less than a line and one read.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.searched -= self.start;
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The next line, if one has ended.
    pub fn next_line(&mut self) -> Option<Line<'_>> {
        let unseen = &self.bytes[self.searched..];
        let Some(at) = unseen.iter().position(|&b| b == b'\n') else {
            self.searched = self.bytes.len();
            if self.bytes.len() - self.start >= LINE_BYTES_MAX {
                self.skipping = true;
            }
            if self.skipping {
                self.forget();
            }
            return None;
        };
        let (start, end) = (self.start, self.searched + at);
        self.start = end + 1;
        self.searched = self.start;
        if self.skipping || end + 1 - start > LINE_BYTES_MAX {
            self.skipping = false;
            return Some(Line::TooLong);
        }
        let line = &self.bytes[start..end];
        Some(Line::Whole(line.strip_suffix(b"\r").unwrap_or(line)))
    }

    /// Takes out everything that follows the last line given: the file
    /// bytes that came along with it.
    pub fn take_rest(&mut self, at_most: usize) -> Vec<u8> {
        let end = self.bytes.len().min(self.start.saturating_add(at_most));
        let rest = self.bytes[self.start..end].to_vec();
        self.start = end;
        self.searched = end;
        rest
    }

    /// Whether nothing has arrived beyond the last line given.
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len() && !self.skipping
    }

    /// Gives its memory back, where nothing is in it: ten thousand idle
    /// sessions need no buffer.
    pub fn release(&mut self) {
        if self.is_empty() {
            *self = LineBuffer::default();
        }
    }

    fn forget(&mut self) {
        self.bytes.clear();
        self.start = 0;
        self.searched = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES_MAX, Line, LineBuffer};

    #[test]
    fn a_line_at_the_limit_is_whole_and_one_past_it_is_too_long() {
        let mut buffer = LineBuffer::default();
        let longest = vec![b'a'; LINE_BYTES_MAX - 1];
        buffer.push(&longest);
        assert_eq!(buffer.next_line(), None);
        buffer.push(b"\n");
        assert_eq!(buffer.next_line(), Some(Line::Whole(&longest)));
        buffer.push(&longest);
        buffer.push(b"a\nnoop\n");
        assert_eq!(buffer.next_line(), Some(Line::TooLong));
        assert_eq!(buffer.next_line(), Some(Line::Whole(b"noop")));
        assert_eq!(buffer.next_line(), None);
    }

    #[test]
    fn an_endless_line_takes_bounded_memory() {
        let mut buffer = LineBuffer::default();
        for _ in 0..1000 {
            buffer.push(&[b'x'; 1000]);
            assert_eq!(buffer.next_line(), None);
            assert!(buffer.bytes.len() < 2 * LINE_BYTES_MAX);
        }
        buffer.push(b"\npwd\r\n");
        assert_eq!(buffer.next_line(), Some(Line::TooLong));
        assert_eq!(buffer.next_line(), Some(Line::Whole(b"pwd")));
        assert!(buffer.is_empty());
    }

    #[test]
    fn file_bytes_that_follow_a_line_are_kept_for_the_transfer() {
        let mut buffer = LineBuffer::default();
        buffer.push(b"205 offset=0\nabc\ndef");
        assert!(matches!(buffer.next_line(), Some(Line::Whole(_))));
        assert_eq!(buffer.take_rest(5), b"abc\nd");
        assert_eq!(buffer.take_rest(5), b"ef");
        assert!(buffer.is_empty());
    }
}
