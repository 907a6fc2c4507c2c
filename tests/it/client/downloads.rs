//! `get`: what is offered, what is resumed, what is never damaged.

use super::{fake::Fake, tool::Tool};

/// The listing's line of a file `a` of so many bytes, with its answer.
fn listed(size: u64) -> String {
    let line = format!("f {size} 2026-11-23T10:00:00Z a\n");
    format!(
        "C: dir a\nS: 201 length={} entries=1\nS: {}",
        line.len(),
        line.trim_end()
    )
}

#[test]
fn a_file_that_is_not_here_is_fetched() {
    let fake = Fake::play(
        "in
         C: get d/a%20b
         S: 405 offset=0 length=5 size=5
         S| hello
         S: 201 size=5",
    );
    let tool = Tool::new(fake.address);
    tool.run("get 'd/a b'").code(0).said("201  d/a b, 5 bytes in ");
    assert_eq!(tool.read("a b"), b"hello");
    assert_eq!(tool.names(), ["a b"]);
    fake.end();
}

#[test]
fn a_short_read_is_exit_8_and_the_part_is_resumed() {
    let fake = Fake::play(
        "in
         C: get a
         S: 405 offset=0 length=10 size=10
         S| 0123
         close",
    );
    let tool = Tool::new(fake.address);
    tool.run("get a; pwd").code(8).complained("---  a: the transfer broke");
    assert_eq!(tool.names(), ["a.part"]);
    assert_eq!(tool.read("a.part"), b"0123");
    fake.end();

    let fake = Fake::play(
        "in
         C: get a have=4 digest={of 0123}
         S: 205 offset=4 length=6 size=10
         S| 456789
         S: 201 size=10",
    );
    let again = tool.again(fake.address);
    let ran = again.run("get a").code(0);
    ran.said("205  a resumes at 4 of 10").said("201  a, 6 of 10 bytes in");
    assert_eq!(again.names(), ["a"]);
    assert_eq!(again.read("a"), b"0123456789");
    fake.end();
}

#[test]
fn a_part_that_is_complete_takes_its_place() {
    let fake =
        Fake::play("in\nC: get a have=5 digest={of hello}\nS: 203 size=5");
    let tool = Tool::new(fake.address);
    tool.write("a.part", "hello");
    tool.run("get a").code(0).said("203  a is complete already");
    assert_eq!(tool.names(), ["a"]);
    fake.end();
}

#[test]
fn a_part_of_other_content_is_begun_again() {
    let fake = Fake::play(
        "in
         C: get a have=5 digest={of stale}
         S: 405 offset=0 length=3 size=3
         S| new
         S: 201 size=3",
    );
    let tool = Tool::new(fake.address);
    tool.write("a.part", "stale");
    tool.run("get a").code(0).said("405  a starts again from 0");
    assert_eq!(tool.names(), ["a"]);
    assert_eq!(tool.read("a"), b"new");
    fake.end();
}

#[test]
fn the_same_file_is_left() {
    let fake = Fake::play(&format!(
        "in\n{}\nC: get a have=5 digest={{of hello}}\nS: 203 size=5",
        listed(5)
    ));
    let tool = Tool::new(fake.address);
    tool.write("a", "hello");
    tool.run("get a").code(0).said("203  a is complete already");
    assert_eq!(tool.read("a"), b"hello");
    fake.end();
}

#[test]
fn a_file_that_is_the_beginning_is_resumed_and_survives_a_broken_try() {
    let beginning = format!(
        "in
         {}
         C: get a have=4 digest={{of 0123}}
         S: 205 offset=4 length=6 size=10\n",
        listed(10)
    );
    let fake = Fake::play(&format!("{beginning}S| 45\nclose"));
    let tool = Tool::new(fake.address);
    tool.write("a", "0123");
    tool.run("get a").code(8);
    assert_eq!(tool.read("a"), b"0123", "the file is as it was");
    assert_eq!(tool.read("a.part"), b"012345");
    fake.end();

    let fake = Fake::play(
        "in
         C: get a have=6 digest={of 012345}
         S: 205 offset=6 length=4 size=10
         S| 6789
         S: 201 size=10",
    );
    let again = tool.again(fake.address);
    again.run("get a").code(0).said("205  a resumes at 6 of 10");
    assert_eq!(again.read("a"), b"0123456789");
    assert_eq!(again.names(), ["a"]);
    fake.end();
}

#[test]
fn a_longer_file_is_of_other_content_without_a_byte_of_the_server_s() {
    let fake = Fake::play(&format!("in\n{}", listed(3)));
    let tool = Tool::new(fake.address);
    tool.write("a", "longer");
    tool.run("get a").code(6).complained("---  a: the local file is of other");
    assert_eq!(tool.read("a"), b"longer");
    assert_eq!(tool.names(), ["a"]);
    assert_eq!(fake.end(), 0);
}

#[test]
fn a_file_of_other_content_is_not_overwritten_unasked() {
    for (here, size, bytes) in [("mine", 4, "yours"), ("mine", 9, "not mine!")]
    {
        let bytes = &bytes[..size.min(bytes.len())];
        let fake = Fake::play(&format!(
            "in
             {}
             C: get a have=4 digest={{of {here}}}
             S: 405 offset=0 length={size} size={size}
             S| {bytes}
             S: 201 size={size}
             C: quit
             S: 201
             close",
            listed(size as u64)
        ));
        let tool = Tool::new(fake.address);
        tool.write("a", here);
        tool.run("get a").code(6).complained("---  a: the local file is of");
        assert_eq!(tool.read("a"), here.as_bytes());
        assert_eq!(tool.names(), ["a"]);
        fake.end();
    }
}

#[test]
fn with_f_a_file_of_other_content_is_replaced() {
    for (here, size) in [("longer", 5), ("mine!", 5)] {
        let same = here.len() == size;
        let offer = match same {
            true => format!("C: get a have=5 digest={{of {here}}}"),
            false => "C: get a".into(),
        };
        let fake = Fake::play(&format!(
            "in
             {}
             {offer}
             S: 405 offset=0 length=5 size=5
             S| yours
             S: 201 size=5",
            listed(5)
        ));
        let tool = Tool::new(fake.address);
        tool.write("a", here);
        tool.run("get -f a").code(0).said("201  a, 5 bytes");
        assert_eq!(tool.read("a"), b"yours");
        assert_eq!(tool.names(), ["a"]);
        fake.end();
    }
}

#[test]
fn with_f_a_broken_try_leaves_the_older_file() {
    let fake = Fake::play(&format!(
        "in
         {}
         C: get a
         S: 405 offset=0 length=5 size=5
         S| yo
         close",
        listed(5)
    ));
    let tool = Tool::new(fake.address);
    tool.write("a", "longer");
    tool.run("get -f a").code(8);
    assert_eq!(tool.read("a"), b"longer");
    assert_eq!(tool.read("a.part"), b"yo");
    fake.end();

    let fake = Fake::play(
        "in
         C: get a have=2 digest={of yo}
         S: 205 offset=2 length=3 size=5
         S| urs
         S: 201 size=5",
    );
    let again = tool.again(fake.address);
    again.run("get -f a").code(0);
    assert_eq!(again.read("a"), b"yours");
    assert_eq!(again.names(), ["a"]);
    fake.end();
}

#[test]
fn a_stale_part_beside_the_server_s_own_file_is_left_alone() {
    let fake = Fake::play(&format!(
        "in\n{}\nC: get a have=5 digest={{of hello}}\nS: 203 size=5",
        listed(5)
    ));
    let tool = Tool::new(fake.address);
    tool.write("a", "hello");
    tool.write("a.part", "a file of the user's own");
    tool.run("get a").code(0).said("203  a");
    assert_eq!(tool.read("a.part"), b"a file of the user's own");
    fake.end();
}

#[test]
fn a_file_that_appears_meanwhile_is_not_overwritten() {
    let fake = Fake::play(
        "in
         C: get a
         S: 405 offset=0 length=5 size=5
         S| yo
         signal
         S| urs
         S: 201 size=5",
    );
    let tool = Tool::new(fake.address);
    let child = tool.command(&["-c", "get a"]).spawn().expect("the program");
    fake.await_signal();
    tool.write("a", "mine");
    fake.go_on();
    let output = child.wait_with_output().expect("the program");
    super::tool::Ran::of(output).code(6);
    assert_eq!(tool.read("a"), b"mine");
    assert_eq!(tool.read("a.part"), b"yours", "nothing is fetched twice");
    fake.end();
}

#[test]
fn an_empty_file_is_a_file() {
    let fake = Fake::play(
        "in\nC: get a\nS: 405 offset=0 length=0 size=0\nS: 201 size=0",
    );
    let tool = Tool::new(fake.address);
    tool.run("get a").code(0).said("201  a, 0 bytes");
    assert_eq!(tool.read("a"), b"");
    fake.end();
    let fake = Fake::play(&format!(
        "in\n{}\nC: get a have=0 digest={{of }}\nS: 203 size=0",
        listed(0)
    ));
    let again = tool.again(fake.address);
    again.run("get a").code(0).said("203  a is complete");
    fake.end();
}

#[test]
fn a_server_that_lies_about_a_transfer_leaves_no_file() {
    for reply in [
        "S: 405 offset=1 length=4 size=5",
        "S: 405 offset=0 length=4 size=5",
        "S: 405 offset=0 size=5",
        "S: 205 offset=0 length=5 size=5",
        "S: 203 size=5",
        "S: 201 size=5",
        "S: 405 offset=0 length=5 size=5\nS| hello\nS: 201 size=6",
        "S: 405 offset=0 length=5 size=5\nS| hello\nS: 201",
        "S: 405 offset=0 length=5 size=5\nS| hello\nS: 401 reason=io",
        "S: 405 offset=0 length=5 size=5\nS| hello\nS: garbage",
    ] {
        let fake = Fake::play(&format!("in\nC: get a\n{reply}"));
        let tool = Tool::new(fake.address);
        let ran = tool.run("get a; mkdir never");
        assert!([1, 8].contains(&ran.code), "{reply} {ran:?}");
        assert!(!tool.here("a").exists(), "{reply}");
        fake.end();
    }
}

#[test]
fn a_file_goes_where_it_is_told() {
    let fake = Fake::play(
        "in
         C: get d/a
         S: 405 offset=0 length=1 size=1
         S| 1
         S: 201 size=1
         C: get d/a
         S: 405 offset=0 length=1 size=1
         S| 2
         S: 201 size=1",
    );
    let tool = Tool::new(fake.address);
    std::fs::create_dir(tool.here("sub")).expect("a folder");
    tool.run("get d/a sub; get d/a b").code(0);
    assert_eq!(tool.read("sub/a"), b"1");
    assert_eq!(tool.read("b"), b"2");
    fake.end();
}

#[test]
fn mget_asks_once_a_file_and_tells_of_each() {
    let listing = "d 0 2026-11-23T10:00:00Z c.txt\n\
                   f 1 2026-11-23T10:00:00Z a.txt\n\
                   f 1 2026-11-23T10:00:00Z b.txt\n\
                   f 1 2026-11-23T10:00:00Z x.bin\n\
                   f 4 2026-11-23T10:00:00Z y.txt\n";
    let fake = Fake::play(&format!(
        "in
         C: dir d/
         S: 201 length={} entries=5
         S: {}
         C: get d/a.txt
         S: 405 offset=0 length=1 size=1
         S| 1
         S: 201 size=1
         C: get d/b.txt
         S: 402 reason=not-found : gone
         C: get d/y.txt have=4 digest={{of here}}
         S: 203 size=4
         C: quit
         S: 201
         close",
        listing.len(),
        listing.trim_end().replace('\n', "\nS: ")
    ));
    let tool = Tool::new(fake.address);
    tool.write("y.txt", "here");
    tool.run("mget d/*.txt")
        .code(5)
        .said("201  d/a.txt, 1 bytes")
        .said("203  d/y.txt is complete already")
        .complained("402  d/b.txt: gone")
        .complained("---  mget: 1 of 3 files were not transferred");
    assert_eq!(tool.names(), ["a.txt", "y.txt"]);
    fake.end();
}

#[test]
fn mget_without_a_match_is_exit_5() {
    let fake = Fake::play("in\nC: dir\nS: 201 length=0 entries=0");
    let tool = Tool::new(fake.address);
    tool.run("mget *.zip").code(5).complained("---  mget: nothing matches");
    fake.end();
}
