//! The demo settings that are built into the program, and the passwords in
//! them, which everybody can read there.
//!
//! Must not know: who has such a password, or whether it matters.

use std::{path::PathBuf, sync::LazyLock};

use super::{Flags, Secret, check::check, raw::RawSettings};
use crate::password::Password;

/// The text of the demo settings, written where there are no others.
pub(super) const TEXT: &str =
    include_str!("../../fixtures/settings/demo.yaml");

/// Whether the password stands in the demo settings, whosever it is there.
pub fn is_demo_password(password: &Password) -> bool {
    passwords().contains(password)
}

/// The passwords in the demo settings.
pub(crate) fn passwords() -> &'static [Password] {
    static PASSWORDS: LazyLock<Vec<Password>> = LazyLock::new(|| {
        let file = PathBuf::from("demo.yaml");
        let bytes = TEXT.as_bytes().to_vec();
        let raw = RawSettings::parse(file, bytes);
        raw.and_then(|raw| check(&raw, &Flags::default(), |_| PathBuf::new()))
            .expect("the built-in settings are good: a test reads them")
            .users
            .into_iter()
            .filter_map(|user| match user.secret {
                Secret::Hash(_) => None,
                Secret::Password(password) => Some(password),
            })
            .collect()
    });
    &PASSWORDS
}

#[cfg(test)]
mod tests {
    use super::{is_demo_password, passwords};
    use crate::password::Password;

    #[test]
    fn the_demo_passwords_are_known_and_others_are_not() {
        assert_eq!(passwords().len(), 3);
        for password in ["mike-demo", "tom-demo", "jack-demo"] {
            assert!(is_demo_password(&Password::new(password)));
        }
        assert!(!is_demo_password(&Password::new("mike-demo ")));
        assert!(!is_demo_password(&Password::new("mike")));
    }
}
