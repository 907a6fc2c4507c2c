//! What stands in for the native protocol's digests: HASH over a file or its
//! beginning, where the server has it; else a file's length and time, which
//! a part remembers.
//!
//! Must not know: what is here; it is given the digest.

use super::{Ftp, features, presence::Looked, refusal};
use crate::{
    client::{
        error::{Error, Why},
        remote::{Answer, Held, Source},
        sum::Sum,
    },
    ftp::code::{Class, Code},
    session::PathText,
};

/// What the server said of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Its length.
    pub(super) size: Option<u64>,
    /// Its length and time, where it said both.
    pub(super) source: Option<Source>,
    /// The answer that said it.
    answer: Answer,
}

impl Ftp {
    /// What the server says of a file, asked once a download.
    pub(super) fn state_of(
        &mut self,
        file: &PathText,
    ) -> Result<State, Error> {
        if let Some((path, state)) = &self.state
            && path == file
        {
            return Ok(state.clone());
        }
        let state = self.ask_state(file)?;
        self.state = Some((file.clone(), state.clone()));
        Ok(state)
    }

    fn ask_state(&mut self, file: &PathText) -> Result<State, Error> {
        match self.look(file)? {
            Looked::Entry(reply, listed) if listed.size.is_some() => {
                let time = listed.modified;
                let answer = refusal::answer(&reply);
                return Ok(State::new(listed.size, time, answer));
            }
            Looked::Refused(reply) => {
                return Err(refusal::refused(&reply, Why::NotFound));
            }
            Looked::Entry(..) | Looked::Unknown => {}
        }
        // A refusal of SIZE says little; RETR will say the rest.
        let mut state = State::default();
        if self.features.size {
            let reply = self.control.ask("SIZE", Some(file.as_bytes()))?;
            if reply.code == Code::FILE_STATUS {
                let answer = refusal::answer(&reply);
                state = State::new(reply.size(), None, answer);
            }
        }
        if self.features.time && state.size.is_some() {
            let reply = self.control.ask("MDTM", Some(file.as_bytes()))?;
            if reply.code == Code::FILE_STATUS {
                let time = reply.modified();
                state = State::new(state.size, time, state.answer);
            }
        }
        Ok(state)
    }

    /// How much the server has of a file that is to be brought. A server may
    /// hide what it has until the file is whole, and tell its length by SIZE
    /// alone.
    pub(super) fn length_there(
        &mut self,
        file: &PathText,
    ) -> Result<Option<u64>, Error> {
        if !self.features.size {
            return Ok(None);
        }
        let reply = self.control.ask("SIZE", Some(file.as_bytes()))?;
        let told = reply.code == Code::FILE_STATUS;
        Ok(if told { reply.size() } else { None })
    }

    /// Whether what is held is the beginning of the server's file: the
    /// answer that proves it.
    pub(super) fn proves(
        &mut self,
        file: &PathText,
        held: &Held,
        state: &State,
    ) -> Result<Option<Answer>, Error> {
        let Some(size) = state.size.filter(|&size| held.length <= size) else {
            return Ok(None);
        };
        if let Some(sum) = held.sum {
            let range = (held.length < size).then_some(held.length);
            return self.has_sum(file, sum, held.length, range);
        }
        let same = held.source.is_some() && held.source == state.source;
        Ok(same.then(|| state.answer.clone()))
    }

    /// Whether the server's file has a digest, over its first `range` bytes
    /// or all of its `length`: its answer, where it has.
    pub(super) fn has_sum(
        &mut self,
        file: &PathText,
        sum: Sum,
        length: u64,
        range: Option<u64>,
    ) -> Result<Option<Answer>, Error> {
        if range == Some(0) || !self.choose_hash(sum)? {
            return Ok(None);
        }
        if let Some(range) = range {
            let first = format!("0 {}", range - 1);
            let reply = self.control.ask("RANG", Some(first.as_bytes()))?;
            if reply.code.class() != Class::Intermediate {
                return Ok(None);
            }
        }
        let reply = self.control.ask("HASH", Some(file.as_bytes()))?;
        if range.is_some() {
            // The range would hold for RETR, too.
            let _all_again = self.control.ask("RANG", Some(b"1 0"))?;
        }
        if reply.code != Code::FILE_STATUS {
            return Ok(None);
        }
        let Some(hash) = reply.hash() else { return Ok(None) };
        // The second number is the last byte's; some servers give the one
        // behind it.
        let ends = [length.saturating_sub(1), length];
        let same = hash.algorithm == features::name(sum.algorithm())
            && hash.start == 0
            && ends.contains(&hash.end)
            && is_same(&hash.hex, &sum.hex());
        Ok(same.then(|| refusal::answer(&reply)))
    }

    /// Makes HASH compute a kind of digest.
    fn choose_hash(&mut self, sum: Sum) -> Result<bool, Error> {
        let algorithm = sum.algorithm();
        if self.hashing == Some(algorithm) {
            return Ok(true);
        }
        let option = format!("HASH {}", features::name(algorithm));
        let reply = self.control.ask("OPTS", Some(option.as_bytes()))?;
        let chosen = reply.code.class() == Class::Completion;
        self.hashing = chosen.then_some(algorithm);
        Ok(chosen)
    }
}

impl State {
    fn new(
        size: Option<u64>,
        modified: Option<jiff::Timestamp>,
        answer: Answer,
    ) -> State {
        let source = size
            .zip(modified)
            .map(|(size, modified)| Source { size, modified });
        State { size, source, answer }
    }
}

/// Whether two digests are the same; one may be written without the zeros
/// that it begins with.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_start_matches('0') == other.trim_start_matches('0')
}
