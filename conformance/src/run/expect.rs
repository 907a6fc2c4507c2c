//! Replies: the next line is read and held against an expectation.

use std::time::Instant;

use regex::Regex;

use super::client::{Read, end_text};
use super::scene::Stop;
use super::script::{Clock, Script};
use crate::case::{Dialect, Ending, Expect, Grade, Millis, Step};
use crate::peer::End;
use crate::reply::{Reply, percent_decode};
use crate::wire::shown;

impl Script {
    /// Reads the next reply and holds it against `expect`.
    pub(super) fn expect(
        &mut self,
        step: &Step,
        expect: &Expect,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let wanted = self.described(expect);
        let system = self.wants_system(expect)?;
        loop {
            let read = self.client(step)?.line(clock.deadline);
            let reply = match read {
                Ok(reply) => reply,
                Err(read) => {
                    return Err(self.no_line(step, &wanted, read, clock));
                }
            };
            if reply.code == "000" && !system {
                continue;
            }
            match self.alternative(expect, &reply)? {
                Ok(one) => {
                    self.in_time(step, &wanted, clock)?;
                    return self.take(step, one, &reply);
                }
                Err(_) if expect.eventually && reply.code == "000" => {}
                Err(why) => {
                    let got = match why.as_str() {
                        "" => reply.line,
                        why => format!("{} ({why})", reply.line),
                    };
                    let failure = self.failure(step, wanted, got);
                    return Err(Stop::Failed(failure));
                }
            }
        }
    }

    /// The server must close, and nothing but `000` lines may come before.
    pub(super) fn expect_close(
        &mut self,
        step: &Step,
        ending: Ending,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let wanted = match ending {
            Ending::Clean => "a clean close",
            Ending::Reset => "a reset",
            Ending::Any => "a close",
        };
        loop {
            let got = match self.client(step)?.line(clock.deadline) {
                // Said before a close, not an answer.
                Ok(reply) if ["000", "421"].contains(&&*reply.code) => {
                    continue;
                }
                Ok(reply) => reply.line,
                Err(Read::Ended(end)) => {
                    let good = match ending {
                        Ending::Any => true,
                        Ending::Clean => end == End::Clean,
                        Ending::Reset => end == End::Reset,
                    };
                    if good {
                        self.in_time(step, wanted, clock)?;
                        self.client(step)?.server_closed();
                        return Ok(());
                    }
                    end_text(end).to_owned()
                }
                Err(read) => {
                    return Err(self.no_line(step, wanted, read, clock));
                }
            };
            return Err(Stop::Failed(self.failure(step, wanted, got)));
        }
    }

    /// Nothing may arrive for so long.
    pub(super) fn silence(
        &mut self,
        step: &Step,
        time: Millis,
    ) -> Result<(), Stop> {
        let until =
            (Instant::now() + time.duration()).min(self.scene.deadline);
        let got = match self.client(step)?.bytes(SILENCE_BYTES, until) {
            Err(Read::Late) => return Ok(()),
            Err(Read::Stop(stop)) => return Err(stop),
            Err(Read::Ended(end)) => end_text(end).to_owned(),
            Err(Read::TooLong(begin)) => begin,
            Ok(bytes) => shown(&bytes),
        };
        let wanted = format!("silence for {time}");
        Err(Stop::Failed(self.failure(step, wanted, got)))
    }

    /// Why there was no line, as an end of the script.
    pub(super) fn no_line(
        &self,
        step: &Step,
        wanted: &str,
        read: Read,
        clock: &Clock,
    ) -> Stop {
        let got = match read {
            Read::Late => return self.late(step, wanted, clock),
            Read::Stop(stop) => return stop,
            Read::Ended(end) => end_text(end).to_owned(),
            Read::TooLong(begin) => {
                format!("a line longer than any may be: {begin}")
            }
        };
        Stop::Failed(self.failure(step, wanted, got))
    }

    fn in_time(
        &self,
        step: &Step,
        wanted: &str,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let took = clock.start.elapsed();
        let early = clock.not_before.filter(|earliest| took < *earliest);
        let Some(earliest) = early else { return Ok(()) };
        let wanted =
            format!("{wanted}, not before {} ms", earliest.as_millis());
        let got = format!("it after {} ms", took.as_millis());
        Err(Stop::Failed(self.failure(step, wanted, got)))
    }

    /// The alternative that fits, or what does not fit.
    fn alternative<'a>(
        &self,
        expect: &'a Expect,
        reply: &Reply,
    ) -> Result<Result<&'a Expect, String>, Stop> {
        if expect.any_of.is_empty() {
            return Ok(self.misfit(expect, reply)?.map_or(Ok(expect), Err));
        }
        for one in &expect.any_of {
            if self.misfit(one, reply)?.is_none() {
                return Ok(Ok(one));
            }
        }
        Ok(Err(String::new()))
    }

    /// What of an expectation a reply does not keep.
    fn misfit(
        &self,
        expect: &Expect,
        reply: &Reply,
    ) -> Result<Option<String>, Stop> {
        let mut code_fits = false;
        for code in &expect.code {
            code_fits |= self.fill(code)? == reply.code;
        }
        if !code_fits {
            return Ok(Some(String::new()));
        }
        for (key, wanted) in &expect.fields {
            let wanted = self.fill(wanted)?;
            let decoded = |text: &str| percent_decode(text);
            match reply.field(key) {
                None => return Ok(Some(format!("no {key}="))),
                Some(got) if decoded(got) != decoded(&wanted) => {
                    return Ok(Some(format!("{key} is not {wanted}")));
                }
                Some(_) => {}
            }
        }
        for (key, pattern) in &expect.matches {
            let pattern = self.pattern(pattern)?;
            let got = reply.field(key).unwrap_or_default();
            if !pattern.is_match(got) {
                return Ok(Some(format!("{key} does not match {pattern}")));
            }
        }
        for key in &expect.absent {
            if reply.field(key).is_some() {
                return Ok(Some(format!("{key}= should not be there")));
            }
        }
        if self.scene.dialect() == Dialect::Ftp {
            return self.misfit_of_lines(expect, reply);
        }
        if let Some(pattern) = &expect.text {
            let pattern = self.pattern(pattern)?;
            if !pattern.is_match(reply.text.as_deref().unwrap_or_default()) {
                return Ok(Some(format!("the text does not match {pattern}")));
            }
        }
        Ok(None)
    }

    /// Takes what an expectation that fits brings with it.
    fn take(
        &mut self,
        step: &Step,
        one: &Expect,
        reply: &Reply,
    ) -> Result<(), Stop> {
        for (variable, field) in &one.capture {
            let value = match field.as_str() {
                ":line" => Some(reply.line.clone()),
                ":text" => Some(reply.text.clone().unwrap_or_default()),
                ":code" => Some(reply.code.clone()),
                ":telnet" => Some(reply.telnet.clone()),
                pattern if self.scene.dialect() == Dialect::Ftp => {
                    self.first_group(pattern, reply)?
                }
                field => reply.field(field).map(str::to_owned),
            };
            let Some(value) = value else {
                let wanted = format!("a reply to take {field} from");
                let failure = self.failure(step, wanted, &reply.line);
                return Err(Stop::Failed(failure));
            };
            self.scope.set(variable, value);
        }
        if let Some(tally) = &one.count {
            let mut found = self.scene.found();
            *found.tallies.entry(tally.clone()).or_insert(0) += 1;
        }
        let note = one.note.clone().unwrap_or_else(|| reply.line.clone());
        match one.verdict {
            Grade::Pass => {}
            Grade::Unsupported => return Err(Stop::Unsupported(note)),
            Grade::Warn | Grade::Info => {
                self.scene.found().notes.push((one.verdict, note));
            }
        }
        self.play(&one.then)
    }

    fn wants_system(&self, expect: &Expect) -> Result<bool, Stop> {
        let all = [expect].into_iter().chain(&expect.any_of);
        for code in all.flat_map(|one| &one.code) {
            if self.fill(code)? == "000" {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A pattern with its variables filled in.
    pub(super) fn pattern(&self, pattern: &str) -> Result<Regex, Stop> {
        let filled = self.fill(pattern)?;
        Regex::new(&filled).map_err(|error| self.trouble(&error.to_string()))
    }

    /// An expectation for people, with its variables filled in.
    fn described(&self, expect: &Expect) -> String {
        let text = describe(expect);
        self.scope.fill(&text).unwrap_or(text)
    }
}

/// An expectation for people.
pub fn describe(expect: &Expect) -> String {
    if !expect.any_of.is_empty() {
        let all: Vec<String> = expect.any_of.iter().map(describe).collect();
        return all.join(", or ");
    }
    let mut text = expect.code.join(" or ");
    for (key, value) in &expect.fields {
        text += &format!(" {key}={value}");
    }
    for (key, pattern) in &expect.matches {
        text += &format!(" {key}=~/{pattern}/");
    }
    for key in &expect.absent {
        text += &format!(" without {key}=");
    }
    if let Some(pattern) = &expect.text {
        text += &format!(" with a text like /{pattern}/");
    }
    if let Some(pattern) = &expect.lines {
        text += &format!(" with inner lines like /{pattern}/");
    }
    for pattern in &expect.has {
        text += &format!(" with a line like /{pattern}/");
    }
    for pattern in &expect.lacks {
        text += &format!(" without a line like /{pattern}/");
    }
    match expect.single {
        Some(true) => text += " in one line",
        Some(false) => text += " in several lines",
        None => {}
    }
    if expect.verdict != Grade::Pass {
        text += &format!(" ({:?})", expect.verdict).to_lowercase();
    }
    text
}

/// As much of what broke a silence as is shown.
const SILENCE_BYTES: usize = 512;
