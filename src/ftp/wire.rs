//! The client's half of the wire: commands to bytes, bytes to replies. What
//! stands in a reply's text is read in `wire::text`.
//!
//! Whatever a server sends is a reply or an error: nothing here grows without
//! a bound, and nothing panics.
//!
//! Must not know: sockets, what a command is for, the server's half.

mod text;

use super::code::Code;

pub use self::text::{Algorithms, Hash};

/// Why a command cannot be sent. Nothing has been written then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// A CR, an LF or a NUL: the server would read a second command, or
    /// another name.
    #[error("a name with a line's end or a NUL in it cannot be sent")]
    ControlByte,
    /// No server need take a line of this length.
    #[error("a command of more than {COMMAND_BYTES_MAX} bytes")]
    TooLong,
}

/// Appends a command as one line, its CRLF included. One space stands before
/// the argument: any further one is its own (RFC 2640 §3.1), and its octets
/// 255 are doubled (RFC 3659 §2.2).
///
/// # Errors
///
/// [`Unsendable`], with `out` as it was.
pub fn encode_command(
    verb: &str,
    argument: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> Result<(), Unsendable> {
    let given = argument.unwrap_or_default();
    let forbidden = |byte: &u8| matches!(byte, b'\r' | b'\n' | 0);
    if verb.as_bytes().iter().chain(given).any(forbidden) {
        return Err(Unsendable::ControlByte);
    }
    if verb.len() + given.len() > COMMAND_BYTES_MAX {
        return Err(Unsendable::TooLong);
    }
    out.extend_from_slice(verb.as_bytes());
    if argument.is_some() {
        out.push(b' ');
    }
    for &byte in given {
        out.push(byte);
        if byte == IAC {
            out.push(IAC);
        }
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// A reply as it was read: a code, and lines of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What the server says.
    pub code: Code,
    /// The lines without the code, an LF between them. Bytes of any kind,
    /// LF excepted, so safe neither to print nor to believe.
    text: Vec<u8>,
}

impl Reply {
    /// The lines, at least one, each without code and line end.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.text.split(|&byte| byte == b'\n')
    }

    /// The last line, where servers put what matters.
    pub fn last_line(&self) -> &[u8] {
        self.lines().next_back().unwrap_or_default()
    }
}

/// Why bytes are no reply. The conversation cannot go on then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoReply {
    /// A line does not begin with a code where a reply begins.
    #[error("a line is no reply")]
    NoCode(Vec<u8>),
    /// A line has no end.
    #[error("a line of more than {LINE_BYTES_MAX} bytes")]
    LineTooLong,
    /// A reply has no end.
    #[error(
        "a reply of more than {LINES_MAX} lines or {REPLY_BYTES_MAX} bytes"
    )]
    TooLong,
}

/// Reads replies out of bytes as they arrive (RFC 959 §4.2). A lone LF ends
/// a line as a CRLF does; Telnet commands are left out.
///
/// It holds what was pushed and not yet asked for, and one reply: who asks
/// until there is none before pushing again, pushes no more than one read.
#[derive(Debug, Default)]
pub struct ReplyReader {
    input: Vec<u8>,
    /// How much of the input has been looked at.
    at: usize,
    telnet: Telnet,
    line: Vec<u8>,
    /// Bytes of the line as they came, Telnet's among them.
    line_bytes: usize,
    /// A reply of several lines, not yet at its last.
    open: Option<Reply>,
    /// The open reply's lines.
    count: usize,
}

impl ReplyReader {
    /// Takes in what has arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.input.drain(..self.at);
        self.at = 0;
        self.input.extend_from_slice(bytes);
    }

    /// The next whole reply, or `None` where more must arrive first.
    ///
    /// # Errors
    ///
    /// [`NoReply`]; what comes after it has no meaning.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, NoReply> {
        while let Some(&byte) = self.input.get(self.at) {
            self.at += 1;
            self.line_bytes += 1;
            match self.telnet.filter(byte) {
                Some(b'\n') => {
                    let line = self.take_line();
                    if let Some(reply) = self.add(&line)? {
                        return Ok(Some(reply));
                    }
                }
                // CR NUL is how Telnet writes a CR alone (RFC 2640 §3.1).
                Some(0) if self.line.ends_with(b"\r") => {}
                Some(byte) => self.line.push(byte),
                None => {}
            }
            if self.line_bytes > LINE_BYTES_MAX {
                return Err(NoReply::LineTooLong);
            }
        }
        Ok(None)
    }

    /// Whether nothing is held: no byte, and no part of a reply.
    pub fn is_empty(&self) -> bool {
        self.at == self.input.len()
            && self.line_bytes == 0
            && self.open.is_none()
    }

    fn take_line(&mut self) -> Vec<u8> {
        self.line_bytes = 0;
        let mut line = std::mem::take(&mut self.line);
        if line.ends_with(b"\r") {
            line.pop();
        }
        line
    }

    /// Adds a line; gives the reply that it ends.
    fn add(&mut self, line: &[u8]) -> Result<Option<Reply>, NoReply> {
        let begun = begin(line);
        let Some(mut reply) = self.open.take() else {
            let Some((code, more, text)) = begun else {
                let shown = &line[..line.len().min(SHOWN_BYTES)];
                return Err(NoReply::NoCode(shown.into()));
            };
            let reply = Reply { code, text: text.into() };
            if !more {
                return Ok(Some(reply));
            }
            self.count = 1;
            self.open = Some(reply);
            return Ok(None);
        };
        // Within a reply only its own code means anything: many servers
        // write it before each line, and any other is text.
        let (last, text) = match begun {
            Some((code, more, text)) if code == reply.code => (!more, text),
            Some(_) | None => (false, line),
        };
        self.count += 1;
        reply.text.push(b'\n');
        reply.text.extend_from_slice(text);
        if self.count > LINES_MAX || reply.text.len() > REPLY_BYTES_MAX {
            return Err(NoReply::TooLong);
        }
        if last {
            return Ok(Some(reply));
        }
        self.open = Some(reply);
        Ok(None)
    }
}

/// Cuts a line at its code: the code, whether more lines follow, the text.
/// A code alone, without the space, ends a reply as well.
fn begin(line: &[u8]) -> Option<(Code, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let code = Code::parse(digits)?;
    match rest {
        [] => Some((code, false, rest)),
        [b' ', text @ ..] => Some((code, false, text)),
        [b'-', text @ ..] => Some((code, true, text)),
        [_, ..] => None,
    }
}

/// Where in Telnet's commands we are (RFC 854): none is meant for us, and
/// none is answered, since neither end of FTP negotiates (RFC 3659 §2.2).
#[derive(Debug, Clone, Copy, Default)]
enum Telnet {
    /// In text.
    #[default]
    Text,
    /// After an IAC.
    Command,
    /// Before an option's number.
    Option,
    /// In a subnegotiation, up to IAC SE.
    Subnegotiation,
    /// After an IAC in a subnegotiation.
    SubnegotiationCommand,
}

impl Telnet {
    /// The byte, if it is text.
    fn filter(&mut self, byte: u8) -> Option<u8> {
        let (next, text) = match (*self, byte) {
            (Telnet::Text, IAC) => (Telnet::Command, None),
            (Telnet::Text, _) => (Telnet::Text, Some(byte)),
            (Telnet::Command, IAC) => (Telnet::Text, Some(IAC)),
            (Telnet::Command, WILL..=DONT) => (Telnet::Option, None),
            (Telnet::Command, SUBNEGOTIATION) => {
                (Telnet::Subnegotiation, None)
            }
            (Telnet::Command | Telnet::Option, _) => (Telnet::Text, None),
            (Telnet::Subnegotiation, IAC) => {
                (Telnet::SubnegotiationCommand, None)
            }
            (Telnet::SubnegotiationCommand, SUBNEGOTIATION_END) => {
                (Telnet::Text, None)
            }
            (Telnet::Subnegotiation | Telnet::SubnegotiationCommand, _) => {
                (Telnet::Subnegotiation, None)
            }
        };
        *self = next;
        text
    }
}

/// The longest command: a path of the longest kind, and its verb. It keeps a
/// hostile argument from filling the server's buffers and ours.
pub const COMMAND_BYTES_MAX: usize = 8 * 1024;

/// The longest line of a reply: a path of 4096 bytes, each a doubled quote,
/// with room for words.
pub const LINE_BYTES_MAX: usize = 16 * 1024;

/// The most lines of a reply: a greeting of a thousand lines is no greeting.
pub const LINES_MAX: usize = 1024;

/// The most text of a reply: what is read must fit in memory many times.
pub const REPLY_BYTES_MAX: usize = 256 * 1024;

/// How much of a line that is no reply is kept, to be shown.
const SHOWN_BYTES: usize = 80;

/// Telnet's "interpret as command".
const IAC: u8 = 255;
const WILL: u8 = 251;
const DONT: u8 = 254;
const SUBNEGOTIATION: u8 = 250;
const SUBNEGOTIATION_END: u8 = 240;

#[cfg(test)]
mod tests;
