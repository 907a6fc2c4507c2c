//! The stories that have one end in both dialects.

use super::voice::{BOTH, Came, Dialect, Voice};
use crate::{
    peer::pattern,
    world::{Running, World},
};

/// Plays a story in each dialect, each on a server of its own.
#[track_caller]
fn told(story: impl Fn(&Running, &mut Voice)) {
    for dialect in BOTH {
        let world = World::new().user("bert").start_both();
        let mut anna = Voice::sign_in(&world, dialect, "anna");
        story(&world, &mut anna);
        anna.quit();
    }
}

fn at(path: &str) -> Came {
    Came::At(path.to_owned())
}

fn names(names: &[&str]) -> Came {
    Came::Names(names.iter().map(|&name| name.to_owned()).collect())
}

#[test]
fn directories() {
    told(|_, anna| {
        assert_eq!(anna.pwd(), at("/"));
        assert_eq!(anna.mkdir("a"), at("/a"));
        assert_eq!(anna.mkdir("a"), Came::Refused);
        assert_eq!(anna.mkdir("x/y"), Came::Missing);
        assert_eq!(anna.cd("a"), at("/a"));
        assert_eq!(anna.mkdir("b"), at("/a/b"));
        assert_eq!(anna.cd("b/../b"), at("/a/b"));
        assert_eq!(anna.cd("../../../.."), at("/"));
        assert_eq!(anna.cd("nowhere"), Came::Missing);
        assert_eq!(anna.pwd(), at("/"));
        assert_eq!(anna.rmdir("a"), Came::Refused);
        assert_eq!(anna.rmdir("a/b"), Came::Done);
        assert_eq!(anna.rmdir("a"), Came::Done);
        assert_eq!(anna.rmdir("a"), Came::Missing);
        assert_eq!(anna.rmdir("/"), Came::Refused);
    });
}

#[test]
fn files() {
    told(|world, anna| {
        assert_eq!(anna.put("f", b"content"), Came::Done);
        assert_eq!(anna.get("f"), Came::Bytes(b"content".to_vec()));
        assert_eq!(anna.get("g"), Came::Missing);
        assert_eq!(anna.get("/"), Came::Missing);
        assert_eq!(anna.put("x/f", b"content"), Came::Missing);
        assert_eq!(anna.mkdir("d"), at("/d"));
        assert_eq!(anna.put("d", b"content"), Came::Refused);
        assert_eq!(anna.put("empty", b""), Came::Done);
        assert_eq!(anna.dir(""), names(&["d", "empty", "f"]));
        assert_eq!(anna.mv("f", "d/g"), Came::Done);
        assert_eq!(anna.mv("f", "h"), Came::Missing);
        assert_eq!(anna.mv("d", "d/e"), Came::Refused);
        assert_eq!(anna.mv("d/g", "d"), Came::Refused);
        assert_eq!(anna.rm("d"), Came::Missing);
        assert_eq!(anna.rm("d/g"), Came::Done);
        assert_eq!(anna.rm("d/g"), Came::Missing);
        assert_eq!(anna.quota("used"), 0);
        assert!(world.parts().is_empty());
    });
}

#[test]
fn a_quota() {
    told(|_, anna| {
        assert_eq!(anna.put("f", &pattern(600, 1)), Came::Done);
        assert_eq!(anna.put("g", &pattern(401, 2)), Came::NoSpace);
        assert_eq!(anna.put("f", &pattern(401, 3)), Came::NoSpace);
        assert_eq!(anna.get("f"), Came::Bytes(pattern(600, 1)));
        assert_eq!(anna.put("f", &pattern(400, 4)), Came::Done);
        assert_eq!(anna.put("g", &pattern(600, 5)), Came::Done);
        assert_eq!(anna.quota("available"), 0);
        assert_eq!(anna.put("h", b""), Came::Done);
        assert_eq!(anna.rm("f"), Came::Done);
        assert_eq!((anna.quota("used"), anna.quota("available")), (600, 400));
    });
}

#[test]
fn a_home_that_nobody_leaves() {
    told(|world, anna| {
        std::fs::write(world.root().join("secret"), b"x").expect("a file");
        world.link(world.root().join("secret"), "out");
        world.link("../..", "up");
        world.link("inner", "in");
        assert_eq!(anna.put("inner", b"inside"), Came::Done);
        for path in ["../secret", "/../secret", "../../secret", "out", "up/x"]
        {
            assert_eq!(anna.get(path), Came::Missing, "{path}");
        }
        assert_eq!(anna.cd("up"), Came::Missing);
        assert_eq!(anna.put("out", b"x"), Came::Refused);
        assert_eq!(anna.mkdir("out"), Came::Refused);
        assert_eq!(anna.dir("/"), names(&["in", "inner"]));
        assert_eq!(anna.get("in"), Came::Bytes(b"inside".to_vec()));
        // A link is removed, and what it leads to stays.
        assert_eq!(anna.rm("in"), Came::Done);
        assert_eq!(anna.get("inner"), Came::Bytes(b"inside".to_vec()));
        let secret = std::fs::read(world.root().join("secret"));
        assert_eq!(secret.expect("a file"), b"x");
    });
}

#[test]
fn names_of_every_kind() {
    told(|_, anna| {
        let name = "中文-ä-😀";
        assert_eq!(anna.mkdir(name), at(&format!("/{name}")));
        assert_eq!(anna.cd(name), at(&format!("/{name}")));
        assert_eq!(anna.put("数据.txt", b"12"), Came::Done);
        assert_eq!(anna.dir(""), names(&["数据.txt"]));
        let longest = "n".repeat(255);
        assert_eq!(anna.put(&longest, b"1"), Came::Done);
        assert_eq!(anna.get(&longest), Came::Bytes(b"1".to_vec()));
    });
}

#[test]
fn a_file_of_one_dialect_is_the_others() {
    let world = World::new().start_both();
    let mut native = Voice::sign_in(&world, Dialect::Native, "anna");
    let mut ftp = Voice::sign_in(&world, Dialect::Ftp, "anna");
    assert_eq!(native.put("n", b"natively"), Came::Done);
    assert_eq!(ftp.get("n"), Came::Bytes(b"natively".to_vec()));
    assert_eq!(ftp.put("f", b"over FTP"), Came::Done);
    assert_eq!(native.get("f"), Came::Bytes(b"over FTP".to_vec()));
    assert_eq!(ftp.mv("n", "f"), Came::Done);
    assert_eq!(native.dir(""), names(&["f"]));
    assert_eq!(native.quota("used"), 8);
    assert_eq!(ftp.quota("used"), 8);
}
