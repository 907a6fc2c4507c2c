//! `put`: what is resumed, what is refused, and that half a file is never
//! taken for a whole one.

use super::peer::Peer;
use crate::client::tool::Tool;

/// A server with BLAKE3 that has so many bytes of `a`: this text's.
fn hashing(text: &str) -> String {
    let hex = blake3::hash(text.as_bytes()).to_hex();
    let (size, last) = (text.len(), text.len() - 1);
    format!(
        "in SIZE REST=STREAM HASH=BLAKE3*
         C: SIZE a
         S: 213 {size}
         C: OPTS HASH BLAKE3
         S: 200 BLAKE3
         C: HASH a
         S: 213 BLAKE3 0-{last} {hex} a\n"
    )
}

/// A whole transfer of some text.
fn transfer(text: &str) -> String {
    format!("epsv\nC: STOR a\nS: 150 go\nD? {text}\nS: 226 done\n")
}

const NOTHING: &str = "in SIZE REST=STREAM\nC: SIZE a\nS: 550 none\n";

#[test]
fn a_file_that_is_not_there_is_brought() {
    let peer = Peer::play(&(NOTHING.to_owned() + &transfer("hello")));
    let tool = peer.tool();
    tool.write("a", "hello");
    tool.run("put a").code(0).said("226  a, 5 bytes in ");
    peer.end();
}

#[test]
fn what_the_server_has_is_resumed_where_its_digest_proves_it() {
    let peer = Peer::play(
        &(hashing("0123")
            + "epsv\nC: REST 4\nS: 350 there\nC: STOR a\nS: 150 go
               D? 456789\nS: 226 done"),
    );
    let tool = peer.tool();
    tool.write("a", "0123456789");
    let ran = tool.run("put a").code(0);
    ran.said("150  a resumes at 4 of 10").said("226  a, 6 of 10 bytes");
    peer.end();
}

#[test]
fn the_same_file_is_left() {
    let peer = Peer::play(&hashing("hello"));
    let tool = peer.tool();
    tool.write("a", "hello");
    tool.run("put a").code(0).said("213  a is complete already");
    peer.end();
}

#[test]
fn what_cannot_be_proven_is_brought_from_the_beginning() {
    let longer = "in SIZE HASH=BLAKE3*\nC: SIZE a\nS: 213 99\n";
    let silent = "in SIZE REST=STREAM\nC: SIZE a\nS: 213 3\n";
    for before in [hashing("hex").as_str(), longer, silent] {
        let peer = Peer::play(&(before.to_owned() + &transfer("hello")));
        let tool = peer.tool();
        tool.write("a", "hello");
        tool.run("put a").code(0).said("226  a, 5 bytes in ");
        peer.end();
    }
}

#[test]
fn a_server_that_accepts_rest_and_then_refuses_is_brought_all() {
    let peer = Peer::play(
        &(hashing("he")
            + "epsv\nC: REST 2\nS: 350 there\nC: STOR a
               S: 451 no restart here\n"
            + &transfer("hello")),
    );
    let tool = peer.tool();
    tool.write("a", "hello");
    tool.run("put a").code(0).said("226  a, 5 bytes in ");
    peer.end();
}

#[test]
fn a_refusal_in_the_middle_is_heard_at_once() {
    for end in ["S: 552 full\nD! ", "D.\nS: 552 full", "S: 552 full\nD."] {
        let peer = Peer::play(&format!(
            "{NOTHING}C: ALLO 268435456\nS: 202 needless\nepsv\nC: STOR a
             S: 150 go\ntake 100000\n{end}"
        ));
        let tool = peer.tool();
        large(&tool);
        tool.run("put a").code(7).complained("552  a: full");
        peer.end();
    }
}

/// A file that no system holds between two ends of a connection.
fn large(tool: &Tool) {
    let file = std::fs::File::create(tool.here("a")).expect("a file");
    file.set_len(256 << 20).expect("a length");
}

#[test]
fn what_does_not_fit_is_told_before_bytes_flow() {
    let peer =
        Peer::play(&format!("{NOTHING}C: ALLO 1048576\nS: 552 no room"));
    let tool = peer.tool();
    tool.write("a", vec![7; 1 << 20]);
    tool.run("put a").code(7).complained("552  a: no room");
    peer.end();
}

#[test]
fn a_refusal_has_its_exit_code() {
    for (said, code) in [
        ("S: 550 no\nC: MLST a\nS: 550 none", 5),
        ("S: 553 no\nC: MLST a\nS: 550 none", 5),
        ("S: 550 no\nC: MLST a\nS: 250-x\nS:  type=dir; a\nS: 250 x", 6),
        ("S: 550 no\nC: MLST a\nS: 250-x\nS:  type=file; a\nS: 250 x", 1),
        ("S: 452 disk full", 7),
        ("S: 425 no", 8),
        ("S: 150 go\nD? hello\nS: 426 broken", 8),
        ("S: 150 go\nD? hello\nS: 451 disk", 8),
        ("S: 150 go\nD? hello\nclose", 8),
    ] {
        let peer = Peer::play(&format!(
            "in MLST SIZE\nC: SIZE a\nS: 550 none\nepsv\nC: STOR a\n{said}"
        ));
        let tool = peer.tool();
        tool.write("a", "hello");
        tool.run("put a").code(code);
        peer.end();
    }
}

#[test]
fn an_upload_that_is_killed_is_no_whole_file() {
    let peer = Peer::play(&format!(
        "{NOTHING}C: ALLO 268435456\nS: 202 needless\nepsv\nC: STOR a
         S: 150 go\ntake 100000\nsignal\nD! \nclose"
    ));
    let tool = peer.tool();
    large(&tool);
    let mut client =
        tool.command(&["-c", "put a"]).spawn().expect("the program");
    peer.await_signal();
    client.kill().expect("a process of ours");
    client.wait().expect("its end");
    peer.go_on();
    peer.end();
}
