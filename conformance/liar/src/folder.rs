//! The commands on names: `cd`, `mkdir`, `dir`, `rm`, `rmdir`, `mv`, and
//! `quota` and `pwd` beside them. No file's bytes move here.

use std::fs;

use crate::{
    conn::Halt,
    home::{Entry, Target},
    lies::{Lie, told},
    listing::{self, Listing},
    names::{self, Names},
    session::{Session, too_long, trouble},
    wire::{Reason, Reply, Request, Verb},
};

/// What a command that moves no bytes comes to; both are said alike.
type Answer = Result<Reply, Reply>;

impl Session {
    /// Carries out a command that answers with one line.
    pub(crate) fn change(&mut self, request: &Request) -> Answer {
        let arg = request.args.first().map_or(&b""[..], Vec::as_slice);
        match request.verb {
            Verb::Cd if request.args.is_empty() => self.cd(b"/"),
            Verb::Cd => self.cd(arg),
            Verb::CdUp => self.cd(b".."),
            Verb::Mkdir => self.mkdir(arg),
            Verb::Rm => self.rm(arg),
            Verb::Rmdir => self.rmdir(arg),
            Verb::Mv => self.mv(arg, &request.args[1]),
            Verb::Quota => self.quota(),
            Verb::Pwd
            | Verb::Auth
            | Verb::Dir
            | Verb::Get
            | Verb::Put
            | Verb::Noop
            | Verb::Help
            | Verb::Quit => Ok(path_reply(&self.cwd)),
        }
    }

    fn cd(&mut self, token: &[u8]) -> Answer {
        let names = self.names(token)?;
        if told(Lie::CdAboveRefused) && self.cwd.is_empty() && token == b".." {
            return Err(Reason::NotFound.into());
        }
        let (_, home) = self.user()?;
        if home.directory(&names).map_err(trouble)?.is_none() {
            return Err(Reason::NotFound.into());
        }
        self.cwd = names;
        Ok(path_reply(&self.cwd))
    }

    fn mkdir(&self, token: &[u8]) -> Answer {
        let names = self.names(token)?;
        let (account, home) = self.user()?;
        let _books = account.books();
        match home.look(&names).map_err(trouble)? {
            Entry::Dir(_) if told(Lie::MkdirAgain) => {}
            Entry::Free(path) => fs::create_dir(path).map_err(trouble)?,
            Entry::Dir(_) | Entry::File(_) | Entry::Link(..) => {
                return Err(Reason::Exists.into());
            }
            Entry::Hidden(..) => return Err(Reason::Denied.into()),
            Entry::TooLong => return Err(too_long()),
            Entry::NoParent if told(Lie::MkdirParents) => {
                for end in 1..=names.len() {
                    let above = names[..end].to_vec();
                    if let Entry::Free(path) =
                        home.look(&above).map_err(trouble)?
                    {
                        fs::create_dir(path).map_err(trouble)?;
                    }
                }
            }
            Entry::NoParent => return Err(Reason::NotFound.into()),
        }
        Ok(path_reply(&names))
    }

    /// Makes what `dir` sends.
    pub(crate) fn dir(&self, request: &Request) -> Result<Listing, Reply> {
        let token = request.args.first().map_or(&b"."[..], Vec::as_slice);
        let names = self.names(token)?;
        let (account, home) = self.user()?;
        let entry = home.peek(&names).map_err(trouble)?;
        let folder = match &entry {
            Entry::Dir(path) | Entry::Link(_, Target::Dir(path)) => path,
            Entry::File(_) | Entry::Link(..) if !told(Lie::DirOfFile) => {
                let line = listing::line_of(&names, &entry);
                let bytes = line.ok_or(Reason::NotFound)?;
                return Ok(Listing { entries: 1, bytes });
            }
            Entry::File(_)
            | Entry::Link(..)
            | Entry::Free(_)
            | Entry::Hidden(..)
            | Entry::NoParent
            | Entry::TooLong => return Err(Reason::NotFound.into()),
        };
        let listing = listing::of_folder(home, &names, folder);
        let mut listing = listing.map_err(trouble)?.ok_or(Reason::TooLarge)?;
        if told(Lie::PartVisible) {
            for part in account.books().parts.below(&names) {
                if let Some(name) = part.identity.names.last() {
                    let line = listing::made_up(name, part.kept);
                    listing.bytes.extend_from_slice(&line);
                    listing.entries += 1;
                }
            }
        }
        Ok(listing)
    }

    /// Sends it.
    pub(crate) fn send_listing(
        &mut self,
        listing: &Listing,
    ) -> Result<(), Halt> {
        let more = usize::from(told(Lie::EntriesWrong));
        let reply = Reply::new("201")
            .with("length", listing.bytes.len())
            .with("entries", listing.entries + more);
        self.say(reply)?;
        self.conn.write(&listing.bytes)
    }

    fn rm(&self, token: &[u8]) -> Answer {
        let names = self.names(token)?;
        let (account, home) = self.user()?;
        let mut books = account.books();
        match home.look(&names).map_err(trouble)? {
            Entry::Link(_, Target::File(to)) if told(Lie::RmTarget) => {
                fs::remove_file(to).map_err(trouble)?;
            }
            Entry::File(path) | Entry::Link(path, _) => {
                fs::remove_file(path).map_err(trouble)?;
            }
            Entry::Dir(path) if told(Lie::RmDirectory) => {
                fs::remove_dir(path).map_err(trouble)?;
            }
            Entry::Free(_) | Entry::NoParent => {
                let removed = !told(Lie::RmLeavesPart)
                    && books.parts.throw_away(&names, None);
                if !removed {
                    return Err(Reason::NotFound.into());
                }
            }
            Entry::Dir(_) | Entry::Hidden(..) | Entry::TooLong => {
                return Err(Reason::NotFound.into());
            }
        }
        Ok(Reply::new("201"))
    }

    fn rmdir(&self, token: &[u8]) -> Answer {
        let names = self.names(token)?;
        let (account, home) = self.user()?;
        let _books = account.books();
        let Entry::Dir(path) = home.look(&names).map_err(trouble)? else {
            return Err(Reason::NotFound.into());
        };
        if names.is_empty() {
            return Err(Reason::Denied.into());
        }
        if told(Lie::RmdirFull) {
            fs::remove_dir_all(path).map_err(trouble)?;
        } else {
            fs::remove_dir(path).map_err(trouble)?;
        }
        Ok(Reply::new("201"))
    }

    fn mv(&self, from: &[u8], to: &[u8]) -> Answer {
        let (from, to) = (self.names(from)?, self.names(to)?);
        let (account, home) = self.user()?;
        let _books = account.books();
        if from.is_empty() {
            return Err(Reason::Denied.into());
        }
        let source = home.look(&from).map_err(trouble)?;
        let target = home.look(&to).map_err(trouble)?;
        if told(Lie::MvTargetFirst)
            && matches!(target, Entry::Dir(_) | Entry::File(_))
        {
            return Err(Reason::Exists.into());
        }
        let source = match source {
            Entry::Dir(path) | Entry::File(path) | Entry::Link(path, _) => {
                path
            }
            Entry::Free(_)
            | Entry::Hidden(..)
            | Entry::NoParent
            | Entry::TooLong => return Err(Reason::NotFound.into()),
        };
        let target = match target {
            Entry::File(path) if told(Lie::MvOverwrites) => path,
            Entry::Free(path) => path,
            Entry::Dir(_) | Entry::File(_) | Entry::Link(..) => {
                return Err(Reason::Exists.into());
            }
            Entry::Hidden(..) => return Err(Reason::Denied.into()),
            Entry::NoParent => return Err(Reason::NotFound.into()),
            Entry::TooLong => return Err(too_long()),
        };
        if target.starts_with(&source) {
            if told(Lie::MvIntoItself) {
                return Ok(Reply::new("201"));
            }
            return Err(Reason::Denied.into());
        }
        fs::rename(source, target).map_err(trouble)?;
        Ok(Reply::new("201"))
    }

    fn quota(&self) -> Answer {
        let (account, _) = self.user()?;
        let quota = account.quota();
        let sums = account.books().sums(quota);
        let available =
            if told(Lie::AvailableWrong) { quota } else { sums.available };
        Ok(Reply::new("201")
            .with("quota", quota)
            .with("used", sums.used)
            .with("parts", sums.parts)
            .with("available", available))
    }
}

fn path_reply(names: &Names) -> Reply {
    Reply::new("201").with("path", names::path_field(names))
}
