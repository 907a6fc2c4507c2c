//! A blocking client that looks at as little as it can: it counts bytes,
//! and large ones are dropped in the kernel.
//!
//! Must not know: what a request means.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use rustix::net::{RecvFlags, recv};

/// A connection.
pub(crate) struct Session {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Session {
    /// Connects.
    pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<Session> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Session { stream, buffer: vec![0; BUFFER_BYTES] })
    }

    /// Sends bytes.
    fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    /// Takes one line, which is all that comes, and looks how it begins.
    pub(crate) fn expect_line(&mut self, begin: &[u8]) -> anyhow::Result<()> {
        let mut length = 0;
        while !self.buffer[..length].ends_with(b"\n") {
            length += self.read(length)?;
        }
        let line = &self.buffer[..length];
        let said = String::from_utf8_lossy(line);
        ensure!(line.starts_with(begin), "an unexpected reply: {said}");
        Ok(())
    }

    /// Sends a get and finds out how many bytes answer it: a line that
    /// names the length, the bytes, and a last line.
    pub(crate) fn reply_length(
        &mut self,
        request: &[u8],
    ) -> anyhow::Result<u64> {
        self.send(request)?;
        let mut got = 0;
        let head = loop {
            got += self.read(got)?;
            let end = self.buffer[..got].iter().position(|it| *it == b'\n');
            if let Some(end) = end {
                break end;
            }
        };
        let line = String::from_utf8_lossy(&self.buffer[..head]);
        let body: u64 = line
            .split(' ')
            .find_map(|field| field.strip_prefix("length="))
            .and_then(|length| length.parse().ok())
            .with_context(|| format!("no length in {line}"))?;
        let whole = head as u64 + 1 + body;
        let mut total = got as u64;
        loop {
            // The last line is shorter than the buffer, so it is seen.
            if total > whole && self.buffer[..got].ends_with(b"\n") {
                return Ok(total);
            }
            got = self.read(0)?;
            total += got as u64;
        }
    }

    /// Sends a request and drops what answers it; gives its length.
    pub(crate) fn exchange(
        &mut self,
        request: &[u8],
        reply_bytes: u64,
    ) -> anyhow::Result<u64> {
        self.send(request)?;
        let mut got = 0;
        while got < reply_bytes {
            let (_, count) =
                recv(&self.stream, &mut self.buffer[..], RecvFlags::TRUNC)?;
            ensure!(count > 0, "the connection ended");
            got += count as u64;
        }
        Ok(got)
    }

    /// Signs in to a server that has given it a place.
    pub(crate) fn sign_in(&mut self) -> anyhow::Result<()> {
        self.send(b"auth u p\n")?;
        self.expect_line(b"200 ")
    }

    /// Sends an upload with its bytes; the third line confirms it.
    pub(crate) fn put(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.send(request)?;
        let mut got = 0;
        loop {
            got += self.read(got)?;
            let lines = self.buffer[..got].iter().filter(|it| **it == b'\n');
            if lines.count() == 3 {
                break;
            }
        }
        let said = String::from_utf8_lossy(&self.buffer[..got]);
        ensure!(said.contains("stored"), "an unexpected reply: {said}");
        Ok(())
    }

    /// Says goodbye and waits for the close.
    pub(crate) fn leave(mut self) -> anyhow::Result<()> {
        self.send(b"quit\n")?;
        while self.stream.read(&mut self.buffer)? > 0 {}
        Ok(())
    }

    fn read(&mut self, from: usize) -> anyhow::Result<usize> {
        let count = self.stream.read(&mut self.buffer[from..])?;
        ensure!(count > 0, "the connection ended");
        Ok(count)
    }
}

/// So long may anything be waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Large enough that the client's calls are not what is measured.
const BUFFER_BYTES: usize = 1 << 20;
