//! Downloads: RETR, from where what is held ends if that is proven to be the
//! file's beginning.
//!
//! The end of the data connection is no proof that all has come: the last
//! reply must say so, and the count must be the file's.
//!
//! Must not know: what the bytes become here.

use super::{Ftp, REPLIES_TO_ABORT, Transfer, refusal};
use crate::{
    client::{
        error::{Error, Why},
        interrupt,
        remote::{Answer, Held, Incoming},
        socket::{Ready, Socket},
    },
    ftp::{
        code::{Class, Code},
        wire::Reply,
    },
    session::PathText,
};

impl Ftp {
    /// Asks for a file.
    pub(super) fn fetch(
        &mut self,
        file: &PathText,
        held: Option<Held>,
    ) -> Result<Incoming, Error> {
        let state = self.state_of(file)?;
        // What is said now is old at the next question.
        self.state = None;
        let mut offset = 0;
        if let Some(held) = held
            && let Some(answer) = self.proves(file, &held, &state)?
        {
            if state.size == Some(held.length) {
                return Ok(Incoming::Same(answer));
            }
            offset = held.length;
        }
        let data = self.way.open(&mut self.control)?;
        if offset > 0 && !self.restart_at(offset)? {
            offset = 0;
        }
        let reply = self.control.ask("RETR", Some(file.as_bytes()))?;
        match reply.code.class() {
            Class::Preliminary => {}
            Class::Transient | Class::Permanent => {
                return Err(refusal::refused(&reply, Why::NotFound));
            }
            Class::Completion | Class::Intermediate => {
                self.control.give_up();
                return Err(refusal::odd(&reply, "to a download"));
            }
        }
        let (size, source) = (state.size, state.source);
        self.transfer = Some(Transfer { data, at: offset, size });
        let answer = refusal::answer(&reply);
        Ok(Incoming::Bytes { answer, offset, size, source })
    }

    /// Makes the next transfer begin in the middle of the file, if the server
    /// can do that (RFC 3659 §5).
    pub(super) fn restart_at(&mut self, offset: u64) -> Result<bool, Error> {
        if !self.features.restart {
            return Ok(false);
        }
        let text = offset.to_string();
        let reply = self.control.ask("REST", Some(text.as_bytes()))?;
        Ok(reply.code == Code::PENDING)
    }

    /// Takes the bytes of the download that has begun.
    pub(super) fn take_bytes(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Answer, Error> {
        let Some(Transfer { data, at, size }) = self.transfer.take() else {
            return Err(Error::Protocol("no download has begun".into()));
        };
        let mut at = at;
        let reply = self.take_all(data, &mut |bytes| {
            at += bytes.len() as u64;
            if size.is_some_and(|size| at > size) {
                let text = "more bytes than the file has; it may have grown";
                return Err(Error::Broken(text.into()));
            }
            sink(bytes)
        })?;
        if let Some(missing) = size.map(|size| size - at)
            && missing > 0
        {
            return Err(Error::Broken(format!(
                "the server says that it is complete, but {missing} bytes \
                 are missing"
            )));
        }
        Ok(refusal::answer(&reply))
    }

    /// Gives all that comes on a data connection to `sink`, and reads the
    /// reply that ends it. The conversation stays in step, or is given up.
    pub(super) fn take_all(
        &mut self,
        data: Socket,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<Reply, Error> {
        let (mut data, mut last) = (data, None);
        match self.pour(&mut data, &mut last, sink) {
            Ok(()) => {}
            Err(error @ Error::Lost(_)) => {
                return Err(self.told_instead(error));
            }
            Err(error) => {
                let told = usize::from(last.is_some());
                self.abort(data, REPLIES_TO_ABORT - told);
                return Err(error);
            }
        }
        drop(data);
        let reply = match last {
            Some(reply) => reply,
            None => self.control.last_reply()?,
        };
        match reply.code.class() {
            Class::Completion => Ok(reply),
            Class::Preliminary
            | Class::Intermediate
            | Class::Transient
            | Class::Permanent => Err(refusal::broken(&reply)),
        }
    }

    /// Reads a data connection to its end, or to a refusal in between, which
    /// is then the last reply.
    fn pour(
        &mut self,
        data: &mut Socket,
        last: &mut Option<Reply>,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let arrived = match last {
                // What is still on its way arrives after the last reply.
                Some(_) => {
                    interrupt::check()?;
                    true
                }
                None => {
                    let control = (self.control.socket(), Ready::Readable);
                    let both = [(&*data, Ready::Readable), control];
                    let [arrived, spoken] = Socket::wait_for_one_of(both)?;
                    if spoken && !arrived {
                        *last = self.control.reply_at_hand()?;
                    }
                    arrived
                }
            };
            let refused =
                |reply: &Reply| reply.code.class() != Class::Completion;
            if last.as_ref().is_some_and(refused) {
                return Ok(());
            }
            if !arrived {
                continue;
            }
            match data.read_some(&mut buffer)? {
                Some(0) => return Ok(()),
                Some(length) => sink(&buffer[..length])?,
                None => {}
            }
        }
    }

    /// Where a data connection is lost, the server may say why.
    pub(super) fn told_instead(&mut self, error: Error) -> Error {
        if !self.control.is_usable() {
            return error;
        }
        match self.control.last_reply_within(super::ABORT_TIME_MAX) {
            Ok(reply) if reply.code.class() != Class::Completion => {
                refusal::broken(&reply)
            }
            Ok(_) => error,
            Err(_) => {
                self.control.give_up();
                error
            }
        }
    }
}

/// One read of a download: few system calls, and still within a cache.
const READ_BYTES: usize = 256 * 1024;
