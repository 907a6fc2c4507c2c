//! The transcript: what went over every connection of a scenario, in order.
//!
//! Bounded: of a long story the newest events are kept and the number of the
//! others. Raw bytes are described, not stored.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A client sent this.
    Sent,
    /// The server sent this.
    Received,
    /// A connection was made or ended, a step began.
    Note,
    /// A rule was broken.
    Fault,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// Milliseconds since the scenario began.
    pub at_ms: u64,
    /// The client.
    pub client: String,
    /// What kind of thing.
    pub kind: Kind,
    /// The line, or a description of bytes.
    pub text: String,
}

/// The transcript of one scenario, shared by its clients.
#[derive(Debug)]
pub struct Wire {
    start: Instant,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    events: VecDeque<Event>,
    dropped: u64,
}

impl Default for Wire {
    fn default() -> Wire {
        Wire { start: Instant::now(), log: Mutex::default() }
    }
}

impl Wire {
    /// Adds an event.
    pub fn add(&self, client: &str, kind: Kind, text: impl Into<String>) {
        let at_ms = u64::try_from(self.start.elapsed().as_millis())
            .unwrap_or(u64::MAX);
        let mut text: String = text.into();
        if text.len() > TEXT_BYTES_MAX {
            let end = (0..=TEXT_BYTES_MAX)
                .rev()
                .find(|at| text.is_char_boundary(*at))
                .unwrap_or(0);
            let more = text.len() - end;
            text.truncate(end);
            text += &format!("… and {more} bytes more");
        }
        let mut log = self.locked();
        if log.events.len() == EVENTS_MAX {
            log.events.pop_front();
            log.dropped += 1;
        }
        let client = client.to_owned();
        log.events.push_back(Event { at_ms, client, kind, text });
    }

    /// All events that were kept, and how many were not.
    pub fn take(&self) -> (Vec<Event>, u64) {
        let mut log = self.locked();
        (log.events.drain(..).collect(), log.dropped)
    }

    fn locked(&self) -> MutexGuard<'_, Log> {
        // A client that panicked has left whole events behind.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes for people: as text where they are text, the beginning only.
pub fn shown(bytes: &[u8]) -> String {
    let few = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
    let more = bytes.len() - few.len();
    let mut text = few.escape_ascii().to_string();
    if more > 0 {
        text += &format!("… and {more} bytes more");
    }
    text
}

/// A scenario of a thousand clients keeps its end.
const EVENTS_MAX: usize = 4_000;

/// The longest line there may be, with some room for a description.
const TEXT_BYTES_MAX: usize = 600;

/// As much of raw bytes as helps to recognise them.
const SHOWN_BYTES_MAX: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_story_keeps_its_end_and_counts_the_rest() {
        let wire = Wire::default();
        for number in 0..EVENTS_MAX + 3 {
            wire.add("a", Kind::Sent, number.to_string());
        }
        let (events, dropped) = wire.take();
        assert_eq!((events.len(), dropped), (EVENTS_MAX, 3));
        assert_eq!(events[0].text, "3");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let wire = Wire::default();
        wire.add("a", Kind::Sent, "中".repeat(TEXT_BYTES_MAX));
        let text = &wire.take().0[0].text;
        assert!(text.len() < TEXT_BYTES_MAX + 40 && text.contains("more"));
    }
}
