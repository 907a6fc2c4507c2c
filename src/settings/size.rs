//! Sizes as people write them: `10MiB` is `10m` (1024-based), `10MB` is
//! 1000-based, a plain number is bytes.
//!
//! Must not know: what is measured.

use bytesize::Unit;

/// The number of bytes, `None` where the text is no whole size of at most
/// [`SIZE_MAX`]. Upper and lower case are the same.
pub fn parse_size(text: &str) -> Option<u64> {
    let digits_end =
        text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    let number: u64 = digits.parse().ok()?;
    let size = number.checked_mul(factor(unit.trim_start())?)?;
    (size <= SIZE_MAX).then_some(size)
}

/// The library takes a lone letter as 1000-based; ours is 1024-based.
fn factor(unit: &str) -> Option<u64> {
    let unit = match unit {
        "" => String::from("B"),
        "b" | "B" => String::from(unit),
        letter if letter.len() == 1 => format!("{letter}iB"),
        _ => String::from(unit),
    };
    unit.parse::<Unit>().ok().map(|unit| unit * 1)
}

/// The largest size that the protocol can say: 2^63-1 bytes.
pub const SIZE_MAX: u64 = i64::MAX as u64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SIZE_MAX, parse_size};

    #[test]
    fn the_units_are_the_documented_ones() {
        for (text, bytes) in [
            ("0", 0),
            ("1234", 1234),
            ("7B", 7),
            ("10m", 10 << 20),
            ("10M", 10 << 20),
            ("10MiB", 10 << 20),
            ("10 mib", 10 << 20),
            ("10Mi", 10 << 20),
            ("10MB", 10_000_000),
            ("3k", 3 << 10),
            ("3KB", 3_000),
            ("2g", 2 << 30),
            ("2GB", 2_000_000_000),
            ("1t", 1 << 40),
            ("1p", 1 << 50),
            ("7e", 7 << 60),
        ] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "", "m", "-1", "+1", "1.5GiB", "10 M B", "10mm", "10x", " 10",
            "1_000", "0x10", "10é", "1e3", "٣",
        ] {
            assert_eq!(parse_size(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_largest_size_is_taken_and_one_byte_more_is_not() {
        assert_eq!(parse_size("9223372036854775807"), Some(SIZE_MAX));
        assert_eq!(parse_size("9223372036854775808"), None);
        assert_eq!(parse_size("8e"), None);
        assert_eq!(parse_size("18446744073709551616"), None);
        assert_eq!(parse_size("99999999999999e"), None);
    }

    proptest! {
        #[test]
        fn a_size_is_its_number_times_its_unit(
            number in 0..=SIZE_MAX,
            unit in 0..UNITS.len(),
        ) {
            let (name, factor) = UNITS[unit];
            let wanted = number.checked_mul(factor)
                .filter(|size| *size <= SIZE_MAX);
            for text in [
                format!("{number}{name}"),
                format!("{number} {}", name.to_lowercase()),
            ] {
                prop_assert_eq!(parse_size(text.trim_end()), wanted);
            }
        }

        #[test]
        fn any_text_has_an_answer(text in "\\PC*") {
            prop_assert!(parse_size(&text).is_none_or(|it| it <= SIZE_MAX));
        }
    }

    const UNITS: &[(&str, u64)] = &[
        ("", 1),
        ("B", 1),
        ("K", 1 << 10),
        ("KiB", 1 << 10),
        ("KB", 1_000),
        ("M", 1 << 20),
        ("MiB", 1 << 20),
        ("MB", 1_000_000),
        ("G", 1 << 30),
        ("GiB", 1 << 30),
        ("GB", 1_000_000_000),
        ("TiB", 1 << 40),
        ("TB", 1_000_000_000_000),
        ("PiB", 1 << 50),
        ("PB", 1_000_000_000_000_000),
        ("EiB", 1 << 60),
        ("EB", 1_000_000_000_000_000_000),
    ];
}
