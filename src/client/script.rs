//! Commands from a text: `-c`, or a script on standard input. Stops at the
//! first failure.
//!
//! Must not know: what a command does.

use std::io::{BufRead, Read};

use super::{
    command,
    console::Console,
    engine::{Engine, Flow},
    error::Error,
    exit::Exit,
    words,
};

/// Runs all commands of a text.
pub(super) fn run(
    engine: &mut Engine,
    console: Console,
    mut text: impl BufRead,
) -> Exit {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = text
            .by_ref()
            .take(LINE_BYTES_MAX + 1)
            .read_until(b'\n', &mut line);
        let done = match read {
            Ok(0) => break,
            Ok(length) if length as u64 > LINE_BYTES_MAX => {
                Err(told(console, "a line of the script is too long"))
            }
            Ok(_) => match str::from_utf8(&line) {
                Ok(line) => run_line(engine, console, line),
                Err(_) => Err(told(console, "the script is not UTF-8")),
            },
            Err(e) => {
                let error = Error::local("reading the script", e);
                console.fail("", &error);
                Err(error.exit())
            }
        };
        match done {
            Ok(Flow::GoOn) => {}
            Ok(Flow::Quit) => return Exit::Ok,
            Err(exit) => {
                engine.leave();
                return exit;
            }
        }
    }
    engine.leave();
    Exit::Ok
}

/// Runs the commands of one line, up to the first failure.
///
/// # Errors
///
/// The exit code of what failed; it has been told.
pub(super) fn run_line(
    engine: &mut Engine,
    console: Console,
    line: &str,
) -> Result<Flow, Exit> {
    let commands = words::commands(line).map_err(|e| told(console, &e))?;
    for words in commands {
        let command = command::parse(words).map_err(|error| {
            console.fail("", &error);
            error.exit()
        })?;
        match engine.run(&command) {
            Ok(Flow::GoOn) => {}
            Ok(Flow::Quit) => return Ok(Flow::Quit),
            Err(error) => return Err(error.exit()),
        }
    }
    Ok(Flow::GoOn)
}

fn told(console: Console, what: &str) -> Exit {
    let error = Error::Usage(what.into());
    console.fail("", &error);
    error.exit()
}

/// The longest line of a script: the longest names, many times over.
const LINE_BYTES_MAX: u64 = 64 * 1024;
