//! ftpool

pub mod admin;
pub mod password;
pub mod root;
pub mod server;
pub mod settings;
pub mod users;
