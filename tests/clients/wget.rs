//! wget: downloads, and what it keeps of a listing.

use crate::{
    client::{Client, Way},
    operation::{Job, Operation},
};

pub const CLIENT: Client =
    Client { name: "wget", package: "wget", programs: &["wget"], way };

fn way(job: &Job) -> Way {
    let url = job.url();
    let call = |arguments: &[&str]| {
        let quiet = ["--no-verbose", "--tries=1"];
        Way::call("wget", &[&quiet, arguments].concat())
    };
    match job.operation {
        Operation::List => call(&["--no-remove-listing", &format!("{url}/")]),
        Operation::Download | Operation::NamesDown => {
            call(&["-O", job.local, &url])
        }
        Operation::ActiveDownload => {
            call(&["--no-passive-ftp", "-O", job.local, &url])
        }
        Operation::DownloadResumed => call(&["--continue", &url]),
        Operation::Upload
        | Operation::UploadResumed
        | Operation::NamesUp
        | Operation::OverQuota => Way::Cannot(UPLOADS_NOTHING),
        Operation::Rename | Operation::Delete | Operation::MakeDirectory => {
            Way::Cannot("changes nothing on a server")
        }
    }
}

const UPLOADS_NOTHING: &str = "uploads nothing";
