//! The state of a plan's execution: what screens watch and what is reported at the end.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::plan::{Plan, PlanId};

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Under way; what it waits for.
    Running {
        /// In a few words.
        now: String,
    },
    /// The operator is asked whether the plan goes on.
    Asking {
        /// What.
        question: String,
    },
    /// A wait came to its limit, and the plan went on as its options say.
    Passed {
        /// What was not so.
        reason: String,
    },
    /// Done and verified; `changed` is false where it was so already.
    Done {
        /// Whether azlb changed anything.
        changed: bool,
    },
    /// It failed.
    Failed {
        /// The sentence.
        error: String,
        /// ARM's code, where there is one.
        code: Option<String>,
        /// The server's correlation id, where there is one.
        correlation_id: Option<String>,
    },
    /// It was not begun, because something it needs was not done.
    Skipped {
        /// Why.
        reason: String,
    },
}

impl StepState {
    /// What went wrong, where something did: why it failed, was left out, or went on all the same.
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Failed { error: problem, .. }
            | Self::Skipped { reason: problem }
            | Self::Passed { reason: problem } => Some(problem),
            Self::Pending | Self::Running { .. } | Self::Asking { .. } | Self::Done { .. } => None,
        }
    }

    /// Whether nothing more will happen to the step in this run.
    pub fn ended(&self) -> bool {
        !matches!(self, Self::Pending | Self::Running { .. } | Self::Asking { .. })
    }

    /// Whether what needs the step may begin.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Passed { .. })
    }

    /// One word for tables.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running { .. } => "running",
            Self::Asking { .. } => "asks",
            Self::Passed { .. } => "passed",
            Self::Done { changed: true } => "done",
            Self::Done { changed: false } => "was so",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
        }
    }
}

/// A step's progress.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The step's number.
    pub id: u32,
    /// How far it is.
    pub state: StepState,
    /// Writes sent.
    pub attempts: u32,
    /// When it began.
    pub began: Option<Instant>,
    /// How long it took.
    pub took: Option<Duration>,
}

/// A plan's progress, watched through a channel that always holds the newest state.
#[derive(Debug, Clone)]
pub struct Run {
    /// The plan.
    pub plan: PlanId,
    /// Its steps, in order.
    pub steps: Vec<Progress>,
    /// The outcome, once there is one.
    pub outcome: Option<Outcome>,
}

impl Run {
    /// Before the first step.
    pub fn new(plan: &Plan) -> Self {
        let steps = plan
            .steps
            .iter()
            .map(|s| Progress { id: s.id, state: StepState::Pending, attempts: 0, began: None, took: None })
            .collect();
        Self { plan: plan.id.clone(), steps, outcome: None }
    }

    /// A step's progress, by its number.
    pub fn step(&self, id: u32) -> Option<&Progress> {
        self.steps.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    pub(super) fn step_mut(&mut self, id: u32) -> Option<&mut Progress> {
        self.steps.get_mut(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    /// How many steps are done, and how many there are.
    pub fn counts(&self) -> (usize, usize) {
        (self.steps.iter().filter(|s| s.state.is_done()).count(), self.steps.len())
    }

    /// The step that asks the operator, and what.
    pub fn asking(&self) -> Option<(u32, &str)> {
        self.steps.iter().find_map(|s| match &s.state {
            StepState::Asking { question } => Some((s.id, question.as_str())),
            _ => None,
        })
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step is done.
    Done,
    /// Something failed, and nothing was changed.
    Failed,
    /// Something failed or was stopped, and something was changed.
    Partly,
    /// The operator stopped it between two steps.
    Interrupted,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Partly => "partly done",
            Self::Interrupted => "interrupted",
        })
    }
}
