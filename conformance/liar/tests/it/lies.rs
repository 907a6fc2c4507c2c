//! With a lie: each name is taken, a few are seen to be told, and nothing
//! else is.

use crate::world::{World, run};

#[test]
fn each_lie_starts_a_server() {
    for name in names() {
        let world = World::new(Some(&name));
        drop(world);
    }
}

#[test]
fn the_list_has_every_kind() {
    let output = run(&["--list-lies"]);
    let text = String::from_utf8(output.stdout).expect("text");
    for kind in KINDS {
        let rows =
            text.lines().filter(|row| row.split('\t').nth(1) == Some(kind));
        assert!(rows.count() >= 4, "{kind}");
    }
    assert!(names().len() >= 60);
}

#[test]
fn an_unknown_lie_is_refused() {
    let output = run(&["--settings", "none", "--lie", "no-such-lie"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn lies_are_told() {
    let world = World::new(Some("noop-code"));
    world.mike().ask("noop", "200");
    let world = World::new(Some("limit-plus-one"));
    let clients = [world.mike(), world.mike(), world.mike()];
    drop(clients);
    let world = World::new(Some("short-body"));
    let mut mike = world.mike();
    mike.put("put f size=3", b"abc");
    mike.ask("get f", "405 offset=0 length=3 size=3\n");
    assert_eq!(mike.bytes(5), b"ab201");
}

fn names() -> Vec<String> {
    let output = run(&["--list-lies"]);
    let text = String::from_utf8(output.stdout).expect("text");
    let first = |row: &str| row.split('\t').next().map(str::to_owned);
    text.lines().filter_map(first).collect()
}

const KINDS: [&str; 14] = [
    "code", "reason", "resume", "quota", "parts", "files", "bytes", "pool",
    "queue", "jail", "auth", "wire", "listing", "limits",
];
