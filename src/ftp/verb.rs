//! The table of commands: it drives dispatch, arity, who may ask, HELP and
//! FEAT.
//!
//! Must not know: what a command does.

/// What a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table below says what each is")]
pub enum Verb {
    User,
    Pass,
    Acct,
    Cwd,
    Cdup,
    Smnt,
    Rein,
    Quit,
    Port,
    Pasv,
    Type,
    Stru,
    Mode,
    Retr,
    Stor,
    Stou,
    Appe,
    Allo,
    Rest,
    Rnfr,
    Rnto,
    Abor,
    Dele,
    Rmd,
    Mkd,
    Pwd,
    List,
    Nlst,
    Site,
    Syst,
    Stat,
    Help,
    Noop,
    Feat,
    Opts,
    Eprt,
    Epsv,
    Lang,
    Mdtm,
    Size,
    Mlst,
    Mlsd,
    Mfmt,
    Hash,
    Rang,
    Avbl,
    Host,
    Clnt,
    Security,
}

/// Whether a command has an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// None.
    None,
    /// One, which may be left out.
    Maybe,
    /// One.
    One,
}

/// Who may give a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Open,
    /// Who has signed in.
    User,
}

/// What becomes of what the commands before it have set up: REST, RANG and
/// ALLO for the next transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// It stays.
    Stays,
    /// It goes: this command used it, or has nothing to do with it.
    Goes,
}

/// One row.
#[derive(Debug)]
pub struct Row {
    /// The command.
    pub verb: Verb,
    /// Its word, in upper case.
    pub word: &'static str,
    /// Whether it has an argument.
    pub arity: Arity,
    /// Who may give it.
    pub access: Access,
    /// What becomes of the set-up.
    pub setup: Setup,
    /// The argument's form, for people.
    pub form: &'static str,
    /// Its line in the reply to FEAT, where it is an extension; what stands
    /// behind the word depends on the session.
    pub feature: Option<&'static str>,
}

use self::{
    Access::{Open, User},
    Arity::{Maybe, None as Nothing, One},
    Setup::{Goes, Stays},
};

/// All commands that are served or known: RFC 959's in the order of its
/// §4.1, then the extensions by their texts.
#[rustfmt::skip]
pub static VERBS: &[Row] = &[
    row(Verb::User, "USER", One,     Open, Goes,  "NAME",            None),
    row(Verb::Pass, "PASS", Maybe,   Open, Goes,  "PASSWORD",        None),
    row(Verb::Acct, "ACCT", One,     Open, Goes,  "ACCOUNT",         None),
    row(Verb::Cwd,  "CWD",  One,     User, Goes,  "DIRECTORY",       None),
    row(Verb::Cdup, "CDUP", Nothing, User, Goes,  "",                None),
    row(Verb::Smnt, "SMNT", One,     User, Goes,  "DIRECTORY",       None),
    row(Verb::Rein, "REIN", Nothing, Open, Goes,  "",                None),
    row(Verb::Quit, "QUIT", Nothing, Open, Goes,  "",                None),
    row(Verb::Port, "PORT", One,     User, Stays, "H1,H2,H3,H4,P1,P2", None),
    row(Verb::Pasv, "PASV", Nothing, User, Stays, "",                None),
    row(Verb::Type, "TYPE", One,     User, Stays, "A [N|T] | I | L 8", None),
    row(Verb::Stru, "STRU", One,     User, Stays, "F",               None),
    row(Verb::Mode, "MODE", One,     User, Stays, "S",               None),
    row(Verb::Retr, "RETR", One,     User, Goes,  "FILE",            None),
    row(Verb::Stor, "STOR", One,     User, Goes,  "FILE",            None),
    row(Verb::Stou, "STOU", Maybe,   User, Goes,  "",                None),
    row(Verb::Appe, "APPE", One,     User, Goes,  "FILE",            None),
    row(Verb::Allo, "ALLO", One,     User, Stays, "BYTES [R BYTES]", None),
    row(Verb::Rest, "REST", One,     User, Stays, "OFFSET",          Some("REST STREAM")),
    row(Verb::Rnfr, "RNFR", One,     User, Goes,  "NAME",            None),
    row(Verb::Rnto, "RNTO", One,     User, Goes,  "NAME",            None),
    row(Verb::Abor, "ABOR", Nothing, Open, Goes,  "",                None),
    row(Verb::Dele, "DELE", One,     User, Goes,  "FILE",            None),
    row(Verb::Rmd,  "RMD",  One,     User, Goes,  "DIRECTORY",       None),
    row(Verb::Mkd,  "MKD",  One,     User, Goes,  "DIRECTORY",       None),
    row(Verb::Pwd,  "PWD",  Nothing, User, Goes,  "",                None),
    row(Verb::List, "LIST", Maybe,   User, Goes,  "[PATH]",          None),
    row(Verb::Nlst, "NLST", Maybe,   User, Goes,  "[PATH]",          None),
    row(Verb::Site, "SITE", One,     User, Goes,  "COMMAND",         None),
    row(Verb::Syst, "SYST", Nothing, Open, Stays, "",                None),
    row(Verb::Stat, "STAT", Maybe,   User, Stays, "[PATH]",          None),
    row(Verb::Help, "HELP", Maybe,   Open, Stays, "[COMMAND]",       None),
    row(Verb::Noop, "NOOP", Nothing, Open, Stays, "",                None),
    // RFC 2389.
    row(Verb::Feat, "FEAT", Nothing, Open, Stays, "",                None),
    row(Verb::Opts, "OPTS", One,     Open, Stays, "COMMAND [OPTIONS]", None),
    // RFC 2428.
    row(Verb::Eprt, "EPRT", One,     User, Stays, "|FAMILY|ADDRESS|PORT|", Some("EPRT")),
    row(Verb::Epsv, "EPSV", Maybe,   User, Stays, "[FAMILY | ALL]",  Some("EPSV")),
    // RFC 2640.
    row(Verb::Lang, "LANG", Maybe,   Open, Stays, "[LANGUAGE]",      Some("LANG EN*")),
    // RFC 3659.
    row(Verb::Mdtm, "MDTM", One,     User, Stays, "FILE",            Some("MDTM")),
    row(Verb::Size, "SIZE", One,     User, Stays, "FILE",            Some("SIZE")),
    row(Verb::Mlst, "MLST", Maybe,   User, Stays, "[PATH]",          Some("MLST ")),
    row(Verb::Mlsd, "MLSD", Maybe,   User, Goes,  "[DIRECTORY]",     None),
    // draft-somers-ftp-mfxx, draft-bryan-ftpext-hash, draft-bryan-ftp-range,
    // draft-peterson-streamlined-ftp-command-extensions.
    row(Verb::Mfmt, "MFMT", One,     User, Stays, "TIME FILE",       Some("MFMT")),
    row(Verb::Hash, "HASH", One,     User, Goes,  "FILE",            Some("HASH ")),
    row(Verb::Rang, "RANG", One,     User, Stays, "FIRST LAST",      Some("RANG STREAM")),
    row(Verb::Avbl, "AVBL", Maybe,   User, Stays, "[DIRECTORY]",     Some("AVBL")),
    // RFC 7151, and a client's name.
    row(Verb::Host, "HOST", One,     Open, Stays, "NAME",            Some("HOST")),
    row(Verb::Clnt, "CLNT", One,     Open, Stays, "CLIENT",          Some("CLNT")),
    // RFC 1123 §4.1.3.1: the same under older names.
    row(Verb::Cwd,  "XCWD", One,     User, Goes,  "DIRECTORY",       None),
    row(Verb::Cdup, "XCUP", Nothing, User, Goes,  "",                None),
    row(Verb::Mkd,  "XMKD", One,     User, Goes,  "DIRECTORY",       None),
    row(Verb::Pwd,  "XPWD", Nothing, User, Goes,  "",                None),
    row(Verb::Rmd,  "XRMD", One,     User, Goes,  "DIRECTORY",       None),
    // RFC 2228: known, and not in this version.
    row(Verb::Security, "AUTH", Maybe, Open, Stays, "MECHANISM",     None),
    row(Verb::Security, "PBSZ", Maybe, Open, Stays, "SIZE",          None),
    row(Verb::Security, "PROT", Maybe, Open, Stays, "LEVEL",         None),
    row(Verb::Security, "CCC",  Maybe, Open, Stays, "",              None),
    row(Verb::Security, "ADAT", Maybe, Open, Stays, "DATA",          None),
];

/// What FEAT says beside the rows: properties that are no commands.
pub const PROPERTIES: &[&str] = &["TVFS", "UTF8"];

/// The row of a word of any case.
pub fn find(word: &[u8]) -> Option<&'static Row> {
    VERBS.iter().find(|row| row.word.as_bytes().eq_ignore_ascii_case(word))
}

const fn row(
    verb: Verb,
    word: &'static str,
    arity: Arity,
    access: Access,
    setup: Setup,
    form: &'static str,
    feature: Option<&'static str>,
) -> Row {
    Row { verb, word, arity, access, setup, form, feature }
}

impl Row {
    /// Whether it is served, and not only known.
    pub fn is_served(&self) -> bool {
        !matches!(self.verb, Verb::Security | Verb::Smnt)
    }
}

#[cfg(test)]
mod tests {
    use super::{VERBS, find};

    #[test]
    fn words_are_found_whatever_their_case_and_stand_once() {
        for row in VERBS {
            let lower = row.word.to_ascii_lowercase();
            let found = find(lower.as_bytes()).expect("it is in the table");
            assert!(std::ptr::eq(found, row), "{} stands twice", row.word);
        }
        assert!(find(b"XYZZY").is_none() && find(b"").is_none());
    }
}
