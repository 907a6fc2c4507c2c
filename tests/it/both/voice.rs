//! A session in either dialect, asked in one way and answered in one way.

use std::io::Write;

use crate::{
    ftp::peer::FtpPeer,
    peer::{Peer, number},
    world::Running,
};

/// What came of a request, whatever the dialect calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Came {
    Done,
    /// The path that the reply names.
    At(String),
    /// A file's bytes.
    Bytes(Vec<u8>),
    /// The names of a listing, sorted.
    Names(Vec<String>),
    /// No such file or directory.
    Missing,
    /// The name is taken, or the directory is not empty, or not allowed.
    Refused,
    NoSpace,
    NotSignedIn,
}

/// A dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Native,
    Ftp,
}

pub const BOTH: [Dialect; 2] = [Dialect::Native, Dialect::Ftp];

/// A session.
pub enum Voice {
    Native(Peer),
    Ftp(FtpPeer),
}

impl Voice {
    /// A session of a user's, with the password `secret`.
    #[track_caller]
    pub fn sign_in(world: &Running, dialect: Dialect, user: &str) -> Voice {
        match dialect {
            Dialect::Native => Voice::Native(world.sign_in(user)),
            Dialect::Ftp => {
                Voice::Ftp(FtpPeer::sign_in(world.addresses[1], user))
            }
        }
    }

    #[track_caller]
    pub fn cd(&mut self, path: &str) -> Came {
        match self {
            Voice::Native(peer) => native(peer, &format!("cd {path}")),
            Voice::Ftp(peer) => ftp(peer, &format!("CWD {path}")),
        }
    }

    #[track_caller]
    pub fn pwd(&mut self) -> Came {
        match self {
            Voice::Native(peer) => native(peer, "pwd"),
            Voice::Ftp(peer) => ftp(peer, "PWD"),
        }
    }

    #[track_caller]
    pub fn mkdir(&mut self, path: &str) -> Came {
        match self {
            Voice::Native(peer) => native(peer, &format!("mkdir {path}")),
            Voice::Ftp(peer) => ftp(peer, &format!("MKD {path}")),
        }
    }

    #[track_caller]
    pub fn rmdir(&mut self, path: &str) -> Came {
        match self {
            Voice::Native(peer) => native(peer, &format!("rmdir {path}")),
            Voice::Ftp(peer) => ftp(peer, &format!("RMD {path}")),
        }
    }

    #[track_caller]
    pub fn rm(&mut self, path: &str) -> Came {
        match self {
            Voice::Native(peer) => native(peer, &format!("rm {path}")),
            Voice::Ftp(peer) => ftp(peer, &format!("DELE {path}")),
        }
    }

    #[track_caller]
    pub fn mv(&mut self, from: &str, to: &str) -> Came {
        match self {
            Voice::Native(peer) => native(peer, &format!("mv {from} {to}")),
            Voice::Ftp(peer) => match ftp(peer, &format!("RNFR {from}")) {
                Came::Done => ftp(peer, &format!("RNTO {to}")),
                refused => refused,
            },
        }
    }

    #[track_caller]
    pub fn dir(&mut self, path: &str) -> Came {
        let mut names: Vec<String> = match self {
            Voice::Native(peer) => {
                peer.say(&format!("dir {path}"));
                let reply = peer.line();
                if !reply.starts_with("201 ") {
                    return native_of(&reply);
                }
                let listing = peer.bytes(number(&reply, "length") as usize);
                let listing = String::from_utf8(listing).expect("text");
                let name =
                    |line: &str| line.split(' ').nth(3).map(str::to_owned);
                listing.lines().filter_map(name).collect()
            }
            Voice::Ftp(peer) => {
                let mut data = peer.passive();
                peer.say(&format!("MLSD {path}"));
                let reply = peer.expect("");
                if !reply.starts_with("150 ") {
                    return ftp_of(&reply);
                }
                let listing = crate::ftp::peer::rest(&mut data);
                peer.expect("226 ");
                let listing = String::from_utf8(listing).expect("text");
                let name = |line: &str| {
                    line.split_once(' ').map(|(_, name)| name.to_owned())
                };
                listing.lines().filter_map(name).collect()
            }
        };
        names.sort();
        Came::Names(names)
    }

    #[track_caller]
    pub fn get(&mut self, path: &str) -> Came {
        match self {
            Voice::Native(peer) => {
                peer.say(&format!("get {path}"));
                let reply = peer.line();
                if reply.starts_with("203 ") {
                    return Came::Bytes(Vec::new());
                }
                if !reply.starts_with("405 ") {
                    return native_of(&reply);
                }
                let bytes = peer.bytes(number(&reply, "length") as usize);
                peer.expect("201 ");
                Came::Bytes(bytes)
            }
            Voice::Ftp(peer) => {
                let mut data = peer.passive();
                peer.say(&format!("RETR {path}"));
                let reply = peer.expect("");
                if !reply.starts_with("150 ") {
                    return ftp_of(&reply);
                }
                let bytes = crate::ftp::peer::rest(&mut data);
                peer.expect("226 ");
                Came::Bytes(bytes)
            }
        }
    }

    /// Puts a whole file that its server has no part of.
    #[track_caller]
    pub fn put(&mut self, path: &str, bytes: &[u8]) -> Came {
        match self {
            Voice::Native(peer) => {
                peer.say(&format!("put {path} size={}", bytes.len()));
                let reply = peer.line();
                if !reply.starts_with("202 ") {
                    return native_of(&reply);
                }
                peer.expect("405 offset=0");
                peer.send(bytes);
                native_of(&peer.line())
            }
            Voice::Ftp(peer) => {
                let mut data = peer.passive();
                peer.say(&format!("STOR {path}"));
                let reply = peer.expect("");
                if !reply.starts_with("150 ") {
                    return ftp_of(&reply);
                }
                // A server that has refused reads no more.
                let _ = data.write_all(bytes);
                drop(data);
                ftp_of(&peer.expect(""))
            }
        }
    }

    /// A field of the quota, in bytes.
    #[track_caller]
    pub fn quota(&mut self, field: &str) -> u64 {
        match self {
            Voice::Native(peer) => peer.quota(field),
            Voice::Ftp(peer) => peer.quota(field),
        }
    }

    /// Signs out, as far as the dialect can.
    #[track_caller]
    pub fn quit(self) {
        match self {
            Voice::Native(mut peer) => {
                peer.ask("quit", "201");
                peer.expect_close();
            }
            Voice::Ftp(mut peer) => {
                peer.ask("QUIT", "221");
                peer.control.expect_close();
            }
        }
    }
}

#[track_caller]
fn native(peer: &mut Peer, line: &str) -> Came {
    peer.say(line);
    native_of(&peer.line())
}

#[track_caller]
fn ftp(peer: &mut FtpPeer, line: &str) -> Came {
    peer.say(line);
    ftp_of(&peer.expect(""))
}

#[track_caller]
fn native_of(reply: &str) -> Came {
    let path = reply.split(' ').find_map(|word| word.strip_prefix("path="));
    match (&reply[..3], path) {
        ("201", Some(path)) => Came::At(path.to_owned()),
        ("201", None) => Came::Done,
        ("400", _) => Came::NotSignedIn,
        ("401" | "403", _) => Came::Refused,
        ("402", _) => Came::Missing,
        ("404", _) => Came::NoSpace,
        _ => panic!("a reply of no story: {reply:?}"),
    }
}

/// FTP has one code for what is missing and for what is refused; the words
/// tell them apart, as they tell people.
#[track_caller]
fn ftp_of(reply: &str) -> Came {
    let path = reply.split('"').nth(1);
    match (&reply[..3], path) {
        ("250" | "257", Some(path)) => Came::At(path.to_owned()),
        ("226" | "250" | "350", _) => Came::Done,
        ("530", _) => Came::NotSignedIn,
        ("550", _) if reply.contains("No such") => Came::Missing,
        ("550", _) => Came::Refused,
        ("552", _) => Came::NoSpace,
        _ => panic!("a reply of no story: {reply:?}"),
    }
}
