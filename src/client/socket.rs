//! A connection's bytes in both directions, each wait bounded and ended by
//! Ctrl-C.
//!
//! Must not know: what the bytes mean.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs},
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

use rustix::{
    event::{self, PollFd, PollFlags, Timespec},
    io::Errno,
};

use super::{error::Error, interrupt, target::Target};

/// A connection.
pub(super) struct Socket {
    stream: TcpStream,
    silence: Duration,
}

/// What a connection is ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ready {
    /// Something has arrived, or the other end has gone.
    Readable,
    /// Bytes can be sent.
    Writable,
}

impl Socket {
    /// Connects to the first address that accepts.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`] or [`Error::ConnectTimeout`], of the last
    /// address tried.
    pub(super) fn connect(
        target: &Target,
        silence: Duration,
    ) -> Result<Socket, Error> {
        let place = (target.host.as_str(), target.port);
        let unreachable = |e: io::Error| {
            Error::Unreachable(format!("{}:{}: {e}", place.0, place.1))
        };
        let addresses = place.to_socket_addrs().map_err(unreachable)?;
        let mut last = Error::Unreachable(format!("{}: no address", place.0));
        for address in addresses.take(ADDRESSES_MAX) {
            match Socket::open(&address, silence) {
                Ok(socket) => return Ok(socket),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Connects to one address.
    ///
    /// # Errors
    ///
    /// [`Error::Unreachable`] or [`Error::ConnectTimeout`].
    pub(super) fn open(
        address: &SocketAddr,
        silence: Duration,
    ) -> Result<Socket, Error> {
        let limit = silence.min(CONNECT_TIME_MAX);
        match open(address, limit, silence) {
            Ok(stream) => Ok(Socket { stream, silence }),
            Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                Err(Error::ConnectTimeout(limit.as_secs()))
            }
            Err(e) => Err(Error::Unreachable(format!("{address}: {e}"))),
        }
    }

    /// The other end's address.
    pub(super) fn peer(&self) -> Result<IpAddr, Error> {
        let address = self.stream.peer_addr();
        address.map(|peer| peer.ip()).map_err(|e| self.trouble(&e))
    }

    /// Sends all bytes.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.write_all(bytes).map_err(|e| self.trouble(&e))
    }

    /// Says that no more bytes will come from us.
    pub(super) fn end(&self) -> Result<(), Error> {
        self.stream
            .shutdown(std::net::Shutdown::Write)
            .map_err(|e| self.trouble(&e))
    }

    /// Makes the end of this connection no end of its bytes: unless
    /// [`Socket::end`] came before, the other end sees it break.
    pub(super) fn break_when_dropped(&self) {
        let socket = socket2::SockRef::from(&self.stream);
        // A connection that is gone already cannot be broken.
        let _gone = socket.set_linger(Some(Duration::ZERO));
    }

    /// Reads into `buffer`; 0 is the other end's end, `None` a read that
    /// was disturbed.
    pub(super) fn read_some(
        &mut self,
        buffer: &mut [u8],
    ) -> Result<Option<usize>, Error> {
        match self.stream.read(buffer) {
            Ok(length) => Ok(Some(length)),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(e) => Err(self.trouble(&e)),
        }
    }

    /// Reads into `buffer`, at least one byte.
    ///
    /// # Errors
    ///
    /// [`Error::Lost`] also where the other end has ended.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        loop {
            interrupt::check()?;
            match self.read_some(buffer)? {
                Some(0) => return Err(closed()),
                Some(length) => return Ok(length),
                None => {}
            }
        }
    }

    /// Waits until something can be read or sent; reading comes first.
    pub(super) fn wait_for_either(&self) -> Result<Ready, Error> {
        let flags = self.poll(PollFlags::IN | PollFlags::OUT, self.silence)?;
        if flags.intersects(PollFlags::IN) {
            Ok(Ready::Readable)
        } else {
            Ok(Ready::Writable)
        }
    }

    /// Waits until one of two is ready in its way, and says which are. One
    /// that has failed is: what is tried next says how.
    pub(super) fn wait_for_one_of(
        both: [(&Socket, Ready); 2],
    ) -> Result<[bool; 2], Error> {
        let flags = |ready| match ready {
            Ready::Readable => PollFlags::IN,
            Ready::Writable => PollFlags::OUT,
        };
        let mut fds = both
            .map(|(socket, ready)| PollFd::new(&socket.stream, flags(ready)));
        wait(&mut fds, both[0].0.silence)?;
        Ok(fds.map(|fd| !fd.revents().is_empty()))
    }

    /// Whether something has arrived within `limit`; a signal ends the wait
    /// early.
    pub(super) fn has_arrived(&self, limit: Duration) -> Result<bool, Error> {
        let mut fds = [PollFd::new(&self.stream, PollFlags::IN)];
        let limit = Timespec::try_from(limit).ok();
        match event::poll(&mut fds, limit.as_ref()) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(e) => Err(Error::Lost(e.to_string())),
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
            self.send(&zeros[..now as usize])?;
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

    fn poll(
        &self,
        flags: PollFlags,
        limit: Duration,
    ) -> Result<PollFlags, Error> {
        let mut fds = [PollFd::new(&self.stream, flags)];
        wait(&mut fds, limit)?;
        Ok(fds[0].revents())
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

/// What a connection's end means where bytes were expected.
pub(super) fn closed() -> Error {
    Error::Lost("the server closed it".into())
}

/// Waits until one of them is ready, for `limit` in all.
fn wait(fds: &mut [PollFd<'_>], limit: Duration) -> Result<(), Error> {
    let until = Instant::now() + limit;
    loop {
        interrupt::check()?;
        let left = until.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).ok();
        match event::poll(fds, left.as_ref()) {
            Ok(0) => return Err(Error::Silent(limit.as_secs())),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(e) => return Err(Error::Lost(e.to_string())),
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

/// One copy where the system cannot send a file by itself.
const COPY_BYTES: usize = 256 * 1024;
