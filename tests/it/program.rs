//! The real server program as a child process: its settings, its output,
//! its signals. It is killed when the test is over, however it ends.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::peer::Peer;

/// A folder with settings, to start the server on.
pub struct Program {
    root: TempDir,
}

/// A server that runs.
pub struct Started {
    root: Option<TempDir>,
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: Option<ChildStderr>,
    pub address: SocketAddr,
    /// Where it speaks FTP, if its settings say so.
    pub ftp_address: Option<SocketAddr>,
}

impl Program {
    /// Settings with the user anna (password `secret`), port 0, and more;
    /// what stands in `more` is not said twice.
    pub fn settings(more: &str) -> Program {
        let root = TempDir::new().expect("a temporary folder");
        fs::create_dir(root.path().join("conf")).expect("a folder");
        let program = Program { root };
        write_settings(program.root.path(), more);
        program
    }

    /// The server's root.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// Starts the server, and waits until it is ready.
    #[track_caller]
    pub fn start(self) -> Started {
        let mut child = command(self.root.path()).spawn().expect("a program");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let stderr = child.stderr.take();
        let listening = next_line(&mut stdout);
        let address = address_in(&listening, "native")
            .unwrap_or_else(|| panic!("no address: {listening:?}"));
        let mut last = next_line(&mut stdout);
        let ftp_address = address_in(&last, "ftp");
        if ftp_address.is_some() {
            last = next_line(&mut stdout);
        }
        assert_eq!(last, "ready");
        let root = Some(self.root);
        Started { root, child, stdout, stderr, address, ftp_address }
    }
}

impl Started {
    /// The server's root.
    pub fn root(&self) -> &Path {
        self.root.as_ref().expect("not ended yet").path()
    }

    /// Other settings in the same file.
    pub fn rewrite_settings(&self, more: &str) {
        write_settings(self.root(), more);
    }

    /// A connection of which nothing has been read.
    pub fn connect(&self) -> Peer {
        Peer::connect(self.address)
    }

    /// A session of anna's.
    #[track_caller]
    pub fn anna(&self) -> Peer {
        let mut peer = self.connect();
        peer.expect("000 state=ready");
        peer.ask("auth anna secret", "200 ");
        peer
    }

    /// A file or folder of anna's.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join("home/anna").join(name)
    }

    /// Another server on the same root, run to its end.
    pub fn second(&self) -> std::process::Output {
        command(self.root()).output().expect("a program")
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        let folder = format!("/proc/{}/task", self.child.id());
        fs::read_dir(folder).expect("it runs").count()
    }

    /// What stands in the log so far.
    pub fn log(&self) -> String {
        let path = self.root().join("log/server.log");
        fs::read_to_string(path).unwrap_or_default()
    }

    /// Waits until the log has a line with all of the words, and gives it.
    #[track_caller]
    pub fn logged(&self, words: &[&str]) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let log = self.log();
            let found = log
                .lines()
                .find(|line| words.iter().all(|word| line.contains(word)));
            if let Some(line) = found {
                return line.to_owned();
            }
            assert!(
                Instant::now() < deadline,
                "no line with {words:?} in the log:\n{log}"
            );
            thread::yield_now();
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process' number");
        let pid = Pid::from_raw(pid).expect("a process' number");
        kill_process(pid, signal).expect("it runs");
    }

    /// Waits until it has ended by itself. Gives what it had still said on
    /// standard output.
    #[track_caller]
    pub fn wait(&mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < deadline, "the server does not end");
            thread::yield_now();
        };
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        (status, rest)
    }

    /// What it says on standard error, up to its end.
    pub fn stderr(&mut self) -> String {
        let mut text = String::new();
        let mut stderr = self.stderr.take().expect("read once");
        stderr.read_to_string(&mut text).expect("text");
        text
    }

    /// Stops it by SIGTERM: it must end well.
    #[track_caller]
    pub fn stop(mut self) {
        self.signal(Signal::TERM);
        let (status, rest) = self.wait();
        assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    }

    /// Ends it by SIGKILL. Gives the folder, to be served again.
    pub fn kill(mut self) -> Program {
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
        Program { root: self.root.take().expect("not ended yet") }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ftpool-server"));
    command
        .arg("--settings")
        .arg(root.join("conf/settings.yaml"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn write_settings(root: &Path, more: &str) {
    let mut text = String::new();
    if !more.contains("listen:") {
        text += "listen: {native: \"127.0.0.1:0\"}\n";
    }
    if !more.contains("users:\n") {
        text += "users:\n  - {name: anna, password: secret}\n";
    }
    text += more;
    fs::write(root.join("conf/settings.yaml"), text).expect("a file");
}

/// The address in a line that tells of a listener of this dialect.
fn address_in(line: &str, dialect: &str) -> Option<SocketAddr> {
    let address = line.strip_prefix("listening ")?.strip_prefix(dialect)?;
    address.trim_start().parse().ok()
}

/// The end of the program is the end of the wait.
#[track_caller]
fn next_line(stdout: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    stdout.read_line(&mut line).expect("text");
    assert!(line.ends_with('\n'), "the server ended before it was ready");
    line.pop();
    line
}

/// Long enough for any machine.
const DEADLINE: Duration = Duration::from_secs(20);
