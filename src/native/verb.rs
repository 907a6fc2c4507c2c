//! The table of the native protocol's verbs (§4). It drives decoding,
//! encoding, `help` and what may come before authentication.
//!
//! Must not know: what a verb does.

/// A command word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// `auth USER PASSWORD`
    Auth,
    /// `cd [DIR]`
    Cd,
    /// `cd..`
    CdUp,
    /// `mkdir DIR`
    Mkdir,
    /// `pwd`
    Pwd,
    /// `dir [PATH]`
    Dir,
    /// `get FILE [have=N] [digest=D]`
    Get,
    /// `put FILE size=N [digest=D]`
    Put,
    /// `rm FILE`
    Rm,
    /// `rmdir DIR`
    Rmdir,
    /// `mv FROM TO`
    Mv,
    /// `quota`
    Quota,
    /// `noop`
    Noop,
    /// `help`
    Help,
    /// `quit`
    Quit,
}

/// One row: all that a decoder needs to know of a verb.
#[derive(Debug)]
pub struct Row {
    /// The verb.
    pub verb: Verb,
    /// Its word, in lower case.
    pub word: &'static str,
    /// The fewest positional tokens.
    pub least: usize,
    /// The most positional tokens; what follows are options.
    pub most: usize,
    /// The options it takes.
    pub options: &'static [&'static str],
    /// Whether it is served before authentication.
    pub open: bool,
    /// Its form, for people.
    pub form: &'static str,
}

/// All verbs, in the order of §4's table.
pub const VERBS: &[Row] = &[
    row(Verb::Auth, "auth", 2, 2, &[], true, "auth USER PASSWORD"),
    row(Verb::Cd, "cd", 0, 1, &[], false, "cd [DIR]"),
    row(Verb::CdUp, "cd..", 0, 0, &[], false, "cd.."),
    row(Verb::Mkdir, "mkdir", 1, 1, &[], false, "mkdir DIR"),
    row(Verb::Pwd, "pwd", 0, 0, &[], false, "pwd"),
    row(Verb::Dir, "dir", 0, 1, &[], false, "dir [PATH]"),
    row(
        Verb::Get,
        "get",
        1,
        1,
        &["have", "digest"],
        false,
        "get FILE [have=N] [digest=D]",
    ),
    row(
        Verb::Put,
        "put",
        1,
        1,
        &["size", "digest"],
        false,
        "put FILE size=N [digest=D]",
    ),
    row(Verb::Rm, "rm", 1, 1, &[], false, "rm FILE"),
    row(Verb::Rmdir, "rmdir", 1, 1, &[], false, "rmdir DIR"),
    row(Verb::Mv, "mv", 2, 2, &[], false, "mv FROM TO"),
    row(Verb::Quota, "quota", 0, 0, &[], false, "quota"),
    row(Verb::Noop, "noop", 0, 0, &[], false, "noop"),
    row(Verb::Help, "help", 0, 0, &[], true, "help"),
    row(Verb::Quit, "quit", 0, 0, &[], true, "quit"),
];

/// The row of a word of any case.
pub fn find(word: &str) -> Option<&'static Row> {
    VERBS.iter().find(|row| row.word.eq_ignore_ascii_case(word))
}

const fn row(
    verb: Verb,
    word: &'static str,
    least: usize,
    most: usize,
    options: &'static [&'static str],
    open: bool,
    form: &'static str,
) -> Row {
    Row { verb, word, least, most, options, open, form }
}
