//! The connection: bytes and lines in both directions, each wait bounded.
//!
//! Must not know: what a line means.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

use rustix::{
    event::{self, PollFd, PollFlags, Timespec},
    io::Errno,
};

use super::{error::Error, interrupt, target::Target};
use crate::native::line::{Line, LineBuffer};

/// A connection to a server.
pub(super) struct Link {
    stream: TcpStream,
    lines: LineBuffer,
    silence: Duration,
}

/// What the connection is ready for.
pub(super) enum Ready {
    /// Something has arrived, or the other end has gone.
    Readable,
    /// Bytes can be sent.
    Writable,
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
        let place = (target.host.as_str(), target.port);
        let unreachable = |e: io::Error| {
            Error::Unreachable(format!("{}:{}: {e}", place.0, place.1))
        };
        let addresses = place.to_socket_addrs().map_err(unreachable)?;
        let limit = silence.min(CONNECT_TIME_MAX);
        let mut last = Error::Unreachable(format!("{}: no address", place.0));
        for address in addresses.take(ADDRESSES_MAX) {
            match open(&address, limit, silence) {
                Ok(stream) => {
                    let lines = LineBuffer::default();
                    return Ok(Link { stream, lines, silence });
                }
                Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                    last = Error::ConnectTimeout(limit.as_secs());
                }
                Err(e) => last = unreachable(e),
            }
        }
        Err(last)
    }

    /// Sends a request's line.
    pub(super) fn send_line(&mut self, line: &[u8]) -> Result<(), Error> {
        self.stream.write_all(line).map_err(|e| self.trouble(&e))
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
            if self.wait(left)? {
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
        match self.stream.read(&mut buffer) {
            Ok(0) => Err(Error::Lost("the server closed it".into())),
            Ok(length) => {
                self.lines.push(&buffer[..length]);
                Ok(())
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(e) => Err(self.trouble(&e)),
        }
    }

    /// Reads file bytes into `buffer`, at least one.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        interrupt::check()?;
        if !self.lines.is_empty() {
            let rest = self.lines.take_rest(buffer.len());
            buffer[..rest.len()].copy_from_slice(&rest);
            return Ok(rest.len());
        }
        loop {
            match self.stream.read(buffer) {
                Ok(0) => {
                    return Err(Error::Lost("the server closed it".into()));
                }
                Ok(length) => return Ok(length),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {
                    interrupt::check()?;
                }
                Err(e) => return Err(self.trouble(&e)),
            }
        }
    }

    /// Waits until something can be read or sent; reading comes first.
    pub(super) fn wait_for_either(&self) -> Result<Ready, Error> {
        let mut fds =
            [PollFd::new(&self.stream, PollFlags::IN | PollFlags::OUT)];
        let limit = Timespec::try_from(self.silence).ok();
        loop {
            interrupt::check()?;
            match event::poll(&mut fds, limit.as_ref()) {
                Ok(0) => return Err(Error::Silent(self.silence.as_secs())),
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(e) => return Err(Error::Lost(e.to_string())),
            }
        }
        if fds[0].revents().intersects(PollFlags::IN) {
            Ok(Ready::Readable)
        } else {
            Ok(Ready::Writable)
        }
    }

    /// Sends up to `at_most` bytes of a file from `offset`, by the system
    /// alone where it can. 0 says that the file has no more, `None` that
    /// the connection takes nothing at the moment.
    pub(super) fn send_file(
        &mut self,
        file: &File,
        offset: u64,
        at_most: usize,
    ) -> Result<Option<usize>, Error> {
        let mut from = offset;
        let sent =
            rustix::fs::sendfile(&self.stream, file, Some(&mut from), at_most);
        match sent {
            Ok(sent) => Ok(Some(sent)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            // A file system that cannot lend its pages.
            Err(Errno::INVAL | Errno::NOSYS) => {
                self.send_copied(file, offset, at_most)
            }
            Err(e) => Err(self.trouble(&e.into())),
        }
    }

    /// Sends zeros in a file's place, for a server that throws them away.
    pub(super) fn send_zeros(&mut self, count: u64) -> Result<(), Error> {
        let zeros = vec![0; COPY_BYTES];
        let mut left = count;
        while left > 0 {
            let now = left.min(COPY_BYTES as u64);
            self.send_line(&zeros[..now as usize])?;
            left -= now;
        }
        Ok(())
    }

    /// Whether reads and writes return at once.
    pub(super) fn set_impatient(&self, on: bool) -> Result<(), Error> {
        self.stream.set_nonblocking(on).map_err(|e| self.trouble(&e))
    }

    fn send_copied(
        &mut self,
        file: &File,
        offset: u64,
        at_most: usize,
    ) -> Result<Option<usize>, Error> {
        let mut buffer = vec![0; at_most.min(COPY_BYTES)];
        let read = file
            .read_at(&mut buffer, offset)
            .map_err(|e| Error::local("reading the file", e))?;
        if read == 0 {
            return Ok(Some(0));
        }
        match self.stream.write(&buffer[..read]) {
            Ok(sent) => Ok(Some(sent)),
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(e) => Err(self.trouble(&e)),
        }
    }

    /// Whether something has arrived within `limit`.
    fn wait(&self, limit: Duration) -> Result<bool, Error> {
        let mut fds = [PollFd::new(&self.stream, PollFlags::IN)];
        let limit = Timespec::try_from(limit).ok();
        match event::poll(&mut fds, limit.as_ref()) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(e) => Err(Error::Lost(e.to_string())),
        }
    }

    /// What the system's word means for a connection.
    fn trouble(&self, error: &io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Error::Silent(self.silence.as_secs())
            }
            _ => Error::Lost(error.to_string()),
        }
    }
}

fn open(
    address: &SocketAddr,
    limit: Duration,
    silence: Duration,
) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(address, limit)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(silence))?;
    stream.set_write_timeout(Some(silence))?;
    // A server that vanished while we wait in its queue is noticed.
    let alive = socket2::TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE);
    socket2::SockRef::from(&stream).set_tcp_keepalive(&alive)?;
    Ok(stream)
}

/// How long one address has to accept.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// How many of a host's addresses are tried.
const ADDRESSES_MAX: usize = 8;

/// The time between two questions whether a silent server is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// One read where a line is expected: a small file comes along whole.
const LINE_READ_BYTES: usize = 16 * 1024;

/// One copy where the system cannot send a file by itself.
const COPY_BYTES: usize = 256 * 1024;
