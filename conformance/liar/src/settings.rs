//! The settings file, as far as a test needs it. Keys that ftpool knows and
//! this server has no use for are read over; any other is an error.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use serde::Deserialize;

/// The settings, checked.
pub(crate) struct Settings {
    /// The folder that holds `home/` and `parts/`.
    pub(crate) root: PathBuf,
    /// Where to listen.
    pub(crate) native: SocketAddr,
    /// How many are served at once.
    pub(crate) max_users: usize,
    /// How many may wait.
    pub(crate) places_max: usize,
    /// How long they may wait.
    pub(crate) wait_max: Duration,
    /// Name, password and quota in bytes.
    pub(crate) users: Vec<(String, String, u64)>,
    /// The limits of time and of failures.
    pub(crate) limits: Limits,
}

/// The limits that a session keeps.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// From ready to 200.
    pub(crate) login: Duration,
    /// Between two commands.
    pub(crate) idle: Duration,
    /// Without a byte moved.
    pub(crate) stall: Duration,
    /// The failure that closes.
    pub(crate) failures: u32,
    /// The grace of transfers in flight.
    pub(crate) drain: Duration,
    /// How long a kept part lives.
    pub(crate) part: Duration,
}

impl Settings {
    /// Reads and checks the file; `root` wins over what it says.
    pub(crate) fn read(
        path: &Path,
        root: Option<PathBuf>,
    ) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| path.display().to_string())?;
        let raw: Raw = serde_yaml::from_str(&text)
            .with_context(|| path.display().to_string())?;
        let Some(root) = root.or(raw.root) else {
            bail!("{}: no root", path.display());
        };
        let Some(native) = raw.listen.native else {
            bail!("{}: no listen.native", path.display());
        };
        let mut users = Vec::new();
        for user in raw.users {
            let Some(password) = user.password else {
                bail!("{}: {} has no password", path.display(), user.name);
            };
            let quota = user.quota.as_ref().unwrap_or(&raw.default_quota);
            users.push((user.name, password, quota.bytes()?));
        }
        let limits = raw.limits;
        Ok(Self {
            root: real(&root)?,
            native: native.parse().context("listen.native")?,
            max_users: raw.max_users,
            places_max: raw.waiting.places_max,
            wait_max: seconds(raw.waiting.secs_max)?,
            users,
            limits: Limits {
                login: seconds(limits.login_secs)?,
                idle: seconds(limits.idle_secs)?,
                stall: seconds(limits.stall_secs)?,
                failures: limits.login_failures,
                drain: seconds(limits.drain_secs)?,
                part: seconds(limits.part_hours * 3600.0)?,
            },
        })
    }
}

/// Makes the root, and says where it really is.
fn real(root: &Path) -> anyhow::Result<PathBuf> {
    std::fs::create_dir_all(root)?;
    Ok(std::fs::canonicalize(root)?)
}

fn seconds(secs: f64) -> anyhow::Result<Duration> {
    Duration::try_from_secs_f64(secs).context("a time")
}

impl Size {
    fn bytes(&self) -> anyhow::Result<u64> {
        let text = match self {
            Self::Bytes(bytes) => return Ok(*bytes),
            Self::Text(text) => text.trim(),
        };
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let number: f64 = digits.trim().parse().context("a size")?;
        let unit = text[digits.len()..].trim();
        let factor = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => 1.0,
            "k" | "kib" => 1024.0,
            "m" | "mib" => 1024.0 * 1024.0,
            "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
            "kb" => 1e3,
            "mb" => 1e6,
            "gb" => 1e9,
            _ => bail!("a size with the unit {unit}"),
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "sizes of tests are small and positive"
        )]
        Ok((number * factor) as u64)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    root: Option<PathBuf>,
    listen: RawListen,
    #[serde(default = "ten")]
    max_users: usize,
    #[serde(default)]
    waiting: RawWaiting,
    #[serde(default = "ten_mib")]
    default_quota: Size,
    #[serde(default)]
    users: Vec<RawUser>,
    #[serde(default)]
    limits: RawLimits,
    #[serde(default, rename = "ftp")]
    _ftp: serde_yaml::Value,
    #[serde(default, rename = "tls")]
    _tls: serde_yaml::Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawListen {
    native: Option<String>,
    #[serde(rename = "ftp")]
    _ftp: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawWaiting {
    places_max: usize,
    secs_max: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawUser {
    name: String,
    password: Option<String>,
    #[serde(rename = "password_hash")]
    _password_hash: Option<String>,
    quota: Option<Size>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawLimits {
    login_secs: f64,
    idle_secs: f64,
    stall_secs: f64,
    login_failures: u32,
    drain_secs: f64,
    part_hours: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Size {
    Bytes(u64),
    Text(String),
}

impl Default for RawWaiting {
    fn default() -> Self {
        Self { places_max: 100, secs_max: 60.0 }
    }
}

impl Default for RawLimits {
    fn default() -> Self {
        Self {
            login_secs: 30.0,
            idle_secs: 300.0,
            stall_secs: 60.0,
            login_failures: 3,
            drain_secs: 30.0,
            part_hours: 72.0,
        }
    }
}

fn ten() -> usize {
    10
}

fn ten_mib() -> Size {
    Size::Bytes(10 * 1024 * 1024)
}
