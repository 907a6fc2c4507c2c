//! What a part remembers of the file that it was taken from: an attribute
//! beside its bytes, which goes where they go. A server that can compare no
//! digests is asked for the file's length and time instead, and what is
//! remembered here tells whether they are still the same.
//!
//! Must not know: servers, when a download is resumed.

use std::fs::File;

use rustix::fs::{XattrFlags, fgetxattr, fremovexattr, fsetxattr};

use super::remote::Source;

/// Remembers where a part's bytes come from, or that nobody knows. A file
/// system without attributes keeps nothing, and a later download begins
/// again.
pub(super) fn remember(part: &File, source: Option<Source>) {
    let Some(Source { size, modified }) = source else {
        let _none = fremovexattr(part, NAME);
        return;
    };
    let text = format!("{size} {modified}");
    if fsetxattr(part, NAME, text.as_bytes(), XattrFlags::empty()).is_err() {
        let _none = fremovexattr(part, NAME);
    }
}

/// What is remembered.
pub(super) fn recall(part: &File) -> Option<Source> {
    let mut buffer = [0; TEXT_BYTES_MAX];
    let length = fgetxattr(part, NAME, &mut buffer[..]).ok()?;
    let text = str::from_utf8(buffer.get(..length)?).ok()?;
    let (size, modified) = text.split_once(' ')?;
    Some(Source { size: size.parse().ok()?, modified: modified.parse().ok()? })
}

/// The attribute's name; `user.` is what the system wants before it.
const NAME: &str = "user.ftpool.origin";

/// The longest text: a number of 20 digits, and a time with nanoseconds.
const TEXT_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::{NAME, TEXT_BYTES_MAX, recall, remember};
    use crate::client::remote::Source;
    use rustix::fs::{XattrFlags, fsetxattr};

    #[test]
    fn what_is_remembered_is_recalled_until_it_is_forgotten() {
        // Beside what was built, where attributes can be kept.
        let program = std::env::current_exe().expect("this program");
        let folder = program.parent().expect("its folder");
        let file = tempfile::tempfile_in(folder).expect("a file");
        assert_eq!(recall(&file), None);
        let source = Source {
            size: u64::MAX,
            modified: "2026-11-23T10:00:00.123456789Z".parse().expect("time"),
        };
        remember(&file, Some(source));
        assert_eq!(recall(&file), Some(source));
        remember(&file, None);
        assert_eq!(recall(&file), None);
        for odd in ["", "1", "1 x", "x 2026-11-23T10:00:00Z"]
            .map(str::to_owned)
            .into_iter()
            .chain(["9".repeat(TEXT_BYTES_MAX + 1)])
        {
            fsetxattr(&file, NAME, odd.as_bytes(), XattrFlags::empty())
                .expect("attributes can be kept here");
            assert_eq!(recall(&file), None, "{odd}");
        }
    }
}
