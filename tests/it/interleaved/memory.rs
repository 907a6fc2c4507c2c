//! A user's home as the protocol's text describes it, in memory: a tree, the
//! kept parts, what is reserved, and where each session stands. It is written
//! from `docs/native-protocol.md`, sections 4 to 7, and from nothing else.
//!
//! Must not know: the disk, or how the server does it.

use std::collections::BTreeMap;

use ftpool::session::{
    Digest, EntryKind, Held, PathText, QuotaReport, Refused, Request,
};

use super::{answer::Answer, digest};

/// Everything that two sessions of one user can tell.
pub struct Memory {
    quota: u64,
    nodes: BTreeMap<String, Node>,
    parts: BTreeMap<String, Part>,
    here: [String; 2],
    incoming: [Option<Incoming>; 2],
}

/// The home's content by path: a file's bytes, `None` for a directory.
pub type Tree = BTreeMap<String, Node>;
pub type Node = Option<Vec<u8>>;

/// What makes two uploads the same: length and digest.
type Identity = (u64, Digest);

/// The one kept part of a name, as it was when it was last put down.
struct Part {
    identity: Identity,
    bytes: Vec<u8>,
    in_use: bool,
}

/// An upload under way.
struct Incoming {
    path: String,
    size: u64,
    identity: Option<Identity>,
    /// It is the one that fills the name's kept part.
    holds_part: bool,
    reserved: u64,
    bytes: Vec<u8>,
}

impl Memory {
    /// An empty home, both sessions at its root.
    pub fn new(quota: u64) -> Memory {
        Memory {
            quota,
            nodes: BTreeMap::from([(String::from("/"), None)]),
            parts: BTreeMap::new(),
            here: [String::from("/"), String::from("/")],
            incoming: [None, None],
        }
    }

    pub fn tree(&self) -> &Tree {
        &self.nodes
    }

    /// The file of a name, from where a session stands.
    pub fn file(&self, who: usize, name: &PathText) -> Option<&[u8]> {
        self.nodes.get(&self.resolve(who, name))?.as_deref()
    }

    /// Where the session's upload is to go, if there is one.
    pub fn uploading(&self, who: usize) -> Option<&str> {
        self.incoming[who].as_ref().map(|upload| upload.path.as_str())
    }

    /// The bytes of every part, growing ones too, in the bytes' order.
    pub fn part_bytes(&self) -> Vec<Vec<u8>> {
        let kept = self.parts.values().filter(|part| !part.in_use);
        let growing = self.incoming.iter().flatten();
        let mut all: Vec<_> = kept
            .map(|part| part.bytes.clone())
            .chain(growing.map(|upload| upload.bytes.clone()))
            .collect();
        all.sort();
        all
    }

    pub fn report(&self) -> QuotaReport {
        let files = self.nodes.values().flatten().map(Vec::len).sum::<usize>();
        let parts =
            self.parts.values().map(|part| part.bytes.len()).sum::<usize>();
        let used = (files + parts) as u64;
        let taken = used + self.reserved();
        let available = self.quota.saturating_sub(taken);
        QuotaReport { quota: self.quota, used, parts: parts as u64, available }
    }

    /// What uploads under way have set aside, in bytes.
    pub fn reserved(&self) -> u64 {
        self.incoming.iter().flatten().map(|upload| upload.reserved).sum()
    }

    /// The answer to a request of one of the sessions.
    pub fn ask(&mut self, who: usize, request: &Request) -> Answer {
        let at = |name: &PathText| self.resolve(who, name);
        match request {
            Request::ChangeDirectory { to } => {
                let to = to.as_ref().map_or_else(|| String::from("/"), at);
                self.change_directory(who, to)
            }
            Request::MakeDirectory { path } => self.make_directory(at(path)),
            Request::CurrentDirectory => {
                Answer::Directory(self.here[who].clone())
            }
            Request::List { path } => {
                let here = || self.here[who].clone();
                self.list(&path.as_ref().map_or_else(here, at))
            }
            Request::Download { file, held } => self.download(at(file), *held),
            Request::Upload { file, size, digest } => {
                let identity = digest.map(|digest| (*size, digest));
                self.begin_upload(who, at(file), *size, identity)
            }
            Request::Remove { file } => self.remove(&at(file)),
            Request::RemoveDirectory { path } => {
                self.remove_directory(&at(path))
            }
            Request::Rename { from, to } => self.rename(&at(from), at(to)),
            Request::Quota => Answer::Quota(self.report()),
            Request::SignIn { .. }
            | Request::Nothing
            | Request::Help
            | Request::Quit => unreachable!("no step asks this"),
        }
    }

    fn change_directory(&mut self, who: usize, to: String) -> Answer {
        if !self.is_directory(&to) {
            return Refused::NotFound.into();
        }
        self.here[who].clone_from(&to);
        Answer::Directory(to)
    }

    fn make_directory(&mut self, path: String) -> Answer {
        if self.nodes.contains_key(&path) {
            return Refused::Exists.into();
        }
        if !self.is_directory(parent(&path)) {
            return Refused::NotFound.into();
        }
        self.nodes.insert(path.clone(), None);
        Answer::Made(path)
    }

    fn list(&self, path: &str) -> Answer {
        let entry = |(path, node): (&String, &Node)| {
            let (kind, size) = match node {
                None => (EntryKind::Directory, 0),
                Some(bytes) => (EntryKind::File, bytes.len() as u64),
            };
            (kind, size, name(path).to_owned())
        };
        let is_shown = |found: &str| match self.nodes.get(path) {
            Some(None) => found != "/" && parent(found) == path,
            Some(Some(_)) | None => found == path,
        };
        let shown = self.nodes.iter().filter(|(found, _)| is_shown(found));
        let mut entries: Vec<_> = shown.map(entry).collect();
        entries.sort_by(|a, b| a.2.cmp(&b.2));
        if self.nodes.contains_key(path) {
            Answer::Listing(entries)
        } else {
            Refused::NotFound.into()
        }
    }

    /// The table of section 5, from the top.
    fn download(&self, path: String, held: Option<Held>) -> Answer {
        let Some(Some(file)) = self.nodes.get(&path) else {
            return Refused::NotFound.into();
        };
        let size = file.len() as u64;
        let begins = held.filter(|held| {
            let start = file.get(..held.length as usize);
            start.is_some_and(|start| {
                held.digest.is_none_or(|wanted| wanted == digest(start))
            })
        });
        let offset = match begins {
            Some(held) if held.length == size => return Answer::Same(size),
            Some(held) => held.length,
            None => 0,
        };
        let bytes = file[offset as usize..].to_vec();
        Answer::Download { path, offset, size, bytes }
    }

    fn remove(&mut self, path: &str) -> Answer {
        match self.nodes.get(path) {
            Some(Some(_)) => {
                self.nodes.remove(path);
                Answer::Removed
            }
            None if self.parts.get(path).is_some_and(|part| !part.in_use) => {
                self.parts.remove(path);
                Answer::Removed
            }
            Some(None) | None => Refused::NotFound.into(),
        }
    }

    fn remove_directory(&mut self, path: &str) -> Answer {
        if path == "/" {
            return Refused::Denied.into();
        }
        if !self.is_directory(path) {
            return Refused::NotFound.into();
        }
        if self.nodes.keys().any(|found| found != "/" && parent(found) == path)
        {
            return Refused::NotEmpty.into();
        }
        self.nodes.remove(path);
        Answer::Removed
    }

    /// In the order of 7.11.
    fn rename(&mut self, from: &str, to: String) -> Answer {
        if from == "/" {
            return Refused::Denied.into();
        }
        if !self.nodes.contains_key(from) {
            return Refused::NotFound.into();
        }
        if self.nodes.contains_key(&to) {
            return Refused::Exists.into();
        }
        if !self.is_directory(parent(&to)) {
            return Refused::NotFound.into();
        }
        let inside = format!("{from}/");
        if to.starts_with(&inside) {
            return Refused::Denied.into();
        }
        let names: Vec<String> = self.nodes.keys().cloned().collect();
        for name in names {
            if name == from || name.starts_with(&inside) {
                let node = self.nodes.remove(&name).expect("it is there");
                self.nodes
                    .insert(format!("{to}{}", &name[from.len()..]), node);
            }
        }
        Answer::Renamed
    }

    /// In the order of 7.12.
    fn begin_upload(
        &mut self,
        who: usize,
        path: String,
        size: u64,
        identity: Option<Identity>,
    ) -> Answer {
        if self.is_directory(&path) {
            return Refused::Exists.into();
        }
        if !self.is_directory(parent(&path)) {
            return Refused::NotFound.into();
        }
        if let Some(Some(old)) = self.nodes.get(&path)
            && identity == Some((old.len() as u64, digest(old)))
        {
            return Answer::Same(size);
        }
        if let Some(part) = self.parts.get(&path)
            && !part.in_use
            && Some(part.identity) != identity
        {
            self.parts.remove(&path);
        }
        let part = self.parts.get(&path);
        let holds_part =
            identity.is_some() && part.is_none_or(|part| !part.in_use);
        let bytes = part
            .filter(|_| holds_part)
            .map_or_else(Vec::new, |part| part.bytes.clone());
        let offset = bytes.len() as u64;
        let (needed, available) = (size - offset, self.report().available);
        if needed > available {
            return Refused::OverQuota { needed, available }.into();
        }
        if holds_part && let Some(identity) = identity {
            let part = Part { identity, bytes: bytes.clone(), in_use: true };
            self.parts.insert(path.clone(), part);
        }
        self.incoming[who] = Some(Incoming {
            path: path.clone(),
            size,
            identity,
            holds_part,
            reserved: needed,
            bytes,
        });
        Answer::Upload { path, offset, available, remaining: needed }
    }

    /// Bytes arrive for the session's upload.
    pub fn receive(&mut self, who: usize, bytes: &[u8]) {
        let upload = self.incoming[who].as_mut().expect("an upload");
        upload.bytes.extend_from_slice(bytes);
    }

    /// All bytes have arrived.
    pub fn finish(&mut self, who: usize) -> Answer {
        let upload = self.put_down(who);
        let Incoming { path, size, bytes, .. } = &upload;
        if upload.identity.is_some_and(|(_, wanted)| wanted != digest(bytes)) {
            return Refused::DigestMismatch.into();
        }
        let refused = if !self.is_directory(parent(path)) {
            Refused::NotFound
        } else if self.is_directory(path) {
            Refused::Exists
        } else {
            self.nodes.insert(path.clone(), Some(bytes.clone()));
            return Answer::Stored(*size);
        };
        self.keep(upload);
        refused.into()
    }

    /// The session's upload ends before its bytes do.
    pub fn break_off(&mut self, who: usize) {
        let upload = self.put_down(who);
        self.keep(upload);
    }

    /// Takes an upload out, and the part that it holds.
    fn put_down(&mut self, who: usize) -> Incoming {
        let upload = self.incoming[who].take().expect("an upload");
        if upload.holds_part {
            self.parts.remove(&upload.path);
        }
        upload
    }

    /// 7.14. A name has one part: where another upload is filling it, there
    /// is no place for what this one leaves.
    fn keep(&mut self, upload: Incoming) {
        let Some(identity) = upload.identity else { return };
        let gives_way = |part: &Part| {
            !part.in_use
                && (part.identity != identity
                    || part.bytes.len() < upload.bytes.len())
        };
        if !upload.bytes.is_empty()
            && self.parts.get(&upload.path).is_none_or(gives_way)
        {
            let bytes = upload.bytes;
            let part = Part { identity, bytes, in_use: false };
            self.parts.insert(upload.path, part);
        }
    }

    fn is_directory(&self, path: &str) -> bool {
        matches!(self.nodes.get(path), Some(None))
    }

    /// By its text alone.
    fn resolve(&self, who: usize, name: &PathText) -> String {
        let name = String::from_utf8_lossy(name.as_bytes());
        let here = if name.starts_with('/') { "" } else { &self.here[who] };
        let mut names: Vec<&str> = Vec::new();
        for name in here.split('/').chain(name.split('/')) {
            match name {
                "" | "." => {}
                ".." => {
                    names.pop();
                }
                name => names.push(name),
            }
        }
        format!("/{}", names.join("/"))
    }
}

fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}
