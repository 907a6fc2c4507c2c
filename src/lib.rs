//! ftpool

pub mod password;
