//! With a lie: each name is taken, a few of every kind are seen to be told,
//! and nothing else is.

use std::io::Read;

use crate::world::{World, run};

#[test]
fn the_list_has_every_kind() {
    let output = run(&["--list-lies"]);
    let text = String::from_utf8(output.stdout).expect("text");
    for kind in KINDS {
        let rows =
            text.lines().filter(|row| row.split('\t').nth(1) == Some(kind));
        assert!(rows.count() >= 4, "{kind}");
    }
    assert!(text.lines().count() >= 60);
}

#[test]
fn an_unknown_lie_is_refused() {
    let output = run(&["--settings", "none", "--lie", "no-such-lie"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_code_is_changed_and_no_other() {
    let world = World::new(Some("noop-250"));
    let mut ann = world.ann();
    ann.ask("NOOP", "250 ");
    ann.ask("PWD", "257 ");
    ann.ask("noop", "250 ");
}

#[test]
fn a_command_is_answered_and_not_done() {
    let world = World::new(Some("dele-not-done"));
    let mut ann = world.ann();
    let data = ann.data();
    ann.ask("STOR a", "150 ");
    drop(data);
    ann.expect("226 ");
    ann.ask("DELE a", "250 Gone.");
    ann.ask("SIZE a", "213 0");
}

#[test]
fn data_is_altered_and_all_else_is_not() {
    let world = World::new(Some("retr-one-more"));
    let mut ann = world.ann();
    let mut data = ann.data();
    ann.ask("STOR a", "150 ");
    data.send(b"hello");
    drop(data);
    ann.expect("226 ");
    let mut data = ann.data();
    ann.ask("RETR a", "150 ");
    assert_eq!(data.rest(), b"hello+");
    ann.expect("226 ");
    let mut data = ann.data();
    ann.ask("NLST", "150 ");
    assert_eq!(data.rest(), b"a\r\n");
    ann.expect("226 ");
}

#[test]
fn a_connection_ends_otherwise() {
    let world = World::new(Some("quit-resets"));
    let mut ann = world.ann();
    ann.ask("QUIT", "221 ");
    let end = ann.stream.read(&mut [0; 8]);
    let kind = end.map_err(|error| error.kind());
    assert_eq!(kind, Err(std::io::ErrorKind::ConnectionReset));
}

/// The suite makes a scenario's folder itself, and that is not judged.
#[test]
fn the_suites_own_work_is_left_alone() {
    let world = World::new(Some("mkd-250"));
    let mut ann = world.ann();
    ann.ask("MKD other", "250 ");
    ann.ask("MKD conformance-1", "257 ");
    ann.ask("MKD conformance-1/sub", "257 ");
    world.ann().ask("MKD another", "250 ");
}

const KINDS: [&str; 9] = [
    "code", "refusal", "form", "facts", "entries", "listing", "bytes",
    "deeds", "order",
];
