//! One request, from its path to its answer.

use std::collections::HashMap;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use super::answer::{Answer, child_not_found, not_found};
use super::fault::{Fault, FaultKind};
use super::operation::{Effect, retry_after};
use super::route::Route;
use super::store::{self, CHILDREN, INSTANCE, INSTANCE_NIC, LOAD_BALANCER, LOCK, NIC, SCALE_SET, VM, str_at};
use super::{Simulator, State};
use crate::arm::id::ResourceId;

/// A request taken apart.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: HashMap<String, String>,
    pub(super) if_match: Option<String>,
    pub(super) body: Bytes,
    pub(super) base: String,
}

impl Call {
    /// The body as JSON, or the error that ARM answers.
    pub(super) fn json(&self) -> Result<Value, Box<Answer>> {
        serde_json::from_slice(&self.body).map_err(|e| {
            Box::new(Answer::error(
                400,
                "InvalidRequestContent",
                format!("The request content was invalid and could not be deserialized: '{e}'."),
            ))
        })
    }

    /// An absolute URL on this server.
    pub(super) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

impl Simulator {
    /// Answers one request. `None` means that the connection breaks without an answer.
    pub fn handle(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let (parts, body) = request.into_parts();
        let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let host = header("host").or_else(|| parts.uri.authority().map(ToString::to_string)).unwrap_or_default();
        let scheme = parts.uri.scheme_str().unwrap_or("http");
        let query =
            url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let call = Call {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            query,
            if_match: header("if-match"),
            body,
            base: format!("{scheme}://{host}"),
        };
        let client_id = header("x-ms-client-request-id");
        let mut state = self.lock();
        *state.requests.entry(call.method.to_string()).or_default() += 1;
        state.settle();
        let answer = state.answer(&call, header("authorization").as_deref(), header("x-identity-header").as_deref())?;
        let mut answer = answer
            .with("x-ms-request-id", store::guid(&mut state.chance))
            .with("x-ms-correlation-request-id", store::guid(&mut state.chance));
        if let Some(id) = client_id {
            answer = answer.with("x-ms-client-request-id", id);
        }
        Some(answer.into_response())
    }
}

impl State {
    /// Lets every operation that is due end.
    pub(super) fn settle(&mut self) {
        let now = self.clock.now();
        for operation in self.operations.due(now) {
            let at = operation.ends;
            for effect in operation.effects {
                match effect {
                    Effect::Provisioned(key) => {
                        self.store.set_state(&key, "Succeeded");
                        self.store.bump(&key, &mut self.chance);
                    }
                    Effect::Left { pool, ip_config } => self.store.leave(&pool, &ip_config, at),
                    Effect::Upgraded { instance, model } => self.upgrade(&instance, &model, at),
                    Effect::Deleted(key) => self.store.remove(&key),
                    Effect::Reverted { key, body } => self.revert(&key, *body, at),
                }
            }
        }
    }

    fn answer(&mut self, call: &Call, authorization: Option<&str>, identity: Option<&str>) -> Option<Answer> {
        let now = jiff::Timestamp::now().as_second();
        let route = Route::of(&call.path);
        match &route {
            Route::Token => {
                let resource = call.query.get("resource").map(String::as_str);
                return Some(self.tokens.issue(resource, identity, now));
            }
            Route::Control(what) => return Some(self.control(call, what)),
            _ => {}
        }
        let fault = self.faults.strike(call.method.as_str(), &call.path, &mut self.chance);
        if fault.as_ref().is_some_and(|f| f.kind == FaultKind::TokenExpired) {
            self.tokens.expire_all();
        }
        if !self.tokens.accepts(authorization, now) {
            let code = if authorization.is_some() { "ExpiredAuthenticationToken" } else { "AuthenticationFailed" };
            return Some(
                Answer::error(401, code, "The access token is missing, expired or not of this simulator.").with(
                    "www-authenticate",
                    "Bearer authorization_uri=\"https://login.microsoftonline.com/\", error=\"invalid_token\"",
                ),
            );
        }
        if let Some(refusal) = self.admit(call, &route) {
            return Some(refusal);
        }
        match self.quotas.take(&call.method, call.path.split('/').nth(2).unwrap_or_default(), self.clock.now()) {
            Err(wait) => {
                let answer = Answer::error(
                    429,
                    "TooManyRequests",
                    "Number of requests for the subscription exceeded the limit. Please try again later.",
                );
                Some(retry_after(answer, wait, &self.clock))
            }
            Ok((header, left)) => {
                let answer = self.faulty(call, &route, fault)?;
                Some(answer.with(header, left.to_string()))
            }
        }
    }

    /// The checks that ARM's front door makes.
    fn admit(&self, call: &Call, route: &Route) -> Option<Answer> {
        let version = call.query.get("api-version");
        match version {
            None => {
                return Some(Answer::error(
                    400,
                    "MissingApiVersionParameter",
                    "The api-version query parameter (?api-version=) is required for all requests.",
                ));
            }
            Some(v) if !is_version(v) => {
                return Some(Answer::error(
                    400,
                    "InvalidApiVersionParameter",
                    format!("The api-version '{v}' is invalid."),
                ));
            }
            Some(_) => {}
        }
        let (subscription, group) = match route {
            Route::Resource(id) => (id.subscription(), id.resource_group()),
            Route::Collection { subscription, group, .. } => (subscription.as_str(), group.as_deref()),
            Route::Subscription(s) | Route::Groups(s) => (s.as_str(), None),
            Route::Group(s, g) => (s.as_str(), Some(g.as_str())),
            _ => return None,
        };
        if !self.store.has_subscription(subscription) {
            return Some(Answer::error(
                404,
                "SubscriptionNotFound",
                format!("The subscription '{subscription}' could not be found."),
            ));
        }
        if let Some(group) = group
            && !self.store.has_group(subscription, group)
        {
            return Some(
                Answer::error(404, "ResourceGroupNotFound", format!("Resource group '{group}' could not be found."))
                    .with("x-ms-failure-cause", "gateway"),
            );
        }
        None
    }

    /// Dispatches, with the fault that strikes where one does.
    fn faulty(&mut self, call: &Call, route: &Route, fault: Option<Fault>) -> Option<Answer> {
        let Some(fault) = fault else { return Some(self.dispatch(call, route)) };
        match fault.kind {
            FaultKind::ResetBefore => None,
            FaultKind::Status(status) => {
                let answer = Answer::error(status, fault.code(), "A fault was asked of the simulator.");
                Some(match fault.retry_after() {
                    Some(seconds) => retry_after(answer, std::time::Duration::from_secs(seconds), &self.clock),
                    None => answer,
                })
            }
            FaultKind::Html => {
                let mut answer = Answer::empty(200);
                answer.text = Some("<html><body>It works!</body></html>".to_owned());
                Some(answer)
            }
            FaultKind::TokenExpired => Some(self.dispatch(call, route)),
            FaultKind::ResetAfter => {
                self.dispatch(call, route);
                None
            }
            FaultKind::ErrorAfter => {
                self.dispatch(call, route);
                Some(Answer::error(500, "InternalServerError", "The server failed after it had acted."))
            }
            FaultKind::Moved => {
                if let Route::Resource(id) = route {
                    let key = self.parent_key(id);
                    self.store.bump(&key, &mut self.chance);
                }
                Some(self.dispatch(call, route))
            }
            FaultKind::Fails => Some(self.dispatch_failing(call, route, fault.code())),
            FaultKind::ForeignLink => {
                let mut answer = self.dispatch(call, route);
                if let Some(object) = answer.body.as_mut().and_then(Value::as_object_mut) {
                    object.insert(
                        "nextLink".to_owned(),
                        json!("https://attacker.example.net/next?api-version=2024-05-01"),
                    );
                }
                Some(answer)
            }
        }
    }

    /// The key of the document that holds a resource: a pool's is its load balancer's.
    pub(super) fn parent_key(&self, id: &ResourceId) -> String {
        let mut at = id.clone();
        while self.store.document(&at.folded()).is_none() {
            match at.parent() {
                Some(parent) if !parent.resource_type().is_empty() => at = parent,
                _ => return id.folded(),
            }
        }
        at.folded()
    }

    fn dispatch(&mut self, call: &Call, route: &Route) -> Answer {
        match (call.method.as_str(), route) {
            ("GET", Route::Tenants) => list(vec![
                json!({ "id": format!("/tenants/{}", super::token::TENANT), "tenantId": super::token::TENANT }),
            ]),
            ("GET", Route::Subscriptions) => list(self.store.subscriptions()),
            ("GET", Route::Subscription(id)) => self
                .store
                .subscriptions()
                .into_iter()
                .find(|s| str_at(s, "/subscriptionId").is_some_and(|s| s.eq_ignore_ascii_case(id)))
                .map_or_else(|| Answer::empty(404), |s| Answer::json(200, s)),
            ("GET", Route::Groups(subscription)) => list(self.store.groups(subscription)),
            ("GET", Route::Group(subscription, group)) => self
                .store
                .groups(subscription)
                .into_iter()
                .find(|g| str_at(g, "/name").is_some_and(|n| n.eq_ignore_ascii_case(group)))
                .map_or_else(|| Answer::empty(404), |g| Answer::json(200, g)),
            ("GET", Route::Operation(id, results)) => self.operations.poll(id, *results, &self.clock),
            ("GET", Route::Collection { subscription, group, parent, last, kind }) => {
                self.collection(call, subscription, group.as_deref(), parent.as_ref(), last, kind)
            }
            ("POST", Route::Collection { parent: Some(target), last, .. }) => self.action(call, target, last),
            ("GET", Route::Resource(id)) => self.get(call, id),
            ("PUT", Route::Resource(id)) => self.put(call, id),
            ("DELETE", Route::Resource(id)) => self.delete(call, id),
            (_, Route::Unknown) => {
                Answer::error(404, "InvalidResourceType", "The path is not one of Resource Manager's.")
            }
            (method, _) => {
                Answer::error(405, "MethodNotAllowed", format!("The simulator does not serve {method} here."))
            }
        }
    }

    fn get(&mut self, call: &Call, id: &ResourceId) -> Answer {
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

    fn load_balancer_child(&mut self, id: &ResourceId, kind: &str) -> Answer {
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

    fn collection(
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

    fn children(&mut self, call: &Call, parent: &ResourceId, last: &str, kind: &str) -> Answer {
        let key = parent.folded();
        self.store.refresh(&key);
        let Some(body) = self.store.document(&key) else {
            return not_found(&parent.resource_type(), parent.name(), parent.resource_group().unwrap_or_default());
        };
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
        let prefix = format!("{key}/");
        let keys: Vec<&String> =
            self.store.keys(parent.subscription(), below).iter().filter(|k| k.starts_with(&prefix)).collect();
        let expand = call.query.get("$expand").is_some_and(|e| e.eq_ignore_ascii_case("instanceView"));
        page(call, keys.len(), self.options.page_size, |i| {
            let body = keys.get(i).and_then(|k| self.store.document(k))?;
            Some(if expand { body.clone() } else { without_view(body) })
        })
    }

    fn locks(&self, subscription: &str, group: Option<&str>, parent: Option<&ResourceId>) -> Answer {
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

    fn action(&mut self, call: &Call, target: &ResourceId, action: &str) -> Answer {
        let kind = target.resource_type().to_ascii_lowercase();
        match (kind.as_str(), action.to_ascii_lowercase().as_str()) {
            ("microsoft.network/loadbalancers/loadbalancingrules", "health") => self.rule_health(call, target),
            (VM, "start" | "poweroff" | "deallocate" | "restart")
            | (INSTANCE, "start" | "poweroff" | "deallocate" | "restart") => self.power(call, target, action),
            _ => Answer::error(
                404,
                "InvalidResourceType",
                format!("The action '{action}' on '{kind}' is not simulated."),
            ),
        }
    }

    pub(super) fn put(&mut self, call: &Call, id: &ResourceId) -> Answer {
        let body = match call.json() {
            Ok(body) if body.is_object() => body,
            Ok(_) => {
                return Answer::error(
                    400,
                    "InvalidRequestContent",
                    "The request content was invalid: an object was expected.",
                );
            }
            Err(answer) => return *answer,
        };
        if let Some((level, scope)) = self.store.lock_on(id)
            && level.eq_ignore_ascii_case("ReadOnly")
        {
            return Answer::error(
                409,
                "ScopeLocked",
                format!(
                    "The scope '{id}' cannot perform write operation because following scope(s) are locked: '{scope}'. Please remove the lock and try again."
                ),
            );
        }
        let kind = id.resource_type().to_ascii_lowercase();
        match kind.as_str() {
            NIC => self.put_nic(call, id, body),
            LOAD_BALANCER => self.put_load_balancer(call, id, body),
            "microsoft.network/loadbalancers/backendaddresspools" => self.put_pool(call, id, body),
            INSTANCE => self.put_instance(call, id, &body),
            SCALE_SET => self.put_scale_set(call, id, &body),
            _ => Answer::error(405, "MethodNotAllowed", format!("The simulator does not write '{kind}'.")),
        }
    }

    fn delete(&mut self, call: &Call, id: &ResourceId) -> Answer {
        let kind = id.resource_type().to_ascii_lowercase();
        match kind.as_str() {
            NIC | LOAD_BALANCER | VM => self.delete_resource(call, id),
            _ => Answer::error(405, "MethodNotAllowed", format!("The simulator does not delete '{kind}'.")),
        }
    }

    /// The simulator's own surface, without a token: it listens on loopback alone.
    fn control(&mut self, call: &Call, what: &str) -> Answer {
        match (call.method.as_str(), what) {
            ("GET", "history") => Answer::json(200, self.store.history.to_json()),
            ("GET", "requests") => Answer::json(200, json!(self.requests)),
            ("GET", "estate") => Answer::json(200, Value::Array(self.store.documents())),
            ("GET", "health") => Answer::json(200, json!({ "now_ms": self.clock.now().as_millis() as u64 })),
            ("POST", "faults") => {
                let text = String::from_utf8_lossy(&call.body).into_owned();
                let parsed: Result<Vec<Fault>, _> =
                    text.lines().filter(|l| !l.trim().is_empty()).map(str::parse).collect();
                match parsed {
                    Ok(faults) => {
                        faults.into_iter().for_each(|f| self.faults.add(f));
                        Answer::empty(204)
                    }
                    Err(e) => Answer::error(400, "BadFault", e.to_string()),
                }
            }
            ("DELETE", "faults") => {
                self.faults.clear();
                Answer::empty(204)
            }
            _ => Answer::error(
                404,
                "NotFound",
                "The simulator serves /sim/history, /sim/requests, /sim/estate, /sim/health and /sim/faults.",
            ),
        }
    }
}

fn is_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    date.len() == 10
        && date.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() })
}

fn without_view(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) {
        properties.remove("instanceView");
    }
    body
}

/// What a VM list with `statusOnly=true` shows.
fn status_of(body: &Value) -> Value {
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

fn list(items: Vec<Value>) -> Answer {
    Answer::json(200, json!({ "value": items }))
}

/// One page of a list, with an opaque link to the next.
fn page(call: &Call, total: usize, size: usize, item: impl Fn(usize) -> Option<Value>) -> Answer {
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
