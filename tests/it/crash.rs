//! A server that is killed in the middle of an upload over an existing
//! file: after its next start the old file is whole, or the new one where
//! it was acknowledged; the quota is what is on the disk; the upload goes
//! on where it was.

use std::{fs, path::Path, thread};

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    lobby::wait_until,
    peer::Peer,
    program::{Program, Started},
    quota_races::bytes_below,
};

#[test]
fn a_kill_in_the_middle_of_an_upload_harms_nothing() {
    let seed = rand::random::<u64>();
    eprintln!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut program = Program::settings("default_quota: 100MiB\n").start();
    let mut old = vec![1; 100_000];
    program.anna().put("f", &old);
    for round in 0..ROUNDS {
        let new = content(&mut random, round);
        let (killed, acknowledged) =
            kill_in_an_upload(program, &new, &mut random);
        let left = kept(killed.root());
        program = killed.start();
        let mut anna = program.anna();
        assert_eq!(kept(program.root()), left, "round {round}: a part lost");
        let found = fs::read(program.path("f")).expect("one of the two");
        let finished = found == new;
        assert!(finished || found == old, "round {round}: neither is whole");
        assert!(finished || !acknowledged, "round {round}: it was promised");
        assert_eq!(anna.get("f"), found);
        assert_books_are_right(&program, &mut anna);
        if !finished {
            resume(&program, &mut anna, &new);
        }
        assert_eq!(anna.get("f"), new);
        assert_eq!(anna.dir("").len(), 1);
        assert_eq!(anna.quota("used"), new.len() as u64);
        assert_eq!(anna.quota("parts"), 0);
        old = new;
    }
    program.stop();
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill() {
    let mut program = Program::settings("").start();
    for round in 0..3 {
        let content = vec![round; 50_000 + usize::from(round)];
        program.anna().put("f", &content);
        program = program.kill().start();
        assert_eq!(program.anna().get("f"), content);
    }
    program.stop();
}

/// Kills the server when a random share of the upload has arrived, or a
/// random moment after all of it was sent. Whatever the moment is, what
/// the test asserts must hold. Says whether the upload was acknowledged.
fn kill_in_an_upload(
    program: Started,
    new: &[u8],
    random: &mut StdRng,
) -> (Program, bool) {
    let mut anna = program.anna();
    let (size, digest) = (new.len(), blake3::hash(new));
    anna.ask(&format!("put f size={size} digest={digest}"), "202 ");
    anna.expect("405 offset=0");
    let share = random.random_range(0..2 * size).min(size);
    anna.send(&new[..share]);
    if share < size {
        let wanted = random.random_range(0..=share as u64);
        wait_until("the part has grown", || kept(program.root()) >= wanted);
    } else {
        // Into the hashing, the syncing, the renaming, or after them.
        for _ in 0..random.random_range(0..100_000) {
            thread::yield_now();
        }
    }
    let killed = program.kill();
    (killed, anna.rest().starts_with(b"201 "))
}

/// The books say what is on the disk.
#[track_caller]
fn assert_books_are_right(program: &Started, anna: &mut Peer) {
    let files = bytes_below(&program.path(""));
    assert_eq!(anna.quota("parts"), kept(program.root()));
    assert_eq!(anna.quota("used"), files + kept(program.root()));
}

/// The upload goes on behind the bytes that are there.
#[track_caller]
fn resume(program: &Started, anna: &mut Peer, new: &[u8]) {
    let (size, digest, kept) =
        (new.len(), blake3::hash(new), kept(program.root()));
    anna.ask(&format!("put f size={size} digest={digest}"), "202 ");
    let code = if kept > 0 { 205 } else { 405 };
    anna.expect(&format!("{code} offset={kept}"));
    anna.send(&new[kept as usize..]);
    anna.expect(&format!("201 size={size}"));
}

/// How many bytes of parts are on the disk.
fn kept(root: &Path) -> u64 {
    let folder = root.join("home/.parts/anna");
    let entries = fs::read_dir(folder).expect("the parts' folder");
    // The part may get its name in this moment.
    entries.flatten().flat_map(|part| part.metadata()).map(|a| a.len()).sum()
}

fn content(random: &mut StdRng, round: usize) -> Vec<u8> {
    let size = random.random_range(200_000..3_000_000);
    let mut content = vec![round as u8 + 2; size];
    random.fill(&mut content[..1000]);
    content
}

const ROUNDS: usize = 8;
