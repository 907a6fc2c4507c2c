//! The paths that every request takes: `cargo bench --bench hot_paths`.
//! What is private is measured through the nearest door that is public, so
//! that nothing is opened for the sake of a figure.
#![expect(
    clippy::disallowed_methods,
    reason = "a bench lays out its own folder"
)]

use std::{
    collections::HashMap,
    hint::black_box,
    io::Read as _,
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use criterion::{Criterion, criterion_group, criterion_main};
use ftpool::{
    native::{
        code::Code,
        wire::{self, ReplyLine},
    },
    net::{self, Dialect, Gauge, Listener, LobbyNotice, Places, Visitor},
    password,
    session::{
        Digest, Granted, House, Outcome, Password, PathText, Policy, Request,
        Session, VPath,
    },
    stream::Stop,
    users::{Database, Record, UserName},
};
use tempfile::TempDir;

criterion_group!(all, lines, paths, sessions, handover);
criterion_main!(all);

/// Requests and replies, from bytes and to bytes.
fn lines(bench: &mut Criterion) {
    let put = Request::Upload {
        file: text("pictures/2026/winter morning.jpg"),
        size: 1_234_567,
        digest: Some(Digest::of(blake3::Hasher::new().update(b"picture"))),
    };
    let mut line = Vec::new();
    wire::encode_request(&put, &mut line);
    let bytes = line.trim_ascii_end().to_vec();
    bench.bench_function("wire/decode a request", |bench| {
        bench.iter(|| wire::decode_request(black_box(&bytes)));
    });
    bench.bench_function("wire/encode a request", |bench| {
        bench.iter(|| {
            line.clear();
            wire::encode_request(black_box(&put), &mut line);
        });
    });
    let reply = |out: &mut Vec<u8>| {
        ReplyLine::new(out, Code::Resuming)
            .number("offset", black_box(4_096))
            .number("length", 1_230_471)
            .number("size", 1_234_567)
            .end();
    };
    let mut line = Vec::new();
    reply(&mut line);
    let bytes = line.trim_ascii_end().to_vec();
    bench.bench_function("wire/decode a reply", |bench| {
        bench.iter(|| wire::decode_reply(black_box(&bytes)).is_some());
    });
    bench.bench_function("wire/encode a reply", |bench| {
        bench.iter(|| {
            line.clear();
            reply(&mut line);
        });
    });
}

/// A path's text, resolved against the directory that it is said in.
fn paths(bench: &mut Criterion) {
    let here = VPath::root().join(&text("pictures/2026"));
    for (name, given) in [
        ("path/resolve a name", "winter.jpg"),
        ("path/resolve a long way", "../../a/./b//c/../d/e/f.txt"),
    ] {
        let given = text(given);
        bench.bench_function(name, |bench| {
            bench.iter(|| black_box(&here).join(black_box(&given)));
        });
    }
}

/// The gate and the ledger, over a home on the disk.
fn sessions(bench: &mut Criterion) {
    let folder = TempDir::new().expect("a folder");
    let house = house(&folder);
    let sign_in = || Request::SignIn {
        user: "anna".to_owned(),
        password: Password::new("secret"),
    };
    let mut session = Session::new(Arc::clone(&house));
    assert!(matches!(session.handle(sign_in()), Outcome::Granted(_)));
    bench.bench_function("session/sign in, password remembered", |bench| {
        bench.iter(|| {
            let mut session = Session::new(Arc::clone(&house));
            let outcome = session.handle(sign_in());
            assert!(matches!(outcome, Outcome::Granted(_)));
        });
    });
    bench.bench_function("session/ask for the quota", |bench| {
        bench.iter(|| session.handle(Request::Quota));
    });
    // The ledger is private: its step lies in this, beside an open and an
    // unlink of a part.
    bench.bench_function("session/reserve and give back", |bench| {
        bench.iter(|| {
            let (file, size) = (text("a.txt"), 4_096);
            let upload = Request::Upload { file, size, digest: None };
            let outcome = session.handle(upload);
            assert!(matches!(outcome, Outcome::Granted(Granted::Upload(_))));
        });
    });
}

/// From a connect to a worker's close: acceptor, lobby, pool.
fn handover(bench: &mut Criterion) {
    let server = Server::start();
    bench.bench_function("net/connect, be served, see the close", |bench| {
        bench.iter(|| {
            let mut socket =
                TcpStream::connect(server.address).expect("it listens");
            let mut nothing = [0];
            let read = socket.read(&mut nothing).expect("a clean close");
            assert_eq!(read, 0);
        });
    });
    server.stop();
}

/// Says nothing and closes.
struct Mute;

impl Dialect for Mute {
    fn notice(&self, _: LobbyNotice) -> Vec<u8> {
        Vec::new()
    }

    fn converse(&self, visitor: Visitor) {
        visitor.stream.close();
    }
}

struct Server {
    address: SocketAddr,
    stop: Stop,
    thread: JoinHandle<()>,
}

impl Server {
    fn start() -> Server {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = net::listen(any).expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        let listener = Listener { socket, dialect: Arc::new(Mute) };
        let places = Places {
            served_max: 4,
            waiting_max: 16,
            wait_max: Duration::from_secs(60),
        };
        let stop = Stop::new().expect("a descriptor");
        let wish = stop.clone();
        let thread = thread::Builder::new()
            .name("house".to_owned())
            .spawn(move || {
                let gauge = Arc::new(Gauge::default());
                net::serve(vec![listener], places, &gauge, &wish)
                    .expect("its threads start");
            })
            .expect("a thread");
        Server { address, stop, thread }
    }

    fn stop(self) {
        self.stop.request(Duration::ZERO);
        self.thread.join().expect("it ends in order");
    }
}

/// Knows anna, whose password is `secret`.
fn house(folder: &TempDir) -> Arc<House> {
    let place = folder.path().join("database");
    std::fs::create_dir(&place).expect("a folder");
    let database = Database::new(place);
    let name = UserName::parse("anna").expect("a good name");
    let password_hash = password::hash(b"secret");
    let record = Record { password_hash, quota: None, demo: false };
    database.write(&name, &record).expect("a record");
    let policy = Policy {
        default_quota: 1 << 20,
        quotas: HashMap::new(),
        login_failures: 3,
        part_age: Duration::from_secs(3600),
    };
    Arc::new(House::new(database, folder.path().join("home"), policy))
}

fn text(path: &str) -> PathText {
    PathText::parse(path).expect("the bench's path is good")
}
