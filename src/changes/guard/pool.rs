//! Guards of a pool: who would be in it, of which kind, in which network and family.

use std::collections::HashSet;
use std::net::IpAddr;

use super::{GuardCode, Guards, Severity, is_exclusive};
use crate::arm::ResourceId;
use crate::azure::backend_pool::{AdminState, BackendPool, PoolKind};
use crate::azure::ip_config::Family;
use crate::azure::load_balancer::LoadBalancer;
use crate::changes::change::{MemberTarget, SwapOrder};
use crate::changes::edit::{Edit, Standing, is_member};
use crate::changes::facts::Asked;
use crate::estate::summary::managed_by;

impl Guards<'_, '_> {
    pub(super) fn pool(&mut self, id: &ResourceId, edits: &[Asked<'_>]) {
        let documents = self.documents;
        let shown = id.short();
        let there = documents.load_balancer(id).zip(documents.pool(id)).zip(documents.members(id));
        let Some(((lb, pool), now)) = there else {
            self.refuse(
                GuardCode::Gone,
                id,
                format!("the pool {shown} is not there."),
                "Refresh, and look where it went.",
            );
            return;
        };
        self.load_balancer(id, &lb);
        // Sets that grow as they are filled would be hashed twice over.
        let mut joins: HashSet<MemberTarget> = HashSet::with_capacity(edits.len());
        joins.extend(edits.iter().filter_map(|e| e.joins()));
        let mut leaves: HashSet<MemberTarget> = HashSet::with_capacity(edits.len());
        leaves.extend(edits.iter().filter_map(|e| e.leaves()));
        let mut after: HashSet<&MemberTarget> = HashSet::with_capacity(now.len() + joins.len());
        after.extend(now.difference(&leaves).chain(&joins));

        if !leaves.is_empty() && !now.is_empty() && after.is_empty() {
            self.refuse(
                GuardCode::NeverEmpty,
                id,
                format!("{shown} would have no member left: clients get no answer."),
                "Add another member in the same plan (azlb swap), or allow it with --override never_empty.",
            );
        }
        self.all_down(id, &pool, edits, &after);
        if is_exclusive(documents, self.options, id) {
            if after.len() > 1 && !joins.is_empty() {
                self.refuse(
                    GuardCode::Exclusive,
                    id,
                    format!("{shown} is exclusive and would have {} members.", after.len()),
                    "Swap instead: azlb swap takes the old one out before the new one goes in.",
                );
            } else if !joins.is_empty() && !leaves.is_empty() {
                if self.options.order == Some(SwapOrder::MakeBeforeBreak) {
                    self.refuse(
                        GuardCode::Exclusive,
                        id,
                        format!("{shown} is exclusive: make-before-break would show two members."),
                        "Leave the order out; an exclusive pool is swapped break-before-make.",
                    );
                }
                self.add(
                    GuardCode::Exclusive,
                    Severity::Note,
                    id,
                    format!("{shown} is exclusive: one out, verified, before one in."),
                    "",
                );
            }
        }
        self.kinds(id, edits, &joins, now);
        if let Some(both) = joins.intersection(&leaves).next() {
            self.refuse(
                GuardCode::AlreadyMember,
                id,
                format!("{} would leave {shown} and join it at once.", documents.name_of(both)),
                "Name two different members.",
            );
        }
        for edit in edits.iter().filter(|e| e.is_join() || e.is_leave()) {
            if !self.holds(edit) {
                continue;
            }
            match (edit.joins(), edit.leaves()) {
                (Some(member), _) if !leaves.contains(&member) => self.refuse(
                    GuardCode::AlreadyMember,
                    id,
                    format!("{} ({member}) is in {shown} already.", edit.name()),
                    "Nothing to do.",
                ),
                // A ghost is in the pool though nothing refers to it; another guard tells of it.
                (None, Some(member)) if !now.contains(&member) => self.refuse(
                    GuardCode::NotMember,
                    id,
                    format!("{} ({member}) is not in {shown}.", edit.name()),
                    "Nothing to take out.",
                ),
                _ => {}
            }
        }
        if !joins.is_empty() {
            self.pool_size(id, &lb, after.len());
            self.network_and_family(id, &lb, &pool, edits);
            if lb.rules_of(id).any(|r| r.floating_ip()) {
                let address = lb.rules_of(id).filter_map(|r| lb.frontend(&r.frontend()?)).find_map(|f| f.private_ip());
                let names: Vec<&str> = edits.iter().filter(|e| e.is_join()).map(|e| e.name()).collect();
                self.warn(
                    GuardCode::FloatingIp,
                    id,
                    format!(
                        "floating IP: {} must hold {} on its loopback interface.",
                        names.join(", "),
                        address.unwrap_or("the frontend's address")
                    ),
                    "",
                );
            }
        }
    }

    /// Every member's admin state would be Down: the pool serves nobody, members or not.
    pub(super) fn all_down(
        &mut self,
        id: &ResourceId,
        pool: &BackendPool<'_>,
        edits: &[Asked<'_>],
        after: &HashSet<&MemberTarget>,
    ) {
        let down = |member: &MemberTarget| {
            let set = edits.iter().find_map(|e| match e.edit {
                Edit::SetAdminState { member: m, to, .. } if m == member => Some(*to),
                _ => None,
            });
            let now = || pool.addresses().find(|a| is_member(a, member)).map_or(AdminState::None, |a| a.admin_state());
            set.unwrap_or_else(now) == AdminState::Down
        };
        let sets = edits.iter().any(|e| matches!(e.edit, Edit::SetAdminState { to: AdminState::Down, .. }));
        if sets && !after.is_empty() && after.iter().all(|m| down(m)) {
            self.refuse(
                GuardCode::NeverEmpty,
                id,
                format!("every member of {} would be forced down: clients get no answer.", id.short()),
                "Leave one up, or allow it with --override never_empty.",
            );
        }
    }

    /// Whether the document that an edit writes shows its result already. While an operation runs,
    /// the pool's own view is late; the written document is the authority.
    pub(super) fn holds(&self, edit: &Asked<'_>) -> bool {
        if let Some(edited) = self.facts.edited(edit).filter(|e| e.set.is_none()) {
            let refers = edited.says.map(|config| config.pools.contains(edit.pool()));
            return refers == Some(edit.is_join());
        }
        let Some(target) = self.facts.target(edit) else { return false };
        let body = self.documents.get(&target).map(|d| d.body()).or_else(|| self.documents.pool(&target).map(|p| p.0));
        body.is_some_and(|b| edit.standing(b) == Standing::Holds)
    }

    pub(super) fn load_balancer(&mut self, pool: &ResourceId, lb: &LoadBalancer<'_>) {
        let Some(id) = pool.parent() else { return };
        if let Some(who) = managed_by(lb, &id) {
            self.warn(
                GuardCode::Managed,
                &id,
                format!("{} is managed by {who}, which may undo this.", id.name()),
                "Change it there where you can.",
            );
        }
        if lb.sku().eq_ignore_ascii_case("Basic") {
            self.warn(
                GuardCode::Retired,
                &id,
                format!("{} is a Basic load balancer, retired on 2025-09-30; it serves no rule health.", id.name()),
                "Plan its upgrade to Standard.",
            );
        }
    }

    pub(super) fn kinds(
        &mut self,
        id: &ResourceId,
        edits: &[Asked<'_>],
        joins: &HashSet<MemberTarget>,
        now: &HashSet<MemberTarget>,
    ) {
        let shown = id.short();
        let Some(kind) = self.documents.kind(id) else { return };
        let global = self.documents.load_balancer(id).is_some_and(|lb| lb.is_global());
        for edit in edits.iter().filter(|e| e.is_join()) {
            let frontend = edit.joining_frontend().is_some();
            if global && !frontend {
                self.refuse(
                    GuardCode::KindMix,
                    id,
                    format!(
                        "{shown} is of a Global load balancer and takes frontends of regional ones; {} is none.",
                        edit.name()
                    ),
                    "Name a regional load balancer's public frontend: LB/FRONTEND.",
                );
            } else if frontend && !global {
                self.refuse(
                    GuardCode::KindMix,
                    id,
                    format!("{} is a frontend; only a Global load balancer's pool takes one.", edit.name()),
                    "Name a machine or an address.",
                );
            }
        }
        if global {
            return;
        }
        for edit in edits {
            match (edit.edit, kind) {
                (Edit::JoinPool { ip_config, name, .. }, PoolKind::Ip) => {
                    let ip =
                        self.documents.ip_config(ip_config).and_then(|c| c.ip()).unwrap_or("its address").to_owned();
                    self.refuse(
                        GuardCode::KindMix,
                        id,
                        format!(
                            "{shown} is an IP pool and {name} ({}) is a NIC: the kinds do not mix.",
                            ip_config.short()
                        ),
                        &format!("Give the address instead: {ip}."),
                    );
                }
                (Edit::AddAddress { .. }, PoolKind::Nic) if edit.joining_frontend().is_none() => {
                    self.refuse(
                        GuardCode::KindMix,
                        id,
                        format!("{shown} is a NIC pool and {} is an address: the kinds do not mix.", edit.name()),
                        "Name the VM, the NIC or the ip configuration instead.",
                    );
                }
                _ => {}
            }
        }
        let addresses = joins.iter().filter(|j| matches!(j, MemberTarget::Address(_))).count();
        if kind == PoolKind::Empty && addresses > 0 && addresses < joins.len() && now.is_empty() {
            self.refuse(
                GuardCode::KindMix,
                id,
                format!("{shown} is empty, and addresses and NICs cannot both join it."),
                "Decide on one kind.",
            );
        }
    }

    pub(super) fn network_and_family(
        &mut self,
        id: &ResourceId,
        lb: &LoadBalancer<'_>,
        pool: &BackendPool<'_>,
        edits: &[Asked<'_>],
    ) {
        let documents = self.documents;
        let shown = id.short();
        let sibling = pool.ip_configurations().find_map(|c| documents.ip_config(&c));
        let frontends = || lb.rules_of(id).filter_map(|r| lb.frontend(&r.frontend()?));
        let network = pool
            .virtual_network()
            .or_else(|| pool.addresses().find_map(|a| a.virtual_network()))
            .or_else(|| sibling.and_then(|c| c.subnet()?.parent()))
            .or_else(|| frontends().find_map(|f| f.subnet()?.parent()))
            .or_else(|| lb.frontends().find_map(|f| f.subnet()?.parent()));
        // A public frontend does not always tell its family; a member or a private frontend does.
        let family = sibling
            .map(|c| c.family())
            .or_else(|| pool.addresses().find_map(|a| a.ip()?.parse::<IpAddr>().ok()).map(Family::of));
        let family = family.or_else(|| frontends().find(|f| f.private_ip().is_some()).map(|f| f.family()));
        for edit in edits {
            let (own_family, own_network) = match edit.edit {
                Edit::JoinPool { .. } => match self.facts.edited(edit).and_then(|e| e.says) {
                    Some(config) => (Some(config.family), config.network.as_ref()),
                    None => continue,
                },
                Edit::AddAddress { .. } => match edit.joins() {
                    Some(MemberTarget::Address(ip)) => (Some(Family::of(ip)), None),
                    _ => continue,
                },
                _ => continue,
            };
            if let (Some(own), Some(wanted)) = (own_family, family)
                && own != wanted
            {
                self.refuse(
                    GuardCode::Family,
                    id,
                    format!("{shown} takes {wanted} and {} is {own}.", edit.name()),
                    "Choose the machine's other ip configuration.",
                );
            }
            if let (Some(own), Some(wanted)) = (own_network, &network)
                && own != wanted
            {
                self.refuse(
                    GuardCode::VirtualNetwork,
                    id,
                    format!(
                        "{shown} is in the virtual network {} and {} in {}.",
                        wanted.name(),
                        edit.name(),
                        own.name()
                    ),
                    "A pool's members are all of one virtual network.",
                );
            }
        }
        if lb.sku().eq_ignore_ascii_case("Basic") && edits.iter().any(|e| matches!(e.edit, Edit::AddAddress { .. })) {
            self.refuse(
                GuardCode::Sku,
                id,
                format!("{shown} is of a Basic load balancer, which takes no addresses."),
                "Upgrade the load balancer to Standard.",
            );
        }
    }
}
