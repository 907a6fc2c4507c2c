//! What a session may be asked in a sequence, how such a sequence is made
//! up, and how it is asked over the wire.

use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::peer::{Peer, number};

/// One command, with what its bytes are.
#[derive(Debug, Clone)]
pub enum Step {
    Cd(Option<&'static str>),
    Pwd,
    Mkdir(&'static str),
    Rmdir(&'static str),
    Rm(&'static str),
    Mv(&'static str, &'static str),
    Dir(&'static str),
    Get {
        file: &'static str,
        have: Option<Content>,
        digest: bool,
    },
    Put {
        file: &'static str,
        content: Content,
        digest: bool,
    },
    /// Ends after so many bytes, and with it the session.
    Break {
        file: &'static str,
        content: Content,
        sent: usize,
    },
    /// Announces another digest than that of what it sends.
    Lie {
        file: &'static str,
        content: Content,
    },
}

/// A file's content: so many times the same byte, so that each is the
/// beginning of the longer ones of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub kind: u8,
    pub size: usize,
}

impl Content {
    pub fn bytes(self) -> Vec<u8> {
        vec![self.kind; self.size]
    }

    pub fn digest(self) -> String {
        blake3::hash(&self.bytes()).to_string()
    }

    /// The digest of another content of the same size.
    fn other_digest(self) -> String {
        Content { kind: b'?', ..self }.digest()
    }
}

impl Step {
    /// The names that the step gives to the server.
    pub fn paths(&self) -> Vec<&str> {
        match self {
            Step::Cd(None) | Step::Pwd => Vec::new(),
            Step::Cd(Some(path))
            | Step::Mkdir(path)
            | Step::Rmdir(path)
            | Step::Rm(path)
            | Step::Dir(path) => vec![path],
            Step::Mv(from, to) => vec![from, to],
            Step::Get { file, .. }
            | Step::Put { file, .. }
            | Step::Break { file, .. }
            | Step::Lie { file, .. } => vec![file],
        }
    }
}

/// Sequences of steps, each by one of two sessions.
pub fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    vec((0..2usize, step()), 1..40)
}

/// Asks for a step. Gives the replies without their text for people, and
/// what came with them.
pub fn perform(peer: &mut Peer, step: &Step) -> String {
    match step {
        Step::Cd(None) => ask(peer, "cd"),
        Step::Cd(Some(path)) => ask(peer, &format!("cd {path}")),
        Step::Pwd => ask(peer, "pwd"),
        Step::Mkdir(path) => ask(peer, &format!("mkdir {path}")),
        Step::Rmdir(path) => ask(peer, &format!("rmdir {path}")),
        Step::Rm(path) => ask(peer, &format!("rm {path}")),
        Step::Mv(from, to) => ask(peer, &format!("mv {from} {to}")),
        Step::Dir(path) => dir(peer, path),
        Step::Get { file, have, digest } => get(peer, file, *have, *digest),
        Step::Put { file, content, digest } => {
            let digest = digest.then(|| content.digest());
            put(peer, file, *content, digest, content.size)
        }
        Step::Break { file, content, sent } => {
            let digest = Some(content.digest());
            let replies = put(peer, file, *content, digest, *sent);
            peer.half_close();
            peer.expect_close();
            replies
        }
        Step::Lie { file, content } => {
            let digest = Some(content.other_digest());
            put(peer, file, *content, digest, content.size)
        }
    }
}

/// A line's reply, without its text for people.
pub fn ask(peer: &mut Peer, line: &str) -> String {
    peer.say(line);
    reply(peer)
}

fn reply(peer: &mut Peer) -> String {
    let line = peer.line();
    let fields = line.split(" : ").next().unwrap_or(&line);
    fields.trim_end().to_owned()
}

fn dir(peer: &mut Peer, path: &str) -> String {
    let reply = ask(peer, &format!("dir {path}"));
    if !reply.starts_with("201 ") {
        return reply;
    }
    let listing = peer.bytes(number(&reply, "length") as usize);
    let listing = String::from_utf8(listing).expect("it is UTF-8");
    let mut shown = format!("201 entries={}", number(&reply, "entries"));
    for line in listing.lines() {
        let [kind, size, _mtime, name] =
            line.split(' ').collect::<Vec<_>>().try_into().expect("four");
        shown += &format!(", {kind} {size} {name}");
    }
    shown
}

fn get(
    peer: &mut Peer,
    file: &str,
    have: Option<Content>,
    digest: bool,
) -> String {
    let mut line = format!("get {file}");
    if let Some(have) = have {
        line += &format!(" have={}", have.size);
        if digest {
            line += &format!(" digest={}", have.digest());
        }
    }
    let first = ask(peer, &line);
    if !first.contains(" length=") {
        return first;
    }
    let bytes = peer.bytes(number(&first, "length") as usize);
    let bytes = String::from_utf8(bytes).expect("as it was put");
    format!("{first}, {bytes}, {}", reply(peer))
}

/// Sends at most `sent` bytes. Only where all are sent there is a last
/// reply.
fn put(
    peer: &mut Peer,
    file: &str,
    content: Content,
    digest: Option<String>,
    sent: usize,
) -> String {
    let digest = digest.map_or(String::new(), |hex| format!(" digest={hex}"));
    let line = format!("put {file} size={}{digest}", content.size);
    let first = ask(peer, &line);
    if !first.starts_with("202 ") {
        return first;
    }
    let begin = reply(peer);
    let offset = number(&begin, "offset") as usize;
    let rest = &content.bytes()[offset..];
    // To break off is to leave out one byte at least.
    let broken = sent < content.size;
    let sent = if broken { sent.min(rest.len() - 1) } else { rest.len() };
    peer.send(&rest[..sent]);
    let last = if broken { String::new() } else { reply(peer) };
    format!("{first}, {begin}, {last}")
}

fn step() -> impl Strategy<Value = Step> {
    let path = || select(PATHS.as_slice());
    prop_oneof![
        2 => option::of(path()).prop_map(Step::Cd),
        1 => Just(Step::Pwd),
        3 => path().prop_map(Step::Mkdir),
        2 => path().prop_map(Step::Rmdir),
        2 => path().prop_map(Step::Rm),
        2 => (path(), path()).prop_map(|(from, to)| Step::Mv(from, to)),
        1 => path().prop_map(Step::Dir),
        3 => (path(), option::of(content()), any::<bool>()).prop_map(
            |(file, have, digest)| Step::Get { file, have, digest }
        ),
        5 => (path(), content(), any::<bool>()).prop_map(
            |(file, content, digest)| Step::Put { file, content, digest }
        ),
        3 => (path(), content(), 0..SIZE_MAX).prop_map(
            |(file, content, sent)| {
                let content = Content { size: content.size + 1, ..content };
                let sent = sent.min(content.size - 1);
                Step::Break { file, content, sent }
            }
        ),
        1 => (path(), content())
            .prop_map(|(file, content)| Step::Lie { file, content }),
    ]
}

/// Few sizes and kinds, so that contents meet each other again.
fn content() -> impl Strategy<Value = Content> {
    let size = prop_oneof![
        3 => select([0, 1, 100, 250, 400].as_slice()),
        1 => 0..SIZE_MAX,
    ];
    (select(b"ab".as_slice()), size)
        .prop_map(|(kind, size)| Content { kind, size })
}

/// Few names in many spellings.
const PATHS: [&str; 16] = [
    "x",
    "y",
    "/x",
    "x",
    "a",
    "b",
    "/a",
    "a/x",
    "/a/x",
    "a/b",
    "/a/b/",
    "a/b/y",
    "../x",
    "..",
    "/",
    "./a//./x/../y",
];

/// More than a third of the quota.
const SIZE_MAX: usize = 500;
