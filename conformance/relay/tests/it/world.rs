//! A running relay with its server on a root of its own, and clients that
//! speak to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A relay; dropping it ends it, and the server with it.
pub(crate) struct World {
    folder: TempDir,
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

/// A client's connection.
pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
}

impl World {
    /// Starts one with user ann and two places.
    pub(crate) fn new(lie: Option<&str>) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = "listen: {ftp: \"127.0.0.1:0\"}\n\
                        max_users: 2\n\
                        waiting: {places_max: 2, secs_max: 60}\n\
                        limits: {drain_secs: 1}\n\
                        users:\n  - {name: ann, password: ann-pass}\n";
        let file = folder.path().join("settings.yaml");
        std::fs::write(&file, settings).expect("the settings");
        let (child, stdout, address) = start(&folder, lie);
        World { folder, child, stdout, address }
    }

    /// Kills it without a warning and starts it anew on the same root.
    pub(crate) fn restart(&mut self) {
        self.child.kill().expect("kills");
        self.child.wait().expect("ends");
        (self.child, self.stdout, self.address) = start(&self.folder, None);
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.expect("kill").success());
    }

    /// Asks it to stop; what it printed last and its exit code.
    pub(crate) fn stop(mut self) -> (String, Option<i32>) {
        self.signal("TERM");
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("reads");
        let code = self.child.wait().expect("ends").code();
        (rest, code)
    }

    /// Connects, and says nothing.
    pub(crate) fn connect(&self) -> Client {
        Client::of(&self.address)
    }

    /// Connects and signs in.
    pub(crate) fn ann(&self) -> Client {
        let mut client = self.connect();
        client.expect("220 ");
        client.ask("USER ann", "331 ");
        client.ask("PASS ann-pass", "230 ");
        client.ask("TYPE I", "200 ");
        client
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        self.signal("TERM");
        let until = Instant::now() + DEADLINE;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Client {
    fn of(address: &str) -> Client {
        let stream = TcpStream::connect(address).expect("connects");
        stream.set_read_timeout(Some(DEADLINE)).expect("a deadline");
        Client { stream: BufReader::new(stream) }
    }

    /// The next line begins so.
    #[track_caller]
    pub(crate) fn expect(&mut self, beginning: &str) -> String {
        let line = self.line();
        assert!(line.starts_with(beginning), "{line:?}, not {beginning:?}");
        line
    }

    /// Sends a line, and its answer begins so.
    #[track_caller]
    pub(crate) fn ask(&mut self, request: &str, beginning: &str) -> String {
        self.send(format!("{request}\r\n").as_bytes());
        self.expect(beginning)
    }

    /// Sets up a data connection by EPSV.
    #[track_caller]
    pub(crate) fn data(&mut self) -> Client {
        let reply = self.ask("EPSV", "229 ");
        let port = reply.split('|').nth(3).expect("a port");
        Client::of(&format!("127.0.0.1:{port}"))
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

    /// All that comes up to the end.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).expect("the end in time");
        bytes
    }
}

fn start(
    folder: &TempDir,
    lie: Option<&str>,
) -> (Child, BufReader<ChildStdout>, String) {
    let mut command = relay();
    command.arg("--settings").arg(folder.path().join("settings.yaml"));
    command.arg("--root").arg(folder.path().join("root"));
    command.args(lie.map(|lie| ["--lie", lie]).iter().flatten());
    command.stdout(Stdio::piped());
    let mut child = command.spawn().expect("starts");
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    let (mut listening, mut ready) = (String::new(), String::new());
    stdout.read_line(&mut listening).expect("listening");
    stdout.read_line(&mut ready).expect("ready");
    assert_eq!(ready, "ready\n");
    let address = listening.trim().strip_prefix("listening ftp ");
    let address = address.expect("the address").to_owned();
    (child, stdout, address)
}

/// The program, told where the server is.
pub(crate) fn relay() -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("--server").arg(server());
    command
}

/// Runs the program with those arguments to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    relay().args(arguments).output().expect("runs")
}

/// The relay's program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_ftpool-relay");

/// The server's program, brought up to date once: a test of this package
/// alone does not build it.
pub(crate) fn server() -> &'static Path {
    static SERVER: OnceLock<PathBuf> = OnceLock::new();
    SERVER.get_or_init(|| {
        let cargo = std::env::var("CARGO").unwrap_or("cargo".to_owned());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--locked", "-p", "ftpool"]);
        build.args(["--bin", "ftpool-server"]);
        assert!(build.status().expect("cargo runs").success());
        Path::new(PROGRAM).with_file_name("ftpool-server")
    })
}

/// How long anything may take before a test fails.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);
