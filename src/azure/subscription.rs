//! Subscriptions: `GET /subscriptions`.

use serde_json::Value;

use super::SUBSCRIPTIONS;
use super::fields::text;
use crate::arm::paging::Pager;
use crate::arm::{ArmError, Reader};

/// A subscription as listed.
#[derive(Debug, Clone, Copy)]
pub struct Subscription<'a>(pub &'a Value);

impl<'a> Subscription<'a> {
    /// The subscription's id, without the path around it.
    pub fn id(&self) -> Option<&'a str> {
        text(self.0, "/subscriptionId")
    }

    /// The name people gave it.
    pub fn display_name(&self) -> Option<&'a str> {
        text(self.0, "/displayName")
    }

    /// `Enabled`, `Warned`, `Disabled`…
    pub fn state(&self) -> Option<&'a str> {
        text(self.0, "/state")
    }
}

/// All subscriptions that the signed-in identity can see.
///
/// # Errors
/// [`ArmError`] where the endpoint does not make a URL.
pub fn list(reader: &Reader) -> Result<Pager, ArmError> {
    reader.list("/subscriptions", SUBSCRIPTIONS, "")
}
