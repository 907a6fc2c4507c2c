//! Plays one scenario against one server, and judges it.
//!
//! The stage is set (a server with its root, or a folder on a foreign one),
//! the steps are played, every connection is taken leave of, and what was
//! found is weighed. Always ends in a verdict, and always by its deadline.

mod barrier;
mod client;
mod crowd;
mod evidence;
mod expect;
mod folder;
mod ftp;
mod probe;
mod proof;
mod raw;
mod scene;
mod script;
mod speech;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub use expect::describe;
use scene::{Found, Scene, Stop, lock};
use script::Script;

use crate::case::{Case, Dialect, Grade, Need};
use crate::peer::Peer;
use crate::reply::percent_encode;
use crate::target::{
    Credentials, Foreign, Managed, Passwords, Program, Server, Target,
    base_of, home_of, make_entry, settings_of,
};
use crate::template::Scope;
use crate::verdict::{Failure, Outcome, Verdict, weighed};
use crate::wire::Wire;

/// How a scenario is played.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long one answer may take, where the scenario does not say.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options { patience: Duration::from_secs(10) }
    }
}

/// Plays a case and says what came of it.
pub fn run_one(case: &Case, target: &Target, options: Options) -> Outcome {
    if case.scenario.watched {
        let reason = "watched in every other scenario of a run".to_owned();
        return Outcome::new(case, Verdict::NotRun, reason);
    }
    if let Some(reason) = target.lacks(case) {
        return Outcome::new(case, Verdict::NotRun, reason);
    }
    if let Some((verdict, reason)) = probe::lacks(case, target, options) {
        return Outcome::new(case, verdict, reason);
    }
    run_asked(case, target, options)
}

/// Asks a server what the case needs to know of it; the target remembers.
pub fn ask_needs(case: &Case, target: &Target, options: Options) {
    // Whether they are met is asked again by who plays it.
    let _ = probe::lacks(case, target, options);
}

/// Plays a case whose needs are known to be met.
fn run_asked(case: &Case, target: &Target, options: Options) -> Outcome {
    let start = Instant::now();
    // A fault of the suite's own is told as one, and the run goes on.
    let played =
        catch_unwind(AssertUnwindSafe(|| play(case, target, options)));
    let mut outcome = played.unwrap_or_else(|_| {
        let reason = "the suite itself panicked".to_owned();
        Outcome::new(case, Verdict::Error, reason)
    });
    outcome.took_ms =
        u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    outcome
}

fn play(case: &Case, target: &Target, options: Options) -> Outcome {
    let error = |reason| Outcome::new(case, Verdict::Error, reason);
    let folder = match TempDir::with_prefix("conformance-") {
        Ok(folder) => folder,
        Err(failed) => return error(failed.to_string()),
    };
    let staged = match &target.server {
        Server::Managed(program) => {
            stage_managed(case, program, options, &folder)
        }
        Server::Foreign(foreign) => stage_foreign(case, foreign, options),
    };
    let (scene, mut scope) = match staged {
        Ok(staged) => staged,
        Err(reason) => return error(reason),
    };
    let foreign = matches!(target.server, Server::Foreign(_));
    let made = match case.dialect {
        Dialect::Native if foreign => folder::make(&scene, &scope),
        Dialect::Native => Ok(()),
        Dialect::Ftp => ftp::make(&scene, &scope).map(|path| {
            scope.set("path", path.unwrap_or_default());
        }),
    };
    let mut script = Script::new(scene.clone(), scope, "main");
    let mut result = made.map_err(|why| {
        Stop::Trouble(format!("the folder cannot be made: {why}"))
    });
    result = result.and_then(|()| script.play(&case.scenario.steps));
    if result.is_err() {
        scene.abort();
    }
    result = result.and(script.join_all());
    if result.is_ok() && !scene.touched.load(Ordering::Relaxed) {
        for client in script.clients.values_mut() {
            client.farewell();
        }
    }
    drop(script);
    let left = match foreign && case.has_folder() {
        true => clear_away(case, options, &scene).err(),
        false => None,
    };
    let mut outcome = finish(&scene, result);
    outcome.notes.extend(left);
    outcome
}

/// Removes the folder on a foreign server. It has a time of its own, and is
/// no part of what is judged: the scenario may have ended in any way.
fn clear_away(
    case: &Case,
    options: Options,
    played: &Scene,
) -> Result<(), String> {
    let (user, folder) = (played.user.clone(), played.folder.clone());
    let mut scene = scene_of(case, options, user, None, folder)?;
    let found = scene.found.get_mut().expect("nobody else has it");
    found.address = played.found().address;
    found.uploads = std::mem::take(&mut played.found().uploads);
    let scene = Arc::new(scene);
    let removed = match case.dialect {
        Dialect::Native => folder::remove(&scene),
        Dialect::Ftp => ftp::remove(&scene),
    };
    // What the server does not serve, such as a pipe, it does not remove.
    let home = played.home.as_ref().filter(|_| removed.is_err());
    let rest = home.map(|home| home.join(&played.folder));
    match (removed, rest) {
        (Err(_), Some(rest)) if std::fs::remove_dir_all(&rest).is_ok() => {
            Ok(())
        }
        (removed, _) => removed
            .map_err(|why| format!("{} is left behind: {why}", played.folder)),
    }
}

/// A server of the suite's own, with the fixture on its disk before it
/// starts: so nothing of the fixture depends on what is to be judged.
fn stage_managed(
    case: &Case,
    program: &Program,
    options: Options,
    folder: &TempDir,
) -> Result<(Arc<Scene>, Scope), String> {
    let user = Credentials { name: "ann".into(), password: "ann-pass".into() };
    let second =
        Credentials { name: "bob".into(), password: "bob-pass".into() };
    let second = case.needs().contains(&Need::SecondUser).then_some(second);
    let wanted = case.scenario.server.as_ref();
    let passwords = match case.scenario.serial {
        true => Passwords::Clear,
        false => program.passwords,
    };
    let dialect = case.dialect;
    let settings =
        settings_of(dialect, wanted, &user, second.as_ref(), passwords);
    let limit = settings["max_users"].as_u64();
    let mut server =
        Managed::new(program.clone(), dialect, settings, folder.path());
    let home = home_of(server.root(), &user.name);
    let name = folder_name();
    let scope = scope_of(case, &user, second.as_ref(), &name, limit);
    // FTP's folder is made over the wire on every server.
    if dialect == Dialect::Native {
        if case.has_folder() {
            let made = std::fs::create_dir_all(home.join(&name));
            made.map_err(|error| error.to_string())?;
        }
        for (path, entry) in &case.scenario.fixture {
            make_entry(&base_of(&home, &name, path), entry, &scope)?;
        }
    }
    let address = server.start()?;
    let mut scene = scene_of(case, options, user, second, name)?;
    scene.home = Some(home);
    scene.server = Mutex::new(Some(server));
    scene.found.get_mut().expect("nobody else has it").address = Some(address);
    ready(scene, scope, limit)
}

fn stage_foreign(
    case: &Case,
    foreign: &Foreign,
    options: Options,
) -> Result<(Arc<Scene>, Scope), String> {
    let name = folder_name();
    let (user, second) = (foreign.user.clone(), foreign.second.clone());
    let scope = scope_of(case, &user, second.as_ref(), &name, foreign.limit);
    let address = foreign.resolve()?;
    let mut scene = scene_of(case, options, user, second, name)?;
    for who in [&foreign.user].into_iter().chain(&foreign.second) {
        let encoded = percent_encode(who.password.as_bytes());
        let forms = [encoded, who.password.clone()];
        let forms = forms.into_iter().filter(|form| !form.is_empty());
        scene.secrets.extend(forms);
    }
    scene.home = foreign.home.clone();
    scene.found.get_mut().expect("nobody else has it").address = Some(address);
    ready(scene, scope, foreign.limit)
}

fn ready(
    mut scene: Scene,
    scope: Scope,
    limit: Option<u64>,
) -> Result<(Arc<Scene>, Scope), String> {
    scene.barriers =
        barrier::Barriers::of(&scene.case.scenario.steps, &scope)?;
    scene.found.get_mut().expect("nobody else has it").limit = limit;
    Ok((Arc::new(scene), scope))
}

fn scene_of(
    case: &Case,
    options: Options,
    user: Credentials,
    second: Option<Credentials>,
    folder: String,
) -> Result<Scene, String> {
    Ok(Scene {
        case: case.clone(),
        user,
        second,
        secrets: Vec::new(),
        folder,
        home: None,
        wire: Wire::default(),
        deadline: Instant::now() + case.scenario.timeout.duration(),
        patience: options.patience,
        abort: Arc::new(AtomicBool::new(false)),
        barriers: barrier::Barriers::default(),
        evidence: Mutex::default(),
        found: Mutex::new(Found::default()),
        server: Mutex::new(None),
        touched: AtomicBool::new(false),
    })
}

fn scope_of(
    case: &Case,
    user: &Credentials,
    second: Option<&Credentials>,
    folder: &str,
    limit: Option<u64>,
) -> Scope {
    let mut scope = Scope {
        payloads: Arc::new(case.payloads.clone()),
        ..Scope::default()
    };
    scope.vars.extend(case.row.clone());
    scope.set("user", &user.name);
    scope.set("password", &user.password);
    scope.set("dir", folder);
    if let Some(second) = second {
        scope.set("second", &second.name);
        scope.set("second_password", &second.password);
    }
    if let Some(limit) = limit {
        scope.set("limit", limit.to_string());
    }
    scope
}

/// A name that no other run and no other scenario has.
fn folder_name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("conformance-{:x}-{number}", std::process::id())
}

/// Weighs what was found.
fn finish(scene: &Arc<Scene>, result: Result<(), Stop>) -> Outcome {
    let case = &scene.case;
    let level = case.scenario.level;
    let gone = is_gone(scene);
    check_bound(scene);
    let found = std::mem::take(&mut *scene.found());
    let (verdict, reason, failure) = match result {
        Ok(()) => (Verdict::Pass, String::new(), None),
        Err(Stop::Failed(failure)) => {
            (weighed(level), summary(&failure), Some(failure))
        }
        Err(Stop::Late(failure)) => {
            (Verdict::Timeout, summary(&failure), Some(failure))
        }
        Err(Stop::Unsupported(why)) => (Verdict::Unsupported, why, None),
        Err(Stop::Trouble(why)) => (Verdict::Error, why, None),
        Err(Stop::Aborted) => {
            (Verdict::Error, "a script was stopped".into(), None)
        }
    };
    let mut outcome = Outcome::new(case, verdict, reason);
    outcome.failure = failure;
    weigh_faults(&mut outcome, &found);
    if let Some(how) = gone {
        outcome.verdict = Verdict::Crash;
        outcome.reason = how;
    }
    if outcome.verdict.is_failure(true) {
        outcome.blamed = found.last;
    }
    outcome.seen = found.seen;
    outcome.broken = found.broken;
    (outcome.transcript, outcome.dropped) = scene.wire.take();
    outcome
}

/// Broken rules of the wire fail any scenario; graded notes lower a pass.
fn weigh_faults(outcome: &mut Outcome, found: &Found) {
    let mut faults = found.faults.iter().cloned();
    let passes = matches!(
        outcome.verdict,
        Verdict::Pass | Verdict::Info | Verdict::Warn | Verdict::Unsupported
    );
    if passes && let Some(first) = faults.next() {
        outcome.verdict = Verdict::Fail;
        outcome.reason = first.clone();
        outcome.failure.get_or_insert(Failure {
            wanted: "every line and byte as the protocol has it".into(),
            got: first,
            client: String::new(),
            at: format!("{}:{}", outcome.case.file, outcome.case.line),
        });
    }
    outcome.notes.extend(faults);
    for (grade, note) in &found.notes {
        outcome.notes.push(note.clone());
        let lower = match grade {
            Grade::Warn => Verdict::Warn,
            Grade::Info => Verdict::Info,
            Grade::Pass | Grade::Unsupported => continue,
        };
        let weaker = outcome.verdict == Verdict::Pass
            || (outcome.verdict == Verdict::Info && lower == Verdict::Warn);
        if weaker {
            outcome.verdict = lower;
            outcome.reason = note.clone();
        }
    }
}

/// Never more provably served at once than the limit that was told.
fn check_bound(scene: &Scene) {
    let evidence = lock(&scene.evidence);
    let (overlap, gauge) = (evidence.overlap(), evidence.low_gauge());
    drop(evidence);
    let limit = scene.found().limit;
    if let Some(limit) = limit
        && overlap > limit
    {
        let what =
            format!("{overlap} were served at once, the limit is {limit}");
        scene.fault("", what);
    }
    if let Some(what) = gauge {
        scene.fault("", what);
    }
}

/// How the server went, where it went without being asked to.
fn is_gone(scene: &Scene) -> Option<String> {
    let mut server = lock(&scene.server);
    if let Some(server) = server.as_mut() {
        if scene.touched.load(Ordering::Relaxed) || server.is_running() {
            return None;
        }
        let exit = server.exit.map(|exit| exit.to_string());
        let errors = server.errors();
        let exit = exit.unwrap_or_default();
        return Some(format!("the server ended ({exit}): {errors}"));
    }
    let found = scene.found();
    // A server that never said a word was not there to begin with.
    if found.seen.is_empty() {
        return None;
    }
    let address = found.address?;
    drop(found);
    let deadline = Instant::now() + scene.patience;
    Peer::connect(address, deadline, Arc::new(AtomicBool::new(false)))
        .err()
        .map(|error| format!("the server cannot be reached any more: {error}"))
}

fn summary(failure: &Failure) -> String {
    format!("wanted {}; got {}", failure.wanted, failure.got)
}
