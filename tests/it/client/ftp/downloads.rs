//! `get`: what is resumed, by what proof, and what is never damaged.

use super::peer::Peer;
use crate::client::{terminal::Terminal, tool::Tool};

/// A server without digests, and its file `a` of so many bytes.
fn plain(size: u64, time: &str) -> String {
    format!(
        "in SIZE MDTM REST=STREAM
         C: SIZE a
         S: 213 {size}
         C: MDTM a
         S: 213 {time}\n"
    )
}

/// A server with BLAKE3, and its file `a`.
fn hashing(size: u64) -> String {
    format!(
        "in MLST REST=STREAM HASH=SHA-256*;BLAKE3 RANG=STREAM
         C: MLST a
         S: 250-here
         S:  type=file;size={size};modify=20261123100000; a
         S: 250 end\n"
    )
}

/// The question for a digest, and its answer for some text.
fn digest(range: &str, text: &str) -> String {
    let hex = blake3::hash(text.as_bytes()).to_hex();
    format!("C: HASH a\nS| 213-\\r\\n213 BLAKE3 {range} {hex} a\\r\\n\n")
}

const CHOOSE: &str = "C: OPTS HASH BLAKE3\nS: 200 BLAKE3\n";

/// A whole transfer of some text.
fn transfer(text: &str) -> String {
    format!("epsv\nC: RETR a\nS: 150 go\nD: {text}\nD.\nS: 226 done\n")
}

#[track_caller]
fn play(script: &str, tool: Option<Tool>) -> (Peer, Tool) {
    let peer = Peer::play(script);
    let target = peer.target();
    let tool = match tool {
        Some(tool) => tool.toward(target),
        None => Tool::on_disk(target),
    };
    (peer, tool)
}

#[test]
fn a_file_that_is_not_here_is_fetched() {
    let script = plain(5, "20261123100000") + &transfer("hello");
    let (peer, tool) = play(&script, None);
    tool.run("get a b").code(0).said("226  a, 5 bytes in ");
    assert_eq!(tool.read("b"), b"hello");
    assert_eq!(tool.names(), ["b"]);
    peer.end();
}

#[test]
fn without_digests_a_part_is_resumed_onto_the_same_file_only() {
    let broken = plain(10, "20261123100000")
        + "epsv\nC: RETR a\nS: 150 go\nD: 0123\nD.\nS: 426 broken";
    let (peer, tool) = play(&broken, None);
    tool.run("get a").code(8).complained("426  a: broken");
    assert_eq!(tool.names(), ["a.part"]);
    peer.end();

    let same = plain(10, "20261123100000")
        + "epsv\nC: REST 4\nS: 350 from there\nC: RETR a\nS: 150 go
           D: 456789\nD.\nS: 226 done";
    let (peer, tool) = play(&same, Some(tool));
    let ran = tool.run("get a").code(0);
    ran.said("150  a resumes at 4 of 10").said("226  a, 6 of 10 bytes in");
    assert_eq!(tool.read("a"), b"0123456789");
    assert_eq!(tool.names(), ["a"]);
    peer.end();
}

#[test]
fn without_digests_a_part_of_a_file_that_changed_is_begun_again() {
    for (size, time) in [(10, "20261123100001"), (11, "20261123100000")] {
        let broken = plain(10, "20261123100000")
            + "epsv\nC: RETR a\nS: 150 go\nD: 0123\nD.\nS: 426 broken";
        let (peer, tool) = play(&broken, None);
        tool.run("get a").code(8);
        peer.end();

        let refused = plain(size, time) + "epsv\nC: RETR a\nS: 550 in use";
        let (peer, tool) = play(&refused, Some(tool));
        tool.run("get a").code(5);
        assert_eq!(tool.read("a.part"), b"0123");
        peer.end();

        let other = plain(size, time)
            + "epsv\nC: RETR a\nS: 150 go\nD: x\nD.\nS: 451 broken";
        let (peer, tool) = play(&other, Some(tool));
        let ran = tool.run("get a").code(8);
        ran.said("150  a starts again from 0").complained("451  a: broken");
        assert_eq!(tool.read("a.part"), b"x");
        peer.end();
    }
}

#[test]
fn a_part_of_unknown_origin_is_begun_again() {
    let script = plain(3, "20261123100000") + &transfer("new");
    let (peer, tool) = play(&script, None);
    tool.write("a.part", "ol");
    tool.run("get a").code(0).said("150  a starts again from 0");
    assert_eq!(tool.read("a"), b"new");
    peer.end();
}

#[test]
fn a_server_that_cannot_restart_begins_again() {
    let script = hashing(5)
        + CHOOSE
        + "C: RANG 0 1\nS: 350 those\n"
        + &digest("0-1", "he")
        + "C: RANG 1 0\nS: 350 all\nepsv\nC: REST 2\nS: 502 no
           C: RETR a\nS: 150 go\nD: hello\nD.\nS: 226 done";
    let (peer, tool) = play(&script, None);
    tool.write("a.part", "he");
    tool.run("get a").code(0).said("150  a starts again from 0");
    assert_eq!(tool.read("a"), b"hello");
    peer.end();
}

#[test]
fn a_beginning_that_the_server_s_digest_proves_is_resumed() {
    // A part, and a file, which is left as it was until all has come.
    for (name, second) in [("a.part", "3"), ("a", "3"), ("a", "4")] {
        let script = hashing(10)
            + CHOOSE
            + "C: RANG 0 3\nS: 350 those\n"
            + &digest(&format!("0-{second}"), "0123")
            + "C: RANG 1 0\nS: 350 all\nepsv\nC: REST 4\nS: 350 there
               C: RETR a\nS: 150 go\nD: 456789\nD.\nS: 226 done";
        let (peer, tool) = play(&script, None);
        tool.write(name, "0123");
        let ran = tool.run("get a").code(0);
        ran.said("150  a resumes at 4 of 10").said("226  a, 6 of 10");
        assert_eq!(tool.read("a"), b"0123456789");
        assert_eq!(tool.names(), ["a"]);
        peer.end();
    }
}

#[test]
fn what_the_digest_does_not_prove_is_not_resumed() {
    for answer in [
        digest("0-3", "123x"),
        digest("0-9", "0123"),
        digest("1-3", "0123"),
        digest("0-3", "0123").replace("BLAKE3", "SHA-256"),
        "C: HASH a\nS: 213 of course\n".into(),
        "C: HASH a\nS: 450 busy\n".into(),
    ] {
        let script = hashing(10)
            + CHOOSE
            + "C: RANG 0 3\nS: 350 those\n"
            + &answer
            + "C: RANG 1 0\nS: 350 all\n"
            + &transfer("0123456789");
        let (peer, tool) = play(&script, None);
        tool.write("a.part", "0123");
        tool.run("get a").code(0).said("150  a starts again from 0");
        assert_eq!(tool.read("a"), b"0123456789", "{answer}");
        peer.end();
    }
}

#[test]
fn the_same_file_is_left_by_any_digest() {
    let sha256 =
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    let blake3 = blake3::hash(b"hello").to_hex();
    for (name, hex) in [
        ("BLAKE3", blake3.as_str()),
        ("SHA-256", sha256),
        ("CRC32", "3610A686"),
    ] {
        let script = format!(
            "in SIZE HASH={name}*;MD5
             C: SIZE a
             S: 213 5
             C: OPTS HASH {name}
             S: 200 {name}
             C: HASH a
             S: 213 {name} 0-5 {hex} a"
        );
        let (peer, tool) = play(&script, None);
        tool.write("a", "hello");
        tool.run("get a").code(0).said("213  a is complete already");
        assert_eq!(tool.read("a"), b"hello");
        peer.end();
    }
}

#[test]
fn a_file_of_other_content_is_left_and_the_session_goes_on() {
    let script = hashing(5)
        + CHOOSE
        + &digest("0-4", "other")
        + "epsv\nC: RETR a\nS: 150 go\nC: ABOR\nD! \nS: 426 ended
           S: 226 as you wish";
    let (peer, tool) = play(&script, None);
    tool.write("a", "hello");
    tool.run("get a").code(6).complained("---  a: the local file is of other");
    assert_eq!(tool.read("a"), b"hello");
    assert_eq!(tool.names(), ["a"]);
    peer.end();
}

#[test]
fn without_digests_a_file_here_is_compared_when_all_has_come() {
    let script = plain(5, "20261123100000") + &transfer("hello");
    for (content, code, names) in [
        ("hello", 0, &["a"][..]),
        ("hel", 0, &["a"]),
        ("other", 6, &["a", "a.part"]),
    ] {
        let (peer, tool) = play(&script, None);
        tool.write("a", content);
        tool.run("get a").code(code);
        let now = if code == 0 { "hello" } else { content };
        assert_eq!(tool.read("a"), now.as_bytes());
        assert_eq!(tool.names(), names);
        peer.end();
        if code == 0 {
            continue;
        }
        let known = plain(5, "20261123100000");
        let (peer, tool) = play(&known, Some(tool));
        tool.run("get -f a").code(0).said("213  a is complete already");
        assert_eq!(tool.read("a"), b"hello");
        assert_eq!(tool.names(), ["a"]);
        peer.end();
    }
}

#[test]
fn a_longer_file_here_is_left_before_bytes_flow() {
    let (peer, tool) = play(&plain(3, "20261123100000"), None);
    tool.write("a", "longer");
    tool.run("get a").code(6);
    assert_eq!(tool.read("a"), b"longer");
    peer.end();
}

#[test]
fn fewer_bytes_than_the_file_has_are_a_broken_transfer() {
    let script = plain(10, "20261123100000") + &transfer("0123");
    let (peer, tool) = play(&script, None);
    let ran = tool.run("get a").code(8);
    assert!(ran.err.contains("6 bytes are missing"), "{ran:?}");
    assert_eq!(tool.read("a.part"), b"0123");
    peer.end();
}

#[test]
fn a_transfer_whose_end_is_not_confirmed_is_exit_9_and_taken_up() {
    let script = plain(5, "20261123100000")
        + "epsv\nC: RETR a\nS: 150 go\nD: hello\nD.";
    let (peer, tool) = play(&script, None);
    let output = tool
        .command(&["--timeout", "1", "-c", "get a"])
        .output()
        .expect("the program");
    assert_eq!(output.status.code(), Some(9));
    assert_eq!(tool.names(), ["a.part"]);
    peer.end();
    let (peer, tool) = play(&plain(5, "20261123100000"), Some(tool));
    tool.run("get a").code(0).said("213  a is complete already");
    assert_eq!(tool.names(), ["a"]);
    peer.end();
}

#[test]
fn a_control_connection_that_ends_is_a_broken_transfer() {
    let script = plain(9, "20261123100000")
        + "epsv\nC: RETR a\nS: 150 go\nD: hello\nclose\nD.";
    let (peer, tool) = play(&script, None);
    tool.run("get a").code(8);
    assert_eq!(tool.read("a.part"), b"hello");
    peer.end();
}

#[test]
fn a_server_that_takes_leave_in_a_transfer_is_a_broken_transfer() {
    for (said, code) in [("S: 421 closing down", 8), ("S: 421 Timeout", 9)] {
        let script = plain(9, "20261123100000")
            + "epsv\nC: RETR a\nS: 150 go\nD: hello\n"
            + said
            + "\nclose\nD.";
        let (peer, tool) = play(&script, None);
        tool.run("get a").code(code).complained("421  a: ");
        assert_eq!(tool.read("a.part"), b"hello");
        peer.end();
    }
}

#[test]
fn what_the_server_does_not_give_leaves_nothing_here() {
    for (said, code) in [
        ("in MLST\nC: MLST a\nS: 550 none", 5),
        ("in SIZE\nC: SIZE a\nS: 550 none\nepsv\nC: RETR a\nS: 550 none", 5),
        ("in SIZE\nC: SIZE a\nS: 213 5\nepsv\nC: RETR a\nS: 425 no", 8),
        ("in SIZE\nC: SIZE a\nS: 213 5\nepsv\nC: RETR a\nS: 226 hm", 1),
    ] {
        let (peer, tool) = play(said, None);
        tool.run("get a").code(code);
        assert!(tool.names().is_empty(), "{said}");
        peer.end();
    }
}

#[test]
fn a_length_that_nobody_tells_is_counted() {
    let script = format!("in REST=STREAM\n{}", transfer("hello"));
    let (peer, tool) = play(&script, None);
    tool.run("get a").code(0).said("226  a, 5 bytes");
    assert_eq!(tool.read("a"), b"hello");
    peer.end();
}

#[test]
fn ctrl_c_aborts_the_transfer_and_the_session_goes_on() {
    let script = plain(10, "20261123100000")
        + "epsv\nC: RETR a\nS: 150 go\nD: 0123\nsignal\nC: ABOR\nD! 
           S: 426 ended\nS: 226 as you wish\nC: PWD\nS: 257 \"/home\"";
    let (peer, tool) = play(&script, None);
    let mut terminal = Terminal::start(&tool);
    terminal.type_in("get a\r");
    peer.await_signal();
    // The bytes have been sent; they count once they are in the part.
    while std::fs::metadata(tool.here("a.part")).map_or(0, |m| m.len()) < 4 {
        std::thread::yield_now();
    }
    terminal.interrupt();
    peer.go_on();
    terminal.wait_for("---  a: interrupted");
    terminal.type_in("pwd\r");
    terminal.wait_for("257  /home");
    terminal.type_in("\x04");
    assert_eq!(terminal.end(), 0);
    assert_eq!(tool.read("a.part"), b"0123");
    peer.end();
}
