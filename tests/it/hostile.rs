//! Bad input gets a clear answer and loses nothing: lines, names, sizes,
//! and a disk that changes behind the server's back.

use std::{
    fs::{self, File, Permissions},
    os::unix::fs::PermissionsExt,
};

use crate::world::{Running, World};

#[test]
fn a_line_at_the_limit_is_read_and_one_byte_more_is_too_long() {
    let world = World::new().start();
    let mut anna = world.anna();
    // With the LF: 4096 bytes, and 4097.
    let padded = |length: usize| format!("pwd{}", " ".repeat(length - 3));
    anna.ask(&padded(4095), "201 path=/");
    anna.ask(&padded(4096), "401 reason=too-long");
    anna.ask(&format!("{}\r", padded(4094)), "201 path=/");
    anna.ask(&format!("{}\r", padded(4095)), "401 reason=too-long");
    anna.ask(&padded(1 << 20), "401 reason=too-long");
    anna.ask("pwd", "201 path=/");
    anna.send(format!("{}\npwd\n", "x".repeat(10_000)));
    anna.expect("401 reason=too-long");
    anna.expect("201 path=/");
    let mut nobody = world.ready();
    nobody.ask(&padded(4095), "400 reason=login-first");
    nobody.ask(&padded(4096), "401 reason=too-long");
    nobody.ask("auth anna secret", "200 ");
}

#[test]
fn a_megabyte_without_an_end_is_one_line_too_long() {
    let world = World::new().start();
    let mut anna = world.anna();
    for _ in 0..16 {
        anna.send(vec![b'x'; 1 << 16]);
    }
    anna.send("\nmkdir d\n");
    anna.expect("401 reason=too-long");
    anna.expect("201 path=/d");
    anna.send(vec![b'x'; 1 << 20]);
    anna.break_off();
}

#[test]
fn control_bytes_and_what_is_not_utf_8_are_bad_arguments() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.put("f", b"x");
    let lines: [&[u8]; 14] = [
        b"\0",
        b"pwd\0",
        b"get f\0",
        b"get f\0.txt",
        b"get f%00",
        b"get %00",
        b"mkdir a\tb",
        b"mkdir \x7f",
        b"mkdir \x1b[2J",
        b"pwd\r\r",
        b"mkdir \xff",
        b"mkdir \xc3",
        b"\xff\xfe",
        b"mkdir \xed\xa0\x80",
    ];
    for line in lines {
        anna.send([line, b"\n"].concat());
        let reply = anna.line();
        assert!(reply.starts_with("401 reason=bad-argument"), "{line:?}");
    }
    for line in lines {
        let mut nobody = world.ready();
        nobody.send([line, b"\n"].concat());
        nobody.expect("400 reason=login-first");
        nobody.send([b"auth anna se\x01cret".as_slice(), b"\n"].concat());
        nobody.expect("401 reason=bad-argument");
    }
    for line in ["mkdir %", "mkdir %4", "mkdir %zz", "mkdir %+1", "cd %C3%"] {
        anna.ask(line, "401 reason=bad-argument");
    }
    assert_eq!(anna.dir("").len(), 1);
    // Encoded, all but NUL may stand in a name.
    anna.put("%FF%0A%09%20%7F%25", b"y");
    assert!(anna.dir("")[1].ends_with(" %FF%0A%09%20%7F%25"));
    assert_eq!(anna.get("%ff%0a%09%20%7f%25"), b"y");
}

#[test]
fn lines_that_are_no_requests_are_answered() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.put("f", b"x");
    for line in ["", "  ", "frob", "frob f", "200 user=anna", "GET/", "ｐｗｄ"]
    {
        anna.ask(line, "401 reason=unknown-verb");
    }
    for line in [
        "pwd x",
        "cd.. x",
        "get",
        "get f g",
        "get f have",
        "get f have=1 have=1",
        "get f size=1",
        "get f HAVE=1",
        "put f",
        "put size=1",
        "put f size=1 mode=7",
        "put f size=1 size=1",
        "mv f",
        "mv f g h",
        "rm",
        "mkdir",
        "auth",
        "noop 1",
        "quota anna",
    ] {
        anna.ask(line, "401 reason=bad-argument");
    }
    anna.ask("  pWd  ", "201 path=/");
    anna.put("a=b", b"y");
    assert_eq!(anna.get("a=b"), b"y");
}

#[test]
fn numbers_are_from_0_to_2_63_minus_1() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.put("f", b"content");
    for bad in [
        "-1",
        "+1",
        "",
        "1.0",
        "0x10",
        "1e3",
        "1k",
        "-9223372036854775808",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999999999999999999",
        "٣",
    ] {
        anna.ask(&format!("put f size={bad}"), "401 reason=bad-argument");
        anna.ask(&format!("get f have={bad}"), "401 reason=bad-argument");
    }
    anna.ask(
        "put f size=9223372036854775807",
        "404 reason=over-quota needed=9223372036854775807 available=993",
    );
    let announced = anna.ask("get f have=9223372036854775807", "405 ");
    assert_eq!(anna.body(&announced), b"content");
    let zeros = "0".repeat(100);
    anna.ask(&format!("get f have={zeros}7"), "203 size=7");
    assert_eq!(anna.quota("available"), 993);
}

#[test]
fn a_size_beyond_the_disk_is_refused_and_reserves_nothing() {
    let world = World::new().quota(i64::MAX as u64).start();
    let mut anna = world.anna();
    let available = anna.quota("available");
    for size in [i64::MAX - 1, i64::MAX] {
        let line = format!("put f size={size}");
        anna.ask(&line, "404 reason=disk-full");
        let line = format!("{line} digest={}", blake3::hash(b""));
        anna.ask(&line, "404 reason=disk-full");
    }
    assert_eq!(anna.quota("available"), available);
    assert!(world.parts().is_empty());
    let digest = blake3::hash(b"some");
    world.leave_part("f", b"some", 2);
    let huge = format!("put f size={} digest={digest}", i64::MAX - 2);
    // Looked up first, the other identity goes; then the disk is full.
    anna.ask(&huge, "404 reason=disk-full");
    assert_eq!((anna.quota("used"), anna.quota("parts")), (0, 0));
}

#[test]
fn half_a_line_and_a_hang_up_do_nothing() {
    let world = World::new().start();
    for half in ["mkdir half", "mkdir half\r", "auth anna secre", "x"] {
        let mut peer = world.anna();
        peer.send(half);
        peer.break_off();
        let mut peer = world.ready();
        peer.send(half);
        peer.reset();
    }
    let mut anna = world.anna();
    anna.send("mkdir whole\nmkdir half");
    anna.half_close();
    anna.expect("201 path=/whole");
    anna.expect_close();
    world.wait_until_serving(0);
    assert_eq!(world.anna().dir("").len(), 1);
}

#[test]
fn bytes_before_the_405_are_the_files_where_it_is_taken() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.send("put f size=4\npwd\nnoop\n");
    anna.expect("202 ");
    anna.expect("405 offset=0");
    anna.expect("201 size=4");
    anna.expect("201 : ");
    assert_eq!(anna.get("f"), b"pwd\n");
    // Where it is refused, they are lines like any other.
    anna.send("put g size=2000\nfrob\nnoop\n");
    anna.expect("404 reason=over-quota");
    anna.expect("401 reason=unknown-verb");
    anna.expect("201 : ");
    anna.send("put x/g size=9\n\0\0\0\0\0\0\0\0\0\nnoop\n");
    anna.expect("402 reason=not-found");
    anna.expect("401 reason=bad-argument");
    anna.expect("201 : ");
}

#[test]
fn a_request_among_a_files_bytes_is_taken_for_bytes() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.begin_put("f", b"what was announced.\n");
    anna.send("rm f\nquit\nmkdir ddd\nnoop\n");
    anna.expect("401 reason=digest-mismatch");
    anna.expect("201 : here");
    assert!(anna.dir("").is_empty());
}

#[test]
fn names_of_255_bytes_are_names_and_of_256_are_none() {
    let world = World::new().start();
    let (good, bad) = ("n".repeat(255), "n".repeat(256));
    let chinese = format!("{}n", "中".repeat(85));
    let mut anna = world.anna();
    anna.put("f", b"x");
    for name in [&good, &"中".repeat(85)] {
        anna.put(name, b"content");
        assert_eq!(anna.get(name), b"content");
        assert!(anna.dir(name)[0].ends_with(name));
        anna.ask(&format!("mv {name} g"), "201");
        anna.ask(&format!("mv g {name}"), "201");
        anna.ask(&format!("rm {name}"), "201");
        anna.ask(&format!("mkdir {name}"), "201");
        anna.ask(&format!("cd {name}"), "201");
        anna.ask("cd ..", "201 path=/");
        anna.ask(&format!("rmdir {name}"), "201");
    }
    for name in [&bad, &chinese, &"n".repeat(4000)] {
        for command in
            ["cd @", "dir @", "get @", "rm @", "rmdir @", "mv @ free"]
        {
            let line = command.replace('@', name);
            anna.ask(&line, "402 reason=not-found");
        }
        for command in ["mkdir @", "put @ size=1", "mv f @"] {
            let line = command.replace('@', name);
            anna.ask(&line, "401 reason=bad-argument");
        }
        anna.ask(&format!("put {name}/f size=1"), "402 reason=not-found");
        anna.ask(&format!("mkdir d/{name}"), "402 reason=not-found");
    }
    assert_eq!(anna.dir("").len(), 1);
    assert_eq!(anna.quota("used"), 1);
}

#[test]
fn paths_over_the_systems_limit_do_not_exist_and_are_not_made() {
    let world = World::new().start();
    let mut anna = world.anna();
    let name = "n".repeat(250);
    // Twice ten names deep, then one below the other: over 4096 bytes.
    for top in ["a", "b"] {
        anna.ask("cd", "201 path=/");
        anna.ask(&format!("mkdir {top}"), "201");
        anna.ask(&format!("cd {top}"), "201");
        for _ in 0..10 {
            anna.ask(&format!("mkdir {name}"), "201");
            anna.ask(&format!("cd {name}"), "201");
        }
        anna.put("f", b"content");
    }
    let deep = vec![name.as_str(); 10].join("/");
    anna.ask("cd", "201 path=/");
    anna.ask(&format!("mv b a/{deep}/b"), "201");
    anna.ask(&format!("cd a/{deep}/b"), "201");
    anna.ask(&format!("cd {}", &deep[..6 * 251 - 1]), "201 ");
    // So far they are 4019 bytes: the next is too much.
    let rest = vec![name.as_str(); 2].join("/");
    for command in ["cd @", "dir @", "get @/f", "rm @/f", "rmdir @"] {
        let line = command.replace('@', &rest);
        anna.ask(&line, "402 reason=not-found");
    }
    anna.ask(&format!("mv {rest} /free"), "402 reason=not-found");
    let long = "m".repeat(200);
    anna.put("/f", b"");
    for command in ["mkdir @", "put @ size=1", "mv /f @"] {
        let line = command.replace('@', &long);
        anna.ask(&line, "401 reason=bad-argument");
    }
    assert_eq!(anna.quota("used"), 14);
    drop(anna);
    let world = world.end().start();
    let mut anna = world.anna();
    assert_eq!(anna.quota("used"), 14);
    anna.ask(&format!("mv a/{deep}/b b"), "201");
    assert_eq!(anna.get(&format!("b/{deep}/f")), b"content");
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_ends_in_the_close() {
    let world = World::new().start();
    let file = sparse(&world, "f", LARGE);
    let mut anna = world.anna();
    anna.ask("get f", "405 offset=0");
    file.set_len(1).expect("the file");
    assert!((anna.rest().len() as u64) < LARGE);
    assert_eq!(world.anna().get("f"), [0]);
}

#[test]
fn a_file_that_grows_while_it_is_sent_is_sent_as_it_was_announced() {
    let world = World::new().start();
    let file = sparse(&world, "f", LARGE);
    let mut anna = world.anna();
    let announced = anna.ask("get f", "405 offset=0");
    file.set_len(2 * LARGE).expect("the file");
    assert_eq!(anna.body(&announced).len() as u64, LARGE);
    anna.ask("pwd", "201 path=/");
}

#[test]
fn what_the_servers_account_may_not_read_is_denied() {
    if rustix::process::geteuid().is_root() {
        eprintln!("not tested: root may read everything");
        return;
    }
    let world = World::new().start();
    let mut anna = world.anna();
    anna.put("f", b"x");
    anna.ask("mkdir d", "201");
    for name in ["f", "d"] {
        fs::set_permissions(world.path(name), Permissions::from_mode(0))
            .expect("permissions");
    }
    for line in ["get f", "dir d", "get d/x", "put d/x size=1", "mkdir d/x"] {
        anna.ask(line, "401 reason=denied");
    }
    assert_eq!(anna.dir("").len(), 2);
    fs::set_permissions(world.path("d"), Permissions::from_mode(0o700))
        .expect("permissions");
}

#[test]
fn a_home_that_is_removed_under_a_session_is_missing_until_the_next() {
    let world = World::new().start();
    let mut anna = world.anna();
    let mut writer = world.anna();
    anna.ask("mkdir d", "201");
    anna.put("f", b"content");
    anna.ask("cd d", "201");
    writer.begin_put("g", b"content");
    fs::remove_dir_all(world.path("")).expect("the home");
    check_gone(&world, &mut anna);
    writer.send(b"content");
    writer.expect("402 reason=not-found");
    let mut next = world.anna();
    assert!(next.dir("").is_empty());
    next.put("new", b"new");
    check_gone(&world, &mut anna);
    assert_eq!(next.get("new"), b"new");
    assert!(world.path("new").exists());
}

/// Every command's answer in a home that is gone.
#[track_caller]
fn check_gone(world: &Running, anna: &mut crate::peer::Peer) {
    for line in [
        "cd",
        "cd /",
        "cd ..",
        "cd d",
        "dir",
        "dir /",
        "dir f",
        "get f",
        "get /f",
        "rm f",
        "rmdir d",
        "rmdir /d",
        "mkdir x",
        "mkdir /x",
        "put x size=1",
        "put /x size=1",
        "mv f x",
        "mv /f /d/x",
    ] {
        anna.ask(line, "402 reason=not-found");
    }
    for line in ["pwd", "noop", "help", "quota"] {
        anna.ask(line, "201");
    }
    assert!(!world.path("x").exists());
}

/// A file of anna's that takes no room on the disk.
fn sparse(world: &Running, name: &str, length: u64) -> File {
    let file = File::create(world.path(name)).expect("a file");
    file.set_len(length).expect("a sparse file");
    file
}

/// More than the buffers of a connection hold, by far.
const LARGE: u64 = 64 << 20;
