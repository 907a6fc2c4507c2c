//! Addresses as commands and replies write them: PORT and 227
//! (RFC 959 §4.1.2), EPRT and 229 (RFC 2428).
//!
//! Must not know: sockets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The network protocols by their numbers (RFC 2428 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) fn of(address: IpAddr) -> Family {
        match address.to_canonical() {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }

    pub(super) fn number(self) -> char {
        match self {
            Family::V4 => '1',
            Family::V6 => '2',
        }
    }

    pub(super) fn parse(number: &[u8]) -> Option<Family> {
        match number {
            b"1" => Some(Family::V4),
            b"2" => Some(Family::V6),
            _ => None,
        }
    }
}

/// What an EPRT is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Extended {
    Address(SocketAddr),
    /// Well-formed, of a protocol that nobody here speaks.
    UnknownFamily,
}

/// Reads `h1,h2,h3,h4,p1,p2`, each from 0 to 255.
pub(super) fn parse_port(argument: &[u8]) -> Option<SocketAddr> {
    let mut numbers = [0; 6];
    let mut pieces = argument.split(|&byte| byte == b',');
    for number in &mut numbers {
        let piece = pieces.next()?;
        if piece.len() > 3 {
            return None;
        }
        *number = u8::try_from(decimal(piece)?).ok()?;
    }
    let [a, b, c, d, high, low] = numbers;
    let port = u16::from_be_bytes([high, low]);
    let address = SocketAddr::from((Ipv4Addr::new(a, b, c, d), port));
    pieces.next().is_none().then_some(address)
}

/// Reads `|family|address|port|` between any one delimiter of ASCII 33 to
/// 126.
pub(super) fn parse_eprt(argument: &[u8]) -> Option<Extended> {
    let (&delimiter, rest) = argument.split_first()?;
    if !(33..=126).contains(&delimiter) {
        return None;
    }
    let rest = rest.strip_suffix(&[delimiter])?;
    let mut pieces = rest.split(|&byte| byte == delimiter);
    let (family, address, port) =
        (pieces.next()?, pieces.next()?, pieces.next()?);
    if pieces.next().is_some() {
        return None;
    }
    let port = u16::try_from(decimal(port)?).ok()?;
    let Some(family) = Family::parse(family) else {
        return decimal(family).map(|_| Extended::UnknownFamily);
    };
    let address: IpAddr = str::from_utf8(address).ok()?.parse().ok()?;
    let fits = matches!(
        (family, address),
        (Family::V4, IpAddr::V4(_)) | (Family::V6, IpAddr::V6(_))
    );
    fits.then(|| Extended::Address(SocketAddr::new(address, port)))
}

/// `h1,h2,h3,h4,p1,p2`.
pub(super) fn port_text(address: Ipv4Addr, port: u16) -> String {
    let [a, b, c, d] = address.octets();
    let [high, low] = port.to_be_bytes();
    format!("{a},{b},{c},{d},{high},{low}")
}

/// A number of digits alone, that fits.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Extended, parse_eprt, parse_port, port_text};

    #[test]
    fn a_port_is_six_numbers_that_fit() {
        let address = "127.0.0.1:513".parse().ok();
        assert_eq!(parse_port(b"127,0,0,1,2,1"), address);
        assert_eq!(port_text([127, 0, 0, 1].into(), 513), "127,0,0,1,2,1");
        for bad in [
            "",
            "1,2,3,4,5",
            "1,2,3,4,5,6,7",
            "1,2,3,4,5,256",
            "1,2,3,4,5,-6",
            "1,2,3,4,5,x",
            "1,2,3,4,5,",
            "1,2,3,4,5, 6",
            "300,2,3,4,5,6",
        ] {
            assert_eq!(parse_port(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn an_eprt_has_any_delimiter() {
        let v4 = "127.0.0.1:513".parse().map(Extended::Address).ok();
        assert_eq!(parse_eprt(b"|1|127.0.0.1|513|"), v4);
        assert_eq!(parse_eprt(b"!1!127.0.0.1!513!"), v4);
        let v6 = "[::1]:9".parse().map(Extended::Address).ok();
        assert_eq!(parse_eprt(b"~2~::1~9~"), v6);
        let unknown = Some(Extended::UnknownFamily);
        assert_eq!(parse_eprt(b"|9|x|1|"), unknown);
        for bad in [
            "",
            "|",
            "||||",
            "|1|127.0.0.1|513",
            "|1|127.0.0.1|70000|",
            "|1|::1|9|",
            "|2|127.0.0.1|9|",
            "|1|127.0.0.1|9|9|",
            "|x|1|1|",
            "1 1 127.0.0.1 9 1",
        ] {
            assert_eq!(parse_eprt(bad.as_bytes()), None, "{bad}");
        }
    }
}
