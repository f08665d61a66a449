//! Virtual machines: where they run and whether they do.

use serde_json::Value;

use super::COMPUTE;
use super::fields::{id, ids, items, text};
use crate::arm::paging::Pager;
use crate::arm::{ArmError, Reader, ResourceId};

/// The full type of a VM's id.
pub const TYPE: &str = "Microsoft.Compute/virtualMachines";

/// A VM document.
#[derive(Debug, Clone, Copy)]
pub struct VirtualMachine<'a>(pub &'a Value);

impl<'a> VirtualMachine<'a> {
    /// Its id.
    pub fn id(&self) -> Option<ResourceId> {
        id(self.0, "/id")
    }

    /// Its availability set.
    pub fn availability_set(&self) -> Option<ResourceId> {
        id(self.0, "/properties/availabilitySet/id")
    }

    /// The Flexible scale set it belongs to.
    pub fn scale_set(&self) -> Option<ResourceId> {
        id(self.0, "/properties/virtualMachineScaleSet/id")
    }

    /// Its zone.
    pub fn zone(&self) -> Option<&'a str> {
        text(self.0, "/zones/0")
    }

    /// Its NICs.
    pub fn nics(&self) -> impl Iterator<Item = ResourceId> + use<'a> {
        ids(self.0, "/properties/networkProfile/networkInterfaces")
    }

    /// `running`, `stopped`, `deallocated`… where the document carries an instance view.
    pub fn power_state(&self) -> Option<&'a str> {
        power_state(self.0)
    }
}

/// The power state among an instance view's statuses.
pub(crate) fn power_state(body: &Value) -> Option<&str> {
    items(body, "/properties/instanceView/statuses")
        .iter()
        .filter_map(|s| text(s, "/code"))
        .find_map(|code| code.strip_prefix("PowerState/"))
}

/// The VMs of a subscription.
///
/// # Errors
/// [`ArmError`] where the path does not make a URL.
pub fn list(reader: &Reader, subscription: &str) -> Result<Pager, ArmError> {
    reader.list(&path(subscription), COMPUTE, "")
}

/// The VMs of a subscription with their instance views and little else.
///
/// # Errors
/// [`ArmError`] where the path does not make a URL.
pub fn list_status(reader: &Reader, subscription: &str) -> Result<Pager, ArmError> {
    reader.list(&path(subscription), COMPUTE, "statusOnly=true")
}

fn path(subscription: &str) -> String {
    format!("/subscriptions/{subscription}/providers/Microsoft.Compute/virtualMachines")
}
