//! Scale sets and the instances of Uniform ones. Flexible sets' instances are plain VMs.

use serde_json::Value;

use super::fields::{flag, id, ids, items, text};
use super::virtual_machine::power_state;
use super::{COMPUTE, SCALE_SET_NICS};
use crate::arm::paging::Pager;
use crate::arm::{ApiVersion, ArmError, Reader, ResourceId};

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

/// Autoscale settings. Source: azure-rest-api-specs, monitor, stable 2022-10-01.
const AUTOSCALE: ApiVersion = ApiVersion("2022-10-01");

/// The scale sets of a subscription that an enabled autoscale setting resizes, with its name.
///
/// # Errors
/// [`ArmError`] of the list; reading it takes the Monitoring Reader role.
pub async fn autoscaled(reader: &Reader, subscription: &str) -> Result<Vec<(ResourceId, String)>, ArmError> {
    let path = format!("/subscriptions/{subscription}/providers/Microsoft.Insights/autoscalesettings");
    let settings = reader.list(&path, AUTOSCALE, "")?.all().await?;
    let of = |setting: &Value| {
        // Absent means enabled.
        let enabled = setting.pointer("/properties/enabled").and_then(Value::as_bool).unwrap_or(true);
        let set = id(setting, "/properties/targetResourceUri").filter(|id| id.is_type(TYPE) && enabled)?;
        Some((set, text(setting, "/name").unwrap_or_default().to_owned()))
    };
    Ok(settings.iter().filter_map(of).collect())
}

/// How far a set's rolling upgrade is, in words, where one is under way.
///
/// # Errors
/// [`ArmError`] of the read; a set that never had one is no error.
pub async fn upgrade_under_way(reader: &Reader, set: &ResourceId) -> Result<Option<String>, ArmError> {
    let Ok(latest) = set.child("rollingUpgrades", "latest") else { return Ok(None) };
    let body = match reader.view(&latest, COMPUTE).await {
        Ok(body) => body,
        Err(error) if error.is_gone() => return Ok(None),
        Err(error) => return Err(error),
    };
    if !text(&body, "/properties/runningStatus/code").is_some_and(|c| c.eq_ignore_ascii_case("RollingForward")) {
        return Ok(None);
    }
    let count = |name: &str| super::fields::number(&body, &format!("/properties/progress/{name}")).unwrap_or(0);
    let left = count("pendingInstanceCount") + count("inProgressInstanceCount");
    Ok(Some(if left > 0 { format!(" ({left} instances to go)") } else { String::new() }))
}
