//! What a client understands of its connection: lines put together to
//! replies, and the lint that watches them, in one dialect or the other.
//!
//! The client asks the same of both and knows no difference.

use std::collections::BTreeSet;
use std::time::Instant;

use crate::case::Dialect;
use crate::ftp::lint::{Broken, Lint as FtpLint};
use crate::ftp::reply::Gather;
use crate::ftp::telnet;
use crate::lint::Lint;
use crate::reply::{LINE_BYTES_MAX, Reply};
use crate::verdict::Seen;

/// One connection's dialect.
#[derive(Debug)]
pub(super) enum Speech {
    /// The native protocol: every line is a reply.
    Native(Lint),
    /// FTP.
    Ftp(Box<Ftp>),
}

/// What is known of an FTP control connection.
#[derive(Debug, Default)]
pub(super) struct Ftp {
    lint: FtpLint,
    gather: Gather,
    /// Telnet commands since the last reply, as hex digits.
    telnet: String,
    /// Lines of the reply that is being read.
    lines: usize,
}

impl Speech {
    /// A connection that is about to be made.
    pub(super) fn new(dialect: Dialect) -> Speech {
        match dialect {
            Dialect::Native => Speech::Native(Lint::default()),
            Dialect::Ftp => Speech::Ftp(Box::default()),
        }
    }

    /// The most bytes of one line, with its end.
    pub(super) fn line_bytes_max(&self) -> usize {
        match self {
            Speech::Native(_) => LINE_BYTES_MAX,
            Speech::Ftp(_) => FTP_LINE_BYTES_MAX,
        }
    }

    /// How a request ends.
    pub(super) fn line_end(&self) -> &'static str {
        match self {
            Speech::Native(_) => "\n",
            Speech::Ftp(_) => "\r\n",
        }
    }

    /// Requests went out.
    pub(super) fn sent(&mut self, bytes: &[u8]) {
        match self {
            Speech::Native(lint) => lint.sent(bytes),
            Speech::Ftp(ftp) => ftp.lint.sent(bytes),
        }
    }

    /// Takes a line; gives the reply that it completes, if it does.
    pub(super) fn line(&mut self, raw: &[u8]) -> Option<Reply> {
        match self {
            Speech::Native(_) => Some(Reply::parse(raw)),
            Speech::Ftp(ftp) => {
                ftp.lint.telnet(raw);
                let (text, commands) = telnet::split(raw);
                ftp.telnet += &commands;
                ftp.lines += 1;
                let (mut reply, broken) = ftp.gather.line(&text)?;
                ftp.lines = 0;
                reply.telnet = std::mem::take(&mut ftp.telnet);
                ftp.lint.broken.extend(broken);
                Some(reply)
            }
        }
    }

    /// Whether a reply goes on and on.
    pub(super) fn is_endless(&self) -> bool {
        match self {
            Speech::Native(_) => false,
            Speech::Ftp(ftp) => ftp.lines > FTP_LINES_MAX,
        }
    }

    /// A reply came; says when the request that it answers was sent.
    pub(super) fn received(&mut self, reply: &Reply) -> Option<Instant> {
        match self {
            Speech::Native(lint) => lint.received(reply),
            Speech::Ftp(ftp) => ftp.lint.received(reply),
        }
    }

    /// The connection ended, or nothing more came in time.
    pub(super) fn broke_off(&mut self) {
        if let Speech::Ftp(ftp) = self {
            ftp.lint.broken.extend(ftp.gather.unfinished());
        }
    }

    /// Whether every request was answered.
    pub(super) fn is_in_step(&self) -> bool {
        match self {
            Speech::Native(lint) => lint.is_in_step(),
            Speech::Ftp(ftp) => ftp.lint.is_in_step(),
        }
    }

    /// Whether the server said that it would close.
    pub(super) fn was_told_goodbye(&self) -> bool {
        match self {
            Speech::Native(lint) => lint.was_told_goodbye(),
            Speech::Ftp(ftp) => ftp.lint.was_told_goodbye(),
        }
    }

    /// The FTP command that was begun and not ended.
    pub(super) fn under_way(&self) -> Option<String> {
        match self {
            Speech::Native(_) => None,
            Speech::Ftp(ftp) => ftp.lint.under_way().map(str::to_owned),
        }
    }

    /// What stands there is not asked for: of `pending`, what is at fault.
    pub(super) fn stray(&self, pending: &[u8]) -> bool {
        match self {
            Speech::Native(_) => {
                !pending.is_empty() && !pending.starts_with(b"000")
            }
            // A refusal of Telnet's options may come without a reply.
            Speech::Ftp(_) => !telnet::split(pending).0.is_empty(),
        }
    }

    /// Notes a fault that the client has seen.
    pub(super) fn file(&mut self, rule: &'static str, what: String) {
        match self {
            Speech::Native(lint) => lint.faults.push(what),
            Speech::Ftp(ftp) if rule == STRAY => ftp.lint.stray(&what),
            Speech::Ftp(ftp) => ftp.lint.broken.push(Broken { rule, what }),
        }
    }

    /// Hands over what was found and seen since the last time.
    pub(super) fn findings(&mut self) -> Findings {
        match self {
            Speech::Native(lint) => Findings {
                faults: std::mem::take(&mut lint.faults),
                broken: Vec::new(),
                seen: std::mem::take(&mut lint.seen),
                uploads: std::mem::take(&mut lint.uploads),
            },
            Speech::Ftp(ftp) => Findings {
                faults: Vec::new(),
                broken: std::mem::take(&mut ftp.lint.broken),
                seen: std::mem::take(&mut ftp.lint.seen),
                uploads: Default::default(),
            },
        }
    }
}

/// What the lint has found and seen.
pub(super) struct Findings {
    /// Native: these fail the scenario.
    pub(super) faults: Vec<String>,
    /// FTP: these fail the requirement that they break.
    pub(super) broken: Vec<Broken>,
    pub(super) seen: BTreeSet<Seen>,
    /// Native: what uploads may have left behind.
    pub(super) uploads: BTreeSet<String>,
}

/// The rule that stray bytes break.
pub(super) const STRAY: &str = "reply.one-per-command";

/// A path of 4096 bytes, each doubled, and some words.
const FTP_LINE_BYTES_MAX: usize = 16 * 1024;

/// STAT of a directory has a line an entry.
const FTP_LINES_MAX: usize = 100_000;
