//! Which scenarios are meant: globs over ids, and those left out.
//!
//! `*` stands for any text, `?` for one character. Each glob must match
//! something: a slip of the pen is an error, not a run of nothing.

use regex::Regex;

use crate::case::Case;

/// The cases that one of `globs` matches (all, where there are none) and
/// none of `excluded` does; or the globs that match nothing.
pub fn select(
    cases: Vec<Case>,
    globs: &[String],
    excluded: &[String],
) -> Result<Vec<Case>, Vec<String>> {
    let wanted = compile(globs);
    let unwanted = compile(excluded);
    let unmatched: Vec<String> = wanted
        .iter()
        .zip(globs)
        .chain(unwanted.iter().zip(excluded))
        .filter(|(glob, _)| !cases.iter().any(|case| glob.is_match(&case.id)))
        .map(|(_, text)| text.clone())
        .collect();
    if !unmatched.is_empty() {
        return Err(unmatched);
    }
    let mut cases = cases;
    cases.retain(|case| {
        let hit = |globs: &[Regex]| globs.iter().any(|g| g.is_match(&case.id));
        (wanted.is_empty() || hit(&wanted)) && !hit(&unwanted)
    });
    Ok(cases)
}

/// A glob without a row means all rows: `get.resume` is `get.resume[*]` too.
fn compile(globs: &[String]) -> Vec<Regex> {
    globs
        .iter()
        .map(|glob| {
            let pattern =
                regex::escape(glob).replace(r"\*", ".*").replace(r"\?", ".");
            Regex::new(&format!(r"^{pattern}(\[.*\])?$"))
                .expect("an escaped text with dots and stars is a pattern")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases() -> Vec<Case> {
        let text = "schema: 1\nscenarios:\n".to_owned()
            + &["get.a", "get.b", "put.a"]
                .map(|id| {
                    format!(
                        "- {{id: {id}, title: t, rule: r, section: '1', \
                         level: must, matrix: [{{name: x}}], \
                         steps: [{{send: noop, expect: 201}}]}}\n"
                    )
                })
                .concat();
        crate::load::parse("test", &text).expect("the cases are good")
    }

    fn ids(globs: &[&str], excluded: &[&str]) -> Result<Vec<String>, String> {
        let own = |list: &[&str]| -> Vec<String> {
            list.iter().map(|glob| (*glob).to_owned()).collect()
        };
        select(cases(), &own(globs), &own(excluded))
            .map(|cases| cases.into_iter().map(|case| case.id).collect())
            .map_err(|unmatched| unmatched.join(" "))
    }

    #[test]
    fn globs_choose_and_exclusions_take_away() {
        let all = ids(&[], &[]).expect("all");
        assert_eq!(all, ["get.a[x]", "get.b[x]", "put.a[x]"]);
        assert_eq!(ids(&["get.*"], &["*.b"]), Ok(vec!["get.a[x]".into()]));
        assert_eq!(ids(&["put.a"], &[]), Ok(vec!["put.a[x]".into()]));
    }

    #[test]
    fn a_glob_that_matches_nothing_is_an_error() {
        assert_eq!(ids(&["gte.*", "get.a"], &[]), Err("gte.*".into()));
        assert_eq!(ids(&[], &["nobody"]), Err("nobody".into()));
    }
}
