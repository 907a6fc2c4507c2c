//! Coming in, waiting, limits of time, and the server's stop.

use std::{io::Write, time::Duration};

use super::peer::FtpPeer;
use crate::world::World;

#[test]
fn who_waits_hears_nothing_and_who_finds_the_line_full_is_told() {
    let world = World::new().places(1, 1).start_ftp();
    let first = FtpPeer::sign_in(world.address, "anna");
    let mut second = FtpPeer::connect(world.address);
    world_waits(&world);
    let mut third = FtpPeer::connect(world.address);
    let told = third.expect("421 ");
    assert!(told.contains("Too many connections"), "{told}");
    third.control.expect_close();
    drop(first);
    // Nothing came before the greeting.
    second.expect("220 ");
}

#[test]
fn a_setting_tells_who_waits_their_position() {
    let world = World::new()
        .places(1, 5)
        .site(|site| site.waiting_replies = true)
        .start_ftp();
    let first = FtpPeer::sign_in(world.address, "anna");
    let mut second = FtpPeer::connect(world.address);
    second.expect("120 ");
    drop(first);
    second.expect("220 ");
}

#[test]
fn silence_has_a_limit_before_and_after_signing_in() {
    let world = World::new()
        .patience(|patience| {
            patience.login = Duration::from_millis(200);
            patience.idle = Duration::from_millis(300);
        })
        .start_ftp();
    let mut nobody = FtpPeer::ready(world.address);
    nobody.expect("421 ");
    nobody.control.expect_close();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.expect("421 ");
    anna.control.expect_close();
}

#[test]
fn starting_over_keeps_nobody_without_a_user() {
    let world = World::new()
        .patience(|patience| patience.login = Duration::from_millis(300))
        .start_ftp();
    let mut nobody = FtpPeer::ready(world.address);
    loop {
        nobody.say("REIN");
        if nobody.expect("").starts_with("421 ") {
            break;
        }
    }
    nobody.control.expect_close();
}

#[test]
fn the_last_wrong_password_ends_the_session() {
    let world = World::new().start_ftp();
    let mut nobody = FtpPeer::ready(world.address);
    let mut replies = Vec::new();
    for user in ["anna", "nobody"] {
        nobody.ask(&format!("USER {user}"), "331 ");
        replies.push(nobody.ask("PASS wrong", "530 "));
    }
    assert_eq!(replies[0], replies[1]);
    // Starting over does not clear the count.
    nobody.ask("REIN", "220 ");
    nobody.ask("USER anna", "331 ");
    nobody.ask("PASS wrong", "421 ");
    nobody.control.expect_close();
}

#[test]
fn another_user_has_another_home_and_the_same_parameters() {
    let world = World::new().user("bert").start_ftp();
    let mut peer = FtpPeer::sign_in(world.address, "anna");
    peer.send("STOR f", b"anna's", "226 ");
    peer.ask("USER bert", "331 ");
    peer.ask("NLST", "530 ");
    peer.ask("USER bert", "331 ");
    peer.ask("NOOP", "200 ");
    peer.ask("PASS secret", "503 ");
    peer.ask("USER bert", "331 ");
    peer.ask("PASS secret", "230 ");
    assert_eq!(peer.receive("NLST"), b"");
    let status = peer.ask("STAT", "211-");
    assert!(status.contains("TYPE: image"), "{status}");
}

#[test]
fn the_stop_lets_a_transfer_end_and_tells_everybody() {
    let world = World::new().start_ftp();
    let mut idle = FtpPeer::sign_in(world.address, "anna");
    let mut busy = FtpPeer::sign_in(world.address, "anna");
    let mut data = busy.passive();
    busy.ask("STOR f", "150 ");
    world.stop();
    idle.expect("421 ");
    idle.control.expect_close();
    data.write_all(b"to the end").expect("it takes it");
    drop(data);
    busy.expect("226 ");
    busy.expect("421 ");
    busy.control.expect_close();
}

#[test]
fn the_stop_cuts_what_does_not_end() {
    let world = World::new().drain(Duration::from_millis(100)).start_ftp();
    let mut busy = FtpPeer::sign_in(world.address, "anna");
    let data = busy.passive();
    busy.ask("STOR f", "150 ");
    world.stop();
    busy.expect("421 ");
    busy.control.expect_close();
    drop(data);
}

/// Waits until the server has put somebody into its line.
#[track_caller]
fn world_waits(world: &crate::world::Running) {
    // Who comes later is behind them; the line's own greeting delay is over
    // when a further one is turned away. Being accepted is all that counts.
    let mut probe = FtpPeer::connect(world.address);
    probe.expect("421 ");
}
