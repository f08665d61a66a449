//! Backend pools: who is in them, of which kind, and the edits of IP pools.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fields::{array_mut, id, ids, items, text};
use crate::arm::ResourceId;

/// The full type of a pool's id.
pub const TYPE: &str = "Microsoft.Network/loadBalancers/backendAddressPools";

/// What a pool may hold. The kinds never mix. Source: Azure docs, backend-pool-management.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    /// Nothing in it says: the first member decides.
    Empty,
    /// Ip configurations of NICs or of scale-set instances.
    Nic,
    /// Addresses in a virtual network.
    Ip,
    /// Frontends of regional load balancers: the Global tier.
    Frontend,
}

impl std::fmt::Display for PoolKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty pool",
            Self::Nic => "NIC pool",
            Self::Ip => "IP pool",
            Self::Frontend => "frontend pool",
        })
    }
}

/// A member's admin state. Source: Azure docs, admin-state-overview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AdminState {
    /// The probe decides.
    None,
    /// In rotation whatever the probe says.
    Up,
    /// No new connections.
    Down,
}

impl AdminState {
    /// From ARM's word, any case; anything else means that the probe decides.
    pub fn read(word: Option<&str>) -> Self {
        match word {
            Some(w) if w.eq_ignore_ascii_case("Up") => Self::Up,
            Some(w) if w.eq_ignore_ascii_case("Down") => Self::Down,
            _ => Self::None,
        }
    }

    /// ARM's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Up => "Up",
            Self::Down => "Down",
        }
    }
}

/// A pool, inside its load balancer's document or as a document of its own.
#[derive(Debug, Clone, Copy)]
pub struct BackendPool<'a>(pub &'a Value);

impl<'a> BackendPool<'a> {
    /// Its id.
    pub fn id(&self) -> Option<ResourceId> {
        id(self.0, "/id")
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        text(self.0, "/name").unwrap_or_default()
    }

    /// The virtual network of an IP pool, where the pool itself says.
    pub fn virtual_network(&self) -> Option<ResourceId> {
        id(self.0, "/properties/virtualNetwork/id")
    }

    /// The address entries.
    pub fn addresses(&self) -> impl Iterator<Item = BackendAddress<'a>> + use<'a> {
        items(self.0, "/properties/loadBalancerBackendAddresses").iter().map(BackendAddress)
    }

    /// The ip configurations that ARM derives from the NICs.
    pub fn ip_configurations(&self) -> impl Iterator<Item = ResourceId> + use<'a> {
        ids(self.0, "/properties/backendIPConfigurations")
    }

    /// Whether this ip configuration is in the pool, as the pool sees it.
    pub fn holds(&self, ip_config: &ResourceId) -> bool {
        self.ip_configurations().any(|c| c == *ip_config)
            || self.addresses().any(|a| a.ip_config().as_ref() == Some(ip_config))
    }

    /// What the pool holds. An address with an IP and a virtual network makes it an IP pool; the
    /// pool's own virtual network does too.
    pub fn kind(&self) -> PoolKind {
        if self.addresses().any(|a| a.frontend().is_some()) {
            return PoolKind::Frontend;
        }
        if self.virtual_network().is_some()
            || self.addresses().any(|a| a.ip().is_some() && (a.virtual_network().is_some() || a.subnet().is_some()))
        {
            return PoolKind::Ip;
        }
        if self.ip_configurations().next().is_some() || self.addresses().next().is_some() {
            return PoolKind::Nic;
        }
        PoolKind::Empty
    }

    /// The admin state of a member that the pool lists.
    pub fn admin_state(&self, ip_config: &ResourceId) -> AdminState {
        self.addresses()
            .find(|a| a.ip_config().as_ref() == Some(ip_config))
            .map_or(AdminState::None, |a| a.admin_state())
    }
}

/// One entry of `loadBalancerBackendAddresses`.
#[derive(Debug, Clone, Copy)]
pub struct BackendAddress<'a>(pub &'a Value);

impl<'a> BackendAddress<'a> {
    /// Its name, unique in the pool.
    pub fn name(&self) -> &'a str {
        text(self.0, "/name").unwrap_or_default()
    }

    /// Its address.
    pub fn ip(&self) -> Option<&'a str> {
        text(self.0, "/properties/ipAddress").filter(|t| !t.is_empty())
    }

    /// Its virtual network, where the entry says.
    pub fn virtual_network(&self) -> Option<ResourceId> {
        id(self.0, "/properties/virtualNetwork/id")
    }

    /// Its subnet, where the entry says.
    pub fn subnet(&self) -> Option<ResourceId> {
        id(self.0, "/properties/subnet/id")
    }

    /// The ip configuration that a NIC pool's entry stands for.
    pub fn ip_config(&self) -> Option<ResourceId> {
        id(self.0, "/properties/networkInterfaceIPConfiguration/id")
    }

    /// The regional frontend of a Global pool's entry.
    pub fn frontend(&self) -> Option<ResourceId> {
        id(self.0, "/properties/loadBalancerFrontendIPConfiguration/id")
    }

    /// Its admin state.
    pub fn admin_state(&self) -> AdminState {
        AdminState::read(text(self.0, "/properties/adminState"))
    }
}

/// Whether two texts are the same address, in any spelling.
pub fn same_ip(a: &str, b: &str) -> bool {
    match (a.parse::<IpAddr>(), b.parse::<IpAddr>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a.eq_ignore_ascii_case(b),
    }
}

/// A new entry for an IP pool. The virtual network is named on the entry only where the pool does
/// not name one itself.
pub fn new_address(name: &str, ip: IpAddr, network: Option<&ResourceId>) -> Value {
    let mut properties = json!({ "ipAddress": ip.to_string() });
    if let (Some(network), Some(object)) = (network, properties.as_object_mut()) {
        object.insert("virtualNetwork".into(), json!({ "id": network.as_str() }));
    }
    json!({ "name": name, "properties": properties })
}

/// A new entry for a Global pool: a frontend of a regional load balancer.
pub fn new_frontend(name: &str, frontend: &ResourceId) -> Value {
    json!({ "name": name, "properties": { "loadBalancerFrontendIPConfiguration": { "id": frontend.as_str() } } })
}

/// Whether two entries stand for the same backend: the same address, or the same frontend.
pub fn same_backend(a: &BackendAddress<'_>, b: &BackendAddress<'_>) -> bool {
    match (a.ip(), b.ip()) {
        (Some(a), Some(b)) => same_ip(a, b),
        (None, None) => a.frontend().is_some_and(|f| b.frontend().as_ref() == Some(&f)),
        _ => false,
    }
}

/// Adds an entry. False where one for this backend is there already; `None` where it names none.
pub fn add_address(pool: &mut Value, entry: &Value) -> Option<bool> {
    let list = array_mut(pool.get_mut("properties")?, "loadBalancerBackendAddresses")?;
    let own = BackendAddress(entry);
    if own.ip().is_none() && own.frontend().is_none() {
        return None;
    }
    if list.iter().any(|e| same_backend(&BackendAddress(e), &own)) {
        return Some(false);
    }
    list.push(entry.clone());
    Some(true)
}

/// Removes the entry for this one's backend. False where there is none.
pub fn remove_address(pool: &mut Value, entry: &Value) -> Option<bool> {
    let list = array_mut(pool.get_mut("properties")?, "loadBalancerBackendAddresses")?;
    let before = list.len();
    list.retain(|e| !same_backend(&BackendAddress(e), &BackendAddress(entry)));
    Some(list.len() != before)
}

/// Takes out what ARM derives and refuses to see echoed twice
/// (`DuplicateIpConfigurationReference`, azure-rest-api-specs issue 10104).
pub fn strip_derived(pool: &mut Value) {
    if let Some(properties) = pool.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove("backendIPConfigurations");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_what_is_inside() {
        let kind = |p: Value| BackendPool(&json!({ "properties": p })).kind();
        assert_eq!(kind(json!({})), PoolKind::Empty);
        assert_eq!(
            kind(
                json!({"backendIPConfigurations": [{"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/networkInterfaces/n/ipConfigurations/c"}]})
            ),
            PoolKind::Nic
        );
        let net = json!({"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/virtualNetworks/v"});
        assert_eq!(kind(json!({"virtualNetwork": net.clone()})), PoolKind::Ip);
        assert_eq!(
            kind(
                json!({"loadBalancerBackendAddresses": [{"name": "a", "properties": {"ipAddress": "10.0.0.4", "virtualNetwork": net}}]})
            ),
            PoolKind::Ip
        );
        assert_eq!(
            kind(
                json!({"loadBalancerBackendAddresses": [{"name": "a", "properties": {"loadBalancerFrontendIPConfiguration": {"id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/loadBalancers/l/frontendIPConfigurations/f"}}}]})
            ),
            PoolKind::Frontend
        );
    }

    #[test]
    fn an_address_is_one_whatever_its_spelling() {
        let mut pool = json!({"properties": {"loadBalancerBackendAddresses": [{"name": "a", "properties": {"ipAddress": "fd00::1", "x": 1}}]}});
        let entry = new_address("b", "fd00:0::1".parse().unwrap(), None);
        assert_eq!(add_address(&mut pool, &entry), Some(false));
        let spelt = json!({"properties": {"ipAddress": "FD00::0001"}});
        assert_eq!(remove_address(&mut pool, &spelt), Some(true));
        assert_eq!(remove_address(&mut pool, &entry), Some(false));
    }
}
