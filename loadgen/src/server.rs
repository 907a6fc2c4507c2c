//! The server that is measured when none is named: the workspace's own,
//! found beside this program, started on a free port with a temporary root
//! and stopped at the end.
//!
//! Must not know: what is done to the server.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A server that this program has started.
#[derive(Debug)]
pub(crate) struct OwnServer {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Its accounts with their passwords.
    pub(crate) accounts: Vec<(String, String)>,
    /// Goes with the server: its root.
    _root: TempDir,
}

impl OwnServer {
    /// Starts it for a dialect, with so many places and so much room to
    /// wait.
    ///
    /// # Errors
    ///
    /// When the program is not there or does not say that it is ready.
    pub(crate) fn start(
        dialect: &str,
        places: u32,
        waiting: u32,
    ) -> anyhow::Result<OwnServer> {
        let program = beside_this_program()?;
        let root = TempDir::with_prefix("ftpool-loadgen-")?;
        let accounts: Vec<_> = (0..ACCOUNTS)
            .map(|n| (format!("load{n}"), format!("load-password-{n}")))
            .collect();
        let file = root.path().join("settings.yaml");
        fs::write(&file, settings(dialect, places, waiting, &accounts))?;
        let mut child = Command::new(&program)
            .arg("--settings")
            .arg(&file)
            .arg("--root")
            .arg(root.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let output = child.stdout.take().context("its output is ours")?;
        let mut address = None;
        for line in BufReader::new(output).lines() {
            let line = line?;
            let listening = line.strip_prefix("listening ");
            let here = listening.and_then(|it| it.strip_prefix(dialect));
            if let Some(here) = here {
                address = Some(here.trim_start().parse()?);
            }
            if line == "ready" {
                break;
            }
        }
        let Some(address) = address else {
            drop(child.kill());
            drop(child.wait());
            bail!("{} did not get ready", program.display());
        };
        Ok(OwnServer { child, address, accounts, _root: root })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn stop(&mut self) {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            // It may have ended by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + STOP_MAX;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The server's program stands where this one does; a test's stands one
/// folder deeper.
fn beside_this_program() -> anyhow::Result<PathBuf> {
    let own = env::current_exe()?;
    let folder = own.parent().context("a program stands in a folder")?;
    [Some(folder), folder.parent()]
        .into_iter()
        .flatten()
        .map(|folder| folder.join("ftpool-server"))
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "no ftpool-server beside {}: build it, or name a --target",
                own.display()
            )
        })
}

fn settings(
    dialect: &str,
    places: u32,
    waiting: u32,
    accounts: &[(String, String)],
) -> String {
    let users: String = accounts
        .iter()
        .map(|(name, password)| {
            format!("  - {{name: {name}, password: {password}}}\n")
        })
        .collect();
    format!(
        "listen: {{{dialect}: \"127.0.0.1:0\"}}\n\
        max_users: {places}\n\
        waiting: {{places_max: {waiting}, secs_max: 600}}\n\
        default_quota: 900GiB\n\
        users:\n{users}\
        limits: {{login_secs: 60, idle_secs: 3600, drain_secs: 1}}\n"
    )
}

/// Few, so that their passwords are checked once and then remembered.
const ACCOUNTS: u32 = 4;

/// So long may a server take to stop before it is ended the hard way.
const STOP_MAX: Duration = Duration::from_secs(10);
