//! Without a lie: the main paths of the protocol.

use std::{
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use crate::world::{Client, World};

#[test]
fn signs_in_and_counts_failures() {
    let world = World::new(None);
    let mut client = world.connect();
    client.expect("000 state=ready protocol=1 limit=2 serving=1");
    client.ask("pwd", "400 reason=login-first");
    client.ask("auth mike", "401 reason=bad-argument");
    client.ask("auth mike no", "400 reason=bad-password");
    client.ask("auth nobody pw", "400 reason=bad-password");
    client.ask("auth mike no", "400 reason=bad-password");
    assert_eq!(client.line(), "");
}

#[test]
fn makes_lists_and_removes() {
    let world = World::new(None);
    let mut mike = world.mike();
    mike.ask("mkdir a%20b", "201 path=/a%20b\n");
    mike.ask("mkdir a%20b", "403 reason=exists");
    mike.ask("mkdir x/y", "402 reason=not-found");
    mike.ask("CD a%20b", "201 path=/a%20b\n");
    mike.put("put f size=1", b"f");
    mike.ask("cd ../../..", "201 path=/\n");
    mike.ask("rmdir a%20b", "401 reason=not-empty");
    mike.ask("mv a%20b a%20b/c", "401 reason=denied");
    mike.ask("mv a%20b/f f", "201");
    mike.ask("rmdir a%20b", "201");
    mike.ask("dir", "201 length=27 entries=1\n");
    let line = String::from_utf8(mike.bytes(27)).expect("text");
    assert!(line.starts_with("f 1 ") && line.ends_with("Z f\n"), "{line}");
    mike.ask("rm f", "201");
    mike.ask("rm f", "402 reason=not-found");
}

#[test]
fn links_out_are_hidden() {
    let world = World::new(None);
    symlink("../../secret", world.home().join("out")).expect("a link");
    let mut mike = world.mike();
    mike.ask("get out", "402 ");
    mike.ask("put out size=1", "401 reason=denied");
    mike.ask("dir", "201 length=0 entries=0\n");
    mike.ask("rm out", "402 ");
}

#[test]
fn gets_and_resumes() {
    let world = World::new(None);
    let mut mike = world.mike();
    mike.put("put f size=5", b"hello");
    mike.ask("get f", "405 offset=0 length=5 size=5\n");
    assert_eq!(mike.bytes(5), b"hello");
    mike.expect("201 size=5\n");
    let right = blake3::hash(b"he").to_hex();
    mike.ask(&format!("get f have=2 digest={right}"), "205 offset=2 ");
    assert_eq!(mike.bytes(3), b"llo");
    mike.expect("201 size=5\n");
    let wrong = blake3::hash(b"xx").to_hex();
    mike.ask(&format!("get f have=2 digest={wrong}"), "405 offset=0 ");
    assert_eq!(mike.bytes(5), b"hello");
    mike.expect("201 size=5\n");
    mike.ask("get f have=5", "203 size=5\n");
}

#[test]
fn a_broken_upload_resumes_even_after_a_kill() {
    let mut world = World::new(None);
    let content = [7; 300];
    let digest = blake3::hash(&content).to_hex();
    let request = format!("put f size=300 digest={digest}");
    let mut mike = world.mike();
    mike.ask(&request, "202 available=1000\n");
    mike.expect("405 offset=0\n");
    mike.send(&content[..100]);
    drop(mike);
    let mut mike = settled(&world, 100);
    mike.ask(&request, "202 available=900\n");
    mike.expect("205 offset=100\n");
    mike.send(&content[100..150]);
    drop(mike);
    drop(settled(&world, 150));

    world.restart();
    let mut mike = settled(&world, 150);
    mike.ask(&request, "202 available=850\n");
    mike.expect("205 offset=150\n");
    mike.send(&content[150..]);
    mike.expect("201 size=300\n");
    mike.ask("quota", "201 quota=1000 used=300 parts=0 available=700\n");
    let file = std::fs::read(world.home().join("f")).expect("the file");
    assert_eq!(file, content);
}

#[test]
fn what_does_not_match_is_thrown_away() {
    let world = World::new(None);
    let mut mike = world.mike();
    let digest = blake3::hash(b"hello").to_hex();
    mike.ask(&format!("put f size=5 digest={digest}"), "202 ");
    mike.expect("405 offset=0\n");
    mike.send(b"jello");
    mike.expect("401 reason=digest-mismatch");
    mike.ask("quota", "201 quota=1000 used=0 parts=0 available=1000\n");
}

#[test]
fn the_quota_counts_what_is_reserved() {
    let world = World::new(None);
    let (mut one, mut two) = (world.mike(), world.mike());
    one.ask("put a size=600", "202 available=1000\n");
    one.expect("405 offset=0\n");
    two.ask(
        "put b size=401",
        "404 reason=over-quota needed=401 available=400\n",
    );
    two.put("put b size=400", &[1; 400]);
    one.send(&[2; 600]);
    one.expect("201 size=600\n");
    two.ask("quota", "201 quota=1000 used=1000 parts=0 available=0\n");
}

#[test]
fn the_queue_moves_in_order() {
    let world = World::new(None);
    let (mut one, mut two) = (world.connect(), world.connect());
    one.expect("000 state=ready");
    two.expect("000 state=ready protocol=1 limit=2 serving=2");
    let mut three = world.connect();
    three.expect("000 state=waiting position=1 limit=2");
    let mut four = world.connect();
    four.expect("000 state=busy");
    assert_eq!(four.line(), "");
    three.send(b"noop\n");
    two.ask("quit", "201");
    assert_eq!(two.line(), "");
    three.expect("000 state=ready protocol=1 limit=2 serving=2");
    three.expect("400 reason=login-first");
}

#[test]
fn a_stop_is_told_to_all() {
    let world = World::new(None);
    let (mut one, mut two) = (world.mike(), world.mike());
    let mut three = world.connect();
    three.expect("000 state=waiting");
    let (rest, code) = world.stop();
    assert_eq!((rest.as_str(), code), ("", Some(0)));
    for client in [&mut one, &mut two, &mut three] {
        client.expect("000 state=closing");
        assert_eq!(client.line(), "");
    }
}

/// A session that sees a part of that size: the one that broke off has
/// ended by then.
fn settled(world: &World, parts: u64) -> Client {
    let mut mike = world.mike();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        mike.send(b"quota\n");
        let line = mike.line();
        if line.contains(&format!(" parts={parts} ")) {
            return mike;
        }
        assert!(Instant::now() < deadline, "{line}");
    }
}
