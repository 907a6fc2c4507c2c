//! The table of contents: one binary, so that it links once.
#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod bound;
mod commands;
mod lobby;
mod peer;
mod process;
mod program;
mod world;
