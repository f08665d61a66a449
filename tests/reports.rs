//! Public bug reports of other tools, each a kind of fault that azlb must not have. The names say
//! which: `tf` is terraform-provider-azurerm, `cpa` cloud-provider-azure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::{Arc, Mutex};

use azlb::arm::transport::{Transport, TransportError};
use azlb::changes::{GuardCode, OnFailure, Outcome, StepState};
use azlb::session::Session;
use azlb::sim::{Options, Simulator};
use bytes::Bytes;
use serde_json::{Value, json};
use support::*;
use tempfile::TempDir;

fn demo_with(change: impl FnOnce(&mut Vec<Value>)) -> Arc<Simulator> {
    let mut documents: Vec<Value> = azlb::sim::DEMO.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    change(&mut documents);
    Arc::new(Simulator::new(documents, Options::default()).unwrap())
}

fn named<'a>(documents: &'a mut [Value], name: &str) -> &'a mut Value {
    documents.iter_mut().find(|d| d["name"] == name).unwrap()
}

/// A wire that keeps every write that passes.
struct Tap {
    wire: Wire,
    writes: Mutex<Vec<(String, Value)>>,
}

#[async_trait::async_trait]
impl Transport for Tap {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        if request.method() == "PUT" {
            let body = serde_json::from_slice(request.body()).unwrap();
            self.writes.lock().unwrap().push((request.uri().path().to_owned(), body));
        }
        self.wire.send(request).await
    }
}

async fn tapped(simulator: &Arc<Simulator>) -> (Session, Arc<Tap>, TempDir) {
    let state = TempDir::new().unwrap();
    let tap = Arc::new(Tap { wire: Wire::new(Arc::clone(simulator), None), writes: Mutex::default() });
    let config = azlb::config::Config { state_dir: Some(state.path().to_owned()), ..Default::default() };
    let session = Session::open(
        config,
        azlb::arm::Cloud::at(ENDPOINT).unwrap(),
        Arc::clone(&tap) as Arc<dyn Transport>,
        Arc::new(Identity(Arc::clone(simulator))),
        ENDPOINT.to_owned(),
    )
    .unwrap();
    session.refresh().await.unwrap();
    (session, tap, state)
}

/// openshift/installer 2353: a NIC is edited while its VM is being deleted.
#[tokio::test(start_paused = true)]
async fn a_nic_whose_vm_is_being_deleted_fails_alone() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("web-lb/blue").unwrap();
    let mut options = session.config().options();
    options.on_failure = OnFailure::Continue;
    let names = ["vm-web-1".to_owned(), "vm-web-2".to_owned()];
    let request = session.request_remove(&pool, &names, options).unwrap();
    simulator.inject("PUT vm-web-1-nic 409 code=OperationNotAllowed".parse().unwrap());
    let report = apply(&session, &request).await;
    assert_eq!(report.outcome, Outcome::Partly);
    assert!(
        matches!(&report.run.step(1).unwrap().state, StepState::Failed { code: Some(c), .. } if c == "OperationNotAllowed")
    );
    assert_eq!(report.run.step(2).unwrap().state, StepState::Done { changed: true });
    assert_eq!(members(&simulator, "web-lb", "blue"), ["vm-web-1-nic", "vm-web-3-nic", "vm-web-4-nic"]);
}

/// tf 9412: the VM and its NIC are deleted in the middle of the plan.
#[tokio::test(start_paused = true)]
async fn a_nic_that_is_deleted_under_way_has_left_and_cannot_join() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let blue = session.pool("web-lb/blue").unwrap();
    let request = session.request_remove(&blue, &["vm-web-1".to_owned()], session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    simulator.inject("GET vm-web-1-nic 404 code=ResourceNotFound".parse().unwrap());
    let report = apply_plan(&session, plan).await;
    assert_eq!(report.run.step(1).unwrap().state, StepState::Done { changed: false });
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let request = session.request_add(&blue, &["vm-web-5".to_owned()], session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    simulator.inject("GET vm-web-5-nic 404 code=ResourceNotFound".parse().unwrap());
    let report = apply_plan(&session, plan).await;
    assert!(
        matches!(&report.run.step(1).unwrap().state, StepState::Failed { error, .. } if error.contains("not there any more"))
    );
    assert_eq!(report.outcome, Outcome::Failed);
}

/// tf 3794, azure-cli 2336: an ip configuration's name that the NIC does not have.
#[tokio::test(start_paused = true)]
async fn a_wrong_ip_configuration_lists_what_there_is_before_any_write() {
    let simulator = demo(Options::default());
    let (session, tap, _state) = tapped(&simulator).await;
    let pool = session.pool("db-lb/masters").unwrap();
    let right = session.candidates(&pool.id)[0].id.to_string();
    let wrong = right.replace("ipconfig1", "ipconfig9");
    let error =
        session.request_add(&pool, std::slice::from_ref(&wrong), session.config().options()).unwrap_err().to_string();
    assert!(error.contains(&wrong) && error.contains("vm-db-2-nic/ipconfig1"), "{error}");
    for garbage in ["/", "/subscriptions", "/subscriptions/x/y", "\u{1b}[2J", ""] {
        assert!(session.request_add(&pool, &[garbage.to_owned()], session.config().options()).is_err(), "{garbage:?}");
    }
    assert!(tap.writes.lock().unwrap().is_empty());
}

/// tf 25962: a NIC for an IP pool; and an empty pool's kind is not known.
#[tokio::test(start_paused = true)]
async fn a_nic_for_an_ip_pool_is_refused_by_kind_and_an_empty_pool_takes_either() {
    let simulator = demo_with(|d| {
        named(d, "web-lb")["properties"]["backendAddressPools"].as_array_mut().unwrap().push(json!({
            "name": "fresh",
            "id": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-web/providers/Microsoft.Network/loadBalancers/web-lb/backendAddressPools/fresh",
            "properties": { "provisioningState": "Succeeded" } }));
    });
    let (session, _state) = listed(&simulator).await;
    let nodes = session.pool("cache-lb/nodes").unwrap();
    let request = session.request_add(&nodes, &["vm-web-1".to_owned()], session.config().options()).unwrap();
    assert_eq!(refusal(session.plan(&request).await.unwrap_err()), [GuardCode::KindMix]);
    let fresh = session.pool("web-lb/fresh").unwrap();
    let request = session.request_add(&fresh, &["vm-web-5".to_owned()], session.config().options()).unwrap();
    assert!(is_done(&apply(&session, &request).await));
    assert_eq!(members(&simulator, "web-lb", "fresh"), ["vm-web-5-nic"]);
}

/// azure-rest-api-specs 10104 (tf 7691), tf 10496: echoing read-only members back; writing NIC members
/// through the pool.
#[tokio::test(start_paused = true)]
async fn membership_never_writes_a_load_balancer_nor_a_nic_pool_nor_what_is_derived() {
    let simulator = demo(Options::default());
    let (session, tap, _state) = tapped(&simulator).await;
    let options = || session.config().options();
    let pool = |name: &str| session.pool(name).unwrap();
    for request in [
        session.request_swap(&pool("db-lb/masters"), None, "vm-db-2", options()).unwrap(),
        session.request_move(&pool("web-lb/green"), &pool("web-lb/blue"), &["vm-web-5".to_owned()], options()).unwrap(),
        session.request_remove(&pool("api-lb/api"), &["api-ss/1".to_owned()], options()).unwrap(),
        session.request_swap(&pool("cache-lb/nodes"), Some("node-1"), "10.1.4.40", options()).unwrap(),
    ] {
        assert!(is_done(&apply(&session, &request).await), "{}", request.title);
    }
    let writes = tap.writes.lock().unwrap();
    assert_eq!(writes.len(), 5);
    for (path, body) in writes.iter() {
        assert!(!path.rsplit('/').nth(1).unwrap().eq_ignore_ascii_case("loadBalancers"), "{path}");
        if path.contains("backendAddressPools") {
            assert!(path.ends_with("cache-lb/backendAddressPools/nodes"), "{path}");
            assert!(body["properties"].get("backendIPConfigurations").is_none(), "{body}");
        }
    }
}

/// azure-cli 8297: an Application Gateway's pool; its references on the ip configuration stay.
#[tokio::test(start_paused = true)]
async fn an_application_gateway_is_no_load_balancer_and_keeps_its_references() {
    let gateway = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-web/providers/Microsoft.Network/applicationGateways/gw/backendAddressPools/p";
    let simulator = demo_with(|d| {
        named(d, "vm-web-5-nic")["properties"]["ipConfigurations"][0]["properties"]["applicationGatewayBackendAddressPools"] =
            json!([{ "id": gateway }]);
    });
    let (session, _state) = listed(&simulator).await;
    let error = session.pool(gateway).unwrap_err().to_string();
    assert!(
        error.contains("applicationGateways") && error.contains("loadBalancers/LB/backendAddressPools/POOL"),
        "{error}"
    );
    let (green, blue) = (session.pool("web-lb/green").unwrap(), session.pool("web-lb/blue").unwrap());
    let request = session.request_move(&green, &blue, &["vm-web-5".to_owned()], session.config().options()).unwrap();
    assert!(is_done(&apply(&session, &request).await));
    let nic = simulator.documents().into_iter().find(|d| d["name"] == "vm-web-5-nic").unwrap();
    assert_eq!(
        nic["properties"]["ipConfigurations"][0]["properties"]["applicationGatewayBackendAddressPools"][0]["id"],
        gateway
    );
}

/// ansible 63428: a NIC with several ip configurations, security groups, DNS and fields nobody knows.
#[tokio::test(start_paused = true)]
async fn a_rich_nic_differs_in_one_array_only() {
    let simulator = demo_with(|d| {
        let nic = named(d, "vm-db-2-nic");
        let base = nic["properties"]["ipConfigurations"][0].clone();
        for (n, ip) in [(2, "10.1.0.52"), (3, "10.1.0.53")] {
            let mut more = base.clone();
            more["name"] = json!(format!("ipconfig{n}"));
            more["id"] = json!(base["id"].as_str().unwrap().replace("ipconfig1", &format!("ipconfig{n}")));
            more["properties"]["privateIPAddress"] = json!(ip);
            more["properties"]["primary"] = json!(false);
            more["properties"]["applicationSecurityGroups"] = json!([{ "id": "/subscriptions/s/resourceGroups/r/providers/Microsoft.Network/applicationSecurityGroups/asg" }]);
            nic["properties"]["ipConfigurations"].as_array_mut().unwrap().push(more);
        }
        nic["properties"]["dnsSettings"] = json!({ "dnsServers": ["10.1.0.2"], "unheardOf": { "x": 1.5e300 } });
        nic["properties"]["futureField"] = json!([1, { "a": null }, "ü"]);
    });
    let (session, tap, _state) = tapped(&simulator).await;
    let before = simulator.documents().into_iter().find(|d| d["name"] == "vm-db-2-nic").unwrap();
    let pool = session.pool("db-lb/masters").unwrap();
    let second = before["properties"]["ipConfigurations"][1]["id"].as_str().unwrap();
    let request = session.request_swap(&pool, None, second, session.config().options()).unwrap();
    assert!(is_done(&apply(&session, &request).await));
    let writes = tap.writes.lock().unwrap();
    let (_, mut sent) = writes.iter().find(|(p, _)| p.ends_with("vm-db-2-nic")).unwrap().clone();
    let joined = sent["properties"]["ipConfigurations"][1]["properties"]
        .as_object_mut()
        .unwrap()
        .remove("loadBalancerBackendAddressPools");
    assert_eq!(joined.unwrap(), json!([{ "id": pool.id.as_str() }]));
    assert_eq!(sent, before);
}

/// ansible-collections/azure 866: names of ip configurations differ from NIC to NIC; a member whose VM is
/// gone is told, and can be taken out.
#[tokio::test(start_paused = true)]
async fn a_ghost_is_told_and_taken_out_where_its_nic_is_there() {
    let simulator = demo_with(|d| {
        let nic = named(d, "vm-db-3-nic");
        nic["properties"]["ipConfigurations"][0]["name"] = json!("primary-nic-config");
        let id =
            nic["properties"]["ipConfigurations"][0]["id"].as_str().unwrap().replace("ipconfig1", "primary-nic-config");
        nic["properties"]["ipConfigurations"][0]["id"] = json!(id);
    });
    let (session, _state) = listed(&simulator).await;
    assert!(is_done(&apply(&session, &swap_request(&session, "vm-db-3")).await));
    let pool = session.pool("stg-app-lb/app").unwrap();
    let ghosts: Vec<String> =
        session.members(&pool.id).into_iter().filter(|m| m.ghost.is_some()).map(|m| m.name).collect();
    assert_eq!(ghosts, ["vm-stg-app-3", "vm-stg-app-4-nic"]);
    let request = session.request_remove(&pool, &["vm-stg-app-3".to_owned()], session.config().options()).unwrap();
    assert!(is_done(&apply(&session, &request).await));
    let request = session.request_remove(&pool, &["vm-stg-app-4-nic".to_owned()], session.config().options()).unwrap();
    assert_eq!(refusal(session.plan(&request).await.unwrap_err()), [GuardCode::Gone]);
}

/// azure-powershell 2042: two load balancers with the same backend port and protocol.
#[tokio::test(start_paused = true)]
async fn the_same_backend_port_on_two_load_balancers_is_seen_beforehand() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    // web-lb sends 8080 to vm-web-1; api-lb would too.
    let api = session.pool("api-lb/api").unwrap();
    let request = session.request_add(&api, &["vm-web-1".to_owned()], session.config().options()).unwrap();
    assert_eq!(refusal(session.plan(&request).await.unwrap_err()), [GuardCode::SamePort]);
}

/// azure-powershell 4698: a scale set's NIC is written through Compute.
#[tokio::test(start_paused = true)]
async fn an_instance_is_never_written_through_network() {
    let simulator = demo(Options::default());
    let (session, tap, _state) = tapped(&simulator).await;
    let pool = session.pool("api-lb/api").unwrap();
    let id = session.members(&pool.id)[4].id.to_string();
    let request = session.request_remove(&pool, &[id], session.config().options()).unwrap();
    assert!(is_done(&apply(&session, &request).await));
    let writes = tap.writes.lock().unwrap();
    assert_eq!(writes.len(), 1);
    assert!(
        writes[0].0.ends_with("/providers/Microsoft.Compute/virtualMachineScaleSets/api-ss/virtualMachines/4"),
        "{}",
        writes[0].0
    );
}

/// kubernetes 80365, cpa 7509: an instance that differs from its set's model is told before and after.
#[tokio::test(start_paused = true)]
async fn drift_from_the_model_is_told() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("api-lb/api").unwrap();
    let request = session.request_remove(&pool, &["api-ss/0".to_owned()], session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    let drift = plan.findings.iter().find(|f| f.code == GuardCode::Drift).unwrap();
    assert!(drift.message.contains("api-ss/0") && drift.message.contains("puts it back"), "{}", drift.message);
    // Putting it back to what the model says is no drift.
    assert!(is_done(&apply_plan(&session, plan).await));
    let request = session.request_add(&pool, &["api-ss/0".to_owned()], session.config().options()).unwrap();
    assert!(session.plan(&request).await.unwrap().findings.iter().all(|f| f.code != GuardCode::Drift));
}

/// kubernetes 93085, cpa 3707 and 6315: IPv6 ip configurations, which are never primary.
#[tokio::test(start_paused = true)]
async fn the_family_is_chosen_by_data_and_a_secondary_ip_configuration_leaves_too() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let six = session.pool("stg-dual-lb/dual-v6").unwrap();
    let request = session.request_add(&six, &["vm-stg-dual-2".to_owned()], session.config().options()).unwrap();
    let report = apply(&session, &request).await;
    assert!(is_done(&report), "{:?}", report.run.steps);
    let nic = simulator.documents().into_iter().find(|d| d["name"] == "vm-stg-dual-2-nic").unwrap();
    let joined: Vec<&Value> = nic["properties"]["ipConfigurations"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|c| {
            c["properties"]["loadBalancerBackendAddressPools"]
                .as_array()
                .is_some_and(|p| p.iter().any(|p| p["id"] == six.id.as_str()))
        })
        .collect();
    assert_eq!(joined.len(), 1);
    assert_eq!(joined[0]["properties"]["privateIPAddressVersion"], "IPv6");
    let request = session.request_remove(&six, &["vm-stg-dual-1".to_owned()], session.config().options()).unwrap();
    assert!(is_done(&apply(&session, &request).await));
    assert_eq!(members(&simulator, "stg-dual-lb", "dual-v6"), ["vm-stg-dual-2-nic"]);
    // The wrong family is refused, by whatever name.
    let four = session.pool("stg-dual-lb/dual-v4").unwrap();
    let v6 = nic["properties"]["ipConfigurations"][1]["id"].as_str().unwrap().to_owned();
    let request = session.request_add(&four, &[v6], session.config().options()).unwrap();
    assert!(refusal(session.plan(&request).await.unwrap_err()).contains(&GuardCode::Family));
}

/// cpa 9728: ETags that move all the time end in a bounded number of tries, not in a storm.
#[tokio::test(start_paused = true)]
async fn etags_that_never_stand_still_end_the_step_in_bounded_tries() {
    let simulator = demo(Options::default());
    let (session, tap, _state) = tapped(&simulator).await;
    let request = swap_request(&session, "vm-db-2");
    simulator.inject("PUT networkInterfaces moved".parse().unwrap());
    let report = apply(&session, &request).await;
    assert_eq!(report.outcome, Outcome::Failed);
    let tries = tap.writes.lock().unwrap().len();
    assert!((2..=12).contains(&tries), "{tries}");
    assert!(
        matches!(&report.run.step(1).unwrap().state, StepState::Failed { code: Some(c), .. } if c == "PreconditionFailed")
    );
}

/// azure-powershell 4889 (terraform 7986): too many parallel joins of one load balancer.
#[tokio::test(start_paused = true)]
async fn joins_stay_under_the_cap_and_an_availability_set_is_serial() {
    let size: azlb::sim::generate::Size = "subs=1,lbs=1,nics=60".parse().unwrap();
    let mut documents = azlb::sim::generate::estate(size).collect::<Vec<_>>();
    let set = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-gen/providers/Microsoft.Compute/availabilitySets/av";
    for vm in documents.iter_mut().filter(|d| d["type"] == "Microsoft.Compute/virtualMachines").take(12) {
        vm["properties"]["availabilitySet"] = json!({ "id": set });
    }
    // The simulator refuses more than ten at once; none of them is to be seen.
    let simulator = Arc::new(Simulator::new(documents, Options { page_size: 1000, ..Options::default() }).unwrap());
    let (session, tap, _state) = tapped(&simulator).await;
    let (a, b) = (session.pool("lb-0000/a").unwrap(), session.pool("lb-0000/b").unwrap());
    let names: Vec<String> = (0..50).map(|n| format!("vm-{n:05}")).collect();
    let request = session.request_move(&a, &b, &names, session.config().options()).unwrap();
    let start = tokio::time::Instant::now();
    assert!(is_done(&apply(&session, &request).await));
    assert_eq!(tap.writes.lock().unwrap().len(), 50, "a write was refused and sent again");
    // Twelve of one availability set, one after the other, two seconds each.
    assert!(start.elapsed() >= std::time::Duration::from_secs(18), "{:?}", start.elapsed());
}

/// From the specification, with no claim of a report: a NIC of another group and subscription is
/// written where its own id says.
#[tokio::test(start_paused = true)]
async fn a_nic_of_another_subscription_is_written_there() {
    let simulator = demo_with(|d| {
        // vm-db-2 and its NIC live in the other subscription, in production's network.
        let move_over = |text: String| {
            text.replace(
                "000000000001/resourceGroups/rg-db/providers/Microsoft.Network/networkInterfaces/vm-db-2-nic",
                "000000000002/resourceGroups/rg-far/providers/Microsoft.Network/networkInterfaces/vm-db-2-nic",
            )
            .replace(
                "000000000001/resourceGroups/rg-db/providers/Microsoft.Compute/virtualMachines/vm-db-2",
                "000000000002/resourceGroups/rg-far/providers/Microsoft.Compute/virtualMachines/vm-db-2",
            )
        };
        for name in ["vm-db-2-nic", "vm-db-2"] {
            let document = named(d, name);
            *document = serde_json::from_str(&move_over(document.to_string())).unwrap();
        }
    });
    let (session, tap, _state) = tapped(&simulator).await;
    let report = apply(&session, &swap_request(&session, "vm-db-2")).await;
    assert!(is_done(&report), "{:?}", report.run.steps);
    let writes = tap.writes.lock().unwrap();
    assert!(
        writes[1].0.starts_with("/subscriptions/00000000-0000-0000-0000-000000000002/resourceGroups/rg-far/"),
        "{}",
        writes[1].0
    );
    assert_eq!(members(&simulator, "db-lb", "masters"), ["vm-db-2-nic"]);
}

/// From the specification: a Gateway pool's tunnels survive a change of its members.
#[tokio::test(start_paused = true)]
async fn a_gateway_pool_keeps_its_tunnels() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("stg-gw-lb/firewalls").unwrap();
    let tunnels = |s: &Simulator| {
        let lb = s.documents().into_iter().find(|d| d["name"] == "stg-gw-lb").unwrap();
        lb["properties"]["backendAddressPools"][0]["properties"]["tunnelInterfaces"].clone()
    };
    let before = tunnels(&simulator);
    let request = session.request_add(&pool, &["vm-stg-db-2".to_owned()], session.config().options()).unwrap();
    let report = apply(&session, &request).await;
    assert!(is_done(&report), "{:?}", report.run.steps);
    assert_eq!(tunnels(&simulator), before);
    assert_eq!(before.as_array().unwrap().len(), 2);
}
