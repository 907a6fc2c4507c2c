//! The server and the folders of one client's test: what is there before
//! an operation, and what has to be there after it.
//!
//! Must not know: how any client is called.

use std::{
    fs,
    path::{Path, PathBuf},
};

use libtest_mimic::Failed;
use tempfile::TempDir;

use crate::{
    client::{Call, Client, Way},
    operation::{
        CHINESE_FOLDER, Job, LISTED_FOLDER, LISTED_NAMES, Operation, PASSWORD,
        ROOMY_USER, TIGHT_USER,
    },
    peer::{Peer, pattern},
    program::{Program, Started},
    run::{Ran, run},
};

/// A client, its folders, and a server for it alone.
pub struct Stage {
    client: &'static Client,
    server: Started,
    folders: TempDir,
}

impl Stage {
    /// Starts a server whose disk holds what the operations need.
    pub fn set(client: &'static Client) -> Stage {
        let program = Program::settings(SETTINGS);
        furnish(&program.root().join("home"));
        let folders = TempDir::new().expect("a temporary folder");
        for name in ["here", "home"] {
            let path = folders.path().join(name);
            fs::create_dir(path).expect("a folder");
        }
        Stage { client, server: program.start(), folders }
    }

    /// Has the client do all that it can.
    ///
    /// # Errors
    ///
    /// All operations that did not come out as they have to.
    pub fn play(self) -> Result<(), Failed> {
        let mut faults = String::new();
        for operation in Operation::ALL {
            let job = operation.job(self.port());
            if let Way::Call(call) = (self.client.way)(&job)
                && let Err(fault) = self.attempt(&job, &call)
            {
                let title = operation.title();
                faults += &format!("\n{title}: {fault}\n");
            }
        }
        self.server.stop();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(faults.into()),
        }
    }

    /// Where the server speaks FTP.
    fn port(&self) -> u16 {
        self.server.ftp_address.expect("the settings say so").port()
    }

    fn attempt(&self, job: &Job, call: &Call) -> Result<(), String> {
        self.prepare(job);
        let home = self.folders.path().join("home");
        let ran = run(call, &self.here(""), &home)?;
        self.verify(job, &ran)
            .map_err(|wanted| format!("{wanted}\n{call:?} ended with {ran:?}"))
    }

    /// The client's side of what is there before.
    fn prepare(&self, job: &Job) {
        let content = pattern(CONTENT_BYTES, SEED);
        let local = match job.operation {
            Operation::Upload | Operation::NamesUp => &content[..],
            Operation::UploadResumed => {
                self.leave_a_part(job, &content[..job.kept]);
                &content[..]
            }
            Operation::DownloadResumed => &content[..job.kept],
            Operation::OverQuota => &pattern(LARGE_BYTES, SEED),
            Operation::List
            | Operation::Download
            | Operation::ActiveDownload
            | Operation::Rename
            | Operation::Delete
            | Operation::MakeDirectory
            | Operation::NamesDown => return,
        };
        fs::write(self.here(job.local), local).expect("a local file");
    }

    /// An upload that was cut off: the server keeps what came, hidden.
    fn leave_a_part(&self, job: &Job, bytes: &[u8]) {
        let server = self.server.ftp_address.expect("the settings say so");
        let mut control = Peer::connect(server);
        control.expect("220 ");
        let ask = |control: &mut Peer, command: &str, code: &str| {
            control.send(format!("{command}\r\n"));
            control.expect(code)
        };
        ask(&mut control, &format!("USER {}", job.user), "331 ");
        ask(&mut control, &format!("PASS {PASSWORD}"), "230 ");
        ask(&mut control, "TYPE I", "200 ");
        let passive = ask(&mut control, "EPSV", "229 ");
        let port = passive.split('|').nth(3).and_then(|it| it.parse().ok());
        let port = port.expect("a port in the reply to EPSV");
        let mut data = Peer::connect((server.ip(), port).into());
        ask(&mut control, &format!("STOR {}", job.name), "150 ");
        data.send(bytes);
        // The server must have taken the bytes before the break.
        loop {
            control.send("STAT\r\n");
            control.expect("211-");
            let mut moved = String::new();
            loop {
                let line = control.line();
                if line.starts_with("211 ") {
                    break;
                }
                moved = line;
            }
            if moved.contains(&format!(": {} bytes", bytes.len())) {
                break;
            }
        }
        data.reset();
        control.expect("426 ");
        ask(&mut control, "QUIT", "221 ");
        control.expect_close();
    }

    /// What has to be there afterwards.
    fn verify(&self, job: &Job, ran: &Ran) -> Result<(), String> {
        let refused = job.operation == Operation::OverQuota;
        require((ran.code == Some(0)) != refused, || {
            format!("the exit code is {:?}", ran.code)
        })?;
        let there = self.remote(job, job.name);
        let content = pattern(CONTENT_BYTES, SEED);
        match job.operation {
            Operation::List => self.verify_listing(ran),
            Operation::Upload | Operation::NamesUp => {
                require_content(&there, &content)
            }
            Operation::Download
            | Operation::ActiveDownload
            | Operation::NamesDown => {
                require_content(&self.here(job.local), &content)
            }
            Operation::UploadResumed => {
                require_content(&there, &content)?;
                self.require_moved("received", job)
            }
            Operation::DownloadResumed => {
                require_content(&self.here(job.local), &content)?;
                self.require_moved("sent", job)
            }
            Operation::Rename => {
                require_nothing(&there)?;
                require_content(&self.remote(job, job.new_name), &content)
            }
            Operation::Delete => require_nothing(&there),
            Operation::MakeDirectory => {
                require(there.is_dir(), || format!("no folder {there:?}"))
            }
            Operation::OverQuota => {
                require(ran.said.contains(OVER_QUOTA), || {
                    format!("nobody was told {OVER_QUOTA:?}")
                })?;
                require_content(&there, OLD_CONTENT)
            }
        }
    }

    /// All names, in what the client showed or in the file that wget keeps.
    fn verify_listing(&self, ran: &Ran) -> Result<(), String> {
        let kept = fs::read_to_string(self.here(".listing"));
        let shown = format!("{}{}", ran.said, kept.unwrap_or_default());
        let missing = LISTED_NAMES.iter().find(|it| !shown.contains(**it));
        match missing {
            None => Ok(()),
            Some(name) => Err(format!("no {name} is listed")),
        }
    }

    /// The log must tell that only what was missing has gone over the line.
    fn require_moved(&self, word: &str, job: &Job) -> Result<(), String> {
        let path = format!("path={:?}", job.path());
        let bytes = format!("bytes={} ", CONTENT_BYTES - job.kept);
        let log = self.server.log();
        let told = log.lines().any(|line| {
            [word, &path, &bytes].iter().all(|part| line.contains(part))
        });
        require(told, || format!("no {word} {path} {bytes} in\n{log}"))
    }

    fn here(&self, name: &str) -> PathBuf {
        self.folders.path().join("here").join(name)
    }

    fn remote(&self, job: &Job, name: &str) -> PathBuf {
        let home = self.server.root().join("home").join(job.user);
        home.join(job.folder).join(name)
    }
}

/// The server's side of what is there before.
fn furnish(home: &Path) {
    let (roomy, tight) = (home.join(ROOMY_USER), home.join(TIGHT_USER));
    let listed = roomy.join(LISTED_FOLDER);
    let [files @ .., folder] = LISTED_NAMES;
    for folder in [&tight, &listed.join(folder), &roomy.join(CHINESE_FOLDER)] {
        fs::create_dir_all(folder).expect("a folder");
    }
    for name in files {
        fs::write(listed.join(name), name).expect("a file");
    }
    let content = pattern(CONTENT_BYTES, SEED);
    for operation in [
        Operation::Download,
        Operation::ActiveDownload,
        Operation::DownloadResumed,
        Operation::Rename,
        Operation::Delete,
        Operation::NamesDown,
    ] {
        let job = operation.job(0);
        let path = roomy.join(job.folder).join(job.name);
        fs::write(path, &content).expect("a file");
    }
    let old = tight.join(Operation::OverQuota.job(0).name);
    fs::write(old, OLD_CONTENT).expect("a file");
}

fn require(holds: bool, fault: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(fault()) }
}

fn require_content(path: &Path, content: &[u8]) -> Result<(), String> {
    let there = fs::read(path).map_err(|e| format!("{path:?}: {e}"))?;
    let same = there.iter().zip(content).take_while(|(a, b)| a == b).count();
    require(there == content, || {
        let (has, wanted) = (there.len(), content.len());
        format!("{path:?}: {has} bytes for {wanted}, the first {same} right")
    })
}

fn require_nothing(path: &Path) -> Result<(), String> {
    require(!path.exists(), || format!("{path:?} is still there"))
}

/// `tight` has no room for a second byte.
const SETTINGS: &str = "\
listen: {native: \"127.0.0.1:0\", ftp: \"127.0.0.1:0\"}
users:
  - {name: anna, password: secret, quota: 10MiB}
  - {name: tight, password: secret, quota: 12}
";

/// The file that must survive an upload that does not fit.
const OLD_CONTENT: &[u8] = b"the old one";

/// What the server says of an upload that does not fit.
const OVER_QUOTA: &str = "does not fit the quota";

/// No multiple of any buffer's size.
const CONTENT_BYTES: usize = 100_003;

/// More than all buffers between client and server hold: the client is
/// still sending when the server says no.
const LARGE_BYTES: usize = 20_000_000;

/// Any.
const SEED: u8 = 5;
