//! The digests of HASH (draft-bryan-ftpext-hash): which there are, and that
//! of a range of a file.
//!
//! Must not know: commands and replies.

use std::{fs::File, io, os::unix::fs::FileExt};

use sha2::{Digest, Sha256};

/// A hash function, by its name on the wire.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Blake3,
    Crc32,
    #[default]
    Sha256,
}

const ALL: [Algorithm; 3] =
    [Algorithm::Blake3, Algorithm::Crc32, Algorithm::Sha256];

impl Algorithm {
    pub(super) fn word(self) -> &'static str {
        match self {
            Algorithm::Blake3 => "BLAKE3",
            Algorithm::Crc32 => "CRC32",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    pub(super) fn parse(word: &[u8]) -> Option<Algorithm> {
        let fits =
            |it: &Algorithm| it.word().as_bytes().eq_ignore_ascii_case(word);
        ALL.into_iter().find(fits)
    }

    /// `BLAKE3;CRC32;SHA-256*`: all there are, the one in use with a star.
    pub(super) fn feature(self) -> String {
        let words = ALL.map(|it| {
            format!("{}{}", it.word(), if it == self { "*" } else { "" })
        });
        words.join(";")
    }

    /// The digest of `length` bytes of a file from `offset` on, in hex of
    /// lower case.
    pub(super) fn digest(
        self,
        file: &File,
        offset: u64,
        length: u64,
    ) -> io::Result<String> {
        match self {
            Algorithm::Blake3 => {
                let mut hasher = blake3::Hasher::new();
                read(file, offset, length, |bytes| {
                    hasher.update(bytes);
                })?;
                Ok(hasher.finalize().to_hex().to_string())
            }
            Algorithm::Crc32 => {
                let mut hasher = crc32fast::Hasher::new();
                read(file, offset, length, |bytes| hasher.update(bytes))?;
                Ok(format!("{:08x}", hasher.finalize()))
            }
            Algorithm::Sha256 => {
                let mut hasher = Sha256::new();
                read(file, offset, length, |bytes| hasher.update(bytes))?;
                let digest = hasher.finalize();
                Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
            }
        }
    }
}

fn read(
    file: &File,
    mut offset: u64,
    length: u64,
    mut take: impl FnMut(&[u8]),
) -> io::Result<()> {
    let end = offset + length;
    let mut buffer = vec![0; READ_BYTES];
    while offset < end {
        let wish = usize::try_from(end - offset)
            .map_or(READ_BYTES, |left| left.min(READ_BYTES));
        let got = file.read_at(&mut buffer[..wish], offset)?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        take(&buffer[..got]);
        offset += got as u64;
    }
    Ok(())
}

/// What is read at a time: large enough for BLAKE3 to use all of the
/// processor's lanes.
const READ_BYTES: usize = 128 * 1024;
