//! The suite against servers that misbehave on purpose: each must end in the
//! right verdict, soon, and without the suite's memory growing.
//!
//! Each fake server is a few lines on a socket of its own. It is played to
//! as a foreign server, as nothing of it could be started.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ftpool_conformance::load;
use ftpool_conformance::run::{Options, run_one};
use ftpool_conformance::target::{Credentials, Foreign, Target};
use ftpool_conformance::verdict::{Outcome, Verdict};

const READY: &str = "000 state=ready protocol=1 limit=4 serving=1 : hello\n";

/// What the fake server does with a connection.
type Behaviour = fn(TcpStream, &AtomicU64);

/// Plays the steps against a server of that behaviour.
fn judge(behaviour: Behaviour, steps: &str) -> (Outcome, u64) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let stop = Arc::new(AtomicBool::new(false));
    let written = Arc::new(AtomicU64::new(0));
    let (stopped, count) = (stop.clone(), written.clone());
    let server = thread::spawn(move || {
        let mut sessions = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            if stopped.load(Ordering::Relaxed) {
                break;
            }
            let count = count.clone();
            sessions.push(thread::spawn(move || behaviour(stream, &count)));
        }
        for session in sessions {
            session.join().expect("the fake server does not panic");
        }
    });
    let text = format!(
        "{{schema: 1, scenarios: [{{id: hostile, title: t, rule: r, \
         section: '2', level: must, folder: false, steps: {steps}}}]}}"
    );
    let cases = load::parse("hostile", &text).expect("the steps are good");
    let password = String::new();
    let user = Credentials { name: "u".into(), password };
    let (second, limit, home) = (None, None, None);
    let target = Target::foreign(Foreign {
        address: address.clone(),
        user,
        second,
        limit,
        home,
    });
    let options = Options { patience: Duration::from_millis(700) };
    let start = Instant::now();
    let outcome = run_one(&cases[0], &target, options);
    assert!(start.elapsed() < Duration::from_secs(10), "bounded in time");
    stop.store(true, Ordering::Relaxed);
    drop(TcpStream::connect(address));
    server.join().expect("the fake server ends");
    (outcome, written.load(Ordering::Relaxed))
}

#[track_caller]
fn ends_in(verdict: Verdict, behaviour: Behaviour, steps: &str, why: &str) {
    let (outcome, _) = judge(behaviour, steps);
    assert_eq!(outcome.verdict, verdict, "{outcome:#?}");
    let told = format!("{} {:?}", outcome.reason, outcome.failure);
    assert!(told.contains(why), "{told} does not speak of {why:?}");
}

/// Writes for as long as anyone reads; counts what was taken.
fn pour(mut stream: TcpStream, first: &str, written: &AtomicU64) {
    let patience = Some(Duration::from_secs(5));
    stream.set_write_timeout(patience).expect("a timeout");
    let chunk = [b'a'; 64 * 1024];
    let mut begun = stream.write_all(first.as_bytes());
    while begun.is_ok() && written.load(Ordering::Relaxed) < 1 << 31 {
        begun = stream.write_all(&chunk);
        written.fetch_add(chunk.len() as u64, Ordering::Relaxed);
    }
}

/// Says ready, then for each line what `answer` says to it.
fn answer_lines(stream: TcpStream, answer: fn(&str) -> &'static str) {
    let mut writer = stream.try_clone().expect("a second handle");
    let _ = writer.write_all(READY.as_bytes());
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let text = if line == "quit" { "201\n" } else { answer(&line) };
        let _ = writer.write_all(text.as_bytes());
        if line == "quit" {
            return;
        }
    }
}

fn reset(stream: TcpStream) {
    let now = Some(Duration::ZERO);
    rustix::net::sockopt::set_socket_linger(&stream, now).expect("linger");
}

const NOOP: &str = "[{connect: ready}, {send: noop, expect: 201}]";

#[test]
fn a_good_server_passes() {
    let honest: Behaviour = |s, _| answer_lines(s, |_| "201 : fine\n");
    ends_in(Verdict::Pass, honest, NOOP, "");
}

#[test]
fn an_endless_line_fails_in_bounded_memory() {
    let endless: Behaviour = |s, written| pour(s, "000 state=", written);
    let (outcome, written) = judge(endless, NOOP);
    assert_eq!(outcome.verdict, Verdict::Fail, "{outcome:#?}");
    assert!(outcome.reason.contains("longer than any"), "{outcome:#?}");
    // What the suite did not read stands in the sockets' buffers.
    assert!(written < 64 << 20, "{written} bytes were taken");
}

#[test]
fn a_line_without_an_end_is_a_timeout() {
    let open: Behaviour = |mut s, _| {
        let _ = s.write_all(READY.trim_end().as_bytes());
        let _ = BufReader::new(s).lines().next();
    };
    ends_in(Verdict::Timeout, open, NOOP, "nothing in");
}

#[test]
fn silence_is_a_timeout_and_not_an_error() {
    let silent: Behaviour = |s, _| answer_lines(s, |_| "");
    ends_in(Verdict::Timeout, silent, NOOP, "wanted 201");
}

#[test]
fn a_reply_before_the_command_fails() {
    let hasty: Behaviour = |mut s, _| {
        let both = format!("{READY}201 : at your service\n");
        let _ = s.write_all(both.as_bytes());
        answer_rest(s);
    };
    ends_in(Verdict::Fail, hasty, NOOP, "that nothing asked for");
}

/// Reads on until the client goes.
fn answer_rest(stream: TcpStream) {
    for _ in BufReader::new(stream).lines().map_while(Result::ok) {}
}

#[test]
fn two_replies_for_one_command_fail() {
    let twice: Behaviour = |s, _| answer_lines(s, |_| "201\n201\n");
    ends_in(Verdict::Fail, twice, NOOP, "stray bytes");
}

#[test]
fn a_close_in_the_middle_of_a_line_fails() {
    let cut: Behaviour = |mut s, _| {
        let _ = s.write_all(READY.as_bytes());
        let mut reader = BufReader::new(s.try_clone().expect("a handle"));
        let _ = reader.read_line(&mut String::new());
        let _ = s.write_all(b"20");
    };
    ends_in(Verdict::Fail, cut, NOOP, "closed the connection");
}

#[test]
fn a_reset_in_the_middle_fails_and_says_so() {
    let cut: Behaviour = |mut s, _| {
        let _ = s.write_all(READY.as_bytes());
        let mut reader = BufReader::new(s.try_clone().expect("a handle"));
        let _ = reader.read_line(&mut String::new());
        drop(reader);
        reset(s);
    };
    ends_in(Verdict::Fail, cut, NOOP, "reset the connection");
}

#[test]
fn a_reset_right_after_the_last_reply_does_not_hide_the_reply() {
    let steps = "[{connect: ready}, {send: quit, expect: 201}, \
                 {expect_close: any}]";
    let cut: Behaviour = |mut s, _| {
        let _ = s.write_all(READY.as_bytes());
        let mut reader = BufReader::new(s.try_clone().expect("a handle"));
        let _ = reader.read_line(&mut String::new());
        let _ = s.write_all(b"201 : bye\n");
        drop(reader);
        reset(s);
    };
    ends_in(Verdict::Pass, cut, steps, "");
    let clean = steps.replace("any", "clean");
    ends_in(Verdict::Fail, cut, &clean, "reset the connection");
}

#[test]
fn one_byte_at_a_time_is_as_good_as_a_line() {
    let slow: Behaviour = |mut s, _| {
        s.set_nodelay(true).expect("no delay");
        let mut reader = BufReader::new(s.try_clone().expect("a handle"));
        for text in [READY, "201 : fine\n", "201\n"] {
            if text != READY {
                let _ = reader.read_line(&mut String::new());
            }
            for byte in text.as_bytes() {
                let _ = s.write_all(&[*byte]);
                thread::yield_now();
            }
        }
    };
    ends_in(Verdict::Pass, slow, NOOP, "");
}

const GET: &str = "[{connect: ready}, \
    {send: get a, expect: 405, receive: {text: abc}, end: 201}]";

#[test]
fn gigabytes_where_bytes_were_announced_fail_in_bounded_memory() {
    let flood: Behaviour = |mut s, written| {
        let _ = s.write_all(READY.as_bytes());
        let mut reader = BufReader::new(s.try_clone().expect("a handle"));
        let _ = reader.read_line(&mut String::new());
        drop(reader);
        pour(s, "405 offset=0 length=3 size=3\nabc", written);
    };
    let (outcome, written) = judge(flood, GET);
    assert_eq!(outcome.verdict, Verdict::Fail, "{outcome:#?}");
    assert!(outcome.reason.contains("longer than any"), "{outcome:#?}");
    assert!(written < 64 << 20, "{written} bytes were taken");
}

#[test]
fn other_bytes_fail_with_the_first_that_differs() {
    let wrong: Behaviour = |s, _| {
        answer_lines(s, |_| "405 offset=0 length=3 size=3\nabX201 size=3\n");
    };
    ends_in(Verdict::Fail, wrong, GET, "from byte 2 on");
}

#[test]
fn fewer_bytes_than_announced_fail() {
    let short: Behaviour = |mut s, _| {
        let _ = s.write_all(READY.as_bytes());
        let mut reader = BufReader::new(s.try_clone().expect("a handle"));
        let _ = reader.read_line(&mut String::new());
        let _ = s.write_all(b"405 offset=0 length=3 size=3\nab");
    };
    ends_in(Verdict::Fail, short, GET, "after 2 of them");
}

#[test]
fn a_listing_without_bound_is_refused_before_it_is_read() {
    let steps = "[{connect: ready}, {send: dir, expect: 201, listing: []}]";
    let huge: Behaviour = |s, _| {
        answer_lines(s, |_| "201 length=9223372036854775807 entries=1\n");
    };
    ends_in(Verdict::Fail, huge, steps, "at most");
}

#[test]
fn each_lint_turns_a_pass_into_a_failure() {
    let lines: [(Behaviour, &str); 4] = [
        (|s, _| answer_lines(s, |_| "201 path\n"), "no key=value"),
        (|s, _| answer_lines(s, |_| "201 a=1 a=2\n"), "twice"),
        (|s, _| answer_lines(s, |_| "201 reason=io\n"), "no refusal"),
        (|s, _| answer_lines(s, |_| "201 : \x07\n"), "control byte"),
    ];
    for (behaviour, why) in lines {
        ends_in(Verdict::Fail, behaviour, NOOP, why);
    }
}

#[test]
fn a_server_that_is_gone_afterwards_has_crashed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("the suite connects");
        drop(listener);
        answer_lines(stream, |_| "201\n");
    });
    let text = format!(
        "{{schema: 1, scenarios: [{{id: gone, title: t, rule: r, section: \
         '2', level: must, folder: false, steps: {NOOP}}}]}}"
    );
    let cases = load::parse("gone", &text).expect("the steps are good");
    let user = Credentials { name: "u".into(), password: String::new() };
    let (second, limit, home) = (None, None, None);
    let target =
        Target::foreign(Foreign { address, user, second, limit, home });
    let outcome = run_one(&cases[0], &target, Options::default());
    server.join().expect("the fake server ends");
    assert_eq!(outcome.verdict, Verdict::Crash, "{outcome:#?}");
    // And one that was never there is no statement about a server.
    let outcome = run_one(&cases[0], &target, Options::default());
    assert_eq!(outcome.verdict, Verdict::Error, "{outcome:#?}");
}
