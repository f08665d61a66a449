//! Actions on scale sets: instances brought to the latest model, and more or fewer of them.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::State;
use super::answer::{Answer, not_found};
use super::clock::SimTime;
use super::handle::Call;
use super::operation::{Effect, Provider};
use super::store::{INSTANCE, INSTANCE_NIC, NIC, array, pools_of_nic, str_at};
use crate::arm::id::ResourceId;

pub(super) const MODEL: &str = "/properties/virtualMachineProfile/networkProfile/networkInterfaceConfigurations";

impl State {
    /// `POST {set}/manualupgrade` with `{"instanceIds": ["0", …]}` or `["*"]`. Protected ones are passed by.
    pub(super) fn manual_upgrade(&mut self, call: &Call, set: &ResourceId) -> Answer {
        let key = set.folded();
        let Some(document) = self.store.document(&key) else {
            return not_found(&set.resource_type(), set.name(), set.resource_group().unwrap_or_default());
        };
        let model = document.pointer(MODEL).cloned().unwrap_or_default();
        let body = match call.json() {
            Ok(body) => body,
            Err(answer) => return *answer,
        };
        let ids: Vec<&str> = array(&body, "/instanceIds").iter().filter_map(Value::as_str).collect();
        if ids.is_empty() {
            return Answer::error(400, "InvalidParameter", "Required parameter 'instanceIds' is missing (null).");
        }
        let instances = self.instances_of(set);
        let unknown = ids.iter().find(|id| **id != "*" && !instances.iter().any(|k| last(k) == **id));
        if let Some(id) = unknown {
            return Answer::error(
                400,
                "InvalidParameter",
                format!("The provided instanceId {id} is not an active Virtual Machine Scale Set VM instanceId."),
            );
        }
        let chosen: Vec<String> =
            instances.into_iter().filter(|k| ids.iter().any(|id| *id == "*" || *id == last(k))).collect();
        if let Some(answer) = chosen.iter().find_map(|k| self.check_free(k)).or_else(|| self.check_free(&key)) {
            return answer;
        }
        let protected = |k: &String| {
            let document = self.store.document(k);
            document.and_then(|d| d.pointer("/properties/protectionPolicy/protectFromScaleSetActions"))
                == Some(&json!(true))
        };
        let effects = chosen
            .iter()
            .filter(|k| !protected(k))
            .map(|k| Effect::Upgraded { instance: k.clone(), model: Box::new(model.clone()) })
            .collect();
        let time = self.options.operation_time.mul_f64(1.5);
        self.begin(call, set, Provider::Compute, time, Answer::empty(202), |op| {
            op.holds = chosen;
            op.effects = effects;
        })
    }

    /// A set's instances, by number.
    pub(super) fn instances_of(&self, set: &ResourceId) -> Vec<String> {
        let prefix = format!("{}/", set.folded());
        let mut keys: Vec<String> =
            self.store.keys(set.subscription(), INSTANCE).iter().filter(|k| k.starts_with(&prefix)).cloned().collect();
        keys.sort_by_key(|k| last(k).parse::<u64>().unwrap_or(u64::MAX));
        keys
    }

    /// Brings a set to a number of instances: new ones are made as the newest there is, and follow the
    /// model; those with the highest numbers go first, protected ones never.
    pub(super) fn scaled(&mut self, set: &str, capacity: u64, at: SimTime) {
        let Some(set) = self.store.document(set).and_then(|d| ResourceId::parse(str_at(d, "/id")?).ok()) else {
            return;
        };
        let mut keys = self.instances_of(&set);
        while (keys.len() as u64) < capacity {
            let Some(key) = self.spawn(&set, &keys, at) else { return };
            keys.push(key);
        }
        let kept = |store: &super::store::Store, k: &String| {
            let policy = store.document(k).and_then(|d| d.pointer("/properties/protectionPolicy/protectFromScaleIn"));
            policy == Some(&json!(true))
        };
        while keys.len() as u64 > capacity {
            let Some(place) = keys.iter().rposition(|k| !kept(&self.store, k)) else { return };
            self.retire(&keys.remove(place), &set, at);
        }
    }

    fn spawn(&mut self, set: &ResourceId, keys: &[String], at: SimTime) -> Option<String> {
        let document = self.store.document(&set.folded())?;
        let model = document.pointer(MODEL).cloned().unwrap_or_default();
        let pattern = keys.last().and_then(|k| self.store.document(k)).cloned()?;
        let number = keys.iter().filter_map(|k| last(k).parse::<u64>().ok()).max()? + 1;
        let old_id = str_at(&pattern, "/id")?.to_owned();
        let (head, _) = old_id.rsplit_once('/')?;
        let new_id = format!("{head}/{number}");
        let renamed = |value: &Value| -> Option<Value> {
            // Every id below the instance names it.
            let text = value.to_string().replace(&format!("{old_id}/"), &format!("{new_id}/"));
            serde_json::from_str(&text.replace(&format!("\"{old_id}\""), &format!("\"{new_id}\""))).ok()
        };
        let mut body = renamed(&pattern)?;
        let object = body.as_object_mut()?;
        object.insert("name".to_owned(), json!(format!("{}_{number}", set.name())));
        object.insert("instanceId".to_owned(), json!(number.to_string()));
        object.insert("etag".to_owned(), json!("\"1\""));
        let properties = object.get_mut("properties")?.as_object_mut()?;
        properties.insert("vmId".to_owned(), json!(super::store::guid(&mut self.chance)));
        properties.remove("protectionPolicy");
        properties.insert("provisioningState".to_owned(), json!("Succeeded"));
        let id = ResourceId::parse(&new_id).ok()?;
        let below = format!("{}/", old_id.to_ascii_lowercase());
        let nics: Vec<Value> = self
            .store
            .keys(set.subscription(), INSTANCE_NIC)
            .iter()
            .filter(|k| k.starts_with(&below))
            .filter_map(|k| self.store.document(k).cloned())
            .collect();
        self.store.insert(&id, body);
        for nic in nics {
            let mut nic = renamed(&nic)?;
            for config in nic.pointer_mut("/properties/ipConfigurations").and_then(Value::as_array_mut)? {
                let taken = str_at(config, "/properties/privateIPAddress").and_then(|ip| ip.parse().ok());
                if let (Some(ip), Some(properties)) = (
                    taken.and_then(|ip| self.free_address(ip)),
                    config.get_mut("properties").and_then(Value::as_object_mut),
                ) {
                    properties.insert("privateIPAddress".to_owned(), json!(ip.to_string()));
                    // The model decides, below.
                    properties.remove("loadBalancerBackendAddressPools");
                }
            }
            self.store.insert(&ResourceId::parse(str_at(&nic, "/id")?).ok()?, nic);
        }
        self.store.changed.insert(id.folded(), at);
        self.upgrade(&id.folded(), &model, at);
        Some(id.folded())
    }

    /// The next address after this one that nobody has.
    fn free_address(&self, after: Ipv4Addr) -> Option<Ipv4Addr> {
        let mut taken = std::collections::HashSet::new();
        for key in [NIC, INSTANCE_NIC].iter().flat_map(|kind| self.store.keys_of_type(kind)) {
            let Some(nic) = self.store.document(&key) else { continue };
            let configs = array(nic, "/properties/ipConfigurations").iter();
            taken.extend(configs.filter_map(|c| str_at(c, "/properties/privateIPAddress").map(str::to_owned)));
        }
        (u32::from(after)..u32::MAX).skip(1).map(Ipv4Addr::from).find(|ip| !taken.contains(&ip.to_string()))
    }

    fn retire(&mut self, instance: &str, set: &ResourceId, at: SimTime) {
        let below = format!("{instance}/");
        let nics: Vec<String> = self
            .store
            .keys(set.subscription(), INSTANCE_NIC)
            .iter()
            .filter(|k| k.starts_with(&below))
            .cloned()
            .collect();
        for nic in nics {
            let pools: Vec<(String, String)> =
                self.store.document(&nic).map(|n| pools_of_nic(n).collect()).unwrap_or_default();
            self.store.remove(&nic);
            for (pool, ip_config) in pools {
                self.store.leave(&pool, &ip_config, at);
            }
        }
        self.store.remove(instance);
    }
}

fn last(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}
