//! Plans: changes turned into ordered steps. A pure function from documents to a plan.
//!
//! All edits of one document become one write. A pool that both loses and gains members through
//! different documents has an order: an exclusive one breaks before it makes, others make before
//! they break. The order is a set of dependencies through gates; where two pools' orders wait for
//! each other, the writes between them are split into a leaving and a joining half.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::change::{Change, MemberRef, MemberTarget, Options, Request, SwapOrder};
use super::edit::{Edit, is_member};
use super::gather::Documents;
use super::guard::{self, Finding, GuardCode, Severity, is_exclusive};
use super::lanes::Lane;
use super::step::{Action, Check, Gate, Step, Write};
use crate::arm::ResourceId;
use crate::azure::backend_pool::{AdminState, new_address};
use crate::azure::ip_config::Family;
use crate::azure::scale_set::{Instance, ScaleSet};

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
    /// The changes cannot be ordered.
    #[error("these changes wait for each other and cannot be ordered: {0}. Make them one after the other")]
    Circle(String),
}

impl Plan {
    /// The writes, in order.
    pub fn writes(&self) -> impl Iterator<Item = (&Step, &Write)> {
        self.steps.iter().filter_map(|s| s.write().map(|w| (s, w)))
    }

    /// Every pool that the plan touches.
    pub fn pools(&self) -> Vec<ResourceId> {
        let mut out: Vec<ResourceId> = Vec::new();
        for pool in self.writes().flat_map(|(_, w)| w.edits.iter().map(Edit::pool)) {
            if !out.contains(pool) {
                out.push(pool.clone());
            }
        }
        out
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
    let stages = stages_of(request, documents);
    plan_stages(&request.title, stages, documents, &request.options, endpoint, None)
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
    let edits: Vec<Edit> = stages.iter().flat_map(|s| s.edits.clone()).collect();
    if edits.is_empty() {
        return Err(PlanError::Nothing("everything is so already".to_owned()));
    }
    let findings = guard::check(&edits, documents, options);
    if findings.iter().any(|f| f.severity == Severity::Refuse) {
        return Err(PlanError::Refused(findings));
    }
    let mut steps: Vec<Step> = Vec::new();
    for (number, stage) in stages.into_iter().filter(|s| !s.edits.is_empty()).enumerate() {
        let own = Assembly::new(&stage.edits, documents, options).steps()?;
        append(&mut steps, u32::try_from(number).unwrap_or(u32::MAX), own, stage.gates);
    }
    let mut exclusive: Vec<ResourceId> = Vec::new();
    for pool in edits.iter().map(Edit::pool) {
        if is_exclusive(documents, options, pool) && !exclusive.contains(pool) {
            exclusive.push(pool.clone());
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
        undo_of,
    };
    if let Some(finding) = gap(&plan) {
        plan.findings.push(finding);
    }
    Ok(plan)
}

/// Adds a stage's steps after those there are: what began a stage needs the end of the one before.
fn append(steps: &mut Vec<Step>, stage: u32, own: Vec<Step>, gates: Vec<Gate>) {
    let before = ends(steps);
    let offset = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    let first = steps.len();
    for mut step in own {
        step.id += offset;
        step.stage = stage;
        step.needs.iter_mut().for_each(|n| *n += offset);
        if step.needs.is_empty() {
            step.needs.clone_from(&before);
        }
        steps.push(step);
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

/// The stages of a request. Changes without an order of their own are made together in the first.
fn stages_of(request: &Request, documents: &Documents) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut add = |at: usize, edit: Edit| {
        // Who is named twice is meant once.
        if stages.iter().any(|s| s.edits.contains(&edit)) {
            return;
        }
        if stages.len() <= at {
            stages.resize_with(at + 1, Stage::default);
        }
        if let Some(stage) = stages.get_mut(at) {
            stage.edits.push(edit);
        }
    };
    let mut rolls: Vec<Gate> = Vec::new();
    let mut drains: BTreeMap<&ResourceId, (Vec<MemberTarget>, Duration)> = BTreeMap::new();
    for change in &request.changes {
        match change {
            Change::Add { pool, member } => add(0, join(documents, pool, member)),
            Change::Remove { pool, member } => add(0, leave(documents, pool, member)),
            Change::Move { member, from, to } => {
                add(0, leave(documents, from, member));
                add(0, join(documents, to, member));
            }
            Change::Swap { pool, leaves, joins } => {
                add(0, leave(documents, pool, leaves));
                add(0, join(documents, pool, joins));
            }
            Change::SetAdminState { pool, member, state } => add(0, admin_state(documents, pool, member, *state)),
            Change::Drain { pool, member, wait } => {
                add(0, admin_state(documents, pool, member, AdminState::Down));
                add(1, leave(documents, pool, member));
                let slot = drains.entry(pool).or_insert_with(|| (Vec::new(), *wait));
                slot.0.push(member.target.clone());
                slot.1 = slot.1.max(*wait);
            }
            Change::AddSet { pool, set } | Change::RemoveSet { pool, set } => {
                let joins = matches!(change, Change::AddSet { .. });
                let (model, instances) = whole_set(documents, pool, set, joins);
                model.into_iter().for_each(|edit| add(0, edit));
                instances.into_iter().for_each(|edit| add(1, edit));
                if let Some(gate) = rolled(documents, pool, set, joins, request.options.wait_membership) {
                    rolls.push(gate);
                }
            }
            Change::Replace { pool, members, batch } => {
                let (ins, outs) = replacement(documents, pool, members);
                let size = batch.of(ins.len().max(outs.len()));
                for (n, edit) in ins.into_iter().enumerate() {
                    add(n / size, edit);
                }
                for (n, edit) in outs.into_iter().enumerate() {
                    add(n / size, edit);
                }
            }
        }
    }
    if let Some(stage) = stages.first_mut() {
        stage.gates.extend(drains.into_iter().map(|(pool, (members, wait))| Gate::Drained {
            pool: pool.clone(),
            rules: probed_rules(documents, pool).into_iter().map(|(rule, _)| rule).collect(),
            members,
            wait,
        }));
        stage.gates.extend(rolls);
    }
    stages
}

/// A whole set: the edit of its model, and those of its instances that the model's change does not
/// reach by itself. Model before instances, in and out: otherwise a new or upgraded instance follows
/// the old model (kubernetes 80365).
fn whole_set(documents: &Documents, pool: &ResourceId, set: &ResourceId, joins: bool) -> (Vec<Edit>, Vec<Edit>) {
    let Some(document) = documents.get(set) else { return (Vec::new(), Vec::new()) };
    let view = ScaleSet(document.body());
    let family = documents.family_of(pool);
    let refers = |shape: &serde_json::Value| {
        crate::azure::fields::ids(shape, "/properties/loadBalancerBackendAddressPools").any(|p| p == *pool)
    };
    let fits = |shape: &serde_json::Value| {
        let own = Family::from_version(crate::azure::fields::text(shape, "/properties/privateIPAddressVersion"));
        family.is_none_or(|f| f == own)
    };
    let chosen =
        view.model_ip_configs().into_iter().find(|(_, _, shape)| if joins { fits(shape) } else { refers(shape) });
    let chosen = chosen.or_else(|| view.model_ip_configs().into_iter().find(|(_, _, shape)| fits(shape)));
    let Some((nic, ip_config, shape)) = chosen else { return (Vec::new(), Vec::new()) };
    let (nic, ip_config) = (nic.to_owned(), ip_config.to_owned());
    let mut model = Vec::new();
    if refers(shape) != joins {
        let (set, pool) = (set.clone(), pool.clone());
        let (nic, ip_config) = (nic.clone(), ip_config.clone());
        model.push(if joins {
            Edit::JoinModel { set, nic, ip_config, pool }
        } else {
            Edit::LeaveModel { set, nic, ip_config, pool }
        });
    }
    let mut instances = Vec::new();
    for (instance, configs) in documents.instances(set) {
        // Azure rolls those out that it may touch.
        if view.upgrades_itself() && !Instance(instance.body()).protected() {
            continue;
        }
        let config = configs.iter().find(|c| {
            c.name().eq_ignore_ascii_case(&ip_config)
                && c.id().and_then(|i| i.parent()).is_some_and(|n| n.name().eq_ignore_ascii_case(&nic))
        });
        let Some(id) = config.and_then(|c| c.id()) else { continue };
        let name = documents.name_of(&MemberTarget::IpConfig(id.clone()));
        let edit = if joins {
            Edit::JoinPool { ip_config: id, pool: pool.clone(), name }
        } else {
            Edit::LeavePool { ip_config: id, pool: pool.clone(), name }
        };
        if edit.standing(instance.body()) != super::edit::Standing::Holds {
            instances.push(edit);
        }
    }
    (model, instances)
}

/// Where Azure rolls a model out by itself: the wait until every instance that it may touch has
/// followed.
fn rolled(documents: &Documents, pool: &ResourceId, set: &ResourceId, joins: bool, limit: Duration) -> Option<Gate> {
    let view = ScaleSet(documents.get(set)?.body());
    if !view.upgrades_itself() {
        return None;
    }
    let instances = documents.instances(set);
    let followers: Vec<MemberTarget> = instances
        .iter()
        .filter(|(instance, _)| !Instance(instance.body()).protected())
        .filter_map(|(_, configs)| {
            let in_pool = configs.iter().find(|c| c.pools().any(|p| p == *pool));
            let chosen = if joins { configs.first() } else { in_pool };
            chosen.and_then(|c| c.id()).map(MemberTarget::IpConfig)
        })
        .collect();
    // A rolling upgrade goes batch by batch, with pauses between: it is given ten times as long.
    let limit = limit * 10;
    let (inside, outside) = if joins { (followers, Vec::new()) } else { (Vec::new(), followers) };
    Some(Gate::Membership { pool: pool.clone(), inside, outside, limit })
}

/// Who must join and who must leave, so that a pool holds exactly these members.
fn replacement(documents: &Documents, pool: &ResourceId, members: &[MemberRef]) -> (Vec<Edit>, Vec<Edit>) {
    let Some(view) = documents.pool(pool) else {
        return (members.iter().map(|m| join(documents, pool, m)).collect(), Vec::new());
    };
    let now = guard::members_of(&view);
    let ins = members.iter().filter(|m| !now.contains(&m.target)).map(|m| join(documents, pool, m)).collect();
    let mut outs: Vec<&MemberTarget> = now.iter().filter(|t| !members.iter().any(|m| m.target == **t)).collect();
    // The pool is a set; a plan has an order that is the same each time.
    outs.sort_by_key(|t| t.to_string());
    let outs = outs
        .into_iter()
        .map(|target| {
            let name = documents.name_of(target);
            leave(documents, pool, &MemberRef { target: target.clone(), name })
        })
        .collect();
    (ins, outs)
}

fn join(documents: &Documents, pool: &ResourceId, member: &MemberRef) -> Edit {
    match &member.target {
        MemberTarget::IpConfig(id) => {
            Edit::JoinPool { ip_config: id.clone(), pool: pool.clone(), name: member.name.clone() }
        }
        MemberTarget::Address(ip) => {
            let view = documents.pool(pool);
            // The entry names the network only where the pool does not.
            let own = view.and_then(|p| p.virtual_network()).is_some();
            let network = if own {
                None
            } else {
                view.and_then(|p| p.addresses().find_map(|a| a.virtual_network())).or_else(|| {
                    documents.load_balancer(pool).and_then(|lb| lb.frontends().find_map(|f| f.subnet()?.parent()))
                })
            };
            Edit::AddAddress { pool: pool.clone(), entry: new_address(&member.name, *ip, network.as_ref()) }
        }
    }
}

fn leave(documents: &Documents, pool: &ResourceId, member: &MemberRef) -> Edit {
    match &member.target {
        MemberTarget::IpConfig(id) => {
            Edit::LeavePool { ip_config: id.clone(), pool: pool.clone(), name: member.name.clone() }
        }
        MemberTarget::Address(ip) => {
            let there = documents.pool(pool).and_then(|p| p.addresses().find(|a| is_member(a, &member.target)));
            let entry = there.map_or_else(|| new_address(&member.name, *ip, None), |a| a.0.clone());
            Edit::RemoveAddress { pool: pool.clone(), entry }
        }
    }
}

fn admin_state(documents: &Documents, pool: &ResourceId, member: &MemberRef, to: AdminState) -> Edit {
    let there = documents.pool(pool).and_then(|p| p.addresses().find(|a| is_member(a, &member.target)));
    Edit::SetAdminState {
        pool: pool.clone(),
        member: member.target.clone(),
        name: member.name.clone(),
        from: there.map_or(AdminState::None, |a| a.admin_state()),
        to,
    }
}

/// The rules of a pool whose health Azure serves, with their probes' intervals.
fn probed_rules(documents: &Documents, pool: &ResourceId) -> Vec<(ResourceId, u64)> {
    let Some(lb) = documents.load_balancer(pool) else { return Vec::new() };
    if !lb.sku().eq_ignore_ascii_case("Standard") || lb.tier().eq_ignore_ascii_case("Global") {
        return Vec::new();
    }
    lb.rules_of(pool).filter_map(|r| Some((r.id()?, lb.probe(&r.probe()?)?.interval_s()))).collect()
}

/// A step before it has its number: what it needs is told by place in the list.
struct Draft {
    action: Action,
    needs: Vec<usize>,
}

struct Assembly<'a> {
    documents: &'a Documents,
    options: &'a Options,
    /// Edits grouped by the document that is written.
    groups: Vec<(ResourceId, Vec<&'a Edit>)>,
}

impl<'a> Assembly<'a> {
    fn new(edits: &'a [Edit], documents: &'a Documents, options: &'a Options) -> Self {
        let mut places: std::collections::HashMap<ResourceId, usize> = std::collections::HashMap::new();
        let mut groups: Vec<(ResourceId, Vec<&Edit>)> = Vec::new();
        for edit in edits {
            let Some(target) = edit.target() else { continue };
            let place = *places.entry(target.clone()).or_insert_with(|| {
                groups.push((target, Vec::new()));
                groups.len() - 1
            });
            if let Some((_, list)) = groups.get_mut(place) {
                list.push(edit);
            }
        }
        Self { documents, options, groups }
    }

    fn steps(mut self) -> Result<Vec<Step>, PlanError> {
        if let Some(steps) = number(self.drafts()) {
            return Ok(steps);
        }
        self.split();
        number(self.drafts()).ok_or_else(|| {
            let names: Vec<String> = self.groups.iter().map(|(t, _)| t.short()).collect();
            PlanError::Circle(names.join(", "))
        })
    }

    /// Splits every write that both leaves and joins into two.
    fn split(&mut self) {
        let mut out = Vec::new();
        for (target, edits) in std::mem::take(&mut self.groups) {
            let (leaving, rest): (Vec<&Edit>, Vec<&Edit>) = edits.into_iter().partition(|e| e.leaves().is_some());
            out.extend([leaving, rest].into_iter().filter(|half| !half.is_empty()).map(|half| (target.clone(), half)));
        }
        self.groups = out;
    }

    fn order_of(&self, pool: &ResourceId) -> SwapOrder {
        if is_exclusive(self.documents, self.options, pool) {
            return SwapOrder::BreakBeforeMake;
        }
        self.options.order.unwrap_or(SwapOrder::MakeBeforeBreak)
    }

    fn drafts(&self) -> Vec<Draft> {
        let mut pools: Vec<&ResourceId> = Vec::new();
        let mut known = std::collections::HashSet::new();
        for pool in self.groups.iter().flat_map(|(_, edits)| edits.iter().map(|e| e.pool())) {
            if known.insert(pool) {
                pools.push(pool);
            }
        }
        let mut drafts: Vec<Draft> = self
            .groups
            .iter()
            .map(|(target, edits)| Draft { action: Action::Write(self.write(target, edits)), needs: Vec::new() })
            .collect();
        for pool in pools {
            self.order_pool(pool, &mut drafts);
        }
        drafts
    }

    fn order_pool(&self, pool: &ResourceId, drafts: &mut Vec<Draft>) {
        let which = |side: fn(&Edit) -> Option<MemberTarget>| -> (Vec<usize>, Vec<MemberTarget>) {
            let mut places = Vec::new();
            let mut members = Vec::new();
            for (place, (_, edits)) in self.groups.iter().enumerate() {
                let here: Vec<MemberTarget> =
                    edits.iter().filter(|e| e.pool() == pool).filter_map(|e| side(e)).collect();
                if !here.is_empty() {
                    places.push(place);
                    members.extend(here);
                }
            }
            (places, members)
        };
        let (leaving, outside) = which(Edit::leaves);
        let (joining, inside) = which(Edit::joins);
        if leaving.is_empty() && joining.is_empty() {
            return;
        }
        let one_write = leaving == joining && leaving.len() == 1;
        let mut gate = |needs: Vec<usize>, gate: Gate| {
            drafts.push(Draft { action: Action::Gate(gate), needs });
            drafts.len() - 1
        };
        let membership = |inside: Vec<MemberTarget>, outside: Vec<MemberTarget>| Gate::Membership {
            pool: pool.clone(),
            inside,
            outside,
            limit: self.options.wait_membership,
        };
        if one_write || leaving.is_empty() || joining.is_empty() {
            let mut needs = leaving;
            needs.extend(joining.iter().filter(|j| !needs.contains(j)).copied().collect::<Vec<_>>());
            let agreed = gate(needs, membership(inside.clone(), outside));
            if let Some(healthy) = self.healthy(pool, inside) {
                gate(vec![agreed], healthy);
            }
            return;
        }
        match self.order_of(pool) {
            SwapOrder::BreakBeforeMake => {
                let out = gate(leaving, membership(Vec::new(), outside));
                let agreed = gate(joining.clone(), membership(inside.clone(), Vec::new()));
                if let Some(healthy) = self.healthy(pool, inside) {
                    gate(vec![agreed], healthy);
                }
                need(drafts, &joining, out);
            }
            SwapOrder::MakeBeforeBreak => {
                let agreed = gate(joining, membership(inside.clone(), Vec::new()));
                let ready = self.healthy(pool, inside).map_or(agreed, |healthy| gate(vec![agreed], healthy));
                gate(leaving.clone(), membership(Vec::new(), outside));
                need(drafts, &leaving, ready);
            }
        }
    }

    /// The gate on the probes of those who join; none where nothing could tell.
    fn healthy(&self, pool: &ResourceId, members: Vec<MemberTarget>) -> Option<Gate> {
        if members.is_empty() || self.options.wait_healthy.is_zero() {
            return None;
        }
        let probed = probed_rules(self.documents, pool);
        let interval = probed.iter().map(|(_, interval)| *interval).min()?;
        Some(Gate::Healthy {
            pool: pool.clone(),
            rules: probed.into_iter().map(|(rule, _)| rule).collect(),
            members,
            interval: Duration::from_secs(interval),
            limit: self.options.wait_healthy,
        })
    }

    fn write(&self, target: &ResourceId, edits: &[&Edit]) -> Write {
        let mut checks = Vec::new();
        let mut lanes = Vec::new();
        let mut add_lane = |lane: Lane| {
            if !lanes.contains(&lane) {
                lanes.push(lane);
            }
        };
        for edit in edits {
            let pool = edit.pool();
            let swapped = self.groups.iter().flat_map(|(_, e)| e).any(|e| e.pool() == pool && e.joins().is_some());
            if edit.joins().is_some() && is_exclusive(self.documents, self.options, pool) {
                checks.push(Check::Exclusive { pool: pool.clone() });
            }
            let may_empty = self.options.overrides.iter().any(|o| *o == GuardCode::NeverEmpty.name());
            let breaks_first = swapped && self.order_of(pool) == SwapOrder::BreakBeforeMake;
            if edit.leaves().is_some() && edit.target().as_ref() != Some(pool) && !breaks_first && !may_empty {
                checks.push(Check::NeverEmpty { pool: pool.clone() });
            }
            if let Some(lb) = pool.parent() {
                // A pool is written through its load balancer, one write at a time.
                if target == pool {
                    add_lane(Lane::Document(lb.clone()));
                }
                add_lane(Lane::LoadBalancer(lb));
            }
            if let Edit::JoinPool { ip_config, .. } | Edit::LeavePool { ip_config, .. } = edit
                && let Some(set) = self.documents.vm(ip_config).and_then(|vm| vm.availability_set())
            {
                add_lane(Lane::AvailabilitySet(set));
            }
        }
        add_lane(Lane::Document(target.clone()));
        add_lane(Lane::Subscription(target.subscription().to_ascii_lowercase()));
        Write {
            target: target.clone(),
            etag: self.documents.etag_of(target),
            edits: edits.iter().map(|e| (*e).clone()).collect(),
            checks,
            lanes,
            fence: false,
        }
    }
}

fn need(drafts: &mut [Draft], places: &[usize], gate: usize) {
    for place in places {
        if let Some(draft) = drafts.get_mut(*place) {
            draft.needs.push(gate);
        }
    }
}

/// Numbers the steps so that each comes after what it needs. `None` where they go in a circle.
fn number(drafts: Vec<Draft>) -> Option<Vec<Step>> {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;
    let mut open: Vec<usize> = drafts.iter().map(|d| d.needs.len()).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for (place, draft) in drafts.iter().enumerate() {
        for need in &draft.needs {
            needed_by.get_mut(*need)?.push(place);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        open.iter().enumerate().filter(|(_, n)| **n == 0).map(|(p, _)| Reverse(p)).collect();
    let mut numbers: Vec<Option<u32>> = vec![None; drafts.len()];
    let mut order = Vec::with_capacity(drafts.len());
    while let Some(Reverse(place)) = ready.pop() {
        *numbers.get_mut(place)? = Some(u32::try_from(order.len() + 1).ok()?);
        order.push(place);
        for next in needed_by.get(place)? {
            let left = open.get_mut(*next)?;
            *left -= 1;
            if *left == 0 {
                ready.push(Reverse(*next));
            }
        }
    }
    if order.len() != drafts.len() {
        return None;
    }
    let mut slots: Vec<Option<Draft>> = drafts.into_iter().map(Some).collect();
    order
        .into_iter()
        .map(|place| {
            let draft = slots.get_mut(place)?.take()?;
            let id = (*numbers.get(place)?)?;
            let mut needs: Vec<u32> = draft.needs.iter().filter_map(|n| *numbers.get(*n)?).collect();
            needs.sort_unstable();
            needs.dedup();
            Some(Step { id, stage: 0, needs, action: draft.action })
        })
        .collect()
}
