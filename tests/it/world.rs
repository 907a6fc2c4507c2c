//! A server for one test: a temporary root, its users, port 0, in the
//! test's own process. What the test does to it is in plain bytes.

use std::{
    collections::HashMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ftpool::{
    ftp::server::Site,
    net::{self, Dialect, Ftp, Gauge, Listener, Native, Places},
    password,
    session::{House, Policy},
    stream::{Patience, Stop},
    users::{Database, Record, UserName},
};
use tempfile::TempDir;

use crate::peer::{DEADLINE, Peer};

/// What a test's server will be like.
pub struct World {
    root: TempDir,
    policy: Policy,
    patience: Patience,
    places: Places,
    site: Site,
    drain: Duration,
}

/// A server that serves until it is dropped.
pub struct Running {
    root: TempDir,
    pub address: SocketAddr,
    /// All listeners' addresses; the first is `address`.
    pub addresses: Vec<SocketAddr>,
    pub gauge: Arc<Gauge>,
    pub house: Arc<House>,
    stop: Stop,
    drain: Duration,
    thread: Option<JoinHandle<()>>,
}

impl World {
    /// A user anna with the password `secret` and 1000 bytes, ten places.
    pub fn new() -> World {
        let long = Duration::from_secs(60);
        let world = World {
            root: TempDir::new().expect("a temporary folder"),
            policy: Policy {
                default_quota: 1000,
                quotas: HashMap::new(),
                login_failures: 3,
                part_age: Duration::from_secs(3600),
            },
            patience: Patience { login: long, idle: long, stall: long },
            places: Places { served_max: 10, waiting_max: 10, wait_max: long },
            site: Site {
                passive_ports: passive_ports(),
                public_address: None,
                waiting_replies: false,
            },
            drain: Duration::from_secs(10),
        };
        world.user("anna")
    }

    /// One more user, with the password `secret`.
    pub fn user(self, name: &str) -> World {
        add_user(self.root.path(), name);
        self
    }

    /// Every user's quota in bytes.
    pub fn quota(mut self, bytes: u64) -> World {
        self.policy.default_quota = bytes;
        self
    }

    /// How long the parts of broken uploads are kept.
    pub fn part_age(mut self, age: Duration) -> World {
        self.policy.part_age = age;
        self
    }

    /// How many are served and how many wait.
    pub fn places(mut self, served: usize, waiting: usize) -> World {
        self.places.served_max = served;
        self.places.waiting_max = waiting;
        self
    }

    /// How long one waits in line.
    pub fn wait_max(mut self, wait: Duration) -> World {
        self.places.wait_max = wait;
        self
    }

    /// How long a session may be silent.
    pub fn patience(mut self, change: impl FnOnce(&mut Patience)) -> World {
        change(&mut self.patience);
        self
    }

    /// How long transfers in flight have when the server stops.
    pub fn drain(mut self, drain: Duration) -> World {
        self.drain = drain;
        self
    }

    /// What is set for FTP alone.
    pub fn site(mut self, change: impl FnOnce(&mut Site)) -> World {
        change(&mut self.site);
        self
    }

    /// Starts the server with FTP.
    pub fn start_ftp(self) -> Running {
        let (patience, site) = (self.patience, self.site.clone());
        self.start_with(|house| Arc::new(Ftp::new(house, site, patience)))
    }

    /// Starts the server with both dialects: the first address speaks the
    /// native protocol, the second FTP.
    pub fn start_both(self) -> Running {
        let (patience, site) = (self.patience, self.site.clone());
        self.start_dialects(|house| {
            let native = Native::new(Arc::clone(&house), patience);
            vec![
                Arc::new(native) as Arc<dyn Dialect>,
                Arc::new(Ftp::new(house, site, patience)),
            ]
        })
    }

    /// Starts the server with the native protocol.
    pub fn start(self) -> Running {
        let patience = self.patience;
        self.start_with(|house| Arc::new(Native::new(house, patience)))
    }

    /// Starts the server with what is spoken on its connections.
    pub fn start_with(
        self,
        dialect: impl FnOnce(Arc<House>) -> Arc<dyn Dialect>,
    ) -> Running {
        self.start_doors(1, dialect)
    }

    /// Starts the server with so many listeners of one dialect.
    pub fn start_doors(
        self,
        doors: usize,
        dialect: impl FnOnce(Arc<House>) -> Arc<dyn Dialect>,
    ) -> Running {
        self.start_dialects(|house| vec![dialect(house); doors])
    }

    /// Starts the server with a listener for each dialect.
    fn start_dialects(
        self,
        dialects: impl FnOnce(Arc<House>) -> Vec<Arc<dyn Dialect>>,
    ) -> Running {
        let root = self.root.path();
        let database = Database::new(root.join("database"));
        let house =
            Arc::new(House::new(database, root.join("home"), self.policy));
        let (mut addresses, mut listeners) = (Vec::new(), Vec::new());
        for dialect in dialects(Arc::clone(&house)) {
            let any = SocketAddr::from(([127, 0, 0, 1], 0));
            let socket = net::listen(any).expect("a free port");
            addresses.push(socket.local_addr().expect("a bound socket"));
            listeners.push(Listener { socket, dialect });
        }
        let stop = Stop::new().expect("a descriptor");
        let gauge = Arc::new(Gauge::default());
        let thread = {
            let (stop, gauge) = (stop.clone(), Arc::clone(&gauge));
            thread::spawn(move || {
                net::serve(listeners, self.places, &gauge, &stop)
                    .expect("the server's threads");
            })
        };
        Running {
            root: self.root,
            address: addresses[0],
            addresses,
            gauge,
            house,
            stop,
            drain: self.drain,
            thread: Some(thread),
        }
    }
}

impl Running {
    /// The folder of everything.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// One more user, with the password `secret`, while the server runs.
    pub fn add_user(&self, name: &str) {
        add_user(self.root.path(), name);
    }

    /// A connection of which nothing has been read.
    pub fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// A connection that is being served.
    pub fn ready(&self) -> Peer {
        let mut peer = self.connect();
        peer.expect("000 state=ready");
        peer
    }

    /// A session of anna's.
    pub fn anna(&self) -> Peer {
        self.sign_in("anna")
    }

    /// A session of a user's.
    pub fn sign_in(&self, name: &str) -> Peer {
        let mut peer = self.ready();
        peer.ask(&format!("auth {name} secret"), "200 ");
        peer
    }

    /// A file or folder of anna's, on the server's side.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("home/anna").join(name)
    }

    /// The files below the folder of the kept parts of anna.
    pub fn parts(&self) -> Vec<PathBuf> {
        let folder = self.root.path().join("home/.parts/anna");
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        entries.map(|entry| entry.expect("an entry").path()).collect()
    }

    /// Leaves a part of an upload of anna's: so many bytes of `content`.
    #[track_caller]
    pub fn leave_part(&self, name: &str, content: &[u8], count: usize) {
        let mut anna = self.anna();
        let offset = anna.begin_put(name, content);
        anna.send(&content[offset..count]);
        anna.break_off();
    }

    /// A link in anna's home, made behind the server's back.
    #[track_caller]
    pub fn link(&self, target: impl AsRef<Path>, name: &str) {
        std::os::unix::fs::symlink(target, self.path(name)).expect("a link");
    }

    /// Waits until so many are served and no more.
    #[track_caller]
    pub fn wait_until_serving(&self, count: usize) {
        let deadline = Instant::now() + DEADLINE;
        while self.gauge.serving() > count {
            assert!(Instant::now() < deadline, "somebody is still served");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Requests the stop, without waiting for it.
    pub fn stop(&self) {
        self.stop.request(self.drain);
    }

    /// Stops, waits until all threads have ended, and gives the root to be
    /// served again.
    pub fn end(mut self) -> World {
        self.join();
        let world = World::new();
        let root = TempDir::new().expect("a temporary folder");
        World { root: std::mem::replace(&mut self.root, root), ..world }
    }

    fn join(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !thread::panicking() {
                ended.expect("the server did not panic");
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.join();
    }
}

fn add_user(root: &Path, name: &str) {
    let record = Record { password_hash: hash(), quota: None, demo: false };
    let database = root.join("database");
    fs::create_dir_all(&database).expect("the database's folder");
    Database::new(database)
        .write(&user_name(name), &record)
        .expect("the user's record");
    fs::create_dir_all(root.join("home").join(name)).expect("the user's home");
}

fn user_name(name: &str) -> UserName {
    UserName::parse(name).expect("the test's user has a good name")
}

/// Ports that no other server of this run has: a test that looks whether a
/// port is closed must not find another's server there. They lie below those
/// that the system gives out by itself.
fn passive_ports() -> std::ops::RangeInclusive<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 5000 + NEXT.fetch_add(1, Ordering::Relaxed) % 60 * 100;
    first..=first + 99
}

/// One hash for all tests: each costs tens of milliseconds.
fn hash() -> String {
    static HASH: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    HASH.get_or_init(|| password::hash(b"secret")).clone()
}
