//! One client's session: its control connection and its data connections,
//! all on one thread that waits for whichever has something.
//!
//! Moves bytes and keeps the order; what becomes of them is the book's, the
//! ports' and the links' to say.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::book::Book;
use crate::lie::{End, Segments, Tells};
use crate::link::Link;
use crate::ports::{Ports, connect};
use crate::side::{Got, Side};
use crate::words::{Lines, Replies, telnet_len, verb_of};

/// One session.
#[derive(Debug)]
pub(crate) struct Session {
    tells: Arc<Tells>,
    client: Side,
    server: Side,
    /// The server as the client's side of the relay sees it.
    address: SocketAddr,
    asking: Lines,
    answering: Lines,
    replies: Replies,
    book: Book,
    ports: Ports,
    links: Vec<Link>,
    /// The client is not told that the server has closed.
    stays: bool,
}

impl Session {
    /// A session of a client that has come; the server sees its address and,
    /// where that can be had, its port, which is the default for data.
    pub(crate) fn new(
        client: TcpStream,
        address: SocketAddr,
        tells: Arc<Tells>,
    ) -> io::Result<Session> {
        let own = client.peer_addr()?;
        let server = connect(address, own.ip(), Some(own.port()))
            .or_else(|_| connect(address, own.ip(), Some(0)))?;
        let ports = Ports::new(!tells.data.is_empty());
        Ok(Session {
            tells,
            client: Side::new(client)?,
            server: Side::new(server)?,
            address,
            asking: Lines::default(),
            answering: Lines::default(),
            replies: Replies::default(),
            book: Book::default(),
            ports,
            links: Vec::new(),
            stays: false,
        })
    }

    /// Relays until all is over; no longer than a moment once the server
    /// has gone.
    pub(crate) fn run(mut self, gone: &AtomicBool) -> io::Result<()> {
        let (mut over_since, mut gone_since) = (None, None);
        loop {
            self.step()?;
            let over = self.client.is_done() && self.server.is_done();
            if over && self.links.is_empty() {
                return Ok(());
            }
            let gone = gone.load(Ordering::SeqCst);
            if has_been(over, &mut over_since, DATA_MAX)
                || has_been(gone, &mut gone_since, LAST_MAX)
            {
                return Ok(());
            }
        }
    }

    /// Waits for something to do, and does it. What an end did first the
    /// other one learns first: a client that resets its control connection
    /// and closes its data has not stored a file, and what a reply says of
    /// data is true.
    fn step(&mut self) -> io::Result<()> {
        let ready = self.wait()?;
        if ready.contains(&Ready::Client) {
            self.asked();
            self.flush();
        }
        for what in &ready {
            match *what {
                Ready::Port(number) => self.meet(number),
                Ready::Up(at) => self.links[at].up(&self.ports, &self.tells),
                Ready::Down(at) => {
                    self.links[at].down(&self.ports, &self.tells);
                }
                Ready::Client | Ready::Server => {}
            }
        }
        self.links.iter_mut().for_each(Link::flush);
        self.links.retain(|link| !link.is_over());
        if ready.contains(&Ready::Server) {
            self.answered();
        }
        self.flush();
        Ok(())
    }

    /// Writes what waits on the control connection.
    fn flush(&mut self) {
        if !self.client.flush() {
            self.server.reset();
        }
        if !self.server.flush() {
            self.client.reset();
        }
    }

    /// Who has something. They are looked at in the order in which nothing
    /// can slip in between: the server, which speaks after its data; the
    /// data; the client, which speaks before its own.
    fn wait(&self) -> io::Result<Vec<Ready>> {
        let (client, server) = (&self.client, &self.server);
        let mut looked = Looked::default();
        looked.at(Ready::Server, server, client);
        for (at, link) in self.links.iter().enumerate() {
            looked.at(Ready::Up(at), &link.client, &link.server);
            looked.at(Ready::Down(at), &link.server, &link.client);
        }
        for port in self.ports.all() {
            let listener = port.listener.as_ref();
            if let (Some(listener), true) =
                (listener, self.links.len() < LINKS_MAX)
            {
                looked.tags.push(Ready::Port(port.number));
                looked.fds.push(PollFd::new(listener, PollFlags::IN));
            }
        }
        looked.at(Ready::Client, client, server);
        looked.poll()
    }

    fn meet(&mut self, number: u64) {
        let Some(port) = self.ports.of(number) else { return };
        // Who has left again, or cannot be brought together, is let go.
        let link = port.meet().and_then(|met| Link::new(port, met));
        if let Ok(Some(link)) = link {
            self.links.push(link);
        }
    }

    /// The client has said something.
    fn asked(&mut self) {
        let mut bytes = match self.client.read() {
            Got::Nothing => return,
            Got::End(end) => {
                let rest = self.asking.rest();
                self.server.give(&rest);
                self.server.finish(end);
                return;
            }
            Got::Bytes(bytes) => bytes,
        };
        match self.tells.segments {
            Some(Segments::EndLines) if !bytes.ends_with(b"\n") => {
                bytes.extend(b"\r\n");
            }
            Some(Segments::FirstLineOnly) => bytes = first_line(&bytes),
            Some(Segments::EndLines) | None => {}
        }
        for line in self.asking.feed(&bytes) {
            self.ask(&line);
        }
    }

    fn ask(&mut self, line: &[u8]) {
        // A piece of a line that is too long for any command.
        if !line.ends_with(b"\n") {
            return self.server.give(line);
        }
        let (telnet, text) = line.split_at(telnet_len(line));
        let plain = text.strip_suffix(b"\r\n");
        let plain = plain.unwrap_or(&text[..text.len() - 1]);
        let end = &text[plain.len()..];
        self.server.give(telnet);
        if plain.starts_with(SET_UP) {
            self.tells = Arc::default();
        }
        let verb = verb_of(plain);
        if TRANSFERS.contains(&verb.as_str()) {
            self.ports.transfer(&verb, plain);
        }
        for asked in self.book.ask(&self.tells, plain) {
            let put_right = self.ports.in_command(&asked);
            self.server.give(&put_right.unwrap_or(asked));
            self.server.give(end);
        }
    }

    /// The server has said something.
    fn answered(&mut self) {
        let bytes = match self.server.read() {
            Got::Nothing => return,
            Got::End(end) => {
                let rest = self.answering.rest();
                self.client.give(&rest);
                let end = if self.stays { End::Stay } else { end };
                self.client.finish(end);
                return;
            }
            Got::Bytes(bytes) => bytes,
        };
        for line in self.answering.feed(&bytes) {
            let Some(mut reply) = self.replies.feed(&line) else { continue };
            let put_right = self.ports.in_reply(&reply.bytes, self.address);
            reply.bytes = put_right.unwrap_or(reply.bytes);
            let told = self.book.answer(&self.tells, reply);
            self.client.give(&told.bytes);
            match told.end {
                None => {}
                Some(End::Stay) => self.stays = true,
                Some(end) => {
                    self.client.finish(end);
                    self.server.finish(End::Close);
                }
            }
        }
    }
}

/// The first line of a read, and nonsense for each further one.
fn first_line(bytes: &[u8]) -> Vec<u8> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let mut kept = lines.next().unwrap_or_default().to_vec();
    lines.for_each(|_| kept.extend(b"WHAT\r\n"));
    kept
}

/// What is waited for, and whose it is.
#[derive(Default)]
struct Looked<'a> {
    tags: Vec<Ready>,
    fds: Vec<PollFd<'a>>,
}

impl<'a> Looked<'a> {
    /// Looks at a side whose bytes go to `peer`; one that nobody wants
    /// anything of would only say again that it is over.
    fn at(&mut self, tag: Ready, side: &'a Side, peer: &Side) {
        let wants = side.wants(peer);
        if let (Some(socket), false) = (side.socket(), wants.is_empty()) {
            self.tags.push(tag);
            self.fds.push(PollFd::new(socket, wants));
        }
    }

    fn poll(mut self) -> io::Result<Vec<Ready>> {
        let time = Timespec {
            tv_sec: 0,
            tv_nsec: i64::from(LOOK_EVERY.subsec_nanos()),
        };
        match poll(&mut self.fds, Some(&time)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let all = self.tags.into_iter().zip(&self.fds);
        let ready = all.filter(|(_, fd)| !fd.revents().is_empty());
        Ok(ready.map(|(tag, _)| tag).collect())
    }
}

/// Whether something has been so for that long.
fn has_been(is: bool, since: &mut Option<Instant>, long: Duration) -> bool {
    is && since.get_or_insert_with(Instant::now).elapsed() >= long
}

/// Who has something to be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ready {
    Client,
    Server,
    /// Somebody has come to the port of that number.
    Port(u64),
    /// The client's end of the link at that place.
    Up(usize),
    /// The server's end.
    Down(usize),
}

/// What the suite says where it makes a scenario's folder. That session is
/// no part of what is judged, and from there on no lie is told in it.
const SET_UP: &[u8] = b"MKD conformance-";

/// The commands that transfer.
const TRANSFERS: [&str; 7] =
    ["RETR", "STOR", "STOU", "APPE", "LIST", "NLST", "MLSD"];

/// Data connections at once: more than any server lends a session.
const LINKS_MAX: usize = 8;

/// How soon it is seen that the server has gone.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How long data connections may last that have lost their control
/// connection: where a lie keeps them, longer than any scenario looks.
const DATA_MAX: Duration = Duration::from_secs(30);

/// How long a session may take to tell its ends when the server has gone.
const LAST_MAX: Duration = Duration::from_secs(2);
