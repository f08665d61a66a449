//! The record of every pool's membership over time: what a test asks whether two masters were
//! ever seen, or none when there should have been one.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::clock::SimTime;

#[derive(Debug, Default)]
pub(super) struct History {
    entries: Vec<Entry>,
    last: HashMap<String, Vec<String>>,
}

#[derive(Debug)]
struct Entry {
    at: SimTime,
    pool: String,
    members: Vec<String>,
}

impl History {
    /// Records a pool's members where they differ from the last record.
    pub(super) fn record(&mut self, at: SimTime, pool: &str, members: &[String]) {
        let mut sorted = members.to_vec();
        sorted.sort();
        if self.last.get(pool) == Some(&sorted) {
            return;
        }
        self.last.insert(pool.to_owned(), sorted.clone());
        self.entries.push(Entry { at, pool: pool.to_owned(), members: sorted });
    }

    pub(super) fn to_json(&self) -> Value {
        self.entries
            .iter()
            .map(|e| json!({ "at_ms": e.at.as_millis() as u64, "pool": e.pool, "members": e.members }))
            .collect()
    }
}
