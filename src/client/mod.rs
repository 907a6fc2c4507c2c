//! The reference client. In reading order:
//!
//! - what was asked for: `args`, `target`, `password` (with `netrc`), `exit`;
//! - where commands come from: `script`, `shell` (with `complete`), cut by
//!   `words`, read by `command`;
//! - what they do: `engine`, with `download` (and its `part`, which has an
//!   `origin`), `upload`, `many` (with `pattern`) and `digest` (a kind of
//!   `sum`);
//! - who they talk to: `dial`, then `remote`, the face over the dialects, and
//!   `native` and `ftp` behind it, each on `socket`s;
//! - what is seen and kept: `console`, `listing`, `progress`, `shown`,
//!   `journal`, `home`, `local`, and `interrupt` for Ctrl-C.
//!
//! Must not know: the server's side of anything but the wire.
#![expect(
    clippy::disallowed_methods,
    reason = "the client works on its user's own files"
)]

mod args;
mod command;
mod complete;
mod console;
mod dial;
mod digest;
mod download;
mod engine;
mod error;
mod exit;
mod ftp;
mod home;
mod interrupt;
mod journal;
mod listing;
mod local;
mod many;
mod native;
mod netrc;
mod origin;
mod part;
mod password;
mod progress;
mod remote;
mod script;
mod shell;
mod shown;
mod socket;
mod sum;
mod target;
mod upload;
mod words;

use std::{
    env,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Parser;

use self::{
    args::Args, console::Console, dial::Dial, engine::Engine, journal::Journal,
};

pub use self::exit::Exit;

/// Runs the client with the process's arguments, until it ends. Wrong
/// arguments end the process here, with the exit code 2.
pub fn main() -> Exit {
    run(Args::parse())
}

fn run(args: Args) -> Exit {
    let prompt = args.commands.is_none()
        && io::stdin().is_terminal()
        && io::stdout().is_terminal();
    let console = Console::new(prompt);
    let folder = match env::current_dir() {
        Ok(folder) => folder,
        Err(e) => {
            console.complain("no current folder", &e.to_string());
            return Exit::Other;
        }
    };
    let who = match password::find(&args.target, console) {
        Ok(who) => who,
        Err(error) => {
            console.fail("", &error);
            return error.exit();
        }
    };
    let data = home::folder();
    let journal = open_journal(data.as_deref(), console);
    let silence = Duration::from_secs(args.timeout);
    let dial = Dial::new(args.target, who, silence);
    let engine = Engine::start(dial, console, journal, folder);
    let mut engine = match engine {
        Ok(engine) => engine,
        Err(error) => return error.exit(),
    };
    match args.commands {
        Some(text) => script::run(&mut engine, console, text.as_bytes()),
        None if prompt => shell::run(engine, console, data.as_deref()),
        None => script::run(&mut engine, console, io::stdin().lock()),
    }
}

/// Opens the log. A client that cannot have one says so and goes on.
fn open_journal(folder: Option<&Path>, console: Console) -> Journal {
    let folder: PathBuf = match folder {
        Some(folder) => folder.into(),
        None => return Journal::default(),
    };
    Journal::open(&folder).unwrap_or_else(|e| {
        console.complain("no log is written", &e.to_string());
        Journal::default()
    })
}
