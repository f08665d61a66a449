//! The operator's answers to gates that ask.
//!
//! Owned by the executor; a screen, the command line or a script gives an answer through the
//! session, in the same process as the run.

use std::collections::HashMap;

use tokio::sync::watch;

use super::plan::PlanId;

/// The answers that were given, by plan and step.
#[derive(Debug, Clone)]
pub struct Answers {
    given: watch::Sender<HashMap<(PlanId, u32), bool>>,
}

impl Default for Answers {
    fn default() -> Self {
        Self { given: watch::Sender::new(HashMap::new()) }
    }
}

impl Answers {
    /// Answers a step that asks: whether the plan goes on.
    pub fn give(&self, plan: &PlanId, step: u32, go_on: bool) {
        self.given.send_modify(|given| {
            given.insert((plan.clone(), step), go_on);
        });
    }

    /// Waits for the answer to a step, and takes it: a step that asks again wants a new one.
    pub(super) async fn take(&self, plan: &PlanId, step: u32) -> bool {
        let key = (plan.clone(), step);
        let mut changes = self.given.subscribe();
        loop {
            let mut answer = None;
            self.given.send_if_modified(|given| {
                answer = given.remove(&key);
                false
            });
            if let Some(answer) = answer {
                return answer;
            }
            if changes.changed().await.is_err() {
                // Nobody is left who could answer; the caller's limit ends the wait.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Forgets answers to a step that nobody took: one given before the question is none.
    pub(super) fn forget(&self, plan: &PlanId, step: u32) {
        self.given.send_if_modified(|given| {
            given.remove(&(plan.clone(), step));
            false
        });
    }
}
