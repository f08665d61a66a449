//! Where documents lie: as text while nobody looks at them, as JSON once somebody does.
//!
//! A parsed document takes five times the memory of its text. Those that were opened are closed again
//! between two requests, once there are many.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;

use serde_json::Value;

/// Documents that may be open between two requests.
const MOST_OPEN: usize = 4096;

/// The documents, by key.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    documents: HashMap<Box<str>, Document>,
    open: Cell<usize>,
}

/// One document. There is a text, or an open value that was changed since, or both.
#[derive(Debug)]
struct Document {
    text: Option<Box<str>>,
    open: OnceCell<Box<Value>>,
}

impl Document {
    fn of(value: &Value) -> Self {
        Self { text: Some(value.to_string().into()), open: OnceCell::new() }
    }

    fn value(&self, opened: &Cell<usize>) -> &Value {
        self.open.get_or_init(|| {
            opened.set(opened.get() + 1);
            let text = self.text.as_deref().unwrap_or("null");
            // The text is what this module wrote.
            Box::new(serde_json::from_str(text).unwrap_or_default())
        })
    }
}

impl Shelf {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.documents.get(key).map(|d| d.value(&self.open))
    }

    pub(super) fn contains(&self, key: &str) -> bool {
        self.documents.contains_key(key)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let document = self.documents.get_mut(key)?;
        document.value(&self.open);
        document.text = None;
        document.open.get_mut().map(|value| &mut **value)
    }

    /// Adds or replaces one. True where there was none of this key.
    pub(super) fn insert(&mut self, key: &str, value: &Value) -> bool {
        self.documents.insert(key.into(), Document::of(value)).is_none()
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.documents.remove(key);
    }

    /// Closes what is open, where that is much.
    pub(super) fn tidy(&mut self) {
        if self.open.get() <= MOST_OPEN {
            return;
        }
        for document in self.documents.values_mut() {
            if let Some(value) = document.open.take() {
                document.text.get_or_insert_with(|| value.to_string().into());
            }
        }
        self.open.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_changed_is_kept_when_it_is_closed() {
        let mut shelf = Shelf::default();
        for n in 0..MOST_OPEN + 2 {
            assert!(shelf.insert(&n.to_string(), &json!({ "n": n, "big": 1e20, "exact": 0.1 })));
        }
        *shelf.get_mut("7").unwrap() = json!({ "n": "changed" });
        for n in 0..MOST_OPEN + 2 {
            shelf.get(&n.to_string()).unwrap();
        }
        shelf.tidy();
        assert_eq!(shelf.open.get(), 0);
        assert_eq!(shelf.get("7"), Some(&json!({ "n": "changed" })));
        assert_eq!(shelf.get("8"), Some(&json!({ "n": 8, "big": 1e20, "exact": 0.1 })));
        assert!(!shelf.insert("8", &json!({})) && !shelf.contains("x"));
    }
}
