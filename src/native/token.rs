//! Percent-encoding of names, paths and passwords (§2.2). The crate of that
//! name encodes every non-ASCII byte and forgives a bad `%`; the protocol
//! wants `中文.txt` to stand as it is and a bad `%` to be refused.
//!
//! Must not know: what a token stands for.

/// Appends `bytes` as one token: `%`, spaces, control bytes and bytes that
/// are not UTF-8 are encoded, everything else stands as it is.
pub fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.utf8_chunks() {
        for &byte in chunk.valid().as_bytes() {
            if byte == b'%' || byte == b' ' || is_control(byte) {
                escape(byte, out);
            } else {
                out.push(byte);
            }
        }
        for &byte in chunk.invalid() {
            escape(byte, out);
        }
    }
}

/// `bytes` as one token, for a text.
pub fn encoded(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    encode(bytes, &mut out);
    String::from_utf8(out).expect("what is not UTF-8 has been escaped")
}

/// The bytes that a token stands for; `None` where a `%` is not followed
/// by two hex digits, or the token holds a NUL.
pub fn decode(token: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            plain => plain,
        });
    }
    (!bytes.contains(&0)).then_some(bytes)
}

/// Whether a byte may not stand raw in a line.
pub fn is_control(byte: u8) -> bool {
    byte < b' ' || byte == 0x7f
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend([
        b'%',
        DIGITS[usize::from(byte >> 4)],
        DIGITS[usize::from(byte & 15)],
    ]);
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| value.try_into().ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{decode, encoded, is_control};

    #[test]
    fn chinese_stands_and_the_rest_is_escaped() {
        assert_eq!(encoded("中文.txt".as_bytes()), "中文.txt");
        assert_eq!(encoded(b"a b%\n\xff"), "a%20b%25%0A%FF");
    }

    #[test]
    fn a_bad_percent_and_nul_are_refused() {
        for bad in ["%", "%4", "%zz", "a%0", "%00", "x%00y", "%+1", "%é"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
        assert_eq!(decode("%2e%2E%2f").as_deref(), Some(&b"../"[..]));
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(
            bytes in proptest::collection::vec(1..=255u8, 0..300)
        ) {
            let token = encoded(&bytes);
            prop_assert!(!token.bytes().any(|b| b == b' ' || is_control(b)));
            prop_assert_eq!(decode(&token), Some(bytes));
        }
    }
}
