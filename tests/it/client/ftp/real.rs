//! The client in FTP against our own server: the same stories as in the
//! native protocol, with the same ends.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    time::{Duration, Instant},
};

use crate::{
    client::tool::{Ran, Tool},
    peer::{DEADLINE, Peer},
    world::{Running, World},
};

fn tool(server: &Running) -> Tool {
    Tool::at(format!("ftp://anna@{}", server.address))
}

/// Bytes that do not repeat, so that a wrong offset shows.
fn bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

#[test]
fn all_commands_with_names_that_need_quotes() {
    let server = World::new().start_ftp();
    let tool = tool(&server);
    tool.write("b c.txt", "hello");
    let ran = tool
        .run(
            "mkdir 'ä b'; cd 'ä b'; put 'b c.txt'; put 'b c.txt'; dir; pwd; \
             cd..; mv 'ä b/b c.txt' %41; dir %41; get %41; get %41; quota; \
             rm %41; rmdir 'ä b'; cd /; dir; quit",
        )
        .code(0)
        .said("257  ä b made")
        .said("250  /ä b")
        .said("226  b c.txt, 5 bytes in ")
        .said("213  b c.txt is complete already")
        .said("257  /ä b")
        .said("250  ä b/b c.txt is now %41")
        .said("226  %41, 5 bytes")
        .said("213  %41 is complete already")
        .said("200  5 of 1000 bytes used (0 in parts), 995 available")
        .said("226  0 entries")
        .said("221  goodbye");
    assert_eq!(ran.err, "");
    assert_eq!(tool.read("%41"), b"hello");
}

#[test]
fn a_broken_upload_is_resumed_and_hidden_until_it_is_whole() {
    let server = World::new().quota(100_000).start_ftp();
    let content = bytes(50_000);
    leave_part(&server, &content[..30_000]);
    let tool = tool(&server);
    tool.write("a", &content);
    tool.run("get a b").code(5);
    tool.run("put a")
        .code(0)
        .said("150  a resumes at 30000 of 50000 bytes")
        .said("226  a, 20000 of 50000 bytes in ");
    assert_eq!(fs::read(server.path("a")).expect("a file"), content);
    tool.run("put a").code(0).said("213  a is complete already");
}

/// An upload of `a` that its client gives up after these bytes.
fn leave_part(server: &Running, bytes: &[u8]) {
    let mut control = Peer::connect(server.address);
    control.expect("220 ");
    for (command, answer) in [
        ("USER anna", "331 "),
        ("PASS secret", "230 "),
        ("TYPE I", "200 "),
        ("EPSV", "229 "),
    ] {
        let reply = control.ask(&format!("{command}\r"), answer);
        if let Some((_, port)) = reply.split_once("(|||") {
            let (port, _) = port.split_once('|').expect("a delimiter");
            let port = port.parse().expect("a port");
            let address = SocketAddr::new(server.address.ip(), port);
            let mut data = Peer::connect(address);
            control.ask("STOR a\r", "150 ");
            data.send(bytes);
            let until = Instant::now() + DEADLINE;
            let length = || {
                let parts = server.parts();
                let part = parts.first().and_then(|p| fs::metadata(p).ok());
                part.map_or(0, |part| part.len())
            };
            while length() < bytes.len() as u64 {
                assert!(Instant::now() < until, "the part does not grow");
                std::thread::yield_now();
            }
            control.ask("ABOR\r", "426 ");
            control.expect("226 ");
        }
    }
}

#[test]
fn a_part_of_the_server_s_is_resumed() {
    let server = World::new().quota(100_000).start_ftp();
    let content = bytes(50_000);
    let tool = tool(&server);
    fs::write(server.path("a"), &content[..30_000]).expect("a file");
    tool.write("a", &content);
    tool.run("put a")
        .code(0)
        .said("150  a resumes at 30000 of 50000 bytes")
        .said("226  a, 20000 of 50000 bytes in ");
    assert_eq!(fs::read(server.path("a")).expect("a file"), content);
}

#[test]
fn a_download_is_resumed_from_the_part_and_from_the_file() {
    let server = World::new().start_ftp();
    let content = bytes(50_000);
    fs::write(server.path("a"), &content).expect("a file");
    let tool = tool(&server);
    for name in ["a", "a.part"] {
        let _none = fs::remove_file(tool.here("a"));
        tool.write(name, &content[..20_000]);
        tool.run("get a")
            .code(0)
            .said("150  a resumes at 20000 of 50000 bytes")
            .said("226  a, 30000 of 50000 bytes in ");
        assert_eq!(tool.read("a"), content);
        assert_eq!(tool.names(), ["a"]);
    }
    tool.run("get a").code(0).said("213  a is complete already");
}

#[test]
fn a_local_file_of_other_content_is_replaced_with_f_only() {
    let server = World::new().start_ftp();
    fs::write(server.path("a"), "theirs").expect("a file");
    let tool = tool(&server);
    for mine in ["mine", "mine!!", "mine and longer"] {
        tool.write("a", mine);
        tool.run("get a").code(6);
        assert_eq!(tool.read("a"), mine.as_bytes());
        tool.run("get -f a").code(0).said("226  a, 6 bytes");
        assert_eq!(tool.read("a"), b"theirs");
        assert_eq!(tool.names(), ["a"]);
    }
}

#[test]
fn refusals_have_the_exit_codes_of_the_native_protocol() {
    let server = World::new().start_ftp();
    let tool = tool(&server);
    tool.write("a", "hello");
    tool.write("big", bytes(1001));
    tool.run("put a; mkdir full; put a full/a").code(0);
    for (commands, exit, shown) in [
        ("get nothing", 5, "550  nothing: "),
        ("get full", 5, "550  full: "),
        ("mkdir d; mkdir d", 6, "550  d: "),
        ("mkdir no/d", 5, "550  no/d: "),
        ("put a d", 6, "550  a to d: "),
        ("put a no/a", 5, "550  a to no/a: "),
        ("rmdir /", 1, "550  /: "),
        ("rmdir full", 1, "550  full: "),
        ("rmdir no", 5, "550  no: "),
        ("rmdir a", 5, "550  a: "),
        ("rm full", 5, "550  full: "),
        ("cd a/b", 5, "550  a/b: "),
        ("dir no", 5, "550  no: "),
        ("mv no b", 5, "550  no to b: "),
        ("mv a full", 6, "---  a to full: "),
        ("put big", 7, "552  big: "),
    ] {
        tool.run(commands).code(exit).complained(shown);
    }
    assert!(!server.path("big").exists());
}

#[test]
fn a_client_waits_for_its_place_and_a_full_line_is_exit_3() {
    let server = World::new().places(1, 1).start_ftp();
    let first = std::net::TcpStream::connect(server.address).expect("a place");
    let mut greeting = String::new();
    let mut reader = BufReader::new(&first);
    reader.read_line(&mut greeting).expect("a greeting");
    let waiting = tool(&server);
    let mut child = waiting.command(&["-c", "pwd"]).spawn().expect("a client");
    let err = child.stderr.take().expect("a pipe");
    let mut line = String::new();
    BufReader::new(err).read_line(&mut line).expect("a line");
    assert!(line.starts_with("---  the server is silent"), "{line}");
    tool(&server).run("pwd").code(3).complained("421  Too many connections");
    drop(reader);
    drop(first);
    let output = child.wait_with_output().expect("the program");
    Ran::of(output).code(0).said("257  /");
}

#[test]
fn a_server_that_stops_in_the_middle_leaves_a_part_to_resume() {
    let content = bytes(64 * 1024 * 1024);
    let server = World::new().drain(Duration::ZERO).start_ftp();
    fs::write(server.path("a"), &content).expect("a file");
    let tool = tool(&server);
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
    let server = server.end().start_ftp();
    let tool = tool.toward(format!("ftp://anna@{}", server.address));
    let word = if code == 0 { "213  a" } else { "150  a resumes at " };
    tool.run("get a").code(0).said(word);
    assert_eq!(tool.read("a"), content);
    assert_eq!(tool.names(), ["a"]);
}

#[test]
fn names_of_any_bytes_and_files_of_no_bytes_go_and_come_back() {
    let server = World::new().start_ftp();
    let tool = tool(&server);
    tool.write("empty", "");
    tool.write("a", "hello");
    let name = r#"" \xff\"\xff ""#;
    let ran = tool
        .run(&format!(
            "put empty; put empty; put a {name}; dir; get {name} b; \
             rm {name}; mkdir {name}; cd {name}; \
             pwd; cd ..; get empty again; get empty again; dir {name}"
        ))
        .code(0)
        .said("226  empty, 0 bytes")
        .said("213  empty is complete already")
        .said(r#"226   \xff"\xff , 5 bytes"#)
        .said(r#"257  / \xff"\xff "#);
    assert_eq!(ran.err, "");
    assert_eq!(tool.read("b"), b"hello");
    assert_eq!(tool.read("again"), b"");
}

#[test]
fn a_wrong_password_is_exit_4() {
    let server = World::new().start_ftp();
    let output = tool(&server)
        .command(&["-c", "pwd"])
        .env("FTPOOL_PASSWORD", "wrong")
        .output()
        .expect("the program");
    Ran::of(output).code(4).complained("530  ");
}
