//! Entries as LIST writes them: no text defines the form, and this is the
//! one that every client reads.
//!
//! Must not know: how a listing travels.

use jiff::{Timestamp, tz::TimeZone};

use crate::session::{Entry, EntryKind};

/// Appends the line of an entry, without its end. Times are UTC, months
/// English; what is older than half a year, or newer than now, has its year
/// instead of the time of day.
pub(super) fn push_line(entry: &Entry, now: i64, out: &mut Vec<u8>) {
    let mode = match entry.kind {
        EntryKind::Directory => "drwxr-x---",
        EntryKind::File => "-rw-r-----",
        EntryKind::Link => "lrwxrwxrwx",
    };
    let time = Timestamp::from_second(entry.modified_secs)
        .unwrap_or_default()
        .to_zoned(TimeZone::UTC);
    let month = MONTHS[usize::from(time.month().unsigned_abs()) - 1];
    let day = time.day();
    let recent = (0..HALF_A_YEAR).contains(&(now - entry.modified_secs));
    let when = match recent {
        true => format!("{:02}:{:02}", time.hour(), time.minute()),
        false => format!("{:>5}", time.year()),
    };
    let size = entry.size;
    let facts =
        format!("{mode} 1 ftpool ftpool {size:>12} {month} {day:>2} {when} ");
    out.extend_from_slice(facts.as_bytes());
    out.extend_from_slice(&entry.name);
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
    "Nov", "Dec",
];

/// In seconds; what ls takes for it, too.
const HALF_A_YEAR: i64 = 365 * 24 * 3600 / 2;

#[cfg(test)]
mod tests {
    use super::push_line;
    use crate::session::{Entry, EntryKind};

    #[track_caller]
    fn check(modified_secs: i64, now: i64, wanted: &str) {
        let entry = Entry {
            kind: EntryKind::File,
            size: 1234,
            modified_secs,
            identity: (1, 2),
            name: b"a b".to_vec(),
        };
        let mut line = Vec::new();
        push_line(&entry, now, &mut line);
        assert_eq!(String::from_utf8_lossy(&line), wanted);
    }

    #[test]
    fn half_a_year_divides_the_two_forms() {
        let half = super::HALF_A_YEAR;
        let file = "-rw-r----- 1 ftpool ftpool         1234";
        check(0, half - 1, &format!("{file} Jan  1 00:00 a b"));
        check(0, half, &format!("{file} Jan  1  1970 a b"));
        check(1, 0, &format!("{file} Jan  1  1970 a b"));
    }
}
