//! What can be wrong with the settings, each said in one line that names
//! the file, the line, the key and the value.
//!
//! Must not know: who asked for the settings, or where the line is shown.

use std::{io, path::PathBuf};

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A key that is unknown, or twice, or whose value does not do.
    #[error("{}:{line}: {key}: {value}: {why}", file.display())]
    Bad {
        /// The settings' file as it was named.
        file: PathBuf,
        /// The key's line, from 1.
        line: usize,
        /// The key with those above it, as in `users[0].name`.
        key: String,
        /// The value as typed, or `(hidden)` where it may be a password.
        value: String,
        /// What would have been good.
        why: String,
    },
    /// A flag's value does not do.
    #[error("{flag}: {value}: {why}")]
    Flag {
        /// The flag as typed.
        flag: &'static str,
        /// Its value.
        value: String,
        /// What would have been good.
        why: String,
    },
    /// The file is not YAML, or not in UTF-8.
    #[error("{}:{line}: {why}", file.display())]
    Syntax {
        /// The settings' file as it was named.
        file: PathBuf,
        /// The line where the reading stopped, from 1.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// The file cannot be read.
    #[error("{}: {error}", file.display())]
    Unreadable {
        /// The settings' file as it was named.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The demo settings cannot be written: no fault of whoever asked.
    #[error("{}: the demo settings cannot be written: {error}", file.display())]
    Unwritable {
        /// The file that is missing.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}
