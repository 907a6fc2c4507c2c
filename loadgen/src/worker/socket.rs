//! A nonblocking connection: made, written to, read from, cut.
//!
//! Must not know: what goes over it.

use std::{
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SocketFlags, SocketType, connect, recv,
        socket_with, sockopt,
    },
};

/// What came of a connect, a read or a write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Moved {
    /// So many bytes; 0 from a read is the peer's end.
    Bytes(usize),
    /// It would have to wait.
    Later,
    /// The connection is broken.
    Broken(&'static str),
}

/// Begins a connection.
///
/// # Errors
///
/// The system's own word; `is_own_fault` says whose trouble it is.
pub(crate) fn begin(
    target: SocketAddr,
    receive_buffer: Option<usize>,
) -> Result<TcpStream, Errno> {
    let family = match target {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    if let Some(bytes) = receive_buffer {
        sockopt::set_socket_recv_buffer_size(&socket, bytes)?;
    }
    match connect(&socket, &target) {
        Ok(()) | Err(Errno::INPROGRESS) => Ok(TcpStream::from(socket)),
        Err(error) => Err(error),
    }
}

/// Whether a failed connect says that this machine has run out of
/// something, and nothing about the server.
pub(crate) fn is_own_fault(error: Errno) -> bool {
    matches!(
        error,
        Errno::ADDRNOTAVAIL
            | Errno::MFILE
            | Errno::NFILE
            | Errno::NOBUFS
            | Errno::NOMEM
    )
}

/// Whether a connect that was begun has failed.
pub(crate) fn connect_error(stream: &TcpStream) -> Option<&'static str> {
    match stream.take_error() {
        Ok(None) => None,
        Ok(Some(error)) | Err(error) => Some(word(&error)),
    }
}

/// Writes what fits.
pub(crate) fn write(mut stream: &TcpStream, bytes: &[u8]) -> Moved {
    moved(stream.write(bytes))
}

/// Reads what has come.
pub(crate) fn read(mut stream: &TcpStream, buffer: &mut [u8]) -> Moved {
    moved(stream.read(buffer))
}

/// Takes bytes without copying them: TCP under Linux drops them where they
/// are, and only their number comes back.
pub(crate) fn discard(stream: &TcpStream, buffer: &mut [u8]) -> Moved {
    let taken = recv(stream, buffer, RecvFlags::TRUNC);
    moved(taken.map(|(_, length)| length).map_err(io::Error::from))
}

/// Closes a connection so that the peer sees a reset.
pub(crate) fn reset(stream: TcpStream) {
    // Where the option fails the close is an ordinary one: a cut, too.
    let _ = sockopt::set_socket_linger(&stream, Some(Duration::ZERO));
    drop(stream);
}

fn moved(result: io::Result<usize>) -> Moved {
    match result {
        Ok(count) => Moved::Bytes(count),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            ) =>
        {
            Moved::Later
        }
        Err(error) => Moved::Broken(word(&error)),
    }
}

fn word(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset => RESET,
        io::ErrorKind::BrokenPipe => "closed by the server",
        io::ErrorKind::TimedOut => "timed out",
        _ => "input or output error",
    }
}

/// A connection that stood was cut off.
pub(crate) const RESET: &str = "reset by the server";
