//! Network interfaces of VMs, availability sets and Flexible scale sets, and the one edit that
//! changes their pools.

use serde_json::{Value, json};

use super::NETWORK;
use super::fields::{array_mut, id, items, refers_to, text};
use super::ip_config::Family;
use crate::arm::paging::Pager;
use crate::arm::{ArmError, Reader, ResourceId};

/// The full type of a NIC's id.
pub const TYPE: &str = "Microsoft.Network/networkInterfaces";

/// A NIC document.
#[derive(Debug, Clone, Copy)]
pub struct NetworkInterface<'a>(pub &'a Value);

impl<'a> NetworkInterface<'a> {
    /// Its id.
    pub fn id(&self) -> Option<ResourceId> {
        id(self.0, "/id")
    }

    /// The region.
    pub fn location(&self) -> Option<&'a str> {
        text(self.0, "/location")
    }

    /// The VM it is attached to.
    pub fn virtual_machine(&self) -> Option<ResourceId> {
        id(self.0, "/properties/virtualMachine/id")
    }

    /// The ip configurations.
    pub fn ip_configs(&self) -> impl Iterator<Item = IpConfig<'a>> + use<'a> {
        items(self.0, "/properties/ipConfigurations").iter().map(IpConfig)
    }

    /// One ip configuration by name.
    pub fn ip_config(&self, name: &str) -> Option<IpConfig<'a>> {
        self.ip_configs().find(|c| c.name().eq_ignore_ascii_case(name))
    }
}

/// One ip configuration of a NIC, whether served by Network or by a Uniform scale set.
#[derive(Debug, Clone, Copy)]
pub struct IpConfig<'a>(pub &'a Value);

impl<'a> IpConfig<'a> {
    /// Its id.
    pub fn id(&self) -> Option<ResourceId> {
        id(self.0, "/id")
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        text(self.0, "/name").unwrap_or_default()
    }

    /// Its private address.
    pub fn ip(&self) -> Option<&'a str> {
        text(self.0, "/properties/privateIPAddress")
    }

    /// IPv4 or IPv6.
    pub fn family(&self) -> Family {
        Family::from_version(text(self.0, "/properties/privateIPAddressVersion"))
    }

    /// Its subnet.
    pub fn subnet(&self) -> Option<ResourceId> {
        id(self.0, "/properties/subnet/id")
    }

    /// Whether it is the NIC's primary one.
    pub fn primary(&self) -> bool {
        super::fields::flag(self.0, "/properties/primary")
    }

    /// The load-balancer pools it is in.
    pub fn pools(&self) -> impl Iterator<Item = ResourceId> + use<'a> {
        self.pool_texts().filter_map(|text| ResourceId::parse(text).ok())
    }

    /// Their ids as served.
    pub fn pool_texts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        items(self.0, "/properties/loadBalancerBackendAddressPools").iter().filter_map(|pool| text(pool, "/id"))
    }
}

const POOLS: &str = "loadBalancerBackendAddressPools";

/// Adds a pool reference to an ip configuration, or to an equal shape in a scale set's model.
/// False where it is there already; `None` where the shape is not one.
pub fn join_pool(ip_config: &mut Value, pool: &ResourceId) -> Option<bool> {
    let list = array_mut(ip_config.get_mut("properties")?, POOLS)?;
    if list.iter().any(|item| refers_to(item, pool)) {
        return Some(false);
    }
    list.push(json!({ "id": pool.as_str() }));
    Some(true)
}

/// Takes a pool reference out. False where it is not there.
pub fn leave_pool(ip_config: &mut Value, pool: &ResourceId) -> Option<bool> {
    let properties = ip_config.get_mut("properties")?.as_object_mut()?;
    let Some(list) = properties.get_mut(POOLS).and_then(Value::as_array_mut) else { return Some(false) };
    let before = list.len();
    list.retain(|item| !refers_to(item, pool));
    Some(list.len() != before)
}

/// The mutable ip configuration of a NIC document, by name.
pub fn ip_config_mut<'a>(nic: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    nic.pointer_mut("/properties/ipConfigurations")?
        .as_array_mut()?
        .iter_mut()
        .find(|c| IpConfig(c).name().eq_ignore_ascii_case(name))
}

/// The NICs of a subscription. Those of Uniform scale sets are not among them.
///
/// # Errors
/// [`ArmError`] where the path does not make a URL.
pub fn list(reader: &Reader, subscription: &str) -> Result<Pager, ArmError> {
    let path = format!("/subscriptions/{subscription}/providers/Microsoft.Network/networkInterfaces");
    reader.list(&path, NETWORK, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_touches_one_array() {
        let pool = ResourceId::parse(
            "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/loadBalancers/l/backendAddressPools/p",
        )
        .unwrap();
        let before = json!({"unknown": {"deep": [1, 2]}, "properties": {"ipConfigurations": [
            {"name": "a", "properties": {"new": true, "applicationGatewayBackendAddressPools": [{"id": "g"}]}},
            {"name": "b", "properties": {"loadBalancerBackendAddressPools": [{"id": "/other", "extra": 1}]}}]}});
        let mut nic = before.clone();
        assert_eq!(join_pool(ip_config_mut(&mut nic, "B").unwrap(), &pool), Some(true));
        assert_eq!(join_pool(ip_config_mut(&mut nic, "b").unwrap(), &pool), Some(false));
        assert_ne!(nic, before);
        assert_eq!(leave_pool(ip_config_mut(&mut nic, "b").unwrap(), &pool), Some(true));
        assert_eq!(nic, before);
        assert_eq!(leave_pool(ip_config_mut(&mut nic, "a").unwrap(), &pool), Some(false));
        assert_eq!(nic, before);
    }
}
