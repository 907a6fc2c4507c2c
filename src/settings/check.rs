//! From the settings as typed, and the flags, to the settings as checked:
//! the defaults, the bounds, and what must hold between the keys.
//!
//! Must not know: where the file came from, or what a server does with it.

use std::{
    collections::HashSet,
    net::{Ipv4Addr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    time::Duration,
};

use super::{
    Flags, FtpSettings, Limits, Listen, Secret, Settings, SettingsError,
    UserSettings, Waiting,
    demo::is_demo_password,
    raw::{Node, RawSettings, whole_of},
};
use crate::{
    password::{self, Password},
    users::UserName,
};

/// Checks the flags by themselves, before any file is looked for.
pub(super) fn check_flags(flags: &Flags) -> Result<(), SettingsError> {
    let refuse = |flag, value: String, why| {
        Err(SettingsError::Flag { flag, value, why })
    };
    match flags.max_users {
        Some(number) if !MAX_USERS.contains(&(number as u64)) => {
            refuse("--max-users", number.to_string(), whole_of(&MAX_USERS))
        }
        _ => Ok(()),
    }
}

/// Checks everything that can be checked without the disk, with flags that
/// are good by themselves. `place` makes the root out of the `root:` that is in the file, or is not.
pub(super) fn check(
    raw: &RawSettings,
    flags: &Flags,
    place: impl FnOnce(Option<&str>) -> PathBuf,
) -> Result<Settings, SettingsError> {
    let top = raw.top();
    let [
        root,
        listen,
        max_users,
        waiting,
        default_quota,
        users,
        limits,
        ftp,
        tls,
    ] = top.map([
        "root",
        "listen",
        "max_users",
        "waiting",
        "default_quota",
        "users",
        "limits",
        "ftp",
        "tls",
    ])?;
    if let Some(tls) = tls {
        return Err(tls.expected("TLS is not in this version"));
    }
    let root = root.map(|root| root.text()).transpose()?;
    let max_users =
        max_users.map_or(Ok(10), |number| number.whole(MAX_USERS))?;
    let listen = check_listen(&top, listen.as_ref(), flags)?;
    Ok(Settings {
        root: place(root),
        listen,
        max_users: flags.max_users.unwrap_or(max_users as usize),
        waiting: check_waiting(waiting.as_ref())?,
        default_quota: default_quota
            .map_or(Ok(DEFAULT_QUOTA), |size| size.size())?,
        users: check_users(users.map(Node::secret).as_ref(), &listen)?,
        limits: check_limits(limits.as_ref())?,
        ftp: check_ftp(ftp.as_ref())?,
        tls: None,
    })
}

fn check_listen(
    top: &Node<'_>,
    listen: Option<&Node<'_>>,
    flags: &Flags,
) -> Result<Listen, SettingsError> {
    let (native, ftp) = match listen {
        Some(listen) => {
            let [native, ftp] = listen.map(["native", "ftp"])?;
            let address = |it: Option<Node<'_>>| {
                it.map(|it| it.socket_address()).transpose()
            };
            (address(native)?, address(ftp)?)
        }
        // The key is there and has no value: all listeners are off.
        None if top.named("listen").is_some() => (None, None),
        None => (Some(NATIVE), Some(FTP)),
    };
    let native = flags.listen_native.or(native);
    let ftp = flags.listen_ftp.or(ftp);
    match (native, ftp, top.named("listen")) {
        (None, None, Some(listen)) => Err(listen.expected(
            "expected at least one listener, native: ADDRESS or ftp: ADDRESS",
        )),
        _ => Ok(Listen { native, ftp }),
    }
}

fn check_waiting(
    section: Option<&Node<'_>>,
) -> Result<Waiting, SettingsError> {
    let [places, secs] = keys(section, ["places_max", "secs_max"])?;
    let places = places.map_or(Ok(100), |it| it.whole(0..=PLACES_MAX_MAX))?;
    Ok(Waiting {
        places_max: places as usize,
        time_max: seconds(secs.as_ref(), 60)?,
    })
}

fn check_limits(section: Option<&Node<'_>>) -> Result<Limits, SettingsError> {
    let [login, idle, stall, failures, drain, part] = keys(
        section,
        [
            "login_secs",
            "idle_secs",
            "stall_secs",
            "login_failures",
            "drain_secs",
            "part_hours",
        ],
    )?;
    let failures =
        failures.map_or(Ok(3), |it| it.whole(1..=LOGIN_FAILURES_MAX))?;
    let drain_secs = drain.map_or(Ok(30), |it| it.whole(0..=SECS_MAX))?;
    let part_hours = part.map_or(Ok(72), |it| it.whole(1..=PART_HOURS_MAX))?;
    Ok(Limits {
        login: seconds(login.as_ref(), 30)?,
        idle: seconds(idle.as_ref(), 300)?,
        stall: seconds(stall.as_ref(), 60)?,
        login_failures: failures as u32,
        drain: Duration::from_secs(drain_secs),
        part_age: Duration::from_secs(part_hours * 3600),
    })
}

fn check_ftp(
    section: Option<&Node<'_>>,
) -> Result<FtpSettings, SettingsError> {
    let [ports, address, waiting] =
        keys(section, ["passive_ports", "public_address", "waiting_replies"])?;
    Ok(FtpSettings {
        waiting_replies: waiting.map_or(Ok(false), |it| it.truth())?,
        passive_ports: ports.map_or(Ok(50000..=50999), |it| ports_of(&it))?,
        public_address: address.map(|it| it.address()).transpose()?,
    })
}

fn ports_of(list: &Node<'_>) -> Result<RangeInclusive<u16>, SettingsError> {
    let ports = list.list()?;
    let [first, last] = ports.as_slice() else {
        return Err(list.expected("expected the first and the last port"));
    };
    let port = |node: &Node<'_>| {
        node.whole(1..=u64::from(u16::MAX)).map(|port| port as u16)
    };
    let (first, last) = (port(first)?, port(last)?);
    if first > last {
        return Err(list.expected("expected the lower port first"));
    }
    Ok(first..=last)
}

/// All of it is secret but for the names and the quotas: what is misspelt
/// or misplaced here may be a password.
fn check_users(
    list: Option<&Node<'_>>,
    listen: &Listen,
) -> Result<Vec<UserSettings>, SettingsError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let mut users = Vec::new();
    let mut seen = HashSet::new();
    for node in list.list()? {
        let keys = ["name", "password", "password_hash", "quota"];
        let [name, password, hash, quota] = node.map(keys)?;
        let Some(name_node) = name.map(Node::shown) else {
            return Err(node.expected("expected a name"));
        };
        let name = UserName::parse(name_node.text()?)
            .ok_or_else(|| name_node.expected(NAME_EXPECTED))?;
        if !seen.insert(name.clone()) {
            return Err(name_node.expected("another user has this name"));
        }
        let secret = match (password, hash) {
            (Some(password), None) => {
                check_password(&password, &name, listen)?
            }
            (None, Some(hash)) => check_hash(&hash)?,
            _ => return Err(node.expected(SECRET_EXPECTED)),
        };
        let quota = quota.map(|it| it.shown().size()).transpose()?;
        users.push(UserSettings { name, secret, quota });
    }
    Ok(users)
}

/// A demo password is refused here, where the line is known. The database
/// and the hashes are looked at when the users are made.
fn check_password(
    node: &Node<'_>,
    user: &UserName,
    listen: &Listen,
) -> Result<Secret, SettingsError> {
    let password = Password::parse(node.text()?)
        .ok_or_else(|| node.expected(PASSWORD_EXPECTED))?;
    match listen.beyond_loopback() {
        Some(open) if is_demo_password(&password) => {
            Err(node.expected(&format!(
                "user {user} has a password of the demo settings, \
                 and {open} is not a loopback address"
            )))
        }
        _ => Ok(Secret::Password(password)),
    }
}

fn check_hash(node: &Node<'_>) -> Result<Secret, SettingsError> {
    let hash = node.text()?;
    if !password::is_acceptable(hash) {
        return Err(node.expected(HASH_EXPECTED));
    }
    Ok(Secret::Hash(String::from(hash)))
}

/// The keys of a section that may be left out as a whole.
fn keys<'r, const N: usize>(
    section: Option<&Node<'r>>,
    names: [&str; N],
) -> Result<[Option<Node<'r>>; N], SettingsError> {
    section
        .map_or_else(|| Ok([const { None }; N]), |section| section.map(names))
}

fn seconds(
    typed: Option<&Node<'_>>,
    default: u64,
) -> Result<Duration, SettingsError> {
    let secs = typed.map_or(Ok(default), |it| it.whole(1..=SECS_MAX))?;
    Ok(Duration::from_secs(secs))
}

/// Loopback alone, so that a first start is reachable by nobody else.
const NATIVE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9021);

const FTP: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 2121);

const DEFAULT_QUOTA: u64 = 10 << 20;

const MAX_USERS: RangeInclusive<u64> = 1..=MAX_USERS_MAX;

const NAME_EXPECTED: &str = "expected a user name: 1 to 64 bytes of letters, \
    digits, '.', '_' and '-', with a letter or digit first";
const PASSWORD_EXPECTED: &str =
    "expected a password of 1 to 1024 bytes without NUL";
const HASH_EXPECTED: &str = "expected an Argon2id hash, $argon2id$v=19$..., \
    of at most 256 MiB, 16 passes and 16 lanes";
const SECRET_EXPECTED: &str = "expected either password or password_hash";

/// The most places that may be served at once: each is a thread, and this
/// many still fit the address space and the process limits of a large
/// machine.
pub const MAX_USERS_MAX: u64 = 100_000;

/// The most places in the waiting line: each holds an open connection.
pub const PLACES_MAX_MAX: u64 = 100_000;

/// The longest time of any limit: a week. More is a slip of the unit.
pub const SECS_MAX: u64 = 7 * 24 * 3600;

/// More wrong passwords than this in one connection protect nobody.
pub const LOGIN_FAILURES_MAX: u64 = 1000;

/// The longest that the part of a broken upload is kept: ten years.
pub const PART_HOURS_MAX: u64 = 10 * 366 * 24;
