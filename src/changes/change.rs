//! What a person asks for.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arm::ResourceId;
use crate::azure::backend_pool::AdminState;

/// A member as a change names it: what is written, and the name people know it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRef {
    /// What joins or leaves.
    pub target: MemberTarget,
    /// The VM's name, `set/instance`, or the address entry's name.
    pub name: std::sync::Arc<str>,
}

/// What can be in a pool.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberTarget {
    /// An ip configuration of a NIC or of a Uniform scale set's instance.
    IpConfig(ResourceId),
    /// An address of an IP pool.
    Address(IpAddr),
    /// A frontend of a regional load balancer, in a Global one's pool.
    Frontend(ResourceId),
}

impl std::fmt::Display for MemberTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::IpConfig(id) | Self::Frontend(id) => f.write_str(&id.short()),
            Self::Address(ip) => write!(f, "{ip}"),
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A member joins a pool.
    Add {
        /// The pool.
        pool: ResourceId,
        /// Who.
        member: MemberRef,
    },
    /// A member leaves a pool.
    Remove {
        /// The pool.
        pool: ResourceId,
        /// Who.
        member: MemberRef,
    },
    /// A member leaves one pool and joins another.
    Move {
        /// Who.
        member: MemberRef,
        /// The pool it is in.
        from: ResourceId,
        /// The pool it goes to.
        to: ResourceId,
    },
    /// One member takes the place of another.
    Swap {
        /// The pool.
        pool: ResourceId,
        /// Who leaves.
        leaves: MemberRef,
        /// Who joins.
        joins: MemberRef,
    },
    /// A member gets no new connections, is given time, and leaves.
    Drain {
        /// The pool.
        pool: ResourceId,
        /// Who.
        member: MemberRef,
        /// How long it is given.
        wait: Duration,
    },
    /// A Uniform scale set joins as a whole: its model first, then its instances.
    AddSet {
        /// The pool.
        pool: ResourceId,
        /// The set.
        set: ResourceId,
    },
    /// A Uniform scale set leaves as a whole: its model first, then its instances.
    RemoveSet {
        /// The pool.
        pool: ResourceId,
        /// The set.
        set: ResourceId,
    },
    /// The instances of a Uniform scale set follow its model again, in whatever pools it names.
    AlignSet {
        /// The set.
        set: ResourceId,
    },
    /// The pool's members become exactly these.
    Replace {
        /// The pool.
        pool: ResourceId,
        /// All who are to be in it.
        members: Vec<MemberRef>,
        /// How many at a time.
        batch: Batch,
    },
    /// A member's admin state is set; it stays a member.
    SetAdminState {
        /// The pool.
        pool: ResourceId,
        /// Who.
        member: MemberRef,
        /// To what.
        state: AdminState,
    },
}

impl Change {
    /// The pools that the change touches.
    pub fn pools(&self) -> Vec<&ResourceId> {
        match self {
            Self::Add { pool, .. }
            | Self::Remove { pool, .. }
            | Self::Swap { pool, .. }
            | Self::Drain { pool, .. }
            | Self::Replace { pool, .. }
            | Self::AddSet { pool, .. }
            | Self::RemoveSet { pool, .. }
            | Self::SetAdminState { pool, .. } => vec![pool],
            Self::Move { from, to, .. } => vec![from, to],
            // Its model and its instances tell, and they are not read yet.
            Self::AlignSet { .. } => Vec::new(),
        }
    }

    /// The scale set that the change touches as a whole.
    pub fn set(&self) -> Option<&ResourceId> {
        match self {
            Self::AddSet { set, .. } | Self::RemoveSet { set, .. } | Self::AlignSet { set } => Some(set),
            _ => None,
        }
    }

    /// The members that the change touches, where it names them.
    pub fn members(&self) -> Vec<&MemberRef> {
        match self {
            Self::Add { member, .. }
            | Self::Remove { member, .. }
            | Self::Move { member, .. }
            | Self::Drain { member, .. }
            | Self::SetAdminState { member, .. } => vec![member],
            Self::Replace { members, .. } => members.iter().collect(),
            Self::AddSet { .. } | Self::RemoveSet { .. } | Self::AlignSet { .. } => Vec::new(),
            Self::Swap { leaves, joins, .. } => vec![leaves, joins],
        }
    }
}

/// How many of a change are done at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Batch {
    /// All at once.
    #[default]
    Whole,
    /// So many.
    Count(usize),
    /// So many of a hundred, at least one.
    Percent(usize),
}

impl Batch {
    /// How many that is, of a whole.
    pub fn of(self, whole: usize) -> usize {
        match self {
            Self::Whole => whole.max(1),
            Self::Count(n) => n.max(1),
            Self::Percent(p) => (whole * p / 100).max(1),
        }
    }
}

impl Request {
    /// This and another as one, run as this one says.
    pub fn and(mut self, other: Self) -> Self {
        self.title = format!("{}; {}", self.title, other.title);
        self.changes.extend(other.changes);
        self
    }
}

impl std::fmt::Display for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole => f.write_str("100%"),
            Self::Count(n) => write!(f, "{n}"),
            Self::Percent(n) => write!(f, "{n}%"),
        }
    }
}

impl std::str::FromStr for Batch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is neither a number above 0 nor a share such as 20%");
        match text.strip_suffix('%') {
            Some(share) => match share.parse() {
                Ok(p @ 1..=100) => Ok(Self::Percent(p)),
                _ => Err(wrong()),
            },
            None => text.parse().ok().filter(|n| *n > 0).map(Self::Count).ok_or_else(wrong),
        }
    }
}

/// In which order a pool loses and gains members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwapOrder {
    /// Old out, verified, then new in: a moment with nobody, never one with two.
    BreakBeforeMake,
    /// New in and healthy, then old out.
    MakeBeforeBreak,
}

/// What happens when a step fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnFailure {
    /// Nothing more is started.
    #[default]
    Stop,
    /// Steps that do not depend on it go on.
    Continue,
    /// What was done is undone.
    Undo,
}

/// What happens when a wait comes to its limit. It is of waits for health, for drained members and
/// for the operator; two sides of a membership that do not agree are always a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnLimit {
    /// The step failed.
    #[default]
    Fail,
    /// The plan goes on, and says so.
    GoOn,
}

/// How a plan is made and run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// The order, where the pool's own is not wanted.
    pub order: Option<SwapOrder>,
    /// How long a member that joined may take until its probe is up; zero means not to wait.
    pub wait_healthy: Duration,
    /// How long Azure may take until both sides of a membership agree.
    pub wait_membership: Duration,
    /// The rules whose probes are waited for, by name; all of the pool where empty.
    #[serde(default)]
    pub healthy_rules: Vec<String>,
    /// How long the operator may take where the plan asks: before members leave or join in the second
    /// half of a swap, after a drain, between batches. `None` does not ask.
    #[serde(default)]
    pub ask: Option<Duration>,
    /// What happens when a wait comes to its limit.
    #[serde(default)]
    pub on_limit: OnLimit,
    /// The pause between two batches.
    #[serde(default)]
    pub pause: Duration,
    /// What happens when a step fails.
    pub on_failure: OnFailure,
    /// Guards that the operator overrides, by code.
    pub overrides: Vec<String>,
    /// Pools that the configuration declares exclusive: `LB/POOL` or an id.
    pub exclusive: Vec<String>,
    /// Pools whose name is to be typed before a plan of theirs is applied: `LB/POOL` or an id.
    #[serde(default)]
    pub protected: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            order: None,
            wait_healthy: Duration::from_secs(120),
            wait_membership: Duration::from_secs(60),
            healthy_rules: Vec::new(),
            ask: None,
            on_limit: OnLimit::Fail,
            pause: Duration::ZERO,
            on_failure: OnFailure::Stop,
            overrides: Vec::new(),
            exclusive: Vec::new(),
            protected: Vec::new(),
        }
    }
}

/// Changes that are planned together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What is asked, in a few words.
    pub title: String,
    /// The changes.
    pub changes: Vec<Change>,
    /// How.
    pub options: Options,
}
