//! Steps: one ARM write, or one gate.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::change::MemberTarget;
use super::edit::Edit;
use super::lanes::Lane;
use crate::arm::{Etag, ResourceId};

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its number, from 1, in the order shown.
    pub id: u32,
    /// The stage it belongs to, from 0. A stage begins when the one before it is done; an undo takes
    /// them back from the last to the first.
    #[serde(default)]
    pub stage: u32,
    /// The steps that must be done before it.
    pub needs: Vec<u32>,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Writes one document.
    Write(Write),
    /// Waits for something to be so.
    Gate(Gate),
}

/// One write: all edits of one document, in one PUT.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// The document.
    pub target: ResourceId,
    /// Its version when the plan was made.
    pub etag: Option<Etag>,
    /// The edits.
    pub edits: Vec<Edit>,
    /// What must hold just before.
    pub checks: SmallVec<[Check; 1]>,
    /// What is shared with other writes.
    pub lanes: SmallVec<[Lane; 3]>,
    /// The document is written even where it already shows the result, so that an earlier request
    /// still under way, which names the old ETag, can no longer land.
    #[serde(default)]
    pub fence: bool,
}

/// A guard that is asked again just before a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Nobody else is in the pool.
    Exclusive {
        /// The pool.
        pool: ResourceId,
    },
    /// Somebody else stays in the pool.
    NeverEmpty {
        /// The pool.
        pool: ResourceId,
    },
}

/// Something to wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Both sides of a membership agree: the members' own documents and the pool.
    Membership {
        /// The pool.
        pool: ResourceId,
        /// Who must be in.
        inside: Vec<MemberTarget>,
        /// Who must be out.
        outside: Vec<MemberTarget>,
        /// How long.
        limit: Duration,
    },
    /// Members that get no new connections are given time to finish theirs.
    Drained {
        /// The pool.
        pool: ResourceId,
        /// The rules that must say that they are out.
        rules: Vec<ResourceId>,
        /// Who.
        members: Vec<MemberTarget>,
        /// How long they are given from then.
        wait: Duration,
    },
    /// The operator says whether the plan goes on.
    Ask {
        /// What is asked.
        question: String,
        /// How long the operator may take.
        limit: Duration,
    },
    /// A pause.
    Pause {
        /// How long.
        wait: Duration,
    },
    /// The members' probes are up by every rule.
    Healthy {
        /// The pool.
        pool: ResourceId,
        /// The rules that are asked.
        rules: Vec<ResourceId>,
        /// Who must be up.
        members: Vec<MemberTarget>,
        /// The probe's interval: no faster is it asked.
        interval: Duration,
        /// How long.
        limit: Duration,
    },
}

impl Step {
    /// The write, where the step is one.
    pub fn write(&self) -> Option<&Write> {
        match &self.action {
            Action::Write(write) => Some(write),
            Action::Gate(_) => None,
        }
    }

    /// The lanes that it occupies; a gate occupies none.
    pub fn lanes(&self) -> &[Lane] {
        self.write().map_or(&[], |w| w.lanes.as_slice())
    }
}
