//! Writes of Network resources: NICs, load balancers, pools. Their rules are ARM's own.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::State;
use super::answer::{Answer, network_mismatch};
use super::clock::SimTime;
use super::generic::fill;
use super::handle::Call;
use super::operation::{Effect, Provider, retry_after};
use super::route::Route;
use super::store::{
    self, CHILDREN, INSTANCE, INSTANCE_NIC, LOAD_BALANCER, NIC, SCALE_SET, children, key_of, pools_of_nic,
};
use crate::arm::id::ResourceId;

impl State {
    /// 412 where `If-Match` names another version.
    pub(super) fn check_match(&self, call: &Call, key: &str, id: &ResourceId) -> Option<Answer> {
        let given = call.if_match.as_deref().filter(|g| *g != "*")?;
        let current = self.store.etag(key).unwrap_or_default();
        if given == current {
            return None;
        }
        Some(if key.contains("/providers/microsoft.compute/") {
            super::answer::compute_mismatch(given, current)
        } else {
            network_mismatch(given, current, id.as_str())
        })
    }

    /// 429 where another operation holds the document. Not a quota: ARM words it so.
    pub(super) fn check_free(&self, key: &str) -> Option<Answer> {
        let ends = self.operations.holder(key)?;
        let left = ends.saturating_sub(self.clock.now());
        let answer = Answer::network_error(
            429,
            "RetryableErrorDueToAnotherOperation",
            format!("Operation on resource {key} is in progress. Please retry after it has completed."),
        );
        Some(retry_after(answer, left, &self.clock))
    }

    /// Starts an operation and gives the answer its headers.
    pub(super) fn begin(
        &mut self,
        call: &Call,
        id: &ResourceId,
        provider: Provider,
        time: Duration,
        answer: Answer,
        fill: impl FnOnce(&mut super::operation::Operation),
    ) -> Answer {
        let now = self.clock.now();
        let time = time.mul_f64(0.75 + 0.5 * self.chance.f64());
        let op_id = store::guid(&mut self.chance);
        let operation = self.operations.start(provider, op_id.clone(), now + time);
        fill(operation);
        let (namespace, version) = match provider {
            Provider::Network => ("Microsoft.Network", "2024-05-01"),
            Provider::Compute => ("Microsoft.Compute", "2024-11-01"),
        };
        let root = format!("/subscriptions/{}/providers/{namespace}/locations/westeurope", id.subscription());
        let signed = format!("api-version={version}&t={}&c=sim&s={}&h=sim", now.as_millis(), self.chance.u32(..));
        let answer = answer.with("azure-asyncoperation", call.link(&format!("{root}/operations/{op_id}?{signed}")));
        let answer = if answer.status == 202 {
            answer.with("location", call.link(&format!("{root}/operationResults/{op_id}?{signed}")))
        } else {
            answer
        };
        // An operation that takes no time has ended by the time its answer is read.
        self.settle();
        retry_after(answer, time, &self.clock)
    }

    pub(super) fn put_load_balancer(&mut self, call: &Call, id: &ResourceId, mut body: Value) -> Answer {
        let key = id.folded();
        if let Some(answer) = self.check_match(call, &key, id).or_else(|| self.check_free(&key)) {
            return answer;
        }
        self.store.refresh(&key);
        let before = self.store.document(&key).cloned();
        let Some(object) = body.as_object_mut() else { return Answer::empty(400) };
        object.insert("id".to_owned(), json!(id.as_str()));
        object.insert("name".to_owned(), json!(id.name()));
        object.insert("type".to_owned(), json!("Microsoft.Network/loadBalancers"));
        fill(object.entry("sku").or_insert_with(|| json!({})), &json!({ "name": "Basic", "tier": "Regional" }));
        let guid = before.as_ref().and_then(|b| b.pointer("/properties/resourceGuid")).cloned();
        let guid = guid.unwrap_or_else(|| json!(store::guid(&mut self.chance)));
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("resourceGuid".to_owned(), guid);
        }
        for kind in CHILDREN {
            let Some(list) = properties
                .as_object_mut()
                .map(|p| p.entry(kind).or_insert_with(|| json!([])))
                .and_then(Value::as_array_mut)
            else {
                continue;
            };
            for child in list.iter_mut().filter_map(Value::as_object_mut) {
                let name = child.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
                child.insert("id".to_owned(), json!(format!("{id}/{kind}/{name}")));
                child.insert("type".to_owned(), json!(format!("Microsoft.Network/loadBalancers/{kind}")));
                let inner = child.entry("properties").or_insert_with(|| json!({}));
                fill(inner, &child_defaults(kind));
                if let Some(inner) = inner.as_object_mut() {
                    inner.insert("provisioningState".to_owned(), json!("Succeeded"));
                }
            }
        }
        refer_back(&mut body);
        let kept: HashSet<String> = children(Some(&body), "backendAddressPools").iter().filter_map(key_of).collect();
        for pool in children(before.as_ref(), "backendAddressPools").iter().filter_map(key_of) {
            if !kept.contains(&pool) && self.store.members.get(&pool).is_some_and(|m| !m.is_empty()) {
                return Answer::network_error(
                    400,
                    "InUseBackendAddressPoolCannotBeDeleted",
                    format!("Backend address pool {pool} is in use and cannot be deleted."),
                );
            }
        }
        let status = if before.is_some() { 200 } else { 201 };
        // Recorded: the write of a load balancer without members has ended when it is answered, its
        // operation all the same named.
        let members = |p: &Value| {
            let derived = key_of(p).is_some_and(|k| self.store.members.get(&k).is_some_and(|m| !m.is_empty()));
            derived || !store::address_members(p).is_empty()
        };
        let busy = children(Some(&body), "backendAddressPools").iter().any(members);
        let (state, time) =
            if busy { ("Updating", self.options.operation_time) } else { ("Succeeded", Duration::ZERO) };
        self.store.insert(id, body);
        self.store.bump(&key, &mut self.chance);
        self.store.set_state(&key, state);
        self.store.touch(&key);
        self.store.refresh(&key);
        let answer = Answer::json(status, self.store.document(&key).cloned().unwrap_or_default());
        self.begin(call, id, Provider::Network, time, answer, |op| {
            op.holds = vec![key.clone()];
            op.effects = vec![Effect::Provisioned(key)];
        })
    }

    /// Deletes a pool, a NAT rule or a subnet, as a write of its parent without it: the rules on what is
    /// in use are the same.
    pub(super) fn delete_child(&mut self, call: &Call, id: &ResourceId) -> Answer {
        let Some(lb_id) = id.parent() else { return Answer::empty(204) };
        let key = lb_id.folded();
        if let Some(answer) = self.check_match(call, &key, id) {
            return answer;
        }
        self.store.refresh(&key);
        let Some(mut lb) = self.store.document(&key).cloned() else { return Answer::empty(204) };
        let child = id.folded();
        let mut found = false;
        for kind in CHILDREN.into_iter().chain(["subnets"]) {
            if let Some(list) = lb.pointer_mut(&format!("/properties/{kind}")).and_then(Value::as_array_mut) {
                let before = list.len();
                list.retain(|c| key_of(c).as_ref() != Some(&child));
                found |= list.len() != before;
            }
        }
        if !found {
            return Answer::empty(204);
        }
        let rules = children(Some(&lb), "loadBalancingRules");
        let user = rules.iter().find(|r| r.to_string().to_ascii_lowercase().contains(&format!("\"{child}\"")));
        if let Some(user) = user.and_then(|r| store::str_at(r, "/id")) {
            return Answer::network_error(
                400,
                "InUseBackendAddressPoolCannotBeDeleted",
                format!("{id} is in use by {user} and cannot be deleted."),
            );
        }
        let kind = lb_id.resource_type().to_ascii_lowercase();
        let answer = if kind == LOAD_BALANCER {
            self.put_load_balancer(call, &lb_id, lb)
        } else {
            self.put_generic(call, &lb_id, &kind, lb)
        };
        // A delete answers 202 and no document.
        if answer.status >= 300 {
            return answer;
        }
        let operation =
            answer.headers.iter().find(|(name, _)| *name == "azure-asyncoperation").map(|(_, url)| url.clone());
        let answer = Answer { status: 202, body: None, ..answer };
        match operation {
            Some(url) => answer.with("location", url.replacen("/operations/", "/operationResults/", 1)),
            None => answer,
        }
    }

    pub(super) fn delete_resource(&mut self, call: &Call, id: &ResourceId) -> Answer {
        let key = id.folded();
        if let Some(answer) = self.check_match(call, &key, id).or_else(|| self.check_free(&key)) {
            return answer;
        }
        let Some(body) = self.store.document(&key).cloned() else { return Answer::empty(204) };
        if let Some((_, scope)) = self.store.lock_on(id) {
            return Answer::error(
                409,
                "ScopeLocked",
                format!(
                    "The scope '{id}' cannot perform delete operation because following scope(s) are locked: '{scope}'."
                ),
            );
        }
        let kind = id.resource_type().to_ascii_lowercase();
        if kind == NIC && body.pointer("/properties/virtualMachine/id").is_some() {
            return Answer::network_error(
                400,
                "NicInUse",
                format!(
                    "Network Interface {id} is used by an existing VM. A network interface cannot be deleted while it is in use."
                ),
            );
        }
        let mut effects: Vec<Effect> =
            pools_of_nic(&body).map(|(pool, ip_config)| Effect::Left { pool, ip_config }).collect();
        if kind == LOAD_BALANCER
            && children(Some(&body), "backendAddressPools")
                .iter()
                .filter_map(key_of)
                .any(|p| self.store.members.get(&p).is_some_and(|m| !m.is_empty()))
        {
            return Answer::network_error(
                400,
                "InUseBackendAddressPoolCannotBeDeleted",
                format!("{id} has backend pools with members."),
            );
        }
        effects.insert(0, Effect::Deleted(key.clone()));
        self.store.set_state(&key, "Deleting");
        let provider = if kind.starts_with("microsoft.compute/") { Provider::Compute } else { Provider::Network };
        // Recorded: a NIC that no machine has is gone at once, with 200 and an operation all the same.
        // What runs in a set goes with it, out of its pools too.
        let retired: Vec<String> = match kind.as_str() {
            INSTANCE => vec![key.clone()],
            SCALE_SET => self.instances_of(id),
            _ => Vec::new(),
        };
        effects.splice(0..0, retired.into_iter().map(Effect::Retired));
        let loose = kind == NIC && !call.is_old() && body.pointer("/properties/virtualMachine/id").is_none();
        let time = if loose { Duration::ZERO } else { self.options.operation_time };
        let answer = self.begin(call, id, provider, time, Answer::empty(202), |op| {
            op.holds = vec![key];
            op.effects = effects;
        });
        if loose { Answer { status: 200, ..answer } } else { answer }
    }

    /// A write whose operation will fail and be taken back.
    pub(super) fn dispatch_failing(&mut self, call: &Call, route: &Route, status: &'static str, code: &str) -> Answer {
        let Route::Resource(id) = route else { return Answer::error(500, code, "A fault was asked of the simulator.") };
        let key = self.parent_key(id);
        // An instance's NICs follow it, forth and back.
        let nics = self.store.below(&key, INSTANCE_NIC);
        let before: Vec<Effect> = std::iter::once(&key)
            .chain(&nics)
            .filter_map(|k| Some(Effect::Reverted { key: k.clone(), body: Box::new(self.store.document(k)?.clone()) }))
            .collect();
        let known = self.operations.newest().map(str::to_owned);
        // An operation that takes no time could not fail after it was accepted.
        let time = self.options.operation_time;
        self.options.operation_time = time.max(Duration::from_millis(1));
        let answer = self.put(call, id);
        self.options.operation_time = time;
        if self.operations.newest().map(str::to_owned) != known
            && let Some(operation) = self.operations.newest_mut()
        {
            operation.failure = Some((status, code.to_owned(), "A fault was asked of the simulator.".to_owned()));
            operation.effects = before;
        }
        answer
    }

    /// Takes a failed write back.
    pub(super) fn revert(&mut self, key: &str, before: Value, at: SimTime) {
        let joined: Vec<(String, String)> = self
            .store
            .document(key)
            .map(|now| {
                let old: HashSet<(String, String)> = pools_of_nic(&before).collect();
                pools_of_nic(now).filter(|p| !old.contains(p)).collect()
            })
            .unwrap_or_default();
        if let Some(body) = self.store.document_mut(key) {
            *body = before;
        }
        self.store.set_state(key, "Failed");
        self.store.bump(key, &mut self.chance);
        self.store.touch(key);
        for (pool, ip_config) in joined {
            self.store.leave(&pool, &ip_config, at);
        }
        for pool in children(self.store.document(key), "backendAddressPools").to_vec() {
            if !store::address_members(&pool).is_empty() {
                self.store.record_addresses(&pool, at);
            }
        }
    }
}

/// What ARM adds to a load balancer's children. Source: the recorded answers.
pub(super) fn child_defaults(kind: &str) -> Value {
    match kind {
        "frontendIPConfigurations" => {
            json!({ "privateIPAllocationMethod": "Dynamic", "privateIPAddressVersion": "IPv4" })
        }
        "backendAddressPools" => json!({ "loadBalancerBackendAddresses": [] }),
        "loadBalancingRules" => json!({ "enableFloatingIP": false, "idleTimeoutInMinutes": 4, "protocol": "Tcp",
            "enableDestinationServiceEndpoint": false, "enableTcpReset": false, "allowBackendPortConflict": false,
            "loadDistribution": "Default", "disableOutboundSnat": false }),
        "probes" => json!({ "intervalInSeconds": 15, "numberOfProbes": 2, "probeThreshold": 1,
            "noHealthyBackendsBehavior": "AllProbedDown" }),
        "inboundNatRules" => json!({ "enableFloatingIP": false, "idleTimeoutInMinutes": 4, "protocol": "Tcp",
            "enableDestinationServiceEndpoint": false, "enableTcpReset": false, "allowBackendPortConflict": false }),
        "outboundRules" => json!({ "allocatedOutboundPorts": 0, "enableTcpReset": false, "idleTimeoutInMinutes": 4 }),
        _ => json!({}),
    }
}

/// Writes the references that ARM derives: which rules use a frontend, a pool, a probe. A rule shows
/// its pool under both keys.
pub(super) fn refer_back(lb: &mut Value) {
    let mut uses: Vec<(String, &'static str, Value)> = Vec::new();
    for kind in ["loadBalancingRules", "inboundNatRules", "outboundRules"] {
        let rules = lb.pointer_mut(&format!("/properties/{kind}")).and_then(Value::as_array_mut);
        for rule in rules.into_iter().flatten() {
            let own = json!({ "id": rule.get("id").cloned().unwrap_or_default() });
            if kind == "loadBalancingRules"
                && let Some(properties) = rule.get_mut("properties").and_then(Value::as_object_mut)
                && let Some(pool) = properties.get("backendAddressPool").cloned()
            {
                properties.entry("backendAddressPools").or_insert_with(|| json!([pool]));
            }
            let one = ["frontendIPConfiguration", "backendAddressPool", "probe"];
            let single = one.iter().filter_map(|f| store::str_at(rule, &format!("/properties/{f}/id")));
            let many = store::array(rule, "/properties/frontendIPConfigurations")
                .iter()
                .filter_map(|f| store::str_at(f, "/id"));
            let users: Vec<String> = single.chain(many).map(str::to_ascii_lowercase).collect();
            uses.extend(users.into_iter().map(|used| (used, kind, own.clone())));
        }
    }
    for kind in ["frontendIPConfigurations", "backendAddressPools", "probes"] {
        let children = lb.pointer_mut(&format!("/properties/{kind}")).and_then(Value::as_array_mut);
        for child in children.into_iter().flatten() {
            let key = key_of(child);
            let Some(properties) = child.get_mut("properties").and_then(Value::as_object_mut) else { continue };
            for by in ["loadBalancingRules", "inboundNatRules", "outboundRules"] {
                let users: Vec<Value> = uses
                    .iter()
                    .filter(|(used, k, _)| *k == by && Some(used) == key.as_ref())
                    .map(|(.., u)| u.clone())
                    .collect();
                if users.is_empty() {
                    properties.remove(by);
                } else {
                    properties.insert(by.to_owned(), Value::Array(users));
                }
            }
        }
    }
}
