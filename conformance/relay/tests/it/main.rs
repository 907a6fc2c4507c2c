//! The relay from outside: honest without a lie, bounded whatever comes, and
//! every lie is known.
//!
//! The scenarios judge what is said through it; here is what tells a broken
//! relay from a broken scenario.

mod world;

mod honest;
mod hostile;
mod lies;
