//! Fills `${…}` in: variables, sums and differences, and four functions.
//!
//! `${have}`, `${size-1}`, `${size:big.bin}`, `${digest:big.bin:0:100}`,
//! `${times:a:255}`. Knows nothing of steps or sockets.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::case::{Bytes, Num};
use crate::payload::Source;

/// The names that a script knows.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Variables by name.
    pub vars: HashMap<String, String>,
    /// Byte strings by name.
    pub payloads: Arc<BTreeMap<String, Bytes>>,
}

impl Scope {
    /// Gives a variable its value.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.vars.insert(name.to_owned(), value.into());
    }

    /// `text` with everything filled in, or what is wrong with it.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            filled.push_str(&rest[..start]);
            let inner = &rest[start + 2..];
            let end = inner
                .find('}')
                .ok_or_else(|| format!("no }} after ${{ in {text:?}"))?;
            filled.push_str(&self.value(&inner[..end])?);
            rest = &inner[end + 1..];
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// A number, with `KiB`, `MiB` or `GiB` behind it or not.
    pub fn number(&self, num: &Num) -> Result<u64, String> {
        let text = self.fill(&num.0)?;
        parse_size(&text).ok_or_else(|| format!("{text:?} is no number"))
    }

    fn value(&self, expression: &str) -> Result<String, String> {
        if let Some((function, rest)) = expression.split_once(':') {
            return self.call(function, rest);
        }
        if let Some(value) = self.vars.get(expression.trim()) {
            return Ok(value.clone());
        }
        self.sum(expression)
    }

    fn call(&self, function: &str, rest: &str) -> Result<String, String> {
        let parts: Vec<&str> = rest.split(':').collect();
        match (function, &parts[..]) {
            ("size", [name]) => Ok(self.payload(name)?.len().to_string()),
            ("digest", [name]) => Ok(self.payload(name)?.digest()),
            ("digest", [name, from, to]) => {
                let (from, to) = (self.sum_of(from)?, self.sum_of(to)?);
                Ok(self.payload(name)?.slice(from, to)?.digest())
            }
            ("times", [text, times]) => {
                let times = usize::try_from(self.sum_of(times)?)
                    .map_err(|_| format!("{times} is too often"))?;
                Ok(text.repeat(times))
            }
            _ => Err(format!("${{{function}:{rest}}} is no function")),
        }
    }

    fn payload(&self, name: &str) -> Result<Source, String> {
        Source::named(name, self)
    }

    fn sum_of(&self, expression: &str) -> Result<u64, String> {
        let text = self.sum(expression)?;
        text.parse().map_err(|_| format!("{text} is below nought"))
    }

    /// `a`, `a+1`, `a-b+3`: names and decimal numbers.
    fn sum(&self, expression: &str) -> Result<String, String> {
        let mut total: i128 = 0;
        let mut sign: i128 = 1;
        let mut term = String::new();
        for c in expression.chars().chain(['+']) {
            if c != '+' && c != '-' {
                term.push(c);
                continue;
            }
            total += sign * self.term(term.trim())?;
            term.clear();
            sign = if c == '-' { -1 } else { 1 };
        }
        Ok(total.to_string())
    }

    fn term(&self, term: &str) -> Result<i128, String> {
        let text = self.vars.get(term).map_or(term, String::as_str);
        parse_size(text).map(i128::from).ok_or_else(|| {
            if self.vars.contains_key(term) {
                format!("${{{term}}} is {text:?}, which is no number")
            } else {
                format!("nothing is called ${{{term}}}")
            }
        })
    }
}

/// `4096`, `64KiB`, `1MiB`, `2GiB` in bytes.
pub fn parse_size(text: &str) -> Option<u64> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    for (unit, bytes) in units {
        if let Some(number) = text.strip_suffix(unit) {
            return number.trim().parse::<u64>().ok()?.checked_mul(bytes);
        }
    }
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// The names inside the `${…}` of `text`, functions and numbers left out.
pub fn names_in(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for piece in text.split("${").skip(1) {
        let Some((inner, _)) = piece.split_once('}') else { continue };
        let sums = match inner.split_once(':') {
            Some(("size", _)) => Vec::new(),
            Some((_, rest)) => rest.split(':').skip(1).collect(),
            None => vec![inner],
        };
        let terms = sums.iter().flat_map(|sum| sum.split(['+', '-']));
        names.extend(
            terms.map(str::trim).filter(|term| parse_size(term).is_none()),
        );
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        let mut scope = Scope::default();
        scope.set("size", "500");
        scope.set("word", "a b");
        let big = Bytes { text: Some("hello".into()), ..Bytes::default() };
        scope.payloads = Arc::new([("big".to_owned(), big)].into());
        scope
    }

    #[test]
    fn variables_sums_and_functions_are_filled_in() {
        let fill = |text| scope().fill(text);
        assert_eq!(fill("x${word}y"), Ok("xa by".into()));
        assert_eq!(fill("${size-1} ${size+1}"), Ok("499 501".into()));
        assert_eq!(fill("${size:big}"), Ok("5".into()));
        assert_eq!(fill("${times:ab:3}"), Ok("ababab".into()));
        let digest = blake3::hash(b"ell").to_hex().to_string();
        assert_eq!(fill("${digest:big:1:4}"), Ok(digest));
    }

    #[test]
    fn what_cannot_be_filled_in_is_an_error() {
        for text in ["${nobody}", "${word+1}", "${size", "${sum:1:2}"] {
            assert!(scope().fill(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_found_without_functions_and_numbers() {
        let text = "${a-1} ${digest:big:0:b} ${times:x:255} ${size:big}";
        assert_eq!(names_in(text), ["a", "b"]);
    }
}
