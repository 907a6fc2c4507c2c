//! Finds the settings' file, writes the demo settings where there is none,
//! and places the root.
//!
//! Must not know: which keys there are.
#![expect(clippy::disallowed_methods, reason = "the settings are a file")]

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{self, Component, Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{
    Flags, Settings, SettingsError,
    check::{check, check_flags},
    demo,
    raw::RawSettings,
};

/// Settings, and where they came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The checked settings.
    pub settings: Settings,
    /// The file they were read from, to be read again at a SIGHUP:
    /// `Settings::load(Some(&file), &flags)`.
    pub file: PathBuf,
}

impl Settings {
    /// Reads the file, or where none is given `conf/settings.yaml` below
    /// the root, which is made from the demo settings where it is missing.
    ///
    /// # Errors
    /// In one line, what is wrong and where.
    pub fn load(
        file: Option<&Path>,
        flags: &Flags,
    ) -> Result<Loaded, SettingsError> {
        check_flags(flags)?;
        let file = match file {
            Some(file) => file.to_path_buf(),
            None => {
                Self::make_demo(flags)?;
                default_file(flags.root.as_deref())
            }
        };
        let settings = read(&file, flags)?;
        Ok(Loaded { settings, file })
    }

    /// Makes `conf/settings.yaml` below the root from the demo settings
    /// where it is missing, and says which file was made.
    ///
    /// # Errors
    /// A flag does not do, or the file cannot be written.
    pub fn make_demo(flags: &Flags) -> Result<Option<PathBuf>, SettingsError> {
        check_flags(flags)?;
        let file = default_file(flags.root.as_deref());
        match write_demo(&file) {
            Ok(made) => Ok(made.then_some(file)),
            Err(error) => Err(SettingsError::Unwritable { file, error }),
        }
    }

    /// As [`load`](Self::load), but a file that is missing where none was
    /// given is not made: there are no settings then.
    ///
    /// # Errors
    /// In one line, what is wrong and where.
    pub fn find(
        file: Option<&Path>,
        flags: &Flags,
    ) -> Result<Option<Loaded>, SettingsError> {
        if file.is_none() {
            let file = default_file(flags.root.as_deref());
            match file.try_exists() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => {
                    return Err(SettingsError::Unreadable { file, error });
                }
            }
        }
        Self::load(file, flags).map(Some)
    }
}

/// The root where no file says otherwise: `--root`, or `ftpool-data` below
/// the current folder.
pub fn root_of(flag: Option<&Path>) -> PathBuf {
    absolute(flag.unwrap_or(Path::new("ftpool-data")))
}

/// Kept as short as it was typed: it stands in messages.
fn default_file(root: Option<&Path>) -> PathBuf {
    root.unwrap_or(Path::new("ftpool-data")).join("conf/settings.yaml")
}

fn read(file: &Path, flags: &Flags) -> Result<Settings, SettingsError> {
    let bytes = read_bounded(file).map_err(|error| {
        SettingsError::Unreadable { file: file.to_path_buf(), error }
    })?;
    let raw = RawSettings::parse(file.to_path_buf(), bytes)?;
    check(&raw, flags, |typed| match (&flags.root, typed) {
        (Some(flag), _) => absolute(flag),
        (None, Some(typed)) => folder_of(file).join(typed),
        (None, None) => root_around(&folder_of(file)),
    })
}

fn read_bounded(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let why = format!("the file is longer than {FILE_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// Writes the demo settings, whole or not at all, and never over a file
/// that is there. They hold passwords: their owner alone may read them.
fn write_demo(file: &Path) -> io::Result<bool> {
    if file.try_exists()? {
        return Ok(false);
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
    let mut new = NamedTempFile::with_prefix_in(".new-", folder)?;
    new.write_all(demo::TEXT.as_bytes())?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(file) {
        Ok(_) => Ok(true),
        Err(lost) if lost.error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(false)
        }
        Err(lost) => Err(lost.error),
    }
}

fn folder_of(file: &Path) -> PathBuf {
    let file = absolute(file);
    file.parent().map_or_else(|| file.clone(), Path::to_path_buf)
}

fn root_around(folder: &Path) -> PathBuf {
    match folder.parent() {
        Some(above) if folder.ends_with("conf") => above.to_path_buf(),
        _ => folder.to_path_buf(),
    }
}

/// The path from `/`. Links in it stay as they are, so that the root is
/// where its name says; only a `..`, which text cannot resolve, makes the
/// system say where it leads.
fn absolute(typed: &Path) -> PathBuf {
    let plain = path::absolute(typed).unwrap_or_else(|_| typed.to_path_buf());
    if plain.components().any(|it| it == Component::ParentDir) {
        return fs::canonicalize(&plain).unwrap_or(plain);
    }
    plain
}

/// The longest settings file: room for a hundred thousand users.
pub const FILE_BYTES_MAX: u64 = 16 << 20;

/// For the server's own folders: its group may look, others may not.
const FOLDER_MODE: u32 = 0o750;
