//! One surgical edit of one document, as data: it can be applied, judged, reversed and stored.
//!
//! A step is a list of edits of one document. Membership is what the edits are about today; a new
//! kind of edit needs a target, an application and an inverse, and nothing else in this layer.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::arm::ResourceId;
use crate::azure::backend_pool::{self, AdminState, BackendAddress, BackendPool};
use crate::azure::fields::refers_to;
use crate::azure::ip_config::IpConfigOwner;
use crate::azure::{fields, network_interface, scale_set};

use super::change::MemberTarget;

/// An edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "edit")]
pub enum Edit {
    /// An ip configuration refers to a pool.
    JoinPool {
        /// Of a NIC or of an instance.
        ip_config: ResourceId,
        /// The pool.
        pool: ResourceId,
        /// The member's name.
        name: Arc<str>,
    },
    /// An ip configuration no longer refers to a pool.
    LeavePool {
        /// Of a NIC or of an instance.
        ip_config: ResourceId,
        /// The pool.
        pool: ResourceId,
        /// The member's name.
        name: Arc<str>,
    },
    /// A scale set's model puts its instances into a pool.
    JoinModel {
        /// The set.
        set: ResourceId,
        /// The NIC configuration.
        nic: Arc<str>,
        /// The ip configuration.
        ip_config: Arc<str>,
        /// The pool.
        pool: ResourceId,
    },
    /// A scale set's model no longer does.
    LeaveModel {
        /// The set.
        set: ResourceId,
        /// The NIC configuration.
        nic: Arc<str>,
        /// The ip configuration.
        ip_config: Arc<str>,
        /// The pool.
        pool: ResourceId,
    },
    /// A pool gains an address entry.
    AddAddress {
        /// The pool.
        pool: ResourceId,
        /// The entry as it is written.
        entry: Value,
    },
    /// A pool loses an address entry.
    RemoveAddress {
        /// The pool.
        pool: ResourceId,
        /// The entry as it was, for the way back.
        entry: Value,
    },
    /// A member's admin state changes.
    SetAdminState {
        /// The pool.
        pool: ResourceId,
        /// The member.
        member: MemberTarget,
        /// The member's name.
        name: Arc<str>,
        /// What it was.
        from: AdminState,
        /// What it becomes.
        to: AdminState,
    },
}

/// How a document stands to an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The document shows the edit's result already.
    Holds,
    /// The edit can be applied.
    Applicable,
    /// The document has no place for it: an ip configuration is not there, say.
    Impossible(String),
}

/// Of what it changes alone: names and values would cost more than they tell apart.
impl Hash for Edit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        self.pool().hash(state);
        match self {
            Self::JoinPool { ip_config, .. } | Self::LeavePool { ip_config, .. } => ip_config.hash(state),
            Self::JoinModel { set, .. } | Self::LeaveModel { set, .. } => set.hash(state),
            Self::AddAddress { entry, .. } | Self::RemoveAddress { entry, .. } => entry.hash(state),
            Self::SetAdminState { member, .. } => member.hash(state),
        }
    }
}

impl Edit {
    /// The document that is written. `None` for an id that is no backend's.
    pub fn target(&self) -> Option<ResourceId> {
        match self {
            Self::JoinPool { ip_config, .. } | Self::LeavePool { ip_config, .. } => {
                IpConfigOwner::of(ip_config).map(IpConfigOwner::written)
            }
            Self::JoinModel { set, .. } | Self::LeaveModel { set, .. } => Some(set.clone()),
            Self::AddAddress { pool, .. } | Self::RemoveAddress { pool, .. } | Self::SetAdminState { pool, .. } => {
                Some(pool.clone())
            }
        }
    }

    /// The pool concerned.
    pub fn pool(&self) -> &ResourceId {
        match self {
            Self::JoinPool { pool, .. }
            | Self::LeavePool { pool, .. }
            | Self::JoinModel { pool, .. }
            | Self::LeaveModel { pool, .. }
            | Self::AddAddress { pool, .. }
            | Self::RemoveAddress { pool, .. }
            | Self::SetAdminState { pool, .. } => pool,
        }
    }

    /// The member that joins, where one does.
    pub fn joins(&self) -> Option<MemberTarget> {
        match self {
            Self::JoinPool { ip_config, .. } => Some(MemberTarget::IpConfig(ip_config.clone())),
            Self::AddAddress { entry, .. } => backend_of(&BackendAddress(entry)),
            _ => None,
        }
    }

    /// The regional frontend that joins a Global load balancer's pool, where this is that.
    pub fn joining_frontend(&self) -> Option<ResourceId> {
        match self {
            Self::AddAddress { .. } => match self.joins() {
                Some(MemberTarget::Frontend(frontend)) => Some(frontend),
                _ => None,
            },
            _ => None,
        }
    }

    /// The member that leaves, where one does.
    pub fn leaves(&self) -> Option<MemberTarget> {
        match self {
            Self::LeavePool { ip_config, .. } => Some(MemberTarget::IpConfig(ip_config.clone())),
            Self::RemoveAddress { entry, .. } => backend_of(&BackendAddress(entry)),
            _ => None,
        }
    }

    /// Whether a member joins.
    pub fn is_join(&self) -> bool {
        match self {
            Self::JoinPool { .. } => true,
            Self::AddAddress { entry, .. } => backend_of(&BackendAddress(entry)).is_some(),
            _ => false,
        }
    }

    /// Whether a member leaves.
    pub fn is_leave(&self) -> bool {
        match self {
            Self::LeavePool { .. } => true,
            Self::RemoveAddress { entry, .. } => backend_of(&BackendAddress(entry)).is_some(),
            _ => false,
        }
    }

    /// The member's name.
    pub fn name(&self) -> &str {
        match self {
            Self::JoinPool { name, .. } | Self::LeavePool { name, .. } | Self::SetAdminState { name, .. } => name,
            Self::JoinModel { set, .. } | Self::LeaveModel { set, .. } => set.name(),
            Self::AddAddress { entry, .. } | Self::RemoveAddress { entry, .. } => BackendAddress(entry).name(),
        }
    }

    /// The edit that takes this one back.
    pub fn inverse(&self) -> Self {
        match self.clone() {
            Self::JoinPool { ip_config, pool, name } => Self::LeavePool { ip_config, pool, name },
            Self::LeavePool { ip_config, pool, name } => Self::JoinPool { ip_config, pool, name },
            Self::JoinModel { set, nic, ip_config, pool } => Self::LeaveModel { set, nic, ip_config, pool },
            Self::LeaveModel { set, nic, ip_config, pool } => Self::JoinModel { set, nic, ip_config, pool },
            Self::AddAddress { pool, entry } => Self::RemoveAddress { pool, entry },
            Self::RemoveAddress { pool, entry } => Self::AddAddress { pool, entry },
            Self::SetAdminState { pool, member, name, from, to } => {
                Self::SetAdminState { pool, member, name, from: to, to: from }
            }
        }
    }

    /// How a document stands to this edit.
    pub fn standing(&self, document: &Value) -> Standing {
        let shape_refers = |wanted: bool, config: &Value, pool: &ResourceId| {
            let list = fields::items(config, "/properties/loadBalancerBackendAddressPools");
            if list.iter().any(|i| refers_to(i, pool)) == wanted { Standing::Holds } else { Standing::Applicable }
        };
        let refers = |wanted, ip_config: &ResourceId, pool: &ResourceId| match find_ip_config(document, ip_config) {
            None => Standing::Impossible(no_such_ip_config(document, ip_config)),
            Some(config) => shape_refers(wanted, config, pool),
        };
        let models = |wanted, nic: &str, ip_config: &str, pool: &ResourceId| match scale_set::ScaleSet(document)
            .model_ip_config(nic, ip_config)
        {
            None => Standing::Impossible(format!("its model has no ip configuration {nic}/{ip_config} any more")),
            Some(config) => shape_refers(wanted, config, pool),
        };
        let has = |wanted: bool, entry: &Value| {
            let own = BackendAddress(entry);
            let there = BackendPool(document).addresses().any(|a| backend_pool::same_backend(&a, &own));
            if there == wanted { Standing::Holds } else { Standing::Applicable }
        };
        match self {
            Self::JoinPool { ip_config, pool, .. } => refers(true, ip_config, pool),
            Self::LeavePool { ip_config, pool, .. } => refers(false, ip_config, pool),
            Self::JoinModel { nic, ip_config, pool, .. } => models(true, nic, ip_config, pool),
            Self::LeaveModel { nic, ip_config, pool, .. } => models(false, nic, ip_config, pool),
            Self::AddAddress { entry, .. } => has(true, entry),
            Self::RemoveAddress { entry, .. } => has(false, entry),
            Self::SetAdminState { member, to, name, .. } => {
                match BackendPool(document).addresses().find(|a| is_member(a, member)) {
                    None => Standing::Impossible(format!("{name} is no longer in the pool")),
                    Some(a) if a.admin_state() == *to => Standing::Holds,
                    Some(_) => Standing::Applicable,
                }
            }
        }
    }

    /// Applies the edit. Nothing else in the document changes. False where the document has no
    /// place for it.
    pub fn apply(&self, document: &mut Value) -> bool {
        match self {
            Self::JoinPool { ip_config, pool, .. } => {
                ip_config_mut(document, ip_config).and_then(|c| network_interface::join_pool(c, pool)).is_some()
            }
            Self::LeavePool { ip_config, pool, .. } => {
                ip_config_mut(document, ip_config).and_then(|c| network_interface::leave_pool(c, pool)).is_some()
            }
            Self::JoinModel { nic, ip_config, pool, .. } => scale_set::model_ip_config_mut(document, nic, ip_config)
                .and_then(|c| network_interface::join_pool(c, pool))
                .is_some(),
            Self::LeaveModel { nic, ip_config, pool, .. } => scale_set::model_ip_config_mut(document, nic, ip_config)
                .and_then(|c| network_interface::leave_pool(c, pool))
                .is_some(),
            Self::AddAddress { entry, .. } => backend_pool::add_address(document, entry).is_some(),
            Self::RemoveAddress { entry, .. } => backend_pool::remove_address(document, entry).is_some(),
            Self::SetAdminState { member, to, .. } => set_admin_state(document, member, *to).is_some(),
        }
    }
}

/// The backend that an entry of an IP pool or of a Global pool stands for.
pub fn backend_of(entry: &BackendAddress<'_>) -> Option<MemberTarget> {
    match entry.frontend() {
        Some(frontend) => Some(MemberTarget::Frontend(frontend)),
        None => entry.ip()?.parse().ok().map(MemberTarget::Address),
    }
}

/// Whether a pool's entry is this member.
pub fn is_member(entry: &BackendAddress<'_>, member: &MemberTarget) -> bool {
    match member {
        MemberTarget::IpConfig(id) => entry.ip_config().as_ref() == Some(id),
        MemberTarget::Frontend(id) => entry.frontend().as_ref() == Some(id),
        MemberTarget::Address(ip) => entry.ip().is_some_and(|o| backend_pool::same_ip(o, &ip.to_string())),
    }
}

fn set_admin_state(pool: &mut Value, member: &MemberTarget, to: AdminState) -> Option<()> {
    let list = fields::array_mut(pool.get_mut("properties")?, "loadBalancerBackendAddresses")?;
    let entry = list.iter_mut().find(|e| is_member(&BackendAddress(e), member))?;
    let properties = entry.get_mut("properties")?.as_object_mut()?;
    properties.insert("adminState".to_owned(), Value::String(to.word().to_owned()));
    Some(())
}

fn find_ip_config<'a>(document: &'a Value, ip_config: &ResourceId) -> Option<&'a Value> {
    match IpConfigOwner::of(ip_config)? {
        IpConfigOwner::Nic { ip_config, .. } => {
            network_interface::NetworkInterface(document).ip_config(ip_config).map(|c| c.0)
        }
        IpConfigOwner::Instance { nic, ip_config, .. } => scale_set::Instance(document).ip_config(nic, ip_config),
    }
}

fn ip_config_mut<'a>(document: &'a mut Value, ip_config: &ResourceId) -> Option<&'a mut Value> {
    match IpConfigOwner::of(ip_config)? {
        IpConfigOwner::Nic { ip_config, .. } => network_interface::ip_config_mut(document, ip_config),
        IpConfigOwner::Instance { nic, ip_config, .. } => scale_set::ip_config_mut(document, nic, ip_config),
    }
}

/// Names the ip configurations that there are, as a wrong name deserves.
fn no_such_ip_config(document: &Value, ip_config: &ResourceId) -> String {
    let names: Vec<&str> = network_interface::NetworkInterface(document).ip_configs().map(|c| c.name()).collect();
    if names.is_empty() {
        format!("it has no ip configuration '{}' any more", ip_config.name())
    } else {
        format!("it has no ip configuration '{}'; it has: {}", ip_config.name(), names.join(", "))
    }
}
