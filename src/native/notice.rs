//! What the server says outside any command: the `000` lines (§3).
//!
//! Must not know: when to say them.

use super::{code::Code, wire::ReplyLine};

/// A line that answers no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// All places are taken, and so is the waiting line.
    Busy,
    /// The server is stopping.
    Closing,
    /// A worker listens: the client may speak.
    Ready {
        /// How many connections are served at most.
        limit: usize,
        /// How many are served now, this one included.
        serving: usize,
    },
    /// A limit of time has passed.
    Timeout(Limit),
    /// All places are taken; the client waits in line.
    Waiting {
        /// The place in the line, from 1.
        position: usize,
        /// How many connections are served at most.
        limit: usize,
    },
}

/// The limits of time (§3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// From the end of one command to the next whole request.
    Idle,
    /// From the ready line to the authentication.
    Login,
    /// Without a byte moved in a transfer.
    Stall,
}

impl Limit {
    /// The limit's name on the wire and in the log.
    pub fn word(self) -> &'static str {
        match self {
            Limit::Idle => "idle",
            Limit::Login => "login",
            Limit::Stall => "stall",
        }
    }
}

/// Appends the notice as one line.
pub fn encode(notice: Notice, out: &mut Vec<u8>) {
    let line = ReplyLine::new(out, Code::System);
    match notice {
        Notice::Busy => line
            .word("state", "busy")
            .text("no place is free and none will be soon; come again later"),
        Notice::Closing => {
            line.word("state", "closing").text("the server is stopping");
        }
        Notice::Ready { limit, serving } => line
            .word("state", "ready")
            .number("protocol", PROTOCOL_VERSION)
            .number("limit", limit as u64)
            .number("serving", serving as u64)
            .text("welcome to ftpool; authenticate with auth USER PASSWORD"),
        Notice::Timeout(limit) => line
            .word("state", "timeout")
            .word("limit", limit.word())
            .text("too long a silence"),
        Notice::Waiting { position, limit } => line
            .word("state", "waiting")
            .number("position", position as u64)
            .number("limit", limit as u64)
            .text("all places are taken; wait for ready"),
    }
}

/// The version of the protocol that this server speaks.
const PROTOCOL_VERSION: u64 = 1;
