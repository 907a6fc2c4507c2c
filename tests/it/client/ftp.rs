//! The client in FTP, against a peer that plays a written conversation:
//! servers of all kinds, and some that mean no good.

mod answers;
mod coming_in;
mod downloads;
mod hostile;
mod listings;
mod peer;
mod real;
mod uploads;
