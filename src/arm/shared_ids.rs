//! One copy of each id that many documents name: a member's stands in its pool, its NIC and its health; a
//! subnet's in thousands of NICs. Copies take memory, and two that are one are compared without being read.
//!
//! Held by who holds the documents or what was read of them.

use std::collections::HashMap;
use std::sync::Arc;

use super::id::ResourceId;

/// The ids that were seen, by their text as served.
#[derive(Debug, Clone, Default)]
pub struct SharedIds(HashMap<Arc<str>, ResourceId>);

impl SharedIds {
    /// The id of a text, where it is one.
    pub fn get(&mut self, text: &str) -> Option<ResourceId> {
        if let Some(known) = self.0.get(text) {
            return Some(known.clone());
        }
        let id = ResourceId::parse(text).ok()?;
        self.0.insert(id.text(), id.clone());
        Some(id)
    }

    /// Puts the copy that is known in an id's place.
    pub fn share(&mut self, id: &mut ResourceId) {
        match self.0.get(id.as_str()) {
            Some(known) => *id = known.clone(),
            None => {
                self.0.insert(id.text(), id.clone());
            }
        }
    }

    /// The copy that is known, where there is one.
    pub fn own(&self, id: ResourceId) -> ResourceId {
        self.0.get(id.as_str()).cloned().unwrap_or(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_is_one_copy_and_another_stays_as_served() {
        let mut ids = SharedIds::default();
        let first = ids.get("/subscriptions/s/resourceGroups/r").unwrap();
        let mut same = ResourceId::parse(first.as_str()).unwrap();
        ids.share(&mut same);
        assert!(Arc::ptr_eq(&first.text(), &same.text()));
        let mut other = ResourceId::parse("/subscriptions/s/resourcegroups/r").unwrap();
        ids.share(&mut other);
        assert_eq!(other.as_str(), "/subscriptions/s/resourcegroups/r");
        assert_eq!(ids.get("no id"), None);
    }
}
