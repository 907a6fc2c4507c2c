//! Slips in scenario files: each is refused, with its place.

use ftpool_conformance::load;

/// A file with one scenario of these steps, on lines 9 and on.
fn file(head: &str, steps: &str) -> String {
    format!(
        "schema: 1\nscenarios:\n- id: a.b\n  title: t\n  rule: r\n  \
         section: '1'\n  level: must\n  {head}\n  steps:\n{steps}"
    )
}

#[track_caller]
fn refused(head: &str, steps: &str, line: u64, why: &str) {
    let faults = load::parse("x.yaml", &file(head, steps))
        .expect_err("the slip is found");
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let hit = faults.iter().any(|f| f.line == line && f.message.contains(why));
    assert!(hit, "wanted line {line} with {why:?}, got {told:#?}");
}

#[test]
fn a_good_file_is_read_and_its_matrix_spread() {
    let head = "matrix: [{name: x, n1: 1}, {name: y, n1: 2}]";
    let steps = "  - send: get a have=${n1-1}\n    expect: 402 not-found\n";
    let cases = load::parse("x", &file(head, steps)).expect("it is good");
    let ids: Vec<&str> = cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(ids, ["a.b[x]", "a.b[y]"]);
    assert_eq!(cases[1].row["n1"], "2");
}

#[test]
fn unknown_repeated_and_mistyped_keys_have_a_place() {
    let good = "  - {send: noop, expect: 201}\n";
    refused("kilss: []", good, 8, "kilss");
    refused("", "  - send: noop\n    expekt: 201\n", 11, "expekt");
    refused("", "  - send: a\n    send: b\n", 11, "duplicate");
    refused("", "  - {send: a, within: 3}\n", 10, "no time");
    refused("", "  - {send: a, expect: {kode: 2}}\n", 10, "kode");
    refused("level2: must", good, 8, "level2");
}

#[test]
fn what_types_cannot_say_has_a_place_too() {
    refused(
        "",
        "  - {send: a, upload: {text: b}, expect: 201}\n",
        10,
        "two acts",
    );
    refused("", "  - {send: a, expect: 299}\n", 10, "none of the twelve");
    refused("", "  - {send: 'a ${b}', expect: 201}\n", 10, "${b}");
    refused(
        "",
        "  - {send: a, expect: {code: 201, text: '('}}\n",
        10,
        "pattern",
    );
    refused("", "  - {send: a}\n", 3, "no step of it can fail");
    refused("", "  - {send: a, receive: {of: c}}\n", 10, "called \"c\"");
    refused("", "  - {send: a, receive: {hex: 0g}}\n", 10, "hex digit");
    refused("", "  - {server: {signal: STOP, exit: 0}}\n", 10, "STOP");
    let good = "  - {send: noop, expect: 201}\n";
    refused("matrix: [{n: 1}]", good, 3, "`name`");
    refused("fixture: {a: {dir: true, fifo: true}}", good, 3, "exactly one");
}

#[test]
fn nothing_is_filled_in_inside_a_matrix() {
    let head = "matrix:\n  - {name: x, line: 'cd /${dir}'}";
    let steps = "  - {send: '${line}', expect: 201}\n";
    let faults = load::parse("x.yaml", &file(head, steps))
        .expect_err("the slip is found");
    let places: Vec<(u64, u64)> =
        faults.iter().map(|fault| (fault.line, fault.column)).collect();
    assert_eq!(places, [(9, 21)], "{faults:#?}");
    assert!(faults[0].message.contains("a.b: `line` of a matrix"));
}

#[test]
fn a_matrix_takes_no_name_that_is_always_there() {
    for name in [
        "user",
        "password",
        "second",
        "second_password",
        "dir",
        "limit",
        "n",
        "i",
    ] {
        let head = format!("matrix:\n  - {{name: x, {name}: 7}}");
        let steps = "  - {send: noop, expect: 201}\n";
        let faults = load::parse("x.yaml", &file(&head, steps))
            .expect_err("the slip is found");
        let places: Vec<(u64, usize)> = faults
            .iter()
            .map(|fault| (fault.line, fault.column as usize))
            .collect();
        assert_eq!(places, [(9, 17 + name.len())], "{faults:#?}");
        let wanted = format!("a.b: `{name}` of a matrix");
        assert!(faults[0].message.contains(&wanted), "{faults:#?}");
    }
}

#[test]
fn who_is_refused_expects_nothing_more() {
    refused(
        "",
        "  - {connect: refused, expect: 000}\n",
        10,
        "nothing is answered",
    );
    let steps = "  - {connect: refused, retry: 2s}\n";
    let cases = load::parse("x", &file("", steps)).expect("it can fail");
    assert_eq!(cases.len(), 1);
}

#[test]
fn codes_are_read_as_they_are_written() {
    for code in ["000", "'000'", "[000, 201]", "{code: 000}"] {
        let steps = format!("  - expect: {code}\n");
        let cases = load::parse("x", &file("", &steps)).expect(code);
        let step = &cases[0].scenario.steps[0].value;
        let expect = step.expect.as_ref().expect("there is one");
        assert_eq!(expect.code[0], "000", "{code}");
    }
}

/// The same slips in FTP's words: the file begins with its dialect.
#[track_caller]
fn refused_ftp(head: &str, steps: &str, why: &str) {
    let text =
        file(head, steps).replace("schema: 1", "schema: 1\ndialect: ftp");
    let faults = load::parse("x.yaml", &text).expect_err("the slip is found");
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    let hit = told.iter().any(|told| told.contains(why));
    assert!(hit, "wanted {why:?}, got {told:#?}");
}

#[test]
fn ftp_has_words_of_its_own() {
    let good = "  - {login: user}\n  - {send: RETR a, expect: [150, 125], \
                receive: {text: b}, end: 226}\n";
    let text =
        file("rfc: 959", good).replace("schema: 1", "schema: 1\ndialect: ftp");
    load::parse("x.yaml", &text).expect("it is good");
    refused_ftp("", good, "`rfc`");
    let slip = |steps, why| refused_ftp("rfc: 959", steps, why);
    slip("  - {send: NOOP, expect: 299}\n", "no code that an RFC defines");
    slip("  - {get: {name: a, bytes: {text: b}}}\n", "not in the ftp");
    slip("  - {send: A, expect: {code: 200, fields: {a: b}}}\n", "fields");
    slip("  - {data: pasf}\n  - {resync: true}\n", "pasf");
    slip("  - {data: pasv, expect: 227}\n", "read their own reply");
    slip("  - {resync: false}\n", "only `true`");
    slip("  - {send: A, expect: {code: 200, has: ['(']}}\n", "pattern");
    refused_ftp("rfc: 959\n  watched: true", good, "watches no rule");
    let native = "  - {send: noop, expect: 201, expect_data: closed}\n";
    refused("", native, 10, "not in the native dialect");
    refused("rfc: 959", "  - {send: noop, expect: 201}\n", 3, "`rfc`");
}

#[test]
fn the_lint_and_its_scenarios_are_the_same_list() {
    let cases = load::embedded().expect("they are good");
    let watched = cases.iter().filter(|case| case.scenario.watched);
    let mut ids: Vec<&str> = watched.map(|case| case.id.as_str()).collect();
    ids.sort();
    let mut rules = ftpool_conformance::ftp::lint::RULES.to_vec();
    rules.sort();
    assert_eq!(ids, rules);
}

#[test]
fn the_built_in_scenarios_are_good() {
    match load::embedded() {
        Ok(cases) => assert!(!cases.is_empty()),
        Err(faults) => panic!("{faults:#?}"),
    }
}
