//! The prompt: a line editor with history and completion, until its user
//! leaves.
//!
//! Must not know: what a command does.

use std::{cell::RefCell, fs, path::Path, rc::Rc};

use rustyline::{
    CompletionType, Config, Editor, error::ReadlineError,
    history::DefaultHistory,
};

use super::{
    complete::Completion,
    console::{Console, NO_CODE},
    engine::{Engine, Flow},
    exit::Exit,
    home, interrupt, script,
};

/// Runs the prompt. A failed command does not end it.
pub(super) fn run(
    engine: Engine,
    console: Console,
    data: Option<&Path>,
) -> Exit {
    let engine = Rc::new(RefCell::new(engine));
    let mut editor = match editor(Rc::clone(&engine)) {
        Ok(editor) => editor,
        Err(e) => {
            console.complain("no prompt", &e.to_string());
            return Exit::Other;
        }
    };
    let history = data.map(|folder| folder.join("history"));
    if let Some(path) = &history {
        // A first start has no history yet.
        let _none = editor.load_history(path);
    }
    if let Err(e) = interrupt::watch() {
        console.complain("Ctrl-C will end the client", &e.to_string());
    }
    let exit = talk(&mut editor, &engine, console);
    if let (Some(path), Some(folder)) = (&history, data) {
        let saved = home::make(folder)
            .map_err(ReadlineError::from)
            .and_then(|()| editor.save_history(path));
        match saved {
            Ok(()) => restrict(path),
            Err(e) => console.complain("no history kept", &e.to_string()),
        }
    }
    exit
}

type Prompt = Editor<Completion, DefaultHistory>;

fn editor(engine: Rc<RefCell<Engine>>) -> Result<Prompt, ReadlineError> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .completion_prompt_limit(CANDIDATES_UNASKED_MAX)
        .max_history_size(HISTORY_LINES_MAX)?
        .history_ignore_space(true)
        .auto_add_history(true)
        .build();
    let mut editor = Editor::with_config(config)?;
    editor.set_helper(Some(Completion::new(engine)));
    Ok(editor)
}

fn talk(
    editor: &mut Prompt,
    engine: &Rc<RefCell<Engine>>,
    console: Console,
) -> Exit {
    loop {
        let prompt = engine.borrow().prompt();
        match editor.readline(&prompt) {
            Ok(line) => {
                if let Some(helper) = editor.helper() {
                    helper.forget();
                }
                if let Flow::Quit = answer(engine, console, &line) {
                    return Exit::Ok;
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => {
                engine.borrow_mut().leave();
                return Exit::Ok;
            }
            Err(e) => {
                console.complain("the prompt ends", &e.to_string());
                engine.borrow_mut().leave();
                return Exit::Other;
            }
        }
    }
}

/// Runs a line. Where the session had ended before it, as after a long
/// silence, we come back first.
fn answer(engine: &Rc<RefCell<Engine>>, console: Console, line: &str) -> Flow {
    if line.trim().is_empty() {
        return Flow::GoOn;
    }
    interrupt::forget();
    let mut engine = engine.borrow_mut();
    if !engine.is_usable() {
        console.announce(NO_CODE, "the connection is gone; connecting again");
        if let Err(error) = engine.reconnect() {
            console.fail("", &error);
            if !engine.is_usable() && !is_leave(line) {
                return Flow::GoOn;
            }
        }
    }
    // The failure has been told; at a prompt its exit code is nobody's.
    script::run_line(&mut engine, console, line).unwrap_or(Flow::GoOn)
}

fn is_leave(line: &str) -> bool {
    matches!(line.trim(), "quit" | "exit" | "bye")
}

/// What was typed is its user's business.
fn restrict(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let _stays = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
}

/// How many lines are remembered.
const HISTORY_LINES_MAX: usize = 1000;

/// How many candidates are shown without asking.
const CANDIDATES_UNASKED_MAX: usize = 100;
