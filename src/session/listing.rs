//! What a directory holds, as facts: the dialects render them.
//!
//! Must not know: how a line of a listing looks, or how it was read.

/// A directory's visible entries, sorted by the bytes of their names; of a
/// file, its one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The entries.
    pub entries: Vec<Entry>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Its length in bytes; of a directory 0, of a link the link's own.
    pub size: u64,
    /// When its content last changed: seconds since the epoch, UTC.
    pub modified_secs: i64,
    /// Two names of one file share it, and no two files do: the disk's
    /// number and the file's on it.
    pub identity: (u64, u64),
    /// Its name, as the disk has it.
    pub name: Vec<u8>,
}

/// What an entry is. Nothing else is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A regular file.
    File,
    /// A symbolic link that does not lead out of the home.
    Link,
}

/// The most entries that a listing shows. It bounds the memory of one
/// session: about 100 bytes an entry.
pub const ENTRIES_MAX: usize = 100_000;
