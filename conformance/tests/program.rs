//! The program as people and scripts call it: what it exits with, and what
//! it says.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

/// Runs the program; gives its exit code and all that it wrote.
fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ftpool-conformance"))
        .args(arguments)
        .env("FTPOOL_PASSWORD", "p")
        .output()
        .expect("the program starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
fn ends(arguments: &[&str], code: i32, says: &str) {
    let (got, text) = run(arguments);
    assert_eq!(got, Some(code), "{arguments:?}: {text}");
    assert!(text.contains(says), "{arguments:?}: {says:?} is not in\n{text}");
}

/// A server that can `auth`, `noop` and `quit`, and fails at all else.
struct Fake {
    address: String,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Fake {
    fn start() -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let mut writer = stream.try_clone().expect("a second handle");
                let _ = writeln!(
                    writer,
                    "000 state=ready protocol=1 limit=9 serving=1"
                );
                for line in BufReader::new(stream).lines() {
                    let Ok(line) = line else { break };
                    let _ = match line.split(' ').next() {
                        Some("auth") => {
                            writeln!(writer, "200 user=u quota=1 used=0")
                        }
                        Some("noop" | "quit") => writeln!(writer, "201"),
                        _ => writeln!(writer, "401 reason=io"),
                    };
                    if line == "quit" {
                        break;
                    }
                }
            }
        });
        Fake { address, stop, thread: Some(thread) }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = std::net::TcpStream::connect(&self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Two scenarios: one that the fake server passes and one that it fails.
fn scenarios(folder: &TempDir) -> PathBuf {
    let one = |id: &str, line: &str| {
        format!(
            "- {{id: {id}, title: t, rule: r, section: '1', level: must, \
             folder: false, steps: [{{connect: ready}}, {{send: {line}, \
             expect: 201}}]}}\n"
        )
    };
    let (good, bad) = (one("it.can", "noop"), one("it.cannot", "pwd"));
    let text = format!("schema: 1\nscenarios:\n{good}{bad}");
    write(folder, "s.yaml", &text)
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).expect("written");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn what_needs_no_server_says_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let good = scenarios(&folder);
    ends(&["check", text(&good)], 0, "2 scenarios");
    ends(&["list", "--scenarios", text(&good)], 0, "it.cannot");
    ends(&["explain", "shutdown.new-refused"], 0, "shutdown-listens     new");
    ends(&["explain"], 2, "name a scenario");
    let bad = write(&folder, "bad.yaml", "schema: 1\nscenario: []\n");
    ends(&["check", text(&bad)], 2, "bad.yaml:2:1: ");
    ends(&["list", "nothing.at-all*"], 4, "matches no scenario");
    ends(&["list", "cd*", "--exclude", "nobody"], 4, "matches no scenario");
    ends(&["list", "cd*", "--exclude", "cd*"], 4, "no scenario is left");
    ends(&["run", "--repeat", "0"], 2, "0 is not in 1..");
    let nowhere = ["run", "--target", "127.0.0.1:1", "--user", "u"];
    ends(&nowhere, 3, "127.0.0.1:1");
}

#[test]
fn a_failure_is_one_unless_it_is_known_and_so_is_what_got_better() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenarios = scenarios(&folder);
    let server = Fake::start();
    let run = ["run", "--target", &server.address, "--user", "u"];
    let run = [&run[..], &["--scenarios", text(&scenarios)]].concat();
    ends(&[&run[..], &["it.can"]].concat(), 0, "1 PASS");
    ends(&run, 1, "1 PASS, 1 FAIL");
    let known = "{id: it.cannot, verdict: fail, reason: r}";
    let better = "{id: it.can, verdict: fail, reason: r}";
    let gone = "{id: it.was, verdict: fail, reason: r}";
    let cases = [
        (known.to_owned(), 0, "1 PASS, 1 FAIL"),
        (format!("{known}, {better}"), 1, "it.can is PASS, and was FAIL"),
        (better.to_owned(), 1, "it.cannot is FAIL, and was good"),
    ];
    for (list, code, says) in cases {
        let list = format!("target: fake\nexpect: [{list}]\n");
        let baseline = write(&folder, "baseline.yaml", &list);
        let with = [&run[..], &["--baseline", text(&baseline)]].concat();
        ends(&with, code, says);
    }
    // Of the built-in scenarios all are there, so a name that none has is a
    // slip of the pen.
    let list = format!("target: fake\nexpect: [{gone}]\n");
    let baseline = write(&folder, "baseline.yaml", &list);
    let whole = [&run[..5], &["--baseline", text(&baseline)]].concat();
    ends(&whole, 2, "there is no it.was");
    let second = "{id: a, title: t, rule: r, section: '1', level: must, \
                  needs: [second_user], steps: [{send: noop, expect: 201}]}";
    let alone = format!("{{schema: 1, scenarios: [{second}]}}");
    let alone = write(&folder, "alone.yaml", &alone);
    let run = [&run[..5], &["--scenarios", text(&alone)]].concat();
    ends(&run, 4, "nothing ran");
}

#[test]
fn a_run_becomes_a_baseline_and_a_column() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenarios = scenarios(&folder);
    let server = Fake::start();
    let json = folder.path().join("run.json");
    let report = format!("json={}", text(&json));
    let run = ["run", "--target", &server.address, "--user", "u"];
    let more = ["--scenarios", text(&scenarios), "--report", &report];
    ends(&[&run[..], &more].concat(), 1, "1 PASS, 1 FAIL");

    // What is written holds, and words that were changed by hand stay.
    let baseline = folder.path().join("fake.yaml");
    let again = ["baseline", text(&json), "--target", "Fake 1", "--write"];
    let again = [&again[..], &[text(&baseline)]].concat();
    ends(&again, 0, "");
    let known = [&run[..], &["--scenarios", text(&scenarios)]].concat();
    let known = [&known[..], &["--baseline", text(&baseline)]].concat();
    ends(&known, 0, "1 PASS, 1 FAIL");
    let told = fs::read_to_string(&baseline).expect("it was written");
    let reason = told.lines().last().expect("a reason");
    let told = told.replace(reason, "    reason: \"by hand\"");
    fs::write(&baseline, told).expect("written");
    ends(&again, 0, "");
    let told = fs::read_to_string(&baseline).expect("it was written");
    assert!(told.contains("by hand"), "{told}");

    // The page keeps what stands around the table.
    let mark = "<!-- begin: written by `ftpool-conformance table` -->";
    let page = format!("before\n{mark}\nold\n<!-- end -->\nafter\n");
    let page = write(&folder, "page.md", &page);
    let column = format!("fake={}", text(&json));
    let table = ["table", &column, "--baselines", text(folder.path())];
    let check = [&table[..], &["--check", text(&page)]].concat();
    ends(&check, 1, "out of date");
    ends(&[&table[..], &["--write", text(&page)]].concat(), 0, "");
    ends(&check, 0, "");
    let told = fs::read_to_string(&page).expect("it was written");
    for part in ["before\n", "\nafter\n", "**FAIL**", "by hand", "Fake 1"] {
        assert!(told.contains(part), "{part:?} is not in {told}");
    }
    assert!(!told.contains("old"), "{told}");
    let bare = write(&folder, "bare.md", "no mark");
    let table = [&table[..], &["--write", text(&bare)]].concat();
    ends(&table, 2, "no mark begins");
}
