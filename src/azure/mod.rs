//! One file a resource type: its URLs, its api-version, its typed views, its surgical edits.
//!
//! Owns the knowledge of what ARM's JSON looks like. A view borrows a raw document and reads it
//! leniently: an absent field is `None`, an unknown word is kept. An edit changes the raw document
//! in place and touches one array. Called by `estate`, `health` and `changes`. Never decides
//! whether a change is wise, and never sends one.

pub mod backend_pool;
pub mod fields;
pub mod ip_config;
pub mod load_balancer;
pub mod network_interface;
pub mod rule_health;
pub mod scale_set;
pub mod subscription;
pub mod virtual_machine;

use crate::arm::ApiVersion;

/// Network resources. Source: azure-rest-api-specs, stable 2024-05-01.
pub const NETWORK: ApiVersion = ApiVersion("2024-05-01");
/// Compute resources. Source: azure-rest-api-specs, stable 2024-11-01.
pub const COMPUTE: ApiVersion = ApiVersion("2024-11-01");
/// Network interfaces of Uniform scale sets, served under Compute with a Network version.
pub const SCALE_SET_NICS: ApiVersion = ApiVersion("2018-10-01");
/// Locks. Source: Azure REST reference, management locks.
pub const LOCKS: ApiVersion = ApiVersion("2020-05-01");
/// Subscriptions.
pub const SUBSCRIPTIONS: ApiVersion = ApiVersion("2022-12-01");

/// The api-version with which a resource is read and written, by its type.
pub fn version_of(id: &crate::arm::ResourceId) -> ApiVersion {
    let kind = id.resource_type().to_ascii_lowercase();
    if kind.starts_with("microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces") {
        return SCALE_SET_NICS;
    }
    if kind.starts_with("microsoft.compute/") { COMPUTE } else { NETWORK }
}
