//! `ftpool-liar`: a second server of the native protocol, for tests alone.
//!
//! It is written from docs/native-protocol.md and shares no code with
//! ftpool: without a lie it has to pass every scenario, and with one it has
//! to fail those that say so. This file is the command line, the start and
//! the stop. It knows nothing of commands.

mod accounts;
mod auth;
mod books;
mod conn;
mod folder;
mod get;
mod home;
mod lies;
mod listing;
mod names;
mod parts;
mod pool;
mod put;
mod session;
mod settings;
mod stop;
mod twist;
mod wire;

use std::{
    io::Write,
    net::TcpListener,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::{
    accounts::Accounts,
    auth::Gate,
    lies::{Lie, told},
    pool::Pool,
    settings::{Limits, Settings},
    stop::Stop,
};

/// A server for tests: the native protocol, honest or with one lie.
#[derive(Parser)]
struct Arguments {
    /// The settings, in YAML.
    #[arg(long, required_unless_present = "list_lies")]
    settings: Option<PathBuf>,
    /// The folder that holds the homes; wins over the settings.
    #[arg(long)]
    root: Option<PathBuf>,
    /// The one lie to tell.
    #[arg(long, value_name = "NAME")]
    lie: Option<String>,
    /// Print every lie: name, kind and what it does.
    #[arg(long)]
    list_lies: bool,
}

/// What every session shares.
struct Shared {
    limits: Limits,
    accounts: Accounts,
    gate: Gate,
    stop: Stop,
}

fn main() -> ExitCode {
    if cfg!(not(debug_assertions)) {
        complain("ftpool-liar exists for tests only; build it for debugging");
        return ExitCode::from(2);
    }
    let arguments = Arguments::parse();
    if arguments.list_lies {
        for row in lies::TABLE {
            say(&format!("{}\t{}\t{}", row.name, row.kind, row.does));
        }
        return ExitCode::SUCCESS;
    }
    if let Some(name) = &arguments.lie {
        let Some(lie) = lies::by_name(name) else {
            complain(&format!("no lie is called {name}"));
            return ExitCode::from(2);
        };
        lies::choose(lie);
    }
    let path = arguments.settings.unwrap_or_default();
    let settings = match Settings::read(&path, arguments.root) {
        Ok(settings) => settings,
        Err(error) => {
            complain(&format!("{error:#}"));
            return ExitCode::from(2);
        }
    };
    match serve(&settings, &path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Serves until a signal says stop, and drains.
fn serve(settings: &Settings, path: &std::path::Path) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    let shared = Arc::new(Shared {
        limits: settings.limits,
        accounts: Accounts::open(settings)?,
        gate: Gate::default(),
        stop: Stop::default(),
    });
    let listener = TcpListener::bind(settings.native)?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let door = match told(Lie::ShutdownListens) {
        true => Some(listener.try_clone()?),
        false => None,
    };
    let pool = Pool::new(settings, Arc::clone(&shared));
    let accepting = {
        let pool = Arc::clone(&pool);
        thread::Builder::new()
            .name("accept".to_owned())
            .spawn(move || pool.accept(&listener))?
    };
    say(&format!("listening native {address}"));
    say("ready");

    for signal in signals.forever() {
        if signal == SIGHUP && told(Lie::HupIgnored) {
            continue;
        }
        if signal == SIGHUP {
            match Settings::read(path, Some(settings.root.clone())) {
                Ok(fresh) => shared.accounts.refresh(&fresh)?,
                Err(error) => complain(&format!("not taken: {error:#}")),
            }
        } else {
            break;
        }
    }
    shared.stop.close();
    accepting.join().map_err(|_| anyhow::anyhow!("accept panicked"))?;
    if let Some(door) = door {
        thread::spawn(move || pool::take_and_drop(&door));
    }
    let grace = match () {
        () if told(Lie::ShutdownCuts) => Duration::ZERO,
        () if told(Lie::ShutdownEndless) => Duration::from_secs(3600),
        () => settings.limits.drain,
    };
    if !pool.wait_empty(Instant::now() + grace) {
        shared.stop.cut();
        pool.wait_empty(Instant::now() + CUT_WAIT);
    }
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "standard output is the contract with the tests"
)]
fn say(line: &str) {
    println!("{line}");
    // A test that has gone away is no reason to stop.
    let _ = std::io::stdout().flush();
}

fn complain(line: &str) {
    eprintln!("ftpool-liar: {line}");
}

/// How long sessions that were cut may take to notice.
const CUT_WAIT: Duration = Duration::from_secs(2);
