//! The core: what a session means, apart from how it is worded. It takes a
//! typed [`Request`] and gives back a typed [`Outcome`]; a dialect is a
//! pair of functions between these and bytes.
//!
//! Must not know: sockets, status codes, a word of any dialect.

mod auth;
mod files;
mod home;
mod house;
mod jail;
mod listing;
mod outcome;
mod parts;
mod path;
mod quota;
mod records;
mod request;
mod stream_upload;
mod transfer;

use std::{io, sync::Arc};

pub use files::Entries;
pub use house::{House, Policy};
pub use listing::{ENTRIES_MAX, Entry, EntryKind, Listing};
pub use outcome::{Denial, Failed, Granted, Outcome, QuotaReport, Refused};
pub use path::VPath;
pub use request::{Digest, Held, PathText, Request};
pub use stream_upload::{DurableUpload, Start, StreamUpload};
pub use transfer::{Download, Upload};

use self::{auth::Checked, home::SharedHome};
pub use crate::password::Password;
use crate::users::UserName;

/// One user's conversation with the server, from the first request on.
#[derive(Debug)]
pub struct Session {
    house: Arc<House>,
    inside: Option<Inside>,
    failures: u32,
}

/// What a session has once its user is known.
#[derive(Debug)]
struct Inside {
    user: UserName,
    home: SharedHome,
    here: VPath,
}

impl Session {
    /// A session of nobody yet.
    pub fn new(house: Arc<House>) -> Session {
        Session { house, inside: None, failures: 0 }
    }

    /// The user, once signed in.
    pub fn user(&self) -> Option<&str> {
        self.inside.as_ref().map(|inside| inside.user.as_str())
    }

    /// Carries out one request. A transfer is only begun: its ticket is in
    /// the outcome.
    pub fn handle(&mut self, request: Request) -> Outcome {
        match (request, &mut self.inside) {
            (Request::Help, _) => Outcome::Granted(Granted::Help),
            (Request::Quit, _) => Outcome::Granted(Granted::Bye),
            (Request::SignIn { user, password }, None) => {
                self.sign_in(&user, &password).into()
            }
            (Request::SignIn { .. }, Some(_)) => {
                Refused::AlreadySignedIn.into()
            }
            (_, None) => Refused::NotSignedIn.into(),
            (request, Some(inside)) => inside.handle(request).into(),
        }
    }

    fn sign_in(
        &mut self,
        user: &str,
        password: &Password,
    ) -> Result<Granted, Denial> {
        let checked = self.house.check(user, password.as_bytes());
        let (user, record) = match checked.map_err(io::Error::other) {
            Ok(Checked::Yes(user, record)) => (user, record),
            Ok(Checked::No) => {
                self.failures += 1;
                let last = self.failures >= self.house.login_failures();
                return Err(Refused::BadPassword { last }.into());
            }
            Ok(Checked::Throttled) => return Err(Refused::Throttled.into()),
            Err(error) => return Err(Failed::Io(error).into()),
        };
        let home = self.house.home(&user, &record).map_err(Failed::Io)?;
        let QuotaReport { quota, used, .. } = home.report();
        let name = user.as_str().to_owned();
        self.inside = Some(Inside { user, home, here: VPath::root() });
        Ok(Granted::SignedIn { user: name, quota, used })
    }
}

impl Inside {
    fn handle(&mut self, request: Request) -> Result<Granted, Denial> {
        let at = |path: &PathText| self.resolve(path);
        match request {
            Request::ChangeDirectory { to } => {
                let to = to.as_ref().map_or_else(|| Ok(VPath::root()), at)?;
                self.change_directory(to)
            }
            Request::MakeDirectory { path } => {
                let path = at(&path)?;
                self.home.make_directory(&path)?;
                Ok(Granted::Made(path))
            }
            Request::CurrentDirectory => {
                Ok(Granted::Directory(self.here.clone()))
            }
            Request::List { path } => {
                let path =
                    path.as_ref().map_or_else(|| Ok(self.here.clone()), at)?;
                self.home.list(&path).map(Granted::Listing)
            }
            Request::Download { file, held } => {
                transfer::begin_download(&self.home, at(&file)?, held)
            }
            Request::Upload { file, size, digest } => {
                transfer::begin_upload(&self.home, &at(&file)?, size, digest)
            }
            Request::Remove { file } => {
                self.home.remove_file(&at(&file)?)?;
                Ok(Granted::Removed)
            }
            Request::RemoveDirectory { path } => {
                self.home.remove_directory(&at(&path)?)?;
                Ok(Granted::Removed)
            }
            Request::Rename { from, to } => {
                self.home.rename(&at(&from)?, &at(&to)?)?;
                Ok(Granted::Renamed)
            }
            Request::Quota => Ok(Granted::Quota(self.home.report())),
            Request::Nothing => Ok(Granted::Alive),
            // The gate has answered these.
            Request::SignIn { .. } => Err(Refused::AlreadySignedIn.into()),
            Request::Help => Ok(Granted::Help),
            Request::Quit => Ok(Granted::Bye),
        }
    }

    /// What a path names from here. A path that climbs out of a current
    /// directory that is gone names nothing, like every relative one.
    fn resolve(&self, path: &PathText) -> Result<VPath, Denial> {
        let bytes = path.as_bytes();
        let climbs = bytes.split(|&byte| byte == b'/').any(|it| it == b"..");
        if climbs && !bytes.starts_with(b"/") {
            self.home.jail.require_directory(&self.here)?;
        }
        Ok(self.here.join(path))
    }

    /// `cd ..` at the root stays there. A home that was removed has no
    /// root any more.
    fn change_directory(&mut self, to: VPath) -> Result<Granted, Denial> {
        self.home.jail.require_directory(&to)?;
        self.here = to;
        Ok(Granted::Directory(self.here.clone()))
    }
}
