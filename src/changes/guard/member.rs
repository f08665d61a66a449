//! Guards of members and of the documents that are written.

use std::borrow::Cow;

use super::{GuardCode, Guards, is_exclusive};
use crate::arm::ResourceId;
use crate::azure::load_balancer::LoadBalancer;
use crate::azure::scale_set::ScaleSet;
use crate::changes::edit::Edit;
use crate::changes::facts::Asked;

impl Guards<'_, '_> {
    pub(super) fn member(&mut self, edit: &Asked<'_>) {
        let (documents, facts) = (self.documents, self.facts);
        if let Some(frontend) = edit.joining_frontend() {
            self.frontend(&frontend);
        }
        let (Edit::JoinPool { ip_config, name, pool } | Edit::LeavePool { ip_config, name, pool }) = edit.edit else {
            return;
        };
        let joins = edit.is_join();
        let edited = facts.edited(edit);
        let Some((edited, target)) = edited.and_then(|e| Some((e, e.written.as_deref()?))) else {
            self.refuse(
                GuardCode::KindMix,
                ip_config,
                format!("{ip_config} is not an ip configuration of a NIC or of a scale set's instance."),
                "Give …/networkInterfaces/NIC/ipConfigurations/NAME.",
            );
            return;
        };
        let nic = facts.nic_of(edited);
        let own_nic = edited.set.is_none() && nic.is_some();
        if !own_nic && documents.get(target).is_none() {
            self.refuse(
                GuardCode::Gone,
                target,
                format!("{name}: {} is not there any more; what the pool lists is a ghost.", target.short()),
                "Azure drops it from the pool by itself, in time; a ghost cannot be written.",
            );
            return;
        }
        if let Some(set) = edited.set.as_deref() {
            let set_document = documents.get(set).map(|d| ScaleSet(d.body()));
            let model_has = set_document.is_some_and(|s| s.model_pools().contains(pool));
            let with_its_model = facts.edits().iter().any(|e| match e.edit {
                Edit::JoinModel { set: s, pool: p, .. } | Edit::LeaveModel { set: s, pool: p, .. } => {
                    s == set && p == pool
                }
                _ => false,
            });
            if model_has != joins && !with_its_model {
                let (so, then) =
                    if joins { ("lacks", "a reimage takes it out again") } else { ("has", "an upgrade puts it back") };
                self.warn(
                    GuardCode::Drift,
                    target,
                    format!("{name} will differ from its scale set's model, which {so} {}: {then}.", pool.short()),
                    "Change the model too where this is to last.",
                );
            }
        }
        if !joins {
            return;
        }
        let own_region = nic.and_then(|nic| nic.says.location.as_deref());
        let region = facts.pool(pool).and_then(|p| p.location);
        if let (Some(own), Some(wanted)) = (own_region, region)
            && !same_region(own, wanted)
        {
            self.refuse(
                GuardCode::Region,
                target,
                format!("{name} is in {own} and {} in {wanted}.", pool.short()),
                "A load balancer's members are all of its own region.",
            );
        }
        let power = nic.and_then(|nic| nic.machine?.power.as_deref());
        if let Some(power) = power.filter(|p| *p != "running") {
            let message = format!("{name} is {power}: it cannot become healthy in {}.", pool.short());
            if is_exclusive(documents, self.options, pool) {
                self.refuse(GuardCode::NotRunning, target, message, "Start it first, or --override not_running.");
            } else {
                self.warn(GuardCode::NotRunning, target, message, "Start it first.");
            }
        }
        let basic = |p: &ResourceId| facts.pool(p).map(|p| p.basic);
        if let (Some(config), Some(own)) = (edited.says, basic(pool))
            && let Some(other) = config.pools.iter().find(|p| basic(p).is_some_and(|b| b != own))
        {
            self.refuse(
                GuardCode::Sku,
                target,
                format!(
                    "{name} is in {}: one machine cannot be behind a Basic and a Standard load balancer.",
                    other.short()
                ),
                "Take it out there first.",
            );
        }
    }

    /// Whether a regional frontend fits a Global pool. Source: Azure docs, cross-region overview.
    fn frontend(&mut self, id: &ResourceId) {
        let documents = self.documents;
        let lb = id.parent().and_then(|lb| documents.get(&lb)).map(|d| LoadBalancer(d.body()));
        let Some((lb, frontend)) = lb.and_then(|lb| Some((lb, lb.frontend(id)?))) else {
            let message = format!("the frontend {} is not there.", id.short());
            self.refuse(GuardCode::Gone, id, message, "Name a frontend that is: LB/FRONTEND.");
            return;
        };
        if !lb.sku().eq_ignore_ascii_case("Standard") || lb.is_global() {
            let is = if lb.is_global() { "Global" } else { lb.sku() };
            self.refuse(
                GuardCode::Sku,
                id,
                format!("{} is of a {is} load balancer; a Global one takes regional Standard ones.", id.short()),
                "Choose a regional Standard load balancer.",
            );
        }
        if frontend.public_ip().is_none() {
            self.refuse(
                GuardCode::KindMix,
                id,
                format!("{} is internal; a Global load balancer takes public frontends.", id.short()),
                "Choose a public frontend.",
            );
        }
    }

    pub(super) fn targets(&mut self) {
        let (documents, facts) = (self.documents, self.facts);
        let of_configs = facts.every_edited().filter_map(|e| {
            let target = Cow::Borrowed(e.written.as_deref()?);
            Some((target, facts.nic_of(e).filter(|_| e.set.is_none())))
        });
        let others = facts.edits().iter().filter(|e| facts.edited(e).is_none());
        let others = others.filter_map(|e| facts.target(e)).map(|target| (target, None));
        for (target, nic) in of_configs.chain(others) {
            let target: &ResourceId = &target;
            let held = || documents.get(target).or_else(|| documents.get(&target.parent()?));
            let state = match nic {
                Some(nic) => nic.says.provisioning_state.as_deref(),
                None => held().and_then(|d| d.provisioning_state()),
            };
            match state {
                Some(state) if state.eq_ignore_ascii_case("Deleting") => {
                    self.refuse(
                        GuardCode::ProvisioningState,
                        target,
                        format!("{} is being deleted.", target.short()),
                        "",
                    );
                }
                Some(state) if state.eq_ignore_ascii_case("Failed") => self.warn(
                    GuardCode::ProvisioningState,
                    target,
                    format!("the last write of {} failed; this one may too.", target.short()),
                    "Look at its activity log where it does.",
                ),
                _ => {}
            }
            let lock = documents
                .locks
                .iter()
                .find(|(scope, level)| level.eq_ignore_ascii_case("ReadOnly") && target.is_within(scope));
            if let Some((scope, _)) = lock {
                self.refuse(
                    GuardCode::Locked,
                    target,
                    format!("a ReadOnly lock on {} forbids writing {}.", scope.name(), target.short()),
                    "Have the lock removed first.",
                );
            }
        }
        // A lock on the load balancer says what its owner wants, though Azure checks the NIC alone.
        for (pool, _) in facts.by_pool() {
            let lock = documents
                .locks
                .iter()
                .find(|(scope, level)| level.eq_ignore_ascii_case("ReadOnly") && pool.is_within(scope));
            if let Some((scope, _)) = lock {
                self.refuse(
                    GuardCode::Locked,
                    pool,
                    format!("a ReadOnly lock on {} covers {}.", scope.name(), pool.short()),
                    "Have the lock removed first.",
                );
            }
        }
    }

    /// Two load balancers may not send the same port and protocol to one NIC, floating IP apart
    /// (azure-powershell issue 2042).
    pub(super) fn same_port(&mut self) {
        let facts = self.facts;
        let ports = |pool: &ResourceId| facts.pool(pool).map_or(&[][..], |p| p.ports.as_slice());
        for (config, own) in facts.nics().flat_map(|nic| nic.configs()) {
            let left: Vec<&ResourceId> = own.clone().filter(|e| e.is_leave()).map(|e| e.pool()).collect();
            let stays: Vec<&ResourceId> = config.pools.iter().filter(|p| !left.contains(p)).collect();
            for (new, config) in own.filter_map(|e| match e {
                Edit::JoinPool { pool, ip_config, .. } => Some((pool, ip_config)),
                _ => None,
            }) {
                for old in stays.iter().filter(|o| o.parent() != new.parent()) {
                    if let Some((port, protocol)) = ports(new).iter().find(|p| ports(old).contains(p)) {
                        self.refuse(
                            GuardCode::SamePort,
                            config,
                            format!(
                                "{} and {} both send {protocol} port {port} to {}.",
                                new.short(),
                                old.short(),
                                config.short()
                            ),
                            "Azure refuses that without floating IP: use another backend port.",
                        );
                    }
                }
            }
        }
    }
}

/// Regions are written `westeurope` and, by older clients, `West Europe`.
fn same_region(a: &str, b: &str) -> bool {
    let letters =
        |s: &'_ str| s.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect::<String>();
    a == b || letters(a) == letters(b)
}
