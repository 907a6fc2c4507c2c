//! ftpool

pub mod password;
pub mod root;
pub mod settings;
pub mod users;
