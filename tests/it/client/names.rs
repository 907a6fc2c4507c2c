//! A server's names never leave the local folder.

use super::{fake::Fake, tool::Tool};

#[test]
fn mget_writes_no_name_that_leaves_the_folder() {
    let names = [
        "..%2Fevil",
        "%2Ftmp%2Fevil",
        "x%2F..%2F..%2Fevil",
        "evil%0Aname",
        "evil%1B%5B2J",
    ];
    let mut lines: Vec<_> = names
        .iter()
        .map(|name| format!("f 4 2026-11-23T10:00:00Z {name}\n"))
        .collect();
    // What a pattern does not hide: names that begin with a dot.
    lines.push("f 4 2026-11-23T10:00:00Z good\n".into());
    let length: usize = lines.iter().map(String::len).sum();
    let listing: String = lines.concat().replace('\n', "\nS: ");
    let fake = Fake::play(&format!(
        "in
         C: dir
         S: 201 length={length} entries=6
         S: {}
         C: get good
         S: 405 offset=0 length=4 size=4
         S| fine
         S: 201 size=4",
        listing.trim_end_matches("\nS: ")
    ));
    let tool = Tool::new(fake.address);
    let ran = tool.run("mget * .*").code(1);
    assert_eq!(tool.names(), ["good"], "{ran:?}");
    assert_eq!(tool.read("good"), b"fine");
    assert!(!tool.here("../evil").exists());
    assert!(ran.err.contains("no name for a local file"), "{ran:?}");
    assert!(!ran.err.contains('\x1b'), "{ran:?}");
    fake.end();
}

#[test]
fn get_writes_no_name_that_leaves_the_folder() {
    for name in ["..", "a/..", "/", "a\\x0ab", "\"a\\x0ab\""] {
        let fake = Fake::play("in");
        let tool = Tool::new(fake.address);
        let ran = tool.run(&format!("get {name}")).code(1);
        assert!(ran.err.contains("no name for a local file"), "{ran:?}");
        assert!(tool.names().is_empty());
        fake.end();
    }
}

#[test]
fn a_link_here_is_neither_followed_nor_replaced() {
    let fake = Fake::play("in");
    let tool = Tool::new(fake.address);
    tool.write("victim", "mine");
    std::os::unix::fs::symlink("victim", tool.here("a")).expect("a link");
    tool.run("get a").code(6).complained("---  a: what has the name here");
    assert_eq!(tool.read("victim"), b"mine");
    assert_eq!(tool.names(), ["a", "victim"]);
    fake.end();
}
