//! What the types of the language cannot say: one act a step, names that
//! exist, codes that are codes, patterns that compile.
//!
//! Everything found here would otherwise show as an error in the middle of a
//! run, or, worse, as a scenario that checks nothing.

use std::collections::{BTreeMap, BTreeSet};

use regex::bytes::Regex;
use serde_saphyr::Spanned;

use super::{Bytes, Case, CaseFile, Connect, Dialect, Expect, Scenario, Step};
use crate::ftp::lint::RULES;
use crate::ftp::table::is_defined;
use crate::payload::Source;
use crate::template::{Scope, names_in};

/// Where in the file, where that is known: line and column.
pub type Place = Option<(u64, u64)>;

/// One case for each row of the scenario's matrix; one without rows.
pub fn spread(
    file: &CaseFile,
    scenario: &Spanned<Scenario>,
    name: &str,
) -> Vec<Case> {
    let plain = BTreeMap::new();
    let rows = match &scenario.value.matrix[..] {
        [] => vec![&plain],
        rows => rows.iter().collect(),
    };
    let mut payloads = file.payloads.clone();
    payloads.extend(scenario.value.payloads.clone());
    for (path, entry) in &scenario.value.fixture {
        if let Some(bytes) = &entry.file {
            payloads.insert(path.clone(), bytes.clone());
        }
    }
    rows.into_iter()
        .map(|row| Case {
            id: match row.get("name") {
                Some(row) => {
                    format!("{}[{}]", scenario.value.id, row.value)
                }
                None => scenario.value.id.clone(),
            },
            dialect: file.dialect,
            file: name.to_owned(),
            line: scenario.referenced.line(),
            row: row
                .iter()
                .map(|(key, value)| (key.clone(), value.value.clone()))
                .collect(),
            payloads: payloads.clone(),
            scenario: scenario.value.clone(),
        })
        .collect()
}

/// What is wrong with a matrix. A `${…}` in a value would be sent as it
/// stands, since what is filled in is not looked at again; and of a variable
/// that every scenario has, one of two values would silently be lost.
pub fn matrix_problems(
    dialect: Dialect,
    scenario: &Scenario,
) -> Vec<(Place, String)> {
    let is_taken = |key: &str| {
        BUILT_IN.contains(&key)
            || dialect == Dialect::Ftp && FTP_BUILT_IN.contains(&key)
    };
    let mut problems = Vec::new();
    for (key, value) in scenario.matrix.iter().flatten() {
        let place = (value.referenced.line(), value.referenced.column());
        if value.value.contains("${") {
            let message = format!(
                "`{key}` of a matrix is a plain value, nothing is filled in \
                 there: {:?}",
                value.value
            );
            problems.push((Some(place), message));
        }
        if is_taken(key) {
            let message = format!(
                "`{key}` of a matrix has another meaning in every scenario; \
                 give it another name"
            );
            problems.push((Some(place), message));
        }
    }
    problems
}

/// All that is wrong with a case.
pub fn problems(case: &Case) -> Vec<(Place, String)> {
    let mut found = Checker::new(case);
    found.head(case);
    found.steps(&case.scenario.steps);
    found.problems
}

struct Checker {
    dialect: Dialect,
    problems: Vec<(Place, String)>,
    place: Place,
    known: BTreeSet<String>,
    scope: Scope,
}

impl Checker {
    fn new(case: &Case) -> Checker {
        let mut known: BTreeSet<String> =
            BUILT_IN.iter().map(|name| (*name).to_owned()).collect();
        if case.dialect == Dialect::Ftp {
            known.extend(FTP_BUILT_IN.iter().map(|name| (*name).to_owned()));
        }
        known.extend(case.row.keys().cloned());
        super::visit(&case.scenario.steps, &mut |step| {
            known.extend(step.set.iter().flat_map(|set| set.keys().cloned()));
            let read = step.read.as_ref().and_then(|r| r.capture.clone());
            known.extend(read.iter().map(|name| format!("{name}_size")));
            known.extend(read);
            let expects = step.expectations();
            for one in expects.flat_map(|e| [e].into_iter().chain(&e.any_of)) {
                known.extend(one.capture.keys().cloned());
            }
        });
        let mut scope = Scope {
            payloads: case.payloads.clone().into(),
            ..Scope::default()
        };
        scope.vars.extend(case.row.clone());
        scope.set("dir", "dir");
        let dialect = case.dialect;
        Checker { dialect, problems: Vec::new(), place: None, known, scope }
    }

    fn bad(&mut self, message: impl Into<String>) {
        self.problems.push((self.place, message.into()));
    }

    fn head(&mut self, case: &Case) {
        let scenario = &case.scenario;
        let slug = |c: char| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c)
        };
        if scenario.id.is_empty() || !scenario.id.chars().all(slug) {
            self.bad("an id is lower-case letters, digits, `.`, `-`, `_`");
        }
        for (what, text) in
            [("title", &scenario.title), ("rule", &scenario.rule)]
        {
            if text.trim().is_empty() {
                self.bad(format!("the {what} is empty"));
            }
        }
        if !scenario.matrix.is_empty() && !case.row.contains_key("name") {
            self.bad("every row of a matrix has a `name`");
        }
        self.dialect_of_head(case);
        if scenario.watched {
            return self.watched(scenario);
        }
        if scenario.steps.is_empty() {
            self.bad("a scenario without steps checks nothing");
        }
        let mut checks = 0;
        super::visit(&scenario.steps, &mut |step| {
            checks += usize::from(step.checks_something());
        });
        if checks == 0 {
            self.bad("no step of it can fail");
        }
        let payloads = case.payloads.clone();
        for (name, bytes) in &payloads {
            self.bytes(bytes, &format!("payload {name:?}"));
        }
        for (path, entry) in &scenario.fixture {
            self.entry(path, entry, false);
        }
    }

    fn dialect_of_head(&mut self, case: &Case) {
        match (case.dialect, case.scenario.rfc) {
            (Dialect::Ftp, None) => {
                self.bad("an FTP scenario says which `rfc` it is of");
            }
            (Dialect::Native, Some(_)) => {
                self.bad("`rfc` is FTP's; the file has no `dialect: ftp`");
            }
            (Dialect::Ftp, Some(_)) | (Dialect::Native, None) => {}
        }
        if case.dialect == Dialect::Native && case.scenario.watched {
            self.bad("`watched` is FTP's; the file has no `dialect: ftp`");
        }
    }

    /// A requirement that the lint watches has an id and no story.
    fn watched(&mut self, scenario: &Scenario) {
        if !RULES.contains(&scenario.id.as_str()) {
            self.bad(format!("the lint watches no rule {:?}", scenario.id));
        }
        if !scenario.steps.is_empty() || !scenario.matrix.is_empty() {
            self.bad("a `watched` scenario has neither steps nor matrix");
        }
    }

    fn entry(&mut self, path: &str, entry: &super::Entry, may_remove: bool) {
        let kinds = usize::from(entry.file.is_some())
            + usize::from(entry.dir)
            + usize::from(entry.link.is_some())
            + usize::from(entry.fifo)
            + usize::from(entry.socket)
            + usize::from(entry.remove);
        let mode_alone = may_remove && kinds == 0 && entry.mode.is_some();
        if kinds != 1 && !mode_alone {
            self.bad(format!(
                "{path:?} is exactly one of file, dir, link, fifo, socket{}",
                if may_remove { ", remove" } else { "" }
            ));
        }
        if entry.remove && !may_remove {
            self.bad(format!("{path:?}: a fixture removes nothing"));
        }
    }

    fn steps(&mut self, steps: &[Spanned<Step>]) {
        for step in steps {
            let at = step.referenced;
            self.place = Some((at.line(), at.column()));
            self.step(&step.value);
            for inner in step.value.inner() {
                self.steps(inner);
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let acts = step.acts(self.dialect);
        self.dialect_of_step(step);
        if acts.len() > 1 {
            self.bad(format!("two acts in one step: {}", acts.join(", ")));
        }
        let quiet = step.note.is_none()
            && step.close_data.is_none()
            && step.upload.is_none();
        if acts.is_empty() && !step.checks_something() && quiet {
            self.bad("a step that does nothing");
        }
        let bytes = usize::from(step.receive.is_some())
            + usize::from(step.read.is_some())
            + usize::from(step.listing.is_some());
        if bytes > 1 {
            self.bad("only one of receive, read, listing");
        }
        if step.expect.is_some() && step.replies.is_some() {
            self.bad("either expect or replies");
        }
        if (step.pieces.is_some() || step.gap.is_some())
            && step.send.is_none()
            && step.send_raw.is_none()
            && step.upload.is_none()
            && step.stor.is_none()
            && step.appe.is_none()
        {
            self.bad("pieces and gap belong to send, send_raw or upload");
        }
        let replies = step.expectations().count() + bytes;
        if step.connect == Some(Connect::Refused) && replies > 0 {
            self.bad("where nobody is connected nothing is answered");
        }
        if step.gap.is_some() && step.pieces.is_none() {
            self.bad("gap without pieces");
        }
        for text in step.texts() {
            self.names(&text);
        }
        for bytes in step.byte_strings() {
            self.bytes(bytes, "bytes");
        }
        for (path, entry) in step.place.iter().flatten() {
            self.entry(path, entry, true);
        }
        if let Some(read) = &step.read {
            let patterns = [&read.matches, &read.lacks, &read.lines];
            for pattern in patterns.into_iter().flatten() {
                self.pattern(pattern);
            }
        }
        let signals = ["TERM", "INT", "HUP", "KILL"];
        if let Some(signal) =
            step.server.as_ref().and_then(|s| s.signal.as_ref())
            && !signals.contains(&signal.as_str())
        {
            self.bad(format!("signal {signal:?} is none of {signals:?}"));
        }
        let expectations: Vec<Expect> = step.expectations().cloned().collect();
        for expect in &expectations {
            self.expect(expect);
        }
    }

    /// Keys that the other dialect has.
    fn dialect_of_step(&mut self, step: &Step) {
        let strange: Vec<&str> = match self.dialect {
            Dialect::Native => step.keys_of_ftp(),
            Dialect::Ftp => step.keys_of_native(),
        };
        if !strange.is_empty() {
            let strange = strange.join(", ");
            self.bad(format!(
                "{strange}: not in the {} dialect",
                self.dialect
            ));
        }
        let ways = ["pasv", "epsv", "port", "eprt", "default"];
        for via in step.ways() {
            if !via.contains("${") && !ways.contains(&via.as_str()) {
                self.bad(format!("{via:?} is none of {ways:?}"));
            }
        }
        if step.data.as_ref().is_some_and(|data| {
            data.via != "${via}"
                && ["pasv", "epsv"].contains(&data.via.as_str())
        }) && (step.expect.is_some() || step.replies.is_some())
        {
            self.bad(
                "pasv and epsv read their own reply; to expect another, \
                 `send` the command",
            );
        }
    }

    fn expect(&mut self, expect: &Expect) {
        let strange: Vec<&str> = match self.dialect {
            Dialect::Native => expect.keys_of_ftp(),
            Dialect::Ftp => expect.keys_of_native(),
        };
        if !strange.is_empty() {
            let strange = strange.join(", ");
            self.bad(format!(
                "{strange}: not in the {} dialect",
                self.dialect
            ));
        }
        let plain = !expect.code.is_empty()
            || !expect.fields.is_empty()
            || !expect.matches.is_empty()
            || !expect.absent.is_empty()
            || expect.text.is_some()
            || !expect.keys_of_ftp().is_empty();
        if plain != expect.any_of.is_empty() {
            self.bad("an expectation has either a code or any_of");
        }
        if plain && expect.code.is_empty() {
            self.bad("an expectation without a code");
        }
        for code in &expect.code {
            if !code.contains("${") && !self.is_code(code) {
                let what = match self.dialect {
                    Dialect::Native => "none of the twelve codes",
                    Dialect::Ftp => "no code that an RFC defines",
                };
                self.bad(format!("{code:?} is {what}"));
            }
        }
        let patterns = expect
            .matches
            .values()
            .chain(&expect.text)
            .chain(&expect.lines)
            .chain(&expect.has)
            .chain(&expect.lacks);
        for pattern in patterns {
            self.pattern(pattern);
        }
        for one in &expect.any_of {
            self.expect(one);
        }
    }

    fn is_code(&self, code: &str) -> bool {
        match self.dialect {
            Dialect::Native => CODES.contains(&code),
            Dialect::Ftp => is_defined(code),
        }
    }

    fn pattern(&mut self, pattern: &str) {
        self.names(pattern);
        if pattern.contains("${") {
            return;
        }
        if let Err(error) = Regex::new(pattern) {
            self.bad(format!("pattern {pattern:?}: {error}"));
        }
    }

    fn names(&mut self, text: &str) {
        for name in names_in(text) {
            if !self.known.contains(name) {
                self.bad(format!("nothing is called ${{{name}}}"));
            }
        }
    }

    /// Builds the bytes where no variable of a later moment is in the way.
    fn bytes(&mut self, bytes: &Bytes, what: &str) {
        let text = format!("{bytes:?}");
        self.names(&text);
        let later = names_in(&text)
            .iter()
            .any(|name| !self.scope.vars.contains_key(*name));
        if later {
            return;
        }
        if let Err(error) = Source::build(bytes, &self.scope) {
            self.bad(format!("{what}: {error}"));
        }
    }
}

/// The twelve codes, and no others, ever.
pub const CODES: [&str; 12] = [
    "000", "200", "201", "202", "203", "205", "400", "401", "402", "403",
    "404", "405",
];

/// The variables that every scenario has.
const BUILT_IN: [&str; 8] = [
    "user",
    "password",
    "second",
    "second_password",
    "dir",
    "limit",
    "n",
    "i",
];

/// The variables that FTP scenarios have besides: the folder's whole path,
/// the addresses of the control connection and of the data connection.
const FTP_BUILT_IN: [&str; 11] = [
    "path",
    "client_host",
    "client_port",
    "server_host",
    "server_port",
    "data_host",
    "data_port",
    "data_p1",
    "data_p2",
    "data_peer",
    "data_peer_port",
];
