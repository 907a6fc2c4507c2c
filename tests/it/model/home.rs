//! The model: a home as a map of names, the kept parts as another, and the
//! replies that the protocol wants (`docs/native-protocol.md` §4 to §6).

use std::{collections::BTreeMap, fs, path::Path};

use super::step::{Content, Step};

/// A user's home and the places of two sessions in it.
#[derive(Default)]
pub struct Home {
    /// By name from `/`, which itself is not in here; `None` is a
    /// directory.
    entries: Entries,
    /// What broke off, by name, and how many bytes of it are there.
    parts: BTreeMap<String, (Content, usize)>,
    /// Where the sessions are; nothing is the root.
    here: [String; 2],
}

/// Names and contents.
pub type Entries = BTreeMap<String, Option<Vec<u8>>>;

impl Home {
    /// Does what a session is asked for, and gives the replies.
    pub fn take(&mut self, who: usize, step: &Step) -> String {
        let here = self.here[who].clone();
        // §4: where the current directory is gone, a relative name is
        // nothing, also one that leads out of it.
        let climbs = |path: &str| {
            !path.starts_with('/') && path.split('/').any(|it| it == "..")
        };
        if !self.is_directory(&here) && step.paths().into_iter().any(climbs) {
            return NOT_FOUND.into();
        }
        let at = |path: &str| resolve(&here, path);
        match step {
            Step::Cd(path) => {
                let to = path.map_or(String::new(), at);
                if !self.is_directory(&to) {
                    return NOT_FOUND.into();
                }
                self.here[who] = to;
                self.said(who)
            }
            Step::Pwd => self.said(who),
            Step::Mkdir(path) => self.make(at(path)),
            Step::Rmdir(path) => self.remove_directory(&at(path)),
            Step::Rm(path) => self.remove(&at(path)),
            Step::Mv(from, to) => self.rename(&at(from), &at(to)),
            Step::Dir(path) => self.list(&at(path)),
            Step::Get { file, have, digest } => {
                self.get(&at(file), *have, *digest)
            }
            Step::Put { file, content, digest } => {
                let identity = digest.then_some(*content);
                self.put(at(file), *content, identity, content.size)
            }
            Step::Break { file, content, sent } => {
                self.here[who].clear();
                self.put(at(file), *content, Some(*content), *sent)
            }
            Step::Lie { file, content } => {
                let other = Content { kind: b'?', ..*content };
                self.put(at(file), *content, Some(other), content.size)
            }
        }
    }

    /// The reply to `quota`.
    pub fn quota(&self) -> String {
        let (used, parts) = (self.used(), self.parts_used());
        let available = QUOTA - used;
        format!(
            "201 quota={QUOTA} used={used} parts={parts} available={available}"
        )
    }

    /// What must be on the disk.
    pub fn files(&self) -> Entries {
        self.entries.clone()
    }

    fn said(&self, who: usize) -> String {
        match self.here[who].as_str() {
            "" => "201 path=/".into(),
            here => format!("201 path={here}"),
        }
    }

    fn make(&mut self, path: String) -> String {
        if self.exists(&path) {
            return EXISTS.into();
        }
        if !self.is_directory(parent(&path)) {
            return NOT_FOUND.into();
        }
        let made = format!("201 path={path}");
        self.entries.insert(path, None);
        made
    }

    fn remove_directory(&mut self, path: &str) -> String {
        if path.is_empty() {
            return DENIED.into();
        }
        if !self.is_directory(path) {
            return NOT_FOUND.into();
        }
        if self.below(path).next().is_some() {
            return "401 reason=not-empty".into();
        }
        self.entries.remove(path);
        "201".into()
    }

    fn remove(&mut self, path: &str) -> String {
        match self.entries.get(path) {
            Some(Some(_)) => {
                self.entries.remove(path);
                "201".into()
            }
            Some(None) => NOT_FOUND.into(),
            None if self.parts.remove(path).is_some() => "201".into(),
            None => NOT_FOUND.into(),
        }
    }

    fn rename(&mut self, from: &str, to: &str) -> String {
        if from.is_empty() {
            return DENIED.into();
        }
        if !self.exists(from) {
            return NOT_FOUND.into();
        }
        if self.exists(to) {
            return EXISTS.into();
        }
        if !self.is_directory(parent(to)) {
            return NOT_FOUND.into();
        }
        if to.starts_with(&format!("{from}/")) {
            return DENIED.into();
        }
        let inside: Vec<_> = self.below(from).map(str::to_owned).collect();
        for name in inside.into_iter().chain([from.to_owned()]) {
            let entry = self.entries.remove(&name).expect("it was found");
            self.entries.insert(format!("{to}{}", &name[from.len()..]), entry);
        }
        "201".into()
    }

    fn list(&self, path: &str) -> String {
        let names: Vec<_> = if self.is_directory(path) {
            self.below(path).filter(|name| parent(name) == path).collect()
        } else if self.exists(path) {
            vec![path]
        } else {
            return NOT_FOUND.into();
        };
        let mut shown = format!("201 entries={}", names.len());
        for name in names {
            let last = &name[name.rfind('/').map_or(0, |at| at + 1)..];
            shown += &match &self.entries[name] {
                Some(content) => format!(", f {} {last}", content.len()),
                None => format!(", d 0 {last}"),
            };
        }
        shown
    }

    fn get(&self, path: &str, have: Option<Content>, digest: bool) -> String {
        let Some(Some(file)) = self.entries.get(path) else {
            return NOT_FOUND.into();
        };
        let size = file.len();
        let held = have.filter(|have| {
            have.size <= size && (!digest || file.starts_with(&have.bytes()))
        });
        let offset = match held {
            Some(have) if have.size == size => {
                return format!("203 size={size}");
            }
            Some(have) => have.size,
            None => 0,
        };
        let code = if offset > 0 { 205 } else { 405 };
        let bytes = String::from_utf8_lossy(&file[offset..]);
        let length = size - offset;
        format!(
            "{code} offset={offset} length={length} size={size}, \
             {bytes}, 201 size={size}"
        )
    }

    fn put(
        &mut self,
        path: String,
        content: Content,
        identity: Option<Content>,
        sent: usize,
    ) -> String {
        if self.is_directory(&path) {
            return EXISTS.into();
        }
        if !self.is_directory(parent(&path)) {
            return NOT_FOUND.into();
        }
        let size = content.size;
        if let Some(identity) = identity
            && self.entries.get(&path) == Some(&Some(identity.bytes()))
        {
            return format!("203 size={size}");
        }
        let kept = self.parts.get(&path).copied();
        let offset = match kept {
            Some((kept, length)) if Some(kept) == identity => length,
            _ => 0,
        };
        if offset == 0 {
            self.parts.remove(&path);
        }
        let (needed, available) = (size - offset, QUOTA - self.used());
        if needed as u64 > available {
            return format!(
                "404 reason=over-quota needed={needed} available={available}"
            );
        }
        let code = if offset > 0 { 205 } else { 405 };
        let begin =
            format!("202 available={available}, {code} offset={offset}, ");
        self.parts.remove(&path);
        if sent < size {
            let length = offset + sent.min(size - offset - 1);
            if length > 0 {
                self.parts.insert(path, (content, length));
            }
            return begin;
        }
        if identity.is_some_and(|identity| identity.bytes() != content.bytes())
        {
            return begin + "401 reason=digest-mismatch";
        }
        self.entries.insert(path, Some(content.bytes()));
        format!("{begin}201 size={size}")
    }

    fn exists(&self, path: &str) -> bool {
        path.is_empty() || self.entries.contains_key(path)
    }

    fn is_directory(&self, path: &str) -> bool {
        path.is_empty() || self.entries.get(path) == Some(&None)
    }

    /// All names inside a directory, and inside of those.
    fn below(&self, path: &str) -> impl Iterator<Item = &str> {
        let inside = format!("{path}/");
        let names = self.entries.keys().map(String::as_str);
        names.filter(move |name| name.starts_with(&inside))
    }

    fn used(&self) -> u64 {
        let files = self.entries.values().flatten();
        let files: usize = files.map(Vec::len).sum();
        files as u64 + self.parts_used()
    }

    fn parts_used(&self) -> u64 {
        self.parts.values().map(|(_, length)| *length as u64).sum()
    }
}

/// What is on the disk below a folder.
pub fn found(folder: &Path) -> Entries {
    let mut entries = Entries::new();
    let mut open = vec![(folder.to_owned(), String::new())];
    while let Some((folder, name)) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let last = entry.file_name().into_string().expect("plain names");
            let name = format!("{name}/{last}");
            if entry.path().is_dir() {
                open.push((entry.path(), name.clone()));
                entries.insert(name, None);
            } else {
                let content = fs::read(entry.path()).expect("a file");
                entries.insert(name, Some(content));
            }
        }
    }
    entries
}

/// A path by its text, without its last `/`: the root is nothing.
fn resolve(here: &str, path: &str) -> String {
    let here = if path.starts_with('/') { "" } else { here };
    let mut names: Vec<_> = here.split('/').collect();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.retain(|name| !name.is_empty());
    names.iter().map(|name| format!("/{name}")).collect()
}

fn parent(path: &str) -> &str {
    &path[..path.rfind('/').unwrap_or(0)]
}

/// Small, so that it is often full.
pub const QUOTA: u64 = 1200;

const DENIED: &str = "401 reason=denied";
const EXISTS: &str = "403 reason=exists";
const NOT_FOUND: &str = "402 reason=not-found";
