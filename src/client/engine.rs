//! Carries out commands: one method a command, each answer shown with the
//! server's code, each event logged.
//!
//! Must not know: where commands come from; that is `shell` and `script`.

use std::{
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{
    command::{self, Command},
    console::{Console, NO_CODE},
    dial::Dial,
    download::{self, Got, Want},
    error::Error,
    home,
    journal::Journal,
    listing::{self, Entry},
    local,
    many::{self, There},
    remote::{Answer, Remote},
    shown,
    upload::{self, Sent},
};
use crate::session::{PathText, Request};

/// A signed-in client.
pub(super) struct Engine {
    dial: Dial,
    remote: Box<dyn Remote>,
    console: Console,
    journal: Journal,
    /// The server's current directory, as it told us last.
    place: Vec<u8>,
    /// The local folder.
    folder: PathBuf,
}

/// Whether there is anything after a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Go on.
    GoOn,
    /// Leave.
    Quit,
}

impl Engine {
    /// Connects, waits for a place, and signs in.
    ///
    /// # Errors
    ///
    /// What kept us out, told on the console already.
    pub(super) fn start(
        mut dial: Dial,
        console: Console,
        mut journal: Journal,
        folder: PathBuf,
    ) -> Result<Engine, Error> {
        match dial.connect(console) {
            Ok((remote, answer)) => {
                let event = format!("{} signed in", dial.name());
                journal.note(&event);
                say_signed_in(console, &dial, &answer);
                let place = answer.path.unwrap_or_else(|| b"/".to_vec());
                Ok(Engine { dial, remote, console, journal, place, folder })
            }
            Err(error) => {
                let code = error.code().unwrap_or(NO_CODE);
                journal.note(&format!("{code} {}: {error}", dial.name()));
                console.fail("", &error);
                Err(error)
            }
        }
    }

    /// Carries out one command. What fails has been told and logged when
    /// this returns.
    ///
    /// # Errors
    ///
    /// Why it was not done.
    pub(super) fn run(&mut self, command: &Command) -> Result<Flow, Error> {
        let done = self.carry_out(command);
        if let Err(error) = &done {
            self.fail(&command.subject(), error);
        }
        done
    }

    /// The local folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the prompt says.
    pub(super) fn prompt(&self) -> String {
        format!("{}:{}> ", self.dial.name(), shown::name(&self.place))
    }

    /// A directory's entries, for completion: nothing where it fails.
    pub(super) fn entries(&mut self, path: &[u8]) -> Vec<Entry> {
        if !self.remote.is_usable() {
            return Vec::new();
        }
        let path = PathText::parse(path);
        let list = self.remote.list(path.as_ref());
        list.map(|(_, entries)| entries).unwrap_or_default()
    }

    /// Whether the server can still be asked.
    pub(super) fn is_usable(&self) -> bool {
        self.remote.is_usable()
    }

    /// Comes back after a lost connection, into the same directory.
    ///
    /// # Errors
    ///
    /// What kept us out.
    pub(super) fn reconnect(&mut self) -> Result<(), Error> {
        let (remote, answer) = self.dial.connect(self.console)?;
        self.remote = remote;
        say_signed_in(self.console, &self.dial, &answer);
        self.journal.note(&format!("{} signed in again", self.dial.name()));
        let to = PathText::parse(self.place.clone());
        let moved = self.remote.ask(&Request::ChangeDirectory { to });
        if moved.is_err() {
            self.place = b"/".to_vec();
        }
        moved.map(drop)
    }

    /// Takes leave without a word.
    pub(super) fn leave(&mut self) -> Option<Answer> {
        let answer = self.remote.quit();
        self.journal.note(&format!("{} left", self.dial.name()));
        answer
    }

    fn carry_out(&mut self, command: &Command) -> Result<Flow, Error> {
        match command {
            Command::Cd(to) => self.cd(to.as_deref())?,
            Command::Mkdir(path) => {
                let request = Request::MakeDirectory { path: text(path)? };
                self.change(&request, &format!("{} made", named(path)))?;
            }
            Command::Pwd => {
                let answer = self.remote.ask(&Request::CurrentDirectory)?;
                self.say_path(&answer);
            }
            Command::Dir(path) => self.dir(path.as_deref())?,
            Command::Get { file, local, force } => {
                self.get(file, local.as_deref(), *force)?;
            }
            Command::Put { file, remote } => {
                self.put(file, remote.as_deref())?;
            }
            Command::Rm(file) => {
                let request = Request::Remove { file: text(file)? };
                self.change(&request, &format!("{} removed", named(file)))?;
            }
            Command::Rmdir(path) => {
                let request = Request::RemoveDirectory { path: text(path)? };
                self.change(&request, &format!("{} removed", named(path)))?;
            }
            Command::Mv(from, to) => {
                let what = format!("{} is now {}", named(from), named(to));
                let (from, to) = (text(from)?, text(to)?);
                self.change(&Request::Rename { from, to }, &what)?;
            }
            Command::Quota => self.quota()?,
            Command::Mget { patterns, force } => {
                self.mget(patterns, *force)?;
            }
            Command::Mput(patterns) => self.mput(patterns)?,
            Command::Lcd(to) => self.lcd(to.as_deref())?,
            Command::Lpwd => {
                self.console.say(NO_CODE, &local::display(&self.folder));
            }
            Command::Ldir(path) => self.ldir(path.as_deref())?,
            Command::Help(of) => {
                self.console.print(&command::help(of.as_deref())?);
            }
            Command::Quit => {
                if let Some(answer) = self.leave() {
                    self.console.say(&answer.code, "goodbye");
                }
                return Ok(Flow::Quit);
            }
        }
        Ok(Flow::GoOn)
    }

    fn cd(&mut self, to: Option<&[u8]>) -> Result<(), Error> {
        let to = to.map(text).transpose()?;
        let answer = self.remote.ask(&Request::ChangeDirectory { to })?;
        if let Some(path) = &answer.path {
            self.place.clone_from(path);
        }
        self.say_path(&answer);
        Ok(())
    }

    fn dir(&mut self, path: Option<&[u8]>) -> Result<(), Error> {
        let path = path.map(text).transpose()?;
        let (answer, entries) = self.remote.list(path.as_ref())?;
        self.console.say(&answer.code, &count(entries.len()));
        self.console.print(&listing::table(&entries));
        Ok(())
    }

    fn quota(&mut self) -> Result<(), Error> {
        let answer = self.remote.ask(&Request::Quota)?;
        let bytes = |n: Option<u64>| match n {
            Some(n) => n.to_string(),
            None => "?".into(),
        };
        let space = answer.space;
        let what = format!(
            "{} of {} bytes used ({} in parts), {} available",
            bytes(space.used),
            bytes(space.quota),
            bytes(space.parts),
            bytes(space.available)
        );
        self.console.say(&answer.code, &what);
        Ok(())
    }

    /// A request that changes something on the server.
    fn change(&mut self, request: &Request, what: &str) -> Result<(), Error> {
        let answer = self.remote.ask(request)?;
        self.journal.note(&format!("{} {what}", answer.code));
        self.console.say(&answer.code, what);
        Ok(())
    }

    fn get(
        &mut self,
        file: &[u8],
        to: Option<&[u8]>,
        force: bool,
    ) -> Result<(), Error> {
        let name = local::base(file);
        let target = match to.map(|to| local::typed(&self.folder, to)) {
            Some(path) if path.is_dir() => path.join(local::safe(name)?),
            Some(path) => path,
            None => self.folder.join(local::safe(name)?),
        };
        self.fetch(&Want { file: text(file)?, target, force, size: None })
    }

    fn fetch(&mut self, want: &Want) -> Result<(), Error> {
        let got = download::get(&mut *self.remote, self.console, want)?;
        let name = shown::name(want.file.as_bytes());
        match got {
            Got::Same(answer) => self.say_same(&answer, &name),
            Got::Whole { answer, size, moved } => {
                self.say_moved("get", &answer, &name, size, moved);
            }
        }
        Ok(())
    }

    fn put(&mut self, file: &[u8], to: Option<&[u8]>) -> Result<(), Error> {
        let source = local::typed(&self.folder, file);
        let base = local::base(file);
        let path = match to {
            Some(to) if to.ends_with(b"/") => [to, base].concat(),
            Some(to) => to.to_vec(),
            None => base.to_vec(),
        };
        self.bring(&source, &path)
    }

    fn bring(&mut self, source: &Path, path: &[u8]) -> Result<(), Error> {
        let file = text(path)?;
        let sent =
            upload::put(&mut *self.remote, self.console, source, &file)?;
        let name = shown::name(path);
        match sent {
            Sent::Same(answer) => self.say_same(&answer, &name),
            Sent::Whole { answer, size, moved, changed } => {
                self.say_moved("put", &answer, &name, size, moved);
                if changed {
                    let note = "the file here changed meanwhile; the server \
                                has it as it was";
                    self.console.complain(&name, note);
                }
            }
        }
        Ok(())
    }

    fn mget(
        &mut self,
        patterns: &[Vec<u8>],
        force: bool,
    ) -> Result<(), Error> {
        let files = many::there(&mut *self.remote, patterns)?;
        self.each(
            &files,
            |file| shown::name(&file.path),
            |engine, file| {
                let There { path, name, size } = file;
                let target = engine.folder.join(local::safe(name)?);
                let (file, size) = (text(path)?, *size);
                engine.fetch(&Want { file, target, force, size })
            },
        )
    }

    fn mput(&mut self, patterns: &[Vec<u8>]) -> Result<(), Error> {
        let files = many::here(&self.folder, patterns)?;
        self.each(
            &files,
            |path| local::display(path),
            |engine, path| {
                let name = path.file_name().unwrap_or_default().as_bytes();
                engine.bring(path, name)
            },
        )
    }

    /// Moves many files. One that fails is told of and the others go on,
    /// unless the connection is gone for another reason than ours.
    fn each<T>(
        &mut self,
        files: &[T],
        named: impl Fn(&T) -> String,
        mut act: impl FnMut(&mut Engine, &T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut failed, mut first) = (0, None);
        for (at, file) in files.iter().enumerate() {
            let done = act(self, file);
            let Err(error) = done else { continue };
            self.fail(&named(file), &error);
            failed += 1;
            first.get_or_insert(error.exit());
            if !self.may_go_on(&error) {
                failed += files.len() - at - 1;
                break;
            }
        }
        let all = files.len();
        match first {
            Some(exit) => Err(Error::Several { failed, all, exit }),
            None => {
                self.console.say(NO_CODE, &format!("{} done", of_files(all)));
                Ok(())
            }
        }
    }

    /// Whether the next of many files can be tried after a failure: not
    /// where the connection is gone, unless we gave it up ourselves.
    fn may_go_on(&mut self, error: &Error) -> bool {
        let ours = matches!(
            error,
            Error::Differs(_) | Error::Refused { .. } | Error::Local { .. }
        );
        let stopped = matches!(error, Error::Interrupted);
        !stopped
            && (self.remote.is_usable() || ours && self.reconnect().is_ok())
    }

    fn lcd(&mut self, to: Option<&[u8]>) -> Result<(), Error> {
        let to = match to {
            Some(to) => local::typed(&self.folder, to),
            None => home::of_user().unwrap_or_else(|| self.folder.clone()),
        };
        let failed = |e| Error::local("no such folder here", e);
        let folder = fs::canonicalize(&to).map_err(failed)?;
        fs::read_dir(&folder).map_err(failed)?;
        self.folder = folder;
        self.console.say(NO_CODE, &local::display(&self.folder));
        Ok(())
    }

    fn ldir(&mut self, path: Option<&[u8]>) -> Result<(), Error> {
        let path = match path {
            Some(path) => local::typed(&self.folder, path),
            None => self.folder.clone(),
        };
        let entries =
            local::list(&path).map_err(|e| Error::local("here", e))?;
        self.console.say(NO_CODE, &count(entries.len()));
        self.console.print(&listing::table(&entries));
        Ok(())
    }

    fn fail(&mut self, subject: &str, error: &Error) {
        let code = error.code().unwrap_or(NO_CODE);
        self.journal.note(&format!("{code} {subject}: {error}"));
        self.console.fail(subject, error);
    }

    fn say_path(&self, answer: &Answer) {
        let path = answer.path.as_deref().unwrap_or_default();
        self.console.say(&answer.code, &shown::name(path));
    }

    fn say_same(&mut self, answer: &Answer, name: &str) {
        let what = format!("{name} is complete already");
        self.journal.note(&format!("{} {what}", answer.code));
        self.console.say(&answer.code, &what);
    }

    fn say_moved(
        &mut self,
        verb: &str,
        answer: &Answer,
        name: &str,
        size: u64,
        (moved, seconds): (u64, f64),
    ) {
        let code = &answer.code;
        let event = format!(
            "{code} {verb} {name}: {moved} of {size} bytes, \
                     {seconds:.3} s"
        );
        self.journal.note(&event);
        let bytes = if moved == size {
            format!("{size} bytes")
        } else {
            format!("{moved} of {size} bytes")
        };
        self.console.say(code, &format!("{name}, {bytes} in {seconds:.1} s"));
    }
}

fn say_signed_in(console: Console, dial: &Dial, answer: &Answer) {
    let space = match (answer.space.used, answer.space.quota) {
        (Some(used), Some(quota)) => {
            format!(", {used} of {quota} bytes used")
        }
        _ => String::new(),
    };
    console.say(&answer.code, &format!("signed in as {}{space}", dial.user()));
}

/// A typed name as a path of the server's.
fn text(bytes: &[u8]) -> Result<PathText, Error> {
    PathText::parse(bytes)
        .ok_or_else(|| Error::Usage("no name can be like this".into()))
}

fn named(bytes: &[u8]) -> String {
    shown::name(bytes)
}

fn count(entries: usize) -> String {
    match entries {
        1 => "1 entry".into(),
        n => format!("{n} entries"),
    }
}

fn of_files(files: usize) -> String {
    match files {
        1 => "1 file".into(),
        n => format!("{n} files"),
    }
}
