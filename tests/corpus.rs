//! Recorded ARM traffic: everything parses without loss, every operation header is understood, and
//! an estate of recorded documents runs in the simulator. Skipped, loudly, where the recordings
//! are absent.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use azlb::arm::{Document, Operation, operation};
use azlb::azure::backend_pool::BackendPool;
use azlb::azure::load_balancer::LoadBalancer;
use azlb::azure::network_interface::NetworkInterface;
use azlb::azure::scale_set::{Instance, ScaleSet};
use azlb::azure::virtual_machine::VirtualMachine;
use azlb::estate::summary;
use azlb::sim::{Options, Simulator};
use serde_json::Value;
use support::*;

struct Exchange {
    file: String,
    line: usize,
    url: String,
    status: u16,
    headers: http::HeaderMap,
    response: Value,
    text: String,
}

fn exchanges() -> Option<Vec<Exchange>> {
    let Some(folder) = corpus() else {
        // Straight to standard error: the test runner does not capture that, and a skip must be seen.
        let _ =
            writeln!(std::io::stderr(), "SKIPPED: the recorded traffic is not here (../shared/corpus, or AZLB_CORPUS)");
        return None;
    };
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "jsonl") {
            continue;
        }
        for (at, text) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
            let value: Value = serde_json::from_str(text).unwrap();
            let mut headers = http::HeaderMap::new();
            for (name, v) in value["headers"].as_object().unwrap() {
                let name: http::HeaderName = name.parse().unwrap();
                headers.insert(name, v.as_str().unwrap().parse().unwrap());
            }
            out.push(Exchange {
                file: path.file_name().unwrap().to_string_lossy().into_owned(),
                line: at + 1,
                url: value["url"].as_str().unwrap().to_owned(),
                status: u16::try_from(value["status"].as_u64().unwrap()).unwrap(),
                headers,
                response: value["response"].clone(),
                text: text.to_owned(),
            });
        }
    }
    assert!(out.len() > 300, "only {} exchanges", out.len());
    Some(out)
}

/// The documents of a response: itself, or a list's items.
fn documents(response: &Value) -> Vec<&Value> {
    match response.get("value").and_then(Value::as_array) {
        Some(items) => items.iter().collect(),
        None => vec![response],
    }
}

/// Looks at everything that the views can show, and counts what was there.
fn look(body: &Value, seen: &mut BTreeMap<&'static str, usize>) {
    let mut see = |what: &'static str, n: usize| *seen.entry(what).or_default() += n;
    let lb = LoadBalancer(body);
    see("frontends", lb.frontends().filter(|f| f.id().is_some()).count());
    see("rules", lb.rules().filter(|r| r.id().is_some() && !r.pools().is_empty()).count());
    see("probes", lb.probes().filter(|p| p.port() > 0).count());
    see("pools", lb.pools().filter(|p| p.id().is_some()).count());
    for pool in lb.pools() {
        see("pool kinds", usize::from(pool.kind() != azlb::azure::backend_pool::PoolKind::Frontend));
    }
    let nic = NetworkInterface(body);
    see("ip configurations", nic.ip_configs().filter(|c| c.id().is_some()).count());
    let vm = VirtualMachine(body);
    see("vm nics", vm.nics().count());
    see("power states", usize::from(vm.power_state().is_some()));
    let set = ScaleSet(body);
    see("model pools", set.model_pools().len());
    let instance = Instance(body);
    see("instances", usize::from(!instance.instance_id().is_empty()));
    let _ = BackendPool(body).kind();
}

#[test]
fn every_response_parses_without_loss() {
    let Some(exchanges) = exchanges() else { return };
    let mut seen = BTreeMap::new();
    let mut resources = 0;
    for e in &exchanges {
        let place = format!("{}:{} {}", e.file, e.line, e.url);
        // The text of the recording gives back the same value after a round trip through ours.
        let whole: Value = serde_json::from_str(&e.text).unwrap();
        let again: Value = serde_json::from_str(&whole.to_string()).unwrap();
        assert_eq!(whole, again, "{place}");
        for body in documents(&e.response) {
            // A run command's document has a bare name under 'id': it is no resource.
            let is_resource = body.get("id").and_then(Value::as_str).is_some_and(|id| id.starts_with('/'));
            if !is_resource || e.status >= 400 {
                continue;
            }
            let document = Document::new(body.clone(), None).unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_eq!(document.body(), body, "{place}");
            look(body, &mut seen);
            assert_eq!(&document.into_body(), body, "{place}");
            resources += 1;
        }
    }
    assert!(resources > 150, "only {resources} resources");
    for (what, least) in [
        ("frontends", 5),
        ("rules", 2),
        ("probes", 2),
        ("pools", 5),
        ("ip configurations", 8),
        ("vm nics", 5),
        ("instances", 3),
    ] {
        assert!(seen.get(what).copied().unwrap_or(0) >= least, "{what}: {seen:?}");
    }
}

#[test]
fn every_error_is_read_whole() {
    let Some(exchanges) = exchanges() else { return };
    use azlb::arm::{ErrorClass, ServiceError};
    let mut classes: BTreeMap<(u16, String), usize> = BTreeMap::new();
    for e in exchanges.iter().filter(|e| e.status >= 400) {
        let error = ServiceError::read("GET", &e.url, e.status, &e.response);
        assert!(!error.code.starts_with("Http"), "{}:{}: no code", e.file, e.line);
        assert_ne!(error.message, "no message");
        let expected = match e.status {
            404 => ErrorClass::Gone,
            412 => ErrorClass::Moved,
            _ => ErrorClass::Refused,
        };
        assert_eq!(error.class(), expected, "{}:{}: {error}", e.file, e.line);
        *classes.entry((e.status, error.code)).or_default() += 1;
    }
    assert!(classes.contains_key(&(412, "PreconditionFailed".to_owned())), "{classes:?}");
    assert!(classes.len() >= 4, "{classes:?}");
}

#[tokio::test]
async fn every_operation_header_is_understood() {
    let Some(exchanges) = exchanges() else { return };
    let simulator = demo(Options::default());
    let state = tempfile::TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    let mut found = 0;
    for e in &exchanges {
        let wants =
            e.headers.contains_key("azure-asyncoperation") || e.status == 202 && e.headers.contains_key("location");
        let operation: Option<Operation> = operation::understand(session.reader(), e.status, &e.headers, "s")
            .unwrap_or_else(|error| panic!("{}:{}: {error}", e.file, e.line));
        assert_eq!(operation.is_some(), wants, "{}:{}", e.file, e.line);
        found += usize::from(wants);
    }
    assert!(found > 90, "only {found} operations");
}

#[tokio::test(start_paused = true)]
async fn an_estate_of_recorded_documents_runs_and_lists() {
    let Some(exchanges) = exchanges() else { return };
    let wanted = [
        "microsoft.network/loadbalancers",
        "microsoft.network/networkinterfaces",
        "microsoft.compute/virtualmachinescalesets",
    ];
    let mut estate: BTreeMap<String, Value> = BTreeMap::new();
    for e in exchanges.iter().filter(|e| e.status < 300) {
        for body in documents(&e.response) {
            let Ok(document) = Document::new(body.clone(), None) else { continue };
            if wanted.contains(&document.id().resource_type().to_lowercase().as_str()) {
                // Later recordings of a resource stand for earlier ones.
                estate.insert(document.id().folded(), body.clone());
            }
        }
    }
    let balancers: Vec<&Value> = estate
        .values()
        .filter(|d| summary::LoadBalancer::read(d).is_some() && d["type"] == "Microsoft.Network/loadBalancers")
        .collect();
    let count = balancers.len();
    let pools: usize = balancers.iter().map(|d| LoadBalancer(d).pools().count()).sum();
    assert!(count >= 3 && estate.len() >= 8, "{count} of {}", estate.len());
    let simulator = Arc::new(Simulator::new(estate.into_values().collect(), Options::default()).unwrap());
    let state = tempfile::TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    session.refresh().await.unwrap();
    let problems: Vec<_> = session.subscription_rows().into_iter().filter_map(|s| s.problem).collect();
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(session.load_balancer_rows("").len(), count);
    assert_eq!(session.pool_rows("").len(), pools);
}
