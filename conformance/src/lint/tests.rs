//! Stories of requests and replies, and what is found wrong with them.

use super::*;

/// Plays lines: `> request`, `< reply`; gives what was found.
fn faults(lines: &[&str]) -> Vec<String> {
    let mut lint = Lint::default();
    for line in lines {
        match line.split_at(2) {
            ("> ", request) => {
                lint.sent(format!("{request}\n").as_bytes());
            }
            (_, reply) => {
                lint.received(&Reply::parse(reply.as_bytes()));
            }
        }
    }
    lint.faults
}

const READY: &str = "< 000 state=ready protocol=1 limit=2 serving=1 : hi";

#[test]
fn a_good_story_has_no_faults() {
    let story = [
        "< 000 state=waiting position=2 limit=2",
        "< 000 state=waiting position=1 limit=2",
        READY,
        "> auth a b",
        "< 200 user=a quota=10 used=0",
        "> put x size=3",
        "> CD..",
        "< 202 available=10",
        "< 405 offset=0",
        "< 201 size=3",
        "< 201 path=/",
        "> get x have=1",
        "< 205 offset=1 length=2 size=3",
        "< 201 size=3",
        "< 000 state=timeout limit=idle",
    ];
    assert_eq!(faults(&story), Vec::<String>::new());
}

#[test]
fn each_broken_rule_is_found() {
    let stories: [&[&str]; 17] = [
        &["< 200 user=a quota=1 used=0"],
        &[READY, READY],
        &[READY, "< 201"],
        &[READY, "> noop", "< 206"],
        &[READY, "> noop", "< 401"],
        &[READY, "> noop", "< 401 reason=not-found"],
        &[READY, "> noop", "< 201 reason=io"],
        &[READY, "> noop", "< 402 reason=not-found"],
        &[READY, "> pwd", "< 201"],
        &[READY, "> get a", "< 201 size=1"],
        &[READY, "> get a", "< 405 offset=0 length=1 size=2"],
        &[READY, "> put a size=1", "< 405 offset=0"],
        &[READY, "> put a size=1", "< 404 reason=over-quota"],
        &[READY, "< 000 state=timeout limit=lunch"],
        &[READY, "< 000 state=timeout limit=idle", "< 000 state=closing"],
        &["< 000 state=ready protocol=1 limit=2 serving=3"],
        &[
            "< 000 state=waiting position=1 limit=2",
            "< 000 state=waiting position=2 limit=2",
        ],
    ];
    for story in stories {
        assert!(!faults(story).is_empty(), "{story:?}");
    }
}

#[test]
fn uploads_are_known_by_their_absolute_paths() {
    let mut lint = Lint::default();
    for (request, reply) in [
        ("", "000 state=ready protocol=1 limit=2 serving=1"),
        ("put a size=1 digest=0", "202 available=9"),
        ("", "405 offset=0"),
        ("", "401 reason=digest-mismatch"),
        ("cd d", "201 path=/d%20e"),
        ("cd f", "402 reason=not-found"),
        ("put ../b%41 size=1", "202 available=9"),
        ("", "405 offset=0"),
        ("", "201 size=1"),
        ("put /c size=1", "202 available=9"),
        ("", "405 offset=0"),
        ("", "201 size=1"),
        ("put no size=10", "404 reason=over-quota needed=10 available=9"),
    ] {
        if !request.is_empty() {
            lint.sent(format!("{request}\n").as_bytes());
        }
        lint.received(&Reply::parse(reply.as_bytes()));
    }
    assert_eq!(lint.faults, Vec::<String>::new());
    let uploads: Vec<&str> = lint.uploads.iter().map(String::as_str).collect();
    assert_eq!(uploads, ["/a", "/c", "/d%20e/../b%41"]);
}

#[test]
fn a_verb_is_found_behind_any_number_of_spaces() {
    let request = format!("> {}pwd", " ".repeat(REQUEST_BYTES_MAX + 1));
    let good = [READY, &request, "< 201 path=/"];
    assert_eq!(faults(&good), Vec::<String>::new());
    let bad = [READY, &request, "< 201"];
    assert_eq!(faults(&bad), ["it lacks path= : 201"]);
    let mut lint = Lint::default();
    lint.received(&Reply::parse(&READY.as_bytes()[2..]));
    lint.sent(b"  ");
    assert!(!lint.is_in_step(), "a line is half sent");
}

#[test]
fn a_tab_parts_no_tokens_and_a_cr_ends_none() {
    let mut lint = Lint::default();
    lint.received(&Reply::parse(&READY.as_bytes()[2..]));
    lint.sent(b"help\tme\npwd\r\n");
    lint.received(&Reply::parse(b"400 reason=login-first"));
    lint.received(&Reply::parse(b"201 path=/"));
    let verbs: Vec<&str> =
        lint.seen.iter().map(|seen| seen.verb.as_str()).collect();
    assert_eq!(verbs, ["", UNKNOWN, "pwd"]);
    assert_eq!(lint.faults, Vec::<String>::new());
}

#[test]
fn a_request_in_pieces_is_one_request() {
    let mut lint = Lint::default();
    lint.received(&Reply::parse(&READY.as_bytes()[2..]));
    lint.sent(b"no");
    assert!(!lint.is_in_step());
    lint.sent(b"op\n");
    lint.received(&Reply::parse(b"201"));
    assert!(lint.is_in_step());
    assert_eq!(lint.faults, Vec::<String>::new());
}
