//! `table`: runs side by side, written into a page.
//!
//! What stands outside of the page's two marks is written by hand, and kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{FAILED, tell, usage};
use crate::baseline::Baseline;
use crate::matrix::{self, Column, Report};

/// What `table` may be told.
#[derive(Args)]
pub(super) struct TableArguments {
    /// The JSON reports of runs, as NAME=FILE, in the order of the columns.
    #[arg(required = true, value_name = "NAME=FILE")]
    runs: Vec<String>,
    /// Where the baselines are: DIR/NAME.yaml, for those that have one.
    #[arg(long, value_name = "DIR")]
    baselines: Option<PathBuf>,
    /// Write it into this page, between its two marks.
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    write: Option<PathBuf>,
    /// Fail where the page is not what was found.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

/// Writes or checks the table, or shows it.
pub(super) fn table(arguments: &TableArguments) -> Result<(), ExitCode> {
    let columns: Vec<Column> = arguments
        .runs
        .iter()
        .map(|run| column(run, arguments.baselines.as_deref()))
        .collect::<Result<_, _>>()
        .map_err(|error| usage(&error))?;
    let made = matrix::page(&columns);
    if let Some(path) = &arguments.write {
        let page = framed(path, &made).map_err(|error| usage(&error))?;
        return fs::write(path, page)
            .map_err(|e| usage(&format!("{}: {e}", path.display())));
    }
    let Some(path) = &arguments.check else {
        super::say(&made);
        return Ok(());
    };
    let page = framed(path, &made).map_err(|error| usage(&error))?;
    if fs::read_to_string(path).is_ok_and(|kept| kept == page) {
        return Ok(());
    }
    tell(&format!("{} is out of date; --write it", path.display()));
    Err(ExitCode::from(FAILED))
}

fn column(run: &str, baselines: Option<&Path>) -> Result<Column, String> {
    let (name, path) =
        run.split_once('=').ok_or(format!("{run}: write NAME=FILE"))?;
    let text = fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let report: Report =
        serde_json::from_str(&text).map_err(|e| format!("{path}: {e}"))?;
    let known = baselines.map(|folder| folder.join(format!("{name}.yaml")));
    let baseline = match known.filter(|path| path.is_file()) {
        Some(path) => Some(Baseline::read(&path)?),
        None => None,
    };
    Ok(Column { name: name.to_owned(), report, baseline })
}

/// The page with the table between its marks.
fn framed(path: &Path, made: &str) -> Result<String, String> {
    let said = |why: &str| format!("{}: {why}", path.display());
    let page = fs::read_to_string(path).map_err(|e| said(&e.to_string()))?;
    let (head, rest) =
        page.split_once(BEGIN).ok_or_else(|| said("no mark begins"))?;
    let (_, tail) =
        rest.split_once(END).ok_or_else(|| said("no mark ends"))?;
    Ok(format!("{head}{BEGIN}\n\n{made}\n{END}{tail}"))
}

const BEGIN: &str = "<!-- begin: written by `ftpool-conformance table` -->";
const END: &str = "<!-- end -->";
