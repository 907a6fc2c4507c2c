//! Downloads and uploads: the rows of §5 and §6 of the protocol, and what
//! section 7 rules on them. Parts and the quota have a file of their own.

use std::fs;

use crate::{
    peer::{Peer, number, pattern},
    world::World,
};

#[test]
fn a_download_resumes_from_what_the_client_holds() {
    let world = World::new().start();
    let mut anna = world.anna();
    let content = pattern(300, 1);
    anna.put("f", &content);
    anna.ask("get nothing", "402 reason=not-found");
    anna.ask("get nothing have=0", "402 reason=not-found");
    anna.ask("mkdir d", "201");
    anna.ask("get d", "402 reason=not-found");
    anna.ask("get d have=1", "402 reason=not-found");
    anna.ask("get /", "402 reason=not-found");
    for held in [1, 150, 299] {
        check_get(&mut anna, "f", &content, &format!("have={held}"), held);
        let digest = blake3::hash(&content[..held]);
        let with = format!("have={held} digest={digest}");
        check_get(&mut anna, "f", &content, &with, held);
        let upper = digest.to_string().to_uppercase();
        let with = format!("digest={upper} have=0{held}");
        check_get(&mut anna, "f", &content, &with, held);
    }
    anna.ask("noop", "201");
}

#[test]
fn a_download_begins_at_0_where_the_client_holds_something_else() {
    let world = World::new().start();
    let mut anna = world.anna();
    let content = pattern(300, 1);
    anna.put("f", &content);
    let wrong = blake3::hash(b"something else");
    let mut given = vec![String::new()];
    for held in [0, 1, 150, 299, 300, 301] {
        given.push(format!("have={held} digest={wrong}"));
    }
    given.push("have=0".to_owned());
    given.push(format!("have=0 digest={}", blake3::hash(b"")));
    given.push("have=301".to_owned());
    given.push(format!("have={}", i64::MAX));
    for with in given {
        check_get(&mut anna, "f", &content, &with, 0);
    }
}

#[test]
fn the_same_file_is_not_sent_again() {
    let world = World::new().start();
    let mut anna = world.anna();
    let content = pattern(300, 1);
    anna.put("f", &content);
    anna.put("empty", b"");
    let digest = blake3::hash(&content);
    anna.ask("get f have=300", "203 size=300");
    anna.ask(&format!("get f have=300 digest={digest}"), "203 size=300");
    anna.ask("get empty have=0", "203 size=0");
    let digest = blake3::hash(b"");
    anna.ask(&format!("get empty have=0 digest={digest}"), "203 size=0");
    let announced = anna.ask("get empty", "405 offset=0 length=0 size=0");
    assert!(anna.body(&announced).is_empty());
    let announced = anna.ask("get empty have=1", "405 offset=0 length=0");
    assert!(anna.body(&announced).is_empty());
    anna.ask(&format!("get f digest={digest}"), "401 reason=bad-argument");
}

#[test]
fn an_upload_resumes_after_a_break() {
    let world = World::new().start();
    let content = pattern(300, 1);
    for kept in [1, 150, 299] {
        world.leave_part("f", &content, kept);
        let mut anna = world.anna();
        assert_eq!(anna.quota("parts"), kept as u64);
        assert_eq!(anna.begin_put("f", &content), kept);
        anna.send(&content[kept..]);
        anna.expect("201 size=300");
        assert_eq!(anna.get("f"), content);
        assert_eq!((anna.quota("used"), anna.quota("parts")), (300, 0));
        assert!(world.parts().is_empty());
        anna.ask("rm f", "201");
    }
}

#[test]
fn an_upload_resumes_as_often_as_it_breaks() {
    let world = World::new().start();
    let content = pattern(300, 1);
    for kept in [100, 100, 200, 299] {
        world.leave_part("f", &content, kept);
    }
    let mut anna = world.anna();
    assert_eq!(anna.begin_put("f", &content), 299);
    anna.send(&content[299..]);
    anna.expect("201 size=300");
    assert_eq!(anna.get("f"), content);
}

#[test]
fn an_upload_of_the_same_file_is_not_taken_again() {
    let world = World::new().start();
    let mut anna = world.anna();
    let content = pattern(300, 1);
    let digest = blake3::hash(&content);
    anna.put("f", &content);
    anna.ask(&format!("put f size=300 digest={digest}"), "203 size=300");
    // Another size, another digest, or none: it is taken.
    anna.ask(&format!("put f size=299 digest={digest}"), "202 ");
    anna.expect("405 offset=0");
    anna.send(&content[..299]);
    anna.expect("401 reason=digest-mismatch");
    anna.ask("put f size=300", "202 ");
    anna.expect("405 offset=0");
    anna.send(pattern(300, 2));
    anna.expect("201 size=300");
    assert_eq!(anna.get("f"), pattern(300, 2));
    anna.ask(&format!("put f size=300 digest={digest}"), "202 ");
    anna.expect("405 offset=0");
    anna.send(&content);
    anna.expect("201 size=300");
    assert_eq!(anna.get("f"), content);
}

#[test]
fn empty_files_go_both_ways() {
    let world = World::new().start();
    let mut anna = world.anna();
    let digest = blake3::hash(b"");
    anna.ask("put a size=0", "202 available=1000");
    anna.expect("405 offset=0");
    anna.expect("201 size=0");
    anna.put("b", b"");
    anna.ask(&format!("put b size=0 digest={digest}"), "203 size=0");
    assert!(anna.get("a").is_empty() && anna.get("b").is_empty());
    assert_eq!(anna.dir("").len(), 2);
    anna.ask(&format!("put c size=0 digest={}", blake3::hash(b"x")), "202 ");
    anna.expect("405 offset=0");
    anna.expect("401 reason=digest-mismatch");
    anna.ask("get c", "402 reason=not-found");
}

#[test]
fn an_upload_needs_a_place() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.ask("mkdir d", "201");
    anna.put("f", b"x");
    anna.ask("put d size=1", "403 reason=exists");
    anna.ask("put / size=1", "403 reason=exists");
    anna.ask("put .. size=1", "403 reason=exists");
    anna.ask("put x/f size=1", "402 reason=not-found");
    anna.ask("put f/g size=1", "402 reason=not-found");
    // What is no place is no matter of the quota.
    anna.ask("put d size=5000", "403 reason=exists");
    anna.ask("put x/f size=5000", "402 reason=not-found");
    anna.ask("put f", "401 reason=bad-argument");
    anna.ask("put f size=1 digest=12", "401 reason=bad-argument");
}

#[test]
fn the_old_file_stands_until_the_new_one_is_complete() {
    let world = World::new().start();
    let (old, new) = (pattern(300, 1), pattern(400, 2));
    let (mut writer, mut reader) = (world.anna(), world.anna());
    writer.put("f", &old);
    writer.begin_put("f", &new);
    writer.send(&new[..399]);
    assert_eq!(reader.get("f"), old);
    assert_eq!(reader.dir("").len(), 1);
    writer.break_off();
    assert_eq!(reader.get("f"), old);
    assert_eq!(reader.quota("used"), 300 + 399);
    assert_eq!(reader.begin_put("f", &new), 399);
    reader.send(&new[399..]);
    reader.expect("201 size=400");
    assert_eq!(reader.get("f"), new);
    assert_eq!(reader.quota("used"), 400);
}

#[test]
fn a_download_under_way_gets_the_file_it_began_with() {
    let world = World::new().quota(1 << 30).start();
    let (old, new) = (pattern(8 << 20, 1), pattern(8 << 20, 2));
    let (mut reader, mut writer) = (world.anna(), world.anna());
    writer.put("f", &old);
    let announced = reader.ask("get f", "405 offset=0");
    writer.put("f", &new);
    assert!(reader.body(&announced) == old);
    assert!(reader.get("f") == new);
    assert_eq!(writer.quota("used"), 8 << 20);
}

#[test]
fn a_large_file_resumes_both_ways() {
    let world = World::new().quota(1 << 30).start();
    let content = pattern(8 << 20, 1);
    let half = content.len() / 2 + 1;
    world.leave_part("f", &content, half);
    let mut anna = world.anna();
    assert_eq!(anna.begin_put("f", &content), half);
    anna.send(&content[half..]);
    anna.expect("201 ");
    assert!(fs::read(world.path("f")).expect("the file") == content);
    for held in [0, 1, half, content.len() - 65_536, content.len() - 1] {
        let digest = blake3::hash(&content[..held]);
        let with = format!("have={held} digest={digest}");
        check_get(&mut anna, "f", &content, &with, held);
    }
}

#[test]
fn an_upload_onto_a_link_inside_replaces_its_target() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.ask("mkdir d", "201");
    anna.put("d/f", &pattern(200, 1));
    world.link("d/f", "link");
    anna.put("link", &pattern(300, 2));
    assert_eq!(anna.get("d/f"), pattern(300, 2));
    assert!(world.path("link").is_symlink());
    assert_eq!(anna.quota("used"), 300);
    let digest = blake3::hash(&pattern(300, 2));
    anna.ask(&format!("put link size=300 digest={digest}"), "203 size=300");
    anna.ask("mv link moved", "201");
    assert!(world.path("moved").is_symlink());
    anna.ask("rm moved", "201");
    assert_eq!(anna.get("d/f"), pattern(300, 2));
    assert_eq!(anna.quota("used"), 300);
}

/// Downloads with `options`; the bytes must come from `offset` on.
#[track_caller]
fn check_get(
    peer: &mut Peer,
    name: &str,
    content: &[u8],
    options: &str,
    offset: usize,
) {
    let (size, code) = (content.len(), if offset > 0 { 205 } else { 405 });
    let length = size - offset;
    let announced = peer.ask(
        &format!("get {name} {options}"),
        &format!("{code} offset={offset} length={length} size={size}"),
    );
    assert_eq!(number(&announced, "size"), size as u64);
    assert!(peer.body(&announced) == content[offset..], "{options}");
}
