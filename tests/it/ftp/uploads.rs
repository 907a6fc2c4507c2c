//! Uploads: the old file survives, the part goes on, the quota is exact.

use std::{
    fs,
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use super::peer::{FtpPeer, rest};
use crate::{
    peer::{DEADLINE, pattern},
    world::World,
};

#[test]
fn a_file_appears_only_when_it_is_complete() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    let mut other = FtpPeer::sign_in(world.address, "anna");
    let mut data = anna.passive();
    anna.ask("STOR f", "150 ");
    data.write_all(b"half").expect("it takes it");
    other.ask("SIZE f", "550 ");
    assert_eq!(other.receive("NLST"), b"");
    assert!(!world.path("f").exists());
    data.write_all(b" and half").expect("it takes it");
    drop(data);
    anna.expect("226 ");
    assert_eq!(other.receive("RETR f"), b"half and half");
    assert_eq!(fs::read(world.path("f")).expect("it"), b"half and half");
}

#[test]
fn what_broke_off_is_seen_by_size_and_goes_on() {
    let content = pattern(900, 1);
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    let data = anna.passive();
    anna.ask("STOR f", "150 ");
    break_off(&mut anna, data, &content[..400]);
    anna.expect("426 ");
    assert_eq!(anna.number("SIZE f"), 400);
    assert_eq!((anna.quota("used"), anna.quota("parts")), (400, 400));
    anna.ask("RETR f", "550 ");
    assert_eq!(anna.receive("MLSD"), b"");
    anna.ask("REST 400", "350 ");
    anna.send("STOR f", &content[400..600], "226 ");
    // It is a file now, and APPE follows all of it.
    anna.send("APPE f", &content[600..], "226 ");
    assert_eq!(anna.receive("RETR f"), content);
    assert_eq!((anna.quota("used"), anna.quota("parts")), (900, 0));
}

#[test]
fn an_append_follows_a_part_and_a_store_begins_anew() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    let data = anna.passive();
    anna.ask("STOR f", "150 ");
    break_off(&mut anna, data, b"first");
    anna.expect("426 ");
    anna.send("APPE f", b", second", "226 ");
    assert_eq!(anna.receive("RETR f"), b"first, second");
    anna.ask("DELE f", "250 ");
    let data = anna.passive();
    anna.ask("STOR f", "150 ");
    break_off(&mut anna, data, b"first");
    anna.expect("426 ");
    anna.send("STOR f", b"anew", "226 ");
    assert_eq!(anna.receive("RETR f"), b"anew");
}

#[test]
fn a_part_outlives_the_server() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    let data = anna.passive();
    anna.ask("STOR f", "150 ");
    break_off(&mut anna, data, b"before");
    anna.expect("426 ");
    let world = world.end().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    assert_eq!(anna.number("SIZE f"), 6);
    anna.ask("REST 6", "350 ");
    anna.send("STOR f", b" and after", "226 ");
    assert_eq!(anna.receive("RETR f"), b"before and after");
}

#[test]
fn a_client_that_was_killed_has_not_stored() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    let mut data = anna.passive();
    anna.ask("STOR f", "150 ");
    data.write_all(b"not all of it").expect("it takes it");
    wait_until_read(&mut anna, 13);
    // Both ends, in the order in which a process loses them.
    anna.control.half_close();
    drop(data);
    anna.control.rest();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.ask("RETR f", "550 ");
    assert_eq!(anna.number("SIZE f"), 13);
}

#[test]
fn an_old_file_survives_whatever_goes_wrong() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.send("STOR f", b"the old one", "226 ");
    // Over the quota.
    anna.send("STOR f", &pattern(1200, 1), "552 ");
    assert_eq!(anna.receive("RETR f"), b"the old one");
    // The data connection breaks.
    let data = anna.passive();
    anna.ask("STOR f", "150 ");
    break_off(&mut anna, data, b"new");
    anna.expect("426 ");
    assert_eq!(anna.receive("RETR f"), b"the old one");
    // It is aborted.
    let mut data = anna.passive();
    anna.ask("STOR f", "150 ");
    data.write_all(b"new").expect("it takes it");
    anna.ask("ABOR", "426 ");
    anna.expect("226 ");
    assert_eq!(anna.receive("RETR f"), b"the old one");
    assert_eq!((anna.quota("used"), anna.quota("parts")), (11, 0));
    assert!(world.parts().is_empty(), "{:?}", world.parts());
    assert_eq!(anna.number("SIZE f"), 11);
}

#[test]
fn the_quota_is_filled_to_the_byte() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.send("STOR f", &pattern(1000, 1), "226 ");
    anna.send("STOR g", b"x", "552 ");
    anna.send("STOR empty", b"", "226 ");
    anna.ask("ALLO 1", "552 ");
    anna.ask("ALLO 0", "200 ");
    anna.send("APPE f", b"x", "552 ");
    anna.ask("DELE f", "250 ");
    assert_eq!(anna.number("AVBL"), 1000);
    // An older file counts until the swap, what is kept of it only once.
    anna.send("STOR f", &pattern(600, 1), "226 ");
    anna.send("STOR f", &pattern(500, 2), "552 ");
    anna.send("APPE f", &pattern(400, 3), "226 ");
    assert_eq!(anna.number("SIZE f"), 1000);
    assert_eq!(anna.quota("available"), 0);
}

#[test]
fn what_is_announced_is_set_aside() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    let mut other = FtpPeer::sign_in(world.address, "anna");
    anna.ask("ALLO 700", "200 ");
    let mut data = anna.passive();
    anna.ask("STOR f", "150 ");
    data.write_all(b"x").expect("it takes it");
    wait_for(&mut other, 300);
    other.ask("ALLO 301", "552 ");
    drop(data);
    anna.expect("226 ");
    assert_eq!(other.quota("available"), 999);
}

#[test]
fn a_restart_behind_the_end_is_refused_before_anything_is_begun() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.send("STOR f", b"12345", "226 ");
    for (offset, command) in
        [(6, "STOR f"), (6, "RETR f"), (6, "APPE f"), (1, "STOR new")]
    {
        anna.ask(&format!("REST {offset}"), "350 ");
        anna.ask(command, "554 ");
    }
    for bad in ["9223372036854775808", "18446744073709551616", "-1", "x", ""] {
        anna.ask(&format!("REST {bad}"), "501 ");
    }
    anna.ask("REST 9223372036854775807", "350 ");
    anna.ask("RETR f", "554 ");
    anna.ask("REST 5", "350 ");
    assert_eq!(anna.receive("RETR f"), b"");
    anna.ask("REST 2", "350 ");
    anna.send("STOR f", b"xy", "226 ");
    assert_eq!(anna.receive("RETR f"), b"12xy");
}

#[test]
fn line_ends_are_the_networks_on_the_wire_and_ours_on_the_disk() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.ask("TYPE A", "200 ");
    anna.send("STOR f", b"a\r\nb\r\n\rc\r\r\n", "226 ");
    assert_eq!(fs::read(world.path("f")).expect("it"), b"a\nb\n\rc\r\n");
    assert_eq!(anna.receive("RETR f"), b"a\r\nb\r\n\rc\r\r\n");
    anna.ask("SIZE f", "550 ");
    // An offset counts what was sent.
    anna.ask("REST 3", "350 ");
    assert_eq!(anna.receive("RETR f"), b"b\r\n\rc\r\r\n");
    anna.ask("REST 2", "350 ");
    assert_eq!(anna.receive("RETR f"), b"\nb\r\n\rc\r\r\n");
    anna.ask("REST 3", "350 ");
    anna.send("STOR f", b"z\r\n", "226 ");
    assert_eq!(fs::read(world.path("f")).expect("it"), b"a\nz\n");
    anna.ask("REST 7", "350 ");
    anna.ask("RETR f", "554 ");
}

#[test]
fn unique_names_replace_nothing() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    for _ in 0..3 {
        let mut data = anna.passive();
        let reply = anna.ask("STOU", "150 FILE: ");
        let name = reply.trim_start_matches("150 FILE: ").to_owned();
        data.write_all(name.as_bytes()).expect("it takes it");
        drop(data);
        anna.expect("226 ");
        assert_eq!(anna.receive(&format!("RETR {name}")), name.as_bytes());
    }
    let names = anna.receive("NLST");
    assert_eq!(names.iter().filter(|byte| **byte == b'\n').count(), 3);
}

#[test]
fn a_rename_replaces_a_file_and_gives_its_space_back() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.send("STOR old", &pattern(300, 1), "226 ");
    anna.send("STOR new", &pattern(200, 2), "226 ");
    anna.ask("MKD d", "257 ");
    anna.ask("RNFR new", "350 ");
    anna.ask("RNTO d", "550 ");
    anna.ask("RNFR new", "350 ");
    anna.ask("RNTO old", "250 ");
    assert_eq!(anna.receive("RETR old"), pattern(200, 2));
    assert_eq!(anna.quota("used"), 200);
    // Two names of one file.
    fs::hard_link(world.path("old"), world.path("same")).expect("a link");
    anna.ask("RNFR old", "350 ");
    anna.ask("RNTO same", "250 ");
    assert_eq!(anna.quota("used"), 200);
}

#[test]
fn an_abort_is_heard_before_during_and_after() {
    let world = World::new().quota(1 << 30).start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.ask("ABOR", "225 ");
    fs::write(world.path("big"), pattern(8 << 20, 1)).expect("a file");
    // Before the data connection.
    let reply = anna.ask("EPSV", "229 ");
    anna.ask("RETR big", "150 ");
    anna.ask("ABOR", "426 ");
    anna.expect("226 ");
    drop(reply);
    // In the middle.
    let mut data = anna.passive();
    anna.ask("RETR big", "150 ");
    let mut some = [0; 1000];
    std::io::Read::read_exact(&mut data, &mut some).expect("bytes");
    anna.ask("ABOR", "426 ");
    anna.expect("226 ");
    // Along with the command, behind another one: replies keep their order.
    anna.ask("EPSV", "229 ");
    anna.control.send("RETR big\r\nPWD\r\nABOR\r\nNOOP\r\n");
    for code in ["150 ", "426 ", "257 ", "226 ", "200 "] {
        anna.expect(code);
    }
    assert_eq!(anna.receive("RETR big"), pattern(8 << 20, 1));
}

#[test]
fn questions_are_answered_while_bytes_flow() {
    let world = World::new().quota(1 << 30).start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    fs::write(world.path("big"), pattern(8 << 20, 1)).expect("a file");
    let mut data = anna.passive();
    anna.ask("RETR big", "150 ");
    anna.ask("NOOP", "200 ");
    let status = anna.ask("STAT", "211-");
    assert!(status.contains("A transfer is under way"), "{status}");
    // What cannot be answered now waits, and so does what follows it.
    anna.control.send("PWD\r\nNOOP\r\nQUIT\r\n");
    assert_eq!(rest(&mut data), pattern(8 << 20, 1));
    for code in ["226 ", "257 ", "200 ", "221 "] {
        anna.expect(code);
    }
    anna.control.expect_close();
}

/// Waits until so many bytes are available.
#[track_caller]
fn wait_for(peer: &mut FtpPeer, available: u64) {
    let deadline = Instant::now() + DEADLINE;
    while peer.quota("available") != available {
        assert!(Instant::now() < deadline, "never {available}");
    }
}

/// Sends some bytes and a reset, once the server has read them: what it has
/// not would be lost with the reset.
#[track_caller]
fn break_off(peer: &mut FtpPeer, mut data: TcpStream, bytes: &[u8]) {
    data.write_all(bytes).expect("it takes it");
    wait_until_read(peer, bytes.len());
    let socket = socket2::SockRef::from(&data);
    socket.set_linger(Some(Duration::ZERO)).expect("a socket");
}

/// Waits until the server has read so many bytes of the transfer under way.
#[track_caller]
fn wait_until_read(peer: &mut FtpPeer, bytes: usize) {
    let wanted = format!("under way: {bytes} bytes");
    let deadline = Instant::now() + DEADLINE;
    while !peer.ask("STAT", "211-").contains(&wanted) {
        assert!(Instant::now() < deadline, "never {wanted}");
    }
}
