//! A server process of the suite's own: started, watched, ended.
//!
//! It is known by its pid alone, and it is always ended: politely first, so
//! that it can write what it has to write, then not.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::Program;
use crate::case::Dialect;

/// A server that the suite started.
#[derive(Debug)]
pub struct Managed {
    program: Program,
    dialect: Dialect,
    settings: Value,
    root: PathBuf,
    folder: PathBuf,
    running: Option<Running>,
    /// How it ended, where it has.
    pub exit: Option<ExitStatus>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    reader: Option<JoinHandle<()>>,
}

impl Managed {
    /// A server that is yet to be started, below `folder`.
    pub fn new(
        program: Program,
        dialect: Dialect,
        settings: Value,
        folder: &Path,
    ) -> Managed {
        Managed {
            program,
            dialect,
            settings,
            root: folder.join("root"),
            folder: folder.to_owned(),
            running: None,
            exit: None,
        }
    }

    /// The root that it is started on.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The settings that the next start, or a reload, reads.
    pub fn settings_mut(&mut self) -> &mut Value {
        &mut self.settings
    }

    /// Writes the settings file.
    pub fn write_settings(&self) -> Result<PathBuf, String> {
        let file = self.folder.join("settings.yaml");
        let text = format!("{:#}\n", self.settings);
        fs::write(&file, text).map_err(|error| error.to_string())?;
        Ok(file)
    }

    /// Starts it and waits until it says that it is ready.
    pub fn start(&mut self) -> Result<SocketAddr, String> {
        fs::create_dir_all(&self.root).map_err(|error| error.to_string())?;
        let settings = self.write_settings()?;
        let errors = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("stderr"))
            .map_err(|error| error.to_string())?;
        let mut child = Command::new(&self.program.path)
            .args(&self.program.args)
            .arg("--settings")
            .arg(settings)
            .arg("--root")
            .arg(&self.root)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|e| format!("{}: {e}", self.program.path.display()))?;
        let stdout = child.stdout.take().expect("the output is piped");
        let (lines, reader) = read_lines(stdout)?;
        self.exit = None;
        self.running = Some(Running { child, reader: Some(reader) });
        self.wait_ready(&lines)
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<(), String> {
        let Some(running) = &self.running else {
            return Err("the server has ended already".into());
        };
        kill_process(pid_of(&running.child), signal)
            .map_err(|error| error.to_string())
    }

    /// Waits for its end; none where it has not ended by the deadline.
    pub fn wait(&mut self, deadline: Instant) -> Option<ExitStatus> {
        while self.is_running() {
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
        self.exit
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        let Some(running) = &mut self.running else { return false };
        match running.child.try_wait() {
            Ok(None) => true,
            Ok(Some(status)) => {
                self.exit = Some(status);
                if let Some(reader) = running.reader.take() {
                    let _ = reader.join();
                }
                self.running = None;
                false
            }
            Err(_) => false,
        }
    }

    /// The end of what it wrote to its standard error.
    pub fn errors(&self) -> String {
        let text = fs::read(self.folder.join("stderr")).unwrap_or_default();
        let start = text.len().saturating_sub(ERRORS_BYTES_MAX);
        String::from_utf8_lossy(&text[start..]).trim().to_owned()
    }

    fn wait_ready(
        &mut self,
        lines: &Receiver<String>,
    ) -> Result<SocketAddr, String> {
        let deadline = Instant::now() + START_MAX;
        let mut address = None;
        loop {
            let Ok(line) = lines.recv_deadline(deadline) else {
                self.end();
                let errors = self.errors();
                return Err(format!("the server did not start: {errors}"));
            };
            let listening = format!("listening {} ", self.dialect);
            if let Some(text) = line.strip_prefix(&listening) {
                address = text.trim().parse().ok();
            }
            if line == "ready" {
                return address.ok_or_else(|| {
                    format!(
                        "the server is ready and speaks no {}",
                        self.dialect
                    )
                });
            }
        }
    }

    fn end(&mut self) {
        if !self.is_running() {
            return;
        }
        let _ = self.signal(Signal::TERM);
        if self.wait(Instant::now() + END_MAX).is_none() {
            let _ = self.signal(Signal::KILL);
            let _ = self.wait(Instant::now() + END_MAX);
        }
    }
}

impl Drop for Managed {
    fn drop(&mut self) {
        self.end();
    }
}

/// Hands on the lines of a server's output, for as long as there are any.
fn read_lines(
    stdout: std::process::ChildStdout,
) -> Result<(Receiver<String>, JoinHandle<()>), String> {
    let (sender, lines) = crossbeam_channel::bounded(LINES_MAX);
    let reader = thread::Builder::new()
        .name("server-output".into())
        .spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // After `ready` nobody listens; it is read all the same, so
                // that the server never waits for us.
                let _ = sender.try_send(line);
            }
        })
        .map_err(|error| error.to_string())?;
    Ok((lines, reader))
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// A debug build on a busy machine that hashes passwords first.
const START_MAX: Duration = Duration::from_secs(30);

/// The suite's settings let a server drain for two seconds.
const END_MAX: Duration = Duration::from_secs(5);

/// As much of a server's complaints as is shown.
const ERRORS_BYTES_MAX: usize = 2_000;

/// More lines than a start has.
const LINES_MAX: usize = 64;
