//! One end of a relayed connection: a socket that never blocks, what waits
//! to be written to it, and how it is to end.
//!
//! Knows no line and no lie. What waits is bounded by whoever reads: a side
//! that has no room says so.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustix::event::PollFlags;
use socket2::SockRef;

use crate::lie::End;

/// A socket, and what is to be written to it.
#[derive(Debug)]
pub(crate) struct Side {
    /// None once it has been reset: only its close does that.
    stream: Option<TcpStream>,
    waiting: Vec<u8>,
    /// Nothing more is read from it.
    read_out: bool,
    /// How it is to end when all is written.
    end: Option<End>,
    /// That end has been told, or it has gone by itself.
    ended: bool,
}

/// What a read has brought.
#[derive(Debug)]
pub(crate) enum Got {
    /// Bytes.
    Bytes(Vec<u8>),
    /// The other end will send no more.
    End(End),
    /// Nothing now.
    Nothing,
}

impl Side {
    /// A side of a socket that is connected.
    pub(crate) fn new(stream: TcpStream) -> std::io::Result<Side> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        // Urgent data stays in its place: it goes on as plain bytes, which
        // the server reads all the same.
        SockRef::from(&stream).set_out_of_band_inline(true)?;
        let (waiting, end, stream) = (Vec::new(), None, Some(stream));
        Ok(Side { stream, waiting, read_out: false, end, ended: false })
    }

    /// The socket, for polling.
    pub(crate) fn socket(&self) -> Option<&TcpStream> {
        self.stream.as_ref()
    }

    /// What is to be waited for; `peer` is where that goes what is read.
    pub(crate) fn wants(&self, peer: &Side) -> PollFlags {
        let mut flags = PollFlags::empty();
        if !self.read_out && peer.has_room() {
            flags |= PollFlags::IN;
        }
        if !self.ended && !self.waiting.is_empty() {
            flags |= PollFlags::OUT;
        }
        flags
    }

    /// Whether more may be given to it.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < WAITING_BYTES_MAX
    }

    /// Whether nothing is left to be written to it, its end included.
    pub(crate) fn is_done(&self) -> bool {
        // One that is told no end is waited for until it ends itself.
        self.ended || (self.end == Some(End::Stay) && self.read_out)
    }

    /// Reads what is there.
    pub(crate) fn read(&mut self) -> Got {
        let Some(stream) = self.stream.as_mut().filter(|_| !self.read_out)
        else {
            return Got::Nothing;
        };
        let mut buffer = vec![0; READ_BYTES_MAX];
        match stream.read(&mut buffer) {
            Ok(0) => {
                self.read_out = true;
                Got::End(End::Close)
            }
            Ok(count) => {
                buffer.truncate(count);
                Got::Bytes(buffer)
            }
            Err(error) if is_passing(error.kind()) => Got::Nothing,
            Err(_) => {
                self.read_out = true;
                self.ended = true;
                Got::End(End::Reset)
            }
        }
    }

    /// Has bytes written, now or when there is room for them.
    pub(crate) fn give(&mut self, bytes: &[u8]) {
        if self.end.is_none() && !self.ended {
            self.waiting.extend(bytes);
        }
    }

    /// Has it end when all is written. The first end counts.
    pub(crate) fn finish(&mut self, end: End) {
        self.end.get_or_insert(end);
    }

    /// Writes what can be written; false where nobody takes it any more.
    pub(crate) fn flush(&mut self) -> bool {
        while !self.ended && !self.waiting.is_empty() {
            let Some(stream) = self.stream.as_mut() else { break };
            match stream.write(&self.waiting) {
                Ok(count) => drop(self.waiting.drain(..count)),
                Err(error) if is_passing(error.kind()) => return true,
                Err(_) => {
                    self.ended = true;
                    self.read_out = true;
                    return false;
                }
            }
        }
        match self.end {
            Some(End::Close) if !self.ended => {
                if let Some(stream) = &self.stream {
                    // A socket that is gone already has ended, too.
                    let _ = stream.shutdown(Shutdown::Write);
                }
                self.ended = true;
            }
            Some(End::Reset) => self.reset(),
            Some(End::Close | End::Stay) | None => {}
        }
        true
    }

    /// Resets it, at once.
    pub(crate) fn reset(&mut self) {
        if let Some(stream) = self.stream.take() {
            // Without lingering the close is a reset.
            let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
        self.ended = true;
        self.read_out = true;
    }
}

fn is_passing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// What is read at once.
const READ_BYTES_MAX: usize = 64 << 10;

/// With more than that waiting nothing is read that would add to it: the
/// pace of the slower end is felt by the faster one.
const WAITING_BYTES_MAX: usize = 64 << 10;
