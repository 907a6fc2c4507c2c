//! What a dialect is to the threads that carry it: something to say to
//! those who wait, and a conversation with those who are served.
//!
//! Must not know: the line, the pool.

use std::{
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use crate::{
    ftp::{self, code::Code, server::Site},
    journal::Journal,
    native::{
        self,
        notice::{self, Notice},
    },
    session::{House, Session},
    stream::{Patience, Stream},
};

/// A connection that a worker has taken.
#[derive(Debug)]
pub struct Visitor {
    /// The connection.
    pub stream: Stream,
    /// Counts connections from 1.
    pub number: u64,
    /// The other end.
    pub peer: SocketAddr,
    /// How many are served at most.
    pub limit: usize,
    /// How many are served now, this one included.
    pub serving: usize,
}

/// What the lobby has to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LobbyNotice {
    /// No place, and no place in the line either; the connection is closed.
    Busy,
    /// The server is stopping; the connection is closed.
    Closing,
    /// The place in the line, from 1.
    Waiting {
        /// The place, from 1.
        position: usize,
        /// How many are served at most.
        limit: usize,
    },
}

/// A way to speak to clients. Shared by all threads.
pub trait Dialect: Send + Sync {
    /// The bytes that tell a waiting client something; none for a dialect
    /// that is silent then.
    fn notice(&self, notice: LobbyNotice) -> Vec<u8>;

    /// Serves one connection until it is closed.
    fn converse(&self, visitor: Visitor);
}

/// What every dialect has: the house that it serves, and how long a session
/// of it may be silent.
#[derive(Debug)]
struct Reception {
    house: Arc<House>,
    patience: RwLock<Patience>,
}

impl Reception {
    fn new(house: Arc<House>, patience: Patience) -> Reception {
        Reception { house, patience: RwLock::new(patience) }
    }

    fn set_patience(&self, patience: Patience) {
        let mut ours =
            self.patience.write().unwrap_or_else(PoisonError::into_inner);
        *ours = patience;
    }

    /// Has a new session talk with a visitor, from the first line of the log
    /// to the last.
    fn attend(
        &self,
        (number, peer): (u64, SocketAddr),
        talk: impl FnOnce(Session, Patience, &mut Journal),
    ) {
        let patience =
            *self.patience.read().unwrap_or_else(PoisonError::into_inner);
        let mut journal = Journal::new(number, peer);
        journal.began();
        let began = Instant::now();
        talk(Session::new(Arc::clone(&self.house)), patience, &mut journal);
        journal.ended(began.elapsed());
    }
}

/// The native protocol over a house.
#[derive(Debug)]
pub struct Native(Reception);

impl Native {
    /// Speaks the native protocol to the users of a house.
    pub fn new(house: Arc<House>, patience: Patience) -> Native {
        Native(Reception::new(house, patience))
    }

    /// Other limits of time, for those who come from now on.
    pub fn set_patience(&self, patience: Patience) {
        self.0.set_patience(patience);
    }
}

impl Dialect for Native {
    fn notice(&self, notice: LobbyNotice) -> Vec<u8> {
        let mut line = Vec::new();
        let notice = match notice {
            LobbyNotice::Busy => Notice::Busy,
            LobbyNotice::Closing => Notice::Closing,
            LobbyNotice::Waiting { position, limit } => {
                Notice::Waiting { position, limit }
            }
        };
        notice::encode(notice, &mut line);
        line
    }

    fn converse(&self, visitor: Visitor) {
        let Visitor { stream, number, peer, limit, serving } = visitor;
        let ready = Notice::Ready { limit, serving };
        self.0.attend((number, peer), |session, patience, journal| {
            native::serve(stream, session, patience, ready, journal);
        });
    }
}

/// FTP over a house.
#[derive(Debug)]
pub struct Ftp {
    reception: Reception,
    site: Site,
}

impl Ftp {
    /// Speaks FTP to the users of a house.
    pub fn new(house: Arc<House>, site: Site, patience: Patience) -> Ftp {
        Ftp { reception: Reception::new(house, patience), site }
    }

    /// Other limits of time, for those who come from now on.
    pub fn set_patience(&self, patience: Patience) {
        self.reception.set_patience(patience);
    }
}

impl Dialect for Ftp {
    /// Who waits hears nothing until the greeting, unless the settings say
    /// otherwise. Some clients look for the words of the refusal.
    fn notice(&self, notice: LobbyNotice) -> Vec<u8> {
        match notice {
            LobbyNotice::Busy => {
                let text = "Too many connections; try again later.";
                ftp::server::line(Code::UNAVAILABLE, text)
            }
            LobbyNotice::Closing => {
                ftp::server::line(Code::UNAVAILABLE, ftp::server::STOPPING)
            }
            LobbyNotice::Waiting { position, limit }
                if self.site.waiting_replies =>
            {
                let text = format!(
                    "No place of {limit} is free; you are number {position} \
                     in line."
                );
                ftp::server::line(Code::READY_SOON, &text)
            }
            LobbyNotice::Waiting { .. } => Vec::new(),
        }
    }

    fn converse(&self, visitor: Visitor) {
        let Visitor { stream, number, peer, limit: _, serving: _ } = visitor;
        let site = &self.site;
        let who = (number, peer);
        self.reception.attend(who, |session, patience, journal| {
            ftp::server::serve(stream, peer, session, site, patience, journal);
        });
    }
}
