//! What an error of the system means to who asked.
//!
//! Must not know: what was tried, beyond looking up, creating or writing.

use std::io;

use rustix::io::Errno;

use super::Kind;
use crate::session::outcome::{Denial, Failed, Refused};

pub(super) fn is_forbidden(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::ACCESS)
}

/// cap-std's own refusal of a way out; a kernel's EACCES has a number.
pub(super) fn is_escape(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
        && error.raw_os_error().is_none()
}

/// `kind` where the error says that there is nothing; else the error.
pub(super) fn missing_or(
    error: io::Error,
    kind: Kind,
) -> Result<Kind, Denial> {
    match on_lookup(error) {
        Denial::Refused(Refused::NotFound) => Ok(kind),
        denial => Err(denial),
    }
}

/// What an error means to someone who looks a name up.
pub(super) fn on_lookup(error: io::Error) -> Denial {
    if is_escape(&error) {
        return Refused::NotFound.into();
    }
    match Errno::from_io_error(&error) {
        // ENXIO: a socket, or a pipe without a reader.
        Some(
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::LOOP
            | Errno::NAMETOOLONG
            | Errno::NXIO
            | Errno::ISDIR,
        ) => Refused::NotFound.into(),
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::BUSY) => {
            Refused::Denied.into()
        }
        Some(Errno::NOTEMPTY) => Refused::NotEmpty.into(),
        _ => on_write(error).into(),
    }
}

/// What an error means to someone who creates a name.
pub(super) fn on_creation(error: io::Error) -> Denial {
    match Errno::from_io_error(&error) {
        Some(Errno::EXIST | Errno::ISDIR | Errno::NOTEMPTY) => {
            Refused::Exists.into()
        }
        Some(Errno::NAMETOOLONG | Errno::ILSEQ | Errno::INVAL) => {
            Refused::BadName.into()
        }
        _ => on_lookup(error),
    }
}

/// What an error means in the middle of a file's bytes.
pub(in crate::session) fn on_write(error: io::Error) -> Failed {
    match Errno::from_io_error(&error) {
        Some(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => Failed::DiskFull,
        _ => Failed::Io(error),
    }
}
