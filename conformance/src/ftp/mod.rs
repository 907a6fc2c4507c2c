//! What the suite knows of FTP's wire: replies, the table of codes, the
//! lint that watches every control connection, listings.
//!
//! Knows no socket, no scenario and no server.

pub mod lint;
pub mod listing;
pub mod reply;
pub mod table;
pub mod telnet;
