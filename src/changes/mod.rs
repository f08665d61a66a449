//! Changes of who serves: what was asked for, the plan, the guards, the execution, the journal.
//!
//! Owns every write to Azure. [`plan::plan`] is a pure function from documents to a plan;
//! [`execute::Executor`] holds the only writer and runs plans; [`journal`] records each step before
//! and after; [`recover`] resumes and undoes. Called by the session alone. It never prints and
//! never asks.

pub mod answers;
mod assembly;
pub mod change;
pub mod describe;
pub mod diff;
mod digest;
mod documents;
pub mod drift;
pub mod edit;
pub mod execute;
mod facts;
pub mod gate;
pub mod gather;
pub mod guard;
pub mod journal;
pub mod lanes;
pub mod plan;
pub mod recover;
pub mod run;
mod stages;
pub mod step;
mod write;

pub use answers::Answers;
pub use change::{Batch, Change, MemberRef, MemberTarget, OnFailure, OnLimit, Options, Request, SwapOrder};
pub use documents::Documents;
pub use edit::Edit;
pub use execute::Executor;
pub use guard::{Finding, GuardCode, Severity};
pub use journal::{Journal, PlanState, Record};
pub use plan::{Plan, PlanError, PlanId};
pub use run::{Outcome, Run, StepState};
pub use step::{Action, Gate, Step, Write};
