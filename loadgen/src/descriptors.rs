//! Raises the number of descriptors that this process may have, so that ten
//! thousand clients need no `ulimit` before.
//!
//! Must not know: what they are for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit to what the system allows at most; what it is then.
pub(crate) fn raise() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Where it is refused the old limit still holds, and is what counts.
    let _ = setrlimit(Resource::Nofile, raised);
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Descriptors that are needed for other things than clients.
pub(crate) const SPARE: u64 = 50;
