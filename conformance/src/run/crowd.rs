//! Several scripts at once: crowds and branches.
//!
//! Each script has a thread with its name, and each thread is joined, at the
//! latest at the end of the scenario.

use std::collections::BTreeMap;
use std::thread::{self, JoinHandle};

use serde_saphyr::Spanned;

use super::scene::Stop;
use super::script::{Ended, Script};
use crate::case::{Crowd, Step};

impl Script {
    /// Starts a crowd, and waits for it unless it is in the background.
    pub(super) fn crowd(&mut self, crowd: &Crowd) -> Result<(), Stop> {
        let count = self.number(&crowd.count)?;
        if count > CROWD_MAX {
            let what = format!("a crowd of {count}, more than {CROWD_MAX}");
            return Err(self.trouble(&what));
        }
        let mut members = Vec::new();
        for number in 1..=count {
            let name = format!("{}{number}", crowd.name);
            let mut scope = self.scope.clone();
            scope.set("n", number.to_string());
            let script = Script::new(self.scene.clone(), scope, &name);
            members.push(self.spawn(script, crowd.steps.clone())?);
        }
        if crowd.background {
            self.crowds.insert(crowd.name.clone(), members);
            return Ok(());
        }
        self.gather(members)
    }

    /// Waits for a crowd in the background.
    pub(super) fn join(&mut self, name: &str) -> Result<(), Stop> {
        let members = self.crowds.remove(name).ok_or_else(|| {
            self.trouble(&format!("no crowd {name:?} is in the background"))
        })?;
        self.gather(members)
    }

    /// Plays branches at once.
    pub(super) fn parallel(
        &mut self,
        branches: &BTreeMap<String, Vec<Spanned<Step>>>,
    ) -> Result<(), Stop> {
        let mut running = Vec::new();
        for (name, steps) in branches {
            let (scene, scope) = (self.scene.clone(), self.scope.clone());
            let mut script = Script::new(scene, scope, name);
            // A client of that name goes on where it stands.
            if let Some(client) = self.clients.remove(name) {
                script.clients.insert(name.clone(), client);
            }
            running.push(self.spawn(script, steps.clone())?);
        }
        self.gather(running)
    }

    /// Waits for all crowds that are still in the background.
    pub(super) fn join_all(&mut self) -> Result<(), Stop> {
        let crowds: Vec<_> = self.crowds.drain().collect();
        let mut result = Ok(());
        for (_, members) in crowds {
            result = result.and(self.gather(members));
        }
        result
    }

    fn spawn(
        &self,
        mut script: Script,
        steps: Vec<Spanned<Step>>,
    ) -> Result<JoinHandle<Ended>, Stop> {
        let name = script.own.clone();
        thread::Builder::new()
            .name(name.clone())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let played = script.play(&steps);
                let result = played.and(script.join_all());
                if result.is_err() {
                    script.scene.abort();
                }
                Ended { name, result, clients: script.clients }
            })
            .map_err(|error| Stop::Trouble(error.to_string()))
    }

    /// Joins scripts and takes their clients over. Of several that stopped,
    /// the first that was not merely told to counts.
    fn gather(&mut self, scripts: Vec<JoinHandle<Ended>>) -> Result<(), Stop> {
        let mut worst: Result<(), Stop> = Ok(());
        for script in scripts {
            let Ok(ended) = script.join() else {
                return Err(Stop::Trouble("a script panicked".into()));
            };
            for (name, client) in ended.clients {
                // A member's second client would hide another member's.
                let name = if name.starts_with(&ended.name) {
                    name
                } else {
                    format!("{}.{name}", ended.name)
                };
                self.clients.insert(name, client);
            }
            if let Err(stop) = ended.result
                && !matches!(worst, Err(ref it) if !matches!(it, Stop::Aborted))
            {
                worst = Err(stop);
            }
        }
        worst
    }
}

/// More members than any scenario needs, and than files may be open.
const CROWD_MAX: u64 = 2_000;

/// A script nests a few steps deep and holds its buffers on the heap.
const STACK_BYTES: usize = 512 * 1024;
