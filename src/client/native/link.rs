//! The native protocol's connection: lines and file bytes on one socket.
//!
//! Must not know: what a line means.

use std::{
    fs::File,
    time::{Duration, Instant},
};

use crate::{
    client::{
        error::Error,
        interrupt,
        socket::{Ready, Socket, closed},
        target::Target,
    },
    stream::line::{Line, LineBuffer},
};

/// A connection to a server.
pub(super) struct Link {
    socket: Socket,
    lines: LineBuffer,
}

impl Link {
    /// Connects to the first address that accepts.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`] or [`Error::ConnectTimeout`], of the last
    /// address tried.
    pub(super) fn connect(
        target: &Target,
        silence: Duration,
    ) -> Result<Link, Error> {
        let socket = Socket::connect(target, silence)?;
        Ok(Link { socket, lines: LineBuffer::default() })
    }

    /// Sends a request's line.
    pub(super) fn send_line(&mut self, line: &[u8]) -> Result<(), Error> {
        self.socket.send(line)
    }

    /// Reads a line without its LF, within `limit`.
    pub(super) fn read_line(
        &mut self,
        limit: Duration,
    ) -> Result<Vec<u8>, Error> {
        let until = Instant::now() + limit;
        loop {
            interrupt::check()?;
            if let Some(line) = self.line_at_hand()? {
                return Ok(line);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Silent(limit.as_secs()));
            }
            if self.socket.has_arrived(left)? {
                self.take_in()?;
            }
        }
    }

    /// A line that has arrived already, if one has.
    pub(super) fn line_at_hand(&mut self) -> Result<Option<Vec<u8>>, Error> {
        match self.lines.next_line() {
            Some(Line::Whole(line)) => Ok(Some(line.to_vec())),
            Some(Line::TooLong) => {
                Err(Error::Protocol("a line is too long".into()))
            }
            None => Ok(None),
        }
    }

    /// Takes in what has arrived, for [`Link::line_at_hand`].
    pub(super) fn take_in(&mut self) -> Result<(), Error> {
        let mut buffer = [0; LINE_READ_BYTES];
        match self.socket.read_some(&mut buffer)? {
            Some(0) => return Err(closed()),
            Some(length) => self.lines.push(&buffer[..length]),
            None => {}
        }
        Ok(())
    }

    /// Reads file bytes into `buffer`, at least one.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if self.lines.is_empty() {
            return self.socket.read(buffer);
        }
        interrupt::check()?;
        let rest = self.lines.take_rest(buffer.len());
        buffer[..rest.len()].copy_from_slice(&rest);
        Ok(rest.len())
    }

    /// Waits until something can be read or sent; reading comes first.
    pub(super) fn wait_for_either(&self) -> Result<Ready, Error> {
        self.socket.wait_for_either()
    }

    /// See [`Socket::send_file`].
    pub(super) fn send_file(
        &mut self,
        file: &File,
        offset: u64,
        at_most: usize,
    ) -> Result<Option<usize>, Error> {
        self.socket.send_file(file, offset, at_most)
    }

    /// See [`Socket::send_zeros`].
    pub(super) fn send_zeros(&mut self, count: u64) -> Result<(), Error> {
        self.socket.send_zeros(count)
    }

    /// Whether reads and writes return at once.
    pub(super) fn set_impatient(&self, on: bool) -> Result<(), Error> {
        self.socket.set_impatient(on)
    }
}

/// One read where a line is expected: a small file comes along whole.
const LINE_READ_BYTES: usize = 16 * 1024;
