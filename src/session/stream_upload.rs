//! An upload whose length nobody announced: its bytes go where its client
//! says, and it is complete when the client says so. Each byte is reserved
//! before it is written. The quota, the hidden part and the atomic end are
//! those of every upload.
//!
//! Must not know: sockets, and how the end of the bytes is told.

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    sync::Arc,
};

use super::{
    home::{Books, Home, Place, SharedHome},
    jail::on_write,
    outcome::{Denial, Refused},
    parts::{self, Kept, Key},
    path::VPath,
};

/// Where an upload's bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// They are the whole file.
    Fresh,
    /// They are the whole file, and no file has the name yet.
    New,
    /// They follow so many bytes that are there; what is behind is
    /// dropped.
    At(u64),
    /// They follow all that is there.
    AtEnd,
}

/// An upload under way: what it has reserved is given back when it is
/// settled or dropped. What arrived is kept, unless an older file has the
/// name.
#[derive(Debug)]
pub struct StreamUpload {
    home: SharedHome,
    path: VPath,
    place: Place,
    file: File,
    new: bool,
    /// Bytes of the part before the first that is written here.
    base: u64,
    written: u64,
    ended: bool,
}

impl StreamUpload {
    /// Where the file will be, for the log.
    pub fn path(&self) -> &VPath {
        &self.path
    }

    /// The bytes that were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// Where the quota or the disk does not take them. Over the quota,
    /// nothing of the upload is kept; what the disk refused can be resumed.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Denial> {
        let length = bytes.len() as u64;
        let missing =
            (self.written + length).saturating_sub(self.place.reserved);
        if missing > 0
            && let Err(refused) =
                self.home.reserve_more(&mut self.place, missing)
        {
            self.put_down(0);
            return Err(self.of_the_whole(refused, length).into());
        }
        self.file.write_all(bytes).map_err(on_write)?;
        self.written += length;
        Ok(())
    }

    /// Makes what was written durable, without giving it its name yet.
    ///
    /// # Errors
    ///
    /// Where the disk fails.
    pub fn make_durable(self) -> Result<DurableUpload, Denial> {
        self.file.sync_data().map_err(on_write)?;
        Ok(DurableUpload(self))
    }

    /// A refusal of the next piece, in figures of the whole upload.
    fn of_the_whole(&self, refused: Refused, piece: u64) -> Refused {
        match refused {
            Refused::OverQuota { needed: _, available } => {
                Refused::OverQuota {
                    needed: self.written + piece,
                    available: available + self.place.reserved,
                }
            }
            refused => refused,
        }
    }

    fn put_down(&mut self, length: u64) {
        if !self.ended {
            self.ended = true;
            self.home.end_upload(&self.path, &self.place, None, length);
        }
    }
}

/// An upload all of whose bytes are on the disk.
#[derive(Debug)]
pub struct DurableUpload(StreamUpload);

impl DurableUpload {
    /// Nothing more comes: the file gets its name. Says its length in bytes.
    ///
    /// # Errors
    ///
    /// Where its directory has gone, a directory has the name, or the disk
    /// fails.
    pub fn settle(self) -> Result<u64, Denial> {
        let DurableUpload(mut upload) = self;
        let size = upload.base + upload.written;
        let (path, place) = (&upload.path, &upload.place);
        let placed = upload.home.place(path, place, size, upload.new)?;
        upload.ended = true;
        placed.sync().map_err(on_write)?;
        Ok(size)
    }
}

impl Drop for StreamUpload {
    fn drop(&mut self) {
        // After a failed write the file knows better than the count.
        let length = match (self.place.kept, self.file.metadata()) {
            (false, _) => 0,
            (true, Ok(about)) => about.len(),
            (true, Err(_)) => self.base + self.written,
        };
        self.put_down(length);
    }
}

/// Checks whether `path` can take an upload, and opens it. `announced` are
/// the bytes that the client says it will send, if it does.
pub(super) fn begin(
    home: &SharedHome,
    path: &VPath,
    start: Start,
    announced: Option<u64>,
) -> Result<StreamUpload, Denial> {
    let target = home.jail.target(path)?;
    let announced = announced.unwrap_or(0);
    let (place, file, base) = match (target.old_size, start) {
        (Some(_), Start::New) => return Err(Refused::Exists.into()),
        (Some(_), Start::Fresh) => home.over_file(&target.path, announced, 0),
        (Some(size), Start::At(offset)) if offset > size => {
            return Err(Refused::BadOffset { size }.into());
        }
        (Some(_), Start::At(offset)) => {
            home.over_file(&target.path, announced, offset)
        }
        (Some(size), Start::AtEnd) => {
            home.over_file(&target.path, announced, size)
        }
        (None, Start::Fresh | Start::New) => {
            home.over_part(&target.path, announced, Some(0))
        }
        (None, Start::At(offset)) => {
            home.over_part(&target.path, announced, Some(offset))
        }
        (None, Start::AtEnd) => home.over_part(&target.path, announced, None),
    }?;
    let home = Arc::clone(home);
    let new = start == Start::New;
    let path = target.path;
    let (written, ended) = (0, false);
    Ok(StreamUpload { home, path, place, file, new, base, written, ended })
}

impl Home {
    /// Sets more space aside for an upload under way.
    fn reserve_more(
        &self,
        place: &mut Place,
        more: u64,
    ) -> Result<(), Refused> {
        self.books().ledger.reserve(self.quota(), more)?;
        place.reserved += more;
        Ok(())
    }

    /// A place for an upload that begins with the first `keep` bytes of the
    /// file that has the name. These count already, as the older file's.
    fn over_file(
        &self,
        path: &VPath,
        announced: u64,
        keep: u64,
    ) -> Result<(Place, File, u64), Denial> {
        let (place, mut file) = {
            let mut books = self.books();
            let available = books.ledger.reserve(self.quota(), announced)?;
            let name = books.parts.loose_name();
            let file = match self.open_empty(&name, announced + keep) {
                Ok(file) => file,
                Err(denial) => {
                    books.ledger.release(announced);
                    return Err(denial);
                }
            };
            let (kept, offset, reserved) = (false, 0, announced);
            (Place { name, kept, offset, reserved, available }, file)
        };
        match self.copy_beginning(path, keep, &mut file) {
            Ok(()) => Ok((place, file, keep)),
            Err(denial) => {
                self.end_upload(path, &place, None, 0);
                Err(denial)
            }
        }
    }

    /// A place for an upload to a name that nothing has: behind the first
    /// `keep` bytes of its kept part, or all of them.
    fn over_part(
        &self,
        path: &VPath,
        announced: u64,
        keep: Option<u64>,
    ) -> Result<(Place, File, u64), Denial> {
        let mut books = self.books();
        let key = Key::of(path);
        let before = books.parts.find(key);
        let idle = before.filter(|part| !part.in_use);
        let length = idle.map_or(0, |part| part.length);
        let keep = keep.unwrap_or(length);
        if keep > length {
            return Err(Refused::BadOffset { size: length }.into());
        }
        if let Some(part) = idle
            && keep == 0
        {
            self.discard(&mut books, key, part);
        }
        let available = books.ledger.reserve(self.quota(), announced)?;
        // Who finds the part in use gets a file of their own.
        let kept = before.is_none() || idle.is_some();
        let name = match kept {
            true => parts::disk_name(key, None),
            false => books.parts.loose_name(),
        };
        let opened = match idle.filter(|_| keep > 0) {
            Some(part) => self.take_up(&mut books, key, part, keep, announced),
            None => self.open_empty(&name, announced),
        };
        let file = match opened {
            Ok(file) => file,
            Err(denial) => {
                books.ledger.release(announced);
                return Err(denial);
            }
        };
        if kept {
            books.ledger.resize_part(if keep > 0 { length } else { 0 }, keep);
            let part = Kept { identity: None, length: keep, in_use: true };
            books.parts.keep(key, part);
        }
        let (offset, reserved) = (keep, announced);
        Ok((Place { name, kept, offset, reserved, available }, file, keep))
    }

    /// A kept part becomes the client's to fill, whatever it was before.
    fn take_up(
        &self,
        books: &mut Books,
        key: Key,
        part: Kept,
        keep: u64,
        announced: u64,
    ) -> Result<File, Denial> {
        self.require_disk_space(announced)?;
        let name = parts::disk_name(key, None);
        if part.identity.is_some() {
            let before = parts::disk_name(key, part.identity);
            self.jail.rename_part(&before, &name).map_err(on_write)?;
            books.parts.keep(key, Kept { identity: None, ..part });
        }
        let file = self.jail.open_part(&name)?;
        file.set_len(keep).map_err(on_write)?;
        Ok(file)
    }

    fn open_empty(&self, name: &str, size: u64) -> Result<File, Denial> {
        self.require_disk_space(size)?;
        // What a crash left under a name that is not in the books.
        self.jail.remove_part(name);
        self.jail.open_part(name)
    }

    fn copy_beginning(
        &self,
        path: &VPath,
        length: u64,
        part: &mut File,
    ) -> Result<(), Denial> {
        if length == 0 {
            return Ok(());
        }
        let (old, _) = self.jail.open_file(path)?;
        copy(old, part, length).map_err(|error| on_write(error).into())
    }
}

/// Copies a file's beginning; the kernel does it, and shares the blocks
/// where the file system can.
fn copy(mut old: File, part: &mut File, length: u64) -> io::Result<()> {
    use io::Read;
    old.seek(SeekFrom::Start(0))?;
    let copied = io::copy(&mut old.take(length), part)?;
    if copied < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
