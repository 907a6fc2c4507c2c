//! `put`: what is announced, what is sent, and what is noticed meanwhile.

use std::fs::File;

use super::{fake::Fake, tool::Tool};

/// More than any socket's buffers hold.
const LARGE: u64 = 64 * 1024 * 1024;

/// A file of zeros that takes no space, and its digest.
fn large(tool: &Tool) -> String {
    let path = tool.here("a");
    File::create(path).and_then(|f| f.set_len(LARGE)).expect("a file");
    let mut hasher = blake3::Hasher::new();
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..LARGE / zeros.len() as u64 {
        hasher.update(&zeros);
    }
    hasher.finalize().to_hex().to_string()
}

#[test]
fn a_file_is_announced_with_its_digest_and_sent() {
    let fake = Fake::play(
        "in
         C: put d/b size=5 digest={of hello}
         S: 202 available=1000
         S: 405 offset=0
         C| hello
         S: 201 size=5",
    );
    let tool = Tool::new(fake.address);
    tool.write("a", "hello");
    let ran = tool.run("put a d/b").code(0);
    assert_eq!(ran.out.lines().count(), 2, "one line a file: {ran:?}");
    ran.said("201  d/b, 5 bytes in 0.");
    fake.end();
}

#[test]
fn what_the_server_has_is_not_sent() {
    let fake = Fake::play(
        "in
         C: put a size=5 digest={of hello}
         S: 203 size=5
         C: put b size=6 digest={of 012345}
         S: 202 available=1000
         S: 205 offset=4
         C| 45
         S: 201 size=6
         C: put c size=3 digest={of abc}
         S: 202 available=1000
         S: 205 offset=3
         S: 201 size=3",
    );
    let tool = Tool::new(fake.address);
    tool.write("a", "hello");
    tool.write("b", "012345");
    tool.write("c", "abc");
    tool.run("put a; put b; put c")
        .code(0)
        .said("203  a is complete already")
        .said("205  b resumes at 4 of 6")
        .said("201  b, 2 of 6 bytes");
    fake.end();
}

#[test]
fn a_refusal_before_the_bytes_has_its_exit_code() {
    for (refusal, exit, shown) in [
        (
            "404 reason=over-quota needed=5 available=4 : too much",
            7,
            "404  a: too much (5 bytes needed, 4 available)",
        ),
        ("404 reason=disk-full : full", 7, "404  a: full"),
        ("403 reason=exists : a directory", 6, "403  a: a directory"),
        ("402 reason=not-found : no directory", 5, "402  a: no directory"),
        ("401 reason=denied : no", 1, "401  a: no"),
    ] {
        let fake = Fake::play(&format!(
            "in
             C: put a size=5 digest={{of hello}}
             S: {refusal}
             C: quit
             S: 201
             close"
        ));
        let tool = Tool::new(fake.address);
        tool.write("a", "hello");
        tool.run("put a").code(exit).complained(shown);
        fake.end();
    }
}

#[test]
fn a_refusal_in_the_middle_stops_a_large_upload() {
    for (refusal, exit) in
        [("404 reason=disk-full : full", 7), ("401 reason=io : trouble", 1)]
    {
        let tool = Tool::at("");
        let digest = large(&tool);
        let fake = Fake::play(&format!(
            "in
             C: put a size={LARGE} digest={digest}
             S: 202 available={LARGE}
             S: 405 offset=0
             swallow 1000000
             S: {refusal}"
        ));
        let tool = tool.again(fake.address);
        let code = &refusal[..3];
        tool.run("put a").code(exit).complained(&format!("{code}  a: "));
        let rest = fake.end();
        assert!(rest < LARGE / 2, "{rest} bytes more were sent");
    }
}

#[test]
fn after_a_refusal_in_the_middle_of_a_small_upload_the_session_goes_on() {
    let fake = Fake::play(
        "in
         C: put a size=5 digest={of hello}
         S: 202 available=1000
         S: 405 offset=0
         S: 404 reason=disk-full : full
         swallow 5
         C: put b size=1 digest={of b}
         S: 202 available=1000
         S: 405 offset=0
         C| b
         S: 201 size=1",
    );
    let tool = Tool::new(fake.address);
    tool.write("a", "hello");
    tool.write("b", "b");
    tool.run("mput a b")
        .code(7)
        .complained("404  ")
        .complained("---  mput: 1 of 2 files")
        .said("201  b, 1 bytes");
    fake.end();
}

#[test]
fn what_does_not_match_its_digest_is_exit_8() {
    let fake = Fake::play(
        "in
         C: put a size=5 digest={of hello}
         S: 202 available=1000
         S: 405 offset=0
         C| hello
         S: 401 reason=digest-mismatch : thrown away",
    );
    let tool = Tool::new(fake.address);
    tool.write("a", "hello");
    tool.run("put a").code(8).complained("401  a: thrown away");
    fake.end();
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_told() {
    let fake = Fake::play(
        "in
         C: put a size=5 digest={of hello}
         S: 202 available=1000
         signal
         S: 405 offset=0
         swallow 5
         S: 401 reason=digest-mismatch : thrown away",
    );
    let tool = Tool::new(fake.address);
    tool.write("a", "hello");
    let child = tool.command(&["-c", "put a"]).spawn().expect("the program");
    fake.await_signal();
    tool.write("a", "jello");
    fake.go_on();
    let output = child.wait_with_output().expect("the program");
    let ran = super::tool::Ran::of(output).code(8);
    assert!(ran.err.contains("changed while it was sent"), "{ran:?}");
    fake.end();
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_breaks_the_transfer() {
    let tool = Tool::at("");
    let digest = large(&tool);
    let fake = Fake::play(&format!(
        "in
         C: put a size={LARGE} digest={digest}
         S: 202 available={LARGE}
         S: 405 offset=0
         swallow 1000000
         signal"
    ));
    let tool = tool.again(fake.address);
    let child = tool.command(&["-c", "put a"]).spawn().expect("the program");
    fake.await_signal();
    let file = File::options().write(true).open(tool.here("a"));
    file.and_then(|file| file.set_len(1000)).expect("a shorter file");
    fake.go_on();
    let output = child.wait_with_output().expect("the program");
    let ran = super::tool::Ran::of(output).code(8);
    assert!(ran.err.contains("became shorter"), "{ran:?}");
    fake.end();
}

#[test]
fn a_server_that_goes_in_the_middle_is_exit_8() {
    let tool = Tool::at("");
    let digest = large(&tool);
    let fake = Fake::play(&format!(
        "in
         C: put a size={LARGE} digest={digest}
         S: 202 available={LARGE}
         S: 405 offset=0
         swallow 1000000
         close"
    ));
    let tool = tool.again(fake.address);
    tool.run("put a").code(8).complained("---  a: the transfer broke off");
    fake.end();
}

#[test]
fn a_closing_server_may_finish_the_upload() {
    let fake = Fake::play(
        "in
         C: put a size=5 digest={of hello}
         S: 202 available=1000
         S: 000 state=closing : good night
         S: 405 offset=0
         S: 000 state=closing : good night
         C| hello
         S: 000 state=closing : good night
         S: 201 size=5
         close",
    );
    let tool = Tool::new(fake.address);
    tool.write("a", "hello");
    tool.run("put a").code(0).said("201  a, 5 bytes");
    fake.end();
}

#[test]
fn what_cannot_be_sent_is_told_without_asking_the_server() {
    let fake = Fake::play("in");
    let tool = Tool::new(fake.address);
    tool.run("put a").code(5).complained("---  a: ");
    fake.end();
    let fake = Fake::play("in");
    let tool = tool.again(fake.address);
    std::fs::create_dir(tool.here("a")).expect("a folder");
    let ran = tool.run("put a").code(1);
    assert!(ran.err.contains("it is a folder"), "{ran:?}");
    fake.end();
    let fake = Fake::play("in");
    let tool = tool.again(fake.address);
    tool.run("mput *.zip").code(5).complained("---  mput: nothing matches");
    fake.end();
}
