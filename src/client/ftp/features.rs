//! What a server can do beyond RFC 959, as its FEAT says.
//!
//! A server without FEAT is asked for what it may still know; what changes
//! the meaning of other commands is used only where it is listed.
//!
//! Must not know: how a feature is used.

use crate::{
    client::sum::Algorithm,
    ftp::{
        code::{Class, Code},
        wire::Reply,
    },
};

/// A server's features.
#[derive(Debug, Clone, Default)]
pub(super) struct Features {
    /// MLST and MLSD (RFC 3659 §7).
    pub(super) facts: bool,
    /// SIZE may be asked for.
    pub(super) size: bool,
    /// MDTM may be asked for.
    pub(super) time: bool,
    /// REST in the stream mode may be asked for.
    pub(super) restart: bool,
    /// The best digest of HASH that we know, too.
    pub(super) hash: Option<Algorithm>,
    /// RANG, for a digest of a file's beginning.
    pub(super) range: bool,
    /// AVBL, for what still fits.
    pub(super) available: bool,
    /// OPTS UTF8 ON, which old servers wait for.
    pub(super) utf8: bool,
}

impl Features {
    /// Reads the reply to FEAT.
    pub(super) fn of(reply: &Reply) -> Features {
        if reply.code.class() != Class::Completion {
            return Features {
                size: true,
                time: true,
                restart: true,
                ..Features::default()
            };
        }
        let has = |name| {
            reply.code == Code::SYSTEM_STATUS && reply.feature(name).is_some()
        };
        let offered = reply.algorithms().unwrap_or_default();
        let known = |algorithm: &Algorithm| offered.has(name(*algorithm));
        Features {
            facts: has("MLST"),
            size: has("SIZE"),
            time: has("MDTM"),
            restart: has("REST"),
            hash: Algorithm::ALL.into_iter().find(known),
            range: has("RANG"),
            available: has("AVBL"),
            utf8: has("UTF8"),
        }
    }
}

/// A digest's name in HASH (draft-bryan-ftpext-hash-02 §3.1).
pub(super) fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Blake3 => "BLAKE3",
        Algorithm::Sha256 => "SHA-256",
        Algorithm::Crc32 => "CRC32",
    }
}

#[cfg(test)]
mod tests {
    use super::Features;
    use crate::{client::sum::Algorithm, ftp::wire::ReplyReader};

    fn features(text: &str) -> Features {
        let mut reader = ReplyReader::default();
        reader.push(text.as_bytes());
        let reply = reader.next_reply().expect("a reply").expect("whole");
        Features::of(&reply)
    }

    #[test]
    fn what_is_listed_is_used_and_the_best_digest_is_chosen() {
        let all = features(
            "211-Features\r\n MLST type*;\r\n SIZE\r\n MDTM\r\n \
             REST STREAM\r\n HASH CRC32;SHA-256*;MD5\r\n RANG STREAM\r\n \
             AVBL\r\n UTF8\r\n211 End\r\n",
        );
        assert!(all.facts && all.size && all.time && all.restart);
        assert!(all.range && all.available && all.utf8);
        assert_eq!(all.hash, Some(Algorithm::Sha256));
        let few =
            features("211-Features\r\n SIZE\r\n HASH MD5*\r\n211 End\r\n");
        assert!(few.size && !few.facts && !few.restart && !few.range);
        assert_eq!(few.hash, None);
    }

    #[test]
    fn a_server_without_feat_may_still_know_the_old_ones() {
        let old = features("500 what\r\n");
        assert!(old.size && old.time && old.restart);
        assert!(!old.facts && !old.range && old.hash.is_none());
    }
}
