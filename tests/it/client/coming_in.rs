//! Connecting, the queue, signing in, and what ends a session.

use std::net::TcpListener;

use super::{
    fake::Fake,
    tool::{Ran, Tool},
};

#[test]
fn positions_in_the_queue_are_shown_and_waited_through() {
    let fake = Fake::play(
        "S: 000 state=waiting position=3 limit=10 : wait
         S: 000 state=waiting position=1 limit=10 : wait
         in
         C: pwd
         S: 201 path=/",
    );
    Tool::new(fake.address)
        .run("pwd")
        .code(0)
        .said("200  signed in as anna")
        .said("201  /")
        .complained("000  waiting, position 3 of ")
        .complained("000  waiting, position 1 of ");
    fake.end();
}

#[test]
fn a_busy_server_is_exit_3_at_once_and_after_waiting() {
    for before in ["", "S: 000 state=waiting position=1 limit=1 : wait\n"] {
        let fake = Fake::play(&format!(
            "{before}S: 000 state=busy : all places are taken\nclose"
        ));
        Tool::new(fake.address)
            .run("pwd")
            .code(3)
            .complained("000  all places are taken");
        fake.end();
    }
}

#[test]
fn a_server_that_is_not_there_or_closes_at_once_is_exit_3() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = free.local_addr().expect("a bound socket");
    drop(free);
    Tool::new(address).run("pwd").code(3).complained("---  cannot connect");
    let fake = Fake::play("close");
    Tool::new(fake.address).run("pwd").code(3);
    fake.end();
    let fake = Fake::play("S: 000 state=closing : good night\nclose");
    Tool::new(fake.address).run("pwd").code(3);
    fake.end();
    Tool::at("anna@no.such.host.invalid").run("pwd").code(3);
}

#[test]
fn a_timeout_told_by_the_server_is_exit_9() {
    for limit in ["login", "idle", "stall"] {
        let fake = Fake::play(&format!(
            "in
             C: pwd
             S: 000 state=timeout limit={limit} : too late
             close"
        ));
        Tool::new(fake.address).run("pwd").code(9).complained(&format!(
            "000  pwd: the server ended the session: \
                                  its {limit} limit"
        ));
        fake.end();
    }
}

#[test]
fn a_silent_server_is_exit_9_wherever_it_falls_silent() {
    let under_way = [
        ("pwd", ""),
        ("pwd", "S: 000 state=ready protocol=1 limit=1 serving=1 : hello"),
        ("pwd", "in\nC: pwd"),
        ("get a", "in\nC: get a\nS: 405 offset=0 length=9 size=9\nS| four"),
        ("pwd", "in\nC: pwd\nS| 201 path=/half-a-line"),
    ]
    .map(|(command, script)| {
        let fake = Fake::play(script);
        let tool = Tool::new(fake.address);
        let arguments = ["--timeout", "1", "-c", command];
        let child = tool.command(&arguments).spawn().expect("the program");
        (fake, tool, child)
    });
    for (fake, _folders, child) in under_way {
        let output = child.wait_with_output().expect("the program");
        Ran::of(output).code(9).complained("---  ");
        fake.end();
    }
}

#[test]
fn a_server_that_closes_down_says_so_and_finishes_what_it_does() {
    let fake = Fake::play(
        "in
         C: pwd
         S: 000 state=closing : good night
         S: 201 path=/
         C: cd a
         close",
    );
    Tool::new(fake.address)
        .run("pwd; cd a; pwd")
        .code(1)
        .said("201  /")
        .complained("000  the server closes down")
        .complained("000  a: the server closes down");
    fake.end();
}

#[test]
fn a_throttled_sign_in_is_tried_again() {
    let fake = Fake::play(
        "S: 000 state=ready protocol=1 limit=10 serving=1 : welcome
         C: auth anna secret
         S: 400 reason=throttled : later
         C: auth anna secret
         S: 200 user=anna quota=1000 used=0
         C: pwd
         S: 201 path=/",
    );
    Tool::new(fake.address).run("pwd").code(0).said("201  /");
    fake.end();
}

#[test]
fn what_is_no_protocol_ends_the_session_without_harm() {
    let long = format!("S: 201 path=/{}", "x".repeat(5000));
    for answer in [
        "S: 999 what=now",
        "S: HTTP/1.1 400 Bad Request",
        "S: 201 =",
        "S: 205 offset=0 length=1 size=1",
        long.as_str(),
    ] {
        let fake = Fake::play(&format!("in\nC: pwd\n{answer}"));
        Tool::new(fake.address)
            .run("pwd; mkdir never")
            .code(1)
            .complained("---  pwd: the server does not keep to the protocol");
        fake.end();
    }
}
