//! docs/ftp-clients.md: the table of clients and operations, made from what
//! the tests do, so that it cannot go stale.

use std::{env, fs, path::Path};

use libtest_mimic::Failed;

use crate::{CLIENTS, client::Way, operation::Operation};

/// Compares the page with what it has to be; writes it where it is asked
/// to.
///
/// # Errors
///
/// Where the page is another.
pub fn is_current() -> Result<(), Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = page();
    if env::var_os(WRITE_VARIABLE).is_some() {
        fs::write(&path, &page)?;
    }
    match fs::read_to_string(&path).is_ok_and(|there| there == page) {
        true => Ok(()),
        false => Err(format!(
            "{PAGE} is stale: {WRITE_VARIABLE}=1 cargo test --test clients \
             page"
        )
        .into()),
    }
}

fn page() -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut rows = String::new();
    for operation in Operation::ALL {
        rows += &format!("| {} |", operation.title());
        for client in CLIENTS {
            match (client.way)(&operation.job(0)) {
                Way::Call(_) => rows += " yes |",
                Way::Cannot(reason) => {
                    let reason = format!("{} {reason}", client.name);
                    let known = reasons.iter().position(|it| *it == reason);
                    let number = known.unwrap_or_else(|| {
                        reasons.push(reason);
                        reasons.len() - 1
                    });
                    rows += &format!(" no ({}) |", number + 1);
                }
            }
        }
        rows.push('\n');
    }
    let names: Vec<_> = CLIENTS.iter().map(|client| client.name).collect();
    let packages: Vec<_> =
        CLIENTS.iter().map(|client| client.package).collect();
    let notes: String = (1..)
        .zip(&reasons)
        .map(|(number, reason)| format!("{number}. {reason}.\n"))
        .collect();
    format!(
        "{HEAD}\n| | {} |\n|---{}|\n{rows}\n{notes}\n{TAIL}```sh\n\
         apt-get install {}\n{COMMANDS}```\n",
        names.join(" | "),
        "|:-:".repeat(names.len()),
        packages.join(" "),
    )
}

const PAGE: &str = "docs/ftp-clients.md";

const WRITE_VARIABLE: &str = "FTPOOL_WRITE_DOCS";

const HEAD: &str = "\
# FTP clients

What people use FTP with, against this server: a test a client runs the
client's own program for each operation and compares, byte by byte, what is
then on both disks. *Yes* is what the test does and demands; *no* is what the
client cannot do on any server, and why.
";

const TAIL: &str = "\
A transfer that goes on after a break must send only what is missing: the
server's log says how many bytes went over the line. The upload that does not
fit the quota is larger than all buffers between the two: the client must get
to know the server's reason, and the older file of the same name stays as it
was.

lftp's `mirror -R` and `mirror` carry a tree there and back, which has to be
the same in all three places: 300 files in the tests, 5,000 with the last
command. A client that is not installed is listed as ignored, never as passed.

By hand, without a fault: rclone's copy, sync and check, BusyBox' ftpget and
ftpput, GNU inetutils' ftp; lftp's pget, its parallel mirrors, its pipelining
(`ftp:sync-mode off`), MLSD and ALLO; NcFTP's `-R`. After an upload that failed
rclone deletes the file of that name, the older one too: that is its own doing.

";

const COMMANDS: &str = "\
cargo test --test clients
FTPOOL_MIRROR_FILES=5000 cargo test --test clients -- 'lftp mirror'
";
