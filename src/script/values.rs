//! The objects that scripts hold: subscriptions, load balancers, pools, members, health, plans, outcomes.

use std::fmt::{Display, Formatter, Result as Written};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::host::Applied;
use crate::changes::plan::Part;
use crate::changes::{Plan, describe};
use crate::health::HealthState;
use crate::health::reason;
use crate::session::rows::{CandidateRow, LoadBalancerRow, MemberRow, PoolRow, SubscriptionRow};

/// A subscription.
#[derive(Debug, Clone)]
pub struct Subscription(pub Arc<SubscriptionRow>);

/// A load balancer.
#[derive(Debug, Clone)]
pub struct LoadBalancer(pub Arc<LoadBalancerRow>);

/// A backend pool.
#[derive(Debug, Clone)]
pub struct Pool(pub Arc<PoolRow>);

/// A member of a pool, with its health as far as it was asked.
#[derive(Debug, Clone)]
pub struct Member(pub Arc<MemberRow>);

/// An ip configuration that could join.
#[derive(Debug, Clone)]
pub struct Candidate(pub Arc<CandidateRow>);

/// The health of a pool, at one time.
#[derive(Debug, Clone)]
pub struct Health {
    /// The pool.
    pub pool: String,
    /// Its members.
    pub members: Arc<Vec<MemberRow>>,
}

impl Health {
    /// How many members are in a state.
    pub fn count(&self, state: HealthState) -> i64 {
        let count = self.members.iter().filter(|m| m.health.state == state).count();
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    /// Whether there is a member and each is up.
    pub fn is_well(&self) -> bool {
        !self.members.is_empty() && self.members.iter().all(|m| m.health.state == HealthState::Up)
    }
}

/// A plan, and the parts that it is made of, from which others are composed.
#[derive(Debug, Clone)]
pub struct ScriptPlan {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Its parts, in order. None of a plan that takes another back.
    pub parts: Arc<Vec<Part>>,
    /// Whether it was confirmed.
    confirmed: Arc<AtomicBool>,
}

impl ScriptPlan {
    /// Not yet confirmed.
    pub fn new(plan: Plan, parts: Vec<Part>) -> Self {
        Self { plan: Arc::new(plan), parts: Arc::new(parts), confirmed: Arc::default() }
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

/// What became of a plan.
#[derive(Debug, Clone)]
pub struct ScriptOutcome {
    /// The plan.
    pub plan: Arc<Plan>,
    /// How it ended; none in a dry run.
    pub applied: Option<Arc<Applied>>,
}

impl ScriptOutcome {
    /// `done`, or `dry run`.
    pub fn state(&self) -> String {
        self.applied.as_ref().map_or_else(|| "dry run".to_owned(), |a| a.outcome.to_string())
    }
}

impl Display for Subscription {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        write!(f, "{}", self.0.subscription)
    }
}

impl Display for LoadBalancer {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        write!(f, "{}  {}  {}", self.0.name, self.0.sku, self.0.pools.join(", "))
    }
}

impl Display for Pool {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        write!(f, "{}", self.0.selector)
    }
}

impl Display for Member {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let m = &self.0;
        let (ip, health) = (m.ip.as_deref().unwrap_or("-"), m.health.state.word());
        write!(f, "{}  {ip}  {health} ({})", m.name, reason::words(&m.health.reason))
    }
}

impl Display for Candidate {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let c = &self.0;
        let power = c.power_state.as_deref().unwrap_or("-");
        write!(f, "{}  {}  {power}", c.name, c.ip.as_deref().unwrap_or("-"))
    }
}

impl Display for Health {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let of = |state| self.count(state);
        let (up, down) = (of(HealthState::Up), of(HealthState::Down));
        write!(f, "{}  {up} up, {down} down, {} unknown", self.pool, of(HealthState::Unknown))
    }
}

impl Display for ScriptPlan {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let lines: Vec<String> = describe::plan(&self.plan).into_iter().map(|l| l.text).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Display for ScriptOutcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        write!(f, "plan {} is {}: {}", self.plan.id, self.state(), self.plan.title)
    }
}
