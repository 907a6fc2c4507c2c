//! The workspace's server, built for the purpose and started on a free
//! port, and the processor time that it has used.
//!
//! Must not know: what is measured.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use crate::session::Session;

/// A running server.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    /// Goes with the server.
    root: TempDir,
}

impl Server {
    /// Builds and starts it.
    pub(crate) fn start() -> anyhow::Result<Server> {
        let program = program()?;
        let root = TempDir::with_prefix("ftpool-baseline-")?;
        let settings = root.path().join("settings.yaml");
        fs::write(&settings, SETTINGS)?;
        let mut child = Command::new(program)
            .arg("--settings")
            .arg(&settings)
            .arg("--root")
            .arg(root.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().context("its output is ours")?;
        let mut address = None;
        for line in BufReader::new(output).lines() {
            let line = line?;
            if let Some(native) = line.strip_prefix("listening native ") {
                address = Some(native.parse()?);
            }
            if line == "ready" {
                break;
            }
        }
        let address = address.context("the server says where it listens")?;
        let server = Server { child, address, root };
        // The first check of a password is another matter than the rest.
        server.sign_in()?.leave()?;
        Ok(server)
    }

    /// The user's home.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().join("home").join("u")
    }

    /// A session that has a place.
    pub(crate) fn connect(&self) -> anyhow::Result<Session> {
        let mut session = Session::connect(self.address)?;
        session.expect_line(b"000 ")?;
        Ok(session)
    }

    /// A session that is signed in.
    pub(crate) fn sign_in(&self) -> anyhow::Result<Session> {
        let mut session = self.connect()?;
        session.sign_in()?;
        Ok(session)
    }

    /// The processor time of all its threads that live, in microseconds;
    /// workers live as long as the server.
    pub(crate) fn processor_us(&self) -> anyhow::Result<f64> {
        let tasks = format!("/proc/{}/task", self.child.id());
        let mut nanos = 0;
        for task in fs::read_dir(tasks)? {
            let times = fs::read_to_string(task?.path().join("schedstat"))?;
            let first = times.split(' ').next().context("it has three")?;
            nanos += first.parse::<u64>()?;
        }
        Ok(nanos as f64 / 1e3)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing on its disk is worth a slow end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The server's program, brought up to date: a bench of this package alone
/// does not build it.
fn program() -> anyhow::Result<PathBuf> {
    let own = Path::new(env!("CARGO_BIN_EXE_ftpool-loadgen"));
    let cargo = std::env::var("CARGO").unwrap_or("cargo".to_owned());
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--release", "--locked"])
        .args(["-p", "ftpool", "--bin", "ftpool-server"])
        .status()?;
    ensure!(built.success(), "the server does not build");
    Ok(own.with_file_name("ftpool-server"))
}

const SETTINGS: &str = "\
listen: {native: \"127.0.0.1:0\"}
default_quota: 100GiB
users: [{name: u, password: p}]
";
