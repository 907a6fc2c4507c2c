//! The repository tests itself: what the compiler and the linter do not
//! see, and what ARCHITECTURE.md promises.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

#[test]
fn every_file_says_first_what_it_is_for() {
    for file in sources(&["."]) {
        let first = file.text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! "), "{}: {first:?}", file.name);
    }
}

#[test]
fn files_are_short_but_for_those_with_a_reason() {
    let long: BTreeSet<_> = sources(&["."])
        .into_iter()
        .filter(|file| file.text.lines().count() > LINES_MAX)
        .map(|file| file.name)
        .collect();
    let listed = LONG_FILES.iter().map(|(name, _)| name.to_string());
    assert_eq!(long, listed.collect(), "these have more than {LINES_MAX}");
}

#[test]
fn digits_of_status_codes_stand_in_one_file_a_dialect() {
    for file in sources(&["src"]) {
        if ["src/native/code.rs", "src/ftp/code.rs"].contains(&&*file.name) {
            continue;
        }
        for (number, line) in file.lines_of_code() {
            let mut quoted = line.split('"').skip(1).step_by(2);
            let found = quoted.find(|text| begins_with_code(text));
            assert_eq!(found, None, "{}:{number}", file.name);
        }
    }
}

/// Who may know whom: the arrow of ARCHITECTURE.md.
#[test]
fn the_core_knows_no_socket_and_no_dialect() {
    let walls: [(&str, &[&str]); 5] = [
        (
            "src/session",
            &[
                "native::", "ftp::", "net::", "stream::", "client::",
                "server::",
            ],
        ),
        ("src/ftp", &["native::", "crate::net", "client::", "crate::server"]),
        ("src/native", &["ftp::", "net::", "client::", "server::"]),
        ("src/stream", &["native::", "crate::net", "session::", "server::"]),
        ("src/client", &["House", "crate::net", "server::"]),
    ];
    for (folder, strangers) in walls {
        for file in sources(&[folder]) {
            for (number, line) in file.lines_of_code() {
                let met = strangers.iter().find(|name| line.contains(*name));
                assert_eq!(met, None, "{}:{number}: {line}", file.name);
            }
        }
    }
}

#[test]
fn only_these_touch_the_disk_by_its_paths() {
    let without: BTreeSet<_> = sources(&["src"])
        .into_iter()
        .filter(|file| file.text.contains("clippy::disallowed_methods"))
        .map(|file| file.name)
        .collect();
    let listed = ON_THE_DISK.iter().map(|(name, _)| name.to_string());
    assert_eq!(without, listed.collect());
    let rules = read(&root().join("clippy.toml"));
    for name in ["std::fs::File::open", "std::fs::rename", "thread::spawn"] {
        assert!(rules.contains(name), "clippy.toml does not name {name}");
    }
}

#[test]
fn nothing_is_left_out_or_left_for_later() {
    let words = [
        concat!("#[", "ignore"),
        concat!("#[", "allow("),
        concat!("#![", "allow("),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
    ];
    for file in sources(&["."]) {
        for word in words {
            assert!(!file.text.contains(word), "{}: {word}", file.name);
        }
    }
}

#[test]
fn files_are_called_by_what_they_do() {
    for file in sources(&["."]) {
        let path = Path::new(&file.name);
        let mut names = path.iter().filter_map(|name| name.to_str());
        let bad = names.find(|name| {
            let stem = name.trim_end_matches(".rs");
            ["common", "helpers", "manager", "misc", "util", "utils"]
                .contains(&stem)
        });
        assert_eq!(bad, None, "{}", file.name);
    }
}

/// The table of verbs is the truth, and the page says all of it.
#[test]
fn the_page_on_ftp_has_every_command() {
    // A bar in a cell is escaped.
    let page = read(&root().join("docs/ftp.md")).replace("\\|", "\0");
    let rows: Vec<_> = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split('|');
            let (words, form) = (cells.next()?.trim(), cells.next()?.trim());
            Some((words, form.replace('\0', "|")))
        })
        .collect();
    for row in ftpool::ftp::verb::VERBS {
        let told = rows.iter().any(|(words, form)| {
            words.split(' ').any(|word| word == row.word)
                && (words.contains(' ') || form == row.form)
        });
        assert!(told, "{} {}", row.word, row.form);
    }
}

#[test]
fn the_judge_links_nothing_of_ours() {
    let manifest = read(&root().join("conformance/Cargo.toml"));
    let links = manifest.lines().any(|line| {
        line.starts_with("ftpool =") || line.starts_with("ftpool.")
    });
    assert!(!links && !manifest.contains("path = \"..\""));
}

/// A file of the repository.
struct Source {
    /// From the repository's root.
    name: String,
    text: String,
}

impl Source {
    /// Its numbered lines without comments, up to its own tests.
    fn lines_of_code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.name.ends_with("/tests.rs");
        let lines = self.text.lines().zip(1..);
        lines
            .take_while(move |(line, _)| !tests && *line != "#[cfg(test)]")
            .filter(|(line, _)| !line.trim_start().starts_with("//"))
            .map(|(line, number)| (number, line))
    }
}

/// All Rust files below the folders.
fn sources(folders: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut open: Vec<_> =
        folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.expect("a plain name");
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                open.push(path);
            } else if name.ends_with(".rs") {
                let text = read(&path);
                let name = path.strip_prefix(root()).expect("it is below");
                let name = name.to_str().expect("a plain name");
                let name = name.trim_start_matches("./").to_owned();
                found.push(Source { name, text });
            }
        }
    }
    assert!(!found.is_empty(), "{folders:?} hold nothing");
    found
}

fn begins_with_code(text: &str) -> bool {
    let digits: String =
        text.chars().take_while(char::is_ascii_digit).collect();
    let reply = digits.len() == 3
        && ('1'..='5').contains(&text.chars().next().unwrap_or(' '))
        && text[3..].starts_with([' ', '-']);
    reply || CODES.contains(&digits.as_str())
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file of text")
}

const CODES: [&str; 12] = [
    "000", "200", "201", "202", "203", "205", "400", "401", "402", "403",
    "404", "405",
];

/// A longer file is hard to keep in mind.
const LINES_MAX: usize = 500;

/// Files that are longer, and why.
const LONG_FILES: [(&str, &str); 2] = [
    ("tests/it/hostile.rs", "a table of what a peer may send"),
    ("tests/it/settings.rs", "a table of good and bad settings"),
];

/// Files that clippy.toml's rules about the disk are not for, and why.
const ON_THE_DISK: [(&str, &str); 6] = [
    ("src/admin/user.rs", "removes a home"),
    ("src/client/mod.rs", "all of the client: its user's own files"),
    ("src/root.rs", "makes the root's folders, and locks it"),
    ("src/session/jail.rs", "makes the handles that nothing climbs out of"),
    ("src/settings/file.rs", "reads the settings, writes the demo settings"),
    ("src/users.rs", "the database is one file a user"),
];
