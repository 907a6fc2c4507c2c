//! A peer that plays a written conversation, line by line:
//!
//! - `S: LINE` sends a line, `S| TEXT` sends text without an LF;
//! - `C: LINE` wants exactly this line, `C| TEXT` exactly these bytes;
//! - `swallow N` takes N bytes, `signal` says so to the test and waits for
//!   its word, `drip` sends byte after byte until that word comes, `close`
//!   closes, `again` takes the next connection.
//!
//! `{of TEXT}` stands for the digest of TEXT. `in` stands for the greeting
//! and anna's sign-in. At the end it waits for the client to go; a `quit` is
//! all that may still come.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

/// A conversation under way.
pub struct Fake {
    pub address: SocketAddr,
    signals: Receiver<()>,
    word: Sender<()>,
    thread: JoinHandle<u64>,
}

impl Fake {
    /// Begins to play.
    pub fn play(script: &str) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let steps: Vec<String> = script
            .lines()
            .map(|line| digests(line.trim_start()))
            .filter(|line| !line.is_empty())
            .flat_map(|line| match line.as_str() {
                "in" => COMING_IN.map(str::to_owned).to_vec(),
                _ => vec![line],
            })
            .collect();
        let (say, signals) = mpsc::channel();
        let (word, hear) = mpsc::channel();
        let thread = thread::spawn(move || {
            let mut actor = Actor::accept(listener);
            for step in steps {
                actor.step(&step, &say, &hear);
            }
            actor.rest()
        });
        Fake { address, signals, word, thread }
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

    /// The conversation must have come to its end. Says how many bytes came
    /// after that.
    #[track_caller]
    pub fn end(self) -> u64 {
        match self.thread.join() {
            Ok(rest) => rest,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

struct Actor {
    listener: TcpListener,
    stream: Option<BufReader<TcpStream>>,
}

impl Actor {
    fn accept(listener: TcpListener) -> Actor {
        let mut actor = Actor { listener, stream: None };
        actor.take_next();
        actor
    }

    fn take_next(&mut self) {
        let (stream, _) = self.listener.accept().expect("a client");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket");
        stream.set_write_timeout(Some(DEADLINE)).expect("a socket");
        self.stream = Some(BufReader::new(stream));
    }

    fn step(&mut self, step: &str, say: &Sender<()>, hear: &Receiver<()>) {
        match step {
            "close" => return self.stream = None,
            "again" => return self.take_next(),
            "signal" => {
                say.send(()).expect("a test");
                return hear.recv_timeout(DEADLINE).expect("a word");
            }
            "drip" => {
                let stream = self.stream.as_mut().expect("a connection");
                while hear.recv_timeout(DRIP).is_err() {
                    stream.get_mut().write_all(b".").expect("a reader");
                }
                return;
            }
            _ => {}
        }
        let stream = self.stream.as_mut().expect("a connection");
        if let Some(line) = step.strip_prefix("S: ") {
            let line = format!("{line}\n");
            stream.get_mut().write_all(line.as_bytes()).expect("a reader");
        } else if let Some(text) = step.strip_prefix("S| ") {
            stream.get_mut().write_all(text.as_bytes()).expect("a reader");
        } else if let Some(wanted) = step.strip_prefix("C: ") {
            let mut line = String::new();
            stream.read_line(&mut line).expect("a line");
            assert_eq!(line.trim_end_matches('\n'), wanted);
        } else if let Some(wanted) = step.strip_prefix("C| ") {
            let mut bytes = vec![0; wanted.len()];
            stream.read_exact(&mut bytes).expect("as many bytes");
            assert_eq!(bytes, wanted.as_bytes());
        } else if let Some(count) = step.strip_prefix("swallow ") {
            let count = count.parse().expect("a number");
            let mut sink = std::io::sink();
            std::io::copy(&mut stream.take(count), &mut sink).expect("bytes");
        } else {
            panic!("no step of a conversation: {step:?}");
        }
    }

    /// Reads until the client goes; says how many bytes that were.
    fn rest(self) -> u64 {
        let Some(mut stream) = self.stream else { return 0 };
        let (mut first, mut count) = (Vec::new(), 0);
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    first.extend_from_slice(&buffer[..length.min(64)]);
                    first.truncate(64);
                    count += length as u64;
                    if first.as_slice() == b"quit\n" {
                        break;
                    }
                }
                Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => {
                    break;
                }
                Err(e) => panic!("the client does not go: {e}"),
            }
        }
        if first == b"quit\n" { 0 } else { count }
    }
}

/// Puts the digest in the place of every `{of TEXT}`.
fn digests(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{of ") {
        let (text, behind) = after.split_once('}').expect("a closed {of }");
        out.push_str(before);
        out.push_str(blake3::hash(text.as_bytes()).to_hex().as_str());
        rest = behind;
    }
    out + rest
}

/// What `in` stands for.
const COMING_IN: [&str; 3] = [
    "S: 000 state=ready protocol=1 limit=10 serving=1 : welcome",
    "C: auth anna secret",
    "S: 200 user=anna quota=1000 used=0",
];

/// The time between two drops.
const DRIP: Duration = Duration::from_millis(10);

/// Long enough for any machine; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(20);
