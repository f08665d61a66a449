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

    /// Whether Azure brings a change of the model to the instances by itself.
    pub fn upgrades_itself(&self) -> bool {
        self.upgrade_mode().is_some_and(|m| m.eq_ignore_ascii_case("Automatic") || m.eq_ignore_ascii_case("Rolling"))
    }

    /// The model's ip configurations: NIC configuration, ip configuration, and its shape. The primary
    /// NIC's come first.
    pub fn model_ip_configs(&self) -> Vec<(&'a str, &'a str, &'a Value)> {
        let mut nics: Vec<&'a Value> = items(self.0, MODEL_NICS).iter().collect();
        nics.sort_by_key(|n| !flag(n, "/properties/primary"));
        nics.into_iter()
            .flat_map(|nic| {
                let name = text(nic, "/name").unwrap_or_default();
                items(nic, "/properties/ipConfigurations")
                    .iter()
                    .map(move |c| (name, text(c, "/name").unwrap_or_default(), c))
            })
            .collect()
    }

    /// One ip configuration of the model.
    pub fn model_ip_config(&self, nic: &str, ip_config: &str) -> Option<&'a Value> {
        self.model_ip_configs()
            .into_iter()
            .find(|(n, c, _)| n.eq_ignore_ascii_case(nic) && c.eq_ignore_ascii_case(ip_config))
            .map(|(_, _, shape)| shape)
    }

    /// The pools that its model puts new instances into.
    pub fn model_pools(&self) -> Vec<ResourceId> {
        items(self.0, MODEL_NICS)
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

    /// Whether the set's own actions pass this instance by.
    pub fn protected(&self) -> bool {
        flag(self.0, "/properties/protectionPolicy/protectFromScaleSetActions")
    }

    /// The ip configuration of one NIC configuration, in the shape that is written.
    pub fn ip_config(&self, nic: &str, ip_config: &str) -> Option<&'a Value> {
        let nic = items(self.0, NIC_CONFIGS).iter().find(|n| named(n, nic))?;
        items(nic, "/properties/ipConfigurations").iter().find(|c| named(c, ip_config))
    }
}

const MODEL_NICS: &str = "/properties/virtualMachineProfile/networkProfile/networkInterfaceConfigurations";
const NIC_CONFIGS: &str = "/properties/networkProfileConfiguration/networkInterfaceConfigurations";

fn named(value: &Value, name: &str) -> bool {
    text(value, "/name").is_some_and(|n| n.eq_ignore_ascii_case(name))
}

/// The mutable ip configuration of an instance document.
pub fn ip_config_mut<'a>(instance: &'a mut Value, nic: &str, ip_config: &str) -> Option<&'a mut Value> {
    shape_mut(instance, NIC_CONFIGS, nic, ip_config)
}

/// The mutable ip configuration of a set's model.
pub fn model_ip_config_mut<'a>(set: &'a mut Value, nic: &str, ip_config: &str) -> Option<&'a mut Value> {
    shape_mut(set, MODEL_NICS, nic, ip_config)
}

fn shape_mut<'a>(body: &'a mut Value, nics: &str, nic: &str, ip_config: &str) -> Option<&'a mut Value> {
    let nic = body.pointer_mut(nics)?.as_array_mut()?.iter_mut().find(|n| named(n, nic))?;
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
