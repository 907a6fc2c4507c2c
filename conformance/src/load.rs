//! Where scenarios come from: embedded in the program, or files on disk.
//!
//! A file is read, its matrices are spread out and every case is checked;
//! what is wrong is told with file, line and column. Knows no server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::case::check;
use crate::case::{Case, CaseFile};

/// What is wrong with a file of scenarios.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 where the fault is in no line.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// What is wrong, maybe with the lines around it.
    pub message: String,
}

/// All scenarios that are built into the program.
pub fn embedded() -> Result<Vec<Case>, Vec<Fault>> {
    let mut files = Vec::new();
    collect(&SCENARIOS, &mut files);
    files.sort();
    all(files)
}

/// All scenarios of these files, and of the `.yaml` files below folders.
pub fn from_disk(paths: &[PathBuf]) -> Result<Vec<Case>, Vec<Fault>> {
    let mut files = Vec::new();
    for path in paths {
        if let Err(error) = gather(path, &mut files) {
            return Err(vec![Fault {
                file: path.display().to_string(),
                line: 0,
                column: 0,
                message: error.to_string(),
            }]);
        }
    }
    files.sort();
    all(files)
}

/// The scenarios of one file's text; `name` is for messages.
pub fn parse(name: &str, text: &str) -> Result<Vec<Case>, Vec<Fault>> {
    let fault = |line, column, message: String| Fault {
        file: name.to_owned(),
        line,
        column,
        message,
    };
    let file: CaseFile = serde_saphyr::from_str(text).map_err(|error| {
        let (line, column) =
            error.location().map_or((0, 0), |at| (at.line(), at.column()));
        vec![fault(line, column, error.to_string())]
    })?;
    if file.schema != SCHEMA {
        let message = format!("schema is {}, wanted {SCHEMA}", file.schema);
        return Err(vec![fault(1, 1, message)]);
    }
    let mut cases = Vec::new();
    let mut faults = Vec::new();
    for spanned in &file.scenarios {
        let (line, column) =
            (spanned.referenced.line(), spanned.referenced.column());
        let matrix = check::matrix_problems(file.dialect, &spanned.value);
        for (at, message) in matrix {
            let message = format!("{}: {message}", spanned.value.id);
            let (line, column) = at.unwrap_or((line, column));
            faults.push(fault(line, column, message));
        }
        for case in check::spread(&file, spanned, name) {
            for (at, message) in check::problems(&case) {
                let message = format!("{}: {message}", case.id);
                let (line, column) = at.unwrap_or((line, column));
                faults.push(fault(line, column, message));
            }
            cases.push(case);
        }
    }
    if faults.is_empty() { Ok(cases) } else { Err(faults) }
}

fn all(files: Vec<(String, String)>) -> Result<Vec<Case>, Vec<Fault>> {
    let mut cases: Vec<Case> = Vec::new();
    let mut faults = Vec::new();
    for (name, text) in files {
        match parse(&name, &text) {
            Ok(more) => cases.extend(more),
            Err(more) => faults.extend(more),
        }
    }
    faults.extend(repeated_ids(&cases));
    if faults.is_empty() { Ok(cases) } else { Err(faults) }
}

fn repeated_ids(cases: &[Case]) -> Vec<Fault> {
    let mut first: BTreeMap<&str, &Case> = BTreeMap::new();
    let mut faults = Vec::new();
    for case in cases {
        if let Some(before) = first.insert(&case.id, case) {
            faults.push(Fault {
                file: case.file.clone(),
                line: case.line,
                column: 1,
                message: format!(
                    "the id {} stands in {}:{} already",
                    case.id, before.file, before.line
                ),
            });
        }
    }
    faults
}

fn collect(dir: &Dir<'_>, files: &mut Vec<(String, String)>) {
    for file in dir.files() {
        let is_yaml = file.path().extension().is_some_and(|e| e == "yaml");
        if let (true, Some(text)) = (is_yaml, file.contents_utf8()) {
            files.push((file.path().display().to_string(), text.to_owned()));
        }
    }
    for inner in dir.dirs() {
        collect(inner, files);
    }
}

fn gather(
    path: &Path,
    files: &mut Vec<(String, String)>,
) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push((path.display().to_string(), fs::read_to_string(path)?));
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let inner = entry?.path();
        if inner.is_dir() || inner.extension().is_some_and(|e| e == "yaml") {
            gather(&inner, files)?;
        }
    }
    Ok(())
}

static SCENARIOS: Dir<'_> =
    include_dir!("$CARGO_MANIFEST_DIR/../fixtures/scenarios");

/// The only version of the language.
const SCHEMA: u32 = 1;
