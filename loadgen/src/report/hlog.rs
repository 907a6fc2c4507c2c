//! The interval log in HdrHistogram's V2 format: one line for each interval
//! and phase, the phase being the tag. Its tools read, draw and merge it.
//!
//! Must not know: where the intervals come from.

use std::{
    fs::File,
    io::{self, BufWriter},
    path::Path,
    time::{Duration, SystemTime},
};

use hdrhistogram::serialization::{
    V2DeflateSerializer,
    interval_log::{IntervalLogWriterBuilder, Tag},
};

use crate::{
    clock::Nanos,
    record::{Phase, Times},
};

/// The phases' times of one interval.
pub(crate) struct Entry {
    /// When it began, since the run's start.
    pub(crate) from: Nanos,
    /// How long it was.
    pub(crate) length: Nanos,
    /// Each phase's times, in the order of `Phase::ALL`.
    pub(crate) phases: [Option<Times>; Phase::COUNT],
}

/// Writes a whole log.
///
/// # Errors
///
/// When the file cannot be written.
pub(crate) fn write(
    path: &Path,
    started: SystemTime,
    entries: &[Entry],
) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut serializer = V2DeflateSerializer::new();
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("ftpool-loadgen; service times in microseconds")
        .with_start_time(started)
        .with_base_time(started)
        .with_max_value_divisor(1_000.0)
        .begin_log_with(&mut file, &mut serializer)?;
    for entry in entries {
        for (phase, times) in Phase::ALL.into_iter().zip(&entry.phases) {
            let Some(times) = times else { continue };
            log.write_histogram(
                times,
                Duration::from_nanos(entry.from),
                Duration::from_nanos(entry.length),
                Tag::new(phase.word()),
            )
            .map_err(|error| io::Error::other(format!("{error:?}")))?;
        }
    }
    io::Write::flush(&mut file)
}

#[cfg(test)]
mod tests {
    use std::{fs, time::SystemTime};

    use hdrhistogram::{
        Histogram,
        serialization::{
            Deserializer,
            interval_log::{IntervalLogIterator, LogEntry},
        },
    };

    use super::{Entry, write};
    use crate::record::{Phase, empty};

    #[test]
    fn the_log_reads_back_with_a_tag_a_phase() {
        let mut times = empty();
        times.saturating_record(1234);
        let mut phases: [_; Phase::COUNT] = Default::default();
        phases[Phase::Ready as usize] = Some(times.clone());
        phases[Phase::Whole as usize] = Some(times);
        let entries = [Entry { from: 250_000_000, length: 1, phases }];
        let file = tempfile::NamedTempFile::new().expect("a file");
        write(file.path(), SystemTime::now(), &entries).expect("it is ours");
        let text = fs::read(file.path()).expect("it was written");
        let mut tags = Vec::new();
        for entry in IntervalLogIterator::new(&text) {
            if let LogEntry::Interval(line) = entry.expect("it is well-formed")
            {
                tags.push(line.tag().expect("a tag").as_str().to_owned());
                let packed = line.encoded_histogram();
                let bytes = super::super::base64::decode(packed);
                let back: Histogram<u64> = Deserializer::new()
                    .deserialize(&mut &bytes.expect("base64")[..])
                    .expect("a histogram");
                assert_eq!(back.len(), 1);
            }
        }
        assert_eq!(tags, ["ready", "whole"]);
    }
}
