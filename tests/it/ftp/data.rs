//! Data connections: whose they may be, and what becomes of those that do
//! not come about.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use super::peer::{FtpPeer, rest, with_deadline};
use crate::{peer::pattern, world::World};

#[test]
fn a_stranger_gets_nothing_and_keeps_nobody_out() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.send("STOR f", b"for anna", "226 ");
    let port = passive_port(&mut anna);
    let mut thief = connect_from([127, 0, 0, 2], port);
    anna.ask("RETR f", "150 ");
    let mut taken = Vec::new();
    let _ = thief.read_to_end(&mut taken);
    assert!(taken.is_empty(), "{taken:?}");
    let mut data = connect_from([127, 0, 0, 1], port);
    assert_eq!(rest(&mut data), b"for anna");
    anna.expect("226 ");
}

#[test]
fn the_server_goes_to_its_client_alone_and_to_no_low_port() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    for command in [
        "PORT 127,0,0,2,200,1",
        "PORT 127,0,0,1,0,22",
        "EPRT |1|127.0.0.2|51201|",
        "EPRT |1|127.0.0.1|1023|",
    ] {
        anna.ask(command, "504 ");
    }
    anna.ask("EPRT |2|::1|51201|", "522 ");
    let told = anna.ask("EPRT |7|x|51201|", "522 ");
    assert!(told.ends_with("(1)"), "{told}");
    let listener = anna.active();
    anna.say("NLST");
    let (mut data, from) = listener.accept().expect("the server comes");
    assert_eq!(from.ip(), world.address.ip());
    assert_eq!(rest(&mut data), b"");
    anna.expect("150 ");
    anna.expect("226 ");
}

#[test]
fn a_new_set_up_closes_the_one_before() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    for next in ["EPSV", "PASV", "ABOR", "REIN"] {
        let port = passive_port(&mut anna);
        anna.ask(next, "2");
        let again = TcpStream::connect(("127.0.0.1", port));
        assert!(again.is_err(), "after {next}");
    }
}

#[test]
fn ports_come_from_the_range_and_when_it_is_used_up_it_is_told() {
    let first = free_port();
    let world = World::new()
        .site(|site| site.passive_ports = first..=first)
        .start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    let mut other = FtpPeer::sign_in(world.address, "anna");
    assert_eq!(passive_port(&mut anna), first);
    other.ask("EPSV", "425 ");
    other.ask("PASV", "425 ");
    // One's own place is free for one's own next.
    assert_eq!(passive_port(&mut anna), first);
    anna.ask("ABOR", "225 ");
    assert_eq!(passive_port(&mut other), first);
}

#[test]
fn who_does_not_come_is_told_and_the_session_goes_on() {
    let world = World::new()
        .patience(|patience| patience.stall = Duration::from_millis(200))
        .start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.send("STOR f", b"12345", "226 ");
    for command in ["RETR f", "STOR f", "LIST"] {
        passive_port(&mut anna);
        anna.ask(command, "150 ");
        anna.expect("425 ");
    }
    // Nobody listens there any more.
    drop(anna.active());
    anna.ask("RETR f", "150 ");
    anna.expect("425 ");
    assert_eq!(anna.receive("RETR f"), b"12345");
}

#[test]
fn a_transfer_that_stands_still_ends_whatever_is_said_meanwhile() {
    let world = World::new()
        .quota(1 << 30)
        .patience(|patience| patience.stall = Duration::from_millis(300))
        .start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    std::fs::write(world.path("big"), pattern(8 << 20, 1)).expect("a file");
    let data = anna.passive();
    anna.ask("RETR big", "150 ");
    let mut answered = 0;
    let reply = loop {
        anna.say("NOOP");
        let reply = anna.expect("");
        if !reply.starts_with("200 ") {
            break reply;
        }
        answered += 1;
    };
    assert!(reply.starts_with("426 ") && answered > 0, "{reply}");
    drop(data);
}

#[test]
fn the_address_behind_nat_is_for_those_beyond_it() {
    let world = World::new()
        .site(|site| site.public_address = "192.0.2.7".parse().ok())
        .start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    // From this machine it would lead nowhere.
    let reply = anna.ask("PASV", "227 ");
    assert!(reply.contains("(127,0,0,1,"), "{reply}");
}

#[test]
fn without_a_set_up_the_server_goes_to_the_control_port() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.send("STOR f", b"12345", "226 ");
    // Nobody listens there, usually.
    anna.ask("RETR f", "150 ");
    anna.expect("425 ");
}

#[test]
fn a_directory_of_many_entries_is_listed_whole() {
    let world = World::new().start_ftp();
    for number in 0..5000 {
        std::fs::write(world.path(&format!("f{number}")), b"").expect("it");
    }
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    for command in ["LIST -la", "NLST", "MLSD", "NLST f*"] {
        let listing = anna.receive(command);
        let lines = listing.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(lines, 5000, "{command}");
    }
    let reply = anna.ask("STAT /", "212-");
    assert_eq!(reply.lines().count(), 5002);
    assert_eq!(anna.receive("NLST f123?"), names(1230..1240));
}

#[test]
fn telnet_is_taken_out_and_options_are_refused() {
    let world = World::new().start_ftp();
    let mut anna = FtpPeer::sign_in(world.address, "anna");
    anna.control.send(b"\xff\xfd\x06NOOP\r\n");
    assert_eq!(anna.control.bytes(3), b"\xff\xfc\x06");
    anna.expect("200 ");
    // IP, and the Synch with its urgent byte.
    anna.control.send(b"\xff\xf4\xff");
    let socket = socket2::SockRef::from(&*anna.control.socket());
    socket.send_out_of_band(b"\xf2").expect("it is sent");
    anna.ask("ABOR", "225 ");
    // An octet 255 of a name is doubled in both directions.
    anna.control.send(b"MKD a\xff\xffb\r\n");
    let mut reply = anna.control.bytes(11);
    assert_eq!(reply, b"257 \"/a\xff\xffb\"");
    reply.clear();
    anna.control.line();
    assert!(world.path("").read_dir().expect("it").count() == 1);
}

fn names(numbers: std::ops::Range<usize>) -> Vec<u8> {
    numbers.flat_map(|n| format!("f{n}\r\n").into_bytes()).collect()
}

#[track_caller]
fn passive_port(peer: &mut FtpPeer) -> u16 {
    let reply = peer.ask("EPSV", "229 ");
    let port = reply.split('|').nth(3).expect("a port");
    port.parse().expect("a port's number")
}

fn connect_from(address: [u8; 4], port: u16) -> TcpStream {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("it");
    let from = std::net::SocketAddr::from((address, 0));
    socket.bind(&from.into()).expect("a loopback address");
    let to = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    socket.connect(&to.into()).expect("the data port");
    with_deadline(socket.into())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn a_browser_is_sent_away() {
    let world = World::new().start_ftp();
    let mut peer = FtpPeer::ready(world.address);
    let request = b"POST / HTTP/1.1\r\nUSER anna\r\nPASS secret\r\n";
    peer.control.socket().write_all(request).expect("it takes it");
    peer.expect("421 ");
    peer.control.expect_close();
}
