//! The server program as whoever starts it sees it: its output, its
//! signals, its exit codes and its log.

use std::{fs, thread};

use rustix::process::Signal;

use crate::{ftp::peer::FtpPeer, peer::number, program::Program};

#[test]
fn it_says_where_it_listens_and_stops_when_asked() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut program = Program::settings("").start();
        let mut anna = program.anna();
        anna.put("f", b"content");
        anna.ask("put g size=10", "202 ");
        anna.expect("405 ");
        anna.send("12345");
        let mut nobody = program.connect();
        nobody.expect("000 state=ready");
        program.signal(signal);
        nobody.expect("000 state=closing");
        nobody.expect_close();
        // What is under way comes to its end.
        anna.send("67890");
        anna.expect("201 size=10");
        anna.expect("000 state=closing");
        anna.expect_close();
        let (status, rest) = program.wait();
        assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
        assert_eq!(fs::read(program.path("g")).expect("it"), b"1234567890");
        let told = program.stderr();
        assert!(told.contains("stopped"), "{told}");
    }
}

#[test]
fn it_says_where_each_dialect_listens_and_stops_both() {
    let listen = "listen: {native: \"127.0.0.1:0\", ftp: \"127.0.0.1:0\"}\n";
    let program = Program::settings(listen).start();
    let mut native = program.anna();
    let ftp = program.ftp_address.expect("it was told");
    let mut ftp = FtpPeer::sign_in(ftp, "anna");
    program.signal(Signal::TERM);
    native.expect("000 state=closing");
    native.expect_close();
    ftp.expect("421 ");
    ftp.control.expect_close();
    program.stop();
}

#[test]
fn the_drain_has_an_end() {
    let mut program = Program::settings("limits: {drain_secs: 0}\n").start();
    let mut anna = program.anna();
    anna.ask("put g size=10", "202 ");
    anna.expect("405 ");
    program.signal(Signal::TERM);
    anna.expect("000 state=closing");
    anna.expect_close();
    let (status, _) = program.wait();
    assert_eq!(status.code(), Some(0));
    assert!(!program.path("g").exists());
}

#[test]
fn a_second_server_on_the_same_root_is_refused() {
    let program = Program::settings("").start();
    let second = program.second();
    assert_eq!(second.status.code(), Some(1));
    assert!(second.stdout.is_empty());
    let told = String::from_utf8(second.stderr).expect("text");
    assert!(told.contains("another server has this root"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    // The first has not noticed.
    program.anna().ask("noop", "201 ");
    program.stop();
}

#[test]
fn a_hangup_reads_users_quotas_and_limits_again() {
    let program = Program::settings("default_quota: 1000\n").start();
    let mut anna = program.anna();
    assert_eq!(anna.quota("quota"), 1000);
    program.rewrite_settings(
        "default_quota: 5000\n\
         limits: {login_failures: 1}\n\
         users:\n  \
           - {name: anna, password: another}\n  \
           - {name: bert, password: of-bert, quota: 7000}\n",
    );
    program.signal(Signal::HUP);
    program.logged(&["the settings were read again"]);
    assert_eq!(anna.quota("quota"), 5000);
    let mut bert = program.connect();
    bert.expect("000 state=ready");
    let welcome = bert.ask("auth bert of-bert", "200 user=bert");
    assert_eq!(number(&welcome, "quota"), 7000);
    // The database has the password now.
    program.anna().ask("noop", "201 ");
    let mut once = program.connect();
    once.expect("000 state=ready");
    once.ask("auth anna another", "400 reason=bad-password");
    once.expect_close();
    program.stop();
}

#[test]
fn bad_settings_at_a_hangup_change_nothing() {
    let program = Program::settings("default_quota: 1000\n").start();
    let mut anna = program.anna();
    program.rewrite_settings("default_quota: 5000\nlimits: {idle: 3}\n");
    program.signal(Signal::HUP);
    program.logged(&["ERROR", "bad settings", "limits.idle", "old ones stay"]);
    assert_eq!(anna.quota("quota"), 1000);
    program.rewrite_settings("default_quota: 2000\n");
    program.signal(Signal::HUP);
    program.logged(&["the settings were read again"]);
    assert_eq!(anna.quota("quota"), 2000);
    program.stop();
}

#[test]
fn the_log_tells_who_did_what_and_never_a_password() {
    let program =
        Program::settings("max_users: 1\nwaiting: {places_max: 0}\n").start();
    let mut peer = program.connect();
    peer.expect("000 state=ready");
    let address = peer.socket().local_addr().expect("a socket").to_string();
    peer.ask("auth anna open-sesame-1", "400 ");
    peer.ask("auth nobody%0A open-sesame-2 ", "400 ");
    peer.ask("auth anna secret", "200 ");
    peer.ask("auth anna open-sesame-3", "401 ");
    peer.ask("auth anna open-sesame-4 open-sesame-5", "401 ");
    peer.put("a%0Ab", &[1; 1234]);
    peer.get("a%0Ab");
    peer.ask("rm open", "402 ");
    peer.ask("put big size=999999999999", "404 ");
    peer.ask("put half size=10", "202 ");
    peer.expect("405 ");
    peer.send("12345");
    let mut late = program.connect();
    late.expect("000 state=busy");
    drop(peer);
    let one = format!("peer={address}");
    for words in [
        &["INFO", "began"][..],
        &["WARN", "sign-in refused", "name=\"anna\"", "BadPassword"],
        &["WARN", "sign-in refused", "name=\"nobody", "BadPassword"],
        &["INFO", "signed in", "user=anna"],
        &["INFO", "received", "user=anna", "path=", "bytes=1234", "secs="],
        &["INFO", "sent", "user=anna", "bytes=1234", "secs="],
        &["INFO", "refused", "user=anna", "NotFound", "rm open"],
        &["INFO", "refused", "user=anna", "OverQuota"],
        &["WARN", "put broke off", "user=anna", "half"],
        &["INFO", "ended", "user=anna", "secs="],
    ] {
        program.logged(&[words, &["session=1", &one]].concat());
    }
    program.logged(&["WARN", "turned away", "session=2", "peer=127.0.0.1:"]);
    let log = program.log();
    assert!(!log.contains("open-sesame"), "{log}");
    assert!(!log.contains("secret"), "{log}");
    // What a peer sends makes no line of its own.
    assert!(!log.lines().any(|line| line.starts_with('b')), "{log}");
    program.stop();
}

#[test]
fn nobody_reads_standard_error_and_the_server_goes_on() {
    let mut program = Program::settings("").start();
    let mut anna = program.anna();
    // Far more than a pipe and the queue before it take.
    let lines = 20_000;
    let mut writer = anna.socket().try_clone().expect("a socket");
    let talk = thread::spawn(move || {
        use std::io::Write;
        writer.write_all("frobnicate\n".repeat(lines).as_bytes())
    });
    for _ in 0..lines {
        anna.expect("401 reason=unknown-verb");
    }
    talk.join().expect("no panic").expect("the server reads");
    anna.ask("noop", "201 ");
    program.signal(Signal::TERM);
    let (status, rest) = program.wait();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    let refused = program.log().matches("refused a line").count();
    assert_eq!(refused, lines, "the file has every line");
}
