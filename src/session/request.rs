//! What a user can ask for, as types. Every dialect decodes its bytes into
//! a [`Request`]; the session answers it with an outcome.
//!
//! Must not know: a verb's spelling, a status code, a socket.

use std::fmt;

use crate::password::Password;

/// One command, whole and well-formed. Names are bytes as the user gave
/// them, decoded but not yet resolved: the session knows where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Prove who is speaking.
    SignIn {
        /// The name, not yet known to be a user's.
        user: String,
        /// The password in clear.
        password: Password,
    },
    /// Go to a directory; `None` is the home's root.
    ChangeDirectory {
        /// Where to, relative to the current directory or from `/`.
        to: Option<PathText>,
    },
    /// Make one directory below an existing one.
    MakeDirectory {
        /// The directory's name.
        path: PathText,
    },
    /// Say the current directory.
    CurrentDirectory,
    /// List a directory, or show one file's line.
    List {
        /// What to list; `None` is the current directory.
        path: Option<PathText>,
    },
    /// Send a file from the server.
    Download {
        /// The file's name.
        file: PathText,
        /// What the client holds of it already.
        held: Option<Held>,
    },
    /// Take a file from the client.
    Upload {
        /// The file's name.
        file: PathText,
        /// The whole file's length in bytes.
        size: u64,
        /// The whole file's digest, where the client knows it. Without
        /// it an upload cannot be resumed.
        digest: Option<Digest>,
    },
    /// Remove a file, a link, or a kept part.
    Remove {
        /// The file's name.
        file: PathText,
    },
    /// Remove an empty directory.
    RemoveDirectory {
        /// The directory's name.
        path: PathText,
    },
    /// Give a file or directory another name.
    Rename {
        /// The name it has.
        from: PathText,
        /// The name it gets; nothing may have it yet.
        to: PathText,
    },
    /// Say how much of the quota is used.
    Quota,
    /// Do nothing, but count as a sign of life.
    Nothing,
    /// Say which commands there are.
    Help,
    /// End the session.
    Quit,
}

/// What the client of a download holds already, from the file's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// How many bytes.
    pub length: u64,
    /// Their digest, where the client gave it.
    pub digest: Option<Digest>,
}

/// A path as the user gave it: bytes, never empty, without NUL.
#[derive(Clone, PartialEq, Eq)]
pub struct PathText(Vec<u8>);

impl PathText {
    /// Takes the bytes; `None` where they are empty or hold a NUL, which
    /// no file system can store.
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Option<PathText> {
        let bytes = bytes.into();
        (!bytes.is_empty() && !bytes.contains(&0)).then_some(PathText(bytes))
    }

    /// The bytes as given.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PathText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

/// The BLAKE3 digest of a file's bytes, or of its beginning.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Reads 64 hex digits of either case.
    pub fn parse(hex: &str) -> Option<Digest> {
        let hash = blake3::Hash::from_hex(hex).ok()?;
        Some(Digest(*hash.as_bytes()))
    }

    /// The digest that a finished hasher holds.
    pub fn of(hasher: &blake3::Hasher) -> Digest {
        Digest(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
