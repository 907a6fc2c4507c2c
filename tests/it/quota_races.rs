//! One user's quota under many sessions at once: it is never passed, sums
//! are exact, what was reserved comes back, and at the end the ledger says
//! what is on the disk.

use std::{
    fs,
    path::Path,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::{
    peer::{Peer, number},
    world::{Running, World},
};

#[test]
fn parallel_uploads_fill_the_quota_exactly_and_no_further() {
    const HANDS: usize = 8;
    let world = World::new().places(HANDS, 0).quota(10_000).start();
    let (start, stored) = (Barrier::new(HANDS), AtomicU64::new(0));
    thread::scope(|scope| {
        for hand in 0..HANDS {
            let (world, start, stored) = (&world, &start, &stored);
            scope.spawn(move || {
                let mut anna = world.anna();
                start.wait();
                for turn in 0..25 {
                    let name = format!("f{hand}-{turn}");
                    if try_put(&mut anna, &name, 100) {
                        stored.fetch_add(1, Ordering::Relaxed);
                    }
                    assert!(anna.quota("used") <= 10_000);
                }
                anna.ask("quit", "201 ");
                anna.expect_close();
            });
        }
    });
    // 200 wanted to, and 100 fit: not one more, and not one fewer.
    assert_eq!(stored.load(Ordering::Relaxed), 100);
    let mut anna = world.anna();
    assert_eq!(anna.quota("used"), 10_000);
    assert_eq!(anna.quota("available"), 0);
    anna.ask("put one-more size=1", "404 reason=over-quota");
    assert_eq!(on_disk(&world), 10_000);
    assert_counts_the_same_anew(world, anna);
}

#[test]
fn what_is_reserved_is_nobody_else_s_until_it_comes_back() {
    let world = World::new().start();
    let (mut one, mut other) = (world.anna(), world.anna());
    one.ask("put a size=600", "202 available=1000");
    one.expect("405 ");
    let no = other.ask("put b size=401", "404 reason=over-quota");
    assert_eq!((number(&no, "needed"), number(&no, "available")), (401, 400));
    other.ask("put b size=400", "202 available=400");
    other.expect("405 ");
    one.reset();
    // Without a digest nothing is kept, so all of it comes back.
    other.send([2; 400]);
    other.expect("201 ");
    crate::lobby::wait_until("the reservation is back", || {
        other.quota("available") == 600
    });
    assert_eq!(other.quota("used"), 400);
    assert_eq!(other.quota("parts"), 0);
}

#[test]
fn two_uploads_of_one_name_both_end_whole_and_one_counts() {
    let world = World::new().start();
    for digest in [true, false] {
        let (mut one, mut other) = (world.anna(), world.anna());
        for (peer, byte, size) in [(&mut one, 1, 300), (&mut other, 2, 200)] {
            let content = vec![byte; size];
            let digest = match digest {
                true => format!(" digest={}", blake3::hash(&content)),
                false => String::new(),
            };
            peer.ask(&format!("put same size={size}{digest}"), "202 ");
            peer.expect("405 ");
            peer.send(&content[..size / 2]);
        }
        other.send([2; 100]);
        other.expect("201 size=200");
        assert_eq!(other.get("same"), [2; 200]);
        one.send([1; 150]);
        one.expect("201 size=300");
        assert_eq!(other.get("same"), [1; 300]);
        assert_eq!(other.quota("used"), 300);
        assert_eq!(other.quota("available"), 700);
        other.ask("rm same", "201 ");
        assert_eq!(other.quota("used"), 0);
    }
}

#[test]
fn parallel_puts_moves_and_removals_leave_exact_books() {
    const HANDS: usize = 6;
    let world = World::new().places(HANDS, 0).quota(3_000).start();
    let start = Barrier::new(HANDS);
    thread::scope(|scope| {
        for hand in 0..HANDS {
            let (world, start) = (&world, &start);
            scope.spawn(move || {
                let mut anna = world.anna();
                start.wait();
                for turn in 0..60 {
                    let (mix, name) = (hand * 7 + turn * 5, turn % 4);
                    match mix % 6 {
                        0..=2 => {
                            let size = 50 + mix % 400;
                            try_put(&mut anna, &format!("n{name}"), size);
                        }
                        3 => anna.say(&format!("rm n{name}")),
                        4 => anna.say(&format!("mv n{name} m{name}")),
                        _ => {
                            anna = break_off(anna, world, name, hand);
                            continue;
                        }
                    }
                    if mix % 6 > 2 {
                        let reply = anna.line();
                        let good = ["201", "402", "403"];
                        assert!(good.contains(&&reply[..3]), "{reply}");
                    }
                    assert!(anna.quota("used") <= 3_000);
                }
                anna.ask("quit", "201 ");
                anna.expect_close();
            });
        }
    });
    let mut anna = world.anna();
    let books = anna.ask("quota", "201 ");
    let used = number(&books, "used");
    assert_eq!(used, on_disk(&world));
    assert_eq!(number(&books, "available"), 3_000 - used);
    assert_counts_the_same_anew(world, anna);
}

/// An upload without a digest, if there is room. Whether there was.
fn try_put(peer: &mut Peer, name: &str, size: usize) -> bool {
    peer.say(&format!("put {name} size={size}"));
    let reply = peer.line();
    if reply.starts_with("404 reason=over-quota") {
        assert!(number(&reply, "available") < size as u64, "{reply}");
        return false;
    }
    assert!(reply.starts_with("202 "), "{reply}");
    peer.expect("405 offset=0");
    peer.send(vec![b'x'; size]);
    peer.expect("201 ");
    true
}

/// Breaks an upload off in the middle, and comes back: what arrived is
/// put down before the place is free.
fn break_off(
    mut peer: Peer,
    world: &Running,
    name: usize,
    hand: usize,
) -> Peer {
    let content = vec![hand as u8; 300];
    let digest = blake3::hash(&content);
    peer.say(&format!("put n{name} size=300 digest={digest}"));
    let reply = peer.line();
    if reply.starts_with("202 ") {
        let from = number(&peer.line(), "offset") as usize;
        peer.send(&content[from..from + (300 - from) / 2]);
        peer.half_close();
        peer.expect_close();
        return world.anna();
    }
    assert!(reply.starts_with("404 ") || reply.starts_with("203 "), "{reply}");
    peer
}

/// Another server on the same root counts what this one has in its books.
#[track_caller]
fn assert_counts_the_same_anew(world: Running, mut anna: Peer) {
    let before = ["used", "parts"].map(|field| anna.quota(field));
    drop(anna);
    let again = world.end().quota(3_000).start();
    let mut anna = again.anna();
    assert_eq!(["used", "parts"].map(|field| anna.quota(field)), before);
}

/// The bytes of all of anna's files and kept parts.
fn on_disk(world: &Running) -> u64 {
    let parts = world.parts();
    let parts = parts.iter().map(|part| bytes_below(part));
    bytes_below(&world.path("")) + parts.sum::<u64>()
}

/// The bytes of a file, or of all files in a folder.
pub fn bytes_below(path: &Path) -> u64 {
    let about = fs::symlink_metadata(path).expect("it is there");
    if !about.is_dir() {
        return about.len();
    }
    let entries = fs::read_dir(path).expect("a folder");
    entries.map(|entry| bytes_below(&entry.expect("an entry").path())).sum()
}
