//! Python's ftplib: a few lines of Python an operation.

use crate::{
    client::{Client, Way},
    operation::{HOST, Job, Operation, PASSWORD},
};

pub const CLIENT: Client = Client {
    name: "Python's ftplib",
    package: "python3",
    programs: &["python3"],
    way,
};

fn way(job: &Job) -> Way {
    let (local, path) = (job.local, job.path());
    let up = format!("local = open('{local}', 'rb')");
    let down = format!("local = open('{local}', 'ab')");
    let lines = match job.operation {
        Operation::List => format!(
            "print('\\n'.join(name for name, _ in ftp.mlsd('{path}')))"
        ),
        Operation::Upload | Operation::NamesUp | Operation::OverQuota => {
            format!("{up}\nftp.storbinary('STOR {path}', local)")
        }
        Operation::Download | Operation::NamesDown => {
            format!("{down}\nftp.retrbinary('RETR {path}', local.write)")
        }
        Operation::ActiveDownload => format!(
            "ftp.set_pasv(False)\n{down}\n\
             ftp.retrbinary('RETR {path}', local.write)"
        ),
        Operation::UploadResumed => format!(
            "{up}\nftp.voidcmd('TYPE I')\nkept = ftp.size('{path}')\n\
             local.seek(kept)\n\
             ftp.storbinary('STOR {path}', local, rest=kept)"
        ),
        Operation::DownloadResumed => format!(
            "{down}\n\
             ftp.retrbinary('RETR {path}', local.write, rest=local.tell())"
        ),
        Operation::Rename => {
            format!("ftp.rename('{path}', '{}')", job.new_name)
        }
        Operation::Delete => format!("ftp.delete('{path}')"),
        Operation::MakeDirectory => format!("ftp.mkd('{path}')"),
    };
    let script = format!(
        "import ftplib\nftp = ftplib.FTP()\n\
         ftp.connect('{HOST}', {}, timeout=20)\n\
         ftp.login('{}', '{PASSWORD}')\n{lines}\nftp.quit()\n",
        job.port, job.user
    );
    Way::call("python3", &["-c", &script])
}
