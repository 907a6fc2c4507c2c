//! A session of each dialect at once: one file, one part, one quota, one
//! bound.

use std::{io::Write, sync::Barrier, thread};

use super::voice::{BOTH, Came, Dialect, Voice};
use crate::{ftp::peer::FtpPeer, peer::pattern, world::World};

#[test]
fn one_file_is_always_one_of_them_whole() {
    let world = World::new().quota(1 << 20).start_both();
    let rounds = 25;
    thread::scope(|scope| {
        for (seed, dialect) in BOTH.into_iter().enumerate() {
            let world = &world;
            scope.spawn(move || {
                let mut anna = Voice::sign_in(world, dialect, "anna");
                let bytes = pattern(20_000, seed as u8);
                for _ in 0..rounds {
                    assert_eq!(anna.put("f", &bytes), Came::Done);
                    let Came::Bytes(found) = anna.get("f") else {
                        panic!("the file is gone");
                    };
                    let whole = [0, 1].map(|seed| pattern(20_000, seed));
                    assert!(whole.contains(&found), "a mixture");
                }
            });
        }
    });
    let mut anna = Voice::sign_in(&world, Dialect::Ftp, "anna");
    assert_eq!(anna.quota("used"), 20_000);
    assert_eq!(anna.quota("available"), (1 << 20) - 20_000);
    assert!(world.parts().is_empty(), "{:?}", world.parts());
}

#[test]
fn one_quota_is_never_passed_and_nothing_of_it_is_lost() {
    let world = World::new().quota(10_000).start_both();
    let start = Barrier::new(4);
    let stored: Vec<bool> = thread::scope(|scope| {
        let each = |index: usize| {
            let (world, start) = (&world, &start);
            move || {
                let mut anna = Voice::sign_in(world, BOTH[index % 2], "anna");
                let bytes = pattern(4_000, index as u8);
                start.wait();
                let came = anna.put(&format!("f{index}"), &bytes);
                assert!([Came::Done, Came::NoSpace].contains(&came));
                came == Came::Done
            }
        };
        let threads: Vec<_> =
            (0..4).map(|index| scope.spawn(each(index))).collect();
        threads.into_iter().map(|it| it.join().expect("it")).collect()
    });
    let count = stored.iter().filter(|stored| **stored).count() as u64;
    assert!((1..=2).contains(&count), "{stored:?}");
    let mut anna = Voice::sign_in(&world, Dialect::Native, "anna");
    assert_eq!(anna.quota("used"), 4_000 * count);
    assert_eq!(anna.quota("available"), 10_000 - 4_000 * count);
}

#[test]
fn one_bound_holds_over_both_listeners() {
    let world = World::new().places(3, 10).start_both();
    let mut inside: Vec<Voice> = [0, 1, 0]
        .map(|index| Voice::sign_in(&world, BOTH[index], "anna"))
        .into();
    // One of each comes too late, and in this order.
    let mut native = world.connect();
    native.expect("000 state=waiting position=1");
    let mut ftp = FtpPeer::connect(world.addresses[1]);
    assert_eq!(world.gauge.serving(), 3);
    inside.remove(0).quit();
    native.expect("000 state=ready");
    inside.remove(0).quit();
    ftp.expect("220 ");
    assert_eq!(world.gauge.most(), 3);
}

#[test]
fn a_part_of_one_dialect_goes_on_in_the_other() {
    let content = pattern(900, 1);
    let world = World::new().start_both();
    world.leave_part("f", &content, 300);
    let mut ftp = FtpPeer::sign_in(world.addresses[1], "anna");
    assert_eq!(ftp.number("SIZE f"), 300);
    ftp.ask("REST 300", "350 ");
    ftp.send("STOR f", &content[300..], "226 ");
    let mut native = Voice::sign_in(&world, Dialect::Native, "anna");
    assert_eq!(native.get("f"), Came::Bytes(content));
    assert_eq!(native.quota("used"), 900);
}

#[test]
fn an_upload_in_one_dialect_does_not_disturb_one_in_the_other() {
    let content = pattern(400, 1);
    let world = World::new().start_both();
    // A native upload is under way and can be resumed.
    let mut anna = world.anna();
    assert_eq!(anna.begin_put("f", &content), 0);
    anna.send(&content[..100]);
    // Another over FTP begins at 0, and completes first.
    let mut ftp = FtpPeer::sign_in(world.addresses[1], "anna");
    ftp.ask("SIZE f", "550 ");
    ftp.ask("REST 100", "350 ");
    ftp.ask("STOR f", "554 ");
    ftp.send("STOR f", b"over FTP", "226 ");
    assert_eq!(ftp.receive("RETR f"), b"over FTP");
    // Who completes last stands.
    anna.send(&content[100..]);
    anna.expect("201 ");
    assert_eq!(ftp.receive("RETR f"), content);
    assert_eq!(ftp.quota("used"), 400);
    assert!(world.parts().is_empty(), "{:?}", world.parts());
}

#[test]
fn what_one_dialect_has_reserved_the_other_cannot_take() {
    let world = World::new().start_both();
    let mut anna = world.anna();
    anna.ask("put f size=700", "202 ");
    anna.expect("405 ");
    let mut ftp = FtpPeer::sign_in(world.addresses[1], "anna");
    ftp.ask("ALLO 301", "552 ");
    ftp.send("STOR g", &pattern(301, 1), "552 ");
    ftp.send("STOR g", &pattern(300, 1), "226 ");
    anna.send(pattern(700, 2));
    anna.expect("201 ");
    assert_eq!(ftp.quota("available"), 0);
    // And the other way round.
    ftp.ask("DELE f", "250 ");
    let mut data = ftp.passive();
    ftp.ask("ALLO 600", "200 ");
    ftp.ask("STOR h", "150 ");
    data.write_all(b"x").expect("it takes it");
    while anna.quota("available") != 100 {}
    anna.ask("put i size=101", "404 reason=over-quota");
    drop(data);
    ftp.expect("226 ");
    assert_eq!(anna.quota("available"), 699);
}
