//! The table of contents: one binary, so that it links once.
#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod admin;
mod commands;
mod peer;
mod settings;
mod users;
mod world;
