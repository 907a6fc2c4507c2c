//! Thin for now.
fn main() {}
