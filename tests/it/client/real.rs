//! The client against the server itself.

use std::{
    fs,
    io::{BufRead, BufReader},
    time::Duration,
};

use super::tool::{Ran, Tool};
use crate::world::World;

/// Bytes that do not repeat, so that a wrong offset shows.
fn bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

#[test]
fn all_commands_with_names_that_need_quotes() {
    let server = World::new().start();
    let tool = Tool::new(server.address);
    tool.write("b c.txt", "hello");
    let ran = tool
        .run(
            "mkdir 'ä b'; cd 'ä b'; put 'b c.txt'; put 'b c.txt'; dir; pwd; \
             cd..; mv 'ä b/b c.txt' %41; dir %41; get %41; get %41; quota; \
             rm %41; rmdir 'ä b'; cd /; dir; quit",
        )
        .code(0)
        .said("201  ä b made")
        .said("201  /ä b")
        .said("201  b c.txt, 5 bytes in ")
        .said("203  b c.txt is complete already")
        .said("201  ä b/b c.txt is now %41")
        .said("201  %41, 5 bytes")
        .said("203  %41 is complete already")
        .said("201  5 of 1000 bytes used (0 in parts), 995 available")
        .said("201  0 entries")
        .said("201  goodbye");
    assert_eq!(ran.err, "");
    assert_eq!(tool.read("%41"), b"hello");
}

#[test]
fn a_broken_upload_is_resumed() {
    let server = World::new().quota(100_000).start();
    let content = bytes(50_000);
    let digest = blake3::hash(&content);
    let mut peer = server.anna();
    peer.ask(&format!("put a size=50000 digest={digest}"), "202 ");
    peer.expect("405 ");
    peer.send(&content[..30_000]);
    peer.half_close();
    peer.rest();
    let tool = Tool::new(server.address);
    tool.write("a", &content);
    tool.run("put a")
        .code(0)
        .said("205  a resumes at 30000 of 50000 bytes")
        .said("201  a, 20000 of 50000 bytes in ");
    assert_eq!(fs::read(server.path("a")).expect("a file"), content);
    tool.run("put a").code(0).said("203  a is complete already");
}

#[test]
fn a_download_is_resumed_from_the_part_and_from_the_file() {
    let server = World::new().start();
    let content = bytes(50_000);
    fs::write(server.path("a"), &content).expect("a file");
    let tool = Tool::new(server.address);
    for name in ["a", "a.part"] {
        let _none = fs::remove_file(tool.here("a"));
        tool.write(name, &content[..20_000]);
        tool.run("get a")
            .code(0)
            .said("205  a resumes at 20000 of 50000 bytes")
            .said("201  a, 30000 of 50000 bytes in ");
        assert_eq!(tool.read("a"), content);
        assert_eq!(tool.names(), ["a"]);
    }
    tool.run("get a").code(0).said("203  a is complete already");
}

#[test]
fn a_local_file_of_other_content_is_replaced_with_f_only() {
    let server = World::new().start();
    fs::write(server.path("a"), "theirs").expect("a file");
    let tool = Tool::new(server.address);
    for mine in ["mine", "mine!!", "mine and longer"] {
        tool.write("a", mine);
        tool.run("get a").code(6);
        assert_eq!(tool.read("a"), mine.as_bytes());
        tool.run("get -f a").code(0).said("201  a, 6 bytes");
        assert_eq!(tool.read("a"), b"theirs");
        assert_eq!(tool.names(), ["a"]);
    }
}

#[test]
fn many_files_go_and_come_back() {
    let server = World::new().quota(1_000_000).start();
    let tool = Tool::new(server.address);
    for n in 0..200 {
        tool.write(&format!("{n}.txt"), bytes(n * 10));
    }
    tool.write("other.bin", "not meant");
    fs::create_dir(tool.here("back")).expect("a folder");
    let ran = tool
        .run(
            "mkdir d; cd d; mput *.txt; mput *.txt; lcd back; mget *; mget *; \
             mget 1?.txt",
        )
        .code(0)
        .said("201  199.txt, 1990 bytes")
        .said("203  199.txt is complete already")
        .said("---  200 files done")
        .said("---  10 files done");
    let lines = |code| ran.out.lines().filter(|l| l.starts_with(code)).count();
    assert_eq!(lines("203  "), 200 + 200 + 10);
    assert_eq!(lines("201  "), 2 + 200 + 200);
    for n in 0..200 {
        assert_eq!(tool.read(&format!("back/{n}.txt")), bytes(n * 10));
    }
    assert!(!tool.here("back/other.bin").exists());
}

#[test]
fn what_does_not_fit_is_exit_7_and_changes_nothing() {
    let server = World::new().quota(1000).start();
    let tool = Tool::new(server.address);
    tool.write("a", bytes(1001));
    let ran = tool.run("put a; mkdir never").code(7);
    let ran = ran.complained("404  a: ");
    assert!(ran.err.contains("1001 bytes needed, 1000 avail"), "{ran:?}");
    assert!(!server.path("never").exists() && !server.path("a").exists());
}

#[test]
fn the_other_refusals_of_the_server_have_their_exit_codes() {
    let server = World::new().start();
    let tool = Tool::new(server.address);
    tool.write("a", "hello");
    for (commands, exit, shown) in [
        ("get nothing", 5, "402  nothing: "),
        ("mkdir d; mkdir d", 6, "403  d: "),
        ("put a d", 6, "403  a to d: "),
        ("rmdir /", 1, "401  /: "),
        ("cd a/b", 5, "402  a/b: "),
    ] {
        tool.run(commands).code(exit).complained(shown);
    }
}

#[test]
fn a_client_waits_for_its_place() {
    let server = World::new().places(1, 1).start();
    let first = server.anna();
    let tool = Tool::new(server.address);
    let mut child = tool.command(&["-c", "pwd"]).spawn().expect("a client");
    let err = child.stderr.take().expect("a pipe");
    let mut line = String::new();
    BufReader::new(err).read_line(&mut line).expect("a line");
    assert!(line.starts_with("000  waiting, position 1 "), "{line}");
    Tool::new(server.address).run("pwd").code(3).complained("000  ");
    drop(first);
    let output = child.wait_with_output().expect("the program");
    Ran::of(output).code(0).said("201  /");
}

#[test]
fn a_client_that_waits_too_long_is_told_busy() {
    let server =
        World::new().places(1, 1).wait_max(Duration::from_millis(100)).start();
    let _first = server.anna();
    Tool::new(server.address).run("pwd").code(3).complained("000  waiting");
}

#[test]
fn a_server_that_stops_in_the_middle_leaves_a_part_to_resume() {
    let content = bytes(64 * 1024 * 1024);
    let server = World::new().drain(Duration::ZERO).start();
    fs::write(server.path("a"), &content).expect("a file");
    let tool = Tool::new(server.address);
    tool.write("a.part", &content[..1000]);
    // The client has a part's beginning and nothing else to do: it is cut
    // wherever it is, and the next one goes on from there.
    let child = tool.command(&["-c", "get a"]).spawn().expect("a client");
    while fs::metadata(tool.here("a.part")).is_ok_and(|m| m.len() <= 1000) {
        std::thread::yield_now();
    }
    server.stop();
    let output = child.wait_with_output().expect("the program");
    let code = Ran::of(output).code;
    assert!([0, 8].contains(&code), "{code}");
    let server = server.end().start();
    let tool = tool.again(server.address);
    let word = if code == 0 { "203  a" } else { "205  a resumes at " };
    tool.run("get a").code(0).said(word);
    assert_eq!(tool.read("a"), content);
    assert_eq!(tool.names(), ["a"]);
}

#[test]
fn a_wrong_password_is_exit_4() {
    let server = World::new().start();
    let tool = Tool::new(server.address);
    let output = tool
        .command(&["-c", "pwd"])
        .env("FTPOOL_PASSWORD", "wrong")
        .output()
        .expect("the program");
    Ran::of(output).code(4).complained("400  ");
}
