//! A server as the commands see it: one face over the dialects. What a
//! dialect's codes are is known only behind it; here they are digits to
//! show.
//!
//! Before bytes move, both ends find out what the other has. Each dialect
//! says by which digest of what length it can compare, if by any:
//! [`Remote::compares_get`], [`Remote::compares_put`]; the digest comes along
//! with [`Remote::begin_get`], [`Remote::begin_put`].
//!
//! Must not know: sockets, lines, local files' names.

use std::fs::File;

use jiff::Timestamp;

use super::{
    error::Error,
    listing::{Entry, Kind},
    local,
    sum::{Algorithm, Sum},
};
use crate::session::{Password, PathText, Request};

/// A signed-in conversation with a server.
pub(super) trait Remote {
    /// Signs in.
    fn sign_in(
        &mut self,
        user: &str,
        password: &Password,
    ) -> Result<Answer, Error>;

    /// Any request that moves no bytes.
    fn ask(&mut self, request: &Request) -> Result<Answer, Error>;

    /// Lists a directory, or one file.
    fn list(
        &mut self,
        path: Option<&PathText>,
    ) -> Result<(Answer, Vec<Entry>), Error>;

    /// How long a file is, where that can be told without its bytes.
    fn size_of(&mut self, file: &PathText) -> Result<Option<u64>, Error> {
        let (_, entries) = self.list(Some(file))?;
        let base = local::base(file.as_bytes());
        Ok(match entries.as_slice() {
            [one] if one.kind == Kind::File && one.name == base => one.size,
            _ => None,
        })
    }

    /// By which digest the first `length` bytes of a file can be compared
    /// with what is here; `None` where they cannot.
    fn compares_get(
        &mut self,
        file: &PathText,
        length: u64,
    ) -> Result<Option<Algorithm>, Error>;

    /// Asks for a file, saying what is held of it. After
    /// [`Incoming::Bytes`], [`Remote::receive`] or [`Remote::discard`] comes
    /// next.
    fn begin_get(
        &mut self,
        file: &PathText,
        held: Option<Held>,
    ) -> Result<Incoming, Error>;

    /// Gives all announced bytes to `sink`, then reads the closing answer.
    fn receive(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Answer, Error>;

    /// Gets rid of the announced bytes: reads them where they are few, else
    /// gives the connection up.
    fn discard(&mut self);

    /// By which digest of how many of its first bytes a file here of `size`
    /// bytes can be compared with what the server has; `None` where it
    /// cannot, or has nothing.
    fn compares_put(
        &mut self,
        file: &PathText,
        size: u64,
    ) -> Result<Option<(Algorithm, u64)>, Error>;

    /// Offers a file, with the digest that [`Remote::compares_put`] asked
    /// for. After [`Outgoing::Wanted`], [`Remote::send`] comes next.
    fn begin_put(
        &mut self,
        file: &PathText,
        size: u64,
        sum: Option<Sum>,
    ) -> Result<Outgoing, Error>;

    /// Sends a file's bytes from where the server wants them, telling
    /// `tick` how many have gone, and reads the closing answer.
    fn send(
        &mut self,
        file: &File,
        tick: &mut dyn FnMut(u64),
    ) -> Result<Answer, Error>;

    /// A sign of life, while long work is done at this end.
    fn keep_alive(&mut self) -> Result<(), Error>;

    /// Takes leave; a server that does not answer is left all the same.
    fn quit(&mut self) -> Option<Answer>;

    /// Whether the connection is still in step.
    fn is_usable(&self) -> bool;
}

/// What a server answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its code's digits.
    pub(super) code: String,
    /// A path, where it named one.
    pub(super) path: Option<Vec<u8>>,
    /// The state of the quota, where it told it.
    pub(super) space: Space,
    /// Its text, safe to print.
    pub(super) text: String,
}

/// Bytes of a quota; what was not told is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Space {
    /// All that the user may have.
    pub(super) quota: Option<u64>,
    /// What is used.
    pub(super) used: Option<u64>,
    /// How much of that is kept parts.
    pub(super) parts: Option<u64>,
    /// What still fits.
    pub(super) available: Option<u64>,
}

/// What is held of a file of the server's, from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// How many bytes.
    pub(super) length: u64,
    /// Their digest, where the server can compare it.
    pub(super) sum: Option<Sum>,
    /// The state of the server's file that they were taken from, where that
    /// is known.
    pub(super) source: Option<Source>,
}

/// The state of a file of the server's. One that has the same is taken for
/// the same file, where no digest can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    /// Its length.
    pub(super) size: u64,
    /// When it was last changed, by the server's clock.
    pub(super) modified: Timestamp,
}

/// The answer to a download's request.
#[derive(Debug)]
pub(super) enum Incoming {
    /// What is held is the file.
    Same(Answer),
    /// Bytes follow.
    Bytes {
        /// The code that announced them.
        answer: Answer,
        /// Where in the file they begin: 0, or what was held.
        offset: u64,
        /// The whole file's length, where the server told it.
        size: Option<u64>,
        /// The file's state, where a later download may need to know it.
        source: Option<Source>,
    },
}

/// The answer to an upload's request.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// The server has the file.
    Same(Answer),
    /// The server waits for the bytes.
    Wanted {
        /// The code that said so.
        answer: Answer,
        /// The first byte that it wants.
        offset: u64,
    },
}
