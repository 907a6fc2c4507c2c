//! ftpool: a file-transfer server with a fixed pool of places.
//!
//! The modules in reading order, from the program to the disk; each knows
//! only what stands below it:
//!
//! [`server`] puts the parts together: [`settings`], [`root`] and [`users`]
//! become a [`session::House`], and [`net`] serves it. [`net`] carries
//! connections to workers, [`native`] speaks with them, [`session`] is what
//! is meant. [`stream`] and [`journal`] are the floor under net and native.
//! [`admin`] is the command line beside the running server.

pub mod admin;
pub mod client;
pub mod ftp;
pub mod journal;
pub mod log;
pub mod native;
pub mod net;
pub mod password;
mod pattern;
pub mod root;
pub mod server;
pub mod session;
pub mod settings;
pub mod stream;
pub mod users;
