//! The load generator: it opens many clients against a server, proves from
//! outside that the bound on those served at once holds, and tells latency
//! without leaving out what had to wait.
//!
//! In reading order: `workload` and `plan` say what is to happen, `content`
//! which bytes; `dialect` is the protocol without a socket; `worker` drives
//! the clients; `record`, `timeline` and `history` keep what they saw;
//! `verdict` judges it; `report` shows it; `run` ties them together, and
//! `capacity` says at which rate to run next; `args` is the face of all. Measuring, judging and showing do not know
//! each other.

mod args;
mod caller;
mod capacity;
mod clock;
mod content;
mod crowd;
mod descriptors;
mod dialect;
mod drill;
mod history;
mod plan;
mod prepare;
mod probe;
mod processes;
mod record;
mod report;
mod run;
mod server;
mod timeline;
mod units;
mod verdict;
mod worker;
mod workload;

pub use args::main;
