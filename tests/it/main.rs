//! The table of contents: one binary, so that it links once.
#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod commands;
mod hostile;
mod jail;
mod limits;
mod peer;
mod transfers;
mod world;
