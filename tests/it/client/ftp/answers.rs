//! Requests that move no bytes: what is shown, and the exit codes, which
//! mean the same as in the native protocol.

use super::peer::Peer;

#[test]
fn answers_are_shown_with_the_server_s_codes() {
    let peer = Peer::play(
        "in
         C: MKD a b
         S: 257 \"/home/a b\" made
         C: CWD a b
         S: 250 there
         C: PWD
         S: 257 \"/home/a b\"
         C: CDUP
         S: 200 up
         C: PWD
         S: 257 \"/home\"
         C: CWD /home
         S: 250 there
         C: PWD
         S: 257 \"/home\"
         C: SIZE c
         S: 550 none
         C: PWD
         S: 257 \"/home\"
         C: CWD c
         S: 550 none
         C: RNFR a b
         S: 350 to
         C: RNTO c
         S: 250 moved
         C: DELE x
         S: 250 gone
         C: RMD c
         S: 250 gone
         C: SITE QUOTA
         S: 200-quota=1000 used=250 parts=x
         S: 200 available=750
         C: QUIT
         S: 221 bye
         close",
    );
    let ran = peer.tool().run(
        "mkdir 'a b'; cd 'a b'; cd ..; cd; mv 'a b' c; rm x; rmdir c; quota; \
         quit; pwd",
    );
    assert_eq!(
        ran.code(0).out,
        "230  signed in as anna\n\
         257  a b made\n\
         250  /home/a b\n\
         200  /home\n\
         250  /home\n\
         250  a b is now c\n\
         250  x removed\n\
         250  c removed\n\
         200  250 of 1000 bytes used (? in parts), 750 available\n\
         221  goodbye\n"
    );
    peer.end();
}

#[test]
fn a_refusal_has_the_exit_code_that_fits_the_command() {
    let directory = "S: 250-here\nS:  type=dir; a\nS: 250 end";
    let nothing = "S: 550 nothing";
    for (command, said, code, shown) in [
        ("cd a", "C: CWD a\nS: 550 no a".into(), 5, "550  a: no a"),
        ("rm a", "C: DELE a\nS: 550 no a".into(), 5, "550  a: no a"),
        ("pwd", "C: PWD\nS: 530 who".into(), 4, "530  pwd: who"),
        ("quota", "C: SITE QUOTA\nS: 500 no".into(), 1, "500  quota: the s"),
        ("rm a", "C: DELE a\nS: 502 never".into(), 1, "502  a: never"),
        ("rm a", "C: DELE a\nS: 421 bye".into(), 3, "421  a: bye"),
        ("rm a", "C: DELE a\nS: 421 Idle".into(), 9, "421  a: Idle"),
        (
            "mkdir a",
            format!("C: MKD a\nS: 550 no\nC: MLST a\n{directory}"),
            6,
            "550  a: no",
        ),
        (
            "mkdir a/b",
            format!("C: MKD a/b\nS: 550 no\nC: MLST a/b\n{nothing}"),
            5,
            "550  a/b: no",
        ),
        (
            "rmdir a",
            format!("C: RMD a\nS: 550 full\nC: MLST a\n{directory}"),
            1,
            "550  a: full",
        ),
        (
            "rmdir a",
            format!("C: RMD a\nS: 550 no\nC: MLST a\n{nothing}"),
            5,
            "550  a: no",
        ),
        (
            "mv b a",
            format!("C: MLST a\n{directory}\nC: RNFR b\nS: 350 to"),
            6,
            "---  b to a: the name is taken already",
        ),
        (
            "mv b a",
            format!("C: MLST a\n{directory}\nC: RNFR b\nS: 550 no b"),
            5,
            "550  b to a: no b",
        ),
    ] {
        let peer = Peer::play(&format!("in MLST\n{said}"));
        peer.tool().run(command).code(code).complained(shown);
        peer.end();
    }
}

#[test]
fn a_server_without_facts_says_by_its_deeds_what_has_a_name() {
    let entered = "C: SIZE a\nS: 550 none\nC: PWD\nS: 257 \"/x\"\nC: CWD a
                   S: 250 in\nC: CWD /x\nS: 250 back";
    let not_entered = "C: SIZE a\nS: 550 none\nC: PWD\nS: 257 \"/x\"
                       C: CWD a\nS: 550 none";
    let nowhere = "C: SIZE a\nS: 550 none\nC: PWD\nS: 500 what";
    let file = "C: SIZE a\nS: 213 5";
    for (command, refused, found, code) in [
        ("mkdir a", "C: MKD a\nS: 550 no", entered, 6),
        ("mkdir a", "C: MKD a\nS: 550 no", file, 6),
        ("mkdir a", "C: MKD a\nS: 550 no", nowhere, 6),
        ("mkdir a", "C: MKD a\nS: 550 no", not_entered, 5),
        ("rmdir a", "C: RMD a\nS: 550 no", entered, 1),
        ("rmdir a", "C: RMD a\nS: 550 no", file, 5),
        ("rmdir a", "C: RMD a\nS: 550 no", not_entered, 5),
        ("dir a", "epsv\nC: LIST a\nS: 150 x\nD.\nS: 226 x", entered, 0),
        ("dir a", "epsv\nC: LIST a\nS: 150 x\nD.\nS: 226 x", not_entered, 5),
        ("dir a", "epsv\nC: LIST a\nS: 450 none", "", 5),
    ] {
        let peer = Peer::play(&format!("in\n{refused}\n{found}"));
        peer.tool().run(command).code(code);
        peer.end();
    }
    for (found, code) in [(entered, 6), (file, 6)] {
        let peer = Peer::play(&format!("in\n{found}\nC: RNFR b\nS: 350 to"));
        peer.tool().run("mv b a").code(code);
        peer.end();
    }
    let lost = entered.replace("S: 250 back", "S: 550 gone");
    let peer = Peer::play(&format!("in\nC: RMD a\nS: 550 no\n{lost}"));
    peer.tool().run("rmdir a").code(5).complained("550  a: gone");
    peer.end();
}

#[test]
fn what_still_fits_is_told_where_that_is_all_that_is_known() {
    let peer = Peer::play(
        "in AVBL
         C: SITE QUOTA
         S: 504 no
         C: AVBL
         S: 213 750",
    );
    let ran = peer.tool().run("quota").code(0);
    ran.said("213  ? of ? bytes used (? in parts), 750 available");
    peer.end();
}

#[test]
fn a_reply_too_many_is_no_answer_to_the_next_command() {
    let peer = Peer::play(
        "in SIZE
         C: SIZE a
         S: 213 5
         epsv
         C: RETR a
         S: 150 go
         D: hello
         D.
         S| 226 done\\r\\n226 done twice\\r\\n
         C: PWD
         S: 257 \"/home\"",
    );
    peer.tool().run("get a; pwd").code(0).said("257  /home");
    peer.end();
}
