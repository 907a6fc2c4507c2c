//! What a user takes up: the home's files, the kept parts, and what uploads
//! under way have reserved. The sums are made anew each time: slow and never
//! wrong. Knows nothing of commands.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    lies::{Lie, told},
    parts::Parts,
};

/// One user's books.
pub(crate) struct Books {
    home: PathBuf,
    /// The kept parts.
    pub(crate) parts: Parts,
    /// What uploads under way may still bring, in bytes.
    pub(crate) reserved: u64,
    highest: u64,
}

/// The sums.
pub(crate) struct Sums {
    /// Files and kept parts.
    pub(crate) used: u64,
    /// How much of it the parts are.
    pub(crate) parts: u64,
    /// What is left.
    pub(crate) available: u64,
}

impl Books {
    /// Reads the parts that an earlier run kept.
    pub(crate) fn open(
        home: &Path,
        parts: &Path,
        life: Duration,
    ) -> io::Result<Self> {
        Ok(Self {
            home: home.to_path_buf(),
            parts: Parts::open(parts, life)?,
            reserved: 0,
            highest: 0,
        })
    }

    /// Adds it all up.
    pub(crate) fn sums(&mut self, quota: u64) -> Sums {
        self.parts.expire();
        let parts = self.parts.total();
        let counted = if told(Lie::PartsNotCounted) { 0 } else { parts };
        let mut used = files(&self.home) + counted;
        self.highest = self.highest.max(used);
        if told(Lie::QuotaNeverFreed) {
            used = self.highest;
        }
        let mut free = quota.saturating_sub(used);
        if !told(Lie::ReservationIgnored) {
            free = free.saturating_sub(self.reserved);
        }
        Sums { used, parts, available: free }
    }
}

/// The sum of the sizes of the regular files below a folder.
fn files(folder: &Path) -> u64 {
    let mut sum = 0;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else { continue };
        for entry in entries.flatten() {
            // What vanishes between the two calls takes up nothing.
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                folders.push(entry.path());
            } else if meta.is_file() {
                sum += meta.len();
            }
        }
    }
    sum
}
