//! Runs a client's program to its end, with a deadline, in folders of its
//! own: nothing of the account that runs the tests is seen or touched.

use std::{
    env,
    fs::{self, File},
    io::Write,
    os::fd::OwnedFd,
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, pidfd_open},
};

use crate::client::Call;

/// What a run has left.
#[derive(Debug)]
pub struct Ran {
    /// `None` where a signal ended it.
    pub code: Option<i32>,
    /// Standard output and standard error.
    pub said: String,
}

/// Runs it in `folder`, with `home` as its user's home.
///
/// # Errors
///
/// Where it does not end in time: it is killed.
pub fn run(call: &Call, folder: &Path, home: &Path) -> Result<Ran, String> {
    let said = home.join("said");
    let output = File::create(&said).expect("a file");
    let ncftp = home.join("ncftp");
    fs::create_dir_all(&ncftp).expect("a folder");
    let mut child = Command::new(call.program)
        .args(&call.arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        // It asks the system for the home, not the environment.
        .env("NCFTPDIR", ncftp)
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "dumb")
        .stdin(Stdio::piped())
        .stdout(output.try_clone().expect("a descriptor"))
        .stderr(output)
        .spawn()
        .expect("it is installed");
    let mut input = child.stdin.take().expect("a pipe");
    // Who ends before it has read everything says why by itself.
    let _ = input.write_all(call.input.as_bytes());
    drop(input);
    let ended = has_ended(&child);
    if !ended {
        child.kill().expect("a child");
    }
    let status = child.wait().expect("a child");
    let said = fs::read(&said).expect("a file");
    let said = String::from_utf8_lossy(&said).into_owned();
    match ended {
        true => Ok(Ran { code: status.code(), said }),
        false => Err(format!("{call:?} does not end; it said:\n{said}")),
    }
}

/// Waits for a process; `false` where the deadline comes first.
fn has_ended(child: &Child) -> bool {
    let pid = i32::try_from(child.id()).expect("a process' number");
    let pid = Pid::from_raw(pid).expect("a process' number");
    let process: OwnedFd =
        pidfd_open(pid, PidfdFlags::empty()).expect("a child");
    let mut watched = [PollFd::new(&process, PollFlags::IN)];
    poll(&mut watched, Some(&DEADLINE)).expect("a descriptor") > 0
}

/// Long enough for any machine.
const DEADLINE: Timespec = Timespec { tv_sec: 120, tv_nsec: 0 };
