//! The control connection during a transfer: each wait for the data
//! connection hears it too. What asks about the transfer is answered at
//! once, an ABOR breaks it off, everything else is kept for afterwards.
//!
//! Must not know: what is transferred, or how.

use std::{
    io,
    net::SocketAddr,
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

use super::{
    control::{Control, Heard},
    state::Status,
};
use crate::{
    ftp::{
        code::Code,
        verb::{self, Verb},
    },
    journal::Journal,
    session::Denial,
    stream::{End, Ready},
};

/// Why a transfer did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The client said ABOR.
    #[error("aborted by the client")]
    Aborted,
    /// The data connection broke, or nothing moved on it for too long.
    #[error("the data connection: {}", told(.0.as_ref()))]
    Data(Option<io::Error>),
    /// The data connection did not come about.
    #[error("no data connection: {}", told(.0.as_ref()))]
    NoConnection(Option<io::Error>),
    /// The core refused to go on, or failed.
    #[error("{0:?}")]
    Denied(Denial),
    /// The file had fewer bytes than it should.
    #[error("the file has changed")]
    Short,
    /// The stop's grace is over.
    #[error("cut by the stop")]
    Cut,
    /// The control connection is gone; the session ends.
    #[error("the control connection is gone: {0:?}")]
    Gone(End),
}

/// The control connection of a transfer under way.
pub(super) struct Watch<'a> {
    pub(super) control: &'a mut Control,
    pub(super) journal: &'a mut Journal,
    stall: Duration,
    status: Status<'a>,
    moved: u64,
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        control: &'a mut Control,
        journal: &'a mut Journal,
        stall: Duration,
        status: Status<'a>,
    ) -> Watch<'a> {
        Watch { control, journal, stall, status, moved: 0 }
    }

    /// Sends what is written, and looks through the lines that came along
    /// with the transfer's command.
    pub(super) fn begin(&mut self) -> Result<(), Broken> {
        self.flush()?;
        self.control.gather();
        match self.control.queued().any(is_abort) {
            true => Err(Broken::Aborted),
            false => Ok(()),
        }
    }

    /// The client's end of the control connection.
    pub(super) fn peer(&self) -> SocketAddr {
        self.status.peer
    }

    /// This end of it.
    pub(super) fn local(&self) -> SocketAddr {
        self.status.local
    }

    /// When a wait that begins now has lasted too long.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.stall
    }

    /// Counts bytes that have moved.
    pub(super) fn moved(&mut self, bytes: usize) {
        self.moved += bytes as u64;
    }

    /// The bytes that have moved.
    pub(super) fn total(&self) -> u64 {
        self.moved
    }

    /// Somebody who is not the client came to its data port.
    pub(super) fn stranger(&self, peer: SocketAddr) {
        self.journal.stranger(peer);
    }

    /// Sends the replies that are written so far.
    pub(super) fn flush(&mut self) -> Result<(), Broken> {
        self.control.flush(self.stall).map_err(Broken::Gone)
    }

    pub(super) fn wait_to_read(
        &mut self,
        side: BorrowedFd<'_>,
        until: Instant,
    ) -> Result<(), Broken> {
        self.wait(until, |control| {
            let hear = control.hear();
            control.stream.wait_to_read_beside(side, hear, until)
        })
    }

    /// Waits after the last reply: `false` where the client speaks, the
    /// control connection ends, or it lasts too long.
    pub(super) fn waits_silently_to_read(
        &mut self,
        side: BorrowedFd<'_>,
    ) -> bool {
        let (until, hear) = (self.deadline(), self.control.hear());
        self.flush().is_ok()
            && matches!(
                self.control.stream.wait_to_read_beside(side, hear, until),
                Ok(Ready { own: false, .. })
            )
    }

    pub(super) fn wait_to_write(
        &mut self,
        side: BorrowedFd<'_>,
        until: Instant,
    ) -> Result<(), Broken> {
        self.wait(until, |control| {
            let hear = control.hear();
            control.stream.wait_to_write_beside(side, hear, until)
        })
    }

    /// Hears what has come, without a wait: a transfer that never waits
    /// must not be deaf.
    pub(super) fn glance(&mut self) -> Result<(), Broken> {
        match self.control.stream.has_news(self.control.hear()) {
            Ok(false) => Ok(()),
            Ok(true) => self.listen(),
            Err(end) => Err(broken_by(end)),
        }
    }

    /// Whether the client, all of whose bytes have come, is still there. A
    /// process that was killed closes both connections: what it sent is no
    /// whole file.
    pub(super) fn require_client(&mut self) -> Result<(), Broken> {
        self.glance()?;
        match self.control.has_ended() && !self.is_leaving() {
            true => Err(Broken::Gone(End::Closed)),
            false => Ok(()),
        }
    }

    fn wait(
        &mut self,
        until: Instant,
        once: impl Fn(&Control) -> Result<Ready, End>,
    ) -> Result<(), Broken> {
        loop {
            let ready = once(self.control).map_err(broken_by)?;
            if ready.own {
                self.listen()?;
            }
            if ready.side {
                return Ok(());
            }
            // Talk is no excuse for a data connection that stands still.
            if Instant::now() >= until {
                return Err(Broken::Data(None));
            }
        }
    }

    fn listen(&mut self) -> Result<(), Broken> {
        let new = self.control.listen().map_err(Broken::Gone)?;
        if self.control.queued().rev().take(new).any(is_abort) {
            return Err(Broken::Aborted);
        }
        self.answer_questions();
        self.flush()?;
        // Whose client has gone without a QUIT, that transfer has nobody
        // left (RFC 959 §4.1.1).
        if self.control.has_ended() && !self.is_leaving() {
            return Err(Broken::Gone(End::Closed));
        }
        Ok(())
    }

    /// Answers NOOP and STAT at once, as long as nothing else came before
    /// them: replies keep the order of their commands.
    fn answer_questions(&mut self) {
        loop {
            let first = self.control.queued().next();
            match first.and_then(question) {
                Some(Verb::Noop) => self.control.reply(Code::OKAY, "Here."),
                Some(_) => self.tell_status(),
                None => return,
            }
            self.control.take_queued();
        }
    }

    fn tell_status(&mut self) {
        self.control.begin(Code::SYSTEM_STATUS, "Status:");
        for line in self.status.lines() {
            self.control.inner(line.as_bytes());
        }
        let line = format!("A transfer is under way: {} bytes", self.moved);
        self.control.inner(line.as_bytes());
        self.control.reply(Code::SYSTEM_STATUS, "End of status.");
    }

    fn is_leaving(&self) -> bool {
        let is_quit = |heard: &Heard| verb_of(heard) == Some(Verb::Quit);
        self.control.queued().any(is_quit)
    }
}

fn is_abort(heard: &Heard) -> bool {
    verb_of(heard) == Some(Verb::Abor)
}

/// A command that is answered while a transfer is under way.
fn question(heard: &Heard) -> Option<Verb> {
    let Heard::Line(line) = heard else { return None };
    let row = verb::find(line)?;
    matches!(row.verb, Verb::Noop | Verb::Stat).then_some(row.verb)
}

fn verb_of(heard: &Heard) -> Option<Verb> {
    let Heard::Line(line) = heard else { return None };
    let word = line.split(|&byte| byte == b' ').next()?;
    verb::find(word).map(|row| row.verb)
}

fn broken_by(end: End) -> Broken {
    match end {
        End::Silent => Broken::Data(None),
        End::Cut => Broken::Cut,
        end @ (End::Closed | End::Lost(_) | End::Short | End::Stopping) => {
            Broken::Gone(end)
        }
    }
}

fn told(error: Option<&io::Error>) -> String {
    error.map_or("nothing moved".to_owned(), ToString::to_string)
}
