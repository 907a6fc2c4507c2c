//! The native protocol (`docs/native-protocol.md`). Its lines, verbs and
//! codes serve both ends; the conversation is the server's.
//!
//! Must not know: the FTP dialect.

pub mod code;
mod conversation;
pub mod notice;
mod reply;
pub mod token;
mod transfer;
pub mod verb;
pub mod wire;

pub use crate::stream::{Patience, line};
pub use conversation::serve;
