//! A tree of many files, sent and fetched back by lftp's mirror: three
//! times the same tree.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use libtest_mimic::Failed;
use tempfile::TempDir;

use crate::{
    client::Way, lftp, operation::ROOMY_USER, peer::pattern, program::Program,
    run::run,
};

/// Sends a tree, fetches it into another folder, and compares.
///
/// # Errors
///
/// What lftp says, where it fails or does not end.
pub fn there_and_back() -> Result<(), Failed> {
    let count = env::var(COUNT_VARIABLE).map_or(FILES, |count| {
        count.parse().expect("the variable holds a number")
    });
    let server = Program::settings(SETTINGS).start();
    let folders = TempDir::new().expect("a temporary folder");
    let here = folders.path().join("here");
    fs::create_dir(&here).expect("a folder");
    plant(&here.join("tree"), count);
    let port = server.ftp_address.expect("the settings say so").port();
    for commands in ["mirror -R tree sent", "mirror sent back"] {
        let way = lftp::session(ROOMY_USER, port, commands);
        let Way::Call(call) = way else { unreachable!("it is a call") };
        let ran = run(&call, &here, folders.path())?;
        if ran.code != Some(0) {
            return Err(format!("{commands}: {ran:?}").into());
        }
    }
    let planted = gather(&here.join("tree"));
    assert_eq!(planted.values().flatten().count(), count);
    assert!(planted == gather(&server.path("sent")), "what was sent differs");
    assert!(planted == gather(&here.join("back")), "what came back differs");
    server.stop();
    Ok(())
}

/// Files of all small sizes, in folders three deep, under names of all
/// kinds; some folders are empty.
fn plant(root: &Path, count: usize) {
    for number in 0..count {
        let folder = root
            .join(format!("folder {}", number % 31))
            .join(format!("目录 {}", number % 3));
        fs::create_dir_all(&folder).expect("a folder");
        let name = match number % 4 {
            0 => format!("{number}.txt"),
            1 => format!("two words {number}"),
            2 => format!("文件 {number}.bin"),
            _ => format!("-{number}[a]'\"\\&%41;#.x"),
        };
        let content = pattern(number * 37 % SIZES, 1);
        fs::write(folder.join(name), content).expect("a file");
    }
    fs::create_dir(root.join("empty")).expect("a folder");
}

/// All that is below a folder: contents of files, `None` for folders.
fn gather(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below").to_owned();
            if path.is_dir() {
                found.insert(name, None);
                open.push(path);
            } else {
                let content = fs::read(path).expect("a file");
                found.insert(name, Some(content));
            }
        }
    }
    found
}

const SETTINGS: &str = "\
listen: {native: \"127.0.0.1:0\", ftp: \"127.0.0.1:0\"}
default_quota: 1GiB
";

/// Enough to meet all kinds of names, few enough not to be waited for.
const FILES: usize = 300;

/// Another number of files, for who wants to wait.
const COUNT_VARIABLE: &str = "FTPOOL_MIRROR_FILES";

/// One more than the largest file's bytes.
const SIZES: usize = 9000;
