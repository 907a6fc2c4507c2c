//! The limits of time and the stop (§3.5, §3.6, §7.17, §7.19): what is said
//! at the end and that the connection is closed, never how long it took.

use std::{
    fs::File,
    io::{Read, Write},
    thread::{self, JoinHandle},
    time::Duration,
};

use crate::{
    peer::{Peer, pattern},
    world::{Running, World},
};

#[test]
fn who_does_not_sign_in_is_told_and_closed() {
    let world = World::new().patience(|limits| limits.login = SHORT).start();
    let mut anna = world.anna();
    let mut silent = world.ready();
    silent.expect("000 state=timeout limit=login");
    silent.expect_close();
    let mut busy = world.ready();
    busy.ask("help", "201 ");
    busy.ask("pwd", "400 reason=login-first");
    busy.send("auth anna");
    busy.expect("000 state=timeout limit=login");
    busy.expect_close();
    // The limit ends with the sign-in.
    anna.ask("pwd", "201 path=/");
}

#[test]
fn who_says_nothing_is_told_and_closed() {
    let world = World::new().patience(|limits| limits.idle = SHORT).start();
    let mut anna = world.anna();
    anna.expect("000 state=timeout limit=idle");
    anna.expect_close();
    assert_eq!(world.gauge.serving(), 0);
    // Before the sign-in another limit holds.
    world.ready().ask("help", "201 ");
}

#[test]
fn half_a_line_does_not_extend_the_idle_limit() {
    let world = World::new().patience(|limits| limits.idle = SHORT).start();
    let mut anna = world.anna();
    let drip = keep_sending(&mut anna, b"x", SHORT / 10);
    anna.expect("000 state=timeout limit=idle");
    anna.expect_close();
    drip.join().expect("the writer");
}

#[test]
fn a_flood_without_a_line_does_not_extend_the_idle_limit() {
    let world = World::new().patience(|limits| limits.idle = SHORT).start();
    let mut anna = world.anna();
    let flood = keep_sending(&mut anna, &[b'x'; 1 << 16], Duration::ZERO);
    // Its last line may be lost: more was on its way than was read.
    anna.rest();
    flood.join().expect("the writer");
    world.wait_until_serving(0);
}

#[test]
fn a_flood_of_lines_does_not_extend_the_login_limit() {
    let world = World::new().patience(|limits| limits.login = SHORT).start();
    let mut nobody = world.ready();
    let lines = b"help\n".repeat(100);
    let flood = keep_sending(&mut nobody, &lines, Duration::ZERO);
    nobody.rest();
    flood.join().expect("the writer");
    world.wait_until_serving(0);
}

#[test]
fn an_upload_that_stops_is_told_and_leaves_its_part() {
    let world = World::new().patience(|limits| limits.stall = SHORT).start();
    let content = pattern(300, 1);
    let mut anna = world.anna();
    anna.begin_put("f", &content);
    anna.send(&content[..100]);
    anna.expect("000 state=timeout limit=stall");
    anna.expect_close();
    let mut anna = world.anna();
    assert_eq!((anna.quota("parts"), anna.quota("available")), (100, 900));
    assert_eq!(anna.begin_put("f", &content), 100);
}

#[test]
fn a_download_that_is_not_read_ends_with_the_close_alone() {
    let world = World::new().patience(|limits| limits.stall = SHORT).start();
    sparse(&world);
    let mut anna = world.anna();
    anna.ask("get f", "405 offset=0");
    world.wait_until_serving(0);
    let arrived = anna.rest();
    assert!((arrived.len() as u64) < LARGE);
    assert!(arrived.iter().all(|&byte| byte == 0), "a line among the bytes");
}

#[test]
fn replies_that_are_not_read_end_the_session() {
    let world = World::new().patience(|limits| limits.stall = SHORT).start();
    let mut anna = world.anna();
    let lines = b"help\n".repeat(1000);
    let flood = keep_sending(&mut anna, &lines, Duration::ZERO);
    world.wait_until_serving(0);
    flood.join().expect("the writer");
}

#[test]
fn a_slow_transfer_that_moves_is_not_cut() {
    let limit = Duration::from_secs(1);
    let world = World::new().patience(|limits| limits.stall = limit).start();
    let content = pattern(50, 1);
    let mut anna = world.anna();
    anna.begin_put("f", &content);
    // Longer than the limit in all, and each pause far below it.
    for byte in &content {
        anna.send([*byte]);
        thread::sleep(limit / 40);
    }
    anna.expect("201 size=50");
    assert_eq!(anna.get("f"), content);
}

#[test]
fn the_third_failure_closes_and_what_came_with_it_is_not_answered() {
    let world = World::new().start();
    let mut nobody = world.ready();
    nobody.ask("auth anna wrong", "400 reason=bad-password");
    nobody.ask("auth", "401 reason=bad-argument");
    nobody.send("auth anna wrong\nauth x y\nauth anna secret\npwd\n");
    nobody.expect("400 reason=bad-password");
    nobody.expect("400 reason=bad-password");
    nobody.expect_close();
    world.anna();
}

#[test]
fn the_stop_is_told_to_who_is_idle() {
    let world = World::new().start();
    let (mut anna, mut nobody) = (world.anna(), world.ready());
    anna.send("half a line");
    world.stop();
    anna.expect("000 state=closing");
    anna.expect_close();
    nobody.expect("000 state=closing");
    nobody.expect_close();
}

#[test]
fn the_stop_lets_transfers_finish() {
    let world = World::new().quota(2 * LARGE).start();
    let content = pattern(300, 1);
    sparse(&world);
    let (mut writer, mut reader) = (world.anna(), world.anna());
    writer.begin_put("g", &content);
    writer.send(&content[..100]);
    let announced = reader.ask("get f", "405 offset=0");
    world.stop();
    writer.send(&content[100..]);
    writer.expect("201 size=300");
    writer.expect("000 state=closing");
    writer.expect_close();
    assert_eq!(reader.body(&announced).len() as u64, LARGE);
    reader.expect("000 state=closing");
    reader.expect_close();
}

#[test]
fn a_stop_without_patience_cuts_transfers_and_keeps_the_part() {
    let world = World::new().quota(2 * LARGE).drain(SHORT).start();
    sparse(&world);
    let content = pattern(300, 1);
    let (mut writer, mut reader) = (world.anna(), world.anna());
    writer.begin_put("g", &content);
    writer.send(&content[..100]);
    reader.ask("get f", "405 offset=0");
    world.stop();
    writer.expect("000 state=closing");
    writer.expect_close();
    world.wait_until_serving(0);
    let arrived = reader.rest();
    assert!((arrived.len() as u64) < LARGE);
    assert!(arrived.iter().all(|&byte| byte == 0), "a line among the bytes");
    let world = world.end().quota(2 * LARGE).start();
    assert_eq!(world.anna().quota("parts"), 100);
    assert_eq!(world.anna().begin_put("g", &content), 100);
}

#[test]
fn a_download_that_keeps_moving_is_cut_when_the_grace_is_over() {
    let world = World::new().drain(SHORT).start();
    File::create(world.path("f"))
        .and_then(|file| file.set_len(ENDLESS))
        .expect("a sparse file");
    let mut reader = world.anna();
    reader.ask("get f", "405 offset=0");
    world.stop();
    let mut arrived = 0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match reader.socket().read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => arrived += count as u64,
        }
    }
    assert!(arrived < ENDLESS);
    world.wait_until_serving(0);
}

/// Sends the same bytes again and again, until the server does not take
/// them any more.
fn keep_sending(
    peer: &mut Peer,
    bytes: &[u8],
    pause: Duration,
) -> JoinHandle<()> {
    let mut socket = peer.socket().try_clone().expect("a socket");
    let bytes = bytes.to_vec();
    thread::spawn(move || {
        while socket.write_all(&bytes).is_ok() {
            thread::sleep(pause);
        }
    })
}

/// A file `f` of anna's that takes no room on the disk and does not fit
/// the buffers of a connection.
fn sparse(world: &Running) {
    File::create(world.path("f"))
        .and_then(|file| file.set_len(LARGE))
        .expect("a sparse file");
}

const LARGE: u64 = 64 << 20;

/// More than a loopback moves in the time that a test has.
const ENDLESS: u64 = 1 << 42;

/// Short, and long enough for one command on a busy machine.
const SHORT: Duration = Duration::from_millis(300);
