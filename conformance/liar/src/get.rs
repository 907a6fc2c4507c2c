//! `get`: which of the rows of section 5 holds, then the bytes.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use crate::{
    conn::Halt,
    home::{Entry, Target},
    lies::{Lie, told},
    session::{Session, trouble},
    wire::{Reason, Reply, Request},
};

/// Answers a `get`, the bytes included.
pub(crate) fn get(
    session: &mut Session,
    request: &Request,
) -> Result<(), Halt> {
    match plan(session, request) {
        Ok(Plan::Same(size)) => {
            session.say(Reply::new("203").with("size", size))
        }
        Ok(Plan::Send { file, offset, size }) => {
            send(session, file, offset, size)
        }
        Err(refusal) => session.say(refusal),
    }
}

/// The digest of a file's first bytes; of fewer, where it is shorter.
pub(crate) fn digest_of(path: &Path, first: u64) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?.take(first))?;
    Ok(*hasher.finalize().as_bytes())
}

enum Plan {
    Same(u64),
    Send { file: File, offset: u64, size: u64 },
}

fn plan(session: &Session, request: &Request) -> Result<Plan, Reply> {
    let path = source(session, &request.args[0])?;
    let file = File::open(&path).map_err(trouble)?;
    let size = file.metadata().map_err(trouble)?.len();
    let Some(have) = request.number else {
        return Ok(Plan::Send { file, offset: 0, size });
    };
    let agrees = match request.digest {
        Some(digest) => digest_of(&path, have).map_err(trouble)? == digest,
        None => true,
    };
    if have == size && (agrees || told(Lie::GetSizeIsEnough)) {
        let again = size == 0 && told(Lie::GetEmptyAgain);
        if !again {
            return Ok(Plan::Same(size));
        }
    }
    if have > size && told(Lie::GetLongerIsSame) {
        return Ok(Plan::Same(size));
    }
    let begins = agrees || told(Lie::GetPrefixIgnored);
    let resumes = have > 0 && have < size && begins;
    let offset = if resumes && !told(Lie::GetNeverResumes) { have } else { 0 };
    Ok(Plan::Send { file, offset, size })
}

fn source(session: &Session, token: &[u8]) -> Result<PathBuf, Reply> {
    let names = session.names(token)?;
    let (account, home) = session.user()?;
    match home.peek(&names).map_err(trouble)? {
        Entry::File(path) | Entry::Link(_, Target::File(path)) => Ok(path),
        Entry::Hidden(_, Some(path))
            if told(Lie::LinkOutGet) && path.is_file() =>
        {
            Ok(path)
        }
        Entry::Free(_) if told(Lie::PartReadable) => {
            let books = account.books();
            let part = books.parts.of_name(&names);
            Ok(part.ok_or(Reason::NotFound)?.data.clone())
        }
        Entry::Dir(_)
        | Entry::Free(_)
        | Entry::Link(..)
        | Entry::Hidden(..)
        | Entry::NoParent
        | Entry::TooLong => Err(Reason::NotFound.into()),
    }
}

fn send(
    session: &mut Session,
    mut file: File,
    offset: u64,
    size: u64,
) -> Result<(), Halt> {
    let code = if offset > 0 { "205" } else { "405" };
    let length = size - offset;
    let resumed = |lie| u64::from(offset > 0 && told(lie));
    let announced = if told(Lie::GetLengthIsSize) { size } else { length };
    let reply = Reply::new(code)
        .with("offset", offset + resumed(Lie::GetOffsetWrong))
        .with("length", announced)
        .with("size", size);
    session.say(reply)?;
    let from = offset - resumed(Lie::GetOffByOne);
    file.seek(SeekFrom::Start(from)).map_err(|_| Halt::Silent)?;
    let mut left = length - u64::from(told(Lie::ShortBody) && length > 0);
    let mut bytes = vec![0; PIECE];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let count = match file.read(&mut bytes[..most]) {
            Ok(0) if told(Lie::ShrunkGoesOn) => break,
            // The file shrank, or the disk failed: closing says so.
            Ok(0) | Err(_) => return Err(Halt::Silent),
            Ok(count) => count,
        };
        left -= count as u64;
        if told(Lie::WrongByte) && left == 0 {
            bytes[count - 1] ^= 1;
        }
        session.conn.write(&bytes[..count])?;
        if told(Lie::LineInside) {
            session.conn.write(b"000 state=notice\n")?;
        }
    }
    if told(Lie::StrayAfter) {
        session.conn.write(b"\0")?;
    }
    if told(Lie::GetSilentEnd) {
        return Ok(());
    }
    session.say(Reply::new("201").with("size", size))
}

/// Bytes of one read.
const PIECE: usize = 64 * 1024;
