//! Names: directories, removing and renaming, and the facts of one file.
//!
//! Must not know: data connections.

use super::{
    Conversation,
    facts::{parse_time_value, time_value},
    reply::quoted,
    state::TransferSetup,
};
use crate::{
    ftp::code::Code,
    session::{
        Denial, EntryKind, Failed, Granted, Outcome, PathText, Refused,
        Request, VPath,
    },
};

impl Conversation<'_> {
    pub(super) fn change_directory(&mut self, argument: &[u8]) {
        let Some(path) = self.path(argument) else { return };
        let request = Request::ChangeDirectory { to: Some(path) };
        if let Some(Granted::Directory(path)) = self.ask(request) {
            let text = quoted(path.as_bytes(), "is the current directory.");
            self.control.reply_bytes(Code::DONE, &text);
        }
    }

    pub(super) fn working_directory(&mut self) {
        let granted = self.ask(Request::CurrentDirectory);
        if let Some(Granted::Directory(path)) = granted {
            let text = quoted(path.as_bytes(), "is the current directory.");
            self.control.reply_bytes(Code::PATH, &text);
        }
    }

    pub(super) fn make_directory(&mut self, argument: &[u8]) {
        let Some(path) = self.path(argument) else { return };
        let request = Request::MakeDirectory { path };
        if let Some(Granted::Made(path)) = self.ask(request) {
            let text = quoted(path.as_bytes(), "is made.");
            self.control.reply_bytes(Code::PATH, &text);
        }
    }

    pub(super) fn remove_directory(&mut self, argument: &[u8]) {
        let Some(path) = self.path(argument) else { return };
        let request = Request::RemoveDirectory { path };
        if self.ask(request).is_some() {
            self.control.reply(Code::DONE, "Removed.");
        }
    }

    pub(super) fn delete(&mut self, argument: &[u8]) {
        let Some(file) = self.path(argument) else { return };
        if self.ask(Request::Remove { file }).is_some() {
            self.control.reply(Code::DONE, "Removed.");
        }
    }

    pub(super) fn rename_from(&mut self, argument: &[u8]) {
        let Some(from) = self.located(argument) else { return };
        match self.session.show(&from) {
            Ok(_) if from.is_root() => {
                self.deny(Denial::Refused(Refused::Denied));
            }
            Ok(_) => {
                self.state.rename_from = Some(from);
                self.control.reply(Code::PENDING, "RNTO comes next.");
            }
            Err(denial) => self.deny(denial),
        }
    }

    /// An upload under another name and a rename is how many clients
    /// replace a file: a file that has the name is replaced, atomically.
    pub(super) fn rename_to(&mut self, argument: &[u8], from: Option<VPath>) {
        let Some(from) = from else {
            let text = "RNFR comes right before.";
            return self.control.reply(Code::BAD_SEQUENCE, text);
        };
        let Some(to) = self.located(argument) else { return };
        match self.session.replace(&from, &to) {
            Ok(()) => self.control.reply(Code::DONE, "Renamed."),
            Err(denial) => self.deny(denial),
        }
    }

    /// The exact number of bytes that RETR would send, so none in TYPE A:
    /// they would have to be counted (RFC 3659 §4.2).
    pub(super) fn size(&mut self, argument: &[u8]) {
        if self.state.kind == super::state::DataType::Ascii {
            let text = "SIZE is for TYPE I.";
            return self.control.reply(Code::FILE_UNAVAILABLE, text);
        }
        let Some(path) = self.located(argument) else { return };
        match self.session.measure(&path) {
            Ok(size) => {
                self.control.reply(Code::FILE_STATUS, &size.to_string());
            }
            Err(denial) => self.deny(denial),
        }
    }

    pub(super) fn modification_time(&mut self, argument: &[u8]) {
        let Some(path) = self.located(argument) else { return };
        match self.session.describe(&path) {
            Ok(entry) => {
                let time = time_value(entry.modified_secs);
                self.control.reply(Code::FILE_STATUS, &time);
            }
            Err(denial) => self.deny(denial),
        }
    }

    /// `MFMT time path` (draft-somers-ftp-mfxx §3).
    pub(super) fn modify_time(&mut self, argument: &[u8]) {
        let at = argument.iter().position(|&byte| byte == b' ');
        let parsed = at.and_then(|at| {
            let time = parse_time_value(&argument[..at])?;
            Some((time, &argument[at + 1..]))
        });
        let Some((secs, name)) = parsed else {
            let text = "Its form is: MFMT YYYYMMDDHHMMSS FILE";
            return self.control.reply(Code::BAD_ARGUMENT, text);
        };
        let Some(path) = self.located(name) else { return };
        match self.session.set_modified(&path, secs) {
            Ok(()) => {
                let time = format!("Modify={}; ", time_value(secs));
                let text = [time.as_bytes(), name].concat();
                self.control.reply_bytes(Code::FILE_STATUS, &text);
            }
            Err(denial) => self.deny(denial),
        }
    }

    /// `HASH path` (draft-bryan-ftpext-hash §3): of the range of RANG, or
    /// of the whole file.
    pub(super) fn hash(&mut self, argument: &[u8], setup: TransferSetup) {
        let Some(path) = self.located(argument) else { return };
        let opened = match self.session.describe(&path) {
            Ok(entry) if entry.kind == EntryKind::Directory => {
                let text = "A directory has no digest.";
                return self.control.reply(Code::BAD_NAME, text);
            }
            _ => self.session.open_measured(&path),
        };
        let (file, size) = match opened {
            Ok(opened) => opened,
            Err(denial) => return self.deny(denial),
        };
        let (first, end) = match setup.range {
            Some((first, last)) => (first, size.min(last + 1)),
            None => (0, size),
        };
        if first > end {
            let text = "The file ends before that.";
            return self.control.reply(Code::BAD_ARGUMENT, text);
        }
        let algorithm = self.state.hash;
        match algorithm.digest(&file, first, end - first) {
            Ok(digest) => {
                let word = algorithm.word();
                let last = end.saturating_sub(1);
                let facts = format!("{word} {first}-{last} {digest} ");
                let text = [facts.as_bytes(), argument].concat();
                self.control.reply_bytes(Code::FILE_STATUS, &text);
            }
            Err(error) => {
                self.deny(Denial::Failed(Failed::Io(error)));
            }
        }
    }

    /// What a new upload may take, in bytes.
    pub(super) fn available(&mut self, argument: &[u8]) {
        if !argument.is_empty() {
            let Some(path) = self.located(argument) else { return };
            match self.session.describe(&path) {
                Ok(entry) if entry.kind == EntryKind::Directory => {}
                Ok(_) => {
                    let denial = Denial::Refused(Refused::NotFound);
                    return self.deny(denial);
                }
                Err(denial) => return self.deny(denial),
            }
        }
        match self.session.quota() {
            Ok(report) => {
                let text = report.available.to_string();
                self.control.reply(Code::FILE_STATUS, &text);
            }
            Err(denial) => self.deny(denial),
        }
    }

    pub(super) fn site(&mut self, argument: &[u8]) {
        let word = argument.split(|&byte| byte == b' ').next();
        match word.unwrap_or_default().to_ascii_uppercase().as_slice() {
            b"HELP" => self.site_help(),
            b"QUOTA" => match self.session.quota() {
                Ok(report) => {
                    let text = format!(
                        "quota={} used={} parts={} available={}",
                        report.quota,
                        report.used,
                        report.parts,
                        report.available
                    );
                    self.control.reply(Code::OKAY, &text);
                }
                Err(denial) => self.deny(denial),
            },
            b"CHMOD" => {
                let text = "Files have no modes here; it stays as it is.";
                self.control.reply(Code::NOT_IMPLEMENTED, text);
            }
            _ => {
                let text = "No such SITE command; try SITE HELP.";
                self.control.reply(Code::UNKNOWN_COMMAND, text);
            }
        }
    }

    /// The path of an argument, seen from here; else it is answered.
    pub(super) fn located(&mut self, argument: &[u8]) -> Option<VPath> {
        let text: PathText = self.path(argument)?;
        match self.session.locate(Some(&text)) {
            Ok(path) => Some(path),
            Err(denial) => {
                self.deny(denial);
                None
            }
        }
    }

    /// Asks the core; a refusal is answered here.
    fn ask(&mut self, request: Request) -> Option<Granted> {
        match self.session.handle(request) {
            Outcome::Granted(granted) => Some(granted),
            Outcome::Refused(refused) => {
                self.deny(Denial::Refused(refused));
                None
            }
            Outcome::Failed(failed) => {
                self.deny(Denial::Failed(failed));
                None
            }
        }
    }
}
