//! What the wire must hold: each request and reply survives the way there
//! and back, and each malformed line is told apart.

use proptest::prelude::*;

use super::{
    Reply, ReplyLine, Undecodable, decode_reply, decode_request,
    encode_request,
};
use crate::{
    native::{
        code::{Code, Malformed},
        verb::Verb,
    },
    session::{Digest, Held, Password, PathText, Request},
};

fn path(text: &str) -> PathText {
    PathText::parse(text).expect("the test's path is not empty")
}

#[track_caller]
fn check_malformed(line: &str, verb: Option<Verb>, what: Malformed) {
    assert_eq!(
        decode_request(line.as_bytes()),
        Err(Undecodable { verb, what }),
        "{line:?}"
    );
}

#[test]
fn a_token_up_to_the_arity_is_positional_whatever_it_holds() {
    assert_eq!(
        decode_request(b"GET a=b  have=007"),
        Ok(Request::Download {
            file: path("a=b"),
            held: Some(Held { length: 7, digest: None }),
        })
    );
    assert_eq!(
        decode_request(b" cd.. "),
        Ok(Request::ChangeDirectory { to: Some(path("..")) })
    );
}

#[test]
fn what_is_no_request_says_why() {
    use Malformed::{BadArgument, UnknownVerb};
    check_malformed("", None, UnknownVerb);
    check_malformed("   ", None, UnknownVerb);
    check_malformed("frobnicate", None, UnknownVerb);
    check_malformed("get\ta", None, BadArgument);
    check_malformed("pwd \u{7f}", Some(Verb::Pwd), BadArgument);
    for line in ["auth mike", "auth a b c", "auth a%0 b"] {
        check_malformed(line, Some(Verb::Auth), BadArgument);
    }
    for line in [
        "get",
        "get a have=-1",
        "get a have=+1",
        "get a have=",
        "get a have=9223372036854775808",
        "get a have=99999999999999999999999",
        "get a have=1 have=1",
        "get a size=1",
        "get a b",
        "get a%00",
        "get a digest=00",
        &format!("get a digest={}", "0".repeat(64)),
    ] {
        check_malformed(line, Some(Verb::Get), BadArgument);
    }
    for line in ["put a", "put a size=1 size=1", "put a have=1"] {
        check_malformed(line, Some(Verb::Put), BadArgument);
    }
    assert_eq!(
        decode_request(b"mkdir \xff"),
        Err(Undecodable { verb: Some(Verb::Mkdir), what: BadArgument })
    );
}

#[test]
fn a_reply_with_a_foreign_code_or_a_loose_word_is_none() {
    for bad in ["", "99", "299 a=b", "201 a", "201 =b", "2010", "201 a=\tb"] {
        assert_eq!(decode_reply(bad.as_bytes()), None, "{bad:?}");
    }
    let reply = decode_reply(b"201 path=/a%20b : here : it is")
        .expect("the line is a reply");
    assert_eq!(reply.name("path").as_deref(), Some(&b"/a b"[..]));
    assert_eq!(reply.text, "here : it is");
}

fn any_path() -> impl Strategy<Value = PathText> {
    proptest::collection::vec(1..=255u8, 1..60)
        .prop_map(|bytes| PathText::parse(bytes).expect("no NUL, not empty"))
}

fn any_digest() -> impl Strategy<Value = Option<Digest>> {
    proptest::option::of(any::<[u8; 8]>().prop_map(|seed| {
        let mut hasher = blake3::Hasher::new();
        Digest::of(hasher.update(&seed))
    }))
}

fn any_request() -> impl Strategy<Value = Request> {
    let number = 0..=i64::MAX as u64;
    let held = proptest::option::of(
        (number.clone(), any_digest())
            .prop_map(|(length, digest)| Held { length, digest }),
    );
    prop_oneof![
        ("[^\0]{1,20}", "[^\0]{1,20}").prop_map(|(user, password)| {
            Request::SignIn { user, password: Password::new(password) }
        }),
        proptest::option::of(any_path())
            .prop_map(|to| Request::ChangeDirectory { to }),
        proptest::option::of(any_path())
            .prop_map(|path| Request::List { path }),
        any_path().prop_map(|path| Request::MakeDirectory { path }),
        (any_path(), held)
            .prop_map(|(file, held)| Request::Download { file, held }),
        (any_path(), number, any_digest()).prop_map(|(file, size, digest)| {
            Request::Upload { file, size, digest }
        }),
        any_path().prop_map(|file| Request::Remove { file }),
        any_path().prop_map(|path| Request::RemoveDirectory { path }),
        (any_path(), any_path())
            .prop_map(|(from, to)| Request::Rename { from, to }),
        Just(Request::CurrentDirectory),
        Just(Request::Quota),
        Just(Request::Nothing),
        Just(Request::Help),
        Just(Request::Quit),
    ]
}

proptest! {
    #[test]
    fn decode_undoes_encode_for_requests(request in any_request()) {
        let mut line = Vec::new();
        encode_request(&request, &mut line);
        prop_assert_eq!(line.pop(), Some(b'\n'));
        prop_assert_eq!(decode_request(&line), Ok(request));
    }

    #[test]
    fn decode_undoes_encode_for_replies(
        code in proptest::sample::select(Code::ALL.to_vec()),
        size in 0..=i64::MAX as u64,
        name in proptest::collection::vec(1..=255u8, 0..60),
        text in "[ -~]{0,30}",
    ) {
        let mut line = Vec::new();
        ReplyLine::new(&mut line, code)
            .number("size", size)
            .name("path", &name)
            .text(&text);
        prop_assert_eq!(line.pop(), Some(b'\n'));
        let reply: Reply<'_> = decode_reply(&line).expect("it is a reply");
        prop_assert_eq!(reply.code, code);
        prop_assert_eq!(reply.number("size"), Some(size));
        prop_assert_eq!(reply.name("path"), Some(name));
        prop_assert_eq!(reply.text, text);
    }

    #[test]
    fn any_bytes_are_a_request_or_a_refusal(
        line in proptest::collection::vec(any::<u8>(), 0..200)
    ) {
        let _ = decode_request(&line);
        let _ = decode_reply(&line);
    }
}
