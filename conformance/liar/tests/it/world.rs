//! A running liar on a root of its own, and clients that speak to it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

/// A server; dropping it kills it.
pub(crate) struct World {
    folder: TempDir,
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

/// A client.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl World {
    /// Starts one with user mike, 1000 bytes, two places and one to wait.
    pub(crate) fn new(lie: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = "listen: {native: \"127.0.0.1:0\"}\n\
                        max_users: 2\n\
                        waiting: {places_max: 1, secs_max: 60}\n\
                        users:\n  \
                        - {name: mike, password: pw, quota: 1000}\n";
        std::fs::write(folder.path().join("settings.yaml"), settings)
            .expect("the settings");
        let (child, stdout, address) = start(&folder, lie);
        Self { folder, child, stdout, address }
    }

    /// Kills it without a warning and starts it anew on the same root.
    pub(crate) fn restart(&mut self) {
        self.child.kill().expect("kills");
        self.child.wait().expect("ends");
        let (child, stdout, address) = start(&self.folder, None);
        (self.child, self.stdout, self.address) = (child, stdout, address);
    }

    /// Asks it to stop; what it printed last and its exit code.
    pub(crate) fn stop(mut self) -> (String, Option<i32>) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").arg(pid).status().expect("kill");
        assert!(status.success());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("reads");
        (rest, self.child.wait().expect("ends").code())
    }

    /// Mike's home on the disk.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("root/home/mike")
    }

    /// Connects, and says nothing.
    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(&self.address).expect("connects");
        stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
        Client { stream: BufReader::new(stream) }
    }

    /// Connects and signs in.
    pub(crate) fn mike(&self) -> Client {
        let mut client = self.connect();
        client.expect("000 state=ready");
        client.ask("auth mike pw", "200 user=mike quota=1000");
        client
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Client {
    /// The next line begins so.
    #[track_caller]
    pub(crate) fn expect(&mut self, beginning: &str) {
        let line = self.line();
        assert!(line.starts_with(beginning), "{line:?}, not {beginning:?}");
    }

    /// Sends a line, and its answer begins so.
    #[track_caller]
    pub(crate) fn ask(&mut self, request: &str, beginning: &str) {
        self.send(format!("{request}\n").as_bytes());
        self.expect(beginning);
    }

    /// Sends a whole upload.
    #[track_caller]
    pub(crate) fn put(&mut self, request: &str, bytes: &[u8]) {
        self.ask(request, "202 ");
        self.expect("405 offset=0\n");
        self.send(bytes);
        self.expect("201 size=");
    }

    /// Sends bytes.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).expect("sends");
    }

    /// The next line, empty at the end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("a line in time");
        line
    }

    /// So many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).expect("bytes in time");
        bytes
    }
}

/// Runs the program with those arguments to its end.
pub(crate) fn run(arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).output().expect("runs")
}

fn start(
    folder: &TempDir,
    lie: Option<&str>,
) -> (Child, BufReader<ChildStdout>, String) {
    let mut command = Command::new(PROGRAM);
    command.arg("--settings").arg(folder.path().join("settings.yaml"));
    command.arg("--root").arg(folder.path().join("root"));
    if let Some(lie) = lie {
        command.args(["--lie", lie]);
    }
    command.stdout(Stdio::piped());
    let mut child = command.spawn().expect("starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let (mut listening, mut ready) = (String::new(), String::new());
    stdout.read_line(&mut listening).expect("listening");
    stdout.read_line(&mut ready).expect("ready");
    assert_eq!(ready, "ready\n");
    let address = listening.trim().strip_prefix("listening native ");
    let address = address.expect("the address").to_owned();
    (child, stdout, address)
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_ftpool-liar");

/// How long a reply may take before a test fails.
const DEADLINE: Duration = Duration::from_secs(20);
