//! Plans: changes turned into ordered steps. A pure function from documents to a plan.
//!
//! All edits of one document become one write. A pool that both loses and gains members through
//! different documents has an order: an exclusive one breaks before it makes, others make before
//! they break. The order is a set of dependencies through gates; where two pools' orders wait for
//! each other, the writes between them are split into a leaving and a joining half.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::assembly::Assembly;
use super::change::{MemberTarget, Options, Request};
use super::documents::Documents;
use super::edit::Edit;
use super::facts::Facts;
use super::guard::{self, Finding, GuardCode, Severity, is_exclusive};
use super::step::{Action, Gate, Step, Write};
use crate::arm::ResourceId;
use crate::estate::summary::is_named;

/// A plan's short id: eight hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanId(String);

impl PlanId {
    /// A new one, by chance.
    pub fn random() -> Self {
        let uuid = uuid::Uuid::new_v4().simple().to_string();
        Self(uuid.chars().take(8).collect())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for PlanId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A plan: data, printable, storable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// What it does, in a few words.
    pub title: String,
    /// When it was made.
    pub made_at: jiff::Timestamp,
    /// The endpoint whose documents it was made from.
    pub endpoint: String,
    /// How it is run.
    pub options: Options,
    /// What the guards found.
    pub findings: Vec<Finding>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Exclusive pools that it touches: to apply it, people type their names.
    pub exclusive: Vec<ResourceId>,
    /// Protected pools that it touches: people type their names too.
    #[serde(default)]
    pub protected: Vec<ResourceId>,
    /// The plan that this one takes back.
    pub undo_of: Option<PlanId>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// A guard refused.
    #[error("refused by a guard:{}", .0.iter().filter(|f| f.severity == Severity::Refuse).map(|f| format!("\n  {f}")).collect::<String>())]
    Refused(Vec<Finding>),
    /// There is nothing to do.
    #[error("nothing to do: {0}")]
    Nothing(String),
    /// A rule to wait for is none of the pool's.
    #[error("{pool} has no rule '{rule}' with a probe to wait for; there is: {there}")]
    NoRule {
        /// The pool.
        pool: String,
        /// What was named.
        rule: String,
        /// The pool's rules with a probe.
        there: String,
    },
    /// The changes cannot be ordered.
    #[error("these changes wait for each other and cannot be ordered: {0}. Make them one after the other")]
    Circle(String),
}

impl Plan {
    /// The writes, in order.
    pub fn writes(&self) -> impl Iterator<Item = (&Step, &Write)> {
        self.steps.iter().filter_map(|s| s.write().map(|w| (s, w)))
    }

    /// Every pool that the plan touches, in the plan's order.
    pub fn pools(&self) -> Vec<ResourceId> {
        let mut known = HashSet::new();
        let edited = self.writes().flat_map(|(_, w)| w.edits.iter().map(Edit::pool));
        edited.filter(|p| known.insert(*p)).cloned().collect()
    }

    /// The pool whose name confirms it: an exclusive one, else a protected one. None where `yes` does.
    pub fn named(&self) -> Option<&ResourceId> {
        self.exclusive.first().or(self.protected.first())
    }

    /// Whether what somebody typed confirms it: the name of its exclusive or protected pool, else `yes`.
    pub fn confirmed_by(&self, answer: &str) -> bool {
        match self.named() {
            Some(pool) => answer == pool.name() || answer == pool.short(),
            None => answer.eq_ignore_ascii_case("yes") || answer.eq_ignore_ascii_case("y"),
        }
    }

    /// How long it takes if all goes well: the longest chain of dependent steps.
    pub fn estimate(&self) -> Duration {
        let mut ends: BTreeMap<u32, Duration> = BTreeMap::new();
        for step in &self.steps {
            let start = step.needs.iter().filter_map(|n| ends.get(n)).max().copied().unwrap_or_default();
            let own = match &step.action {
                Action::Write(_) => Duration::from_secs(4),
                Action::Gate(Gate::Membership { .. }) => Duration::from_secs(1),
                Action::Gate(Gate::Healthy { interval, .. }) => *interval * 3,
                Action::Gate(Gate::Drained { wait, .. } | Gate::Pause { wait }) => *wait,
                Action::Gate(Gate::Ask { .. }) => Duration::ZERO,
            };
            ends.insert(step.id, start + own);
        }
        ends.values().max().copied().unwrap_or_default()
    }
}

/// Edits that are made together, and what is waited for after them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stage {
    /// The edits.
    pub edits: Vec<Edit>,
    /// Waited for when they are done, before the next stage.
    pub gates: Vec<Gate>,
}

/// Makes the plan of a request.
///
/// # Errors
/// [`PlanError::Refused`] with every finding, not only the first.
pub fn plan(request: &Request, documents: &Documents, endpoint: &str) -> Result<Plan, PlanError> {
    let stages = super::stages::stages_of(request, documents);
    plan_stages(&request.title, stages, documents, &request.options, endpoint, None)
}

/// One part of a plan that is made of several: changes made together, or something waited for.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Changes.
    Changes(Request),
    /// A wait, after what stands before it.
    Gate(Gate),
}

/// Makes one plan of several parts, one after the other. How it is run is what the first part says.
///
/// # Errors
/// As [`plan`].
pub fn sequence(title: &str, parts: &[Part], documents: &Documents, endpoint: &str) -> Result<Plan, PlanError> {
    let mut stages: Vec<Stage> = Vec::new();
    for part in parts {
        match part {
            Part::Changes(request) => stages.extend(super::stages::stages_of(request, documents)),
            Part::Gate(gate) => match stages.last_mut() {
                Some(before) => before.gates.push(gate.clone()),
                None => return Err(PlanError::Nothing("a wait needs a change before it".to_owned())),
            },
        }
    }
    let options = parts.iter().find_map(|part| match part {
        Part::Changes(request) => Some(request.options.clone()),
        Part::Gate(_) => None,
    });
    plan_stages(title, stages, documents, &options.unwrap_or_default(), endpoint, None)
}

/// Makes the plan of given stages: an undo's.
///
/// # Errors
/// As [`plan`].
pub fn plan_stages(
    title: &str,
    stages: Vec<Stage>,
    documents: &Documents,
    options: &Options,
    endpoint: &str,
    undo_of: Option<PlanId>,
) -> Result<Plan, PlanError> {
    let edits: Vec<&Edit> = stages.iter().flat_map(|s| &s.edits).collect();
    if edits.is_empty() {
        return Err(PlanError::Nothing("everything is so already".to_owned()));
    }
    let facts = Facts::read(&edits, documents);
    check_rules(&facts, documents, options)?;
    let findings = guard::check(&facts, documents, options);
    if findings.iter().any(|f| f.severity == Severity::Refuse) {
        return Err(PlanError::Refused(findings));
    }
    let mut steps: Vec<Step> = Vec::new();
    // By the edits' numbers, the step that makes each.
    let mut homes: Vec<Option<usize>> = vec![None; facts.edits().len()];
    let mut left = facts.edits();
    for (number, stage) in stages.iter().filter(|s| !s.edits.is_empty()).enumerate() {
        let (own, later) = left.split_at_checked(stage.edits.len()).unwrap_or((left, &[]));
        left = later;
        let own = Assembly::new(own, &facts, documents, options).steps()?;
        for (edit, place) in own.homes {
            if let Some(home) = usize::try_from(edit).ok().and_then(|edit| homes.get_mut(edit)) {
                *home = usize::try_from(place).ok().map(|place| steps.len() + place);
            }
        }
        append(&mut steps, u32::try_from(number).unwrap_or(u32::MAX), own.steps, stage.gates.clone());
    }
    let mut pools: Vec<&ResourceId> = facts.by_pool().map(|(pool, _)| pool).collect();
    pools.sort_unstable();
    let those = |is: &dyn Fn(&ResourceId) -> bool| pools.iter().filter(|p| is(p)).map(|p| (*p).clone()).collect();
    let exclusive: Vec<ResourceId> = those(&|p| is_exclusive(documents, options, p));
    let protected: Vec<ResourceId> = those(&|p| is_named(&options.protected, p));
    drop(facts);
    for (edit, home) in stages.into_iter().flat_map(|stage| stage.edits).zip(homes) {
        if let Some(Step { action: Action::Write(write), .. }) = home.and_then(|home| steps.get_mut(home)) {
            write.edits.push(edit);
        }
    }
    let mut plan = Plan {
        id: PlanId::random(),
        title: title.to_owned(),
        made_at: jiff::Timestamp::now(),
        endpoint: endpoint.to_owned(),
        options: options.clone(),
        findings,
        steps,
        exclusive,
        protected,
        undo_of,
    };
    if let Some(finding) = gap(&plan) {
        plan.findings.push(finding);
    }
    Ok(plan)
}

/// Each rule that is to be waited for is one of a pool that somebody joins.
fn check_rules(facts: &Facts<'_>, documents: &Documents, options: &Options) -> Result<(), PlanError> {
    let joined = facts.by_pool().filter(|(_, edits)| edits.iter().any(|e| e.is_join())).map(|(pool, _)| pool);
    let joined: Vec<&ResourceId> = joined.collect();
    let (Some(first), false) = (joined.first(), options.healthy_rules.is_empty()) else { return Ok(()) };
    let rules = joined.iter().flat_map(|pool| super::stages::probed_rules(documents, pool));
    let there: Vec<ResourceId> = rules.map(|(rule, _)| rule).collect();
    let unknown = options.healthy_rules.iter().find(|r| !there.iter().any(|t| t.name().eq_ignore_ascii_case(r)));
    match unknown {
        None => Ok(()),
        Some(rule) => {
            let names: Vec<&str> = there.iter().map(|t| t.name()).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Err(PlanError::NoRule { pool: first.short(), rule: rule.clone(), there })
        }
    }
}

/// Adds a stage's steps after those there are: what began a stage needs the end of the one before.
fn append(steps: &mut Vec<Step>, stage: u32, mut own: Vec<Step>, gates: Vec<Gate>) {
    let before = ends(steps);
    let offset = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    let first = steps.len();
    for step in &mut own {
        step.id += offset;
        step.stage = stage;
        step.needs.iter_mut().for_each(|n| *n += offset);
        if step.needs.is_empty() {
            step.needs.clone_from(&before);
        }
    }
    if steps.is_empty() {
        *steps = own;
    } else {
        steps.append(&mut own);
    }
    for gate in gates {
        let needs = ends(steps.get(first..).unwrap_or_default());
        let id = u32::try_from(steps.len() + 1).unwrap_or(u32::MAX);
        steps.push(Step { id, stage, needs, action: Action::Gate(gate) });
    }
}

/// The steps that no other needs.
fn ends(steps: &[Step]) -> Vec<u32> {
    let needed: std::collections::HashSet<u32> = steps.iter().flat_map(|s| s.needs.iter().copied()).collect();
    steps.iter().map(|s| s.id).filter(|id| !needed.contains(id)).collect()
}

/// The time for which an exclusive pool has nobody.
fn gap(plan: &Plan) -> Option<Finding> {
    let pool = plan.exclusive.iter().find(|p| {
        let of = |f: fn(&Edit) -> Option<MemberTarget>| {
            plan.writes().any(|(_, w)| w.edits.iter().any(|e| e.pool() == *p && f(e).is_some()))
        };
        of(Edit::leaves) && of(Edit::joins)
    })?;
    Some(Finding {
        code: GuardCode::Gap,
        severity: Severity::Warn,
        resource: pool.clone(),
        message: "nobody serves from the first write until the new member's probe is up.".to_owned(),
        remedy: String::new(),
    })
}
