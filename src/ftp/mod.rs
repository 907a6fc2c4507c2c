//! The FTP dialect: RFC 959 and its family over the same core. Codes and
//! the wire serve both ends.
//!
//! Must not know: the native dialect.

pub mod code;
pub mod facts;
pub mod server;
pub mod verb;
pub mod wire;
