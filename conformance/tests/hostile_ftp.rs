//! The suite against FTP servers that misbehave on purpose: each must end in
//! the right verdict, soon, and every broken rule of the wire is filed under
//! its requirement.
//!
//! Each fake server is a table of answers, with a passive port that sends
//! what the test gives it. It is played to as a foreign server.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use ftpool_conformance::load;
use ftpool_conformance::run::{Options, run_one};
use ftpool_conformance::target::{Credentials, Foreign, Target};
use ftpool_conformance::verdict::{Outcome, Verdict};

/// A server that answers as its table says.
#[derive(Clone, Copy)]
struct Fake {
    /// What it says first.
    greeting: &'static str,
    /// By verb: what it says. `{port}` is the passive port. A `DATA` in it
    /// is where the data go out and end.
    answers: &'static [(&'static str, &'static str)],
    /// What goes over a data connection, so many times.
    data: (&'static str, usize),
}

const HONEST: Fake = Fake {
    greeting: "220 hello\r\n",
    answers: &[
        ("EPSV", "229 Here (|||{port}|)\r\n"),
        ("NLST", "150 Coming\r\nDATA226 Done\r\n"),
        ("NOOP", "200 Yes\r\n"),
        ("QUIT", "221 Bye\r\n"),
    ],
    data: ("a\r\n", 2),
};

impl Fake {
    /// The same, but for one answer.
    fn says(self, verb: &'static str, answer: &'static str) -> Other {
        Other { fake: self, verb, answer }
    }
}

/// A fake with one answer changed; an empty verb changes nothing.
#[derive(Clone, Copy)]
struct Other {
    fake: Fake,
    verb: &'static str,
    answer: &'static str,
}

impl Other {
    fn answer(&self, verb: &str) -> &'static str {
        if verb == self.verb {
            return self.answer;
        }
        let known = self.fake.answers.iter().find(|row| row.0 == verb);
        known.map_or("500 What?\r\n", |row| row.1)
    }

    fn serve(&self, mut stream: TcpStream) {
        let reader = stream.try_clone().expect("a second handle");
        let patience = Some(Duration::from_secs(5));
        stream.set_write_timeout(patience).expect("a timeout");
        let passive = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = passive.local_addr().expect("it is bound").port();
        let _ = stream.write_all(self.fake.greeting.as_bytes());
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            let verb = line.split(' ').next().unwrap_or_default();
            let answer = self.answer(&verb.to_uppercase());
            let answer = answer.replace("{port}", &port.to_string());
            let (before, after) = match answer.split_once("DATA") {
                Some((before, after)) => (before, Some(after)),
                None => (&*answer, None),
            };
            let _ = stream.write_all(before.as_bytes());
            if let Some(after) = after {
                let (mut data, _) = passive.accept().expect("it comes");
                data.set_write_timeout(patience).expect("a timeout");
                for _ in 0..self.fake.data.1 {
                    if data.write_all(self.fake.data.0.as_bytes()).is_err() {
                        break;
                    }
                }
                drop(data);
                let _ = stream.write_all(after.as_bytes());
            }
            if answer.starts_with("221") {
                return;
            }
        }
    }
}

/// Plays the steps against the fake.
fn judge(fake: Other, steps: &str) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let server = thread::spawn(move || {
        let mut sessions = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            if stopped.load(Ordering::Relaxed) {
                break;
            }
            sessions.push(thread::spawn(move || fake.serve(stream)));
        }
        for session in sessions {
            session.join().expect("the fake server does not panic");
        }
    });
    let text = format!(
        "{{schema: 1, dialect: ftp, scenarios: [{{id: hostile, title: t, \
         rule: r, rfc: 959, section: '2', level: must, folder: false, \
         steps: {steps}}}]}}"
    );
    let cases = load::parse("hostile", &text).expect("the steps are good");
    let user = Credentials { name: "u".into(), password: String::new() };
    let (second, limit, home) = (None, None, None);
    let foreign =
        Foreign { address: address.clone(), user, second, limit, home };
    let options = Options { patience: Duration::from_millis(700) };
    let start = Instant::now();
    let outcome = run_one(&cases[0], &Target::foreign(foreign), options);
    assert!(start.elapsed() < Duration::from_secs(10), "bounded in time");
    stop.store(true, Ordering::Relaxed);
    drop(TcpStream::connect(address));
    server.join().expect("the fake server ends");
    outcome
}

#[track_caller]
fn ends_in(verdict: Verdict, fake: Other, steps: &str, why: &str) {
    let outcome = judge(fake, steps);
    assert_eq!(outcome.verdict, verdict, "{outcome:#?}");
    let told = format!("{} {:?}", outcome.reason, outcome.failure);
    assert!(told.contains(why), "{told} does not speak of {why:?}");
}

/// The rules that are broken while the scenario itself holds.
#[track_caller]
fn breaks(rules: &[&str], fake: Other, steps: &str) {
    let outcome = judge(fake, steps);
    assert_eq!(outcome.verdict, Verdict::Pass, "{outcome:#?}");
    let found: Vec<&str> = outcome.broken.iter().map(|b| b.rule).collect();
    assert_eq!(found, rules, "{outcome:#?}");
}

const NOOP: &str = "[{connect: ready}, {send: NOOP, expect: 200}]";
const NLST: &str = "[{connect: ready}, {nlst: {names: [a]}}]";

#[test]
fn a_good_server_passes_and_breaks_nothing() {
    breaks(&[], HONEST.says("", ""), NOOP);
    breaks(&[], HONEST.says("", ""), NLST);
}

#[test]
fn what_does_not_come_is_a_timeout_and_what_is_wrong_a_failure() {
    let silent = HONEST.says("NOOP", "");
    ends_in(Verdict::Timeout, silent, NOOP, "nothing");
    let half = HONEST.says("NOOP", "200-a\r\n");
    ends_in(Verdict::Timeout, half, NOOP, "nothing");
    let wrong = HONEST.says("NOOP", "202 No\r\n");
    ends_in(Verdict::Fail, wrong, NOOP, "got 202");
    let gone = HONEST.says("NOOP", "221 Bye\r\n");
    ends_in(Verdict::Fail, gone, NOOP, "got 221");
    let none = HONEST.says("EPSV", "229 Here (||{port}|)\r\n");
    ends_in(Verdict::Fail, none, NLST, "an address that can be read");
    let nobody = HONEST.says("EPSV", "229 Here (|||1|)\r\n");
    ends_in(Verdict::Fail, nobody, NLST, "refused");
}

#[test]
fn data_are_compared_to_their_end() {
    let steps = |bytes: &str| {
        format!(
            "[{{connect: ready}}, {{data: epsv}}, {{send: NLST, expect: 150, \
             receive: {{text: \"{bytes}\"}}, end: 226}}]"
        )
    };
    let fake = HONEST.says("", "");
    breaks(&[], fake, &steps("a\\r\\na\\r\\n"));
    ends_in(Verdict::Fail, fake, &steps("a\\r\\n"), "more bytes from byte 3");
    let longer = steps("a\\r\\na\\r\\nb");
    ends_in(Verdict::Fail, fake, &longer, "the end after 6 bytes");
    let other = steps("a\\r\\nb\\r\\n");
    ends_in(Verdict::Fail, fake, &other, "other bytes from byte 3");
}

#[test]
fn an_endless_listing_is_not_kept() {
    let line =
        "0123456789012345678901234567890123456789012345678901234567\r\n";
    let fake = Fake { data: (line, 1_200_000), ..HONEST };
    ends_in(Verdict::Fail, fake.says("", ""), NLST, "at most");
}

#[test]
fn each_broken_rule_is_filed_under_its_requirement() {
    let rules = [
        ("reply.no-bare-lf", "200 Yes\n"),
        ("reply.multiline-pad", "200-Yes\r\n213 x\r\n200 End\r\n"),
        ("reply.not-nested", "200-Yes\r\n213-x\r\n200 End\r\n"),
        ("reply.one-per-command", "200 Yes\r\n200 And yes\r\n"),
    ];
    for (rule, answer) in rules {
        breaks(&[rule], HONEST.says("NOOP", answer), NOOP);
    }
    let pwd = "[{connect: ready}, {send: PWD, expect: 200}]";
    let fake = HONEST.says("PWD", "200 Yes\r\n");
    breaks(&["reply.table-adherence"], fake, pwd);
    let twice = "150 Coming\r\n125 Now\r\nDATA226 Done\r\n";
    let steps = "[{connect: ready}, {data: epsv}, {send: NLST, replies: \
                 [150, 125], read: {length: 6}, end: 226}]";
    breaks(&["reply.single-1yz"], HONEST.says("NLST", twice), steps);
}

#[test]
fn a_transfer_that_is_begun_has_to_be_ended() {
    let never = HONEST.says("NLST", "150 Coming\r\nDATA");
    let steps = "[{connect: ready}, {data: epsv}, {send: NLST, expect: 150, \
                 read: {length: 6}}]";
    breaks(&["reply.final-after-1yz"], never, steps);
}
