//! ftpool: a file-transfer server with a fixed pool of places.

pub mod native;
pub mod session;
