//! What the generator needs of a protocol: steps in, bytes out; bytes in,
//! facts out. A conversation holds no socket and knows no clock. Where it
//! moves its data on a second connection, it says to which port that is to
//! be opened and is told when it has ended; the data itself it never sees.
//!
//! Must not know: sockets, schedules, histograms.

mod ftp;
mod native;

pub(crate) use ftp::{Ftp, Listing};
pub(crate) use native::Native;

/// A protocol, as a maker of conversations.
pub(crate) trait Dialect: Copy + Send + Sync + 'static {
    /// One connection's state.
    type Talk: Conversation;

    /// Its name: in reports, in our own server's settings and in its first
    /// words.
    const NAME: &'static str;

    /// The beginning of a sign-in, for a connection that is cut off in it.
    const TORN_SIGN_IN: &'static [u8];

    /// The state of a connection that was just made.
    fn talk(&self) -> Self::Talk;
}

/// One connection's half of the protocol, without the connection.
pub(crate) trait Conversation: Send {
    /// Appends the bytes that ask for a step. The one before it has ended.
    fn begin(&mut self, step: Step<'_>, out: &mut Vec<u8>);

    /// Takes bytes that have arrived: how many of them were used, and what
    /// they say. To be called until it uses nothing and says nothing, with
    /// no bytes at all too: a fact may follow from what came before. What a
    /// step has to send further is appended to `out`.
    fn hear<'a>(
        &mut self,
        bytes: &'a [u8],
        out: &mut Vec<u8>,
    ) -> (usize, Heard<'a>);

    /// The data connection has ended: the server closed it after the last
    /// byte, or the client did.
    fn data_ended(&mut self) -> Heard<'static> {
        Heard::Nothing
    }
}

/// What a client may ask for. All names are made by the generator itself,
/// of letters, digits and `-_./` only, so no dialect has to encode them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step<'a> {
    /// Prove who is speaking.
    SignIn {
        /// The account.
        user: &'a str,
        /// Its password.
        password: &'a str,
    },
    /// Say the current directory.
    Pwd,
    /// Go to a directory.
    Cd(&'a str),
    /// List a directory.
    Dir(&'a str),
    /// Make a directory.
    Mkdir(&'a str),
    /// Remove a directory.
    Rmdir(&'a str),
    /// Remove a file.
    Rm(&'a str),
    /// Fetch a file, or the rest of it.
    Get {
        /// Its name.
        path: &'a str,
        /// The bytes held already, and their digest in hex.
        held: Option<(u64, &'a str)>,
    },
    /// Send a file.
    Put {
        /// Its name.
        path: &'a str,
        /// The whole file's length.
        size: u64,
        /// Its digest in hex, if the server is to check it.
        digest: Option<&'a str>,
    },
    /// Say goodbye.
    Quit,
}

/// What the server's bytes say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    /// Nothing yet.
    Nothing,
    /// The connection waits for a place.
    Waiting {
        /// How many are served before it, and itself.
        position: Option<u64>,
        /// The server's own word on its limit.
        limit: Option<u64>,
    },
    /// The connection has a place.
    Ready {
        /// The server's own word on its limit.
        limit: Option<u64>,
        /// The server's own count of those it serves.
        serving: Option<u64>,
    },
    /// The server has no place and no room to wait, and says so.
    TurnedAway(String),
    /// The server ends the session, and says why.
    Dismissed(String),
    /// A try came too early; the same step may be begun again.
    TryAgain {
        /// The reply's code.
        code: u16,
    },
    /// A data connection is to be opened to this port of the server, before
    /// anything further is sent.
    Open {
        /// The reply's code.
        code: u16,
        /// The port.
        port: u16,
    },
    /// Bytes of a file or listing follow on the data connection, up to its
    /// end.
    Begun {
        /// The reply's code.
        code: u16,
    },
    /// Bytes of a file or listing follow on this connection.
    Flow {
        /// The reply's code.
        code: u16,
        /// Where they belong in the file.
        offset: u64,
        /// How many follow.
        length: u64,
        /// The entries, where it is a listing and the server counts them.
        entries: Option<u64>,
    },
    /// Bytes of a file or listing.
    Body(&'a [u8]),
    /// The upload's bytes may be sent now: on the data connection, if one
    /// was opened.
    Send {
        /// The reply's code.
        code: u16,
        /// From where.
        offset: u64,
    },
    /// The step has ended as it should.
    Done {
        /// The last reply's code; `None` where it came before the bytes.
        code: Option<u16>,
        /// The file's size, where the reply says it.
        size: Option<u64>,
    },
    /// The step was refused.
    Refused {
        /// The reply's code.
        code: u16,
        /// The code and the reason.
        label: String,
    },
    /// What came is no reply, or none that fits.
    Nonsense(String),
}
