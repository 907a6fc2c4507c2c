//! NcFTP: three programs for what is common, and a shell for the rest.

use crate::{
    client::{Client, Way},
    operation::{HOST, Job, Operation, PASSWORD},
};

pub const CLIENT: Client = Client {
    name: "ncftp",
    package: "ncftp",
    programs: &["ncftp", "ncftpget", "ncftpls", "ncftpput"],
    way,
};

fn way(job: &Job) -> Way {
    let (port, path) = (job.port.to_string(), job.path());
    let folder = format!("/{}", job.folder);
    let at = ["-u", job.user, "-p", PASSWORD, "-P", &port];
    let call = |program, options: &[&str], rest: &[&str]| {
        Way::call(program, &[&at, options, rest].concat())
    };
    let put = |options: &[&str]| {
        call("ncftpput", options, &[HOST, &folder, job.local])
    };
    let get =
        |options: &[&str]| call("ncftpget", options, &[HOST, ".", &path]);
    let shell = |command: String| {
        Way::script("ncftp", &[&at[..], &[HOST]].concat(), command + "\nbye\n")
    };
    match job.operation {
        Operation::List => {
            call("ncftpls", &[], &[&format!("ftp://{HOST}{path}/")])
        }
        Operation::Upload | Operation::NamesUp => put(&["-V"]),
        Operation::Download | Operation::NamesDown => get(&["-V"]),
        Operation::ActiveDownload => get(&["-V", "-E"]),
        Operation::UploadResumed => {
            Way::Cannot("sends the whole file again, behind REST too")
        }
        Operation::DownloadResumed => get(&["-V", "-z"]),
        Operation::Rename => {
            shell(format!("rename \"{}\" \"{}\"", job.name, job.new_name))
        }
        Operation::Delete => shell(format!("rm \"{}\"", job.name)),
        Operation::MakeDirectory => shell(format!("mkdir \"{}\"", job.name)),
        // Only its trace has the server's words.
        Operation::OverQuota => put(&["-V", "-d", "-"]),
    }
}
