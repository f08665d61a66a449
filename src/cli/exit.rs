//! Exit codes and the telling of failures.
//!
//! 0 done, 1 failed, 2 usage, 3 refused by a guard, 4 partly done, 5 interrupted.

use std::process::ExitCode;

use crate::changes::journal::JournalError;
use crate::changes::{Outcome, PlanError};
use crate::session::SessionError;

/// A failure of a command: what to tell, and the exit code.
#[derive(Debug)]
pub struct Failure {
    /// The sentences, without `azlb:`.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

/// Something failed.
pub const FAILED: u8 = 1;
/// The command was not understood.
pub const USAGE: u8 = 2;
/// A guard refused.
pub const REFUSED: u8 = 3;
/// Something was changed, and not everything.
pub const PARTLY: u8 = 4;
/// Stopped by the operator.
pub const INTERRUPTED: u8 = 5;

impl Failure {
    /// With a code.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self { message: message.into(), code }
    }

    /// Of usage.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, message)
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        Self::new(code_of(&error), error.to_string())
    }
}

impl From<crate::estate::select::SelectError> for Failure {
    fn from(error: crate::estate::select::SelectError) -> Self {
        SessionError::from(error).into()
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        SessionError::from(error).into()
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(FAILED, error.to_string())
    }
}

impl From<crate::tui::OpenError> for Failure {
    fn from(error: crate::tui::OpenError) -> Self {
        use crate::tui::OpenError;
        let code = match error {
            OpenError::Terminal(_) => FAILED,
            OpenError::Keys { .. } | OpenError::Theme(_) => USAGE,
        };
        Self::new(code, error.to_string())
    }
}

/// The exit code of a session's error.
pub fn code_of(error: &SessionError) -> u8 {
    match error {
        SessionError::Select(_) | SessionError::Config(_) | SessionError::Asked(_) => USAGE,
        SessionError::Plan(PlanError::Refused(_) | PlanError::Circle(_))
        | SessionError::ReadOnly
        | SessionError::Elsewhere { .. }
        | SessionError::NotThat { .. } => REFUSED,
        SessionError::Plan(PlanError::Nothing(_)) => 0,
        SessionError::Plan(PlanError::NoRule { .. }) => USAGE,
        SessionError::Journal(JournalError::Unknown(..) | JournalError::Ambiguous(..)) => USAGE,
        SessionError::Journal(JournalError::Locked(_)) => REFUSED,
        SessionError::Journal(_) | SessionError::Arm(_) => FAILED,
    }
}

/// The exit code of an outcome.
pub fn code_of_outcome(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Done => 0,
        Outcome::Failed => FAILED,
        Outcome::Partly => PARTLY,
        Outcome::Interrupted => INTERRUPTED,
    }
}

/// Tells a failure and gives the exit code.
pub fn report(result: Result<ExitCode, Failure>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("azlb: {}", crate::terminal_text::safe_lines(&failure.message));
            }
            ExitCode::from(failure.code)
        }
    }
}
