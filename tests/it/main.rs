//! The table of contents: one binary, so that it links once.
#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod client;
mod commands;
mod peer;
mod world;
