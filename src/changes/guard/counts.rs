//! Guards that count: what Azure limits, seen before the write that would meet the limit.
//!
//! Source of the numbers: Azure docs, load balancer limits (2024-10-24); the one public and one
//! internal load balancer of a NIC is general knowledge, so it can be overridden.

use std::collections::BTreeSet;

use super::{GuardCode, Guards};
use crate::arm::ResourceId;
use crate::azure::load_balancer::LoadBalancer;
use crate::changes::facts::Nic;

/// Members of one pool of a Standard load balancer.
const POOL_MEMBERS: usize = 5_000;

/// Members of one pool of a Global load balancer.
const GLOBAL_POOL_MEMBERS: usize = 300;

/// Rules over all ip configurations of one NIC: each rule of each joined pool counts.
const NIC_RULES: usize = 300;

impl Guards<'_, '_> {
    /// Asks the counting guards of each NIC that joins something.
    pub(super) fn counts(&mut self) {
        let facts = self.facts;
        for (nic, name) in facts.joining() {
            self.nic(nic, name);
        }
    }

    /// How many members a pool would have.
    pub(super) fn pool_size(&mut self, pool: &ResourceId, lb: &LoadBalancer<'_>, after: usize) {
        let most = if lb.is_global() { GLOBAL_POOL_MEMBERS } else { POOL_MEMBERS };
        if after > most {
            self.refuse(
                GuardCode::Limit,
                pool,
                format!("{} would have {after} members; Azure allows {most}.", pool.short()),
                "Spread them over another pool.",
            );
        }
    }

    fn nic(&mut self, nic: &Nic<'_>, name: &str) {
        let id = &nic.says.id;
        let (documents, facts) = (self.documents, self.facts);
        let mut pools: BTreeSet<&ResourceId> = BTreeSet::new();
        for (config, edits) in nic.configs() {
            let leaves = |pool: &ResourceId| edits.clone().any(|e| e.is_leave() && e.pool() == pool);
            pools.extend(config.pools.iter().filter(|p| !leaves(p)));
            pools.extend(edits.clone().filter(|e| e.is_join()).map(|e| e.pool()));
        }
        let rules: usize = pools.iter().filter_map(|p| Some(facts.pool(p)?.rules)).sum();
        if rules > NIC_RULES {
            self.refuse(
                GuardCode::Limit,
                id,
                format!("{name} would be behind {rules} rules; Azure allows {NIC_RULES} a NIC."),
                "Take it out of another pool first.",
            );
        }
        let balancers = pools.iter().filter_map(|p| Some(&facts.pool(p)?.load_balancer));
        let balancers: BTreeSet<&ResourceId> = balancers.collect();
        if balancers.len() < 2 {
            return;
        }
        for public in [true, false] {
            let of_kind: Vec<&str> = balancers
                .iter()
                .filter(|id| {
                    let lb = documents.get(id).map(|d| LoadBalancer(d.body()));
                    lb.is_some_and(|lb| {
                        lb.sku().eq_ignore_ascii_case("Standard")
                            && !lb.is_global()
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
                    id,
                    format!("{name} would be behind {} {kind} load balancers: {}.", of_kind.len(), of_kind.join(", ")),
                    "A NIC is behind one public and one internal load balancer at most.",
                );
            }
        }
    }
}
