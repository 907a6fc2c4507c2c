//! FTP as a conversation (RFC 959, 2428, 3659), over the wire half of the
//! library: one step is as many commands as it takes, each sent when the one
//! before is answered. EPSV comes first, and PASV where it is refused; of a
//! PASV reply only the port counts, for the address is the server's.
//!
//! Must not know: sockets, schedules, what the bytes of a file should be.

use std::io::Write as _;

use ftpool::ftp::{
    code::{Class, Code},
    wire::{NoReply, Reply, ReplyReader, encode_command},
};

use super::{Conversation, Dialect, Heard, Step};

/// The protocol of RFC 959 and its family.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ftp {
    /// How directories are listed.
    pub(crate) listing: Listing,
}

/// How a directory is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listing {
    /// For people, which every server can.
    List,
    /// For programs (RFC 3659 §7).
    Mlsd,
}

impl Dialect for Ftp {
    type Talk = Talk;

    const NAME: &'static str = "ftp";
    const TORN_SIGN_IN: &'static [u8] = b"USER half-a-na";

    fn talk(&self) -> Talk {
        Talk {
            listing: self.listing,
            reader: ReplyReader::default(),
            state: State::Greeting,
            next: Vec::new(),
            restart: None,
            uploads: false,
            data_ended: false,
            is_binary: false,
            is_extended: true,
        }
    }
}

/// One control connection's state.
#[derive(Debug)]
pub(crate) struct Talk {
    listing: Listing,
    reader: ReplyReader,
    state: State,
    /// What the step ends with, once all before it is answered: the password
    /// or the command of the transfer. Kept so that none is allocated.
    next: Vec<u8>,
    /// Where in the file the transfer begins.
    restart: Option<u64>,
    /// Whether the transfer's bytes go to the server.
    uploads: bool,
    data_ended: bool,
    /// TYPE I holds for the whole session.
    is_binary: bool,
    /// EPSV was not refused yet.
    is_extended: bool,
}

/// What the next reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The connection itself: silence is the wait for a place.
    Greeting,
    /// Nothing: none is due.
    Idle,
    /// A USER.
    User,
    /// A command that has one reply: a PASS among them.
    Plain,
    /// The TYPE before a session's first transfer.
    Type,
    /// An EPSV or a PASV.
    Passive,
    /// A REST.
    Restart,
    /// The command of a transfer.
    Transfer,
    /// Nothing: the transfer is confirmed, its data not yet at the end.
    Confirmed(Code),
}

impl Conversation for Talk {
    fn begin(&mut self, step: Step<'_>, out: &mut Vec<u8>) {
        let plain = match step {
            Step::SignIn { user, password } => {
                self.next.clear();
                command("PASS", password, &mut self.next);
                self.state = State::User;
                return command("USER", user, out);
            }
            Step::Dir(path) => {
                let verb = match self.listing {
                    Listing::List => "LIST",
                    Listing::Mlsd => "MLSD",
                };
                return self.begin_transfer(verb, path, out);
            }
            Step::Get { path, held } => {
                self.begin_transfer("RETR", path, out);
                self.restart = held.map(|(have, _)| have);
                return;
            }
            Step::Put { path, .. } => {
                self.begin_transfer("STOR", path, out);
                self.uploads = true;
                return;
            }
            Step::Cd(path) => ("CWD", path),
            Step::Mkdir(path) => ("MKD", path),
            Step::Rmdir(path) => ("RMD", path),
            Step::Rm(path) => ("DELE", path),
            Step::Pwd => ("PWD", ""),
            Step::Quit => ("QUIT", ""),
        };
        self.state = State::Plain;
        command(plain.0, plain.1, out);
    }

    fn hear<'a>(
        &mut self,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> (usize, Heard<'a>) {
        self.reader.push(bytes);
        let heard = loop {
            match self.reader.next_reply() {
                Ok(Some(reply)) => match self.on_reply(&reply, out) {
                    Heard::Nothing => {}
                    heard => break heard,
                },
                Ok(None) => break Heard::Nothing,
                Err(NoReply::NoCode(line)) => break nonsense(&line),
                Err(error) => break Heard::Nonsense(error.to_string()),
            }
        };
        (bytes.len(), heard)
    }

    fn data_ended(&mut self) -> Heard<'static> {
        self.data_ended = true;
        match self.state {
            State::Confirmed(code) => self.done(code),
            State::Greeting
            | State::Idle
            | State::User
            | State::Plain
            | State::Type
            | State::Passive
            | State::Restart
            | State::Transfer => Heard::Nothing,
        }
    }
}

impl Talk {
    fn begin_transfer(&mut self, verb: &str, path: &str, out: &mut Vec<u8>) {
        self.next.clear();
        command(verb, path, &mut self.next);
        self.restart = None;
        self.uploads = false;
        self.data_ended = false;
        // A listing is text, whatever the type is.
        if self.is_binary || matches!(verb, "LIST" | "MLSD") {
            self.ask_for_a_port(out);
        } else {
            self.state = State::Type;
            command("TYPE", "I", out);
        }
    }

    fn ask_for_a_port(&mut self, out: &mut Vec<u8>) {
        self.state = State::Passive;
        command(if self.is_extended { "EPSV" } else { "PASV" }, "", out);
    }

    fn on_reply(
        &mut self,
        reply: &Reply,
        out: &mut Vec<u8>,
    ) -> Heard<'static> {
        let class = reply.code.class();
        match self.state {
            State::Greeting => self.greeted(reply),
            _ if reply.code == Code::UNAVAILABLE => {
                Heard::Dismissed(label(reply))
            }
            State::Idle | State::Confirmed(_) => unasked(reply),
            State::Transfer => self.transferring(reply),
            State::Passive => self.on_passive(reply, out),
            _ if class == Class::Preliminary => Heard::Nothing,
            State::User if reply.code == Code::NEED_PASSWORD => {
                self.state = State::Plain;
                out.append(&mut self.next);
                Heard::Nothing
            }
            State::User | State::Plain if class == Class::Completion => {
                self.done(reply.code)
            }
            State::Type if class == Class::Completion => {
                self.is_binary = true;
                self.ask_for_a_port(out);
                Heard::Nothing
            }
            State::Restart if class == Class::Intermediate => {
                self.send_command(out);
                Heard::Nothing
            }
            State::User | State::Plain | State::Type | State::Restart => {
                self.refused(reply)
            }
        }
    }

    /// Before the greeting nothing is certain; with it the place is.
    fn greeted(&mut self, reply: &Reply) -> Heard<'static> {
        match reply.code.class() {
            Class::Preliminary => {
                Heard::Waiting { position: None, limit: None }
            }
            Class::Completion => {
                self.state = State::Idle;
                Heard::Ready { limit: None, serving: None }
            }
            Class::Intermediate => unasked(reply),
            Class::Transient | Class::Permanent => {
                Heard::TurnedAway(label(reply))
            }
        }
    }

    fn on_passive(
        &mut self,
        reply: &Reply,
        out: &mut Vec<u8>,
    ) -> Heard<'static> {
        match reply.code.class() {
            Class::Preliminary => return Heard::Nothing,
            Class::Permanent if self.is_extended => {
                self.is_extended = false;
                self.ask_for_a_port(out);
                return Heard::Nothing;
            }
            Class::Intermediate | Class::Transient | Class::Permanent => {
                return self.refused(reply);
            }
            Class::Completion => {}
        }
        let port = if self.is_extended {
            reply.passive_port()
        } else {
            reply.passive_address().map(|address| address.port())
        };
        let Some(port) = port else { return unasked(reply) };
        match self.restart {
            Some(offset) => {
                self.state = State::Restart;
                write!(out, "REST {offset}\r\n")
                    .expect("a Vec takes every write");
            }
            None => self.send_command(out),
        }
        Heard::Open { code: reply.code.number(), port }
    }

    fn send_command(&mut self, out: &mut Vec<u8>) {
        self.state = State::Transfer;
        out.append(&mut self.next);
    }

    fn transferring(&mut self, reply: &Reply) -> Heard<'static> {
        let code = reply.code.number();
        match reply.code.class() {
            Class::Preliminary if self.uploads => {
                Heard::Send { code, offset: 0 }
            }
            Class::Preliminary => Heard::Begun { code },
            // A download ends with its data. An upload's data ends by the
            // client's doing, and who confirms it before is in error.
            Class::Completion if self.uploads || self.data_ended => {
                self.done(reply.code)
            }
            Class::Completion => {
                self.state = State::Confirmed(reply.code);
                Heard::Nothing
            }
            Class::Intermediate => unasked(reply),
            Class::Transient | Class::Permanent => self.refused(reply),
        }
    }

    fn done(&mut self, code: Code) -> Heard<'static> {
        self.state = State::Idle;
        Heard::Done { code: Some(code.number()), size: None }
    }

    fn refused(&mut self, reply: &Reply) -> Heard<'static> {
        self.state = State::Idle;
        Heard::Refused { code: reply.code.number(), label: label(reply) }
    }
}

fn command(verb: &str, argument: &str, out: &mut Vec<u8>) {
    let argument = (!argument.is_empty()).then_some(argument.as_bytes());
    encode_command(verb, argument, out)
        .expect("names are the generator's own, and the account was checked");
}

fn unasked(reply: &Reply) -> Heard<'static> {
    Heard::Nonsense(label(reply))
}

fn nonsense(line: &[u8]) -> Heard<'static> {
    Heard::Nonsense(String::from_utf8_lossy(line).into_owned())
}

/// A reply's code and last words. Words that differ from case to case, such
/// as names and numbers, are left out, so that like errors are one.
fn label(reply: &Reply) -> String {
    let mut label = reply.code.to_string();
    for word in String::from_utf8_lossy(reply.last_line()).split_whitespace() {
        let differs = |letter: char| {
            letter == '/' || letter.is_ascii_digit() || letter.is_control()
        };
        let word = if word.contains(differs) { "…" } else { word };
        if label.len() + word.len() > LABEL_BYTES_MAX {
            break;
        }
        label.push(' ');
        label.push_str(word);
    }
    label
}

/// As much of a reply as tells one kind of error from another.
const LABEL_BYTES_MAX: usize = 80;

#[cfg(test)]
mod tests;
