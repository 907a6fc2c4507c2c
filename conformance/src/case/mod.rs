//! The scenario language: what a YAML file may say, as types.
//!
//! Nothing here plays a scenario or knows a socket. Unknown keys, repeated
//! keys and wrong types are refused while reading, with line and column;
//! what types cannot say is in `check`. docs/scenarios.md is the text for
//! people; a key added here is added there.

pub mod check;
mod data;
mod expect;
mod facts;
mod step;
mod values;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_saphyr::Spanned;

pub use data::*;
pub use expect::*;
pub use step::*;
pub use values::*;

/// One file of scenarios.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The version of the language: 1.
    pub schema: u32,
    /// What the scenarios speak.
    #[serde(default)]
    pub dialect: Dialect,
    /// Byte strings that all scenarios of the file may name.
    #[serde(default)]
    pub payloads: BTreeMap<String, Bytes>,
    /// The scenarios, in the order in which they are listed.
    pub scenarios: Vec<Spanned<Scenario>>,
}

/// What a scenario, and the server that it judges, speaks.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Deserialize,
    Eq,
    Ord,
    PartialEq,
    PartialOrd,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// The native protocol.
    #[default]
    Native,
    /// FTP: RFC 959 and its family.
    Ftp,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dialect::Native => "native",
            Dialect::Ftp => "ftp",
        })
    }
}

/// One scenario as it stands in a file, before its matrix is spread out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The stable slug, `get.resume.middle`; never used for another meaning.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// The requirement, in our own words.
    pub rule: String,
    /// The RFC's number, where it is not the native protocol's text.
    pub rfc: Option<u32>,
    /// Where the text says so: `5`, `7.12`.
    pub section: String,
    /// How binding the rule is.
    pub level: Level,
    /// How an open question of the text was decided, where it was.
    pub ruling: Option<String>,
    /// What the scenario cannot do without, beyond what its steps show.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// True where other load on the machine would spoil the timing.
    #[serde(default)]
    pub serial: bool,
    /// The longest that the whole scenario may take.
    #[serde(default = "timeout_default")]
    pub timeout: Millis,
    /// Settings of the server, for one that the suite starts itself.
    pub server: Option<ServerSettings>,
    /// False where the scenario wants no folder of its own made for it.
    pub folder: Option<bool>,
    /// Named byte strings.
    #[serde(default)]
    pub payloads: BTreeMap<String, Bytes>,
    /// What lies in the scenario's folder before the first step.
    #[serde(default)]
    pub fixture: BTreeMap<String, Entry>,
    /// Rows of values; the scenario is played once with each.
    #[serde(default)]
    pub matrix: Vec<BTreeMap<String, Spanned<String>>>,
    /// True where every control connection of the run is the test: the
    /// scenario has no steps, and its id names a rule of the lint.
    #[serde(default)]
    pub watched: bool,
    /// What happens.
    #[serde(default)]
    pub steps: Vec<Spanned<Step>>,
    /// The lies that this scenario catches.
    #[serde(default)]
    pub kills: Vec<String>,
}

impl Scenario {
    /// Where the text says so, for people: `§5`, `RFC 959 §4.1.1`.
    pub fn place(&self) -> String {
        match self.rfc {
            Some(rfc) => format!("RFC {rfc} §{}", self.section),
            None => format!("§{}", self.section),
        }
    }
}

/// How binding a rule is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A server that does not keep it fails.
    Must,
    /// A server that does not keep it is warned, and fails when strict.
    Should,
    /// The text leaves it open; what was seen is told.
    May,
    /// No text binds: advice, or what clients count on; told as well.
    Info,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Must => "must",
            Level::Should => "should",
            Level::May => "may",
            Level::Info => "info",
        })
    }
}

/// What a scenario cannot do without.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// The name and password of a second user.
    SecondUser,
    /// How many connections the server serves at once.
    Limit,
    /// The server's root folder can be read and written.
    Disk,
    /// TLS from the first byte.
    Tls,
    /// The suite started the server and may change, stop and restart it.
    Managed,
    /// Permission bits bind the server: it does not run as root.
    Unprivileged,
    /// The user may make folders and files.
    Write,
    /// FTP: a line of FEAT begins with these words.
    Feat(String),
    /// FTP: the command is known, by a probe that is not told 500 or 502.
    Verb(String),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Need::SecondUser => "second_user",
            Need::Limit => "limit",
            Need::Disk => "disk",
            Need::Tls => "tls",
            Need::Managed => "managed",
            Need::Unprivileged => "unprivileged",
            Need::Write => "write",
            Need::Feat(words) => return write!(f, "feat {words}"),
            Need::Verb(verb) => return write!(f, "verb {verb}"),
        })
    }
}

/// The settings that a scenario wants, over the suite's own defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// How many connections are served at once.
    pub max_users: Option<u64>,
    /// The waiting line: `places_max`, `secs_max`.
    pub waiting: Option<BTreeMap<String, u64>>,
    /// The quota of users without one of their own: `10MiB` or bytes.
    pub default_quota: Option<String>,
    /// The first user's own quota.
    pub quota: Option<String>,
    /// Further users by name.
    #[serde(default)]
    pub users: Vec<UserSettings>,
    /// `login_secs`, `idle_secs`, `stall_secs`, `login_failures`, …
    pub limits: Option<BTreeMap<String, u64>>,
}

/// One more user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserSettings {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// The quota, where it is not the default one.
    pub quota: Option<String>,
}

/// A scenario ready to be played: one row of its matrix, and its file.
#[derive(Clone, Debug)]
pub struct Case {
    /// The slug, with `[row]` where there is a matrix.
    pub id: String,
    /// What it speaks.
    pub dialect: Dialect,
    /// The file, as it is named in messages.
    pub file: String,
    /// The line on which the scenario begins.
    pub line: u64,
    /// The matrix row's values.
    pub row: BTreeMap<String, String>,
    /// The byte strings of the file and of the scenario.
    pub payloads: BTreeMap<String, Bytes>,
    /// Everything else.
    pub scenario: Scenario,
}

impl Case {
    /// The group that reports put the case in: the first word of its slug.
    pub fn group(&self) -> &str {
        self.id.split(['.', '[']).next().unwrap_or(&self.id)
    }

    /// All that the case needs: what it says and what its steps show.
    pub fn needs(&self) -> Vec<Need> {
        let mut needs = self.scenario.needs.clone();
        if self.scenario.server.is_some() {
            needs.push(Need::Managed);
        }
        if self.scenario.fixture.values().any(Entry::is_on_disk_only) {
            needs.push(Need::Disk);
        }
        if self.scenario.fixture.values().any(|e| e.mode.is_some()) {
            needs.push(Need::Unprivileged);
        }
        visit(&self.scenario.steps, &mut |step| step.needs(&mut needs));
        needs.sort();
        needs.dedup();
        needs
    }

    /// Whether a folder is made for the case before its first step.
    pub fn has_folder(&self) -> bool {
        let mut wanted = !self.scenario.fixture.is_empty();
        visit(&self.scenario.steps, &mut |step| {
            wanted |= step.wants_folder();
        });
        self.scenario.folder.unwrap_or(wanted)
    }
}

fn timeout_default() -> Millis {
    Millis(30_000)
}
