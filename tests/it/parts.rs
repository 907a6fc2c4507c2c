//! The parts of broken uploads and the quota, alone and under several
//! sessions of one user (§6, §7.14, §7.15).

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use crate::{
    peer::pattern,
    world::{Running, World},
};

#[test]
fn a_tree_deeper_than_the_open_files_allowed_is_counted() {
    let world = World::new().start();
    let deep = (0..1500).map(|_| "d").collect::<std::path::PathBuf>();
    fs::create_dir_all(world.path("").join(&deep)).expect("the tree");
    let file = world.path("").join(&deep).join("f");
    fs::write(file, [0; 77]).expect("the file");
    assert_eq!(world.anna().quota("used"), 77);
}

#[test]
fn a_part_of_another_identity_is_thrown_away() {
    let world = World::new().start();
    let (first, second) = (pattern(300, 1), pattern(300, 2));
    world.leave_part("f", &first, 200);
    world.leave_part("f", &second, 100);
    let mut anna = world.anna();
    assert_eq!(anna.quota("parts"), 100);
    assert_eq!(world.parts().len(), 1);
    assert_eq!(anna.begin_put("f", &first), 0);
    anna.send(&first);
    anna.expect("201 ");
    assert_eq!((anna.quota("used"), anna.quota("parts")), (300, 0));
}

#[test]
fn an_upload_that_does_not_fit_throws_away_another_identity_first() {
    let world = World::new().quota(1000).start();
    world.leave_part("f", &pattern(600, 1), 500);
    let mut anna = world.anna();
    anna.put("g", &pattern(100, 1));
    anna.ask("put f size=1001", "404 reason=over-quota needed=1001 avai");
    assert_eq!(anna.quota("parts"), 0);
    assert_eq!(anna.quota("available"), 900);
}

#[test]
fn an_upload_that_does_not_fit_leaves_its_own_part() {
    let world = World::new().quota(1000).start();
    let content = pattern(600, 1);
    world.leave_part("f", &content, 500);
    let mut anna = world.anna();
    anna.put("g", &pattern(450, 1));
    let digest = blake3::hash(&content);
    anna.ask(
        &format!("put f size=600 digest={digest}"),
        "404 reason=over-quota needed=100 available=50",
    );
    assert_eq!(anna.quota("parts"), 500);
    anna.ask("rm g", "201");
    assert_eq!(anna.begin_put("f", &content), 500);
}

#[test]
fn a_part_in_use_is_not_shared_and_who_completes_last_stands() {
    let world = World::new().start();
    let content = pattern(300, 1);
    let (mut first, mut second) = (world.anna(), world.anna());
    world.leave_part("f", &content, 50);
    assert_eq!(first.begin_put("f", &content), 50);
    assert_eq!(second.begin_put("f", &content), 0);
    assert_eq!(world.anna().quota("available"), 1000 - 50 - 250 - 300);
    second.send(&content);
    second.expect("201 size=300");
    first.send(&content[50..]);
    first.expect("201 size=300");
    assert_eq!(first.get("f"), content);
    assert_eq!((first.quota("used"), first.quota("available")), (300, 700));
    assert!(world.parts().is_empty());
}

#[test]
fn of_two_uploads_the_last_to_complete_stands() {
    let world = World::new().start();
    let (one, other) = (pattern(300, 1), pattern(200, 2));
    let (mut first, mut second) = (world.anna(), world.anna());
    first.begin_put("f", &one);
    second.begin_put("f", &other);
    first.send(&one);
    first.expect("201 ");
    assert_eq!(used_and_parts(&world), (300, 0));
    second.send(&other);
    second.expect("201 ");
    assert_eq!(second.get("f"), other);
    assert_eq!(second.quota("used"), 200);
}

#[test]
fn of_two_broken_uploads_the_longer_part_is_kept() {
    let world = World::new().start();
    let content = pattern(300, 1);
    for (one, other) in [(100, 200), (200, 100)] {
        let (mut first, mut second) = (world.anna(), world.anna());
        first.begin_put("f", &content);
        second.begin_put("f", &content);
        first.send(&content[..one]);
        second.send(&content[..other]);
        first.break_off();
        second.break_off();
        let mut anna = world.anna();
        assert_eq!(anna.quota("parts"), 200);
        assert_eq!(anna.begin_put("f", &content), 200);
        anna.send(&content[200..]);
        anna.expect("201 ");
        anna.ask("rm f", "201");
    }
}

#[test]
fn of_two_identities_that_broke_off_the_later_is_kept() {
    let world = World::new().start();
    let (one, other) = (pattern(300, 1), pattern(300, 2));
    let (mut first, mut second) = (world.anna(), world.anna());
    first.begin_put("f", &one);
    second.begin_put("f", &other);
    first.send(&one[..200]);
    second.send(&other[..100]);
    first.break_off();
    second.break_off();
    let mut anna = world.anna();
    assert_eq!(anna.quota("parts"), 100);
    assert_eq!(anna.begin_put("f", &other), 100);
}

#[test]
fn a_part_in_use_is_not_removed_by_another_session() {
    let world = World::new().part_age(Duration::ZERO).start();
    let content = pattern(300, 1);
    let mut writer = world.anna();
    writer.begin_put("f", &content);
    writer.send(&content[..100]);
    let mut other = world.anna();
    other.ask("rm f", "402 reason=not-found");
    other.put("f", b"another identity");
    world.house.expire_parts().expect("the parts can be read");
    writer.send(&content[100..]);
    writer.expect("201 size=300");
    assert_eq!(other.get("f"), content);
    assert_eq!(other.quota("used"), 300);
}

#[test]
fn bytes_that_are_not_what_was_announced_are_thrown_away() {
    let world = World::new().start();
    let mut anna = world.anna();
    let (old, announced) = (pattern(200, 1), pattern(300, 2));
    anna.put("f", &old);
    anna.begin_put("f", &announced);
    anna.send(pattern(300, 3));
    anna.expect("401 reason=digest-mismatch");
    assert_eq!(anna.get("f"), old);
    assert_eq!((anna.quota("used"), anna.quota("available")), (200, 800));
    assert!(world.parts().is_empty());
    assert_eq!(anna.begin_put("f", &announced), 0);
}

#[test]
fn a_resumed_part_that_was_tampered_with_is_thrown_away() {
    let world = World::new().start();
    let content = pattern(300, 1);
    world.leave_part("f", &content, 100);
    fs::write(&world.parts()[0], pattern(100, 9)).expect("a part");
    let mut anna = world.anna();
    assert_eq!(anna.begin_put("f", &content), 100);
    anna.send(&content[100..]);
    anna.expect("401 reason=digest-mismatch");
    assert_eq!(anna.quota("used"), 0);
    assert_eq!(anna.begin_put("f", &content), 0);
}

#[test]
fn an_upload_without_a_digest_leaves_no_part() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.ask("put f size=300", "202 ");
    anna.expect("405 offset=0");
    anna.send(pattern(200, 1));
    anna.break_off();
    let mut anna = world.anna();
    assert_eq!((anna.quota("used"), anna.quota("available")), (0, 1000));
    assert!(world.parts().is_empty());
    // It throws away what another upload has left of the name.
    world.leave_part("f", &pattern(300, 1), 200);
    anna.ask("put f size=300", "202 available=1000");
    anna.expect("405 offset=0");
    anna.send(pattern(300, 1));
    anna.expect("201 ");
    assert_eq!((anna.quota("used"), anna.quota("parts")), (300, 0));
}

#[test]
fn an_upload_of_which_nothing_arrived_leaves_no_part() {
    let world = World::new().start();
    world.leave_part("f", &pattern(300, 1), 0);
    assert!(world.parts().is_empty());
    assert_eq!(world.anna().quota("available"), 1000);
}

#[test]
fn a_part_is_hidden_and_counted() {
    let world = World::new().start();
    let content = pattern(300, 1);
    let mut writer = world.anna();
    writer.begin_put("f", &content);
    writer.send(&content[..100]);
    check_hidden(&world);
    writer.break_off();
    check_hidden(&world);
    let mut anna = world.anna();
    assert_eq!((anna.quota("used"), anna.quota("parts")), (100, 100));
    assert_eq!(anna.quota("available"), 900);
    anna.ask("mkdir d", "201");
    anna.ask("mv f d/f", "402 reason=not-found");
    anna.ask("rm f", "201");
    assert_eq!(anna.quota("used"), 0);
    assert!(world.parts().is_empty());
    anna.ask("rm f", "402 reason=not-found");
}

#[test]
fn a_name_with_a_file_or_directory_and_a_part_keeps_the_part() {
    let world = World::new().start();
    let content = pattern(300, 1);
    world.leave_part("f", &content, 100);
    let mut anna = world.anna();
    anna.ask("mkdir f", "201");
    anna.ask("rm f", "402 reason=not-found");
    assert_eq!(anna.quota("parts"), 100);
    anna.ask("rmdir f", "201");
    anna.put("g", b"12345");
    anna.ask("mv g f", "201");
    anna.ask("rm f", "201");
    assert_eq!((anna.quota("used"), anna.quota("parts")), (100, 100));
    anna.ask("rm f", "201");
    assert_eq!(anna.quota("used"), 0);
}

#[test]
fn a_part_follows_its_names_text() {
    let world = World::new().start();
    let content = pattern(300, 1);
    world.anna().ask("mkdir d", "201");
    world.leave_part("d/f", &content, 100);
    let mut anna = world.anna();
    anna.ask("mv d e", "201");
    assert_eq!(anna.begin_put("e/f", &content), 0);
    anna.send(&content);
    anna.expect("201 ");
    anna.ask("mkdir d", "201");
    anna.ask("cd d", "201");
    assert_eq!(anna.begin_put("../e/./../d//f", &content), 100);
}

#[test]
fn the_quota_is_filled_exactly_and_not_by_one_byte_more() {
    let world = World::new().quota(1000).start();
    let mut anna = world.anna();
    anna.ask("put f size=1001", "404 reason=over-quota needed=1001 avai");
    anna.put("f", &pattern(999, 1));
    anna.ask("put g size=2", "404 reason=over-quota needed=2 available=1");
    anna.put("g", b"x");
    assert_eq!((anna.quota("used"), anna.quota("available")), (1000, 0));
    anna.ask("put h size=1", "404 reason=over-quota needed=1 available=0");
    anna.put("h", b"");
    assert_eq!(anna.dir("").len(), 3);
}

#[test]
fn the_older_file_counts_until_the_swap() {
    let world = World::new().quota(1000).start();
    let mut anna = world.anna();
    anna.put("f", &pattern(600, 1));
    let refusal = "404 reason=over-quota needed=401 available=400";
    anna.ask("put f size=401", refusal);
    anna.put("f", &pattern(400, 2));
    assert_eq!((anna.quota("used"), anna.quota("available")), (400, 600));
    anna.put("f", &pattern(600, 3));
    assert_eq!((anna.quota("used"), anna.quota("available")), (600, 400));
    assert_eq!(anna.get("f"), pattern(600, 3));
}

#[test]
fn what_is_reserved_is_taken_for_every_other_session() {
    let world = World::new().quota(1000).user("berta").start();
    let (mut first, mut second) = (world.anna(), world.anna());
    first.begin_put("f", &pattern(700, 1));
    assert_eq!(second.quota("available"), 300);
    assert_eq!(second.quota("used"), 0);
    let refusal = "404 reason=over-quota needed=301 available=300";
    second.ask("put g size=301", refusal);
    second.ask("put g size=300", "202 available=300");
    second.expect("405 ");
    assert_eq!(world.anna().quota("available"), 0);
    assert_eq!(world.sign_in("berta").quota("available"), 1000);
}

#[test]
fn a_reservation_is_given_back_after_each_way_to_break_off() {
    let world = World::new().start();
    let content = pattern(300, 1);
    let mut watcher = world.anna();
    // Half-closed; reset; another identity's bytes; no digest.
    for way in 0..4 {
        let mut anna = world.anna();
        if way == 3 {
            anna.ask("put f size=300", "202 available=1000");
            anna.expect("405 ");
        } else {
            anna.begin_put("f", &content);
        }
        assert_eq!(watcher.quota("available"), 700);
        match way {
            0 | 3 => anna.break_off(),
            1 => anna.reset(),
            _ => {
                anna.send(pattern(300, 2));
                anna.expect("401 reason=digest-mismatch");
            }
        }
        world.wait_until_serving(if way == 2 { 2 } else { 1 });
        assert_eq!(watcher.quota("available"), 1000, "way {way}");
        assert_eq!(watcher.quota("used"), 0);
    }
}

#[test]
fn names_move_and_go_during_an_upload() {
    let world = World::new().start();
    let (old, new) = (pattern(100, 1), pattern(300, 2));
    let (mut writer, mut other) = (world.anna(), world.anna());
    other.put("f", &old);
    writer.begin_put("f", &new);
    other.ask("mv f g", "201");
    writer.send(&new);
    writer.expect("201 size=300");
    assert_eq!((other.get("f"), other.get("g")), (new.clone(), old.clone()));
    assert_eq!(other.quota("used"), 400);
    writer.begin_put("f", &old);
    other.ask("rm f", "201");
    assert_eq!(other.quota("used"), 100);
    writer.send(&old);
    writer.expect("201 size=100");
    assert_eq!((other.quota("used"), other.quota("available")), (200, 800));
}

#[test]
fn a_directory_that_is_gone_at_the_end_leaves_a_part() {
    let world = World::new().start();
    let content = pattern(300, 1);
    let (mut writer, mut other) = (world.anna(), world.anna());
    other.ask("mkdir d", "201");
    writer.begin_put("d/f", &content);
    other.ask("mv d e", "201");
    writer.send(&content);
    writer.expect("402 reason=not-found");
    assert_eq!((other.quota("parts"), other.quota("available")), (300, 700));
    other.ask("mv e d", "201");
    assert_eq!(writer.begin_put("d/f", &content), 300);
    writer.expect("201 size=300");
    assert_eq!(other.get("d/f"), content);
    assert_eq!((other.quota("used"), other.quota("parts")), (300, 0));
}

#[test]
fn a_name_that_a_directory_has_at_the_end_leaves_a_part() {
    let world = World::new().start();
    let content = pattern(300, 1);
    let (mut writer, mut other) = (world.anna(), world.anna());
    writer.begin_put("f", &content);
    other.ask("mkdir f", "201");
    writer.send(&content);
    writer.expect("403 reason=exists");
    assert_eq!((other.quota("parts"), other.quota("available")), (300, 700));
    other.ask("rmdir f", "201");
    assert_eq!(writer.begin_put("f", &content), 300);
    writer.expect("201 size=300");
    assert_eq!(other.get("f"), content);
}

#[test]
fn parts_age_out() {
    let world = World::new().start();
    let content = pattern(300, 1);
    world.leave_part("old", &content, 100);
    make_old(&world);
    world.leave_part("new", &content, 50);
    world.house.expire_parts().expect("the parts can be read");
    let mut anna = world.anna();
    assert_eq!((anna.quota("used"), anna.quota("parts")), (50, 50));
    assert_eq!(anna.begin_put("new", &content), 50);
    drop(anna);
    world.wait_until_serving(0);
    make_old(&world);
    let world = world.end().start();
    assert_eq!(world.anna().quota("used"), 0);
    assert!(world.parts().is_empty());
}

#[test]
fn a_restart_counts_what_is_there() {
    let world = World::new().start();
    let content = pattern(300, 1);
    let mut anna = world.anna();
    anna.ask("mkdir d", "201");
    anna.put("d/f", &content);
    anna.ask("put g size=300", "202 ");
    anna.expect("405 ");
    anna.send(&content[..200]);
    world.leave_part("h", &content, 100);
    assert_eq!(used_and_parts(&world), (400, 100));
    drop(anna);
    let home = world.path("");
    let world = world.end();
    fs::write(home.join("by hand"), b"12345").expect("a file");
    let loose = home.join("../.parts/anna/loose.7");
    fs::write(&loose, b"what a crash left").expect("a file");
    let world = world.start();
    let mut anna = world.anna();
    assert_eq!((anna.quota("used"), anna.quota("parts")), (405, 100));
    assert!(!loose.exists());
    assert_eq!(anna.begin_put("h", &content), 100);
    anna.send(&content[100..]);
    anna.expect("201 ");
    assert_eq!(anna.get("h"), content);
}

/// Nobody sees an upload's bytes under any name.
#[track_caller]
fn check_hidden(world: &Running) {
    let mut anna = world.anna();
    assert!(anna.dir("").is_empty());
    anna.ask("get f", "402 reason=not-found");
    anna.ask("dir f", "402 reason=not-found");
    anna.ask("cd ../.parts", "402 reason=not-found");
    assert_eq!(world.parts().len(), 1);
}

fn used_and_parts(world: &Running) -> (u64, u64) {
    let mut anna = world.anna();
    (anna.quota("used"), anna.quota("parts"))
}

/// All parts were last written two hours ago.
fn make_old(world: &Running) {
    let then = SystemTime::now() - Duration::from_secs(7200);
    for part in world.parts() {
        let part = File::options().append(true).open(part);
        part.and_then(|part| part.set_modified(then)).expect("a part");
    }
}
