//! The commands that transfer a file: RETR, STOR, APPE, STOU, and ABOR.
//!
//! The data connection comes first, the file is touched last: whatever goes
//! wrong before leaves everything as it was.
//!
//! Must not know: how bytes travel.

use std::time::Instant;

use rand::RngExt;

use super::{
    Conversation, Last, STOPPING, ascii,
    data::DataSetup,
    state::{DataType, TransferSetup},
    transfer::{self, AsciiFile},
    watch::Broken,
};
use crate::{
    ftp::code::Code,
    session::{Denial, Download, Failed, Refused, Start, VPath},
    stream::{End, Side},
};

/// What of a file is sent, and in which form.
enum Sent<'a> {
    AsItIs { offset: u64, length: u64 },
    Converted(AsciiFile<'a>),
}

impl Conversation<'_> {
    /// Never inlined: an idle session's stack would keep the room under it.
    #[inline(never)]
    pub(super) fn retrieve(
        &mut self,
        argument: &[u8],
        setup: TransferSetup,
    ) -> Option<Last> {
        let path = self.located(argument)?;
        let download = match self.session.fetch(path) {
            Ok(download) => download,
            Err(denial) => {
                self.deny(denial);
                return None;
            }
        };
        let sent = match self.what_is_sent(&download, setup) {
            Ok(sent) => sent,
            Err(denial) => {
                self.deny(denial);
                return None;
            }
        };
        let mut text = b"Here comes ".to_vec();
        text.extend_from_slice(argument);
        if let Sent::AsItIs { length, .. } = sent {
            // Clients look for this form.
            text.extend_from_slice(format!(" ({length} bytes)").as_bytes());
        }
        text.push(b'.');
        self.control.reply_bytes(Code::OPENING, &text);
        let data = std::mem::take(&mut self.data);
        let began = Instant::now();
        let mut watch = self.watch();
        let result = data.open(&mut watch).and_then(|mut side| {
            let result = match sent {
                Sent::AsItIs { offset, length } => transfer::send_file(
                    &mut side,
                    &download.file,
                    offset,
                    length,
                    &mut watch,
                ),
                Sent::Converted(mut file) => {
                    let fill = |out: &mut Vec<u8>| {
                        file.fill(out).map_err(|e| Failed::Io(e).into())
                    };
                    transfer::send_lines(&mut side, fill, &mut watch)
                }
            };
            close(side, result)
        });
        let bytes = watch.total();
        if result.is_ok() {
            let path = download.path.to_string();
            self.journal.sent(&path, bytes, began.elapsed());
        }
        let path = Some(&download.path);
        self.conclude("RETR", path, result, "The transfer is complete.")
    }

    pub(super) fn store(
        &mut self,
        argument: &[u8],
        setup: TransferSetup,
    ) -> Option<Last> {
        let start = setup.restart.map_or(Start::Fresh, Start::At);
        self.receive("STOR", argument, start, setup)
    }

    /// After REST it is a STOR (RFC 3659 §5.3).
    pub(super) fn append(
        &mut self,
        argument: &[u8],
        setup: TransferSetup,
    ) -> Option<Last> {
        let start = setup.restart.map_or(Start::AtEnd, Start::At);
        self.receive("APPE", argument, start, setup)
    }

    pub(super) fn store_unique(
        &mut self,
        setup: TransferSetup,
    ) -> Option<Last> {
        let number: u64 = rand::rng().random();
        let name = format!("ftpool-{number:016x}");
        self.receive("STOU", name.as_bytes(), Start::New, setup)
    }

    /// What was broken off is answered here, in its place among the
    /// commands. A connection that was set up is for nothing any more.
    pub(super) fn abort(&mut self) {
        self.data = DataSetup::default();
        if std::mem::take(&mut self.state.aborted) {
            let text = "The transfer was broken off.";
            self.control.reply(Code::TRANSFERRED, text);
        } else {
            let text = "No transfer is under way.";
            self.control.reply(Code::NO_TRANSFER, text);
        }
    }

    fn what_is_sent<'d>(
        &self,
        download: &'d Download,
        setup: TransferSetup,
    ) -> Result<Sent<'d>, Denial> {
        let size = download.size;
        let offset = setup.restart.unwrap_or(0);
        match (self.state.kind, setup.range) {
            (DataType::Image, Some((first, last))) => {
                let offset = first.min(size);
                let length = size.min(last.saturating_add(1)) - offset;
                Ok(Sent::AsItIs { offset, length })
            }
            (DataType::Image, None) if offset <= size => {
                Ok(Sent::AsItIs { offset, length: size - offset })
            }
            (DataType::Image, None) => Err(Refused::BadOffset { size }.into()),
            (DataType::Ascii, Some(_)) => Err(Refused::Denied.into()),
            (DataType::Ascii, None) => {
                let opened = AsciiFile::open(&download.file, size, offset);
                match opened.map_err(Failed::Io)? {
                    Some(file) => Ok(Sent::Converted(file)),
                    None => Err(Refused::BadOffset { size }.into()),
                }
            }
        }
    }

    /// Never inlined: an idle session's stack would keep the room under it.
    #[inline(never)]
    fn receive(
        &mut self,
        command: &str,
        argument: &[u8],
        start: Start,
        setup: TransferSetup,
    ) -> Option<Last> {
        let path = self.located(argument)?;
        let announced = setup.announced;
        let checked = self.stored_start(&path, start).and_then(|start| {
            self.session.check_upload(&path, start, announced)?;
            match setup.range {
                Some(_) => Err(Refused::Denied.into()),
                None => Ok(start),
            }
        });
        let start = match checked {
            Ok(start) => start,
            Err(denial) => {
                self.deny(denial);
                return None;
            }
        };
        let text = match start {
            // RFC 1123 §4.1.2.9 wants exactly this.
            Start::New => [b"FILE: ", argument].concat(),
            Start::Fresh | Start::At(_) | Start::AtEnd => {
                [b"Send ", argument, b"."].concat()
            }
        };
        self.control.reply_bytes(Code::OPENING, &text);
        let line_ends = match self.state.kind {
            DataType::Ascii => Some(ascii::Receiver::default()),
            DataType::Image => None,
        };
        let began = Instant::now();
        let mut unwanted = None;
        let result =
            self.take_bytes(&path, start, announced, line_ends, &mut unwanted);
        let result = result.map(|(bytes, path)| {
            let path = path.to_string();
            self.journal.received(&path, bytes, began.elapsed());
        });
        let done = "The file is stored.";
        let last = self.conclude(command, Some(&path), result, done);
        if let Some(side) = unwanted {
            transfer::discard(side, &mut self.watch());
        }
        last
    }

    /// Opens the data connection, then the file; says how many bytes came,
    /// and where they are. Where the core refuses what still comes, the
    /// connection is left in `unwanted`: the client has to be told first.
    fn take_bytes(
        &mut self,
        path: &VPath,
        start: Start,
        announced: Option<u64>,
        line_ends: Option<ascii::Receiver>,
        unwanted: &mut Option<Side>,
    ) -> Result<(u64, VPath), Broken> {
        let data = std::mem::take(&mut self.data);
        let mut side = data.open(&mut self.watch())?;
        let mut upload = match self.session.receive(path, start, announced) {
            Ok(upload) => upload,
            Err(denial) => {
                *unwanted = Some(side);
                return Err(Broken::Denied(denial));
            }
        };
        let mut watch = self.watch();
        let taken = transfer::receive_file(
            &mut side,
            &mut upload,
            line_ends,
            &mut watch,
        );
        if let Err(broken) = taken {
            match matches!(broken, Broken::Denied(_)) {
                true => *unwanted = Some(side),
                false => side.break_off(),
            }
            return Err(broken);
        }
        let (bytes, path) = (upload.written(), upload.path().clone());
        let upload = upload.make_durable().map_err(Broken::Denied)?;
        // The last moment: the end of the one connection may overtake that
        // of the other.
        watch.require_client()?;
        upload.settle().map_err(Broken::Denied)?;
        Ok((bytes, path))
    }

    /// In TYPE A an offset counts what was sent, not what is stored
    /// (RFC 3659 §5.3): the place in the file is looked for.
    fn stored_start(
        &self,
        path: &VPath,
        start: Start,
    ) -> Result<Start, Denial> {
        match (self.state.kind, start) {
            (DataType::Ascii, Start::At(sent)) if sent > 0 => {
                let (file, size) = self.session.open_measured(path)?;
                let found = transfer::find(&file, size, sent);
                match found.map_err(Failed::Io)? {
                    Some(found) if !found.inside_line_end => {
                        Ok(Start::At(found.offset))
                    }
                    Some(_) | None => Err(Refused::BadOffset { size }.into()),
                }
            }
            (DataType::Ascii | DataType::Image, start) => Ok(start),
        }
    }

    /// The last reply of a transfer.
    pub(super) fn conclude(
        &mut self,
        command: &str,
        path: Option<&VPath>,
        result: Result<(), Broken>,
        done: &str,
    ) -> Option<Last> {
        let broken = match result {
            Ok(()) => {
                self.control.reply(Code::TRANSFERRED, done);
                return None;
            }
            Err(broken) => broken,
        };
        if !matches!(broken, Broken::Denied(_)) {
            let path = path.map_or_else(String::new, VPath::to_string);
            self.journal.broken(command, &path, &broken);
        }
        match broken {
            Broken::Aborted => {
                self.state.aborted = true;
                self.control.reply(Code::ABORTED, "Broken off by ABOR.");
            }
            Broken::Data(_) => {
                let text = "The data connection broke.";
                self.control.reply(Code::ABORTED, text);
            }
            Broken::NoConnection(_) => {
                let text = "No data connection came about.";
                self.control.reply(Code::NO_DATA_CONNECTION, text);
            }
            Broken::Short => {
                let text = "The file has changed meanwhile.";
                self.control.reply(Code::LOCAL_ERROR, text);
            }
            Broken::Denied(denial) => {
                self.deny(denial);
            }
            Broken::Cut => return Some(Last::Words(STOPPING)),
            Broken::Gone(end) => return Some(self.gone(end)),
        }
        None
    }

    fn gone(&mut self, end: End) -> Last {
        match self.ended(end) {
            // Nobody is there to read it.
            Last::Said | Last::Nothing => Last::Nothing,
            Last::Words(text) => Last::Words(text),
        }
    }
}

/// Closes a data connection: the end that the client sees is the file's
/// end only where all has gone well.
pub(super) fn close(
    side: Side,
    result: Result<(), Broken>,
) -> Result<(), Broken> {
    match &result {
        Ok(()) => side.finish(),
        Err(_) => side.break_off(),
    }
    result
}
