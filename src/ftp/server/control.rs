//! The control connection: bytes to command lines, replies to bytes. While
//! a transfer is under way its lines are heard and kept in order.
//!
//! Must not know: what a command is, or what a reply means.

use std::{collections::VecDeque, time::Instant};

use super::telnet::Telnet;
use crate::{
    ftp::code::Code,
    stream::{
        End, Hear, Stream,
        line::{Line, LineBuffer},
    },
};

/// A control connection.
pub(super) struct Control {
    pub(super) stream: Stream,
    /// What is unsent and unread; an idle connection has none of it.
    desk: Box<Desk>,
    /// The client has closed its side: nothing more will come.
    ended: bool,
}

#[derive(Default)]
struct Desk {
    telnet: Telnet,
    input: LineBuffer,
    /// Lines that came during a transfer.
    queued: VecDeque<Heard>,
    /// Replies that have not been sent: those to pipelined commands go out
    /// together.
    output: Vec<u8>,
}

/// A line, ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    Line(Vec<u8>),
    TooLong,
}

impl Control {
    pub(super) fn new(stream: Stream) -> Control {
        Control { stream, desk: Box::default(), ended: false }
    }

    /// The next line, once all earlier replies are sent.
    pub(super) fn next_line(
        &mut self,
        until: Instant,
        stall: std::time::Duration,
    ) -> Result<Heard, End> {
        loop {
            if self.desk.output.len() > OUTPUT_BYTES_MAX {
                self.flush(stall)?;
            }
            if let Some(heard) = self.take_queued() {
                return Ok(heard);
            }
            if let Some(heard) = next_heard(&mut self.desk.input) {
                return Ok(heard);
            }
            self.flush(stall)?;
            if self.ended {
                return Err(End::Closed);
            }
            self.desk.input.release();
            // Who never pauses finds the socket ready at every deadline.
            if Instant::now() >= until {
                return Err(End::Silent);
            }
            let mut bytes = [0; READ_BYTES];
            let count = self.stream.read_request(&mut bytes, until)?;
            self.take_in(&bytes[..count]);
        }
    }

    /// What of this connection can be heard while a transfer is under way.
    pub(super) fn hear(&self) -> Hear {
        if self.ended {
            Hear::Nothing
        } else if self.desk.queued.len() < QUEUED_MAX {
            Hear::Bytes
        } else {
            Hear::End
        }
    }

    /// Takes in what has come during a transfer, and says which lines are
    /// new: they are the last ones of [`Control::queued`].
    ///
    /// # Errors
    ///
    /// Where the connection broke, or ended with nothing left to say.
    pub(super) fn listen(&mut self) -> Result<usize, End> {
        if self.hear() == Hear::End {
            // What it has sent beyond the bound is nobody's business.
            self.ended = true;
            return Ok(0);
        }
        let mut bytes = [0; READ_BYTES];
        match self.stream.read_now(&mut bytes) {
            Ok(Some(count)) => self.take_in(&bytes[..count]),
            Ok(None) => {}
            Err(End::Closed) => self.ended = true,
            Err(end) => return Err(end),
        }
        let before = self.desk.queued.len();
        self.gather();
        Ok(self.desk.queued.len() - before)
    }

    /// Queues the lines that have come already. A buffer holds less than a
    /// line and one read: it ends.
    pub(super) fn gather(&mut self) {
        while let Some(heard) = next_heard(&mut self.desk.input) {
            self.desk.queued.push_back(heard);
        }
    }

    /// Whether the client has closed its side.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The lines that came during a transfer, in order.
    pub(super) fn queued(&self) -> impl DoubleEndedIterator<Item = &Heard> {
        self.desk.queued.iter()
    }

    /// Takes the first of them out.
    pub(super) fn take_queued(&mut self) -> Option<Heard> {
        self.desk.queued.pop_front()
    }

    /// Sends what has been written so far.
    pub(super) fn flush(
        &mut self,
        stall: std::time::Duration,
    ) -> Result<(), End> {
        let output = &mut self.desk.output;
        if !output.is_empty() {
            self.stream.write_all(output, stall)?;
            output.clear();
            output.shrink_to(READ_BYTES);
        }
        Ok(())
    }

    /// Appends a reply of one line.
    pub(super) fn reply(&mut self, code: Code, text: &str) {
        self.reply_bytes(code, text.as_bytes());
    }

    /// Appends a reply of one line, whose text may hold any bytes of names.
    pub(super) fn reply_bytes(&mut self, code: Code, text: &[u8]) {
        let output = &mut self.desk.output;
        output.extend_from_slice(format!("{code} ").as_bytes());
        push_text(text, output);
        output.extend_from_slice(b"\r\n");
    }

    /// Appends the first line of a reply of several.
    pub(super) fn begin(&mut self, code: Code, text: &str) {
        let line = format!("{code}-{text}\r\n");
        self.desk.output.extend_from_slice(line.as_bytes());
    }

    /// Appends a line between the first and the last. It begins with a
    /// space, so that no digits of it can be taken for the last
    /// (RFC 959 §4.2).
    pub(super) fn inner(&mut self, text: &[u8]) {
        let output = &mut self.desk.output;
        output.push(b' ');
        push_text(text, output);
        output.extend_from_slice(b"\r\n");
    }

    /// Whether so much is unsent that it is better sent now.
    pub(super) fn is_full(&self) -> bool {
        self.desk.output.len() > OUTPUT_BYTES_MAX
    }

    /// Says last words as far as the client takes them, and closes.
    pub(super) fn close(mut self) {
        self.stream.say_last(&self.desk.output);
        self.desk.output.clear();
        self.stream.close();
    }

    fn take_in(&mut self, bytes: &[u8]) {
        let desk = &mut *self.desk;
        let (mut text, mut answer) = (Vec::new(), Vec::new());
        desk.telnet.filter(bytes, &mut text, &mut answer);
        desk.input.push(&text);
        desk.output.append(&mut answer);
    }
}

fn next_heard(input: &mut LineBuffer) -> Option<Heard> {
    Some(match input.next_line()? {
        Line::Whole(line) => Heard::Line(line.to_vec()),
        Line::TooLong => Heard::TooLong,
    })
}

/// Text of a reply: a name may hold what would end the line, or begin a
/// Telnet command.
fn push_text(text: &[u8], output: &mut Vec<u8>) {
    if !text.iter().any(|&byte| matches!(byte, b'\r' | b'\n' | 255)) {
        return output.extend_from_slice(text);
    }
    for &byte in text {
        match byte {
            // RFC 2640 §3.1.
            b'\r' => output.extend_from_slice(b"\r\0"),
            b'\n' => output.push(b'?'),
            byte => super::telnet::push_escaped(&[byte], output),
        }
    }
}

/// Replies to pipelined commands are sent at the latest when they make this
/// much: it bounds what a client makes the server hold.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// What is read at a time.
const READ_BYTES: usize = 4096;

/// Lines that wait for a transfer's end; more stay in the kernel. One read
/// may bring some more than this.
const QUEUED_MAX: usize = 64;
