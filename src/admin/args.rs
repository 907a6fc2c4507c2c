//! The arguments of ftpool-server.
//!
//! Must not know: what any of them does.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::{
    settings::{Flags, SIZE_EXPECTED, parse_size},
    users::UserName,
};

/// A file-transfer server with a fixed pool of places and a waiting line.
///
/// Without a command it serves, in the foreground, until SIGTERM or SIGINT.
/// Exit codes: 0 stopped as asked, 2 bad arguments or settings, 1 anything
/// else.
#[derive(Debug, Parser)]
#[command(
    name = "ftpool-server",
    version,
    args_conflicts_with_subcommands = true
)]
pub struct Args {
    /// The settings [default: ROOT/conf/settings.yaml, made from the demo
    /// settings where it is missing]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Where conf, database, home and log are; wins over the settings
    /// [default where there is no --settings: ftpool-data]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Listen here for the native protocol; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    pub listen_native: Option<SocketAddr>,
    /// Listen here for FTP
    #[arg(long, value_name = "ADDR")]
    pub listen_ftp: Option<SocketAddr>,
    /// How many sessions are served at once
    #[arg(long, value_name = "N")]
    pub max_users: Option<usize>,
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Args {
    /// The flags that win over the settings.
    pub fn flags(&self) -> Flags {
        Flags {
            root: self.root.clone(),
            listen_native: self.listen_native,
            listen_ftp: self.listen_ftp,
            max_users: self.max_users,
        }
    }
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say whether the settings are good, and which line is not
    Check {
        /// The settings
        #[arg(long, value_name = "FILE")]
        settings: PathBuf,
    },
    /// Change the users of a stopped or running server
    #[command(arg_required_else_help = false)]
    User {
        /// What to do with whom.
        #[command(subcommand)]
        command: UserCommand,
    },
}

/// What to do with whom.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Make a user; the password is asked for, or is standard input's
    /// first line
    Add(NewUser),
    /// Set a user's password; it is asked for, or is standard input's
    /// first line
    Passwd {
        /// The user
        #[arg(value_parser = user_name)]
        name: UserName,
        /// Where the users are.
        #[command(flatten)]
        place: Place,
    },
    /// Name all users, each with the quota in bytes
    List {
        /// Where the users are.
        #[command(flatten)]
        place: Place,
    },
    /// Forget a user whom the settings do not name
    Remove(OldUser),
}

/// A user to be made.
#[derive(Debug, ClapArgs)]
pub struct NewUser {
    /// The user
    #[arg(value_parser = user_name)]
    pub name: UserName,
    /// The user's own quota, as in 10MiB [default: the settings']
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub quota: Option<u64>,
    /// Where the users are.
    #[command(flatten)]
    pub place: Place,
}

/// A user to be forgotten.
#[derive(Debug, ClapArgs)]
pub struct OldUser {
    /// The user
    #[arg(value_parser = user_name)]
    pub name: UserName,
    /// Remove the home, too, with all that is in it
    #[arg(long)]
    pub with_home: bool,
    /// Where the users are.
    #[command(flatten)]
    pub place: Place,
}

/// Where the users are.
#[derive(Debug, Clone, ClapArgs)]
pub struct Place {
    /// The settings [default: ROOT/conf/settings.yaml]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// Where conf, database, home and log are; wins over the settings
    /// [default where there is no --settings: ftpool-data]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

/// What clap has to say, without its hints on usage, in one line.
pub(super) fn one_line(error: &clap::Error) -> String {
    let said = error.to_string();
    let mut parts = Vec::new();
    for line in said.lines().map(str::trim) {
        if line.starts_with("Usage:") || line.starts_with("For more") {
            break;
        }
        if !line.is_empty() {
            parts.push(line);
        }
    }
    parts.join(" ")
}

fn user_name(typed: &str) -> Result<UserName, &'static str> {
    UserName::parse(typed).ok_or(
        "a user name is 1 to 64 bytes of letters, digits, '.', '_' and '-', \
         with a letter or digit first",
    )
}

fn size(typed: &str) -> Result<u64, &'static str> {
    parse_size(typed).ok_or(SIZE_EXPECTED)
}
