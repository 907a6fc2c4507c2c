//! ftpool

pub mod password;
pub mod users;
