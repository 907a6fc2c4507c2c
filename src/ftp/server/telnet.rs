//! The Telnet layer of the control connection: what is not a command's text
//! is taken out of it, and options are refused (RFC 1123 §4.1.2.12).
//!
//! Must not know: lines and commands.

/// Where the stream stands between two reads.
#[derive(Debug, Default)]
pub(super) struct Telnet {
    state: State,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    #[default]
    Text,
    /// An IAC has come.
    Escape,
    /// An IAC and a command that names an option have come.
    Option(u8),
}

impl Telnet {
    /// Takes the Telnet commands out of what has come. Appends what is text,
    /// and the refusals of options.
    pub(super) fn filter(
        &mut self,
        bytes: &[u8],
        text: &mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) {
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Text, IAC) => State::Escape,
                (State::Text, byte) => {
                    text.push(byte);
                    State::Text
                }
                (State::Escape, IAC) => {
                    text.push(IAC);
                    State::Text
                }
                (State::Escape, WILL..=DONT) => State::Option(byte),
                // Interrupt, data mark and the like: their meaning is in
                // the ABOR that follows.
                (State::Escape, _) => State::Text,
                (State::Option(command), option) => {
                    match command {
                        WILL => answer.extend([IAC, DONT, option]),
                        DO => answer.extend([IAC, WONT, option]),
                        _ => {}
                    }
                    State::Text
                }
            };
        }
    }
}

/// Doubles what would begin a Telnet command, in text that goes out.
pub(super) fn push_escaped(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == IAC {
            out.push(IAC);
        }
    }
}

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;

#[cfg(test)]
mod tests {
    use super::Telnet;

    #[track_caller]
    fn check(given: &[u8], text: &[u8], answer: &[u8]) {
        for piece in 1..=given.len() {
            let (mut telnet, mut out, mut back) =
                (Telnet::default(), Vec::new(), Vec::new());
            for bytes in given.chunks(piece) {
                telnet.filter(bytes, &mut out, &mut back);
            }
            assert_eq!(out, text, "in pieces of {piece}");
            assert_eq!(back, answer, "in pieces of {piece}");
        }
    }

    #[test]
    fn commands_are_taken_out_and_options_refused() {
        check(b"NOOP\r\n", b"NOOP\r\n", b"");
        check(b"\xff\xf4\xff\xf2ABOR\r\n", b"ABOR\r\n", b"");
        check(
            b"\xff\xfd\x06N\xff\xfb\x03\xff\xfc\x01\xff\xfe\x01O",
            b"NO",
            b"\xff\xfc\x06\xff\xfe\x03",
        );
        check(b"a\xff\xffb", b"a\xffb", b"");
    }
}
