//! Ctrl-C at the prompt: it ends what is under way, not the client. A
//! script has no such watch and ends, as every program does.
//!
//! Must not know: what is under way. A signal comes to a process as a
//! whole, so that its flag is the process's, too.

use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use signal_hook::{consts::SIGINT, flag};

use super::error::Error;

/// Watches from now on.
///
/// # Errors
///
/// What the system said; the signal then ends the client.
pub(super) fn watch() -> io::Result<()> {
    let seen = Arc::clone(SEEN.get_or_init(Arc::default));
    flag::register(SIGINT, seen).map(drop)
}

/// Forgets a signal that came when nothing was under way.
pub(super) fn forget() {
    if let Some(seen) = SEEN.get() {
        seen.store(false, Ordering::Relaxed);
    }
}

/// Whether to go on.
///
/// # Errors
///
/// [`Error::Interrupted`], once a signal.
pub(super) fn check() -> Result<(), Error> {
    match SEEN.get() {
        Some(seen) if seen.swap(false, Ordering::Relaxed) => {
            Err(Error::Interrupted)
        }
        Some(_) | None => Ok(()),
    }
}

/// Set by the signal; empty where nobody watches.
static SEEN: OnceLock<Arc<AtomicBool>> = OnceLock::new();
