//! ftpool: a file-transfer server with a fixed pool of places.

pub mod admin;
pub mod native;
pub mod password;
pub mod root;
pub mod server;
pub mod session;
pub mod settings;
pub mod users;
