//! The table of commands: it drives parsing, `help` and completion.
//!
//! Must not know: how a command is carried out.

use super::{error::Error, shown};
use crate::pattern;

/// One command, whole and well-formed. Names are bytes as they were typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Go to a directory; without one, to the root.
    Cd(Option<Vec<u8>>),
    /// Make a directory.
    Mkdir(Vec<u8>),
    /// Say the current directory.
    Pwd,
    /// List a directory.
    Dir(Option<Vec<u8>>),
    /// Fetch a file.
    Get {
        /// Its name there.
        file: Vec<u8>,
        /// Its name here, if another.
        local: Option<Vec<u8>>,
        /// Replace a file of other content.
        force: bool,
    },
    /// Bring a file.
    Put {
        /// Its name here.
        file: Vec<u8>,
        /// Its name there, if another.
        remote: Option<Vec<u8>>,
    },
    /// Remove a file.
    Rm(Vec<u8>),
    /// Remove an empty directory.
    Rmdir(Vec<u8>),
    /// Give another name.
    Mv(Vec<u8>, Vec<u8>),
    /// Say how much space is left.
    Quota,
    /// Fetch many files.
    Mget {
        /// Names and patterns.
        patterns: Vec<Vec<u8>>,
        /// Replace files of other content.
        force: bool,
    },
    /// Bring many files: names and patterns.
    Mput(Vec<Vec<u8>>),
    /// Change the local folder.
    Lcd(Option<Vec<u8>>),
    /// Say the local folder.
    Lpwd,
    /// List a local folder.
    Ldir(Option<Vec<u8>>),
    /// Say which commands there are.
    Help(Option<Vec<u8>>),
    /// Leave.
    Quit,
}

/// What an argument names, for completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// A command.
    Commands,
    /// Something on the server.
    Remote,
    /// A directory on the server.
    RemoteFolders,
    /// Something here.
    Local,
    /// A folder here.
    LocalFolders,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Row {
    /// The words that call it, the proper one first.
    pub(super) words: &'static [&'static str],
    /// The fewest arguments and the most.
    count: (usize, usize),
    /// What they name; the last goes for all that follow.
    pub(super) names: &'static [Names],
    /// Whether it takes `-f`.
    force: bool,
    /// Its form, for people.
    form: &'static str,
    /// What it does, for people.
    about: &'static str,
    make: fn(Given) -> Command,
}

/// The arguments of a command, counted already.
struct Given {
    force: bool,
    first: Option<Vec<u8>>,
    rest: Vec<Vec<u8>>,
}

/// All commands, those of the assignment first.
pub(super) const ROWS: &[Row] = &[
    Row {
        words: &["cd"],
        count: (0, 1),
        names: &[Names::RemoteFolders],
        force: false,
        form: "cd [DIR]",
        about: "go to a directory of the server; without DIR, to the root",
        make: |given| Command::Cd(given.first.map(name)),
    },
    Row {
        words: &["cd.."],
        count: (0, 0),
        names: &[],
        force: false,
        form: "cd..",
        about: "go to the directory above",
        make: |_| Command::Cd(Some(b"..".to_vec())),
    },
    Row {
        words: &["mkdir"],
        count: (1, 1),
        names: &[Names::RemoteFolders],
        force: false,
        form: "mkdir DIR",
        about: "make a directory",
        make: |given| Command::Mkdir(given.one()),
    },
    Row {
        words: &["pwd"],
        count: (0, 0),
        names: &[],
        force: false,
        form: "pwd",
        about: "say the current directory of the server",
        make: |_| Command::Pwd,
    },
    Row {
        words: &["dir", "ls"],
        count: (0, 1),
        names: &[Names::Remote],
        force: false,
        form: "dir [PATH]",
        about: "list a directory, or one file; times are UTC",
        make: |given| Command::Dir(given.first.map(name)),
    },
    Row {
        words: &["get"],
        count: (1, 2),
        names: &[Names::Remote, Names::Local],
        force: true,
        form: "get [-f] FILE [LOCAL]",
        about: "fetch a file; resumes what is here (FILE.part, or FILE); \
                -f replaces a local file of other content",
        make: |given| Command::Get {
            force: given.force,
            local: given.rest.first().cloned().map(name),
            file: given.one(),
        },
    },
    Row {
        words: &["put"],
        count: (1, 2),
        names: &[Names::Local, Names::Remote],
        force: false,
        form: "put FILE [REMOTE]",
        about: "bring a file; resumes what the server has kept of it, and \
                replaces an older file of the name",
        make: |given| Command::Put {
            remote: given.rest.first().cloned().map(name),
            file: given.one(),
        },
    },
    Row {
        words: &["rm"],
        count: (1, 1),
        names: &[Names::Remote],
        force: false,
        form: "rm FILE",
        about: "remove a file",
        make: |given| Command::Rm(given.one()),
    },
    Row {
        words: &["rmdir"],
        count: (1, 1),
        names: &[Names::RemoteFolders],
        force: false,
        form: "rmdir DIR",
        about: "remove an empty directory",
        make: |given| Command::Rmdir(given.one()),
    },
    Row {
        words: &["mv"],
        count: (2, 2),
        names: &[Names::Remote],
        force: false,
        form: "mv FROM TO",
        about: "give a file or directory another name",
        make: |given| {
            let to = given.rest.first().cloned().unwrap_or_default();
            Command::Mv(given.one(), name(to))
        },
    },
    Row {
        words: &["quota"],
        count: (0, 0),
        names: &[],
        force: false,
        form: "quota",
        about: "say how much space is used and left",
        make: |_| Command::Quota,
    },
    Row {
        words: &["mget"],
        count: (1, ARGUMENTS_MAX),
        names: &[Names::Remote],
        force: true,
        form: "mget [-f] PATTERN...",
        about: "fetch all files that fit: * ? [a-z]; links are left out, \
                and so are hidden files unless the pattern begins with a dot",
        make: |given| Command::Mget {
            force: given.force,
            patterns: given.all(),
        },
    },
    Row {
        words: &["mput"],
        count: (1, ARGUMENTS_MAX),
        names: &[Names::Local],
        force: false,
        form: "mput PATTERN...",
        about: "bring all local files that fit",
        make: |given| Command::Mput(given.all()),
    },
    Row {
        words: &["lcd"],
        count: (0, 1),
        names: &[Names::LocalFolders],
        force: false,
        form: "lcd [DIR]",
        about: "change the local folder; without DIR, to your home",
        make: |given| Command::Lcd(given.first.map(name)),
    },
    Row {
        words: &["lpwd"],
        count: (0, 0),
        names: &[],
        force: false,
        form: "lpwd",
        about: "say the local folder",
        make: |_| Command::Lpwd,
    },
    Row {
        words: &["ldir", "lls"],
        count: (0, 1),
        names: &[Names::Local],
        force: false,
        form: "ldir [PATH]",
        about: "list a local folder, or one file; times are UTC",
        make: |given| Command::Ldir(given.first.map(name)),
    },
    Row {
        words: &["help", "?"],
        count: (0, 1),
        names: &[Names::Commands],
        force: false,
        form: "help [COMMAND]",
        about: "say which commands there are",
        make: |given| Command::Help(given.first),
    },
    Row {
        words: &["quit", "exit", "bye"],
        count: (0, 0),
        names: &[],
        force: false,
        form: "quit",
        about: "leave",
        make: |_| Command::Quit,
    },
];

/// The row that a word calls.
pub(super) fn row(word: &[u8]) -> Option<&'static Row> {
    let is = |known: &&str| known.as_bytes().eq_ignore_ascii_case(word);
    ROWS.iter().find(|row| row.words.iter().any(is))
}

/// Reads a command from its words.
///
/// # Errors
///
/// [`Error::Usage`]: no such command, or not its arguments.
pub(super) fn parse(words: Vec<Vec<u8>>) -> Result<Command, Error> {
    let mut words = words.into_iter();
    let word = words.next().unwrap_or_default();
    let Some(row) = row(&word) else {
        return Err(Error::Usage(format!(
            "{}: no such command; try help",
            shown::name(&word)
        )));
    };
    let usage = || Error::Usage(format!("usage: {}", row.form));
    let mut force = false;
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut options = row.force;
    for word in words {
        match word.as_slice() {
            b"--" if options => options = false,
            b"-f" if options => force = true,
            [b'-', _, ..] if options => return Err(usage()),
            _ => names.push(word),
        }
    }
    let (least, most) = row.count;
    let empty = names.iter().any(Vec::is_empty);
    if names.len() < least || names.len() > most || empty {
        return Err(usage());
    }
    let mut names = names.into_iter();
    let first = names.next();
    Ok((row.make)(Given { force, first, rest: names.collect() }))
}

/// What `help` prints, of one command or of all.
pub(super) fn help(of: Option<&[u8]>) -> Result<String, Error> {
    if let Some(word) = of {
        let Some(row) = row(word) else {
            return Err(Error::Usage("no such command".into()));
        };
        return Ok(format!("{}\n    {}\n", row.form, row.about));
    }
    let rows = ROWS.iter().map(|row| {
        let about = row.about.split(';').next().unwrap_or_default();
        format!("{:<24}{about}\n", row.form)
    });
    let more = "\nNames with spaces: 'a b', \"a b\" or a\\ b. Several commands \
                in a line: cd a; get b\n";
    Ok(rows.chain([more.to_owned()]).collect())
}

impl Command {
    /// What a failure of it is about.
    pub(super) fn subject(&self) -> String {
        let of = |bytes: &[u8]| shown::name(bytes);
        let maybe = |bytes: &Option<Vec<u8>>, otherwise: &str| match bytes {
            Some(bytes) => shown::name(bytes),
            None => otherwise.into(),
        };
        match self {
            Command::Cd(to) => maybe(to, "cd"),
            Command::Dir(path) => maybe(path, "dir"),
            Command::Ldir(path) => maybe(path, "ldir"),
            Command::Lcd(to) => maybe(to, "lcd"),
            Command::Help(of) => maybe(of, "help"),
            Command::Mkdir(path)
            | Command::Rm(path)
            | Command::Rmdir(path)
            | Command::Get { file: path, .. }
            | Command::Put { file: path, remote: None } => of(path),
            Command::Put { file: from, remote: Some(to) } => {
                format!("{} to {}", of(from), of(to))
            }
            Command::Mv(from, to) => format!("{} to {}", of(from), of(to)),
            Command::Mget { .. } => "mget".into(),
            Command::Mput(_) => "mput".into(),
            Command::Pwd => "pwd".into(),
            Command::Quota => "quota".into(),
            Command::Lpwd => "lpwd".into(),
            Command::Quit => "quit".into(),
        }
    }
}

impl Given {
    fn one(self) -> Vec<u8> {
        name(self.first.unwrap_or_default())
    }

    fn all(self) -> Vec<Vec<u8>> {
        self.first.into_iter().chain(self.rest).collect()
    }
}

/// A word as a name: what was kept for patterns is undone.
fn name(word: Vec<u8>) -> Vec<u8> {
    pattern::literal(&word)
}

/// The most arguments of one command: what a line can hold is bounded, too.
const ARGUMENTS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::{Command, ROWS, help, parse};
    use crate::client::words;

    fn parsed(line: &str) -> Option<Command> {
        let mut commands = words::commands(line).ok()?;
        parse(commands.remove(0)).ok()
    }

    #[test]
    fn commands_with_their_arguments() {
        let get = |file: &str, local: Option<&str>, force| {
            let local = local.map(|name| name.as_bytes().to_vec());
            Some(Command::Get { file: file.into(), local, force })
        };
        assert_eq!(parsed("get a"), get("a", None, false));
        assert_eq!(parsed("GET -f 'a b' c"), get("a b", Some("c"), true));
        assert_eq!(parsed("get -- -f"), get("-f", None, false));
        assert_eq!(parsed("get a\\*"), get("a*", None, false));
        assert_eq!(parsed("cd.."), Some(Command::Cd(Some(b"..".to_vec()))));
        assert_eq!(parsed("cd"), Some(Command::Cd(None)));
        assert_eq!(parsed("rm -f"), Some(Command::Rm(b"-f".to_vec())));
        assert_eq!(
            parsed("mget *.a b"),
            Some(Command::Mget {
                patterns: vec![b"*.a".to_vec(), b"b".to_vec()],
                force: false,
            })
        );
    }

    #[test]
    fn what_is_no_command_is_a_usage_error() {
        for line in [
            "nonsense",
            "get",
            "get a b c",
            "get -x a",
            "pwd a",
            "mv a",
            "mkdir ''",
            "mget",
            "cd a b",
        ] {
            assert_eq!(parsed(line), None, "{line}");
        }
    }

    #[test]
    fn help_names_every_command() {
        let all = help(None).expect("a text");
        for row in ROWS {
            assert!(all.contains(row.form), "{}", row.form);
            let one = help(Some(row.words[0].as_bytes())).expect("a text");
            assert!(one.contains(row.about));
        }
        assert!(help(Some(b"nonsense")).is_err());
    }
}
