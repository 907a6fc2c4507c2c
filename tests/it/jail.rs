//! Nobody leaves their home: `..` in every disguise, and links and other
//! things that somebody made on the server's side (§4, §7.7, §7.8).

use std::{fs, os::unix::net::UnixListener, path::Path};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::{
    peer::Peer,
    world::{Running, World},
};

#[test]
fn dots_resolve_by_the_text_and_stop_at_the_home() {
    let world = World::new().start();
    let mut anna = world.anna();
    for line in ["mkdir d", "mkdir d/e", "mkdir %252e%252e"] {
        anna.ask(line, "201 path=/");
    }
    for (given, path) in [
        ("..", "/"),
        ("../../../../..", "/"),
        ("/..", "/"),
        ("%2e%2e", "/"),
        (".%2E/%2e.", "/"),
        ("..%2F..%2fd", "/d"),
        ("%2Fd", "/d"),
        ("d/e/../..", "/"),
        ("d/e/../../..//../d", "/d"),
        ("d/./e/.", "/d/e"),
        ("//d///e//", "/d/e"),
        ("/./d/../d/e/..", "/d"),
        ("nothing/..", "/"),
        ("%252e%252e", "/%252e%252e"),
        ("d/e/", "/d/e"),
    ] {
        anna.ask("cd", "201 path=/");
        let reply = anna.ask(&format!("cd {given}"), "201 ");
        assert_eq!(reply, format!("201 path={path}"), "cd {given}");
        assert_eq!(anna.ask("pwd", "201 "), reply);
    }
    anna.ask("cd", "201 path=/");
    for given in ["...", "..d", "d..", "d/...", "%2e%2e%20", "~", "-"] {
        anna.ask(&format!("cd {given}"), "402 reason=not-found");
    }
}

#[test]
fn dots_in_every_disguise_find_nothing_outside() {
    let world = World::new().start();
    outside(&world);
    world.anna().put("plain", b"x");
    world.anna().ask("mkdir d", "201");
    for path in [
        "../../outside/secret",
        "/../../outside/secret",
        "%2e%2e/%2E%2e/outside/secret",
        ".%2e/%2e./outside/secret/",
        "..%2F..%2foutside%2fsecret",
        "%2F..%2F..%2Foutside/secret",
        "d/../../../outside/secret",
        "./.././../outside/./secret/.",
        "//..//..//outside//secret//",
        "../anna/../../outside/secret",
        "..%2f..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/etc/passwd",
        "..\\..\\outside/secret",
        "%252e%252e/%252e%252e/outside/secret",
    ] {
        let mut anna = world.anna();
        check_missing(&mut anna, path);
        anna.ask("cd d", "201");
        check_missing(&mut anna, &path.replace("plain", "/plain"));
    }
    check_untouched(&world);
}

#[test]
fn links_out_of_the_home_are_hidden() {
    let world = World::new().start();
    let outside = outside(&world);
    world.anna().put("plain", b"x");
    world.anna().ask("mkdir d", "201");
    let inside = world.path("plain");
    let links: [(&str, &Path); 15] = [
        ("absolute", &outside),
        ("absolute-file", &outside.join("secret")),
        ("absolute-into-the-home", &inside),
        ("absolute-nothing", Path::new("/nothing/at/all")),
        ("relative", Path::new("../../outside")),
        ("relative-file", Path::new("../../outside/secret")),
        ("relative-nothing", Path::new("../../nothing")),
        ("into-the-home-again", Path::new("../anna/plain")),
        ("parts", Path::new("../.parts/anna")),
        ("above", Path::new("..")),
        ("root", Path::new("/")),
        ("in-the-middle", Path::new("d/../../../outside")),
        ("chain", Path::new("relative")),
        ("chain-of-chains", Path::new("chain/secret")),
        ("d/deeper", Path::new("../../../outside")),
    ];
    for (name, target) in &links {
        world.link(target, name);
    }
    for (name, target) in &links {
        check_hidden(&world, name);
        let found = fs::read_link(world.path(name)).expect("the link");
        assert_eq!(&found, target);
    }
    assert_eq!(names(&mut world.anna(), ""), ["d", "plain"]);
    assert!(names(&mut world.anna(), "d").is_empty());
    check_untouched(&world);
    // A directory that holds nothing else is not empty all the same.
    world.anna().ask("rmdir d", "401 reason=not-empty");
}

#[test]
fn pipes_sockets_and_devices_are_hidden() {
    let world = World::new().start();
    world.anna().put("plain", b"x");
    let mut made = vec!["pipe", "socket", "link-to-a-pipe"];
    special(&world, "pipe", FileType::Fifo, 0).expect("a pipe");
    world.link("pipe", "link-to-a-pipe");
    let _held = UnixListener::bind(world.path("socket")).expect("a socket");
    let null = makedev(1, 3);
    match special(&world, "device", FileType::CharacterDevice, null) {
        Ok(()) => made.push("device"),
        Err(errno) => eprintln!("not tested: devices ({errno})"),
    }
    for name in made {
        check_hidden(&world, name);
        assert!(world.path(name).symlink_metadata().is_ok());
    }
    assert_eq!(names(&mut world.anna(), ""), ["plain"]);
    assert_eq!(world.anna().quota("used"), 1);
}

#[test]
fn links_that_lead_nowhere_are_shown_and_can_be_removed() {
    let world = World::new().start();
    world.link("nothing", "dead");
    world.link("loop-b", "loop-a");
    world.link("loop-a", "loop-b");
    world.link("self", "self");
    let mut anna = world.anna();
    anna.put("plain", b"x");
    world.link("plain/x", "through-a-file");
    for name in ["dead", "loop-a", "self", "through-a-file"] {
        let lines = anna.dir(name);
        assert!(lines[0].starts_with("l "), "{lines:?}");
        for verb in ["cd", "get", "rmdir"] {
            anna.ask(&format!("{verb} {name}"), "402 reason=not-found");
        }
        anna.ask(&format!("put {name} size=1"), "401 reason=denied");
        anna.ask(&format!("mkdir {name}"), "403 reason=exists");
        anna.ask(&format!("mv plain {name}"), "403 reason=exists");
        anna.ask(&format!("mv {name} moved"), "201");
        assert!(world.path("moved").is_symlink());
        anna.ask("rm moved", "201");
        assert!(!world.path(name).is_symlink());
    }
    assert_eq!(names(&mut anna, ""), ["loop-b", "plain"]);
    assert_eq!(anna.quota("used"), 1);
}

#[test]
fn links_that_stay_inside_work() {
    let world = World::new().start();
    let mut anna = world.anna();
    anna.ask("mkdir d", "201");
    anna.ask("mkdir d/e", "201");
    anna.put("d/f", b"content");
    world.link("d", "to-d");
    world.link("d/../d/f", "to-f");
    world.link("to-d", "to-to-d");
    world.link(".", "here");
    anna.ask("cd to-to-d/e", "201 path=/to-to-d/e");
    anna.ask("cd ../..", "201 path=/");
    assert_eq!(names(&mut anna, "to-d"), ["e", "f"]);
    assert!(anna.dir("to-f")[0].starts_with("l "));
    assert_eq!(anna.get("to-f"), b"content");
    assert_eq!(anna.get("here/here/to-to-d/f"), b"content");
    anna.ask("get to-f have=7", "203 size=7");
    anna.put("to-d/g", b"more");
    assert_eq!(anna.get("d/g"), b"more");
    anna.ask("mkdir to-d/h", "201 path=/to-d/h");
    anna.ask("rmdir to-d/h", "201");
    anna.ask("mv to-d/g here/g", "201");
    anna.ask("rm here/g", "201");
    anna.ask("mv d to-d/e/x", "401 reason=denied");
    anna.ask("mkdir to-d", "403 reason=exists");
    anna.ask("put to-d size=1", "403 reason=exists");
    anna.ask("mv to-f to-d", "403 reason=exists");
    anna.ask("rmdir to-d", "402 reason=not-found");
    anna.ask("rm to-d", "201");
    assert_eq!(names(&mut anna, "d"), ["e", "f"]);
    assert_eq!(anna.quota("used"), 7);
}

#[test]
fn a_link_that_takes_the_name_of_an_upload_is_not_replaced() {
    let world = World::new().start();
    let outside = outside(&world);
    let mut anna = world.anna();
    anna.begin_put("f", b"content");
    world.link(outside.join("secret"), "f");
    anna.send(b"content");
    anna.expect("401 reason=denied");
    assert!(world.path("f").is_symlink());
    check_untouched(&world);
    fs::remove_file(world.path("f")).expect("the link");
    assert_eq!(anna.begin_put("f", b"content"), 7);
    anna.expect("201 size=7");
    assert_eq!(anna.get("f"), b"content");
}

#[test]
fn a_directory_that_became_a_link_under_the_session_is_gone() {
    let world = World::new().start();
    outside(&world);
    let mut anna = world.anna();
    let mut writer = world.anna();
    anna.ask("mkdir d", "201");
    anna.put("d/plain", b"x");
    anna.ask("cd d", "201 path=/d");
    writer.begin_put("d/secret", b"new");
    fs::rename(world.path("d"), world.path("moved")).expect("a folder");
    world.link("../../outside", "d");
    check_missing(&mut anna, "secret");
    anna.ask("dir", "402 reason=not-found");
    anna.ask("cd .", "402 reason=not-found");
    anna.ask("pwd", "201 path=/d");
    writer.send(b"new");
    writer.expect("402 reason=not-found");
    anna.ask("cd /", "201 path=/");
    assert_eq!(names(&mut anna, ""), ["moved"]);
    assert_eq!(anna.get("moved/plain"), b"x");
    assert_eq!(anna.quota("parts"), 3);
    check_untouched(&world);
}

/// Whatever is asked of this path, nothing is found, and nothing can be
/// made: its directory is missing.
#[track_caller]
fn check_missing(peer: &mut Peer, path: &str) {
    for command in [
        "cd @",
        "dir @",
        "get @",
        "get @ have=1",
        "rm @",
        "rmdir @",
        "mv @ free",
        "mkdir @",
        "put @ size=1",
        "mv /plain @",
    ] {
        let line = command.replace('@', path);
        peer.ask(&line, "402 reason=not-found");
    }
}

/// Every command's answer to a name that is there and must not be seen.
#[track_caller]
fn check_hidden(world: &Running, name: &str) {
    let mut anna = world.anna();
    for command in [
        "cd @",
        "dir @",
        "get @",
        "get @ have=1",
        "rm @",
        "rmdir @",
        "mv @ free",
        "mv @ @",
    ] {
        let line = command.replace('@', name);
        anna.ask(&line, "402 reason=not-found");
    }
    for command in ["mkdir @", "put @ size=1", "mv plain @"] {
        let line = command.replace('@', name);
        anna.ask(&line, "401 reason=denied");
    }
    check_missing(&mut anna, &format!("{name}/secret"));
    check_missing(&mut anna, &format!("{name}/../{name}/secret"));
    anna.ask("get plain have=1", "203 size=1");
}

/// A folder beside the homes, with a file in it.
fn outside(world: &Running) -> std::path::PathBuf {
    let outside = world.path("../../outside");
    fs::create_dir(&outside).expect("a folder");
    fs::write(outside.join("secret"), SECRET).expect("a file");
    outside.canonicalize().expect("a folder")
}

/// The folder beside the homes is as it was made.
#[track_caller]
fn check_untouched(world: &Running) {
    let outside = world.path("../../outside");
    let secret = fs::read(outside.join("secret")).expect("the file");
    assert_eq!(secret, SECRET);
    assert_eq!(fs::read_dir(outside).expect("the folder").count(), 1);
}

fn special(
    world: &Running,
    name: &str,
    kind: FileType,
    device: u64,
) -> rustix::io::Result<()> {
    mknodat(CWD, world.path(name), kind, Mode::RUSR | Mode::WUSR, device)
}

#[track_caller]
fn names(peer: &mut Peer, path: &str) -> Vec<String> {
    let name = |line: &String| line.rsplit(' ').next().map(str::to_owned);
    peer.dir(path).iter().filter_map(name).collect()
}

const SECRET: &[u8] = b"not for anna";
