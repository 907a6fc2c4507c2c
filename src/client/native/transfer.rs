//! File bytes in the native protocol, on the one connection: announced
//! bytes read exactly, a file's bytes sent with an eye on what the server
//! says meanwhile.
//!
//! Must not know: which request announced them.

use std::fs::File;

use super::{
    Native,
    said::{Said, odd, of_reply},
};
use crate::{
    client::{error::Error, remote::Answer, socket::Ready},
    native::code::Code,
};

impl Native {
    /// Reads exactly the announced bytes.
    pub(super) fn read_bytes(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let room = self.left.min(READ_BYTES as u64) as usize;
        let mut buffer = vec![0; room];
        while self.left > 0 {
            let most = self.left.min(room as u64) as usize;
            let length = match self.link.read(&mut buffer[..most]) {
                Ok(length) => length,
                Err(error) => return Err(self.ended(error)),
            };
            self.left -= length as u64;
            sink(&buffer[..length])?;
        }
        Ok(())
    }

    /// The answer behind a transfer's last byte.
    pub(super) fn closing_answer(&mut self) -> Result<Answer, Error> {
        let said = self.answer()?.granted()?;
        let reply = said.reply()?;
        match (said.code, reply.number("size")) {
            (Code::Done, Some(size)) if size == self.size => {
                Ok(of_reply(&reply))
            }
            _ => {
                let error = odd(&reply, "after the last byte");
                Err(self.ended(error))
            }
        }
    }

    /// Sends what is left of a file, with an eye on what the server says
    /// meanwhile.
    pub(super) fn pump(
        &mut self,
        file: &File,
        tick: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        while self.left > 0 {
            match self.link.wait_for_either()? {
                Ready::Readable => {
                    self.link.take_in()?;
                    while let Some(line) = self.link.line_at_hand()? {
                        self.interrupted(line)?;
                    }
                }
                Ready::Writable => {
                    let most = self.left.min(SEND_BYTES as u64) as usize;
                    let offset = self.size - self.left;
                    match self.link.send_file(file, offset, most)? {
                        Some(0) => return Err(shrunk()),
                        Some(sent) => {
                            self.left -= sent as u64;
                            tick(sent as u64);
                        }
                        None => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// A line that arrived while bytes are being sent: a refusal, or a word
    /// of the system.
    fn interrupted(&mut self, line: Vec<u8>) -> Result<(), Error> {
        let said = Said::parse(line)?.granted()?;
        let reply = said.reply()?;
        if said.code == Code::System {
            return self.note_system(&reply);
        }
        Err(odd(&reply, "before the last byte"))
    }

    /// After a refusal in the middle the server throws away what is still
    /// to come. A little is sent, so that the session goes on; for a lot,
    /// a new connection is cheaper.
    pub(super) fn refused_midway(&mut self, error: Error) -> Error {
        let refused = matches!(error, Error::Refused { .. });
        let left = std::mem::take(&mut self.left);
        if !refused {
            return self.ended(error);
        }
        if left > DISCARD_BYTES_MAX || self.link.send_zeros(left).is_err() {
            self.usable = false;
        }
        error
    }
}

fn shrunk() -> Error {
    Error::Broken("the file here became shorter while it was sent".into())
}

/// One read of a download: few system calls, and still within a cache.
const READ_BYTES: usize = 256 * 1024;

/// One send of an upload: how often we look for the server's word.
const SEND_BYTES: usize = 1024 * 1024;

/// What is read or sent for nothing, so that a connection stays in step. A
/// new connection would cost a sign-in, and a place in the queue.
pub(super) const DISCARD_BYTES_MAX: u64 = 8 * 1024 * 1024;
