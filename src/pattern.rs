//! Patterns of names: `*`, `?`, `[a-z]`, `[!a]`, and `\` before a character
//! that is to stand for itself.
//!
//! Must not know: where the names come from. Its work is bounded by the
//! pattern's length times the name's: there is one place to go back to, so
//! that no pattern takes exponential time.

/// Whether a word is a pattern at all.
pub(crate) fn is_pattern(word: &[u8]) -> bool {
    let mut bytes = word.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'*' | b'?' | b'[' => return true,
            _ => {}
        }
    }
    false
}

/// A word that is no pattern, as the name it stands for.
pub(crate) fn literal(word: &[u8]) -> Vec<u8> {
    let mut bytes = word.iter();
    let mut name = Vec::with_capacity(word.len());
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => name.push(bytes.next().copied().unwrap_or(byte)),
            byte => name.push(byte),
        }
    }
    name
}

/// Whether a name fits. A name that begins with a dot is hidden from a
/// pattern that does not.
pub(crate) fn fits(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    // Behind the last star, and the name's place it was tried at.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p + 1, n));
            p += 1;
            continue;
        }
        if let Some((next_p, next_n)) = one(pattern, p, name, n) {
            (p, n) = (next_p, next_n);
            continue;
        }
        let Some((behind, at)) = star else { return false };
        let at = at + character(name, at);
        star = Some((behind, at));
        (p, n) = (behind, at);
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Matches one element of the pattern with one character of the name.
fn one(
    pattern: &[u8],
    p: usize,
    name: &[u8],
    n: usize,
) -> Option<(usize, usize)> {
    let width = character(name, n);
    match *pattern.get(p)? {
        b'?' => Some((p + 1, n + width)),
        b'[' => match set(&pattern[p..], &name[n..n + width]) {
            Some((true, length)) => Some((p + length, n + width)),
            Some((false, _)) => None,
            // A bracket that is not closed stands for itself.
            None => (name[n] == b'[').then_some((p + 1, n + 1)),
        },
        b'\\' if p + 1 < pattern.len() => {
            (pattern[p + 1] == name[n]).then_some((p + 2, n + 1))
        }
        byte => (byte == name[n]).then_some((p + 1, n + 1)),
    }
}

/// Reads the set that `pattern` begins with: whether the character is in
/// it, and the set's length. `None` where it is not closed.
fn set(pattern: &[u8], character: &[u8]) -> Option<(bool, usize)> {
    let inner = &pattern[1..];
    let negated = matches!(inner.first(), Some(b'!' | b'^'));
    let from = usize::from(negated);
    // A bracket that comes first is a member.
    let end = (from + 1..inner.len()).find(|&at| inner[at] == b']')?;
    let members = String::from_utf8_lossy(&inner[from..end]);
    let members: Vec<char> = members.chars().collect();
    let wanted = String::from_utf8_lossy(character).chars().next()?;
    let mut found = false;
    let mut at = 0;
    while at < members.len() {
        let low = members[at];
        if members.get(at + 1) == Some(&'-') && at + 2 < members.len() {
            found |= (low..=members[at + 2]).contains(&wanted);
            at += 3;
        } else {
            found |= low == wanted;
            at += 1;
        }
    }
    Some((found != negated, end + 2))
}

/// How many bytes the character at `at` has; a byte that is not UTF-8 is
/// one of its own.
fn character(name: &[u8], at: usize) -> usize {
    let width = match name[at] {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let end = at + width;
    match name.get(at..end).map(str::from_utf8) {
        Some(Ok(_)) => width,
        Some(Err(_)) | None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::{fits, is_pattern, literal};

    #[test]
    fn what_fits_and_what_does_not() {
        for (pattern, name, fit) in [
            ("*", "a.txt", true),
            ("*", ".a", false),
            (".*", ".a", true),
            ("*.txt", "a.txt", true),
            ("*.txt", "a.txt2", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("?.txt", "中.txt", true),
            ("??.txt", "中.txt", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[中文]", "文", true),
            ("[]]", "]", true),
            ("[a", "[a", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("", "", true),
            ("", "a", false),
            ("**a", "bca", true),
        ] {
            let found = fits(pattern.as_bytes(), name.as_bytes());
            assert_eq!(found, fit, "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_take_bounded_time() {
        let pattern = b"*a".repeat(100);
        let name = b"a".repeat(99);
        assert!(!fits(&pattern, &name));
        assert!(fits(&pattern, &b"a".repeat(5000)));
    }

    #[test]
    fn a_backslash_makes_a_name_of_a_pattern() {
        assert!(is_pattern(b"a*"));
        assert!(!is_pattern(b"a\\*b"));
        assert_eq!(literal(b"a\\*b\\"), b"a*b\\");
    }
}
