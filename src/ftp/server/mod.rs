//! One session over FTP, from the greeting to the close: reads commands,
//! asks the session, writes the replies (RFC 959 §5.4). In reading order:
//! `control` (over `telnet`) gives lines; here they are looked up and
//! passed on to `login`, `parameters`, `names`, `files`, `listings` and
//! `about`; `data` and `watch` carry a `transfer`.
//!
//! Must not know: how the connection came here, or what an outcome means.

mod about;
mod address;
mod ascii;
mod control;
mod data;
mod facts;
mod files;
mod hash;
mod list;
mod listings;
mod login;
mod names;
mod parameters;
mod reply;
mod state;
mod telnet;
mod transfer;
mod watch;

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    time::Instant,
};

use self::{
    control::{Control, Heard},
    data::DataSetup,
    state::{State, Status, Taken},
    watch::Watch,
};
use super::{
    code::Code,
    verb::{self, Access, Arity, Row, Verb},
};
use crate::{
    journal::Journal,
    session::{Denial, PathText, Session},
    stream::{End, Patience, Stream},
};

/// What the settings say for FTP alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The ports of passive data connections.
    pub passive_ports: RangeInclusive<u16>,
    /// The address that PASV tells, where it is not the one at which the
    /// client has come.
    pub public_address: Option<IpAddr>,
    /// Whether who waits in line is told the position. Many clients take
    /// anything before the greeting for trouble.
    pub waiting_replies: bool,
}

/// Serves one connection until it ends.
pub fn serve(
    stream: Stream,
    peer: SocketAddr,
    session: Session,
    site: &Site,
    patience: Patience,
    journal: &mut Journal,
) {
    let prepared =
        stream.take_urgent_inline().and_then(|()| stream.local_address());
    let Ok(local) = prepared else { return };
    let mut conversation = Conversation {
        control: Control::new(stream),
        session,
        site,
        patience,
        journal,
        state: State::default(),
        data: DataSetup::default(),
        peer,
        local,
        login_until: Instant::now() + patience.login,
        denied: None,
    };
    conversation.control.reply(Code::READY, "ftpool is ready.");
    let last = conversation.run();
    conversation.end(last);
}

/// The replies of a dialect that has no session yet.
pub fn line(code: Code, text: &str) -> Vec<u8> {
    format!("{code} {text}\r\n").into_bytes()
}

/// A connection under way.
struct Conversation<'a> {
    control: Control,
    session: Session,
    site: &'a Site,
    patience: Patience,
    journal: &'a mut Journal,
    state: State,
    data: DataSetup,
    peer: SocketAddr,
    local: SocketAddr,
    login_until: Instant,
    /// What the command under way was refused for.
    denied: Option<Denial>,
}

/// Why a conversation ends, and with which last words.
#[derive(Debug)]
enum Last {
    /// What is still unsent are the last words.
    Said,
    /// A last reply, after what is still unsent.
    Words(&'static str),
    /// What is still unsent is not to be sent either.
    Nothing,
}

impl Conversation<'_> {
    fn run(&mut self) -> Last {
        loop {
            let (until, limit) = if self.session.user().is_some() {
                (Instant::now() + self.patience.idle, "idle")
            } else {
                (self.login_until, "login")
            };
            match self.control.next_line(until, self.patience.stall) {
                Ok(heard) => {
                    if let Some(last) = self.answer(heard) {
                        return last;
                    }
                }
                Err(End::Silent) => {
                    self.journal.timed_out(limit);
                    return Last::Words("Too long a silence; closing.");
                }
                Err(end) => return self.ended(end),
            }
            if self.control.stream.is_stopping() {
                return Last::Words(STOPPING);
            }
        }
    }

    /// Answers one line. Says whether the conversation ends with it.
    fn answer(&mut self, heard: Heard) -> Option<Last> {
        let Heard::Line(mut line) = heard else {
            self.journal.malformed("the line is too long");
            self.control.reply(Code::UNKNOWN_COMMAND, "The line is too long.");
            return None;
        };
        restore_returns(&mut line);
        let (word, argument) = match line.iter().position(|&b| b == b' ') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line.as_slice(), &[][..]),
        };
        let Some(row) = verb::find(word) else {
            return self.refuse_word(word, argument);
        };
        let taken = self.state.turn(row.setup);
        if row.access == Access::User && self.session.user().is_none() {
            let text = "Sign in with USER and PASS first.";
            self.control.reply(Code::NOT_SIGNED_IN, text);
            return None;
        }
        let fits = match row.arity {
            Arity::None => argument.iter().all(|&byte| byte == b' '),
            Arity::Maybe => true,
            Arity::One => !argument.is_empty(),
        };
        if !fits || argument.contains(&0) {
            let text = match row.arity {
                Arity::None => format!("{} has no argument.", row.word),
                Arity::Maybe | Arity::One => {
                    format!("Its form is: {} {}", row.word, row.form)
                }
            };
            self.control.reply(Code::BAD_ARGUMENT, &text);
            return None;
        }
        let last = self.dispatch(row, argument, taken);
        self.log_denied(row, argument);
        last
    }

    fn dispatch(
        &mut self,
        row: &Row,
        argument: &[u8],
        taken: Taken,
    ) -> Option<Last> {
        match row.verb {
            Verb::User => self.user(argument),
            Verb::Pass => return self.pass(argument, taken.user),
            Verb::Acct => self.account(),
            Verb::Rein => self.reinitialize(),
            Verb::Host => self.host(argument),
            Verb::Quit => {
                self.control.reply(Code::CLOSING, "Goodbye.");
                return Some(Last::Said);
            }
            Verb::Port => self.port(argument),
            Verb::Pasv => self.passive(),
            Verb::Eprt => self.extended_port(argument),
            Verb::Epsv => self.extended_passive(argument),
            Verb::Type => self.data_type(argument),
            Verb::Stru => self.structure(argument),
            Verb::Mode => self.mode(argument),
            Verb::Allo => self.allocate(argument),
            Verb::Rest => self.restart(argument),
            Verb::Rang => self.range(argument),
            Verb::Opts => self.options(argument),
            Verb::Retr => return self.retrieve(argument, taken.setup),
            Verb::Stor => return self.store(argument, taken.setup),
            Verb::Appe => return self.append(argument, taken.setup),
            Verb::Stou => return self.store_unique(taken.setup),
            Verb::Abor => self.abort(),
            Verb::List => return self.list(argument),
            Verb::Nlst => return self.name_list(argument),
            Verb::Mlsd => return self.machine_list(argument),
            Verb::Mlst => self.machine_list_one(argument),
            Verb::Stat if argument.is_empty() => self.status(),
            Verb::Stat => return self.status_of(argument),
            Verb::Cwd => self.change_directory(argument),
            Verb::Cdup => self.change_directory(b".."),
            Verb::Pwd => self.working_directory(),
            Verb::Mkd => self.make_directory(argument),
            Verb::Rmd => self.remove_directory(argument),
            Verb::Dele => self.delete(argument),
            Verb::Rnfr => self.rename_from(argument),
            Verb::Rnto => self.rename_to(argument, taken.rename_from),
            Verb::Size => self.size(argument),
            Verb::Mdtm => self.modification_time(argument),
            Verb::Mfmt => self.modify_time(argument),
            Verb::Hash => self.hash(argument, taken.setup),
            Verb::Avbl => self.available(argument),
            Verb::Site => self.site(argument),
            Verb::Syst => {
                self.control.reply(Code::SYSTEM_TYPE, "UNIX Type: L8");
            }
            Verb::Help => self.help(argument),
            Verb::Feat => self.features(),
            Verb::Lang => self.language(argument),
            Verb::Noop => self.control.reply(Code::OKAY, "Here."),
            Verb::Clnt => self.control.reply(Code::OKAY, "Noted."),
            Verb::Smnt | Verb::Security => {
                let text = format!("{} is not served here.", row.word);
                self.control.reply(Code::NOT_IMPLEMENTED, &text);
            }
        }
        None
    }

    /// Answers a line that begins with no command. A browser that was sent
    /// here must not get to speak to us: its second line could be one.
    fn refuse_word(&mut self, word: &[u8], rest: &[u8]) -> Option<Last> {
        self.journal.malformed("no such command");
        let is_web = HTTP_METHODS.iter().any(|it| it.as_bytes() == word);
        if is_web && rest.windows(5).any(|bytes| bytes == b"HTTP/") {
            return Some(Last::Words("This is no web server; closing."));
        }
        self.state.user = None;
        self.state.rename_from = None;
        self.control
            .reply(Code::UNKNOWN_COMMAND, "No such command; try HELP.");
        None
    }

    /// A path, where a command's argument can be one.
    fn path(&mut self, argument: &[u8]) -> Option<PathText> {
        let path = PathText::parse(argument);
        if path.is_none() {
            self.control.reply(Code::BAD_ARGUMENT, "A name is missing.");
        }
        path
    }

    /// Answers what was refused. It goes to the log with its command.
    fn deny(&mut self, denial: Denial) {
        let (code, text) = reply::denial(&denial);
        self.control.reply(code, &text);
        self.denied = Some(denial);
    }

    fn log_denied(&mut self, row: &Row, argument: &[u8]) {
        let Some(denial) = self.denied.take() else { return };
        let argument = String::from_utf8_lossy(argument);
        let command = format!("{} {argument}", row.word);
        match denial {
            Denial::Refused(refused) => {
                self.journal.refused(&refused, &command, None);
            }
            Denial::Failed(failed) => self.journal.failed(&failed, &command),
        }
    }

    /// The control connection as a transfer needs it.
    fn watch(&mut self) -> Watch<'_> {
        let status = Status {
            user: self.session.user(),
            peer: self.peer,
            local: self.local,
            kind: self.state.kind,
        };
        Watch::new(
            &mut self.control,
            self.journal,
            self.patience.stall,
            status,
        )
    }

    /// What to say when the control connection's bytes end.
    fn ended(&mut self, end: End) -> Last {
        match end {
            End::Closed => Last::Said,
            End::Stopping => Last::Words(STOPPING),
            End::Silent => {
                self.journal.timed_out("stall");
                Last::Nothing
            }
            End::Cut | End::Short => Last::Nothing,
            End::Lost(error) => {
                self.journal.lost(&error);
                Last::Nothing
            }
        }
    }

    fn end(mut self, last: Last) {
        match last {
            Last::Nothing => return self.control.stream.close(),
            Last::Said => {}
            Last::Words(text) => self.control.reply(Code::UNAVAILABLE, text),
        }
        self.control.close();
    }
}

/// CR NUL in a line stands for a CR (RFC 2640 §3.1).
fn restore_returns(line: &mut Vec<u8>) {
    let mut after_return = false;
    line.retain(|&byte| {
        let keep = !(after_return && byte == 0);
        after_return = byte == b'\r';
        keep
    });
}

/// What is said to whom the server's stop ends.
pub const STOPPING: &str = "The server is stopping.";

/// How a browser begins.
const HTTP_METHODS: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
    "TRACE",
];
