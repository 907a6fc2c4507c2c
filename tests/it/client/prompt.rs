//! The client at a terminal: prompt, history, completion, questions, the
//! progress bar, Ctrl-C.

use std::{fs, os::unix::fs::PermissionsExt};

use super::{fake::Fake, terminal::Terminal, tool::Tool};
use crate::world::World;

#[test]
fn the_prompt_shows_where_one_is_and_a_failure_does_not_end_it() {
    let server = World::new().start();
    let tool = Tool::new(server.address);
    let mut terminal = Terminal::start(&tool);
    terminal.wait_for("200  signed in as anna");
    terminal.wait_for(&format!("anna@{}:/", server.address));
    terminal.type_in("cd nowhere\r");
    terminal.wait_for("402  nowhere: ");
    terminal.type_in("mkdir 'a b'; cd 'a b'\r");
    terminal.wait_for("201  /a b");
    terminal.wait_for(":/a b");
    terminal.type_in("quit\r");
    terminal.wait_for("201  goodbye");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn commands_and_names_of_both_sides_are_completed() {
    let server = World::new().start();
    fs::write(server.path("their file"), "1").expect("a file");
    fs::create_dir(server.path("their folder")).expect("a folder");
    let tool = Tool::new(server.address);
    tool.write("my file", "2");
    let mut terminal = Terminal::start(&tool);
    terminal.type_in("mg\t");
    terminal.wait_for("mget ");
    terminal.press("\x15get th\ti\t\r");
    terminal.wait_for("201  their file, 1 bytes");
    terminal.type_in("cd th\t\r");
    terminal.wait_for("201  /their folder");
    terminal.type_in("put m\t\r");
    terminal.wait_for("201  my file, 1 bytes");
    terminal.type_in("\x04");
    assert_eq!(terminal.end(), 0);
    assert!(server.path("their folder/my file").exists());
}

#[test]
fn what_was_typed_is_remembered_over_sessions() {
    let server = World::new().start();
    let tool = Tool::new(server.address);
    let mut terminal = Terminal::start(&tool);
    terminal.type_in("mkdir first\r");
    terminal.wait_for("201  first made");
    terminal.type_in("\x1b[A\r");
    terminal.wait_for("403  first: ");
    terminal.type_in("quit\r");
    assert_eq!(terminal.end(), 0);
    let history = fs::metadata(tool.data("history")).expect("a history");
    assert_eq!(history.permissions().mode() & 0o777, 0o600);
    let mut terminal = Terminal::start(&tool);
    terminal.type_in("\x1b[A\x1b[A\r");
    terminal.wait_for("403  first: ");
    terminal.type_in("\x04");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_file_of_other_content_is_a_question() {
    let server = World::new().start();
    fs::write(server.path("a"), "theirs").expect("a file");
    let tool = Tool::new(server.address);
    for mine in ["mine", "mine!!", "mine and longer"] {
        for (answer, left) in [("n", mine), ("", mine), ("y", "theirs")] {
            tool.write("a", mine);
            let mut terminal = Terminal::start(&tool);
            terminal.type_in("get a\r");
            terminal.wait_for("Replace it? [y/N] ");
            terminal.press(&format!("{answer}\n"));
            terminal.type_in("quit\r");
            assert_eq!(terminal.end(), 0);
            assert_eq!(tool.read("a"), left.as_bytes(), "{answer:?}");
            assert_eq!(tool.names(), ["a"]);
        }
    }
}

#[test]
fn a_password_is_asked_for_without_echo_and_may_be_corrected() {
    let server = World::new().start();
    let tool = Tool::new(server.address);
    let mut terminal = Terminal::start_as(tool.in_a_session_of_its_own());
    terminal.wait_for("Password of anna at 127.0.0.1: ");
    terminal.wait_for_no_echo();
    terminal.press("a-bad-one\n");
    terminal.wait_for("400  anna@");
    terminal.wait_for("Password of anna at 127.0.0.1: ");
    terminal.wait_for_no_echo();
    terminal.press("secret\n");
    terminal.wait_for("200  signed in as anna");
    for password in ["a-bad-one", "secret"] {
        assert!(!terminal.all().contains(password), "{}", terminal.all());
    }
    terminal.type_in("quit\r");
    assert_eq!(terminal.end(), 0);
    assert!(!tool.log().contains("secret"), "{}", tool.log());
}

#[test]
fn a_bar_shows_rate_and_time_left() {
    let fake = Fake::play(
        "in
         C: get a
         S: 405 offset=0 length=1000000 size=1000000
         drip
         close",
    );
    let tool = Tool::new(fake.address);
    let mut terminal = Terminal::start(&tool);
    terminal.type_in("get a\r");
    terminal.wait_for("B/s");
    terminal.wait_for(" left");
    fake.go_on();
    terminal.wait_for("---  a: the transfer broke off");
    terminal.type_in("\x04");
    assert_eq!(terminal.end(), 0);
    fake.end();
}

#[test]
fn ctrl_c_ends_the_transfer_and_the_next_command_comes_back() {
    let fake = Fake::play(
        "in
         C: cd d
         S: 201 path=/d
         C: get a
         S: 405 offset=0 length=10 size=10
         S| 0123
         signal
         again
         in
         C: cd /d
         S: 201 path=/d
         C: get a have=4 digest={of 0123}
         S: 205 offset=4 length=6 size=10
         S| 456789
         S: 201 size=10",
    );
    let tool = Tool::new(fake.address);
    let mut terminal = Terminal::start(&tool);
    terminal.type_in("cd d; get a\r");
    fake.await_signal();
    // The bytes have been sent; they count once they are in the part.
    while fs::metadata(tool.here("a.part")).map_or(0, |m| m.len()) < 4 {
        std::thread::yield_now();
    }
    terminal.interrupt();
    terminal.wait_for("---  a: interrupted");
    fake.go_on();
    terminal.wait_for(":/d");
    terminal.type_in("get a\r");
    terminal.wait_for("---  the connection is gone; connecting again");
    terminal.wait_for("201  a, 6 of 10 bytes");
    terminal.type_in("\x04");
    assert_eq!(terminal.end(), 0);
    assert_eq!(tool.read("a"), b"0123456789");
    fake.end();
}
