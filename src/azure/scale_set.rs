//! Scale sets and the instances of Uniform ones. Flexible sets' instances are plain VMs.

use serde_json::Value;

use super::fields::{flag, id, ids, items, text};
use super::virtual_machine::power_state;
use super::{COMPUTE, SCALE_SET_NICS};
use crate::arm::paging::Pager;
use crate::arm::{ArmError, Reader, ResourceId};

/// The full type of a scale set's id.
pub const TYPE: &str = "Microsoft.Compute/virtualMachineScaleSets";

/// A scale set document.
#[derive(Debug, Clone, Copy)]
pub struct ScaleSet<'a>(pub &'a Value);

impl<'a> ScaleSet<'a> {
    /// Its id.
    pub fn id(&self) -> Option<ResourceId> {
        id(self.0, "/id")
    }

    /// Whether its instances are plain VMs. An absent mode means Uniform.
    pub fn flexible(&self) -> bool {
        text(self.0, "/properties/orchestrationMode").is_some_and(|m| m.eq_ignore_ascii_case("Flexible"))
    }

    /// `Automatic`, `Rolling` or `Manual`.
    pub fn upgrade_mode(&self) -> Option<&'a str> {
        text(self.0, "/properties/upgradePolicy/mode")
    }

    /// The pools that its model puts new instances into.
    pub fn model_pools(&self) -> Vec<ResourceId> {
        items(self.0, "/properties/virtualMachineProfile/networkProfile/networkInterfaceConfigurations")
            .iter()
            .flat_map(|nic| items(nic, "/properties/ipConfigurations"))
            .flat_map(|c| ids(c, "/properties/loadBalancerBackendAddressPools"))
            .collect()
    }
}

/// An instance of a Uniform scale set.
#[derive(Debug, Clone, Copy)]
pub struct Instance<'a>(pub &'a Value);

impl<'a> Instance<'a> {
    /// Its id.
    pub fn id(&self) -> Option<ResourceId> {
        id(self.0, "/id")
    }

    /// Its number in the set.
    pub fn instance_id(&self) -> &'a str {
        text(self.0, "/instanceId").unwrap_or_default()
    }

    /// Its zone.
    pub fn zone(&self) -> Option<&'a str> {
        text(self.0, "/zones/0")
    }

    /// Whether it runs the set's current model.
    pub fn latest_model(&self) -> bool {
        flag(self.0, "/properties/latestModelApplied")
    }

    /// Its power state, where the document carries an instance view.
    pub fn power_state(&self) -> Option<&'a str> {
        power_state(self.0)
    }

    /// The ip configuration of one NIC configuration, in the shape that is written.
    pub fn ip_config(&self, nic: &str, ip_config: &str) -> Option<&'a Value> {
        let nic = items(self.0, NIC_CONFIGS).iter().find(|n| named(n, nic))?;
        items(nic, "/properties/ipConfigurations").iter().find(|c| named(c, ip_config))
    }
}

const NIC_CONFIGS: &str = "/properties/networkProfileConfiguration/networkInterfaceConfigurations";

fn named(value: &Value, name: &str) -> bool {
    text(value, "/name").is_some_and(|n| n.eq_ignore_ascii_case(name))
}

/// The mutable ip configuration of an instance document.
pub fn ip_config_mut<'a>(instance: &'a mut Value, nic: &str, ip_config: &str) -> Option<&'a mut Value> {
    let nic = instance.pointer_mut(NIC_CONFIGS)?.as_array_mut()?.iter_mut().find(|n| named(n, nic))?;
    nic.pointer_mut("/properties/ipConfigurations")?.as_array_mut()?.iter_mut().find(|c| named(c, ip_config))
}

/// The scale sets of a subscription.
///
/// # Errors
/// [`ArmError`] where the path does not make a URL.
pub fn list(reader: &Reader, subscription: &str) -> Result<Pager, ArmError> {
    let path = format!("/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachineScaleSets");
    reader.list(&path, COMPUTE, "")
}

/// The instances of a Uniform set, with their instance views.
///
/// # Errors
/// [`ArmError`] where the path does not make a URL.
pub fn instances(reader: &Reader, set: &ResourceId) -> Result<Pager, ArmError> {
    reader.list(&format!("{set}/virtualMachines"), COMPUTE, "$expand=instanceView")
}

/// The NICs of a Uniform set's instances, as Network sees them.
///
/// # Errors
/// [`ArmError`] where the path does not make a URL.
pub fn nics(reader: &Reader, set: &ResourceId) -> Result<Pager, ArmError> {
    reader.list(&format!("{set}/networkInterfaces"), SCALE_SET_NICS, "")
}
