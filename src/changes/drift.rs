//! Drift of Uniform scale sets: where the model, an instance's own configuration and the pool do
//! not agree on a membership.
//!
//! A pure look at documents; `stages` turns it into the edits that bring instances back to their
//! model, the session into a listing.

use std::collections::BTreeSet;

use serde::Serialize;

use super::change::MemberTarget;
use super::documents::Documents;
use super::edit::Edit;
use crate::arm::ResourceId;
use crate::azure::fields::ids;
use crate::azure::scale_set::{Instance, ScaleSet};

const POOLS: &str = "/properties/loadBalancerBackendAddressPools";

/// One instance and one pool on which the three do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The scale set.
    pub set: ResourceId,
    /// `set/instance`.
    pub name: String,
    /// The instance's ip configuration, as the pool names it.
    pub ip_config: ResourceId,
    /// The pool.
    pub pool: ResourceId,
    /// Whether the model puts instances into the pool.
    pub model: bool,
    /// Whether the instance's own configuration does; `None` where there is no such instance any more.
    pub instance: Option<bool>,
    /// Whether the pool lists it; `None` where the pool is not there.
    pub listed: Option<bool>,
    /// Whether the set's own actions pass the instance by.
    pub protected: bool,
}

impl Drift {
    /// What is so, in a few words.
    pub fn words(&self) -> &'static str {
        match (self.model, self.instance, self.listed) {
            (_, None, _) => "a ghost: the instance is gone, the pool lists it",
            (_, _, None) => "the pool is gone",
            (true, Some(false), _) => "the model says in, the instance is out: an upgrade puts it in",
            (false, Some(true), _) => "the model says out, the instance is in: an upgrade takes it out",
            (_, Some(true), Some(false)) => "the pool does not list it yet",
            (_, Some(false), Some(true)) => "the pool lists it still",
            _ => "",
        }
    }

    /// The edit that brings the instance back to its model, where that is what differs.
    pub fn edit(&self) -> Option<Edit> {
        if self.instance? == self.model || self.listed.is_none() {
            return None;
        }
        let (ip_config, pool, name) = (self.ip_config.clone(), self.pool.clone(), self.name.as_str().into());
        Some(if self.model {
            Edit::JoinPool { ip_config, pool, name }
        } else {
            Edit::LeavePool { ip_config, pool, name }
        })
    }
}

/// The drift of a set, from its model, its instances with their NICs, and its pools' load balancers.
pub fn of(documents: &Documents, set: &ResourceId) -> Vec<Drift> {
    let Some(model) = documents.get(set).map(|d| ScaleSet(d.body())) else { return Vec::new() };
    let mut out = Vec::new();
    let mut known: BTreeSet<ResourceId> = BTreeSet::new();
    let mut pools: BTreeSet<ResourceId> = model.model_pools().into_iter().collect();
    for (document, configs) in documents.instances(set) {
        let instance = Instance(document.body());
        for config in configs {
            let Some(id) = config.id() else { continue };
            let Some(nic) = id.parent() else { continue };
            let of = |shape: Option<&serde_json::Value>| -> BTreeSet<ResourceId> {
                shape.map(|s| ids(s, POOLS).collect()).unwrap_or_default()
            };
            let by_model = of(model.model_ip_config(nic.name(), id.name()));
            let own = of(instance.ip_config(nic.name(), id.name()));
            let listed = |pool: &ResourceId| documents.pool(pool).map(|p| p.holds(&id));
            for pool in by_model.union(&own) {
                let row = Drift {
                    set: set.clone(),
                    name: documents.name_of(&MemberTarget::IpConfig(id.clone())),
                    ip_config: id.clone(),
                    pool: pool.clone(),
                    model: by_model.contains(pool),
                    instance: Some(own.contains(pool)),
                    listed: listed(pool),
                    protected: instance.protected(),
                };
                if row.instance != Some(row.model) || row.listed != row.instance {
                    out.push(row);
                }
                pools.insert(pool.clone());
            }
            known.insert(id);
        }
    }
    // What a pool lists of this set, and nobody has any more.
    for pool in &pools {
        let Some(view) = documents.pool(pool) else { continue };
        let of_set = view.ip_configurations().filter(|c| c.is_within(set) && !known.contains(c));
        out.extend(of_set.map(|ip_config| Drift {
            set: set.clone(),
            name: documents.name_of(&MemberTarget::IpConfig(ip_config.clone())),
            ip_config,
            pool: pool.clone(),
            model: model.model_pools().contains(pool),
            instance: None,
            listed: Some(true),
            protected: false,
        }));
    }
    out
}
