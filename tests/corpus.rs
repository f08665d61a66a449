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
    let simulator = Arc::new(Simulator::new(estate.into_values(), Options::default()).unwrap());
    let state = tempfile::TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    session.refresh().await.unwrap();
    let problems: Vec<_> = session.subscription_rows().into_iter().filter_map(|s| s.problem).collect();
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(session.load_balancer_rows("").len(), count);
    assert_eq!(session.pool_rows("").len(), pools);
}

/// One exchange of the replay: what was asked, and why the answer is not the recorded one.
struct Replayed {
    file: String,
    line: usize,
    what: String,
    problems: Vec<String>,
}

/// Sends each recording's requests in order to a fresh simulator and compares the answers.
async fn replay(file: &std::path::Path) -> Vec<Replayed> {
    use bytes::Bytes;
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let lines: Vec<Value> =
        std::fs::read_to_string(file).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let subscription = "00000000-0000-0000-0000-000000000000";
    // The older recordings begin in a group that was there already.
    let mut documents = vec![serde_json::json!({ "id": format!("/subscriptions/{subscription}"),
        "subscriptionId": subscription, "displayName": "recorded", "state": "Enabled" })];
    let first = lines[0]["url"].as_str().unwrap();
    // …/subscriptions/ID/resourceGroups/NAME is made by the recording itself.
    if first.split('/').count() != 5 {
        let group = first.split('/').nth(4).unwrap().split('?').next().unwrap();
        documents.push(serde_json::json!({ "id": format!("/subscriptions/{subscription}/resourceGroups/{group}"),
            "name": group, "type": "Microsoft.Resources/resourceGroups", "location": "eastus", "properties": {} }));
    }
    let simulator = Simulator::new(documents, Options { throttle: false, ..Options::default() }).unwrap();
    let token = {
        let request = http::Request::get("https://sim/msi/token?resource=https://sim&api-version=2019-08-01")
            .header("x-identity-header", simulator.identity_header());
        let answer = simulator.handle(request.body(Bytes::new()).unwrap()).unwrap();
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    };
    // Where the recorded operations are here.
    let mut operations: std::collections::HashMap<String, String> = std::collections::HashMap::new();
    let mut etags: Vec<(String, String)> = Vec::new();
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (method, url) = (line["method"].as_str().unwrap(), line["url"].as_str().unwrap());
        let path_of = |u: &str| u.split('?').next().unwrap().to_ascii_lowercase();
        let poll = ["/operations/", "/operationresults/"].iter().any(|w| path_of(url).contains(w));
        let target = if poll { operations.get(&path_of(url)).cloned() } else { Some(url.to_owned()) };
        let what = format!("{method} {}", url.split('?').next().unwrap().rsplit("/providers/").next().unwrap());
        let mut problems = Vec::new();
        let Some(target) = target else {
            out.push(Replayed {
                file: name.clone(),
                line: at + 1,
                what,
                problems: vec!["its operation was not started".into()],
            });
            continue;
        };
        if poll && line["response"]["status"] != "InProgress" {
            // What was recorded had taken its time.
            tokio::time::advance(std::time::Duration::from_secs(120)).await;
        }
        let target = target.strip_prefix("https://sim").unwrap_or(&target).to_owned();
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("https://sim{}", target.replace(' ', "%20")))
            .header("authorization", format!("Bearer {token}"));
        if let Some(etag) = line["request_headers"]["If-Match"].as_str() {
            // Recorded tags are neutral: the right one is the newest of its resource, a wrong one is none.
            let right = line["status"].as_u64() != Some(412);
            let known = etags.iter().rev().find(|(p, _)| *p == path_of(url)).map(|(_, e)| e.clone());
            request = request
                .header("if-match", if right { known.unwrap_or(etag.to_owned()) } else { "\"no-such\"".to_owned() });
        }
        // Some bodies were recorded as Python shows bytes.
        let body: Bytes = match &line["request"] {
            Value::Null => Bytes::new(),
            Value::String(text) => text.trim_start_matches("b'").trim_end_matches('\'').to_owned().into(),
            other => other.to_string().into(),
        };
        let answer = simulator.handle(request.body(body).unwrap()).unwrap();
        let status = u64::from(answer.status().as_u16());
        let header = |n: &str| answer.headers().get(n).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let ours: Value = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
        if line["status"].as_u64() != Some(status) {
            problems.push(format!(
                "status {status} {}, recorded {}",
                ours["error"]["code"].as_str().unwrap_or(""),
                line["status"]
            ));
        }
        // Where both name one path, the operation itself is the one to ask.
        for style in ["location", "azure-asyncoperation"] {
            let recorded = line["headers"][style].as_str();
            match (recorded, header(style)) {
                (Some(theirs), Some(own)) => drop(operations.insert(path_of(theirs), own)),
                (Some(_), None) if status < 300 => problems.push(format!("no {style}")),
                (None, Some(_)) if !poll && line["status"].as_u64() == Some(status) => {
                    problems.push(format!("an {style} that was not recorded"))
                }
                _ => {}
            }
        }
        if let Some(code) = line["response"]["error"]["code"].as_str()
            && ours["error"]["code"].as_str() != Some(code)
        {
            problems.push(format!("code {}, recorded {code}", ours["error"]["code"]));
        }
        if status < 300 && !poll {
            let mut missing = Vec::new();
            lacks(&line["response"], &ours, String::new(), &mut missing);
            if !missing.is_empty() {
                problems.push(format!("lacks {}", missing.join(", ")));
            }
        }
        if let Some(etag) = ours["etag"].as_str() {
            etags.push((path_of(url), etag.to_owned()));
        }
        // The clients that were recorded took breath too.
        if method != "GET" {
            tokio::time::advance(std::time::Duration::from_millis(10)).await;
        }
        out.push(Replayed { file: name.clone(), line: at + 1, what, problems });
    }
    out
}

/// The recorded fields that an answer lacks or has of another JSON type. Lists are compared by their first item.
fn lacks(recorded: &Value, ours: &Value, at: String, out: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Object(r), Value::Object(o)) => {
            for (key, value) in r {
                match o.get(key) {
                    None => out.push(format!("{at}/{key}")),
                    Some(own) => lacks(value, own, format!("{at}/{key}"), out),
                }
            }
        }
        (Value::Array(r), Value::Array(o)) => {
            if let (Some(r), Some(o)) = (r.first(), o.first()) {
                lacks(r, o, format!("{at}/0"), out);
            } else if !r.is_empty() {
                out.push(format!("{at}/0"));
            }
        }
        (r, o) if std::mem::discriminant(r) != std::mem::discriminant(o) => out.push(format!("{at} as {}", kind(r))),
        _ => {}
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The simulator answers recorded requests as Azure did. `AZLB_REPLAY=1` prints each that it does not.
#[tokio::test(start_paused = true)]
async fn the_simulator_answers_recorded_requests() {
    let Some(folder) = corpus() else { return };
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "jsonl"));
    files.sort();
    let (mut all, mut matched) = (0, 0);
    let print = std::env::var_os("AZLB_REPLAY").is_some();
    for file in files {
        let replayed = replay(&file).await;
        let good = replayed.iter().filter(|r| r.problems.is_empty()).count();
        if print {
            eprintln!("| {} | {} | {good} |", file.file_name().unwrap().to_string_lossy(), replayed.len());
            for r in replayed.iter().filter(|r| !r.problems.is_empty()) {
                eprintln!("    {}:{} {}: {}", r.file, r.line, r.what, r.problems.join("; "));
            }
        }
        all += replayed.len();
        matched += good;
    }
    eprintln!("replay: {matched} of {all} exchanges matched");
    // What is not matched, and why, is in docs/dev/fidelity.md.
    assert!(matched >= 371, "{matched} of {all}");
}
