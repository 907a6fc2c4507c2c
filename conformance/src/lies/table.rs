//! The table of lies as a page of Markdown: who catches what, read both
//! ways.
//!
//! The same findings give the same page, byte for byte, so that a page that
//! is out of date can be told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::play::Pair;
use super::{Lie, heads};
use crate::case::{Case, Dialect, Level, Need};

/// The whole page of a dialect.
pub fn page(
    dialect: Dialect,
    lies: &[Lie],
    cases: &[Case],
    caught: &BTreeSet<Pair>,
) -> String {
    let mut page = match dialect {
        Dialect::Native => HEAD.to_owned(),
        Dialect::Ftp => HEAD_FTP.to_owned(),
    };
    let apart = not_for_root(cases);
    let caught = caught
        .iter()
        .filter(|pair| !apart.contains(pair.1.as_str()))
        .cloned()
        .collect();
    let caught = &caught;
    counts(lies, cases, caught, &mut page);
    if !apart.is_empty() {
        let ids: Vec<&str> = apart.iter().copied().collect();
        let ids = list(&ids, "");
        let _ = write!(page, "\nPlayed by others than root alone: {ids}.\n");
    }
    for kind in kinds(lies) {
        let _ = write!(page, "\n## {kind}\n\n{LIES_HEAD}");
        for lie in lies.iter().filter(|lie| lie.kind == kind) {
            let ids = caught.iter().filter(|pair| pair.0 == lie.name);
            let ids: Vec<&str> = ids.map(|pair| pair.1.as_str()).collect();
            let (name, does) = (&lie.name, cell(&lie.does));
            let by = list(&ids, "**nobody**");
            let _ = writeln!(page, "| `{name}` | {does} | {by} |");
        }
    }
    let _ = write!(page, "\n## By scenario\n\n{SCENARIOS_HEAD}");
    for case in heads(cases) {
        let scenario = &case.scenario;
        let names = caught.iter().filter(|pair| pair.1 == scenario.id);
        let names: Vec<&str> = names.map(|pair| pair.0.as_str()).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            scenario.id,
            scenario.level,
            scenario.matrix.len().max(1),
            list(&names, "none")
        );
    }
    page
}

/// Scenarios that root cannot play, and that catch a lie for others. The
/// page is the same, whoever makes it: their pairs are not counted.
fn not_for_root(cases: &[Case]) -> BTreeSet<&str> {
    let apart = heads(cases).into_iter().filter(|case| {
        !case.scenario.kills.is_empty()
            && case.needs().contains(&Need::Unprivileged)
    });
    apart.map(|case| case.scenario.id.as_str()).collect()
}

/// How much there is of each kind.
fn counts(
    lies: &[Lie],
    cases: &[Case],
    caught: &BTreeSet<Pair>,
    page: &mut String,
) {
    let names: BTreeSet<&str> =
        caught.iter().map(|pair| pair.0.as_str()).collect();
    let red: BTreeSet<&str> =
        caught.iter().map(|pair| pair.1.as_str()).collect();
    let mut musts = heads(cases);
    musts.retain(|case| case.scenario.level == Level::Must);
    let turned = musts.iter().filter(|m| red.contains(&*m.scenario.id));
    let _ = write!(
        page,
        "- {} of {} lies are caught, in {} pairs of lie and scenario.\n\
         - {} of {} scenarios that are a must are turned red by a lie.\n\
         - {} scenarios in all, {} with every row.\n\n{KINDS_HEAD}",
        names.len(),
        lies.len(),
        caught.len(),
        turned.count(),
        musts.len(),
        heads(cases).len(),
        cases.len(),
    );
    for kind in kinds(lies) {
        let of_kind: BTreeSet<&str> = lies
            .iter()
            .filter(|lie| lie.kind == kind)
            .map(|lie| lie.name.as_str())
            .collect();
        let pairs =
            caught.iter().filter(|pair| of_kind.contains(pair.0.as_str()));
        let _ = writeln!(
            page,
            "| [{kind}](#{kind}) | {} | {} | {} |",
            of_kind.len(),
            of_kind.intersection(&names).count(),
            pairs.count(),
        );
    }
}

/// The kinds in the order of their first lie.
fn kinds(lies: &[Lie]) -> Vec<&str> {
    let mut place: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, lie) in lies.iter().enumerate() {
        place.entry(&lie.kind).or_insert(at);
    }
    let mut kinds: Vec<&str> = place.keys().copied().collect();
    kinds.sort_by_key(|kind| place[kind]);
    kinds
}

fn list(names: &[&str], nothing: &str) -> String {
    if names.is_empty() {
        return nothing.to_owned();
    }
    let ticked: Vec<String> =
        names.iter().map(|name| format!("`{name}`")).collect();
    ticked.join(", ")
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

const HEAD: &str = "\
# The lies, and who catches them

The conformance suite is itself tested: `conformance/liar` is a second server
that can be told to lie, and each lie has to be caught by every scenario that
names it in `kills:`, by an assertion that fails: not by a time-out, a crash
or trouble. All of these scenarios hold on the same server when it is honest.
Of a scenario with rows, at least one row has to catch the lie.

This page is generated, after all of it was played:

```sh
cargo build -p ftpool-liar
cargo run -p ftpool-conformance -- lies --liar target/debug/ftpool-liar \\
    --write docs/lies.md
```

";

const HEAD_FTP: &str = "\
# The lies about FTP, and who catches them

The FTP suite is itself tested, as the native one is ([lies.md](lies.md)):
`conformance/relay` stands before the real server and can be told to lie, and
each lie has to be caught by every scenario that names it in `kills:`, by an
assertion that fails: not by a time-out, a crash or trouble. All of these
scenarios hold through the same relay when it is honest. Of a scenario with
rows, at least one row has to catch the lie. A rule that is watched on every
control connection is tested in the scenario that the lie names for it. What
each lie does is data, in `fixtures/mutants-ftp.yaml`.

This page is generated, after all of it was played:

```sh
cargo build && cargo build -p ftpool-relay
cargo run -p ftpool-conformance -- lies --dialect ftp \\
    --liar target/debug/ftpool-relay --write docs/lies-ftp.md
```

";

const KINDS_HEAD: &str = "\
| kind | lies | caught | pairs |
|---|--:|--:|--:|
";

const LIES_HEAD: &str = "\
| lie | what the server does | caught by |
|---|---|---|
";

const SCENARIOS_HEAD: &str = "\
| scenario | level | rows | lies that it catches |
|---|---|--:|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_the_same_for_root() {
        let lies = super::super::parse("- {name: late, kind: a, does: x}")
            .expect("the lie is good");
        let cases = crate::load::parse(
            "test",
            "schema: 1\nscenarios: [{id: s.one, title: t, rule: r, section: \
             '1', level: must, needs: [unprivileged], kills: [late], steps: \
             [{send: noop, expect: 201}]}]",
        )
        .expect("the case is good");
        let caught = [("late".to_owned(), "s.one".to_owned())].into();
        let all = page(Dialect::Native, &lies, &cases, &caught);
        let root = page(Dialect::Native, &lies, &cases, &BTreeSet::new());
        assert_eq!(all, root);
        assert!(all.contains("Played by others than root alone: `s.one`."));
    }

    #[test]
    fn a_lie_and_its_scenario_find_each_other() {
        let lies = super::super::parse(
            "- {name: late, kind: time, does: a|b}\n\
             - {name: loud, kind: bytes, does: y}\n",
        )
        .expect("the lies are good");
        let cases = crate::load::parse(
            "test",
            "schema: 1\nscenarios: [{id: s.one, title: t, rule: r, section: \
             '1', level: must, kills: [late], steps: [{send: noop, expect: \
             201}]}]",
        )
        .expect("the case is good");
        let caught = [("late".to_owned(), "s.one".to_owned())].into();
        let page = page(Dialect::Native, &lies, &cases, &caught);
        for row in [
            "- 1 of 2 lies are caught, in 1 pairs of lie and scenario.",
            "- 1 of 1 scenarios that are a must are turned red by a lie.",
            "| [time](#time) | 1 | 1 | 1 |\n| [bytes](#bytes) | 1 | 0 | 0 |",
            "| `late` | a\\|b | `s.one` |",
            "| `loud` | y | **nobody** |",
            "| `s.one` | must | 1 | `late` |",
        ] {
            assert!(page.contains(row), "{row:?} is not in {page}");
        }
    }
}
