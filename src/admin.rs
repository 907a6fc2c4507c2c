//! The command line of ftpool-server: its arguments, what each asks for,
//! and the exit codes.
//!
//! Must not know: sockets, sessions. Serving itself is handed in.

mod args;
mod user;

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use crate::{
    root::{self, Layout, RootError},
    settings::{Flags, Loaded, Settings, SettingsError},
    users::Database,
};

pub use args::{Args, Command, NewUser, OldUser, Place, UserCommand};

/// Does what the arguments ask for. `serve` runs the server itself, until
/// it is told to stop.
///
/// What goes wrong is said in one line on standard error, and in the exit
/// code: 2 for arguments and settings that are not good, 1 for all else.
pub fn run(
    args: Result<Args, clap::Error>,
    serve: impl FnOnce(Loaded, Flags) -> anyhow::Result<()>,
) -> ExitCode {
    let args = match args {
        Ok(args) => args,
        Err(error) if error.use_stderr() => {
            complain(&args::one_line(&error));
            return ExitCode::from(BAD_INPUT);
        }
        // Not an error: the help or the version was asked for.
        Err(asked) => {
            return match asked.print() {
                Ok(()) => ExitCode::SUCCESS,
                Err(_) => ExitCode::FAILURE,
            };
        }
    };
    match dispatch(args, serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The exit code for what ended the server: 2 where the settings or the
/// arguments were to blame, else 1.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let settings = error.downcast_ref::<SettingsError>();
    let root = error.downcast_ref::<RootError>();
    match (settings, root) {
        (Some(SettingsError::Unwritable { .. }), _) => OTHER,
        (Some(_), _) | (_, Some(RootError::DemoPassword { .. })) => BAD_INPUT,
        _ => OTHER,
    }
}

fn dispatch(
    args: Args,
    serve: impl FnOnce(Loaded, Flags) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    match args.command {
        None => {
            let flags = args.flags();
            // Said at once: the file may be refused together with a flag,
            // and then is there to be edited.
            if args.settings.is_none()
                && let Some(file) = Settings::make_demo(&flags)?
            {
                let file = file.display();
                complain(&format!("wrote the demo settings to {file}"));
            }
            let loaded = Settings::load(args.settings.as_deref(), &flags)?;
            serve(loaded, flags)
        }
        Some(Command::Check { settings }) => check(&settings),
        Some(Command::User { command }) => user::run(command),
    }
}

/// Everything that a start would find wrong, but for what only the running
/// server can meet.
fn check(file: &Path) -> anyhow::Result<()> {
    let loaded = Settings::load(Some(file), &Flags::default())?;
    let layout = Layout::new(&loaded.settings.root);
    let database = Database::new(layout.database());
    root::check_users(&database, &loaded.settings)?;
    writeln!(io::stdout(), "{}: the settings are good", file.display())?;
    Ok(())
}

/// Where standard error is gone there is nobody to tell.
fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Bad arguments or settings.
const BAD_INPUT: u8 = 2;

/// Anything else that went wrong.
const OTHER: u8 = 1;
