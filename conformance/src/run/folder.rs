//! The scenario's folder on a foreign server: made over the wire before the
//! first step, removed after the last.
//!
//! What goes wrong here is trouble, not a failure: the scenario has not said
//! a word about it.

use std::sync::Arc;

use serde_saphyr::Spanned;

use super::scene::{Scene, Stop};
use super::script::Script;
use crate::case::{Entry, Expect, Login, Many, Put, Step};
use crate::reply::{percent_decode, percent_encode};
use crate::target::{base_of, make_entry};
use crate::template::Scope;

/// Makes the folder and what lies in it.
pub(super) fn make(scene: &Arc<Scene>, scope: &Scope) -> Result<(), String> {
    if !scene.case.has_folder() {
        return Ok(());
    }
    let mut script = Script::new(scene.clone(), scope.clone(), "set-up");
    let login = Login { user: "user".into(), folder: false, binary: true };
    play(&mut script, Step { login: Some(login), ..Step::default() })?;
    play(&mut script, ask(format!("mkdir /{}", scene.folder), &["201"]))?;
    for (path, entry) in &scene.case.scenario.fixture {
        entry_over_wire(&mut script, path, entry)?;
    }
    leave(&mut script)
}

/// Removes the folder, and says why where it cannot be removed.
pub(super) fn remove(scene: &Arc<Scene>) -> Result<(), String> {
    let mut script = Script::new(scene.clone(), Scope::default(), "clean-up");
    let login = Login { user: "user".into(), folder: false, binary: true };
    let step = Step { login: Some(login), ..Step::default() };
    play(&mut script, step)?;
    let folder = format!("/{}", percent_encode(scene.folder.as_bytes()));
    remove_parts(&mut script, &folder)?;
    remove_below(&mut script, &folder, 0)?;
    leave(&mut script)
}

fn entry_over_wire(
    script: &mut Script,
    path: &str,
    entry: &Entry,
) -> Result<(), String> {
    if let (true, Some(home)) = (entry.is_on_disk_only(), &script.scene.home) {
        let at = base_of(home, &script.scene.folder, path);
        return make_entry(&at, entry, &script.scope);
    }
    let whole = match path.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None => format!("{}/{path}", script.scene.folder),
    };
    let mut above = String::new();
    let parts: Vec<&str> = whole.split('/').collect();
    let (name, parents) = parts.split_last().ok_or("an empty path")?;
    for parent in parents {
        above += &format!("/{}", percent_encode(parent.as_bytes()));
        play(script, ask(format!("mkdir {above}"), &["201", "403"]))?;
    }
    let token = format!("{above}/{}", percent_encode(name.as_bytes()));
    if entry.dir {
        return play(script, ask(format!("mkdir {token}"), &["201", "403"]));
    }
    let bytes = entry.file.clone().unwrap_or_default();
    let put = Put { name: token, bytes, digest: false, offset: None };
    play(script, Step { put: Some(put), ..Step::default() })
}

/// Removes what uploads have left below the folder: a file, and the kept part
/// that no listing shows. A part outlives its directory, so this needs none.
fn remove_parts(script: &mut Script, folder: &str) -> Result<(), String> {
    let uploads = std::mem::take(&mut script.scene.found().uploads);
    for upload in uploads {
        if !is_below(&upload, folder) {
            continue;
        }
        // One for the file, one for the part.
        for _ in 0..2 {
            play(script, ask(format!("rm {upload}"), &["201", "402"]))?;
        }
    }
    Ok(())
}

/// Whether a path leads below the folder, and by no way around: what lies
/// anywhere else is the user's own.
fn is_below(path: &str, folder: &str) -> bool {
    let decoded = percent_decode(path).unwrap_or_default();
    let climbs = decoded.split(|byte| *byte == b'/').any(|name| name == b"..");
    !climbs
        && path
            .strip_prefix(folder)
            .is_some_and(|inner| inner.starts_with('/'))
}

/// Removes a directory with all that `dir` shows in it.
fn remove_below(
    script: &mut Script,
    path: &str,
    depth: u8,
) -> Result<(), String> {
    let mut step = ask(format!("dir {path}"), &["201"]);
    let capture = Some("listing".to_owned());
    step.read = Some(crate::case::Read { capture, ..Default::default() });
    if depth > DEPTH_MAX {
        return Err(format!("{path} is too deep"));
    }
    play(script, step)?;
    let listing = script.scope.vars.remove("listing").unwrap_or_default();
    for line in listing.lines() {
        let Some((kind, name)) =
            line.split_once(' ').zip(line.rsplit_once(' '))
        else {
            continue;
        };
        let inner = format!("{path}/{}", name.1);
        if kind.0 == "d" {
            remove_below(script, &inner, depth + 1)?;
        } else {
            play(script, ask(format!("rm {inner}"), &["201", "402"]))?;
        }
    }
    play(script, ask(format!("rmdir {path}"), &["201"]))
}

/// Ends the session and waits for the server's close, so that it holds no
/// place when the scenario begins.
fn leave(script: &mut Script) -> Result<(), String> {
    play(script, ask("quit".into(), &["201"]))?;
    let expect_close = Some(crate::case::Ending::Any);
    play(script, Step { expect_close, ..Step::default() })
}

fn ask(line: String, codes: &[&str]) -> Step {
    let code = codes.iter().map(|code| (*code).to_owned()).collect();
    Step {
        send: Some(Many(vec![line])),
        expect: Some(Expect { code, ..Expect::default() }),
        ..Step::default()
    }
}

fn play(script: &mut Script, step: Step) -> Result<(), String> {
    let at = serde_saphyr::Location::UNKNOWN;
    let step = Spanned::new(step, at, at);
    script.play(&[step]).map_err(|stop| match stop {
        Stop::Failed(failure) | Stop::Late(failure) => {
            format!("wanted {}; got {}", failure.wanted, failure.got)
        }
        Stop::Unsupported(why) | Stop::Trouble(why) => why,
        Stop::Aborted => "stopped".into(),
    })
}

/// No scenario nests deeper.
const DEPTH_MAX: u8 = 40;
