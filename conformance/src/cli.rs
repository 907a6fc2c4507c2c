//! The program's arguments, and what each of them sets going.
//!
//! Says everything to people that has to be said before a report can, and
//! decides the exit code.

mod lies;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand, ValueEnum as _};
use lies::LiesArguments;

use crate::baseline::Baseline;
use crate::case::{Case, Dialect};
use crate::explain::explain;
use crate::load::{self, Fault};
use crate::report::{Format, Run, line};
use crate::run::Options;
use crate::suite::{self, Plan};
use crate::target::{Credentials, Foreign, Server, Target, home_of};
use crate::verdict::{Outcome, Verdict};
use crate::{select, waivers};

/// Judges any file-transfer server by scenarios.
#[derive(Parser)]
#[command(name = "ftpool-conformance", version, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play scenarios and judge.
    #[command(after_help = EXIT_CODES)]
    Run(Box<RunArguments>),
    /// Name the scenarios.
    List(Selection),
    /// Tell a scenario in words.
    Explain {
        #[command(flatten)]
        selection: Selection,
    },
    /// Say whether files of scenarios are well formed; no network.
    Check {
        /// The files, or folders of them.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Judge the suite itself, by a server that can be told to lie.
    #[command(after_help = EXIT_CODES)]
    Lies(LiesArguments),
}

#[derive(Args)]
struct Selection {
    /// Ids, with `*` and `?`.
    #[arg(value_name = "ID-GLOB")]
    globs: Vec<String>,
    /// Leave these out.
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Read scenarios from these files or folders, not the built-in ones.
    #[arg(long, value_name = "PATH")]
    scenarios: Vec<PathBuf>,
}

#[derive(Args)]
struct RunArguments {
    #[command(flatten)]
    selection: Selection,
    /// A server that runs already; the workspace's own when left out.
    #[arg(long, value_name = "HOST:PORT", requires = "user")]
    target: Option<String>,
    /// What it speaks.
    #[arg(long, default_value = "native")]
    dialect: Dialect,
    /// Who signs in there.
    #[arg(long, requires = "target")]
    user: Option<String>,
    /// The environment variable that has the password.
    #[arg(long, value_name = "VAR", default_value = "FTPOOL_PASSWORD")]
    password_env: String,
    /// A second user there.
    #[arg(long, requires = "target", value_name = "USER")]
    second_user: Option<String>,
    /// The environment variable that has the second password.
    #[arg(long, value_name = "VAR", default_value = "FTPOOL_PASSWORD_2")]
    second_password_env: String,
    /// How many it serves at once.
    #[arg(long, requires = "target", value_name = "N")]
    limit: Option<u64>,
    /// Its root folder, with homes as `home/USER`, where that can be reached.
    #[arg(long, requires = "target", value_name = "DIR")]
    root: Option<PathBuf>,
    /// The user's home on disk, where that can be reached.
    #[arg(
        long,
        requires = "target",
        conflicts_with = "root",
        value_name = "DIR"
    )]
    home: Option<PathBuf>,
    /// A server program to start for each scenario.
    #[arg(long, conflicts_with = "target", value_name = "PROGRAM")]
    server: Option<PathBuf>,
    /// An argument for it, before the suite's own.
    #[arg(
        long,
        requires = "server",
        value_name = "ARG",
        allow_hyphen_values = true
    )]
    server_arg: Vec<String>,
    /// What is written to standard output.
    #[arg(long, default_value = "pretty")]
    format: Format,
    /// A further report, such as `html=report.html`.
    #[arg(long, value_name = "FORMAT=FILE")]
    report: Vec<String>,
    /// Count every should as a must.
    #[arg(long)]
    strict: bool,
    /// What the target is known to do; drift either way fails.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Play each scenario so often.
    #[arg(long, default_value_t = 1, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// In an order by chance; the seed is told.
    #[arg(long)]
    shuffle: bool,
    /// The seed of that order.
    #[arg(long, requires = "shuffle", value_name = "S")]
    seed: Option<u64>,
    /// So many scenarios at once.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Seconds that one answer may take, where a scenario does not say.
    #[arg(long, default_value_t = 10, value_name = "SECS")]
    patience: u64,
}

/// The program.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(arguments) => run(&arguments),
        Command::List(selection) => selection.cases(None).map(|cases| {
            for case in &cases {
                say(&format!("{:<44} {}", case.id, case.scenario.title));
            }
        }),
        Command::Explain { selection } => explain_all(&selection),
        Command::Check { files } => load::from_disk(&files)
            .map(|cases| say(&format!("{} scenarios", cases.len())))
            .map_err(refuse),
        Command::Lies(arguments) => lies::lies(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(code) => code,
    }
}

fn explain_all(selection: &Selection) -> Result<(), ExitCode> {
    if selection.globs.is_empty() {
        return Err(usage("explain what? name a scenario"));
    }
    let cases = selection.cases(None)?;
    let mut texts = Vec::new();
    for dialect in [Dialect::Native, Dialect::Ftp] {
        let lies = crate::lies::embedded(dialect);
        let lies = lies.map_err(|error| usage(&error))?;
        let cases = cases.iter().filter(|case| case.dialect == dialect);
        texts.extend(cases.map(|case| explain(case, &lies)));
    }
    say(texts.join("\n").trim_end());
    Ok(())
}

fn run(arguments: &RunArguments) -> Result<(), ExitCode> {
    let reports = arguments.reports()?;
    let dialect = arguments.dialect;
    let cases = arguments.selection.cases(Some(dialect))?;
    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    let whole = arguments.selection.is_everything();
    let baseline = arguments.baseline(&ids, whole)?;
    let waivers = match arguments.target {
        Some(_) => Vec::new(),
        None => waivers::embedded(dialect).map_err(|error| usage(&error))?,
    };
    if let (true, Some(slip)) =
        (whole, waivers::unknown(&waivers, &ids).first())
    {
        return Err(usage(slip));
    }
    let target = arguments.judged()?;
    reachable(&target, arguments.dialect, arguments.options())?;
    let plan = arguments.plan();
    let start = Instant::now();
    let total = cases.len() * arguments.repeat as usize;
    let mut progress = Progress::new(total);
    let outcomes = suite::run_all(&cases, &target, &plan, &mut |outcome| {
        let bad = outcome.verdict.is_failure(true);
        progress.step(bad.then(|| line(outcome)));
    });
    progress.clear();
    let mut outcomes = suite::fold_repeats(outcomes);
    let mut complaints = waivers::apply(&waivers, &mut outcomes);
    if let Some(baseline) = &baseline {
        complaints.extend(baseline.drift(&outcomes, arguments.strict));
    }
    let run = Run {
        target: target.name(),
        dialect,
        strict: arguments.strict,
        seed: plan.shuffle,
        repeat: arguments.repeat,
        took_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(0),
        outcomes: &outcomes,
        complaints: &complaints,
    };
    write_reports(&run, &reports, arguments.format)?;
    verdict(&run, baseline.is_some())
}

/// What the whole run comes to.
fn verdict(run: &Run<'_>, has_baseline: bool) -> Result<(), ExitCode> {
    let ran = run.outcomes.iter().any(|o| o.verdict != Verdict::NotRun);
    if !ran {
        tell("nothing ran: no scenario's needs are met here");
        return Err(ExitCode::from(NOTHING_RAN));
    }
    let is_bad = |outcome: &Outcome| {
        outcome.is_failure(run.strict)
            || (outcome.verdict == Verdict::Error && outcome.waived.is_none())
    };
    // With a baseline it is drift that counts, and that is among the
    // complaints.
    let bad = !has_baseline && run.outcomes.iter().any(is_bad);
    if bad || !run.complaints.is_empty() {
        return Err(ExitCode::from(FAILED));
    }
    Ok(())
}

/// Whether the target can be judged at all: it starts, or lets the user in.
fn reachable(
    target: &Target,
    dialect: Dialect,
    options: Options,
) -> Result<(), ExitCode> {
    let native = dialect == Dialect::Native;
    let steps = match (&target.server, native) {
        (Server::Managed(_), true) => "[{connect: only}, {expect: 000}]",
        (Server::Managed(_), false) => "[{connect: only}, {expect: 220}]",
        (Server::Foreign(_), true) => {
            "[{login: {user: user, folder: false}}, {send: noop, expect: 201}]"
        }
        (Server::Foreign(_), false) => {
            "[{login: {user: user, folder: false}}, {send: NOOP, expect: 200}]"
        }
    };
    let rfc = if native { "" } else { "rfc: 959, " };
    let text = format!(
        "{{schema: 1, dialect: {dialect}, scenarios: [{{id: reach, title: t, \
         rule: r, {rfc}section: '2', level: must, steps: {steps}}}]}}"
    );
    let cases = load::parse("reach", &text).map_err(refuse)?;
    let outcome = crate::run::run_one(&cases[0], target, options);
    let in_code = if native { "200" } else { "230" };
    let let_in = outcome.seen.iter().any(|seen| seen.code == in_code);
    let good = match &target.server {
        // A server that answers wrongly is there to be judged.
        Server::Managed(_) => outcome.verdict != Verdict::Error,
        Server::Foreign(_) => let_in,
    };
    if good {
        return Ok(());
    }
    tell(&format!("{}: {}", target.name(), outcome.reason));
    Err(ExitCode::from(UNREACHABLE))
}

fn write_reports(
    run: &Run<'_>,
    reports: &[(Format, PathBuf)],
    format: Format,
) -> Result<(), ExitCode> {
    for (format, path) in reports {
        let written = File::create(path).and_then(|file| {
            let mut out = BufWriter::new(file);
            run.write(*format, &mut out)?;
            out.flush()
        });
        written.map_err(|e| usage(&format!("{}: {e}", path.display())))?;
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let written = run.write(format, &mut out).and_then(|()| out.flush());
    written.map_err(|error| usage(&error.to_string()))
}

impl Selection {
    fn is_everything(&self) -> bool {
        self.globs.is_empty()
            && self.exclude.is_empty()
            && self.scenarios.is_empty()
    }

    fn cases(&self, only: Option<Dialect>) -> Result<Vec<Case>, ExitCode> {
        let cases = if self.scenarios.is_empty() {
            load::embedded()
        } else {
            load::from_disk(&self.scenarios)
        };
        let mut cases = cases.map_err(refuse)?;
        cases.retain(|case| only.is_none_or(|only| only == case.dialect));
        let cases = select::select(cases, &self.globs, &self.exclude);
        let cases = cases.map_err(|unmatched| {
            for glob in unmatched {
                tell(&format!("{glob} matches no scenario"));
            }
            ExitCode::from(NOTHING_RAN)
        })?;
        if cases.is_empty() {
            tell("no scenario is left");
            return Err(ExitCode::from(NOTHING_RAN));
        }
        Ok(cases)
    }
}

impl RunArguments {
    fn judged(&self) -> Result<Target, ExitCode> {
        let Some(address) = &self.target else {
            let args = self.server_arg.clone();
            return match &self.server {
                Some(path) => Ok(Target::managed(path.clone(), args)),
                None => suite::own_server()
                    .map(Target::own)
                    .map_err(|error| usage(&error)),
            };
        };
        let name = self.user.clone().unwrap_or_default();
        let user = credentials(name, &self.password_env)?;
        let second = match &self.second_user {
            None => None,
            Some(name) => {
                Some(credentials(name.clone(), &self.second_password_env)?)
            }
        };
        let (address, limit) = (address.clone(), self.limit);
        let root = self.root.as_ref();
        let home = self
            .home
            .clone()
            .or_else(|| root.map(|root| home_of(root, &user.name)));
        Ok(Target::foreign(Foreign { address, user, second, limit, home }))
    }

    fn baseline(
        &self,
        ids: &[&str],
        whole: bool,
    ) -> Result<Option<Baseline>, ExitCode> {
        let Some(path) = &self.baseline else { return Ok(None) };
        let baseline = Baseline::read(path).map_err(|error| usage(&error))?;
        match baseline.unknown(ids).first() {
            Some(id) if whole => {
                Err(usage(&format!("{}: there is no {id}", path.display())))
            }
            _ => Ok(Some(baseline)),
        }
    }

    fn reports(&self) -> Result<Vec<(Format, PathBuf)>, ExitCode> {
        let parse = |text: &String| {
            let (format, path) = text.split_once('=')?;
            let format = Format::from_str(format, false).ok()?;
            Some((format, PathBuf::from(path)))
        };
        self.report
            .iter()
            .map(|text| {
                parse(text).ok_or_else(|| {
                    usage(&format!("--report {text}: write FORMAT=FILE"))
                })
            })
            .collect()
    }

    fn options(&self) -> Options {
        Options { patience: Duration::from_secs(self.patience.max(1)) }
    }

    fn plan(&self) -> Plan {
        let mut plan = Plan { repeat: self.repeat, ..Plan::default() };
        plan.options = self.options();
        plan.jobs = self.jobs.unwrap_or(plan.jobs);
        if self.shuffle {
            plan.shuffle = Some(
                self.seed.unwrap_or_else(|| rand::random::<u32>().into()),
            );
        }
        plan
    }
}

/// The password is never an argument: others could read it there.
fn credentials(name: String, variable: &str) -> Result<Credentials, ExitCode> {
    let password = std::env::var(variable)
        .map_err(|_| usage(&format!("{variable} holds no password")))?;
    Ok(Credentials { name, password })
}

/// A line on a terminal that shows how far the run is.
struct Progress {
    shown: bool,
    done: usize,
    total: usize,
}

impl Progress {
    fn new(total: usize) -> Progress {
        let shown = io::IsTerminal::is_terminal(&io::stderr());
        Progress { shown, done: 0, total }
    }

    /// One more is done; what is worth a line of its own stays.
    fn step(&mut self, told: Option<String>) {
        self.done += 1;
        if !self.shown {
            return;
        }
        let mut err = io::stderr().lock();
        let _ = write!(err, "\r\x1b[K");
        if let Some(line) = told {
            let _ = writeln!(err, "{line}");
        }
        let _ = write!(err, "{}/{}", self.done, self.total);
    }

    fn clear(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn usage(text: &str) -> ExitCode {
    tell(text);
    ExitCode::from(USAGE)
}

fn refuse(faults: Vec<Fault>) -> ExitCode {
    for fault in faults {
        tell(&fault.to_string());
    }
    ExitCode::from(USAGE)
}

const EXIT_CODES: &str = "\
Exit codes:
  0  all held
  1  a failure, trouble, or drift from the baseline
  2  bad usage, or a bad file of scenarios
  3  the target cannot be reached or logged in to
  4  nothing ran";

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const UNREACHABLE: u8 = 3;
const NOTHING_RAN: u8 = 4;
