//! A dumb TCP socket: lines and bytes with deadlines, in bounded memory.
//!
//! Knows no protocol but LF. Whatever the other side does, every call comes
//! back by its deadline and the buffer stays small. An `abort` flag shared
//! with the other clients of the scenario ends waiting early.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

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

/// How a connection is made, where the plain way will not do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Route {
    /// The address of this machine that it leaves from.
    pub from: Option<IpAddr>,
    /// Whether its port is no other connection's, and may be listened on
    /// besides: FTP's default data port is that of the control connection.
    pub own_port: bool,
    /// The bytes that the machine takes in before anyone reads.
    pub receive_buffer: Option<usize>,
}

/// One connection.
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
    /// What has been received and not yet asked for.
    buffer: Vec<u8>,
    /// The most bytes of a line, with its LF.
    line_bytes_max: usize,
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
        Peer::connect_by(Route::default(), address, deadline, abort)
    }

    /// Connects in a way of the caller's.
    pub fn connect_by(
        route: Route,
        address: SocketAddr,
        deadline: Instant,
        abort: Arc<AtomicBool>,
    ) -> io::Result<Peer> {
        let left = deadline
            .saturating_duration_since(Instant::now())
            .max(Duration::from_millis(1));
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM, None)?;
        if let Some(bytes) = route.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let any = match address {
            SocketAddr::V4(_) => IpAddr::from([0; 4]),
            SocketAddr::V6(_) => IpAddr::from([0; 16]),
        };
        let own = route.from.or(route.own_port.then_some(any));
        if let Some(own) = own {
            socket.set_reuse_address(true)?;
            socket.bind(&SocketAddr::from((own, 0)).into())?;
        }
        socket.connect_timeout(&address.into(), left)?;
        Peer::of(socket.into(), abort)
    }

    /// A connection that was accepted.
    pub fn of(stream: TcpStream, abort: Arc<AtomicBool>) -> io::Result<Peer> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        let line_bytes_max = LINE_BYTES_MAX;
        let (buffer, ended) = (Vec::new(), None);
        Ok(Peer { stream, buffer, line_bytes_max, ended, abort })
    }

    /// Sets the most bytes of one line, with its LF.
    pub fn set_line_bytes_max(&mut self, bytes: usize) {
        self.line_bytes_max = bytes;
    }

    /// The client's own address and the server's.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.stream.local_addr()?, self.stream.peer_addr()?))
    }

    /// Writes all of `bytes` with the last one as urgent data.
    pub fn send_urgent(
        &mut self,
        bytes: &[u8],
        deadline: Instant,
    ) -> Result<(), Trouble> {
        let slice = self.slice_until(deadline)?;
        self.stream.set_write_timeout(Some(slice)).map_err(Trouble::Io)?;
        let socket = SockRef::from(&self.stream);
        match socket.send_out_of_band(bytes) {
            Ok(count) if count == bytes.len() => Ok(()),
            Ok(_) => Err(Trouble::Late),
            Err(error) => Err(gone_or(error)),
        }
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
            if self.buffer.len() >= self.line_bytes_max {
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
        if self.ended.is_some() || self.buffer.len() >= self.line_bytes_max {
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

    /// How the other side ended the connection, as far as is known.
    pub fn ended(&self) -> Option<End> {
        self.ended
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
