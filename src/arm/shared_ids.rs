//! One copy of each id that many documents name: a member's stands in its pool, its NIC and its health; a
//! subnet's in thousands of NICs. Copies take memory, and two that are one are compared without being read.
//!
//! Held by who holds the documents or what was read of them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashTable;

use super::id::ResourceId;

/// The ids that were seen, by their text as served, and words such as `running`. Clones are the same table.
#[derive(Debug, Clone, Default)]
pub struct SharedIds(Arc<Mutex<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    ids: HashTable<ResourceId>,
    words: HashSet<Arc<str>>,
}

impl SharedIds {
    /// The id of a text, where it is one.
    pub fn get(&self, text: &str) -> Option<ResourceId> {
        let hash = ResourceId::hash_of(text);
        if let Some(known) = self.with(|ids| ids.find(hash, |id| id.as_str() == text).cloned()) {
            return Some(known);
        }
        let mut id = ResourceId::parse(text).ok()?;
        self.share(&mut id);
        Some(id)
    }

    /// Puts the copy that is known in an id's place, or makes this one known.
    pub fn share(&self, id: &mut ResourceId) {
        self.with(|ids| match ids.find(id.hashed(), |known| known.as_str() == id.as_str()) {
            Some(known) => *id = known.clone(),
            None => {
                ids.insert_unique(id.hashed(), id.clone(), ResourceId::hashed);
            }
        });
    }

    /// The copy that is known, where there is one.
    pub fn own(&self, id: ResourceId) -> ResourceId {
        self.with(|ids| ids.find(id.hashed(), |known| known.as_str() == id.as_str()).cloned()).unwrap_or(id)
    }

    /// Puts the copy of a word that is known in its place, or makes this one known.
    pub fn share_word(&self, word: &mut Arc<str>) {
        let mut tables = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tables.words.get(word) {
            Some(known) => *word = Arc::clone(known),
            None => drop(tables.words.insert(Arc::clone(word))),
        }
    }

    /// Forgets what nobody else holds.
    pub fn tidy(&self) {
        self.with(|ids| {
            ids.retain(|id| !id.is_alone());
            ids.shrink_to_fit(ResourceId::hashed);
        });
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashTable<ResourceId>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_is_one_copy_and_another_stays_as_served() {
        let ids = SharedIds::default();
        let first = ids.get("/subscriptions/s/resourceGroups/r").unwrap();
        let mut same = ResourceId::parse(first.as_str()).unwrap();
        ids.share(&mut same);
        assert!(std::ptr::eq(first.as_str(), same.as_str()));
        let mut other = ResourceId::parse("/subscriptions/s/resourcegroups/r").unwrap();
        ids.share(&mut other);
        assert_eq!(other.as_str(), "/subscriptions/s/resourcegroups/r");
        assert_eq!(ids.get("no id"), None);
        drop((first, same));
        ids.tidy();
        assert_eq!(ids.with(|ids| ids.len()), 1, "who is held elsewhere stays");
    }
}
