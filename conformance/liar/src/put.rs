//! `put`: the checks of section 6 in their order, the bytes, and the swap.
//!
//! The books are locked for the checks and for the swap, never in between.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use crate::{
    accounts::Account,
    conn::Halt,
    get::digest_of,
    home::{Entry, Home, Target},
    lies::{Lie, told},
    names::Names,
    parts::{Identity, Part, discard},
    session::{Session, too_long, trouble},
    wire::{Reason, Reply, Request},
};

/// Answers a `put`, the bytes included.
pub(crate) fn put(
    session: &mut Session,
    request: &Request,
) -> Result<(), Halt> {
    let (mut upload, available) = match begin(session, request) {
        Ok(begun) => begun,
        Err(reply) => return session.say(reply),
    };
    let offset = upload.offset;
    session.say(Reply::new("202").with("available", available))?;
    let code = if offset > 0 { "205" } else { "405" };
    let less = u64::from(told(Lie::PutOffsetWrong) && offset > 0);
    session.say(Reply::new(code).with("offset", offset - less))?;
    let received = upload.receive(session)?;
    match received {
        Received::Whole => {}
        Received::Answered => return Ok(()),
        Received::Mismatch => {
            upload.thrown = !told(Lie::MismatchKept);
            drop(upload);
            return session.say(Reason::DigestMismatch.into());
        }
    }
    let done = Reply::new("201").with("size", upload.size);
    if told(Lie::EarlyAck) {
        session.say(done)?;
        thread::sleep(LATE);
        let (_, home) = match session.user() {
            Ok(user) => user,
            Err(_) => return Err(Halt::Silent),
        };
        let _ = upload.settle(home);
        return Ok(());
    }
    let settled = match session.user() {
        Ok((_, home)) => upload.settle(home),
        Err(reply) => Err(reply),
    };
    drop(upload);
    match settled {
        Ok(()) if told(Lie::PutSilentEnd) => Ok(()),
        Ok(()) => session.say(done),
        Err(reply) => session.say(reply),
    }
}

/// An upload under way. Dropped before it settled, it gives back what it
/// reserved and keeps what arrived as a part.
struct Upload {
    account: Arc<Account>,
    identity: Option<Identity>,
    names: Names,
    size: u64,
    /// Where it began.
    offset: u64,
    data: PathBuf,
    reserved: u64,
    /// What arrived is worth nothing.
    thrown: bool,
    settled: bool,
}

enum Received {
    Whole,
    /// The bytes are not what the digest says.
    Mismatch,
    /// Writing failed, and the client knows.
    Answered,
}

fn begin(
    session: &Session,
    request: &Request,
) -> Result<(Upload, u64), Reply> {
    let names = session.names(&request.args[0])?;
    let size = request.number.ok_or(Reason::BadArgument)?;
    let (account, home) = session.user()?;
    let mut books = account.books();
    let target = destination(home, &names)?;
    let old = fs::metadata(&target).map_or(0, |meta| meta.len());
    if target.is_file() && old == size && same(&target, size, request)? {
        return Err(Reply::new("203").with("size", size));
    }
    let mut identity = request.digest.map(|digest| Identity {
        names: names.clone(),
        size,
        digest,
    });
    if identity.is_none() && told(Lie::PutResumesBlind) {
        identity = books.parts.blind(&names, size);
    }
    let keep_all = told(Lie::PartStays) || told(Lie::PartOfAnother);
    if !keep_all {
        books.parts.throw_away(&names, identity.as_ref());
    }
    let sums = books.sums(account.quota());
    let free_disk = free_disk(&target);
    let lent = identity
        .as_ref()
        .filter(|_| !told(Lie::PutNeverResumes))
        .and_then(|identity| books.parts.lend(identity));
    let offset = lent.as_ref().map_or(0, |(_, kept)| *kept);
    let needed = size - offset;
    let room = fits(needed, sums.available, old);
    let mut upload = Upload {
        account: Arc::clone(account),
        identity,
        names,
        size,
        offset,
        data: lent.map(|(data, _)| data).unwrap_or_default(),
        reserved: 0,
        thrown: false,
        settled: false,
    };
    if !room || needed > free_disk {
        drop(books);
        if room {
            return Err(Reason::DiskFull.into());
        }
        let told_need = if told(Lie::NeededWrong) { size } else { needed };
        return Err(Reply::refuse(Reason::OverQuota)
            .with("needed", told_need)
            .with("available", sums.available));
    }
    if told(Lie::QuotaRaced) {
        drop(books);
        thread::sleep(RACE);
        books = account.books();
    }
    books.reserved += needed;
    upload.reserved = needed;
    if upload.data.as_os_str().is_empty() {
        match books.parts.fresh(upload.identity.as_ref()) {
            Ok(data) => upload.data = data,
            Err(error) => {
                drop(books);
                return Err(trouble(error));
            }
        }
    }
    drop(books);
    lie_about_the_old(&upload.data, &target);
    let own = if told(Lie::AvailableAfter) { needed } else { 0 };
    Ok((upload, sums.available.saturating_sub(own)))
}

fn fits(needed: u64, available: u64, old: u64) -> bool {
    match () {
        () if told(Lie::QuotaOneShort) => needed < available,
        () if told(Lie::QuotaOneOver) => needed <= available + 1,
        () if told(Lie::QuotaOldFileFree) => needed <= available + old,
        () => needed <= available,
    }
}

/// The lies that harm the older file, or show the new one too early.
fn lie_about_the_old(data: &Path, target: &Path) {
    if told(Lie::OldFileLost) || told(Lie::EarlyName) {
        let _ = fs::remove_file(target);
    }
    if told(Lie::EarlyName) {
        let _ = fs::hard_link(data, target);
    }
}

/// Where a complete file goes: what the links lead to, if they stay inside.
fn destination(home: &Home, names: &Names) -> Result<PathBuf, Reply> {
    match home.look(names).map_err(trouble)? {
        Entry::Dir(_) | Entry::Link(_, Target::Dir(_)) => {
            Err(Reason::Exists.into())
        }
        Entry::Hidden(_, Some(path))
            if told(Lie::LinkOutPut) && home.in_root(&path) =>
        {
            Ok(path)
        }
        Entry::Hidden(path, _) if told(Lie::LinkOutReplaced) => Ok(path),
        Entry::Hidden(..) | Entry::Link(_, Target::Nothing) => {
            Err(Reason::Denied.into())
        }
        Entry::NoParent => Err(Reason::NotFound.into()),
        Entry::TooLong => Err(too_long()),
        Entry::Link(path, Target::File(_)) if told(Lie::PutReplacesLink) => {
            Ok(path)
        }
        Entry::Free(path)
        | Entry::File(path)
        | Entry::Link(_, Target::File(path)) => Ok(path),
    }
}

fn same(path: &Path, size: u64, request: &Request) -> Result<bool, Reply> {
    let Some(digest) = request.digest else {
        return Ok(told(Lie::PutSameBySize));
    };
    let same = digest_of(path, size).map_err(trouble)? == digest;
    Ok(same || told(Lie::PutDigestIgnored))
}

fn free_disk(target: &Path) -> u64 {
    let folder = target.parent().unwrap_or(target);
    rustix::fs::statvfs(folder)
        .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

impl Upload {
    fn receive(&mut self, session: &mut Session) -> Result<Received, Halt> {
        let mut left = self.size - self.offset;
        let mut hasher = blake3::Hasher::new();
        let mut file = match self.open(&mut hasher) {
            Ok(file) => file,
            Err(error) => return fail(session, trouble(error), left),
        };
        while left > 0 {
            let bytes = session.conn.body(left)?;
            left -= bytes.len() as u64;
            if let Err(error) = file.write_all(&bytes) {
                return fail(session, trouble(error), left);
            }
            hasher.update(&bytes);
        }
        let resumes_wrong = told(Lie::PutOffByOne)
            || told(Lie::PartOfAnother)
            || told(Lie::PutResumesBlind);
        let unchecked =
            told(Lie::DigestUnchecked) || self.offset > 0 && resumes_wrong;
        let expected = self.identity.as_ref().map(|i| i.digest);
        let matches =
            expected.is_none_or(|d| d == *hasher.finalize().as_bytes());
        if matches || unchecked {
            Ok(Received::Whole)
        } else {
            Ok(Received::Mismatch)
        }
    }

    fn open(&self, hasher: &mut blake3::Hasher) -> std::io::Result<File> {
        let file = OpenOptions::new().append(true).open(&self.data)?;
        let less = u64::from(told(Lie::PutOffByOne) && self.offset > 0);
        file.set_len(self.offset - less)?;
        if self.offset > 0 {
            hasher.update_reader(File::open(&self.data)?)?;
        }
        Ok(file)
    }

    /// Brings the file under its name.
    fn settle(&mut self, home: &Home) -> Result<(), Reply> {
        let account = Arc::clone(&self.account);
        let mut books = account.books();
        let target = match destination(home, &self.names) {
            Err(reply)
                if told(Lie::DirGoneIgnored) && reply.is(Reason::NotFound) =>
            {
                for end in 1..self.names.len() {
                    let above = self.names[..end].to_vec();
                    if let Ok(Entry::Free(path)) = home.look(&above) {
                        fs::create_dir(path).map_err(trouble)?;
                    }
                }
                destination(home, &self.names)?
            }
            other => other?,
        };
        if told(Lie::EarlyName) {
            // Two names of one file: a rename would do nothing.
            let _ = fs::remove_file(&target);
        }
        fs::rename(&self.data, &target).map_err(trouble)?;
        self.settled = true;
        discard(&self.data);
        books.parts.forget(&self.data);
        books.reserved -= self.reserved;
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        let account = Arc::clone(&self.account);
        let mut books = account.books();
        if !told(Lie::ReservationKept) {
            books.reserved -= self.reserved;
        }
        let kept = fs::metadata(&self.data).map_or(0, |meta| meta.len());
        if self.identity.is_none() && told(Lie::PartWithoutDigest) {
            let (names, size) = (self.names.clone(), self.size);
            let digest = [0; 32];
            self.identity = Some(Identity { names, size, digest });
        }
        let identity = self.identity.take();
        let worthless = kept == 0 || self.thrown || told(Lie::PartLost);
        match identity {
            Some(identity) if !worthless => {
                let data = self.data.clone();
                let part = Part { identity, data, kept, in_use: false };
                books.parts.keep(part);
            }
            _ => {
                books.parts.forget(&self.data);
                if !self.data.as_os_str().is_empty() {
                    discard(&self.data);
                }
            }
        }
    }
}

/// Says at once that writing failed, and reads past what still comes.
fn fail(
    session: &mut Session,
    reply: Reply,
    mut left: u64,
) -> Result<Received, Halt> {
    session.say(reply)?;
    while left > 0 {
        left -= session.conn.body(left)?.len() as u64;
    }
    Ok(Received::Answered)
}

/// How far the raced quota's check and act are apart.
const RACE: Duration = Duration::from_millis(100);

/// How long the early 201 comes before the file.
const LATE: Duration = Duration::from_millis(500);
