//! Which codes each command may have: RFC 959 §5.4 with the tables of its
//! extensions, and with the rulings where the texts disagree.
//!
//! A table and nothing else. 421 is allowed everywhere (RFC 959 §4.2.1), and
//! so are 500, 501, 502 and 530: a server may know less, and a session may
//! not be signed in.

/// A command's codes: those that begin, and those that end it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The verb.
    pub verb: &'static str,
    /// Preliminary and final codes, besides those of `EVERYWHERE`.
    pub codes: &'static [&'static str],
}

/// The row of a verb; an X-form has that of its standard verb.
pub fn row(verb: &str) -> Option<&'static Row> {
    let plain = match verb {
        "XCWD" => "CWD",
        "XCUP" => "CDUP",
        "XMKD" => "MKD",
        "XRMD" => "RMD",
        "XPWD" => "PWD",
        other => other,
    };
    ROWS.iter().find(|row| row.verb == plain)
}

/// Whether the command may be answered so.
pub fn allows(verb: &str, code: &str) -> bool {
    EVERYWHERE.contains(&code)
        || row(verb).is_some_and(|row| {
            row.codes.contains(&code)
                || row.codes.contains(&"any") && !code.starts_with('1')
        })
}

/// Whether any of the RFCs defines the code.
pub fn is_defined(code: &str) -> bool {
    DEFINED.contains(&code)
}

/// Codes that every command may have.
pub const EVERYWHERE: [&str; 5] = ["421", "500", "501", "502", "530"];

/// In the order of RFC 959 §4.1, then the extensions.
pub const ROWS: [Row; 50] = [
    row_of("USER", &["230", "331", "332"]),
    row_of("PASS", &["230", "202", "332", "503"]),
    row_of("ACCT", &["230", "202", "503"]),
    row_of("CWD", &["250", "550"]),
    // The prose has 250, the table 200.
    row_of("CDUP", &["200", "250", "550"]),
    row_of("SMNT", &["202", "250", "550"]),
    row_of("REIN", &["120", "220"]),
    row_of("QUIT", &["221"]),
    // After EPSV ALL they are refused, and RFC 2428 §3 gives no code for it;
    // 504 is RFC 2577 §3's.
    row_of("PORT", &["200", "503", "504", "550"]),
    row_of("PASV", &["227", "425", "503", "504", "550"]),
    row_of("TYPE", &["200", "504"]),
    row_of("STRU", &["200", "504"]),
    row_of("MODE", &["200", "504"]),
    // 550 and 554 are not in the table; RFC 1123 §4.1.3.4 has 554 and 555.
    row_of(
        "RETR",
        &[
            "110", "125", "150", "226", "250", "425", "426", "450", "451",
            "550", "554", "555",
        ],
    ),
    row_of("STOR", STORING),
    row_of("STOU", STORING),
    row_of("APPE", STORING),
    row_of("ALLO", &["200", "202", "504", "552"]),
    row_of("REST", &["350", "504", "555"]),
    row_of("RNFR", &["350", "450", "550"]),
    row_of("RNTO", &["250", "503", "532", "550", "552", "553"]),
    row_of("ABOR", &["225", "226"]),
    row_of("DELE", &["250", "450", "550"]),
    row_of("RMD", &["250", "450", "550"]),
    // The example of Appendix II has 521 for a name that is taken.
    row_of("MKD", &["257", "521", "550", "552"]),
    row_of("PWD", &["257", "550"]),
    row_of("LIST", LISTING),
    row_of("NLST", LISTING),
    row_of("SITE", &["any"]),
    row_of("SYST", &["215"]),
    row_of("STAT", &["211", "212", "213", "450", "550"]),
    row_of("HELP", &["211", "214", "504"]),
    row_of("NOOP", &["200"]),
    row_of("FEAT", &["211"]),
    row_of("OPTS", &["200", "451"]),
    row_of("EPRT", &["200", "503", "504", "522", "550"]),
    // The success code of EPSV ALL is nowhere given.
    row_of("EPSV", &["229", "200", "220", "425", "503", "522"]),
    row_of("LANG", &["200", "504"]),
    row_of("SIZE", &["213", "450", "451", "550"]),
    row_of("MDTM", &["213", "450", "451", "550"]),
    row_of("MFMT", &["213", "504", "550"]),
    row_of("MLST", &["250", "450", "451", "550"]),
    row_of("MLSD", LISTING),
    row_of("AUTH", &["234", "334", "431", "503", "504", "534"]),
    row_of("PBSZ", &["200", "503"]),
    row_of("PROT", &["200", "503", "504", "521", "522", "534", "536"]),
    row_of("CCC", &["200", "533", "534"]),
    row_of("HOST", &["220", "503", "504"]),
    row_of("HASH", &["213", "450", "504", "550", "552", "553", "556"]),
    row_of("AVBL", &["213", "550"]),
];

/// 550 is not in the table; every server has it.
const STORING: &[&str] = &[
    "110", "125", "150", "226", "250", "425", "426", "450", "451", "452",
    "532", "550", "551", "552", "553", "554", "555",
];

/// 550 is not in the table of LIST; every server has it.
const LISTING: &[&str] =
    &["125", "150", "226", "250", "425", "426", "450", "451", "550"];

/// RFC 959 §4.2.2, and what its extensions have added.
const DEFINED: [&str; 66] = [
    "110", "120", "125", "150", "200", "202", "211", "212", "213", "214",
    "215", "220", "221", "225", "226", "227", "229", "230", "232", "234",
    "235", "250", "257", "331", "332", "334", "335", "336", "350", "421",
    "425", "426", "430", "431", "434", "450", "451", "452", "500", "501",
    "502", "503", "504", "521", "522", "530", "532", "533", "534", "535",
    "536", "537", "550", "551", "552", "553", "554", "555", "556", "631",
    "632", "633", "252", "253", "228", "251",
];

const fn row_of(verb: &'static str, codes: &'static [&'static str]) -> Row {
    Row { verb, codes }
}
