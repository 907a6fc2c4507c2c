//! The exit codes of the program: one closed list, which `--help` prints.
//!
//! Must not know: what leads to a code; that is `error`.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Ok,
    /// Anything that has no code of its own.
    Other,
    /// Wrong arguments, or a command that is none.
    Usage,
    /// The server cannot be reached, or has no place.
    Unreachable,
    /// Not signed in.
    Authentication,
    /// No such file or directory, there or here.
    NotFound,
    /// The name is taken, there or here.
    Exists,
    /// The bytes do not fit, there or here.
    NoSpace,
    /// A transfer ended early; what arrived can be resumed.
    Broken,
    /// The server was silent too long, or found us so.
    Timeout,
}

impl Exit {
    /// Its number and what it means, in the order of the numbers.
    const TABLE: [(Exit, u8, &'static str); 10] = [
        (Exit::Ok, 0, "ok"),
        (Exit::Other, 1, "any other failure"),
        (Exit::Usage, 2, "wrong usage"),
        (Exit::Unreachable, 3, "cannot connect, or the server is busy"),
        (Exit::Authentication, 4, "authentication failed"),
        (Exit::NotFound, 5, "no such file or directory"),
        (Exit::Exists, 6, "it exists already; nothing was overwritten"),
        (Exit::NoSpace, 7, "no space left"),
        (Exit::Broken, 8, "a transfer broke off; the same again resumes it"),
        (Exit::Timeout, 9, "timeout"),
    ];

    /// The number that the program ends with.
    pub fn number(self) -> u8 {
        let row = Exit::TABLE.iter().find(|(exit, ..)| *exit == self);
        row.map_or(1, |(_, number, _)| *number)
    }

    /// The table, for `--help`.
    pub(super) fn help() -> String {
        let rows = Exit::TABLE
            .iter()
            .map(|(_, number, meaning)| format!("  {number}  {meaning}\n"));
        format!("Exit codes:\n{}", rows.collect::<String>())
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_table_holds_every_code_once_and_in_order() {
        for (at, (exit, number, _)) in Exit::TABLE.iter().enumerate() {
            assert_eq!(usize::from(*number), at);
            assert_eq!(usize::from(exit.number()), at);
        }
    }
}
