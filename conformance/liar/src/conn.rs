//! One client's socket: lines in, lines and bytes out, each wait with a
//! deadline and an eye on the shutdown. Knows nothing of what is said.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::{
    Shared,
    lies::{Lie, told},
    wire::LINE_MAX,
};

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Halt {
    /// The last reply has been said; close.
    Said,
    /// The client has closed.
    Gone,
    /// The client has reset.
    Reset,
    /// Nothing can be said any more: close alone.
    Silent,
    /// A limit has passed.
    Timeout(Limit),
    /// The server closes down.
    Closing,
}

/// The three limits of silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// From ready to 200.
    Login,
    /// Between two commands.
    Idle,
    /// Inside a transfer.
    Stall,
}

/// A line, as it arrived.
pub(crate) enum Line {
    /// Without its end.
    Text(Vec<u8>),
    /// Longer than the bound; skipped.
    TooLong,
}

/// The connection.
pub(crate) struct Conn {
    stream: TcpStream,
    shared: Arc<Shared>,
    /// What was read and not used: never much more than one read.
    held: Vec<u8>,
}

impl Conn {
    /// Takes over a socket.
    pub(crate) fn new(
        stream: TcpStream,
        shared: Arc<Shared>,
    ) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, shared, held: Vec::new() })
    }

    /// The next line, before the limit that counts from `since`.
    pub(crate) fn line(
        &mut self,
        limit: Limit,
        since: Instant,
    ) -> Result<Line, Halt> {
        let mut deadline = Some(since + self.secs(limit));
        if told(Lie::IdleMissing) && limit == Limit::Idle
            || told(Lie::LoginMissing) && limit == Limit::Login
        {
            deadline = None;
        }
        let mut skipping = false;
        loop {
            if self.shared.stop.closing() {
                return Err(Halt::Closing);
            }
            if let Some(end) = self.held.iter().position(|b| *b == b'\n') {
                self.lie_about_batches(end);
                let end = self.held.iter().position(|b| *b == b'\n');
                let mut line: Vec<u8> =
                    self.held.drain(..=end.unwrap_or(0)).collect();
                let most = LINE_MAX - usize::from(told(Lie::TooLongEarly));
                if told(Lie::TooLongSplit) && line.len() > LINE_MAX {
                    let rest = line.split_off(LINE_MAX);
                    self.held.splice(..0, rest);
                }
                let whole = line.last() == Some(&b'\n');
                if skipping || line.len() > most || !whole {
                    return Ok(Line::TooLong);
                }
                line.pop();
                if line.last() == Some(&b'\r') && !told(Lie::CrKept) {
                    line.pop();
                }
                return Ok(Line::Text(line));
            }
            if self.held.len() >= LINE_MAX {
                self.held.clear();
                if told(Lie::TooLongSplit) {
                    return Ok(Line::TooLong);
                }
                skipping = true;
            }
            self.fill(deadline, limit, false)?;
            if told(Lie::IdleExtended) && limit == Limit::Idle {
                deadline = Some(Instant::now() + self.secs(limit));
            }
        }
    }

    /// At least one and at most `most` bytes of an upload.
    pub(crate) fn body(&mut self, most: u64) -> Result<Vec<u8>, Halt> {
        if self.held.is_empty() {
            let stall = self.secs(Limit::Stall);
            let deadline =
                (!told(Lie::StallMissing)).then(|| Instant::now() + stall);
            self.fill(deadline, Limit::Stall, true)?;
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let count = self.held.len().min(most);
        Ok(self.held.drain(..count).collect())
    }

    /// Writes it all, or ends the session.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), Halt> {
        let mut moved = Instant::now();
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => {
                    bytes = &bytes[count..];
                    moved = Instant::now();
                }
                Err(error) if waits(&error) => {
                    self.wait(PollFlags::OUT);
                }
                Err(_) => return Err(Halt::Reset),
            }
            let stalled = moved.elapsed() >= self.secs(Limit::Stall);
            if stalled && !told(Lie::StallMissing) && !bytes.is_empty() {
                return Err(Halt::Silent);
            }
            if self.shared.stop.cutting() {
                return Err(Halt::Silent);
            }
        }
        Ok(())
    }

    /// Says a last line as far as the socket takes it, and closes. What has
    /// arrived is read first, so that the close is no reset.
    pub(crate) fn close(mut self, last: &str) {
        if told(Lie::TimeoutInside) {
            self.wait_long();
        }
        // Nobody is left to be told of a failure here.
        let _ = self.stream.write(last.as_bytes());
        drain(&mut self.stream);
    }

    fn fill(
        &mut self,
        deadline: Option<Instant>,
        limit: Limit,
        transfer: bool,
    ) -> Result<(), Halt> {
        let mut bytes = [0; 16 * 1024];
        loop {
            let stop = &self.shared.stop;
            if stop.cutting() || stop.closing() && !transfer {
                return Err(Halt::Closing);
            }
            if deadline.is_some_and(|at| Instant::now() >= at) {
                return Err(Halt::Timeout(limit));
            }
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(Halt::Gone),
                Ok(count) => {
                    self.held.extend_from_slice(&bytes[..count]);
                    return Ok(());
                }
                Err(error) if waits(&error) => self.wait(PollFlags::IN),
                Err(_) => return Err(Halt::Reset),
            }
        }
    }

    fn wait(&self, flags: PollFlags) {
        wait(&self.stream, flags, SLICE);
    }

    fn wait_long(&self) {
        for _ in 0..200 {
            if left(&self.stream) {
                return;
            }
            let slice = Duration::from_millis(25);
            if wait(&self.stream, PollFlags::OUT, slice) {
                return;
            }
        }
    }

    fn secs(&self, limit: Limit) -> Duration {
        let limits = &self.shared.limits;
        match limit {
            Limit::Login => limits.login,
            Limit::Idle => limits.idle,
            Limit::Stall => limits.stall,
        }
    }

    /// The lies about what arrives together: `first` is where the first
    /// line ends.
    fn lie_about_batches(&mut self, first: usize) {
        if told(Lie::HalfCloseDropped) {
            thread::sleep(BATCH_WAIT);
            if left(&self.stream) {
                self.held = b"quit\n".to_vec();
                drain(&mut self.stream);
                // A closed socket is what the lie is about.
                let _ = self.stream.shutdown(std::net::Shutdown::Both);
            }
        }
        if told(Lie::OutOfOrder) {
            thread::sleep(BATCH_WAIT);
            let mut bytes = [0; 4096];
            if let Ok(count) = self.stream.read(&mut bytes) {
                self.held.extend_from_slice(&bytes[..count]);
            }
            let second = self.held[first + 1..].iter();
            if let Some(end) = second.clone().position(|b| *b == b'\n') {
                self.held[..=first + 1 + end].rotate_left(first + 1);
            }
        }
        if told(Lie::PipelineDropped) {
            thread::sleep(BATCH_WAIT);
            drain(&mut self.stream);
            self.held.truncate(first + 1);
        }
    }
}

/// Whether the peer of that socket has sent its FIN or a reset, read or not.
pub(crate) fn left(stream: &TcpStream) -> bool {
    let flags = PollFlags::RDHUP;
    wait(stream, flags, Duration::ZERO)
}

/// Reads and drops what has arrived.
pub(crate) fn drain(stream: &mut TcpStream) {
    let mut bytes = [0; 16 * 1024];
    for _ in 0..DRAINS_MAX {
        match stream.read(&mut bytes) {
            Ok(count) if count > 0 => {}
            Ok(_) | Err(_) => return,
        }
    }
}

/// Whether one of the events came within the time.
pub(crate) fn wait<S: std::os::fd::AsFd>(
    socket: &S,
    flags: PollFlags,
    time: Duration,
) -> bool {
    let timeout =
        Timespec { tv_sec: 0, tv_nsec: i64::from(time.subsec_nanos()) };
    let mut fds = [PollFd::new(socket, flags)];
    // An interrupted poll is a short one; every caller asks again.
    poll(&mut fds, Some(&timeout)).is_ok_and(|count| count > 0)
}

fn waits(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

/// How long a wait looks away from the shutdown.
const SLICE: Duration = Duration::from_millis(50);

/// How long the lies about batches wait for the rest of one.
const BATCH_WAIT: Duration = Duration::from_millis(30);

/// Reads of one drain: a client that sends for ever is not waited for.
const DRAINS_MAX: usize = 64;
