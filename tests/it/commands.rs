//! Every row of the protocol's table of commands (§4) that fits a line or
//! two. Transfers, the line and hostile input have files of their own.

use crate::world::World;

#[test]
fn authentication_comes_first() {
    let world = World::new().start();
    let mut peer = world.ready();
    for line in ["pwd", "frobnicate", "", "get a%zz", "put a size=1"] {
        peer.ask(line, "400 reason=login-first");
    }
    peer.ask("help", "201 ");
    peer.ask("auth anna", "401 reason=bad-argument");
    let reply = peer.ask("auth anna secret", "200 ");
    assert!(reply.contains(" user=anna quota=1000 used=0"), "{reply}");
    peer.ask("auth anna secret", "401 reason=bad-argument");
    peer.ask("quit", "201 ");
    peer.expect_close();
}

#[test]
fn a_wrong_password_and_an_unknown_user_get_the_same_words() {
    let world = World::new().start();
    let mut peer = world.ready();
    let wrong = peer.ask("auth anna wrong", "400 reason=bad-password");
    let unknown = peer.ask("auth nobody wrong", "400 reason=bad-password");
    let impossible = peer.ask("auth a/b wrong", "400 reason=bad-password");
    assert_eq!(wrong, unknown);
    assert_eq!(wrong, impossible);
    peer.expect_close();
}

#[test]
fn directories_are_made_entered_and_removed() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.ask("mkdir a", "201 path=/a");
    anna.ask("mkdir a", "403 reason=exists");
    anna.ask("mkdir /", "403 reason=exists");
    anna.ask("mkdir x/y", "402 reason=not-found");
    anna.ask("cd a", "201 path=/a");
    anna.ask("mkdir b", "201 path=/a/b");
    anna.ask("cd b/../b", "201 path=/a/b");
    anna.ask("cd..", "201 path=/a");
    anna.ask("cd .. : it is a token", "401 reason=bad-argument");
    anna.ask("cd ..", "201 path=/");
    anna.ask("cd ..", "201 path=/");
    anna.ask("rmdir a", "401 reason=not-empty");
    anna.ask("rmdir a/b", "201");
    anna.ask("cd a", "201 path=/a");
    anna.ask("cd", "201 path=/");
    anna.ask("rmdir a", "201");
    anna.ask("rmdir a", "402 reason=not-found");
    anna.ask("rmdir /", "401 reason=denied");
    anna.ask("pwd", "201 path=/");
}

#[test]
fn names_move_and_go() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.put("f", b"content");
    anna.ask("mkdir d", "201");
    anna.ask("mv x y", "402 reason=not-found");
    anna.ask("mv f d", "403 reason=exists");
    anna.ask("mv f /", "403 reason=exists");
    anna.ask("mv f x/y", "402 reason=not-found");
    anna.ask("mv d d/e", "401 reason=denied");
    anna.ask("mv / x", "401 reason=denied");
    anna.ask("mv f d/g", "201");
    assert_eq!(anna.get("d/g"), b"content");
    anna.ask("rm d", "402 reason=not-found");
    anna.ask("rm f", "402 reason=not-found");
    anna.ask("rm d/g", "201");
    assert_eq!(anna.quota("used"), 0);
}

#[test]
fn a_listing_is_sorted_by_bytes_and_its_names_are_encoded() {
    let world = World::new().start();
    let mut anna = world.anna();
    for name in ["b", "中文.txt", "a%20b", "B", "%FF"] {
        anna.put(name, b"12345");
    }
    anna.ask("mkdir c", "201");
    let lines = anna.dir("");
    let names: Vec<_> = lines
        .iter()
        .map(|line| {
            let pieces: Vec<_> = line.split(' ').collect();
            assert_eq!(pieces.len(), 4, "{line}");
            assert!(pieces[2].len() == 20 && pieces[2].ends_with('Z'));
            (pieces[0], pieces[1], pieces[3])
        })
        .collect();
    assert_eq!(
        names,
        [
            ("f", "5", "B"),
            ("f", "5", "a%20b"),
            ("f", "5", "b"),
            ("d", "0", "c"),
            ("f", "5", "中文.txt"),
            ("f", "5", "%FF"),
        ]
    );
    assert_eq!(anna.dir("a%20b").len(), 1);
    assert!(anna.dir("c").is_empty());
    anna.ask("dir nothing", "402 reason=not-found");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.send("mkdir a\ncd a\nNOOP\nfrob\r\npwd\nquit\nnever read\n");
    for reply in ["201 path=/a", "201 path=/a", "201", "401", "201 path=/a"] {
        anna.expect(reply);
    }
    anna.expect("201 ");
    anna.expect_close();
}

#[test]
fn where_the_current_directory_is_gone_only_absolute_names_lead_on() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.ask("mkdir a", "201");
    anna.ask("cd a", "201");
    anna.ask("rmdir ../a", "201");
    for line in ["cd ..", "cd..", "dir", "dir ..", "mkdir b", "cd ../."] {
        anna.ask(line, "402 reason=not-found");
    }
    anna.ask("mkdir /b", "201");
    anna.ask("cd /b", "201");
}
