//! What a server has, found out by asking it: the lines of FEAT, the verbs
//! that it knows, whether it lets the user write.
//!
//! Each answer is asked for once a run, by a small scenario of its own, and
//! remembered with the target.

use super::{Options, run_asked};
use crate::case::{Case, Dialect, Need};
use crate::load;
use crate::run::scene::lock;
use crate::target::Target;
use crate::verdict::Verdict;

/// Why the case cannot be played on this server, and what that is worth.
pub(super) fn lacks(
    case: &Case,
    target: &Target,
    options: Options,
) -> Option<(Verdict, String)> {
    if case.dialect == Dialect::Native {
        return None;
    }
    let mut needs = case.needs();
    if case.has_folder() {
        needs.push(Need::Write);
    }
    for need in needs {
        let (steps, verdict, why) = match &need {
            Need::Write => (
                "[{login: user}, {send: PWD, expect: 257}]".to_owned(),
                Verdict::NotRun,
                "the user may not make a folder",
            ),
            Need::Feat(words) => (
                feat_steps(words),
                Verdict::Unsupported,
                "FEAT does not name it",
            ),
            Need::Verb(verb) => (
                verb_steps(verb),
                Verdict::Unsupported,
                "the server does not know the command",
            ),
            Need::SecondUser
            | Need::Limit
            | Need::Disk
            | Need::Tls
            | Need::Managed
            | Need::Unprivileged => continue,
        };
        let known = lock(&target.known).get(&need).copied();
        let has = known.unwrap_or_else(|| {
            let has = asked(&steps, target, options);
            lock(&target.known).insert(need.clone(), has);
            has
        });
        if !has {
            return Some((verdict, format!("needs {need}: {why}")));
        }
    }
    None
}

/// Plays the steps; whether they hold is the answer.
fn asked(steps: &str, target: &Target, options: Options) -> bool {
    let text = format!(
        "{{schema: 1, dialect: ftp, scenarios: [{{id: probe, title: t, \
         rule: r, rfc: 959, section: '4', level: must, steps: {steps}}}]}}"
    );
    let cases = load::parse("probe", &text).expect("a probe is well formed");
    let outcome = run_asked(&cases[0], target, options);
    // A server that has never said a word is not judged by it.
    outcome.verdict == Verdict::Pass
}

fn feat_steps(words: &str) -> String {
    let words =
        regex::escape(words).replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "[{{login: {{user: user, folder: false}}}}, {{send: FEAT, expect: \
         {{code: 211, has: [\"(?i)^ {words}(?: |;|$)\"]}}}}]"
    )
}

/// In a folder of its own: STOU makes a file.
fn verb_steps(verb: &str) -> String {
    format!(
        "[{{login: user}}, {{send: {verb}, expect: {{any_of: [{{code: \
         ['500', '502'], verdict: unsupported, note: no}}, {{code: {KNOWN}}}]\
         }}}}]"
    )
}

/// What a command that is known may be answered, sent without an argument.
const KNOWN: &str = "['110','120','125','150','200','202','211','212','213',\
    '214','215','220','221','225','226','227','229','230','234','250','257',\
    '331','332','350','421','425','426','450','451','452','501','503','504',\
    '521','522','530','532','533','534','536','550','551','552','553','554',\
    '555']";
