//! Passwords: the type that shows nothing, and their Argon2id hashes as PHC
//! strings.
//!
//! Must not know: whose password it is, or where the hash is kept. A check
//! costs 19 MiB and tens of milliseconds; the caller bounds how many run.

use std::{fmt, ops::RangeInclusive};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::phc::{Output, ParamsString, Salt},
};

/// A password in clear. Its `Debug` shows nothing, so that no log can.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Vec<u8>);

impl Password {
    /// Wraps the bytes that the user typed.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Password {
        Password(bytes.into())
    }

    /// Takes a password that is to be set: `None` where a user could never
    /// sign in with it, for it is empty, too long or holds a NUL.
    pub fn parse(bytes: impl Into<Vec<u8>>) -> Option<Password> {
        let bytes = bytes.into();
        let fits = (1..=PASSWORD_BYTES_MAX).contains(&bytes.len());
        (fits && !bytes.contains(&0)).then_some(Password(bytes))
    }

    /// The bytes, for hashing and nothing else.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The Argon2id hash of a password with a fresh salt, as a PHC string.
pub fn hash(password: &[u8]) -> String {
    let salt = Salt::generate();
    let length = Params::DEFAULT_OUTPUT_LEN;
    let output = output(costs(), Version::V0x13, password, &salt, length)
        .expect("no password is as long as 4 GiB");
    written(salt, output)
}

/// A hash that no password is known for: to check one against it costs the
/// same as against [`hash`]'s, and to make it costs nothing.
pub fn hash_of_nobody() -> String {
    let output =
        Output::new(&rand::random::<[u8; Params::DEFAULT_OUTPUT_LEN]>())
            .expect("it is as long as Argon2's own");
    written(Salt::generate(), output)
}

fn written(salt: Salt, output: Output) -> String {
    let params = ParamsString::try_from(&costs())
        .expect("the three costs can be written down");
    PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params,
        salt: Some(salt),
        hash: Some(output),
    }
    .to_string()
}

fn costs() -> Params {
    Params::new(MEMORY_KIB, PASSES, LANES, None)
        .expect("the three costs are within Argon2's own bounds")
}

/// Whether the password is the one that was hashed. A string that is not
/// [`is_acceptable`] fits no password.
pub fn verify(password: &[u8], phc: &str) -> bool {
    let Some(hash) = parse(phc) else { return false };
    let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from);
    let (Ok(params), Ok(version)) = (Params::try_from(&hash), version) else {
        return false;
    };
    let (Some(salt), Some(wanted)) = (hash.salt, hash.hash) else {
        return false;
    };
    // Outputs are compared in constant time.
    output(params, version, password, &salt, wanted.len()) == Some(wanted)
}

/// What Argon2id makes of a password; `None` where an argument is beyond
/// its bounds.
fn output(
    params: Params,
    version: Version,
    password: &[u8],
    salt: &[u8],
    length: usize,
) -> Option<Output> {
    let mut memory = memory(params.block_count());
    let mut bytes = [0; Output::MAX_LENGTH];
    let bytes = bytes.get_mut(..length)?;
    Argon2::new(Algorithm::Argon2id, version, params)
        .hash_password_into_with_memory(password, salt, bytes, &mut memory)
        .ok()?;
    Output::new(bytes).ok()
}

/// So many zeroed blocks, in a mapping of their own that goes back to the
/// system when they are dropped. The C library would keep freed blocks of
/// 19 MiB, once in each of its arenas, for good.
fn memory(blocks: usize) -> Vec<Block> {
    let mut memory = Vec::with_capacity(blocks.max(MAPPED_BLOCKS));
    memory.resize(blocks, Block::new());
    memory
}

/// Whether the string is an Argon2id hash in PHC form whose costs this
/// server is willing to pay at each sign-in.
pub fn is_acceptable(phc: &str) -> bool {
    parse(phc).is_some()
}

fn parse(phc: &str) -> Option<PasswordHash> {
    let hash = PasswordHash::new(phc).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let whole = hash.salt.is_some() && hash.hash.is_some();
    let affordable = MEMORY_KIB_ACCEPTED.contains(&params.m_cost())
        && PASSES_ACCEPTED.contains(&params.t_cost())
        && LANES_ACCEPTED.contains(&params.p_cost());
    let argon2id = hash.algorithm.as_str() == Algorithm::Argon2id.as_str();
    (argon2id && whole && affordable).then_some(hash)
}

/// The longest password. Percent-encoded it takes three times as much and
/// still fits a line of the native protocol beside the longest user name.
pub const PASSWORD_BYTES_MAX: usize = 1024;

/// OWASP's recommendation for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Just above 32 MiB: whatever is larger, glibc maps on its own and gives
/// back at once. What is not touched of it costs addresses alone.
const MAPPED_BLOCKS: usize = 33 * 1024;

/// What a hash made elsewhere may cost. A check beyond this could stop the
/// whole server for the sake of one user.
const MEMORY_KIB_ACCEPTED: RangeInclusive<u32> = 8..=256 * 1024;
const PASSES_ACCEPTED: RangeInclusive<u32> = 1..=16;
const LANES_ACCEPTED: RangeInclusive<u32> = 1..=16;

#[cfg(test)]
mod tests {
    use super::{
        PASSWORD_BYTES_MAX, Password, hash, hash_of_nobody, is_acceptable,
        verify,
    };

    #[test]
    fn a_hash_fits_its_password_alone_and_is_salted() {
        let first = hash(b"correct horse");
        let second = hash(b"correct horse");
        assert!(
            first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{first}"
        );
        assert_ne!(first, second);
        assert!(verify(b"correct horse", &first));
        assert!(verify(b"correct horse", &second));
        assert!(!verify(b"correct horsf", &first));
        assert!(!verify(b"", &first));
    }

    #[test]
    fn nobodys_hash_has_the_form_and_the_costs_of_a_users() {
        let (nobody, user) = (hash_of_nobody(), hash(b"secret"));
        let shape = |phc: &str| -> Vec<usize> {
            phc.split('$').map(str::len).collect()
        };
        assert_eq!(shape(&nobody), shape(&user));
        assert_eq!(nobody.split('$').nth(3), user.split('$').nth(3));
        assert!(is_acceptable(&nobody), "{nobody}");
        assert!(!verify(b"", &nobody));
        assert!(!verify(b"secret", &nobody));
        assert_ne!(nobody, hash_of_nobody());
    }

    #[test]
    fn what_is_no_affordable_argon2id_hash_fits_nothing() {
        let tail = "c29tZXNhbHRzb21lc2FsdA$\
                    eFnTmcHcqfmQkP3JnQD4kEQcLTNcvTLTmVWlS0LDg84";
        let accepted = format!("$argon2id$v=19$m=262144,t=1,p=1${tail}");
        assert!(is_acceptable(&accepted), "{accepted}");
        for refused in [
            String::new(),
            String::from("mike-demo"),
            format!("$argon2i$v=19$m=19456,t=2,p=1${tail}"),
            format!("$argon2id$v=19$m=262145,t=1,p=1${tail}"),
            format!("$argon2id$v=19$m=19456,t=17,p=1${tail}"),
            format!("$argon2id$v=19$m=19456,t=2,p=17${tail}"),
            String::from("$argon2id$v=19$m=19456,t=2,p=1"),
            String::from("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ"),
        ] {
            assert!(!is_acceptable(&refused), "{refused}");
            assert!(!verify(b"mike-demo", &refused), "{refused}");
        }
    }

    #[test]
    fn a_password_at_the_limit_is_taken_and_one_past_it_is_not() {
        let longest = vec![b'p'; PASSWORD_BYTES_MAX];
        assert!(Password::parse(longest.clone()).is_some());
        assert!(Password::parse([&longest[..], b"p"].concat()).is_none());
        assert!(Password::parse("").is_none());
        assert!(Password::parse("a\0b").is_none());
        let shown = format!("{:?}", Password::new("mike-demo"));
        assert_eq!(shown, "(hidden)");
    }
}
