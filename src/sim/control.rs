//! The simulator's own surface: history, faults, requests, the estate as it is.

use serde_json::{Value, json};

use super::State;
use super::answer::Answer;
use super::fault::Fault;
use super::handle::Call;

impl State {
    /// The simulator's own surface, without a token: it listens on loopback alone.
    pub(super) fn control(&mut self, call: &Call, what: &str) -> Answer {
        match (call.method.as_str(), what) {
            ("GET", "history") => Answer::json(200, self.store.history.to_json()),
            ("GET", "requests") => Answer::json(200, json!(self.requests)),
            ("GET", "estate") => Answer::json(200, Value::Array(self.store.documents())),
            ("GET", "health") => Answer::json(200, json!({ "now_ms": self.clock.now().as_millis() as u64 })),
            ("POST", "faults") => {
                let text = String::from_utf8_lossy(&call.body).into_owned();
                let parsed: Result<Vec<Fault>, _> =
                    text.lines().filter(|l| !l.trim().is_empty()).map(str::parse).collect();
                match parsed {
                    Ok(faults) => {
                        faults.into_iter().for_each(|f| self.faults.add(f));
                        Answer::empty(204)
                    }
                    Err(e) => Answer::error(400, "BadFault", e.to_string()),
                }
            }
            ("DELETE", "faults") => {
                self.faults.clear();
                Answer::empty(204)
            }
            _ => Answer::error(
                404,
                "NotFound",
                "The simulator serves /sim/history, /sim/requests, /sim/estate, /sim/health and /sim/faults.",
            ),
        }
    }
}
