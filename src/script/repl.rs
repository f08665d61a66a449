//! The REPL: the engine on a line editor, with history, completion and entries of several lines.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use nu_ansi_term::{Color, Style};
use reedline::{
    ColumnarMenu, Completer, CompletionResult, DefaultPrompt, DefaultPromptSegment, Emacs, FileBackedHistory,
    Highlighter, KeyCode, KeyModifiers, MenuBuilder as _, Reedline, ReedlineEvent, ReedlineMenu, Signal, Span,
    StyledText, Suggestion, ValidationResult, Validator, default_emacs_keybindings,
};

use super::complete::{complete, is_whole};
use super::conversation::{Conversation, Said};
use super::docs;
use super::highlight::{Part, parts};
use crate::session::Session;
use crate::terminal_text::safe_lines;

struct Names {
    session: Session,
    variables: Arc<Mutex<Vec<String>>>,
}

impl Completer for Names {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let head = line.get(..pos).unwrap_or(line);
        let variables = self.variables.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (start, words) = complete(&self.session, &variables, head);
        let suggestions: Vec<Suggestion> = words
            .into_iter()
            .map(|value| Suggestion {
                description: docs::functions()
                    .find(|d| value.strip_suffix('(') == Some(d.name))
                    .map(|d| d.what.to_owned()),
                value,
                span: Span::new(start, pos),
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::fresh(suggestions)
    }
}

struct Brackets;

impl Validator for Brackets {
    fn validate(&self, line: &str) -> ValidationResult {
        if is_whole(line) { ValidationResult::Complete } else { ValidationResult::Incomplete }
    }
}

struct Colours;

impl Highlighter for Colours {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        let mut out = StyledText::new();
        for (part, text) in parts(line) {
            let style = match part {
                Part::Comment => Style::new().fg(Color::DarkGray),
                Part::Text => Style::new().fg(Color::Green),
                Part::Constant => Style::new().fg(Color::Cyan),
                Part::Keyword => Style::new().fg(Color::Purple),
                Part::Function => Style::new().fg(Color::Blue),
                Part::Plain => Style::new(),
            };
            out.push((style, text.to_owned()));
        }
        out
    }
}

/// Reads and evaluates entries until the end of input. Blocks; run it on a thread of its own.
///
/// # Errors
/// Where the terminal or the history cannot be used.
pub fn run(
    session: &Session,
    conversation: &mut Conversation,
    history: PathBuf,
    before_each: impl Fn(),
) -> std::io::Result<()> {
    let variables = Arc::new(Mutex::new(Vec::new()));
    let menu = Box::new(ColumnarMenu::default().with_name("names"));
    let mut keys = default_emacs_keybindings();
    keys.add_binding(
        KeyModifiers::NONE,
        KeyCode::Tab,
        ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu("names".to_owned()), ReedlineEvent::MenuNext]),
    );
    if let Some(folder) = history.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let history = FileBackedHistory::with_file(5_000, history).map_err(std::io::Error::other)?;
    let names = Names { session: session.clone(), variables: Arc::clone(&variables) };
    let mut editor = Reedline::create()
        .with_history(Box::new(history))
        .with_completer(Box::new(names))
        .with_menu(ReedlineMenu::EngineCompleter(menu))
        // One match is put in at once, several as far as they agree.
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_validator(Box::new(Brackets))
        .with_edit_mode(Box::new(Emacs::new(keys)));
    if std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()) {
        editor = editor.with_highlighter(Box::new(Colours));
    }
    let prompt = DefaultPrompt::new(DefaultPromptSegment::Basic("azlb".to_owned()), DefaultPromptSegment::Empty);
    loop {
        match editor.read_line(&prompt)? {
            Signal::Success(text) if text.trim().is_empty() => {}
            Signal::Success(text) => {
                before_each();
                if told(conversation.enter(&text)).is_none() {
                    return Ok(());
                }
                *variables.lock().unwrap_or_else(PoisonError::into_inner) = conversation.variables();
            }
            Signal::CtrlD => return Ok(()),
            _ => {}
        }
    }
}

/// Evaluates entries from a pipe: each as soon as it is whole.
///
/// # Errors
/// Where input cannot be read.
pub fn run_piped(conversation: &mut Conversation, input: impl std::io::BufRead) -> std::io::Result<bool> {
    let mut entry = String::new();
    let mut well = true;
    for line in input.lines() {
        entry.push_str(&line?);
        entry.push('\n');
        if !is_whole(&entry) {
            continue;
        }
        if !entry.trim().is_empty() {
            match told(conversation.enter(&entry)) {
                Some(good) => well &= good,
                None => return Ok(well),
            }
        }
        entry.clear();
    }
    if !entry.trim().is_empty() {
        well &= told(conversation.enter(&entry)).unwrap_or(true);
    }
    Ok(well)
}

/// Prints what an entry led to; whether it went well. None where the end is asked for.
fn told(said: Said) -> Option<bool> {
    match said {
        Said::Value(Some(value)) => println!("{}", safe_lines(&value)),
        Said::Value(None) => {}
        Said::Error(error) => {
            eprintln!("{}", safe_lines(&error));
            return Some(false);
        }
        Said::Quit => return None,
    }
    Some(true)
}
