//! From the arguments to the order of a run: the workload with what the
//! command line says of it, the server, the thresholds.
//!
//! Must not know: what becomes of an order.

use std::{
    env,
    net::{SocketAddr, ToSocketAddrs as _},
    sync::{Arc, atomic::AtomicBool},
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

use super::{Failure, RunArgs, TargetArgs, usage};
use crate::{
    clock::{Nanos, SECOND},
    run::Order,
    verdict::{threshold::Threshold, validity::Allowed},
    workload::Workload,
};

/// The order that the arguments and the workload make.
pub(super) fn order(args: &RunArgs) -> Result<Order, Failure> {
    let mut workload = Workload::load(&args.workload).map_err(usage)?;
    if let Some(users) = args.users {
        workload.set_users(users);
    }
    if args.closed {
        workload.set_closed();
    }
    if let Some(rate) = args.rate {
        workload.set_rate(rate).map_err(usage)?;
    }
    match args.duration {
        Some(duration) => workload.duration = duration.nanos(),
        None if args.find_capacity => workload.duration = STEP_LENGTH,
        None => {}
    }
    if let Some(warm_up) = args.warm_up {
        workload.warm_up = warm_up.nanos();
    }
    workload.seed = args.seed.unwrap_or(workload.seed);
    let mut thresholds = Vec::new();
    let typed = args.threshold.iter().map(|typed| {
        typed
            .split_once('=')
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .ok_or_else(|| usage(format!("{typed:?}: KEY=VALUE is wanted")))
    });
    let typed: Vec<_> = typed.collect::<Result<_, _>>()?;
    // A threshold on the command line takes the workload's place.
    let given = |key: &str| typed.iter().any(|(typed, _)| typed == key);
    let own = workload.thresholds.iter().filter(|(key, _)| !given(key));
    for (key, value) in own.chain(&typed) {
        thresholds.push(Threshold::parse(key, value).map_err(usage)?);
    }
    let (target, account) = target(&args.target)?;
    let folder = folder(&args.folder)?;
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&interrupted)).map_err(usage)?;
    }
    Ok(Order {
        workload,
        target,
        account,
        folder,
        limit: args.limit,
        server_pid: args.server_pid,
        threads: args.threads,
        drill: !args.no_drill,
        drill_patience: args.drill_patience.nanos(),
        quiet: args.quiet,
        allowed: Allowed {
            late_share: args.late_max / 100.0,
            lag: args.lag_max.nanos(),
        },
        refill_max: args.refill_max.nanos(),
        thresholds,
        interrupted,
    })
}

/// The server's address and account, where it is not our own.
#[expect(clippy::type_complexity, reason = "two options, used once")]
pub(super) fn target(
    args: &TargetArgs,
) -> Result<(Option<SocketAddr>, Option<(String, String)>), Failure> {
    let Some(typed) = &args.target else { return Ok((None, None)) };
    let address = typed
        .to_socket_addrs()
        .map_err(|error| usage(format!("{typed}: {error}")))?
        .next()
        .ok_or_else(|| usage(format!("{typed}: no address")))?;
    if !is_near(address) && !args.i_own_the_target {
        return Err(usage(format!(
            "{address} is on a public network: a load test of somebody else's \
            server is an attack. Say --i-own-the-target if it is yours"
        )));
    }
    let Some(user) = &args.user else {
        return Err(usage("--target needs a --user"));
    };
    let password = env::var(&args.password_env).map_err(|_| {
        usage(format!("the password is missing: set {}", args.password_env))
    })?;
    // The native dialect encodes them; FTP would read a second command.
    let breaks = |text: &str| text.contains(['\r', '\n', '\0']);
    if breaks(user) || breaks(&password) {
        return Err(usage("a name or password has a line's end in it"));
    }
    Ok((Some(address), Some((user.clone(), password))))
}

/// The folder without a slash at its end. Names are sent as they are, so
/// only letters that mean the same in every dialect are taken.
fn folder(typed: &str) -> Result<String, Failure> {
    let plain = |letter: char| {
        letter.is_ascii_alphanumeric() || "-_./".contains(letter)
    };
    if !typed.starts_with('/') || !typed.chars().all(plain) {
        return Err(usage(format!(
            "--folder {typed:?}: a path from / on, of letters, digits, - _ ."
        )));
    }
    Ok(typed.trim_end_matches('/').to_owned())
}

/// Whether an address is on this machine or a private network.
fn is_near(address: SocketAddr) -> bool {
    match address {
        SocketAddr::V4(v4) => {
            let ip = v4.ip();
            ip.is_loopback() || ip.is_private() || ip.is_link_local()
        }
        SocketAddr::V6(v6) => {
            let ip = v6.ip();
            ip.is_loopback()
                || ip.is_unique_local()
                || ip.is_unicast_link_local()
        }
    }
}

/// How long each rate of a search is tried: twenty of them are a minute,
/// and a server that is ten percent behind shows it by then.
const STEP_LENGTH: Nanos = 3 * SECOND;
