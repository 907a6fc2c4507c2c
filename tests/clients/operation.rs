//! What the clients are asked to do, and with which files. The names say
//! what a file is for: all operations of one client share one home.
//!
//! Must not know: any client.

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    List,
    Upload,
    Download,
    ActiveDownload,
    UploadResumed,
    DownloadResumed,
    Rename,
    Delete,
    MakeDirectory,
    NamesUp,
    NamesDown,
    OverQuota,
}

/// An operation as a client has to do it.
#[derive(Debug, Clone, Copy)]
pub struct Job {
    pub operation: Operation,
    /// The server's, on the loopback interface.
    pub port: u16,
    pub user: &'static str,
    /// The file in the client's folder.
    pub local: &'static str,
    /// The directory on the server, without slashes around it; empty for
    /// the user's home.
    pub folder: &'static str,
    /// The file's name on the server, in that directory.
    pub name: &'static str,
    /// Its name after a rename.
    pub new_name: &'static str,
    /// How many bytes the interrupted transfer has left.
    pub kept: usize,
}

impl Operation {
    /// All, in the order of the page's rows.
    pub const ALL: [Operation; 12] = [
        Operation::List,
        Operation::Upload,
        Operation::Download,
        Operation::ActiveDownload,
        Operation::UploadResumed,
        Operation::DownloadResumed,
        Operation::Rename,
        Operation::Delete,
        Operation::MakeDirectory,
        Operation::NamesUp,
        Operation::NamesDown,
        Operation::OverQuota,
    ];

    /// For the page, and where one fails.
    pub fn title(self) -> &'static str {
        match self {
            Operation::List => "a directory's listing",
            Operation::Upload => "upload",
            Operation::Download => "download",
            Operation::ActiveDownload => "download, active (PORT or EPRT)",
            Operation::UploadResumed => "an upload goes on after a break",
            Operation::DownloadResumed => "a download goes on after a break",
            Operation::Rename => "rename",
            Operation::Delete => "delete",
            Operation::MakeDirectory => "make a directory",
            Operation::NamesUp => "upload, name in Chinese with a space",
            Operation::NamesDown => "download, name in Chinese with a space",
            Operation::OverQuota => "is told that the quota is full",
        }
    }

    /// With the files for it.
    pub fn job(self, port: u16) -> Job {
        let (folder, name) = match self {
            Operation::List => (LISTED_FOLDER, ""),
            Operation::Upload => ("", "up.bin"),
            Operation::Download => ("", "down.bin"),
            Operation::ActiveDownload => ("", "active.bin"),
            Operation::UploadResumed => ("", "up half.bin"),
            Operation::DownloadResumed => ("", "down half.bin"),
            Operation::Rename => ("", "old.bin"),
            Operation::Delete => ("", "unwanted.bin"),
            Operation::MakeDirectory => ("", "made"),
            Operation::NamesUp => (CHINESE_FOLDER, "上传 2026.bin"),
            Operation::NamesDown => (CHINESE_FOLDER, "下载 2026.bin"),
            Operation::OverQuota => ("", "large.bin"),
        };
        let user = match self {
            Operation::OverQuota => TIGHT_USER,
            Operation::List
            | Operation::Upload
            | Operation::Download
            | Operation::ActiveDownload
            | Operation::UploadResumed
            | Operation::DownloadResumed
            | Operation::Rename
            | Operation::Delete
            | Operation::MakeDirectory
            | Operation::NamesUp
            | Operation::NamesDown => ROOMY_USER,
        };
        Job {
            operation: self,
            port,
            user,
            local: name,
            folder,
            name,
            new_name: "new.bin",
            kept: KEPT_BYTES,
        }
    }
}

impl Job {
    /// The path on the server, absolute.
    pub fn path(&self) -> String {
        match (self.folder, self.name) {
            ("", name) => format!("/{name}"),
            (folder, "") => format!("/{folder}"),
            (folder, name) => format!("/{folder}/{name}"),
        }
    }

    /// The URL of the path, with user and password.
    pub fn url(&self) -> String {
        let (user, port) = (self.user, self.port);
        let path: String = self.path().bytes().map(escaped).collect();
        format!("ftp://{user}:{PASSWORD}@{HOST}:{port}{path}")
    }
}

fn escaped(byte: u8) -> String {
    match byte {
        b'/' | b'.' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    }
}

/// Where the server is.
pub const HOST: &str = "127.0.0.1";

/// Every user's.
pub const PASSWORD: &str = "secret";

/// The user with room for everything.
pub const ROOMY_USER: &str = "anna";

/// The user whose quota is nearly full.
pub const TIGHT_USER: &str = "tight";

/// The directory that is listed, and what is in it.
pub const LISTED_FOLDER: &str = "listed";
pub const LISTED_NAMES: [&str; 4] =
    ["one.txt", "two words.bin", "三 三.bin", "folder"];

/// The directory of the names that are not plain.
pub const CHINESE_FOLDER: &str = "目录 一";

/// What interrupted transfers have left of `CONTENT_BYTES`.
const KEPT_BYTES: usize = 40_000;
