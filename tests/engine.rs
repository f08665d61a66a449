//! The engine against the simulator, in paused time: changes, faults, recovery.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;

use azlb::changes::{GuardCode, OnFailure, OnLimit, Outcome, PlanError, PlanState, Run, StepState};
use azlb::session::{Session, SessionError};
use azlb::sim::{Options, Simulator};
use serde_json::Value;
use support::*;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

#[tokio::test(start_paused = true)]
async fn a_swap_never_shows_two_masters_and_changes_one_array() {
    let simulator = demo(Options::default());
    let before = still(&simulator);
    let (session, _state) = listed(&simulator).await;
    let report = apply(&session, &swap_request(&session, "vm-db-2")).await;
    assert!(is_done(&report), "{:?}", report.run);
    assert_eq!(members(&simulator, "db-lb", "masters"), ["vm-db-2-nic"]);
    assert_eq!(
        history(&simulator, "/db-lb/backendaddresspools/masters"),
        [vec!["vm-db-1-nic".to_owned()], vec![], vec!["vm-db-2-nic".to_owned()]]
    );
    // Nothing but the two NICs' references, and what is derived from them, differs.
    let after = still(&simulator);
    assert_eq!(differing(&before, &after), ["db-lb", "vm-db-1-nic", "vm-db-2-nic"]);
    // And it can be taken back whole.
    let record = session.journal().find(report.plan.id.as_str()).unwrap();
    assert_eq!(record.state(), PlanState::Done);
    let undo = session.undo_plan(&record).await.unwrap();
    assert!(is_done(&apply_plan(&session, undo).await));
    assert_eq!(differing(&before, &still(&simulator)), Vec::<String>::new());
    assert_eq!(session.journal().find(report.plan.id.as_str()).unwrap().state(), PlanState::Undone);
    assert_eq!(most_ever(&simulator, "/db-lb/backendaddresspools/masters"), 1);
}

#[tokio::test(start_paused = true)]
async fn moving_a_nic_between_pools_is_one_put() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let (green, blue) = (session.pool("web-lb/green").unwrap(), session.pool("web-lb/blue").unwrap());
    let names = ["vm-web-5".to_owned(), "vm-web-6".to_owned()];
    let request = session.request_move(&green, &blue, &names, session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    assert_eq!(plan.writes().count(), 2);
    let writes_before = session.reader().traffics().counts().1;
    assert!(is_done(&apply_plan(&session, plan).await));
    assert_eq!(session.reader().traffics().counts().1 - writes_before, 2);
    assert_eq!(members(&simulator, "web-lb", "green"), ["vm-web-7-nic", "vm-web-8-nic"]);
    assert_eq!(members(&simulator, "web-lb", "blue").len(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_swap_within_an_ip_pool_is_one_put_and_keeps_everything_else() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("cache-lb/nodes").unwrap();
    let request = session.request_swap(&pool, Some("node-1"), "node-5=10.1.4.20", session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    assert_eq!(plan.writes().count(), 1);
    assert!(is_done(&apply_plan(&session, plan).await));
    assert_eq!(members(&simulator, "cache-lb", "nodes"), ["10.1.4.12", "10.1.4.13", "10.1.4.14", "10.1.4.20"]);
    let lb = simulator.documents().into_iter().find(|d| d["name"] == "cache-lb").unwrap();
    let pool = &lb["properties"]["backendAddressPools"][0]["properties"];
    assert_eq!(pool["drainPeriodInSeconds"], 30);
    assert_eq!(pool["syncMode"], "Automatic");
    let node4 =
        pool["loadBalancerBackendAddresses"].as_array().unwrap().iter().find(|a| a["name"] == "node-4").unwrap();
    assert_eq!(node4["properties"]["adminState"], "Down");
}

#[tokio::test(start_paused = true)]
async fn a_uniform_instance_is_written_through_compute_and_drift_is_told() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("api-lb/api").unwrap();
    let request = session.request_remove(&pool, &["api-ss/2".to_owned()], session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    assert!(plan.findings.iter().any(|f| f.code == GuardCode::Drift), "{:?}", plan.findings);
    let target = plan.writes().next().unwrap().1.target.to_string();
    assert!(target.ends_with("/virtualMachineScaleSets/api-ss/virtualMachines/2"), "{target}");
    assert!(is_done(&apply_plan(&session, plan).await));
    assert_eq!(members(&simulator, "api-lb", "api").len(), 5);
    let instance = simulator.documents().into_iter().find(|d| d["instanceId"] == "2").unwrap();
    assert_eq!(instance["properties"]["modelDefinitionApplied"], "VirtualMachine");
}

#[tokio::test(start_paused = true)]
async fn guards_refuse_before_anything_is_written() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let options = || session.config().options();
    let add = |pool: &str, who: &str| {
        let pool = session.pool(pool).unwrap();
        session.request_add(&pool, &[who.to_owned()], options()).unwrap()
    };
    let remove = |pool: &str, who: &str| {
        let pool = session.pool(pool).unwrap();
        session.request_remove(&pool, &[who.to_owned()], options()).unwrap()
    };
    let cases = [
        (add("db-lb/masters", "vm-db-2"), GuardCode::Exclusive),
        (remove("db-lb/masters", "vm-db-1"), GuardCode::NeverEmpty),
        (add("cache-lb/nodes", "vm-web-1"), GuardCode::KindMix),
        (add("web-lb/blue", "10.1.9.9"), GuardCode::KindMix),
        (add("web-lb/blue", "vm-web-1"), GuardCode::AlreadyMember),
        (add("cache-lb/nodes", "10.1.4.11"), GuardCode::AlreadyMember),
        (remove("web-lb/blue", "vm-web-5"), GuardCode::NotMember),
        (remove("stg-app-lb/app", "vm-stg-app-4-nic"), GuardCode::Gone),
        (add("stg-locked-lb/app", "vm-stg-db-2"), GuardCode::Locked),
        (add("legacy-lb/app", "vm-stg-db-1"), GuardCode::Sku),
        (add("web-lb/blue", "vm-stg-db-2"), GuardCode::VirtualNetwork),
    ];
    for (request, code) in cases {
        let refused = refusal(session.plan(&request).await.expect_err(&request.title));
        assert!(refused.contains(&code), "{}: {refused:?}, wanted {code:?}", request.title);
    }
    assert_eq!(session.reader().traffics().counts().1, 0, "something was written");
}

#[tokio::test(start_paused = true)]
async fn an_exclusive_pool_of_the_configuration_is_one_too() {
    let simulator = demo(Options::default());
    let state = TempDir::new().unwrap();
    let wire = Arc::new(Wire::new(Arc::clone(&simulator), None));
    let session = session_on(wire, state.path(), |c| c.exclusive = vec!["batch-lb/workers".to_owned()]);
    session.refresh().await.unwrap();
    let pool = session.pool("batch-lb/workers").unwrap();
    let request = session.request_add(&pool, &["vm-db-2".to_owned()], session.config().options()).unwrap();
    assert!(refusal(session.plan(&request).await.unwrap_err()).contains(&GuardCode::Exclusive));
}

#[tokio::test(start_paused = true)]
async fn every_fault_on_the_way_is_lived_through() {
    let faults = [
        "PUT networkInterfaces 429 count=3 retry-after=7",
        "PUT networkInterfaces 429 count=2 code=RetryableErrorDueToAnotherOperation retry-after=3",
        "PUT networkInterfaces 400 count=2 code=ReferencedResourceNotProvisioned",
        "PUT networkInterfaces 409 count=2",
        "PUT networkInterfaces 409 count=1 code=CanceledAndSupersededDueToAnotherOperation",
        "PUT networkInterfaces 500 count=2",
        "PUT networkInterfaces 503 count=2 retry-after=5",
        "PUT networkInterfaces error-after count=2",
        "PUT networkInterfaces reset-before count=2",
        "PUT networkInterfaces reset-after count=2",
        "PUT networkInterfaces moved count=3",
        "PUT networkInterfaces token-expired count=1",
        "PUT networkInterfaces 429 count=1 code=GatewayError",
        "PUT networkInterfaces truncated count=2",
        "PUT networkInterfaces html count=2",
        "PUT networkInterfaces superseded count=1",
        "PUT networkInterfaces busy count=1 for=20",
        "PUT networkInterfaces skewed count=2 for=600",
        "PUT networkInterfaces slow count=2 for=50",
        "GET networkInterfaces slow count=3 for=50",
        "GET operations slow count=2 for=50",
        "GET networkInterfaces truncated count=2",
        "GET operations truncated count=2",
        "POST health truncated count=1",
        "GET networkInterfaces skewed count=9 for=600",
        "GET operations 500 count=2",
        "GET operations reset-before count=2",
        "GET networkInterfaces 429 count=2 retry-after=4",
        "GET masters 502 count=3",
        "POST health 500 count=2",
        "GET networkInterfaces token-expired count=1",
    ];
    for fault in faults {
        let simulator = demo(Options::default());
        let (session, _state) = listed(&simulator).await;
        let request = swap_request(&session, "vm-db-2");
        simulator.inject(fault.parse().unwrap());
        let report = apply(&session, &request).await;
        assert!(is_done(&report), "{fault}: {:?}", report.run.steps);
        assert_eq!(members(&simulator, "db-lb", "masters"), ["vm-db-2-nic"], "{fault}");
        assert_eq!(most_ever(&simulator, "/db-lb/backendaddresspools/masters"), 1, "{fault}");
        // Each step that changed something says so, however its answer was lost.
        for id in [1, 3] {
            assert_eq!(report.run.step(id).unwrap().state, StepState::Done { changed: true }, "{fault}, step {id}");
        }
    }
}

/// What ends badly is told as what it is, nobody joins an exclusive pool on top of it, and an undo brings
/// back what there was.
#[tokio::test(start_paused = true)]
async fn what_ends_badly_is_told_and_taken_back() {
    for (fault, step, told) in [
        ("PUT vm-db-2-nic cancelled count=1", 3, "canceled"),
        ("PUT vm-db-2-nic never-ends count=1", 3, "has not ended"),
        ("PUT vm-db-1-nic never-ends count=1", 1, "has not ended"),
        ("PUT vm-db-2-nic deleted count=1", 3, "not there"),
    ] {
        let simulator = demo(Options::default());
        let before = still(&simulator);
        let (session, _state) = listed(&simulator).await;
        let request = swap_request(&session, "vm-db-2");
        simulator.inject(fault.parse().unwrap());
        let report = apply(&session, &request).await;
        assert!(!is_done(&report), "{fault}");
        let state = format!("{:?}", report.run.step(step).unwrap().state).to_lowercase();
        assert!(state.contains(told), "{fault}: {state}");
        assert_eq!(most_ever(&simulator, "/db-lb/backendaddresspools/masters"), 1, "{fault}");
        if fault.contains("cancelled") {
            let record = session.journal().find(report.plan.id.as_str()).unwrap();
            let undo = session.undo_plan(&record).await.unwrap();
            let progress = watch::Sender::new(Run::new(&undo));
            let report = session.apply(undo, &progress, &CancellationToken::new()).await.unwrap();
            assert!(is_done(&report), "{fault}");
            assert_eq!(differing(&before, &still(&simulator)), Vec::<String>::new(), "{fault}");
        }
    }
}

/// A set that upgrades itself goes batch by batch, and the plan waits for the last of them.
#[tokio::test(start_paused = true)]
async fn a_rolling_upgrade_is_waited_for_to_its_last_batch() {
    let mut documents: Vec<Value> = azlb::sim::DEMO.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for document in &mut documents {
        if document["name"] == "api-ss" {
            document["properties"]["upgradePolicy"] = serde_json::json!({ "mode": "Rolling",
                "rollingUpgradePolicy": { "maxBatchInstancePercent": 34, "pauseTimeBetweenBatches": "PT30S" } });
        }
    }
    let simulator = Arc::new(Simulator::new(documents, Options::default()).unwrap());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("api-lb/api").unwrap();
    let inside = members(&simulator, "api-lb", "api").len();
    assert!(inside > 2);
    let mut options = session.config().options();
    options.overrides.push("never_empty".to_owned());
    let request = session.request_remove(&pool, &["set:api-ss".to_owned()], options).unwrap();
    let report = apply(&session, &request).await;
    assert!(is_done(&report), "{:?}", report.run.steps);
    assert_eq!(members(&simulator, "api-lb", "api").len(), 0);
    // At some time between, some had left and some had not.
    let counts: Vec<usize> = history(&simulator, "/api-lb/backendaddresspools/api").iter().map(Vec::len).collect();
    assert!(counts.iter().any(|n| *n > 0 && *n < inside), "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_operation_is_no_success_and_what_depends_on_it_is_skipped() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let request = swap_request(&session, "vm-db-2");
    simulator.inject("PUT vm-db-2-nic fails count=1 code=InternalExecutionError".parse().unwrap());
    let report = apply(&session, &request).await;
    assert_eq!(report.outcome, Outcome::Partly);
    assert!(
        matches!(&report.run.step(3).unwrap().state, StepState::Failed { code: Some(c), .. } if c == "InternalExecutionError")
    );
    assert!(matches!(report.run.step(4).unwrap().state, StepState::Skipped { .. }));
    assert!(matches!(report.run.step(5).unwrap().state, StepState::Skipped { .. }));
    // Resume brings it to its end.
    let record = session.journal().find(report.plan.id.as_str()).unwrap();
    assert_eq!(record.state(), PlanState::Partly);
    let progress = watch::Sender::new(Run::new(&record.plan));
    let resumed = session.resume(&record, &progress, &CancellationToken::new()).await.unwrap();
    assert_eq!(resumed.outcome, Outcome::Done);
    assert_eq!(members(&simulator, "db-lb", "masters"), ["vm-db-2-nic"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_undoes_itself_where_that_was_asked_for() {
    let simulator = demo(Options::default());
    let before = still(&simulator);
    let (session, _state) = listed(&simulator).await;
    let mut request = swap_request(&session, "vm-db-2");
    request.options.on_failure = OnFailure::Undo;
    simulator.inject("PUT vm-db-2-nic 403".parse().unwrap());
    let report = apply(&session, &request).await;
    let undo = report.undo.expect("an undo").expect("a plan");
    assert_eq!(undo.outcome, Outcome::Done);
    assert_eq!(differing(&before, &still(&simulator)), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_changed_nothing_is_failed_and_not_partly_done() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let request = swap_request(&session, "vm-db-2");
    simulator.inject("PUT vm-db-1-nic 403".parse().unwrap());
    let report = apply(&session, &request).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert!(matches!(&report.run.step(1).unwrap().state,
        StepState::Failed { code: Some(c), correlation_id: Some(_), .. } if c == "AuthorizationFailed"));
}

#[tokio::test(start_paused = true)]
async fn one_failed_item_never_stops_the_others_where_they_do_not_depend_on_it() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let (green, blue) = (session.pool("web-lb/green").unwrap(), session.pool("web-lb/blue").unwrap());
    let names: Vec<String> = (5..8).map(|n| format!("vm-web-{n}")).collect();
    let mut options = session.config().options();
    options.on_failure = OnFailure::Continue;
    let request = session.request_move(&green, &blue, &names, options).unwrap();
    simulator.inject("PUT vm-web-6-nic 403".parse().unwrap());
    let report = apply(&session, &request).await;
    assert_eq!(report.outcome, Outcome::Partly);
    assert_eq!(members(&simulator, "web-lb", "green"), ["vm-web-6-nic", "vm-web-8-nic"]);
    let words: Vec<&str> = report.run.steps.iter().map(|s| s.state.word()).collect();
    assert_eq!(words[..3], ["done", "failed", "done"]);
    assert!(words[3..].iter().all(|w| *w == "skipped"), "{words:?}");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_never_gets_healthy_fails_its_gate_and_says_why() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("stg-app-lb/app").unwrap();
    // Its machine is there and does not answer: the NIC of a VM that is gone.
    let request = session.request_remove(&pool, &["vm-stg-app-3".to_owned()], session.config().options()).unwrap();
    assert!(is_done(&apply(&session, &request).await));
    let request = session.request_add(&pool, &["vm-stg-app-3".to_owned()], session.config().options()).unwrap();
    let report = apply(&session, &request).await;
    assert_eq!(report.outcome, Outcome::Partly);
    let last = &report.run.steps.last().unwrap().state;
    assert!(
        matches!(last, StepState::Failed { error, .. } if error.contains("no TCP answer") && error.contains("undo")),
        "{last:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_ip_configuration_that_vanished_stops_the_step_and_names_what_there_is() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let request = swap_request(&session, "vm-db-2");
    let plan = session.plan(&request).await.unwrap();
    let mut nic: Value = simulator.documents().into_iter().find(|d| d["name"] == "vm-db-1-nic").unwrap();
    nic["properties"]["ipConfigurations"][0]["name"] = "renamed".into();
    put(&simulator, &nic);
    let report = apply_plan(&session, plan).await;
    assert_eq!(report.outcome, Outcome::Failed);
    let state = &report.run.step(1).unwrap().state;
    assert!(
        matches!(state, StepState::Failed { error, .. } if error.contains("renamed") && error.contains("changed since the plan")),
        "{state:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_another_operator_changed_elsewhere_in_the_document_survives() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let plan = session.plan(&swap_request(&session, "vm-db-2")).await.unwrap();
    let mut nic: Value = simulator.documents().into_iter().find(|d| d["name"] == "vm-db-1-nic").unwrap();
    nic["tags"]["ticket"] = "4711".into();
    nic["properties"]["neverHeardOf"] = serde_json::json!({ "deep": [1, 2.5, null] });
    put(&simulator, &nic);
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    assert!(is_done(&apply_plan(&session, plan).await));
    let nic = simulator.documents().into_iter().find(|d| d["name"] == "vm-db-1-nic").unwrap();
    assert_eq!(nic["tags"]["ticket"], "4711");
    assert_eq!(nic["properties"]["neverHeardOf"], serde_json::json!({ "deep": [1, 2.5, null] }));
}

#[tokio::test(start_paused = true)]
async fn a_second_master_put_in_by_somebody_else_is_seen_before_the_write() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let plan = session.plan(&swap_request(&session, "vm-db-2")).await.unwrap();
    let mut nic: Value = simulator.documents().into_iter().find(|d| d["name"] == "vm-db-3-nic").unwrap();
    let pool = plan.pools()[0].to_string();
    nic["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] =
        serde_json::json!([{ "id": pool }]);
    put(&simulator, &nic);
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let report = apply_plan(&session, plan).await;
    assert_eq!(report.outcome, Outcome::Partly);
    assert!(matches!(&report.run.step(3).unwrap().state, StepState::Failed { code: Some(c), .. } if c == "exclusive"));
    assert_eq!(members(&simulator, "db-lb", "masters"), ["vm-db-3-nic"]);
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_between_two_steps_and_resume_goes_on() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let plan = session.plan(&swap_request(&session, "vm-db-2")).await.unwrap();
    let progress = watch::Sender::new(Run::new(&plan));
    let cancel = CancellationToken::new();
    let mut watching = progress.subscribe();
    let stopper = cancel.clone();
    tokio::spawn(async move {
        // In the middle of the first write.
        let _ = watching
            .wait_for(|r| matches!(&r.step(1).unwrap().state, StepState::Running { now } if now.contains("following")))
            .await;
        stopper.cancel();
    });
    let report = session.apply(plan, &progress, &cancel).await.unwrap();
    assert_eq!(report.outcome, Outcome::Interrupted);
    assert_eq!(report.run.step(1).unwrap().state, StepState::Done { changed: true });
    assert!(matches!(report.run.step(3).unwrap().state, StepState::Skipped { .. }));
    let record = session.journal().find(report.plan.id.as_str()).unwrap();
    assert_eq!(record.state(), PlanState::Interrupted);
    let progress = watch::Sender::new(Run::new(&record.plan));
    let resumed = session.resume(&record, &progress, &CancellationToken::new()).await.unwrap();
    assert_eq!(resumed.outcome, Outcome::Done);
    assert_eq!(members(&simulator, "db-lb", "masters"), ["vm-db-2-nic"]);
}

/// The process dies at every exchange of a swap, before or after the server got the request;
/// another process resumes it, or takes it back.
#[tokio::test(start_paused = true)]
async fn a_swap_that_dies_anywhere_can_be_resumed_and_undone() {
    let mut died = 0;
    let ways = [false, true].into_iter().flat_map(|d| ["resume", "undo"].map(move |r| (d, r)));
    for (delivered, recover) in ways {
        // At once, while Azure still works on it, and long after.
        for later in [0, 1, 600] {
            for at in 0.. {
                let simulator = demo(Options::default());
                let before = still(&simulator);
                let state = TempDir::new().unwrap();
                let whole = session(&simulator, state.path());
                whole.refresh().await.unwrap();
                let plan = whole.plan(&swap_request(&whole, "vm-db-2")).await.unwrap();
                let wire = Arc::new(Wire::new(Arc::clone(&simulator), Some(Cut { at, delivered })));
                let doomed = session_on(Arc::clone(&wire), state.path(), |_| {});
                let progress = watch::Sender::new(Run::new(&plan));
                let cancel = CancellationToken::new();
                // A dead process is a future that is dropped where it stands.
                let alive = tokio::select! {
                    report = doomed.apply(plan.clone(), &progress, &cancel) => report.is_ok(),
                    () = wire.dead() => false,
                };
                if alive {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_secs(later)).await;
                let context = format!("{recover} {later} s after exchange {at}, delivered: {delivered}");
                let record = whole.journal().find(plan.id.as_str()).unwrap();
                if record.state() == PlanState::Done {
                    // It died while it looked at what it had done.
                    continue;
                }
                died += 1;
                assert_eq!(record.state(), PlanState::Interrupted, "{context}");
                if recover == "resume" {
                    let progress = watch::Sender::new(Run::new(&plan));
                    let report = whole.resume(&record, &progress, &cancel).await.unwrap();
                    assert_eq!(report.outcome, Outcome::Done, "{context}: {:?}", report.run.steps);
                    assert_eq!(members(&simulator, "db-lb", "masters"), ["vm-db-2-nic"], "{context}");
                } else {
                    match whole.undo_plan(&record).await {
                        Ok(undo) => {
                            let report = apply_plan(&whole, undo).await;
                            assert_eq!(report.outcome, Outcome::Done, "{context}: {:?}", report.run.steps);
                        }
                        Err(SessionError::Plan(PlanError::Nothing(_))) => {}
                        Err(error) => panic!("{context}: {error}"),
                    }
                    assert_eq!(differing(&before, &still(&simulator)), Vec::<String>::new(), "{context}");
                }
                assert_eq!(most_ever(&simulator, "/db-lb/backendaddresspools/masters"), 1, "{context}");
            }
        }
    }
    assert!(died > 150, "only {died} deaths");
}

/// A request that was under way when the process died arrives after the undo has looked. The fence
/// makes it fail: its ETag is old.
#[tokio::test(start_paused = true)]
async fn a_late_request_cannot_land_after_an_undo() {
    let simulator = demo(Options::default());
    let state = TempDir::new().unwrap();
    let whole = session(&simulator, state.path());
    whole.refresh().await.unwrap();
    let plan = whole.plan(&swap_request(&whole, "vm-db-2")).await.unwrap();
    let late = Arc::new(Late { wire: Wire::new(Arc::clone(&simulator), None), held: std::sync::Mutex::new(None) });
    let config = azlb::config::Config { state_dir: Some(state.path().to_owned()), ..Default::default() };
    let doomed = Session::open(
        config,
        azlb::arm::Cloud::at(ENDPOINT).unwrap(),
        Arc::clone(&late) as Arc<dyn azlb::arm::transport::Transport>,
        Arc::new(Identity(Arc::clone(&simulator))),
        ENDPOINT.to_owned(),
    )
    .unwrap();
    let progress = watch::Sender::new(Run::new(&plan));
    let cancel = CancellationToken::new();
    let run = doomed.apply(plan.clone(), &progress, &cancel);
    assert!(tokio::time::timeout(std::time::Duration::from_secs(600), run).await.is_err());
    let record = whole.journal().find(plan.id.as_str()).unwrap();
    let undo = whole.undo_plan(&record).await.unwrap();
    assert!(undo.writes().any(|(_, w)| w.fence), "{:?}", undo.steps);
    assert!(is_done(&apply_plan(&whole, undo).await));
    let held = late.held.lock().unwrap().take().expect("the held write of the new master");
    let answer = simulator.handle(held).unwrap();
    assert_eq!(answer.status(), 412);
    assert_eq!(members(&simulator, "db-lb", "masters"), ["vm-db-1-nic"]);
    assert_eq!(most_ever(&simulator, "/db-lb/backendaddresspools/masters"), 1);
}

/// Holds the write of the new master back, and never answers it.
struct Late {
    wire: Wire,
    held: std::sync::Mutex<Option<http::Request<bytes::Bytes>>>,
}

#[async_trait::async_trait]
impl azlb::arm::transport::Transport for Late {
    async fn send(
        &self,
        request: http::Request<bytes::Bytes>,
    ) -> Result<http::Response<bytes::Bytes>, azlb::arm::transport::TransportError> {
        if request.method() == "PUT" && request.uri().path().ends_with("vm-db-2-nic") {
            *self.held.lock().unwrap() = Some(request);
            return std::future::pending().await;
        }
        self.wire.send(request).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_journal_is_locked_while_its_plan_runs_and_survives_a_torn_line() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let plan = session.plan(&swap_request(&session, "vm-db-2")).await.unwrap();
    let held = session.journal().start(&plan).unwrap();
    let record = session.journal().find(plan.id.as_str()).unwrap();
    assert_eq!(record.state(), PlanState::Running);
    let progress = watch::Sender::new(Run::new(&plan));
    let refused = session.resume(&record, &progress, &CancellationToken::new()).await;
    assert!(matches!(refused, Err(SessionError::NotThat { .. })), "{refused:?}");
    drop(held);
    let path = session.journal().folder().join(format!("{}.jsonl", plan.id));
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str("{\"at\":\"2026-01-01T00:0");
    std::fs::write(&path, text).unwrap();
    let record = session.journal().find(plan.id.as_str()).unwrap();
    assert_eq!(record.state(), PlanState::Interrupted);
    let report = session.resume(&record, &progress, &CancellationToken::new()).await.unwrap();
    assert_eq!(report.outcome, Outcome::Done);
    // What followed the torn line is read too.
    assert_eq!(session.journal().find(plan.id.as_str()).unwrap().state(), PlanState::Done);
}

#[tokio::test(start_paused = true)]
async fn a_read_only_session_has_no_writer() {
    let simulator = demo(Options::default());
    let state = TempDir::new().unwrap();
    let session = session_on(Arc::new(Wire::new(Arc::clone(&simulator), None)), state.path(), |c| c.read_only = true);
    session.refresh().await.unwrap();
    let plan = session.plan(&swap_request(&session, "vm-db-2")).await.unwrap();
    let progress = watch::Sender::new(Run::new(&plan));
    let refused = session.apply(plan, &progress, &CancellationToken::new()).await;
    assert!(matches!(refused, Err(SessionError::ReadOnly)));
    assert_eq!(members(&simulator, "db-lb", "masters"), ["vm-db-1-nic"]);
}

#[tokio::test(start_paused = true)]
async fn a_drain_goes_down_first_and_its_undo_comes_up_last() {
    let simulator = demo(Options::default());
    let before = still(&simulator);
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("cache-lb/nodes").unwrap();
    let wait = std::time::Duration::from_secs(300);
    let request = session.request_drain(&pool, &["node-2".to_owned()], wait, session.config().options()).unwrap();
    let start = tokio::time::Instant::now();
    let report = apply(&session, &request).await;
    assert!(is_done(&report), "{:?}", report.run.steps);
    assert!(start.elapsed() >= wait);
    assert_eq!(members(&simulator, "cache-lb", "nodes"), ["10.1.4.11", "10.1.4.13", "10.1.4.14"]);
    let record = session.journal().find(report.plan.id.as_str()).unwrap();
    let undo = session.undo_plan(&record).await.unwrap();
    assert!(is_done(&apply_plan(&session, undo).await));
    let mut after = still(&simulator);
    // An admin state that was never set reads the same as None.
    for document in &mut after {
        if document["name"] == "cache-lb" {
            for entry in document["properties"]["backendAddressPools"][0]["properties"]["loadBalancerBackendAddresses"]
                .as_array_mut()
                .unwrap()
            {
                assert!(entry["properties"]["adminState"].is_string());
            }
        }
    }
    let changed = differing(&before, &after);
    assert!(changed.is_empty() || changed == ["cache-lb"], "{changed:?}");
    let rows = session.member_rows(&pool.id);
    assert_eq!(rows.iter().find(|r| r.name == "node-2").unwrap().admin_state, "None");
}

#[tokio::test(start_paused = true)]
async fn a_replacement_in_batches_never_has_fewer_than_it_began_with() {
    let simulator = demo(Options::default());
    let before = still(&simulator);
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("web-lb/blue").unwrap();
    let names: Vec<String> = (5..=8).map(|n| format!("vm-web-{n}")).collect();
    let request =
        session.request_replace(&pool, &names, azlb::changes::Batch::Percent(25), session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    assert_eq!(plan.steps.iter().map(|s| s.stage).max(), Some(3));
    let report = apply_plan(&session, plan).await;
    assert!(is_done(&report), "{:?}", report.run.steps);
    let sizes: Vec<usize> = history(&simulator, "/web-lb/backendaddresspools/blue").iter().map(Vec::len).collect();
    assert!(sizes.iter().all(|n| (4..=5).contains(n)), "{sizes:?}");
    assert_eq!(members(&simulator, "web-lb", "blue"), ["vm-web-5-nic", "vm-web-6-nic", "vm-web-7-nic", "vm-web-8-nic"]);
    let record = session.journal().find(report.plan.id.as_str()).unwrap();
    let undo = session.undo_plan(&record).await.unwrap();
    assert!(is_done(&apply_plan(&session, undo).await));
    assert_eq!(differing(&before, &still(&simulator)), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_evacuation_takes_a_machine_out_everywhere_and_is_put_back() {
    let simulator = demo(Options::default());
    let before = still(&simulator);
    let (session, _state) = listed(&simulator).await;
    let request = session.request_evacuate(&["zone:2".to_owned()], None, session.config().options()).unwrap();
    let report = apply(&session, &request).await;
    assert!(is_done(&report), "{:?}", report.run.steps);
    for row in session.pool_rows("") {
        let left = session.members(&row.id).into_iter().filter(|m| m.zone.as_deref() == Some("2")).count();
        assert_eq!(left, 0, "{}", row.selector);
    }
    let record = session.journal().find(report.plan.id.as_str()).unwrap();
    let mut undo = session.undo_plan(&record).await.unwrap();
    // The stopped VM of staging never gets healthy; the memberships are what is put back.
    undo.steps.retain(|s| !matches!(s.action, azlb::changes::Action::Gate(azlb::changes::Gate::Healthy { .. })));
    assert!(is_done(&apply_plan(&session, undo).await));
    let after = still(&simulator);
    let changed = differing(&before, &after);
    // An instance that was written by itself says so from then on.
    assert!(changed.iter().all(|n| ["1", "4"].contains(&n.as_str())), "{changed:?}");
}

#[tokio::test(start_paused = true)]
async fn forcing_everybody_down_is_refused() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("web-lb/blue").unwrap();
    let names: Vec<String> = (1..=4).map(|n| format!("vm-web-{n}")).collect();
    let down = azlb::azure::backend_pool::AdminState::Down;
    let request = session.request_admin_state(&pool, &names, down, session.config().options()).unwrap();
    assert_eq!(refusal(session.plan(&request).await.unwrap_err()), [GuardCode::NeverEmpty]);
    let request = session.request_admin_state(&pool, &names[..2], down, session.config().options()).unwrap();
    assert!(is_done(&apply(&session, &request).await));
    session.health(&pool.id).await;
    let down = session.member_rows(&pool.id).iter().filter(|r| r.health.reason == "Down_Admin").count();
    assert_eq!(down, 2);
}

#[tokio::test(start_paused = true)]
async fn swapping_somebody_for_himself_is_refused() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let refused = refusal(session.plan(&swap_request(&session, "vm-db-1")).await.unwrap_err());
    assert!(refused.contains(&GuardCode::AlreadyMember), "{refused:?}");
}

fn set_with(change: impl Fn(&mut Value)) -> Arc<Simulator> {
    let mut documents: Vec<Value> = azlb::sim::DEMO.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    documents.iter_mut().for_each(change);
    Arc::new(Simulator::new(documents, Options::default()).unwrap())
}

fn model_pools(simulator: &Simulator) -> usize {
    let set = simulator.documents().into_iter().find(|d| d["name"] == "api-ss").unwrap();
    azlb::azure::scale_set::ScaleSet(&set).model_pools().len()
}

#[tokio::test(start_paused = true)]
async fn a_manual_scale_set_joins_model_first_and_then_each_instance() {
    let simulator = demo(Options::default());
    let before = still(&simulator);
    let (session, _state) = listed(&simulator).await;
    let green = session.pool("web-lb/green").unwrap();
    let request = session.request_add(&green, &["set:api-ss".to_owned()], session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    let targets: Vec<String> = plan.writes().map(|(_, w)| w.target.short()).collect();
    assert_eq!(targets[0], "api-ss");
    assert_eq!(targets.len(), 7);
    assert!(plan.steps.iter().skip(1).filter(|s| s.write().is_some()).all(|s| s.needs == [1]), "{:?}", plan.steps);
    let report = apply_plan(&session, plan).await;
    assert!(is_done(&report), "{:?}", report.run.steps);
    assert_eq!(members(&simulator, "web-lb", "green").len(), 10);
    assert_eq!(model_pools(&simulator), 2);
    let record = session.journal().find(report.plan.id.as_str()).unwrap();
    let undo = session.undo_plan(&record).await.unwrap();
    assert_eq!(undo.writes().next().unwrap().1.target.short(), "api-ss", "the model goes first back too");
    assert!(is_done(&apply_plan(&session, undo).await));
    assert_eq!(model_pools(&simulator), 1);
    let changed = differing(&before, &still(&simulator));
    // Instances that were written by themselves say so.
    assert!(changed.iter().all(|n| n.parse::<u8>().is_ok()), "{changed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_set_that_upgrades_itself_is_waited_for_and_only_protected_instances_are_written() {
    let simulator = set_with(|d| {
        if d["name"] == "api-ss" {
            d["properties"]["upgradePolicy"]["mode"] = "Automatic".into();
        }
        if d["instanceId"] == "4" {
            d["properties"]["protectionPolicy"]["protectFromScaleSetActions"] = true.into();
        }
    });
    let (session, _state) = listed(&simulator).await;
    let green = session.pool("web-lb/green").unwrap();
    let request = session.request_add(&green, &["set:api-ss".to_owned()], session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    let targets: Vec<String> = plan.writes().map(|(_, w)| w.target.short()).collect();
    assert_eq!(targets, ["api-ss", "api-ss/4"]);
    let report = apply_plan(&session, plan).await;
    assert!(is_done(&report), "{:?}", report.run.steps);
    assert_eq!(members(&simulator, "web-lb", "green").len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_set_without_instances_changes_its_model_all_the_same() {
    let mut documents: Vec<Value> = azlb::sim::DEMO.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    documents.retain(|d| !d["id"].as_str().unwrap().contains("/api-ss/virtualMachines"));
    for d in documents.iter_mut().filter(|d| d["name"] == "api-lb") {
        d["properties"]["backendAddressPools"][0]["properties"] = serde_json::json!({});
    }
    let simulator = Arc::new(Simulator::new(documents, Options::default()).unwrap());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("api-lb/api").unwrap();
    let request = session.request_remove(&pool, &["set:api-ss".to_owned()], session.config().options()).unwrap();
    assert!(is_done(&apply(&session, &request).await));
    assert_eq!(model_pools(&simulator), 0);
}

/// Writes a document as another operator would.
fn put(simulator: &Arc<Simulator>, document: &Value) {
    let answer = try_put(simulator, document);
    assert!(answer.status().is_success(), "{:?}", answer);
}

fn try_put(simulator: &Arc<Simulator>, document: &Value) -> http::Response<bytes::Bytes> {
    let token = {
        let request = http::Request::builder()
            .uri(format!("{ENDPOINT}/msi/token?resource=x"))
            .header("x-identity-header", simulator.identity_header())
            .body(bytes::Bytes::new())
            .unwrap();
        let body: Value = serde_json::from_slice(simulator.handle(request).unwrap().body()).unwrap();
        body["access_token"].as_str().unwrap().to_owned()
    };
    let request = http::Request::builder()
        .method("PUT")
        .uri(format!("{ENDPOINT}{}?api-version=2024-05-01", document["id"].as_str().unwrap()))
        .header("authorization", format!("Bearer {token}"))
        .body(document.to_string().into())
        .unwrap();
    simulator.handle(request).unwrap()
}

/// A Global load balancer's pool takes frontends of regional ones, and nothing else.
#[tokio::test(start_paused = true)]
async fn frontends_join_and_leave_a_global_pool() {
    let mut documents: Vec<Value> = azlb::sim::DEMO.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let web = documents.iter().find(|d| d["name"] == "web-lb").unwrap();
    // A second region: the same load balancer under another name.
    let second = web.to_string().replace("web-lb", "web-us-lb").replace("fe-web", "fe-us");
    let mut second: Value = serde_json::from_str(&second).unwrap();
    second["location"] = "eastus".into();
    second["properties"]["backendAddressPools"] = Value::Array(Vec::new());
    second["properties"]["loadBalancingRules"] = Value::Array(Vec::new());
    second["properties"]["outboundRules"] = Value::Array(Vec::new());
    documents.push(second);
    let simulator = Arc::new(Simulator::new(documents, Options::default()).unwrap());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("stg-global-lb/regions").unwrap();
    let names: Vec<String> = session.candidates(&pool.id).into_iter().map(|m| m.name).collect();
    assert!(names.contains(&"web-us-lb-fe-us".to_owned()), "{names:?}");
    assert!(
        !names.iter().any(|n| n.contains("fe-web") || n.contains("db-lb")),
        "in it already, or internal: {names:?}"
    );

    let options = session.config().options();
    let request = session.request_add(&pool, &["web-us-lb/fe-us".to_owned()], options.clone()).unwrap();
    let report = apply(&session, &request).await;
    assert!(is_done(&report), "{:?}", report.run);
    assert_eq!(members(&simulator, "stg-global-lb", "regions"), ["fe-us", "fe-web"]);
    // The entry that was there is as it was.
    let name = |m: &azlb::estate::members::Member| m.name.clone();
    assert_eq!(session.members(&pool.id).iter().map(name).collect::<Vec<_>>(), ["westeurope", "web-us-lb-fe-us"]);

    let record = session.journal().find(report.plan.id.as_str()).unwrap();
    let undo = apply_plan(&session, session.undo_plan(&record).await.unwrap()).await;
    assert!(is_done(&undo), "{:?}", undo.run);
    assert_eq!(members(&simulator, "stg-global-lb", "regions"), ["fe-web"]);

    // The last region, a machine, an address, an internal frontend: each is refused.
    let request = session.request_remove(&pool, &["westeurope".to_owned()], options.clone()).unwrap();
    assert_eq!(refusal(session.plan(&request).await.unwrap_err()), [GuardCode::NeverEmpty]);
    for wrong in ["vm-web-1", "10.1.0.9"] {
        let request = session.request_add(&pool, &[wrong.to_owned()], options.clone()).unwrap();
        assert_eq!(refusal(session.plan(&request).await.unwrap_err()), [GuardCode::KindMix], "{wrong}");
    }
    let web = session.pool("web-lb/blue").unwrap();
    let frontend = session.candidates(&pool.id).iter().find(|m| m.name == "web-us-lb-fe-us").unwrap().id.clone();
    let mut request = session.request_add(&web, &["vm-web-5".to_owned()], options.clone()).unwrap();
    for change in &mut request.changes {
        if let azlb::changes::Change::Add { member, .. } = change {
            member.target = azlb::changes::MemberTarget::Frontend(frontend.clone());
        }
    }
    assert_eq!(refusal(session.plan(&request).await.unwrap_err()), [GuardCode::KindMix]);
}

/// What else writes a scale set's instances is told before the plan is made.
#[tokio::test(start_paused = true)]
async fn autoscale_a_rolling_upgrade_and_another_region_are_guarded() {
    let mut documents: Vec<Value> = azlb::sim::DEMO.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let set = documents.iter().find(|d| d["name"] == "api-ss").unwrap()["id"].as_str().unwrap().to_owned();
    let subscription = "/subscriptions/00000000-0000-0000-0000-000000000001";
    documents.push(serde_json::json!({
        "id": format!("{subscription}/resourceGroups/rg-api/providers/Microsoft.Insights/autoscalesettings/api-scale"),
        "name": "api-scale", "type": "Microsoft.Insights/autoscalesettings", "location": "westeurope",
        "properties": { "enabled": true, "targetResourceUri": set, "profiles": [] } }));
    documents.push(serde_json::json!({
        "id": format!("{set}/rollingUpgrades/latest"), "name": "latest", "location": "westeurope",
        "type": "Microsoft.Compute/virtualMachineScaleSets/rollingUpgrades",
        "properties": { "runningStatus": { "code": "RollingForward" }, "progress": { "pendingInstanceCount": 3 } } }));
    for document in &mut documents {
        if document["name"] == "api-ss" {
            document["properties"]["upgradePolicy"] = serde_json::json!({ "mode": "Rolling" });
        }
        if document["name"] == "vm-web-8-nic" {
            document["location"] = "northeurope".into();
        }
    }
    let simulator = Arc::new(Simulator::new(documents, Options::default()).unwrap());
    let (session, _state) = listed(&simulator).await;
    let mut options = session.config().options();
    let pool = session.pool("api-lb/api").unwrap();
    let one = session.members(&pool.id)[0].name.clone();
    let request = session.request_remove(&pool, &[one], options.clone()).unwrap();
    assert_eq!(refusal(session.plan(&request).await.unwrap_err()), [GuardCode::Upgrade]);
    options.overrides.push("upgrade".to_owned());
    let request = azlb::changes::Request { options: options.clone(), ..request };
    let plan = session.plan(&request).await.unwrap();
    let found = |code| plan.findings.iter().find(|f| f.code == code).map(|f| f.message.clone());
    assert!(found(GuardCode::Upgrade).unwrap().contains("3 instances to go"));
    assert!(found(GuardCode::Autoscale).unwrap().contains("api-scale"));

    let web = session.pool("web-lb/blue").unwrap();
    let request = session.request_add(&web, &["vm-web-8".to_owned()], options).unwrap();
    assert_eq!(refusal(session.plan(&request).await.unwrap_err()), [GuardCode::Region]);
    // Azure would have refused it too.
    let mut nic = simulator.documents().into_iter().find(|d| d["name"] == "vm-web-8-nic").unwrap();
    nic["properties"]["ipConfigurations"][0]["properties"]["loadBalancerBackendAddressPools"] =
        serde_json::json!([{ "id": web.id.as_str() }]);
    let answer = try_put(&simulator, &nic);
    assert_eq!(answer.status(), 400);
    assert!(String::from_utf8_lossy(answer.body()).contains("InvalidResourceReference"));
}

/// A plan that asks waits for the answer between its halves; a no or no answer in time leaves it there.
#[tokio::test(start_paused = true)]
async fn a_plan_asks_between_its_halves() {
    let minute = std::time::Duration::from_secs(60);
    for (answer, on_limit, ends, masters) in [
        (Some(true), OnLimit::Fail, Outcome::Done, vec!["vm-db-2-nic"]),
        (Some(false), OnLimit::GoOn, Outcome::Partly, vec![]),
        (None, OnLimit::Fail, Outcome::Partly, vec![]),
        (None, OnLimit::GoOn, Outcome::Done, vec!["vm-db-2-nic"]),
    ] {
        let simulator = demo(Options::default());
        let (session, _state) = listed(&simulator).await;
        let mut request = swap_request(&session, "vm-db-2");
        request.options.ask = Some(minute);
        request.options.on_limit = on_limit;
        let plan = session.plan(&request).await.unwrap();
        let progress = watch::Sender::new(Run::new(&plan));
        let mut seen = progress.subscribe();
        let cancel = CancellationToken::new();
        let answering = async {
            let run = seen.wait_for(|run| run.asking().is_some()).await.unwrap().clone();
            let (step, question) = run.asking().unwrap();
            assert_eq!(question, "vm-db-1 left db-lb/masters. Put vm-db-2 in?");
            assert_eq!(members(&simulator, "db-lb", "masters"), Vec::<String>::new(), "the question comes between");
            if let Some(go_on) = answer {
                session.answer(&plan.id, step, go_on);
            }
            step
        };
        let (report, step) = tokio::join!(session.apply(plan.clone(), &progress, &cancel), answering);
        let report = report.unwrap();
        assert_eq!(
            (report.outcome, members(&simulator, "db-lb", "masters")),
            (ends, masters.iter().map(|m| (*m).to_owned()).collect())
        );
        let state = report.run.step(step).unwrap().state.clone();
        let record = session.journal().find(plan.id.as_str()).unwrap();
        let written = record.steps()[step as usize - 1].1.clone();
        match (answer, on_limit) {
            (Some(true), _) => assert_eq!(state, StepState::Done { changed: false }),
            (None, OnLimit::GoOn) => {
                assert!(
                    matches!(&state, StepState::Passed { reason } if reason == "nobody answered in 1m"),
                    "{state:?}"
                );
                assert_eq!(written, state, "the journal says so too");
            }
            _ => assert!(matches!(&state, StepState::Failed { .. }), "{state:?}"),
        }
        if ends == Outcome::Partly {
            // What was asked is asked again.
            let progress = watch::Sender::new(Run::new(&plan));
            let mut seen = progress.subscribe();
            let answering = async {
                let run = seen.wait_for(|run| run.asking().is_some()).await.unwrap().clone();
                session.answer(&plan.id, run.asking().unwrap().0, true);
            };
            let (report, ()) = tokio::join!(session.resume(&record, &progress, &cancel), answering);
            assert_eq!(report.unwrap().outcome, Outcome::Done);
        }
    }
}

/// The probes of chosen rules are waited for, and of no others; a rule that is none is told.
#[tokio::test(start_paused = true)]
async fn chosen_rules_are_waited_for() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let pool = session.pool("web-lb/blue").unwrap();
    let mut options = session.config().options();
    let all =
        session.plan(&session.request_add(&pool, &["vm-web-5".to_owned()], options.clone()).unwrap()).await.unwrap();
    let rules = |plan: &azlb::changes::Plan| -> Vec<String> {
        plan.steps
            .iter()
            .filter_map(|s| match &s.action {
                azlb::changes::Action::Gate(azlb::changes::Gate::Healthy { rules, .. }) => Some(rules),
                _ => None,
            })
            .flatten()
            .map(|r| r.name().to_owned())
            .collect()
    };
    let there = rules(&all);
    assert!(there.len() > 1, "{there:?}");
    options.healthy_rules = vec![there[1].to_uppercase()];
    let one =
        session.plan(&session.request_add(&pool, &["vm-web-5".to_owned()], options.clone()).unwrap()).await.unwrap();
    assert_eq!(rules(&one), [there[1].clone()]);
    options.healthy_rules = vec!["nosuch".to_owned()];
    let error =
        session.plan(&session.request_add(&pool, &["vm-web-5".to_owned()], options).unwrap()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("no rule 'nosuch'") && there.iter().all(|r| text.contains(r.as_str())), "{text}");
}

/// An instance that was changed by itself is drift: listed, and brought back to its model.
#[tokio::test(start_paused = true)]
async fn drift_is_listed_and_aligned() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    assert_eq!(session.drift().await.unwrap(), []);
    let pool = session.pool("api-lb/api").unwrap();
    let options = session.config().options();
    let two = ["api-ss/1".to_owned(), "api-ss/4".to_owned()];
    let report = apply(&session, &session.request_remove(&pool, &two, options.clone()).unwrap()).await;
    assert!(is_done(&report), "{:?}", report.run);

    let drift = session.drift().await.unwrap();
    let shown: Vec<_> = drift.iter().map(|d| (d.name.as_str(), d.model, d.instance, d.listed)).collect();
    assert_eq!(shown, [("api-ss/1", true, Some(false), Some(false)), ("api-ss/4", true, Some(false), Some(false))]);
    assert!(drift[0].words().contains("an upgrade puts it in"));

    let request = session.request_align(&["api-ss".to_owned()], options.clone()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    assert!(!plan.findings.iter().any(|f| f.code == GuardCode::Drift), "it follows the model: {:?}", plan.findings);
    assert!(is_done(&apply_plan(&session, plan).await));
    assert_eq!(session.drift().await.unwrap(), []);
    let members: Vec<String> = session.members(&pool.id).into_iter().map(|m| m.name).collect();
    assert_eq!(members.len(), 6, "{members:?}");
    assert!(matches!(session.plan(&request).await.unwrap_err(), SessionError::Plan(PlanError::Nothing(_))));

    // What a pool lists of an instance that is gone.
    let mut documents: Vec<Value> = azlb::sim::DEMO.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    documents.retain(|d| !d["id"].as_str().unwrap().contains("api-ss/virtualMachines/5"));
    let simulator = Arc::new(Simulator::new(documents, Options::default()).unwrap());
    let (session, _state) = listed(&simulator).await;
    let drift = session.drift().await.unwrap();
    assert_eq!(drift.iter().map(|d| (d.name.as_str(), d.instance)).collect::<Vec<_>>(), [("api-ss/5", None)]);
    assert!(drift[0].words().contains("ghost"));
}
