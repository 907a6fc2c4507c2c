//! One session over the native protocol, from the ready line to the close:
//! reads requests, asks the session, writes what it says, and moves the
//! bytes of transfers (`docs/native-protocol.md` §2, §3.5).
//!
//! Must not know: how the connection came here, or what an outcome means.

use std::time::Instant;

use super::{
    code::Malformed,
    line::{Line, LineBuffer},
    notice::{self, Limit, Notice},
    reply, transfer,
    wire::{self, Undecodable},
};
use crate::{
    journal::Journal,
    session::{Granted, Outcome, Refused, Request, Session},
    stream::{End, Patience, Stream},
};

/// Serves one connection until it ends.
pub fn serve(
    stream: Stream,
    session: Session,
    patience: Patience,
    ready: Notice,
    journal: &mut Journal,
) {
    let mut conversation = Conversation {
        stream,
        session,
        patience,
        journal,
        input: LineBuffer::default(),
        output: Vec::new(),
    };
    notice::encode(ready, &mut conversation.output);
    let last = conversation.run();
    conversation.end(last);
}

/// A connection under way.
pub(super) struct Conversation<'a> {
    pub(super) stream: Stream,
    session: Session,
    pub(super) patience: Patience,
    pub(super) journal: &'a mut Journal,
    pub(super) input: LineBuffer,
    /// Replies that have not been sent: those to pipelined requests go out
    /// together.
    pub(super) output: Vec<u8>,
}

/// Why a conversation ends, and with which last words.
#[derive(Debug)]
pub(super) enum Last {
    /// Nothing is left to say: the client has gone, or knows.
    Silence,
    /// A last line, after what is still unsent.
    Words(Notice),
    /// What is still unsent is not to be sent either.
    Nothing,
}

impl Conversation<'_> {
    fn run(&mut self) -> Last {
        let login_until = Instant::now() + self.patience.login;
        loop {
            let (until, limit) = if self.session.user().is_some() {
                (Instant::now() + self.patience.idle, Limit::Idle)
            } else {
                (login_until, Limit::Login)
            };
            let request = match self.next_request(until) {
                Ok(request) => request,
                Err(End::Silent) if self.output.is_empty() => {
                    self.journal.timed_out(limit.word());
                    return Last::Words(Notice::Timeout(limit));
                }
                Err(end) => return self.last_words(end),
            };
            let next = match request {
                Ok(request) => self.answer(request),
                Err(what) => self.refuse_line(what),
            };
            if let Some(last) = next {
                return last;
            }
            if self.stream.is_stopping() {
                return Last::Words(Notice::Closing);
            }
        }
    }

    /// The next line as a request, once all earlier replies are sent.
    fn next_request(
        &mut self,
        until: Instant,
    ) -> Result<Result<Request, Undecodable>, End> {
        loop {
            if self.output.len() > OUTPUT_BYTES_MAX {
                self.flush()?;
            }
            match self.input.next_line() {
                Some(Line::Whole(line)) => {
                    return Ok(wire::decode_request(line));
                }
                Some(Line::TooLong) => {
                    let what = Malformed::TooLong;
                    return Ok(Err(Undecodable { verb: None, what }));
                }
                None => {}
            }
            self.flush()?;
            self.input.release();
            // Who never pauses finds the socket ready at every deadline.
            if Instant::now() >= until {
                return Err(End::Silent);
            }
            self.read_more(until)?;
        }
    }

    /// Waits for the next bytes. On a frame of its own: the buffer must not
    /// lie below all that is called to answer, or each session's stack has
    /// one more page.
    #[inline(never)]
    fn read_more(&mut self, until: Instant) -> Result<(), End> {
        let mut bytes = [0; READ_BYTES];
        let count = self.stream.read_request(&mut bytes, until)?;
        self.input.push(&bytes[..count]);
        Ok(())
    }

    /// Carries out one request and writes its reply. Says whether the
    /// conversation ends with it.
    fn answer(&mut self, request: Request) -> Option<Last> {
        let signing_in = match &request {
            Request::SignIn { user, .. } => Some(user.clone()),
            _ => None,
        };
        let command = Command::of(&request);
        match self.session.handle(request) {
            Outcome::Granted(granted) => self.grant(granted),
            Outcome::Refused(refused) => {
                self.journal.refused(&refused, &command.0, signing_in);
                reply::refused(&refused, &mut self.output);
                let last =
                    matches!(refused, Refused::BadPassword { last: true });
                last.then_some(Last::Silence)
            }
            Outcome::Failed(failed) => {
                self.journal.failed(&failed, &command.0);
                reply::failed(&failed, &mut self.output);
                None
            }
        }
    }

    fn grant(&mut self, granted: Granted) -> Option<Last> {
        match granted {
            Granted::Download(download) => transfer::send(self, download),
            Granted::Upload(upload) => transfer::receive(self, upload),
            Granted::Bye => {
                reply::granted(&Granted::Bye, &mut self.output);
                Some(Last::Silence)
            }
            Granted::SignedIn { ref user, .. } => {
                self.journal.signed_in(user);
                reply::granted(&granted, &mut self.output);
                None
            }
            granted @ (Granted::Alive
            | Granted::Directory(_)
            | Granted::Help
            | Granted::Listing(_)
            | Granted::Made(_)
            | Granted::Quota(_)
            | Granted::Removed
            | Granted::Renamed
            | Granted::Same { .. }
            | Granted::Sent { .. }
            | Granted::Stored { .. }) => {
                reply::granted(&granted, &mut self.output);
                None
            }
        }
    }

    /// Answers a line that is no request. Before the authentication it is
    /// `login-first`, whatever it is, but for a line too long and for the
    /// verbs that come before (§4, §7.2).
    fn refuse_line(&mut self, line: Undecodable) -> Option<Last> {
        let Undecodable { verb, what } = line;
        if self.session.user().is_none()
            && what != Malformed::TooLong
            && !wire::is_open(verb)
        {
            reply::refused(&Refused::NotSignedIn, &mut self.output);
        } else {
            reply::malformed(what, &mut self.output);
        }
        self.journal.malformed(what);
        None
    }

    /// Sends what has been written so far.
    pub(super) fn flush(&mut self) -> Result<(), End> {
        if self.output.is_empty() {
            return Ok(());
        }
        self.stream.write_all(&self.output, self.patience.stall)?;
        self.output.clear();
        self.output.shrink_to(READ_BYTES);
        Ok(())
    }

    /// What to say when the connection's bytes end outside of a transfer.
    pub(super) fn last_words(&mut self, end: End) -> Last {
        match end {
            End::Closed => Last::Silence,
            End::Stopping => Last::Words(Notice::Closing),
            // The client does not read its replies, so no line reaches it.
            End::Silent => {
                self.journal.timed_out(Limit::Stall.word());
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
            Last::Nothing => {}
            Last::Silence => {
                let _ = self.flush();
            }
            Last::Words(notice) => {
                notice::encode(notice, &mut self.output);
                self.stream.say_last(&self.output);
            }
        }
        self.stream.close();
    }
}

/// A request's name for the log, without its secrets.
struct Command(String);

impl Command {
    fn of(request: &Request) -> Command {
        if let Request::SignIn { .. } = request {
            return Command("auth".to_owned());
        }
        let mut line = Vec::new();
        wire::encode_request(request, &mut line);
        Command(String::from_utf8_lossy(line.trim_ascii_end()).into_owned())
    }
}

/// Replies to pipelined requests are sent at the latest when they make this
/// much: it bounds what a client makes the server hold.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// What is read at a time outside of transfers.
const READ_BYTES: usize = 4096;
