//! Rolling upgrades: batch by batch, with pauses, as `rollingUpgrades/latest` tells.
//!
//! Source: Azure docs, virtual machine scale sets upgrade policy: `maxBatchInstancePercent` (20 where the
//! policy is silent) and `pauseTimeBetweenBatches` (none).

use std::time::Duration;

use serde_json::{Value, json};

use super::State;
use super::clock::SimTime;
use super::operation::{Effect, Provider, Wave};
use super::store;
use crate::arm::id::ResourceId;

impl State {
    /// Notes that a rolling upgrade begins; its first batch follows when the write of the model ends.
    pub(super) fn begin_rolling(&mut self, set: &ResourceId, model: &Value, left: Vec<String>) -> Option<Effect> {
        let upgrade = set.child("rollingUpgrades", "latest").ok()?;
        let document = self.store.document(&set.folded())?;
        let policy = document.pointer("/properties/upgradePolicy/rollingUpgradePolicy");
        let percent = policy.and_then(|p| p.get("maxBatchInstancePercent")).and_then(Value::as_u64).unwrap_or(20);
        let share = left.len().saturating_mul(usize::try_from(percent).unwrap_or(20)) / 100;
        let pause = policy.and_then(|p| p.get("pauseTimeBetweenBatches")).and_then(Value::as_str);
        let pause = pause.and_then(|p| p.parse::<jiff::SignedDuration>().ok()).and_then(|p| p.try_into().ok());
        let location = document.get("location").cloned().unwrap_or_default();
        let wave = Wave {
            upgrade: upgrade.folded(),
            model: model.clone(),
            batch: share.max(1),
            pause: pause.unwrap_or(Duration::ZERO),
            left,
        };
        let progress = progress(0, wave.batch.min(wave.left.len()), wave.left.len());
        self.store.insert(
            &upgrade,
            json!({ "id": upgrade.as_str(), "name": "latest", "location": location,
                "type": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
                "properties": { "policy": policy_of(percent, wave.pause), "progress": progress,
                    "runningStatus": { "code": "RollingForward", "lastAction": "Start" } } }),
        );
        Some(Effect::Wave(Box::new(wave)))
    }

    /// A batch has followed; the next one begins, or the upgrade ends.
    pub(super) fn wave(&mut self, mut wave: Wave, at: SimTime) {
        let later = wave.left.split_off(wave.batch.min(wave.left.len()));
        let followed = std::mem::replace(&mut wave.left, later);
        for instance in &followed {
            self.upgrade(instance, &wave.model, at);
        }
        let document = self.store.document_mut(&wave.upgrade);
        if let Some(properties) = document.and_then(|d| d.get_mut("properties")).and_then(Value::as_object_mut) {
            let before = properties.get("progress").and_then(|p| p.get("successfulInstanceCount"));
            let done = before.and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            let now = progress(done + followed.len(), wave.batch.min(wave.left.len()), wave.left.len());
            properties.insert("progress".to_owned(), now);
            if let (true, Some(status)) =
                (wave.left.is_empty(), properties.get_mut("runningStatus").and_then(Value::as_object_mut))
            {
                status.insert("code".to_owned(), json!("Completed"));
            }
        }
        if !wave.left.is_empty() {
            let time = self.options.operation_time.mul_f64(0.75 + 0.5 * self.chance.f64()) + wave.pause;
            let id = store::guid(&mut self.chance);
            self.operations.start(Provider::Compute, id, at + time).effects = vec![Effect::Wave(Box::new(wave))];
        }
    }
}

/// `waiting` are those that have not followed, of which a batch is under way.
fn progress(done: usize, batch: usize, waiting: usize) -> Value {
    json!({ "successfulInstanceCount": done, "failedInstanceCount": 0, "inProgressInstanceCount": batch,
        "pendingInstanceCount": waiting.saturating_sub(batch) })
}

fn policy_of(percent: u64, pause: Duration) -> Value {
    json!({ "maxBatchInstancePercent": percent, "pauseTimeBetweenBatches": format!("PT{}S", pause.as_secs()) })
}
