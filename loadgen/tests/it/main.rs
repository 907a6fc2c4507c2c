//! The load generator as its users run it, against a small server that is
//! honest or lies in a known way, and against the workspace's own server.
//!
//! - `liar`: that small server
//! - `ran`: the program, run to its end, with its exit code and its JSON
//! - `honest`: what it says of a server without fault
//! - `lies`: each lie is reported, and the exit code is 1
//! - `ftp_liar`: the same for FTP
//! - `ftp`: what is said of FTP servers, honest and lying
//! - `stopped`: a server that stands still shows in the response times
//! - `reports`: the interval log, the page, merge and compare

#![expect(
    clippy::unwrap_used,
    reason = "in a test every unexpected absence is a failure"
)]

mod ftp;
mod ftp_liar;
mod honest;
mod liar;
mod lies;
mod ran;
mod reports;
mod stopped;
