//! Paths as users write them: resolved by their text alone, clamped at the
//! home. Knows nothing of what is on the disk.

use crate::{
    lies::{Lie, told},
    wire,
};

/// The names from the home's root down; the root has none.
pub(crate) type Names = Vec<Vec<u8>>;

/// Resolves a decoded token against the current directory.
pub(crate) fn resolve(cwd: &Names, token: &[u8]) -> Names {
    let mut names =
        if token.starts_with(b"/") { Names::new() } else { cwd.clone() };
    for name in token.split(|b| *b == b'/') {
        match name {
            b"" | b"." => {}
            b".." if names.is_empty() || escaping(&names) => {
                if told(Lie::EscapeDots) {
                    names.push(name.to_vec());
                }
            }
            b".." => {
                names.pop();
            }
            [DOT_MARK, DOT_MARK] => names.push(b"..".to_vec()),
            _ => names.push(unmarked(name)),
        }
    }
    names
}

/// The path of the names, encoded for a field.
pub(crate) fn path_field(names: &Names) -> String {
    let mut path = Vec::new();
    for name in names {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if path.is_empty() {
        path.push(b'/');
    }
    if told(Lie::NameBare) {
        return String::from_utf8_lossy(&path).into_owned();
    }
    wire::encode(&path)
}

/// Stands for an encoded dot where a lie has to tell it from a plain one;
/// no name can hold it.
pub(crate) const DOT_MARK: u8 = 0;

fn unmarked(name: &[u8]) -> Vec<u8> {
    let plain = |b: &u8| if *b == DOT_MARK { b'.' } else { *b };
    name.iter().map(plain).collect()
}

fn escaping(names: &Names) -> bool {
    names.last().is_some_and(|name| name == b"..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_stop_at_the_home() {
        let cwd = vec![b"a".to_vec()];
        let path = |token: &[u8]| path_field(&resolve(&cwd, token));
        assert_eq!(path(b"../../../x"), "/x");
        assert_eq!(path(b"b/./c//"), "/a/b/c");
        assert_eq!(path(b"/.."), "/");
        assert_eq!(path(b"."), "/a");
    }
}
