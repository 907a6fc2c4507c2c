//! Both dialects are one server: each story is told once, with one
//! expectation, and played natively and over FTP; then the races between a
//! session of each, on one file, one quota, one bound.

mod races;
mod stories;
mod voice;
