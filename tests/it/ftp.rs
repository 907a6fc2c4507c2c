//! The server's FTP dialect, byte by byte, where the scenarios of
//! `fixtures/scenarios` do not reach: what is on the disk meanwhile, what
//! the limits of time do, who shares what.

mod data;
mod lifecycle;
pub mod peer;
mod random;
mod refused_uploads;
mod uploads;
