//! The server behind the relay: started with the arguments that the relay
//! was given, told the signals that the relay gets, and waited for.
//!
//! Knows the lines of the server's standard output. It speaks no protocol.

use std::io::{BufRead, BufReader, Lines};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

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
        let mut command = Command::new(program);
        command.arg("--settings").arg(settings);
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

/// The server program: beside this one.
pub(crate) fn beside() -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("the relay's own place")?;
    Ok(own.with_file_name("ftpool-server"))
}
