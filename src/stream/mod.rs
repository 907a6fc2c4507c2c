//! A connection whose every wait has an end: a deadline, the peer's going
//! away, or the server's stop. It is plain TCP today; TLS will be another
//! transport behind the same methods.
//!
//! Must not know: what the bytes mean. Both dialects stand on it.

pub mod line;
mod patience;
mod side;
mod stop;

use std::{
    any::Any,
    fs::File,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    time::Timespec,
};

pub use self::{
    patience::Patience,
    side::{Hear, Ready, Side},
    stop::Stop,
};

/// One connection, with the stop that it heeds.
#[derive(Debug)]
pub struct Stream {
    /// Let go before the connection is closed, in whatever way that comes
    /// about: fields are dropped in this order.
    held: Held,
    transport: Transport,
    stop: Stop,
}

/// What a connection holds, and gives back right before it is closed: who
/// has seen the close finds it free.
pub type Held = Box<dyn Any + Send>;

/// How the bytes travel.
#[derive(Debug)]
enum Transport {
    Plain(TcpStream),
}

/// Why a connection's bytes came to an end.
#[derive(Debug)]
pub enum End {
    /// The peer has closed its side.
    Closed,
    /// The stop's grace is over, in the middle of a transfer.
    Cut,
    /// The connection broke.
    Lost(io::Error),
    /// The file had fewer bytes than it should.
    Short,
    /// The deadline passed.
    Silent,
    /// The server stops, and nothing was under way.
    Stopping,
}

/// How a wait takes the server's stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heed {
    /// Nothing is under way: the wait ends at once.
    AtOnce,
    /// A transfer is under way: the wait ends with the stop's grace.
    AfterGrace,
}

impl Stream {
    /// Takes a connected socket over, and what it is to hold until it is
    /// closed.
    ///
    /// # Errors
    ///
    /// Where the socket is gone already.
    pub fn new(
        socket: TcpStream,
        stop: Stop,
        held: Held,
    ) -> io::Result<Stream> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        Ok(Stream { held, transport: Transport::Plain(socket), stop })
    }

    /// Whether the server is stopping.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_requested()
    }

    /// This end's address.
    ///
    /// # Errors
    ///
    /// Where the connection is gone.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        let Transport::Plain(socket) = &self.transport;
        socket.local_addr()
    }

    /// Waits for a request's bytes until `deadline`.
    ///
    /// # Errors
    ///
    /// Every [`End`] but `Cut` and `Short`.
    pub fn read_request(
        &mut self,
        buffer: &mut [u8],
        deadline: Instant,
    ) -> Result<usize, End> {
        self.read(buffer, deadline, Heed::AtOnce)
    }

    /// Waits at most `stall` for the next bytes of a transfer.
    ///
    /// # Errors
    ///
    /// Every [`End`] but `Stopping` and `Short`.
    pub fn read_body(
        &mut self,
        buffer: &mut [u8],
        stall: Duration,
    ) -> Result<usize, End> {
        self.read(buffer, Instant::now() + stall, Heed::AfterGrace)
    }

    /// Sends all of `bytes`, as long as some move every `stall`.
    ///
    /// # Errors
    ///
    /// Every [`End`] but `Closed`, `Stopping` and `Short`.
    pub fn write_all(
        &mut self,
        mut bytes: &[u8],
        stall: Duration,
    ) -> Result<(), End> {
        while !bytes.is_empty() {
            self.require_grace()?;
            let Transport::Plain(socket) = &mut self.transport;
            match socket.write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) => self.wait_to_write(error, stall)?,
            }
        }
        Ok(())
    }

    /// Sends last words as far as the peer takes them at once: whoever does
    /// not will see the close.
    pub fn say_last(&mut self, bytes: &[u8]) {
        let Transport::Plain(socket) = &self.transport;
        let _ = say(socket, bytes);
    }

    /// Sends `length` bytes of a file from `offset` on, as long as some
    /// move every `stall`. The kernel copies them.
    ///
    /// # Errors
    ///
    /// Every [`End`] but `Closed` and `Stopping`.
    pub fn send_file(
        &mut self,
        file: &File,
        mut offset: u64,
        length: u64,
        stall: Duration,
    ) -> Result<(), End> {
        let end = offset + length;
        while offset < end {
            self.require_grace()?;
            let Transport::Plain(socket) = &self.transport;
            let wish = usize::try_from(end - offset)
                .map_or(SEND_BYTES, |left| left.min(SEND_BYTES));
            match rustix::fs::sendfile(socket, file, Some(&mut offset), wish) {
                Ok(0) => return Err(End::Short),
                Ok(_) => {}
                Err(errno) => self.wait_to_write(errno.into(), stall)?,
            }
        }
        Ok(())
    }

    /// Ends the connection so that what was sent last arrives: what the
    /// peer has sent and nobody will read is taken away first, since a
    /// close over unread bytes is a reset.
    pub fn close(self) {
        let Stream { held, transport, .. } = self;
        drop(held);
        let Transport::Plain(socket) = transport;
        close(socket);
    }

    fn read(
        &mut self,
        buffer: &mut [u8],
        deadline: Instant,
        heed: Heed,
    ) -> Result<usize, End> {
        loop {
            if heed == Heed::AfterGrace {
                self.require_grace()?;
            }
            self.wait(PollFlags::IN, deadline, heed)?;
            let Transport::Plain(socket) = &mut self.transport;
            match socket.read(buffer) {
                Ok(0) => return Err(End::Closed),
                Ok(count) => return Ok(count),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(End::Lost(error)),
            }
        }
    }

    /// A transfer that keeps moving is cut all the same when the stop's
    /// grace is over.
    fn require_grace(&self) -> Result<(), End> {
        match self.stop.cut() {
            Some(cut) if Instant::now() >= cut => Err(End::Cut),
            Some(_) | None => Ok(()),
        }
    }

    /// Waits until a write that found no room may be tried again.
    fn wait_to_write(
        &self,
        error: io::Error,
        stall: Duration,
    ) -> Result<(), End> {
        if !is_passing(&error) {
            return Err(End::Lost(error));
        }
        let deadline = Instant::now() + stall;
        self.wait(PollFlags::OUT, deadline, Heed::AfterGrace)
    }

    /// Waits until the socket is ready or has failed.
    fn wait(
        &self,
        events: PollFlags,
        deadline: Instant,
        heed: Heed,
    ) -> Result<(), End> {
        self.wait_with(events, None, deadline, heed).map(drop)
    }

    /// Waits until one of two is ready or has failed: this connection, and
    /// another descriptor.
    fn wait_with(
        &self,
        events: PollFlags,
        beside: Option<(BorrowedFd<'_>, PollFlags)>,
        deadline: Instant,
        heed: Heed,
    ) -> Result<Ready, End> {
        let Transport::Plain(socket) = &self.transport;
        loop {
            let cut = self.stop.cut();
            let now = Instant::now();
            let until = match (heed, cut) {
                (Heed::AtOnce, Some(_)) => now,
                (Heed::AfterGrace, Some(cut)) => deadline.min(cut),
                (_, None) => deadline,
            };
            let left = until.saturating_duration_since(now);
            let own = PollFd::new(socket, events);
            let mut polled = [own.clone(), own.clone(), own];
            let mut count = 1;
            if let Some((other, events)) = beside {
                polled[count] = PollFd::from_borrowed_fd(other, events);
                count += 1;
            }
            // Once the stop is known, its descriptor would end every poll.
            if cut.is_none() {
                let stop = self.stop.descriptor();
                polled[count] =
                    PollFd::from_borrowed_fd(stop, PollFlags::empty());
                count += 1;
            }
            let timeout = Timespec::try_from(left).ok();
            match poll(&mut polled[..count], timeout.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(errno) => return Err(End::Lost(errno.into())),
            }
            let ready = Ready {
                own: !polled[0].revents().is_empty(),
                side: beside.is_some() && !polled[1].revents().is_empty(),
            };
            if ready.own || ready.side {
                return Ok(ready);
            }
            if heed == Heed::AtOnce && self.stop.is_requested() {
                return Err(End::Stopping);
            }
            let now = Instant::now();
            if now >= deadline {
                return Err(End::Silent);
            }
            if self.stop.cut().is_some_and(|cut| now >= cut) {
                return Err(End::Cut);
            }
        }
    }
}

/// Sends one short line without waiting, where the peer takes it.
///
/// # Errors
///
/// Where not all of it is on its way: half a line is as bad as none.
pub fn say(mut socket: &TcpStream, line: &[u8]) -> io::Result<()> {
    if line.is_empty() {
        return Ok(());
    }
    socket.set_nonblocking(true)?;
    match socket.write(line)? {
        sent if sent == line.len() => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// Says a last line and closes; who does not take it sees the close alone.
pub fn dismiss(socket: TcpStream, line: &[u8]) {
    if say(&socket, line).is_ok() {
        close(socket);
    }
}

fn close(mut socket: TcpStream) {
    // Nothing was said on it, maybe; no close may wait for the peer.
    if socket.set_nonblocking(true).is_err() {
        return;
    }
    let mut unread = [0; 4096];
    for _ in 0..UNREAD_READS_MAX {
        match socket.read(&mut unread) {
            Ok(1..) => {}
            Ok(0) | Err(_) => break,
        }
    }
    // The peer may be gone already.
    let _ = socket.shutdown(Shutdown::Write);
}

/// Whether the same call may succeed later.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// The most that one call of the kernel is asked to send.
const SEND_BYTES: usize = 8 * 1024 * 1024;

/// How often unread bytes are taken away before a close: whoever sends more
/// than this after the end has no claim to a clean close.
const UNREAD_READS_MAX: usize = 64;
