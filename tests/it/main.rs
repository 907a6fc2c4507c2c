//! The table of contents: one binary, so that it links once.
#![expect(
    clippy::disallowed_methods,
    reason = "tests look at the disk from outside, and end with their process"
)]
#![expect(unreachable_pub, reason = "a test binary has no outside")]

mod admin;
mod both;
mod bound;
mod client;
mod commands;
mod crash;
mod foreign;
mod ftp;
mod hostile;
mod interleaved;
mod jail;
mod limits;
mod lobby;
mod model;
mod parts;
mod peer;
mod process;
mod program;
mod quota_races;
mod settings;
mod tidy;
mod transfers;
mod users;
mod world;
