//! Guards: rules that refuse a plan or warn of it.
//!
//! Each finding names the resource and says what to do. Pure: documents in, findings out. The
//! guards that another operator could break meanwhile are asked again before the step
//! ([`super::step::Check`]).

mod counts;
mod member;
mod pool;
mod scale_set;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::change::Options;
use super::documents::Documents;
use super::facts::Facts;
use crate::arm::ResourceId;
use crate::estate::summary::{self, EXCLUSIVE_TAG, exclusive_names};

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
    /// One of Azure's limits would be met.
    Limit,
    /// A NIC would be behind two public or two internal load balancers.
    OneEach,
    /// A member is in another region than the load balancer.
    Region,
    /// Autoscale adds and removes instances of the set.
    Autoscale,
    /// A rolling upgrade writes the set's instances.
    Upgrade,
}

impl GuardCode {
    /// Those that the operator may override.
    pub const OVERRIDABLE: [Self; 6] =
        [Self::NeverEmpty, Self::NotRunning, Self::ProvisioningState, Self::SamePort, Self::OneEach, Self::Upgrade];

    /// The name by which it is overridden.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether the operator may override it. Where Azure itself refuses, overriding would only
    /// move the failure to the middle of the plan; two masters are never allowed.
    pub fn overridable(self) -> bool {
        Self::OVERRIDABLE.contains(&self)
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
    let tagged = documents.load_balancer(pool).and_then(|lb| lb.tag(EXCLUSIVE_TAG).map(exclusive_names));
    summary::is_exclusive(&tagged.unwrap_or_default(), &options.exclusive, pool)
}

struct Guards<'a, 'd> {
    documents: &'a Documents,
    options: &'a Options,
    facts: &'a Facts<'d>,
    findings: Vec<Finding>,
}

/// Asks every guard.
pub(super) fn check(facts: &Facts<'_>, documents: &Documents, options: &Options) -> Vec<Finding> {
    let mut guards = Guards { documents, options, facts, findings: Vec::new() };
    for (pool, here) in facts.by_pool() {
        guards.pool(pool, here);
    }
    for edit in facts.edits() {
        guards.member(edit);
    }
    guards.targets();
    guards.same_port();
    guards.counts();
    guards.scale_sets();
    let mut seen = HashSet::new();
    guards.findings.retain(|f| seen.insert((f.code, f.message.clone())));
    guards.findings.sort_by_key(|f| match f.severity {
        Severity::Refuse => 0,
        Severity::Warn => 1,
        Severity::Note => 2,
    });
    guards.findings
}

impl Guards<'_, '_> {
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
}
