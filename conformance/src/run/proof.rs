//! What is checked beside the replies: counters, comparisons, overlap, the
//! server's disk; and what is done to the server itself.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::scene::{Stop, lock};
use super::script::{Clock, Script};
use crate::case::{DiskCheck, Entry, Overlap, ServerAct, Step};
use crate::payload::{CHUNK_BYTES, Source};
use crate::target::{base_of, make_entry, merge};
use crate::template::parse_size;

impl Script {
    /// The acts that look at something else than a connection.
    pub(super) fn proof_act(
        &mut self,
        step: &Step,
        _clock: &Clock,
    ) -> Result<(), Stop> {
        if let Some(tally) = &step.tally {
            self.tally(step, tally)?;
        }
        if let Some(overlap) = &step.overlap {
            self.overlap(step, overlap)?;
        }
        for text in step.assert.iter().flat_map(|many| &many.0) {
            let filled = self.fill(text)?;
            let holds = compare(&filled).map_err(|e| self.trouble(&e))?;
            if !holds {
                let failure = self.failure(step, text, filled);
                return Err(Stop::Failed(failure));
            }
        }
        for (path, check) in step.disk.iter().flatten() {
            self.disk(step, path, check)?;
        }
        for (path, entry) in step.place.iter().flatten() {
            self.place_entry(path, entry)?;
        }
        Ok(())
    }

    /// Settings, signal, exit, start: in this order.
    pub(super) fn server_act(
        &mut self,
        act: &ServerAct,
        clock: &Clock,
    ) -> Result<(), Stop> {
        let scene = self.scene.clone();
        let mut server = lock(&scene.server);
        let Some(server) = server.as_mut() else {
            return Err(self.trouble("the server is not the suite's own"));
        };
        scene.touched.store(true, Ordering::Relaxed);
        if let Some(wanted) = &act.settings {
            merge(server.settings_mut(), wanted);
            server.write_settings().map_err(Stop::Trouble)?;
        }
        if let Some(signal) = &act.signal {
            let signal = signal_of(signal).ok_or_else(|| {
                self.trouble(&format!("{signal:?} is no signal"))
            })?;
            server.signal(signal).map_err(Stop::Trouble)?;
        }
        if let Some(wanted) = act.exit {
            let ended = server.wait(clock.deadline);
            let got = match ended {
                None => "it is still there".to_owned(),
                Some(status) if status.code() == Some(wanted) => String::new(),
                Some(status) => status.to_string(),
            };
            if !got.is_empty() {
                let wanted = format!("the server's end with code {wanted}");
                let step = Step::default();
                return Err(Stop::Failed(self.failure(&step, wanted, got)));
            }
        }
        if act.start {
            let _ = server.wait(Instant::now() + KILLED_MAX);
            let address = server.start().map_err(Stop::Trouble)?;
            scene.found().address = Some(address);
        }
        Ok(())
    }

    fn tally(
        &self,
        step: &Step,
        wanted: &BTreeMap<String, String>,
    ) -> Result<(), Stop> {
        let tallies = self.scene.found().tallies.clone();
        let mut good = true;
        for (name, range) in wanted {
            let range = self.fill(range)?;
            let got = tallies.get(name).copied().unwrap_or(0);
            good &= in_range(got, &range).map_err(|e| self.trouble(&e))?;
        }
        if good {
            return Ok(());
        }
        let wanted = format!("the tally {wanted:?}");
        let got = format!("{tallies:?}");
        Err(Stop::Failed(self.failure(step, wanted, got)))
    }

    fn overlap(&self, step: &Step, overlap: &Overlap) -> Result<(), Stop> {
        let got = lock(&self.scene.evidence).overlap();
        let mut bounds = Vec::new();
        if let Some(reached) = &overlap.reached {
            bounds.push((">=", self.number(reached)?));
        }
        if let Some(most) = &overlap.most {
            bounds.push(("<=", self.number(most)?));
        }
        for (sign, bound) in bounds {
            let holds = if sign == ">=" { got >= bound } else { got <= bound };
            if !holds {
                let wanted = format!("served at once {sign} {bound}");
                let got = format!("{got} were provably served at once");
                return Err(Stop::Failed(self.failure(step, wanted, got)));
            }
        }
        Ok(())
    }

    fn disk(
        &self,
        step: &Step,
        path: &str,
        check: &DiskCheck,
    ) -> Result<(), Stop> {
        let at = self.on_disk(path)?;
        let fail = |wanted: String, got: String| {
            Err(Stop::Failed(self.failure(step, wanted, got)))
        };
        if check.absent && fs::symlink_metadata(&at).is_ok() {
            return fail(format!("no {path} on disk"), "there is one".into());
        }
        if let Some(bytes) = &check.file {
            let source = self.source(bytes)?;
            if let Err(got) = same_file(&at, &source) {
                let wanted = format!(
                    "{path} on disk with {} given bytes",
                    source.len()
                );
                return fail(wanted, got);
            }
        }
        if let Some(target) = &check.link {
            let wanted = self.fill(target)?;
            let got = fs::read_link(&at).map_or_else(
                |error| error.to_string(),
                |to| to.display().to_string(),
            );
            if got != wanted {
                return fail(format!("{path}, a link to {wanted}"), got);
            }
        }
        if let Some(names) = &check.dir {
            let mut wanted = Vec::new();
            for name in names {
                wanted.push(self.fill(name)?);
            }
            wanted.sort();
            let got = names_in(&at);
            if got.as_ref() != Ok(&wanted) {
                return fail(
                    format!("{path} on disk with {wanted:?}"),
                    format!("{got:?}"),
                );
            }
        }
        Ok(())
    }

    fn place_entry(&self, path: &str, entry: &Entry) -> Result<(), Stop> {
        let at = self.on_disk(path)?;
        make_entry(&at, entry, &self.scope).map_err(|e| self.trouble(&e))
    }

    fn on_disk(&self, path: &str) -> Result<std::path::PathBuf, Stop> {
        let home = self
            .scene
            .home
            .as_ref()
            .ok_or_else(|| self.trouble("the disk cannot be reached"))?;
        Ok(base_of(home, &self.scene.folder, &self.fill(path)?))
    }
}

/// `3`, `>=1`, `<=4`, `1..3`.
fn in_range(got: u64, range: &str) -> Result<bool, String> {
    let number = |text: &str| {
        parse_size(text.trim())
            .ok_or_else(|| format!("{range:?} is no number and no range"))
    };
    if let Some(least) = range.strip_prefix(">=") {
        return Ok(got >= number(least)?);
    }
    if let Some(most) = range.strip_prefix("<=") {
        return Ok(got <= number(most)?);
    }
    if let Some((least, most)) = range.split_once("..") {
        return Ok((number(least)?..=number(most)?).contains(&got));
    }
    Ok(got == number(range)?)
}

/// `A OP B`: numbers as numbers, all else as text.
fn compare(text: &str) -> Result<bool, String> {
    let operators = ["==", "!=", "<=", ">=", "<", ">"];
    let found = operators
        .iter()
        .filter_map(|op| {
            let spaced = format!(" {op} ");
            text.find(&spaced).map(|at| (at, *op, spaced.len()))
        })
        .min();
    let (at, operator, length) =
        found.ok_or_else(|| format!("{text:?} compares nothing"))?;
    let (left, right) = (text[..at].trim(), text[at + length..].trim());
    let order = match (parse_size(left), parse_size(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        _ => left.cmp(right),
    };
    Ok(match operator {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<=" => order.is_le(),
        ">=" => order.is_ge(),
        "<" => order.is_lt(),
        _ => order.is_gt(),
    })
}

fn same_file(at: &Path, source: &Source) -> Result<(), String> {
    let mut file = File::open(at).map_err(|error| error.to_string())?;
    let len = file.metadata().map_err(|error| error.to_string())?.len();
    if len != source.len() {
        return Err(format!("{len} bytes"));
    }
    let mut got = vec![0; CHUNK_BYTES];
    let mut wanted = vec![0; CHUNK_BYTES];
    let mut offset = 0;
    loop {
        let count = file.read(&mut got).map_err(|error| error.to_string())?;
        if count == 0 {
            return Ok(());
        }
        source.read_at(offset, &mut wanted[..count]);
        if got[..count] != wanted[..count] {
            return Err(format!("other bytes after byte {offset}"));
        }
        offset += count as u64;
    }
}

/// The names in a directory, but for those that begin with a dot: a server
/// may keep its own things under such names.
fn names_in(at: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(at).map_err(|error| error.to_string())?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    Ok(names)
}

fn signal_of(name: &str) -> Option<Signal> {
    match name {
        "TERM" => Some(Signal::TERM),
        "INT" => Some(Signal::INT),
        "HUP" => Some(Signal::HUP),
        "KILL" => Some(Signal::KILL),
        _ => None,
    }
}

/// How long a killed process may take to be gone.
const KILLED_MAX: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_comparisons_say_what_they_mean() {
        for (range, good) in
            [("3", true), (">=4", false), ("<=3", true), ("1..3", true)]
        {
            assert_eq!(in_range(3, range), Ok(good), "{range}");
        }
        assert!(in_range(3, "some").is_err());
        for (text, good) in [
            ("10 > 9", true),
            ("a == a", true),
            ("1 != 1", false),
            ("5 <= 4", false),
            ("401 reason=a == 401 reason=b", false),
        ] {
            assert_eq!(compare(text), Ok(good), "{text}");
        }
        assert!(compare("a b").is_err());
    }
}
