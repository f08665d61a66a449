//! Rows for tables and JSON: one shape for the command line and for scripts.

use serde::Serialize;

use super::Session;
use crate::arm::ResourceId;
use crate::estate::Estate;
use crate::estate::members::{Member, MemberKind};
use crate::estate::summary::{self, LoadBalancer, Pool};
use crate::health::{HealthState, PoolHealth};

/// A subscription.
#[derive(Debug, Clone, Serialize)]
pub struct SubscriptionRow {
    /// Its name.
    pub subscription: String,
    /// Its id.
    pub id: String,
    /// How many load balancers it has.
    pub load_balancers: usize,
    /// Seconds since it was listed.
    pub age_s: Option<u64>,
    /// Why its listing is not whole.
    pub problem: Option<String>,
}

/// A load balancer.
#[derive(Debug, Clone, Serialize)]
pub struct LoadBalancerRow {
    /// The subscription's name.
    pub subscription: String,
    /// The resource group.
    pub resource_group: String,
    /// Its name.
    pub name: String,
    /// `Basic`, `Standard`, `Gateway`.
    pub sku: String,
    /// `Regional` or `Global`.
    pub tier: String,
    /// Its region.
    pub location: String,
    /// Its pools' names.
    pub pools: Vec<String>,
    /// Members of all its pools.
    pub members: usize,
    /// Who else manages it.
    pub managed_by: Option<&'static str>,
    /// Its id.
    pub id: ResourceId,
}

/// A pool.
#[derive(Debug, Clone, Serialize)]
pub struct PoolRow {
    /// The subscription's name.
    pub subscription: String,
    /// The resource group.
    pub resource_group: String,
    /// The load balancer's name.
    pub load_balancer: String,
    /// Its name.
    pub name: String,
    /// The form that names it alone.
    pub selector: String,
    /// What it holds: `empty`, `nic`, `ip`, `frontend`.
    pub kind: crate::azure::backend_pool::PoolKind,
    /// How many members it has.
    pub members: usize,
    /// Whether it may never have two.
    pub exclusive: bool,
    /// The rules that send to it.
    pub rules: Vec<String>,
    /// Its id.
    pub id: ResourceId,
}

/// A rule of a load balancer.
#[derive(Debug, Clone, Serialize)]
pub struct RuleRow {
    /// Its name.
    pub name: String,
    /// Its frontend, ports and protocol, in words.
    pub words: String,
    /// Its probe, in words.
    pub probe: Option<String>,
    /// Whether the members must hold the frontend's address.
    pub floating_ip: bool,
    /// The names of its pools.
    pub pools: Vec<String>,
}

/// A member's health.
#[derive(Debug, Clone, Serialize)]
pub struct HealthRow {
    /// `up`, `down`, `unknown`.
    pub state: HealthState,
    /// The reason's code, or why nothing is known.
    pub reason: String,
    /// Where it comes from.
    pub source: &'static str,
    /// Seconds since it was read.
    pub age_s: u64,
}

/// A member.
#[derive(Debug, Clone, Serialize)]
pub struct MemberRow {
    /// The subscription's name.
    pub subscription: String,
    /// The subscription's id.
    pub subscription_id: String,
    /// The load balancer's resource group.
    pub resource_group: String,
    /// The load balancer's name.
    pub load_balancer: String,
    /// The pool's name.
    pub pool: String,
    /// `nic`, `instance`, `address`, `frontend`.
    pub kind: MemberKind,
    /// The VM's name, `set/instance`, or the address entry's name.
    pub name: String,
    /// The ip configuration's or the entry's id.
    pub id: ResourceId,
    /// Its address.
    pub ip: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Its machine's power state.
    pub power_state: Option<String>,
    /// `None`, `Up`, `Down`.
    pub admin_state: &'static str,
    /// Whether an instance runs the set's current model.
    pub latest_model: Option<bool>,
    /// What is gone, where it is a ghost.
    pub ghost: Option<&'static str>,
    /// Its health.
    pub health: HealthRow,
}

/// Who could join.
#[derive(Debug, Clone, Serialize)]
pub struct CandidateRow {
    /// The pool's form.
    pub pool: String,
    /// What would join.
    pub kind: MemberKind,
    /// The VM's name or `set/instance`.
    pub name: String,
    /// The ip configuration's id.
    pub id: ResourceId,
    /// Its address.
    pub ip: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Its machine's power state.
    pub power_state: Option<String>,
    /// The pools that it is in now.
    pub in_pools: Vec<String>,
}

impl HealthRow {
    /// A member's health by what is known of its pool.
    pub fn of(member: &Member, health: Option<&PoolHealth>) -> Self {
        match health {
            None => Self { state: HealthState::Unknown, reason: "not asked".to_owned(), source: "none", age_s: 0 },
            Some(h) => {
                let own = h.of(Some(&member.id), member.ip.as_deref());
                let source = if h.unknown.is_some() { "none" } else { "rule_health" };
                Self { state: own.state, reason: own.reason, source, age_s: h.read_at.elapsed().as_secs() }
            }
        }
    }
}

fn subscription_name(estate: &Estate, id: &str) -> String {
    estate.subscription(id).map_or_else(|| id.to_owned(), |s| s.name.clone())
}

impl Session {
    /// The subscriptions.
    pub fn subscription_rows(&self) -> Vec<SubscriptionRow> {
        self.estate(|e| {
            e.subscriptions
                .iter()
                .map(|s| SubscriptionRow {
                    subscription: s.name.clone(),
                    id: s.id.clone(),
                    load_balancers: s.load_balancers.len(),
                    age_s: s.read_at.map(|t| t.elapsed().as_secs()),
                    problem: s.problem.clone(),
                })
                .collect()
        })
    }

    /// The load balancers: all, or those that `only` names.
    pub fn load_balancer_rows(&self, only: &str) -> Vec<LoadBalancerRow> {
        self.estate(|e| {
            e.select_load_balancers(only)
                .into_iter()
                .map(|lb| LoadBalancerRow {
                    subscription: subscription_name(e, lb.id.subscription()),
                    resource_group: lb.id.resource_group().unwrap_or_default().to_owned(),
                    name: lb.name().to_owned(),
                    sku: lb.sku.clone(),
                    tier: lb.tier.clone(),
                    location: lb.location.clone(),
                    pools: lb.pools.iter().map(|p| p.name().to_owned()).collect(),
                    members: lb.pools.iter().map(|p| p.entries.len()).sum(),
                    managed_by: lb.managed_by,
                    id: lb.id.clone(),
                })
                .collect()
        })
    }

    /// Whether a pool is exclusive, by tag or by configuration.
    pub fn is_exclusive(&self, lb: &LoadBalancer, pool: &Pool) -> bool {
        summary::is_exclusive(&lb.exclusive, &self.config().exclusive, &pool.id)
    }

    fn pool_row(&self, e: &Estate, lb: &LoadBalancer, p: &Pool) -> PoolRow {
        PoolRow {
            subscription: subscription_name(e, lb.id.subscription()),
            resource_group: lb.id.resource_group().unwrap_or_default().to_owned(),
            load_balancer: lb.name().to_owned(),
            name: p.name().to_owned(),
            selector: e.pool_selector(&p.id),
            kind: p.kind,
            members: p.entries.len(),
            exclusive: self.is_exclusive(lb, p),
            rules: lb.rules_of(&p.id).map(|r| r.name().to_owned()).collect(),
            id: p.id.clone(),
        }
    }

    /// The pools of all load balancers, or of those that `only` names.
    pub fn pool_rows(&self, only: &str) -> Vec<PoolRow> {
        self.estate(|e| {
            let balancers = e.select_load_balancers(only).into_iter();
            balancers
                .flat_map(|lb| lb.pools.iter().map(move |p| (lb, p)))
                .map(|(lb, p)| self.pool_row(e, lb, p))
                .collect()
        })
    }

    /// The pool that a text names.
    ///
    /// # Errors
    /// As [`Session::pool`].
    pub fn pool_row_of(&self, text: &str) -> Result<PoolRow, super::SelectError> {
        self.estate(|e| e.select_pool(text).map(|(lb, p)| self.pool_row(e, lb, p)))
    }

    /// The pools of a pattern: a name, `*` and `?`, `tag:NAME=VALUE`.
    ///
    /// # Errors
    /// [`SelectError`](crate::estate::select::SelectError) where nothing fits, or a plain name is ambiguous.
    pub fn pool_rows_like(&self, pattern: &str) -> Result<Vec<PoolRow>, super::SelectError> {
        self.estate(|e| Ok(e.select_pools(pattern)?.into_iter().map(|(lb, p)| self.pool_row(e, lb, p)).collect()))
    }

    /// The rules of a load balancer.
    pub fn rule_rows(&self, lb: &ResourceId) -> Vec<RuleRow> {
        self.estate(|e| {
            let rules = e.load_balancer(lb).map(|lb| lb.rules.as_slice()).unwrap_or_default();
            rules
                .iter()
                .map(|r| RuleRow {
                    name: r.name().to_owned(),
                    words: r.words.clone(),
                    probe: r.probe.as_ref().map(|p| p.words.clone()),
                    floating_ip: r.floating_ip,
                    pools: r.pools.iter().map(|p| p.name().to_owned()).collect(),
                })
                .collect()
        })
    }

    /// A pool's members with the health that is known.
    pub fn member_rows(&self, pool: &ResourceId) -> Vec<MemberRow> {
        let health = self.known_health(pool);
        self.estate(|e| {
            let Some((lb, p)) = e.pool(pool) else { return Vec::new() };
            e.members(p)
                .into_iter()
                .map(|m| MemberRow {
                    subscription: subscription_name(e, lb.id.subscription()),
                    subscription_id: lb.id.subscription().to_owned(),
                    resource_group: lb.id.resource_group().unwrap_or_default().to_owned(),
                    load_balancer: lb.name().to_owned(),
                    pool: p.name().to_owned(),
                    health: HealthRow::of(&m, health.as_deref()),
                    kind: m.kind,
                    name: m.name,
                    id: m.id,
                    ip: m.ip,
                    zone: m.zone,
                    power_state: m.power_state,
                    admin_state: m.admin_state.word(),
                    latest_model: m.latest_model,
                    ghost: m.ghost,
                })
                .collect()
        })
    }

    /// Who could join a pool.
    pub fn candidate_rows(&self, pool: &ResourceId) -> Vec<CandidateRow> {
        self.estate(|e| {
            let Some((lb, p)) = e.pool(pool) else { return Vec::new() };
            e.candidates(lb, p)
                .into_iter()
                .map(|m| {
                    let config =
                        m.id.parent().and_then(|n| e.nic(&n)).and_then(|n| n.configs.iter().find(|c| c.id == m.id));
                    CandidateRow {
                        pool: e.pool_selector(&p.id),
                        kind: m.kind,
                        in_pools: config
                            .map(|c| c.pools.iter().map(|p| e.pool_selector(p)).collect())
                            .unwrap_or_default(),
                        name: m.name,
                        id: m.id,
                        ip: m.ip,
                        zone: m.zone,
                        power_state: m.power_state,
                    }
                })
                .collect()
        })
    }
}
