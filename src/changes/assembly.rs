//! From edits to ordered steps: one write a document, gates between, and the order that each pool wants.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use super::change::{MemberTarget, Options, SwapOrder};
use super::documents::Documents;
use super::edit::Edit;
use super::facts::{Asked, Facts};
use super::guard::{GuardCode, is_exclusive};
use super::lanes::Lane;
use super::plan::PlanError;
use super::stages::probed_rules;
use super::step::{Action, Check, Gate, Step, Write};
use crate::arm::{Etag, ResourceId};

/// A step before it has its number: what it needs is told by place in the list.
fn draft(action: Action, needs: Vec<u32>) -> Step {
    Step { id: 0, stage: 0, needs, action }
}

/// Edits of one document: nearly always one leaves and one joins.
type Edits<'a> = SmallVec<[Asked<'a>; 2]>;

/// A document and its edits.
type Group<'a, 'd> = (Cow<'a, ResourceId>, Edits<'d>);

/// What a write names: its document, the version of it that was read, and the subscription in lower case.
struct Head {
    target: ResourceId,
    etag: Option<Etag>,
    subscription: Arc<str>,
}

/// What was assembled. The writes are still without their edits: these are not copied, but move there when
/// nothing looks at them any more.
pub(super) struct Assembled {
    pub(super) steps: Vec<Step>,
    /// The number of each edit, and the place among the steps of the one that makes it.
    pub(super) homes: Vec<(u32, u32)>,
}

pub(super) struct Assembly<'a, 'd> {
    facts: &'a Facts<'d>,
    documents: &'a Documents,
    options: &'a Options,
    /// Edits grouped by the document that is written.
    groups: Vec<Group<'a, 'd>>,
    /// The pools that may never have two members.
    exclusive: HashSet<&'a ResourceId>,
    /// The pools that somebody joins.
    joined: HashSet<&'a ResourceId>,
}

impl<'a, 'd> Assembly<'a, 'd> {
    pub(super) fn new(
        edits: &'a [Asked<'d>],
        facts: &'a Facts<'d>,
        documents: &'a Documents,
        options: &'a Options,
    ) -> Self {
        let mut places: HashMap<Cow<'_, ResourceId>, Option<usize>> = HashMap::new();
        let mut of_nics: Vec<Option<usize>> = vec![None; facts.nics().len()];
        let mut groups: Vec<Group<'_, '_>> = Vec::with_capacity(edits.len());
        for edit in edits {
            let nic = facts.written_nic(edit).map(|(nic, _)| nic);
            let Some(target) = facts.target(edit) else { continue };
            let known = match nic.and_then(|nic| of_nics.get_mut(nic)) {
                Some(place) => place,
                None => places.entry(target.clone()).or_default(),
            };
            let place = *known.get_or_insert_with(|| {
                groups.push((target, SmallVec::new()));
                groups.len() - 1
            });
            if let Some((_, list)) = groups.get_mut(place) {
                list.push(*edit);
            }
        }
        let pools = facts.by_pool().map(|(pool, _)| pool);
        let exclusive = pools.filter(|p| is_exclusive(documents, options, p)).collect();
        let joined = edits.iter().filter(|e| e.is_join()).map(|e| e.edit.pool()).collect();
        Self { facts, documents, options, groups, exclusive, joined }
    }

    /// The steps in order.
    pub(super) fn steps(mut self) -> Result<Assembled, PlanError> {
        let numbered = number(self.drafts()).or_else(|| {
            self.split();
            number(self.drafts())
        });
        let Some((steps, numbers)) = numbered else {
            let names: Vec<String> = self.groups.iter().map(|(t, _)| t.short()).collect();
            return Err(PlanError::Circle(names.join(", ")));
        };
        let homes = self.groups.iter().zip(numbers).flat_map(|((_, edits), number)| {
            let place = number.saturating_sub(1);
            edits.iter().map(move |edit| (edit.number, place))
        });
        let homes = homes.collect();
        Ok(Assembled { steps, homes })
    }

    /// Splits every write that both leaves and joins into two.
    fn split(&mut self) {
        let mut out = Vec::new();
        for (target, edits) in std::mem::take(&mut self.groups) {
            let (leaving, rest): (Edits<'_>, Edits<'_>) = edits.into_iter().partition(|e| e.is_leave());
            out.extend([leaving, rest].into_iter().filter(|half| !half.is_empty()).map(|half| (target.clone(), half)));
        }
        self.groups = out;
    }

    fn order_of(&self, pool: &ResourceId) -> SwapOrder {
        if self.exclusive.contains(pool) {
            return SwapOrder::BreakBeforeMake;
        }
        self.options.order.unwrap_or(SwapOrder::MakeBeforeBreak)
    }

    fn drafts(&self) -> Vec<Step> {
        let mut known: HashMap<&ResourceId, usize> = HashMap::new();
        let mut pools: Vec<(&ResourceId, Vec<(u32, Asked<'_>)>)> = Vec::new();
        for (place, (_, edits)) in (0..).zip(&self.groups) {
            for edit in edits {
                let at = *known.entry(edit.pool()).or_insert_with(|| {
                    pools.push((edit.pool(), Vec::new()));
                    pools.len() - 1
                });
                if let Some((_, here)) = pools.get_mut(at) {
                    here.push((place, *edit));
                }
            }
        }
        // A pool has at most five gates.
        let mut drafts: Vec<Step> = Vec::with_capacity(self.groups.len() + 5 * pools.len());
        // A loop of its own, which waits for many of them at once.
        let heads: Vec<Head> = self.groups.iter().map(|group| self.head(group)).collect();
        let writes = self.groups.iter().zip(heads).map(|((_, edits), head)| self.write(head, edits));
        drafts.extend(writes.map(|write| draft(Action::Write(write), Vec::new())));
        for (pool, edits) in pools {
            self.order_pool(pool, &edits, &mut drafts);
        }
        drafts
    }

    /// Adds the gates of a pool; its edits come with the place of their write, in order.
    fn order_pool(&self, pool: &ResourceId, edits: &[(u32, Asked<'_>)], drafts: &mut Vec<Step>) {
        let which = |side: fn(&Edit) -> Option<MemberTarget>| -> (Vec<u32>, Vec<MemberTarget>) {
            let here = edits.iter().filter_map(|(place, edit)| Some((*place, side(edit)?)));
            let (mut places, members): (Vec<u32>, Vec<MemberTarget>) = here.unzip();
            places.dedup();
            (places, members)
        };
        let (leaving, outside) = which(Edit::leaves);
        let (joining, inside) = which(Edit::joins);
        if leaving.is_empty() && joining.is_empty() {
            return;
        }
        let one_write = leaving == joining && leaving.len() == 1;
        let mut gate = |needs: Vec<u32>, gate: Gate| {
            drafts.push(draft(Action::Gate(gate), needs));
            u32::try_from(drafts.len() - 1).unwrap_or(u32::MAX)
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
                let then = self.ask(pool).map_or(out, |ask| gate(vec![out], ask));
                need(drafts, &joining, then);
            }
            SwapOrder::MakeBeforeBreak => {
                let agreed = gate(joining, membership(inside.clone(), Vec::new()));
                let ready = self.healthy(pool, inside).map_or(agreed, |healthy| gate(vec![agreed], healthy));
                let ready = self.ask(pool).map_or(ready, |ask| gate(vec![ready], ask));
                gate(leaving.clone(), membership(Vec::new(), outside));
                need(drafts, &leaving, ready);
            }
        }
    }

    /// The question between the two halves of a pool's change, where the operator wants to be asked: to
    /// promote a replica, say, or to look at the newcomer's log.
    fn ask(&self, pool: &ResourceId) -> Option<Gate> {
        let limit = self.options.ask?;
        let names = |side: fn(&Edit) -> Option<MemberTarget>| {
            let edits = self.groups.iter().flat_map(|(_, edits)| edits);
            let names: Vec<&str> = edits.filter(|e| e.pool() == pool && side(e).is_some()).map(|e| e.name()).collect();
            if names.len() > 2 { super::describe::count(names.len(), "member") } else { names.join(" and ") }
        };
        let (outs, ins, pool_name) = (names(Edit::leaves), names(Edit::joins), pool.short());
        let question = match self.order_of(pool) {
            SwapOrder::BreakBeforeMake => format!("{outs} left {pool_name}. Put {ins} in?"),
            SwapOrder::MakeBeforeBreak => format!("{ins} joined {pool_name}. Take {outs} out?"),
        };
        Some(Gate::Ask { question, limit })
    }

    /// The gate on the probes of those who join; none where nothing could tell.
    fn healthy(&self, pool: &ResourceId, members: Vec<MemberTarget>) -> Option<Gate> {
        if members.is_empty() || self.options.wait_healthy.is_zero() {
            return None;
        }
        let chosen = |rule: &ResourceId| {
            let wanted = &self.options.healthy_rules;
            wanted.is_empty() || wanted.iter().any(|w| w.eq_ignore_ascii_case(rule.name()))
        };
        let mut probed = probed_rules(self.documents, pool);
        probed.retain(|(rule, _)| chosen(rule));
        let interval = probed.iter().map(|(_, interval)| *interval).min()?;
        Some(Gate::Healthy {
            pool: pool.clone(),
            rules: probed.into_iter().map(|(rule, _)| rule).collect(),
            members,
            interval: Duration::from_secs(interval),
            limit: self.options.wait_healthy,
        })
    }

    fn head(&self, (target, edits): &Group<'_, '_>) -> Head {
        let (etag, subscription) = match edits.first().and_then(|e| self.facts.written_nic(e)) {
            Some((_, nic)) => (nic.document.etag().cloned(), Arc::clone(&nic.subscription)),
            None => (self.documents.etag_of(target), target.subscription().to_ascii_lowercase().into()),
        };
        Head { target: ResourceId::clone(target), etag, subscription }
    }

    fn write(&self, Head { target, etag, subscription }: Head, edits: &[Asked<'_>]) -> Write {
        let mut checks = SmallVec::new();
        let mut lanes = SmallVec::new();
        let mut add_lane = |lane: Lane| {
            if !lanes.contains(&lane) {
                lanes.push(lane);
            }
        };
        for edit in edits {
            let pool = edit.pool();
            if edit.is_join() && self.exclusive.contains(pool) {
                checks.push(Check::Exclusive { pool: pool.clone() });
            }
            let may_empty = self.options.overrides.iter().any(|o| *o == GuardCode::NeverEmpty.name());
            let breaks_first = self.joined.contains(pool) && self.order_of(pool) == SwapOrder::BreakBeforeMake;
            if edit.is_leave() && target != *pool && !breaks_first && !may_empty {
                checks.push(Check::NeverEmpty { pool: pool.clone() });
            }
            if let Some(lb) = self.facts.pool(pool).map(|p| p.load_balancer.clone()).or_else(|| pool.parent()) {
                // A pool is written through its load balancer, one write at a time.
                if target == *pool {
                    add_lane(Lane::Document(lb.clone()));
                }
                add_lane(Lane::LoadBalancer(lb));
            }
            let nic = self.facts.edited(edit).and_then(|e| self.facts.nic_of(e));
            if let Some(set) = nic.and_then(|nic| nic.machine?.availability_set.clone()) {
                add_lane(Lane::AvailabilitySet(set));
            }
        }
        add_lane(Lane::Document(target.clone()));
        add_lane(Lane::Subscription(subscription));
        Write { target, etag, edits: Vec::with_capacity(edits.len()), checks, lanes, fence: false }
    }
}

fn need(drafts: &mut [Step], places: &[u32], gate: u32) {
    for place in places {
        if let Some(draft) = drafts.get_mut(at(*place)) {
            draft.needs.push(gate);
        }
    }
}

/// Numbers the steps so that each comes after what it needs; and the number of each as they were. `None` where
/// they go in a circle.
///
/// What a draft needs is told by its place in the list, and becomes the number of that step. The steps
/// stay where they are in memory: a large plan is several megabytes.
fn number(mut steps: Vec<Step>) -> Option<(Vec<Step>, Vec<u32>)> {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;
    let mut open: Vec<usize> = steps.iter().map(|s| s.needs.len()).collect();
    // Who waits for each step: those of step n stand from ends[n - 1] to ends[n] in one list.
    let mut ends: Vec<u32> = vec![0; steps.len()];
    for need in steps.iter().flat_map(|s| &s.needs) {
        *ends.get_mut(at(*need))? += 1;
    }
    let mut total = 0;
    for end in &mut ends {
        total += *end;
        *end = total - *end;
    }
    let mut waiting: Vec<u32> = vec![0; at(total)];
    for (place, step) in (0..).zip(&steps) {
        for need in &step.needs {
            let end = ends.get_mut(at(*need))?;
            *waiting.get_mut(at(*end))? = place;
            *end += 1;
        }
    }
    let mut ready: BinaryHeap<Reverse<u32>> =
        (0..).zip(&open).filter(|(_, n)| **n == 0).map(|(place, _)| Reverse(place)).collect();
    let mut numbers: Vec<u32> = vec![0; steps.len()];
    let mut done = 0;
    while let Some(Reverse(place)) = ready.pop() {
        done += 1;
        *numbers.get_mut(at(place))? = done;
        let begin = place.checked_sub(1).map_or(Some(0), |before| ends.get(at(before)).copied())?;
        for next in waiting.get(at(begin)..at(*ends.get(at(place))?))? {
            let left = open.get_mut(at(*next))?;
            *left -= 1;
            if *left == 0 {
                ready.push(Reverse(*next));
            }
        }
    }
    if at(done) != steps.len() {
        return None;
    }
    for (step, number) in steps.iter_mut().zip(&numbers) {
        step.id = *number;
        for need in &mut step.needs {
            *need = *numbers.get(at(*need))?;
        }
        step.needs.sort_unstable();
        step.needs.dedup();
    }
    steps.sort_unstable_by_key(|s| s.id);
    Some((steps, numbers))
}

/// A step's place in a list.
fn at(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}
