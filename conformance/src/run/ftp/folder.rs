//! The scenario's folder: made over the wire before the first step, on
//! every server, removed after the last.
//!
//! What goes wrong here is trouble, not a failure: the scenario has not said
//! a word about it.

use std::sync::Arc;

use serde_saphyr::Spanned;

use crate::case::{
    Ending, Entry, Expect, Login, Many, Read, Step, Transfer, VIA_DEFAULT,
};
use crate::ftp::listing;
use crate::run::scene::{Scene, Stop};
use crate::run::script::Script;
use crate::target::{base_of, make_entry};
use crate::template::Scope;

/// Makes the folder and what lies in it; gives the folder's whole path.
pub(in crate::run) fn make(
    scene: &Arc<Scene>,
    scope: &Scope,
) -> Result<Option<String>, String> {
    if !scene.case.has_folder() {
        return Ok(None);
    }
    let mut script = Script::new(scene.clone(), scope.clone(), "set-up");
    sign_in(&mut script)?;
    let folder = scene.folder.clone();
    play(&mut script, ask(format!("MKD {folder}"), &["257"]))?;
    play(&mut script, ask(format!("CWD {folder}"), &["250", "200"]))?;
    let mut step = ask("PWD".into(), &["257"]);
    let path = r#"^"((?:[^"]|"")*)""#.to_owned();
    if let Some(expect) = &mut step.expect {
        expect.capture.insert("path".into(), path);
    }
    play(&mut script, step)?;
    for (path, entry) in &scene.case.scenario.fixture {
        entry_over_wire(&mut script, path, entry)?;
    }
    leave(&mut script)?;
    let path = script.scope.vars.remove("path");
    Ok(path.map(|path| path.replace("\"\"", "\"")))
}

/// Removes the folder, and says why where it cannot be removed.
pub(in crate::run) fn remove(scene: &Arc<Scene>) -> Result<(), String> {
    let scope = Scope::default();
    let mut script = Script::new(scene.clone(), scope, "clean-up");
    sign_in(&mut script)?;
    remove_below(&mut script, &scene.folder, 0)?;
    leave(&mut script)
}

fn sign_in(script: &mut Script) -> Result<(), String> {
    let login = Login { user: "user".into(), folder: false, binary: true };
    play(script, Step { login: Some(login), ..Step::default() })
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
    let parts: Vec<&str> = path.split('/').collect();
    let (_, parents) = parts.split_last().ok_or("an empty path")?;
    for depth in 1..=parents.len() {
        let line = format!("MKD {}", parents[..depth].join("/"));
        play(script, ask(line, &["257", "550", "521"]))?;
    }
    if entry.dir {
        let line = format!("MKD {path}");
        return play(script, ask(line, &["257", "550", "521"]));
    }
    let stor = Transfer {
        name: path.to_owned(),
        bytes: entry.file.clone().unwrap_or_default(),
        via: VIA_DEFAULT.to_owned(),
        rest: None,
    };
    play(script, Step { stor: Some(stor), ..Step::default() })
}

/// Removes a directory with all that a listing shows in it.
fn remove_below(
    script: &mut Script,
    name: &str,
    depth: u8,
) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("{name} is too deep"));
    }
    play(script, ask(format!("CWD {name}"), &["250", "200"]))?;
    let listing = whole_listing(script);
    for entry in listing.iter().filter(|entry| !entry.is_dot()) {
        let kind = entry.facts.get("type").map(|kind| kind.to_lowercase());
        if kind.as_deref() == Some("dir") {
            remove_below(script, &entry.name, depth + 1)?;
        } else {
            play(script, ask(format!("DELE {}", entry.name), &["250"]))?;
        }
    }
    play(script, ask("CDUP".into(), &["250", "200"]))?;
    play(script, ask(format!("RMD {name}"), &["250"]))
}

/// What MLSD shows, or LIST with the hidden files where there is no MLSD.
fn whole_listing(script: &mut Script) -> Vec<listing::Entry> {
    for (form, line) in [("mlsd", "MLSD"), ("list", "LIST -a")] {
        let mut step = ask(line.into(), &["150", "125"]);
        step.read =
            Some(Read { capture: Some("listing".into()), ..Read::default() });
        step.end = Some(of_codes(&["226", "250"]));
        let data = crate::case::Data::plain(VIA_DEFAULT, "data");
        let open = Step { data: Some(data), ..Step::default() };
        if play(script, open).is_err() || play(script, step).is_err() {
            continue;
        }
        let text = script.scope.vars.remove("listing").unwrap_or_default();
        if let Ok(entries) = listing::parse(form, text.as_bytes()) {
            return entries;
        }
    }
    Vec::new()
}

/// Ends the session and waits for the server's close, so that it holds no
/// place when the scenario begins.
fn leave(script: &mut Script) -> Result<(), String> {
    play(script, ask("QUIT".into(), &["221"]))?;
    let expect_close = Some(Ending::Any);
    play(script, Step { expect_close, ..Step::default() })
}

fn ask(line: String, codes: &[&str]) -> Step {
    Step {
        send: Some(Many(vec![line])),
        expect: Some(of_codes(codes)),
        ..Step::default()
    }
}

fn of_codes(codes: &[&str]) -> Expect {
    let code = codes.iter().map(|code| (*code).to_owned()).collect();
    Expect { code, ..Expect::default() }
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
