//! Writes of Network resources: NICs, load balancers, pools. Their rules are ARM's own.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::State;
use super::answer::{Answer, network_mismatch};
use super::clock::SimTime;
use super::handle::Call;
use super::operation::{Effect, Provider, retry_after};
use super::route::Route;
use super::store::{self, CHILDREN, INSTANCE_NIC, LOAD_BALANCER, NIC, children, key_of, pools_of_nic};
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
        object.entry("sku").or_insert_with(|| json!({ "name": "Basic", "tier": "Regional" }));
        let properties = object.entry("properties").or_insert_with(|| json!({}));
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
                if let Some(inner) = inner.as_object_mut() {
                    inner.insert("provisioningState".to_owned(), json!("Succeeded"));
                }
            }
        }
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
        self.store.insert(id, body);
        self.store.bump(&key, &mut self.chance);
        self.store.set_state(&key, "Updating");
        self.store.touch(&key);
        self.store.refresh(&key);
        let answer = Answer::json(status, self.store.document(&key).cloned().unwrap_or_default());
        self.begin(call, id, Provider::Network, self.options.operation_time, answer, |op| {
            op.holds = vec![key.clone()];
            op.effects = vec![Effect::Provisioned(key)];
        })
    }

    /// Deletes a pool or a NAT rule, as a write of its load balancer without it: the rules on what is
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
        for kind in CHILDREN {
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
        let answer = self.put_load_balancer(call, &lb_id, lb);
        // A delete answers 202 and no document.
        if answer.status < 300 { Answer { status: 202, body: None, ..answer } } else { answer }
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
        self.begin(call, id, provider, self.options.operation_time, Answer::empty(202), |op| {
            op.holds = vec![key];
            op.effects = effects;
        })
    }

    /// A write whose operation will fail and be taken back.
    pub(super) fn dispatch_failing(&mut self, call: &Call, route: &Route, code: &str) -> Answer {
        let Route::Resource(id) = route else { return Answer::error(500, code, "A fault was asked of the simulator.") };
        let key = self.parent_key(id);
        // An instance's NICs follow it, forth and back.
        let below = format!("{key}/");
        let nics = self.store.keys(id.subscription(), INSTANCE_NIC).iter().filter(|k| k.starts_with(&below));
        let before: Vec<Effect> = std::iter::once(&key)
            .chain(nics)
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
            operation.failure = Some((code.to_owned(), "A fault was asked of the simulator.".to_owned()));
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
