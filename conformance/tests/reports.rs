//! The five reports, made of outcomes of every kind.

use std::path::Path;

use ftpool_conformance::baseline::Baseline;
use ftpool_conformance::case::Dialect;
use ftpool_conformance::report::{Format, Run};
use ftpool_conformance::verdict::{Failure, Outcome, Verdict};
use ftpool_conformance::wire::{Event, Kind};
use ftpool_conformance::{load, waivers};
use serde_json::Value;

/// One outcome of each verdict; ids are `kind.pass`, `kind.fail`, …
fn outcomes() -> Vec<Outcome> {
    Verdict::ALL
        .iter()
        .map(|verdict| {
            let word = verdict.word().to_lowercase();
            let text = format!(
                "{{schema: 1, scenarios: [{{id: kind.{word}, title: 'a <b> \
                 & \"c\"', rule: r, section: '5', level: must, \
                 kills: [some-lie], steps: [{{send: noop, expect: 201}}]}}]}}"
            );
            let cases = load::parse("kinds.yaml", &text).expect("good");
            let mut outcome =
                Outcome::new(&cases[0], *verdict, "because <of> it".into());
            outcome.failure = verdict.is_failure(false).then(|| Failure {
                wanted: "201".into(),
                got: "401 reason=io".into(),
                client: "main".into(),
                at: "kinds.yaml:1".into(),
            });
            let (client, text) = ("main".to_owned(), "noop\u{1}".to_owned());
            outcome.transcript =
                vec![Event { at_ms: 3, client, kind: Kind::Sent, text }];
            outcome
        })
        .collect()
}

fn report(format: Format, outcomes: &[Outcome]) -> String {
    let run = Run {
        dialect: Dialect::Native,
        target: "a server".into(),
        strict: false,
        seed: Some(7),
        repeat: 1,
        took_ms: 12,
        outcomes,
        complaints: &["something drifted".to_owned()],
    };
    let mut out = Vec::new();
    run.write(format, &mut out).expect("memory takes it");
    String::from_utf8(out).expect("reports are text")
}

#[test]
fn junit_tells_failures_from_errors_and_names_every_case() {
    let xml = report(Format::Junit, &outcomes());
    let cases = xml.matches("<testcase ").count();
    assert_eq!(cases, Verdict::ALL.len());
    let named = xml.matches("<testcase name=\"kind.").count();
    assert_eq!(named, cases);
    assert_eq!(xml.matches("classname=\"native.kind\"").count(), cases);
    assert_eq!(xml.matches("<failure ").count(), 3, "fail, timeout, crash");
    assert_eq!(xml.matches("<error ").count(), 1);
    assert_eq!(xml.matches("<skipped ").count(), 2);
    assert!(xml.contains("failures=\"3\" errors=\"1\" skipped=\"2\""));
    assert!(!xml.contains('\u{1}'), "XML cannot say this");
    assert!(xml.contains("because &lt;of&gt; it"));
}

#[test]
fn tap_counts_and_skips() {
    let tap = report(Format::Tap, &outcomes());
    assert!(tap.starts_with("TAP version 14\n1..9\n"));
    assert_eq!(tap.matches("\nok ").count(), 5);
    assert_eq!(tap.matches("\nnot ok ").count(), 4);
    assert_eq!(tap.matches("# SKIP ").count(), 2);
}

#[test]
fn pretty_tells_the_rule_what_was_wanted_and_what_came() {
    let text = report(Format::Pretty, &outcomes());
    for part in [
        "FAIL kind.fail",
        "rule     r (must, §5)",
        "wanted   201",
        "got      401 reason=io",
        "> noop",
        "! something drifted",
        "--seed 7",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
}

#[test]
fn html_is_one_page_and_escapes_what_it_shows() {
    let page = report(Format::Html, &outcomes());
    assert!(page.contains("a &lt;b&gt; &amp; &quot;c&quot;"));
    for outside in ["http://", "https://", "<script", "<link", "url("] {
        assert!(!page.contains(outside), "{outside} is in the page");
    }
    for (bad, listed) in [("fail", true), ("error", true), ("pass", false)] {
        let link = format!("<a href=\"#kind.{bad}\">kind.{bad}</a>");
        assert_eq!(page.contains(&link), listed, "{bad}");
    }
    for outcome in outcomes() {
        let anchor = format!("id=\"{}\"", outcome.case.id);
        assert!(page.contains(&anchor), "{anchor}");
    }
}

#[test]
fn json_is_what_its_schema_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../docs/conformance-report.schema.json");
    let text = std::fs::read_to_string(path).expect("the schema is there");
    let schema: Value = serde_json::from_str(&text).expect("it is JSON");
    let json = report(Format::Json, &outcomes());
    let json: Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(fits(&json, &schema, &schema), Ok(()));
    let mut wrong = json.clone();
    wrong["scenarios"][0]["verdict"] = "good".into();
    assert!(fits(&wrong, &schema, &schema).is_err());
    let mut more = json;
    more["scenarios"][0]["surprise"] = 1.into();
    assert!(fits(&more, &schema, &schema).is_err());
}

/// As much of JSON Schema as our schema uses.
fn fits(value: &Value, schema: &Value, root: &Value) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.trim_start_matches('#');
        let schema = root.pointer(pointer).ok_or("a loose $ref")?;
        return fits(value, schema, root);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let wanted = &schema["type"];
    let named = wanted == kind
        || wanted.as_array().is_some_and(|all| all.contains(&kind.into()));
    if !named {
        return Err(format!("{value} is no {wanted}"));
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!("{value} is not among {allowed:?}"));
    }
    for item in value.as_array().into_iter().flatten() {
        fits(item, &schema["items"], root)?;
    }
    let Some(object) = value.as_object() else { return Ok(()) };
    for required in schema["required"].as_array().into_iter().flatten() {
        if !object.contains_key(required.as_str().unwrap_or_default()) {
            return Err(format!("{required} is missing"));
        }
    }
    for (key, inner) in object {
        match schema["properties"].get(key) {
            Some(schema) => fits(inner, schema, root)?,
            None if schema["additionalProperties"] == false => {
                return Err(format!("{key} is not in the schema"));
            }
            None => {}
        }
    }
    Ok(())
}

#[test]
fn waivers_excuse_failures_and_unused_ones_are_told() {
    let text = "waivers:\n- {id: kind.fail, reason: known}\n\
                - {id: kind.pass, reason: was known}\n\
                - {id: nobody, reason: gone}\n";
    let list = waivers::parse(text).expect("good");
    let mut all = outcomes();
    let unused = waivers::apply(&list, &mut all);
    assert_eq!(unused.len(), 1);
    assert!(unused[0].contains("kind.pass"), "{unused:?}");
    let failed = all.iter().find(|o| o.verdict == Verdict::Fail);
    assert!(!failed.expect("there is one").is_failure(false));
    let ids: Vec<&str> = all.iter().map(|o| o.case.id.as_str()).collect();
    assert_eq!(waivers::unknown(&list, &ids).len(), 1);
    let bare = "waivers: [{id: kind.fail, reason: ' '}]";
    assert!(waivers::parse(bare).is_err(), "a waiver needs a reason");
}

#[test]
fn a_baseline_tells_drift_in_either_direction() {
    let known = |id: &str, verdict: &str| {
        format!("- {{id: {id}, verdict: {verdict}, reason: x}}\n")
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("baseline.yaml");
    let drift = |list: &[String]| {
        let text = format!("target: t\nexpect:\n{}", list.concat());
        std::fs::write(&path, text).expect("written");
        let baseline = Baseline::read(&path).expect("good");
        baseline.drift(&outcomes(), false)
    };
    let bad = ["fail", "timeout", "crash", "error"];
    let mut all: Vec<String> =
        bad.iter().map(|word| known(&format!("kind.{word}"), word)).collect();
    assert_eq!(drift(&all), Vec::<String>::new());
    // A server that got better is told, as one that got worse.
    all.push(known("kind.pass", "fail"));
    assert_eq!(drift(&all).len(), 1);
    assert_eq!(drift(&all[1..]).len(), 2);
    // Where chance decides, both are known.
    all.pop();
    all.push(known("kind.pass", "[fail, pass]"));
    assert_eq!(drift(&all), Vec::<String>::new());
}
