//! An FTP server that plays a written conversation, step by step. On the
//! control connection:
//!
//! - `S: LINE` sends a line, `S| TEXT` text as it is; `C: LINE` wants exactly
//!   this line;
//! - `in FEATURES` is a greeting, anna's sign-in, and these features; `epsv`
//!   is asked for and answers with a port, `pasv A,B,C,D` also says that
//!   address;
//! - `close` closes, `again` takes the next connection, `signal` says so to
//!   the test and waits for its word, `drip TEXT` sends it over and over until
//!   the client has gone.
//!
//! On the data connection, which is taken when it is needed first:
//!
//! - `D: TEXT` sends text, `D.` ends it, `D? TEXT` wants exactly this text
//!   and then the end, `D! ` wants it to break, `take N` takes N bytes,
//!   `flood TEXT` sends it over and over until the client has gone.
//!
//! In a text `\r`, `\n`, `\xHH` stand for bytes. At the end it waits for the
//! client to go; a QUIT is all that may still come.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::client::tool::Tool;

/// A conversation under way.
pub struct Peer {
    pub address: SocketAddr,
    signals: Receiver<()>,
    word: Sender<()>,
    thread: JoinHandle<()>,
}

impl Peer {
    /// Begins to play.
    pub fn play(script: &str) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let steps: Vec<String> = script
            .lines()
            .map(str::trim_start)
            .filter(|line| !line.is_empty())
            .flat_map(|line| match line.strip_prefix("in") {
                Some(features) => coming_in(features),
                None => vec![line.to_owned()],
            })
            .collect();
        let (say, signals) = mpsc::channel();
        let (word, hear) = mpsc::channel();
        let thread = thread::spawn(move || {
            let control = Some(accept(&listener));
            let mut actor = Actor { listener, control, data: Data::None };
            for step in steps {
                actor.step(&step, &say, &hear);
            }
            actor.rest();
        });
        Peer { address, signals, word, thread }
    }

    /// The client, with this as its server.
    pub fn tool(&self) -> Tool {
        Tool::at(self.target())
    }

    /// How it is called.
    pub fn target(&self) -> String {
        format!("ftp://anna@{}", self.address)
    }

    /// Waits for the conversation's `signal`.
    #[track_caller]
    pub fn await_signal(&self) {
        self.signals.recv_timeout(DEADLINE).expect("a signal");
    }

    /// Lets it go on after one.
    pub fn go_on(&self) {
        self.word.send(()).expect("a waiting peer");
    }

    /// The conversation must have come to its end.
    #[track_caller]
    pub fn end(self) {
        if let Err(panic) = self.thread.join() {
            std::panic::resume_unwind(panic);
        }
    }
}

struct Actor {
    listener: TcpListener,
    control: Option<BufReader<TcpStream>>,
    data: Data,
}

enum Data {
    None,
    Listening(TcpListener),
    Open(BufReader<TcpStream>),
}

impl Actor {
    fn step(&mut self, step: &str, say: &Sender<()>, hear: &Receiver<()>) {
        let (word, rest) = step.split_once(' ').unwrap_or((step, ""));
        let bytes = unescaped(rest);
        match word {
            "S:" => self.say(&[&bytes[..], b"\r\n"].concat()),
            "S|" => self.say(&bytes),
            "C:" => self.want(&bytes),
            "epsv" => {
                self.want(b"EPSV");
                let port = self.listen();
                self.say(format!("229 here (|||{port}|)\r\n").as_bytes());
            }
            "pasv" => {
                self.want(b"PASV");
                let [high, low] = self.listen().to_be_bytes();
                let line = format!("227 here ({rest},{high},{low})\r\n");
                self.say(line.as_bytes());
            }
            "close" => self.control = None,
            "again" => self.control = Some(accept(&self.listener)),
            "signal" => {
                say.send(()).expect("a test");
                hear.recv_timeout(DEADLINE).expect("a word");
            }
            "drip" => {
                let control = self.control.as_mut().expect("a connection");
                endlessly(control.get_mut(), &bytes);
            }
            "D:" => self.data().get_mut().write_all(&bytes).expect("reader"),
            "D." => {
                self.data();
                self.data = Data::None;
            }
            "D?" => {
                let mut all = Vec::new();
                self.data().read_to_end(&mut all).expect("an end");
                assert_eq!(all, bytes);
                self.data = Data::None;
            }
            "D!" => {
                let mut sink = Vec::new();
                let broken = self.data().read_to_end(&mut sink);
                broken.expect_err("the connection ends as if all was sent");
                self.data = Data::None;
            }
            "take" => {
                let count = rest.parse().expect("a number");
                let mut taken = vec![0; count];
                self.data().read_exact(&mut taken).expect("as many bytes");
            }
            "flood" => {
                endlessly(self.data().get_mut(), &bytes);
                self.data = Data::None;
            }
            _ => panic!("no step of a conversation: {step:?}"),
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        let control = self.control.as_mut().expect("a connection");
        control.get_mut().write_all(bytes).expect("a reader");
    }

    fn want(&mut self, wanted: &[u8]) {
        let control = self.control.as_mut().expect("a connection");
        let mut line = Vec::new();
        control.read_until(b'\n', &mut line).expect("a line");
        let shown = String::from_utf8_lossy(&line).into_owned();
        assert_eq!(line, [wanted, b"\r\n"].concat(), "{shown:?}");
    }

    fn listen(&mut self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound socket").port();
        self.data = Data::Listening(listener);
        port
    }

    fn data(&mut self) -> &mut BufReader<TcpStream> {
        if let Data::Listening(listener) = &self.data {
            self.data = Data::Open(accept(listener));
        }
        match &mut self.data {
            Data::Open(stream) => stream,
            Data::None | Data::Listening(_) => panic!("no data connection"),
        }
    }

    /// Waits until the client goes.
    fn rest(self) {
        let Some(mut control) = self.control else { return };
        let mut line = Vec::new();
        match control.read_until(b'\n', &mut line) {
            Ok(_) => {
                let shown = String::from_utf8_lossy(&line).into_owned();
                assert!(
                    matches!(shown.as_str(), "" | "QUIT\r\n"),
                    "{shown:?}"
                );
            }
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => {}
            Err(e) => panic!("the client does not go: {e}"),
        }
    }
}

fn accept(listener: &TcpListener) -> BufReader<TcpStream> {
    listener.set_nonblocking(true).expect("a socket");
    let until = Instant::now() + DEADLINE;
    let stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {
                assert!(Instant::now() < until, "nobody comes");
                thread::yield_now();
            }
            Err(e) => panic!("no connection: {e}"),
        }
    };
    stream.set_nonblocking(false).expect("a socket");
    stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
    stream.set_write_timeout(Some(DEADLINE)).expect("a socket");
    BufReader::new(stream)
}

/// Sends the bytes until nobody takes them.
fn endlessly(stream: &mut TcpStream, bytes: &[u8]) {
    let many = bytes.repeat(1 + 65_536 / bytes.len());
    let until = Instant::now() + DEADLINE;
    while stream.write_all(&many).is_ok() {
        assert!(Instant::now() < until, "the client reads without an end");
    }
}

/// What `in FEATURES` stands for.
fn coming_in(features: &str) -> Vec<String> {
    let mut steps: Vec<String> = [
        "S: 220 hello",
        "C: USER anna",
        "S: 331 and",
        "C: PASS secret",
        "S: 230 in",
        "C: FEAT",
    ]
    .map(str::to_owned)
    .to_vec();
    if features.is_empty() {
        steps.push("S: 502 no".into());
    } else {
        steps.push("S: 211-Features".into());
        let features = features.split_whitespace();
        // `HASH=A;B` is the feature HASH with these words.
        steps.extend(features.map(|f| format!("S:  {}", f.replace('=', " "))));
        steps.push("S: 211 End".into());
    }
    let rest = ["C: TYPE I", "S: 200 I", "C: PWD", "S: 257 \"/home\""];
    steps.extend(rest.map(str::to_owned));
    steps
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'r') => out.push(b'\r'),
            Some(b'n') => out.push(b'\n'),
            Some(b'x') => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = str::from_utf8(&digits).expect("digits");
                out.push(u8::from_str_radix(digits, 16).expect("two digits"));
            }
            other => panic!("no escape: {other:?} in {text:?}"),
        }
    }
    out
}

/// Long enough for any machine; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(20);
