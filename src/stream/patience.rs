//! How long a session may be silent, in whatever dialect.
//!
//! Must not know: what is said when it was too long.

use std::time::Duration;

/// The limits of time (`docs/native-protocol.md` §3.5).
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the server's first word to the authentication.
    pub login: Duration,
    /// From the end of a command to the next whole request.
    pub idle: Duration,
    /// Without a byte moved in a transfer.
    pub stall: Duration,
}
