//! Writes of backend pools: address entries, admin states, and ARM's refusals.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::State;
use super::answer::{Answer, not_found};
use super::clock::SimTime;
use super::handle::Call;
use super::operation::{Effect, Provider};
use super::store::{self, children, key_of, str_at};
use crate::arm::id::ResourceId;

impl State {
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
        let unchanged = before.as_ref().is_some_and(|b| super::generic::alike(b, &pool));
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
        let time = if unchanged { std::time::Duration::ZERO } else { self.options.operation_time };
        self.begin(call, id, Provider::Network, time, answer, |op| {
            op.holds = vec![lb_key.clone()];
            op.effects = vec![Effect::Provisioned(lb_key)];
        })
    }

    /// Remembers since when an address is in its pool, for the probe.
    pub(super) fn note_addresses(&mut self, before: Option<&Value>, after: &Value, now: SimTime) {
        let Some(pool) = key_of(after) else { return };
        let old: HashSet<String> = before.map(store::address_members).unwrap_or_default().into_iter().collect();
        for ip in store::address_members(after).into_iter().filter(|ip| !old.contains(ip)) {
            self.store.joined.insert((pool.clone(), ip.to_ascii_lowercase()), now);
        }
    }

    /// The refusal of entries that are not of their load balancer's tier: a Global one takes public
    /// frontends of regional ones and nothing else. The codes are not recorded.
    fn misfit(&self, id: &ResourceId, entries: &[Value]) -> Option<Answer> {
        const FRONTEND: &str = "/properties/loadBalancerFrontendIPConfiguration/id";
        let tier = |lb: &ResourceId| {
            let lb = self.store.document(&lb.folded())?;
            Some(str_at(lb, "/sku/tier").is_some_and(|t| t.eq_ignore_ascii_case("Global")))
        };
        let refuse = |code: &str, message: String| Some(Answer::network_error(400, code, message));
        let global = id.parent().and_then(|lb| tier(&lb)).unwrap_or(false);
        for entry in entries {
            let name = str_at(entry, "/name").unwrap_or_default();
            let Some(frontend) = str_at(entry, FRONTEND) else {
                if global {
                    let message = format!("Backend address {name} of the global {id} has no frontend configuration.");
                    return refuse("GlobalLoadBalancerBackendAddressNotFrontend", message);
                }
                continue;
            };
            if !global {
                let message = format!("Backend address {name} of the regional {id} refers to a frontend.");
                return refuse("RegionalLoadBalancerCannotReferenceFrontend", message);
            }
            let parsed = ResourceId::parse(frontend).ok();
            let lb = parsed.as_ref().and_then(ResourceId::parent);
            let document = lb.as_ref().and_then(|lb| self.store.document(&lb.folded()));
            let found = children(document, "frontendIPConfigurations")
                .iter()
                .find(|f| key_of(f) == parsed.as_ref().map(ResourceId::folded));
            let public = found.is_some_and(|f| f.pointer("/properties/publicIPAddress").is_some());
            if !public || lb.and_then(|lb| tier(&lb)) != Some(false) {
                let message = format!("{frontend} is not a public frontend of a regional load balancer.");
                return refuse("InvalidResourceReference", message);
            }
        }
        None
    }

    /// The pool as ARM would store it, or ARM's refusal.
    pub(super) fn accept_pool(
        &self,
        id: &ResourceId,
        body: Value,
        before: Option<&Value>,
    ) -> Result<Value, Box<Answer>> {
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
        if let Some(answer) = self.misfit(id, &entries) {
            return Err(Box::new(answer));
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
}
