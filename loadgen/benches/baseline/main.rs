//! What the server costs beside a bare loop that does the same work with
//! nothing around it, and per operation: `cargo bench -p ftpool-loadgen
//! --bench baseline`. Both sides take turns in one run, and the medians of
//! the rounds are told with what is to be reached. It judges nothing: a
//! busy machine is no fault.
//!
//! - `server`: ftpool-server, and the processor time that it has used
//! - `bare`: the bare loop
//! - `session`: a client of both, as thin as the loop

mod bare;
mod server;
mod session;

use std::{fs, io::Write as _, path::Path, process::Command, time::Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use self::{bare::Bare, server::Server, session::Session};

fn main() -> anyhow::Result<()> {
    let server = Server::start()?;
    let small = server.home().join("small");
    let large = server.home().join("large");
    fill(&small, SMALL_BYTES)?;
    fill(&large, LARGE_BYTES)?;
    let mut figures = Figures::default();
    for round in 1..=ROUNDS {
        say(&format!("round {round} of {ROUNDS}\n"));
        small_gets(&server, &small, &mut figures)?;
        large_gets(&server, &large, &mut figures)?;
        logins(&server, &mut figures)?;
        puts(&server, &mut figures)?;
        figures.generator.push(generator()?);
    }
    say(&figures.table());
    Ok(())
}

/// What the rounds gave, one entry a round or more.
#[derive(Default)]
struct Figures {
    /// Gets a second, ours and the loop's.
    small_rate: [Vec<f64>; 2],
    /// Mebibytes a second, ours and the loop's.
    large_rate: [Vec<f64>; 2],
    /// Processor time of one large get in ms, ours and the loop's.
    large_ms: [Vec<f64>; 2],
    /// The server's processor time for one operation in microseconds.
    get_us: Vec<f64>,
    sign_in_us: Vec<f64>,
    visit_us: Vec<f64>,
    put_us: Vec<f64>,
    /// The generator's share of what the server takes for one operation.
    generator: Vec<f64>,
}

/// Rates and processor time of small gets in one session, ours and the
/// loop's in turn: what else the machine does comes and goes.
fn small_gets(
    server: &Server,
    file: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let (get, bare_get) = (b"get /small\n", b"get\n");
    let mut session = server.sign_in()?;
    let length = session.reply_length(get)?;
    let bare = Bare::start(file)?;
    let mut bare_session = Session::connect(bare.address)?;
    let bare_length = bare_session.exchange(bare_get, bare.reply_bytes)?;
    for _ in 0..TURNS {
        let before = server.processor_us()?;
        let ours = rate(&mut session, get, length, SMALL_GETS)?;
        let spent = server.processor_us()? - before;
        let bare = rate(&mut bare_session, bare_get, bare_length, SMALL_GETS)?;
        figures.small_rate[0].push(ours);
        figures.small_rate[1].push(bare);
        figures.get_us.push(spent / f64::from(SMALL_GETS));
    }
    drop(bare_session);
    bare.join()?;
    Ok(())
}

/// Rates and processor time of large gets, ours and the loop's in turn.
fn large_gets(
    server: &Server,
    file: &Path,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let mebibytes = LARGE_BYTES as f64 / f64::from(1 << 20);
    let mut session = server.sign_in()?;
    let length = session.reply_length(b"get /large\n")?;
    for _ in 0..TURNS {
        let before = server.processor_us()?;
        let rate = rate(&mut session, b"get /large\n", length, 1)?;
        figures.large_ms[0].push((server.processor_us()? - before) / 1e3);
        figures.large_rate[0].push(rate * mebibytes);
        let bare = Bare::start(file)?;
        let mut session = Session::connect(bare.address)?;
        let rate = self::rate(&mut session, b"get\n", bare.reply_bytes, 1)?;
        drop(session);
        figures.large_rate[1].push(rate * mebibytes);
        figures.large_ms[1].push(bare.join()? / 1e3);
    }
    Ok(())
}

/// Processor time of a sign-in with a password that is remembered, and of
/// the visit around it: connect, sign in, say goodbye, close.
fn logins(server: &Server, figures: &mut Figures) -> anyhow::Result<()> {
    let mut spent = 0.0;
    for _ in 0..SIGN_INS / AT_ONCE {
        let mut comers = (0..AT_ONCE)
            .map(|_| server.connect())
            .collect::<anyhow::Result<Vec<_>>>()?;
        let before = server.processor_us()?;
        comers.iter_mut().try_for_each(Session::sign_in)?;
        spent += server.processor_us()? - before;
        comers.into_iter().try_for_each(Session::leave)?;
    }
    figures.sign_in_us.push(spent / f64::from(SIGN_INS));
    let before = server.processor_us()?;
    for _ in 0..LOGINS {
        server.sign_in()?.leave()?;
    }
    let spent = server.processor_us()? - before;
    figures.visit_us.push(spent / f64::from(LOGINS));
    Ok(())
}

/// Processor time of a small upload that is on the disk when it is
/// confirmed.
fn puts(server: &Server, figures: &mut Figures) -> anyhow::Result<()> {
    let mut session = server.sign_in()?;
    let mut requests = Vec::new();
    for slot in 0..PUT_SLOTS {
        let line = format!("put /put-{slot} size={SMALL_BYTES}\n");
        let mut request = line.into_bytes();
        request.resize(request.len() + SMALL_BYTES as usize, b'p');
        requests.push(request);
    }
    let before = server.processor_us()?;
    for request in requests.iter().cycle().take(PUTS as usize) {
        session.put(request)?;
    }
    let spent = server.processor_us()? - before;
    figures.put_us.push(spent / f64::from(PUTS));
    Ok(())
}

/// The generator's processor time for one small operation, as a share of
/// what its server takes.
fn generator() -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let json = folder.path().join("load.json");
    let done = Command::new(env!("CARGO_BIN_EXE_ftpool-loadgen"))
        .args(["run", "--workload", "small-files", "--duration", "3s"])
        .args(["--quiet", "--no-drill", "--json"])
        .arg(&json)
        .output()?;
    let said = String::from_utf8_lossy(&done.stdout);
    let text = fs::read(&json).with_context(|| said.into_owned())?;
    let report: Value = serde_json::from_slice(&text)?;
    let one = |side: &str| {
        let key = format!("/cost/{side}_us_per_operation");
        report.pointer(&key).and_then(Value::as_f64).context(key)
    };
    Ok(one("generator")? / one("server")?)
}

/// Exchanges a second.
fn rate(
    session: &mut Session,
    request: &[u8],
    reply_bytes: u64,
    count: u32,
) -> anyhow::Result<f64> {
    let begun = Instant::now();
    for _ in 0..count {
        let got = session.exchange(request, reply_bytes)?;
        ensure!(got == reply_bytes, "{got} bytes came, not {reply_bytes}");
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

fn fill(path: &Path, bytes: u64) -> anyhow::Result<()> {
    let mut file = fs::File::create(path)?;
    let piece: Vec<u8> =
        (0..1 << 20).map(|at: u32| (at % 251) as u8).collect();
    let mut left = bytes;
    while left > 0 {
        let length = left.min(piece.len() as u64);
        file.write_all(&piece[..length as usize])?;
        left -= length;
    }
    // What is still to be written must not disturb the first round.
    file.sync_all()?;
    Ok(())
}

impl Figures {
    fn table(&self) -> String {
        let [small, bare_small] = self.small_rate.each_ref().map(median);
        let [large, bare_large] = self.large_rate.each_ref().map(median);
        let [cost, bare_cost] = self.large_ms.each_ref().map(median);
        let ratio = |what: &str, ours: f64, bare: f64, goal: Goal| {
            let goal = goal.on(ours / bare);
            let ratio = ours / bare;
            format!("{what:<38}{ours:>10.1}{bare:>12.1}{ratio:>8.2}  {goal}")
        };
        let plain = |what: &str, got: f64, goal: Goal| {
            let goal = goal.on(got);
            format!("{what:<38}{got:>10.2}{:>20}  {goal}", "")
        };
        let (half, most) = (Goal::Least(0.5), Goal::Most(1.2));
        let share = median(&self.generator);
        [
            format!(
                "{:<38}{:>10}{:>12}{:>8}  goal",
                format!("medians of {ROUNDS} rounds"),
                "ftpool",
                "bare loop",
                "ratio"
            ),
            ratio("4 KiB gets/s, one session", small, bare_small, half),
            ratio("1 GiB get, MiB/s", large, bare_large, Goal::Least(0.9)),
            ratio("1 GiB get, processor ms", cost, bare_cost, most),
            plain(
                "login, processor us",
                median(&self.sign_in_us),
                Goal::Most(100.0),
            ),
            plain(
                "the visit around it, processor us",
                median(&self.visit_us),
                Goal::None,
            ),
            plain(
                "4 KiB get, processor us",
                median(&self.get_us),
                Goal::Most(60.0),
            ),
            plain(
                "4 KiB durable put, processor us",
                median(&self.put_us),
                Goal::Most(500.0),
            ),
            plain("generator / server, processor", share, Goal::Most(1.0)),
            String::new(),
        ]
        .join("\n")
    }
}

/// What is to be reached.
#[derive(Clone, Copy)]
enum Goal {
    None,
    Least(f64),
    Most(f64),
}

impl Goal {
    /// The goal, and whether a value reaches it.
    fn on(self, value: f64) -> String {
        let (word, bound, reached) = match self {
            Goal::None => return "none".to_owned(),
            Goal::Least(bound) => ("at least", bound, value >= bound),
            Goal::Most(bound) => ("at most", bound, value <= bound),
        };
        let judged = if reached { "reached" } else { "MISSED" };
        format!("{word} {bound}: {judged}")
    }
}

fn median(values: impl AsRef<[f64]>) -> f64 {
    let mut sorted = values.as_ref().to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn say(text: &str) {
    // Nobody may be reading; there is nothing else to do.
    drop(std::io::stdout().write_all(text.as_bytes()));
}

/// Odd, so that the median is one of them.
const ROUNDS: usize = 5;

const SMALL_BYTES: u64 = 4096;
const LARGE_BYTES: u64 = 1 << 30;

/// How often ours and the loop's take turns in a round.
const TURNS: u32 = 5;

/// Counts of less than a second each.
const SMALL_GETS: u32 = 5_000;
const LOGINS: u32 = 2_000;
const PUTS: u32 = 1_000;

/// Sign-ins in a round, by so many clients at once: as there are places.
const SIGN_INS: u32 = 1_000;
const AT_ONCE: u32 = 10;

/// Names that uploads take in turn.
const PUT_SLOTS: u32 = 16;
