//! The program, run to its end.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// A finished run.
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) exit: i32,
    /// What was said.
    pub(crate) said: String,
    /// The report, where one was written.
    pub(crate) json: Value,
    /// Goes with the files.
    pub(crate) folder: TempDir,
}

impl Ran {
    /// A file of the run's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A number in the report, by its pointer.
    #[track_caller]
    pub(crate) fn number(&self, pointer: &str) -> f64 {
        let value = self.json.pointer(pointer).and_then(Value::as_f64);
        value.unwrap_or_else(|| panic!("{pointer}: {}", self.said))
    }

    /// Fails with all that was said unless the exit code is this one.
    #[track_caller]
    pub(crate) fn exits(self, exit: i32) -> Ran {
        assert_eq!(self.exit, exit, "{}", self.said);
        self
    }
}

/// The program with arguments, run to its end.
pub(crate) fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ftpool-loadgen"))
        .args(arguments)
        .env("FTPOOL_PASSWORD", "p")
        .output()
        .unwrap()
}

/// A run of a workload against a server. The generator's own lateness is
/// not what is tested, and the machine may be busy.
pub(crate) fn run(target: SocketAddr, workload: &str, more: &[&str]) -> Ran {
    let folder = TempDir::new().unwrap();
    let (file, json) =
        (folder.path().join("load.yaml"), folder.path().join("load.json"));
    fs::write(&file, workload).unwrap();
    let target = target.to_string();
    let (file, json) = (file.to_str().unwrap(), json.to_str().unwrap());
    let mut arguments = vec![
        "run",
        "--quiet",
        "--target",
        &target,
        "--user",
        "u",
        "--workload",
        file,
        "--json",
        json,
    ];
    arguments.extend(PATIENT);
    arguments.extend(more);
    let output = program(&arguments);
    let said = [output.stdout, output.stderr].concat();
    Ran {
        exit: output.status.code().unwrap_or(-1),
        said: String::from_utf8_lossy(&said).into_owned(),
        json: fs::read(json)
            .ok()
            .and_then(|text| serde_json::from_slice(&text).ok())
            .unwrap_or_default(),
        folder,
    }
}

/// The server's program, brought up to date: a test of this package alone
/// does not build it.
pub(crate) fn server_program() -> PathBuf {
    let own = Path::new(env!("CARGO_BIN_EXE_ftpool-loadgen"));
    let folder = own.parent().unwrap();
    let cargo = std::env::var("CARGO").unwrap_or("cargo".to_owned());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "-p", "ftpool", "--bin", "ftpool-server"]);
    if folder.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().unwrap().success());
    folder.join("ftpool-server")
}

/// Flags under which a busy machine makes no run invalid.
pub(crate) const PATIENT: &[&str] =
    &["--late-max", "100", "--lag-max", "10m", "--refill-max", "60s"];
