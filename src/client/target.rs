//! Where to connect, parsed once: `[USER@]HOST[:PORT]`, with `[...]` round
//! an IPv6 address, in the native protocol; as `ftp://...` in FTP.
//!
//! Must not know: sockets, passwords.

use std::str::FromStr;

use crate::native::token;

/// A server, and who wants in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// How to speak with it.
    pub(super) dialect: Dialect,
    /// Who, where it was said.
    pub(super) user: Option<String>,
    /// A name or an address, without brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
}

/// What a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Our own protocol.
    Native,
    /// FTP, as most servers.
    Ftp,
}

impl Dialect {
    /// The port, where none is said.
    pub(super) fn port(self) -> u16 {
        match self {
            Dialect::Native => 9021,
            Dialect::Ftp => 21,
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        let (dialect, text) = split_scheme(text)?;
        let (user, place) = match text.rsplit_once('@') {
            Some(("", _)) => return Err("the user's name is empty".into()),
            Some((user, place)) => (Some(user), place),
            None => (None, text),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return Err("a password is never an argument: set \
                        FTPOOL_PASSWORD, write ~/.netrc, or wait to be asked"
                .into());
        }
        let (host, port) = split_port(place)?;
        if host.is_empty() || host.contains(|c: char| c.is_control()) {
            return Err("the host's name is missing".into());
        }
        let port = match port {
            Some(port) => port
                .parse()
                .ok()
                .filter(|&port| port > 0)
                .ok_or_else(|| format!("{port} is no port"))?,
            None => dialect.port(),
        };
        let user = match (dialect, user) {
            // A URL's name may be written with percent signs.
            (Dialect::Ftp, Some(user)) => {
                let bytes = token::decode(user);
                let user = bytes.and_then(|b| String::from_utf8(b).ok());
                Some(user.ok_or("the user's name is no name")?)
            }
            (_, user) => user.map(Into::into),
        };
        Ok(Target { dialect, user, host: host.into(), port })
    }
}

/// Cuts a scheme off, with the slash that may end a URL.
fn split_scheme(text: &str) -> Result<(Dialect, &str), String> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok((Dialect::Native, text));
    };
    let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
    match scheme.to_ascii_lowercase().as_str() {
        "ftp" if path.is_empty() => Ok((Dialect::Ftp, place)),
        "ftp" => Err(format!(
            "a path is no part of the target: say ftp://{place} and cd"
        )),
        "ftps" => Err("ftps:// is not in this version: it speaks FTP \
                       without TLS, as ftp://"
            .into()),
        _ => Err(format!("{scheme}:// is no scheme that this program knows")),
    }
}

/// Cuts `HOST:PORT`, `[V6]:PORT`, and a bare IPv6 address.
fn split_port(place: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, after) =
            rest.split_once(']').ok_or("the bracket is not closed")?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(format!("{after} does not belong there")),
        };
    }
    match place.split_once(':') {
        Some((_, rest)) if rest.contains(':') => Ok((place, None)),
        Some((host, port)) => Ok((host, Some(port))),
        None => Ok((place, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Target};

    const PORT: u16 = 9021;

    fn parsed(text: &str) -> Result<(Option<String>, String, u16), String> {
        text.parse().map(|t: Target| (t.user, t.host, t.port))
    }

    #[test]
    fn a_scheme_says_the_dialect() {
        for (text, user, host, port) in [
            ("ftp://example", None, "example", 21),
            ("FTP://example/", None, "example", 21),
            ("ftp://mike@[::1]:2121/", Some("mike"), "::1", 2121),
            ("ftp://a%40b@example", Some("a@b"), "example", 21),
        ] {
            let target: Target = text.parse().expect(text);
            let dialect = Dialect::Ftp;
            let user = user.map(Into::into);
            let host = host.into();
            assert_eq!(target, Target { dialect, user, host, port });
        }
        let target: Target = "example".parse().expect("a target");
        assert_eq!(target.dialect, Dialect::Native);
    }

    #[test]
    fn the_forms_of_a_target() {
        let mike = Some("mike".to_owned());
        for (text, user, host, port) in [
            ("example", None, "example", PORT),
            ("mike@example:7", mike.clone(), "example", 7),
            ("mike@[::1]:7", mike, "::1", 7),
            ("[::1]", None, "::1", PORT),
            ("::1", None, "::1", PORT),
            ("127.0.0.1:65535", None, "127.0.0.1", 65535),
        ] {
            assert_eq!(parsed(text), Ok((user, host.into(), port)), "{text}");
        }
    }

    #[test]
    fn what_is_no_target_is_told_so() {
        for (text, said) in [
            ("", "missing"),
            ("@host", "empty"),
            ("host:0", "no port"),
            ("host:x", "no port"),
            ("host:65536", "no port"),
            ("[::1", "not closed"),
            ("[::1]x", "belong"),
            ("mike:secret@host", "never an argument"),
            ("ftp://mike:secret@host", "never an argument"),
            ("ftp://m%zz@host", "no name"),
            ("ftp://m%ff@host", "no name"),
            ("ftp://host/a", "no part of the target"),
            ("ftp:///", "missing"),
            ("ftps://host", "not in this version"),
            ("http://host", "no scheme"),
        ] {
            let error = parsed(text).expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
