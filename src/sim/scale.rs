//! Actions on scale sets: instances brought to the latest model, and more or fewer of them.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::State;
use super::answer::{Answer, not_found};
use super::clock::SimTime;
use super::generic::{complete_disk, fill, hide_secrets, machine_view, name_disks};
use super::handle::Call;
use super::operation::{Effect, Provider};
use super::store::{INSTANCE, INSTANCE_NIC, NIC, array, str_at};
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
        let effects = chosen
            .iter()
            .filter(|k| !self.is_protected(k, "protectFromScaleSetActions"))
            .map(|k| Effect::Upgraded { instance: k.clone(), model: Box::new(model.clone()) })
            .collect();
        let time = self.options.operation_time.mul_f64(1.5);
        self.begin(call, set, Provider::Compute, time, Answer::empty(202), |op| {
            op.holds = chosen;
            op.effects = effects;
        })
    }

    /// `POST {set}/delete` with `{"instanceIds": [...]}`.
    pub(super) fn delete_instances(&mut self, call: &Call, set: &ResourceId) -> Answer {
        let body = match call.json() {
            Ok(body) => body,
            Err(answer) => return *answer,
        };
        let ids: Vec<&str> = array(&body, "/instanceIds").iter().filter_map(Value::as_str).collect();
        let chosen: Vec<String> =
            self.instances_of(set).into_iter().filter(|k| ids.iter().any(|id| *id == "*" || *id == last(k))).collect();
        let effects = chosen.iter().map(|k| Effect::Retired(k.clone())).collect();
        self.begin(call, set, Provider::Compute, self.options.operation_time, Answer::empty(202), |op| {
            op.holds = chosen;
            op.effects = effects;
        })
    }

    /// An action that leaves the document as it is: reimage, redeploy, a run command.
    pub(super) fn pass(&mut self, call: &Call, target: &ResourceId) -> Answer {
        let key = target.folded();
        if self.store.document(&key).is_none() {
            return not_found(&target.resource_type(), target.name(), target.resource_group().unwrap_or_default());
        }
        // Recorded: two of them may run at once.
        self.begin(call, target, Provider::Compute, self.options.operation_time, Answer::empty(202), |_| {})
    }

    /// A set's instances, by number.
    pub(super) fn instances_of(&self, set: &ResourceId) -> Vec<String> {
        let mut keys = self.store.below(&set.folded(), INSTANCE);
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
        while keys.len() as u64 > capacity {
            let Some(place) = keys.iter().rposition(|k| !self.is_protected(k, "protectFromScaleIn")) else { return };
            self.retire(&keys.remove(place), at);
        }
    }

    fn spawn(&mut self, set: &ResourceId, keys: &[String], at: SimTime) -> Option<String> {
        let document = self.store.document(&set.folded())?;
        let model = document.pointer(MODEL).cloned().unwrap_or_default();
        let Some(pattern) = keys.last().and_then(|k| self.store.document(k)).cloned() else {
            let document = document.clone();
            return self.first_instance(set, &document, at);
        };
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
        let nics = self.store.below(&old_id.to_ascii_lowercase(), INSTANCE_NIC);
        let nics: Vec<Value> = nics.iter().filter_map(|k| self.store.document(k).cloned()).collect();
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

    /// A new set, with what Azure adds to it; its instances are there when the operation ends.
    pub(super) fn make_scale_set(&mut self, call: &Call, id: &ResourceId, mut body: Value) -> Answer {
        let key = id.folded();
        let guid = super::store::guid(&mut self.chance);
        let now = jiff::Timestamp::now().to_string();
        let Some(object) = body.as_object_mut() else { return Answer::empty(400) };
        object.insert("id".to_owned(), json!(id.as_str()));
        object.insert("name".to_owned(), json!(id.name()));
        object.insert("type".to_owned(), json!("Microsoft.Compute/virtualMachineScaleSets"));
        object.insert("etag".to_owned(), json!("\"1\""));
        fill(object.entry("sku").or_insert_with(|| json!({})), &json!({ "tier": "Standard", "capacity": 0 }));
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        fill(
            properties,
            &json!({
                "singlePlacementGroup": true, "orchestrationMode": "Uniform", "overprovision": true, "uniqueId": guid,
                "doNotRunExtensionsOnOverprovisionedVMs": false, "platformFaultDomainCount": 5, "timeCreated": now,
                "upgradePolicy": { "mode": "Manual" },
                "virtualMachineProfile": { "timeCreated": now },
            }),
        );
        if let Some(policy) = properties.pointer_mut("/upgradePolicy/automaticOSUpgradePolicy") {
            fill(policy, &json!({ "useRollingUpgradePolicy": false }));
        }
        if let Some(profile) = properties.pointer_mut("/virtualMachineProfile/osProfile") {
            hide_secrets(profile);
        }
        if let Some(storage) = properties.pointer_mut("/virtualMachineProfile/storageProfile") {
            complete_disk(storage);
        }
        for nic in body.pointer_mut(MODEL).and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(properties) = nic.get_mut("properties") else { continue };
            fill(
                properties,
                &json!({ "enableAcceleratedNetworking": false, "disableTcpStateTracking": false,
                "dnsSettings": { "dnsServers": [] }, "enableIPForwarding": false }),
            );
            for config in properties.get_mut("ipConfigurations").and_then(Value::as_array_mut).into_iter().flatten() {
                fill(config, &json!({ "properties": { "privateIPAddressVersion": "IPv4" } }));
            }
        }
        if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("provisioningState".to_owned(), json!("Creating"));
        }
        let capacity = body.pointer("/sku/capacity").and_then(Value::as_u64).unwrap_or(0);
        let uniform = str_at(&body, "/properties/orchestrationMode").is_none_or(|m| m.eq_ignore_ascii_case("Uniform"));
        self.store.insert(id, body.clone());
        let answer = Answer::json(201, body);
        self.begin(call, id, Provider::Compute, self.options.operation_time.mul_f64(2.0), answer, |op| {
            op.holds = vec![key.clone()];
            if uniform {
                op.effects.push(Effect::Scaled { set: key.clone(), capacity });
            }
            op.effects.push(Effect::Provisioned(key));
        })
    }

    /// The first instance of a set, made from the model alone.
    fn first_instance(&mut self, set: &ResourceId, document: &Value, at: SimTime) -> Option<String> {
        let model = document.pointer(MODEL).cloned().unwrap_or_default();
        // One more is made than was asked for, and the first is taken away: recorded, where the set overprovisions.
        let number = u8::from(document.pointer("/properties/overprovision") == Some(&json!(true)));
        let id = ResourceId::parse(&format!("{}/virtualMachines/{number}", str_at(document, "/id")?)).ok()?;
        let profile = |name: &str| document.pointer(&format!("/properties/virtualMachineProfile/{name}")).cloned();
        let mut os = profile("osProfile").unwrap_or_default();
        if let Some(os) = os.as_object_mut() {
            let prefix = os.remove("computerNamePrefix");
            let prefix = prefix.as_ref().and_then(Value::as_str).unwrap_or("vm").to_owned();
            os.insert("computerName".to_owned(), json!(format!("{prefix}00000{number}")));
        }
        let nic_names: Vec<&str> = model.as_array()?.iter().filter_map(|n| str_at(n, "/name")).collect();
        let interfaces: Vec<Value> =
            nic_names.iter().map(|n| json!({ "id": format!("{id}/networkInterfaces/{n}") })).collect();
        let mut storage = profile("storageProfile").unwrap_or_else(|| json!({}));
        name_disks(&mut storage, &ResourceId::parse(&format!("{}_{number}", str_at(document, "/id")?)).ok()?);
        let mut body = json!({
            "id": id.as_str(), "name": format!("{}_{number}", set.name()), "instanceId": number.to_string(), "etag": "\"1\"",
            "type": "Microsoft.Compute/virtualMachineScaleSets/virtualMachines",
            "location": document.get("location"), "sku": { "name": document.pointer("/sku/name"), "tier": "Standard" },
            "properties": {
                "latestModelApplied": true, "modelDefinitionApplied": "VirtualMachineScaleSet",
                "provisioningState": "Succeeded", "vmId": super::store::guid(&mut self.chance),
                "hardwareProfile": { "vmSize": document.pointer("/sku/name") },
                "networkProfileConfiguration": { "networkInterfaceConfigurations": model },
                "networkProfile": { "networkInterfaces": interfaces },
                "osProfile": os, "storageProfile": storage, "resilientVMDeletionStatus": "Disabled",
                "timeCreated": jiff::Timestamp::now().to_string(),
            },
        });
        if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
            let mut view = machine_view(properties);
            fill(
                &mut view,
                &json!({ "placementGroupId": super::store::guid(&mut self.chance), "platformUpdateDomain": 0,
                "platformFaultDomain": 0 }),
            );
            properties.insert("instanceView".to_owned(), view);
        }
        self.store.insert(&id, body);
        for nic in model.as_array()? {
            let name = str_at(nic, "/name")?;
            let nic_id = ResourceId::parse(&format!("{id}/networkInterfaces/{name}")).ok()?;
            let configs: Vec<Value> = array(nic, "/properties/ipConfigurations")
                .iter()
                .map(|c| {
                    let own = str_at(c, "/name").unwrap_or_default();
                    let address = str_at(c, "/properties/subnet/id").and_then(|s| self.address_in(s));
                    json!({ "name": own, "id": format!("{nic_id}/ipConfigurations/{own}"),
                        "properties": { "provisioningState": "Succeeded", "privateIPAddress": address,
                            "privateIPAllocationMethod": "Dynamic", "subnet": c.pointer("/properties/subnet"),
                            "primary": c.pointer("/properties/primary").cloned().unwrap_or(json!(true)),
                            "privateIPAddressVersion": c.pointer("/properties/privateIPAddressVersion").cloned().unwrap_or(json!("IPv4")) } })
                })
                .collect();
            let body = json!({ "name": name, "id": nic_id.as_str(),
                "properties": { "provisioningState": "Succeeded", "ipConfigurations": configs,
                    "dnsSettings": { "dnsServers": [] }, "primary": nic.pointer("/properties/primary"),
                    "virtualMachine": { "id": id.as_str() } } });
            self.store.insert(&nic_id, body);
        }
        self.store.changed.insert(id.folded(), at);
        self.upgrade(&id.folded(), &model, at);
        Some(id.folded())
    }

    /// The next address after this one that nobody has.
    pub(super) fn free_address(&self, after: Ipv4Addr) -> Option<Ipv4Addr> {
        let mut taken = std::collections::HashSet::new();
        for key in [NIC, INSTANCE_NIC].iter().flat_map(|kind| self.store.keys_of_type(kind)) {
            let Some(nic) = self.store.document(&key) else { continue };
            let configs = array(nic, "/properties/ipConfigurations").iter();
            taken.extend(configs.filter_map(|c| str_at(c, "/properties/privateIPAddress").map(str::to_owned)));
        }
        (u32::from(after)..u32::MAX).skip(1).map(Ipv4Addr::from).find(|ip| !taken.contains(&ip.to_string()))
    }

    /// An instance is gone, and its NICs with it.
    pub(super) fn retire(&mut self, instance: &str, at: SimTime) {
        for nic in self.store.below(instance, INSTANCE_NIC) {
            self.vanish(&nic, at);
        }
        self.store.remove(instance);
    }

    /// Whether an instance's protection policy says so.
    pub(super) fn is_protected(&self, instance: &str, from: &str) -> bool {
        let policy = self.store.document(instance).and_then(|d| d.pointer("/properties/protectionPolicy"));
        policy.and_then(|p| p.get(from)) == Some(&json!(true))
    }
}

fn last(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or_default()
}
