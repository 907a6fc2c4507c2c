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

/// Puts the directories and files in place that a workload needs.
///
/// # Errors
///
/// What the server refused, or what broke.
pub(crate) fn set_up<D: Dialect>(
    dialect: D,
    target: SocketAddr,
    accounts: &[(String, String)],
    workload: &Workload,
    shelf: &Shelf,
) -> Result<(), CallError> {
    if !needs(workload, &[]) {
        return Ok(());
    }
    for account in accounts {
        let mut caller = Caller::new(dialect, target, account)?;
        let folder = &shelf.folder;
        make(&mut caller, folder)?;
        make(&mut caller, &format!("{folder}/get"))?;
        if needs(workload, WRITERS) {
            for room in 0..WORK_ROOMS {
                make(&mut caller, &format!("{folder}/w{room}"))?;
            }
        }
        if needs(workload, READERS) {
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
        caller.call(Step::Quit, None)?;
    }
    Ok(())
}

/// Takes everything away again. What is not there is not missed.
///
/// # Errors
///
/// What broke.
pub(crate) fn clear<D: Dialect>(
    dialect: D,
    target: SocketAddr,
    accounts: &[(String, String)],
    workload: &Workload,
    shelf: &Shelf,
) -> Result<(), CallError> {
    if !needs(workload, &[]) {
        return Ok(());
    }
    for account in accounts {
        let mut caller = Caller::new(dialect, target, account)?;
        let folder = &shelf.folder;
        for file in &shelf.files {
            away(&mut caller, Step::Rm(&file.path))?;
        }
        let writers =
            if needs(workload, WRITERS) { workload.users() } else { 0 };
        for user in 0..writers {
            let room = user % WORK_ROOMS;
            for slot in 0..PUT_SLOTS {
                let path = format!("{folder}/w{room}/u{user}-{slot}");
                away(&mut caller, Step::Rm(&path))?;
            }
            let path = format!("{folder}/w{room}/d{user}");
            away(&mut caller, Step::Rmdir(&path))?;
        }
        for room in 0..WORK_ROOMS {
            away(&mut caller, Step::Rmdir(&format!("{folder}/w{room}")))?;
        }
        away(&mut caller, Step::Rmdir(&format!("{folder}/get")))?;
        away(&mut caller, Step::Rmdir(folder))?;
        caller.call(Step::Quit, None)?;
    }
    Ok(())
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
