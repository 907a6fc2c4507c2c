//! Clients that want to hang the relay, or to fill it.

use std::io::{ErrorKind, Write};

use crate::world::{DEADLINE, World};

#[test]
fn clients_that_say_nothing_hold_nobody_up() {
    let world = World::new(None);
    let silent: Vec<_> = (0..20).map(|_| world.connect()).collect();
    drop(silent);
    let mut ann = world.ann();
    ann.ask("NOOP", "200 ");
    let (_silent, _data) = (world.connect(), ann.data());
    assert_eq!(world.stop().1, Some(0));
}

#[test]
fn a_line_without_an_end_passes_in_pieces() {
    let world = World::new(None);
    let mut ann = world.ann();
    let long = vec![b'a'; 1 << 20];
    // The server may have had enough of it before it is all sent.
    let _ = ann.stream.get_mut().write_all(&long);
    let _ = ann.stream.get_mut().write_all(b"\r\n");
    let mut line = String::new();
    let said = std::io::BufRead::read_line(&mut ann.stream, &mut line);
    assert!(said.is_err() || line.starts_with('5') || line.is_empty());
    world.ann().ask("NOOP", "200 ");
}

#[test]
fn who_reads_no_replies_is_not_read_either() {
    let world = World::new(None);
    let mut ann = world.ann();
    let socket = ann.stream.get_mut();
    socket.set_nonblocking(true).expect("it can");
    let until = std::time::Instant::now() + DEADLINE;
    let block = b"NOOP\r\n".repeat(10_000);
    let (mut sent, mut full) = (0, 0);
    // The systems' buffers take some megabytes; then nobody takes more.
    while full < 200 && std::time::Instant::now() < until {
        match socket.write(&block) {
            Ok(count) => (sent, full) = (sent + count, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                full += 1;
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Err(error) => panic!("{error}"),
        }
        assert!(sent < BYTES_MAX, "{sent} bytes were taken");
    }
    drop(ann);
    world.ann().ask("NOOP", "200 ");
}

/// More than all buffers on the way have together.
const BYTES_MAX: usize = 64 << 20;
