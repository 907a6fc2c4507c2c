//! Digests by which a file here is compared with one there: which there
//! are, and one of them at work.
//!
//! Must not know: files, servers.

use sha2::{Digest as _, Sha256};

use crate::session::Digest;

/// How a digest is computed, in the order in which we like them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    /// What the native protocol knows, and the fastest.
    Blake3,
    /// What most servers know.
    Sha256,
    /// Against accidents only; a changed file is one.
    Crc32,
}

/// A digest of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    /// By BLAKE3.
    Blake3(Digest),
    /// By SHA-256.
    Sha256([u8; 32]),
    /// By the CRC-32 of Ethernet and zip.
    Crc32(u32),
}

/// A digest under way.
pub(super) enum Summing {
    /// By BLAKE3, whose state is large.
    Blake3(Box<blake3::Hasher>),
    /// By SHA-256.
    Sha256(Sha256),
    /// By CRC-32.
    Crc32(crc32fast::Hasher),
}

impl Algorithm {
    /// All, the best first.
    pub(super) const ALL: [Algorithm; 3] =
        [Algorithm::Blake3, Algorithm::Sha256, Algorithm::Crc32];
}

impl Sum {
    /// In small hexadecimal digits.
    pub(super) fn hex(&self) -> String {
        match self {
            Sum::Blake3(digest) => digest.to_string(),
            Sum::Sha256(bytes) => {
                bytes.iter().map(|byte| format!("{byte:02x}")).collect()
            }
            Sum::Crc32(sum) => format!("{sum:08x}"),
        }
    }

    /// How it was computed.
    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Sum::Blake3(_) => Algorithm::Blake3,
            Sum::Sha256(_) => Algorithm::Sha256,
            Sum::Crc32(_) => Algorithm::Crc32,
        }
    }
}

impl Summing {
    /// Of no bytes yet.
    pub(super) fn new(algorithm: Algorithm) -> Summing {
        match algorithm {
            Algorithm::Blake3 => Summing::Blake3(Box::default()),
            Algorithm::Sha256 => Summing::Sha256(Sha256::new()),
            Algorithm::Crc32 => Summing::Crc32(crc32fast::Hasher::new()),
        }
    }

    /// Of these bytes, too.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Summing::Blake3(hasher) => {
                hasher.update(bytes);
            }
            Summing::Sha256(hasher) => hasher.update(bytes),
            Summing::Crc32(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all of them.
    pub(super) fn end(self) -> Sum {
        match self {
            Summing::Blake3(hasher) => Sum::Blake3(Digest::of(&hasher)),
            Summing::Sha256(hasher) => Sum::Sha256(hasher.finalize().into()),
            Summing::Crc32(hasher) => Sum::Crc32(hasher.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Algorithm, Summing};

    #[test]
    fn the_digests_are_those_that_others_compute() {
        for (algorithm, of_abc) in [
            (
                Algorithm::Blake3,
                "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
            ),
            (
                Algorithm::Sha256,
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (Algorithm::Crc32, "352441c2"),
        ] {
            let mut summing = Summing::new(algorithm);
            summing.update(b"a");
            summing.update(b"bc");
            let sum = summing.end();
            assert_eq!(sum.hex(), of_abc);
            assert_eq!(sum.algorithm(), algorithm);
        }
    }
}
