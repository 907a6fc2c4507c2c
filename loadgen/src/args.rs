//! The command line: what may be asked, and which exit code answers.
//!
//! Must not know: how anything is done.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;

use self::order::{order, target};
use crate::{
    capacity::Search,
    descriptors,
    dialect::{Dialect, Ftp, Listing, Native},
    probe,
    report::{
        Report, SCHEMA, compare::Comparison, hlog, html, merge::merge,
        table::Table,
    },
    run::{self, Done, Order, RunError},
    server::OwnServer,
    units::Span,
    workload,
};

mod order;

/// Many clients against a file-transfer server: the bound on those served
/// at once proven from outside, latency told honestly.
#[derive(Debug, Parser)]
#[command(name = "ftpool-loadgen", version, about, after_help = EXITS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a workload and judge what came of it
    Run(Box<RunArgs>),
    /// Find how many sessions a server serves at once, and what the next
    /// one is told
    ProbeLimit(ProbeArgs),
    /// Add up the reports of several machines
    Merge(MergeArgs),
    /// Put two runs side by side, and say what changed beyond noise
    Compare {
        /// The earlier run's JSON
        before: PathBuf,
        /// The later run's JSON
        after: PathBuf,
    },
}

#[derive(Debug, Args)]
struct ProbeArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// The places of our own server, where it is the one that is probed
    #[arg(long, value_name = "N", default_value_t = run::LIMIT_DEFAULT)]
    limit: u32,
    /// Open no more than so many
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    most: usize,
    /// Wait so long for each to be served
    #[arg(long, value_name = "D", default_value = "1s")]
    patience: Span,
    /// Write what was found as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct MergeArgs {
    /// The runs' JSON
    #[arg(required = true, value_name = "JSON")]
    reports: Vec<PathBuf>,
    /// Write the sum as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the sum as one page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// The server.
#[derive(Debug, Args)]
struct TargetArgs {
    /// The server's HOST:PORT; left out, our own server is started
    #[arg(long, value_name = "HOST:PORT")]
    target: Option<String>,
    /// The protocol that it speaks
    #[arg(long, default_value = "native")]
    dialect: DialectName,
    /// How FTP lists a directory
    #[arg(long, default_value = "list")]
    listing: ListingName,
    /// The account that all clients use, with --target
    #[arg(long, value_name = "NAME", requires = "target")]
    user: Option<String>,
    /// The environment variable that holds its password
    #[arg(long, value_name = "VAR", default_value = "FTPOOL_PASSWORD")]
    password_env: String,
    /// Address a server that is not on this machine or a private network
    #[arg(long)]
    i_own_the_target: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DialectName {
    Native,
    Ftp,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ListingName {
    List,
    Mlsd,
}

impl TargetArgs {
    /// The FTP that is asked for.
    fn ftp(&self) -> Ftp {
        let listing = match self.listing {
            ListingName::List => Listing::List,
            ListingName::Mlsd => Listing::Mlsd,
        };
        Ftp { listing }
    }

    /// Our own server, with so many places and as much room to wait.
    fn start_own(&self, places: u32) -> anyhow::Result<OwnServer> {
        let name = match self.dialect {
            DialectName::Native => Native::NAME,
            DialectName::Ftp => Ftp::NAME,
        };
        OwnServer::start(name, places, places)
    }
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// A workload's file, or the name of a ready one
    #[arg(long, value_name = "FILE", default_value = workload::DEFAULT)]
    workload: String,
    /// Clients in all; a workload's groups keep their proportions
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    users: Option<u32>,
    /// Open loop: so many operations a second are due, whatever the server
    /// does
    #[arg(long, value_name = "R", conflicts_with = "closed")]
    rate: Option<f64>,
    /// Closed loop: a client begins when it is done with what it did before
    #[arg(long)]
    closed: bool,
    /// Find the greatest rate at which everything holds: the rate is
    /// doubled, from --rate on, until a threshold is missed, then halved in
    /// between; each is tried for --duration (3s)
    #[arg(long, conflicts_with = "closed")]
    find_capacity: bool,
    /// So many rates are tried at most
    #[arg(long, value_name = "N", default_value_t = 20, requires = "find_capacity", value_parser = clap::value_parser!(u32).range(1..=100))]
    steps_max: u32,
    /// How long new work is begun, such as 30s
    #[arg(long, value_name = "D")]
    duration: Option<Span>,
    /// Leave out the figures of this long a beginning
    #[arg(long, value_name = "D")]
    warm_up: Option<Span>,
    /// Repeat exactly the draws of this seed
    #[arg(long)]
    seed: Option<u64>,
    /// How many the server may serve at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: Option<u32>,
    /// A threshold beside the workload's, such as response.p99=50ms
    #[arg(long, value_name = "KEY=VALUE")]
    threshold: Vec<String>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the report as one page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write an interval log in HdrHistogram's V2 format
    #[arg(long, value_name = "FILE")]
    hdr: Option<PathBuf>,
    /// Worker threads
    #[arg(long, value_name = "N", default_value_t = threads(), value_parser = clap::value_parser!(u32).range(1..=64))]
    threads: u32,
    /// The folder of the account below which the run puts its files
    #[arg(long, value_name = "PATH", default_value = "/")]
    folder: String,
    /// The server's process, to see what it and all that come from it cost
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Leave out the drill after the run, which cuts connections off at
    /// every phase and fills every place again
    #[arg(long)]
    no_drill: bool,
    /// So long may a place take to be given in the drill
    #[arg(long, value_name = "D", default_value = "10s")]
    drill_patience: Span,
    /// A place may stay free for so long while somebody waits
    #[arg(long, value_name = "D", default_value = "1s")]
    refill_max: Span,
    /// The share of starts, in percent, that may be late by the generator's
    /// own fault, or dropped
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    late_max: f64,
    /// The p99 that the generator's own scheduling lag may have
    #[arg(long, value_name = "D", default_value = "100ms")]
    lag_max: Span,
    /// Show nothing while it runs
    #[arg(long)]
    quiet: bool,
}

/// What a command comes to, if it cannot be carried out.
struct Failure {
    exit: u8,
    why: String,
}

/// Reads the arguments, does what they say, and gives the exit code.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody may be reading.
            drop(error.print());
            return match error.use_stderr() {
                true => ExitCode::from(EXIT_USAGE),
                false => ExitCode::SUCCESS,
            };
        }
    };
    let result = match cli.command {
        Command::Run(args) => run(&args),
        Command::ProbeLimit(args) => probe_limit(&args),
        Command::Merge(args) => merge_reports(&args),
        Command::Compare { before, after } => compare(&before, &after),
    };
    match result {
        Ok(exit) => ExitCode::from(exit),
        Err(Failure { exit, why }) => {
            drop(writeln!(io::stderr(), "ftpool-loadgen: {why}"));
            ExitCode::from(exit)
        }
    }
}

fn run(args: &RunArgs) -> Result<u8, Failure> {
    let order = order(args)?;
    let search = args.find_capacity.then(|| Search {
        first: args.rate.unwrap_or(FIRST_RATE),
        steps_max: args.steps_max,
    });
    let done = match args.target.dialect {
        DialectName::Native => perform(Native, order, search),
        DialectName::Ftp => perform(args.target.ftp(), order, search),
    };
    let done = done.map_err(|error| {
        let exit = match error {
            RunError::Target(_) => EXIT_UNREACHABLE,
            RunError::Descriptors { .. } | RunError::Workload(_) => EXIT_USAGE,
            RunError::Other(_) => EXIT_OTHER,
        };
        Failure { exit, why: error.to_string() }
    })?;
    say(&Table(&done.report));
    write_reports(&done.report, args.json.as_ref(), args.html.as_ref())?;
    if let Some(path) = &args.hdr {
        hlog::write(path, done.started, &done.intervals)
            .map_err(|error| unwritable(path, &error))?;
    }
    Ok(done.report.verdict.exit)
}

fn perform<D: Dialect>(
    dialect: D,
    order: Order,
    search: Option<Search>,
) -> Result<Done, RunError> {
    match search {
        Some(search) => run::find_capacity(dialect, order, search),
        None => run::run(dialect, order),
    }
}

fn probe_limit(args: &ProbeArgs) -> Result<u8, Failure> {
    descriptors::raise();
    let unreachable = |why: String| Failure { exit: EXIT_UNREACHABLE, why };
    let (target, account) = target(&args.target)?;
    let own = match target {
        Some(_) => None,
        None => Some(
            args.target
                .start_own(args.limit)
                .map_err(|error| unreachable(format!("{error:#}")))?,
        ),
    };
    let accounts = match (&own, account) {
        (Some(own), _) => own.accounts.clone(),
        (None, account) => account.into_iter().collect(),
    };
    let Some(address) = target.or(own.as_ref().map(|own| own.address)) else {
        return Err(usage("no server is named"));
    };
    let patience = args.patience.nanos();
    let most = args.most;
    let found = match args.target.dialect {
        DialectName::Native => {
            probe::probe(Native, address, &accounts, most, patience)
        }
        DialectName::Ftp => {
            let ftp = args.target.ftp();
            probe::probe(ftp, address, &accounts, most, patience)
        }
    };
    let found = found.map_err(|error| unreachable(error.to_string()))?;
    say(&found);
    if let Some(path) = &args.json {
        write_json(path, &found)?;
    }
    Ok(u8::from(!found.is_honest()))
}

fn merge_reports(args: &MergeArgs) -> Result<u8, Failure> {
    let reports: Vec<Report> = args
        .reports
        .iter()
        .map(|path| read_report(path))
        .collect::<Result<_, _>>()?;
    let sum = merge(&reports).map_err(usage)?;
    say(&Table(&sum));
    write_reports(&sum, args.json.as_ref(), args.html.as_ref())?;
    Ok(sum.verdict.exit)
}

fn compare(before: &Path, after: &Path) -> Result<u8, Failure> {
    let (before, after) = (read_report(before)?, read_report(after)?);
    let comparison = Comparison::new(&before, &after);
    say(&comparison);
    Ok(u8::from(comparison.is_slower()))
}

fn read_report(path: &Path) -> Result<Report, Failure> {
    let name = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| usage(format!("{name}: {error}")))?;
    let report: Report = serde_json::from_str(&text)
        .map_err(|error| usage(format!("{name}: {error}")))?;
    if report.schema != SCHEMA {
        let schema = report.schema;
        return Err(usage(format!("{name}: schema {schema} is not ours")));
    }
    Ok(report)
}

fn write_reports(
    report: &Report,
    json: Option<&PathBuf>,
    page: Option<&PathBuf>,
) -> Result<(), Failure> {
    if let Some(path) = json {
        write_json(path, report)?;
    }
    if let Some(path) = page {
        fs::write(path, html::page(report))
            .map_err(|error| unwritable(path, &error))?;
    }
    Ok(())
}

fn write_json(path: &Path, what: &impl Serialize) -> Result<(), Failure> {
    let mut text = serde_json::to_string_pretty(what).map_err(usage)?;
    text.push('\n');
    fs::write(path, text).map_err(|error| unwritable(path, &error))
}

fn say(what: &dyn std::fmt::Display) {
    // Where the reader has gone, the exit code still says it.
    drop(writeln!(io::stdout(), "{what}"));
}

fn usage(why: impl ToString) -> Failure {
    Failure { exit: EXIT_USAGE, why: why.to_string() }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let why = format!("{}: {error}", path.display());
    Failure { exit: EXIT_OTHER, why }
}

/// Half of the processors: the other half is the server's.
fn threads() -> u32 {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(all / 2).unwrap_or(1).clamp(1, 64)
}

/// The rate at which a search begins where none is named: any server
/// bears it.
const FIRST_RATE: f64 = 100.0;

/// Anything that has no code of its own.
const EXIT_OTHER: u8 = 1;

/// The arguments or the workload are wrong.
const EXIT_USAGE: u8 = 2;

/// The server cannot be reached or signed in to.
const EXIT_UNREACHABLE: u8 = 3;

const EXITS: &str = "\
Exit codes: 0 all held, 1 the bound was broken, a byte was wrong or a \
threshold missed, 2 bad arguments or workload, 3 the server cannot be \
reached, 4 the run is invalid because the generator itself was the limit, \
130 interrupted.";
