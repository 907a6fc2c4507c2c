//! One download: what is here is offered, what is missing is fetched into
//! the part, and the part takes the file's place.
//!
//! A file here is never written to. Of a file and a part, the part is
//! offered where the file is its beginning, else the file: it may be the
//! server's already. Whoever has a file of other content is asked before
//! bytes flow where the sizes tell, else before the first one is written.
//! Where the server can compare no digests, a part is offered by the state of
//! the server's file that it remembers, and a file here not at all: all of
//! the server's is fetched beside it, and compared then.
//!
//! Must not know: sockets, codes.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
};

use rustix::fs::OFlags;

use super::{
    console::Console,
    digest,
    error::Error,
    local,
    part::{Part, Stamp},
    progress::Progress,
    remote::{Answer, Held, Incoming, Remote, Source},
    shown,
};
use crate::session::PathText;

/// What is wanted.
pub(super) struct Want {
    /// The file's path on the server.
    pub(super) file: PathText,
    /// Where it is to be.
    pub(super) target: PathBuf,
    /// Replace a file of other content.
    pub(super) force: bool,
    /// How long the server's file is, where a listing has told it.
    pub(super) size: Option<u64>,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Got {
    /// It was here already.
    Same(Answer),
    /// It is here now.
    Whole {
        /// The closing answer.
        answer: Answer,
        /// The file's length.
        size: u64,
        /// How much of it was moved, and in how many seconds.
        moved: (u64, f64),
    },
}

/// A regular file that stands in the target's place.
struct Here {
    file: File,
    length: u64,
    stamp: Stamp,
}

/// What the server is told that we hold.
enum Offer {
    /// Nothing: all bytes go into a new part.
    Nothing,
    /// The file itself, which is the server's or is not.
    File,
    /// The part, which begins with the file, if one is here.
    Part,
}

/// A download under way.
struct Download<'a> {
    remote: &'a mut dyn Remote,
    console: Console,
    want: &'a Want,
    here: Option<Here>,
    part: Option<Part>,
    /// The part was made of the file here just now.
    copied: bool,
    /// A file of other content may be replaced.
    agreed: bool,
}

/// Fetches a file.
///
/// # Errors
///
/// Whatever the server, the connection or our own disk says; what arrived
/// stays in the part. [`Error::Differs`] where a file of other content is
/// here and nobody agreed to replace it.
pub(super) fn get(
    remote: &mut dyn Remote,
    console: Console,
    want: &Want,
) -> Result<Got, Error> {
    let here = Here::look(want)?;
    let part = Part::find(&want.target)?;
    let mut download = Download {
        remote,
        console,
        want,
        here,
        part,
        copied: false,
        agreed: want.force,
    };
    let got = download.run();
    if let (Err(_), Some(part)) = (&got, download.part.take()) {
        part.keep();
    }
    got
}

impl Download<'_> {
    fn run(&mut self) -> Result<Got, Error> {
        let offer = self.plan()?;
        let held = self.held(&offer)?;
        match self.remote.begin_get(&self.want.file, held)? {
            Incoming::Same(answer) => {
                if let (Offer::Part, Some(part)) = (offer, self.part.take()) {
                    self.place(part)?;
                }
                Ok(Got::Same(answer))
            }
            Incoming::Bytes { answer, offset, size, source } => {
                let part = match self.prepare(&offer, offset, source) {
                    Ok(part) => part,
                    Err(error) => {
                        self.remote.discard();
                        return Err(error);
                    }
                };
                self.part = Some(part);
                if held.is_some_and(|held| held.length > 0) {
                    self.tell_start(&answer, offset, size);
                }
                self.fetch(offset, size)
            }
        }
    }

    /// Decides what to offer.
    fn plan(&mut self) -> Result<Offer, Error> {
        let Some(here) = &self.here else {
            if self.part.is_none() {
                self.part = Some(Part::take(&self.want.target)?);
            }
            return Ok(Offer::Part);
        };
        let length = here.length;
        if let Some(part) = &self.part {
            let both = here.length.min(part.length());
            let same = digest::same_beginning(&here.file, part.file(), both)?;
            if same && part.length() >= length {
                return Ok(Offer::Part);
            }
            if same {
                // The file holds all that the part does.
                self.drop_part();
            } else if self.agreed {
                return Ok(Offer::Part);
            }
        }
        self.plan_by_size(length)
    }

    /// Decides what to offer where a file of `length` is here, and a part
    /// only of other content.
    fn plan_by_size(&mut self, length: u64) -> Result<Offer, Error> {
        let without_the_file = match self.part {
            Some(_) => Offer::Part,
            None => Offer::Nothing,
        };
        let there = self.size_there()?;
        if there.is_some_and(|there| there < length) {
            self.agree()?;
            return Ok(without_the_file);
        }
        let by = self.remote.compares_get(&self.want.file, length)?;
        if by.is_none() {
            return Ok(without_the_file);
        }
        if there.is_some_and(|there| there > length) && self.part.is_none() {
            self.copy_file()?;
            return Ok(Offer::Part);
        }
        Ok(Offer::File)
    }

    /// How long the server's file is, where that can be told without its
    /// bytes.
    fn size_there(&mut self) -> Result<Option<u64>, Error> {
        if self.want.size.is_some() {
            return Ok(self.want.size);
        }
        self.remote.size_of(&self.want.file)
    }

    fn held(&mut self, offer: &Offer) -> Result<Option<Held>, Error> {
        let (file, length, source) = match (offer, &self.here, &self.part) {
            (Offer::File, Some(here), _) => (&here.file, here.length, None),
            (Offer::Part, _, Some(part)) => {
                (part.file(), part.length(), part.source())
            }
            (Offer::Nothing | Offer::File | Offer::Part, _, _) => {
                return Ok(None);
            }
        };
        // An empty file here can be the server's; an empty part is nothing.
        if length == 0 && matches!(offer, Offer::Part | Offer::Nothing) {
            return Ok(None);
        }
        let what = shown::name(local::base(self.want.file.as_bytes()));
        let remote = &mut *self.remote;
        let sum = match remote.compares_get(&self.want.file, length)? {
            Some(algorithm) => Some(digest::of_file(
                file,
                length,
                algorithm,
                &what,
                self.console,
                remote,
            )?),
            None => None,
        };
        Ok(Some(Held { length, sum, source }))
    }

    /// Makes the part ready for bytes from `offset`.
    fn prepare(
        &mut self,
        offer: &Offer,
        offset: u64,
        source: Option<Source>,
    ) -> Result<Part, Error> {
        let differs = match offer {
            // What was offered is not the beginning of the server's file.
            Offer::File => offset == 0,
            Offer::Part => offset == 0 && self.copied,
            Offer::Nothing => false,
        };
        // An empty file is the beginning of every other.
        if differs
            && self.here.as_ref().is_some_and(|here| here.length > 0)
            && let Err(error) = self.agree()
        {
            if self.copied {
                self.drop_part();
            }
            return Err(error);
        }
        let mut part = match self.part.take() {
            Some(part) => part,
            None => Part::take(&self.want.target)?,
        };
        match (offer, &self.here) {
            (Offer::File, Some(here)) if offset > 0 => {
                part.copy_from(&here.file)?;
            }
            _ => {}
        }
        part.cut(offset)?;
        part.remember(source);
        if offset == 0 {
            self.copied = false;
        }
        Ok(part)
    }

    /// Makes the part a copy of the file here, to go on from its end.
    fn copy_file(&mut self) -> Result<(), Error> {
        let Some(here) = &self.here else { return Ok(()) };
        let mut part = Part::take(&self.want.target)?;
        let copied = part.copy_from(&here.file);
        self.part = Some(part);
        self.copied = true;
        copied
    }

    /// Receives all bytes and puts the part in its place.
    fn fetch(&mut self, offset: u64, size: Option<u64>) -> Result<Got, Error> {
        let Some(part) = &mut self.part else {
            return Err(Error::Protocol("bytes for no file".into()));
        };
        let what = shown::name(local::base(self.want.file.as_bytes()));
        let mut progress = Progress::new(self.console, &what, offset, size);
        let answer = self.remote.receive(&mut |bytes| {
            part.write(bytes)?;
            progress.advance(bytes.len() as u64);
            Ok(())
        })?;
        let size = part.length();
        let seconds = progress.elapsed().as_secs_f64();
        if let Some(part) = self.part.take() {
            self.place(part)?;
        }
        Ok(Got::Whole { answer, size, moved: (size - offset, seconds) })
    }

    fn drop_part(&mut self) {
        if let Some(part) = self.part.take() {
            part.remove();
        }
    }

    fn place(&self, part: Part) -> Result<(), Error> {
        // Who looked at the file and found it to be the part's beginning
        // need not look again, if it has not changed since.
        let known = match &self.here {
            Some(here) if self.copied => Some(here.stamp),
            _ => None,
        };
        part.place(&self.want.target, self.agreed, known)
    }

    /// Asks whether a file of other content may be replaced.
    fn agree(&mut self) -> Result<(), Error> {
        let name = local::display(&self.want.target);
        let question =
            format!("{name} is here already, with other content. Replace it?");
        if self.agreed || self.console.confirm(&question) == Some(true) {
            self.agreed = true;
            return Ok(());
        }
        Err(Error::Differs(
            "the local file is of other content and was left as it is \
             (get -f replaces it)"
                .into(),
        ))
    }

    fn tell_start(&self, answer: &Answer, offset: u64, size: Option<u64>) {
        let name = shown::name(self.want.file.as_bytes());
        let size = size.map_or("?".into(), |size| size.to_string());
        let what = match offset {
            0 => format!("{name} starts again from 0, of {size} bytes"),
            _ => format!("{name} resumes at {offset} of {size} bytes"),
        };
        self.console.say(&answer.code, &what);
    }
}

impl Here {
    /// Looks at what stands in the target's place: nothing, or a regular
    /// file.
    fn look(want: &Want) -> Result<Option<Here>, Error> {
        let name = || local::display(&want.target);
        let failed = |e| Error::local(name(), e);
        let metadata = match fs::symlink_metadata(&want.target) {
            Ok(metadata) => metadata,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(failed(e)),
        };
        if !metadata.is_file() {
            return Err(Error::Differs(
                "what has the name here is no regular file; it was left as \
                 it is"
                    .into(),
            ));
        }
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::NOFOLLOW.bits() as i32)
            .open(&want.target)
            .map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        let stamp = Stamp::of(&metadata);
        Ok(Some(Here { file, length: metadata.len(), stamp }))
    }
}
