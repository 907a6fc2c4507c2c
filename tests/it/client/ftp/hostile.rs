//! Servers that mean no good: endless, lying, and with names that would lead
//! out of the local folder.

use super::peer::Peer;

#[test]
fn mget_writes_no_name_that_leaves_the_folder() {
    let peer = Peer::play(
        "in MLST
         epsv
         C: MLSD
         S: 150 here
         D: type=file;size=4; ../evil\\r\\n
         D: type=file;size=4; /tmp/evil\\r\\n
         D: type=file;size=4; x/../../evil\\r\\n
         D: type=file;size=4; ev\\ril\\r\\n
         D: type=file;size=4; evil\\x1b[2J\\r\\n
         D: type=file;size=4; .evil\\x00\\r\\n
         D: type=file;size=4; ..\\r\\n
         D: type=file;size=4; good\\r\\n
         D.
         S: 226 done
         C: MLST good
         S: 250-here
         S:  type=file;size=4; good
         S: 250 end
         epsv
         C: RETR good
         S: 150 go
         D: fine
         D.
         S: 226 done",
    );
    let tool = peer.tool();
    let ran = tool.run("mget * .*").code(1);
    assert_eq!(tool.names(), ["good"], "{ran:?}");
    assert_eq!(tool.read("good"), b"fine");
    assert!(ran.err.contains("no name for a local file"), "{ran:?}");
    assert!(!ran.err.contains('\x1b'), "{ran:?}");
    peer.end();
}

#[test]
fn no_name_becomes_a_second_command() {
    for command in
        ["rm \"a\\x0d\\x0aDELE b\"", "cd \"a\\x0a\"", "mkdir a\\x0d"]
    {
        let peer = Peer::play("in");
        let ran = peer.tool().run(command).code(1);
        assert!(ran.err.contains("cannot be sent"), "{ran:?}");
        peer.end();
    }
}

#[test]
fn texts_cannot_play_tricks() {
    let peer = Peer::play(
        "in\nC: PWD\nS: 257 \"/\\x1b[2J\"\nC: DELE a\nS: 550 \\x1b[2J\\xff",
    );
    let ran = peer.tool().run("pwd; rm a").code(5);
    assert!(ran.out.contains("257  /\\x1b[2J\n"), "{ran:?}");
    assert!(ran.err.starts_with("550  a: \\x1b[2J"), "{ran:?}");
    peer.end();
}

#[test]
fn endless_replies_are_no_replies() {
    for text in ["220-hello\\r\\n", "hello", "220-\\xff\\xf1", "\\xff\\xfa"] {
        let peer = Peer::play(&format!("drip {text}\nclose"));
        let ran = peer.tool().run("pwd").code(1);
        assert!(ran.err.contains("protocol: a "), "{text}: {ran:?}");
        peer.end();
    }
}

#[test]
fn a_server_that_speaks_all_the_time_is_left() {
    let peer = Peer::play("in\nC: PWD\ndrip 257 \"/\" \\r\\n\nclose");
    let ran = peer.tool().run("pwd; pwd").code(1);
    assert!(ran.err.contains("without being asked"), "{ran:?}");
    peer.end();
}

#[test]
fn an_endless_line_is_no_listing() {
    for verb in ["MLSD", "LIST"] {
        let feature = if verb == "MLSD" { "MLST" } else { "SIZE" };
        let peer = Peer::play(&format!(
            "in {feature}\nepsv\nC: {verb}\nS: 150 here
             flood type=file;size=5;
             C: ABOR\nS: 426 ended\nS: 226 as you wish"
        ));
        let ran = peer.tool().run("dir").code(8);
        assert!(ran.err.contains("an endless line"), "{ran:?}");
        peer.end();
    }
}

#[test]
fn more_bytes_than_the_file_has_are_no_file() {
    let peer = Peer::play(
        "in SIZE
         C: SIZE a
         S: 213 5
         epsv
         C: RETR a
         S: 150 go
         flood hello
         C: ABOR
         S: 426 ended
         S: 226 as you wish",
    );
    let tool = peer.tool();
    tool.run("get a").code(8);
    assert_ne!(tool.names(), ["a"]);
    peer.end();
}
