//! Puts a run's files on the server before it begins, and takes them away
//! after it, for every account that takes part.
//!
//! Must not know: schedules, figures, who started the server.

use std::net::SocketAddr;

use crate::{
    caller::{CallError, Caller},
    content::Shelf,
    dialect::{Dialect, Step},
    record::Op,
    worker::{PUT_SLOTS, WORK_ROOMS},
    workload::Workload,
};

/// What is put in place or taken away, and for whom.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a, D> {
    /// The protocol.
    pub(crate) dialect: D,
    /// The server.
    pub(crate) target: SocketAddr,
    /// The accounts that take part.
    pub(crate) accounts: &'a [(String, String)],
    /// What is to be done.
    pub(crate) workload: &'a Workload,
    /// With which files.
    pub(crate) shelf: &'a Shelf,
}

impl<D: Dialect> Site<'_, D> {
    /// Puts the directories and files in place that the workload needs.
    ///
    /// # Errors
    ///
    /// What the server refused, or what broke.
    pub(crate) fn set_up(&self) -> Result<(), CallError> {
        self.for_each_account(|caller| self.put_in_place(caller))
    }

    /// Takes everything away again. What is not there is not missed.
    ///
    /// # Errors
    ///
    /// What broke.
    pub(crate) fn clear(&self) -> Result<(), CallError> {
        self.for_each_account(|caller| self.take_away(caller))
    }

    fn for_each_account(
        &self,
        mut visit: impl FnMut(&mut Caller<D>) -> Result<(), CallError>,
    ) -> Result<(), CallError> {
        if !needs(self.workload, &[]) {
            return Ok(());
        }
        for account in self.accounts {
            let mut caller = Caller::new(self.dialect, self.target, account)?;
            visit(&mut caller)?;
            caller.call(Step::Quit, None)?;
        }
        Ok(())
    }

    fn put_in_place(&self, caller: &mut Caller<D>) -> Result<(), CallError> {
        let (shelf, folder) = (self.shelf, &self.shelf.folder);
        make(caller, folder)?;
        make(caller, &format!("{folder}/get"))?;
        if needs(self.workload, WRITERS) {
            for room in 0..WORK_ROOMS {
                make(caller, &format!("{folder}/w{room}"))?;
            }
        }
        if needs(self.workload, READERS) {
            for file in &shelf.files {
                let content = &file.contents[0];
                let put = Step::Put {
                    path: &file.path,
                    size: file.size,
                    digest: Some(&content.digest),
                };
                caller.call(put, Some((shelf, content, file.size)))?;
            }
        }
        Ok(())
    }

    fn take_away(&self, caller: &mut Caller<D>) -> Result<(), CallError> {
        let (shelf, folder) = (self.shelf, &self.shelf.folder);
        for file in &shelf.files {
            away(caller, Step::Rm(&file.path))?;
        }
        let wrote = needs(self.workload, WRITERS);
        let writers = if wrote { self.workload.users() } else { 0 };
        for user in 0..writers {
            let room = user % WORK_ROOMS;
            for slot in 0..PUT_SLOTS {
                let path = format!("{folder}/w{room}/u{user}-{slot}");
                away(caller, Step::Rm(&path))?;
            }
            let path = format!("{folder}/w{room}/d{user}");
            away(caller, Step::Rmdir(&path))?;
        }
        for room in 0..WORK_ROOMS {
            away(caller, Step::Rmdir(&format!("{folder}/w{room}")))?;
        }
        away(caller, Step::Rmdir(&format!("{folder}/get")))?;
        away(caller, Step::Rmdir(folder))
    }
}

/// Whether any client draws one of these; with none named, whether any
/// client does anything for which the folder must be there.
fn needs(workload: &Workload, ops: &[Op]) -> bool {
    workload.groups.iter().flat_map(|group| &group.mix).any(|(op, _)| {
        if ops.is_empty() {
            !matches!(op, Op::Login | Op::Quit | Op::Pwd)
        } else {
            ops.contains(op)
        }
    })
}

fn make<D: Dialect>(
    caller: &mut Caller<D>,
    path: &str,
) -> Result<(), CallError> {
    match caller.call(Step::Mkdir(path), None) {
        // An earlier run may have left it, and then one can go there.
        Err(refused @ CallError::Refused { .. }) => {
            caller.call(Step::Cd(path), None).map_err(|error| match error {
                CallError::Refused { .. } => refused,
                other => other,
            })
        }
        other => other,
    }
}

fn away<D: Dialect>(
    caller: &mut Caller<D>,
    step: Step<'_>,
) -> Result<(), CallError> {
    match caller.call(step, None) {
        Err(CallError::Refused { .. }) => Ok(()),
        other => other,
    }
}

/// Operations that write below the rooms.
const WRITERS: &[Op] = &[Op::Put, Op::Rm, Op::Mkdir];

/// Operations that read the shared files, or their directory.
const READERS: &[Op] = &[Op::Get, Op::Resume, Op::Dir];
