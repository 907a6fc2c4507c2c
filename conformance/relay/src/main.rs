//! `ftpool-relay`: stands between FTP clients and `ftpool-server`, for tests
//! alone, and is called as the server is.
//!
//! Without a lie a client cannot tell it from the server; with one, exactly
//! that one thing is wrong. This file is the command line, the start and the
//! stop. It knows nothing of commands.

mod book;
mod door;
mod lie;
mod link;
mod ports;
mod server;
mod session;
mod side;
mod words;

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Parser;
use rustix::process::Signal;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::door::Door;
use crate::lie::Tells;
use crate::server::Server;

/// A relay for tests: ftpool-server behind it, honest or with one lie.
#[derive(Parser)]
struct Arguments {
    /// The server's settings, in YAML.
    #[arg(long, required_unless_present = "list_lies")]
    settings: Option<PathBuf>,
    /// The server's root.
    #[arg(long)]
    root: Option<PathBuf>,
    /// The server program; the one beside this when left out.
    #[arg(long, value_name = "PROGRAM")]
    server: Option<PathBuf>,
    /// The one lie to tell.
    #[arg(long, value_name = "NAME")]
    lie: Option<String>,
    /// Print every lie: name, kind and what it does.
    #[arg(long)]
    list_lies: bool,
}

fn main() -> ExitCode {
    if cfg!(not(debug_assertions)) {
        complain("ftpool-relay exists for tests only; build it for debugging");
        return ExitCode::from(USAGE);
    }
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == server::AS_SERVER) {
        complain(&format!("{:#}", server::become_server(words)));
        return ExitCode::FAILURE;
    }
    let arguments = Arguments::parse();
    let lies = match lie::all(LIES) {
        Ok(lies) => lies,
        Err(error) => {
            complain(&error.to_string());
            return ExitCode::from(USAGE);
        }
    };
    if arguments.list_lies {
        for lie in lies {
            say(&format!("{}\t{}\t{}", lie.name, lie.kind, lie.does));
        }
        return ExitCode::SUCCESS;
    }
    let mut tells = Tells::default();
    if let Some(name) = &arguments.lie {
        let Some(lie) = lies.into_iter().find(|lie| lie.name == *name) else {
            complain(&format!("no lie is called {name}"));
            return ExitCode::from(USAGE);
        };
        tells = lie.tells;
    }
    match serve(&arguments, tells) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Relays until the server has ended, and ends as it did.
fn serve(arguments: &Arguments, tells: Tells) -> anyhow::Result<ExitCode> {
    // Before the server is there, so that no signal misses it.
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGCHLD])?;
    let program = match &arguments.server {
        Some(program) => program.clone(),
        None => server::beside()?,
    };
    let settings = arguments.settings.clone().unwrap_or_default();
    let root = arguments.root.as_deref();
    let until = Instant::now() + TAKEN_MAX;
    let (mut server, address) = loop {
        let mut server = Server::start(&program, &settings, root)?;
        if let Some(address) = server.ready()? {
            break (server, address);
        }
        // A relay that was killed a moment ago may have left its server the
        // root for just that moment.
        let status = server.wait()?;
        if status.code() != Some(FAILED) || Instant::now() >= until {
            return Ok(code_of(status));
        }
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let own = listener.local_addr()?;
    let door = Door::open(listener, address, tells)
        .context("the thread that accepts")?;
    say(&format!("listening ftp {own}"));
    say("ready");
    let status = loop {
        if let Some(status) = server.ended()? {
            break status;
        }
        for signal in signals.wait() {
            match signal {
                SIGTERM => server.signal(Signal::TERM),
                SIGINT => server.signal(Signal::INT),
                SIGHUP => server.signal(Signal::HUP),
                // Its end is looked for after every signal.
                _ => {}
            }
        }
    };
    door.close()?;
    Ok(code_of(status))
}

/// The server's own exit code; one that a signal has ended has failed.
fn code_of(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
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
    eprintln!("ftpool-relay: {line}");
}

static LIES: &str = include_str!("../../../fixtures/mutants-ftp.yaml");

/// Bad arguments, or a bad list of lies.
const USAGE: u8 = 2;

/// How the server ends where another one has its root, among others.
const FAILED: i32 = 1;

/// How long a server may hold its root when its relay has been killed.
const TAKEN_MAX: Duration = Duration::from_secs(5);
