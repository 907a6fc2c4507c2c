//! Data connections: prepared by PASV, EPSV, PORT or EPRT, made when they
//! are needed.
//!
//! Knows how one comes to be; what goes over it is `transfer`'s.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::case::{DATA_NAME, Data, Dial, Step, When};
use crate::peer::{End, Peer, Route};
use crate::run::client::Pace;
use crate::run::scene::Stop;
use crate::run::script::{Clock, Script};
use crate::wire::Kind;

/// A data connection, made or to be made.
#[derive(Debug)]
pub(in crate::run) struct Link {
    /// Passive: where the server listens. Active: where we do.
    pub(super) address: SocketAddr,
    /// Active, until the server has come.
    pub(super) listener: Option<TcpListener>,
    /// Active, where nobody is to listen: nobody else may get the port, or
    /// the server would find somebody there.
    _held: Option<Socket>,
    /// Passive: the client's own address.
    from: Option<IpAddr>,
    /// What there is of it, once it is made.
    pub(super) peer: Option<Peer>,
    /// How many bytes have come.
    pub(super) received: u64,
    /// How the server ended it. Then the client has closed it, too: a server
    /// may wait for that before it says that all is done.
    pub(super) ended: Option<End>,
}

impl Link {
    fn passive(address: SocketAddr, from: Option<IpAddr>) -> Link {
        Link { from, ..Link::new(address, None) }
    }

    fn active(listener: TcpListener, address: SocketAddr) -> Link {
        Link::new(address, Some(listener))
    }

    fn closed(held: Socket, address: SocketAddr) -> Link {
        Link { _held: Some(held), ..Link::new(address, None) }
    }

    fn new(address: SocketAddr, listener: Option<TcpListener>) -> Link {
        let (from, peer, received, ended) = (None, None, 0, None);
        let _held = None;
        Link { address, listener, _held, from, peer, received, ended }
    }

    /// The server has ended it.
    pub(super) fn end(&mut self, how: End) {
        self.ended = Some(how);
        self.peer = None;
    }
}

impl Script {
    /// Prepares a data connection.
    pub(super) fn prepare(
        &mut self,
        step: &Step,
        data: &Data,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let via = self.fill(&data.via)?;
        match via.as_str() {
            "pasv" | "epsv" => self.passive(step, data, &via, clock),
            "port" | "eprt" | "default" => {
                self.active(step, data, &via, clock)
            }
            _ => Err(self.trouble(&format!("{via:?} is no way to connect"))),
        }
    }

    /// Makes a passive data connection now.
    pub(super) fn dial(
        &mut self,
        step: &Step,
        dial: &Dial,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let name = dial.name.clone().unwrap_or_else(|| DATA_NAME.to_owned());
        let from = self.own_address(dial.from.as_deref())?;
        let client = self.client(step)?;
        let Some(link) = client.links.get_mut(&name) else {
            return Err(self.trouble(&format!("no data connection {name:?}")));
        };
        if let Some(new_name) = &dial.new_name {
            let link = Link::passive(link.address, from);
            client.links.insert(new_name.clone(), link);
            return self.connect_link(step, new_name, clock);
        }
        link.from = from.or(link.from);
        self.connect_link(step, &name, clock)
    }

    fn passive(
        &mut self,
        step: &Step,
        data: &Data,
        via: &str,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let (line, code) = match (via, &data.arg) {
            ("pasv", _) => ("PASV".to_owned(), "227"),
            (_, Some(arg)) => (format!("EPSV {}", self.fill(arg)?), "229"),
            (_, None) => ("EPSV".to_owned(), "229"),
        };
        let reply = self.ask_ftp(step, &line, &[code], clock)?;
        let text = reply.text.clone().unwrap_or_default();
        let (_, server) = self.client(step)?.addresses()?;
        let found = if via == "pasv" {
            six_numbers(&text)
        } else {
            epsv_port(&text).map(|port| (server.ip(), port))
        };
        let Some((host, port)) = found else {
            let wanted = format!("{code} with an address that can be read");
            return Err(Stop::Failed(self.failure(step, wanted, reply.line)));
        };
        self.name_address(host, port);
        // As every client of today does it: the port is taken, the address
        // is the control connection's.
        let address = SocketAddr::new(server.ip(), port);
        let from = self.own_address(data.from.as_deref())?;
        let link = Link::passive(address, from);
        self.client(step)?.links.insert(data.name.clone(), link);
        match data.connect {
            When::Later => Ok(()),
            When::Now => self.connect_link(step, &data.name, clock),
        }
    }

    fn active(
        &mut self,
        step: &Step,
        data: &Data,
        via: &str,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let (own, _) = self.client(step)?.addresses()?;
        let host = self.own_address(data.host.as_deref())?.unwrap_or(own.ip());
        let port = if via == "default" { own.port() } else { 0 };
        let wanted = SocketAddr::new(host, port);
        let link = match data.closed {
            true => hold(wanted),
            false => listen(wanted).and_then(|listener| {
                let address = listener.local_addr()?;
                Ok(Link::active(listener, address))
            }),
        };
        let link = link
            .map_err(|error| self.trouble(&format!("listening: {error}")))?;
        let address = link.address;
        self.name_address(address.ip(), address.port());
        self.client(step)?.links.insert(data.name.clone(), link);
        if via == "default" || !data.announce {
            return Ok(());
        }
        let line = match via {
            "port" => format!("PORT {}", numbers(address)),
            _ => eprt_line(address, &self.fill(&data.delimiter)?),
        };
        let bytes = format!("{line}\r\n");
        let client = self.client(step)?;
        client.send(bytes.as_bytes(), Pace::default(), clock.deadline)?;
        if step.expect.is_none() && step.replies.is_none() {
            self.one_of(step, &["200"], clock)?;
        }
        Ok(())
    }

    /// The address of the data connection, for the scenario.
    fn name_address(&mut self, host: IpAddr, port: u16) {
        self.scope.set("data_host", host.to_string());
        self.scope.set("data_port", port.to_string());
        self.scope.set("data_p1", (port >> 8).to_string());
        self.scope.set("data_p2", (port & 0xFF).to_string());
    }

    /// Connects a passive link; one that cannot be made is a failure.
    fn connect_link(
        &mut self,
        step: &Step,
        name: &str,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let abort = self.scene.abort.clone();
        let client = self.client(step)?;
        let Some(link) = client.links.get_mut(name) else {
            return Err(self.trouble(&format!("no data connection {name:?}")));
        };
        let (address, from) = (link.address, link.from);
        let receive_buffer = Some(RECEIVE_BYTES);
        let route = Route { from, receive_buffer, ..Route::default() };
        match Peer::connect_by(route, address, clock.deadline, abort) {
            Ok(peer) => {
                link.peer = Some(peer);
                let port = address.port();
                client.note(Kind::Note, format!("data: connected to {port}"));
                Ok(())
            }
            Err(error) => {
                let wanted = format!("a data connection to {address}");
                let got = error.to_string();
                Err(Stop::Failed(self.failure(step, wanted, got)))
            }
        }
    }

    /// The link that a step is about, made if it was not yet. It may have
    /// ended already.
    pub(super) fn made_link(
        &mut self,
        step: &Step,
        clock: &Clock,
    ) -> Result<&mut Link, Stop> {
        let name = self.link_name(step);
        let client = self.client(step)?;
        let Some(link) = client.links.get_mut(&name) else {
            return Err(self.trouble(&format!("no data connection {name:?}")));
        };
        if link.peer.is_none() && link.ended.is_none() {
            if link.listener.is_some() {
                self.accept_link(step, &name, clock)?;
            } else {
                self.connect_link(step, &name, clock)?;
            }
        }
        let client = self.client(step)?;
        Ok(client.links.get_mut(&name).expect("it was just there"))
    }

    /// The name of the link that a step is about.
    pub(super) fn link_name(&self, step: &Step) -> String {
        step.conn.clone().unwrap_or_else(|| DATA_NAME.to_owned())
    }

    fn accept_link(
        &mut self,
        step: &Step,
        name: &str,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let scene = self.scene.clone();
        let client = self.client(step)?;
        let Some(link) = client.links.get_mut(name) else {
            return Err(self.trouble(&format!("no data connection {name:?}")));
        };
        let Some(listener) = &link.listener else {
            return Err(self.trouble(&format!("{name:?} is not active")));
        };
        loop {
            if let Ok((stream, from)) = listener.accept() {
                let peer = Peer::of(stream, scene.abort.clone());
                let peer = peer.map_err(|e| Stop::Trouble(e.to_string()))?;
                link.peer = Some(peer);
                link.listener = None;
                let text = format!("data: the server came from {from}");
                client.note(Kind::Note, text);
                self.scope.set("data_peer", from.ip().to_string());
                self.scope.set("data_peer_port", from.port().to_string());
                return Ok(());
            }
            if scene.abort.load(std::sync::atomic::Ordering::Relaxed) {
                return Err(Stop::Aborted);
            }
            if Instant::now() >= clock.deadline {
                let wanted = "that the server connects";
                return Err(self.late(step, wanted, clock));
            }
            wait_for(listener);
        }
    }
}

/// A listener that does not block; its port may be one in use by a
/// connection of ours.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket =
        Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_recv_buffer_size(RECEIVE_BYTES)?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A port of ours on which nobody listens, as long as the link is there.
fn hold(address: SocketAddr) -> std::io::Result<Link> {
    let socket =
        Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&SockAddr::from(address))?;
    let address = socket.local_addr()?.as_socket();
    let address = address.ok_or(std::io::ErrorKind::AddrNotAvailable)?;
    Ok(Link::closed(socket, address))
}

/// Waits a little for somebody to come.
fn wait_for(listener: &TcpListener) {
    let time =
        Timespec { tv_sec: 0, tv_nsec: i64::from(SLICE.subsec_nanos()) };
    let mut fds = [PollFd::new(listener, PollFlags::IN)];
    // What goes wrong here is seen at the next look.
    let _ = poll(&mut fds, Some(&time));
}

/// The first run of six numbers, as every client reads a 227.
fn six_numbers(text: &str) -> Option<(IpAddr, u16)> {
    let starts = text.char_indices().filter(|(_, c)| c.is_ascii_digit());
    for (at, _) in starts {
        let run: String = text[at..]
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == ',')
            .collect();
        let numbers: Vec<u8> = run
            .split(',')
            .map_while(|number| number.parse().ok())
            .take(6)
            .collect();
        if let [a, b, c, d, high, low] = numbers[..] {
            let port = u16::from(high) << 8 | u16::from(low);
            return Some((IpAddr::from([a, b, c, d]), port));
        }
    }
    None
}

/// The port of `(|||port|)`, whatever the delimiter (RFC 2428 §3).
fn epsv_port(text: &str) -> Option<u16> {
    let inner = text.split_once('(')?.1.split_once(')')?.0;
    let delimiter = inner.chars().next()?;
    let parts: Vec<&str> = inner.split(delimiter).collect();
    match parts[..] {
        ["", "", "", port, ""] => port.parse().ok(),
        _ => None,
    }
}

/// `127,0,0,1,4,1`.
fn numbers(address: SocketAddr) -> String {
    let port = address.port();
    let host = address.ip().to_string().replace('.', ",");
    format!("{host},{},{}", port >> 8, port & 0xFF)
}

fn eprt_line(address: SocketAddr, d: &str) -> String {
    let family = if address.is_ipv4() { 1 } else { 2 };
    let (host, port) = (address.ip(), address.port());
    format!("EPRT {d}{family}{d}{host}{d}{port}{d}")
}

/// How long one look for a connection takes.
const SLICE: Duration = Duration::from_millis(50);

/// A server that is not read from has to stop soon, whatever the machine's
/// own settings are: what is in flight is this and its own buffer. A loopback
/// segment has 64 KiB; with room for two or three only, TCP waits for more.
const RECEIVE_BYTES: usize = 1 << 20;

/// One data connection is wanted; a second would be told.
const BACKLOG: i32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_clients_read_them() {
        let local = IpAddr::from([127, 0, 0, 1]);
        for text in [
            "Entering Passive Mode (127,0,0,1,4,1).",
            "2 words =127,0,0,1,4,1",
        ] {
            assert_eq!(six_numbers(text), Some((local, 1025)), "{text}");
        }
        assert_eq!(six_numbers("(127,0,0,1,4)"), None);
        assert_eq!(six_numbers("(127,0,0,1,300,1)"), None);
        assert_eq!(epsv_port("ok (|||1025|)"), Some(1025));
        assert_eq!(epsv_port("ok (!!!1025!)"), Some(1025));
        assert_eq!(epsv_port("ok (||1025|)"), None);
        assert_eq!(epsv_port("ok |||1025|"), None);
    }

    #[test]
    fn addresses_are_written_as_the_texts_have_it() {
        let local = SocketAddr::from(([127, 0, 0, 1], 1025));
        assert_eq!(numbers(local), "127,0,0,1,4,1");
        assert_eq!(eprt_line(local, "|"), "EPRT |1|127.0.0.1|1025|");
    }
}
