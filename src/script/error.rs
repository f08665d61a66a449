//! What can go wrong in a script, with its place.

use rhai::{EvalAltResult, ParseError, Position};

use crate::session::SessionError;

/// A script's failure.
#[derive(Debug)]
pub struct ScriptError {
    /// The file, or `console`.
    pub source: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What azlb's core said, where it was that which failed.
    pub cause: Option<Box<SessionError>>,
    /// Whether the text is not rhai at all.
    pub syntax: bool,
    /// Whether the operator stopped it, or did not confirm.
    pub interrupted: bool,
    /// How an applied plan ended, where that was the failure.
    pub outcome: Option<crate::changes::Outcome>,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ScriptError {}

/// Carries a core's error through rhai.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Carried {
    pub(super) message: String,
    pub(super) cause: std::sync::Mutex<Option<SessionError>>,
    pub(super) interrupted: bool,
    pub(super) outcome: Option<crate::changes::Outcome>,
}

/// A core's error as rhai's.
pub(super) fn carry(error: SessionError) -> Box<EvalAltResult> {
    let message = error.to_string();
    let carried = Carried { message, cause: std::sync::Mutex::new(Some(error)), interrupted: false, outcome: None };
    Box::new(EvalAltResult::ErrorSystem(String::new(), Box::new(carried)))
}

/// A stop as rhai's error.
pub(super) fn stopped(message: &str) -> Box<EvalAltResult> {
    let carried =
        Carried { message: message.to_owned(), cause: std::sync::Mutex::new(None), interrupted: true, outcome: None };
    Box::new(EvalAltResult::ErrorSystem(String::new(), Box::new(carried)))
}

/// A plan that did not end well, as rhai's error.
pub(super) fn ended(message: String, outcome: crate::changes::Outcome) -> Box<EvalAltResult> {
    let interrupted = outcome == crate::changes::Outcome::Interrupted;
    let carried = Carried { message, cause: std::sync::Mutex::new(None), interrupted, outcome: Some(outcome) };
    Box::new(EvalAltResult::ErrorSystem(String::new(), Box::new(carried)))
}

fn place(position: Position) -> (Option<usize>, Option<usize>) {
    (position.line(), position.position())
}

impl ScriptError {
    /// Of a text that is not rhai.
    pub(super) fn parse(source: &str, error: &ParseError) -> Self {
        let (line, column) = place(error.position());
        Self {
            source: source.to_owned(),
            line,
            column,
            message: format!("syntax error: {}", error.err_type()),
            cause: None,
            syntax: true,
            interrupted: false,
            outcome: None,
        }
    }

    /// Of a run.
    pub(super) fn run(source: &str, error: EvalAltResult) -> Self {
        let (line, column) = place(error.position());
        let mut out = Self {
            source: source.to_owned(),
            line,
            column,
            message: String::new(),
            cause: None,
            syntax: false,
            interrupted: false,
            outcome: None,
        };
        let mut inner = error;
        // What failed within a script's own function is told from within.
        while let EvalAltResult::ErrorInFunctionCall(_, _, deeper, _) = inner {
            (out.line, out.column) = place(deeper.position());
            inner = *deeper;
        }
        match inner {
            EvalAltResult::ErrorSystem(_, carried) => match carried.downcast::<Carried>() {
                Ok(carried) => {
                    out.message = carried.message;
                    out.interrupted = carried.interrupted;
                    out.outcome = carried.outcome;
                    out.cause =
                        carried.cause.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).map(Box::new);
                }
                Err(other) => out.message = other.to_string(),
            },
            EvalAltResult::ErrorTerminated(..) => {
                out.interrupted = true;
                "stopped by the operator".clone_into(&mut out.message);
            }
            mut other => {
                other.set_position(Position::NONE);
                out.message = other.to_string();
            }
        }
        out
    }
}
