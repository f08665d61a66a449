//! Guards that count: what Azure limits, seen before the write that would meet the limit.
//!
//! Source of the numbers: Azure docs, load balancer limits (2024-10-24); the one public and one
//! internal load balancer of a NIC is general knowledge, so it can be overridden.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{GuardCode, Guards, members_of};
use crate::arm::ResourceId;
use crate::changes::edit::Edit;

/// Members of one pool of a Standard load balancer.
const POOL_MEMBERS: usize = 5_000;

/// Rules over all ip configurations of one NIC: each rule of each joined pool counts.
const NIC_RULES: usize = 300;

impl Guards<'_> {
    /// Asks the counting guards.
    pub(super) fn counts(&mut self, edits: &[Edit]) {
        for pool in edits.iter().filter(|e| e.joins().is_some()).map(Edit::pool).collect::<BTreeSet<_>>() {
            self.pool_size(pool, edits);
        }
        let mut nics: BTreeMap<ResourceId, &str> = BTreeMap::new();
        let by_config = by_config(edits);
        for edit in edits {
            if let Edit::JoinPool { ip_config, name, .. } = edit
                && let Some(nic) = ip_config.parent()
            {
                nics.entry(nic).or_insert(name);
            }
        }
        for (nic, name) in nics {
            self.nic(&nic, name, &by_config);
        }
    }

    fn pool_size(&mut self, pool: &ResourceId, edits: &[Edit]) {
        let Some(view) = self.documents.pool(pool) else { return };
        let mut after = members_of(&view);
        for edit in edits.iter().filter(|e| e.pool() == pool) {
            if let Some(member) = edit.leaves() {
                after.remove(&member);
            }
            after.extend(edit.joins());
        }
        if after.len() > POOL_MEMBERS {
            self.refuse(
                GuardCode::Limit,
                pool,
                format!("{} would have {} members; Azure allows {POOL_MEMBERS}.", pool.short(), after.len()),
                "Spread them over another pool.",
            );
        }
    }

    fn nic(&mut self, nic: &ResourceId, name: &str, by_config: &HashMap<&ResourceId, Vec<&Edit>>) {
        let documents = self.documents;
        let Some(document) = documents.get(nic) else { return };
        let view = crate::azure::network_interface::NetworkInterface(document.body());
        let mut pools: BTreeSet<ResourceId> = BTreeSet::new();
        for config in view.ip_configs() {
            let Some(id) = config.id() else { continue };
            let mut own: BTreeSet<ResourceId> = config.pools().collect();
            for edit in by_config.get(&id).into_iter().flatten() {
                if edit.leaves().is_some() {
                    own.remove(edit.pool());
                }
                if edit.joins().is_some() {
                    own.insert(edit.pool().clone());
                }
            }
            pools.append(&mut own);
        }
        let rules: usize = pools.iter().filter_map(|p| Some(documents.load_balancer(p)?.rules_of(p).count())).sum();
        if rules > NIC_RULES {
            self.refuse(
                GuardCode::Limit,
                nic,
                format!("{name} would be behind {rules} rules; Azure allows {NIC_RULES} a NIC."),
                "Take it out of another pool first.",
            );
        }
        let balancers: BTreeSet<ResourceId> = pools.iter().filter_map(ResourceId::parent).collect();
        for public in [true, false] {
            let of_kind: Vec<&str> = balancers
                .iter()
                .filter(|id| {
                    let lb = documents.get(id).map(|d| crate::azure::load_balancer::LoadBalancer(d.body()));
                    lb.is_some_and(|lb| {
                        lb.sku().eq_ignore_ascii_case("Standard")
                            && lb.frontends().next().is_some()
                            && lb.frontends().all(|f| f.public_ip().is_some()) == public
                    })
                })
                .map(|id| id.name())
                .collect();
            if of_kind.len() > 1 {
                let kind = if public { "public" } else { "internal" };
                self.refuse(
                    GuardCode::OneEach,
                    nic,
                    format!("{name} would be behind {} {kind} load balancers: {}.", of_kind.len(), of_kind.join(", ")),
                    "A NIC is behind one public and one internal load balancer at most.",
                );
            }
        }
    }
}

/// The edits of each ip configuration.
pub(super) fn by_config(edits: &[Edit]) -> HashMap<&ResourceId, Vec<&Edit>> {
    let mut out: HashMap<&ResourceId, Vec<&Edit>> = HashMap::new();
    for edit in edits {
        if let Edit::JoinPool { ip_config, .. } | Edit::LeavePool { ip_config, .. } = edit {
            out.entry(ip_config).or_default().push(edit);
        }
    }
    out
}
