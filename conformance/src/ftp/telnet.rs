//! The little of Telnet that FTP's control connection needs (RFC 854,
//! RFC 959 §4.1.3): commands are told apart from text.

use std::fmt::Write;

/// The text of a line, a doubled IAC undone, and the commands in it as hex
/// digits: `fffc01` for IAC WONT ECHO.
pub fn split(raw: &[u8]) -> (Vec<u8>, String) {
    let mut text = Vec::with_capacity(raw.len());
    let mut commands = String::new();
    let mut rest = raw;
    while let Some((first, after)) = rest.split_first() {
        let length = match (*first, after.first()) {
            (IAC, Some(&IAC)) => {
                text.push(IAC);
                rest = &after[1..];
                continue;
            }
            (IAC, Some(command)) if (WILL..IAC).contains(command) => 3,
            (IAC, Some(_)) => 2,
            (byte, _) => {
                text.push(byte);
                rest = after;
                continue;
            }
        };
        let (command, after) = rest.split_at(rest.len().min(length));
        for byte in command {
            let _ = write!(commands, "{byte:02x}");
        }
        rest = after;
    }
    (text, commands)
}

/// WILL, WONT, DO and DONT have an option behind them.
const WILL: u8 = 251;
const IAC: u8 = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_apart_from_text() {
        let raw = b"\xff\xfc\x01200 a\xff\xffb\xff\xf2";
        let (text, commands) = split(raw);
        assert_eq!(text, b"200 a\xffb");
        assert_eq!(commands, "fffc01fff2");
        assert_eq!(split(b"\xff"), (b"\xff".to_vec(), String::new()));
    }
}
