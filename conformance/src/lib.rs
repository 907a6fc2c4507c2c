//! The conformance suite: scenarios in YAML, a runner, a judge, reports.
//!
//! Reading order: `case` is the language and `load` where scenarios come
//! from; `target` is the server that is judged; `peer` is the socket,
//! `reply` and `wire` what is seen on it; `run` plays one scenario and `lint`
//! watches every line of it; `ftp` is all that is FTP's own of these;
//! `suite` plays many; `verdict`, `watched`, `waivers` and `baseline` say
//! what came of it, and `report` tells people. `lies` judges the suite
//! itself.
//!
//! The crate links nothing else of this workspace: a fault in the server's
//! own parser must not be able to hide itself here.

pub mod baseline;
pub mod case;
pub mod cli;
pub mod explain;
pub mod ftp;
pub mod lies;
pub mod lint;
pub mod load;
pub mod payload;
pub mod peer;
pub mod reply;
pub mod report;
pub mod run;
pub mod select;
pub mod suite;
pub mod target;
pub mod template;
pub mod verdict;
pub mod waivers;
pub mod watched;
pub mod wire;
