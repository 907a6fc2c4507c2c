//! Which parts of broken uploads are kept, by name and identity, and how
//! they are called on the disk, so that they are found again after a crash.
//!
//! Must not know: the disk itself, the ledger's arithmetic.

use std::collections::HashMap;

use super::{path::VPath, request::Digest};

/// What makes two uploads the same: the whole file's length and digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) size: u64,
    pub(super) digest: Digest,
}

/// The name an upload is for, hashed: it has one length, whatever the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 16]);

impl Key {
    pub(super) fn of(path: &VPath) -> Key {
        let hash = blake3::hash(path.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hash.as_bytes()[..16]);
        Key(key)
    }

    fn hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn parse(hex: &str) -> Option<Key> {
        let mut key = [0; 16];
        if hex.len() != 2 * key.len() || !hex.is_ascii() {
            return None;
        }
        for (byte, at) in key.iter_mut().zip((0..hex.len()).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
        }
        Some(Key(key))
    }
}

/// One part that is kept, or that an upload with an identity is filling.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    /// Of an upload that announced its length and digest; `None` of one
    /// that only said where its bytes go: it is whatever its client says.
    pub(super) identity: Option<Identity>,
    /// Its length in bytes when it was last put down; the ledger has it.
    pub(super) length: u64,
    /// An upload holds it: nobody else resumes, removes or expires it.
    pub(super) in_use: bool,
}

/// The parts of one user: one a name.
#[derive(Debug, Default)]
pub(super) struct Parts {
    kept: HashMap<Key, Kept>,
    /// Numbers the files of uploads that have no place in `kept`.
    next_loose: u64,
}

impl Parts {
    pub(super) fn find(&self, key: Key) -> Option<Kept> {
        self.kept.get(&key).copied()
    }

    pub(super) fn keep(&mut self, key: Key, part: Kept) {
        self.kept.insert(key, part);
    }

    pub(super) fn forget(&mut self, key: Key) {
        self.kept.remove(&key);
    }

    /// A name on the disk that no other upload has.
    pub(super) fn loose_name(&mut self) -> String {
        self.next_loose += 1;
        format!("{LOOSE}{}", self.next_loose)
    }
}

/// The name on the disk of a part that can be resumed after a restart.
pub(super) fn disk_name(key: Key, identity: Option<Identity>) -> String {
    match identity {
        Some(Identity { size, digest }) => {
            format!("{}-{size}-{digest}", key.hex())
        }
        None => format!("{}-{STREAM}", key.hex()),
    }
}

/// What a name on the disk says; `None` for an upload that cannot be
/// resumed.
pub(super) fn parse_disk_name(name: &str) -> Option<(Key, Option<Identity>)> {
    let (key, rest) = name.split_once('-')?;
    let key = Key::parse(key)?;
    if rest == STREAM {
        return Some((key, None));
    }
    let (size, digest) = rest.split_once('-')?;
    let size = size.parse().ok()?;
    let digest = Digest::parse(digest)?;
    Some((key, Some(Identity { size, digest })))
}

/// Begins the name of a part that will not outlive its upload.
const LOOSE: &str = "loose.";

/// Ends the name of a part without an identity.
const STREAM: &str = "stream";

#[cfg(test)]
mod tests {
    use super::{Identity, Key, disk_name, parse_disk_name};
    use crate::session::{Digest, path::VPath};

    #[test]
    fn a_disk_name_says_what_it_was_made_of() {
        let key = Key::of(&VPath::root().child(b"\xff long"));
        let digest = Digest::of(blake3::Hasher::new().update(b"x"));
        let identity = Identity { size: i64::MAX as u64, digest };
        let stream = disk_name(key, None);
        assert_eq!(parse_disk_name(&stream), Some((key, None)));
        let name = disk_name(key, Some(identity));
        assert!(name.len() <= 255);
        assert_eq!(parse_disk_name(&name), Some((key, Some(identity))));
        for other in ["loose.1", "", "a-b-c", &format!("{name}-1")] {
            assert_eq!(parse_disk_name(other), None, "{other}");
        }
    }
}
