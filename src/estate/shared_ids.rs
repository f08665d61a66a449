//! One copy of each id: a member's is named by its pool, its NIC and its health; a subnet's by thousands.

use std::collections::HashSet;

use crate::arm::ResourceId;

/// The ids that were seen.
#[derive(Debug, Default)]
pub(super) struct SharedIds(HashSet<ResourceId>);

impl SharedIds {
    /// Puts the copy that is known in an id's place, where it is spelled the same.
    pub(super) fn share(&mut self, id: &mut ResourceId) {
        match self.0.get(id) {
            Some(known) if known.as_str() == id.as_str() => *id = known.clone(),
            Some(_) => {}
            None => {
                self.0.insert(id.clone());
            }
        }
    }

    /// The copy that is known, where it is spelled the same.
    pub(super) fn own(&self, id: ResourceId) -> ResourceId {
        self.0.get(&id).filter(|known| known.as_str() == id.as_str()).cloned().unwrap_or(id)
    }
}
