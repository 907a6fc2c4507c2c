//! An outcome as a value that can be compared: all its fields, a download's
//! bytes in place of its open file.

use std::os::unix::fs::FileExt;

use ftpool::session::{
    Download, EntryKind, Granted, Outcome, QuotaReport, Refused, Upload,
};

#[derive(Debug, PartialEq)]
pub enum Answer {
    Directory(String),
    Made(String),
    Removed,
    Renamed,
    Quota(QuotaReport),
    Listing(Vec<(EntryKind, u64, String)>),
    Same(u64),
    Stored(u64),
    Download {
        path: String,
        offset: u64,
        size: u64,
        bytes: Vec<u8>,
    },
    Upload {
        path: String,
        offset: u64,
        available: u64,
        remaining: u64,
    },
    Refused(Refused),
    /// What no step can lead to.
    Other(String),
}

/// The ticket that came with an answer.
#[derive(Debug)]
pub enum Ticket {
    None,
    Download(Download),
    Upload(Box<Upload>),
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Answer {
        Answer::Refused(refused)
    }
}

impl Answer {
    /// What the server said.
    pub fn of(outcome: Outcome) -> (Answer, Ticket) {
        let answer = match outcome {
            Outcome::Granted(Granted::Download(download)) => {
                let answer = Answer::Download {
                    path: download.path.to_string(),
                    offset: download.offset,
                    size: download.size,
                    bytes: read(&download),
                };
                return (answer, Ticket::Download(download));
            }
            Outcome::Granted(Granted::Upload(upload)) => {
                let answer = Answer::Upload {
                    path: upload.path().to_string(),
                    offset: upload.offset(),
                    available: upload.available(),
                    remaining: upload.remaining(),
                };
                return (answer, Ticket::Upload(upload));
            }
            Outcome::Granted(granted) => Answer::granted(granted),
            Outcome::Refused(refused) => refused.into(),
            Outcome::Failed(failed) => Answer::Other(format!("{failed:?}")),
        };
        (answer, Ticket::None)
    }

    fn granted(granted: Granted) -> Answer {
        match granted {
            Granted::Directory(path) => Answer::Directory(path.to_string()),
            Granted::Made(path) => Answer::Made(path.to_string()),
            Granted::Removed => Answer::Removed,
            Granted::Renamed => Answer::Renamed,
            Granted::Quota(report) => Answer::Quota(report),
            Granted::Same { size } => Answer::Same(size),
            Granted::Stored { size } => Answer::Stored(size),
            Granted::Listing(listing) => {
                let entries = listing.entries.into_iter();
                let fields = entries.map(|entry| {
                    let name = String::from_utf8_lossy(&entry.name);
                    (entry.kind, entry.size, name.into_owned())
                });
                Answer::Listing(fields.collect())
            }
            other => Answer::Other(format!("{other:?}")),
        }
    }
}

/// What a download has to send, to the end of its file.
pub fn read(download: &Download) -> Vec<u8> {
    let mut bytes = vec![0; download.length() as usize];
    let file = &download.file;
    file.read_exact_at(&mut bytes, download.offset).expect("its bytes");
    bytes
}
