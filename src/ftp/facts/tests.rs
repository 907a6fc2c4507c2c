//! What listings of many servers say, and what is no listing.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{Kind, Line, Listed, fact_line, list_line};

/// A Monday in November.
fn now() -> Timestamp {
    "2026-11-23T12:00:00Z".parse().expect("a time")
}

#[track_caller]
fn entry(line: Option<Line>) -> (Kind, Option<u64>, String, String) {
    match line {
        Some(Line::Entry(Listed { kind, size, modified, name })) => {
            let modified = modified.map_or("-".into(), |t| t.to_string());
            let name = String::from_utf8_lossy(&name).into_owned();
            (kind, size, modified, name)
        }
        other => panic!("{other:?} is no entry"),
    }
}

#[track_caller]
fn check_list(
    line: &str,
    kind: Kind,
    size: Option<u64>,
    when: &str,
    name: &str,
) {
    let read = entry(list_line(line.as_bytes(), now()));
    assert_eq!(read, (kind, size, when.into(), name.into()), "{line}");
}

#[test]
fn facts_are_read() {
    let read = |line: &str| entry(fact_line(line.as_bytes()));
    assert_eq!(
        read("Type=file;Size=5;Modify=20261123100000;UNIX.mode=0644; a b"),
        (Kind::File, Some(5), "2026-11-23T10:00:00Z".into(), "a b".into())
    );
    assert_eq!(
        read("type=DIR;  b"),
        (Kind::Directory, None, "-".into(), " b".into())
    );
    assert_eq!(read("type=OS.unix=slink:/etc; l").0, Kind::Link);
    assert_eq!(read("type=OS.unix=chr-1/3; n").0, Kind::Other);
    assert_eq!(read(" n"), (Kind::Other, None, "-".into(), "n".into()));
    assert_eq!(read("size=-5;modify=x; n").1, None);
}

#[test]
fn the_directory_itself_is_no_entry() {
    for aside in ["type=cdir; .", "Type=pdir;Size=4; .."] {
        assert_eq!(fact_line(aside.as_bytes()), Some(Line::Aside));
    }
}

#[test]
fn what_is_no_fact_line_is_refused() {
    for bad in [
        &b""[..],
        b"a",
        b"type=file;",
        b"type=file; ",
        b"type; a",
        b"\xff=1; a",
        b"type=file; a\0",
    ] {
        assert_eq!(fact_line(bad), None, "{bad:?}");
    }
}

#[test]
fn the_columns_of_unix() {
    let (file, dir) = (Kind::File, Kind::Directory);
    let at = "2026-11-23T10:00:00Z";
    for line in [
        "-rw-r--r--    1 1000     1000            5 Nov 23 10:00 a b",
        "-rw-r--r--   1 owner     5 Nov 23 10:00 a b",
        "-rw-r--r--+ 1 domain users x  5 nov 23 10:00 a b",
        "-rw-r--r-- 1 may 4 5 Nov 23 10:00 a b",
    ] {
        check_list(line, file, Some(5), at, "a b");
    }
    check_list(
        "drwxr-xr-x 2 u g 4096 Feb  3  2025   d",
        dir,
        None,
        "2025-02-03T00:00:00Z",
        "  d",
    );
    check_list(
        "lrwxrwxrwx 1 u g 3 Jan  1 00:00 l -> to",
        Kind::Link,
        Some(3),
        "2026-01-01T00:00:00Z",
        "l",
    );
    check_list(
        "crw-rw-rw- 1 root root 1, 3 Nov 23 10:00 null",
        Kind::Other,
        None,
        at,
        "null",
    );
}

#[test]
fn a_date_without_a_year_has_come_about() {
    let line = |date: &str| format!("-rw-r--r-- 1 u g 5 {date} a");
    for (date, when) in [
        ("Nov 24 11:00", "2026-11-24T11:00:00Z"),
        ("Nov 25 11:00", "2025-11-25T11:00:00Z"),
        ("Dec 31 23:59", "2025-12-31T23:59:00Z"),
        ("Feb 29 10:00", "2024-02-29T10:00:00Z"),
        ("Feb 30 10:00", "-"),
    ] {
        check_list(&line(date), Kind::File, Some(5), when, "a");
    }
}

#[test]
fn the_columns_of_dos() {
    let at = "2026-11-23T22:05:00Z";
    for line in [
        "11-23-26  10:05PM                    5 a b",
        "11-23-2026  22:05  5 a b",
        "11/23/26 10:05pm 5 a b",
    ] {
        check_list(line, Kind::File, Some(5), at, "a b");
    }
    check_list(
        "11-23-26  12:05AM       <DIR>          d e",
        Kind::Directory,
        None,
        "2026-11-23T00:05:00Z",
        "d e",
    );
}

#[test]
fn what_stands_beside_the_entries() {
    for aside in [
        "total 8",
        "",
        "drwxr-xr-x 2 u g 4096 Nov 23 10:00 .",
        "drwxr-xr-x 2 u g 4096 Nov 23 10:00 ..",
    ] {
        assert_eq!(list_line(aside.as_bytes(), now()), Some(Line::Aside));
    }
}

#[test]
fn what_is_no_list_line_is_refused() {
    for bad in [
        "hello",
        "-rw-r--r--",
        "-rw-r--r-- 1 u g 5 Nov 23 10:00",
        "-rw-r--r-- 1 u g 5 Nov 23 10:00 ",
        "-rw-r--r-- 1 u g 5 Nov 23",
        "-rw-r--r-- 1 u g x Nov 23 10:00 a",
        "?rw-r--r-- 1 u g 5 Nov 23 10:00 a",
        "-rw-r--r-- 1 u g 5 Nov 23 10:00 a\0b",
        "11-23-26  10:05PM <DIR>",
        "11-23-26  10:05PM x a",
        "11-23-26  25:05 5 a",
        "550 no such directory",
    ] {
        assert_eq!(list_line(bad.as_bytes(), now()), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn any_line_is_read_or_not(
        line in proptest::collection::vec(any::<u8>(), 0..120)
    ) {
        let _ = fact_line(&line);
        let _ = list_line(&line, now());
    }

    #[test]
    fn any_columns_are_read_or_not(
        line in "[-dl][rwx-]{9} [0-9]{1,20} u (g )?[0-9]{1,20} \
                 (Jan|Feb|Dec) [0-9]{1,4} [0-9]{1,5}(:[0-9]{1,3})? .{0,20}",
        dos in "[0-9]{1,4}-[0-9]{1,3}-[0-9]{1,5} [0-9]{1,3}:[0-9]{1,3}\
                (AM|PM)? (<DIR>|[0-9]{1,20}) .{0,20}",
        year in -9000..9990_i64,
    ) {
        let _ = list_line(line.as_bytes(), now());
        let _ = list_line(dos.as_bytes(), now());
        let second = Timestamp::from_second(year * 31_556_952 - 62_000_000_000);
        if let Ok(then) = second {
            let _ = list_line(line.as_bytes(), then);
        }
    }
}
