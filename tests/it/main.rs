//! The table of contents: one binary, so that it links once.
#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod admin;
mod bound;
mod client;
mod commands;
mod hostile;
mod jail;
mod limits;
mod lobby;
mod peer;
mod program;
mod settings;
mod transfers;
mod users;
mod world;
