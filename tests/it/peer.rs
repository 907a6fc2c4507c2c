//! The other end of a connection, as bytes: sends what a test says, reads
//! what comes, and fails with both when it is not what was wanted. Every
//! wait has a deadline.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

/// A connection to a server.
pub struct Peer {
    reader: BufReader<TcpStream>,
}

impl Peer {
    /// Connects; nothing is read.
    pub fn connect(address: SocketAddr) -> Peer {
        let socket = TcpStream::connect(address).expect("a server");
        socket.set_nodelay(true).expect("a socket");
        socket.set_read_timeout(Some(DEADLINE)).expect("a socket");
        socket.set_write_timeout(Some(DEADLINE)).expect("a socket");
        Peer { reader: BufReader::new(socket) }
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket().write_all(bytes.as_ref()).expect("the server reads");
    }

    /// Sends a line.
    #[track_caller]
    pub fn say(&mut self, line: &str) {
        self.send(format!("{line}\n"));
    }

    /// The next line, without its LF.
    #[track_caller]
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line);
        assert!(
            read.is_ok() && line.ends_with('\n'),
            "a line was wanted; got {read:?} {line:?}"
        );
        line.pop();
        line
    }

    /// The next line must begin so. Gives it whole.
    #[track_caller]
    pub fn expect(&mut self, beginning: &str) -> String {
        let line = self.line();
        assert!(
            line.starts_with(beginning),
            "wanted {beginning:?}, got {line:?}"
        );
        line
    }

    /// Sends a line; its reply must begin so. Gives it whole.
    #[track_caller]
    pub fn ask(&mut self, line: &str, beginning: &str) -> String {
        self.say(line);
        let reply = self.line();
        assert!(
            reply.starts_with(beginning),
            "to {line:?} wanted {beginning:?}, got {reply:?}"
        );
        reply
    }

    /// Exactly so many bytes.
    #[track_caller]
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).expect("as many bytes");
        bytes
    }

    /// The bytes that a reply of 205 or 405 announces, and the last reply.
    #[track_caller]
    pub fn body(&mut self, announced: &str) -> Vec<u8> {
        let bytes = self.bytes(number(announced, "length") as usize);
        let size = number(announced, "size");
        let last = self.expect("201 ");
        assert_eq!(number(&last, "size"), size);
        bytes
    }

    /// Everything up to the close. A reset counts as the close.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => panic!("the close was wanted: {error}"),
        }
        rest
    }

    /// Nothing more comes, and the connection is closed.
    #[track_caller]
    pub fn expect_close(&mut self) {
        let rest = self.rest();
        assert!(
            rest.is_empty(),
            "the close was wanted, got {:?}",
            String::from_utf8_lossy(&rest)
        );
    }

    /// An upload from the start, with a digest, all the way.
    #[track_caller]
    pub fn put(&mut self, name: &str, content: &[u8]) {
        let (size, digest) = (content.len(), blake3::hash(content));
        self.ask(&format!("put {name} size={size} digest={digest}"), "202 ");
        self.expect("405 offset=0");
        self.send(content);
        self.expect("201 ");
    }

    /// Begins an upload with a digest. Says from where its bytes flow.
    #[track_caller]
    pub fn begin_put(&mut self, name: &str, content: &[u8]) -> usize {
        let (size, digest) = (content.len(), blake3::hash(content));
        self.ask(&format!("put {name} size={size} digest={digest}"), "202 ");
        let reply = self.line();
        let offset = number(&reply, "offset") as usize;
        let code = if offset > 0 { "205 " } else { "405 " };
        assert!(reply.starts_with(code), "{reply:?}");
        offset
    }

    /// Goes away in the middle, and waits until the server has seen it.
    #[track_caller]
    pub fn break_off(mut self) {
        self.half_close();
        self.expect_close();
    }

    /// A download from the start, all the way.
    #[track_caller]
    pub fn get(&mut self, name: &str) -> Vec<u8> {
        let reply = self.ask(&format!("get {name}"), "405 offset=0");
        let content = self.bytes(number(&reply, "length") as usize);
        self.expect("201 ");
        content
    }

    /// The lines of a listing.
    #[track_caller]
    pub fn dir(&mut self, name: &str) -> Vec<String> {
        let reply = self.ask(&format!("dir {name}"), "201 ");
        let listing = self.bytes(number(&reply, "length") as usize);
        let listing = String::from_utf8(listing).expect("it is UTF-8");
        let lines: Vec<_> = listing.lines().map(str::to_owned).collect();
        assert_eq!(lines.len() as u64, number(&reply, "entries"));
        lines
    }

    /// A field of `quota`'s reply, in bytes.
    #[track_caller]
    pub fn quota(&mut self, field: &str) -> u64 {
        let reply = self.ask("quota", "201 ");
        number(&reply, field)
    }

    /// Closes the sending side.
    pub fn half_close(&mut self) {
        self.socket().shutdown(Shutdown::Write).expect("a connection");
    }

    /// Goes away with a reset.
    pub fn reset(self) {
        let socket = socket2::SockRef::from(self.reader.get_ref());
        socket.set_linger(Some(Duration::ZERO)).expect("a connection");
    }

    /// The socket itself.
    pub fn socket(&mut self) -> &mut TcpStream {
        self.reader.get_mut()
    }
}

/// A numeric field of a reply.
#[track_caller]
pub fn number(reply: &str, field: &str) -> u64 {
    reply
        .split(' ')
        .find_map(|part| part.strip_prefix(field)?.strip_prefix('='))
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_else(|| panic!("no number {field}= in {reply:?}"))
}

/// Long enough for any machine; a test that waits so long has failed.
pub const DEADLINE: Duration = Duration::from_secs(20);
