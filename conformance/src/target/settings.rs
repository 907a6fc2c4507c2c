//! The settings file of a server that the suite starts.
//!
//! Written as JSON, which is YAML too, so that no writer of YAML is needed.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, Value, json};

use super::{Credentials, Passwords};
use crate::case::{Dialect, ServerSettings};

/// The whole settings: the suite's defaults, and the scenario's over them.
pub fn settings_of(
    dialect: Dialect,
    wanted: Option<&ServerSettings>,
    user: &Credentials,
    second: Option<&Credentials>,
    passwords: Passwords,
) -> Value {
    let users = [user].into_iter().chain(second);
    let users: Vec<Value> =
        users.map(|user| user_of(user, passwords)).collect();
    let mut settings = json!({
        "listen": {dialect.to_string(): "127.0.0.1:0"},
        "max_users": 8,
        "waiting": {"places_max": 16, "secs_max": 60},
        "default_quota": match dialect {
            Dialect::Native => "64MiB",
            // Files that block a sender for sure are of 64 MiB.
            Dialect::Ftp => "256MiB",
        },
        "users": users,
        "limits": {
            "login_secs": 30,
            "idle_secs": 30,
            "stall_secs": 30,
            "login_failures": 3,
            "drain_secs": 2,
        },
    });
    if dialect == Dialect::Ftp {
        settings["ftp"] = json!({"passive_ports": passive_ports()});
    }
    if let Some(wanted) = wanted {
        merge(&mut settings, wanted);
    }
    settings
}

/// Ports that no other server of this run has: a scenario that looks whether
/// a port is closed must not find another's server there. They lie below
/// those that the system gives out by itself.
fn passive_ports() -> [u32; 2] {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let block = NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id();
    let first = PORTS_FIRST + block % PORT_BLOCKS * PORTS_EACH;
    [first, first + PORTS_EACH - 1]
}

fn user_of(user: &Credentials, passwords: Passwords) -> Value {
    let hash = HASHES.iter().find(|hash| hash.0 == user.password);
    if let (Passwords::Hashed, Some((_, hash))) = (passwords, hash) {
        return json!({"name": user.name, "password_hash": hash});
    }
    json!({"name": user.name, "password": user.password})
}

/// Lays a scenario's settings over others.
pub fn merge(settings: &mut Value, wanted: &ServerSettings) {
    if let Some(max) = wanted.max_users {
        settings["max_users"] = max.into();
    }
    if let Some(quota) = &wanted.default_quota {
        settings["default_quota"] = size(quota);
    }
    if let Some(quota) = &wanted.quota {
        settings["users"][0]["quota"] = size(quota);
    }
    for (key, values) in
        [("waiting", &wanted.waiting), ("limits", &wanted.limits)]
    {
        for (name, value) in values.iter().flatten() {
            settings[key][name.as_str()] = (*value).into();
        }
    }
    let Some(users) = settings["users"].as_array_mut() else { return };
    for user in &wanted.users {
        let mut one = Map::new();
        one.insert("name".into(), user.name.clone().into());
        one.insert("password".into(), user.password.clone().into());
        if let Some(quota) = &user.quota {
            one.insert("quota".into(), size(quota));
        }
        users.retain(|other| other["name"] != user.name.as_str());
        users.push(one.into());
    }
}

/// A number of bytes is a number; anything else is the server's to read.
fn size(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| text.into(), Value::from)
}

/// The passwords of the suite's own users, and their Argon2id hashes: 8 KiB,
/// one pass, one lane.
const HASHES: [(&str, &str); 2] = [
    (
        "ann-pass",
        "$argon2id$v=19$m=8,t=1,p=1$Y29uZm9ybWFuY2UtYW5uIQ$\
         WJdFc6co+foAR64jfYwriT7dvJkS/f7AWZsvoWnMU8I",
    ),
    (
        "bob-pass",
        "$argon2id$v=19$m=8,t=1,p=1$Y29uZm9ybWFuY2UtYm9iIQ$\
         T7QLIgXN9LyTa0drU0KVp50jTI/UwZBNsdbJj12mjcs",
    ),
];

/// Where the blocks of passive ports begin.
const PORTS_FIRST: u32 = 12_000;

/// Many times what runs at once.
const PORT_BLOCKS: u32 = 200;

/// For the few connections of one scenario.
const PORTS_EACH: u32 = 100;
