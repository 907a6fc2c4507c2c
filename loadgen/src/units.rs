//! Durations and sizes as people write them in a workload or on the command
//! line: `50ms`, `2m`, `4KiB`, `10MB`; a bare number is seconds or bytes.
//!
//! Must not know: which setting a value is for.

use std::{str::FromStr, time::Duration};

use serde::Deserialize;

use crate::clock::{Nanos, nanos};

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Span(pub(crate) Duration);

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Deserialize)]
#[serde(try_from = "Scalar")]
pub(crate) struct Size(pub(crate) u64);

/// A value as YAML gives it, before it has a unit.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    /// Without a unit.
    Number(f64),
    /// With a unit, or quoted.
    Text(String),
}

impl Scalar {
    /// The value as text.
    pub(crate) fn text(&self) -> String {
        match self {
            Scalar::Number(number) => number.to_string(),
            Scalar::Text(text) => text.clone(),
        }
    }
}

impl Span {
    /// In nanoseconds.
    pub(crate) fn nanos(self) -> Nanos {
        nanos(self.0)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let (number, unit) = split(text)?;
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "" | "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(format!("{text:?}: no unit of time")),
        };
        Duration::try_from_secs_f64(number * seconds)
            .map(Span)
            .map_err(|error| format!("{text:?}: {error}"))
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Size, String> {
        let (number, unit) = split(text)?;
        let bytes = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 1.0,
            "k" | "kib" => 1024.0,
            "m" | "mib" => 1024.0 * 1024.0,
            "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
            "kb" => 1e3,
            "mb" => 1e6,
            "gb" => 1e9,
            _ => return Err(format!("{text:?}: no unit of size")),
        };
        let size = number * bytes;
        if size > SIZE_MAX {
            return Err(format!("{text:?}: too large"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is neither negative nor above the limit"
        )]
        Ok(Size(size.round() as u64))
    }
}

impl TryFrom<Scalar> for Span {
    type Error = String;

    fn try_from(scalar: Scalar) -> Result<Span, String> {
        scalar.text().parse()
    }
}

impl TryFrom<Scalar> for Size {
    type Error = String;

    fn try_from(scalar: Scalar) -> Result<Size, String> {
        scalar.text().parse()
    }
}

/// The number before the unit, and the unit.
fn split(text: &str) -> Result<(f64, &str), String> {
    let text = text.trim();
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let number: f64 = text[..end]
        .parse()
        .map_err(|_| format!("{text:?}: does not begin with a number"))?;
    Ok((number, text[end..].trim()))
}

/// One tebibyte: more than any load test moves in one file.
const SIZE_MAX: f64 = (1_u64 << 40) as f64;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Size, Span};

    #[test]
    fn units_are_read_as_people_write_them() {
        let span = |text: &str| text.parse::<Span>().map(|span| span.0);
        assert_eq!(span("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(span("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(span("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(span("3"), Ok(Duration::from_secs(3)));
        assert!(span("-3s").is_err());
        assert!(span("3 parsecs").is_err());
        let size = |text: &str| text.parse::<Size>().map(|size| size.0);
        assert_eq!(size("4KiB"), Ok(4096));
        assert_eq!(size("10MB"), Ok(10_000_000));
        assert_eq!(size("10m"), Ok(10 << 20));
        assert!(size("2000GiB").is_err());
    }
}
