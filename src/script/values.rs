//! The objects that scripts hold: pools, members, plans.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::changes::{Plan, describe};
use crate::session::ask::PoolHandle;
use crate::session::rows::{CandidateRow, MemberRow};

/// A backend pool.
#[derive(Debug, Clone)]
pub struct Pool(pub Arc<PoolHandle>);

/// A member of a pool, with its health as far as it was asked.
#[derive(Debug, Clone)]
pub struct Member(pub Arc<MemberRow>);

/// An ip configuration that could join.
#[derive(Debug, Clone)]
pub struct Candidate(pub Arc<CandidateRow>);

/// A plan.
#[derive(Debug, Clone)]
pub struct ScriptPlan {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Whether it was confirmed.
    confirmed: Arc<AtomicBool>,
}

impl ScriptPlan {
    /// Not yet confirmed.
    pub fn new(plan: Plan) -> Self {
        Self { plan: Arc::new(plan), confirmed: Arc::default() }
    }

    /// Whether somebody confirmed it.
    pub fn confirmed(&self) -> bool {
        self.confirmed.load(Ordering::Acquire)
    }

    /// Somebody confirmed it.
    pub fn set_confirmed(&self) {
        self.confirmed.store(true, Ordering::Release);
    }
}

impl std::fmt::Display for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.selector)
    }
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let m = &self.0;
        let health = m.health.state.word();
        write!(
            f,
            "{}  {}  {health} ({})",
            m.name,
            m.ip.as_deref().unwrap_or("-"),
            crate::health::reason::words(&m.health.reason)
        )
    }
}

impl std::fmt::Display for Candidate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let c = &self.0;
        let power = c.power_state.as_deref().unwrap_or("-");
        write!(f, "{}  {}  {power}", c.name, c.ip.as_deref().unwrap_or("-"))
    }
}

impl std::fmt::Display for ScriptPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines: Vec<String> = describe::plan(&self.plan).into_iter().map(|l| l.text).collect();
        f.write_str(&lines.join("\n"))
    }
}
