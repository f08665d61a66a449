//! Writes of what load balancing leans on: resource groups, public addresses, virtual networks and
//! their subnets, security groups, machines. Stored as given, with what ARM adds of itself.
//!
//! The added fields are those of the recorded answers.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::State;
use super::answer::Answer;
use super::handle::Call;
use super::operation::{Effect, Provider};
use super::store::{self, VM, children, key_of};
use crate::arm::id::ResourceId;

pub(super) const PUBLIC_ADDRESS: &str = "microsoft.network/publicipaddresses";
pub(super) const VIRTUAL_NETWORK: &str = "microsoft.network/virtualnetworks";
pub(super) const SUBNET: &str = "microsoft.network/virtualnetworks/subnets";
pub(super) const SECURITY_GROUP: &str = "microsoft.network/networksecuritygroups";
pub(super) const EXTENSION: &str = "microsoft.compute/virtualmachines/extensions";

impl State {
    /// PUT of a resource without rules of its own.
    pub(super) fn put_generic(&mut self, call: &Call, id: &ResourceId, kind: &str, mut body: Value) -> Answer {
        let key = id.folded();
        if let Some(answer) = self.check_match(call, &key, id).or_else(|| self.check_free(&key)) {
            return answer;
        }
        let before = self.store.document(&key).cloned();
        let compute = kind.starts_with("microsoft.compute/");
        let guid = |state: &mut Self, field: &str| {
            let kept = before.as_ref().and_then(|b| b.pointer(&format!("/properties/{field}"))).cloned();
            kept.unwrap_or_else(|| json!(store::guid(&mut state.chance)))
        };
        let guid_field = if compute { "vmId" } else { "resourceGuid" };
        let own = guid(self, guid_field);
        let Some(object) = body.as_object_mut() else { return Answer::empty(400) };
        object.insert(
            "id".to_owned(),
            before.as_ref().and_then(|b| b.get("id")).cloned().unwrap_or_else(|| json!(id.as_str())),
        );
        object.insert("name".to_owned(), json!(id.name()));
        object.insert("type".to_owned(), json!(id.resource_type()));
        if kind == PUBLIC_ADDRESS {
            fill(object.entry("sku").or_insert_with(|| json!({})), &json!({ "name": "Basic", "tier": "Regional" }));
        }
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        fill(properties, &defaults(kind, id));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(guid_field.to_owned(), own);
            let state = if compute && before.is_none() { "Creating" } else { "Updating" };
            properties.insert("provisioningState".to_owned(), json!(state));
            if kind == VM {
                if let Some(profile) = properties.get_mut("osProfile") {
                    hide_secrets(profile);
                }
                if let Some(storage) = properties.get_mut("storageProfile") {
                    complete_disk(storage);
                    name_disks(storage, id);
                }
                let view = machine_view(properties);
                properties.insert("instanceView".to_owned(), view);
            }
        }
        for list in ["subnets", "securityRules", "defaultSecurityRules"] {
            name_children(&mut body, id, list);
        }
        // Recorded: a virtual network's write answers 201 each time.
        let status = if before.is_some() && kind != VIRTUAL_NETWORK { 200 } else { 201 };
        // A static public address is given at once.
        let fixed = store::str_at(&body, "/properties/publicIPAllocationMethod")
            .is_some_and(|m| m.eq_ignore_ascii_case("Static"));
        if kind == PUBLIC_ADDRESS && fixed {
            let kept = before.as_ref().and_then(|b| b.pointer("/properties/ipAddress")).cloned();
            let address = kept.unwrap_or_else(|| json!(format!("203.0.113.{}", self.chance.u8(1..255))));
            if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
                properties.insert("ipAddress".to_owned(), address);
            }
        }
        let unchanged = before.as_ref().is_some_and(|b| alike(b, &body));
        if let Some(etag) = before.as_ref().and_then(|b| b.get("etag")).cloned()
            && let Some(object) = body.as_object_mut()
        {
            object.insert("etag".to_owned(), etag);
        }
        self.store.insert(id, body);
        self.store.bump(&key, &mut self.chance);
        if kind == VM {
            self.attach(id);
        }
        let shown = super::reads::without_view(self.store.document(&key).unwrap_or(&Value::Null));
        let provider = if compute { Provider::Compute } else { Provider::Network };
        let time = match (unchanged, compute) {
            // Recorded: a write that changes nothing has ended when it is answered.
            (true, _) => Duration::ZERO,
            (false, true) => self.options.operation_time.mul_f64(2.0),
            (false, false) => self.options.operation_time,
        };
        let mut answer = self.begin(call, id, provider, time, Answer::json(status, shown), |op| {
            op.holds = vec![key.clone()];
            op.effects = vec![Effect::Provisioned(key)];
        });
        if unchanged && compute && call.method != http::Method::PATCH {
            // Recorded: and Compute names no operation then.
            answer.headers.retain(|(name, _)| *name != "azure-asyncoperation");
        }
        answer
    }

    /// A machine is gone: its NICs no longer name it.
    pub(super) fn detach(&mut self, vm: &str) {
        for key in self.store.keys_of_type(store::NIC) {
            let own = |d: &Value| {
                store::str_at(d, "/properties/virtualMachine/id").is_some_and(|i| i.eq_ignore_ascii_case(vm))
            };
            if self.store.document(&key).is_some_and(own)
                && let Some(properties) =
                    self.store.document_mut(&key).and_then(|d| d.get_mut("properties")).and_then(Value::as_object_mut)
            {
                properties.remove("virtualMachine");
            }
        }
    }

    /// A machine's NICs name it.
    fn attach(&mut self, vm: &ResourceId) {
        let document = self.store.document(&vm.folded());
        let nics: Vec<String> = document
            .map(|d| store::array(d, "/properties/networkProfile/networkInterfaces"))
            .unwrap_or_default()
            .iter()
            .filter_map(|n| Some(store::str_at(n, "/id")?.to_ascii_lowercase()))
            .collect();
        for nic in nics {
            let properties =
                self.store.document_mut(&nic).and_then(|d| d.get_mut("properties")).and_then(Value::as_object_mut);
            if let Some(properties) = properties {
                properties.insert("virtualMachine".to_owned(), json!({ "id": vm.as_str() }));
                properties.insert("primary".to_owned(), json!(true));
            }
        }
    }

    /// PUT of a child that lives inside its parent's document: a subnet, a NAT rule.
    pub(super) fn put_child(
        &mut self,
        call: &Call,
        id: &ResourceId,
        kind: &str,
        list: &str,
        mut body: Value,
    ) -> Answer {
        let Some(parent) = id.parent() else { return Answer::empty(400) };
        let (key, child) = (parent.folded(), id.folded());
        if let Some(answer) = self.check_match(call, &key, id).or_else(|| self.check_free(&key)) {
            return answer;
        }
        self.store.refresh(&key);
        let Some(document) = self.store.document(&key) else {
            let message = format!("The parent resource {parent} of {} was not found.", id.name());
            return Answer::network_error(404, "ParentResourceNotFound", message);
        };
        let was = children(Some(document), list).iter().find(|c| key_of(c).as_ref() == Some(&child)).cloned();
        let fresh = was.is_none();
        let Some(object) = body.as_object_mut() else { return Answer::empty(400) };
        object.insert("id".to_owned(), json!(id.as_str()));
        object.insert("name".to_owned(), json!(id.name()));
        object.insert("type".to_owned(), json!(id.resource_type()));
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        fill(properties, &defaults(kind, id));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("provisioningState".to_owned(), json!("Succeeded"));
        }
        let unchanged = was.is_some_and(|w| alike(&w, &body));
        let held = self.store.document_mut(&key).and_then(|d| d.get_mut("properties")).and_then(Value::as_object_mut);
        let held = held.map(|p| p.entry(list).or_insert_with(|| json!([]))).and_then(Value::as_array_mut);
        if let Some(held) = held {
            held.retain(|c| key_of(c).as_ref() != Some(&child));
            held.push(body);
        }
        if list == "inboundNatRules"
            && let Some(document) = self.store.document_mut(&key)
        {
            super::network::refer_back(document);
        }
        self.store.bump(&key, &mut self.chance);
        let held = children(self.store.document(&key), list);
        let mut shown = held.iter().find(|c| key_of(c).as_ref() == Some(&child)).cloned().unwrap_or_default();
        if fresh && let Some(properties) = shown.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert("provisioningState".to_owned(), json!("Updating"));
        }
        let answer = Answer::json(if fresh { 201 } else { 200 }, shown);
        let time = if unchanged { Duration::ZERO } else { self.options.operation_time };
        self.begin(call, id, Provider::Network, time, answer, |op| {
            op.holds = vec![key.clone()];
            op.effects = vec![Effect::Provisioned(key)];
        })
    }

    /// PUT and DELETE of a resource group. Deleting takes everything in it along.
    pub(super) fn put_group(&mut self, call: &Call, subscription: &str, group: &str) -> Answer {
        let body = match call.json() {
            Ok(body) => body,
            Err(answer) => return *answer,
        };
        let id = format!("/subscriptions/{subscription}/resourceGroups/{group}");
        let Ok(parsed) = ResourceId::parse(&id) else { return Answer::empty(400) };
        let fresh = !self.store.has_group(subscription, group);
        let mut document = json!({ "id": id, "name": group, "type": "Microsoft.Resources/resourceGroups",
            "properties": { "provisioningState": "Succeeded" } });
        for field in ["location", "tags"] {
            if let (Some(value), Some(object)) = (body.get(field), document.as_object_mut()) {
                object.insert(field.to_owned(), value.clone());
            }
        }
        self.store.insert(&parsed, document.clone());
        Answer::json(if fresh { 201 } else { 200 }, document)
    }

    pub(super) fn delete_group(&mut self, call: &Call, subscription: &str, group: &str) -> Answer {
        let id = format!("/subscriptions/{subscription}/resourceGroups/{group}");
        let Ok(parsed) = ResourceId::parse(&id) else { return Answer::empty(400) };
        let prefix = format!("{}/", parsed.folded());
        let keys: Vec<String> = self
            .store
            .documents()
            .iter()
            .filter_map(key_of)
            .filter(|k| k.starts_with(&prefix) || *k == parsed.folded())
            .collect();
        let mut answer =
            self.begin(call, &parsed, Provider::Network, Duration::from_secs(1), Answer::empty(202), |op| {
                op.effects = keys.into_iter().map(Effect::Deleted).collect();
            });
        // Recorded: a Location alone, under the subscription.
        answer.headers.retain(|(name, _)| *name != "azure-asyncoperation");
        answer
    }
}

/// Passwords and keys go in and never come out.
pub(super) fn hide_secrets(profile: &mut Value) {
    if let Some(object) = profile.as_object_mut() {
        object.remove("adminPassword");
        object.remove("customData");
    }
    fill(profile, &json!({ "secrets": [], "allowExtensionOperations": true, "requireGuestProvisionSignal": true }));
    if profile.get("linuxConfiguration").is_none() {
        fill(
            profile,
            &json!({ "windowsConfiguration": { "provisionVMAgent": true, "enableAutomaticUpdates": true,
            "enableVMAgentPlatformUpdates": true,
            "patchSettings": { "patchMode": "AutomaticByOS", "assessmentMode": "ImageDefault" } } }),
        );
    }
}

/// What Azure adds to a storage profile.
pub(super) fn complete_disk(storage: &mut Value) {
    fill(
        storage,
        &json!({ "osDisk": { "osType": "Windows", "createOption": "FromImage", "caching": "None",
        "managedDisk": { "storageAccountType": "Premium_LRS" }, "deleteOption": "Detach", "diskSizeGB": 127 } }),
    );
    if storage.get("imageReference").is_some() {
        fill(storage, &json!({ "imageReference": { "exactVersion": "1.0.0" } }));
    }
}

/// The names and ids of a machine's own disks.
pub(super) fn name_disks(storage: &mut Value, machine: &ResourceId) {
    let group = machine.as_str().split("/providers/").next().unwrap_or_default().to_owned();
    let complete = |disk: &mut Value, name: String| {
        fill(
            disk,
            &json!({ "name": name, "caching": "None", "managedDisk": { "storageAccountType": "Standard_LRS" } }),
        );
        let name = store::str_at(disk, "/name").unwrap_or_default().to_owned();
        let id = json!({ "managedDisk": { "id": format!("{group}/providers/Microsoft.Compute/disks/{name}") } });
        fill(disk, &id);
    };
    if let Some(disk) = storage.get_mut("osDisk") {
        complete(disk, format!("{}_OsDisk_1", machine.name()));
    }
    fill(storage, &json!({ "dataDisks": [] }));
    for (n, disk) in storage.get_mut("dataDisks").and_then(Value::as_array_mut).into_iter().flatten().enumerate() {
        fill(disk, &json!({ "toBeDetached": false }));
        complete(disk, format!("{}_disk{}", machine.name(), n + 2));
    }
}

/// What a running machine's agent tells.
pub(super) fn machine_view(properties: &Map<String, Value>) -> Value {
    let now = jiff::Timestamp::now().to_string();
    let done = |words: &str| json!({ "code": "ProvisioningState/succeeded", "level": "Info", "displayStatus": words, "time": now });
    let at =
        |pointer: &str| properties.get("storageProfile").and_then(|s| s.pointer(pointer)).cloned().unwrap_or_default();
    let disks: Vec<Value> = std::iter::once(at("/osDisk"))
        .chain(at("/dataDisks").as_array().cloned().unwrap_or_default())
        .filter_map(|d| Some(json!({ "name": d.get("name")?, "statuses": [done("Provisioning succeeded")] })))
        .collect();
    let mut agent = done("Ready");
    fill(&mut agent, &json!({ "message": "GuestAgent is running and processing the extensions." }));
    json!({
        "computerName": properties.get("osProfile").and_then(|o| o.get("computerName")),
        "osName": "Windows Server 2019 Datacenter", "osVersion": "10.0.17763.8276", "hyperVGeneration": "V1",
        "vmAgent": { "vmAgentVersion": "2.7.41491.1149", "statuses": [agent] },
        "disks": disks,
        "statuses": [done("Provisioning succeeded"),
            { "code": "PowerState/running", "level": "Info", "displayStatus": "VM running" }],
    })
}

/// Whether two versions of a resource differ in nothing that a client wrote.
pub(super) fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let own = |k: &String| !matches!(k.as_str(), "etag" | "provisioningState" | "instanceView" | "timeCreated");
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).filter(|k| own(k)).collect();
            keys.into_iter().all(|k| match (a.get(k), b.get(k)) {
                (Some(a), Some(b)) => alike(a, b),
                _ => false,
            })
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (a, b) => a == b,
    }
}

/// Puts what is absent, at every depth of objects.
pub(super) fn fill(value: &mut Value, defaults: &Value) {
    if let Some(object) = value.as_object_mut() {
        fill_object(object, defaults);
    }
}

pub(super) fn fill_object(object: &mut Map<String, Value>, defaults: &Value) {
    for (key, value) in defaults.as_object().into_iter().flatten() {
        match object.get_mut(key) {
            Some(there) => fill(there, value),
            None => {
                object.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Gives the items of a list their ids and types.
fn name_children(body: &mut Value, id: &ResourceId, list: &str) {
    let kind = format!("{}/{list}", id.resource_type());
    let items = body.pointer_mut(&format!("/properties/{list}")).and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        let name = store::str_at(item, "/name").unwrap_or_default().to_owned();
        let defaults = match list {
            "subnets" => defaults(SUBNET, id),
            _ => json!({}),
        };
        if let Some(object) = item.as_object_mut() {
            object.insert("id".to_owned(), json!(format!("{id}/{list}/{name}")));
            object.insert("type".to_owned(), json!(kind));
            let properties = object.entry("properties").or_insert_with(|| json!({}));
            fill(properties, &defaults);
            if let Some(properties) = properties.as_object_mut() {
                properties.insert("provisioningState".to_owned(), json!("Succeeded"));
            }
        }
    }
}

/// What ARM adds to a resource's properties, by its type.
fn defaults(kind: &str, id: &ResourceId) -> Value {
    match kind {
        PUBLIC_ADDRESS => json!({ "publicIPAddressVersion": "IPv4", "publicIPAllocationMethod": "Dynamic",
            "idleTimeoutInMinutes": 4, "ipTags": [], "ddosSettings": { "protectionMode": "VirtualNetworkInherited" } }),
        VIRTUAL_NETWORK => json!({ "privateEndpointVNetPolicies": "Disabled", "subnets": [],
            "virtualNetworkPeerings": [], "enableDdosProtection": false, "enableVmProtection": false }),
        SUBNET => json!({ "delegations": [], "privateEndpointNetworkPolicies": "Disabled",
            "privateLinkServiceNetworkPolicies": "Enabled" }),
        SECURITY_GROUP => json!({ "securityRules": [], "defaultSecurityRules": security_rules(id) }),
        VM => json!({ "timeCreated": jiff::Timestamp::now().to_string(), "storageProfile": { "dataDisks": [] } }),
        "microsoft.network/loadbalancers/inboundnatrules" => super::network::child_defaults("inboundNatRules"),
        _ => json!({}),
    }
}

/// The rules of every security group. Source: the recorded answers.
fn security_rules(id: &ResourceId) -> Value {
    let rules: [(&str, &str, u32, &str, &str, &str, &str); 6] = [
        (
            "AllowVnetInBound",
            "Allow inbound traffic from all VMs in VNET",
            65000,
            "Inbound",
            "VirtualNetwork",
            "VirtualNetwork",
            "Allow",
        ),
        (
            "AllowAzureLoadBalancerInBound",
            "Allow inbound traffic from azure load balancer",
            65001,
            "Inbound",
            "AzureLoadBalancer",
            "*",
            "Allow",
        ),
        ("DenyAllInBound", "Deny all inbound traffic", 65500, "Inbound", "*", "*", "Deny"),
        (
            "AllowVnetOutBound",
            "Allow outbound traffic from all VMs to all VMs in VNET",
            65000,
            "Outbound",
            "VirtualNetwork",
            "VirtualNetwork",
            "Allow",
        ),
        (
            "AllowInternetOutBound",
            "Allow outbound traffic from all VMs to Internet",
            65001,
            "Outbound",
            "*",
            "Internet",
            "Allow",
        ),
        ("DenyAllOutBound", "Deny all outbound traffic", 65500, "Outbound", "*", "*", "Deny"),
    ];
    rules
        .into_iter()
        .map(|(name, description, priority, direction, from, to, access)| {
            json!({ "name": name, "id": format!("{id}/defaultSecurityRules/{name}"),
                "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules", "etag": "",
                "properties": { "provisioningState": "Succeeded", "description": description, "protocol": "*",
                    "sourcePortRange": "*", "destinationPortRange": "*", "sourceAddressPrefix": from,
                    "destinationAddressPrefix": to, "access": access, "priority": priority, "direction": direction,
                    "sourcePortRanges": [], "destinationPortRanges": [], "sourceAddressPrefixes": [],
                    "destinationAddressPrefixes": [] } })
        })
        .collect()
}
