//! What each client saw of its visits to the server: the moments of one
//! connection, from which the verdict on the bound is drawn afterwards.
//!
//! Must not know: what was done in a visit, or how a verdict is reached.

use crate::clock::{MS, Nanos};

/// One connection from its start to its end.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// Which client it was.
    pub(crate) user: u32,
    /// The client's how-manieth visit.
    pub(crate) number: u32,
    /// Just before the connection was asked for.
    pub(crate) began: Nanos,
    /// The server's first word was read: it has accepted the connection.
    pub(crate) first_word: Option<Nanos>,
    /// The last moment at which the ready line had certainly not arrived:
    /// before the last complete poll that did not show it.
    pub(crate) unready_until: Nanos,
    /// The ready line was read.
    pub(crate) ready: Option<Nanos>,
    /// What the server said of its own count in the ready line.
    pub(crate) serving: Option<u64>,
    /// What the server said its limit is.
    pub(crate) limit: Option<u64>,
    /// The last moment at which the client can prove that it was served:
    /// it sent a request then, and that request was answered.
    pub(crate) proven_until: Nanos,
    /// Just before the client let go: sent its quit, or closed.
    pub(crate) let_go: Option<Nanos>,
    /// The client saw the server's close, or closed itself.
    pub(crate) closed: Option<Nanos>,
    /// How it ended.
    pub(crate) ending: Ending,
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Not yet.
    Open,
    /// The client said goodbye and the server closed.
    Left,
    /// The client cut it off, on purpose.
    Cut,
    /// The server said that it is full.
    TurnedAway,
    /// No connection came about.
    Unreachable,
    /// The server ended it before the client was done.
    Dropped,
    /// The client gave up: nothing came for too long.
    GaveUp,
}

impl Visit {
    /// A visit that begins now.
    pub(crate) fn new(user: u32, number: u32, now: Nanos) -> Visit {
        Visit {
            user,
            number,
            began: now,
            first_word: None,
            unready_until: now,
            ready: None,
            serving: None,
            limit: None,
            proven_until: now,
            let_go: None,
            closed: None,
            ending: Ending::Open,
        }
    }

    /// The time in which it was served, beyond doubt: it lies inside the
    /// true one. `None` where nothing proves that it was served at all.
    pub(crate) fn proven(&self) -> Option<(Nanos, Nanos)> {
        let ready = self.ready?;
        (self.proven_until >= ready).then_some((ready, self.proven_until))
    }

    /// The time in which it may have been served: the true one lies inside.
    pub(crate) fn possible(&self) -> Option<(Nanos, Nanos)> {
        self.ready?;
        Some((self.unready_until, self.closed.unwrap_or(Nanos::MAX)))
    }

    /// The time in which it waited, beyond doubt.
    pub(crate) fn waited(&self) -> Option<(Nanos, Nanos)> {
        let first = self.first_word?;
        let last = match self.ready {
            Some(_) => self.unready_until,
            None => self.let_go.or(self.closed)?,
        };
        (last > first).then_some((first, last))
    }

    /// The time in which it was in line as far as it could see: it had asked
    /// to come in and was not greeted. Where waiting is silent there is no
    /// proof of more.
    pub(crate) fn in_line(&self) -> Option<(Nanos, Nanos)> {
        let last = match self.ready {
            Some(_) => self.unready_until,
            None => self.let_go.or(self.closed)?,
        };
        (last > self.began + COMING_IN_MAX).then_some((self.began, last))
    }

    /// A name for reports: the client and its visit.
    pub(crate) fn name(&self) -> String {
        format!("client {} visit {}", self.user, self.number)
    }
}

/// Coming in takes less where a place is free.
const COMING_IN_MAX: Nanos = 10 * MS;
