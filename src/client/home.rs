//! The client's own data folder: where its log and its history lie.
//!
//! Must not know: what is written there.

use std::{
    env, fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// The data folder by `FTPOOL_CLIENT_HOME`, `XDG_DATA_HOME` or `HOME`, in
/// this order; `None` where none of them is set.
pub(super) fn folder() -> Option<PathBuf> {
    let set = |key| env::var_os(key).filter(|v| !v.is_empty());
    set("FTPOOL_CLIENT_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&set("XDG_DATA_HOME")?).join(NAME)))
        .or_else(|| Some(Path::new(&set("HOME")?).join(BELOW_HOME).join(NAME)))
}

/// The user's home, where `~/.netrc` lies and `lcd` goes.
pub(super) fn of_user() -> Option<PathBuf> {
    env::var_os("HOME").filter(|v| !v.is_empty()).map(PathBuf::from)
}

/// Makes a folder and those above it, readable by their owner alone.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

const NAME: &str = "ftpool-client";
const BELOW_HOME: &str = ".local/share";
