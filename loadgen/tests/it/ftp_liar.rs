//! A small FTP server in memory, with a switch for each lie. Honest, it
//! keeps to RFC 959, 2428 and 3659 as far as a load needs them; who finds no
//! place waits in silence for the greeting.

use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use crate::liar::is_gone;

/// What it lies about, or does in a way of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing.
    Honest,
    /// One byte of every download is wrong.
    WrongByte,
    /// The last byte of every download is left out.
    ShortData,
    /// Every download is cut off in its middle, with a 426.
    Aborts,
    /// One byte of every upload is kept wrong.
    SpoilsUploads,
    /// Uploads are confirmed before they have come.
    ConfirmsEarly,
    /// The last reply of a transfer comes long after its data.
    ConfirmsLate,
    /// The last reply of a download comes before its data.
    ConfirmsBefore,
    /// A listing lacks its last line.
    ShortListing,
    /// EPSV is not known, and PASV names an address far away.
    OnlyPasv,
    /// Who finds no place is told so and sent away.
    TurnsAway,
    /// The same, and a place is free only some time after its connection.
    FreesLate,
    /// Everybody is greeted; who is too many may not sign in.
    RefusesSignIn,
    /// One more than the limit is served.
    OneTooMany,
    /// A place is lost for good when a connection is reset.
    LosesPlaces,
}

/// The server; its threads end with the test's process.
#[derive(Debug)]
pub(crate) struct FtpLiar {
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

struct World {
    way: Way,
    limit: usize,
    line: Mutex<Line>,
    turn: Condvar,
    files: Mutex<HashMap<String, Vec<u8>>>,
}

#[derive(Default)]
struct Line {
    serving: usize,
    arrived: u64,
    waiting: VecDeque<u64>,
}

/// One control connection.
struct Session<'a> {
    world: &'a World,
    control: &'a TcpStream,
    passive: Option<TcpListener>,
    restart: usize,
}

impl FtpLiar {
    /// Starts it with so many places.
    pub(crate) fn start(way: Way, limit: usize) -> FtpLiar {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let world = Arc::new(World {
            way,
            limit: limit + usize::from(way == Way::OneTooMany),
            line: Mutex::default(),
            turn: Condvar::new(),
            files: Mutex::default(),
        });
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                let ticket = world.arrive();
                let world = Arc::clone(&world);
                thread::spawn(move || world.serve(&stream, ticket));
            }
        });
        FtpLiar { address }
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

    /// Waits for a place in silence; whether there is one.
    fn admit(&self, stream: &TcpStream, ticket: u64) -> bool {
        let mut line = self.line.lock().unwrap();
        loop {
            let first = line.waiting.front() == Some(&ticket);
            let free = line.serving < self.limit;
            let queues = !matches!(self.way, Way::TurnsAway | Way::FreesLate);
            let turned = !queues && !free;
            if turned || is_gone(stream) {
                line.waiting.retain(|other| *other != ticket);
                self.turn.notify_all();
                return false;
            }
            if first && (free || self.way == Way::RefusesSignIn) {
                line.waiting.pop_front();
                line.serving += 1;
                self.turn.notify_all();
                return true;
            }
            let tick = Duration::from_millis(5);
            line = self.turn.wait_timeout(line, tick).unwrap().0;
        }
    }

    fn serve(&self, mut stream: &TcpStream, ticket: u64) {
        if !self.admit(stream, ticket) {
            drop(stream.write_all(b"421 Too many users, try later\r\n"));
            return;
        }
        let (passive, restart) = (None, 0);
        let mut session =
            Session { world: self, control: stream, passive, restart };
        let clean = session.say("220 ready") && session.talk();
        if self.way == Way::FreesLate {
            drop(stream.shutdown(std::net::Shutdown::Both));
            thread::sleep(LATE);
        }
        let mut line = self.line.lock().unwrap();
        if clean || self.way != Way::LosesPlaces {
            line.serving -= 1;
        }
        // The place is free before the close can be seen, and counted before.
        drop(stream.shutdown(std::net::Shutdown::Both));
        self.turn.notify_all();
    }

    fn is_over_full(&self) -> bool {
        self.line.lock().unwrap().serving > self.limit
    }
}

impl Session<'_> {
    fn say(&self, line: &str) -> bool {
        let mut control = self.control;
        control.write_all(format!("{line}\r\n").as_bytes()).is_ok()
    }

    /// Answers until the goodbye; whether there was one.
    fn talk(&mut self) -> bool {
        let mut lines = BufReader::new(self.control);
        loop {
            let mut line = String::new();
            match lines.read_line(&mut line) {
                Ok(0) | Err(_) => return false,
                Ok(_) => {}
            }
            let line = line.trim_end();
            let (verb, path) = line.split_once(' ').unwrap_or((line, ""));
            let way = self.world.way;
            let done = match verb {
                "USER" => self.say("331 and the password?"),
                "PASS"
                    if way == Way::RefusesSignIn
                        && self.world.is_over_full() =>
                {
                    self.say("530 Sorry, no more users")
                }
                "PASS" => self.say("230-welcome\r\n230 signed in"),
                "TYPE" => self.say("200 type set"),
                "EPSV" if way == Way::OnlyPasv => self.say("500 what?"),
                "EPSV" | "PASV" => self.listen(verb),
                "REST" => {
                    self.restart = path.parse().unwrap();
                    self.say("350 from there")
                }
                "RETR" => self.send(path),
                "LIST" | "MLSD" => self.list(path),
                "STOR" => self.receive(path),
                "PWD" => self.say("257 \"/\" is here"),
                "MKD" => self.say("257 \"it\" made"),
                "CWD" | "RMD" | "DELE" => self.say("250 done"),
                "QUIT" => {
                    self.say("221 bye");
                    return true;
                }
                _ => self.say("500 what?"),
            };
            if !done {
                return false;
            }
        }
    }

    fn listen(&mut self, verb: &str) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        self.passive = Some(listener);
        let (high, low) = (port / 256, port % 256);
        match verb {
            "EPSV" => self.say(&format!("229 extended (|||{port}|)")),
            _ => self.say(&format!("227 passive (10,9,8,7,{high},{low}).")),
        }
    }

    fn open(&mut self) -> Option<TcpStream> {
        let listener = self.passive.take()?;
        let (stream, _) = listener.accept().ok()?;
        self.say("150 here it comes").then_some(stream)
    }

    fn send(&mut self, path: &str) -> bool {
        let from = std::mem::take(&mut self.restart);
        let file = self.world.files.lock().unwrap().get(path).cloned();
        let Some(bytes) = file else { return self.say("550 no such file") };
        let mut bytes = bytes[from..].to_vec();
        let middle = bytes.len() / 2;
        match self.world.way {
            Way::WrongByte => bytes[middle] ^= 1,
            Way::ShortData => drop(bytes.pop()),
            Way::Aborts => bytes.truncate(middle),
            _ => {}
        }
        self.give(&bytes)
    }

    fn list(&mut self, folder: &str) -> bool {
        let mut listing = String::new();
        for (name, bytes) in self.world.files.lock().unwrap().iter() {
            if let Some(name) = name.strip_prefix(&format!("{folder}/")) {
                let size = bytes.len();
                listing += &format!(
                    "-rw-r--r-- 1 u u {size} Jan 01 00:00 {name}\r\n"
                );
            }
        }
        if self.world.way == Way::ShortListing {
            let short = listing.trim_end().rfind('\n').unwrap_or(0);
            listing.truncate(short);
        }
        self.give(listing.as_bytes())
    }

    fn give(&mut self, bytes: &[u8]) -> bool {
        let Some(mut data) = self.open() else { return self.say("425 none") };
        if self.world.way == Way::ConfirmsBefore {
            return self.say("226 done") && data.write_all(bytes).is_ok();
        }
        let sent = data.write_all(bytes).is_ok();
        drop(data);
        match self.world.way {
            Way::Aborts => self.say("426 cut off"),
            _ if sent => self.confirm(),
            _ => self.say("426 the client went away"),
        }
    }

    fn receive(&mut self, path: &str) -> bool {
        let Some(mut data) = self.open() else { return self.say("425 none") };
        let mut bytes = Vec::new();
        if self.world.way == Way::ConfirmsEarly {
            // What comes is not taken at all.
            return self.say("226 done");
        }
        if data.read_to_end(&mut bytes).is_err() {
            return self.say("426 cut off");
        }
        let middle = bytes.len() / 2;
        if self.world.way == Way::SpoilsUploads {
            bytes[middle] ^= 1;
        }
        self.world.files.lock().unwrap().insert(path.to_owned(), bytes);
        self.confirm()
    }

    fn confirm(&self) -> bool {
        if self.world.way == Way::ConfirmsLate {
            thread::sleep(LATE);
        }
        self.say("226 done")
    }
}

/// How late a reply comes that is late, and a place is free.
pub(crate) const LATE: Duration = Duration::from_millis(200);
