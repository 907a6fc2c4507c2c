//! Data connections on their way through the relay: addresses in commands
//! and replies are put right, and who comes is brought together with whom he
//! wanted.
//!
//! Knows the forms of PORT, EPRT, 227 and 229 and no lie. What it cannot
//! read it leaves alone: then the two find each other without the relay.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use regex::bytes::{Captures, Regex};
use socket2::{Domain, SockRef, Socket, Type};

/// A listening socket, and who is meant by it.
#[derive(Debug)]
pub(crate) struct Port {
    /// Its number in the session.
    pub(crate) number: u64,
    /// None once another has taken its place.
    pub(crate) listener: Option<TcpListener>,
    /// Where whoever comes wanted to go.
    target: SocketAddr,
    /// Whether it is the client that comes.
    pub(crate) passive: bool,
    /// The command that transfers over it: its verb and its line.
    pub(crate) transfer: Option<(String, Vec<u8>)>,
}

/// The ports of one session.
#[derive(Debug)]
pub(crate) struct Ports {
    all: Vec<Port>,
    made: u64,
    /// Data that the server connects for passes through the relay, too.
    active: bool,
}

impl Ports {
    /// No ports yet. Without `active` the server goes to the client's own
    /// address: whoever is not there is then not there for the server.
    pub(crate) fn new(active: bool) -> Ports {
        Ports { all: Vec::new(), made: 0, active }
    }

    /// All of them, the oldest first.
    pub(crate) fn all(&self) -> &[Port] {
        &self.all
    }

    /// The port of that number.
    pub(crate) fn of(&self, number: u64) -> Option<&Port> {
        self.all.iter().find(|port| port.number == number)
    }

    /// A transfer begins over the newest port, where it has none yet.
    pub(crate) fn transfer(&mut self, verb: &str, line: &[u8]) {
        let newest = self.all.last_mut();
        if let Some(port) = newest.filter(|port| port.transfer.is_none()) {
            port.transfer = Some((verb.to_owned(), line.to_vec()));
        }
    }

    /// A command with the relay's address in it for the client's.
    pub(crate) fn in_command(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        let (target, form) = if let Some(groups) = PORT.captures(line) {
            (six_numbers(&groups)?, Form::Six)
        } else {
            let groups = EPRT.captures(line)?;
            let host: IpAddr = text(&groups, 2).parse().ok()?;
            let port = text(&groups, 4).parse().ok()?;
            (SocketAddr::new(host, port), Form::Eprt)
        };
        // Whether low ports are refused is the server's to say.
        if !self.active || target.port() < PORT_MIN {
            return None;
        }
        let port = self.open(target.ip(), target, false).ok()?;
        Some(match form {
            Form::Six => PORT.replace(line, &numbers(port)[..]).into_owned(),
            Form::Eprt => {
                let with = format!("${{1}}${{2}}${{3}}{port}${{5}}");
                EPRT.replace(line, with.as_bytes()).into_owned()
            }
        })
    }

    /// A reply with the relay's port in it for the server's.
    pub(crate) fn in_reply(
        &mut self,
        reply: &[u8],
        server: SocketAddr,
    ) -> Option<Vec<u8>> {
        if reply.starts_with(b"227") {
            let groups = SIX.captures(reply)?;
            let target = six_numbers(&groups)?;
            let target = SocketAddr::new(server.ip(), target.port());
            let port = self.open(server.ip(), target, true).ok()?;
            return Some(SIX.replace(reply, &numbers(port)[..]).into_owned());
        }
        let groups = reply.starts_with(b"229").then_some(reply)?;
        let groups = EPSV.captures(groups)?;
        let port = text(&groups, 2).parse().ok()?;
        let target = SocketAddr::new(server.ip(), port);
        let port = self.open(server.ip(), target, true).ok()?;
        let with = format!("${{1}}{port}");
        Some(EPSV.replace(reply, with.as_bytes()).into_owned())
    }

    /// Listens in the place of another; the ports before it are closed.
    fn open(
        &mut self,
        host: IpAddr,
        target: SocketAddr,
        passive: bool,
    ) -> io::Result<u16> {
        let listener = TcpListener::bind((host, 0))?;
        listener.set_nonblocking(true)?;
        // Who comes has them from here.
        hold_little(&SockRef::from(&listener))?;
        let own = listener.local_addr()?.port();
        for port in &mut self.all {
            port.listener = None;
        }
        if self.all.len() == PORTS_MAX {
            self.all.remove(0);
        }
        self.made += 1;
        self.all.push(Port {
            number: self.made,
            listener: Some(listener),
            target,
            passive,
            transfer: None,
        });
        Ok(own)
    }
}

impl Port {
    /// Takes who has come, and goes for him where he wanted to go; from his
    /// own address, which is what the other end looks at.
    pub(crate) fn meet(&self) -> io::Result<Met> {
        let Some(listener) = &self.listener else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let (comer, from) = listener.accept()?;
        let host = connect(self.target, from.ip(), None);
        Ok(Met { comer, host: host.ok() })
    }
}

/// Who has come to a port, and whom he wanted, where he was there.
#[derive(Debug)]
pub(crate) struct Met {
    /// Who came.
    pub(crate) comer: TcpStream,
    /// Whom he wanted.
    pub(crate) host: Option<TcpStream>,
}

/// Connects from an address of this machine: for control from that port,
/// for data from any.
pub(crate) fn connect(
    to: SocketAddr,
    from: IpAddr,
    port: Option<u16>,
) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
    match port {
        Some(_) => socket.set_reuse_address(true)?,
        None => hold_little(&SockRef::from(&socket))?,
    }
    socket.bind(&SocketAddr::new(from, port.unwrap_or(0)).into())?;
    socket.connect_timeout(&to.into(), CONNECT_MAX)?;
    Ok(socket.into())
}

/// The relay is to hold little data itself: who sends to somebody that does
/// not read has to feel it as he would without the relay.
fn hold_little(socket: &SockRef<'_>) -> io::Result<()> {
    socket.set_recv_buffer_size(BUFFER_BYTES)?;
    socket.set_send_buffer_size(BUFFER_BYTES)
}

enum Form {
    Six,
    Eprt,
}

/// The address of six numbers, the groups 2 to 4 of a match.
fn six_numbers(groups: &Captures<'_>) -> Option<SocketAddr> {
    let host: IpAddr = text(groups, 2).replace(',', ".").parse().ok()?;
    let high: u8 = text(groups, 3).parse().ok()?;
    let low: u8 = text(groups, 4).parse().ok()?;
    Some(SocketAddr::new(host, u16::from(high) << 8 | u16::from(low)))
}

/// The same groups with another port.
fn numbers(port: u16) -> Vec<u8> {
    format!("${{1}}${{2}},{},{}", port >> 8, port & 0xFF).into_bytes()
}

fn text(groups: &Captures<'_>, at: usize) -> String {
    let bytes = groups.get(at).map_or(&b""[..], |group| group.as_bytes());
    String::from_utf8_lossy(bytes).into_owned()
}

macro_rules! pattern {
    ($name:ident, $text:literal) => {
        static $name: std::sync::LazyLock<Regex> =
            std::sync::LazyLock::new(|| {
                Regex::new($text).expect("it is a pattern")
            });
    };
}

pattern!(PORT, r"(?i-u)^(PORT )(\d+,\d+,\d+,\d+),(\d+),(\d+)$");
pattern!(SIX, r"(?-u)(^.*?[^0-9])(\d+,\d+,\d+,\d+),(\d+),(\d+)");
pattern!(
    EPRT,
    r"(?i-u)^(EPRT [!-~][12][!-~])([0-9a-f.:]+)([!-~])(\d+)([!-~])$"
);
pattern!(EPSV, r"(?-u)(^.*?\([!-~]{3})(\d+)");

/// Ports that a session remembers: those of transfers that still run, and
/// no session of a scenario has more than one or two.
const PORTS_MAX: usize = 8;

/// Ports below it are refused by servers.
const PORT_MIN: u16 = 1024;

/// What each of the relay's sockets for data may hold either way.
const BUFFER_BYTES: usize = 64 << 10;

/// On one machine a connection is there at once or never.
const CONNECT_MAX: Duration = Duration::from_secs(5);
