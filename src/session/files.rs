//! What a signed-in session can do with files beyond the native requests:
//! facts of one name, entries as they are read, uploads of unknown length,
//! names that replace others.
//!
//! Must not know: sockets, status codes, a word of any dialect.

use std::fs::File;

use super::{
    Download, Inside, Session,
    home::SharedHome,
    jail::{Kind, Rows},
    listing::Entry,
    outcome::{Denial, QuotaReport, Refused},
    path::VPath,
    request::PathText,
    stream_upload::{self, Start, StreamUpload},
};

/// A directory's entries as they are read, in no order. However many there
/// are, one is in memory at a time.
#[derive(Debug)]
pub struct Entries {
    home: SharedHome,
    rows: Rows,
}

impl Iterator for Entries {
    type Item = Result<Entry, Denial>;

    fn next(&mut self) -> Option<Result<Entry, Denial>> {
        self.rows.next(&self.home.jail)
    }
}

impl Session {
    /// Forgets who is speaking. The failed sign-ins still count.
    pub fn sign_out(&mut self) {
        self.inside = None;
    }

    /// The absolute path that a name stands for; `None` is the current
    /// directory.
    ///
    /// # Errors
    ///
    /// Without a user, or where a relative name climbs out of a current
    /// directory that is gone.
    pub fn locate(&self, path: Option<&PathText>) -> Result<VPath, Denial> {
        let inside = self.inside()?;
        path.map_or_else(
            || Ok(inside.here.clone()),
            |path| inside.resolve(path),
        )
    }

    /// The facts of what a name stands for: of a link, what it leads to.
    ///
    /// # Errors
    ///
    /// Where nothing that may be shown has the name.
    pub fn describe(&self, path: &VPath) -> Result<Entry, Denial> {
        self.inside()?.home.jail.describe(path)
    }

    /// The entry of one name as its directory shows it: of a link, the
    /// link's own.
    ///
    /// # Errors
    ///
    /// Where nothing that may be shown has the name.
    pub fn show(&self, path: &VPath) -> Result<Entry, Denial> {
        let jail = &self.inside()?.home.jail;
        match jail.look(path)? {
            Kind::Hidden | Kind::Missing => Err(Refused::NotFound.into()),
            Kind::DeadLink | Kind::Directory | Kind::File(_) => {
                jail.show(path)
            }
        }
    }

    /// The length of a file in bytes. While nothing has the name, that of
    /// its kept part: there an upload goes on.
    ///
    /// # Errors
    ///
    /// Where it is a directory, or there is neither.
    pub fn measure(&self, path: &VPath) -> Result<u64, Denial> {
        let home = &self.inside()?.home;
        match home.jail.look(path)? {
            Kind::File(size) => Ok(size),
            Kind::Missing => match home.idle_part(path) {
                Some((_, length)) => Ok(length),
                None => Err(Refused::NotFound.into()),
            },
            Kind::Directory | Kind::Hidden | Kind::DeadLink => {
                Err(Refused::NotFound.into())
            }
        }
    }

    /// Opens what [`Session::measure`] measures, for reading. Says its
    /// length in bytes.
    ///
    /// # Errors
    ///
    /// As with [`Session::measure`], or where it may not be read.
    pub fn open_measured(&self, path: &VPath) -> Result<(File, u64), Denial> {
        let home = &self.inside()?.home;
        match home.jail.look(path)? {
            Kind::Missing => match home.idle_part(path) {
                Some((name, _)) => home.jail.read_part(&name),
                None => Err(Refused::NotFound.into()),
            },
            Kind::File(_)
            | Kind::Directory
            | Kind::Hidden
            | Kind::DeadLink => home.jail.open_file(path),
        }
    }

    /// The entries of a directory.
    ///
    /// # Errors
    ///
    /// Where it is none, or may not be read.
    pub fn entries(&self, path: &VPath) -> Result<Entries, Denial> {
        let home = SharedHome::clone(&self.inside()?.home);
        let rows = home.jail.rows(path)?;
        Ok(Entries { home, rows })
    }

    /// Opens a file to be sent, from its first byte on or from another.
    ///
    /// # Errors
    ///
    /// Where there is no such file, or it may not be read.
    pub fn fetch(&self, path: VPath) -> Result<Download, Denial> {
        let (file, size) = self.inside()?.home.jail.open_file(&path)?;
        Ok(Download { file, offset: 0, size, path })
    }

    /// Whether an upload to a name could begin now: nothing is touched.
    ///
    /// # Errors
    ///
    /// As with [`Session::receive`].
    pub fn check_upload(
        &self,
        path: &VPath,
        start: Start,
        announced: Option<u64>,
    ) -> Result<(), Denial> {
        let home = &self.inside()?.home;
        let there = match home.jail.target(path)?.old_size {
            Some(size) => size,
            None => home.idle_part(path).map_or(0, |(_, length)| length),
        };
        if let Start::At(offset) = start
            && offset > there
        {
            return Err(Refused::BadOffset { size: there }.into());
        }
        let available = home.report().available;
        match announced {
            Some(needed) if needed > available => {
                Err(Refused::OverQuota { needed, available }.into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Begins an upload whose end the client will tell. `announced` are the
    /// bytes that it says it will send, if it does.
    ///
    /// # Errors
    ///
    /// Where the name cannot be a file's, nothing is there to follow, or the
    /// quota cannot take what is announced.
    pub fn receive(
        &self,
        path: &VPath,
        start: Start,
        announced: Option<u64>,
    ) -> Result<StreamUpload, Denial> {
        let home = &self.inside()?.home;
        stream_upload::begin(home, path, start, announced)
    }

    /// Gives a file, directory or link another name, atomically; a file
    /// that has the name is replaced.
    ///
    /// # Errors
    ///
    /// Where the one is missing, or a directory is in the way.
    pub fn replace(&self, from: &VPath, to: &VPath) -> Result<(), Denial> {
        self.inside()?.home.replace(from, to)
    }

    /// Says when a file's content last changed: seconds since the epoch,
    /// UTC.
    ///
    /// # Errors
    ///
    /// Where there is no such file or directory.
    pub fn set_modified(&self, path: &VPath, secs: i64) -> Result<(), Denial> {
        self.inside()?.home.jail.set_modified(path, secs)
    }

    /// The use of the quota.
    ///
    /// # Errors
    ///
    /// Without a user.
    pub fn quota(&self) -> Result<QuotaReport, Denial> {
        Ok(self.inside()?.home.report())
    }

    fn inside(&self) -> Result<&Inside, Denial> {
        self.inside.as_ref().ok_or(Refused::NotSignedIn.into())
    }
}
