//! What the tests share: a session on a simulator in memory, without sockets, so that tokio's
//! clock can stand still and jump; and a wire that can be cut at any exchange.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use azlb::arm::Cloud;
use azlb::arm::token::CredentialSource;
use azlb::arm::transport::{Transport, TransportError};
use azlb::changes::{GuardCode, Outcome, Plan, PlanError, Request, Run, Severity};
use azlb::config::Config;
use azlb::session::{Report, Session, SessionError};
use azlb::sim::{Options, Simulator};
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::time::OffsetDateTime;
use bytes::Bytes;
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub const ENDPOINT: &str = "https://sim.example.net";

/// A demo simulation with no jitter from wall clocks.
pub fn demo(options: Options) -> Arc<Simulator> {
    Arc::new(Simulator::demo(options).unwrap())
}

/// The wire to a simulator. It is cut after `cut` exchanges: the one that is cut reaches the
/// simulator or not, and its answer never comes.
pub struct Wire {
    pub simulator: Arc<Simulator>,
    exchanges: AtomicUsize,
    cut: Option<Cut>,
    dead: tokio::sync::Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// Which exchange, from 0.
    pub at: usize,
    /// Whether the request still reached the server.
    pub delivered: bool,
}

impl Wire {
    pub fn new(simulator: Arc<Simulator>, cut: Option<Cut>) -> Self {
        Self { simulator, exchanges: AtomicUsize::new(0), cut, dead: tokio::sync::Notify::new() }
    }

    /// Ends when the wire is cut.
    pub async fn dead(&self) {
        self.dead.notified().await;
    }

    pub fn exchanges(&self) -> usize {
        self.exchanges.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let n = self.exchanges.fetch_add(1, Ordering::SeqCst);
        if let Some(cut) = self.cut.filter(|c| n >= c.at) {
            if n == cut.at && cut.delivered {
                self.simulator.handle(request);
            }
            // The process is dead: nobody hears the answer.
            self.dead.notify_one();
            return std::future::pending().await;
        }
        // Let others run, as a network would.
        tokio::task::yield_now().await;
        match self.simulator.handle(request) {
            Some(response) => Ok(response),
            None => Err(TransportError { cause: "connection reset by peer".to_owned() }),
        }
    }
}

/// Tokens of the simulator's own endpoint.
#[derive(Clone)]
pub struct Identity(pub Arc<Simulator>);

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

impl CredentialSource for Identity {
    fn credential(&self) -> Result<Arc<dyn TokenCredential>, String> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl TokenCredential for Identity {
    async fn get_token(&self, _: &[&str], _: Option<TokenRequestOptions<'_>>) -> azure_core::Result<AccessToken> {
        let request = http::Request::builder()
            .uri(format!("{ENDPOINT}/msi/token?resource=x&api-version=2019-08-01"))
            .header("x-identity-header", self.0.identity_header())
            .body(Bytes::new())
            .unwrap();
        let answer = self.0.handle(request).unwrap();
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        let token = body["access_token"].as_str().unwrap().to_owned();
        let expires: i64 = body["expires_on"].as_str().unwrap().parse().unwrap();
        Ok(AccessToken::new(token, OffsetDateTime::from_unix_timestamp(expires).unwrap()))
    }
}

/// A session on a wire, with its state in a folder.
pub fn session_on(wire: Arc<Wire>, state: &Path, change: impl FnOnce(&mut Config)) -> Session {
    let mut config = Config { state_dir: Some(state.to_owned()), ..Config::default() };
    change(&mut config);
    let cloud = Cloud::at(ENDPOINT).unwrap();
    let identity = Arc::new(Identity(Arc::clone(&wire.simulator)));
    Session::open(config, cloud, wire, identity, ENDPOINT.to_owned()).unwrap()
}

/// Over another transport, which ends at the simulator.
pub fn session_over(
    transport: Arc<dyn azlb::arm::transport::Transport>,
    simulator: &Arc<Simulator>,
    state: &Path,
) -> Session {
    let config = Config { state_dir: Some(state.to_owned()), ..Config::default() };
    let identity = Arc::new(Identity(Arc::clone(simulator)));
    Session::open(config, Cloud::at(ENDPOINT).unwrap(), transport, identity, ENDPOINT.to_owned()).unwrap()
}

pub fn session(simulator: &Arc<Simulator>, state: &Path) -> Session {
    session_on(Arc::new(Wire::new(Arc::clone(simulator), None)), state, |_| {})
}

/// A session that has listed everything, and the folder of its state.
pub async fn listed(simulator: &Arc<Simulator>) -> (Session, tempfile::TempDir) {
    let state = tempfile::TempDir::new().unwrap();
    let session = session(simulator, state.path());
    session.refresh().await.unwrap();
    (session, state)
}

/// The guards that refused.
pub fn refusal(error: SessionError) -> Vec<GuardCode> {
    match error {
        SessionError::Plan(PlanError::Refused(findings)) => {
            findings.into_iter().filter(|f| f.severity == Severity::Refuse).map(|f| f.code).collect()
        }
        other => panic!("expected a refusal, got {other}"),
    }
}

/// Plans and applies.
pub async fn apply(session: &Session, request: &Request) -> Report {
    let plan = session.plan(request).await.expect("a plan");
    apply_plan(session, plan).await
}

pub async fn apply_plan(session: &Session, plan: Plan) -> Report {
    let progress = watch::Sender::new(Run::new(&plan));
    session.apply(plan, &progress, &CancellationToken::new()).await.expect("a report")
}

/// The request that swaps the demo's master.
pub fn swap_request(session: &Session, to: &str) -> Request {
    let pool = session.pool("db-lb/masters").unwrap();
    session.request_swap(&pool, None, to, session.config().options()).unwrap()
}

/// The names of a pool's members, by the simulator's own documents.
pub fn members(simulator: &Simulator, lb: &str, pool: &str) -> Vec<String> {
    members_in(&simulator.documents(), lb, pool)
}

/// The names of a pool's members, by documents.
pub fn members_in(documents: &[Value], lb: &str, pool: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for document in documents {
        if document["name"] == lb && document["type"] == "Microsoft.Network/loadBalancers" {
            for p in document["properties"]["backendAddressPools"].as_array().unwrap() {
                if p["name"] == pool {
                    for c in p["properties"]["backendIPConfigurations"].as_array().into_iter().flatten() {
                        out.push(c["id"].as_str().unwrap().split('/').nth(8).unwrap().to_owned());
                    }
                    for a in p["properties"]["loadBalancerBackendAddresses"].as_array().into_iter().flatten() {
                        if let Some(ip) = a["properties"]["ipAddress"].as_str() {
                            out.push(ip.to_owned());
                        }
                        if let Some(f) = a["properties"]["loadBalancerFrontendIPConfiguration"]["id"].as_str() {
                            out.push(f.rsplit('/').next().unwrap().to_owned());
                        }
                    }
                }
            }
        }
    }
    out.sort();
    out
}

/// The largest number of members that a pool ever had, as the simulator recorded it.
pub fn most_ever(simulator: &Simulator, pool: &str) -> usize {
    history(simulator, pool).into_iter().map(|m| m.len()).max().unwrap_or(0)
}

/// Every membership that a pool ever had.
pub fn history(simulator: &Simulator, pool: &str) -> Vec<Vec<String>> {
    simulator
        .history()
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["pool"].as_str().unwrap().ends_with(&pool.to_lowercase()))
        .map(|e| {
            let mut names: Vec<String> = e["members"]
                .as_array()
                .unwrap()
                .iter()
                .map(|m| m.as_str().unwrap().split('/').nth(8).unwrap_or(m.as_str().unwrap()).to_owned())
                .collect();
            names.sort();
            names
        })
        .collect()
}

/// Every document as it is, without what changes by itself: ETags and provisioning states.
pub fn still(simulator: &Simulator) -> Vec<Value> {
    let mut documents = simulator.documents();
    for document in &mut documents {
        strip(document);
    }
    documents
}

/// The names of the documents that differ.
pub fn differing(before: &[Value], after: &[Value]) -> Vec<String> {
    assert_eq!(before.len(), after.len());
    before
        .iter()
        .zip(after)
        .filter(|(a, b)| a != b)
        .map(|(a, _)| a["id"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect()
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("etag");
            map.remove("provisioningState");
            map.values_mut().for_each(strip);
        }
        Value::Array(list) => {
            list.iter_mut().for_each(strip);
            // Members and references are sets.
            list.sort_by_key(|v| v.get("id").or_else(|| v.get("name")).and_then(Value::as_str).map(str::to_owned));
        }
        _ => {}
    }
}

/// The recorded traffic, where it is.
pub fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("AZLB_CORPUS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    folder.is_dir().then_some(folder)
}

pub fn is_done(report: &Report) -> bool {
    report.outcome == Outcome::Done
}
