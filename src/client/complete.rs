//! Completion at the prompt: commands, names on the server, names here.
//!
//! Must not know: how a listing is fetched.

use std::{cell::RefCell, rc::Rc};

use rustyline::{
    Context, Helper, Result,
    completion::{Completer, Pair},
    highlight::Highlighter,
    hint::Hinter,
    validate::Validator,
};

use super::{
    command::{self, Names, ROWS},
    engine::Engine,
    listing::{Entry, Kind},
    local, shown, words,
};
use crate::pattern;

/// What the line editor asks for candidates.
pub(super) struct Completion {
    engine: Rc<RefCell<Engine>>,
    /// The listing asked for last: one key press asks for it several times.
    /// Any command makes it old.
    last: RefCell<Option<(Vec<u8>, Vec<Entry>)>>,
}

impl Completion {
    /// Candidates by what an engine sees.
    pub(super) fn new(engine: Rc<RefCell<Engine>>) -> Completion {
        Completion { engine, last: RefCell::default() }
    }

    /// Forgets what was listed: a command is about to change it.
    pub(super) fn forget(&self) {
        self.last.replace(None);
    }

    fn remote(&self, folder: &[u8]) -> Vec<Entry> {
        let mut last = self.last.borrow_mut();
        if let Some((path, entries)) = &*last
            && path == folder
        {
            return entries.clone();
        }
        let Ok(mut engine) = self.engine.try_borrow_mut() else {
            return Vec::new();
        };
        let entries = engine.entries(folder);
        *last = Some((folder.to_vec(), entries.clone()));
        entries
    }

    fn local(&self, folder: &[u8]) -> Vec<Entry> {
        let Ok(engine) = self.engine.try_borrow() else {
            return Vec::new();
        };
        let path = match folder {
            [] => engine.folder().to_path_buf(),
            folder => local::typed(engine.folder(), folder),
        };
        local::list(&path).unwrap_or_default()
    }

    fn names(&self, names: Names, begun: &[u8]) -> Vec<Pair> {
        let cut = begun.iter().rposition(|&b| b == b'/');
        let (folder, last) = begun.split_at(cut.map_or(0, |at| at + 1));
        let entries = match names {
            Names::Commands => return commands(begun),
            Names::Remote | Names::RemoteFolders => self.remote(folder),
            Names::Local | Names::LocalFolders => self.local(folder),
        };
        let folders =
            matches!(names, Names::RemoteFolders | Names::LocalFolders);
        entries
            .iter()
            .filter(|entry| entry.name.starts_with(last))
            .filter(|entry| !folders || entry.kind != Kind::File)
            .map(|entry| candidate(folder, entry))
            .collect()
    }
}

impl Completer for Completion {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> Result<(usize, Vec<Pair>)> {
        let (start, names, begun) = wanted(&line[..pos]);
        let found = names.map(|names| self.names(names, &begun));
        Ok((start, found.unwrap_or_default()))
    }
}

impl Helper for Completion {}
impl Highlighter for Completion {}
impl Validator for Completion {}
impl Hinter for Completion {
    type Hint = String;
}

/// What a line under way wants next: from where, names of what, and how
/// they begin.
fn wanted(line: &str) -> (usize, Option<Names>, Vec<u8>) {
    let mut scan = words::scan(line);
    let mut words = scan.commands.pop().unwrap_or_default();
    let word = if scan.in_word { words.pop() } else { None };
    let (start, begun) = match word {
        Some(word) => (word.start, pattern::literal(&word.bytes)),
        None => (line.len(), Vec::new()),
    };
    let Some(first) = words.first() else {
        return (start, Some(Names::Commands), begun);
    };
    let names = command::row(&first.bytes).map_or(&[][..], |row| row.names);
    let options = words.iter().filter(|word| word.bytes == b"-f").count();
    let at = (words.len() - 1).saturating_sub(options);
    (start, names.get(at).or(names.last()).copied(), begun)
}

fn commands(begun: &[u8]) -> Vec<Pair> {
    ROWS.iter()
        .map(|row| row.words[0])
        .filter(|word| word.as_bytes().starts_with(begun))
        .map(|word| Pair {
            display: word.into(),
            replacement: format!("{word} "),
        })
        .collect()
}

fn candidate(folder: &[u8], entry: &Entry) -> Pair {
    let whole = [folder, &entry.name].concat();
    let end = match entry.kind {
        Kind::Directory => "/",
        Kind::File | Kind::Link | Kind::Other => " ",
    };
    Pair {
        display: format!("{}{}", shown::name(&entry.name), end.trim_end()),
        replacement: format!("{}{end}", words::quoted(&whole)),
    }
}

#[cfg(test)]
mod tests {
    use super::{candidate, commands, wanted};
    use crate::client::{
        command::Names,
        listing::{Entry, Kind},
    };

    #[test]
    fn what_is_wanted_depends_on_the_place_in_the_line() {
        let remote = Some(Names::Remote);
        for (line, start, names, begun) in [
            ("", 0, Some(Names::Commands), ""),
            ("ge", 0, Some(Names::Commands), "ge"),
            ("get ", 4, remote, ""),
            ("get -f a\\ b", 7, remote, "a b"),
            ("get a ", 6, Some(Names::Local), ""),
            ("put x", 4, Some(Names::Local), "x"),
            ("cd a; cd 'b c/", 9, Some(Names::RemoteFolders), "b c/"),
            ("mget a b", 7, remote, "b"),
            ("pwd x", 4, None, "x"),
            ("nonsense x", 9, None, "x"),
        ] {
            let found = wanted(line);
            assert_eq!(found, (start, names, begun.into()), "{line}");
        }
    }

    #[test]
    fn candidates_can_be_typed_and_shown() {
        let entry = |name: &[u8], kind| Entry {
            kind,
            size: None,
            modified: None,
            name: name.to_vec(),
        };
        let file = candidate(b"d/", &entry(b"a b\x1b", Kind::File));
        assert_eq!(file.replacement, "d/a\\ b\\x1b ");
        assert_eq!(file.display, "a b\\x1b");
        let folder = candidate(b"", &entry(b"d", Kind::Directory));
        assert_eq!(folder.replacement, "d/");
        let found: Vec<_> =
            commands(b"mk").into_iter().map(|pair| pair.replacement).collect();
        assert_eq!(found, ["mkdir "]);
    }
}
