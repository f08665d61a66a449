//! What can go wrong in a script, with its place; and what a script sees of it when it catches it.

use std::sync::{Arc, Mutex, PoisonError};

use rhai::{Dynamic, EvalAltResult, ParseError, Position};

use super::host::Applied;
use super::values::ScriptOutcome;
use crate::arm::ArmError;
use crate::changes::run::StepState;
use crate::changes::{Outcome, Plan, PlanError, Severity};
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
    pub outcome: Option<Outcome>,
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

/// A failure as a script catches it: `catch (err) { err.code }`.
#[derive(Debug, Clone)]
pub struct Caught(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    message: String,
    code: String,
    resource: String,
    correlation_id: String,
    outcome: Option<ScriptOutcome>,
    cause: Mutex<Option<SessionError>>,
}

impl Caught {
    /// The sentence, with what to do next.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The guard's code or ARM's; else `not_found`, `ambiguous`, `read_only`, `nothing`, `asked`, `failed`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The resource concerned; empty where it is none.
    pub fn resource(&self) -> &str {
        &self.0.resource
    }

    /// The server's id of the exchange; empty where there was none.
    pub fn correlation_id(&self) -> &str {
        &self.0.correlation_id
    }

    /// What became of the plan, where one was applied.
    pub fn outcome(&self) -> Option<&ScriptOutcome> {
        self.0.outcome.as_ref()
    }
}

impl std::fmt::Display for Caught {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

/// Code, resource and correlation id of a core's error.
fn facts(error: &SessionError) -> (String, String, String) {
    use crate::estate::select::SelectError;
    let word = |code: &str| (code.to_owned(), String::new(), String::new());
    match error {
        SessionError::Plan(PlanError::Refused(findings)) => {
            let first = findings.iter().find(|f| f.severity == Severity::Refuse);
            first.map_or_else(|| word("refused"), |f| (f.code.name(), f.resource.to_string(), String::new()))
        }
        SessionError::Plan(PlanError::Nothing(_)) => word("nothing"),
        SessionError::Plan(_) => word("refused"),
        SessionError::Arm(ArmError::Service(e)) => {
            (e.code.clone(), e.path.clone(), e.correlation_id.clone().unwrap_or_default())
        }
        SessionError::Arm(ArmError::Operation { path, code, .. }) => (code.clone(), path.clone(), String::new()),
        SessionError::Arm(ArmError::Transport { path, .. }) => ("transport".to_owned(), path.clone(), String::new()),
        SessionError::Select(SelectError::Unknown { text, .. }) => {
            ("not_found".to_owned(), text.clone(), String::new())
        }
        SessionError::Select(SelectError::Ambiguous { text, .. }) => {
            ("ambiguous".to_owned(), text.clone(), String::new())
        }
        SessionError::Select(SelectError::Malformed { text, .. }) => {
            ("malformed".to_owned(), text.clone(), String::new())
        }
        SessionError::ReadOnly => word("read_only"),
        SessionError::Asked(_) => word("asked"),
        _ => word("failed"),
    }
}

fn thrown(inner: Inner) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(Caught(Arc::new(inner))), Position::NONE))
}

/// A core's error as rhai's.
pub(super) fn carry(error: SessionError) -> Box<EvalAltResult> {
    let (code, resource, correlation_id) = facts(&error);
    let message = error.to_string();
    thrown(Inner { message, code, resource, correlation_id, outcome: None, cause: Mutex::new(Some(error)) })
}

/// What a script asked for that cannot be.
pub(super) fn asked(message: impl Into<String>) -> Box<EvalAltResult> {
    carry(SessionError::Asked(message.into()))
}

/// The operator's stop, or an answer that was no: no script catches it.
pub(super) fn stopped(message: &str) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(message.to_owned().into(), Position::NONE))
}

/// A plan that did not end well, as rhai's error. What the operator stopped is not caught.
pub(super) fn ended(plan: &Arc<Plan>, applied: Applied) -> Box<EvalAltResult> {
    let message = format!("plan {} is {} (azlb journal show {0})", plan.id, applied.outcome);
    if applied.outcome == Outcome::Interrupted {
        return stopped(&message);
    }
    let failed = applied.run.steps.iter().zip(&plan.steps).find_map(|(progress, step)| match &progress.state {
        StepState::Failed { error, code, correlation_id } => Some((error, code, correlation_id, step)),
        _ => None,
    });
    let (said, code, correlation_id, resource) = match failed {
        Some((error, code, id, step)) => {
            let target = step.write().map(|w| w.target.to_string());
            (format!(": {error}"), code.clone(), id.clone(), target)
        }
        None => (String::new(), None, None, None),
    };
    thrown(Inner {
        message: format!("{message}{said}"),
        code: code.unwrap_or_else(|| "failed".to_owned()),
        resource: resource.unwrap_or_default(),
        correlation_id: correlation_id.unwrap_or_default(),
        outcome: Some(ScriptOutcome { plan: Arc::clone(plan), applied: Some(Arc::new(applied)) }),
        cause: Mutex::new(None),
    })
}

fn place(position: Position) -> (Option<usize>, Option<usize>) {
    (position.line(), position.position())
}

impl ScriptError {
    /// Something wrong at a place that is not known.
    pub(super) fn at(source: &str, (line, column): (Option<usize>, Option<usize>), message: String) -> Self {
        Self {
            source: source.to_owned(),
            line,
            column,
            message,
            cause: None,
            syntax: false,
            interrupted: false,
            outcome: None,
        }
    }

    /// Of a text that is not rhai.
    pub(super) fn parse(source: &str, error: &ParseError) -> Self {
        let message = format!("syntax error: {}", error.err_type());
        Self { syntax: true, ..Self::at(source, place(error.position()), message) }
    }

    /// Of a run.
    pub(super) fn run(source: &str, error: EvalAltResult) -> Self {
        let mut out = Self::at(source, place(error.position()), String::new());
        let mut inner = error;
        // What failed within a script's own function, or within a script that it runs, is told from within.
        loop {
            inner = match inner {
                EvalAltResult::ErrorInFunctionCall(_, _, deeper, _) | EvalAltResult::ErrorInModule(_, deeper, _) => {
                    let within = place(deeper.position());
                    if within.0.is_some() {
                        (out.line, out.column) = within;
                    }
                    *deeper
                }
                other => break out.take(other),
            };
        }
        out
    }

    fn take(&mut self, inner: EvalAltResult) {
        match inner {
            EvalAltResult::ErrorRuntime(value, _) => match value.clone().try_cast::<Caught>() {
                Some(caught) => {
                    self.message.clone_from(&caught.0.message);
                    self.outcome = caught.0.outcome.as_ref().and_then(|o| o.applied.as_ref()).map(|a| a.outcome);
                    self.cause = caught.0.cause.lock().unwrap_or_else(PoisonError::into_inner).take().map(Box::new);
                }
                None => self.message = value.to_string(),
            },
            EvalAltResult::ErrorTerminated(why, _) => {
                self.interrupted = true;
                let why = why.into_string().unwrap_or_default();
                self.message = if why.is_empty() { "stopped by the operator".to_owned() } else { why };
            }
            EvalAltResult::ErrorParsing(kind, _) => {
                self.syntax = true;
                self.message = format!("syntax error: {kind}");
            }
            mut other => {
                other.set_position(Position::NONE);
                self.message = other.to_string();
            }
        }
    }
}
