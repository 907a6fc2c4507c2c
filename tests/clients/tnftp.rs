//! tnftp, the BSDs' ftp: a script on its standard input.

use crate::{
    client::{Client, Way},
    operation::{HOST, Job, Operation, PASSWORD},
};

pub const CLIENT: Client =
    Client { name: "tnftp", package: "tnftp", programs: &["tnftp"], way };

fn way(job: &Job) -> Way {
    let (local, path) = (job.local, job.path());
    let commands = match job.operation {
        Operation::List => format!("dir \"{path}\""),
        Operation::Upload | Operation::NamesUp => {
            format!("put \"{local}\" \"{path}\"")
        }
        Operation::Download | Operation::NamesDown => {
            format!("get \"{path}\" \"{local}\"")
        }
        Operation::ActiveDownload => {
            format!("passive off\nget \"{path}\" \"{local}\"")
        }
        Operation::UploadResumed => {
            format!("restart {}\nput \"{local}\" \"{path}\"", job.kept)
        }
        Operation::DownloadResumed => {
            format!("reget \"{path}\" \"{local}\"")
        }
        Operation::Rename => format!("rename \"{path}\" \"{}\"", job.new_name),
        Operation::Delete => format!("delete \"{path}\""),
        Operation::MakeDirectory => format!("mkdir \"{path}\""),
        // A script's exit code tells nothing of its commands.
        Operation::OverQuota => {
            return Way::call("tnftp", &["-V", "-u", &job.url(), local]);
        }
    };
    let script =
        format!("user {} {PASSWORD}\nbinary\n{commands}\nquit\n", job.user);
    let port = job.port.to_string();
    Way::script("tnftp", &["-n", "-i", "-v", HOST, &port], script)
}
