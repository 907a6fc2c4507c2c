//! The files of a run: which there are, how large, and what their bytes
//! are. The bytes follow from a position alone, so that a download of any
//! size is compared as it comes and an upload needs no file.
//!
//! Must not know: sockets, the protocol, who asks for a file.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    units::Size,
    workload::{Files, SizeLaw, Sizes},
};

/// All files of a run.
#[derive(Debug)]
pub(crate) struct Shelf {
    block: Vec<u8>,
    /// The files, in the order of their numbers.
    pub(crate) files: Vec<File>,
    /// The directory on the server below which everything happens.
    pub(crate) folder: String,
}

/// One file.
#[derive(Debug)]
pub(crate) struct File {
    /// Its name on the server.
    pub(crate) path: String,
    /// Its length.
    pub(crate) size: u64,
    /// Its content; an upload takes this one or its sibling in turn.
    pub(crate) contents: [Content; 2],
    /// Half of its length, and the digest of that much of its content.
    pub(crate) half: (u64, String),
}

/// What a file's bytes are: the block, from a place on, over and over.
#[derive(Debug, Clone)]
pub(crate) struct Content {
    shift: u64,
    /// The digest in hex.
    pub(crate) digest: String,
}

impl Shelf {
    /// Draws the files' sizes and makes their bytes and digests.
    pub(crate) fn new(files: &Files, seed: u64, folder: &str) -> Shelf {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut block = vec![0; BLOCK_BYTES];
        rng.fill(&mut block[..]);
        let mut shelf =
            Shelf { block, files: Vec::new(), folder: folder.to_owned() };
        for number in 0..files.count {
            let size = draw(&files.size, &mut rng);
            let shift = u64::from(number) * SHIFT_STEP;
            let half = size / 2;
            let file = File {
                path: format!("{folder}/get/f{number:05}"),
                size,
                contents: [
                    shelf.content(shift, size),
                    shelf.content(shift + SHIFT_STEP / 2, size),
                ],
                half: (half, shelf.content(shift, half).digest),
            };
            shelf.files.push(file);
        }
        shelf
    }

    /// The bytes of a content from `offset` on: at least one, at most
    /// `most`, and no further than the block's end.
    pub(crate) fn piece(
        &self,
        content: &Content,
        offset: u64,
        most: u64,
    ) -> &[u8] {
        let at = (content.shift + offset) % BLOCK_BYTES as u64;
        let at = usize::try_from(at).expect("a place in the block");
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let end = self.block.len().min(at.saturating_add(most));
        &self.block[at..end]
    }

    /// The first place at which `bytes` are not the content's from
    /// `offset` on.
    pub(crate) fn wrong_at(
        &self,
        content: &Content,
        offset: u64,
        bytes: &[u8],
    ) -> Option<u64> {
        let mut done = 0;
        while done < bytes.len() {
            let here = offset + done as u64;
            let left = &bytes[done..];
            let want = self.piece(content, here, left.len() as u64);
            let got = &left[..want.len()];
            if got != want {
                let at = got.iter().zip(want).position(|(g, w)| g != w);
                return Some(here + at.unwrap_or(0) as u64);
            }
            done += want.len();
        }
        None
    }

    fn content(&self, shift: u64, size: u64) -> Content {
        let mut content = Content { shift, digest: String::new() };
        let mut hasher = blake3::Hasher::new();
        let mut done = 0;
        while done < size {
            let piece = self.piece(&content, done, size - done);
            hasher.update(piece);
            done += piece.len() as u64;
        }
        content.digest = hasher.finalize().to_hex().to_string();
        content
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a size is far below 2^52 and not negative"
)]
fn draw(sizes: &Sizes, rng: &mut StdRng) -> u64 {
    let law = match sizes {
        Sizes::Fixed(size) => return size.0,
        Sizes::Law(law) => law,
    };
    match law {
        SizeLaw::Uniform([low, high]) => {
            rng.random_range(low.0..=high.0.max(low.0))
        }
        SizeLaw::Lognormal { median, sigma, max } => {
            // Two uniform draws make a normal one (Box and Muller).
            let (u, v): (f64, f64) = (rng.random(), rng.random());
            let normal = (-2.0 * (1.0 - u).ln()).sqrt()
                * (std::f64::consts::TAU * v).cos();
            let size = median.0 as f64 * (sigma * normal).exp();
            (size.round() as u64).min(max.0)
        }
        SizeLaw::Weighted(weights) => {
            let total: u32 = weights.values().sum::<u32>().max(1);
            let mut left = rng.random_range(0..total);
            for (size, weight) in weights {
                if left < *weight {
                    return size.parse::<Size>().map_or(0, |size| size.0);
                }
                left -= weight;
            }
            0
        }
    }
}

/// A prime, so that a piece at a wrong place is never a right one by
/// chance; small enough to stay in a processor's cache.
const BLOCK_BYTES: usize = 262_139;

/// Two files' contents begin so far apart in the block.
const SHIFT_STEP: u64 = 7_919;

#[cfg(test)]
mod tests {
    use super::Shelf;
    use crate::workload::Workload;

    fn shelf(size: &str, seed: u64) -> Shelf {
        let text = format!(
            "name: x\nfiles: {{count: 50, size: {size}}}\ngroups: [{{}}]\n"
        );
        let workload = Workload::parse("x", &text).expect(&text);
        Shelf::new(&workload.files, seed, "/load")
    }

    #[test]
    fn one_wrong_byte_is_found_at_its_place() {
        let shelf = shelf("700000", 1);
        let content = &shelf.files[3].contents[1];
        let mut bytes = Vec::new();
        while bytes.len() < 700_000 {
            let left = 700_000 - bytes.len() as u64;
            let piece = shelf.piece(content, bytes.len() as u64, left);
            bytes.extend_from_slice(piece);
        }
        assert_eq!(shelf.wrong_at(content, 0, &bytes), None);
        assert_eq!(shelf.wrong_at(content, 500, &bytes[500..900]), None);
        let whole = blake3::hash(&bytes).to_hex();
        assert_eq!(content.digest.as_str(), whole.as_str());
        bytes[650_001] ^= 1;
        assert_eq!(shelf.wrong_at(content, 0, &bytes), Some(650_001));
        assert!(shelf.wrong_at(content, 1, &bytes[..50]).is_some());
    }

    #[test]
    fn a_seed_repeats_the_sizes_and_another_does_not() {
        let law = "{lognormal: {median: 16KiB, sigma: 1.5, max: 1MiB}}";
        let sizes = |seed| -> Vec<u64> {
            shelf(law, seed).files.iter().map(|file| file.size).collect()
        };
        assert_eq!(sizes(5), sizes(5));
        assert_ne!(sizes(5), sizes(6));
        assert!(sizes(5).iter().all(|&size| size <= 1 << 20));
        let weighted = shelf("{weighted: {4KiB: 9, 64KiB: 1}}", 2);
        let large = weighted.files.iter().filter(|f| f.size == 65536).count();
        assert!((1..25).contains(&large), "{large}");
    }
}
