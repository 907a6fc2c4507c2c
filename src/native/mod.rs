//! The native protocol (`docs/native-protocol.md`): its lines, verbs and
//! codes, for both ends.

pub mod code;
pub mod line;
pub mod token;
pub mod verb;
pub mod wire;
