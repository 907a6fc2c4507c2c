//! Greetings, signing in, and what keeps us out.

use super::peer::Peer;
use crate::client::tool::Tool;

#[test]
fn greetings_of_many_lines_are_read_to_their_end() {
    let peer = Peer::play(
        "S| 220-Welcome\\n220-to 220 places\\r\\n 220 padded\\r\\n
         S: 230 is no end here
         S: 220 go on
         C: USER anna
         S: 331-well
         S: 331 the password
         C: PASS secret
         S: 230-Hello
         S: 230 in
         C: FEAT
         S: 211 none
         C: TYPE I
         S: 200 I
         C: PWD
         S: 257 \"/a \"\"b\"\"\" is here
         C: PWD
         S: 257 \"/a \"\"b\"\"\" is here",
    );
    let ran = peer.tool().run("pwd").code(0);
    assert_eq!(ran.out, "230  signed in as anna\n257  /a \"b\"\n");
    peer.end();
}

#[test]
fn a_user_without_a_password_is_in_at_once() {
    let peer = Peer::play(
        "S: 220 hello
         C: USER anna
         S: 230 in
         C: FEAT
         S: 211-here
         S:  UTF8
         S: 211 end
         C: OPTS UTF8 ON
         S: 501 always
         C: TYPE I
         S: 200 I
         C: PWD
         S: 550 no
         C: CWD /
         S: 250 there
         C: PWD
         S: 257 \"/\"",
    );
    peer.tool().run("cd").code(0).said("230  signed in as anna");
    peer.end();
}

#[test]
fn nobody_named_is_anonymous_and_no_password_of_ours_is_sent() {
    let peer = Peer::play(
        "S: 220 hello
         C: USER anonymous
         S: 331 an address
         C: PASS anonymous
         S: 530 not here",
    );
    Tool::at(format!("ftp://{}", peer.address)).run("pwd").code(4);
    peer.end();
}

#[test]
fn what_keeps_us_out_has_its_exit_code() {
    for (said, code, shown) in [
        ("S: 421 Too many connections", 3, "421  Too many connections"),
        ("S: 120 soon\nS: 421 no", 3, "421  no"),
        ("S: 500 Access denied", 3, "500  Access denied"),
        ("S: 220 a\nC: USER anna\nS: 530 no", 4, "530  no"),
        (
            "S: 220 a\nC: USER anna\nS: 331 b\nC: PASS secret\nS: 530 wrong",
            4,
            "530  wrong",
        ),
        (
            "S: 220 a\nC: USER anna\nS: 331 b\nC: PASS secret\n\
             S: 530 Sorry, the maximum number of clients are in",
            3,
            "530  Sorry",
        ),
        (
            "S: 220 a\nC: USER anna\nS: 331 b\nC: PASS secret\nS: 332 acct",
            4,
            "332  acct",
        ),
        (
            "S: 220 a\nC: USER anna\nS: 421 Login timeout",
            9,
            "421  Login timeout",
        ),
        ("S: SSH-2.0-x", 1, "---  the server does not keep to the protocol"),
        ("close", 3, "---  cannot connect"),
    ] {
        let peer = Peer::play(said);
        let ran = peer.tool().run("pwd").code(code);
        ran.complained(shown);
        peer.end();
    }
}

#[test]
fn a_silent_server_is_waited_for_and_told_of() {
    let peer = Peer::play(
        "signal
         S: 120 ready in a minute
         in
         C: PWD
         S: 257 \"/\"",
    );
    let tool = peer.tool();
    let mut client = tool
        .command(&["--timeout", "20", "-c", "pwd"])
        .spawn()
        .expect("the program");
    // What it says about the silence comes first, whatever the time.
    peer.await_signal();
    let said = client.stderr.take().expect("a pipe");
    let mut said = std::io::BufReader::new(said);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut said, &mut line).expect("a line");
    assert!(line.starts_with("---  the server is silent"), "{line}");
    peer.go_on();
    line.clear();
    std::io::BufRead::read_line(&mut said, &mut line).expect("a line");
    assert_eq!(line, "120  ready in a minute\n");
    assert!(client.wait().expect("an end").success());
    peer.end();
}

#[test]
fn a_server_that_stays_silent_is_exit_9() {
    let peer = Peer::play("signal");
    let tool = peer.tool();
    let output =
        tool.command(&["--timeout", "1", "-c", "pwd"]).output().expect("ran");
    assert_eq!(output.status.code(), Some(9));
    peer.go_on();
    peer.end();
}

#[test]
fn tls_is_refused_in_clear_words() {
    let ran = Tool::at("ftps://anna@127.0.0.1:1").run("pwd").code(2);
    assert!(ran.err.contains("ftps:// is not in this version"), "{ran:?}");
}
