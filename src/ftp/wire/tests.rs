//! What the client's wire must hold: a command is one line whatever it
//! carries, a reply is whole or an error however its bytes arrive, and what
//! a text does not say is not read out of it.

use proptest::prelude::*;

use super::{
    COMMAND_BYTES_MAX, LINE_BYTES_MAX, LINES_MAX, NoReply, REPLY_BYTES_MAX,
    Reply, ReplyReader, Unsendable, encode_command,
};
use crate::ftp::code::Code;

fn command(verb: &str, argument: Option<&[u8]>) -> Vec<u8> {
    let mut line = Vec::new();
    encode_command(verb, argument, &mut line).expect("it can be sent");
    line
}

/// All replies that the bytes hold, and nothing left.
#[track_caller]
fn replies(bytes: &[u8]) -> Vec<Reply> {
    let mut reader = ReplyReader::default();
    reader.push(bytes);
    let mut all = Vec::new();
    while let Some(reply) = reader.next_reply().expect("replies") {
        all.push(reply);
    }
    assert!(reader.is_empty());
    all
}

#[track_caller]
fn reply(bytes: &[u8]) -> Reply {
    let mut all = replies(bytes);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn lines(reply: &Reply) -> Vec<&[u8]> {
    reply.lines().collect()
}

#[test]
fn a_command_is_one_line() {
    assert_eq!(command("PASV", None), b"PASV\r\n");
    assert_eq!(command("PASS", Some(b"")), b"PASS \r\n");
    assert_eq!(command("STOR", Some(b"  a ")), b"STOR   a \r\n");
    assert_eq!(command("RETR", Some(b"a\xffb")), b"RETR a\xff\xffb\r\n");
}

#[test]
fn no_argument_begins_a_second_command() {
    let mut out = b"kept".to_vec();
    for bad in [&b"a\r\nDELE b"[..], b"a\rb", b"a\nb", b"a\0b"] {
        let refused = encode_command("RETR", Some(bad), &mut out);
        assert_eq!(refused, Err(Unsendable::ControlByte), "{bad:?}");
    }
    let refused = encode_command("NOOP\r\nQUIT", None, &mut out);
    assert_eq!(refused, Err(Unsendable::ControlByte));
    let long = vec![b'a'; COMMAND_BYTES_MAX - 4];
    assert_eq!(encode_command("CWD", Some(&long), &mut Vec::new()), Ok(()));
    let refused =
        encode_command("RETR", Some(&[&long[..], b"a"].concat()), &mut out);
    assert_eq!(refused, Err(Unsendable::TooLong));
    assert_eq!(out, b"kept");
}

#[test]
fn replies_of_one_line_and_of_many() {
    let all = replies(
        b"220-Welcome\r\n220-to\n 220 not yet\r\n230 nor this\r\n\r\n\
          220 here\r\n331 who\r\n200\r\n211-\r\n211\n",
    );
    let codes: Vec<_> = all.iter().map(|r| r.code.number()).collect();
    assert_eq!(codes, [220, 331, 200, 211]);
    assert_eq!(
        lines(&all[0]),
        [
            &b"Welcome"[..],
            b"to",
            b" 220 not yet",
            b"230 nor this",
            b"",
            b"here"
        ]
    );
    assert_eq!(all[1].last_line(), b"who");
    assert_eq!(all[2].last_line(), b"");
}

#[test]
fn telnet_bytes_are_no_text() {
    let bytes =
        b"2\xff\xfb\x0120 \xff\xf1a\xff\xff\xff\xfa\x01\n\xff\xff\n\xff\xf0b\r\0c\r\n";
    let reply = reply(bytes);
    assert_eq!(reply.code, Code::READY);
    assert_eq!(lines(&reply), [b"a\xffb\rc"]);
}

#[test]
fn what_does_not_begin_with_a_code_is_no_reply() {
    for bad in [
        &b"\r\n"[..],
        b"hello\r\n",
        b"22\r\n",
        b"600 x\r\n",
        b"000 x\r\n",
        b"2200 x\r\n",
        b" 220 x\r\n",
        b"220\tx\r\n",
        b"SSH-2.0-x\r\n",
    ] {
        let mut reader = ReplyReader::default();
        reader.push(bad);
        let read = reader.next_reply();
        assert!(matches!(read, Err(NoReply::NoCode(_))), "{bad:?}");
    }
}

#[test]
fn a_line_has_an_end() {
    let mut reader = ReplyReader::default();
    let head = b"220 ";
    let text = vec![b'a'; LINE_BYTES_MAX - head.len() - 1];
    reader.push(&[head, &text[..], b"\n"].concat());
    let whole = reader.next_reply().expect("at the bound");
    assert_eq!(whole.expect("whole").last_line(), text);
    reader.push(&[head, &text[..], b"aa"].concat());
    assert_eq!(reader.next_reply(), Err(NoReply::LineTooLong));
    // Bytes that leave nothing behind count as well.
    let mut reader = ReplyReader::default();
    reader.push(&b"\xff\xf1".repeat(LINE_BYTES_MAX));
    assert_eq!(reader.next_reply(), Err(NoReply::LineTooLong));
}

#[test]
fn a_reply_has_an_end() {
    let lines = |count: usize| b"220-a\r\n".repeat(count);
    let mut reader = ReplyReader::default();
    reader.push(&[lines(LINES_MAX - 1), b"220 b\r\n".into()].concat());
    let whole = reader.next_reply().expect("at the bound").expect("whole");
    assert_eq!(whole.lines().count(), LINES_MAX);
    reader.push(&lines(LINES_MAX));
    assert_eq!(reader.next_reply(), Ok(None));
    reader.push(b"220 b\r\n");
    assert_eq!(reader.next_reply(), Err(NoReply::TooLong));

    let mut reader = ReplyReader::default();
    let line = [b"220-", &[b'a'; 8000][..], b"\r\n"].concat();
    for _ in 0..REPLY_BYTES_MAX / 8001 {
        reader.push(&line);
        assert_eq!(reader.next_reply(), Ok(None));
    }
    reader.push(&line);
    assert_eq!(reader.next_reply(), Err(NoReply::TooLong));
}

#[test]
fn passive_addresses_in_their_forms() {
    let read = |text: &str| {
        let line = format!("227 {text}\r\n");
        reply(line.as_bytes()).passive_address().map(|a| a.to_string())
    };
    for text in [
        "Entering Passive Mode (127,0,0,1,195,80).",
        "Entering Passive Mode 127,0,0,1,195,80",
        "=127,0,0,1,195,80",
        "1,2 of 3 (127,0,0,1,195,80)",
    ] {
        assert_eq!(read(text).as_deref(), Some("127.0.0.1:50000"), "{text}");
    }
    for text in [
        "",
        "ok",
        "(127,0,0,1,195)",
        "(127,0,0,1,195,)",
        "(127,0,0,256,195,80)",
        "(127,0,0,1,0,0)",
        "(127, 0, 0, 1, 195, 80)",
        "(-127,0,0,1195,80)",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn extended_passive_ports_in_their_forms() {
    let read = |text: &str| {
        reply(format!("229 {text}\r\n").as_bytes()).passive_port()
    };
    for text in [
        "Entering Extended Passive Mode (|||50000|)",
        "ok (!!!50000!)",
        "(see below) (|||50000|).",
    ] {
        assert_eq!(read(text), Some(50000), "{text}");
    }
    for text in [
        "|||50000|",
        "(|||0|)",
        "(|||65536|)",
        "(|||-1|)",
        "(|||50000)",
        "(|||50000|",
        "(||50000|)",
        "(|!|50000|)",
        "(||1|50000|)",
        "(111150000)",
        "(   50000 )",
        "(|||",
        "(",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn quoted_paths_in_their_forms() {
    let read = |text: &str| {
        let path = reply(format!("257 {text}\r\n").as_bytes()).quoted_path();
        path.map(|path| String::from_utf8_lossy(&path).into_owned())
    };
    for (text, path) in [
        ("\"/\" is where you are", "/"),
        ("you are in \"/a b\"", "/a b"),
        ("\"/a\"\"b\" created", "/a\"b"),
        ("\"\"\"\"", "\""),
        ("\"中\"", "中"),
    ] {
        assert_eq!(read(text).as_deref(), Some(path), "{text}");
    }
    for text in ["/a", "\"/a", "\"\" nothing", "\"/a\"\"", "\""] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(reply(b"257-\"/a\r\n257 b\"\r\n").quoted_path(), None);
}

#[test]
fn sizes_and_times_are_the_last_word() {
    let size = |text: &str| reply(format!("213 {text}\r\n").as_bytes()).size();
    assert_eq!(size("0"), Some(0));
    assert_eq!(size("size is 42 "), Some(42));
    assert_eq!(size("9223372036854775807"), Some(i64::MAX as u64));
    for bad in ["", "-1", "+1", "9223372036854775808", "1.5", "42 bytes"] {
        assert_eq!(size(bad), None, "{bad}");
    }
    let time = |text: &str| {
        let reply = reply(format!("213 {text}\r\n").as_bytes());
        reply.modified().map(|time| time.to_string())
    };
    for text in ["20261123100001", "20261123100001.25"] {
        assert_eq!(time(text).as_deref(), Some("2026-11-23T10:00:01Z"));
    }
    assert_eq!(
        time("20161231235960").as_deref(),
        Some("2016-12-31T23:59:59Z")
    );
    for bad in [
        "",
        "20261123",
        "20261323100001",
        "20260230100001",
        "20261123250001",
        "20261123100061",
        "20261123100001.",
        "19126112310000",
        "+0261123100001",
    ] {
        assert_eq!(time(bad), None, "{bad}");
    }
}

#[test]
fn digests_in_their_form() {
    let read = |text: &str| reply(format!("213 {text}\r\n").as_bytes()).hash();
    let hash = read("blake3 0-99 00aF a b").expect("a digest");
    assert_eq!(hash.algorithm, "BLAKE3");
    assert_eq!((hash.start, hash.end), (0, 99));
    assert_eq!(hash.hex, "00af");
    for bad in [
        "",
        "SHA-256",
        "SHA-256 0-99",
        "SHA-256 0 00 a",
        "SHA-256 9-0 00 a",
        "SHA-256 0-99 0 a",
        "SHA-256 0-99 0g a",
        "SHA-256 0-99  a",
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}

#[test]
fn features_are_the_lines_between() {
    let reply = reply(
        b"211-MDTM and more\r\n SIZE\r\n211-MLST Type*;Size*;\r\n \
          rest stream\r\n HASH SHA-256;blake3*;\r\n211 UTF8\r\n",
    );
    assert_eq!(reply.feature("SIZE"), Some(&b""[..]));
    assert_eq!(reply.feature("MLST"), Some(&b"Type*;Size*;"[..]));
    assert_eq!(reply.feature("REST"), Some(&b"stream"[..]));
    for none in ["MDTM", "UTF8", "SIZ", "SIZES", "EPSV"] {
        assert_eq!(reply.feature(none), None, "{none}");
    }
    let algorithms = reply.algorithms().expect("there is a line");
    assert!(algorithms.has("BLAKE3") && algorithms.has("SHA-256"));
    assert!(!algorithms.has("SHA-1"));
}

fn any_argument() -> impl Strategy<Value = Vec<u8>> {
    let byte = any::<u8>()
        .prop_filter("no line's end", |b| !matches!(b, b'\r' | b'\n' | 0));
    proptest::collection::vec(byte, 0..60)
}

proptest! {
    /// The reader undoes what the encoder does to an argument.
    #[test]
    fn an_argument_survives_the_wire(argument in any_argument()) {
        let line = command("RETR", Some(&argument));
        prop_assert!(line.ends_with(b"\r\n"));
        let mut as_reply = b"257 ".to_vec();
        as_reply.extend_from_slice(&line[5..]);
        let read = reply(&as_reply);
        prop_assert_eq!(read.last_line(), argument);
    }

    /// However the bytes are cut, the replies are the same.
    #[test]
    fn arrival_does_not_matter(
        codes in proptest::collection::vec(100..600_u16, 1..5),
        texts in proptest::collection::vec("[ -~]{0,30}", 1..5),
        cut in 1..20_usize,
    ) {
        let mut bytes = Vec::new();
        for code in &codes {
            for text in &texts {
                bytes.extend_from_slice(format!("{code}-{text}\r\n").as_bytes());
            }
            bytes.extend_from_slice(format!("{code} end\r\n").as_bytes());
        }
        let whole = replies(&bytes);
        prop_assert_eq!(whole.len(), codes.len());
        let mut reader = ReplyReader::default();
        let mut pieces = Vec::new();
        for piece in bytes.chunks(cut) {
            reader.push(piece);
            while let Some(reply) = reader.next_reply().expect("replies") {
                pieces.push(reply);
            }
        }
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn any_bytes_are_replies_or_an_error(
        bytes in proptest::collection::vec(
            prop_oneof![
                any::<u8>(),
                proptest::sample::select(&b"2257-\r\n \"(|)\xff"[..]),
            ],
            0..300,
        )
    ) {
        let mut reader = ReplyReader::default();
        reader.push(&bytes);
        while let Ok(Some(reply)) = reader.next_reply() {
            let _ = reply.passive_address();
            let _ = reply.passive_port();
            let _ = reply.quoted_path();
            let _ = (reply.size(), reply.modified(), reply.hash());
            let _ = (reply.feature("MLST"), reply.algorithms());
        }
    }

    #[test]
    fn any_text_is_read_or_not(text in "[0-9,.(|)\" a-]{0,40}") {
        let reply = reply(format!("227 {text}\r\n").as_bytes());
        let _ = reply.passive_address();
        let _ = reply.passive_port();
        let _ = reply.quoted_path();
        let _ = (reply.size(), reply.modified(), reply.hash());
    }
}
