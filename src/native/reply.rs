//! How outcomes of the core look on the wire: one exhaustive `match`, so
//! that a new outcome does not compile until it has its words here.
//!
//! Must not know: how the bytes of a transfer move.

use jiff::Timestamp;

use super::{
    code::{self, Code, Malformed},
    token,
    verb::VERBS,
    wire::ReplyLine,
};
use crate::session::{
    Download, Entry, EntryKind, Failed, Granted, Listing, QuotaReport,
    Refused, Upload,
};

/// Appends the reply to a line that is no request.
pub(super) fn malformed(what: Malformed, out: &mut Vec<u8>) {
    let (code, reason, text) = code::of_malformed(what);
    ReplyLine::new(out, code).word("reason", reason).text(text);
}

/// Appends a refusal.
pub(super) fn refused(refused: &Refused, out: &mut Vec<u8>) {
    let (code, reason, text) = code::of_refusal(refused);
    let line = ReplyLine::new(out, code).word("reason", reason);
    match refused {
        Refused::OverQuota { needed, available } => line
            .number("needed", *needed)
            .number("available", *available)
            .text(text),
        Refused::AlreadySignedIn
        | Refused::BadName
        | Refused::BadOffset { .. }
        | Refused::BadPassword { .. }
        | Refused::Denied
        | Refused::DigestMismatch
        | Refused::Exists
        | Refused::ListingTooLarge
        | Refused::NotEmpty
        | Refused::NotFound
        | Refused::NotSignedIn
        | Refused::Throttled => line.text(text),
    }
}

/// Appends a failure of the server's own.
pub(super) fn failed(failed: &Failed, out: &mut Vec<u8>) {
    let (code, reason, text) = code::of_failure(failed);
    ReplyLine::new(out, code).word("reason", reason).text(text);
}

/// Appends what was granted. Of a transfer, only its beginning.
pub(super) fn granted(granted: &Granted, out: &mut Vec<u8>) {
    let done = Code::Done;
    match granted {
        Granted::Alive => ReplyLine::new(out, done).text("here"),
        Granted::Bye => ReplyLine::new(out, done).text("goodbye"),
        Granted::Directory(path) | Granted::Made(path) => {
            ReplyLine::new(out, done).name("path", path.as_bytes()).end();
        }
        Granted::Download(download) => announce_download(download, out),
        Granted::Help => help(out),
        Granted::Listing(listing) => listing_with_lines(listing, out),
        Granted::Quota(QuotaReport { quota, used, parts, available }) => {
            ReplyLine::new(out, done)
                .number("quota", *quota)
                .number("used", *used)
                .number("parts", *parts)
                .number("available", *available)
                .end();
        }
        Granted::Removed => ReplyLine::new(out, done).text("removed"),
        Granted::Renamed => ReplyLine::new(out, done).text("renamed"),
        Granted::Same { size } => ReplyLine::new(out, Code::Same)
            .number("size", *size)
            .text("the files are the same"),
        Granted::Sent { size } => {
            ReplyLine::new(out, done).number("size", *size).text("sent");
        }
        Granted::SignedIn { user, quota, used } => {
            ReplyLine::new(out, Code::SignedIn)
                .name("user", user.as_bytes())
                .number("quota", *quota)
                .number("used", *used)
                .text("welcome");
        }
        Granted::Stored { size } => {
            ReplyLine::new(out, done).number("size", *size).text("stored");
        }
        Granted::Upload(upload) => announce_upload(upload, out),
    }
}

fn announce_download(download: &Download, out: &mut Vec<u8>) {
    let code =
        if download.offset > 0 { Code::Resuming } else { Code::FromStart };
    ReplyLine::new(out, code)
        .number("offset", download.offset)
        .number("length", download.length())
        .number("size", download.size)
        .end();
}

fn announce_upload(upload: &Upload, out: &mut Vec<u8>) {
    ReplyLine::new(out, Code::SpaceEnough)
        .number("available", upload.available())
        .text("the space is set aside");
    let code =
        if upload.offset() > 0 { Code::Resuming } else { Code::FromStart };
    ReplyLine::new(out, code).number("offset", upload.offset()).end();
}

fn help(out: &mut Vec<u8>) {
    let forms: Vec<_> = VERBS.iter().map(|row| row.form).collect();
    ReplyLine::new(out, Code::Done).text(&forms.join(" | "));
}

/// The lines are short: with their reply they make one piece.
fn listing_with_lines(listing: &Listing, out: &mut Vec<u8>) {
    let mut lines = Vec::with_capacity(64 * listing.entries.len());
    for entry in &listing.entries {
        push_entry(entry, &mut lines);
    }
    ReplyLine::new(out, Code::Done)
        .number("length", lines.len() as u64)
        .number("entries", listing.entries.len() as u64)
        .end();
    out.append(&mut lines);
}

/// `type size mtime name` (§4).
fn push_entry(entry: &Entry, out: &mut Vec<u8>) {
    let kind = match entry.kind {
        EntryKind::Directory => 'd',
        EntryKind::File => 'f',
        EntryKind::Link => 'l',
    };
    let modified =
        Timestamp::from_second(entry.modified_secs).unwrap_or_default();
    let facts = format!("{kind} {} {modified} ", entry.size);
    out.extend_from_slice(facts.as_bytes());
    token::encode(&entry.name, out);
    out.push(b'\n');
}
