//! One run from its beginning to its report: the server, the files, the
//! workers, the drill, the verdict.
//!
//! Must not know: arguments, how a report looks.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::SystemTime,
};

use anyhow::Context as _;
use crossbeam_channel::{Receiver, bounded};
use rustix::time::{ClockId, clock_gettime};
use thiserror::Error;

use crate::{
    caller::CallError,
    clock::{Clock, MS, Nanos, SECOND},
    content::Shelf,
    descriptors,
    dialect::Dialect,
    drill::{self, Drill},
    history::Visit,
    plan,
    prepare::Site,
    processes,
    record::Op,
    report::{Report, hlog, live::Live},
    server::OwnServer,
    timeline::{Gatherer, Row, Slice},
    verdict::{threshold::Threshold, validity::Allowed},
    worker::{Harvest, Shared, Worker},
    workload::Workload,
};

mod conclude;
mod search;

pub(crate) use self::search::find_capacity;

/// What is wanted of a run.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// What is to be done.
    pub(crate) workload: Workload,
    /// The server; `None`: our own, started for the run.
    pub(crate) target: Option<SocketAddr>,
    /// Its account, where it is not our own.
    pub(crate) account: Option<(String, String)>,
    /// The folder on the server below which files are put.
    pub(crate) folder: String,
    /// The limit that is to hold.
    pub(crate) limit: Option<u32>,
    /// The server's process, where its cost is to be seen.
    pub(crate) server_pid: Option<u32>,
    /// Worker threads.
    pub(crate) threads: u32,
    /// Whether the drill is held.
    pub(crate) drill: bool,
    /// So long may a place take to be given in it.
    pub(crate) drill_patience: Nanos,
    /// Whether nothing is shown while it runs.
    pub(crate) quiet: bool,
    /// Past these the run is invalid.
    pub(crate) allowed: Allowed,
    /// A place may stay free for so long while somebody waits.
    pub(crate) refill_max: Nanos,
    /// What must hold.
    pub(crate) thresholds: Vec<Threshold>,
    /// Set when somebody interrupts.
    pub(crate) interrupted: Arc<AtomicBool>,
}

/// What a run gives.
pub(crate) struct Done {
    /// The report.
    pub(crate) report: Report,
    /// The intervals for the log.
    pub(crate) intervals: Vec<hlog::Entry>,
    /// When it began.
    pub(crate) started: SystemTime,
}

/// Why a run did not take place.
#[derive(Debug, Error)]
pub(crate) enum RunError {
    /// The server cannot be started, reached or signed in to.
    #[error("the server cannot be used: {0:#}")]
    Target(anyhow::Error),
    /// More clients than this process may have connections.
    #[error("{users} clients need more descriptors than {limit}")]
    Descriptors {
        /// Clients.
        users: u32,
        /// Descriptors.
        limit: u64,
    },
    /// The workload cannot be run so.
    #[error("{0}")]
    Workload(String),
    /// Anything else.
    #[error("{0:#}")]
    Other(#[from] anyhow::Error),
}

/// All that was seen, before it is judged.
struct Seen {
    harvest: Harvest,
    drilled: Vec<Visit>,
    drill: Option<Drill>,
    rows: Vec<Row>,
    begin: Nanos,
    end: Nanos,
    own_time: Nanos,
    server_time: Option<Nanos>,
    memory_kib: Option<(u64, u64)>,
    limit: Option<u64>,
    limit_from: &'static str,
    target: SocketAddr,
    dialect: &'static str,
    interval: Nanos,
    interrupted: bool,
}

/// Makes the run.
///
/// # Errors
///
/// When it cannot begin; what goes wrong in it is in the report.
pub(crate) fn run<D: Dialect>(
    dialect: D,
    order: Order,
) -> Result<Done, RunError> {
    let users = order.workload.users();
    let descriptors = descriptors::raise();
    if u64::from(users) + descriptors::SPARE > descriptors {
        let limit = descriptors;
        return Err(RunError::Descriptors { users, limit });
    }
    let own = match order.target {
        Some(_) => None,
        None => Some(start_own::<D>(&order).map_err(RunError::Target)?),
    };
    let (target, accounts, pid) = match (&own, order.target) {
        (Some(own), _) => (own.address, own.accounts.clone(), Some(own.pid())),
        (None, target) => {
            let target = target.context("a target is named")?;
            let account = order.account.clone();
            let account = account.context("an account is named")?;
            (target, vec![account], order.server_pid)
        }
    };
    let workload = &order.workload;
    let process = std::process::id();
    let folder = format!("{}/ftpool-load-{process}", order.folder);
    let shelf = Shelf::new(&workload.files, workload.seed, &folder);
    let unusable = |error: CallError| {
        RunError::Target(anyhow::Error::new(error).context("set-up"))
    };
    Site { dialect, target, accounts: &accounts, workload, shelf: &shelf }
        .set_up()
        .map_err(unusable)?;
    let shared = Shared {
        dialect,
        target,
        accounts,
        workload: workload.clone(),
        shelf,
        clock: Clock::start(),
        begin: START_IN,
        interval: interval(workload.duration),
        threads: order.threads,
        stop: AtomicBool::new(false),
        ended: AtomicU64::new(0),
    };
    let started = SystemTime::now();
    let (seen, intervals, shared) = measure(shared, &order, pid)?;
    let lost = |drill: &Drill| !drill.failures.is_empty();
    // A server that has lost its places has none to clear away in.
    if own.is_none() && !seen.drill.as_ref().is_some_and(lost) {
        // What cannot be cleared away is left; the run is what counts.
        let (accounts, shelf) = (&shared.accounts[..], &shared.shelf);
        drop(Site { dialect, target, accounts, workload, shelf }.clear());
    }
    let report = conclude::report(&seen, &order, started);
    Ok(Done { report, intervals, started })
}

fn start_own<D: Dialect>(order: &Order) -> anyhow::Result<OwnServer> {
    let places = order.limit.unwrap_or(LIMIT_DEFAULT);
    let waiting = order.workload.users() + WAITING_SPARE;
    OwnServer::start(D::NAME, places, waiting)
}

/// Runs the workers and the drill.
fn measure<D: Dialect>(
    shared: Shared<D>,
    order: &Order,
    pid: Option<u32>,
) -> anyhow::Result<(Seen, Vec<hlog::Entry>, Arc<Shared<D>>)> {
    let shared = Arc::new(shared);
    let rest_kib = pid.and_then(processes::memory_kib);
    let server_before = pid.and_then(processes::processor_time);
    let own_before = own_time();
    let (sender, slices) = bounded(SLICES_MAX);
    let mut workers = Vec::new();
    for number in 0..shared.threads {
        let worker = Worker::new(Arc::clone(&shared), number, sender.clone())?;
        let name = format!("worker-{number}");
        let builder = thread::Builder::new().name(name);
        workers.push(builder.spawn(move || worker.run())?);
    }
    drop(sender);
    let (rows, intervals, peak_kib) = watch(&shared, order, &slices, pid);
    let mut harvest = Harvest::default();
    for worker in workers {
        let one = worker
            .join()
            .map_err(|_| anyhow::anyhow!("a worker has panicked"))?;
        harvest.merge(one);
    }
    let end = shared.clock.now();
    let own_time = own_time() - own_before;
    let server_time = pid
        .and_then(processes::processor_time)
        .zip(server_before)
        .map(|(after, before)| after - before);
    let (limit, limit_from) = limit(order, &harvest.visits);
    let interrupted = order.interrupted.load(Ordering::Relaxed);
    let mut seen = Seen {
        harvest,
        drilled: Vec::new(),
        drill: None,
        rows,
        begin: shared.begin,
        end,
        own_time,
        server_time,
        memory_kib: rest_kib.zip(peak_kib),
        limit,
        limit_from,
        target: shared.target,
        dialect: D::NAME,
        interval: shared.interval,
        interrupted,
    };
    if order.drill && !interrupted {
        hold_drill(&shared, order, &mut seen)?;
    }
    Ok((seen, intervals, shared))
}

/// Gathers the workers' slices, shows them, and passes an interruption on.
fn watch<D>(
    shared: &Shared<D>,
    order: &Order,
    slices: &Receiver<Slice>,
    pid: Option<u32>,
) -> (Vec<Row>, Vec<hlog::Entry>, Option<u64>) {
    let mut live = Live::new(shared.end(), shared.interval, order.quiet);
    let mut gatherer = Gatherer::new(shared.threads as usize);
    let (mut rows, mut intervals) = (Vec::new(), Vec::new());
    let mut peak_kib = None;
    let mut most_active = 0;
    for slice in slices {
        if order.interrupted.load(Ordering::Relaxed) {
            shared.stop.store(true, Ordering::Relaxed);
        }
        let Some(gathered) = gatherer.add(&slice) else { continue };
        live.show(&gathered.row);
        // Reading it costs the server time, so only where it can be new.
        if gathered.row.active > most_active {
            most_active = gathered.row.active;
            peak_kib = peak_kib.max(pid.and_then(processes::memory_kib));
        }
        intervals.push(hlog::Entry {
            from: gathered.row.index * shared.interval,
            length: shared.interval,
            phases: gathered.phases,
        });
        rows.push(gathered.row);
    }
    live.end();
    (rows, intervals, peak_kib)
}

fn hold_drill<D: Dialect>(
    shared: &Shared<D>,
    order: &Order,
    seen: &mut Seen,
) -> anyhow::Result<()> {
    let Some(limit) = seen.limit.and_then(|it| usize::try_from(it).ok())
    else {
        return Ok(());
    };
    if limit == 0 || limit as u64 + descriptors::SPARE > descriptors::raise() {
        return Ok(());
    }
    let wants = |ops: &[Op]| {
        let mut mixes =
            shared.workload.groups.iter().flat_map(|group| &group.mix);
        mixes.any(|(op, _)| ops.contains(op))
    };
    let file = &shared.shelf.files[0].path;
    let setting = drill::Setting {
        dialect: shared.dialect,
        target: shared.target,
        clock: shared.clock,
        accounts: &shared.accounts,
        limit,
        file: wants(&[Op::Get, Op::Resume, Op::Dir]).then_some(file),
        folder: wants(&[Op::Put, Op::Get, Op::Dir])
            .then_some(&shared.shelf.folder),
        first_user: shared.workload.users(),
        patience: order.drill_patience,
    };
    let (drill, visits) = drill::hold(&setting)?;
    seen.drill = Some(drill);
    seen.drilled = visits;
    Ok(())
}

/// The limit and who says it.
fn limit(order: &Order, visits: &[Visit]) -> (Option<u64>, &'static str) {
    if let Some(limit) = order.limit {
        return (Some(u64::from(limit)), "asked");
    }
    if order.target.is_none() {
        return (Some(u64::from(LIMIT_DEFAULT)), "own server");
    }
    match visits.iter().rev().find_map(|visit| visit.limit) {
        Some(limit) => (Some(limit), "told by the server"),
        None => (None, "nobody"),
    }
}

/// The processor time that this process has used.
fn own_time() -> Nanos {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec.cast_unsigned() * SECOND + time.tv_nsec.cast_unsigned()
}

/// Short enough for a picture, long enough for a percentile.
fn interval(duration: Nanos) -> Nanos {
    (duration / 120).clamp(100 * MS, SECOND)
}

impl Harvest {
    /// Adds another worker's.
    fn merge(&mut self, other: Harvest) {
        self.ledger.merge(&other.ledger);
        self.visits.extend(other.visits);
        self.visits_lost += other.visits_lost;
        let errors: BTreeMap<_, _> = other.errors;
        for (key, count) in errors {
            *self.errors.entry(key).or_default() += count;
        }
        self.wrong.extend(other.wrong);
        self.wrong_count += other.wrong_count;
        self.watch.merge(&other.watch);
        self.unfinished += other.unfinished;
    }
}

/// Places of our own server where nothing is said.
pub(crate) const LIMIT_DEFAULT: u32 = 10;

/// Room to wait beyond the workload's clients: for the drill's.
const WAITING_SPARE: u32 = 100;

/// So long after the clock's start the first client comes.
const START_IN: Nanos = 20 * MS;

/// Slices on their way to whoever watches.
const SLICES_MAX: usize = 256;
