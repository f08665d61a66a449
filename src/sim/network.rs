//! Writes of Network resources: NICs, load balancers, pools. Their rules are ARM's own.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::State;
use super::answer::{Answer, network_mismatch, not_found};
use super::clock::SimTime;
use super::handle::Call;
use super::operation::{Effect, Provider, retry_after};
use super::route::Route;
use super::store::{self, CHILDREN, INSTANCE_NIC, LOAD_BALANCER, NIC, array, children, key_of, pools_of_nic, str_at};
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

    pub(super) fn put_nic(&mut self, call: &Call, id: &ResourceId, mut body: Value) -> Answer {
        let key = id.folded();
        if let Some(answer) = self.check_match(call, &key, id).or_else(|| self.check_free(&key)) {
            return answer;
        }
        let before = self.store.document(&key).cloned();
        if let Err(answer) = normalise_nic(id, &mut body, before.as_ref()) {
            return *answer;
        }
        let old: HashSet<(String, String)> = before.iter().flat_map(pools_of_nic).collect();
        let new: HashSet<(String, String)> = pools_of_nic(&body).collect();
        for (pool, ip_config) in new.difference(&old) {
            if let Some(answer) = self.refuse_join(pool, ip_config, &body) {
                return answer;
            }
        }
        let touched: HashSet<String> = old
            .symmetric_difference(&new)
            .filter_map(|(pool, _)| pool.rsplit_once("/backendaddresspools/").map(|(lb, _)| lb.to_owned()))
            .collect();
        for lb in &touched {
            if self.operations.touching(lb) >= self.options.load_balancer_writes {
                let answer = Answer::network_error(
                    429,
                    "RetryableError",
                    format!("A retryable error occurred: {lb} is being updated by other operations."),
                );
                return retry_after(answer, Duration::from_secs(1), &self.clock);
            }
        }
        let now = self.clock.now();
        let attached = body.pointer("/properties/virtualMachine/id").is_some();
        let status = if before.is_some() { 200 } else { 201 };
        self.store.insert(id, body);
        self.store.bump(&key, &mut self.chance);
        for (pool, ip_config) in new.difference(&old) {
            self.store.join(pool, ip_config, now);
        }
        let left: Vec<(String, String)> = old.difference(&new).cloned().collect();
        // A NIC without a machine is written at once; one in use takes an operation.
        if !attached {
            self.store.set_state(&key, "Succeeded");
            for (pool, ip_config) in left {
                self.store.leave(&pool, &ip_config, now);
            }
            return Answer::json(status, self.store.document(&key).cloned().unwrap_or_default());
        }
        self.store.set_state(&key, "Updating");
        let answer = Answer::json(status, self.store.document(&key).cloned().unwrap_or_default());
        self.begin(call, id, Provider::Network, self.options.operation_time, answer, |op| {
            op.holds = std::iter::once(key.clone()).chain(touched.iter().map(|lb| format!("~{lb}"))).collect();
            op.effects = left.into_iter().map(|(pool, ip_config)| Effect::Left { pool, ip_config }).collect();
            op.effects.push(Effect::Provisioned(key));
        })
    }

    /// ARM's refusals of a NIC's or an instance's joining a pool.
    pub(super) fn refuse_join(&self, pool_key: &str, ip_config: &str, nic: &Value) -> Option<Answer> {
        let missing = || {
            Answer::network_error(
                400,
                "InvalidResourceReference",
                format!(
                    "Resource {pool_key} referenced by resource {ip_config} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
                ),
            )
        };
        let (lb_key, _) = pool_key.rsplit_once("/backendaddresspools/")?;
        let Some(lb) = self.store.document(lb_key) else { return Some(missing()) };
        let pools = children(Some(lb), "backendAddressPools");
        let Some(pool) = pools.iter().find(|p| key_of(p).as_deref() == Some(pool_key)) else { return Some(missing()) };
        let has_addresses = array(pool, "/properties/loadBalancerBackendAddresses")
            .iter()
            .any(|a| a.pointer("/properties/ipAddress").is_some());
        if has_addresses || pool.pointer("/properties/virtualNetwork").is_some() {
            return Some(Answer::network_error(
                400,
                "CannotMixIPBasedAddressesAndIPConfigurationsOnLoadBalancerBackendAddressPool",
                format!("Mixing backend ipconfigurations and IPAddresses in backend pool {pool_key} is not allowed."),
            ));
        }
        let configs = array(nic, "/properties/ipConfigurations");
        let config = configs.iter().find(|c| str_at(c, "/id").is_some_and(|i| i.eq_ignore_ascii_case(ip_config)))?;
        let network = |subnet: Option<&str>| {
            subnet.and_then(|s| s.to_ascii_lowercase().rsplit_once("/subnets/").map(|(v, _)| v.to_owned()))
        };
        let own_network = network(str_at(config, "/properties/subnet/id"));
        let own_version = str_at(config, "/properties/privateIPAddressVersion").unwrap_or("IPv4");
        for member in self.store.members.get(pool_key).into_iter().flatten() {
            let Some(other) = self.store.nic_of(member) else { continue };
            let other = array(other, "/properties/ipConfigurations")
                .iter()
                .find(|c| str_at(c, "/id").is_some_and(|i| i.eq_ignore_ascii_case(member)));
            let Some(other) = other else { continue };
            if network(str_at(other, "/properties/subnet/id")) != own_network {
                return Some(Answer::network_error(
                    400,
                    "NetworkInterfaceAndLoadBalancerAreInDifferentVnets",
                    format!("{ip_config} and the members of {pool_key} are in different virtual networks."),
                ));
            }
            if !str_at(other, "/properties/privateIPAddressVersion").unwrap_or("IPv4").eq_ignore_ascii_case(own_version)
            {
                return Some(Answer::network_error(
                    400,
                    "AllIpConfigurationsInBackendAddressPoolMustHaveSamePrivateIpAddressVersion",
                    format!("{ip_config} and the members of {pool_key} differ in their IP version."),
                ));
            }
        }
        let sku_of = |key: &str| {
            key.rsplit_once("/backendaddresspools/")
                .and_then(|(lb, _)| self.store.document(lb))
                .map(|lb| str_at(lb, "/sku/name").unwrap_or("Basic").to_owned())
        };
        let sku = sku_of(pool_key);
        let clash = pools_of_nic(nic).find(|(other, _)| {
            other != pool_key && sku_of(other).is_some_and(|o| (o == "Basic") != (sku.as_deref() == Some("Basic")))
        });
        clash.map(|(other, _)| {
            Answer::network_error(400, "DifferentSkuLoadBalancersAndPublicIPAddressNotAllowed", format!(
                "Different basic sku and standard sku load balancers cannot be attached to the same VM: {other} and {pool_key}."
            ))
        })
    }

    pub(super) fn put_pool(&mut self, call: &Call, id: &ResourceId, body: Value) -> Answer {
        let Some(lb_id) = id.parent() else { return super::answer::child_not_found(id.as_str()) };
        let lb_key = lb_id.folded();
        self.store.refresh(&lb_key);
        let Some(lb) = self.store.document(&lb_key) else {
            return not_found(
                "Microsoft.Network/loadBalancers",
                lb_id.name(),
                lb_id.resource_group().unwrap_or_default(),
            );
        };
        let key = id.folded();
        let pools = children(Some(lb), "backendAddressPools");
        let before = pools.iter().find(|p| key_of(p).as_ref() == Some(&key)).cloned();
        if before.is_some()
            && let Some(answer) = self.check_match(call, &lb_key, id)
        {
            return answer;
        }
        if let Some(answer) = self.check_free(&lb_key) {
            return answer;
        }
        let pool = match self.accept_pool(id, body, before.as_ref()) {
            Ok(pool) => pool,
            Err(answer) => return *answer,
        };
        let fresh = before.is_none();
        if let Some(list) = self
            .store
            .document_mut(&lb_key)
            .and_then(|d| d.get_mut("properties"))
            .and_then(Value::as_object_mut)
            .map(|p| p.entry("backendAddressPools").or_insert_with(|| json!([])))
            .and_then(Value::as_array_mut)
        {
            list.retain(|p| key_of(p).as_ref() != Some(&key));
            list.push(pool.clone());
        }
        self.store.bump(&lb_key, &mut self.chance);
        self.store.touch(&lb_key);
        self.store.refresh(&lb_key);
        let now = self.clock.now();
        if !store::address_members(&pool).is_empty()
            || before.as_ref().is_some_and(|b| !store::address_members(b).is_empty())
        {
            self.store.record_addresses(&pool, now);
            self.note_addresses(before.as_ref(), &pool, now);
        }
        let shown = children(self.store.document(&lb_key), "backendAddressPools")
            .iter()
            .find(|p| key_of(p).as_ref() == Some(&key))
            .cloned()
            .unwrap_or(pool);
        // Recorded: a new pool answers 201 and Updating, a written one 200 and Succeeded; both with an operation.
        let mut shown = shown;
        if fresh && let Some(p) = shown.get_mut("properties").and_then(Value::as_object_mut) {
            p.insert("provisioningState".to_owned(), json!("Updating"));
        }
        let answer = Answer::json(if fresh { 201 } else { 200 }, shown);
        self.begin(call, id, Provider::Network, self.options.operation_time, answer, |op| {
            op.holds = vec![lb_key.clone()];
            op.effects = vec![Effect::Provisioned(lb_key)];
        })
    }

    /// Remembers since when an address is in its pool, for the probe.
    fn note_addresses(&mut self, before: Option<&Value>, after: &Value, now: SimTime) {
        let Some(pool) = key_of(after) else { return };
        let old: HashSet<String> = before.map(store::address_members).unwrap_or_default().into_iter().collect();
        for ip in store::address_members(after).into_iter().filter(|ip| !old.contains(ip)) {
            self.store.joined.insert((pool.clone(), ip.to_ascii_lowercase()), now);
        }
    }

    /// The pool as ARM would store it, or ARM's refusal.
    fn accept_pool(&self, id: &ResourceId, body: Value, before: Option<&Value>) -> Result<Value, Box<Answer>> {
        let mut properties: Map<String, Value> = match body.get("properties") {
            Some(Value::Object(p)) => p.clone(),
            _ => Map::new(),
        };
        let entries =
            properties.get("loadBalancerBackendAddresses").and_then(Value::as_array).cloned().unwrap_or_default();
        let members: Vec<String> = self.store.members.get(&id.folded()).cloned().unwrap_or_default();
        let with_ip = entries.iter().filter(|e| e.pointer("/properties/ipAddress").is_some()).count();
        if !members.is_empty() && with_ip > 0 {
            return Err(Box::new(Answer::network_error(
                400,
                "CannotMixIPBasedAddressesAndIPConfigurationsOnLoadBalancerBackendAddressPool",
                format!("Mixing backend ipconfigurations and IPAddresses in backend pool {id} is not allowed."),
            )));
        }
        let mut ips = HashSet::new();
        let mut names = HashSet::new();
        for entry in &entries {
            let name = str_at(entry, "/name").unwrap_or_default();
            if name.is_empty() || !names.insert(name.to_ascii_lowercase()) {
                return Err(Box::new(Answer::network_error(
                    400,
                    "InvalidRequestFormat",
                    format!("Backend address name '{name}' is empty or not unique in {id}."),
                )));
            }
            if let Some(ip) = str_at(entry, "/properties/ipAddress") {
                if ip.parse::<std::net::IpAddr>().is_err() {
                    return Err(Box::new(Answer::network_error(
                        400,
                        "InvalidIPAddress",
                        format!("'{ip}' is not an IP address."),
                    )));
                }
                if !ips.insert(ip.to_owned()) {
                    return Err(Box::new(Answer::network_error(
                        400,
                        "DuplicateBackendAddressInPool",
                        format!("The address {ip} occurs twice in {id}."),
                    )));
                }
            }
        }
        if !members.is_empty() {
            let listed: HashSet<String> = entries
                .iter()
                .filter_map(|e| str_at(e, "/properties/networkInterfaceIPConfiguration/id"))
                .map(str::to_ascii_lowercase)
                .collect();
            let own: HashSet<String> = members.iter().map(|m| m.to_ascii_lowercase()).collect();
            if !entries.is_empty() && listed != own {
                return Err(Box::new(Answer::network_error(
                    400,
                    "ModificationOfNICIpConfigBackendPoolNotSupported",
                    format!("Members of {id} are IP configurations of network interfaces; change them there."),
                )));
            }
        }
        for derived in
            ["backendIPConfigurations", "loadBalancingRules", "outboundRule", "outboundRules", "inboundNatRules"]
        {
            match before.and_then(|b| b.pointer(&format!("/properties/{derived}"))) {
                Some(kept) => properties.insert(derived.to_owned(), kept.clone()),
                None => properties.remove(derived),
            };
        }
        properties.insert("provisioningState".to_owned(), json!("Succeeded"));
        let mut out = Map::new();
        out.insert("name".to_owned(), json!(id.name()));
        out.insert("id".to_owned(), json!(before.and_then(|b| str_at(b, "/id")).unwrap_or(id.as_str())));
        out.insert("etag".to_owned(), Value::Null);
        out.insert("properties".to_owned(), Value::Object(properties));
        out.insert("type".to_owned(), json!("Microsoft.Network/loadBalancers/backendAddressPools"));
        for (key, value) in body.as_object().into_iter().flatten() {
            out.entry(key.clone()).or_insert_with(|| value.clone());
        }
        Ok(Value::Object(out))
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

/// Makes a NIC's body what ARM would store: read-only fields from before, references by id alone.
fn normalise_nic(id: &ResourceId, body: &mut Value, before: Option<&Value>) -> Result<(), Box<Answer>> {
    let invalid = |message: String| Box::new(Answer::network_error(400, "InvalidRequestFormat", message));
    let Some(object) = body.as_object_mut() else { return Err(invalid("an object was expected".to_owned())) };
    if object.get("location").and_then(Value::as_str).is_none() {
        return Err(Box::new(Answer::error(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        )));
    }
    object.insert("id".to_owned(), json!(before.and_then(|b| str_at(b, "/id")).unwrap_or(id.as_str())));
    object.insert("name".to_owned(), json!(before.and_then(|b| str_at(b, "/name")).unwrap_or(id.name())));
    object.insert("type".to_owned(), json!("Microsoft.Network/networkInterfaces"));
    object.insert("etag".to_owned(), before.and_then(|b| b.get("etag")).cloned().unwrap_or(Value::Null));
    let Some(properties) = object.entry("properties").or_insert_with(|| json!({})).as_object_mut() else {
        return Err(invalid("'properties' must be an object".to_owned()));
    };
    for field in ["virtualMachine", "resourceGuid", "macAddress", "primary", "hostedWorkloads"] {
        match before.and_then(|b| b.pointer(&format!("/properties/{field}"))) {
            Some(kept) => properties.insert(field.to_owned(), kept.clone()),
            None => properties.remove(field),
        };
    }
    let Some(configs) = properties.get_mut("ipConfigurations").and_then(Value::as_array_mut) else {
        return Err(invalid(format!("Network interface {id} must have at least one ip configuration.")));
    };
    if configs.is_empty() {
        return Err(invalid(format!("Network interface {id} must have at least one ip configuration.")));
    }
    for config in configs.iter_mut() {
        let Some(config) = config.as_object_mut() else {
            return Err(invalid("an ip configuration must be an object".to_owned()));
        };
        let Some(name) = config.get("name").and_then(Value::as_str).map(str::to_owned) else {
            return Err(invalid("an ip configuration has no name".to_owned()));
        };
        let known = before
            .map(|b| array(b, "/properties/ipConfigurations"))
            .and_then(|list| list.iter().find(|c| str_at(c, "/name").is_some_and(|n| n.eq_ignore_ascii_case(&name))));
        let own =
            known.and_then(|k| str_at(k, "/id")).map_or_else(|| format!("{id}/ipConfigurations/{name}"), str::to_owned);
        config.insert("id".to_owned(), json!(own));
        config.insert("type".to_owned(), json!("Microsoft.Network/networkInterfaces/ipConfigurations"));
        let Some(inner) = config.entry("properties").or_insert_with(|| json!({})).as_object_mut() else { continue };
        inner.insert("provisioningState".to_owned(), json!("Succeeded"));
        inner.entry("privateIPAddressVersion").or_insert_with(|| json!("IPv4"));
        // ARM serves no empty list of pools.
        let empty = |v: &Value| v.as_array().is_some_and(Vec::is_empty);
        if inner.get("loadBalancerBackendAddressPools").is_some_and(empty) {
            inner.remove("loadBalancerBackendAddressPools");
        }
        for reference in ["subnet", "publicIPAddress"] {
            let target = inner.get(reference).and_then(|r| str_at(r, "/id")).map(str::to_owned);
            if let Some(target) = target {
                inner.insert(reference.to_owned(), json!({ "id": target }));
            }
        }
        if let Some(ip) = known.and_then(|k| k.pointer("/properties/privateIPAddress")) {
            inner.entry("privateIPAddress").or_insert_with(|| ip.clone());
        }
    }
    Ok(())
}
