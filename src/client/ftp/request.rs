//! Requests that move no bytes, in FTP's words. Where one code stands for
//! several reasons, the server is asked once more, so that an answer means
//! the same as in the native protocol.
//!
//! Must not know: transfers.

use super::{Ftp, presence::There, refusal};
use crate::{
    client::{
        error::{Error, Why},
        remote::{Answer, Space},
    },
    ftp::{
        code::{Class, Code},
        facts,
        wire::Reply,
    },
    session::{PathText, Request},
};

impl Ftp {
    /// Carries out a request that moves no bytes.
    pub(super) fn carry_out(
        &mut self,
        request: &Request,
    ) -> Result<Answer, Error> {
        match request {
            Request::ChangeDirectory { to } => self.go(to.as_ref()),
            Request::MakeDirectory { path } => self.make_directory(path),
            Request::CurrentDirectory => {
                let reply = self.control.ask("PWD", None)?;
                let reply = refusal::completed(reply, Why::NotFound)?;
                let path = reply.quoted_path();
                Ok(Answer { path, ..refusal::answer(&reply) })
            }
            Request::Remove { file } => {
                self.simple("DELE", Some(file), Why::NotFound)
            }
            Request::RemoveDirectory { path } => self.remove_directory(path),
            Request::Rename { from, to } => self.rename(from, to),
            Request::Quota => self.quota(),
            Request::Nothing => self.simple("NOOP", None, Why::Other),
            Request::Help => self.simple("HELP", None, Why::Other),
            Request::Quit => self.simple("QUIT", None, Why::Other),
            Request::SignIn { .. }
            | Request::List { .. }
            | Request::Download { .. }
            | Request::Upload { .. } => Err(Error::Usage(
                "what moves bytes is asked for in another way".into(),
            )),
        }
    }

    fn simple(
        &mut self,
        verb: &str,
        path: Option<&PathText>,
        otherwise: Why,
    ) -> Result<Answer, Error> {
        let argument = path.map(PathText::as_bytes);
        let reply = self.control.ask(verb, argument)?;
        let reply = refusal::completed(reply, otherwise)?;
        Ok(refusal::answer(&reply))
    }

    fn go(&mut self, to: Option<&PathText>) -> Result<Answer, Error> {
        let home = self.home.clone();
        let reply = match to.map(PathText::as_bytes) {
            Some(b"..") => self.control.ask("CDUP", None)?,
            Some(path) => self.control.ask("CWD", Some(path))?,
            None => self.control.ask("CWD", Some(&home))?,
        };
        let reply = refusal::completed(reply, Why::NotFound)?;
        let path = self.working_directory()?;
        Ok(Answer { path, ..refusal::answer(&reply) })
    }

    fn make_directory(&mut self, path: &PathText) -> Result<Answer, Error> {
        let reply = self.control.ask("MKD", Some(path.as_bytes()))?;
        // Where the server cannot say more, a name that is taken is the
        // likeliest reason.
        let otherwise = match self.looked_up(&reply, path)? {
            There::Nothing(_) => Why::NotFound,
            There::Directory | There::Other | There::Unknown => Why::Exists,
        };
        let reply = refusal::completed(reply, otherwise)?;
        let path = reply.quoted_path();
        Ok(Answer { path, ..refusal::answer(&reply) })
    }

    fn remove_directory(&mut self, path: &PathText) -> Result<Answer, Error> {
        let reply = self.control.ask("RMD", Some(path.as_bytes()))?;
        let otherwise = match self.looked_up(&reply, path)? {
            // It is not empty, or not ours to remove.
            There::Directory => Why::Other,
            There::Nothing(_) | There::Other | There::Unknown => Why::NotFound,
        };
        let reply = refusal::completed(reply, otherwise)?;
        Ok(refusal::answer(&reply))
    }

    /// Gives another name. Most servers would replace what has that name,
    /// which no user of `mv` here expects: it is looked for first.
    fn rename(
        &mut self,
        from: &PathText,
        to: &PathText,
    ) -> Result<Answer, Error> {
        let taken = match self.there(to)? {
            There::Directory | There::Other => true,
            There::Nothing(_) | There::Unknown => false,
        };
        let reply = self.control.ask("RNFR", Some(from.as_bytes()))?;
        if reply.code != Code::PENDING {
            return Err(refusal::refused(&reply, Why::NotFound));
        }
        if taken {
            return Err(Error::Taken("the name is taken already".into()));
        }
        self.simple("RNTO", Some(to), Why::NotFound)
    }

    fn quota(&mut self) -> Result<Answer, Error> {
        let reply = self.control.ask("SITE", Some(b"QUOTA"))?;
        if reply.code.class() == Class::Completion {
            let space = space(&reply);
            if space != Space::default() {
                return Ok(Answer { space, ..refusal::answer(&reply) });
            }
        }
        if self.features.available {
            let reply = self.control.ask("AVBL", None)?;
            if reply.code == Code::FILE_STATUS {
                let available = reply.size();
                let space = Space { available, ..Space::default() };
                return Ok(Answer { space, ..refusal::answer(&reply) });
            }
        }
        let code = reply.code.to_string();
        let text = "the server offers no quota".into();
        Err(Error::Refused { code, why: Why::Other, text })
    }

    /// What stands at a name, where a refusal of it does not say.
    fn looked_up(
        &mut self,
        refusal: &Reply,
        path: &PathText,
    ) -> Result<There, Error> {
        match refusal.code.class() {
            Class::Transient | Class::Permanent => self.there(path),
            Class::Preliminary | Class::Completion | Class::Intermediate => {
                Ok(There::Unknown)
            }
        }
    }
}

/// The numbers that a reply to SITE QUOTA tells as `quota=N`, wherever they
/// stand.
fn space(reply: &Reply) -> Space {
    let mut space = Space::default();
    for word in reply.lines().flat_map(|line| line.split(|&b| b == b' ')) {
        let Some(at) = word.iter().position(|&byte| byte == b'=') else {
            continue;
        };
        let number = facts::number(&word[at + 1..]);
        match &word[..at] {
            b"quota" => space.quota = number,
            b"used" => space.used = number,
            b"parts" => space.parts = number,
            b"available" => space.available = number,
            _ => {}
        }
    }
    space
}
