//! Settings files, good and bad: each default, each bound at the limit and
//! one past it, each refusal word for word.

#![expect(clippy::unwrap_used, reason = "a failure fails the test")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use ftpool::{
    password::Password,
    settings::{Flags, Secret, Settings, SettingsError},
};
use proptest::prelude::*;
use tempfile::TempDir;

/// Writes the text as `conf/settings.yaml` below a fresh folder and reads
/// it with the flags.
fn load_with(text: &[u8], flags: &Flags) -> Result<Settings, String> {
    let folder = TempDir::new().unwrap();
    let file = write(folder.path(), text);
    let loaded = Settings::load(Some(&file), flags);
    let name = format!("{}", file.display());
    loaded
        .map(|loaded| loaded.settings)
        .map_err(|error| error.to_string().replace(&name, "settings.yaml"))
}

fn load(text: &str) -> Result<Settings, String> {
    load_with(text.as_bytes(), &Flags::default())
}

fn write(root: &Path, text: &[u8]) -> PathBuf {
    let conf = root.join("conf");
    fs::create_dir_all(&conf).unwrap();
    let file = conf.join("settings.yaml");
    fs::write(&file, text).unwrap();
    file
}

/// Asserts that the text is refused with exactly this line.
#[track_caller]
fn refused(text: &str, line: &str) {
    let said = load(text).expect_err("the settings should be refused");
    assert_eq!(said, line, "\nfor {text:?}");
}

#[test]
fn what_is_left_out_has_its_default() {
    for text in ["", "# nothing\n", "users:\nlimits: {}\nwaiting: ~\n"] {
        let settings = load(text).unwrap();
        let native = settings.listen.native.unwrap();
        assert_eq!(native.to_string(), "127.0.0.1:9021");
        let ftp = settings.listen.ftp.unwrap();
        assert_eq!(ftp.to_string(), "127.0.0.1:2121");
        assert_eq!(settings.max_users, 10);
        assert_eq!(settings.waiting.places_max, 100);
        assert_eq!(settings.waiting.time_max, Duration::from_secs(60));
        assert_eq!(settings.default_quota, 10 * 1024 * 1024);
        assert_eq!(settings.users, []);
        let limits = settings.limits;
        assert_eq!(limits.login, Duration::from_secs(30));
        assert_eq!(limits.idle, Duration::from_secs(300));
        assert_eq!(limits.stall, Duration::from_secs(60));
        assert_eq!(limits.login_failures, 3);
        assert_eq!(limits.drain, Duration::from_secs(30));
        assert_eq!(limits.part_age, Duration::from_secs(72 * 3600));
        assert_eq!(settings.ftp.passive_ports, 50000..=50999);
        assert_eq!(settings.ftp.public_address, None);
        assert_eq!(settings.tls, None);
    }
}

#[test]
fn every_key_is_read() {
    let hash = ftpool::password::hash(b"jack's own");
    let text = format!(
        "root: /srv/ftpool\n\
         listen: {{native: \"[::1]:0\"}}\n\
         max_users: 7\n\
         waiting: {{places_max: 0, secs_max: 5}}\n\
         default_quota: 10MB\n\
         users:\n\
         - {{name: mike, password: mike-demo}}\n\
         - {{name: 王小明, password: \" a b \", quota: 20m}}\n\
         - {{name: jack.o-n_3, password_hash: \"{hash}\", quota: 0}}\n\
         limits: {{login_secs: 1, idle_secs: 2, stall_secs: 3,\n  \
         login_failures: 4, drain_secs: 0, part_hours: 6}}\n\
         ftp: {{passive_ports: [7, 7], public_address: 192.0.2.1}}\n"
    );
    let settings = load(&text).unwrap();
    assert_eq!(settings.root, Path::new("/srv/ftpool"));
    assert_eq!(settings.listen.native.unwrap().to_string(), "[::1]:0");
    assert_eq!(settings.max_users, 7);
    assert_eq!(settings.waiting.places_max, 0);
    assert_eq!(settings.waiting.time_max, Duration::from_secs(5));
    assert_eq!(settings.default_quota, 10_000_000);
    let users: Vec<_> = settings
        .users
        .iter()
        .map(|user| (user.name.as_str(), user.quota))
        .collect();
    assert_eq!(
        users,
        [("mike", None), ("王小明", Some(20 << 20)), ("jack.o-n_3", Some(0))]
    );
    let secret = Secret::Password(Password::new(" a b "));
    assert_eq!(settings.users[1].secret, secret);
    assert_eq!(settings.users[2].secret, Secret::Hash(hash));
    assert_eq!(settings.limits.login, Duration::from_secs(1));
    assert_eq!(settings.limits.idle, Duration::from_secs(2));
    assert_eq!(settings.limits.stall, Duration::from_secs(3));
    assert_eq!(settings.limits.login_failures, 4);
    assert_eq!(settings.limits.drain, Duration::ZERO);
    assert_eq!(settings.limits.part_age, Duration::from_secs(6 * 3600));
    assert_eq!(settings.ftp.passive_ports, 7..=7);
    let public = settings.ftp.public_address.unwrap();
    assert_eq!(public.to_string(), "192.0.2.1");
    let shown = format!("{settings:?}");
    assert!(!shown.contains("mike-demo") && !shown.contains("argon2id"));
}

#[test]
fn a_wrong_type_is_refused_on_its_line() {
    refused(
        "# first\n\nmax_users: ten\n",
        "settings.yaml:3: max_users: \"ten\": \
         expected a whole number from 1 to 100000",
    );
    refused(
        "max_users: \"10\"\n",
        "settings.yaml:1: max_users: \"10\": \
         expected a whole number from 1 to 100000",
    );
    refused(
        "max_users: 1.5\n",
        "settings.yaml:1: max_users: 1.5: \
         expected a whole number from 1 to 100000",
    );
    refused(
        "limits: {login_secs: 1,\n  idle_secs: [3]}\n",
        "settings.yaml:2: limits.idle_secs: [...]: \
         expected a whole number from 1 to 604800",
    );
    refused(
        "waiting: 5\n",
        "settings.yaml:1: waiting: 5: expected a mapping of keys",
    );
    refused("users: 5\n", "settings.yaml:1: users: (hidden): expected a list");
    refused(
        "- a\n- b\n",
        "settings.yaml:1: the settings: [...]: expected a mapping of keys",
    );
    refused(
        "root: 5\n",
        "settings.yaml:1: root: 5: expected a text; put it in quotes",
    );
    refused(
        "default_quota: true\n",
        "settings.yaml:1: default_quota: true: expected a size of at most \
         2^63-1 bytes, as in 10MiB, 10MB or 10485760",
    );
}

#[test]
fn an_unknown_or_repeated_key_is_refused_on_its_line() {
    refused(
        "max_users: 3\nmax_user: 4\n",
        "settings.yaml:2: max_user: 4: unknown key, expected one of root, \
         listen, max_users, waiting, default_quota, users, limits, ftp, tls",
    );
    refused(
        "waiting:\n  places_max: 1\n  secs: 2\n",
        "settings.yaml:3: waiting.secs: 2: unknown key, \
         expected one of places_max, secs_max",
    );
    refused(
        "7: x\n",
        "settings.yaml:1: 7: \"x\": unknown key, expected one of root, \
         listen, max_users, waiting, default_quota, users, limits, ftp, tls",
    );
    refused(
        "max_users: 3\nroot: x\nmax_users: 4\n",
        "settings.yaml:3: max_users: 4: the key is there twice",
    );
    refused(
        "limits:\n  idle_secs: 3\n  idle_secs: null\n",
        "settings.yaml:3: limits.idle_secs: null: the key is there twice",
    );
    // A line break in a key does not break the line of the message.
    let said = load("\"a\\nb\": 1\n").unwrap_err();
    assert!(said.starts_with("settings.yaml:1: \"a\\nb\": 1: "), "{said}");
}

#[test]
fn each_number_is_taken_at_its_bounds_and_refused_beyond() {
    for (before, least, most, after) in [
        ("max_users: ", 1_u64, 100_000_u64, ""),
        ("waiting: {places_max: ", 0, 100_000, "}"),
        ("waiting: {secs_max: ", 1, 604_800, "}"),
        ("limits: {login_secs: ", 1, 604_800, "}"),
        ("limits: {idle_secs: ", 1, 604_800, "}"),
        ("limits: {stall_secs: ", 1, 604_800, "}"),
        ("limits: {drain_secs: ", 0, 604_800, "}"),
        ("limits: {login_failures: ", 1, 1000, "}"),
        ("limits: {part_hours: ", 1, 87_840, "}"),
        ("default_quota: ", 0, i64::MAX as u64, ""),
    ] {
        let with = |number: i128| load(&format!("{before}{number}{after}\n"));
        assert!(with(least.into()).is_ok(), "{before}{least}");
        assert!(with(most.into()).is_ok(), "{before}{most}");
        for number in [i128::from(least) - 1, i128::from(most) + 1] {
            let said = with(number).unwrap_err();
            assert!(said.contains(&format!(": {number}: ")), "{said}");
        }
    }
    refused(
        "max_users: 340282366920938463463374607431768211455\n",
        "settings.yaml:1: max_users: 3.402823669209385e38: \
         expected a whole number from 1 to 100000",
    );
}

#[test]
fn sizes_are_read_in_all_their_forms() {
    for (typed, bytes) in [
        ("10MiB", 10 << 20),
        ("10m", 10 << 20),
        ("\"10 MiB\"", 10 << 20),
        ("10MB", 10_000_000),
        ("123", 123),
        ("\"123\"", 123),
    ] {
        let settings = load(&format!("default_quota: {typed}\n")).unwrap();
        assert_eq!(settings.default_quota, bytes, "{typed}");
    }
    refused(
        "users: [{name: a, password: b, quota: 8eib}]\n",
        "settings.yaml:1: users[0].quota: \"8eib\": expected a size of at \
         most 2^63-1 bytes, as in 10MiB, 10MB or 10485760",
    );
}

const NAME: &str = "expected a user name: 1 to 64 bytes of letters, digits, \
    '.', '_' and '-', with a letter or digit first";

#[test]
fn a_name_that_is_none_is_refused() {
    for name in ["a/b", "../a", ".a", "-a", "_a", "a b", "a\u{301}", "a:b"] {
        refused(
            &format!("users:\n- name: '{name}'\n  password: x\n"),
            &format!("settings.yaml:2: users[0].name: {name:?}: {NAME}"),
        );
    }
    let longest = "a".repeat(64);
    let with = |name: &str| {
        load(&format!("users: [{{name: {name}, password: x}}]\n"))
    };
    assert!(with(&longest).is_ok());
    let said = with(&format!("{longest}a")).unwrap_err();
    assert!(said.ends_with(NAME), "{said}");
    refused(
        "users:\n- {password: x}\n",
        "settings.yaml:2: users[0]: (hidden): expected a name",
    );
    refused(
        "users:\n- {name: 42, password: x}\n",
        "settings.yaml:2: users[0].name: 42: \
         expected a text; put it in quotes",
    );
}

#[test]
fn two_users_of_one_name_are_refused() {
    refused(
        "users:\n- {name: mike, password: a}\n- {name: tom, password: b}\n\
         - password: c\n  name: mike\n",
        "settings.yaml:5: users[2].name: \"mike\": another user has this name",
    );
}

#[test]
fn a_user_has_one_password_and_it_never_shows() {
    const EITHER: &str = "expected either password or password_hash";
    refused(
        "users:\n- {name: mike}\n",
        &format!("settings.yaml:2: users[0]: (hidden): {EITHER}"),
    );
    refused(
        "users:\n- {name: mike, password: s3cret, password_hash: x}\n",
        &format!("settings.yaml:2: users[0]: (hidden): {EITHER}"),
    );
    refused(
        "users:\n- name: mike\n  password: 1234\n",
        "settings.yaml:3: users[0].password: (hidden): \
         expected a text; put it in quotes",
    );
    refused(
        "users:\n- name: mike\n  password: \"\"\n",
        "settings.yaml:3: users[0].password: (hidden): expected a text",
    );
    refused(
        "users:\n- name: mike\n  password: \"a\\0b\"\n",
        "settings.yaml:3: users[0].password: (hidden): \
         expected a password of 1 to 1024 bytes without NUL",
    );
    refused(
        "users:\n- name: mike\n  password_hash: s3cret\n",
        "settings.yaml:3: users[0].password_hash: (hidden): expected an \
         Argon2id hash, $argon2id$v=19$..., of at most 256 MiB, 16 passes \
         and 16 lanes",
    );
    refused(
        "users:\n- {name: mike, pasword: s3cret}\n",
        "settings.yaml:2: users[0].pasword: (hidden): unknown key, \
         expected one of name, password, password_hash, quota",
    );
    refused(
        "users: [\"mike:s3cret\"]\n",
        "settings.yaml:1: users[0]: (hidden): expected a mapping of keys",
    );
}

#[test]
fn addresses_are_checked() {
    const ADDRESS: &str = "expected an address and a port, \
        as in \"127.0.0.1:9021\" or \"[::1]:9021\"";
    for typed in ["\"127.0.0.1\"", "\"localhost:9021\"", "\"1.2.3.4:70000\""] {
        refused(
            &format!("listen: {{native: {typed}}}\n"),
            &format!("settings.yaml:1: listen.native: {typed}: {ADDRESS}"),
        );
    }
    refused(
        "listen:\n  native: 9021\n",
        &format!("settings.yaml:2: listen.native: 9021: {ADDRESS}"),
    );
    refused(
        "ftp: {public_address: here}\n",
        "settings.yaml:1: ftp.public_address: \"here\": \
         expected an IP address, as in \"192.0.2.1\"",
    );
    refused(
        "ftp:\n  passive_ports: [5, 4]\n",
        "settings.yaml:2: ftp.passive_ports: [...]: \
         expected the lower port first",
    );
    refused(
        "ftp: {passive_ports: [5]}\n",
        "settings.yaml:1: ftp.passive_ports: [...]: \
         expected the first and the last port",
    );
    refused(
        "ftp:\n  passive_ports:\n  - 1\n  - 65536\n",
        "settings.yaml:4: ftp.passive_ports[1]: 65536: \
         expected a whole number from 1 to 65535",
    );
}

#[test]
fn no_listener_at_all_is_refused() {
    const NONE: &str =
        "expected at least one listener, native: ADDRESS or ftp: ADDRESS";
    refused(
        "\nlisten: {}\n",
        &format!("settings.yaml:2: listen: {{}}: {NONE}"),
    );
    refused("listen:\n", &format!("settings.yaml:1: listen: null: {NONE}"));
    refused(
        "listen: {native: null}\n",
        &format!("settings.yaml:1: listen: {{...}}: {NONE}"),
    );
    let native = "127.0.0.1:0".parse().ok();
    let flags = Flags { listen_native: native, ..Flags::default() };
    let settings = load_with(b"listen: {}\n", &flags).unwrap();
    assert_eq!(settings.listen.native, native);
}

#[test]
fn each_listener_can_be_switched_off() {
    let listen = |text: &str| load(text).expect("good settings").listen;
    let both = listen("max_users: 3\n");
    assert_eq!(both.native, "127.0.0.1:9021".parse().ok());
    assert_eq!(both.ftp, "127.0.0.1:2121".parse().ok());
    let native = listen("listen: {native: \"127.0.0.1:1\"}\n");
    assert_eq!(
        (native.native.map(|it| it.port()), native.ftp),
        (Some(1), None)
    );
    let ftp = listen("listen: {ftp: \"127.0.0.1:2\"}\n");
    assert_eq!((ftp.native, ftp.ftp.map(|it| it.port())), (None, Some(2)));
}

#[test]
fn ftp_has_settings_of_its_own() {
    let ftp = |text: &str| load(text).map(|it| it.ftp);
    let default = ftp("max_users: 3\n").expect("good settings");
    assert_eq!(default.passive_ports, 50000..=50999);
    assert!(default.public_address.is_none() && !default.waiting_replies);
    let typed = ftp("ftp:\n  passive_ports: [2000, 2000]\n  \
         public_address: 192.0.2.1\n  waiting_replies: true\n");
    let typed = typed.expect("good settings");
    assert_eq!(typed.passive_ports, 2000..=2000);
    assert_eq!(typed.public_address, "192.0.2.1".parse().ok());
    assert!(typed.waiting_replies);
    refused(
        "ftp: {waiting_replies: maybe}\n",
        "settings.yaml:1: ftp.waiting_replies: \"maybe\": \
         expected true or false",
    );
}

#[test]
fn tls_is_not_in_this_version() {
    refused(
        "tls: {certificate: cert.pem, key: key.pem}\n",
        "settings.yaml:1: tls: {...}: TLS is not in this version",
    );
    assert!(load("tls: null\n").is_ok());
}

#[test]
fn a_flag_wins_over_the_file() {
    let flags = Flags {
        root: Some(PathBuf::from("/elsewhere")),
        listen_native: "127.0.0.1:7".parse().ok(),
        listen_ftp: "127.0.0.1:6".parse().ok(),
        max_users: Some(3),
    };
    let text = b"root: /here\nmax_users: 4\nlisten: {native: \"127.0.0.1:8\"}";
    let settings = load_with(text, &flags).unwrap();
    assert_eq!(settings.root, Path::new("/elsewhere"));
    assert_eq!(settings.listen.native, flags.listen_native);
    assert_eq!(settings.listen.ftp, flags.listen_ftp);
    assert_eq!(settings.max_users, 3);
    for (number, good) in
        [(0, false), (1, true), (100_000, true), (100_001, false)]
    {
        let flags = Flags { max_users: Some(number), ..Flags::default() };
        match load_with(b"", &flags) {
            Ok(settings) => assert!(good && settings.max_users == number),
            Err(said) => {
                assert!(!good);
                let why = "expected a whole number from 1 to 100000";
                assert_eq!(said, format!("--max-users: {number}: {why}"));
            }
        }
    }
}

#[test]
fn a_demo_password_is_refused_beside_an_open_address() {
    let with = |address: &str, password: &str| {
        load(&format!(
            "listen: {{native: \"{address}\"}}\n\
             users:\n- {{name: anna, password: {password}}}\n"
        ))
    };
    for open in ["0.0.0.0:9021", "[::]:9021", "192.0.2.1:9021"] {
        for password in ["mike-demo", "tom-demo", "jack-demo"] {
            assert_eq!(
                with(open, password).unwrap_err(),
                format!(
                    "settings.yaml:3: users[0].password: (hidden): user anna \
                     has a password of the demo settings, and {open} is not \
                     a loopback address"
                )
            );
        }
        assert!(with(open, "her-own").is_ok());
    }
    for loopback in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1"] {
        assert!(with(loopback, "mike-demo").is_ok(), "{loopback}");
    }
    // The flag's address counts as much as the file's.
    let native = "0.0.0.0:0".parse().ok();
    let flags = Flags { listen_native: native, ..Flags::default() };
    let text = b"users: [{name: anna, password: tom-demo}]\n";
    assert!(load_with(text, &flags).unwrap_err().contains("user anna"));
}

#[test]
fn what_is_not_yaml_is_refused_on_its_line() {
    for (text, start) in [
        (&b"a: [1\nb: 2\n"[..], "settings.yaml:2: "),
        (b"max_users: 3\n\tx: 1\n", "settings.yaml:2: "),
        (b"max_users: !n 3\n", "settings.yaml:1: max_users: "),
        (b"max_users: 3\n---\nmax_users: 4\n", "settings.yaml:3: "),
        (b"# \xff\n", "settings.yaml:1: the text is not UTF-8"),
        (b"max_users: 3\nroot: \"\xc3\x28\"\n", "settings.yaml:2: the text"),
        (b"a: \0\n", "settings.yaml:1: "),
    ] {
        let said = load_with(text, &Flags::default()).unwrap_err();
        assert!(said.starts_with(start), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }
    let deep = "[".repeat(10_000);
    assert!(load(&deep).is_err());
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\n\
        c: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\n\
        e: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\n";
    let said = load(bomb).unwrap_err();
    assert!(said.starts_with("settings.yaml:"), "{said}");
}

#[test]
fn the_root_is_around_the_file_unless_it_is_said() {
    let folder = TempDir::new().unwrap();
    let top = folder.path().canonicalize().unwrap();
    let root_of = |file: &Path, flags: &Flags| {
        Settings::load(Some(file), flags).unwrap().settings.root
    };
    let inside = write(&top, b"");
    assert_eq!(root_of(&inside, &Flags::default()), top);
    let beside = top.join("other.yaml");
    fs::write(&beside, "").unwrap();
    assert_eq!(root_of(&beside, &Flags::default()), top);
    // `conf/..` leads to a folder that is not called conf.
    let around = top.join("conf/../other.yaml");
    assert_eq!(root_of(&around, &Flags::default()), top);
    let relative = write(&top, b"root: ../data\n");
    assert_eq!(
        root_of(&relative, &Flags::default()),
        top.join("conf/../data")
    );
    let flags = Flags { root: Some(top.join("x")), ..Flags::default() };
    assert_eq!(root_of(&relative, &flags), top.join("x"));
}

#[test]
fn a_missing_file_is_refused_where_it_was_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("none.yaml");
    let error = Settings::load(Some(&file), &Flags::default()).unwrap_err();
    assert!(matches!(error, SettingsError::Unreadable { .. }));
    let said = error.to_string();
    assert!(said.starts_with(&format!("{}: ", file.display())), "{said}");
    assert!(!file.exists());
}

#[test]
fn the_demo_settings_are_made_once_and_never_over_a_file() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("data");
    let flags = Flags { root: Some(root.clone()), ..Flags::default() };
    assert!(Settings::find(None, &flags).unwrap().is_none());
    assert!(!root.exists());
    let made = Settings::make_demo(&flags).unwrap();
    assert_eq!(made, Some(root.join("conf/settings.yaml")));
    assert_eq!(Settings::make_demo(&flags).unwrap(), None);
    let first = Settings::load(None, &flags).unwrap();
    assert_eq!(first.file, root.join("conf/settings.yaml"));
    assert_eq!(first.settings.root, root);
    assert_eq!(first.settings.max_users, 10);
    assert!(first.settings.listen.beyond_loopback().is_none());
    let users: Vec<_> =
        first.settings.users.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(users, ["mike", "tom", "jack"]);
    fs::write(&first.file, "max_users: 3\n").unwrap();
    let second = Settings::load(None, &flags).unwrap();
    assert_eq!(second.settings.max_users, 3);
    assert_eq!(fs::read(&first.file).unwrap(), b"max_users: 3\n");
}

#[test]
fn a_file_at_the_limit_is_read_and_one_past_it_is_not() {
    let limit = usize::try_from(ftpool::settings::FILE_BYTES_MAX).unwrap();
    let mut text = b"max_users: 3\n#".to_vec();
    text.resize(limit, b'x');
    assert_eq!(load_with(&text, &Flags::default()).unwrap().max_users, 3);
    text.push(b'x');
    let said = load_with(&text, &Flags::default()).unwrap_err();
    let why = format!("the file is longer than {limit} bytes");
    assert_eq!(said, format!("settings.yaml: {why}"));
}

proptest! {
    /// The demo settings with one stretch of text put in place of another:
    /// near enough to good ones that every check is reached.
    #[test]
    fn spoilt_settings_are_taken_or_refused_in_one_line(
        start in any::<prop::sample::Index>(),
        length in 0..12_usize,
        patch in "([-0-9a-z:{}\\[\\]\"'#&*!|>%@, \n\t]|\\PC){0,8}",
    ) {
        let demo: Vec<char> =
            include_str!("../../fixtures/settings/demo.yaml").chars().collect();
        let start = start.index(demo.len());
        let end = demo.len().min(start + length);
        let mut text: String = demo[..start].iter().collect();
        text.push_str(&patch);
        text.extend(&demo[end..]);
        if let Err(said) = load(&text) {
            let rest = said.strip_prefix("settings.yaml:").expect("the file");
            let (line, _) = rest.split_once(": ").expect("the line");
            let line: usize = line.parse().expect("a number");
            prop_assert!((1..=text.lines().count() + 1).contains(&line));
            prop_assert!(!said.contains(char::is_control), "{}", said);
        }
    }
}
