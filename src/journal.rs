//! What one connection leaves in the log: a line an event, each with the
//! session's number, the peer's address and the user. Never a password,
//! and never a raw byte of a name.
//!
//! Must not know: where the lines go, or what they look like.

use std::{fmt, io, net::SocketAddr, time::Duration};

use tracing::{error, info, warn};

use crate::{
    session::{Failed, Refused},
    stream::End,
};

/// The log of one connection.
#[derive(Debug)]
pub struct Journal {
    session: u64,
    peer: SocketAddr,
    user: String,
}

impl Journal {
    /// The log of the `session`-th connection.
    pub fn new(session: u64, peer: SocketAddr) -> Journal {
        Journal { session, peer, user: "-".to_owned() }
    }

    /// The session's number.
    pub fn session(&self) -> u64 {
        self.session
    }

    /// A worker has taken the connection.
    pub fn began(&self) {
        info!(session = self.session, peer = %self.peer, "began");
    }

    /// The connection has ended.
    pub fn ended(&self, lasted: Duration) {
        info!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            secs = lasted.as_secs_f64(),
            "ended"
        );
    }

    /// The connection was told that the server is busy.
    pub fn turned_away(&self) {
        warn!(session = self.session, peer = %self.peer, "turned away: busy");
    }

    /// A good sign-in.
    pub fn signed_in(&mut self, user: &str) {
        user.clone_into(&mut self.user);
        info!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            "signed in"
        );
    }

    /// A refusal; of a sign-in, with the name that was tried.
    pub fn refused(
        &self,
        refused: &Refused,
        command: &str,
        signing_in: Option<String>,
    ) {
        if let Some(name) = signing_in {
            warn!(
                session = self.session,
                peer = %self.peer,
                name = ?name,
                reason = ?refused,
                "sign-in refused"
            );
            return;
        }
        info!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            reason = ?refused,
            command = %command,
            "refused"
        );
    }

    /// A line that is no request.
    pub fn malformed(&self, what: impl fmt::Debug) {
        info!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            reason = ?what,
            "refused a line"
        );
    }

    /// The server's own trouble.
    pub fn failed(&self, failed: &Failed, command: &str) {
        error!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            reason = ?failed,
            command = %command,
            "failed"
        );
    }

    /// A file was sent whole, or from where the client had it.
    pub fn sent(&self, path: &str, bytes: u64, took: Duration) {
        self.transferred("sent", path, bytes, took);
    }

    /// A file is complete under its name.
    pub fn received(&self, path: &str, bytes: u64, took: Duration) {
        self.transferred("received", path, bytes, took);
    }

    /// A transfer ended early.
    pub fn broke_off(&self, command: &str, path: &str, end: &End) {
        warn!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            path = ?path,
            reason = ?end,
            "{command} broke off"
        );
    }

    /// A transfer on a connection of its own ended early.
    pub fn broken(&self, command: &str, path: &str, why: impl fmt::Display) {
        warn!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            path = ?path,
            reason = %why,
            "{command} broke off"
        );
    }

    /// A limit of time has passed.
    pub fn timed_out(&self, limit: &str) {
        info!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            limit,
            "timed out"
        );
    }

    /// The connection broke.
    pub fn lost(&self, error: &io::Error) {
        info!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            %error,
            "lost"
        );
    }

    /// Somebody else came to a data connection's port.
    pub fn stranger(&self, stranger: SocketAddr) {
        warn!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            %stranger,
            "sent a stranger away from the data connection"
        );
    }

    /// The session's own code broke; it ends alone.
    pub fn panicked(&self) {
        error!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            "the session panicked"
        );
    }

    fn transferred(&self, what: &str, path: &str, bytes: u64, took: Duration) {
        info!(
            session = self.session,
            peer = %self.peer,
            user = %self.user,
            path = ?path,
            bytes,
            secs = took.as_secs_f64(),
            "{what}"
        );
    }
}
