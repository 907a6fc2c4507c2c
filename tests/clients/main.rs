//! The FTP clients that people have, against the server's program: each
//! does what it can of one list of operations, and what is then on both
//! disks is compared byte by byte. One test a client.
//!
//! A client that is not installed is listed as ignored, with the name of its
//! Debian package, and is never counted as passed.
#![expect(unreachable_pub, reason = "a test binary has no outside")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the disk from outside"
)]

mod client;
mod curl;
mod lftp;
mod mirror;
mod ncftp;
mod operation;
mod page;
#[path = "../it/peer.rs"]
#[expect(dead_code, reason = "the other test binary uses all of it")]
mod peer;
#[path = "../it/program.rs"]
#[expect(dead_code, reason = "the other test binary uses all of it")]
mod program;
mod python;
mod run;
mod stage;
mod tnftp;
mod wget;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use self::{client::Client, stage::Stage};

fn main() -> ExitCode {
    let mut trials = vec![
        Trial::test("page", page::is_current),
        when_installed("lftp mirror", &lftp::CLIENT, mirror::there_and_back),
    ];
    for client in CLIENTS {
        let play = || Stage::set(client).play();
        trials.push(when_installed(client.name, client, play));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test that needs a client.
fn when_installed(
    name: &str,
    client: &'static Client,
    play: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || match client.missing() {
        None => play().map(|()| Completion::Completed),
        Some(program) => Ok(Completion::ignored_with(format!(
            "NOT TESTED: {program} is not installed; Debian's package is {}",
            client.package
        ))),
    })
}

/// In the order of the page's columns.
const CLIENTS: [&Client; 6] = [
    &curl::CLIENT,
    &lftp::CLIENT,
    &ncftp::CLIENT,
    &tnftp::CLIENT,
    &wget::CLIENT,
    &python::CLIENT,
];
