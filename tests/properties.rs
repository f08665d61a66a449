//! Properties over generated requests, faults and deaths, in paused time on the simulator.
//!
//! Whatever is asked, whatever fails and wherever the process dies: an exclusive pool never shows
//! two members, a pool is never emptied, no field but a pool's reference changes, an undo gives back
//! every membership, and what is reported is what the simulator holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use azlb::azure::backend_pool::AdminState;
use azlb::changes::{Batch, OnFailure, Outcome, PlanError, PlanState, Request, Run, StepState};
use azlb::session::{Session, SessionError};
use azlb::sim::{Options, Simulator};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use support::*;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What is asked for. Numbers choose among the machines there are, whether or not they fit.
#[derive(Debug, Clone)]
enum Asked {
    Add { pool: usize, who: Vec<usize> },
    Remove { pool: usize, who: Vec<usize> },
    Move { from: usize, to: usize, who: Vec<usize> },
    Swap { pool: usize, old: usize, new: usize },
    SwapMaster { new: usize },
    Drain { pool: usize, who: Vec<usize> },
    Replace { pool: usize, who: Vec<usize>, batch: usize },
    AdminState { pool: usize, who: Vec<usize>, state: usize },
}

#[derive(Debug, Clone)]
struct Case {
    asked: Asked,
    faults: Vec<usize>,
    death: Option<(usize, bool)>,
    undo: bool,
    on_failure: usize,
    seed: u64,
}

const POOLS: [&str; 6] =
    ["web-lb/blue", "web-lb/green", "cache-lb/nodes", "api-lb/api", "batch-lb/workers", "db-lb/masters"];

/// Who may be asked for on each pool: mostly its members and those who could join, and now and then
/// somebody who does not fit.
const WHO: [[&str; 10]; 6] = [
    [
        "vm-web-1",
        "vm-web-2",
        "vm-web-3",
        "vm-web-4",
        "vm-web-5",
        "vm-web-6",
        "vm-web-7",
        "vm-db-2",
        "api-ss/0",
        "10.1.4.30",
    ],
    [
        "vm-web-5",
        "vm-web-6",
        "vm-web-7",
        "vm-web-8",
        "vm-web-1",
        "vm-web-2",
        "vm-web-3",
        "vm-db-3",
        "batch-ss_00a1",
        "vm-cache-1",
    ],
    [
        "node-1",
        "node-2",
        "node-3",
        "node-4",
        "10.1.4.30",
        "10.1.4.31",
        "10.1.4.32",
        "10.1.4.11",
        "node-9=10.1.4.33",
        "vm-web-1",
    ],
    [
        "api-ss/0",
        "api-ss/1",
        "api-ss/2",
        "api-ss/3",
        "vm-db-2",
        "vm-cache-2",
        "batch-ss_00b2",
        "api-ss/4",
        "api-ss/5",
        "vm-cache-3",
    ],
    [
        "batch-ss_00a1",
        "batch-ss_00b2",
        "batch-ss_00c3",
        "vm-db-2",
        "vm-db-3",
        "vm-cache-1",
        "vm-cache-2",
        "vm-cache-4",
        "api-ss/1",
        "vm-web-8",
    ],
    [
        "vm-db-1",
        "vm-db-2",
        "vm-db-3",
        "vm-cache-1",
        "vm-db-2",
        "vm-db-3",
        "vm-db-2",
        "vm-db-3",
        "vm-cache-2",
        "api-ss/0",
    ],
];

const FAULTS: [&str; 14] = [
    "PUT * 429 count=2 retry-after=3",
    "PUT * 429 count=2 code=RetryableErrorDueToAnotherOperation",
    "PUT * 409 count=1",
    "PUT * 500 p=0.3 count=4",
    "PUT * error-after p=0.3 count=3",
    "PUT * reset-before p=0.3 count=3",
    "PUT * reset-after p=0.3 count=3",
    "PUT * moved p=0.4 count=4",
    "PUT * fails p=0.3 count=2",
    "PUT * 403 skip=1 count=1",
    "PUT * 409 code=CanceledAndSupersededDueToAnotherOperation count=1",
    "GET * 503 p=0.1 count=5",
    "GET operations reset-before p=0.4 count=4",
    "* * token-expired p=0.1 count=2",
];

fn asked() -> impl Strategy<Value = Asked> {
    let pool = 0..POOLS.len();
    let who = || prop::collection::vec(0..10usize, 1..4);
    prop_oneof![
        (pool.clone(), who()).prop_map(|(pool, who)| Asked::Add { pool, who }),
        (pool.clone(), who()).prop_map(|(pool, who)| Asked::Remove { pool, who }),
        (pool.clone(), pool.clone(), who()).prop_map(|(from, to, who)| Asked::Move { from, to, who }),
        (pool.clone(), 0..4usize, 3..10usize).prop_map(|(pool, old, new)| Asked::Swap { pool, old, new }),
        (1..10usize).prop_map(|new| Asked::SwapMaster { new }),
        (pool.clone(), who()).prop_map(|(pool, who)| Asked::Drain { pool, who }),
        (pool.clone(), who(), 1..3usize).prop_map(|(pool, who, batch)| Asked::Replace { pool, who, batch }),
        (pool, who(), 0..3usize).prop_map(|(pool, who, state)| Asked::AdminState { pool, who, state }),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let death = prop::option::weighted(0.5, (0..40usize, any::<bool>()));
    (asked(), prop::collection::vec(0..FAULTS.len(), 0..3), death, any::<bool>(), 0..3usize, any::<u64>()).prop_map(
        |(asked, faults, death, undo, on_failure, seed)| Case { asked, faults, death, undo, on_failure, seed },
    )
}

/// The request, where the names make one.
fn request(session: &Session, case: &Case) -> Result<Request, SessionError> {
    let pool = |n: usize| session.pool(POOLS[n]).map_err(SessionError::from);
    let names = |pool: usize, who: &[usize]| -> Vec<String> { who.iter().map(|n| WHO[pool][*n].to_owned()).collect() };
    let mut options = session.config().options();
    options.wait_healthy = Duration::from_secs(40);
    options.on_failure = [OnFailure::Stop, OnFailure::Continue, OnFailure::Undo][case.on_failure];
    match &case.asked {
        Asked::Add { pool: p, who } => session.request_add(&pool(*p)?, &names(*p, who), options),
        Asked::Remove { pool: p, who } => session.request_remove(&pool(*p)?, &names(*p, who), options),
        Asked::Move { from, to, who } => session.request_move(&pool(*from)?, &pool(*to)?, &names(*from, who), options),
        Asked::Swap { pool: p, old, new } => {
            session.request_swap(&pool(*p)?, Some(WHO[*p][*old]), WHO[*p][*new], options)
        }
        Asked::SwapMaster { new } => session.request_swap(&pool(5)?, None, WHO[5][*new], options),
        Asked::Drain { pool: p, who } => {
            session.request_drain(&pool(*p)?, &names(*p, who), Duration::from_secs(5), options)
        }
        Asked::Replace { pool: p, who, batch } => {
            session.request_replace(&pool(*p)?, &names(*p, who), Batch::Count(*batch), options)
        }
        Asked::AdminState { pool: p, who, state } => {
            let state = [AdminState::None, AdminState::Up, AdminState::Down][*state];
            session.request_admin_state(&pool(*p)?, &names(*p, who), state, options)
        }
    }
}

fn memberships(simulator: &Simulator) -> BTreeMap<&'static str, Vec<String>> {
    let documents = simulator.documents();
    POOLS
        .iter()
        .map(|p| {
            let (lb, pool) = p.split_once('/').unwrap();
            (*p, members_in(&documents, lb, pool))
        })
        .collect()
}

/// Documents without any reference to a pool and without what is derived from one: what no plan may
/// ever change. An instance that was written says so itself.
fn untouchable(simulator: &Simulator) -> Vec<Value> {
    let mut documents = still(simulator);
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for key in [
                    "loadBalancerBackendAddressPools",
                    "backendIPConfigurations",
                    "loadBalancerBackendAddresses",
                    "modelDefinitionApplied",
                ] {
                    map.remove(key);
                }
                map.values_mut().for_each(strip);
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    documents.iter_mut().for_each(strip);
    documents
}

#[derive(Default)]
struct Tally {
    refused: usize,
    done: usize,
    failed: usize,
    died: usize,
    undone: usize,
}

async fn check(case: &Case, tally: &mut Tally) -> Result<(), TestCaseError> {
    let simulator = demo(Options { seed: case.seed, ..Options::default() });
    let before = memberships(&simulator);
    let kept = untouchable(&simulator);
    let state = TempDir::new().unwrap();
    let whole = session(&simulator, state.path());
    whole.refresh().await.unwrap();
    let plan = match request(&whole, case) {
        Ok(request) => match whole.plan(&request).await {
            Ok(plan) => plan,
            Err(SessionError::Plan(_)) => {
                tally.refused += 1;
                return Ok(());
            }
            Err(error) => return Err(TestCaseError::fail(format!("{error}"))),
        },
        Err(SessionError::Select(_) | SessionError::Asked(_)) => {
            tally.refused += 1;
            return Ok(());
        }
        Err(error) => return Err(TestCaseError::fail(format!("{error}"))),
    };
    for fault in &case.faults {
        simulator.inject(FAULTS[*fault].parse().unwrap());
    }
    let cut = case.death.map(|(at, delivered)| Cut { at, delivered });
    let wire = Arc::new(Wire::new(Arc::clone(&simulator), cut));
    let doomed = session_on(Arc::clone(&wire), state.path(), |_| {});
    let progress = watch::Sender::new(Run::new(&plan));
    let cancel = CancellationToken::new();
    let report = tokio::select! {
        report = doomed.apply(plan.clone(), &progress, &cancel) => Some(report.unwrap()),
        () = wire.dead() => None,
    };
    let record = whole.journal().find(plan.id.as_str()).unwrap();
    // The faults that are left must not strike the recovery for ever.
    let clear = http::Request::builder().method("DELETE").uri("http://s/sim/faults").body(bytes::Bytes::new()).unwrap();
    simulator.handle(clear);
    let undone_already = report.as_ref().is_some_and(|r| r.undo.is_some());
    let mut gone_back = undone_already;
    match &report {
        Some(report) if report.outcome == Outcome::Done => {
            tally.done += 1;
            truth(&simulator, &plan, &before)?;
        }
        Some(_) => tally.failed += 1,
        None => tally.died += 1,
    }
    if !undone_already && record.state() != PlanState::Undone {
        if case.undo {
            match whole.undo_plan(&record).await {
                Ok(undo) => {
                    let mut undo = undo;
                    undo.options.on_failure = OnFailure::Stop;
                    let report = apply_plan(&whole, undo).await;
                    // A health gate may fail where a member was never healthy; the memberships count.
                    let writes = report.plan.writes().all(|(s, _)| {
                        matches!(
                            report.run.step(s.id).unwrap().state,
                            StepState::Done { .. } | StepState::Skipped { .. }
                        )
                    });
                    prop_assert!(writes, "an undo's write failed: {:?}", report.run.steps);
                    gone_back = report.outcome == Outcome::Done;
                    tally.undone += 1;
                }
                Err(SessionError::Plan(PlanError::Nothing(_))) => gone_back = true,
                Err(error) => return Err(TestCaseError::fail(format!("no undo: {error}"))),
            }
        } else if record.state() != PlanState::Done && record.state() != PlanState::Undone {
            let progress = watch::Sender::new(Run::new(&plan));
            let report = whole.resume(&record, &progress, &cancel).await.unwrap();
            if report.outcome == Outcome::Done {
                truth(&simulator, &plan, &before)?;
            }
        }
    } else if undone_already {
        gone_back = matches!(report.as_ref().unwrap().undo.as_deref(), Some(Ok(r)) if r.outcome == Outcome::Done);
    }
    // Let what still runs in Azure end.
    tokio::time::sleep(Duration::from_secs(30)).await;
    if gone_back {
        prop_assert_eq!(&memberships(&simulator), &before, "not as it was");
    }
    prop_assert_eq!(differing(&kept, &untouchable(&simulator)), Vec::<String>::new());
    for states in history(&simulator, "/db-lb/backendaddresspools/masters") {
        prop_assert!(states.len() <= 1, "two masters: {:?}", states);
    }
    for pool in POOLS.iter().filter(|p| **p != "db-lb/masters") {
        let (lb, name) = pool.split_once('/').unwrap();
        for states in history(&simulator, &format!("/{lb}/backendaddresspools/{name}")) {
            prop_assert!(!states.is_empty(), "{} was empty", pool);
        }
    }
    Ok(())
}

/// A plan that says done has done what it says: the pools hold who was there, less those who left,
/// and those who joined.
fn truth(
    simulator: &Simulator,
    plan: &azlb::changes::Plan,
    before: &BTreeMap<&'static str, Vec<String>>,
) -> Result<(), TestCaseError> {
    let now = memberships(simulator);
    for (pool, was) in before {
        let (mut joins, mut leaves) = (Vec::new(), Vec::new());
        for edit in plan.writes().flat_map(|(_, w)| &w.edits).filter(|e| e.pool().short() == *pool) {
            let shown = |t: azlb::changes::MemberTarget| match t {
                azlb::changes::MemberTarget::IpConfig(id) => id.as_str().split('/').nth(8).unwrap().to_owned(),
                azlb::changes::MemberTarget::Address(ip) => ip.to_string(),
                azlb::changes::MemberTarget::Frontend(id) => id.name().to_owned(),
            };
            joins.extend(edit.joins().map(shown));
            leaves.extend(edit.leaves().map(shown));
        }
        // Instances share their set's name in this view: counts tell as much.
        let expected = was.len() + joins.len() - leaves.len();
        prop_assert_eq!(now[pool].len(), expected, "{} holds {:?}", pool, &now[pool]);
        for name in joins {
            prop_assert!(now[pool].contains(&name), "{} lacks {}", pool, name);
        }
    }
    Ok(())
}

fn run_cases(cases: u32) {
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let tally = std::cell::RefCell::new(Tally::default());
    let result = runner.run(&case(), |case| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(check(&case, &mut tally.borrow_mut()))
    });
    let t = tally.into_inner();
    println!(
        "{cases} cases: {} refused, {} done, {} failed, {} died, {} undone",
        t.refused, t.done, t.failed, t.died, t.undone
    );
    if let Err(error) = result {
        panic!("{error}");
    }
    assert!(t.done > cases as usize / 20 && t.died > cases as usize / 20, "the cases do not bite");
}

#[test]
fn whatever_is_asked_and_whatever_fails() {
    run_cases(2_000);
}

/// The long run: `cargo test --test properties -- --ignored --nocapture`, `AZLB_CASES` for another count.
#[test]
#[ignore = "takes more than an hour"]
fn whatever_is_asked_a_hundred_thousand_times() {
    run_cases(std::env::var("AZLB_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000));
}
