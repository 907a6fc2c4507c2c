//! One user's home as all of the user's sessions share it: the jail, the
//! ledger and the kept parts, under one lock. Each step that changes what
//! is on the disk and what the ledger says holds it, so that both agree.
//!
//! Must not know: who signed in, or how bytes come and go.

use std::{
    fs::File,
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    jail::{Jail, Kind, Placed, on_write},
    listing::Listing,
    outcome::{Denial, Failed, QuotaReport, Refused},
    parts::{self, Identity, Kept, Key, Parts},
    path::VPath,
    quota::Ledger,
};

/// A home, shared by the sessions of its user.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) jail: Jail,
    books: Mutex<Books>,
    /// In bytes. Changed when the settings are read again.
    quota: AtomicU64,
}

/// What has to agree with the disk.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) ledger: Ledger,
    pub(super) parts: Parts,
}

/// Where an upload's bytes go until they are complete.
#[derive(Debug)]
pub(super) struct Place {
    /// The part's name on the disk.
    pub(super) name: String,
    /// The part can be found again, under its key.
    pub(super) kept: bool,
    /// Bytes that are there already.
    pub(super) offset: u64,
    /// Bytes set aside for the rest.
    pub(super) reserved: u64,
    /// What was available before, in bytes.
    pub(super) available: u64,
}

impl Home {
    /// Opens a home and counts what is on the disk. Parts that nobody can
    /// resume, or that are older than `part_age`, are removed.
    pub(super) fn open(
        home: &Path,
        parts: &Path,
        quota: u64,
        part_age: Duration,
    ) -> io::Result<Home> {
        let jail = Jail::open(home, parts)?;
        let mut kept = Parts::default();
        let mut length = 0_u64;
        for found in jail.found_parts()? {
            let known = parts::parse_disk_name(&found.name);
            match known {
                Some((key, identity))
                    if found.age <= part_age
                        && (1..=most(identity)).contains(&found.length) =>
                {
                    length += found.length;
                    let length = found.length;
                    kept.keep(key, Kept { identity, length, in_use: false });
                }
                Some(_) | None => jail.remove_part(&found.name),
            }
        }
        let ledger = Ledger::counted(jail.count_files()?, length);
        let books = Mutex::new(Books { ledger, parts: kept });
        Ok(Home { jail, books, quota: AtomicU64::new(quota) })
    }

    /// The quota in bytes.
    pub(super) fn quota(&self) -> u64 {
        self.quota.load(Ordering::Relaxed)
    }

    /// Another quota from now on, in bytes.
    pub(super) fn set_quota(&self, quota: u64) {
        self.quota.store(quota, Ordering::Relaxed);
    }

    /// The use of the quota.
    pub(super) fn report(&self) -> QuotaReport {
        self.books().ledger.report(self.quota())
    }

    /// See [`Jail::list`].
    pub(super) fn list(&self, path: &VPath) -> Result<Listing, Denial> {
        self.jail.list(path)
    }

    /// Removes a file or link, or the kept part of a name that has nothing
    /// else.
    pub(super) fn remove_file(&self, path: &VPath) -> Result<(), Denial> {
        let mut books = self.books();
        match self.jail.remove_file(path) {
            Ok(freed) => {
                books.ledger.resize_file(freed, 0);
                Ok(())
            }
            Err(Denial::Refused(Refused::NotFound))
                if self.jail.look(path)? == Kind::Missing =>
            {
                let key = Key::of(path);
                match books.parts.find(key) {
                    Some(part) if !part.in_use => {
                        self.discard(&mut books, key, part);
                        Ok(())
                    }
                    Some(_) | None => Err(Refused::NotFound.into()),
                }
            }
            Err(denial) => Err(denial),
        }
    }

    /// See [`Jail::make_directory`].
    pub(super) fn make_directory(&self, path: &VPath) -> Result<(), Denial> {
        let _books = self.books();
        self.jail.make_directory(path)
    }

    /// See [`Jail::remove_directory`].
    pub(super) fn remove_directory(&self, path: &VPath) -> Result<(), Denial> {
        let _books = self.books();
        self.jail.remove_directory(path)
    }

    /// See [`Jail::rename`].
    pub(super) fn rename(
        &self,
        from: &VPath,
        to: &VPath,
    ) -> Result<(), Denial> {
        if from.is_root() {
            return Err(Refused::Denied.into());
        }
        let _books = self.books();
        self.jail.rename(from, to)
    }

    /// See [`Jail::replace`].
    pub(super) fn replace(
        &self,
        from: &VPath,
        to: &VPath,
    ) -> Result<(), Denial> {
        if from.is_root() {
            return Err(Refused::Denied.into());
        }
        let mut books = self.books();
        let replaced = self.jail.replace(from, to)?;
        books.ledger.resize_file(replaced, 0);
        Ok(())
    }

    /// The kept part of a name that nothing has and no upload fills, by its
    /// name on the disk and its length in bytes.
    pub(super) fn idle_part(&self, path: &VPath) -> Option<(String, u64)> {
        let key = Key::of(path);
        let part = self.books().parts.find(key)?;
        let name = parts::disk_name(key, part.identity);
        (!part.in_use).then_some((name, part.length))
    }

    /// Finds a place for an upload of `size` bytes to `path`, sets the
    /// space aside, and opens the part. A kept part of the same identity is
    /// taken up again; one of another identity is thrown away.
    pub(super) fn begin_upload(
        &self,
        path: &VPath,
        size: u64,
        identity: Option<Identity>,
    ) -> Result<(Place, File), Denial> {
        let mut books = self.books();
        let key = Key::of(path);
        let mut before = books.parts.find(key);
        if let Some(part) = before
            && !part.in_use
            && (identity.is_none() || identity != part.identity)
        {
            self.discard(&mut books, key, part);
            before = None;
        }
        let (kept, offset) = match before {
            Some(part) if part.in_use => (None, 0),
            Some(part) => (identity, part.length),
            None => (identity, 0),
        };
        let reserved = size - offset;
        let available = books.ledger.reserve(self.quota(), reserved)?;
        let name = match kept {
            Some(_) => parts::disk_name(key, kept),
            None => books.parts.loose_name(),
        };
        let opened = self.require_disk_space(reserved).and_then(|()| {
            // What a crash left under a name that is not in the books.
            if offset == 0 {
                self.jail.remove_part(&name);
            }
            self.jail.open_part(&name)
        });
        let file = match opened {
            Ok(file) => file,
            Err(denial) => {
                books.ledger.release(reserved);
                return Err(denial);
            }
        };
        if kept.is_some() {
            let (identity, length) = (kept, offset);
            books.parts.keep(key, Kept { identity, length, in_use: true });
        }
        let kept = kept.is_some();
        Ok((Place { name, kept, offset, reserved, available }, file))
    }

    /// Gives a complete and durable part its name: the older file counts
    /// and is readable until this moment. With `new`, nothing may have the
    /// name.
    ///
    /// # Errors
    ///
    /// Where the directory has gone, or a directory or something that is no
    /// file has the name. The upload is still to be put down by [`Home::end_upload`].
    pub(super) fn place(
        &self,
        path: &VPath,
        place: &Place,
        size: u64,
        new: bool,
    ) -> Result<Placed, Denial> {
        let mut books = self.books();
        let placed = self.jail.place(&place.name, path, new)?;
        books.ledger.release(place.reserved);
        books.ledger.resize_part(place.offset, 0);
        books.ledger.resize_file(placed.replaced, size);
        if place.kept {
            books.parts.forget(Key::of(path));
        }
        Ok(placed)
    }

    /// Puts down an upload that did not get its name: gives the reserved
    /// space back and keeps the `length` bytes that arrived, where they can
    /// be resumed; 0 throws them away.
    pub(super) fn end_upload(
        &self,
        path: &VPath,
        place: &Place,
        identity: Option<Identity>,
        length: u64,
    ) {
        let mut books = self.books();
        let key = Key::of(path);
        books.ledger.release(place.reserved);
        books.ledger.resize_part(place.offset, 0);
        if place.kept {
            books.parts.forget(key);
        }
        if length == 0 || !self.make_room(&mut books, key, identity, length) {
            self.jail.remove_part(&place.name);
            return;
        }
        let name = parts::disk_name(key, identity);
        if name != place.name
            && self.jail.rename_part(&place.name, &name).is_err()
        {
            self.jail.remove_part(&place.name);
            return;
        }
        books.parts.keep(key, Kept { identity, length, in_use: false });
        books.ledger.resize_part(0, length);
    }

    /// Removes kept parts that are older than `age`.
    pub(super) fn expire_parts(&self, age: Duration) -> io::Result<()> {
        let mut books = self.books();
        for found in self.jail.found_parts()? {
            let Some((key, identity)) = parts::parse_disk_name(&found.name)
            else {
                continue;
            };
            if let Some(part) = books.parts.find(key)
                && part.identity == identity
                && !part.in_use
                && found.age > age
            {
                self.discard(&mut books, key, part);
            }
        }
        Ok(())
    }

    /// Whether a part that broke off may take its name's place: not from an
    /// upload under way, and not from a longer part of the same identity.
    fn make_room(
        &self,
        books: &mut Books,
        key: Key,
        identity: Option<Identity>,
        length: u64,
    ) -> bool {
        let Some(part) = books.parts.find(key) else { return true };
        if part.in_use || part.identity == identity && part.length >= length {
            return false;
        }
        self.discard(books, key, part);
        true
    }

    pub(super) fn discard(&self, books: &mut Books, key: Key, part: Kept) {
        self.jail.remove_part(&parts::disk_name(key, part.identity));
        books.parts.forget(key);
        books.ledger.resize_part(part.length, 0);
    }

    pub(super) fn require_disk_space(
        &self,
        needed: u64,
    ) -> Result<(), Denial> {
        let space = self.jail.disk_space().map_err(on_write)?;
        if needed > space {
            return Err(Failed::DiskFull.into());
        }
        Ok(())
    }

    /// A session that panicked ends alone: each change of the books is
    /// whole before anything can panic.
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The most bytes that a part of an upload can have.
fn most(identity: Option<Identity>) -> u64 {
    identity.map_or(u64::MAX, |identity| identity.size)
}

/// A home that all of a user's sessions hold.
pub(super) type SharedHome = Arc<Home>;
