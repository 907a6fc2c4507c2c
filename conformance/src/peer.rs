//! A dumb TCP socket: lines and bytes with deadlines, in bounded memory.
//!
//! Knows no protocol but LF. Whatever the other side does, every call comes
//! back by its deadline and the buffer stays small. An `abort` flag shared
//! with the other clients of the scenario ends waiting early.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::reply::LINE_BYTES_MAX;

/// How the other side ended the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// With a FIN.
    Clean,
    /// With a reset.
    Reset,
}

/// Why nothing more could be read or written.
#[derive(Debug)]
pub enum Trouble {
    /// The deadline passed.
    Late,
    /// The other side is gone.
    Ended(End),
    /// More bytes than a line may have, and no LF among them.
    TooLong,
    /// Another client of the scenario has failed already.
    Aborted,
    /// The network or the machine.
    Io(io::Error),
}

/// One connection.
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
    /// What has been received and not yet asked for.
    buffer: Vec<u8>,
    ended: Option<End>,
    abort: Arc<AtomicBool>,
}

impl Peer {
    /// Connects, by the deadline.
    pub fn connect(
        address: SocketAddr,
        deadline: Instant,
        abort: Arc<AtomicBool>,
    ) -> io::Result<Peer> {
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1));
        let stream = TcpStream::connect_timeout(&address, left)?;
        stream.set_nodelay(true)?;
        Ok(Peer { stream, buffer: Vec::new(), ended: None, abort })
    }

    /// Writes all of `bytes`, or says why not.
    pub fn send(
        &mut self,
        mut bytes: &[u8],
        deadline: Instant,
    ) -> Result<(), Trouble> {
        while !bytes.is_empty() {
            let slice = self.slice_until(deadline)?;
            self.stream.set_write_timeout(Some(slice)).map_err(Trouble::Io)?;
            match self.stream.write(bytes) {
                Ok(0) => return Err(Trouble::Ended(End::Reset)),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_wait(&error) => {}
                Err(error) => return Err(gone_or(error)),
            }
        }
        Ok(())
    }

    /// The next line without its LF.
    pub fn line(&mut self, deadline: Instant) -> Result<Vec<u8>, Trouble> {
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                line.pop();
                return Ok(line);
            }
            if self.buffer.len() >= LINE_BYTES_MAX {
                return Err(Trouble::TooLong);
            }
            self.fill(deadline)?;
        }
    }

    /// Up to `max` raw bytes, at least one.
    pub fn bytes(
        &mut self,
        max: usize,
        deadline: Instant,
    ) -> Result<Vec<u8>, Trouble> {
        if self.buffer.is_empty() {
            self.fill(deadline)?;
        }
        let count = self.buffer.len().min(max);
        Ok(self.buffer.drain(..count).collect())
    }

    /// What has come and was not asked for.
    pub fn pending(&self) -> &[u8] {
        &self.buffer
    }

    /// Takes in what is there, without waiting.
    pub fn look(&mut self) -> io::Result<()> {
        if self.ended.is_some() || self.buffer.len() >= LINE_BYTES_MAX {
            return Ok(());
        }
        let mut chunk = [0; READ_BYTES];
        self.stream.set_nonblocking(true)?;
        let read = self.stream.read(&mut chunk);
        self.stream.set_nonblocking(false)?;
        // An end is found again by whoever reads next.
        if let Ok(count) = read {
            self.buffer.extend_from_slice(&chunk[..count]);
        }
        Ok(())
    }

    /// Ends the sending direction.
    pub fn close_half(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Ends the connection with a reset.
    pub fn reset(self) -> io::Result<()> {
        let at_once = Some(Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(&self.stream, at_once)?;
        Ok(())
    }

    fn fill(&mut self, deadline: Instant) -> Result<(), Trouble> {
        if let Some(end) = self.ended {
            return Err(Trouble::Ended(end));
        }
        let mut chunk = [0; READ_BYTES];
        loop {
            let slice = self.slice_until(deadline)?;
            self.stream.set_read_timeout(Some(slice)).map_err(Trouble::Io)?;
            let end = match self.stream.read(&mut chunk) {
                Ok(0) => End::Clean,
                Ok(count) => {
                    self.buffer.extend_from_slice(&chunk[..count]);
                    return Ok(());
                }
                Err(error) if is_wait(&error) => continue,
                Err(error) => match gone_or(error) {
                    Trouble::Ended(end) => end,
                    other => return Err(other),
                },
            };
            self.ended = Some(end);
            return Err(Trouble::Ended(end));
        }
    }

    /// The next short wait, so that an abort is noticed soon.
    fn slice_until(&self, deadline: Instant) -> Result<Duration, Trouble> {
        if self.abort.load(Ordering::Relaxed) {
            return Err(Trouble::Aborted);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Trouble::Late);
        }
        Ok(left.clamp(Duration::from_millis(1), SLICE))
    }
}

fn is_wait(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

fn gone_or(error: io::Error) -> Trouble {
    match error.kind() {
        ErrorKind::ConnectionReset
        | ErrorKind::BrokenPipe
        | ErrorKind::ConnectionAborted => Trouble::Ended(End::Reset),
        _ => Trouble::Io(error),
    }
}

/// What one read takes: the buffer never holds more than this and a line.
const READ_BYTES: usize = 16 * 1024;

/// How long a read waits before it looks at the abort flag again.
const SLICE: Duration = Duration::from_millis(100);
