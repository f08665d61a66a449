//! One request, from its path to its answer.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use super::answer::Answer;
use super::fault::{Fault, FaultKind};
use super::generic;
use super::operation::{Effect, Provider, retry_after};
use super::reads::list;
use super::route::Route;
use super::store::{self, INSTANCE, LOAD_BALANCER, NIC, SCALE_SET, VM, str_at};
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

    /// Whether the client speaks a version in which Network answers the writes of loose NICs with an operation
    /// to follow: recorded of 2020-11-01, and no longer of 2025-05-01.
    pub(super) fn is_old(&self) -> bool {
        self.query.get("api-version").is_some_and(|v| v.as_str() < "2022")
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
        let came_by = parts.extensions.get::<super::server::Scheme>().map(|s| s.0);
        let scheme = came_by.or(parts.uri.scheme_str()).unwrap_or("http");
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
        state.store.tidy();
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
        // What ends may begin something that ends by now too.
        while let Some(operation) = self.operations.next_due(now) {
            let at = operation.ends;
            for effect in operation.effects {
                match effect {
                    Effect::Provisioned(key) => {
                        self.store.set_state(&key, "Succeeded");
                        self.store.bump(&key, &mut self.chance);
                    }
                    Effect::Left { pool, ip_config } => self.store.leave(&pool, &ip_config, at),
                    Effect::Upgraded { instance, model } => self.upgrade(&instance, &model, at),
                    Effect::Retired(instance) => self.retire(&instance, at),
                    Effect::Scaled { set, capacity } => self.scaled(&set, capacity, at),
                    Effect::Wave(wave) => self.wave(*wave, at),
                    Effect::Deleted(key) => {
                        if key.contains("/providers/microsoft.compute/virtualmachines/") {
                            self.detach(&key);
                        }
                        self.store.remove(&key);
                    }
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
            Route::Metadata => return Some(metadata(call)),
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
            Some(v) => {
                let kind = match route {
                    Route::Resource(id) => id.resource_type().to_ascii_lowercase(),
                    Route::Collection { kind, .. } => kind.clone(),
                    _ => String::new(),
                };
                if let Some(refusal) = super::api_version::refusal(&kind, v, &self.options.api_versions) {
                    return Some(refusal);
                }
            }
        }
        let (subscription, group) = match route {
            Route::Resource(id) => (id.subscription(), id.resource_group()),
            Route::Collection { subscription, group, .. } => (subscription.as_str(), group.as_deref()),
            Route::Subscription(s) | Route::Groups(s) => (s.as_str(), None),
            Route::Resources(s, g) => (s.as_str(), g.as_deref()),
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
        let makes_group = call.method == Method::PUT && matches!(route, Route::Group(..));
        if let Some(group) = group
            && !makes_group
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
            FaultKind::Fails => Some(self.dispatch_failing(call, route, "Failed", fault.code())),
            FaultKind::Cancelled => Some(self.dispatch_failing(call, route, "Canceled", fault.code())),
            FaultKind::Superseded => Some(self.dispatch_failing(call, route, "Failed", fault.code())),
            FaultKind::NeverEnds => {
                let known = self.operations.newest().map(str::to_owned);
                let time = self.options.operation_time;
                self.options.operation_time = NEVER;
                let answer = self.dispatch(call, route);
                self.options.operation_time = time;
                let started = self.operations.newest().map(str::to_owned) != known;
                // A client is told to come back in a while, not at the end of time.
                Some(if started {
                    retry_after(answer.without("retry-after"), Duration::from_secs(10), &self.clock)
                } else {
                    answer
                })
            }
            FaultKind::Busy => {
                if let Route::Resource(id) = route {
                    let key = self.parent_key(id);
                    let ends = self.clock.now() + fault.lasts();
                    let guid = store::guid(&mut self.chance);
                    self.operations.start(Provider::Network, guid, ends).holds = vec![key];
                }
                Some(self.dispatch(call, route))
            }
            FaultKind::Deleted => {
                if let Route::Resource(id) = route {
                    let now = self.clock.now();
                    self.vanish(&id.folded(), now);
                }
                Some(self.dispatch(call, route))
            }
            FaultKind::Truncated => {
                let mut answer = self.dispatch(call, route);
                let whole = answer.body.take().map(|b| b.to_string()).unwrap_or_default();
                answer.text = Some(whole.chars().take(whole.len() / 2).collect());
                Some(answer)
            }
            FaultKind::Oversized => {
                let mut answer = self.dispatch(call, route);
                answer.body = None;
                answer.text = Some(format!("{{\"value\": \"{}\"}}", "x".repeat(OVERSIZED)));
                Some(answer)
            }
            FaultKind::Slow => {
                let mut answer = self.dispatch(call, route);
                answer.delay = Some(self.clock.real(fault.lasts()));
                Some(answer)
            }
            FaultKind::Skewed => {
                let ahead = jiff::Timestamp::now().checked_add(fault.lasts()).unwrap_or(jiff::Timestamp::MAX);
                let date = ahead.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
                Some(self.dispatch(call, route).with("date", date))
            }
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

    /// A resource is gone, and what it was a member of shows it.
    pub(super) fn vanish(&mut self, key: &str, at: super::clock::SimTime) {
        let pools: Vec<(String, String)> =
            self.store.document(key).map(|d| store::pools_of_nic(d).collect()).unwrap_or_default();
        self.store.remove(key);
        for (pool, ip_config) in pools {
            self.store.leave(&pool, &ip_config, at);
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
            ("GET", Route::Resources(subscription, group)) => self.resources(call, subscription, group.as_deref()),
            ("POST", Route::Graph) => self.graph(call),
            ("POST", Route::Collection { parent: Some(target), last, .. }) => self.action(call, target, last),
            ("GET", Route::Resource(id)) => self.get(call, id),
            ("PUT", Route::Group(subscription, group)) => self.put_group(call, subscription, group),
            ("DELETE", Route::Group(subscription, group)) => self.delete_group(call, subscription, group),
            ("PUT", Route::Resource(id)) => self.put(call, id),
            ("PATCH", Route::Resource(id)) => self.patch(call, id),
            ("HEAD", Route::Resource(id)) => Answer { body: None, ..self.get(call, id) },
            ("DELETE", Route::Resource(id)) => self.delete(call, id),
            (_, Route::Unknown) => {
                Answer::error(404, "InvalidResourceType", "The path is not one of Resource Manager's.")
            }
            (method, _) => {
                Answer::error(405, "MethodNotAllowed", format!("The simulator does not serve {method} here."))
            }
        }
    }

    fn action(&mut self, call: &Call, target: &ResourceId, action: &str) -> Answer {
        let kind = target.resource_type().to_ascii_lowercase();
        match (kind.as_str(), action.to_ascii_lowercase().as_str()) {
            ("microsoft.network/loadbalancers/loadbalancingrules", "health") => self.rule_health(call, target),
            ("microsoft.network/loadbalancers/backendaddresspools", "queryinboundnatruleportmapping") => {
                self.port_mapping(call, target)
            }
            (SCALE_SET, "manualupgrade") => self.manual_upgrade(call, target),
            (VM, "start" | "poweroff" | "deallocate" | "restart")
            | (INSTANCE, "start" | "poweroff" | "deallocate" | "restart") => self.power(call, target, action),
            (SCALE_SET, "delete") => self.delete_instances(call, target),
            (
                VM | INSTANCE | SCALE_SET,
                "reimage"
                | "reimageall"
                | "redeploy"
                | "reapply"
                | "runcommand"
                | "setorchestrationservicestate"
                | "restart"
                | "start"
                | "poweroff"
                | "deallocate",
            ) => self.pass(call, target),
            (VM, "generalize") => Answer::empty(200),
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
            generic::PUBLIC_ADDRESS | generic::VIRTUAL_NETWORK | generic::SECURITY_GROUP | VM | generic::EXTENSION => {
                self.put_generic(call, id, &kind, body)
            }
            generic::SUBNET => self.put_child(call, id, &kind, "subnets", body),
            "microsoft.network/loadbalancers/inboundnatrules" => {
                self.put_child(call, id, &kind, "inboundNatRules", body)
            }
            "microsoft.resources/deployments" => self.deploy(call, id, &body),
            _ => Answer::error(405, "MethodNotAllowed", format!("The simulator does not write '{kind}'.")),
        }
    }

    /// PATCH: what is given replaces what is there, as RFC 7396 merges documents; then as a PUT.
    fn patch(&mut self, call: &Call, id: &ResourceId) -> Answer {
        let patch = match call.json() {
            Ok(body) => body,
            Err(answer) => return *answer,
        };
        let Some(mut whole) = self.store.document(&id.folded()).cloned() else { return self.get(call, id) };
        merge(&mut whole, &patch);
        let body = whole.to_string().into();
        let inner = Call {
            method: call.method.clone(),
            path: call.path.clone(),
            query: call.query.clone(),
            if_match: call.if_match.clone(),
            body,
            base: call.base.clone(),
        };
        let mut answer = self.put(&inner, id);
        if id.resource_type().eq_ignore_ascii_case(LOAD_BALANCER) {
            // Recorded: a PATCH of tags has ended, and names no operation.
            answer.headers.retain(|(name, _)| *name != "azure-asyncoperation");
        }
        answer
    }

    fn delete(&mut self, call: &Call, id: &ResourceId) -> Answer {
        let kind = id.resource_type().to_ascii_lowercase();
        match kind.as_str() {
            NIC
            | LOAD_BALANCER
            | VM
            | SCALE_SET
            | INSTANCE
            | generic::PUBLIC_ADDRESS
            | generic::VIRTUAL_NETWORK
            | generic::SECURITY_GROUP
            | generic::EXTENSION => self.delete_resource(call, id),
            "microsoft.network/loadbalancers/backendaddresspools"
            | "microsoft.network/loadbalancers/inboundnatrules"
            | generic::SUBNET => self.delete_child(call, id),
            _ => Answer::error(405, "MethodNotAllowed", format!("The simulator does not delete '{kind}'.")),
        }
    }
}

fn merge(into: &mut Value, patch: &Value) {
    let (Some(object), Some(patch)) = (into.as_object_mut(), patch.as_object()) else {
        *into = patch.clone();
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            object.remove(key);
        } else {
            merge(object.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Longer than any client waits.
const NEVER: Duration = Duration::from_secs(3600 * 24 * 365);

/// The length of an answer that no client should take in.
const OVERSIZED: usize = 80 << 20;

/// The cloud's endpoints, all of them here: nothing that a client asks leaves this machine. The shape
/// is that of `https://management.azure.com/metadata/endpoints`: an array with one cloud up to
/// 2019-05-01, the cloud itself since.
fn metadata(call: &Call) -> Answer {
    let base = &call.base;
    let cloud = json!({
        "name": "AzureCloud",
        "portal": base, "gallery": base, "batch": base, "sqlManagement": base, "media": base,
        "graph": base, "graphAudience": base, "vmImageAliasDoc": base,
        "microsoftGraphResourceId": format!("{base}/"),
        "resourceManager": base,
        "authentication": {
            "loginEndpoint": base,
            "audiences": [base, format!("{base}/")],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "activeDirectoryDataLake": base, "logAnalyticsResourceId": base,
        "suffixes": {
            "acrLoginServer": "azurecr.io", "sqlServerHostname": "database.windows.net",
            "keyVaultDns": "vault.azure.net", "storage": "core.windows.net", "azureFrontDoorEndpointSuffix": "azurefd.net",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
        },
    });
    let version = call.query.get("api-version").map(String::as_str).unwrap_or_default();
    Answer::json(200, if version < "2022" { json!([cloud]) } else { cloud })
}

fn is_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    date.len() == 10
        && date.bytes().enumerate().all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() })
}
