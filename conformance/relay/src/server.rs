//! The server behind the relay: started with the arguments that the relay
//! was given, told the signals that the relay gets, and waited for.
//!
//! Knows the lines of the server's standard output. It speaks no protocol.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use anyhow::{Context, bail};
use rustix::process::{
    Pid, Signal, getppid, kill_process, set_parent_process_death_signal,
};

/// A server that was started; it never outlives this.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts it on the settings and the root.
    pub(crate) fn start(
        program: &Path,
        settings: &Path,
        root: Option<&Path>,
    ) -> anyhow::Result<Server> {
        if !program.is_file() {
            bail!("{} is not there", program.display());
        }
        // This program makes itself the server, see `become_server`.
        let own = std::env::current_exe().context("the relay's own place")?;
        let mut command = Command::new(own);
        command.arg(AS_SERVER).arg(std::process::id().to_string());
        command.arg(program).arg("--settings").arg(settings);
        if let Some(root) = root {
            command.arg("--root").arg(root);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .with_context(|| format!("{} cannot start", program.display()))?;
        let stdout = child.stdout.take().expect("the output is piped");
        Ok(Server { child, lines: BufReader::new(stdout).lines() })
    }

    /// Where it listens, once it is ready; none where it has ended before.
    pub(crate) fn ready(&mut self) -> anyhow::Result<Option<SocketAddr>> {
        let mut address = None;
        for line in self.lines.by_ref() {
            let line = line.context("the server's output")?;
            if let Some(text) = line.strip_prefix("listening ftp ") {
                let parsed = text.parse();
                address = Some(parsed.context("the server's address")?);
            }
            if line == "ready" {
                if address.is_none() {
                    bail!("the server is ready and speaks no FTP");
                }
                return Ok(address);
            }
        }
        Ok(None)
    }

    /// Sends it a signal. It has not been waited for, so the pid is its own.
    pub(crate) fn signal(&self, signal: Signal) {
        // One that has ended needs no signal.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// How it ended, where it has.
    pub(crate) fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that was waited for is not there any more, and that is seen.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In a process that the relay has started: becomes the server, which then
/// dies with the relay, even where that is killed. Gives back only what has
/// gone wrong. `arguments` are the relay's pid, the program, and its own.
pub(crate) fn become_server(
    mut arguments: impl Iterator<Item = OsString>,
) -> anyhow::Error {
    let parent = arguments.next().and_then(|pid| pid.into_string().ok());
    let Some(program) = arguments.next() else {
        return anyhow::anyhow!("{AS_SERVER} is for the relay itself");
    };
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // It may have died before that was set.
    let alive = getppid().map(|pid| pid.as_raw_pid().to_string());
    if alive.is_none() || alive != parent {
        return anyhow::anyhow!("the relay has ended");
    }
    Command::new(program).args(arguments).exec().into()
}

/// The first argument of a relay that is to become the server.
pub(crate) const AS_SERVER: &str = "--as-server";

/// The server program: beside this one.
pub(crate) fn beside() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("the relay's own place")?;
    Ok(own.with_file_name("ftpool-server"))
}
