//! Rule health: the POST action that tells, for one rule, who is up.
//!
//! Source: Azure docs, load-balancer-manage-health-status. Not served for rules without a probe,
//! nor for Gateway and Basic load balancers.

use serde_json::Value;

use super::NETWORK;
use super::fields::{items, text};
use crate::arm::{ArmError, ReadAction, Reader, ResourceId};

/// The answer of the action.
#[derive(Debug, Clone, Copy)]
pub struct RuleHealth<'a>(pub &'a Value);

/// One member's line of the answer.
#[derive(Debug, Clone, Copy)]
pub struct BackendHealth<'a>(pub &'a Value);

impl<'a> RuleHealth<'a> {
    /// The members' lines.
    pub fn backends(&self) -> impl Iterator<Item = BackendHealth<'a>> + use<'a> {
        items(self.0, "/loadBalancerBackendAddresses").iter().map(BackendHealth)
    }
}

impl<'a> BackendHealth<'a> {
    /// The member's address.
    pub fn ip(&self) -> Option<&'a str> {
        text(self.0, "/ipAddress").filter(|t| !t.is_empty())
    }

    /// The member's ip configuration: served as a text or as `{"id": …}`.
    pub fn ip_config(&self) -> Option<ResourceId> {
        let slot = self.0.get("networkInterfaceIPConfigurationId")?;
        slot.as_str().or_else(|| text(slot, "/id")).and_then(|t| ResourceId::parse(t).ok())
    }

    /// `Up`, `Down`, or empty for a VM that is stopped.
    pub fn state(&self) -> &'a str {
        text(self.0, "/state").unwrap_or_default()
    }

    /// The reason code.
    pub fn reason(&self) -> &'a str {
        text(self.0, "/reason").unwrap_or_default()
    }
}

/// Asks for the health of one rule. It can take minutes: one request in flight a rule.
///
/// # Errors
/// Any [`ArmError`].
pub async fn ask(reader: &Reader, rule: &ResourceId) -> Result<Value, ArmError> {
    reader.action(rule, ReadAction::RuleHealth, NETWORK).await
}
