//! The columns of LIST, as servers in fact write them: `ls -l` in its kinds,
//! and what DOS writes. A text for people, so that all of it is a likely
//! reading and nothing more: MLSD is asked first.
//!
//! Must not know: how a listing arrives.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use super::{Kind, Line, Listed, number};

/// Reads one line of a LIST; `None` where it is of no known form. `now`
/// gives a date without a year its year.
pub fn list_line(line: &[u8], now: Timestamp) -> Option<Line> {
    let blank = line.iter().all(|&byte| byte == b' ');
    if blank || line.starts_with(b"total ") {
        return Some(Line::Aside);
    }
    let listed = posix(line, now).or_else(|| dos(line))?;
    if listed.name.is_empty() || listed.name.contains(&0) {
        return None;
    }
    Some(match listed.name.as_slice() {
        b"." | b".." => Line::Aside,
        _ => Line::Entry(listed),
    })
}

/// `MODE LINKS OWNER [GROUP] SIZE MONTH DAY TIME-OR-YEAR NAME`. An owner can
/// be anything but a number before a month, which is how the size is found.
fn posix(line: &[u8], now: Timestamp) -> Option<Listed> {
    let words = Words::of(line);
    let kind = mode(words.get(0)?)?;
    let month_at = (3..words.count()).find(|&at| {
        words.get(at).and_then(month).is_some()
            && words.get(at - 1).and_then(number).is_some()
            && words.get(at + 1).and_then(number).is_some()
    })?;
    let month = month(words.get(month_at)?)?;
    let day = small(words.get(month_at + 1)?)?;
    let last = words.get(month_at + 2)?;
    let modified = match clock(last) {
        Some(time) => recent(month, day, time, now),
        None => {
            let year = i16::try_from(number(last)?).ok()?;
            Date::new(year, month, day).ok().map(|d| d.at(0, 0, 0, 0))
        }
    };
    let mut name = words.rest_after(month_at + 2)?;
    if kind == Kind::Link {
        let arrow = name.windows(ARROW.len()).position(|part| part == ARROW);
        name = &name[..arrow.unwrap_or(name.len())];
    }
    let size = match kind {
        Kind::File | Kind::Link => number(words.get(month_at - 1)?),
        Kind::Directory | Kind::Other => None,
    };
    let modified = modified.and_then(utc);
    Some(Listed { kind, size, modified, name: name.into() })
}

/// `MM-DD-YY[YY] HH:MM[AM|PM] <DIR>|SIZE NAME`.
fn dos(line: &[u8]) -> Option<Listed> {
    let words = Words::of(line);
    let mut date = words.get(0)?.splitn(3, |&b| b == b'-' || b == b'/');
    let (month, day) = (small(date.next()?)?, small(date.next()?)?);
    let year = i16::try_from(number(date.next()?)?).ok()?;
    let year = match year {
        0..70 => 2000 + year,
        70..100 => 1900 + year,
        _ => year,
    };
    let time = words.get(1)?;
    let (digits, afternoon) = match time.to_ascii_uppercase().as_slice() {
        [digits @ .., b'A', b'M'] => (digits.to_vec(), Some(false)),
        [digits @ .., b'P', b'M'] => (digits.to_vec(), Some(true)),
        digits => (digits.to_vec(), None),
    };
    let time = clock(&digits)?;
    let hour = match afternoon {
        Some(afternoon) => time.hour() % 12 + 12 * i8::from(afternoon),
        None => time.hour(),
    };
    let third = words.get(2)?;
    let rest = words.rest_after(2)?;
    let (kind, size, name) = match third.to_ascii_uppercase().as_slice() {
        b"<DIR>" => (Kind::Directory, None, rest.trim_ascii_start()),
        _ => (Kind::File, Some(number(third)?), rest),
    };
    let modified = DateTime::new(year, month, day, hour, time.minute(), 0, 0);
    let modified = modified.ok().and_then(utc);
    Some(Listed { kind, size, modified, name: name.into() })
}

/// What the first letter of a mode says, if it is a mode.
fn mode(word: &[u8]) -> Option<Kind> {
    let (first, rest) = word.split_first()?;
    let bits = rest.get(..9)?;
    if !bits.iter().all(|byte| b"rwxsStTlL-".contains(byte)) {
        return None;
    }
    match first {
        b'd' => Some(Kind::Directory),
        b'-' => Some(Kind::File),
        b'l' => Some(Kind::Link),
        b'b' | b'c' | b'p' | b's' => Some(Kind::Other),
        _ => None,
    }
}

fn month(word: &[u8]) -> Option<i8> {
    let at = MONTHS
        .iter()
        .position(|name| word.eq_ignore_ascii_case(name.as_bytes()))?;
    i8::try_from(at + 1).ok()
}

/// `HH:MM`, in one or two digits each.
fn clock(word: &[u8]) -> Option<Time> {
    let at = word.iter().position(|&byte| byte == b':')?;
    Time::new(small(&word[..at])?, small(&word[at + 1..])?, 0, 0).ok()
}

/// The last time that such a date came about, with a day's grace for a
/// server whose clock or zone is ahead.
fn recent(month: i8, day: i8, time: Time, now: Timestamp) -> Option<DateTime> {
    let today = TimeZone::UTC.to_datetime(now);
    let tomorrow = today.checked_add(1.day()).ok()?;
    let in_year = |year: i16| {
        let date = Date::new(year, month, day).ok()?;
        Some(date.to_datetime(time))
    };
    // The 29th of February is not in each year.
    (0..8)
        .filter_map(|back| in_year(tomorrow.year() - back))
        .find(|&date| date <= tomorrow)
}

fn utc(time: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_zoned(time).ok().map(|zoned| zoned.timestamp())
}

fn small(word: &[u8]) -> Option<i8> {
    i8::try_from(number(word)?).ok()
}

/// The words of a line, and where they end in it.
struct Words<'a> {
    line: &'a [u8],
    /// Start and end of the first words: no more are looked at, since a name
    /// may hold thousands.
    found: Vec<(usize, usize)>,
}

impl<'a> Words<'a> {
    fn of(line: &'a [u8]) -> Words<'a> {
        let mut found = Vec::with_capacity(WORDS_MAX);
        let mut at = 0;
        while found.len() < WORDS_MAX {
            let blank = line[at..].iter().take_while(|&&b| b == b' ').count();
            let start = at + blank;
            let length =
                line[start..].iter().take_while(|&&b| b != b' ').count();
            if length == 0 {
                break;
            }
            at = start + length;
            found.push((start, at));
        }
        Words { line, found }
    }

    fn count(&self) -> usize {
        self.found.len()
    }

    fn get(&self, at: usize) -> Option<&'a [u8]> {
        let &(start, end) = self.found.get(at)?;
        Some(&self.line[start..end])
    }

    /// What stands behind a word and one space: a name, with spaces of its
    /// own.
    fn rest_after(&self, at: usize) -> Option<&'a [u8]> {
        let &(_, end) = self.found.get(at)?;
        self.line.get(end + 1..)
    }
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct",
    "nov", "dec",
];

/// What stands between a link and where it leads.
const ARROW: &[u8] = b" -> ";

/// Mode, links, owner, group, size, month, day, time: eight, and some for
/// owners with spaces in their names.
const WORDS_MAX: usize = 16;
