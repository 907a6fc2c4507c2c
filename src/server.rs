//! Puts the parts of the server together and keeps them until it is told
//! to stop: settings become a house, the house is served, signals stop it
//! or have the settings read again.
//!
//! Must not know: arguments, and what is said on a connection.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::Context;
use crossbeam_channel::RecvTimeoutError;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};
use tracing::{error, info, warn};

use crate::{
    ftp::server::Site,
    log,
    net::{self, Dialect, Ftp, Gauge, Listener, Native, Places},
    root::{self, Root},
    session::{House, Policy},
    settings::{Flags, Limits, Loaded, Settings},
    stream::{Patience, Stop},
    users::Database,
};

/// Serves until it is told to stop.
///
/// # Errors
///
/// What keeps the server from starting: the root is taken, an address is,
/// the demo settings' passwords are open to the network.
pub fn run(loaded: Loaded, flags: Flags) -> anyhow::Result<()> {
    let settings = &loaded.settings;
    let root = Root::open(settings.root.clone())?;
    let database = Database::new(root.database());
    let made = root::prepare_users(&root, &database, settings)?;
    let _log = log::start(&root.log()).context("the log")?;
    for user in made {
        info!(%user, "made a user of the settings");
    }
    raise_descriptor_limit(settings.max_users);
    let house =
        Arc::new(House::new(database.clone(), root.homes(), policy(settings)));
    let dialects = Dialects::new(&house, settings);
    let stop = Stop::new()?;
    // Who reads that the server is ready may send it a signal at once.
    let signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let listeners = open_listeners(settings, &dialects)?;
    let handle = signals.handle();
    let office = Office {
        root,
        database,
        house: Arc::clone(&house),
        dialects,
        loaded: loaded.clone(),
        flags,
        stop: stop.clone(),
    };
    let office = thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || office.run(signals))?;
    let janitor = start_janitor(house, stop.clone())?;
    let result = net::serve(
        listeners,
        places(settings),
        &Arc::new(Gauge::default()),
        &stop,
    );
    // Where serving failed by itself, the others are still waiting.
    stop.request(Duration::ZERO);
    handle.close();
    for thread in [office, janitor] {
        if thread.join().is_err() {
            error!("a thread of the house panicked");
        }
    }
    result.map_err(Into::into)
}

/// What is spoken, over one house.
struct Dialects {
    native: Arc<Native>,
    ftp: Arc<Ftp>,
}

impl Dialects {
    fn new(house: &Arc<House>, settings: &Settings) -> Dialects {
        let patience = patience(&settings.limits);
        let native = Native::new(Arc::clone(house), patience);
        let site = Site {
            passive_ports: settings.ftp.passive_ports.clone(),
            public_address: settings.ftp.public_address,
            waiting_replies: settings.ftp.waiting_replies,
        };
        let ftp = Ftp::new(Arc::clone(house), site, patience);
        Dialects { native: Arc::new(native), ftp: Arc::new(ftp) }
    }

    fn set_patience(&self, patience: Patience) {
        self.native.set_patience(patience);
        self.ftp.set_patience(patience);
    }
}

/// Listens on every address of the settings, and says so on standard
/// output: whoever started the server reads the real ports there.
fn open_listeners(
    settings: &Settings,
    dialects: &Dialects,
) -> anyhow::Result<Vec<Listener>> {
    let native = Arc::clone(&dialects.native) as Arc<dyn Dialect>;
    let ftp = Arc::clone(&dialects.ftp) as Arc<dyn Dialect>;
    let wanted = [
        ("native", settings.listen.native, native),
        ("ftp", settings.listen.ftp, ftp),
    ];
    let mut listeners = Vec::new();
    let mut told = String::new();
    for (name, address, dialect) in wanted {
        let Some(address) = address else { continue };
        let socket = net::listen(address)
            .with_context(|| format!("cannot listen on {address}"))?;
        let address = socket.local_addr()?;
        info!(%address, "listening {name}");
        told += &format!("listening {name} {address}\n");
        listeners.push(Listener { socket, dialect });
    }
    // All of it or nothing: who reads a line counts on it.
    let mut out = io::stdout().lock();
    writeln!(out, "{told}ready")?;
    out.flush()?;
    Ok(listeners)
}

/// Answers signals.
struct Office {
    root: Root,
    database: Database,
    house: Arc<House>,
    dialects: Dialects,
    loaded: Loaded,
    flags: Flags,
    stop: Stop,
}

impl Office {
    fn run(mut self, mut signals: Signals) {
        for signal in signals.forever() {
            if signal == SIGHUP {
                self.read_settings_again();
            } else {
                info!(signal, "stopping");
                self.stop.request(self.loaded.settings.limits.drain);
            }
        }
    }

    /// Does what a start does, with the same listeners and places. Bad
    /// settings change nothing.
    fn read_settings_again(&mut self) {
        let file = self.loaded.file.as_path();
        let loaded = match Settings::load(Some(file), &self.flags) {
            Ok(loaded) => loaded,
            Err(error) => {
                error!(%error, "bad settings; the old ones stay");
                return;
            }
        };
        let settings = &loaded.settings;
        let prepared =
            root::prepare_users(&self.root, &self.database, settings);
        match prepared {
            Ok(made) => {
                for user in made {
                    info!(%user, "made a user of the settings");
                }
            }
            Err(error) => {
                error!(%error, "bad settings; the old ones stay");
                return;
            }
        }
        if let Err(error) = self.house.set_policy(policy(settings)) {
            error!(%error, "a user keeps the old quota");
        }
        self.dialects.set_patience(patience(&settings.limits));
        let before = &self.loaded.settings;
        if (settings.listen, settings.max_users, settings.waiting)
            != (before.listen, before.max_users, before.waiting)
            || settings.root != before.root
            || settings.ftp != before.ftp
        {
            warn!(
                "root, listen, max_users, waiting and ftp change at the \
                 next start"
            );
        }
        info!("the settings were read again");
        self.loaded.settings.limits = settings.limits;
    }
}

/// Removes the parts of uploads that nobody came back for.
fn start_janitor(
    house: Arc<House>,
    stop: Stop,
) -> io::Result<thread::JoinHandle<()>> {
    let rounds = move || {
        loop {
            if let Err(error) = house.expire_parts() {
                error!(%error, "cannot look after the kept parts");
            }
            let next = stop.channel().recv_timeout(JANITOR_EVERY);
            if next == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    };
    thread::Builder::new().name("janitor".to_owned()).spawn(rounds)
}

fn policy(settings: &Settings) -> Policy {
    let quotas: HashMap<_, _> = settings
        .users
        .iter()
        .filter_map(|user| Some((user.name.clone(), user.quota?)))
        .collect();
    Policy {
        default_quota: settings.default_quota,
        quotas,
        login_failures: settings.limits.login_failures,
        part_age: settings.limits.part_age,
    }
}

fn patience(limits: &Limits) -> Patience {
    let &Limits { login, idle, stall, .. } = limits;
    Patience { login, idle, stall }
}

fn places(settings: &Settings) -> Places {
    Places {
        served_max: settings.max_users,
        waiting_max: settings.waiting.places_max,
        wait_max: settings.waiting.time_max,
    }
}

/// Each place takes up to four descriptors: connection, data connection (or
/// the socket that waits for it), file, directory.
fn raise_descriptor_limit(places: usize) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        warn!(%error, "cannot raise the limit of open files");
    }
    let wanted = 4 * places as u64 + DESCRIPTORS_BESIDE;
    if limit.maximum.is_some_and(|most| most < wanted) {
        warn!(
            limit = limit.maximum,
            wanted, "the limit of open files is low for so many places"
        );
    }
}

/// How often old parts are looked for.
const JANITOR_EVERY: Duration = Duration::from_secs(3600);

/// Listeners, logs, the waiting line.
const DESCRIPTORS_BESIDE: u64 = 256;
