//! The other forms of a report, and what is made of several.

use std::fs;

use serde_json::Value;

use crate::{
    liar::{Liar, Lie},
    ran::{Ran, program, run},
};

const SMALL: &str = "\
name: small
duration: 30s
groups:
  - {users: 4, visits: 3, operations: 20, mix: {get: 1, pwd: 1}}
";

fn ran(server: &Liar) -> Ran {
    run(server.address, SMALL, &["--no-drill"]).exits(0)
}

#[test]
fn the_log_and_the_page_are_written() {
    let server = Liar::start(Lie::None, 4);
    let folder = tempfile::tempdir().unwrap();
    let (page, log) =
        (folder.path().join("load.html"), folder.path().join("load.hlog"));
    let more = [
        "--limit",
        "4",
        "--html",
        page.to_str().unwrap(),
        "--hdr",
        log.to_str().unwrap(),
    ];
    run(server.address, SMALL, &more).exits(0);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("limit 4"));
    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("Tag=whole,") && log.contains("Tag=ready,"));
}

#[test]
fn json_is_what_its_schema_says() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/loadgen-report.schema.json"
    );
    let text = fs::read_to_string(path).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    let ran = ran(&Liar::start(Lie::None, 4));
    assert_eq!(fits(&ran.json, &schema, &schema), Ok(()));
    let mut less = ran.json.clone();
    less["cost"].as_object_mut().unwrap().remove("server_ms");
    assert!(fits(&less, &schema, &schema).is_err());
    let mut more = ran.json;
    more["operations"]["pwd"]["surprise"] = 1.into();
    assert!(fits(&more, &schema, &schema).is_err());
}

/// Whether an object has the keys that its schema requires, and no others
/// than it names; of a choice the last is what is not null.
fn fits(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = root.pointer(reference.trim_start_matches('#'));
        return fits(value, schema.ok_or("a loose $ref")?, root);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let chosen = choices.last().filter(|_| !value.is_null());
        return chosen.map_or(Ok(()), |schema| fits(value, schema, root));
    }
    for item in value.as_array().into_iter().flatten() {
        fits(item, &schema["items"], root)?;
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    for (key, value) in object {
        let named = schema["properties"].get(key);
        let named = named.or_else(|| schema.get("additionalProperties"));
        let schema = named.ok_or_else(|| format!("{key} is not named"))?;
        fits(value, schema, root)?;
    }
    let required = schema["required"].as_array();
    let missing = required
        .into_iter()
        .flatten()
        .find(|key| key.as_str().is_some_and(|key| !object.contains_key(key)));
    missing.map_or(Ok(()), |key| Err(format!("{key} is missing")))
}

#[test]
fn merged_runs_add_up_and_equal_runs_do_not_differ() {
    let server = Liar::start(Lie::None, 4);
    let (one, two) = (ran(&server), ran(&server));
    let [first, second] = [&one, &two].map(|ran| ran.file("load.json"));
    let [first, second] = [&first, &second].map(|file| file.to_str().unwrap());
    let sum = one.file("sum.json");
    let output =
        program(&["merge", first, second, "--json", sum.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let sum: Value = serde_json::from_slice(&fs::read(sum).unwrap()).unwrap();
    let pwds = |json: &Value| {
        let pwd = &json["operations"]["pwd"];
        assert_eq!(pwd["count"], pwd["service_us"]["count"]);
        pwd["count"].as_u64().unwrap()
    };
    assert_eq!(pwds(&sum), pwds(&one.json) + pwds(&two.json));
    let same = program(&["compare", first, first]);
    assert_eq!(same.status.code(), Some(0));
    let said = String::from_utf8_lossy(&same.stdout).into_owned();
    assert!(said.contains("within noise") && !said.contains("SLOWER"));
}

#[test]
fn a_search_tries_rates_and_reports_the_best() {
    let server = Liar::start(Lie::None, 4);
    let workload = "name: small\ngroups: [{users: 4, mix: {pwd: 1}}]\n";
    // Which rate a busy machine bears is not what is tested: ten minutes
    // hold at any, a microsecond at none.
    let search = ["--find-capacity", "--rate", "20", "--duration", "200ms"];
    let more = ["--steps-max", "3", "--threshold", "response.p99=10m"];
    let ran = run(server.address, workload, &[&search[..], &more].concat());
    let ran = ran.exits(0);
    let rates: Vec<_> = ran.json["capacity"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["rate"].as_f64().unwrap())
        .collect();
    assert_eq!(rates, [20.0, 40.0, 80.0]);
    assert_eq!(ran.number("/capacity/held"), 80.0);
    assert_eq!(ran.number("/run/rate"), 80.0);
    assert_eq!(ran.json["capacity"]["ended"], "spent");
    assert!(ran.said.contains("capacity: 80 starts a second"));
    let more = ["--steps-max", "3", "--threshold", "response.p99=1us"];
    let ran = run(server.address, workload, &[&search[..], &more].concat());
    let ran = ran.exits(1);
    assert_eq!(ran.json["verdict"]["word"], "missed");
    assert_eq!(ran.number("/capacity/held"), 0.0);
    let closed = program(&["run", "--find-capacity", "--closed"]);
    assert_eq!(closed.status.code(), Some(2));
}

#[test]
fn a_damaged_report_is_bad_usage() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.json");
    fs::write(&file, "{\"schema\": 1}").unwrap();
    let file = file.to_str().unwrap();
    assert_eq!(program(&["merge", file]).status.code(), Some(2));
    assert_eq!(program(&["compare", file, file]).status.code(), Some(2));
}
