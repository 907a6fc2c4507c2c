//! The bytes of get and put: they share the connection with the lines
//! around them (§2.5, §5, §6).
//!
//! Must not know: what was checked before a transfer begins.

use std::{os::unix::fs::FileExt, time::Instant};

use super::{
    conversation::{Conversation, Last},
    notice::{Limit, Notice},
    reply,
};
use crate::{
    session::{Download, Failed, Granted, Outcome, Upload},
    stream::End,
};

/// Sends a file's bytes between its two replies. If they cannot all be
/// delivered, the close alone says so: the conversation ends.
pub(super) fn send(
    talk: &mut Conversation<'_>,
    download: Download,
) -> Option<Last> {
    let began = Instant::now();
    let length = download.length();
    let size = download.size;
    let path = download.path.to_string();
    let sent = if length <= SMALL_BYTES {
        send_small(talk, download)
    } else {
        send_large(talk, download)
    };
    match sent {
        Ok(()) => {
            talk.journal.sent(&path, length, began.elapsed());
            let granted = Granted::Sent { size };
            reply::granted(&granted, &mut talk.output);
            None
        }
        Err(end) => {
            talk.journal.broke_off("get", &path, &end);
            Some(Last::Nothing)
        }
    }
}

/// Takes a file's bytes and settles the upload. Never inlined: its frame
/// would lie below all that is called for other requests, a page of each
/// idle session's stack.
#[inline(never)]
pub(super) fn receive(
    talk: &mut Conversation<'_>,
    mut upload: Box<Upload>,
) -> Option<Last> {
    let began = Instant::now();
    let path = upload.path().to_string();
    let expected = upload.remaining();
    // Freed before the reply: an idle session holds no buffer.
    let announced = Granted::Upload(upload);
    reply::granted(&announced, &mut talk.output);
    let Granted::Upload(taken) = announced else { return None };
    upload = taken;
    if let Err(end) = take_bytes(talk, &mut upload) {
        return match end {
            Trouble::Disk { failed, unread } => {
                // What was written is put down before anybody comes again.
                drop(upload);
                talk.journal.failed(&failed, "put");
                refuse_rest(talk, &failed, unread)
            }
            Trouble::Wire(end) => {
                drop(upload);
                talk.journal.broke_off("put", &path, &end);
                Some(last_words(talk, end))
            }
        };
    }
    match upload.settle() {
        Outcome::Granted(granted) => {
            talk.journal.received(&path, expected, began.elapsed());
            reply::granted(&granted, &mut talk.output);
        }
        Outcome::Refused(refused) => {
            talk.journal.refused(&refused, "put", None);
            reply::refused(&refused, &mut talk.output);
        }
        Outcome::Failed(failed) => {
            talk.journal.failed(&failed, "put");
            reply::failed(&failed, &mut talk.output);
        }
    }
    None
}

/// Reply, bytes and last reply leave in one piece.
fn send_small(
    talk: &mut Conversation<'_>,
    download: Download,
) -> Result<(), End> {
    let (offset, length) = (download.offset, download.length());
    let granted = Granted::Download(download);
    reply::granted(&granted, &mut talk.output);
    let Granted::Download(download) = granted else { return Ok(()) };
    let start = talk.output.len();
    talk.output.resize(start + length as usize, 0);
    let body = &mut talk.output[start..];
    match download.file.read_exact_at(body, offset) {
        Ok(()) => Ok(()),
        Err(_) => {
            // What was said about it is not true any more.
            talk.output.clear();
            Err(End::Short)
        }
    }
}

fn send_large(
    talk: &mut Conversation<'_>,
    download: Download,
) -> Result<(), End> {
    let (offset, length) = (download.offset, download.length());
    let granted = Granted::Download(download);
    reply::granted(&granted, &mut talk.output);
    let Granted::Download(download) = granted else { return Ok(()) };
    talk.flush()?;
    let stall = talk.patience.stall;
    talk.stream.send_file(&download.file, offset, length, stall)
}

/// Why an upload's bytes did not all arrive on the disk.
enum Trouble {
    /// The disk did not take them; `unread` are still to come.
    Disk {
        failed: Failed,
        unread: u64,
    },
    Wire(End),
}

fn take_bytes(
    talk: &mut Conversation<'_>,
    upload: &mut Upload,
) -> Result<(), Trouble> {
    talk.flush().map_err(Trouble::Wire)?;
    let mut buffer = vec![0; buffer_size(upload.remaining())];
    while upload.remaining() > 0 {
        let wish = buffer_size(upload.remaining()).min(buffer.len());
        let got =
            next_bytes(talk, &mut buffer[..wish]).map_err(Trouble::Wire)?;
        // Bytes that the disk refuses have been read all the same.
        let unread = upload.remaining() - got as u64;
        upload
            .write(&buffer[..got])
            .map_err(|failed| Trouble::Disk { failed, unread })?;
    }
    Ok(())
}

/// What came along with the last line, then what comes from the wire.
fn next_bytes(
    talk: &mut Conversation<'_>,
    buffer: &mut [u8],
) -> Result<usize, End> {
    if !talk.input.is_empty() {
        let early = talk.input.take_rest(buffer.len());
        buffer[..early.len()].copy_from_slice(&early);
        return Ok(early.len());
    }
    let stall = talk.patience.stall;
    talk.stream.read_body(buffer, stall)
}

/// Says at once that the disk failed, then reads and throws away what the
/// client is still sending, so that its next request is understood.
fn refuse_rest(
    talk: &mut Conversation<'_>,
    failed: &Failed,
    mut left: u64,
) -> Option<Last> {
    reply::failed(failed, &mut talk.output);
    let mut discard = || {
        talk.flush()?;
        let mut buffer = vec![0; buffer_size(left)];
        while left > 0 {
            let wish = buffer_size(left).min(buffer.len());
            left -= next_bytes(talk, &mut buffer[..wish])? as u64;
        }
        Ok(())
    };
    match discard() {
        Ok(()) => None,
        Err(end) => Some(last_words(talk, end)),
    }
}

/// What to say when an upload's bytes stop coming.
fn last_words(talk: &mut Conversation<'_>, end: End) -> Last {
    match end {
        End::Silent => {
            talk.journal.timed_out(Limit::Stall.word());
            Last::Words(Notice::Timeout(Limit::Stall))
        }
        End::Cut => Last::Words(Notice::Closing),
        end @ (End::Closed | End::Lost(_) | End::Short | End::Stopping) => {
            talk.last_words(end)
        }
    }
}

fn buffer_size(length: u64) -> usize {
    usize::try_from(length).map_or(RECEIVE_BYTES, |n| n.min(RECEIVE_BYTES))
}

/// Files up to this size are read and sent with their replies in one call.
const SMALL_BYTES: u64 = 64 * 1024;

/// What is received at a time: large enough for BLAKE3 and the disk, small
/// enough for a full pool.
const RECEIVE_BYTES: usize = 256 * 1024;
