//! Transfers: a ticket for each. The session checks, opens and reserves;
//! the dialect moves the bytes; settling says what came of it. A ticket
//! that is dropped gives back what it reserved.
//!
//! Must not know: sockets, and how bytes are framed.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::Arc,
};

use super::{
    home::{Home, Place, SharedHome},
    jail::on_write,
    outcome::{Denial, Failed, Granted, Outcome, Refused},
    parts::Identity,
    path::VPath,
    request::{Digest, Held},
};

/// A file that is open to be sent, from `offset` on.
#[derive(Debug)]
pub struct Download {
    /// The file, read at explicit offsets only.
    pub file: File,
    /// The first byte to send.
    pub offset: u64,
    /// The file's length in bytes when the download began.
    pub size: u64,
    /// Where the file is, for the log.
    pub path: VPath,
}

impl Download {
    /// The number of bytes to send.
    pub fn length(&self) -> u64 {
        self.size - self.offset
    }
}

/// Opens a file for a client that holds some of it already: the same file
/// is not sent again, a beginning of it is resumed, anything else starts
/// from 0 (`docs/native-protocol.md` §5).
///
/// Never inlined, as [`begin_upload`]: a hasher has 2 KiB, and each idle
/// session's stack would keep the room that other requests had under it.
#[inline(never)]
pub(super) fn begin_download(
    home: &Home,
    path: VPath,
    held: Option<Held>,
) -> Result<Granted, Denial> {
    let (mut file, size) = home.jail.open_file(&path)?;
    let offset = match held {
        Some(held) if held.length <= size => {
            if !begins_as(&mut file, &held)? {
                0
            } else if held.length == size {
                return Ok(Granted::Same { size });
            } else {
                held.length
            }
        }
        Some(_) | None => 0,
    };
    Ok(Granted::Download(Download { file, offset, size, path }))
}

/// Whether a file begins with what the client holds, as far as it said.
fn begins_as(file: &mut File, held: &Held) -> Result<bool, Failed> {
    let Some(digest) = held.digest else { return Ok(true) };
    let (_, found) = digest_of(file, held.length).map_err(on_write)?;
    Ok(found == digest)
}

/// An upload under way: what it has reserved is given back when it is
/// settled or dropped, and what arrived is kept where it can be resumed.
#[derive(Debug)]
pub struct Upload {
    home: SharedHome,
    path: VPath,
    size: u64,
    identity: Option<Identity>,
    place: Place,
    file: File,
    hasher: blake3::Hasher,
    received: u64,
    /// It has its name, or was thrown away: nothing is left to put down.
    ended: bool,
}

/// Checks whether `path` can take an upload, and opens it. The same file
/// is not taken again (`docs/native-protocol.md` §6).
#[inline(never)]
pub(super) fn begin_upload(
    home: &SharedHome,
    path: &VPath,
    size: u64,
    digest: Option<Digest>,
) -> Result<Granted, Denial> {
    let target = home.jail.target(path)?;
    if let Some(digest) = digest
        && target.old_size == Some(size)
        && has_digest(home, &target.path, size, digest)
    {
        return Ok(Granted::Same { size });
    }
    let identity = digest.map(|digest| Identity { size, digest });
    let (place, file) = home.begin_upload(&target.path, size, identity)?;
    let mut upload = Upload {
        home: Arc::clone(home),
        path: target.path,
        size,
        identity,
        received: place.offset,
        place,
        file,
        hasher: blake3::Hasher::new(),
        ended: false,
    };
    if upload.place.offset > 0 {
        let (hasher, _) = digest_of(&mut upload.file, upload.place.offset)
            .map_err(on_write)?;
        upload.hasher = hasher;
    }
    Ok(Granted::Upload(Box::new(upload)))
}

impl Upload {
    /// The first byte that the client is to send.
    pub fn offset(&self) -> u64 {
        self.place.offset
    }

    /// The bytes that were available before this upload's own share.
    pub fn available(&self) -> u64 {
        self.place.available
    }

    /// The bytes still to come.
    pub fn remaining(&self) -> u64 {
        self.size - self.received
    }

    /// Where the file will be, for the log.
    pub fn path(&self) -> &VPath {
        &self.path
    }

    /// Takes the next bytes, never more than [`Upload::remaining`].
    ///
    /// # Errors
    ///
    /// Where the disk does not take them; the upload is to be dropped then,
    /// and what was written of it is kept.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let room = usize::try_from(self.remaining()).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(room)];
        self.file.write_all(bytes).map_err(on_write)?;
        if self.identity.is_some() {
            self.hasher.update(bytes);
        }
        self.received += bytes.len() as u64;
        Ok(())
    }

    /// Ends the upload: all bytes are there, so the file is made durable
    /// and gets its name. With bytes missing, it breaks off.
    pub fn settle(mut self) -> Outcome {
        Outcome::from(self.complete())
    }

    fn complete(&mut self) -> Result<Granted, Denial> {
        if self.remaining() > 0 {
            let short = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(Failed::Io(short).into());
        }
        if let Some(identity) = self.identity
            && Digest::of(&self.hasher) != identity.digest
        {
            self.put_down(0);
            return Err(Refused::DigestMismatch.into());
        }
        self.file.sync_data().map_err(on_write)?;
        let placed =
            self.home.place(&self.path, &self.place, self.size, false)?;
        self.ended = true;
        placed.sync().map_err(on_write)?;
        Ok(Granted::Stored { size: self.size })
    }

    fn put_down(&mut self, length: u64) {
        let (path, place) = (&self.path, &self.place);
        self.home.end_upload(path, place, self.identity, length);
        self.ended = true;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // After a failed write the file knows better than the count. What
        // has no identity could never be resumed.
        let length = match (self.identity, self.file.metadata()) {
            (None, _) => 0,
            (Some(_), Ok(about)) => about.len().min(self.size),
            (Some(_), Err(_)) => self.received,
        };
        self.put_down(length);
    }
}

fn has_digest(home: &Home, path: &VPath, size: u64, wanted: Digest) -> bool {
    let Ok((mut file, length)) = home.jail.open_file(path) else {
        return false;
    };
    length == size
        && digest_of(&mut file, size).is_ok_and(|(_, found)| found == wanted)
}

/// The digest of a file's first `length` bytes, and the hasher to go on
/// with. Fails where the file is shorter.
fn digest_of(
    file: &mut File,
    length: u64,
) -> io::Result<(blake3::Hasher, Digest)> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = blake3::Hasher::new();
    let mut left = length;
    let mut buffer = vec![0; HASH_BYTES.min(left.max(1) as usize)];
    while left > 0 {
        let wish =
            buffer.len().min(usize::try_from(left).unwrap_or(HASH_BYTES));
        let got = file.read(&mut buffer[..wish])?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        hasher.update(&buffer[..got]);
        left -= got as u64;
    }
    let digest = Digest::of(&hasher);
    Ok((hasher, digest))
}

/// What is read at a time for a digest: large enough for BLAKE3 to use all
/// of the processor's lanes.
const HASH_BYTES: usize = 256 * 1024;
