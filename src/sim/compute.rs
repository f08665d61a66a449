//! Writes of Compute resources: instances of Uniform scale sets, and power.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::State;
use super::answer::{Answer, not_found};
use super::handle::Call;
use super::operation::{Effect, Provider};
use super::scale::MODEL;
use super::store::{INSTANCE_NIC, array, pools_of_nic, str_at};
use crate::arm::id::ResourceId;

const NIC_CONFIGS: &str = "/properties/networkProfileConfiguration/networkInterfaceConfigurations";

impl State {
    pub(super) fn put_instance(&mut self, call: &Call, id: &ResourceId, body: &Value) -> Answer {
        let key = id.folded();
        let Some(before) = self.store.document(&key).cloned() else {
            return Answer::error(
                400,
                "InvalidParameter",
                format!(
                    "The provided instanceId {} is not an active Virtual Machine Scale Set VM instanceId.",
                    id.name()
                ),
            );
        };
        if let Some(answer) = self.check_match(call, &key, id).or_else(|| self.check_free(&key)) {
            return answer;
        }
        let mut after = before.clone();
        for field in ["tags", "plan", "identity"] {
            if let (Some(value), Some(object)) = (body.get(field), after.as_object_mut()) {
                object.insert(field.to_owned(), value.clone());
            }
        }
        for field in ["networkProfileConfiguration", "protectionPolicy", "hardwareProfile", "userData"] {
            let value = body.pointer(&format!("/properties/{field}"));
            if let (Some(value), Some(object)) = (value, after.get_mut("properties").and_then(Value::as_object_mut)) {
                object.insert(field.to_owned(), value.clone());
            }
        }
        // The NICs that Network shows follow the instance's own configuration.
        let mut nics = Vec::new();
        for nic_key in self.store.below(&key, INSTANCE_NIC) {
            if let Some(nic) = self.store.document(&nic_key) {
                let followed = follow(nic, &after);
                nics.push((nic_key, followed));
            }
        }
        let old: HashSet<(String, String)> =
            nics.iter().filter_map(|(k, _)| self.store.document(k)).flat_map(pools_of_nic).collect();
        let new: HashSet<(String, String)> = nics.iter().flat_map(|(_, n)| pools_of_nic(n)).collect();
        for (pool, ip_config) in new.difference(&old) {
            for (_, nic) in &nics {
                if let Some(answer) = self.refuse_join(pool, ip_config, nic) {
                    return answer;
                }
            }
        }
        if let Some(properties) = after.get_mut("properties").and_then(Value::as_object_mut) {
            // An instance written by itself no longer takes its definition from the set.
            if body.pointer("/properties/networkProfileConfiguration").is_some() && old != new {
                properties.insert("modelDefinitionApplied".to_owned(), json!("VirtualMachine"));
            }
            properties.insert("provisioningState".to_owned(), json!("Updating"));
        }
        let now = self.clock.now();
        self.store.insert(id, after);
        self.store.bump(&key, &mut self.chance);
        for (nic_key, nic) in nics {
            if let Some(slot) = self.store.document_mut(&nic_key) {
                *slot = nic;
            }
            self.store.bump(&nic_key, &mut self.chance);
        }
        for (pool, ip_config) in new.difference(&old) {
            self.store.join(pool, ip_config, now);
        }
        let left: Vec<Effect> = old
            .difference(&new)
            .map(|(pool, ip_config)| Effect::Left { pool: pool.clone(), ip_config: ip_config.clone() })
            .collect();
        let mut shown = self.store.document(&key).cloned().unwrap_or_default();
        if let Some(properties) = shown.get_mut("properties").and_then(Value::as_object_mut) {
            properties.remove("instanceView");
        }
        let answer = Answer::json(200, shown);
        // Instances take longer than NICs.
        let time = self.options.operation_time.mul_f64(1.5);
        self.begin(call, id, Provider::Compute, time, answer, |op| {
            op.holds = vec![key.clone()];
            op.effects = left;
            op.effects.push(Effect::Provisioned(key));
        })
    }

    /// Writes a set's model. Manual: its instances are no longer on the latest one. Automatic and
    /// Rolling: those that are not protected follow it when the operation ends.
    pub(super) fn put_scale_set(&mut self, call: &Call, id: &ResourceId, body: &Value) -> Answer {
        let key = id.folded();
        let Some(before) = self.store.document(&key).cloned() else {
            return self.make_scale_set(call, id, body.clone());
        };
        if let Some(answer) = self.check_match(call, &key, id).or_else(|| self.check_free(&key)) {
            return answer;
        }
        let mut after = body.clone();
        if let Some(object) = after.as_object_mut() {
            let capacity = body.pointer("/sku/capacity").cloned();
            // Compute keeps what a PUT does not name: az vmss scale sends location and sku alone.
            for (field, kept) in before.as_object().into_iter().flatten() {
                let slot = object.entry(field.clone()).or_insert_with(|| kept.clone());
                if field == "properties" {
                    super::generic::fill(slot, kept);
                }
            }
            for field in ["id", "name", "type", "etag", "location", "sku", "zones"] {
                if let Some(kept) = before.get(field) {
                    object.insert(field.to_owned(), kept.clone());
                }
            }
            if let (Some(capacity), Some(sku)) = (capacity, object.get_mut("sku").and_then(Value::as_object_mut)) {
                sku.insert("capacity".to_owned(), capacity);
            }
        }
        let model = after.pointer(MODEL).cloned().unwrap_or_default();
        let moved = before.pointer(MODEL) != Some(&model);
        let itself =
            str_at(&after, "/properties/upgradePolicy/mode").is_some_and(|m| !m.eq_ignore_ascii_case("Manual"));
        if let Some(properties) = after.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("provisioningState".to_owned(), json!("Updating"));
        }
        self.store.insert(id, after);
        self.store.bump(&key, &mut self.chance);
        let instances = if moved { self.instances_of(id) } else { Vec::new() };
        for instance in &instances {
            if let Some(properties) =
                self.store.document_mut(instance).and_then(|d| d.get_mut("properties")).and_then(Value::as_object_mut)
            {
                properties.insert("latestModelApplied".to_owned(), json!(false));
            }
        }
        let free = |i: &String| itself && !self.is_protected(i, "protectFromScaleSetActions");
        let followers: Vec<String> = instances.into_iter().filter(free).collect();
        let rolls = self
            .store
            .document(&key)
            .and_then(|d| str_at(d, "/properties/upgradePolicy/mode"))
            .is_some_and(|m| m.eq_ignore_ascii_case("Rolling"));
        let mut effects: Vec<Effect> = if rolls && !followers.is_empty() {
            self.begin_rolling(id, &model, followers).into_iter().collect()
        } else {
            let upgraded = |instance| Effect::Upgraded { instance, model: Box::new(model.clone()) };
            followers.into_iter().map(upgraded).collect()
        };
        let flexible =
            str_at(&before, "/properties/orchestrationMode").is_some_and(|m| m.eq_ignore_ascii_case("Flexible"));
        let capacity = |document: &Value| document.pointer("/sku/capacity").and_then(Value::as_u64);
        let wanted = self.store.document(&key).and_then(capacity);
        if let Some(wanted) = wanted.filter(|w| !flexible && Some(*w) != capacity(&before)) {
            effects.push(Effect::Scaled { set: key.clone(), capacity: wanted });
        }
        effects.push(Effect::Provisioned(key.clone()));
        let answer = Answer::json(200, self.store.document(&key).cloned().unwrap_or_default());
        let time = self.options.operation_time.mul_f64(2.0);
        self.begin(call, id, Provider::Compute, time, answer, |op| {
            op.holds = vec![key];
            op.effects = effects;
        })
    }

    /// An instance follows its set's model.
    pub(super) fn upgrade(&mut self, instance: &str, model: &Value, at: super::clock::SimTime) {
        let Some(document) = self.store.document_mut(instance) else { return };
        if let Some(properties) = document.get_mut("properties").and_then(Value::as_object_mut) {
            properties
                .insert("networkProfileConfiguration".to_owned(), json!({ "networkInterfaceConfigurations": model }));
            properties.insert("latestModelApplied".to_owned(), json!(true));
        }
        let document = document.clone();
        self.store.bump(instance, &mut self.chance);
        for key in self.store.below(instance, INSTANCE_NIC) {
            let Some(nic) = self.store.document(&key) else { continue };
            let old: HashSet<(String, String)> = pools_of_nic(nic).collect();
            let fresh = follow(nic, &document);
            let new: HashSet<(String, String)> = pools_of_nic(&fresh).collect();
            if let Some(slot) = self.store.document_mut(&key) {
                *slot = fresh;
            }
            for (pool, ip_config) in new.difference(&old) {
                self.store.join(pool, ip_config, at);
            }
            for (pool, ip_config) in old.difference(&new) {
                self.store.leave(pool, ip_config, at);
            }
        }
    }

    /// Starts or stops a machine.
    pub(super) fn power(&mut self, call: &Call, id: &ResourceId, action: &str) -> Answer {
        let key = id.folded();
        if self.store.document(&key).is_none() {
            return not_found(&id.resource_type(), id.name(), id.resource_group().unwrap_or_default());
        }
        if let Some(answer) = self.check_free(&key) {
            return answer;
        }
        let state = match action.to_ascii_lowercase().as_str() {
            "deallocate" => "deallocated",
            "poweroff" => "stopped",
            _ => "running",
        };
        let statuses = self
            .store
            .document_mut(&key)
            .and_then(|d| d.pointer_mut("/properties/instanceView/statuses"))
            .and_then(Value::as_array_mut);
        if let Some(statuses) = statuses {
            statuses.retain(|s| !str_at(s, "/code").is_some_and(|c| c.starts_with("PowerState/")));
            statuses.push(json!({ "code": format!("PowerState/{state}"), "level": "Info", "displayStatus": format!("VM {state}") }));
        }
        let now = self.clock.now();
        self.store.changed.insert(key.clone(), now);
        self.begin(call, id, Provider::Compute, self.options.operation_time, Answer::empty(202), |op| {
            op.holds = vec![key];
        })
    }
}

/// An instance's NIC with the pools that the instance's configuration names.
fn follow(nic: &Value, instance: &Value) -> Value {
    let mut nic = nic.clone();
    let name = str_at(&nic, "/name").unwrap_or_default().to_owned();
    let wanted = array(instance, NIC_CONFIGS).iter().find(|n| str_at(n, "/name") == Some(name.as_str()));
    let configs = nic.pointer_mut("/properties/ipConfigurations").and_then(Value::as_array_mut);
    for config in configs.into_iter().flatten() {
        let own = str_at(config, "/name").unwrap_or_default().to_owned();
        let source = wanted
            .map(|w| array(w, "/properties/ipConfigurations"))
            .and_then(|list| list.iter().find(|c| str_at(c, "/name") == Some(own.as_str())));
        let pools = source.and_then(|s| s.pointer("/properties/loadBalancerBackendAddressPools")).cloned();
        if let Some(properties) = config.get_mut("properties").and_then(Value::as_object_mut) {
            match pools {
                Some(pools) => properties.insert("loadBalancerBackendAddressPools".to_owned(), pools),
                None => properties.remove("loadBalancerBackendAddressPools"),
            };
        }
    }
    nic
}
