//! A path inside a home, resolved by its text alone: always absolute, free
//! of `.` and `..`, and never above the home's root. Symbolic links are the
//! jail's matter.
//!
//! Must not know: the disk, or where the home is.

use std::{ffi::OsStr, fmt, os::unix::ffi::OsStrExt, path::Path};

use super::request::PathText;

/// A resolved path: `/` or `/a/b`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VPath(Vec<u8>);

impl VPath {
    /// The home's root.
    pub fn root() -> VPath {
        VPath(b"/".to_vec())
    }

    /// What `text` names for someone who stands here. `..` takes away the
    /// name before it, and at the root it stays at the root.
    pub fn join(&self, text: &PathText) -> VPath {
        let text = text.as_bytes();
        let mut path =
            if text.starts_with(b"/") { VPath::root() } else { self.clone() };
        for component in text.split(|&byte| byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => path = path.parent(),
                name => path = path.child(name),
            }
        }
        path
    }

    /// The path of an entry of this directory. `name` is one component.
    pub fn child(&self, name: &[u8]) -> VPath {
        let mut bytes = self.0.clone();
        if !self.is_root() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        VPath(bytes)
    }

    /// The directory that holds it; the root is its own.
    pub fn parent(&self) -> VPath {
        let end = self.0.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        VPath(self.0[..end.max(1)].to_vec())
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &OsStr {
        let start = self.0.iter().rposition(|&byte| byte == b'/');
        OsStr::from_bytes(&self.0[start.map_or(0, |at| at + 1)..])
    }

    /// Whether it is the home's root.
    pub fn is_root(&self) -> bool {
        self.0 == b"/"
    }

    /// Whether it is `directory` or inside of it.
    pub fn is_within(&self, directory: &VPath) -> bool {
        directory.is_root()
            || self
                .0
                .strip_prefix(directory.as_bytes())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }

    /// The path as the user sees it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path from the home's root, as the jail wants it.
    pub(super) fn relative(&self) -> &Path {
        let bytes = if self.is_root() { b"." } else { &self.0[1..] };
        Path::new(OsStr::from_bytes(bytes))
    }

    /// The path of something found at `relative` below the home.
    pub(super) fn from_relative(relative: &Path) -> VPath {
        let text = PathText::parse(relative.as_os_str().as_bytes());
        text.map_or_else(VPath::root, |text| VPath::root().join(&text))
    }
}

impl fmt::Display for VPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for VPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::VPath;
    use crate::session::PathText;

    fn text(text: &str) -> PathText {
        PathText::parse(text).expect("the test's path is not empty")
    }

    #[track_caller]
    fn check(from: &str, given: &str, wanted: &str) {
        let here = VPath::root().join(&text(from));
        assert_eq!(here.join(&text(given)).to_string(), wanted);
    }

    #[test]
    fn paths_resolve_by_their_text() {
        check("/", "..", "/");
        check("/a/b", "../../../..", "/");
        check("/a", "b//./c/", "/a/b/c");
        check("/a", "/x/../y", "/y");
        check("/a", "...", "/a/...");
        check("/a", "/", "/");
    }

    #[test]
    fn within_looks_at_whole_names() {
        let a = VPath::root().join(&text("a"));
        assert!(VPath::root().join(&text("a/b")).is_within(&a));
        assert!(a.is_within(&a) && a.is_within(&VPath::root()));
        assert!(!VPath::root().join(&text("ab")).is_within(&a));
    }

    fn disguise() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            3 => Just("..".to_owned()),
            1 => Just(".".to_owned()),
            1 => Just(String::new()),
            2 => "[a-c.]{1,3}",
        ];
        proptest::collection::vec(piece, 1..12)
            .prop_map(|pieces| pieces.join("/"))
            .prop_filter("not empty", |path| !path.is_empty())
    }

    proptest! {
        #[test]
        fn no_path_leads_above_the_root(steps in
            proptest::collection::vec(disguise(), 1..8)
        ) {
            let mut here = VPath::root();
            for step in steps {
                here = here.join(&text(&step));
                let relative = here.relative();
                prop_assert!(!relative.is_absolute());
                let climbs = relative
                    .components()
                    .any(|part| part == std::path::Component::ParentDir);
                prop_assert!(!climbs);
                prop_assert!(here.as_bytes().starts_with(b"/"));
                prop_assert_eq!(VPath::from_relative(relative), here.clone());
            }
        }
    }
}
