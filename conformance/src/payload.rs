//! Byte strings that need no memory: made from a seed, sliced, joined.
//!
//! `Source` gives any part of itself on demand, so that a scenario may speak
//! of gigabytes. The bytes of a seed are BLAKE3's output stream under a key
//! made of the seed: anyone can make them again, from any offset on.

use std::sync::Arc;

use crate::case::Bytes;
use crate::template::Scope;

/// A byte string that can be read from any offset.
#[derive(Clone, Debug)]
pub enum Source {
    /// The bytes themselves.
    Literal(Arc<[u8]>),
    /// `size` bytes of the stream of a seed.
    Random {
        /// Which stream.
        seed: u64,
        /// How much of it.
        size: u64,
    },
    /// One after the other.
    Join(Vec<Source>),
    /// The same so many times over.
    Repeat(Box<Source>, u64),
    /// From one offset to before another.
    Slice(Box<Source>, u64, u64),
}

impl Source {
    /// The byte string that a scenario describes.
    pub fn build(bytes: &Bytes, scope: &Scope) -> Result<Source, String> {
        Source::build_at(bytes, scope, 0)
    }

    /// The payload or fixture file of that name.
    pub fn named(name: &str, scope: &Scope) -> Result<Source, String> {
        Source::named_at(name, scope, 0)
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        match self {
            Source::Literal(bytes) => bytes.len() as u64,
            Source::Random { size, .. } => *size,
            Source::Join(parts) => parts.iter().map(Source::len).sum(),
            Source::Repeat(of, times) => of.len() * times,
            Source::Slice(_, from, to) => to - from,
        }
    }

    /// Whether it has no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A part of it, or why there is no such part.
    pub fn slice(self, from: u64, to: u64) -> Result<Source, String> {
        if from > to || to > self.len() {
            let len = self.len();
            return Err(format!("no bytes {from} to {to} in {len} bytes"));
        }
        Ok(Source::Slice(Box::new(self), from, to))
    }

    /// Fills `buffer` from `offset` on; says how much there was.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let left = self.len().saturating_sub(offset);
        let wanted = usize::try_from(left)
            .map_or(buffer.len(), |left| left.min(buffer.len()));
        let mut done = 0;
        while done < wanted {
            let got = self
                .read_some(offset + done as u64, &mut buffer[done..wanted]);
            if got == 0 {
                break;
            }
            done += got;
        }
        done
    }

    /// BLAKE3 of all of it, as hex digits.
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut offset = 0;
        loop {
            let got = self.read_at(offset, &mut buffer);
            if got == 0 {
                return hasher.finalize().to_hex().to_string();
            }
            hasher.update(&buffer[..got]);
            offset += got as u64;
        }
    }

    /// All of it in memory. For small ones only: the caller knows.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = vec![0; usize::try_from(self.len()).unwrap_or(0)];
        let got = self.read_at(0, &mut all);
        all.truncate(got);
        all
    }

    /// Reads at least one byte where `buffer` and the rest are not empty.
    fn read_some(&self, offset: u64, buffer: &mut [u8]) -> usize {
        match self {
            Source::Literal(bytes) => {
                let start = usize::try_from(offset)
                    .map_or(bytes.len(), |offset| offset.min(bytes.len()));
                let count = (bytes.len() - start).min(buffer.len());
                buffer[..count].copy_from_slice(&bytes[start..start + count]);
                count
            }
            Source::Random { seed, .. } => {
                let mut key = [0; blake3::KEY_LEN];
                key[..8].copy_from_slice(&seed.to_le_bytes());
                let mut stream =
                    blake3::Hasher::new_keyed(&key).finalize_xof();
                stream.set_position(offset);
                stream.fill(buffer);
                buffer.len()
            }
            Source::Join(parts) => {
                let mut start = 0;
                for part in parts {
                    if offset < start + part.len() {
                        return part.read_at(offset - start, buffer);
                    }
                    start += part.len();
                }
                0
            }
            Source::Repeat(of, _) if of.is_empty() => 0,
            Source::Repeat(of, _) => of.read_at(offset % of.len(), buffer),
            Source::Slice(of, from, _) => of.read_at(from + offset, buffer),
        }
    }

    fn build_at(
        bytes: &Bytes,
        scope: &Scope,
        depth: u8,
    ) -> Result<Source, String> {
        if depth > DEPTH_MAX {
            return Err("payloads that name each other in a ring".into());
        }
        let mut sources = Vec::new();
        if let Some(text) = &bytes.text {
            sources
                .push(Source::Literal(scope.fill(text)?.into_bytes().into()));
        }
        if let Some(hex) = &bytes.hex {
            sources.push(Source::Literal(from_hex(&scope.fill(hex)?)?.into()));
        }
        if let Some(random) = &bytes.random {
            let (seed, size) =
                (scope.number(&random.seed)?, scope.number(&random.size)?);
            sources.push(Source::Random { seed, size });
        }
        if let Some(name) = &bytes.of {
            sources.push(Source::named_at(&scope.fill(name)?, scope, depth)?);
        }
        if let Some(parts) = &bytes.join {
            let parts = parts
                .iter()
                .map(|part| Source::build_at(part, scope, depth + 1))
                .collect::<Result<_, _>>()?;
            sources.push(Source::Join(parts));
        }
        let [mut source] = <[Source; 1]>::try_from(sources).map_err(|_| {
            "bytes have exactly one of: text, hex, random, of, join".to_owned()
        })?;
        if let Some(times) = &bytes.repeat {
            source = Source::Repeat(Box::new(source), scope.number(times)?);
        }
        if bytes.from.is_none() && bytes.to.is_none() {
            return Ok(source);
        }
        let end = source.len();
        let bound = |num: &Option<_>, default| {
            num.as_ref().map_or(Ok(default), |num| scope.number(num))
        };
        let (from, to) = (bound(&bytes.from, 0)?, bound(&bytes.to, end)?);
        source.slice(from, to)
    }

    fn named_at(
        name: &str,
        scope: &Scope,
        depth: u8,
    ) -> Result<Source, String> {
        let bytes = scope
            .payloads
            .get(name)
            .ok_or_else(|| format!("no payload or file is called {name:?}"))?;
        Source::build_at(bytes, scope, depth + 1)
    }
}

/// `00 ff0a` as bytes.
pub fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| {
            c.to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
                .ok_or_else(|| format!("{c:?} is no hex digit"))
        })
        .collect::<Result<_, _>>()?;
    if !digits.len().is_multiple_of(2) {
        return Err("an odd number of hex digits".into());
    }
    Ok(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// How much is made, sent or compared at once.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// How deep payloads may name one another: a ring is found, not followed.
const DEPTH_MAX: u8 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_from_any_offset() {
        let source = Source::Random { seed: 7, size: 300_000 };
        let whole = source.to_vec();
        let part = source.slice(100_001, 200_002).expect("inside").to_vec();
        assert_eq!(part, whole[100_001..200_002]);
    }

    #[test]
    fn joins_and_repeats_read_across_their_seams() {
        let word = |text: &str| Source::Literal(text.as_bytes().into());
        let twice = Source::Repeat(Box::new(word("abc")), 3);
        let all = Source::Join(vec![word(""), twice, word("XY")]);
        assert_eq!(all.to_vec(), b"abcabcabcXY");
        let mut few = [0; 4];
        assert_eq!(all.read_at(7, &mut few), 4);
        assert_eq!(&few, b"bcXY");
        assert_eq!(all.read_at(11, &mut few), 0);
    }

    #[test]
    fn a_ring_of_payloads_is_refused() {
        let ring = Bytes { of: Some("a".into()), ..Bytes::default() };
        let scope = Scope {
            payloads: Arc::new([("a".to_owned(), ring)].into()),
            ..Scope::default()
        };
        assert!(Source::named("a", &scope).is_err());
    }
}
