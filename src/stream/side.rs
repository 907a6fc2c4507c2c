//! A second connection of a session, for the bytes of its transfers, and
//! the waits of a transfer during which the first one is heard too.
//!
//! Must not know: what either says.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use rustix::event::PollFlags;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::{End, Heed, Stream, Transport, is_passing};

/// What of the first connection ends a wait for the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hear {
    /// Bytes, or its end.
    Bytes,
    /// Its end alone: there is no room for more bytes.
    End,
    /// Nothing but its breaking: its end is known.
    Nothing,
}

/// Which of two connections a wait found ready, or broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    /// The first.
    pub own: bool,
    /// The second.
    pub side: bool,
}

/// A connection for the bytes of one transfer. No call on it waits.
#[derive(Debug)]
pub struct Side(TcpStream);

impl Stream {
    /// Waits at most until `deadline` that `side` can be read from (or
    /// accepts), while this connection is heard too. A transfer is under
    /// way: the stop has its grace.
    ///
    /// # Errors
    ///
    /// `Silent`, `Cut` or `Lost`.
    pub fn wait_to_read_beside(
        &self,
        side: BorrowedFd<'_>,
        hear: Hear,
        deadline: Instant,
    ) -> Result<Ready, End> {
        let beside = Some((side, PollFlags::IN));
        self.wait_with(hear.events(), beside, deadline, Heed::AfterGrace)
    }

    /// Waits at most until `deadline` that `side` can be written to (or is
    /// connected), while this connection is heard too.
    ///
    /// # Errors
    ///
    /// `Silent`, `Cut` or `Lost`.
    pub fn wait_to_write_beside(
        &self,
        side: BorrowedFd<'_>,
        hear: Hear,
        deadline: Instant,
    ) -> Result<Ready, End> {
        let beside = Some((side, PollFlags::OUT));
        self.wait_with(hear.events(), beside, deadline, Heed::AfterGrace)
    }

    /// Whether bytes or the end have come, without waiting.
    ///
    /// # Errors
    ///
    /// `Cut` or `Lost`.
    pub fn has_news(&self, hear: Hear) -> Result<bool, End> {
        self.require_grace()?;
        let now = Instant::now();
        match self.wait_with(hear.events(), None, now, Heed::AfterGrace) {
            Ok(ready) => Ok(ready.own),
            Err(End::Silent) => Ok(false),
            Err(end) => Err(end),
        }
    }

    /// Reads what has come, without waiting; `None` where nothing has.
    ///
    /// # Errors
    ///
    /// `Closed` or `Lost`.
    pub fn read_now(
        &mut self,
        buffer: &mut [u8],
    ) -> Result<Option<usize>, End> {
        let Transport::Plain(socket) = &mut self.transport;
        match socket.read(buffer) {
            Ok(0) => Err(End::Closed),
            Ok(count) => Ok(Some(count)),
            Err(error) if is_passing(&error) => Ok(None),
            Err(error) => Err(End::Lost(error)),
        }
    }

    /// Takes urgent bytes in their place among the others (RFC 959's Synch
    /// comes with one).
    ///
    /// # Errors
    ///
    /// Where the socket is gone.
    pub fn take_urgent_inline(&self) -> io::Result<()> {
        let Transport::Plain(socket) = &self.transport;
        SockRef::from(socket).set_out_of_band_inline(true)
    }
}

impl Side {
    /// Takes a connection that waits at a listening socket, if one does.
    ///
    /// # Errors
    ///
    /// What the system says; who went away again is none.
    pub fn accept(
        listener: &TcpListener,
    ) -> io::Result<Option<(Side, SocketAddr)>> {
        match listener.accept() {
            Ok((socket, peer)) => Ok(Some((Side::over(socket)?, peer))),
            Err(error)
                if is_passing(&error)
                    || error.kind() == io::ErrorKind::ConnectionAborted =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Begins to connect, from an address of this machine: it is connected
    /// when it can be written to and [`Side::connected`] says so.
    ///
    /// # Errors
    ///
    /// What the system says at once.
    pub fn connect(from: SocketAddr, to: SocketAddr) -> io::Result<Side> {
        let domain = Domain::for_address(to);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::new(from.ip(), 0).into())?;
        match socket.connect(&to.into()) {
            Ok(()) => {}
            Err(error)
                if error.raw_os_error()
                    == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        Side::over(socket.into())
    }

    /// Whether the connection that was begun has come about.
    ///
    /// # Errors
    ///
    /// Why it has not.
    pub fn connected(&self) -> io::Result<()> {
        self.0.take_error()?.map_or(Ok(()), Err)
    }

    /// Reads what has come; `None` where nothing has, 0 at the end.
    ///
    /// # Errors
    ///
    /// Where the connection broke.
    pub fn read_now(
        &mut self,
        buffer: &mut [u8],
    ) -> io::Result<Option<usize>> {
        passing(self.0.read(buffer))
    }

    /// Writes what there is room for; `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where the connection broke.
    pub fn write_now(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        passing(self.0.write(bytes))
    }

    /// Has the kernel send at most `length` bytes of a file from `offset`
    /// on; `None` where there is no room, 0 where the file has ended.
    ///
    /// # Errors
    ///
    /// Where the connection broke, or the file cannot be read.
    pub fn send_file_now(
        &mut self,
        file: &File,
        offset: &mut u64,
        length: u64,
    ) -> io::Result<Option<usize>> {
        let wish = usize::try_from(length)
            .map_or(SEND_BYTES, |length| length.min(SEND_BYTES));
        let sent = rustix::fs::sendfile(&self.0, file, Some(offset), wish);
        passing(sent.map_err(Into::into))
    }

    /// Closes it after all bytes: the peer sees the end.
    pub fn finish(self) {
        // The peer may be gone already.
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Closes it so that the peer cannot take what came for a whole.
    pub fn break_off(self) {
        let _ = SockRef::from(&self.0).set_linger(Some(Duration::ZERO));
    }

    fn over(socket: TcpStream) -> io::Result<Side> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        Ok(Side(socket))
    }
}

impl AsFd for Side {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Hear {
    fn events(self) -> PollFlags {
        match self {
            Hear::Bytes => PollFlags::IN | PollFlags::RDHUP,
            Hear::End => PollFlags::RDHUP,
            Hear::Nothing => PollFlags::empty(),
        }
    }
}

fn passing(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error) if is_passing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The most that one call of the kernel is asked to send: between two of
/// them the first connection is heard.
const SEND_BYTES: usize = 1024 * 1024;
