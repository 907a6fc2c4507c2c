//! The waiting line (`docs/native-protocol.md` §3): who waits is told
//! where, comes in first come first served, may leave, and is turned away
//! when the line is full or the wait too long. And the stop.

use std::{
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    peer::{Peer, number},
    world::{Running, World},
};

#[test]
fn who_waits_is_told_the_position_and_the_limit() {
    let world = World::new().places(2, 5).start();
    let (_a, _b) = (world.ready(), world.ready());
    let mut first = world.connect();
    first.expect("000 state=waiting position=1 limit=2 : ");
    let mut second = world.connect();
    second.expect("000 state=waiting position=2 limit=2 : ");
}

#[test]
fn a_position_is_told_again_when_it_changes_and_only_then() {
    let world = World::new().places(1, 5).start();
    let mut served = world.ready();
    let mut line = queue(&world, 4);
    let leaver = line.remove(2);
    leaver.reset();
    let moved = Instant::now();
    line[2].expect("000 state=waiting position=3 limit=1");
    assert!(moved.elapsed() < Duration::from_secs(1));
    served.ask("quit", "201 ");
    served.expect_close();
    // The first two have heard nothing since they came.
    line[0].expect("000 state=ready");
    line[1].expect("000 state=waiting position=1");
    line[2].expect("000 state=waiting position=2");
}

#[test]
fn who_came_first_is_served_first() {
    let world = World::new().places(1, 8).start();
    let mut served = world.ready();
    for mut next in queue(&world, 8) {
        served.ask("quit", "201 ");
        served.expect_close();
        let ready = skip_waiting(&mut next);
        assert!(ready.starts_with("000 state=ready"), "{ready}");
        assert_eq!(number(&ready, "serving"), 1);
        served = next;
    }
    assert_eq!(world.gauge.served(), 9);
}

#[test]
fn who_leaves_the_line_frees_a_place_in_it_and_meets_no_worker() {
    let world = World::new().places(1, 2).start();
    let mut served = world.ready();
    for round in 0..20 {
        let mut line = queue(&world, 2);
        let last = line.pop().expect("two wait");
        let mut first = line.pop().expect("two wait");
        if round % 2 == 0 {
            first.half_close();
            last.reset();
        } else {
            drop((first, last));
        }
    }
    served.ask("quit", "201 ");
    served.expect_close();
    let mut next = world.ready();
    next.ask("quit", "201 ");
    assert_eq!(world.gauge.served(), 2);
}

#[test]
fn what_is_sent_while_waiting_is_kept_for_the_worker() {
    let world = World::new().places(1, 1).start();
    let mut served = world.ready();
    let mut next = queue(&world, 1).remove(0);
    next.send("auth anna secret\nmkdir a\npwd\n");
    served.ask("quit", "201 ");
    next.expect("000 state=ready");
    next.expect("200 user=anna");
    next.expect("201 path=/a");
    next.expect("201 path=/");
}

#[test]
fn a_full_line_says_busy_and_closes() {
    let world = World::new().places(1, 2).start();
    let _served = world.ready();
    let mut line = queue(&world, 2);
    for _ in 0..3 {
        let mut late = world.connect();
        late.expect("000 state=busy");
        late.expect_close();
    }
    drop(line.remove(0));
    let mut next = world.connect();
    next.expect("000 state=waiting position=2");
}

#[test]
fn without_a_line_the_next_one_is_told_busy() {
    let world = World::new().places(2, 0).start();
    let (mut a, _b) = (world.ready(), world.ready());
    let mut late = world.connect();
    late.expect("000 state=busy");
    late.expect_close();
    a.ask("quit", "201 ");
    a.expect_close();
    world.ready();
}

#[test]
fn who_waits_too_long_is_told_busy_and_the_next_moves_up() {
    let world =
        World::new().places(1, 5).wait_max(Duration::from_millis(300)).start();
    let _served = world.ready();
    for mut tired in queue(&world, 3) {
        let last = skip_waiting(&mut tired);
        assert!(last.starts_with("000 state=busy"), "{last}");
        tired.expect_close();
    }
    assert_eq!(world.gauge.served(), 1);
}

#[test]
fn a_place_is_free_when_its_close_is_seen() {
    let world = World::new().places(1, 5).start();
    for _ in 0..200 {
        let mut peer = world.ready();
        peer.ask("quit", "201 ");
        peer.expect_close();
    }
    // By whatever end: here the peer closes first.
    for _ in 0..50 {
        let mut peer = world.ready();
        peer.half_close();
        peer.expect_close();
    }
    assert_eq!(world.gauge.most(), 1);
}

#[test]
fn at_the_stop_everybody_is_told_and_nobody_new_comes_in() {
    let world = World::new().places(2, 5).start();
    let (mut nobody, mut anna) = (world.ready(), world.anna());
    let line = queue(&world, 3);
    anna.ask("put f size=10", "202 ");
    anna.expect("405 ");
    anna.send("12345");
    world.stop();
    nobody.expect("000 state=closing");
    nobody.expect_close();
    for mut waiting in line {
        waiting.expect("000 state=closing");
        waiting.expect_close();
    }
    wait_until("new connections are refused", || {
        TcpStream::connect(world.address).is_err()
    });
    // The transfer in flight has its grace.
    anna.send("67890");
    anna.expect("201 size=10");
    anna.expect("000 state=closing");
    anna.expect_close();
    let (gauge, address) = (Arc::clone(&world.gauge), world.address);
    world.end();
    // Every worker held the gauge, so none is left.
    assert_eq!(Arc::strong_count(&gauge), 1);
    assert_eq!(gauge.serving(), 0);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn the_stop_s_grace_cuts_a_transfer() {
    let world = World::new().drain(Duration::from_millis(100)).start();
    let mut anna = world.anna();
    anna.ask("put f size=10", "202 ");
    anna.expect("405 ");
    anna.send("12345");
    world.stop();
    anna.expect("000 state=closing");
    anna.expect_close();
    let gauge = Arc::clone(&world.gauge);
    world.end();
    assert_eq!(Arc::strong_count(&gauge), 1);
}

/// So many who wait, in their order, each told so.
#[track_caller]
pub fn queue(world: &Running, count: usize) -> Vec<Peer> {
    (1..=count)
        .map(|position| {
            let mut peer = world.connect();
            peer.expect(&format!("000 state=waiting position={position} "));
            peer
        })
        .collect()
}

/// The first line that is about no position. Positions only ever fall.
#[track_caller]
pub fn skip_waiting(peer: &mut Peer) -> String {
    let mut before = u64::MAX;
    loop {
        let line = peer.line();
        if !line.starts_with("000 state=waiting") {
            return line;
        }
        let position = number(&line, "position");
        assert!(0 < position && position < before, "{line} after {before}");
        before = position;
    }
}

/// Waits for what no line tells, with a deadline.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::yield_now();
    }
}
