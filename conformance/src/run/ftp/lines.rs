//! What a reply's text must be: FTP's replies have lines, not fields.

use regex::bytes::Regex;

use crate::case::Expect;
use crate::reply::Reply;
use crate::run::scene::Stop;
use crate::run::script::Script;

impl Script {
    /// What of an expectation the lines of a reply do not keep.
    pub(in crate::run) fn misfit_of_lines(
        &self,
        expect: &Expect,
        reply: &Reply,
    ) -> Result<Option<String>, Stop> {
        if let Some(single) = expect.single
            && single != (reply.lines == 1)
        {
            return Ok(Some(format!("it has {} lines", reply.lines)));
        }
        if let Some(pattern) = &expect.text
            && !self.bytes_pattern(pattern)?.is_match(&reply.bytes)
        {
            return Ok(Some(format!("the text does not match {pattern}")));
        }
        let lines: Vec<&[u8]> =
            reply.bytes.split(|byte| *byte == b'\n').collect();
        if let Some(pattern) = &expect.lines {
            let pattern = self.bytes_pattern(pattern)?;
            let inner = lines.get(1..lines.len().saturating_sub(1));
            let mut inner = inner.unwrap_or_default().iter();
            if let Some(odd) = inner.find(|line| !pattern.is_match(line)) {
                let odd = crate::wire::shown(odd);
                return Ok(Some(format!("{odd:?} does not match {pattern}")));
            }
        }
        for pattern in &expect.has {
            let compiled = self.bytes_pattern(pattern)?;
            if !lines.iter().any(|line| compiled.is_match(line)) {
                return Ok(Some(format!("no line matches {pattern}")));
            }
        }
        for pattern in &expect.lacks {
            let compiled = self.bytes_pattern(pattern)?;
            if lines.iter().any(|line| compiled.is_match(line)) {
                return Ok(Some(format!("a line matches {pattern}")));
            }
        }
        Ok(None)
    }

    /// The first group of a pattern in the text, if the text matches.
    pub(in crate::run) fn first_group(
        &self,
        pattern: &str,
        reply: &Reply,
    ) -> Result<Option<String>, Stop> {
        let pattern = self.bytes_pattern(pattern)?;
        let group = pattern
            .captures(&reply.bytes)
            .and_then(|groups| groups.get(1).or_else(|| groups.get(0)));
        Ok(group.map(|m| String::from_utf8_lossy(m.as_bytes()).into_owned()))
    }

    /// A pattern for bytes, with its variables filled in.
    pub(in crate::run) fn bytes_pattern(
        &self,
        pattern: &str,
    ) -> Result<Regex, Stop> {
        let filled = self.fill(pattern)?;
        Regex::new(&filled).map_err(|error| self.trouble(&error.to_string()))
    }
}
