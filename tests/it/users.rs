//! The database and the root: records that are whole, folders that are made
//! and never emptied, users who are made once.

#![expect(clippy::unwrap_used, reason = "a failure fails the test")]

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use ftpool::{
    password,
    root::{Root, RootError, prepare_users, quota_of},
    settings::{Flags, Settings},
    users::{Database, NAME_BYTES_MAX, Record, UserName},
};
use proptest::prelude::*;
use tempfile::TempDir;

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

/// A hash that is well formed and fits no password that a test uses.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
    eFnTmcHcqfmQkP3JnQD4kEQcLTNcvTLTmVWlS0LDg84";

fn record(quota: Option<u64>) -> Record {
    Record { password_hash: String::from(HASH), quota, demo: false }
}

fn settings(root: &Path, text: &str) -> Settings {
    fs::create_dir_all(root.join("conf")).unwrap();
    let file = root.join("conf/settings.yaml");
    fs::write(&file, text).unwrap();
    Settings::load(Some(&file), &Flags::default()).unwrap().settings
}

#[test]
fn names_are_taken_and_refused_as_documented() {
    for good in ["a", "7", "mike.o-n_", "王小明", "élan", "a..b", "Ω1"] {
        assert_eq!(name(good).as_str(), good);
    }
    for bad in ["", ".", "..", ".a", "-a", "_a", "a/b", "a\\b", "a b", "a\0"] {
        assert_eq!(UserName::parse(bad), None, "{bad:?}");
    }
    let longest = "名".repeat(21) + "x";
    assert_eq!(longest.len(), NAME_BYTES_MAX);
    assert!(UserName::parse(&longest).is_some());
    assert!(UserName::parse(&(longest + "x")).is_none());
}

proptest! {
    #[test]
    fn a_name_is_always_one_plain_component(text in "\\PC{0,70}") {
        if let Some(user) = UserName::parse(&text) {
            let path = Path::new(user.as_str());
            prop_assert_eq!(path.components().count(), 1);
            prop_assert_eq!(path.file_name(), Some(path.as_os_str()));
        }
    }
}

#[test]
fn a_record_comes_back_as_it_was_written() {
    let folder = TempDir::new().unwrap();
    let database = Database::new(folder.path());
    let anna = name("王小明");
    assert_eq!(database.record(&anna).unwrap(), None);
    let full = Record { demo: true, ..record(Some(i64::MAX as u64)) };
    for written in [record(None), full, record(Some(0))] {
        database.write(&anna, &written).unwrap();
        assert_eq!(database.record(&anna).unwrap(), Some(written));
    }
    let file = folder.path().join("王小明.db");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    database.write(&name("bob"), &record(None)).unwrap();
    assert_eq!(database.list().unwrap(), [name("bob"), anna.clone()]);
    assert!(database.remove(&anna).unwrap());
    assert!(!database.remove(&anna).unwrap());
    assert_eq!(database.list().unwrap(), [name("bob")]);
    let shown = format!("{:?}", record(None));
    assert!(!shown.contains("argon2id"), "{shown}");
}

#[test]
fn a_user_is_created_once_and_changed_only_if_known() {
    let folder = TempDir::new().unwrap();
    let database = Database::new(folder.path());
    let anna = name("anna");
    let grow = |record: &mut Record| record.quota = Some(7);
    assert!(!database.change(&anna, grow).unwrap());
    assert!(database.create(&anna, &record(Some(1))).unwrap());
    assert!(!database.create(&anna, &record(Some(2))).unwrap());
    assert_eq!(database.record(&anna).unwrap(), Some(record(Some(1))));
    assert!(database.change(&anna, grow).unwrap());
    assert_eq!(database.record(&anna).unwrap(), Some(record(Some(7))));
}

#[test]
fn what_an_administrator_makes_is_the_servers() {
    let folder = TempDir::new().unwrap();
    let root = Root::open(folder.path()).unwrap();
    // Where the tests may not give folders away, both are ours already.
    for given in [root.database(), root.homes()] {
        let _ = chown(&given, Some(12345), Some(12345));
    }
    let anna = name("anna");
    let database = Database::new(root.database());
    database.create(&anna, &record(None)).unwrap();
    database.change(&anna, |it| it.quota = Some(1)).unwrap();
    assert!(root.layout().create_home(&anna).unwrap());
    for (above, made) in [
        (root.database(), root.database().join("anna.db")),
        (root.homes(), root.home(&anna)),
    ] {
        let (above, made) =
            (fs::metadata(above).unwrap(), fs::metadata(made).unwrap());
        assert_eq!((made.uid(), made.gid()), (above.uid(), above.gid()));
    }
}

#[test]
fn what_a_crash_left_is_no_user_and_in_nobodys_way() {
    let folder = TempDir::new().unwrap();
    let database = Database::new(folder.path());
    fs::write(folder.path().join(".new"), "password_ha").unwrap();
    assert_eq!(database.list().unwrap(), []);
    database.write(&name("anna"), &record(Some(1))).unwrap();
    let wanted = Some(record(Some(1)));
    assert_eq!(database.record(&name("anna")).unwrap(), wanted);
    let files = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 1, "the record alone");
}

#[test]
fn a_database_that_is_not_there_has_no_users() {
    let folder = TempDir::new().unwrap();
    let database = Database::new(folder.path().join("none"));
    assert_eq!(database.list().unwrap(), []);
    assert_eq!(database.record(&name("anna")).unwrap(), None);
    assert!(!database.remove(&name("anna")).unwrap());
    assert!(database.write(&name("anna"), &record(None)).is_err());
    assert!(!folder.path().join("none").exists());
}

#[test]
fn a_damaged_record_is_an_error_that_names_its_file() {
    let folder = TempDir::new().unwrap();
    let database = Database::new(folder.path());
    let file = folder.path().join("anna.db");
    let hash = format!("password_hash: {HASH}\n");
    for (text, why) in [
        (String::new(), "line 1 does not fit"),
        (String::from("\0"), "line 1 does not fit"),
        (hash[..30].to_owned(), "password_hash is no Argon2id hash"),
        (format!("{hash}qota: 5\n"), "line 2 does not fit"),
        (format!("{hash}quota: -5\n"), "line 2 does not fit"),
        (
            format!("{hash}quota: 9223372036854775808\n"),
            "quota is above 2^63-1 bytes",
        ),
        (
            format!("{hash}#{}", "x".repeat(4096)),
            "it is longer than 4096 bytes",
        ),
    ] {
        fs::write(&file, &text).unwrap();
        let said = database.record(&name("anna")).unwrap_err().to_string();
        let shown = file.display();
        assert_eq!(
            said,
            format!("{shown}: the user's record is damaged: {why}"),
            "for {text:?}"
        );
    }
}

#[test]
fn a_reader_always_sees_a_whole_record_and_no_change_is_lost() {
    const CHANGES: u64 = 40;
    let folder = TempDir::new().unwrap();
    let anna = name("anna");
    let start = Database::new(folder.path());
    start.write(&anna, &record(Some(0))).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // A handle of its own, as another process would have.
            let database = Database::new(folder.path());
            while !done.load(Ordering::Relaxed) {
                database.record(&anna).unwrap().expect("always there");
                let users = database.list().unwrap();
                assert_eq!(users, std::slice::from_ref(&anna));
            }
        });
        let writers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let database = Database::new(folder.path());
                    for _ in 0..CHANGES {
                        let known = database.change(&anna, |record| {
                            record.quota = record.quota.map(|it| it + 1);
                        });
                        assert!(known.unwrap());
                    }
                })
            })
            .collect();
        let ends: Vec<_> = writers.into_iter().map(|it| it.join()).collect();
        done.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok));
    });
    let after = start.record(&anna).unwrap().unwrap();
    assert_eq!(after.quota, Some(2 * CHANGES));
}

#[test]
fn a_root_is_made_where_it_is_missing_and_never_emptied() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("new/data");
    let root = Root::open(&path).unwrap();
    for made in [root.conf(), root.database(), root.homes(), root.log()] {
        assert!(made.is_dir() && made.parent() == Some(&path));
    }
    assert_eq!(root.home(&name("anna")), path.join("home/anna"));
    let mode = fs::metadata(root.database()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let kept = root.log().join("server.log");
    fs::write(&kept, "old").unwrap();
    drop(root);
    let again = Root::open(&path).unwrap();
    assert_eq!(fs::read(&kept).unwrap(), b"old");
    assert_eq!(again.path(), path);
}

#[test]
fn a_root_has_one_server_at_a_time() {
    let folder = TempDir::new().unwrap();
    let first = Root::open(folder.path()).unwrap();
    let error = Root::open(folder.path()).unwrap_err();
    assert!(matches!(error, RootError::Taken { .. }));
    let said =
        format!("another server has this root: {}", first.path().display());
    assert_eq!(error.to_string(), said);
    drop(first);
    assert!(Root::open(folder.path()).is_ok());
}

#[test]
fn users_are_made_once_and_left_as_they_are() {
    let folder = TempDir::new().unwrap();
    let root = Root::open(folder.path()).unwrap();
    let database = Database::new(root.database());
    let (anna, bob) = (name("anna"), name("bob"));
    let first =
        settings(folder.path(), "users: [{name: anna, password: one}]\n");
    let prepare =
        |settings| prepare_users(&root, &database, settings).unwrap();
    assert_eq!(prepare(&first), [name("anna")]);
    let made = database.record(&anna).unwrap().unwrap();
    assert!(password::verify(b"one", &made.password_hash));
    assert!(!made.demo);
    assert!(root.home(&anna).is_dir());

    // Anna changes her password and fills her home; then the settings name
    // another password for her, and one more user.
    let own = password::hash(b"her own");
    database.change(&anna, |it| it.password_hash = own.clone()).unwrap();
    fs::write(root.home(&anna).join("a.txt"), "hers").unwrap();
    let hash = password::hash(b"three");
    let second = settings(
        folder.path(),
        &format!(
            "users:\n- {{name: anna, password: two}}\n\
             - {{name: bob, password_hash: \"{hash}\"}}\n"
        ),
    );
    assert_eq!(prepare(&second), [name("bob")]);
    assert_eq!(database.record(&anna).unwrap().unwrap().password_hash, own);
    let file = root.home(&anna).join("a.txt");
    assert_eq!(fs::read(file).unwrap(), b"hers");
    assert_eq!(database.record(&bob).unwrap().unwrap().password_hash, hash);
    assert_eq!(prepare(&second), []);

    // A home that is gone comes back, empty; the record stays.
    fs::remove_dir_all(root.home(&anna)).unwrap();
    assert_eq!(prepare(&second), []);
    assert_eq!(fs::read_dir(root.home(&anna)).unwrap().count(), 0);
    assert_eq!(database.record(&anna).unwrap().unwrap().password_hash, own);
}

#[test]
fn a_demo_password_is_marked_and_refused_beside_an_open_address() {
    const OPEN: &str = "listen: {native: \"0.0.0.0:0\"}\n";
    let folder = TempDir::new().unwrap();
    let root = Root::open(folder.path()).unwrap();
    let database = Database::new(root.database());
    let refusal = |user: &str| {
        format!(
            "user {user} has a password of the demo settings, \
             and 0.0.0.0:0 is not a loopback address"
        )
    };
    let prepare = |text: &str| {
        let settings = settings(folder.path(), text);
        prepare_users(&root, &database, &settings)
            .map_err(|error| error.to_string())
    };

    // As a hash in the settings, for a user who would be made.
    let hash = password::hash(b"tom-demo");
    let users =
        format!("users: [{{name: anna, password_hash: \"{hash}\"}}]\n");
    assert_eq!(
        prepare(&format!("{OPEN}{users}")).unwrap_err(),
        refusal("anna")
    );
    assert_eq!(database.list().unwrap(), [], "nothing is made");

    // On loopback she is made, and marked.
    assert_eq!(prepare(&users).unwrap(), [name("anna")]);
    assert!(database.record(&name("anna")).unwrap().unwrap().demo);

    // From then on it stands in the database, settings or not.
    assert_eq!(prepare(OPEN).unwrap_err(), refusal("anna"));
    database
        .change(&name("anna"), |record| *record = self::record(None))
        .unwrap();
    assert_eq!(prepare(&format!("{OPEN}{users}")).unwrap(), []);
}

#[test]
fn the_quota_is_the_settings_then_the_databases_then_the_default() {
    let folder = TempDir::new().unwrap();
    let settings = settings(
        folder.path(),
        "default_quota: 3\nusers:\n- {name: own, password: x, quota: 0}\n\
         - {name: plain, password: x}\n",
    );
    let quota = |user: &str, in_database: Option<u64>| {
        quota_of(&settings, &name(user), &record(in_database))
    };
    assert_eq!(quota("own", Some(2)), 0);
    assert_eq!(quota("own", None), 0);
    assert_eq!(quota("plain", Some(2)), 2);
    assert_eq!(quota("plain", None), 3);
    assert_eq!(quota("added", Some(2)), 2);
    assert_eq!(quota("added", None), 3);
}
