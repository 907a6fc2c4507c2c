//! Where to connect, parsed once: `[USER@]HOST[:PORT]`, with `[...]` round
//! an IPv6 address, or a URL.
//!
//! Must not know: sockets, passwords.

use std::str::FromStr;

/// A server, and who wants in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Who, where it was said.
    pub(super) user: Option<String>,
    /// A name or an address, without brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
}

/// The native protocol's port, where none is said.
pub(super) const PORT: u16 = 9021;

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        if let Some((scheme, _)) = text.split_once("://") {
            return Err(match scheme {
                "ftp" | "ftps" => format!(
                    "{scheme}:// is not in this version; it speaks the \
                     native protocol: [USER@]HOST[:PORT]"
                ),
                _ => format!(
                    "{scheme}:// is no scheme that this program \
                              knows"
                ),
            });
        }
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
            None => PORT,
        };
        Ok(Target { user: user.map(Into::into), host: host.into(), port })
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
    use super::{PORT, Target};

    fn parsed(text: &str) -> Result<(Option<String>, String, u16), String> {
        text.parse().map(|t: Target| (t.user, t.host, t.port))
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
            ("ftp://host", "not in this version"),
            ("ftps://host", "not in this version"),
            ("http://host", "no scheme"),
        ] {
            let error = parsed(text).expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
