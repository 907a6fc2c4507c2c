//! The client's program with folders of its own: nothing of the account
//! that runs the tests is seen or touched.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// A place to run the client in.
pub struct Tool {
    root: TempDir,
    target: String,
}

/// What a run has left.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Tool {
    /// For a server, as anna.
    pub fn new(address: SocketAddr) -> Tool {
        Tool::at(format!("anna@{address}"))
    }

    /// For a target as it is typed.
    pub fn at(target: impl Into<String>) -> Tool {
        Tool::below(TempDir::new(), target.into())
    }

    /// For a target as it is typed, with folders beside what was built: on a
    /// disk that keeps attributes beside a file's bytes.
    pub fn on_disk(target: impl Into<String>) -> Tool {
        let disk = env!("CARGO_TARGET_TMPDIR");
        Tool::below(TempDir::new_in(disk), target.into())
    }

    fn below(root: io::Result<TempDir>, target: String) -> Tool {
        let root = root.expect("a temporary folder");
        for folder in ["here", "home"] {
            fs::create_dir(root.path().join(folder)).expect("a folder");
        }
        Tool { root, target }
    }

    /// The same folders, and another server.
    pub fn again(self, address: SocketAddr) -> Tool {
        self.toward(format!("anna@{address}"))
    }

    /// The same folders, and another target.
    pub fn toward(self, target: String) -> Tool {
        Tool { target, ..self }
    }

    /// A path below the client's current folder.
    pub fn here(&self, name: &str) -> PathBuf {
        self.root.path().join("here").join(name)
    }

    /// A path below its user's home.
    pub fn home(&self, name: &str) -> PathBuf {
        self.root.path().join("home").join(name)
    }

    /// A path below its data folder.
    pub fn data(&self, name: &str) -> PathBuf {
        self.root.path().join("data").join(name)
    }

    /// Its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.data("log/client.log")).expect("a log")
    }

    /// Writes a local file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.here(name), content).expect("a local file");
    }

    /// A local file's content.
    #[track_caller]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.here(name)).expect(name)
    }

    /// The names in the client's current folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let folder = fs::read_dir(self.here("")).expect("a folder");
        let mut names: Vec<_> = folder
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The program, ready to start.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ftpool-client"));
        command
            .arg(&self.target)
            .args(arguments)
            .current_dir(self.here(""))
            .env_clear()
            .env("HOME", self.home(""))
            .env("FTPOOL_CLIENT_HOME", self.data(""))
            .env("FTPOOL_PASSWORD", "secret")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The program with a terminal of its own, as a person starts it who
    /// has told it no password.
    pub fn in_a_session_of_its_own(&self) -> Command {
        let plain = self.command(&["--timeout", "20"]);
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", "--wait"])
            .arg(plain.get_program())
            .args(plain.get_args())
            .current_dir(self.here(""))
            .env_clear()
            .env("HOME", self.home(""))
            .env("FTPOOL_CLIENT_HOME", self.data(""));
        command
    }

    /// Runs commands with `-c`.
    pub fn run(&self, commands: &str) -> Ran {
        let limit = ["--timeout", "20", "-c", commands];
        Ran::of(self.command(&limit).output().expect("the program"))
    }

    /// Runs a script on standard input.
    pub fn pipe(&self, script: &str) -> Ran {
        let mut child = self
            .command(&["--timeout", "20"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(script.as_bytes()).expect("a reader");
        drop(input);
        Ran::of(child.wait_with_output().expect("the program"))
    }
}

impl Ran {
    /// From what the system gathered.
    pub fn of(output: Output) -> Ran {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran {
            code: output.status.code().expect("an exit, no signal"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// It must have ended so.
    #[track_caller]
    pub fn code(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// A line of standard output must begin so.
    #[track_caller]
    pub fn said(self, beginning: &str) -> Ran {
        let found = self.out.lines().any(|line| line.starts_with(beginning));
        assert!(found, "no {beginning:?} in {self:?}");
        self
    }

    /// A line of standard error must begin so.
    #[track_caller]
    pub fn complained(self, beginning: &str) -> Ran {
        let found = self.err.lines().any(|line| line.starts_with(beginning));
        assert!(found, "no {beginning:?} in {self:?}");
        self
    }
}
