//! A scenario in words: the rule, the ruling, the steps, and the lies that
//! it catches.

use std::fmt::Write;

use serde_saphyr::Spanned;

use crate::case::{
    Bytes, Case, Close, Connect, DiskCheck, Ending, Entry, Expect, Read,
    ServerAct, ServerSettings, Step, When,
};
use crate::lies::Lie;
use crate::run::describe;

/// All that there is to say about a case; `lies` are those that are known.
pub fn explain(case: &Case, lies: &[Lie]) -> String {
    let scenario = &case.scenario;
    let mut text = format!("{}\n{}\n\n", case.id, scenario.title);
    let mut row = |what: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "{what:<8} {value}");
        }
    };
    row("rule", scenario.rule.trim().replace('\n', " "));
    row("level", format!("{}, {}", scenario.level, scenario.place()));
    row("ruling", scenario.ruling.clone().unwrap_or_default());
    let needs: Vec<String> =
        case.needs().iter().map(ToString::to_string).collect();
    row("needs", needs.join(", "));
    let values: Vec<String> =
        case.row.iter().map(|(key, value)| format!("{key}={value}")).collect();
    row("row", values.join(" "));
    row("file", format!("{}:{}", case.file, case.line));
    row("server", scenario.server.as_ref().map(told).unwrap_or_default());
    for (path, entry) in &scenario.fixture {
        row("fixture", format!("{path}: {}", placed(entry)));
    }
    text += "\nsteps\n";
    if scenario.watched {
        text += "  every control connection of a run is watched for it\n";
    }
    steps(&scenario.steps, 1, &mut text);
    text += "\nlies that it catches\n";
    if scenario.kills.is_empty() {
        text += "  (none is named)\n";
    }
    for name in &scenario.kills {
        let does = lies.iter().find(|lie| lie.name == *name);
        let does = does.map_or("", |lie| lie.does.as_str());
        let _ = writeln!(text, "  {name:<20} {does}");
    }
    text
}

fn steps(steps: &[Spanned<Step>], depth: usize, text: &mut String) {
    let margin = "  ".repeat(depth);
    for step in steps {
        let step = &step.value;
        let who =
            step.on.as_ref().map_or(String::new(), |on| on.clone() + ": ");
        if let Some(note) = &step.note {
            let _ = writeln!(text, "{margin}{who}({note})");
        }
        for line in acts(step).into_iter().chain(ftp_acts(step)) {
            let _ = writeln!(text, "{margin}{who}{line}");
        }
        for (name, inner) in inner_steps(step) {
            if !name.is_empty() {
                let _ = writeln!(text, "{margin}{name}:");
            }
            self::steps(inner, depth + 1, text);
        }
        for expect in step.expect.iter().chain(step.replies.iter().flatten()) {
            expectation(expect, depth, text);
        }
        for line in raw(step) {
            let _ = writeln!(text, "{margin}  {line}");
        }
        if let Some(end) = &step.end {
            expectation(end, depth, text);
        }
        for line in bounds(step) {
            let _ = writeln!(text, "{margin}  {line}");
        }
    }
}

fn expectation(expect: &Expect, depth: usize, text: &mut String) {
    let margin = "  ".repeat(depth);
    let _ = writeln!(text, "{margin}  must be answered {}", describe(expect));
    let all = [expect].into_iter().chain(&expect.any_of);
    for one in all.filter(|one| !one.then.is_empty()) {
        let _ = writeln!(text, "{margin}  after {}:", describe(one));
        steps(&one.then, depth + 2, text);
    }
}

fn acts(step: &Step) -> Vec<String> {
    let mut acts = Vec::new();
    let mut add = |text: Option<String>| acts.extend(text);
    add(step.connect.map(|how| match how {
        Connect::Ready => "connects, and is told ready".into(),
        Connect::Only => "connects".into(),
        Connect::Refused => "tries to connect, and must be refused".into(),
    }));
    add(step
        .login
        .as_ref()
        .map(|login| format!("signs in as {}", login.user)));
    add(step
        .send
        .as_ref()
        .map(|many| format!("sends {}", many.0.join(" ⏎ "))));
    add(step.send_raw.as_ref().map(|b| format!("sends raw {}", bytes(b))));
    add(step.upload.as_ref().map(|b| format!("uploads {}", bytes(b))));
    add(step.put.as_ref().map(|put| {
        format!("puts {}, {}, whole", put.name, bytes(&put.bytes))
    }));
    add(step.get.as_ref().map(|get| {
        format!("gets {}, {}, whole", get.name, bytes(&get.bytes))
    }));
    add(step.close.map(|how| match how {
        Close::Fin => "closes".into(),
        Close::Half => "closes its sending direction".into(),
        Close::Reset => "resets the connection".into(),
    }));
    add(step.expect_close.map(|ending| match ending {
        Ending::Clean => "must see a clean close".into(),
        Ending::Reset => "must see a reset".into(),
        Ending::Any => "must see a close".into(),
    }));
    add(step.silence.map(|time| format!("must see nothing for {time}")));
    add(step.pause.map(|time| format!("waits {time}")));
    add(step
        .barrier
        .as_ref()
        .map(|name| format!("waits at the barrier {name}")));
    add(step.crowd.as_ref().map(|crowd| {
        let when = if crowd.background { ", in the background" } else { "" };
        format!("{} clients {} at once{when}:", crowd.count, crowd.name)
    }));
    add(step.join.as_ref().map(|name| format!("waits for the crowd {name}")));
    add(step.parallel.as_ref().map(|_| "at once:".to_owned()));
    add(step.repeat.as_ref().map(|repeat| format!("{} times:", repeat.times)));
    add(step
        .tally
        .as_ref()
        .map(|tally| format!("the counters are {tally:?}")));
    add(step.overlap.as_ref().map(|overlap| {
        let bound = |num: &Option<_>, word| match num {
            Some(num) => format!(" {word} {num}"),
            None => String::new(),
        };
        let least = bound(&overlap.reached, "at least");
        let most = bound(&overlap.most, "at most");
        format!("served at once, provably:{least}{most}")
    }));
    for (path, check) in step.disk.iter().flatten() {
        acts.push(format!(
            "on the server's disk {path} is {}",
            on_disk(check)
        ));
    }
    for (path, entry) in step.place.iter().flatten() {
        acts.push(format!(
            "on the server's disk {path} becomes {}",
            placed(entry)
        ));
    }
    if let Some(server) = &step.server {
        acts.extend(server_acts(server));
    }
    for (name, value) in step.set.iter().flatten() {
        acts.push(format!("{name} is {value}"));
    }
    for text in step.assert.iter().flat_map(|many| &many.0) {
        acts.push(format!("must hold: {text}"));
    }
    acts
}

fn on_disk(check: &DiskCheck) -> String {
    if let Some(file) = &check.file {
        return format!("a file with {}", bytes(file));
    }
    if let Some(names) = &check.dir {
        return format!("a directory with {names:?}");
    }
    match &check.link {
        Some(target) => format!("a link to {target}"),
        None => "not there".into(),
    }
}

fn placed(entry: &Entry) -> String {
    let kinds = [
        (entry.dir, "a directory"),
        (entry.fifo, "a pipe"),
        (entry.socket, "a socket"),
        (entry.remove, "nothing"),
    ];
    let mut text = if let Some(file) = &entry.file {
        format!("a file with {}", bytes(file))
    } else if let Some(target) = &entry.link {
        format!("a link to {target}")
    } else {
        let kind = kinds.iter().find(|kind| kind.0);
        kind.map_or("what it is", |kind| kind.1).to_owned()
    };
    if let Some(mode) = &entry.mode {
        let _ = write!(text, ", mode {mode}");
    }
    text
}

fn server_acts(act: &ServerAct) -> Vec<String> {
    let mut acts = Vec::new();
    if let Some(settings) = &act.settings {
        acts.push(format!("the server's settings become {}", told(settings)));
    }
    if let Some(signal) = &act.signal {
        acts.push(format!("the server is sent SIG{signal}"));
    }
    if let Some(code) = act.exit {
        acts.push(format!("the server must end with code {code}"));
    }
    if act.start {
        acts.push("the server is started again".into());
    }
    acts
}

/// The acts that FTP alone has.
fn ftp_acts(step: &Step) -> Vec<String> {
    let mut acts = Vec::new();
    if let Some(data) = &step.data {
        let when = match data.connect {
            When::Now => "",
            When::Later => ", to be made later",
        };
        acts.push(format!("prepares a data connection by {}{when}", data.via));
    }
    if step.dial.is_some() {
        acts.push("makes the data connection".into());
    }
    let whole = [
        ("retrieves", &step.retr),
        ("stores", &step.stor),
        ("appends", &step.appe),
    ];
    for (what, transfer) in whole {
        if let Some(transfer) = transfer {
            let (name, via) = (&transfer.name, &transfer.via);
            let bytes = bytes(&transfer.bytes);
            acts.push(format!("{what} {name}, {bytes}, whole, by {via}"));
        }
    }
    let listings =
        [("LIST", &step.list), ("NLST", &step.nlst), ("MLSD", &step.mlsd)];
    for (verb, listing) in listings {
        if let Some(listing) = listing {
            let path = listing.path.clone().unwrap_or_default();
            acts.push(format!("lists by {verb} {path}").trim().to_owned());
        }
    }
    if step.resync {
        acts.push("is still in step: NOOP is answered by 200".into());
    }
    acts
}

/// Settings in words, those that are given.
fn told(settings: &ServerSettings) -> String {
    let mut all = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        all.extend(value.map(|value| format!("{name}={value}")));
    };
    add("max_users", settings.max_users.map(|n| n.to_string()));
    add("default_quota", settings.default_quota.clone());
    add("quota", settings.quota.clone());
    for map in [&settings.waiting, &settings.limits].into_iter().flatten() {
        for (name, value) in map {
            add(name, Some(value.to_string()));
        }
    }
    for user in &settings.users {
        add("user", Some(user.name.clone()));
    }
    all.join(" ")
}

fn inner_steps(step: &Step) -> Vec<(&str, &[Spanned<Step>])> {
    let mut inner: Vec<(&str, &[Spanned<Step>])> = Vec::new();
    inner.extend(step.crowd.iter().map(|crowd| ("", &crowd.steps[..])));
    inner.extend(step.repeat.iter().map(|repeat| ("", &repeat.steps[..])));
    for (name, steps) in step.parallel.iter().flatten() {
        inner.push((name.as_str(), &steps[..]));
    }
    inner
}

fn raw(step: &Step) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(given) = &step.receive {
        lines.push(format!("must be sent {}", bytes(given)));
    }
    if let Some(read) = &step.read {
        lines.push(read_in_words(read));
    }
    if let Some(size) = &step.hold {
        lines.push(format!("reads {size} bytes of data, and stops"));
    }
    if let Some(entries) = &step.entries {
        let names = entries.names.as_ref().unwrap_or(&entries.include);
        lines.push(format!("must be sent a listing with {names:?}"));
    }
    if let Some(how) = step.close_data {
        lines
            .push(format!("ends the data connection: {how:?}").to_lowercase());
    }
    if let Some(state) = step.expect_data {
        let text = format!("must see the data connection: {state:?}");
        lines.push(text.to_lowercase());
    }
    if let Some(entries) = &step.listing {
        lines.push(format!("must be sent a listing of {entries:?}"));
    }
    lines
}

fn read_in_words(read: &Read) -> String {
    let mut text = match &read.length {
        Some(length) => format!("must be sent {length} raw bytes"),
        None => "must be sent raw bytes, as many as announced".to_owned(),
    };
    for (what, pattern) in [("with", &read.matches), ("without", &read.lacks)]
    {
        if let Some(pattern) = pattern {
            let _ = write!(text, ", {what} {pattern:?} in them");
        }
    }
    if let Some(digest) = &read.digest {
        let _ = write!(text, ", of digest {digest}");
    }
    text
}

fn bounds(step: &Step) -> Vec<String> {
    let since = step
        .since
        .as_ref()
        .map_or(String::new(), |mark| format!(" since {mark}"));
    let times = [
        ("within", step.within),
        ("not before", step.not_before),
        ("tried for at most", step.retry),
    ];
    times
        .iter()
        .filter_map(|(what, time)| Some(format!("{what} {}{since}", (*time)?)))
        .collect()
}

/// A byte string in words.
fn bytes(given: &Bytes) -> String {
    let mut text = if let Some(text) = &given.text {
        format!("{text:?}")
    } else if let Some(hex) = &given.hex {
        format!("the bytes {hex}")
    } else if let Some(random) = &given.random {
        format!("{} bytes of seed {}", random.size, random.seed)
    } else if let Some(name) = &given.of {
        format!("the bytes of {name}")
    } else if let Some(parts) = &given.join {
        parts.iter().map(bytes).collect::<Vec<_>>().join(" and ")
    } else {
        "nothing".into()
    };
    if let Some(times) = &given.repeat {
        let _ = write!(text, ", {times} times");
    }
    if let Some(from) = &given.from {
        let _ = write!(text, ", from byte {from}");
    }
    if let Some(to) = &given.to {
        let _ = write!(text, ", to byte {to}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Dialect;

    #[test]
    fn every_built_in_scenario_is_told_in_words() {
        let cases = crate::load::embedded().expect("they are good");
        let lies_of =
            |dialect| crate::lies::embedded(dialect).expect("they are good");
        let native = lies_of(Dialect::Native);
        let ftp = lies_of(Dialect::Ftp);
        for case in &cases {
            let lies = match case.dialect {
                Dialect::Native => &native,
                Dialect::Ftp => &ftp,
            };
            let text = explain(case, lies);
            for code in ["Some(", "None"] {
                assert!(!text.contains(code), "{code:?} is in\n{text}");
            }
            for name in &case.scenario.kills {
                let lie = lies.iter().find(|lie| lie.name == *name);
                let does = &lie.expect("it is a lie").does;
                assert!(text.contains(does), "{does:?} is not in\n{text}");
            }
        }
    }
}
