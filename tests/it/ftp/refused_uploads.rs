//! An upload that does not fit is refused while its bytes still come. Most
//! clients look for the reply only when they have sent all: a reset would
//! take it from them, and they would try again, forever.

use std::{
    io::{self, Write},
    net::TcpStream,
    time::Duration,
};

use super::peer::FtpPeer;
use crate::world::{Running, World};

#[test]
fn who_sends_everything_first_gets_to_know_why_it_was_in_vain() {
    let world = World::new().start_ftp();
    let (mut anna, mut data) = storing(&world);
    send(&mut data, DISCARDED_BYTES).expect("no reset before the bound");
    drop(data);
    anna.expect("552 ");
    anna.ask("PWD", "257 ");
    assert!(!world.path("f").exists());
    assert_eq!(anna.quota("used"), 0);
}

#[test]
fn who_never_stops_is_cut_off() {
    let world = World::new().start_ftp();
    let (mut anna, mut data) = storing(&world);
    // What is on its way between the two is not seen by the server.
    send(&mut data, DISCARDED_BYTES * 2).expect_err("a reset");
    anna.expect("552 ");
    anna.ask("PWD", "257 ");
}

#[test]
fn who_listens_gets_to_know_at_once_and_goes_on() {
    let world = World::new().start_ftp();
    let (mut anna, mut data) = storing(&world);
    send(&mut data, 2000).expect("a reader");
    anna.expect("552 ");
    // The old data connection is still open; nobody waits for its end.
    anna.send("STOR f", &[7; 1000], "226 ");
    assert_eq!(anna.quota("used"), 1000);
}

#[test]
fn what_was_reserved_is_free_while_the_rest_still_comes() {
    let world = World::new().start_ftp();
    let (mut anna, mut data) = storing(&world);
    send(&mut data, 2000).expect("a reader");
    anna.expect("552 ");
    let mut other = FtpPeer::sign_in(world.address, "anna");
    other.send("STOR g", &[7; 1000], "226 ");
    send(&mut data, 2000).expect("a reader");
}

#[test]
fn an_abort_after_the_refusal_finds_no_transfer() {
    let world = World::new().start_ftp();
    let (mut anna, mut data) = storing(&world);
    send(&mut data, 2000).expect("a reader");
    anna.expect("552 ");
    anna.ask("ABOR", "225 ");
}

#[test]
fn who_neither_sends_nor_closes_has_the_stall_limit() {
    let soon = Duration::from_secs(2);
    let world = World::new().patience(|p| p.stall = soon).start_ftp();
    let (mut anna, mut data) = storing(&world);
    send(&mut data, 2000).expect("a reader");
    anna.expect("552 ");
    // The reset is what ends the wait.
    let mut byte = [0];
    let end = io::Read::read(&mut data, &mut byte).expect_err("a reset");
    assert_eq!(end.kind(), io::ErrorKind::ConnectionReset);
    anna.ask("PWD", "257 ");
}

#[test]
fn a_stop_does_not_wait_for_bytes_that_nobody_wants() {
    let world = World::new().drain(Duration::ZERO).start_ftp();
    let (mut anna, mut data) = storing(&world);
    send(&mut data, 2000).expect("a reader");
    anna.expect("552 ");
    world.stop();
    anna.expect("421 ");
}

/// A session of anna's that has begun an upload, and its data connection.
fn storing(world: &Running) -> (FtpPeer, TcpStream) {
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    let data = anna.passive();
    anna.ask("STOR f", "150 ");
    (anna, data)
}

fn send(data: &mut TcpStream, mut count: usize) -> io::Result<()> {
    let zeros = vec![0; 1024 * 1024];
    while count > 0 {
        let now = count.min(zeros.len());
        data.write_all(&zeros[..now])?;
        count -= now;
    }
    Ok(())
}

/// What the server reads of an upload that it has refused.
const DISCARDED_BYTES: usize = 256 * 1024 * 1024;
