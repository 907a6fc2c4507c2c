//! lftp: a shell; each call is one session.

use crate::{
    client::{Client, Way},
    operation::{HOST, Job, Operation, PASSWORD},
};

pub const CLIENT: Client =
    Client { name: "lftp", package: "lftp", programs: &["lftp"], way };

fn way(job: &Job) -> Way {
    let (local, name, path) = (job.local, job.name, job.path());
    let commands = match job.operation {
        Operation::List => format!("cls -1 --sort=name \"{path}\""),
        Operation::Upload | Operation::NamesUp | Operation::OverQuota => {
            format!("put \"{local}\" -o \"{path}\"")
        }
        Operation::Download | Operation::NamesDown => {
            format!("get \"{path}\" -o \"{local}\"")
        }
        Operation::ActiveDownload => {
            format!("set ftp:passive-mode no; get \"{path}\" -o \"{local}\"")
        }
        Operation::UploadResumed => {
            format!("put -c \"{local}\" -o \"{path}\"")
        }
        Operation::DownloadResumed => {
            format!("get -c \"{path}\" -o \"{local}\"")
        }
        Operation::Rename => format!("mv \"{name}\" \"{}\"", job.new_name),
        Operation::Delete => format!("rm \"{name}\""),
        Operation::MakeDirectory => format!("mkdir \"{name}\""),
    };
    session(job.user, job.port, &commands)
}

/// One session: it ends with its first failure.
pub fn session(user: &str, port: u16, commands: &str) -> Way {
    let whole = format!(
        "set cmd:fail-exit yes; set net:max-retries 2; \
         set net:reconnect-interval-base 1; set net:timeout 20; \
         open -u {user},{PASSWORD} -p {port} {HOST}; {commands}"
    );
    Way::call("lftp", &["-c", &whole])
}
