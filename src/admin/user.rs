//! `ftpool-server user ...`: changes the database of a stopped or running
//! server. It takes no lock on the root; the database guards itself.
//!
//! Must not know: a running server's memory. A server meets the change at
//! the user's next sign-in.
#![expect(
    clippy::disallowed_methods,
    reason = "a removed user's home goes as a whole"
)]

use std::{
    fs,
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
};

use anyhow::{Context, bail};

use super::args::{NewUser, OldUser, Place, UserCommand};
use crate::{
    password::{self, PASSWORD_BYTES_MAX, Password},
    root::{Layout, RootError, quota_of},
    settings::{Flags, Settings, is_demo_password, root_of},
    users::{Database, Record, UserName},
};

pub(super) fn run(command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Add(new) => add(&new),
        UserCommand::Passwd { name, place } => passwd(&name, &place),
        UserCommand::List { place } => list(&place),
        UserCommand::Remove(old) => remove(&old),
    }
}

fn add(new: &NewUser) -> anyhow::Result<()> {
    let site = Site::find(&new.place)?;
    if site.database.knows(&new.name)? {
        bail!("user {} exists already", new.name);
    }
    let password = ask_password(&new.name)?;
    let demo = site.is_demo(&new.name, &password)?;
    let password_hash = password::hash(password.as_bytes());
    let record = Record { password_hash, quota: new.quota, demo };
    site.layout.create()?;
    if !site.database.create(&new.name, &record)? {
        bail!("user {} exists already", new.name);
    }
    site.layout.create_home(&new.name)?;
    Ok(())
}

fn passwd(name: &UserName, place: &Place) -> anyhow::Result<()> {
    let site = Site::find(place)?;
    if !site.database.knows(name)? {
        bail!("there is no user {name}");
    }
    let password = ask_password(name)?;
    let demo = site.is_demo(name, &password)?;
    let password_hash = password::hash(password.as_bytes());
    let known = site.database.change(name, |record| {
        *record = Record { password_hash, demo, ..record.clone() };
    })?;
    if !known {
        bail!("there is no user {name}");
    }
    Ok(())
}

/// A damaged record does not hide the other users.
fn list(place: &Place) -> anyhow::Result<()> {
    let site = Site::find(place)?;
    let mut out = io::stdout().lock();
    let mut first_trouble = None;
    for name in site.database.list()? {
        match site.database.record(&name) {
            Ok(Some(record)) => {
                let quota = site.quota(&name, &record);
                writeln!(out, "{name}\t{quota}")?;
            }
            // The user was removed in this moment.
            Ok(None) => {}
            Err(error) => first_trouble = first_trouble.or(Some(error)),
        }
    }
    out.flush()?;
    first_trouble.map_or(Ok(()), |error| Err(error.into()))
}

fn remove(old: &OldUser) -> anyhow::Result<()> {
    let site = Site::find(&old.place)?;
    let name = &old.name;
    if let Some(settings) = &site.settings
        && settings.user(name).is_some()
    {
        bail!("the settings name user {name}: take that entry out first");
    }
    let known = site.database.remove(name)?;
    let mut had_home = false;
    if old.with_home {
        // The parts are what came for the home and is not in it yet.
        for folder in [site.layout.parts(name), site.layout.home(name)] {
            had_home |= remove_folder(&folder)?;
        }
    }
    if !known && !had_home {
        bail!("there is no user {name}");
    }
    Ok(())
}

fn remove_folder(folder: &Path) -> anyhow::Result<bool> {
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => {
            Err(error).with_context(|| format!("{} is left", folder.display()))
        }
    }
}

/// The root whose users are meant, and its settings where there are any.
struct Site {
    layout: Layout,
    database: Database,
    settings: Option<Settings>,
}

impl Site {
    fn find(place: &Place) -> anyhow::Result<Site> {
        let flags = Flags { root: place.root.clone(), ..Flags::default() };
        let loaded = Settings::find(place.settings.as_deref(), &flags)?;
        let settings = loaded.map(|loaded| loaded.settings);
        let layout = Layout::new(match &settings {
            Some(settings) => settings.root.clone(),
            None => root_of(place.root.as_deref()),
        });
        let database = Database::new(layout.database());
        Ok(Site { layout, database, settings })
    }

    /// Whether the password is a demo one, which is refused where the
    /// settings open the server to others.
    fn is_demo(
        &self,
        user: &UserName,
        password: &Password,
    ) -> Result<bool, RootError> {
        let demo = is_demo_password(password);
        let open =
            self.settings.as_ref().and_then(|it| it.listen.beyond_loopback());
        match open {
            Some(address) if demo => {
                Err(RootError::DemoPassword { user: user.clone(), address })
            }
            _ => Ok(demo),
        }
    }

    fn quota(&self, user: &UserName, record: &Record) -> String {
        match (&self.settings, record.quota) {
            (Some(settings), _) => {
                quota_of(settings, user, record).to_string()
            }
            (None, Some(quota)) => quota.to_string(),
            (None, None) => String::from("default"),
        }
    }
}

/// Twice from a terminal, without echo; else the first line of standard
/// input.
fn ask_password(user: &UserName) -> anyhow::Result<Password> {
    let typed = if io::stdin().is_terminal() {
        let first =
            rpassword::prompt_password(format!("New password for {user}: "))?;
        if first != rpassword::prompt_password("The same again: ")? {
            bail!("the two passwords are not the same");
        }
        first.into_bytes()
    } else {
        first_line(io::stdin().lock())?
    };
    Password::parse(typed).with_context(|| {
        format!(
            "expected a password of 1 to {PASSWORD_BYTES_MAX} bytes \
             without NUL"
        )
    })
}

/// Reads no more than tells that a line is too long for a password.
fn first_line(from: impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let enough = PASSWORD_BYTES_MAX as u64 + 2;
    from.take(enough).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failure fails the test")]

    use super::{PASSWORD_BYTES_MAX, first_line};

    #[test]
    fn the_password_is_the_first_line_without_its_end() {
        assert_eq!(first_line(&b"secret\nother\n"[..]).unwrap(), b"secret");
        assert_eq!(first_line(&b"secret\r\n"[..]).unwrap(), b"secret");
        assert_eq!(first_line(&b" a b "[..]).unwrap(), b" a b ");
        assert_eq!(first_line(&b""[..]).unwrap(), b"");
    }

    #[test]
    fn an_endless_line_is_read_no_further_than_a_password() {
        let endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let line = first_line(endless).unwrap();
        assert_eq!(line.len(), PASSWORD_BYTES_MAX + 2);
    }
}
