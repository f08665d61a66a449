//! What the screen shows of the session, taken out of it in one go.

use tokio::time::Instant;

use super::model::Node;
use super::palette::{Goal, Item};
use crate::arm::ResourceId;
use crate::azure::backend_pool::PoolKind;
use crate::changes::describe;
use crate::changes::{PlanState, Record};
use crate::estate::members::Member;
use crate::health::HealthState;
use crate::health::metrics::Series;
use crate::session::Session;
use crate::session::rows::HealthRow;

/// The estate's tree.
#[derive(Debug, Default)]
pub struct Tree {
    /// Counts changes of the estate.
    pub generation: u64,
    /// The subscriptions.
    pub subscriptions: Vec<SubscriptionNode>,
}

/// A subscription in the tree.
#[derive(Debug)]
pub struct SubscriptionNode {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it was listed.
    pub listed: bool,
    /// Why its listing is not whole.
    pub problem: Option<String>,
    /// Its load balancers.
    pub load_balancers: Vec<BalancerNode>,
}

/// A load balancer in the tree.
#[derive(Debug)]
pub struct BalancerNode {
    /// Its id.
    pub id: ResourceId,
    /// Its pools.
    pub pools: Vec<PoolNode>,
}

/// A pool in the tree.
#[derive(Debug)]
pub struct PoolNode {
    /// Its id.
    pub id: ResourceId,
    /// How many are up, and how many there are.
    pub count: Count,
}

/// Members that are up. Pools whose health nobody knows are counted apart: unknown is not down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Members that are up.
    pub up: usize,
    /// Members of pools whose health is known.
    pub known: usize,
    /// All members.
    pub members: usize,
}

impl Count {
    /// Two counts together.
    pub fn plus(self, other: Self) -> Self {
        Self { up: self.up + other.up, known: self.known + other.known, members: self.members + other.members }
    }

    /// Whether everybody whose health is known is up.
    pub fn well(self) -> bool {
        self.up == self.known
    }

    /// `3/4 up`, or `4` where nothing is known.
    pub fn words(self) -> String {
        if self.known == 0 { format!("{}", self.members) } else { format!("{}/{} up", self.up, self.known) }
    }
}

/// One pool, whole.
#[derive(Debug)]
pub struct PoolView {
    /// Its id.
    pub id: ResourceId,
    /// The form that names it alone.
    pub selector: String,
    /// What it holds.
    pub kind: PoolKind,
    /// Whether it may never have two members.
    pub exclusive: bool,
    /// Who else manages its load balancer.
    pub managed_by: Option<&'static str>,
    /// Its rules in words, each with its probe's.
    pub rules: Vec<(String, Option<String>)>,
    /// The probes' interval: no faster is health asked for.
    pub interval_s: u64,
    /// Its members.
    pub members: Vec<Row>,
    /// Who could join.
    pub candidates: Vec<Row>,
    /// When its health was read.
    pub read_at: Option<Instant>,
}

/// A member or a candidate.
#[derive(Debug, Clone)]
pub struct Row {
    /// The member.
    pub member: Member,
    /// Its health; `None` for a candidate.
    pub health: Option<HealthRow>,
    /// Whether it is in the pool.
    pub inside: bool,
}

/// A load balancer's health: each rule and each member.
#[derive(Debug, Clone)]
pub struct HealthView {
    /// The load balancer.
    pub id: ResourceId,
    /// Its rules with a probe, in order.
    pub rules: Vec<String>,
    /// Its members, pool by pool.
    pub rows: Vec<HealthLine>,
    /// What was asked of the metrics: none while the answer is on its way.
    pub series: Option<Result<Vec<Series>, String>>,
    /// When the oldest of the health was read.
    pub read_at: Option<Instant>,
}

/// A member's health by rule.
#[derive(Debug, Clone)]
pub struct HealthLine {
    /// Its pool.
    pub pool: String,
    /// Its name.
    pub name: String,
    /// For each rule: nothing where the rule is not of its pool, else the state and the reason's code.
    pub cells: Vec<Option<(HealthState, String)>>,
}

/// A plan of the journal.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its record.
    pub id: String,
    /// Its state.
    pub state: PlanState,
    /// What it does.
    pub title: String,
    /// When it was made.
    pub made_at: String,
    /// How many steps are done.
    pub done: usize,
    /// Its steps: state, title, and what failed.
    pub steps: Vec<(String, String, Option<String>)>,
}

/// The tree of a session.
pub fn tree(session: &Session) -> Tree {
    session.estate(|estate| Tree {
        generation: estate.generation(),
        subscriptions: estate
            .subscriptions
            .iter()
            .map(|s| SubscriptionNode {
                id: s.id.clone(),
                name: s.name.clone(),
                listed: s.read_at.is_some(),
                problem: s.problem.clone(),
                load_balancers: s
                    .load_balancers
                    .iter()
                    .map(|lb| BalancerNode {
                        id: lb.id.clone(),
                        pools: lb
                            .pools
                            .iter()
                            .map(|p| {
                                let health = session.known_health(&p.id).filter(|h| h.unknown.is_none());
                                let members = p.entries.len();
                                let known = if health.is_some() { members } else { 0 };
                                let up = health.map_or(0, |h| {
                                    p.entries
                                        .iter()
                                        .filter(|e| h.of(e.target.as_ref(), e.ip.as_deref()).state == HealthState::Up)
                                        .count()
                                });
                                PoolNode { id: p.id.clone(), count: Count { up, known, members } }
                            })
                            .collect(),
                    })
                    .collect(),
            })
            .collect(),
    })
}

/// One pool of a session. `None` where it is gone.
pub fn pool(session: &Session, id: &ResourceId) -> Option<PoolView> {
    let health = session.known_health(id);
    session.estate(|estate| {
        let (lb, pool) = estate.pool(id)?;
        let members = estate
            .members(pool)
            .into_iter()
            .map(|m| Row { health: Some(HealthRow::of(&m, health.as_deref())), member: m, inside: true })
            .collect();
        let candidates =
            estate.candidates(lb, pool).into_iter().map(|m| Row { health: None, member: m, inside: false }).collect();
        let rules: Vec<_> = lb
            .rules_of(id)
            .map(|r| (format!("{}  {}", r.name(), r.words), r.probe.as_ref().map(|p| p.words.clone())))
            .collect();
        let interval_s = lb.rules_of(id).filter_map(|r| r.probe.as_ref().map(|p| p.interval_s)).min().unwrap_or(15);
        Some(PoolView {
            id: pool.id.clone(),
            selector: estate.pool_selector(&pool.id),
            kind: pool.kind,
            exclusive: session.is_exclusive(lb, pool),
            managed_by: lb.managed_by,
            rules,
            interval_s,
            members,
            candidates,
            read_at: health.map(|h| h.read_at),
        })
    })
}

/// A load balancer's health as far as it is known. `None` where it is gone.
pub fn health(session: &Session, id: &ResourceId) -> Option<HealthView> {
    session.estate(|estate| {
        let lb = estate.load_balancer(id)?;
        let rules: Vec<String> = lb.rules.iter().filter(|r| r.probe.is_some()).map(|r| r.name().to_owned()).collect();
        let mut view = HealthView { id: lb.id.clone(), rules, rows: Vec::new(), series: None, read_at: None };
        for pool in &lb.pools {
            let known = session.known_health(&pool.id);
            view.read_at = match (view.read_at, known.as_ref().map(|h| h.read_at)) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            let own: Vec<&str> = lb.rules_of(&pool.id).map(|r| r.name()).collect();
            for member in estate.members(pool) {
                let cell = |rule: &String| {
                    own.contains(&rule.as_str()).then(|| match &known {
                        Some(health) => health.by_rule(rule, Some(&member.id), member.ip.as_deref()),
                        None => (HealthState::Unknown, "not asked".to_owned()),
                    })
                };
                view.rows.push(HealthLine {
                    pool: pool.id.name().to_owned(),
                    name: member.name.clone(),
                    cells: view.rules.iter().map(cell).collect(),
                });
            }
        }
        Some(view)
    })
}

/// Every resource that the palette can go to: what the tree shows, and each pool's members.
pub fn places(session: &Session) -> Vec<Item> {
    session.estate(|estate| {
        let mut items = Vec::new();
        for s in &estate.subscriptions {
            items.push(Item {
                label: s.name.clone(),
                kind: "subscription",
                goal: Goal::Go(Node::Subscription(s.id.clone()), None),
            });
            for lb in &s.load_balancers {
                items.push(Item {
                    label: lb.name().to_owned(),
                    kind: "load balancer",
                    goal: Goal::Go(Node::Balancer(lb.id.clone()), None),
                });
                for pool in &lb.pools {
                    let selector = pool.id.short();
                    items.push(Item {
                        label: selector.clone(),
                        kind: "pool",
                        goal: Goal::Go(Node::Pool(pool.id.clone()), None),
                    });
                    items.extend(estate.members(pool).into_iter().map(|m| Item {
                        label: match &m.ip {
                            Some(ip) => format!("{} {ip} in {selector}", m.name),
                            None => format!("{} in {selector}", m.name),
                        },
                        kind: "member",
                        goal: Goal::Go(Node::Pool(pool.id.clone()), Some(m.id)),
                    }));
                }
            }
        }
        // Who is in no pool has a document all the same.
        for nic in estate.nics() {
            for config in nic.configs.iter().filter(|c| c.pools.is_empty()) {
                let m = estate.as_member(nic, config);
                let label = match &m.ip {
                    Some(ip) => format!("{} {ip} in no pool", m.name),
                    None => format!("{} in no pool", m.name),
                };
                items.push(Item { label, kind: "machine", goal: Goal::Document(nic.id.clone()) });
            }
        }
        items
    })
}

impl Job {
    /// Of a journal's record.
    pub fn of(record: &Record) -> Self {
        let mut done = 0;
        let steps: Vec<(String, String, Option<String>)> = record
            .steps()
            .into_iter()
            .map(|(s, state)| {
                done += usize::from(state.is_done());
                let detail = state.problem().map(str::to_owned);
                (describe::state_word(s, &state).to_owned(), describe::step_title(&record.plan, s), detail)
            })
            .collect();
        Self {
            id: record.plan.id.to_string(),
            state: record.state(),
            title: record.plan.title.clone(),
            made_at: describe::short_instant(&record.plan.made_at.to_string()),
            done,
            steps,
        }
    }
}
