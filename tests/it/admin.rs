//! The server's command line, run as a person runs it: what it prints, and
//! its exit codes.

#![expect(clippy::unwrap_used, reason = "a failure fails the test")]

use std::{
    fs,
    io::{ErrorKind, Write},
    path::Path,
    process::{Command, Stdio},
};

use ftpool::{
    password,
    root::Root,
    users::{Database, Record, UserName},
};
use tempfile::TempDir;

/// How a run ended.
#[derive(Debug, PartialEq)]
struct End {
    code: i32,
    out: String,
    err: String,
}

fn end(code: i32, out: &str, err: &str) -> End {
    End { code, out: String::from(out), err: String::from(err) }
}

/// Runs the program in the folder, to its end, with that standard input.
fn run(folder: &Path, args: &[&str], input: &[u8]) -> End {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ftpool-server"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let written = child.stdin.take().unwrap().write_all(input);
    // A program that is refused its arguments reads no password.
    if let Err(error) = written {
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
    let output = child.wait_with_output().unwrap();
    End {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn record(root: &Path, user: &str) -> Option<Record> {
    let database = Database::new(root.join("database"));
    database.record(&UserName::parse(user).unwrap()).unwrap()
}

/// A root `data` below the folder, with these settings.
fn with_settings(folder: &TempDir, text: &str) -> std::path::PathBuf {
    let root = folder.path().join("data");
    fs::create_dir_all(root.join("conf")).unwrap();
    fs::write(root.join("conf/settings.yaml"), text).unwrap();
    root
}

const FILE: &str = "data/conf/settings.yaml";

#[test]
fn check_says_that_settings_are_good_and_makes_nothing() {
    let folder = TempDir::new().unwrap();
    let root = with_settings(&folder, "max_users: 3\n");
    assert_eq!(
        run(folder.path(), &["check", "--settings", FILE], b""),
        end(0, "data/conf/settings.yaml: the settings are good\n", "")
    );
    let left: Vec<_> = fs::read_dir(root).unwrap().collect();
    assert_eq!(left.len(), 1, "conf alone, as before");
}

#[test]
fn check_says_which_line_is_not_good() {
    let folder = TempDir::new().unwrap();
    with_settings(&folder, "root: x\n\nmax_users: ten\n");
    assert_eq!(
        run(folder.path(), &["check", "--settings", FILE], b""),
        end(
            2,
            "",
            "data/conf/settings.yaml:3: max_users: \"ten\": \
             expected a whole number from 1 to 100000\n"
        )
    );
    assert_eq!(
        run(folder.path(), &["check", "--settings", "none"], b""),
        end(2, "", "none: No such file or directory (os error 2)\n")
    );
    // The same line, and the same code, from a start.
    let started = run(folder.path(), &["--settings", FILE], b"");
    assert_eq!((started.code, started.out.as_str()), (2, ""));
    assert!(started.err.starts_with("data/conf/settings.yaml:3: max_users"));
}

#[test]
fn check_finds_a_demo_password_behind_a_hash() {
    let folder = TempDir::new().unwrap();
    let hash = password::hash(b"jack-demo");
    with_settings(
        &folder,
        &format!(
            "listen: {{native: \"0.0.0.0:0\"}}\n\
             users: [{{name: anna, password_hash: \"{hash}\"}}]\n"
        ),
    );
    assert_eq!(
        run(folder.path(), &["check", "--settings", FILE], b""),
        end(
            2,
            "",
            "user anna has a password of the demo settings, \
             and 0.0.0.0:0 is not a loopback address\n"
        )
    );
}

#[test]
fn bad_arguments_are_one_line_and_exit_2() {
    let folder = TempDir::new().unwrap();
    for (args, says) in [
        (&["--max-users", "ten"][..], "'ten'"),
        (&["--max-users", "0"], "--max-users: 0: expected a whole number"),
        (&["--listen-native", "here"], "'here'"),
        (&["--listen-ftp", "there"], "'there'"),
        (&["--no-such-flag"], "--no-such-flag"),
        (&["check"], "--settings <FILE>"),
        (&["user"], "subcommand"),
        (&["user", "add"], "<NAME>"),
        (&["user", "add", "a/b"], "a user name is 1 to 64 bytes"),
        (&["user", "add", "anna", "--quota", "much"], "expected a size"),
        (&["user", "add", "anna", "s3cret"], "unexpected argument"),
        (&["--max-users", "3", "check"], "cannot be used"),
    ] {
        let end = run(folder.path(), args, b"password\n");
        assert_eq!((end.code, end.out.as_str()), (2, ""), "{args:?}: {end:?}");
        assert!(end.err.contains(says), "{args:?}: {}", end.err);
        assert_eq!(end.err.matches('\n').count(), 1, "{args:?}: {}", end.err);
    }
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "bad arguments make nothing");
}

#[test]
fn help_and_version_are_no_errors() {
    let folder = TempDir::new().unwrap();
    for args in [&["--help"][..], &["--version"], &["user", "add", "--help"]] {
        let end = run(folder.path(), args, b"");
        assert_eq!((end.code, end.err.as_str()), (0, ""), "{args:?}");
        assert!(!end.out.is_empty());
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_user_is_added_changed_listed_and_removed() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("ftpool-data");
    let user = |args: &[&str], input: &[u8]| {
        run(folder.path(), &[&["user"], args].concat(), input)
    };
    // Without settings and without a root: the root is made.
    let quota = ["add", "anna", "--quota", "20MiB"];
    assert_eq!(user(&quota, b"first\nsecond\n"), end(0, "", ""));
    assert_eq!(user(&["add", "bob"], b"his own"), end(0, "", ""));
    let anna = record(&root, "anna").unwrap();
    assert!(password::verify(b"first", &anna.password_hash));
    assert_eq!((anna.quota, anna.demo), (Some(20 << 20), false));
    assert!(root.join("home/anna").is_dir());
    assert_eq!(
        user(&["list"], b""),
        end(0, "anna\t20971520\nbob\tdefault\n", "")
    );

    assert_eq!(
        user(&["add", "anna"], b"again\n"),
        end(1, "", "user anna exists already\n")
    );
    assert_eq!(record(&root, "anna").unwrap(), anna);

    assert_eq!(user(&["passwd", "anna"], b"new one\r\n"), end(0, "", ""));
    let changed = record(&root, "anna").unwrap();
    assert!(password::verify(b"new one", &changed.password_hash));
    assert_eq!(changed.quota, Some(20 << 20), "the quota is kept");
    assert_eq!(
        user(&["passwd", "nobody"], b"x\n"),
        end(1, "", "there is no user nobody\n")
    );

    // The home is kept, unless it is meant to go.
    fs::write(root.join("home/anna/a.txt"), "hers").unwrap();
    assert_eq!(user(&["remove", "anna"], b""), end(0, "", ""));
    assert_eq!(record(&root, "anna"), None);
    assert!(root.join("home/anna/a.txt").exists());
    assert_eq!(
        user(&["remove", "anna"], b""),
        end(1, "", "there is no user anna\n")
    );
    assert_eq!(user(&["remove", "anna", "--with-home"], b""), end(0, "", ""));
    assert!(!root.join("home/anna").exists());
    // The parts of his broken uploads go with his home.
    fs::write(root.join("home/bob/b.txt"), "his").unwrap();
    fs::create_dir_all(root.join("home/.parts/bob")).unwrap();
    fs::write(root.join("home/.parts/bob/part"), "his").unwrap();
    assert_eq!(user(&["remove", "bob", "--with-home"], b""), end(0, "", ""));
    assert!(!root.join("home/bob").exists());
    assert!(!root.join("home/.parts/bob").exists());
    assert_eq!(user(&["list"], b""), end(0, "", ""));
    assert!(!root.join("conf/settings.yaml").exists());
}

#[test]
fn a_password_that_nobody_could_use_is_refused() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("ftpool-data");
    let longest = [b'p'; 1024];
    for input in [
        &b""[..],
        b"\nsecond line\n",
        b"a\0b\n",
        &[&longest[..], b"p\n"].concat(),
        &[b'p'; 100_000],
    ] {
        assert_eq!(
            run(folder.path(), &["user", "add", "anna"], input),
            end(1, "", "expected a password of 1 to 1024 bytes without NUL\n")
        );
        assert_eq!(record(&root, "anna"), None);
    }
    let whole = [&longest[..], b"\r\n"].concat();
    let added = run(folder.path(), &["user", "add", "anna"], &whole);
    assert_eq!(added, end(0, "", ""));
    let anna = record(&root, "anna").unwrap();
    assert!(password::verify(&longest, &anna.password_hash));
}

#[test]
fn the_settings_say_where_the_users_are_and_who_stays() {
    let folder = TempDir::new().unwrap();
    with_settings(
        &folder,
        "root: ../elsewhere\ndefault_quota: 5\n\
         users: [{name: anna, password: x, quota: 7}]\n",
    );
    let user = |args: &[&str]| {
        let place = ["--settings", FILE];
        run(folder.path(), &[&["user"], args, &place].concat(), b"secret\n")
    };
    assert_eq!(user(&["add", "bob"]), end(0, "", ""));
    assert_eq!(user(&["add", "anna", "--quota", "9"]), end(0, "", ""));
    let elsewhere = folder.path().join("data/elsewhere");
    assert!(record(&elsewhere, "bob").is_some());
    assert_eq!(user(&["list"]), end(0, "anna\t7\nbob\t5\n", ""));
    assert_eq!(
        user(&["remove", "anna", "--with-home"]),
        end(1, "", "the settings name user anna: take that entry out first\n")
    );
    assert!(record(&elsewhere, "anna").is_some());
    assert!(elsewhere.join("home/anna").is_dir());
    assert_eq!(user(&["remove", "bob"]), end(0, "", ""));
    // --root wins over the settings.
    let other = ["add", "bob", "--root", "other"];
    assert_eq!(user(&other), end(0, "", ""));
    assert!(record(&folder.path().join("other"), "bob").is_some());
}

#[test]
fn bad_settings_keep_the_users_as_they_are() {
    let folder = TempDir::new().unwrap();
    let root = with_settings(&folder, "max_users: 0\n");
    let place = ["add", "anna", "--root", "data"];
    assert_eq!(
        run(folder.path(), &[&["user"], &place[..]].concat(), b"x\n"),
        end(
            2,
            "",
            "data/conf/settings.yaml:1: max_users: 0: \
             expected a whole number from 1 to 100000\n"
        )
    );
    assert!(!root.join("database").exists());
}

#[test]
fn a_demo_password_is_marked_and_refused_on_an_open_server() {
    let folder = TempDir::new().unwrap();
    let root = with_settings(&folder, "");
    let user = |args: &[&str], input: &[u8]| {
        let place = ["--root", "data"];
        run(folder.path(), &[&["user"], args, &place].concat(), input)
    };
    assert_eq!(user(&["add", "anna"], b"mike-demo\n"), end(0, "", ""));
    assert!(record(&root, "anna").unwrap().demo);
    with_settings(&folder, "listen: {native: \"0.0.0.0:0\"}\n");
    let refusal = |name: &str| {
        format!(
            "user {name} has a password of the demo settings, \
             and 0.0.0.0:0 is not a loopback address\n"
        )
    };
    assert_eq!(
        user(&["add", "bob"], b"tom-demo\n"),
        end(2, "", &refusal("bob"))
    );
    let check = ["check", "--settings", FILE];
    let checked = run(folder.path(), &check, b"");
    assert_eq!(checked, end(2, "", &refusal("anna")));
    let started = run(folder.path(), &["--settings", FILE], b"");
    assert_eq!((started.code, started.out.as_str()), (2, ""));
    assert!(started.err.contains(&refusal("anna")), "{}", started.err);
    // A password of her own takes the mark away.
    assert_eq!(user(&["passwd", "anna"], b"her own\n"), end(0, "", ""));
    assert!(!record(&root, "anna").unwrap().demo);
    assert_eq!(run(folder.path(), &check, b"").code, 0);
}

#[test]
fn a_damaged_record_is_named_and_hides_no_other_user() {
    let folder = TempDir::new().unwrap();
    let add = ["user", "add", "bob", "--quota", "1"];
    assert_eq!(run(folder.path(), &add, b"x\n").code, 0);
    let file = folder.path().join("ftpool-data/database/anna.db");
    fs::write(&file, "rubbish").unwrap();
    let listed = run(folder.path(), &["user", "list"], b"");
    assert_eq!((listed.code, listed.out.as_str()), (1, "bob\t1\n"));
    assert_eq!(
        listed.err,
        format!(
            "{}: the user's record is damaged: line 1 does not fit\n",
            file.canonicalize().unwrap().display()
        )
    );
    // It can be taken out of the way, and the user be made again.
    assert_eq!(run(folder.path(), &["user", "remove", "anna"], b"").code, 0);
    assert_eq!(run(folder.path(), &["user", "add", "anna"], b"x\n").code, 0);
}

#[test]
fn users_are_changed_while_a_server_has_the_root() {
    let folder = TempDir::new().unwrap();
    let root = Root::open(folder.path().join("ftpool-data")).unwrap();
    for (args, input) in [
        (&["user", "add", "anna"][..], &b"one\n"[..]),
        (&["user", "passwd", "anna"], b"two\n"),
        (&["user", "list"], b""),
        (&["user", "remove", "anna", "--with-home"], b""),
    ] {
        let end = run(folder.path(), args, input);
        assert_eq!((end.code, end.err.as_str()), (0, ""), "{args:?}");
    }
    assert!(root.homes().is_dir());
}

#[test]
fn a_second_server_on_the_root_is_refused() {
    let folder = TempDir::new().unwrap();
    with_settings(&folder, "listen: {native: \"127.0.0.1:0\"}\n");
    let root = Root::open(folder.path().join("data")).unwrap();
    let second = run(folder.path(), &["--settings", FILE], b"");
    assert_eq!((second.code, second.out.as_str()), (1, ""));
    let said = format!(
        "another server has this root: {}\n",
        root.path().canonicalize().unwrap().display()
    );
    assert!(second.err.ends_with(&said), "{}", second.err);
}

#[test]
fn a_start_without_settings_makes_the_demo_settings_and_says_so() {
    let folder = TempDir::new().unwrap();
    // Another server has the root, so that this one ends by itself.
    let root = Root::open(folder.path().join("ftpool-data")).unwrap();
    let started = run(folder.path(), &[], b"");
    assert_eq!(started.code, 1);
    let said = "wrote the demo settings to ftpool-data/conf/settings.yaml\n";
    assert!(started.err.starts_with(said), "{}", started.err);
    let demo = include_str!("../../fixtures/settings/demo.yaml");
    let made = fs::read_to_string(root.conf().join("settings.yaml")).unwrap();
    assert_eq!(made, demo);
    let again = run(folder.path(), &[], b"");
    assert!(!again.err.contains("wrote"), "{}", again.err);

    // Refused for its demo passwords, the file is there to be edited.
    let open = ["--root", "other", "--listen-native", "0.0.0.0:0"];
    let refused = run(folder.path(), &open, b"");
    assert_eq!((refused.code, refused.out.as_str()), (2, ""));
    let line = 1 + demo
        .lines()
        .position(|line| line.contains("password: mike-demo"))
        .unwrap();
    assert_eq!(
        refused.err,
        format!(
            "wrote the demo settings to other/conf/settings.yaml\n\
             other/conf/settings.yaml:{line}: users[0].password: (hidden): \
             user mike has a password of the demo settings, \
             and 0.0.0.0:0 is not a loopback address\n"
        )
    );
    assert!(folder.path().join("other/conf/settings.yaml").exists());
}
