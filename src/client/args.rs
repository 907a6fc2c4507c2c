//! The command line, as clap reads it.
//!
//! Must not know: what is done with it.

use clap::{Parser, builder::StyledStr};

use super::{exit::Exit, target::Target};

/// Moves files to and from a server that speaks ftpool's native protocol or
/// FTP.
///
/// Without -c, commands are typed at a prompt, or read from standard input
/// where that is no terminal. A script stops at its first failure.
#[derive(Debug, Parser)]
#[command(name = "ftpool-client", version, after_help = after_help())]
pub(super) struct Args {
    /// Where to connect: in the native protocol, or in FTP with ftp://
    /// before it. Where no port is said it is 9021, in FTP 21; where no user
    /// is said, ~/.netrc names one, else in FTP it is anonymous.
    #[arg(value_name = "[ftp://][USER@]HOST[:PORT]")]
    pub(super) target: Target,

    /// Runs these commands, separated by ; or new lines, and ends.
    #[arg(short = 'c', value_name = "COMMANDS")]
    pub(super) commands: Option<String>,

    /// How long the server may be silent, in seconds. In a native server's
    /// queue it may be so for longer; an FTP server is silent in its queue,
    /// and this is how long we wait there.
    #[arg(long, value_name = "SECS", default_value_t = SILENCE_SECS,
          value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) timeout: u64,
}

fn after_help() -> StyledStr {
    format!(
        "The password is asked for, or taken from FTPOOL_PASSWORD or \
         ~/.netrc; it is never an argument.\n\
         Log and history are kept in FTPOOL_CLIENT_HOME, or ftpool-client \
         below XDG_DATA_HOME or ~/.local/share.\n\
         The command help lists the commands.\n\n{}",
        Exit::help()
    )
    .into()
}

/// The server's silence that ends a session: it may be checking the
/// beginning of a large file meanwhile.
const SILENCE_SECS: u64 = 120;

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Args;

    #[test]
    fn the_definition_holds_and_help_has_the_exit_codes() {
        Args::command().debug_assert();
        let help = Args::command().render_long_help().to_string();
        for number in 0..=9 {
            let row = format!("\n  {number}  ");
            assert!(help.contains(&row), "{number} in {help}");
        }
    }

    #[test]
    fn a_password_is_never_an_argument() {
        assert!(Args::try_parse_from(["x", "mike:secret@h"]).is_err());
        assert!(Args::try_parse_from(["x", "--password", "p", "h"]).is_err());
        assert!(Args::try_parse_from(["x", "mike@h", "-c", "pwd"]).is_ok());
    }
}
