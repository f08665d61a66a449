//! Guards: rules that refuse a plan or warn of it.
//!
//! Each finding names the resource and says what to do. Pure: documents in, findings out. The
//! guards that another operator could break meanwhile are asked again before the step
//! ([`super::step::Check`]).

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::change::{MemberTarget, Options, SwapOrder};
use super::edit::{Edit, Standing, is_member};
use super::gather::Documents;
use crate::arm::ResourceId;
use crate::azure::backend_pool::{AdminState, BackendPool, PoolKind};
use crate::azure::ip_config::{Family, IpConfigOwner};
use crate::azure::load_balancer::LoadBalancer;
use crate::azure::scale_set::ScaleSet;
use crate::estate::summary::{EXCLUSIVE_TAG, exclusive_names, managed_by};

/// A guard's stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardCode {
    /// A pool would have no member left.
    NeverEmpty,
    /// An exclusive pool would have two members.
    Exclusive,
    /// A NIC in an IP pool, or an address in a NIC pool.
    KindMix,
    /// The load balancer's SKU does not take this.
    Sku,
    /// The member is in another virtual network.
    VirtualNetwork,
    /// IPv4 and IPv6 do not mix.
    Family,
    /// It is in the pool already.
    AlreadyMember,
    /// It is not in the pool.
    NotMember,
    /// A resource is not there any more.
    Gone,
    /// The VM is not running, so it will not be healthy.
    NotRunning,
    /// A resource lock forbids the write.
    Locked,
    /// Something else manages this load balancer and may undo the change.
    Managed,
    /// Basic load balancers are retired.
    Retired,
    /// The resource is being deleted, or its last write failed.
    ProvisioningState,
    /// The member must hold the frontend's address itself.
    FloatingIp,
    /// An instance will differ from its scale set's model.
    Drift,
    /// A member's NIC is in a pool of another load balancer with the same backend port.
    SamePort,
    /// Nobody serves for a while.
    Gap,
}

impl GuardCode {
    /// The name by which it is overridden.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether the operator may override it. Where Azure itself refuses, overriding would only
    /// move the failure to the middle of the plan; two masters are never allowed.
    pub fn overridable(self) -> bool {
        matches!(self, Self::NeverEmpty | Self::NotRunning | Self::ProvisioningState | Self::SamePort)
    }
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The plan is not made.
    Refuse,
    /// The plan is made and says so.
    Warn,
    /// Checked, and good to know.
    Note,
}

/// What a guard found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which guard.
    pub code: GuardCode,
    /// Its weight.
    pub severity: Severity,
    /// On which resource.
    pub resource: ResourceId,
    /// What is so.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.message)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, " {}", self.remedy) }
    }
}

/// Whether a pool is exclusive, by its load balancer's tag or by the options.
pub fn is_exclusive(documents: &Documents, options: &Options, pool: &ResourceId) -> bool {
    let by_tag = documents
        .load_balancer(pool)
        .and_then(|lb| lb.tag(EXCLUSIVE_TAG).map(exclusive_names))
        .is_some_and(|names| names.iter().any(|n| n.eq_ignore_ascii_case(pool.name())));
    let by_options = options
        .exclusive
        .iter()
        .any(|e| e.eq_ignore_ascii_case(pool.as_str()) || e.eq_ignore_ascii_case(&pool.short()));
    by_tag || by_options
}

/// Who is in a pool, as the pool's own document says.
pub fn members_of(pool: &BackendPool<'_>) -> HashSet<MemberTarget> {
    match pool.kind() {
        PoolKind::Nic | PoolKind::Empty => {
            let listed = pool.addresses().filter_map(|a| a.ip_config());
            pool.ip_configurations().chain(listed).map(MemberTarget::IpConfig).collect()
        }
        PoolKind::Ip | PoolKind::Frontend => {
            pool.addresses().filter_map(|a| a.ip()?.parse().ok()).map(MemberTarget::Address).collect()
        }
    }
}

struct Guards<'a> {
    documents: &'a Documents,
    options: &'a Options,
    findings: Vec<Finding>,
}

/// Asks every guard.
pub fn check(edits: &[Edit], documents: &Documents, options: &Options) -> Vec<Finding> {
    let mut guards = Guards { documents, options, findings: Vec::new() };
    let pools: BTreeSet<&ResourceId> = edits.iter().map(Edit::pool).collect();
    for pool in pools {
        let here: Vec<&Edit> = edits.iter().filter(|e| e.pool() == pool).collect();
        guards.pool(pool, &here);
    }
    for edit in edits {
        guards.member(edit, edits);
    }
    guards.targets(edits);
    guards.same_port(edits);
    let mut seen = HashSet::new();
    guards.findings.retain(|f| seen.insert((f.code, f.message.clone())));
    guards.findings.sort_by_key(|f| match f.severity {
        Severity::Refuse => 0,
        Severity::Warn => 1,
        Severity::Note => 2,
    });
    guards.findings
}

impl Guards<'_> {
    fn add(&mut self, code: GuardCode, severity: Severity, resource: &ResourceId, message: String, remedy: &str) {
        let overridden = severity == Severity::Refuse
            && code.overridable()
            && self.options.overrides.iter().any(|o| o.eq_ignore_ascii_case(&code.name()));
        let (severity, remedy) = if overridden {
            (Severity::Warn, "You override this guard.".to_owned())
        } else {
            (severity, remedy.to_owned())
        };
        self.findings.push(Finding { code, severity, resource: resource.clone(), message, remedy });
    }

    fn refuse(&mut self, code: GuardCode, resource: &ResourceId, message: String, remedy: &str) {
        self.add(code, Severity::Refuse, resource, message, remedy);
    }

    fn warn(&mut self, code: GuardCode, resource: &ResourceId, message: String, remedy: &str) {
        self.add(code, Severity::Warn, resource, message, remedy);
    }

    fn pool(&mut self, id: &ResourceId, edits: &[&Edit]) {
        let documents = self.documents;
        let shown = id.short();
        let (Some(lb), Some(pool)) = (documents.load_balancer(id), documents.pool(id)) else {
            self.refuse(
                GuardCode::Gone,
                id,
                format!("the pool {shown} is not there."),
                "Refresh, and look where it went.",
            );
            return;
        };
        self.load_balancer(id, &lb);
        let joins: HashSet<MemberTarget> = edits.iter().filter_map(|e| e.joins()).collect();
        let leaves: HashSet<MemberTarget> = edits.iter().filter_map(|e| e.leaves()).collect();
        let now = members_of(&pool);
        let after: HashSet<&MemberTarget> = now.difference(&leaves).chain(&joins).collect();

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
        self.kinds(id, &pool, edits, &joins, &now);
        if let Some(both) = joins.intersection(&leaves).next() {
            self.refuse(
                GuardCode::AlreadyMember,
                id,
                format!("{} would leave {shown} and join it at once.", documents.name_of(both)),
                "Name two different members.",
            );
        }
        for edit in edits.iter().filter(|e| e.joins().is_some() || e.leaves().is_some()) {
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
            self.network_and_family(id, &lb, &pool, edits);
            if lb.rules_of(id).any(|r| r.floating_ip()) {
                let address = lb.rules_of(id).filter_map(|r| lb.frontend(&r.frontend()?)).find_map(|f| f.private_ip());
                let names: Vec<&str> = edits.iter().filter(|e| e.joins().is_some()).map(|e| e.name()).collect();
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
    fn all_down(&mut self, id: &ResourceId, pool: &BackendPool<'_>, edits: &[&Edit], after: &HashSet<&MemberTarget>) {
        let down = |member: &MemberTarget| {
            let set = edits.iter().find_map(|e| match e {
                Edit::SetAdminState { member: m, to, .. } if m == member => Some(*to),
                _ => None,
            });
            let now = || pool.addresses().find(|a| is_member(a, member)).map_or(AdminState::None, |a| a.admin_state());
            set.unwrap_or_else(now) == AdminState::Down
        };
        let sets = edits.iter().any(|e| matches!(e, Edit::SetAdminState { to: AdminState::Down, .. }));
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
    fn holds(&self, edit: &Edit) -> bool {
        let Some(target) = edit.target() else { return false };
        let body = self.documents.get(&target).map(|d| d.body()).or_else(|| self.documents.pool(&target).map(|p| p.0));
        body.is_some_and(|b| edit.standing(b) == Standing::Holds)
    }

    fn load_balancer(&mut self, pool: &ResourceId, lb: &LoadBalancer<'_>) {
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

    fn kinds(
        &mut self,
        id: &ResourceId,
        pool: &BackendPool<'_>,
        edits: &[&Edit],
        joins: &HashSet<MemberTarget>,
        now: &HashSet<MemberTarget>,
    ) {
        let shown = id.short();
        let kind = pool.kind();
        if kind == PoolKind::Frontend && edits.iter().any(|e| e.joins().is_some() || e.leaves().is_some()) {
            self.refuse(
                GuardCode::KindMix,
                id,
                format!("{shown} is a Global pool: its members are frontends of regional load balancers."),
                "azlb does not change Global pools.",
            );
            return;
        }
        for edit in edits {
            match (edit, kind) {
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
                (Edit::AddAddress { .. }, PoolKind::Nic) => {
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

    fn network_and_family(&mut self, id: &ResourceId, lb: &LoadBalancer<'_>, pool: &BackendPool<'_>, edits: &[&Edit]) {
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
            let (own_family, own_network) = match edit {
                Edit::JoinPool { ip_config, .. } => match documents.ip_config(ip_config) {
                    Some(config) => (Some(config.family()), config.subnet().and_then(|s| s.parent())),
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
                && own != *wanted
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
        if lb.sku().eq_ignore_ascii_case("Basic") && edits.iter().any(|e| matches!(e, Edit::AddAddress { .. })) {
            self.refuse(
                GuardCode::Sku,
                id,
                format!("{shown} is of a Basic load balancer, which takes no addresses."),
                "Upgrade the load balancer to Standard.",
            );
        }
    }

    fn member(&mut self, edit: &Edit, edits: &[Edit]) {
        let documents = self.documents;
        let (Edit::JoinPool { ip_config, name, pool } | Edit::LeavePool { ip_config, name, pool }) = edit else {
            return;
        };
        let joins = edit.joins().is_some();
        let Some(target) = edit.target() else {
            self.refuse(
                GuardCode::KindMix,
                ip_config,
                format!("{ip_config} is not an ip configuration of a NIC or of a scale set's instance."),
                "Give …/networkInterfaces/NIC/ipConfigurations/NAME.",
            );
            return;
        };
        if documents.get(&target).is_none() {
            self.refuse(
                GuardCode::Gone,
                &target,
                format!("{name}: {} is not there any more; what the pool lists is a ghost.", target.short()),
                "Azure drops it from the pool by itself, in time; a ghost cannot be written.",
            );
            return;
        }
        if let Some(IpConfigOwner::Instance { set, .. }) = IpConfigOwner::of(ip_config) {
            let set_document = documents.get(&set).map(|d| ScaleSet(d.body()));
            let model_has = set_document.is_some_and(|s| s.model_pools().contains(pool));
            let with_its_model = edits.iter().any(|e| match e {
                Edit::JoinModel { set: s, pool: p, .. } | Edit::LeaveModel { set: s, pool: p, .. } => {
                    *s == set && p == pool
                }
                _ => false,
            });
            if model_has != joins && !with_its_model {
                let (so, then) =
                    if joins { ("lacks", "a reimage takes it out again") } else { ("has", "an upgrade puts it back") };
                self.warn(
                    GuardCode::Drift,
                    &target,
                    format!("{name} will differ from its scale set's model, which {so} {}: {then}.", pool.short()),
                    "Change the model too where this is to last.",
                );
            }
        }
        if !joins {
            return;
        }
        if let Some(power) = documents.vm(ip_config).and_then(|vm| vm.power_state()).filter(|p| *p != "running") {
            let message = format!("{name} is {power}: it cannot become healthy in {}.", pool.short());
            if is_exclusive(documents, self.options, pool) {
                self.refuse(GuardCode::NotRunning, &target, message, "Start it first, or --override not_running.");
            } else {
                self.warn(GuardCode::NotRunning, &target, message, "Start it first.");
            }
        }
        let basic = |p: &ResourceId| documents.load_balancer(p).map(|lb| lb.sku().eq_ignore_ascii_case("Basic"));
        if let (Some(config), Some(own)) = (documents.ip_config(ip_config), basic(pool))
            && let Some(other) = config.pools().find(|p| basic(p).is_some_and(|b| b != own))
        {
            self.refuse(
                GuardCode::Sku,
                &target,
                format!(
                    "{name} is in {}: one machine cannot be behind a Basic and a Standard load balancer.",
                    other.short()
                ),
                "Take it out there first.",
            );
        }
    }

    fn targets(&mut self, edits: &[Edit]) {
        let documents = self.documents;
        let targets: BTreeSet<ResourceId> = edits.iter().filter_map(Edit::target).collect();
        for target in targets {
            let held = documents.get(&target).or_else(|| documents.get(&target.parent()?));
            match held.and_then(|d| d.provisioning_state()) {
                Some(state) if state.eq_ignore_ascii_case("Deleting") => {
                    self.refuse(
                        GuardCode::ProvisioningState,
                        &target,
                        format!("{} is being deleted.", target.short()),
                        "",
                    );
                }
                Some(state) if state.eq_ignore_ascii_case("Failed") => self.warn(
                    GuardCode::ProvisioningState,
                    &target,
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
                    &target,
                    format!("a ReadOnly lock on {} forbids writing {}.", scope.name(), target.short()),
                    "Have the lock removed first.",
                );
            }
        }
        // A lock on the load balancer says what its owner wants, though Azure checks the NIC alone.
        for pool in edits.iter().map(Edit::pool).collect::<BTreeSet<_>>() {
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
    fn same_port(&mut self, edits: &[Edit]) {
        let documents = self.documents;
        let mut by_config: BTreeMap<&ResourceId, Vec<&ResourceId>> = BTreeMap::new();
        for edit in edits {
            if let Edit::JoinPool { ip_config, pool, .. } = edit {
                by_config.entry(ip_config).or_default().push(pool);
            }
        }
        let ports = |pool: &ResourceId| -> Vec<(u64, String)> {
            let Some(lb) = documents.load_balancer(pool) else { return Vec::new() };
            lb.rules_of(pool)
                .filter(|r| !r.floating_ip())
                .map(|r| (r.backend_port(), r.protocol().to_ascii_lowercase()))
                .collect()
        };
        for (config, joined) in by_config {
            let Some(view) = documents.ip_config(config) else { continue };
            let left: Vec<&ResourceId> = edits
                .iter()
                .filter(|e| e.leaves() == Some(MemberTarget::IpConfig(config.clone())))
                .map(Edit::pool)
                .collect();
            let stays: Vec<ResourceId> = view.pools().filter(|p| !left.contains(&p)).collect();
            for new in joined {
                for old in stays.iter().filter(|o| o.parent() != new.parent()) {
                    if let Some((port, protocol)) = ports(new).into_iter().find(|p| ports(old).contains(p)) {
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
