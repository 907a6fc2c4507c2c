//! The core: what a session means, apart from how it is worded.

mod outcome;
mod request;

pub use outcome::{Failed, Refused};
pub use request::{Digest, Held, Password, PathText, Request};
