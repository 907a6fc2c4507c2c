//! The test of the measuring tool itself: a server's process is stopped for
//! two seconds. Whoever leaves out what had to wait does not see it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::ran::{PATIENT, program, server_program};

/// The workspace's own server, in a process that can be stopped.
struct Server {
    child: Child,
    address: SocketAddr,
    root: TempDir,
}

impl Server {
    fn start(program: &Path) -> Server {
        let root = TempDir::new().unwrap();
        let settings = root.path().join("settings.yaml");
        let text = "listen: {native: \"127.0.0.1:0\"}\nmax_users: 8\n\
            users: [{name: u, password: p}]\nlimits: {drain_secs: 1}\n";
        fs::write(&settings, text).unwrap();
        let mut child = Command::new(program)
            .args(["--settings", settings.to_str().unwrap()])
            .args(["--root", root.path().to_str().unwrap()])
            .stdout(Stdio::piped())
            .stderr(fs::File::create(root.path().join("stderr")).unwrap())
            .spawn()
            .unwrap();
        // Read to its last line: a server whose output nobody takes ends.
        let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .take_while(|line| line != "ready")
            .collect();
        let address = lines
            .iter()
            .find_map(|line| line.strip_prefix("listening native "))
            .expect("the server says where it listens")
            .parse()
            .unwrap();
        Server { child, address, root }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::CONT);
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn two_seconds_of_silence_show_in_the_response_and_not_in_the_service() {
    let built = server_program();
    let server = Server::start(&built);
    let folder = TempDir::new().unwrap();
    let workload = folder.path().join("load.yaml");
    let json = folder.path().join("load.json");
    fs::write(
        &workload,
        "name: steady\nduration: 6s\ngroups:\n  \
        - {users: 4, rate: 100, spacing: even, mix: {pwd: 1}}\n",
    )
    .unwrap();
    let (sender, answer) = mpsc::channel();
    let target = server.address.to_string();
    let (file, out) = (workload.clone(), json.clone());
    thread::spawn(move || {
        let mut arguments = vec![
            "run",
            "--target",
            &target,
            "--user",
            "u",
            "--no-drill",
            "--workload",
            file.to_str().unwrap(),
            "--json",
            out.to_str().unwrap(),
            "--quiet",
        ];
        arguments.extend(PATIENT);
        drop(sender.send(program(&arguments)));
    });
    // The stop lies within the run's six seconds wherever they begin in
    // the first two; its length is the only time that is judged.
    let early = answer.recv_timeout(Duration::from_secs(3));
    assert!(early.is_err(), "the run takes six seconds");
    server.signal(Signal::STOP);
    let during = answer.recv_timeout(Duration::from_secs(2));
    server.signal(Signal::CONT);
    assert!(during.is_err(), "the run waits for its answers");
    let output = answer.recv_timeout(Duration::from_secs(60)).unwrap();
    let server_said = fs::read_to_string(server.root.path().join("stderr"));
    let said = String::from_utf8_lossy(&output.stdout);
    let said = format!("{said}\nthe server: {}", server_said.unwrap());
    assert_eq!(output.status.code(), Some(0), "{said}");
    let report: serde_json::Value =
        serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    let pwd = &report["operations"]["pwd"];
    let micros = |pointer: &str| pwd.pointer(pointer).unwrap().as_u64();
    // A third of all starts fell into the stop, up to two seconds deep.
    assert!(micros("/response_us/p99") > Some(1_500_000), "{said}");
    assert!(micros("/response_us/p90") > Some(500_000), "{said}");
    // Four of six hundred were under way when it stopped.
    assert!(micros("/service_us/p50") < Some(250_000), "{said}");
    assert!(report["validity"]["held_up"].as_u64() > Some(50), "{said}");
    // One start every ten milliseconds, the last just before the end.
    assert_eq!(pwd["count"].as_u64(), Some(599), "no start is left out");
    assert_eq!(report["validity"]["offered"].as_u64(), Some(599));
}
