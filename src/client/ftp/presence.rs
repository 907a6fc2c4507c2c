//! What stands at a name on the server, without its bytes: by MLST, or where
//! the server does not know that, by what it lets us do with the name.
//!
//! Must not know: why it is asked.

use super::{Ftp, refusal};
use crate::{
    client::error::{Error, Why},
    ftp::{
        code::{Class, Code},
        facts::{self, Kind, Line, Listed},
        wire::Reply,
    },
    session::PathText,
};

/// What MLST says of a name.
pub(super) enum Looked {
    /// It is there.
    Entry(Reply, Listed),
    /// It is not.
    Refused(Reply),
    /// The server does not know MLST.
    Unknown,
}

/// What stands at a name.
pub(super) enum There {
    /// Nothing that we could see: the reply that says so.
    Nothing(Reply),
    /// A directory.
    Directory,
    /// A file, or whatever else.
    Other,
    /// The server cannot say.
    Unknown,
}

impl Ftp {
    /// Asks for the facts of a name.
    pub(super) fn look(&mut self, path: &PathText) -> Result<Looked, Error> {
        if !self.features.facts {
            return Ok(Looked::Unknown);
        }
        let reply = self.control.ask("MLST", Some(path.as_bytes()))?;
        Ok(match reply.code {
            Code::DONE => match facts_of(&reply) {
                Some(listed) => Looked::Entry(reply, listed),
                None => Looked::Unknown,
            },
            Code::FILE_UNAVAILABLE | Code::FILE_BUSY | Code::BAD_NAME => {
                Looked::Refused(reply)
            }
            _ => Looked::Unknown,
        })
    }

    /// Finds out what stands at a name.
    pub(super) fn there(&mut self, path: &PathText) -> Result<There, Error> {
        Ok(match self.look(path)? {
            Looked::Entry(_, listed) => match listed.kind {
                Kind::Directory => There::Directory,
                Kind::File | Kind::Link | Kind::Other => There::Other,
            },
            Looked::Refused(reply) => There::Nothing(reply),
            Looked::Unknown if self.length_there(path)?.is_some() => {
                There::Other
            }
            Looked::Unknown => self.try_to_enter(path)?,
        })
    }

    /// Goes to a directory and back: who can be entered is one.
    fn try_to_enter(&mut self, path: &PathText) -> Result<There, Error> {
        let Some(before) = self.working_directory()? else {
            return Ok(There::Unknown);
        };
        let reply = self.control.ask("CWD", Some(path.as_bytes()))?;
        if reply.code.class() != Class::Completion {
            return Ok(There::Nothing(reply));
        }
        let back = self.control.ask("CWD", Some(&before))?;
        if let Err(error) = refusal::completed(back, Why::NotFound) {
            // We are where nobody thinks that we are.
            self.control.give_up();
            return Err(error);
        }
        Ok(There::Directory)
    }
}

/// The facts in a reply to MLST: on a line of their own between the first
/// and the last, with a space before them (RFC 3659 §7.2).
fn facts_of(reply: &Reply) -> Option<Listed> {
    let line = reply.lines().nth(1)?;
    let line = line.strip_prefix(b" ").unwrap_or(line);
    match facts::fact_line(line)? {
        Line::Entry(listed) => Some(listed),
        // The directory that we are in, or its parent.
        Line::Aside => Some(Listed {
            kind: Kind::Directory,
            size: None,
            modified: None,
            name: Vec::new(),
        }),
    }
}
