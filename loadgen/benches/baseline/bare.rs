//! The bare loop: it reads a request, writes a reply and has the kernel
//! send the file, and does nothing else; no names, no sign-in, no log. The
//! file is opened once.
//!
//! Must not know: the native protocol.

use std::{
    fs::File,
    io::Read as _,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    thread::{self, JoinHandle},
};

use anyhow::{Context as _, anyhow};
use rustix::{
    fs::sendfile,
    net::{SendFlags, send},
    time::{ClockId, clock_gettime},
};

/// A loop that serves one connection to its end.
pub(crate) struct Bare {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The length of what answers a request, the file in it.
    pub(crate) reply_bytes: u64,
    thread: JoinHandle<anyhow::Result<f64>>,
}

impl Bare {
    /// Starts it over a file.
    pub(crate) fn start(path: &Path) -> anyhow::Result<Bare> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let file = File::open(path)?;
        let bytes = file.metadata()?.len();
        let thread = thread::Builder::new().name("bare".to_owned()).spawn(
            move || {
                let (socket, _) = listener.accept()?;
                let before = processor_us();
                serve(socket, &file, bytes)?;
                Ok(processor_us() - before)
            },
        )?;
        let reply_bytes = REPLY.len() as u64 + bytes;
        Ok(Bare { address, reply_bytes, thread })
    }

    /// Waits for its end, which is that of its client; the processor time
    /// that it took in microseconds.
    pub(crate) fn join(self) -> anyhow::Result<f64> {
        self.thread.join().map_err(|_| anyhow!("the loop panicked"))?
    }
}

fn serve(
    mut socket: TcpStream,
    file: &File,
    bytes: u64,
) -> anyhow::Result<()> {
    socket.set_nodelay(true)?;
    let mut request = [0; 4096];
    while socket.read(&mut request)? > 0 {
        // More is to follow: reply and file share their packets.
        send(&socket, REPLY, SendFlags::MORE)?;
        let mut offset = 0;
        while offset < bytes {
            let wish = usize::try_from(bytes - offset)?.min(SEND_BYTES);
            let sent = sendfile(&socket, file, Some(&mut offset), wish)?;
            (sent > 0).then_some(()).context("the file is whole")?;
        }
    }
    Ok(())
}

fn processor_us() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

const REPLY: &[u8] = b"200 here it comes\n";

/// The most that one call of the kernel is asked to send; the server asks
/// for as much.
const SEND_BYTES: usize = 8 * 1024 * 1024;
