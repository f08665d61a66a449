//! What is read: single resources, children, lists with their pages, locks.

use serde_json::{Value, json};

use super::State;
use super::answer::{Answer, child_not_found, not_found};
use super::handle::Call;
use super::store::{self, CHILDREN, INSTANCE, INSTANCE_NIC, LOAD_BALANCER, LOCK, SCALE_SET, VM, str_at};
use crate::arm::id::ResourceId;

impl State {
    pub(super) fn get(&mut self, call: &Call, id: &ResourceId) -> Answer {
        let kind = id.resource_type().to_ascii_lowercase();
        if let Some(rest) = kind.strip_prefix(&format!("{LOAD_BALANCER}/")) {
            return self.load_balancer_child(id, rest);
        }
        if kind == INSTANCE && id.name().parse::<u64>().is_err() {
            let mut answer =
                Answer::error(400, "InvalidParameter", "Virtual Machine Scale Set VM instanceId must be a number.");
            if let Some(error) = answer.body.as_mut().and_then(|b| b.get_mut("error")).and_then(Value::as_object_mut) {
                error.insert("target".to_owned(), json!("instanceId"));
            }
            return answer;
        }
        let key = id.folded();
        if kind == LOAD_BALANCER {
            self.store.refresh(&key);
        }
        if self.store.document(&key).is_none()
            && let Some(child) = self.inner_child(id)
        {
            let etag = str_at(&child, "/etag").unwrap_or_default().to_owned();
            return Answer::json(200, child).with("etag", etag);
        }
        let Some(body) = self.store.document(&key) else {
            return match kind.as_str() {
                INSTANCE => Answer::error(404, "NotFound", "The entity was not found in this Azure location."),
                _ if kind.matches('/').count() > 1 => child_not_found(id.as_str()),
                _ => not_found(&id.resource_type(), id.name(), id.resource_group().unwrap_or_default()),
            };
        };
        let expand = call.query.get("$expand").is_some_and(|e| e.eq_ignore_ascii_case("instanceView"));
        let body = if expand { body.clone() } else { without_view(body) };
        let etag = str_at(&body, "/etag").map(str::to_owned);
        let answer = Answer::json(200, body);
        match etag {
            Some(etag) if kind.starts_with("microsoft.network/") => answer.with("etag", etag),
            _ => answer,
        }
    }

    /// A subnet, an ip configuration or a security rule, inside its parent's document.
    fn inner_child(&self, id: &ResourceId) -> Option<Value> {
        let (parent, key) = (self.store.document(&id.parent()?.folded())?, id.folded());
        let lists = ["subnets", "ipConfigurations", "securityRules", "defaultSecurityRules"];
        let children = lists.iter().flat_map(|list| store::children(Some(parent), list));
        let mut children = children.filter(|c| store::key_of(c).as_ref() == Some(&key));
        children.next().cloned()
    }

    pub(super) fn load_balancer_child(&mut self, id: &ResourceId, kind: &str) -> Answer {
        let Some(lb) = id.parent() else { return child_not_found(id.as_str()) };
        self.store.refresh(&lb.folded());
        let Some(parent) = self.store.document(&lb.folded()) else {
            return not_found("Microsoft.Network/loadBalancers", lb.name(), lb.resource_group().unwrap_or_default());
        };
        let Some(array) = CHILDREN.iter().find(|c| c.eq_ignore_ascii_case(kind)) else {
            return child_not_found(id.as_str());
        };
        let key = id.folded();
        let child = store::children(Some(parent), array).iter().find(|c| store::key_of(c).as_ref() == Some(&key));
        match child {
            Some(child) => {
                let etag = str_at(child, "/etag").unwrap_or_default().to_owned();
                Answer::json(200, child.clone()).with("etag", etag)
            }
            None => child_not_found(id.as_str()),
        }
    }

    pub(super) fn collection(
        &mut self,
        call: &Call,
        subscription: &str,
        group: Option<&str>,
        parent: Option<&ResourceId>,
        last: &str,
        kind: &str,
    ) -> Answer {
        if kind == LOCK {
            return self.locks(subscription, group, parent);
        }
        if kind == "microsoft.insights/metrics"
            && let Some(parent) = parent
        {
            return self.metrics(call, parent);
        }
        if let Some(parent) = parent {
            return self.children(call, parent, last, kind);
        }
        if kind == LOAD_BALANCER {
            for key in self.store.keys(subscription, kind).to_vec() {
                self.store.refresh(&key);
            }
        }
        let in_group =
            |key: &String| group.is_none_or(|g| key.contains(&format!("/resourcegroups/{}/", g.to_ascii_lowercase())));
        let status_only = kind == VM && call.query.get("statusOnly").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let shape = |body: &Value| {
            if status_only { status_of(body) } else { without_view(body) }
        };
        let keys: Vec<&String> = self.store.keys(subscription, kind).iter().filter(|k| in_group(k)).collect();
        page(call, keys.len(), self.options.page_size, |i| keys.get(i).and_then(|k| self.store.document(k)).map(&shape))
    }

    pub(super) fn children(&mut self, call: &Call, parent: &ResourceId, last: &str, kind: &str) -> Answer {
        let key = parent.folded();
        self.store.refresh(&key);
        let Some(body) = self.store.document(&key) else {
            if parent.is_type("Microsoft.Compute/virtualMachineScaleSets/virtualMachines") {
                return Answer::error(404, "NotFound", "The entity was not found in this Azure location.");
            }
            return not_found(&parent.resource_type(), parent.name(), parent.resource_group().unwrap_or_default());
        };
        if kind == "microsoft.compute/virtualmachines/extensions" {
            let keys = self.store.below(&key, kind);
            return list(keys.iter().filter_map(|k| self.store.document(k).cloned()).collect());
        }
        if last.eq_ignore_ascii_case("instanceView") {
            return Answer::json(200, body.pointer("/properties/instanceView").cloned().unwrap_or_else(|| json!({})));
        }
        if let Some(array) = CHILDREN.iter().find(|c| kind == format!("{LOAD_BALANCER}/{}", c.to_ascii_lowercase())) {
            return list(store::children(Some(body), array).to_vec());
        }
        let below: &str = match kind {
            "microsoft.network/virtualnetworks/subnets" => {
                return list(store::children(Some(body), "subnets").to_vec());
            }
            "microsoft.network/networkinterfaces/ipconfigurations" => {
                return list(store::children(Some(body), "ipConfigurations").to_vec());
            }
            "microsoft.network/loadbalancers/networkinterfaces" => return self.nics_of(parent),
            INSTANCE => INSTANCE,
            _ if last.eq_ignore_ascii_case("networkInterfaces") && kind.starts_with(SCALE_SET) => INSTANCE_NIC,
            _ => {
                return Answer::error(
                    404,
                    "InvalidResourceType",
                    format!("The resource type '{kind}' is not simulated."),
                );
            }
        };
        let keys = self.store.below(&key, below);
        let expand = call.query.get("$expand").is_some_and(|e| e.eq_ignore_ascii_case("instanceView"));
        page(call, keys.len(), self.options.page_size, |i| {
            let body = keys.get(i).and_then(|k| self.store.document(k))?;
            Some(if expand { body.clone() } else { without_view(body) })
        })
    }

    /// The NICs behind a load balancer's pools, those of instances too.
    fn nics_of(&self, lb: &ResourceId) -> Answer {
        let prefix = format!("{}/", lb.folded());
        let kinds = [super::store::NIC, INSTANCE_NIC];
        let keys = kinds.iter().flat_map(|kind| self.store.keys(lb.subscription(), kind));
        let nics = keys.filter_map(|k| self.store.document(k));
        let behind = |nic: &&Value| store::pools_of_nic(nic).any(|(pool, _)| pool.starts_with(&prefix));
        list(nics.filter(behind).cloned().collect())
    }

    /// `POST {pool}/queryInboundNatRulePortMapping`: the ports of a member by the rules that give a pool
    /// a range of them, one each in the pool's order.
    pub(super) fn port_mapping(&mut self, call: &Call, pool: &ResourceId) -> Answer {
        let body = match call.json() {
            Ok(body) => body,
            Err(answer) => return *answer,
        };
        let Some(lb_id) = pool.parent() else { return child_not_found(pool.as_str()) };
        self.store.refresh(&lb_id.folded());
        let lb = self.store.document(&lb_id.folded());
        let key = pool.folded();
        let pools = store::children(lb, "backendAddressPools");
        let Some(document) = pools.iter().find(|p| store::key_of(p).as_ref() == Some(&key)) else {
            return child_not_found(pool.as_str());
        };
        let (ip, config) = (str_at(&body, "/ipAddress"), str_at(&body, "/ipConfiguration/id"));
        let entries = store::array(document, "/properties/loadBalancerBackendAddresses");
        let place = entries.iter().position(|e| {
            let own = str_at(e, "/properties/networkInterfaceIPConfiguration/id");
            let address = str_at(e, "/properties/ipAddress").map(str::to_owned).or_else(|| self.ip_of(own?));
            (ip.is_some() && address.as_deref() == ip)
                || (config.is_some() && own.is_some_and(|o| config.is_some_and(|c| c.eq_ignore_ascii_case(o))))
        });
        let Some(place) = place.and_then(|p| u64::try_from(p).ok()) else {
            let message = format!("The address or ip configuration is no member of {pool}.");
            return Answer::network_error(400, "InvalidRequestFormat", message);
        };
        let mappings: Vec<Value> = store::children(lb, "inboundNatRules")
            .iter()
            .filter(|r| {
                str_at(r, "/properties/backendAddressPool/id").is_some_and(|p| p.eq_ignore_ascii_case(pool.as_str()))
            })
            .filter_map(|r| {
                let first = r.pointer("/properties/frontendPortRangeStart")?.as_u64()?;
                Some(json!({ "inboundNatRuleName": str_at(r, "/name"), "protocol": r.pointer("/properties/protocol"),
                    "frontendPort": first + place, "backendPort": r.pointer("/properties/backendPort") }))
            })
            .collect();
        let time = self.options.operation_time / 4;
        let result = json!({ "inboundNatRulePortMappings": mappings });
        self.begin(call, pool, super::operation::Provider::Network, time, Answer::empty(202), |op| {
            op.result = Some(result)
        })
    }

    pub(super) fn locks(&self, subscription: &str, group: Option<&str>, parent: Option<&ResourceId>) -> Answer {
        let locks = self.store.keys(subscription, LOCK).iter().filter(|key| {
            let scope = key.split("/providers/microsoft.authorization/").next().and_then(|s| ResourceId::parse(s).ok());
            match (scope, parent) {
                // A resource's list shows its own locks and those it inherits.
                (Some(scope), Some(parent)) => parent.is_within(&scope),
                (Some(scope), None) => {
                    group.is_none_or(|g| scope.resource_group().is_none_or(|s| s.eq_ignore_ascii_case(g)))
                }
                (None, _) => false,
            }
        });
        list(locks.filter_map(|k| self.store.document(k).cloned()).collect())
    }
}

pub(super) fn without_view(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove("instanceView");
    }
    body
}

/// What a VM list with `statusOnly=true` shows.
pub(super) fn status_of(body: &Value) -> Value {
    let mut out = json!({ "properties": {} });
    for field in ["name", "id", "type", "location"] {
        if let (Some(v), Some(object)) = (body.get(field), out.as_object_mut()) {
            object.insert(field.to_owned(), v.clone());
        }
    }
    for field in ["vmId", "provisioningState", "instanceView"] {
        let value = body.pointer(&format!("/properties/{field}"));
        if let (Some(v), Some(object)) = (value, out.get_mut("properties").and_then(Value::as_object_mut)) {
            object.insert(field.to_owned(), v.clone());
        }
    }
    out
}

pub(super) fn list(items: Vec<Value>) -> Answer {
    Answer::json(200, json!({ "value": items }))
}

/// One page of a list, with an opaque link to the next.
pub(super) fn page(call: &Call, total: usize, size: usize, item: impl Fn(usize) -> Option<Value>) -> Answer {
    use base64::Engine as _;
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let start = call
        .query
        .get("$skiptoken")
        .and_then(|t| engine.decode(t).ok())
        .and_then(|b| String::from_utf8(b).ok()?.strip_prefix("page:")?.parse::<usize>().ok())
        .unwrap_or(0);
    let end = (start + size.max(1)).min(total);
    let items: Vec<Value> = (start..end).filter_map(item).collect();
    let mut body = json!({ "value": items });
    if end < total {
        let token = engine.encode(format!("page:{end}"));
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (key, value) in call.query.iter().filter(|(k, _)| *k != "$skiptoken") {
            query.append_pair(key, value);
        }
        query.append_pair("$skiptoken", &token);
        let link = call.link(&format!("{}?{}", call.path, query.finish()));
        if let Some(object) = body.as_object_mut() {
            object.insert("nextLink".to_owned(), json!(link));
        }
    }
    Answer::json(200, body)
}
