//! How bytes will be transferred: TYPE, STRU, MODE, the four ways to a data
//! connection, and what is set up for the next transfer.
//!
//! Must not know: what is transferred.

use std::net::{IpAddr, SocketAddr};

use super::{
    Conversation,
    address::{self, Extended, Family, decimal},
    data::DataSetup,
    facts::Facts,
    hash::Algorithm,
    state::DataType,
};
use crate::{
    ftp::code::Code,
    session::{Denial, Refused},
};

impl Conversation<'_> {
    pub(super) fn data_type(&mut self, argument: &[u8]) {
        let argument = argument.to_ascii_uppercase();
        let words: Vec<_> = argument
            .split(|&byte| byte == b' ')
            .filter(|word| !word.is_empty())
            .collect();
        let kind = match words.as_slice() {
            // Without a printer, T and N are the same (RFC 1123 §4.1.2.2).
            [b"A"] | [b"A", b"N" | b"T"] => DataType::Ascii,
            [b"I"] | [b"L", b"8"] => DataType::Image,
            [b"A", b"C"] | [b"E"] | [b"E", b"N" | b"T" | b"C"] => {
                let text = "Only TYPE A, I and L 8 are served.";
                return self.control.reply(Code::BAD_PARAMETER, text);
            }
            [b"L", size] if decimal(size).is_some() => {
                let text = "Bytes have 8 bits here.";
                return self.control.reply(Code::BAD_PARAMETER, text);
            }
            _ => {
                return self
                    .control
                    .reply(Code::BAD_ARGUMENT, "No such type.");
            }
        };
        self.state.kind = kind;
        let name = kind.name();
        self.control.reply(Code::OKAY, &format!("The type is {name}."));
    }

    pub(super) fn structure(&mut self, argument: &[u8]) {
        let (code, text) = match argument.to_ascii_uppercase().as_slice() {
            b"F" => (Code::OKAY, "The structure is file."),
            b"R" | b"P" => (Code::BAD_PARAMETER, "Only STRU F is served."),
            _ => (Code::BAD_ARGUMENT, "No such structure."),
        };
        self.control.reply(code, text);
    }

    pub(super) fn mode(&mut self, argument: &[u8]) {
        let (code, text) = match argument.to_ascii_uppercase().as_slice() {
            b"S" => (Code::OKAY, "The mode is stream."),
            b"B" | b"C" => (Code::BAD_PARAMETER, "Only MODE S is served."),
            _ => (Code::BAD_ARGUMENT, "No such mode."),
        };
        self.control.reply(code, text);
    }

    pub(super) fn port(&mut self, argument: &[u8]) {
        if self.refuse_after_all() {
            return;
        }
        match address::parse_port(argument) {
            Some(to) => self.go_to(to),
            None => self.control.reply(Code::BAD_ARGUMENT, "No address."),
        }
    }

    pub(super) fn extended_port(&mut self, argument: &[u8]) {
        if self.refuse_after_all() {
            return;
        }
        match address::parse_eprt(argument) {
            Some(Extended::Address(to))
                if Family::of(to.ip()) == self.family() =>
            {
                self.go_to(to);
            }
            Some(Extended::Address(_) | Extended::UnknownFamily) => {
                self.refuse_family();
            }
            None => self.control.reply(Code::BAD_ARGUMENT, "No address."),
        }
    }

    pub(super) fn passive(&mut self) {
        if self.refuse_after_all() {
            return;
        }
        let IpAddr::V4(local) = self.local.ip().to_canonical() else {
            let text = "PASV is for IPv4; use EPSV.";
            return self.control.reply(Code::NO_DATA_CONNECTION, text);
        };
        let Some(port) = self.listen() else { return };
        let told = match self.site.public_address {
            Some(IpAddr::V4(public))
                if !self.peer.ip().to_canonical().is_loopback() =>
            {
                public
            }
            Some(_) | None => local,
        };
        let address = address::port_text(told, port);
        let text = format!("Entering Passive Mode ({address}).");
        self.control.reply(Code::PASSIVE, &text);
    }

    pub(super) fn extended_passive(&mut self, argument: &[u8]) {
        if argument.eq_ignore_ascii_case(b"ALL") {
            self.state.extended_only = true;
            return self.control.reply(Code::OKAY, "EPSV alone from now on.");
        }
        if !argument.is_empty() {
            match (Family::parse(argument), decimal(argument)) {
                (Some(family), _) if family == self.family() => {}
                (Some(_), _) | (None, Some(_)) => return self.refuse_family(),
                (None, None) => {
                    let text = "Its argument is a family's number or ALL.";
                    return self.control.reply(Code::BAD_ARGUMENT, text);
                }
            }
        }
        let Some(port) = self.listen() else { return };
        let text = format!("Entering Extended Passive Mode (|||{port}|)");
        self.control.reply(Code::EXTENDED_PASSIVE, &text);
    }

    pub(super) fn restart(&mut self, argument: &[u8]) {
        match decimal(argument).filter(|&offset| offset <= OFFSET_MAX) {
            Some(offset) => {
                self.state.setup.restart = Some(offset);
                self.state.setup.range = None;
                let text = format!("The next transfer begins at {offset}.");
                self.control.reply(Code::PENDING, &text);
            }
            None => self.control.reply(Code::BAD_ARGUMENT, "No offset."),
        }
    }

    /// The first and the last byte of the next RETR or HASH; `1 0` for the
    /// whole file (draft-bryan-ftp-range §3).
    pub(super) fn range(&mut self, argument: &[u8]) {
        self.state.setup.range = None;
        let mut words = argument
            .split(|&byte| byte == b' ')
            .map(|word| decimal(word).filter(|&offset| offset <= OFFSET_MAX));
        let (first, last, end) = (words.next(), words.next(), words.next());
        match (first.flatten(), last.flatten(), end) {
            (Some(1), Some(0), None) => {
                self.control.reply(Code::PENDING, "The whole file again.");
            }
            (Some(first), Some(last), None) if first <= last => {
                self.state.setup.range = Some((first, last));
                self.state.setup.restart = None;
                let text = format!("Bytes {first} to {last}.");
                self.control.reply(Code::PENDING, &text);
            }
            _ => self.control.reply(Code::BAD_ARGUMENT, "No range."),
        }
    }

    /// `ALLO bytes [R record]`: who is told that the space is enough has
    /// it set aside when the transfer begins.
    pub(super) fn allocate(&mut self, argument: &[u8]) {
        self.state.setup.announced = None;
        let words: Vec<_> = argument.split(|&byte| byte == b' ').collect();
        let bytes = match words.as_slice() {
            [bytes] => decimal(bytes),
            [bytes, record, size] if record.eq_ignore_ascii_case(b"R") => {
                decimal(size).and_then(|_| decimal(bytes))
            }
            _ => None,
        };
        let Some(needed) = bytes else {
            return self.control.reply(Code::BAD_ARGUMENT, "No size.");
        };
        match self.session.quota() {
            Ok(report) if needed > report.available => {
                let available = report.available;
                let refused = Refused::OverQuota { needed, available };
                self.deny(Denial::Refused(refused));
            }
            Ok(_) => {
                self.state.setup.announced = Some(needed);
                self.control.reply(Code::OKAY, "The space is enough.");
            }
            Err(denial) => self.deny(denial),
        }
    }

    /// OPTS (RFC 2389 §4), for MLST, HASH and UTF8.
    pub(super) fn options(&mut self, argument: &[u8]) {
        let at = argument.iter().position(|&byte| byte == b' ');
        let (word, rest) = match at {
            Some(at) => (&argument[..at], &argument[at + 1..]),
            None => (argument, &[][..]),
        };
        match word.to_ascii_uppercase().as_slice() {
            b"MLST" => match Facts::parse(rest) {
                Some(facts) => {
                    self.state.facts = facts;
                    let text = format!("MLST OPTS {}", facts.list());
                    self.control.reply(Code::OKAY, text.trim_end());
                }
                None => self.control.reply(Code::BAD_ARGUMENT, "No facts."),
            },
            b"HASH" => {
                if !rest.is_empty() {
                    let Some(algorithm) = Algorithm::parse(rest) else {
                        let text = "No such algorithm.";
                        return self.control.reply(Code::BAD_ARGUMENT, text);
                    };
                    self.state.hash = algorithm;
                }
                self.control.reply(Code::OKAY, self.state.hash.word());
            }
            // Many say it before they do anything else (field practice).
            b"UTF8" | b"UTF-8"
                if rest.is_empty() || rest.eq_ignore_ascii_case(b"ON") =>
            {
                self.control.reply(Code::OKAY, "Names are UTF-8, always.");
            }
            _ => self.control.reply(Code::BAD_ARGUMENT, "No such option."),
        }
    }

    /// Only to who asks, and to no port of the system's: nobody sends our
    /// bytes to others (RFC 2577 §3).
    fn go_to(&mut self, to: SocketAddr) {
        let ours = to.ip().to_canonical() == self.peer.ip().to_canonical();
        if !ours || to.port() < PORT_MIN {
            let text = "Only your own address, and no port below 1024.";
            return self.control.reply(Code::BAD_PARAMETER, text);
        }
        self.data =
            DataSetup::Active(SocketAddr::new(self.peer.ip(), to.port()));
        self.control.reply(Code::OKAY, "The address is noted.");
    }

    /// The socket of an earlier command closes first: its port may be the
    /// only free one.
    fn listen(&mut self) -> Option<u16> {
        self.data = DataSetup::default();
        let ports = &self.site.passive_ports;
        match DataSetup::listen(self.local.ip(), ports) {
            Ok((data, port)) => {
                self.data = data;
                Some(port)
            }
            Err(error) => {
                self.journal.lost(&error);
                let text = "No port is free now; try again later.";
                self.control.reply(Code::NO_DATA_CONNECTION, text);
                None
            }
        }
    }

    fn family(&self) -> Family {
        Family::of(self.local.ip())
    }

    /// The text ends in the list of what is served (RFC 2428 §2).
    fn refuse_family(&mut self) {
        let number = self.family().number();
        let text = format!("Network protocol not supported, use ({number})");
        self.control.reply(Code::NETWORK_PROTOCOL, &text);
    }

    fn refuse_after_all(&mut self) -> bool {
        let refused = self.state.extended_only;
        if refused {
            let text = "EPSV ALL was given: only EPSV from then on.";
            self.control.reply(Code::BAD_SEQUENCE, text);
        }
        refused
    }
}

impl DataType {
    pub(super) fn name(self) -> &'static str {
        match self {
            DataType::Ascii => "ASCII, non-print",
            DataType::Image => "image",
        }
    }
}

/// The lowest port that the server goes to.
const PORT_MIN: u16 = 1024;

/// Offsets of files are signed to the system.
const OFFSET_MAX: u64 = i64::MAX as u64;
