//! `~/.netrc`: which user and password belong to a host.
//!
//! Must not know: where the file lies, or what the password is used for.

/// What the file says of a host.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    /// Who signs in.
    pub(super) login: Option<String>,
    /// With what.
    pub(super) password: Option<String>,
}

/// The first entry for `host` that names `user` or no one, else the
/// `default` one, if that does.
pub(super) fn find(
    text: &str,
    host: &str,
    user: Option<&str>,
) -> Option<Entry> {
    let fits = |entry: &Entry| match (user, &entry.login) {
        (Some(user), Some(login)) => user == login,
        (None, _) | (_, None) => true,
    };
    let all = entries(text);
    let of = |machine: Option<&str>| {
        all.iter()
            .find(|(m, entry)| m.as_deref() == machine && fits(entry))
            .map(|(_, entry)| entry.clone())
    };
    of(Some(host)).or_else(|| of(None))
}

/// All entries, `default` as `None`.
fn entries(text: &str) -> Vec<(Option<String>, Entry)> {
    let mut all: Vec<(Option<String>, Entry)> = Vec::new();
    let mut rest = text;
    while let Some(word) = token(&mut rest) {
        match word.as_str() {
            "machine" => {
                let host = token(&mut rest);
                all.push((Some(host.unwrap_or_default()), Entry::default()));
            }
            "default" => all.push((None, Entry::default())),
            "macdef" => {
                // A macro goes on until an empty line.
                rest = rest.find("\n\n").map_or("", |at| &rest[at..]);
            }
            "login" | "password" | "account" => {
                let value = token(&mut rest);
                if let Some((_, entry)) = all.last_mut() {
                    match word.as_str() {
                        "login" => entry.login = value,
                        "password" => entry.password = value,
                        _ => {}
                    }
                }
            }
            comment if comment.starts_with('#') => {
                rest = rest.find('\n').map_or("", |at| &rest[at..]);
            }
            _ => {}
        }
    }
    all
}

/// The next word; one in double quotes may hold spaces, and `\"`.
fn token(rest: &mut &str) -> Option<String> {
    let text = rest.trim_start();
    if text.is_empty() {
        *rest = text;
        return None;
    }
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        *rest = &text[end..];
        return Some(text[..end].to_owned());
    };
    let mut word = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                *rest = &quoted[at + 1..];
                return Some(word);
            }
            '\\' => word.extend(chars.next().map(|(_, c)| c)),
            c => word.push(c),
        }
    }
    *rest = "";
    Some(word)
}

#[cfg(test)]
mod tests {
    use super::find;

    const FILE: &str = "# mine\nmachine a login mike password m1\n\
        machine a\n  login tom\n  password \"t \\\"2\"\n\
        macdef init\nmachine b password wrong\n\nmachine b password b3\n\
        default login any password d4\n";

    fn password(host: &str, user: Option<&str>) -> Option<String> {
        find(FILE, host, user)?.password
    }

    #[test]
    fn the_entry_of_the_host_and_user_is_found() {
        assert_eq!(password("a", Some("mike")).as_deref(), Some("m1"));
        assert_eq!(password("a", Some("tom")).as_deref(), Some("t \"2"));
        assert_eq!(password("a", None).as_deref(), Some("m1"));
        assert_eq!(password("b", Some("x")).as_deref(), Some("b3"));
        assert_eq!(password("c", Some("any")).as_deref(), Some("d4"));
        assert_eq!(password("c", Some("jack")), None);
    }

    #[test]
    fn a_broken_file_is_no_panic() {
        for text in ["machine", "login x", "machine a login", "\"", "\"\\"] {
            assert!(find(text, "zz", None).is_none(), "{text}");
        }
    }
}
