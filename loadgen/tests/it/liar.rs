//! A small native server in memory, with a switch for each lie. Honest, it
//! keeps to the protocol's text as far as a load needs it.

use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

/// What it lies about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Nothing.
    None,
    /// Now and then it admits one over its limit, for a millisecond.
    OneTooMany,
    /// One byte of every download is wrong.
    WrongByte,
    /// It keeps one byte of every upload wrong.
    SpoilsUploads,
    /// It does not keep the last byte of an upload.
    ShortensUploads,
    /// A place is lost for good when a connection is reset.
    LosesPlaces,
    /// Who came last is served first.
    LastFirst,
    /// It says that it serves one, however many it does.
    LowGauge,
}

/// The server; its threads end with the test's process.
#[derive(Debug)]
pub(crate) struct Liar {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    world: Arc<World>,
}

#[derive(Debug)]
struct World {
    lie: Lie,
    limit: usize,
    line: Mutex<Line>,
    turn: Condvar,
    files: Mutex<HashMap<String, Vec<u8>>>,
}

#[derive(Debug, Default)]
struct Line {
    serving: usize,
    arrived: u64,
    waiting: VecDeque<u64>,
    extra: bool,
}

impl Liar {
    /// Starts it with so many places.
    pub(crate) fn start(lie: Lie, limit: usize) -> Liar {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let world = Arc::new(World {
            lie,
            limit,
            line: Mutex::default(),
            turn: Condvar::new(),
            files: Mutex::default(),
        });
        let served = Arc::clone(&world);
        thread::spawn(move || {
            let world = served;
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                // The order of coming is that of accepting.
                let ticket = world.arrive();
                let world = Arc::clone(&world);
                thread::spawn(move || world.serve(stream, ticket));
            }
        });
        Liar { address, world }
    }

    /// The names of the files that it keeps.
    pub(crate) fn files(&self) -> Vec<String> {
        self.world.files.lock().unwrap().keys().cloned().collect()
    }
}

impl World {
    fn arrive(&self) -> u64 {
        let mut line = self.line.lock().unwrap();
        line.arrived += 1;
        let ticket = line.arrived;
        line.waiting.push_back(ticket);
        ticket
    }

    /// Waits for a place; what the server then says it serves, and whether
    /// the place is one that it has not.
    fn admit(&self, mut stream: &TcpStream, ticket: u64) -> (usize, bool) {
        let mut line = self.line.lock().unwrap();
        if line.serving >= self.limit {
            let told =
                format!("000 state=waiting position=1 limit={}\n", self.limit);
            drop(stream.write_all(told.as_bytes()));
        }
        loop {
            let next = match self.lie {
                Lie::LastFirst => line.waiting.back(),
                _ => line.waiting.front(),
            };
            let first = next == Some(&ticket);
            let free = line.serving < self.limit;
            let extra = self.lie == Lie::OneTooMany
                && line.serving == self.limit
                && !line.extra;
            if first && (free || extra) {
                line.waiting.retain(|other| *other != ticket);
                line.serving += 1;
                line.extra = line.extra || !free;
                self.turn.notify_all();
                return (line.serving, !free);
            }
            let tick = Duration::from_millis(5);
            line = self.turn.wait_timeout(line, tick).unwrap().0;
            if is_gone(stream) {
                line.waiting.retain(|other| *other != ticket);
                return (0, false);
            }
        }
    }

    fn serve(&self, stream: TcpStream, ticket: u64) {
        let (serving, extra) = self.admit(&stream, ticket);
        if serving == 0 {
            return;
        }
        let told = if self.lie == Lie::LowGauge { 1 } else { serving };
        let ready = format!(
            "000 state=ready protocol=1 limit={} serving={told}\n",
            self.limit
        );
        let clean = (&stream).write_all(ready.as_bytes()).is_ok()
            && self.talk(&stream, extra);
        drop(stream);
        let mut line = self.line.lock().unwrap();
        if clean || self.lie != Lie::LosesPlaces {
            line.serving -= 1;
        }
        self.turn.notify_all();
    }

    /// Answers until the goodbye; whether there was one.
    fn talk(&self, stream: &TcpStream, extra: bool) -> bool {
        let mut lines = BufReader::new(stream);
        let mut out = stream;
        loop {
            let mut line = String::new();
            match lines.read_line(&mut line) {
                Ok(0) | Err(_) => return false,
                Ok(_) => {}
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            let (verb, path) = match words[..] {
                [] => return false,
                [verb] => (verb, ""),
                [verb, path, ..] => (verb, path),
            };
            let done = match verb {
                "auth" => {
                    out.write_all(b"200 user=u quota=1 used=0\n").is_ok()
                }
                "get" => self.get(out, path),
                "put" => self.put(&mut lines, out, path, &words),
                "rm" => {
                    let gone = self.files.lock().unwrap().remove(path);
                    let answer: &[u8] = match gone {
                        Some(_) => b"201\n",
                        None => b"402 reason=not-found\n",
                    };
                    out.write_all(answer).is_ok()
                }
                "dir" => self.dir(out, path),
                _ => out.write_all(b"201 path=/\n").is_ok(),
            };
            if !done {
                return false;
            }
            if verb == "quit" {
                return true;
            }
            if extra {
                // The place that it has not is there for a moment only.
                thread::sleep(Duration::from_millis(1));
                return true;
            }
        }
    }

    fn dir(&self, mut out: &TcpStream, folder: &str) -> bool {
        let below = format!("{folder}/");
        let files = self.files.lock().unwrap();
        let names = files.keys().filter_map(|it| it.strip_prefix(&below));
        let lines: Vec<String> = names.map(|it| format!("{it}\n")).collect();
        let (count, text) = (lines.len(), lines.concat());
        let head = format!("201 length={} entries={count}\n", text.len());
        out.write_all((head + &text).as_bytes()).is_ok()
    }

    fn get(&self, mut out: &TcpStream, path: &str) -> bool {
        let file = self.files.lock().unwrap().get(path).cloned();
        let Some(mut bytes) = file else {
            return out.write_all(b"402 reason=not-found\n").is_ok();
        };
        if self.lie == Lie::WrongByte {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        let size = bytes.len();
        let head = format!("405 offset=0 length={size} size={size}\n");
        let tail = format!("201 size={size}\n");
        out.write_all(head.as_bytes()).is_ok()
            && out.write_all(&bytes).is_ok()
            && out.write_all(tail.as_bytes()).is_ok()
    }

    fn put(
        &self,
        lines: &mut BufReader<&TcpStream>,
        mut out: &TcpStream,
        path: &str,
        words: &[&str],
    ) -> bool {
        let size = words.iter().find_map(|word| word.strip_prefix("size="));
        let size: usize = size.unwrap().parse().unwrap();
        if out.write_all(b"202 available=9\n405 offset=0\n").is_err() {
            return false;
        }
        let mut bytes = vec![0; size];
        if lines.read_exact(&mut bytes).is_err() {
            return false;
        }
        match self.lie {
            Lie::SpoilsUploads => bytes[size / 2] ^= 1,
            Lie::ShortensUploads => drop(bytes.pop()),
            _ => {}
        }
        self.files.lock().unwrap().insert(path.to_owned(), bytes);
        out.write_all(format!("201 size={size}\n").as_bytes()).is_ok()
    }
}

/// Whether a client that waits has gone away.
pub(crate) fn is_gone(stream: &TcpStream) -> bool {
    let mut byte = [0];
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    let gone = match stream.peek(&mut byte) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    };
    gone || stream.set_nonblocking(false).is_err()
}
