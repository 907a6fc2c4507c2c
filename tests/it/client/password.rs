//! Who signs in, and where the password comes from.

use std::{fs, os::unix::fs::PermissionsExt};

use super::{
    fake::Fake,
    tool::{Ran, Tool},
};

#[test]
fn a_wrong_password_is_exit_4() {
    let fake = Fake::play(
        "S: 000 state=ready protocol=1 limit=1 serving=1 : hello
         C: auth anna secret
         S: 400 reason=bad-password : wrong name or password",
    );
    let tool = Tool::new(fake.address);
    tool.run("pwd").code(4).complained("400  wrong name or password");
    assert!(tool.log().contains("400 anna@127.0.0.1:"), "{}", tool.log());
    fake.end();
}

#[test]
fn netrc_says_user_and_password_where_nothing_else_does() {
    let fake = Fake::play(
        "S: 000 state=ready protocol=1 limit=1 serving=1 : hello
         C: auth tom from%20netrc
         S: 200 user=tom quota=1 used=0",
    );
    let tool = Tool::at(fake.address.to_string());
    let text = "machine 127.0.0.1 login tom password \"from netrc\"\n";
    let netrc = tool.home(".netrc");
    fs::write(&netrc, text).expect("a file");
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o600))
        .expect("its owner");
    let output = tool
        .command(&["-c", "lpwd"])
        .env_remove("FTPOOL_PASSWORD")
        .output()
        .expect("the program");
    let ran = Ran::of(output).code(0).said("200  signed in as tom");
    assert_eq!(ran.err, "");
    fake.end();
}

#[test]
fn the_environment_wins_over_netrc_and_a_readable_one_is_told() {
    let fake = Fake::play("in");
    let tool = Tool::new(fake.address);
    let netrc = tool.home(".netrc");
    fs::write(&netrc, "default login anna password other").expect("a file");
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o644))
        .expect("its owner");
    tool.run("lpwd").code(0).complained("---  ~/.netrc: others can read");
    fake.end();
}

#[test]
fn without_a_password_and_without_a_terminal_it_is_exit_4() {
    let tool = Tool::at("anna@127.0.0.1:1");
    let output = tool
        .command(&["-c", "pwd"])
        .env_remove("FTPOOL_PASSWORD")
        .output()
        .expect("the program");
    Ran::of(output).code(4).complained("---  no password");
}

#[test]
fn what_is_no_target_is_exit_2() {
    for (target, said) in [
        ("127.0.0.1:1", "which user"),
        ("anna:secret@127.0.0.1:1", "never an argument"),
        ("ftp://127.0.0.1/a", "no part of the target"),
        ("ftps://127.0.0.1", "not in this version"),
        ("anna@host:port", "no port"),
    ] {
        let ran = Tool::at(target).run("pwd").code(2);
        assert!(ran.err.contains(said), "{target}: {ran:?}");
    }
}
