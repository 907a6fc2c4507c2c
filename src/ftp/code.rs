//! The one file in which FTP's digits stand: reply codes by their meaning.
//! A code is open, unlike the native twelve: another server may send what
//! no text names, and its first digit still says what to do.
//!
//! Must not know: how a line is built or read; that is `wire`.

use std::fmt;

/// A reply code of three digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(u16);

/// What a reply's first digit says (RFC 959 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// 1yz: begun; another reply follows.
    Preliminary,
    /// 2yz: done.
    Completion,
    /// 3yz: more is needed.
    Intermediate,
    /// 4yz: refused now; the same may be granted later.
    Transient,
    /// 5yz: refused.
    Permanent,
}

impl Code {
    /// 120: the service is ready soon.
    pub const READY_SOON: Code = Code(120);
    /// 125: the data connection is open already.
    pub const DATA_OPEN: Code = Code(125);
    /// 150: about to open the data connection.
    pub const OPENING: Code = Code(150);
    /// 200: okay.
    pub const OKAY: Code = Code(200);
    /// 202: superfluous at this site.
    pub const SUPERFLUOUS: Code = Code(202);
    /// 211: system status, or help.
    pub const SYSTEM_STATUS: Code = Code(211);
    /// 212: directory status.
    pub const DIRECTORY_STATUS: Code = Code(212);
    /// 213: file status.
    pub const FILE_STATUS: Code = Code(213);
    /// 214: help for people.
    pub const HELP: Code = Code(214);
    /// 215: the system's name.
    pub const SYSTEM_TYPE: Code = Code(215);
    /// 220: ready for a new user.
    pub const READY: Code = Code(220);
    /// 221: closing the control connection.
    pub const CLOSING: Code = Code(221);
    /// 225: no transfer in progress (after ABOR).
    pub const NO_TRANSFER: Code = Code(225);
    /// 226: the transfer, or its abort, is complete.
    pub const TRANSFERRED: Code = Code(226);
    /// 227: entering passive mode.
    pub const PASSIVE: Code = Code(227);
    /// 229: entering extended passive mode (RFC 2428).
    pub const EXTENDED_PASSIVE: Code = Code(229);
    /// 230: signed in.
    pub const SIGNED_IN: Code = Code(230);
    /// 250: the file action is completed.
    pub const DONE: Code = Code(250);
    /// 257: the path name is in the text.
    pub const PATH: Code = Code(257);
    /// 331: the password is needed.
    pub const NEED_PASSWORD: Code = Code(331);
    /// 332: an account is needed.
    pub const NEED_ACCOUNT: Code = Code(332);
    /// 350: pending further information.
    pub const PENDING: Code = Code(350);
    /// 421: the service is not available; closing.
    pub const UNAVAILABLE: Code = Code(421);
    /// 425: cannot open the data connection.
    pub const NO_DATA_CONNECTION: Code = Code(425);
    /// 426: the data connection was closed, the transfer aborted.
    pub const ABORTED: Code = Code(426);
    /// 450: the file action was not taken, the file is unavailable now.
    pub const FILE_BUSY: Code = Code(450);
    /// 451: aborted by a local error.
    pub const LOCAL_ERROR: Code = Code(451);
    /// 452: the server's own storage is full.
    pub const STORAGE_FULL: Code = Code(452);
    /// 500: no such command, or a line too long.
    pub const UNKNOWN_COMMAND: Code = Code(500);
    /// 501: an argument is wrong.
    pub const BAD_ARGUMENT: Code = Code(501);
    /// 502: the command is not implemented.
    pub const NOT_IMPLEMENTED: Code = Code(502);
    /// 503: bad sequence of commands.
    pub const BAD_SEQUENCE: Code = Code(503);
    /// 504: not implemented for that parameter.
    pub const BAD_PARAMETER: Code = Code(504);
    /// 522: the network protocol is not supported (RFC 2428 §2).
    pub const NETWORK_PROTOCOL: Code = Code(522);
    /// 530: not signed in.
    pub const NOT_SIGNED_IN: Code = Code(530);
    /// 550: the file is unavailable.
    pub const FILE_UNAVAILABLE: Code = Code(550);
    /// 552: over the user's storage allocation.
    pub const OVER_ALLOCATION: Code = Code(552);
    /// 553: the file name is not allowed.
    pub const BAD_NAME: Code = Code(553);
    /// 554: the restart point cannot be used (RFC 1123 §4.1.3.4).
    pub const BAD_RESTART: Code = Code(554);

    /// The code of three digits, if the first is one of RFC 959's five.
    pub fn parse(digits: &[u8]) -> Option<Code> {
        let [first @ b'1'..=b'5', second, third] = digits else {
            return None;
        };
        let digit =
            |byte: &u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
        let code = 100 * digit(first)? + 10 * digit(second)? + digit(third)?;
        Some(Code(code))
    }

    /// The digits as a number.
    pub fn number(self) -> u16 {
        self.0
    }

    /// What the first digit says.
    pub fn class(self) -> Class {
        match self.0 / 100 {
            1 => Class::Preliminary,
            2 => Class::Completion,
            3 => Class::Intermediate,
            4 => Class::Transient,
            _ => Class::Permanent,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
