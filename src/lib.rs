//! ftpool
