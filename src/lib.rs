//! ftpool: a file-transfer server with a fixed pool of places.

pub mod client;
pub mod native;
pub mod session;
