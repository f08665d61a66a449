//! From changes to stages of edits: what is asked for, in the order in which it must be done.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::change::{Change, MemberRef, MemberTarget, Request};
use super::documents::Documents;
use super::edit::{Edit, is_member};
use super::plan::Stage;
use super::step::Gate;
use crate::arm::ResourceId;
use crate::azure::backend_pool::{AdminState, new_address, new_frontend};
use crate::azure::ip_config::Family;
use crate::azure::scale_set::{Instance, ScaleSet};

/// The stages of a request. Changes without an order of their own are made together in the first.
pub(super) fn stages_of(request: &Request, documents: &Documents) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let mut add = |at: usize, edit: Edit| {
        if stages.len() <= at {
            stages.resize_with(at + 1, Stage::default);
        }
        if let Some(stage) = stages.get_mut(at) {
            if stage.edits.is_empty() && at == 0 {
                // Most changes are at most two edits of the first stage.
                stage.edits.reserve(request.changes.len() * 2);
            }
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
            Change::AlignSet { set } => {
                super::drift::of(documents, set).iter().filter_map(|d| d.edit()).for_each(|edit| add(0, edit));
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
    meant_once(&mut stages);
    if let Some(stage) = stages.first_mut() {
        stage.gates.extend(drains.into_iter().map(|(pool, (members, wait))| Gate::Drained {
            pool: pool.clone(),
            rules: probed_rules(documents, pool).into_iter().map(|(rule, _)| rule).collect(),
            members,
            wait,
        }));
        stage.gates.extend(rolls);
    }
    let batched = request.changes.iter().any(|c| matches!(c, Change::Replace { .. }));
    let last = stages.len().saturating_sub(1);
    for stage in stages.iter_mut().take(last).filter(|_| batched && !request.options.pause.is_zero()) {
        stage.gates.push(Gate::Pause { wait: request.options.pause });
    }
    let drained = request.changes.iter().any(|c| matches!(c, Change::Drain { .. }));
    if let Some(limit) = request.options.ask.filter(|_| batched || drained) {
        for (number, stage) in stages.iter_mut().enumerate().take(last) {
            let question = match (batched, last) {
                (false, _) => "Those to be drained get no new connections. Take them out?".to_owned(),
                (true, last) => format!("Batch {} of {} is done. Go on?", number + 1, last + 1),
            };
            stage.gates.push(Gate::Ask { question, limit });
        }
    }
    stages
}

/// Who is named twice is meant once: the first time.
fn meant_once(stages: &mut [Stage]) {
    let mut known: HashSet<&Edit> = HashSet::with_capacity(stages.iter().map(|s| s.edits.len()).sum());
    let first: Vec<Vec<bool>> =
        stages.iter().map(|stage| stage.edits.iter().map(|edit| known.insert(edit)).collect()).collect();
    for (stage, first) in stages.iter_mut().zip(first) {
        let mut first = first.into_iter();
        stage.edits.retain(|_| first.next().unwrap_or(true));
    }
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
    let (nic, ip_config): (Arc<str>, Arc<str>) = (nic.into(), ip_config.into());
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
        let name = documents.name_of(&MemberTarget::IpConfig(id.clone())).into();
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
    let Some(now) = documents.members(pool) else {
        return (members.iter().map(|m| join(documents, pool, m)).collect(), Vec::new());
    };
    let wanted: HashSet<&MemberTarget> = members.iter().map(|m| &m.target).collect();
    let ins = members.iter().filter(|m| !now.contains(&m.target)).map(|m| join(documents, pool, m)).collect();
    let mut outs: Vec<&MemberTarget> = now.iter().filter(|t| !wanted.contains(t)).collect();
    // The pool is a set; a plan has an order that is the same each time.
    outs.sort_by_key(|t| t.to_string());
    let outs = outs
        .into_iter()
        .map(|target| {
            let name = documents.name_of(target);
            leave(documents, pool, &MemberRef { target: target.clone(), name: name.into() })
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
        MemberTarget::Frontend(id) => Edit::AddAddress { pool: pool.clone(), entry: new_frontend(&member.name, id) },
    }
}

fn leave(documents: &Documents, pool: &ResourceId, member: &MemberRef) -> Edit {
    match &member.target {
        MemberTarget::IpConfig(id) => {
            Edit::LeavePool { ip_config: id.clone(), pool: pool.clone(), name: member.name.clone() }
        }
        MemberTarget::Address(_) | MemberTarget::Frontend(_) => {
            let there = documents.pool(pool).and_then(|p| p.addresses().find(|a| is_member(a, &member.target)));
            let entry = there.map(|a| a.0.clone()).unwrap_or_else(|| match &member.target {
                MemberTarget::Address(ip) => new_address(&member.name, *ip, None),
                MemberTarget::Frontend(id) | MemberTarget::IpConfig(id) => new_frontend(&member.name, id),
            });
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
pub(super) fn probed_rules(documents: &Documents, pool: &ResourceId) -> Vec<(ResourceId, u64)> {
    let Some(lb) = documents.load_balancer(pool) else { return Vec::new() };
    if !lb.sku().eq_ignore_ascii_case("Standard") || lb.is_global() {
        return Vec::new();
    }
    lb.rules_of(pool).filter_map(|r| Some((r.id()?, lb.probe(&r.probe()?)?.interval_s()))).collect()
}
