//! Uploads: STOR, from where the server's part ends if that is proven to be
//! the file's beginning.
//!
//! A data connection that ends is a file that is complete, in FTP. One that
//! ends for any other reason than that is broken instead, also where this
//! program is killed, so that no server takes half a file for a whole one.
//!
//! Must not know: what is sent.

use std::fs::File;

use super::{Ftp, REPLIES_TO_ABORT, Transfer, presence::There, refusal};
use crate::{
    client::{
        error::{Error, Why},
        remote::{Answer, Outgoing},
        socket::{Ready, Socket},
        sum::Sum,
    },
    ftp::{
        code::{Class, Code},
        wire::Reply,
    },
    session::PathText,
};

impl Ftp {
    /// Offers a file.
    pub(super) fn bring(
        &mut self,
        file: &PathText,
        size: u64,
        sum: Option<Sum>,
    ) -> Result<Outgoing, Error> {
        let mut offset = 0;
        if let (Some(sum), Some(there)) = (sum, self.there.take())
            && let Some(answer) = self.has_sum(file, sum, there, None)?
        {
            if there == size {
                return Ok(Outgoing::Same(answer));
            }
            offset = there;
        }
        self.ask_for_room(size - offset)?;
        let mut begun = self.store(file, size, offset)?;
        if begun.is_err() && offset > 0 {
            // There are servers that accept REST, and refuse STOR after it.
            begun = self.store(file, size, 0)?;
        }
        match begun {
            Ok(outgoing) => Ok(outgoing),
            Err(reply) => Err(self.not_stored(file, &reply)?),
        }
    }

    /// Asks for room before bytes flow: a server with quotas may refuse.
    fn ask_for_room(&mut self, bytes: u64) -> Result<(), Error> {
        if bytes < ALLO_FROM_BYTES {
            return Ok(());
        }
        let text = bytes.to_string();
        let reply = self.control.ask("ALLO", Some(text.as_bytes()))?;
        match reply.code {
            Code::OVER_ALLOCATION | Code::STORAGE_FULL => {
                Err(refusal::refused(&reply, Why::NoSpace))
            }
            // It is needless at most servers, and unknown to some.
            _ => Ok(()),
        }
    }

    /// Begins to store from `offset`; the reply where it is refused.
    fn store(
        &mut self,
        file: &PathText,
        size: u64,
        offset: u64,
    ) -> Result<Result<Outgoing, Reply>, Error> {
        let data = self.way.open(&mut self.control)?;
        data.break_when_dropped();
        let offset = match offset {
            0 => 0,
            offset if self.restart_at(offset)? => offset,
            _ => 0,
        };
        let reply = self.control.ask("STOR", Some(file.as_bytes()))?;
        match reply.code.class() {
            Class::Preliminary => {}
            Class::Transient | Class::Permanent => return Ok(Err(reply)),
            Class::Completion | Class::Intermediate => {
                self.control.give_up();
                return Err(refusal::odd(&reply, "to an upload"));
            }
        }
        let answer = refusal::answer(&reply);
        let size = Some(size);
        self.transfer = Some(Transfer { data, at: offset, size });
        Ok(Ok(Outgoing::Wanted { answer, offset }))
    }

    /// Why a file was not stored: a directory has its name, or its own
    /// directory is not there.
    fn not_stored(
        &mut self,
        file: &PathText,
        reply: &Reply,
    ) -> Result<Error, Error> {
        let error = refusal::refused(reply, Why::NotFound);
        let Error::Refused { why: Why::NotFound, .. } = error else {
            return Ok(error);
        };
        Ok(match self.there(file)? {
            There::Directory => refusal::refused(reply, Why::Exists),
            There::Other => refusal::refused(reply, Why::Other),
            There::Nothing(_) | There::Unknown => error,
        })
    }

    /// Sends the bytes of the upload that has begun.
    pub(super) fn give_bytes(
        &mut self,
        file: &File,
        tick: &mut dyn FnMut(u64),
    ) -> Result<Answer, Error> {
        let Some(Transfer { data, at, size }) = self.transfer.take() else {
            return Err(Error::Protocol("no upload has begun".into()));
        };
        let mut data = data;
        let sent = self
            .pump(&mut data, file, at, size.unwrap_or(at), tick)
            .and_then(|refused| match refused {
                None => data.end().map(|()| None),
                refused => Ok(refused),
            });
        let refused = match sent {
            Ok(refused) => refused,
            Err(error @ Error::Lost(_)) => {
                return Err(self.told_instead(error));
            }
            Err(error) => {
                self.abort(data, REPLIES_TO_ABORT);
                return Err(error);
            }
        };
        let early = refused.is_some();
        let reply = match refused {
            Some(reply) => reply,
            None => self.control.last_reply()?,
        };
        match reply.code.class() {
            Class::Completion if !early => Ok(refusal::answer(&reply)),
            Class::Completion => {
                Err(refusal::odd(&reply, "before the last byte"))
            }
            Class::Preliminary
            | Class::Intermediate
            | Class::Transient
            | Class::Permanent => Err(refusal::broken(&reply)),
        }
    }

    /// Sends a file from `at` to `end`, with an ear for the server: its last
    /// reply, where that comes before the last byte has gone.
    fn pump(
        &mut self,
        data: &mut Socket,
        file: &File,
        at: u64,
        end: u64,
        tick: &mut dyn FnMut(u64),
    ) -> Result<Option<Reply>, Error> {
        data.set_impatient(true)?;
        let mut at = at;
        while at < end {
            let control = (self.control.socket(), Ready::Readable);
            let both = [(&*data, Ready::Writable), control];
            let [free, spoken] = Socket::wait_for_one_of(both)?;
            if spoken && let Some(reply) = self.control.reply_at_hand()? {
                return Ok(Some(reply));
            }
            if !free {
                continue;
            }
            let most = (end - at).min(SEND_BYTES);
            match data.send_file(file, at, most as usize)? {
                Some(0) => {
                    let text = "the file here became shorter while it was \
                                sent";
                    return Err(Error::Broken(text.into()));
                }
                Some(sent) => {
                    at += sent as u64;
                    tick(sent as u64);
                }
                None => {}
            }
        }
        Ok(None)
    }
}

/// What is asked for with ALLO; a smaller file is refused as soon by its
/// own bytes.
const ALLO_FROM_BYTES: u64 = 1024 * 1024;

/// One send: how often we look for the server's word.
const SEND_BYTES: u64 = 1024 * 1024;
