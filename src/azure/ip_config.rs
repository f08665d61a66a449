//! What a backend's ip configuration id tells: whose it is and how it is written.
//!
//! Owns the split between NICs (VMs, availability sets, Flexible scale sets) and instances of
//! Uniform scale sets, which Network only shows and Compute alone can write.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::arm::ResourceId;

/// Which of the two address families an ip configuration or a frontend has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Family {
    /// IPv4.
    #[serde(rename = "IPv4")]
    V4,
    /// IPv6.
    #[serde(rename = "IPv6")]
    V6,
}

impl Family {
    /// From `privateIPAddressVersion`; absent means IPv4, as ARM takes it.
    pub fn from_version(version: Option<&str>) -> Self {
        if version.is_some_and(|v| v.eq_ignore_ascii_case("IPv6")) { Self::V6 } else { Self::V4 }
    }

    /// Of an address.
    pub fn of(ip: IpAddr) -> Self {
        if ip.is_ipv6() { Self::V6 } else { Self::V4 }
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// The id of an ip configuration, with what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IpConfigOwner<'a> {
    /// A network interface that is a resource of its own.
    Nic {
        /// The network interface.
        nic: ResourceId,
        /// The ip configuration's name on it.
        ip_config: &'a str,
    },
    /// An instance of a Uniform scale set.
    Instance {
        /// The scale set.
        set: ResourceId,
        /// The instance, the resource that is written.
        instance: ResourceId,
        /// The NIC configuration's name.
        nic: &'a str,
        /// The ip configuration's name.
        ip_config: &'a str,
    },
}

impl<'a> IpConfigOwner<'a> {
    /// Classifies an ip configuration's id. `None` where it is another kind of id.
    pub fn of(id: &'a ResourceId) -> Option<Self> {
        let ip_config = id.segment("ipConfigurations")?;
        let nic = id.parent()?;
        match id.segment("virtualMachineScaleSets") {
            None if nic.is_type("Microsoft.Network/networkInterfaces") => Some(Self::Nic { nic, ip_config }),
            Some(_) => {
                let name = id.segment("networkInterfaces")?;
                let instance = nic.parent()?;
                let set = instance.parent()?;
                set.is_type("Microsoft.Compute/virtualMachineScaleSets").then_some(Self::Instance {
                    set,
                    instance,
                    nic: name,
                    ip_config,
                })
            }
            None => None,
        }
    }

    /// The resource that a membership write goes to.
    pub fn written(self) -> ResourceId {
        match self {
            Self::Nic { nic, .. } => nic,
            Self::Instance { instance, .. } => instance,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_nic_from_an_instance() {
        let nic = ResourceId::parse(
            "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkInterfaces/n/ipConfigurations/c",
        )
        .unwrap();
        assert!(matches!(IpConfigOwner::of(&nic), Some(IpConfigOwner::Nic { nic, .. }) if nic.name() == "n"));
        let instance = ResourceId::parse("/subscriptions/s/resourceGroups/rg/providers/microsoft.Compute/virtualMachineScaleSets/ss/virtualMachines/3/networkInterfaces/n/ipConfigurations/c").unwrap();
        match IpConfigOwner::of(&instance) {
            Some(IpConfigOwner::Instance { set, instance, nic, ip_config }) => {
                assert_eq!((set.name(), instance.name(), nic, ip_config), ("ss", "3", "n", "c"));
            }
            other => panic!("{other:?}"),
        }
        let gateway = ResourceId::parse("/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/g/backendAddressPools/p").unwrap();
        assert_eq!(IpConfigOwner::of(&gateway), None);
    }
}
