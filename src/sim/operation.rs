//! Long-running operations: started by a write, ended by time, asked about by id.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::answer::Answer;
use super::clock::{SimClock, SimTime};

/// What happens in the store when an operation ends.
#[derive(Debug, Clone)]
pub(super) enum Effect {
    /// A document's provisioning state becomes `Succeeded`, its ETag moves once more.
    Provisioned(String),
    /// A member that left is no longer in the pool.
    Left { pool: String, ip_config: String },
    /// An instance follows its set's new model.
    Upgraded { instance: String, model: Box<Value> },
    /// An instance is gone, with its NICs and memberships.
    Retired(String),
    /// A set has this many instances.
    Scaled { set: String, capacity: u64 },
    /// A rolling upgrade's next batch follows the model.
    Wave(Box<Wave>),
    /// A document is gone.
    Deleted(String),
    /// A failed write is taken back: the document as it was.
    Reverted { key: String, body: Box<Value> },
}

/// What is left of a rolling upgrade.
#[derive(Debug, Clone)]
pub(super) struct Wave {
    /// The upgrade's own document.
    pub(super) upgrade: String,
    /// What the instances follow.
    pub(super) model: Value,
    /// The instances that do not yet, in order.
    pub(super) left: Vec<String>,
    /// How many at once.
    pub(super) batch: usize,
    /// Between two batches.
    pub(super) pause: Duration,
}

/// Whose operation it is: the two providers answer differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    Network,
    Compute,
}

#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) provider: Provider,
    /// The documents that are locked while it runs.
    pub(super) holds: Vec<String>,
    pub(super) ends: SimTime,
    pub(super) effects: Vec<Effect>,
    /// The result that a `Location` serves.
    pub(super) result: Option<Value>,
    /// Status, code and message where it ends badly: `Failed` or `Canceled`.
    pub(super) failure: Option<(&'static str, String, String)>,
    done: bool,
}

#[derive(Debug, Default)]
pub(super) struct Operations {
    by_id: HashMap<String, Operation>,
    running: Vec<String>,
}

impl Operations {
    pub(super) fn start(&mut self, provider: Provider, id: String, ends: SimTime) -> &mut Operation {
        self.running.push(id.clone());
        self.by_id.entry(id.clone()).or_insert(Operation {
            provider,
            holds: Vec::new(),
            ends,
            effects: Vec::new(),
            result: None,
            failure: None,
            done: false,
        })
    }

    /// The id of the operation started last, where it still runs.
    pub(super) fn newest(&self) -> Option<&str> {
        self.running.last().map(String::as_str)
    }

    /// The operation started last, where it still runs.
    pub(super) fn newest_mut(&mut self) -> Option<&mut Operation> {
        let id = self.running.last()?;
        self.by_id.get_mut(id)
    }

    /// Takes the first of the operations that have ended by now.
    pub(super) fn next_due(&mut self, now: SimTime) -> Option<Operation> {
        let ends = |id: &String| self.by_id.get(id).map(|op| op.ends).filter(|ends| *ends <= now);
        let (_, place) = self.running.iter().enumerate().filter_map(|(n, id)| Some((ends(id)?, n))).min()?;
        let id = self.running.remove(place);
        let op = self.by_id.get_mut(&id)?;
        op.done = true;
        Some(op.clone())
    }

    /// When the running operation that holds a document ends.
    pub(super) fn holder(&self, key: &str) -> Option<SimTime> {
        self.running
            .iter()
            .filter_map(|id| self.by_id.get(id))
            .filter(|op| op.holds.iter().any(|h| h == key))
            .map(|op| op.ends)
            .max()
    }

    /// How many running operations touch a load balancer.
    pub(super) fn touching(&self, key: &str) -> usize {
        let shared = format!("~{key}");
        self.running.iter().filter_map(|id| self.by_id.get(id)).filter(|op| op.holds.contains(&shared)).count()
    }

    /// Answers a poll of `operations/{id}` or `operationResults/{id}`.
    pub(super) fn poll(&self, id: &str, results: bool, clock: &SimClock) -> Answer {
        let Some(op) = self.by_id.get(id) else {
            return Answer::error(404, "OperationNotFound", format!("The operation '{id}' was not found."));
        };
        let left = op.ends.saturating_sub(clock.now());
        if !op.done {
            let answer = if results {
                Answer::empty(202)
            } else {
                let mut body = json!({ "status": "InProgress" });
                if let (Provider::Compute, Some(object)) = (op.provider, body.as_object_mut()) {
                    object.insert("startTime".into(), json!("2026-01-01T00:00:00Z"));
                    object.insert("name".into(), json!(id));
                }
                Answer::json(200, body)
            };
            return retry_after(answer, left, clock);
        }
        if let Some((status, code, message)) = &op.failure {
            let error = json!({ "code": code, "message": message, "details": [] });
            return if results {
                Answer::json(409, json!({ "error": error }))
            } else {
                Answer::json(200, json!({ "status": status, "error": error }))
            };
        }
        if results {
            return op.result.clone().map_or_else(|| Answer::empty(200), |body| Answer::json(200, body));
        }
        let mut body = json!({ "status": "Succeeded" });
        if let (Provider::Compute, Some(object)) = (op.provider, body.as_object_mut()) {
            object.insert("startTime".into(), json!("2026-01-01T00:00:00Z"));
            object.insert("endTime".into(), json!("2026-01-01T00:00:02Z"));
            object.insert("name".into(), json!(id));
        }
        Answer::json(200, body)
    }
}

/// Adds `Retry-After`: whole seconds as ARM sends them, and milliseconds where simulated time is
/// scaled or the wait is under a second.
pub(super) fn retry_after(answer: Answer, simulated: Duration, clock: &SimClock) -> Answer {
    let real = clock.real(simulated);
    let ms = real.as_micros().div_ceil(1000);
    let answer = answer.with("retry-after", ms.div_ceil(1000).to_string());
    if ms.is_multiple_of(1000) { answer } else { answer.with("retry-after-ms", ms.to_string()) }
}
