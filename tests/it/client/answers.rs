//! What is printed and which exit code it makes: one row an answer.

use super::{fake::Fake, tool::Tool};

#[test]
fn a_refusal_is_shown_with_its_code_and_has_its_exit_code() {
    for (command, request, refusal, exit, shown) in [
        (
            "cd a",
            "cd a",
            "402 reason=not-found : no such",
            5,
            "402  a: no such",
        ),
        (
            "mkdir a",
            "mkdir a",
            "403 reason=exists : taken",
            6,
            "403  a: taken",
        ),
        ("rm a", "rm a", "401 reason=denied", 1, "401  a: denied"),
        ("rmdir a", "rmdir a", "401 reason=not-empty", 1, "401  a: not-empty"),
        ("mv a b", "mv a b", "403 reason=exists", 6, "403  a to b: exists"),
        ("pwd", "pwd", "400 reason=login-first", 4, "400  pwd: login-first"),
        ("dir a", "dir a", "402 reason=not-found", 5, "402  a: not-found"),
        ("get a", "get a", "402 reason=not-found", 5, "402  a: not-found"),
        ("quota", "quota", "401 reason=io : trouble", 1, "401  quota: tro"),
    ] {
        let fake = Fake::play(&format!("in\nC: {request}\nS: {refusal}"));
        let ran = Tool::new(fake.address).run(command);
        let ran = ran.code(exit).complained(shown);
        assert!(!ran.out.contains(shown), "{ran:?}");
        assert_eq!(fake.end(), 0);
    }
}

#[test]
fn an_answer_is_shown_with_its_code() {
    let fake = Fake::play(
        "in
         C: mkdir a%20b
         S: 201 path=/a%20b
         C: cd a%20b
         S: 201 path=/a%20b
         C: cd ..
         S: 201 path=/
         C: cd
         S: 201 path=/
         C: pwd
         S: 201 path=/
         C: mv a%20b c
         S: 201
         C: rm x
         S: 201
         C: rmdir c
         S: 201
         C: quota
         S: 201 quota=1000 used=250 parts=50 available=750
         C: quit
         S: 201 : bye
         close",
    );
    let ran = Tool::new(fake.address).run(
        "mkdir 'a b'; cd a\\ b; cd..; cd; pwd; mv \"a b\" c; rm x; rmdir c; \
         quota; quit; pwd",
    );
    assert_eq!(
        ran.code(0).out,
        "200  signed in as anna, 0 of 1000 bytes used\n\
         201  a b made\n\
         201  /a b\n\
         201  /\n\
         201  /\n\
         201  /\n\
         201  a b is now c\n\
         201  x removed\n\
         201  c removed\n\
         201  250 of 1000 bytes used (50 in parts), 750 available\n\
         201  goodbye\n"
    );
    fake.end();
}

#[test]
fn a_listing_is_a_table_whose_names_cannot_play_tricks() {
    let listing = "d 0 2026-11-23T10:00:00Z docs\n\
                   f 12 2026-11-23T10:00:01Z a%1B%5B2J.txt\n\
                   f 3 2026-11-23T10:00:02Z \u{9b}\u{202e}x\n";
    let fake = Fake::play(&format!(
        "in\nC: dir\nS: 201 length={} entries=3\nS: {}",
        listing.len(),
        listing.trim_end().replace('\n', "\nS: ")
    ));
    let ran = Tool::new(fake.address).run("dir").code(0);
    let ran = ran
        .said("201  3 entries")
        .said("dir     -  2026-11-23 10:00:00  docs/")
        .said("       12  2026-11-23 10:00:01  a\\x1b[2J.txt");
    let table = &ran.out;
    assert!(table.contains("(UTC)"), "{table}");
    for c in ['\x1b', '\u{9b}', '\u{202e}'] {
        assert!(!table.contains(c), "{table:?}");
    }
    fake.end();
}

#[test]
fn a_server_s_text_cannot_play_tricks() {
    let fake = Fake::play(
        "in\nC: cd a\nS: 402 reason=not-found : no \u{9b}2J\u{202e}such",
    );
    let ran = Tool::new(fake.address).run("cd a").code(5);
    assert_eq!(ran.err, "402  a: no \\xc2\\x9b2J\\xe2\\x80\\xaesuch\n");
    fake.end();
}

#[test]
fn a_listing_that_lies_is_no_listing() {
    for (length, entries, line) in [
        (31_u64, 2, "f 1 2026-11-23T10:00:00Z abcde"),
        (8, 1, "nothing"),
        (99_999_999_999, 1, ""),
    ] {
        let fake = Fake::play(&format!(
            "in\nC: dir\nS: 201 length={length} entries={entries}\nS: {line}"
        ));
        let ran = Tool::new(fake.address).run("dir").code(1);
        assert!(!ran.out.contains("201"), "{ran:?}");
        assert!(ran.err.contains("does not keep to the protocol"), "{ran:?}");
        fake.end();
    }
}
