//! The bytes of one transfer on its data connection: a file or lines out, a
//! file in.
//!
//! Must not know: commands, and what was checked before.

use std::{fs::File, io, os::fd::AsFd};

use super::{
    ascii,
    watch::{Broken, Watch},
};
use crate::{
    session::{Denial, StreamUpload},
    stream::Side,
};

/// Sends `length` bytes of a file from `offset` on, as they are.
pub(super) fn send_file(
    side: &mut Side,
    file: &File,
    mut offset: u64,
    length: u64,
    watch: &mut Watch<'_>,
) -> Result<(), Broken> {
    let end = offset + length;
    while offset < end {
        let left = end - offset;
        match side.send_file_now(file, &mut offset, left) {
            Ok(Some(0)) => return Err(Broken::Short),
            Ok(Some(sent)) => {
                watch.moved(sent);
                if offset < end {
                    watch.glance()?;
                }
            }
            Ok(None) => {
                let until = watch.deadline();
                watch.wait_to_write(side.as_fd(), until)?;
            }
            Err(error) => return Err(Broken::Data(Some(error))),
        }
    }
    Ok(())
}

/// Sends what `fill` appends, until it appends nothing.
pub(super) fn send_lines(
    side: &mut Side,
    mut fill: impl FnMut(&mut Vec<u8>) -> Result<(), Denial>,
    watch: &mut Watch<'_>,
) -> Result<(), Broken> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        fill(&mut bytes).map_err(Broken::Denied)?;
        if bytes.is_empty() {
            return Ok(());
        }
        send_bytes(side, &bytes, watch)?;
        watch.glance()?;
    }
}

fn send_bytes(
    side: &mut Side,
    mut bytes: &[u8],
    watch: &mut Watch<'_>,
) -> Result<(), Broken> {
    while !bytes.is_empty() {
        match side.write_now(bytes) {
            Ok(Some(sent)) => {
                watch.moved(sent);
                bytes = &bytes[sent..];
            }
            Ok(None) => {
                let until = watch.deadline();
                watch.wait_to_write(side.as_fd(), until)?;
            }
            Err(error) => return Err(Broken::Data(Some(error))),
        }
    }
    Ok(())
}

/// Takes all bytes that come into an upload. Where it is broken off, what
/// has come by then is taken all the same: there it can go on.
pub(super) fn receive_file(
    side: &mut Side,
    upload: &mut StreamUpload,
    line_ends: Option<ascii::Receiver>,
    watch: &mut Watch<'_>,
) -> Result<(), Broken> {
    let (buffer, converted) = (vec![0; SMALL_BYTES], Vec::new());
    let mut intake = Intake { upload, line_ends, buffer, converted };
    let result = intake.take_all(side, watch);
    if let Err(Broken::Aborted | Broken::Gone(_)) = result {
        for _ in 0..LEFT_READS_MAX {
            match intake.take(side, watch) {
                Ok(Some(1..)) => {}
                Ok(Some(0) | None) | Err(_) => break,
            }
        }
    }
    result
}

/// The way of an upload's bytes.
struct Intake<'a> {
    upload: &'a mut StreamUpload,
    line_ends: Option<ascii::Receiver>,
    buffer: Vec<u8>,
    converted: Vec<u8>,
}

impl Intake<'_> {
    fn take_all(
        &mut self,
        side: &mut Side,
        watch: &mut Watch<'_>,
    ) -> Result<(), Broken> {
        loop {
            match self.take(side, watch)? {
                Some(0) => break,
                Some(got) if got == self.buffer.len() => {
                    watch.glance()?;
                    if self.buffer.len() < LARGE_BYTES {
                        self.buffer.resize(LARGE_BYTES, 0);
                    }
                }
                Some(_) => {}
                None => {
                    let until = watch.deadline();
                    watch.wait_to_read(side.as_fd(), until)?;
                }
            }
        }
        if let Some(receiver) = &mut self.line_ends {
            self.converted.clear();
            receiver.finish(&mut self.converted);
            self.upload.write(&self.converted).map_err(Broken::Denied)?;
        }
        Ok(())
    }

    /// Takes what has come; `None` where nothing has, 0 at the end.
    fn take(
        &mut self,
        side: &mut Side,
        watch: &mut Watch<'_>,
    ) -> Result<Option<usize>, Broken> {
        let got = match side.read_now(&mut self.buffer) {
            Ok(Some(got)) => got,
            Ok(None) => return Ok(None),
            Err(error) => return Err(Broken::Data(Some(error))),
        };
        watch.moved(got);
        let bytes = match &mut self.line_ends {
            None => &self.buffer[..got],
            Some(receiver) => {
                self.converted.clear();
                receiver.push_stored(&self.buffer[..got], &mut self.converted);
                self.converted.as_slice()
            }
        };
        self.upload.write(bytes).map_err(Broken::Denied)?;
        Ok(Some(got))
    }
}

/// Reads what still comes of an upload whose refusal is said already, and
/// keeps nothing of it. Most clients look for the reply only when they have
/// sent everything; a reset before that would take it from them, and they
/// would try again. Who says something has heard it.
pub(super) fn discard(mut side: Side, watch: &mut Watch<'_>) {
    let mut buffer = vec![0; SMALL_BYTES];
    let mut discarded = 0;
    while discarded <= DISCARDED_BYTES_MAX {
        match side.read_now(&mut buffer) {
            Ok(Some(0)) => return side.finish(),
            Ok(Some(got)) => discarded += got,
            Ok(None) => {}
            Err(_) => return,
        }
        if !watch.waits_silently_to_read(side.as_fd()) {
            break;
        }
    }
    side.break_off();
}

/// A file's bytes with the line ends of TYPE A, piece by piece.
pub(super) struct AsciiFile<'a> {
    file: &'a File,
    offset: u64,
    end: u64,
    /// The first LF's CR was sent before.
    inside_line_end: bool,
}

impl<'a> AsciiFile<'a> {
    /// The file from the place on that has `sent` bytes before it on the
    /// data connection; `None` where it ends before that.
    pub(super) fn open(
        file: &'a File,
        end: u64,
        sent: u64,
    ) -> io::Result<Option<AsciiFile<'a>>> {
        let found = match sent {
            0 => ascii::Found { offset: 0, inside_line_end: false },
            sent => match find(file, end, sent)? {
                Some(found) => found,
                None => return Ok(None),
            },
        };
        let ascii::Found { offset, inside_line_end } = found;
        Ok(Some(AsciiFile { file, offset, end, inside_line_end }))
    }

    /// Appends the next bytes as they are sent; nothing at the end.
    pub(super) fn fill(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        use std::os::unix::fs::FileExt;
        let mut piece = vec![0; PIECE_BYTES];
        let wish = usize::try_from(self.end - self.offset)
            .map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        if wish == 0 {
            return Ok(());
        }
        let got = self.file.read_at(&mut piece[..wish], self.offset)?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.offset += got as u64;
        ascii::push_sent(&piece[..got], out);
        if std::mem::take(&mut self.inside_line_end) {
            out.remove(0);
        }
        Ok(())
    }
}

/// The place in a file before which so many bytes were sent in TYPE A.
pub(super) fn find(
    file: &File,
    end: u64,
    sent: u64,
) -> io::Result<Option<ascii::Found>> {
    use std::os::unix::fs::FileExt;
    let mut seeker = ascii::Seeker::new(sent);
    let mut piece = vec![0; PIECE_BYTES];
    let mut offset = 0;
    while offset < end {
        let got = file.read_at(&mut piece, offset)?;
        if let Some(found) = seeker.look(&piece[..got]) {
            return Ok(Some(found));
        }
        if got == 0 {
            break;
        }
        offset += got as u64;
    }
    Ok(None)
}

/// The first buffer of an upload: most files fit it.
const SMALL_BYTES: usize = 64 * 1024;

/// The buffer of an upload that fills the small one: the larger, the fewer
/// calls for the same bytes, and a full pool can still have one each.
const LARGE_BYTES: usize = 1024 * 1024;

/// The most that is read of an upload that was refused: more than most
/// files, and over soon even where the client never stops.
const DISCARDED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// How often what has come already is read after an upload was broken off:
/// more than a socket's buffers hold, and still an end.
const LEFT_READS_MAX: usize = 256;

/// What is read at a time of a file that is converted.
const PIECE_BYTES: usize = 16 * 1024;
