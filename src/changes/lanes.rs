//! How many writes may run at once: per load balancer, availability set and subscription.
//!
//! Azure answers more than about ten parallel joins of one load balancer with `RetryableError`, and
//! serialises the NICs of one availability set (azure-powershell issue 4889). A lane's cap halves
//! when Azure says so and grows again by one for each cap's worth of successes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::arm::ResourceId;

/// Something that writes share.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Writes that touch one load balancer.
    LoadBalancer(ResourceId),
    /// Writes of the NICs of one availability set.
    AvailabilitySet(ResourceId),
    /// Writes of one document.
    Document(ResourceId),
    /// Writes of one subscription.
    Subscription(std::sync::Arc<str>),
}

/// The caps. All are settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Writes at once on one load balancer.
    pub per_load_balancer: usize,
    /// Writes at once in one availability set.
    pub per_availability_set: usize,
    /// Writes at once in one subscription.
    pub per_subscription: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_load_balancer: 8, per_availability_set: 1, per_subscription: 32 }
    }
}

#[derive(Debug, Clone, Copy)]
struct State {
    running: usize,
    cap: f64,
}

/// The lanes of one run.
#[derive(Debug)]
pub struct Lanes {
    limits: Limits,
    states: Mutex<HashMap<Lane, State>>,
}

impl Lanes {
    /// Empty lanes.
    pub fn new(limits: Limits) -> Self {
        Self { limits, states: Mutex::default() }
    }

    fn most(&self, lane: &Lane) -> f64 {
        let n = match lane {
            Lane::LoadBalancer(_) => self.limits.per_load_balancer,
            Lane::AvailabilitySet(_) => self.limits.per_availability_set,
            Lane::Document(_) => 1,
            Lane::Subscription(_) => self.limits.per_subscription,
        };
        n.max(1) as f64
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<Lane, State>) -> T) -> T {
        act(&mut self.states.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Enters all lanes, or none where one is full.
    pub fn try_enter(&self, lanes: &[Lane]) -> bool {
        self.with(|states| {
            let room = |lane: &Lane| states.get(lane).is_none_or(|s| (s.running as f64) < s.cap.floor().max(1.0));
            if !lanes.iter().all(room) {
                return false;
            }
            for lane in lanes {
                let cap = self.most(lane);
                states.entry(lane.clone()).or_insert(State { running: 0, cap }).running += 1;
            }
            true
        })
    }

    /// Leaves the lanes. A success lets their caps grow.
    pub fn leave(&self, lanes: &[Lane], success: bool) {
        self.with(|states| {
            for lane in lanes {
                let most = self.most(lane);
                if let Some(s) = states.get_mut(lane) {
                    s.running = s.running.saturating_sub(1);
                    if success {
                        s.cap = (s.cap + 1.0 / s.cap).min(most);
                    }
                }
            }
        });
    }

    /// Azure said that this is too much: the caps halve.
    pub fn ease(&self, lanes: &[Lane]) {
        self.with(|states| {
            for lane in lanes {
                if let Some(s) = states.get_mut(lane) {
                    s.cap = (s.cap / 2.0).max(1.0);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_is_full_at_its_cap_and_adapts() {
        let lanes = Lanes::new(Limits { per_load_balancer: 4, ..Limits::default() });
        let lb = [Lane::LoadBalancer(ResourceId::parse("/subscriptions/s/resourceGroups/r").unwrap())];
        let enter = |n: usize| (0..n).filter(|_| lanes.try_enter(&lb)).count();
        assert_eq!(enter(9), 4);
        lanes.ease(&lb);
        (0..4).for_each(|_| lanes.leave(&lb, false));
        assert_eq!(enter(9), 2);
        (0..2).for_each(|_| lanes.leave(&lb, true));
        (0..20).for_each(|_| lanes.leave(&lb, true));
        assert_eq!(enter(9), 4);
    }
}
