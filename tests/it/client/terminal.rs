//! The client's program at a terminal: keys go in, and what the screen was
//! sent is waited for.

use std::{
    ffi::OsStr,
    fs::File,
    io::{Read, Write},
    os::unix::ffi::OsStrExt,
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use rustix::{
    event::{self, PollFd, PollFlags, Timespec},
    process::{Pid, Signal},
    pty::{self, OpenptFlags},
};

use super::tool::Tool;

/// A terminal with the client in it.
pub struct Terminal {
    screen: File,
    child: Child,
    /// What was sent to the screen and not yet waited for.
    seen: String,
}

impl Terminal {
    /// Starts the client at its prompt.
    pub fn start(tool: &Tool) -> Terminal {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        let screen = pty::openpt(flags).expect("a terminal");
        pty::grantpt(&screen).expect("a terminal");
        pty::unlockpt(&screen).expect("a terminal");
        let name = pty::ptsname(&screen, Vec::new()).expect("a name");
        let keyboard = File::options()
            .read(true)
            .write(true)
            .open(OsStr::from_bytes(name.as_bytes()))
            .expect("the other end");
        let end = || Stdio::from(keyboard.try_clone().expect("an end"));
        let child = tool
            .command(&["--timeout", "20"])
            .env("TERM", "xterm")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("the program");
        let screen = File::from(screen);
        Terminal { screen, child, seen: String::new() }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.screen.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// Waits for the prompt that follows, then presses keys: what is pressed
    /// between two prompts may be lost, as with any line editor.
    #[track_caller]
    pub fn type_in(&mut self, keys: &str) {
        self.wait_for("> ");
        self.press(keys);
    }

    /// Presses Ctrl-C, as a terminal tells it to a program that does not
    /// read keys.
    pub fn interrupt(&self) {
        let pid = Pid::from_child(&self.child);
        rustix::process::kill_process(pid, Signal::INT).expect("a process");
    }

    /// Waits for a text on the screen; what came before it is forgotten.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        let until = Instant::now() + DEADLINE;
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            let came = Instant::now() < until && self.take_in();
            assert!(came, "no {text:?} on the screen: {:?}", self.seen);
        }
    }

    /// Waits for the program's end; gives its exit code.
    #[track_caller]
    pub fn end(mut self) -> i32 {
        while self.take_in() {}
        let status = self.child.wait().expect("the program");
        status.code().expect("an exit, no signal")
    }

    /// Takes in what comes to the screen; false where nothing comes, or
    /// nobody is there to send it.
    fn take_in(&mut self) -> bool {
        let mut fds = [PollFd::new(&self.screen, PollFlags::IN)];
        let limit = Timespec::try_from(DEADLINE).expect("a time");
        assert_eq!(event::poll(&mut fds, Some(&limit)), Ok(1), "silence");
        let mut buffer = [0; 4096];
        match self.screen.read(&mut buffer) {
            Ok(length) if length > 0 => {
                self.seen
                    .push_str(&String::from_utf8_lossy(&buffer[..length]));
                true
            }
            // What a terminal says that nobody has open any more.
            Ok(_) | Err(_) => false,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Where a test has failed, the program may still be there.
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Long enough for any machine; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(20);
