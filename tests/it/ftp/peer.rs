//! The client's end of an FTP session, as bytes: commands, replies, and a
//! data connection for each transfer.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

use crate::peer::{DEADLINE, Peer};

/// A control connection.
pub struct FtpPeer {
    pub control: Peer,
    address: SocketAddr,
}

impl FtpPeer {
    /// Connects; nothing is read.
    pub fn connect(address: SocketAddr) -> FtpPeer {
        FtpPeer { control: Peer::connect(address), address }
    }

    /// Connects and is greeted.
    #[track_caller]
    pub fn ready(address: SocketAddr) -> FtpPeer {
        let mut peer = FtpPeer::connect(address);
        peer.expect("220 ");
        peer
    }

    /// A session of a user's, with the password `secret`, in TYPE I.
    #[track_caller]
    pub fn sign_in(address: SocketAddr, name: &str) -> FtpPeer {
        let mut peer = FtpPeer::ready(address);
        peer.ask(&format!("USER {name}"), "331 ");
        peer.ask("PASS secret", "230 ");
        peer.ask("TYPE I", "200 ");
        peer
    }

    /// Sends a command.
    #[track_caller]
    pub fn say(&mut self, command: &str) {
        self.control.send(format!("{command}\r\n"));
    }

    /// The next reply must begin so. Gives it whole, its lines parted by
    /// LF.
    #[track_caller]
    pub fn expect(&mut self, beginning: &str) -> String {
        let mut reply = String::new();
        loop {
            let line = self.control.line();
            let line = line.strip_suffix('\r').expect("lines end in CRLF");
            reply += line;
            let last = line.len() > 3
                && line.as_bytes()[..3].iter().all(u8::is_ascii_digit)
                && line.as_bytes()[3] == b' '
                && reply.starts_with(&line[..3]);
            if last {
                break;
            }
            reply.push('\n');
        }
        assert!(
            reply.starts_with(beginning),
            "wanted {beginning:?}, got {reply:?}"
        );
        reply
    }

    /// Sends a command; its reply must begin so. Gives it whole.
    #[track_caller]
    pub fn ask(&mut self, command: &str, beginning: &str) -> String {
        self.say(command);
        let reply = self.expect("");
        assert!(
            reply.starts_with(beginning),
            "to {command:?} wanted {beginning:?}, got {reply:?}"
        );
        reply
    }

    /// A passive data connection, made before the transfer's command.
    #[track_caller]
    pub fn passive(&mut self) -> TcpStream {
        let reply = self.ask("EPSV", "229 ");
        let port = reply.split('|').nth(3).expect("a port");
        let port = port.parse().expect("a port's number");
        let data = TcpStream::connect((self.address.ip(), port));
        with_deadline(data.expect("the data connection"))
    }

    /// A socket for an active data connection; the server is told.
    #[track_caller]
    pub fn active(&mut self) -> TcpListener {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (high, low) = (port / 256, port % 256);
        self.ask(&format!("PORT 127,0,0,1,{high},{low}"), "200 ");
        listener
    }

    /// A transfer from the server, all the way.
    #[track_caller]
    pub fn receive(&mut self, command: &str) -> Vec<u8> {
        let mut data = self.passive();
        self.ask(command, "150 ");
        let bytes = rest(&mut data);
        self.expect("226 ");
        bytes
    }

    /// A transfer to the server, all the way; the last reply must begin so.
    #[track_caller]
    pub fn send(&mut self, command: &str, bytes: &[u8], last: &str) {
        let mut data = self.passive();
        self.ask(command, "150 ");
        // A server that has refused reads no more.
        let _ = data.write_all(bytes);
        drop(data);
        self.expect(last);
    }

    /// The number that is the text of a reply, or its last word.
    #[track_caller]
    pub fn number(&mut self, command: &str) -> u64 {
        let reply = self.ask(command, "213 ");
        let word = reply.rsplit(' ').next().expect("a word");
        word.parse().unwrap_or_else(|_| panic!("no number in {reply:?}"))
    }

    /// A field of SITE QUOTA's reply, in bytes.
    #[track_caller]
    pub fn quota(&mut self, field: &str) -> u64 {
        let reply = self.ask("SITE QUOTA", "200 ");
        crate::peer::number(&reply, field)
    }
}

/// All bytes to the end.
#[track_caller]
pub fn rest(data: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).expect("the data connection ends");
    bytes
}

/// A wait on the socket fails when it lasts too long.
pub fn with_deadline(socket: TcpStream) -> TcpStream {
    socket.set_read_timeout(Some(DEADLINE)).expect("a socket");
    socket.set_write_timeout(Some(DEADLINE)).expect("a socket");
    socket
}
