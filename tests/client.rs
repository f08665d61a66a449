//! The client against the simulator: sign-in, paging, throttling, links, answers that are not ARM's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use azlb::arm::ArmError;
use azlb::azure::{NETWORK, network_interface};
use azlb::sim::{Options, Simulator, generate};
use support::*;
use tempfile::TempDir;

fn generated(size: &str, options: Options) -> Arc<Simulator> {
    Arc::new(Simulator::new(generate::estate(size.parse().unwrap()), options).unwrap())
}

const SUB: &str = "00000000-0000-0000-0000-000000000001";

#[tokio::test(start_paused = true)]
async fn a_list_is_read_page_by_page_without_loss() {
    let simulator = generated("subs=1,lbs=3,nics=257", Options { page_size: 50, ..Options::default() });
    let state = TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    let mut pager = network_interface::list(session.reader(), SUB).unwrap();
    let mut sizes = Vec::new();
    let mut ids = std::collections::HashSet::new();
    while let Some(page) = pager.next_page().await.unwrap() {
        let items: Vec<serde_json::Value> = page.items().map(Result::unwrap).collect();
        sizes.push(items.len());
        ids.extend(items.iter().map(|n| n["id"].to_string()));
    }
    assert_eq!(sizes, [50, 50, 50, 50, 50, 7]);
    assert_eq!(ids.len(), 257);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_points_elsewhere_is_refused_and_no_token_leaves() {
    let simulator = generated("subs=1,lbs=1,nics=3", Options::default());
    simulator.inject("GET networkInterfaces foreign-link".parse().unwrap());
    let state = TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    let error = network_interface::list(session.reader(), SUB).unwrap().all().await.unwrap_err();
    assert!(matches!(&error, ArmError::ForeignLink { url, .. } if url.contains("attacker.example.net")), "{error}");
    assert!(error.to_string().contains("never sent"));
}

#[tokio::test(start_paused = true)]
async fn reads_wait_as_long_as_they_are_told_to() {
    let simulator = demo(Options::default());
    simulator.inject("GET networkInterfaces 429 count=1 retry-after=17".parse().unwrap());
    let state = TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    let start = tokio::time::Instant::now();
    network_interface::list(session.reader(), SUB).unwrap().all().await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(17), "{:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(19), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn buckets_of_arm_hold_and_everything_is_read_all_the_same() {
    // 400 single reads against a bucket of 250 that refills with 25 a second.
    let simulator = demo(Options::default());
    let state = TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    let id = azlb::arm::ResourceId::parse(&format!(
        "/subscriptions/{SUB}/resourceGroups/rg-db/providers/Microsoft.Network/networkInterfaces/vm-db-1-nic"
    ))
    .unwrap();
    let start = tokio::time::Instant::now();
    for _ in 0..400 {
        session.reader().get(&id, NETWORK, "").await.unwrap();
    }
    assert!(start.elapsed() >= Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_expired_token_is_replaced_once_and_silently() {
    let simulator = demo(Options::default());
    let state = TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    session.refresh().await.unwrap();
    simulator.inject("GET loadBalancers token-expired count=1".parse().unwrap());
    session.refresh().await.unwrap();
    assert_eq!(session.load_balancer_rows("").len(), 13);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_arm_is_told_apart() {
    let simulator = demo(Options::default());
    simulator.inject("GET loadBalancers html".parse().unwrap());
    let state = TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    session.refresh().await.unwrap();
    let rows = session.subscription_rows();
    assert!(rows.iter().all(|r| r.problem.as_ref().is_some_and(|p| p.contains("not Resource Manager's"))), "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_fails_hides_no_other() {
    let simulator = demo(Options::default());
    simulator.inject("GET 000000000002/providers/Microsoft.Network/loadBalancers 403".parse().unwrap());
    let state = TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    session.refresh().await.unwrap();
    let rows = session.subscription_rows();
    assert_eq!(rows[0].load_balancers, 5);
    assert!(rows[0].problem.is_none());
    assert!(rows[1].problem.as_ref().unwrap().contains("AuthorizationFailed"));
}

#[tokio::test(start_paused = true)]
async fn an_operation_without_end_is_given_up_and_said_to_be_open() {
    let simulator = demo(Options { operation_time: Duration::from_secs(3 * 3600), ..Options::default() });
    let state = TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    session.refresh().await.unwrap();
    let request = swap_request(&session, "vm-db-2");
    let report = apply(&session, &request).await;
    assert_eq!(report.outcome, azlb::changes::Outcome::Partly);
    let state = &report.run.step(1).unwrap().state;
    assert!(
        matches!(state, azlb::changes::StepState::Failed { error, .. } if error.contains("may still end")),
        "{state:?}"
    );
}

/// A generated estate of the size that `docs/performance.md` speaks of is listed whole.
#[tokio::test(start_paused = true)]
async fn a_large_estate_is_listed_with_few_requests() {
    let simulator = generated("subs=4,lbs=200,nics=2000", Options { page_size: 1000, ..Options::default() });
    let state = TempDir::new().unwrap();
    let session = session(&simulator, state.path());
    session.refresh().await.unwrap();
    assert_eq!(session.load_balancer_rows("").len(), 200);
    let members: usize = session.pool_rows("").iter().map(|p| p.members).sum();
    assert_eq!(members, 2000);
    let (reads, _) = session.reader().traffics().counts();
    assert!(reads <= 1 + 4 * 5, "{reads} requests");
}

/// A cloud that lags behind lists the api-versions it serves; the newest older one is taken, for reads
/// and for writes.
#[tokio::test(start_paused = true)]
async fn a_cloud_that_serves_older_versions_only_is_asked_with_those() {
    let versions =
        vec!["2018-10-01".to_owned(), "2022-07-01".to_owned(), "2023-09-01".to_owned(), "2030-01-01".to_owned()];
    let simulator = demo(Options { api_versions: versions, ..Options::default() });
    let (session, _state) = listed(&simulator).await;
    assert!(session.estate(|e| e.subscriptions.iter().all(|s| s.problem.is_none())));
    let report = apply(&session, &swap_request(&session, "vm-db-2")).await;
    assert!(is_done(&report), "{:?}", report.run);
    assert_eq!(members(&simulator, "db-lb", "masters"), ["vm-db-2-nic"]);

    // Where nothing older is served, the refusal is shown whole.
    let simulator = demo(Options { api_versions: vec!["2030-01-01".to_owned()], ..Options::default() });
    let (session, _state) = listed(&simulator).await;
    let problem = session.estate(|e| e.subscriptions[0].problem.clone()).unwrap();
    assert!(problem.contains("NoRegisteredProviderFound") && problem.contains("2030-01-01"), "{problem}");
}

/// An exported estate runs in the simulator as the one it was read from; redacted it has the same shape
/// and tells nothing of the owner.
#[tokio::test(start_paused = true)]
async fn an_export_is_rehearsed_on_and_a_redacted_one_tells_no_names() {
    let simulator = demo(Options::default());
    let (session, _state) = listed(&simulator).await;
    let export = session.export().await.unwrap();
    assert!(export.problems.is_empty(), "{:?}", export.problems);
    let shape = |session: &azlb::session::Session| {
        let mut rows: Vec<(usize, String, bool, usize)> = session
            .pool_rows("")
            .into_iter()
            .map(|p| (p.members, p.kind.to_string(), p.exclusive, session.candidates(&p.id).len()))
            .collect();
        rows.sort();
        rows
    };
    let before = shape(&session);

    let copy = Arc::new(Simulator::new(export.documents.clone(), Options::default()).unwrap());
    let (again, _state) = listed(&copy).await;
    assert_eq!(shape(&again), before);
    let report = apply(&again, &swap_request(&again, "vm-db-2")).await;
    assert!(is_done(&report), "{:?}", report.run);

    let mut redactor = azlb::estate::redact::Redactor::default();
    let mut documents = export.documents;
    documents.iter_mut().for_each(|d| redactor.document(d));
    let text: String = documents.iter().map(|d| d.to_string()).collect();
    let lower = text.to_ascii_lowercase();
    for told in [
        "contoso",
        "vm-db",
        "db-lb",
        "masters",
        "api-ss",
        "rg-db",
        "vnet-prod",
        "10.1.0.4",
        "change-freeze",
        "ipconfig1\"",
    ] {
        assert!(!lower.contains(told), "it tells {told}");
    }
    let copy = Arc::new(Simulator::new(documents, Options::default()).unwrap());
    let (again, _state) = listed(&copy).await;
    assert_eq!(shape(&again), before);
}

/// What is shown in a redacted session names nothing of the owner's, and all of it works by its stand-ins:
/// lists, documents, health, metrics, the plan of a change.
#[tokio::test(start_paused = true)]
async fn a_redacted_session_works_by_stand_ins() {
    let simulator = demo(Options { page_size: 7, ..Options::default() });
    let (real, _state) = listed(&simulator).await;
    let wire = Arc::new(Wire::new(Arc::clone(&simulator), None));
    let redacted = Arc::new(azlb::estate::redacted::Redacted::new(wire));
    let state = TempDir::new().unwrap();
    let session = session_over(redacted, &simulator, state.path());
    session.refresh().await.unwrap();
    let members = |s: &azlb::session::Session| {
        let mut rows: Vec<usize> = s.pool_rows("").into_iter().map(|p| p.members).collect();
        rows.sort();
        rows
    };
    assert_eq!(members(&session), members(&real));

    let exclusive = session.pool_rows("").into_iter().find(|p| p.exclusive).unwrap();
    session.health(&exclusive.id).await;
    let rows = session.member_rows(&exclusive.id);
    assert_eq!(
        rows[0].health.reason,
        real.health(&real.pool("db-lb/masters").unwrap().id).await.readings[0].reason.as_ref()
    );
    let balancer = exclusive.id.parent().unwrap();
    let document = session.document(&balancer).await.unwrap().into_body().to_string();
    let metrics = azlb::health::metrics::read(session.reader(), &balancer, 5).await.unwrap();
    assert!(!metrics.is_empty());
    let candidate = session.candidates(&exclusive.id).into_iter().next().unwrap();
    let pool = session.pool(&exclusive.selector).unwrap();
    let request = session.request_swap(&pool, None, &candidate.name, session.config().options()).unwrap();
    let plan = session.plan(&request).await.unwrap();
    let diffs = session.diffs(&plan).await;
    assert!(diffs.documents.iter().all(|d| d.lines.is_ok()), "{diffs:?}");
    let missing = session.document(&exclusive.id.parent().unwrap().child("backendAddressPools", "none").unwrap()).await;
    let shown = format!("{document} {plan:?} {diffs:?} {rows:?} {missing:?}").to_lowercase();
    for told in ["contoso", "vm-db", "db-lb", "masters", "rg-db", "10.1.0.4", "10.1.0.10"] {
        assert!(!shown.contains(told), "it tells {told}");
    }
}
