//! The bound on the connections served at once (`docs/native-protocol.md`
//! §3.1): it holds over all listeners together, under any crowd, and a
//! place comes back after every kind of end.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use ftpool::{
    native::Patience,
    net::{Dialect, LobbyNotice, Native, Visitor},
    session::{Granted, House, Outcome, Password, PathText, Request, Session},
};

use crate::{
    lobby::{queue, skip_waiting, wait_until},
    peer::{Peer, number},
    program::Program,
    world::{Running, World},
};

#[test]
fn hundreds_come_in_over_two_doors_in_their_order() {
    let world = crowded();
    let mut served = VecDeque::new();
    for turn in 0..PLACES {
        let mut peer = Peer::connect(world.addresses[turn % 2]);
        peer.expect("000 state=ready");
        served.push_back(peer);
    }
    let mut line = Vec::new();
    for position in 1..=CROWD - PLACES {
        let mut peer = Peer::connect(world.addresses[position % 2]);
        peer.expect(&format!("000 state=waiting position={position} limit=8"));
        line.push(peer);
    }
    for mut next in line {
        let mut leaver = served.pop_front().expect("eight are served");
        leaver.ask("quit", "201 ");
        leaver.expect_close();
        let ready = skip_waiting(&mut next);
        assert!(ready.starts_with("000 state=ready"), "{ready}");
        assert_eq!(number(&ready, "serving"), PLACES as u64);
        served.push_back(next);
    }
    assert_eq!(world.gauge.most(), PLACES);
    assert_eq!(world.gauge.served(), CROWD as u64);
}

#[test]
fn hundreds_at_once_are_all_served_and_never_too_many() {
    let world = crowded();
    thread::scope(|scope| {
        for client in 0..CROWD {
            let address = world.addresses[client % 2];
            scope.spawn(move || {
                let mut peer = Peer::connect(address);
                let ready = skip_waiting(&mut peer);
                assert!(ready.starts_with("000 state=ready"), "{ready}");
                assert!(number(&ready, "serving") <= PLACES as u64);
                peer.ask("auth anna secret", "200 ");
                let name = format!("f{client}");
                peer.put(&name, name.as_bytes());
                assert_eq!(peer.get(&name), name.as_bytes());
                peer.ask("quit", "201 ");
                peer.expect_close();
            });
        }
    });
    assert_eq!(world.gauge.most(), PLACES);
    assert_eq!(world.gauge.served(), CROWD as u64);
    assert_all_places_are_free(&world);
}

/// Each end is brought about on the only place, with somebody waiting.
#[test]
fn every_kind_of_end_gives_the_place_back() {
    let short = |change: fn(&mut Patience)| {
        World::new().places(1, 1).quota(BIG).patience(change).start()
    };
    let patient = || short(|_| {});
    let ends: [(&str, Running, End); 10] = [
        ("quit", patient(), |peer| peer.say("quit")),
        ("half-close", patient(), Peer::half_close),
        ("half-close inside a put", patient(), |peer| {
            begin_put(peer);
            peer.half_close();
        }),
        ("half a line and gone", patient(), |peer| {
            peer.send("pw");
            peer.half_close();
        }),
        ("three wrong passwords", patient(), |peer| {
            peer.send("auth anna a\nauth anna b\nauth anna c\n");
        }),
        ("login", short(|patience| patience.login = BRIEF), |_| {}),
        ("login, talking", short(|patience| patience.login = BRIEF), |peer| {
            peer.send("noop\nnoop\npw");
        }),
        ("idle", short(|patience| patience.idle = BRIEF), |peer| {
            peer.send("auth anna secret\nnoop\npw");
        }),
        (
            "stall of a put",
            short(|patience| patience.stall = BRIEF),
            begin_put,
        ),
        ("stall of a get", short(|patience| patience.stall = BRIEF), |peer| {
            peer.ask("auth anna secret", "200 ");
            let content = vec![7; BIG as usize / 2];
            peer.put("big", &content);
            peer.say("get big");
        }),
    ];
    for (what, world, end) in ends {
        let mut peer = world.ready();
        let mut next = queue(&world, 1).remove(0);
        end(&mut peer);
        let line = next.line();
        assert!(line.starts_with("000 state=ready"), "after {what}: {line}");
    }
}

#[test]
fn a_reset_gives_the_place_back() {
    for phase in 0..PHASES {
        let world = World::new().places(1, 1).quota(BIG).start();
        let mut peer = world.ready();
        let mut next = queue(&world, 1).remove(0);
        go_to(&mut peer, phase);
        peer.reset();
        next.expect("000 state=ready");
    }
}

#[test]
fn time_limits_are_named() {
    let short = |change: fn(&mut Patience)| {
        World::new().quota(BIG).patience(change).start()
    };
    let login = short(|patience| patience.login = BRIEF);
    let mut peer = login.ready();
    peer.expect("000 state=timeout limit=login");
    peer.expect_close();
    let idle = short(|patience| patience.idle = BRIEF);
    let mut peer = idle.anna();
    peer.expect("000 state=timeout limit=idle");
    peer.expect_close();
    let stall = short(|patience| patience.stall = BRIEF);
    let mut peer = stall.ready();
    begin_put(&mut peer);
    peer.expect("000 state=timeout limit=stall");
    peer.expect_close();
}

#[test]
fn a_panic_ends_its_session_alone() {
    let panicking = Arc::new(AtomicBool::new(true));
    let world = {
        let panicking = Arc::clone(&panicking);
        World::new().places(2, 5).start_with(|house| {
            let native = Native::new(Arc::clone(&house), LONG);
            Arc::new(Fragile { house, native, panicking })
        })
    };
    for _ in 0..20 {
        panicking.store(false, Ordering::SeqCst);
        let mut other = world.anna();
        panicking.store(true, Ordering::SeqCst);
        let mut victim = world.ready();
        let held = other.ask("quota", "201 quota=1000 used=0");
        assert_eq!(number(&held, "available"), 400, "the ticket is held");
        victim.say("panic");
        victim.expect_close();
        let given_back = other.ask("quota", "201 ");
        assert_eq!(number(&given_back, "available"), 1000);
        assert_eq!(world.gauge.serving(), 1);
        other.ask("quit", "201 ");
        other.expect_close();
    }
    panicking.store(false, Ordering::SeqCst);
    assert_eq!(world.gauge.most(), 2);
    let (_a, _b) = (world.anna(), world.anna());
    queue(&world, 1);
}

#[test]
fn a_storm_of_aborted_clients_loses_no_place() {
    let world = World::new().places(PLACES, 500).quota(BIG).start();
    thread::scope(|scope| {
        for hand in 0..10 {
            let world = &world;
            scope.spawn(move || {
                for round in 0..50 {
                    let phase = (hand + round) % (PHASES + 1);
                    let mut peer = world.connect();
                    if phase < PHASES {
                        skip_waiting(&mut peer);
                        go_to(&mut peer, phase);
                    }
                    match round % 3 {
                        0 => peer.reset(),
                        1 => peer.half_close(),
                        _ => drop(peer),
                    }
                }
            });
        }
    });
    assert_all_places_are_free(&world);
    let mut anna = world.anna();
    let books = anna.ask("quota", "201 ");
    let [used, parts, available] =
        ["used", "parts", "available"].map(|field| number(&books, field));
    assert_eq!(available, BIG - used, "nothing is reserved any more");
    let on_disk = world.parts().iter().map(|part| size_of(part)).sum::<u64>();
    assert_eq!(parts, on_disk);
}

#[test]
fn places_that_nobody_uses_cost_next_to_nothing() {
    let program = Program::settings("max_users: 10000\n").start();
    let empty = program.threads();
    assert!(empty < HOUSEHOLD, "{empty} threads for nobody");
    let mut peers: Vec<_> = (0..20).map(|_| program.connect()).collect();
    for peer in &mut peers {
        let ready = peer.expect("000 state=ready");
        assert_eq!(number(&ready, "limit"), 10_000);
    }
    assert!(program.threads() <= HOUSEHOLD + 20);
    for mut peer in peers {
        peer.ask("quit", "201 ");
        peer.expect_close();
    }
    // Workers that are there already take the next ones.
    for _ in 0..50 {
        let mut peer = program.connect();
        peer.expect("000 state=ready");
        peer.ask("quit", "201 ");
        peer.expect_close();
    }
    assert!(program.threads() <= HOUSEHOLD + 20);
    program.stop();
}

/// What a client does for its session to end.
type End = fn(&mut Peer);

/// Native, until it is to panic: then each conversation holds an upload's
/// ticket when it does.
struct Fragile {
    house: Arc<House>,
    native: Native,
    panicking: Arc<AtomicBool>,
}

impl Dialect for Fragile {
    fn notice(&self, notice: LobbyNotice) -> Vec<u8> {
        self.native.notice(notice)
    }

    fn converse(&self, mut visitor: Visitor) {
        if !self.panicking.load(Ordering::SeqCst) {
            return self.native.converse(visitor);
        }
        let mut session = Session::new(Arc::clone(&self.house));
        let user = "anna".to_owned();
        let password = Password::new("secret");
        session.handle(Request::SignIn { user, password });
        let file = PathText::parse("f").expect("a name");
        let upload = Request::Upload { file, size: 600, digest: None };
        let outcome = session.handle(upload);
        let Outcome::Granted(Granted::Upload(ticket)) = outcome else {
            unreachable!("there is room: {outcome:?}");
        };
        let stall = Duration::from_secs(20);
        visitor.stream.write_all(b"000 state=ready\n", stall).expect("a peer");
        let until = Instant::now() + stall;
        visitor.stream.read_request(&mut [0; 64], until).expect("a peer");
        panic!("as the test wants it, with {} to come", ticket.remaining());
    }
}

/// Eight places behind two doors, and a long line.
fn crowded() -> Running {
    World::new()
        .places(PLACES, CROWD)
        .quota(BIG)
        .start_doors(2, |house| Arc::new(Native::new(house, LONG)))
}

/// All places are reachable, and no more; the server's own count agrees.
#[track_caller]
fn assert_all_places_are_free(world: &Running) {
    wait_until("everybody has gone", || world.gauge.serving() == 0);
    let mut peers = Vec::new();
    for serving in 1..=PLACES {
        let mut peer = world.connect();
        peer.expect(&format!(
            "000 state=ready protocol=1 limit={PLACES} serving={serving} "
        ));
        peers.push(peer);
    }
    queue(world, 1);
    assert_eq!(world.gauge.most(), PLACES);
    for mut peer in peers {
        peer.ask("quit", "201 ");
        peer.expect_close();
    }
}

/// Takes a session to one of so many points at which it may be cut.
fn go_to(peer: &mut Peer, phase: usize) {
    let signed_in = |peer: &mut Peer| {
        peer.ask("auth anna secret", "200 ");
    };
    match phase {
        0 => {}
        1 => peer.send("auth an"),
        2 => peer.say("auth anna secret"),
        3 => signed_in(peer),
        4 => {
            signed_in(peer);
            peer.send("pwd\ndir\nquota\nnoop");
        }
        5 => begin_put(peer),
        6 => {
            signed_in(peer);
            let digest = blake3::hash(&[7; 1_000_000]);
            let put = format!("put g size=1000000 digest={digest}");
            peer.ask(&put, "202 ");
            // From the start, or where another one was cut.
            peer.line();
            peer.send([7; 400]);
        }
        7 => {
            signed_in(peer);
            peer.ask("put h size=200000", "202 ");
            peer.expect("405 ");
            peer.send([7; 200_000]);
            peer.expect("201 ");
            peer.say("get h");
        }
        _ => peer.say("quit"),
    }
}

/// Signs in and sends half of a file.
fn begin_put(peer: &mut Peer) {
    peer.ask("auth anna secret", "200 ");
    peer.ask("put f size=1000", "202 ");
    peer.expect("405 ");
    peer.send([7; 500]);
}

fn size_of(path: &std::path::Path) -> u64 {
    path.metadata().expect("a file").len()
}

/// As many as [`go_to`] knows.
const PHASES: usize = 9;
/// More threads than the server has for itself.
const HOUSEHOLD: usize = 12;
const PLACES: usize = 8;
const CROWD: usize = 300;
const BRIEF: Duration = Duration::from_millis(50);
const BIG: u64 = 64 * 1024 * 1024;
const LONG: Patience = {
    let long = Duration::from_secs(60);
    Patience { login: long, idle: long, stall: long }
};
