//! What a client is to the tests: its programs, and how it is called for
//! each operation.
//!
//! Must not know: what an operation has to come to.

use std::env;

use crate::operation::Job;

/// One column of the table.
#[derive(Debug)]
pub struct Client {
    pub name: &'static str,
    /// Debian's package.
    pub package: &'static str,
    /// What must be installed.
    pub programs: &'static [&'static str],
    /// How it does a job.
    pub way: fn(&Job) -> Way,
}

/// How a client does a job.
#[derive(Debug)]
pub enum Way {
    Call(Call),
    /// It cannot, on any server, and why.
    Cannot(&'static str),
}

/// A program to run.
#[derive(Debug)]
pub struct Call {
    pub program: &'static str,
    pub arguments: Vec<String>,
    /// Lines on its standard input.
    pub input: String,
}

impl Client {
    /// A program of it that is not installed.
    pub fn missing(&self) -> Option<&'static str> {
        let path = env::var_os("PATH").unwrap_or_default();
        let folders: Vec<_> = env::split_paths(&path).collect();
        let is_there = |program: &str| {
            folders.iter().any(|folder| folder.join(program).is_file())
        };
        self.programs.iter().copied().find(|program| !is_there(program))
    }
}

impl Way {
    /// A program with arguments and nothing to read.
    pub fn call(program: &'static str, arguments: &[&str]) -> Way {
        Way::script(program, arguments, String::new())
    }

    /// A program with arguments that reads commands.
    pub fn script(
        program: &'static str,
        arguments: &[&str],
        input: String,
    ) -> Way {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Way::Call(Call { program, arguments, input })
    }
}
