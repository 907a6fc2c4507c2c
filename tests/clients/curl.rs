//! curl: one operation a call, by URL; what is no transfer goes as it is
//! typed.

use crate::{
    client::{Client, Way},
    operation::{Job, Operation},
};

pub const CLIENT: Client =
    Client { name: "curl", package: "curl", programs: &["curl"], way };

fn way(job: &Job) -> Way {
    let (url, local, name) = (job.url(), job.local, job.name);
    let root = url.rsplit_once('/').map_or("", |(root, _)| root);
    let call = |arguments: &[&str]| {
        Way::call("curl", &[&["--silent", "--show-error"], arguments].concat())
    };
    // Only the commands: no listing behind them.
    let quoted = |commands: &[&str]| {
        let quotes = commands.iter().flat_map(|it| ["--quote", it]);
        let rest = ["--head", root];
        call(&quotes.chain(rest).collect::<Vec<_>>())
    };
    match job.operation {
        Operation::List => call(&[&format!("{url}/")]),
        Operation::Upload | Operation::NamesUp => call(&["-T", local, &url]),
        Operation::Download | Operation::NamesDown => {
            call(&["-o", local, &url])
        }
        Operation::ActiveDownload => {
            call(&["--ftp-port", "-", "-o", local, &url])
        }
        Operation::UploadResumed => call(&["-C", "-", "-T", local, &url]),
        Operation::DownloadResumed => call(&["-C", "-", "-o", local, &url]),
        Operation::Rename => quoted(&[
            &format!("RNFR {name}"),
            &format!("RNTO {}", job.new_name),
        ]),
        Operation::Delete => quoted(&[&format!("DELE {name}")]),
        Operation::MakeDirectory => quoted(&[&format!("MKD {name}")]),
        Operation::OverQuota => call(&["--verbose", "-T", local, &url]),
    }
}
