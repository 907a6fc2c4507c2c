//! The program from outside: honest without a lie, and every lie is known.
//!
//! The scenarios judge it in full; here is what tells a broken liar from a
//! broken scenario.

mod world;

mod honest;
mod lies;
