//! The kill matrix: the real binary dies by SIGKILL at an exchange with Azure, before or after the
//! server acted on it, and another process resumes the plan or takes it back.
//!
//! A sample runs always; the whole matrix with `cargo test --test kill_matrix -- --ignored --nocapture`,
//! which prints the table of `docs/dev/reliability.md`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

use azlb::sim::{Options, Simulator, generate};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use support::*;
use tempfile::TempDir;

/// A server that kills its client at one exchange.
struct Deadly {
    simulator: Arc<Simulator>,
    count: AtomicUsize,
    at: AtomicUsize,
    delivered: AtomicBool,
    victim: AtomicI32,
}

impl Deadly {
    async fn answer(
        &self,
        request: hyper::Request<hyper::body::Incoming>,
    ) -> Result<hyper::Response<Full<Bytes>>, std::io::Error> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        let request = http::Request::from_parts(parts, body);
        let counted = !request.uri().path().starts_with("/msi") && !request.uri().path().starts_with("/sim");
        if counted && self.count.fetch_add(1, Ordering::SeqCst) == self.at.load(Ordering::SeqCst) {
            if self.delivered.load(Ordering::SeqCst) {
                self.simulator.handle(request);
            }
            let pid = rustix::process::Pid::from_raw(self.victim.load(Ordering::SeqCst)).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
            return Err(std::io::Error::other("its client is dead"));
        }
        match self.simulator.handle(request) {
            Some(response) => Ok(response.map(Full::new)),
            None => Err(std::io::Error::other("reset")),
        }
    }
}

struct Plan {
    name: &'static str,
    simulator: fn() -> Arc<Simulator>,
    command: Vec<String>,
    pool: &'static str,
    /// The members of the pool when it is done.
    done: usize,
    exclusive: bool,
}

const SPEED: f64 = 200.0;

fn options() -> Options {
    Options { speed: SPEED, throttle: false, page_size: 1000, ..Options::default() }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

fn plans() -> Vec<Plan> {
    let twenty: Vec<String> = (0..20).map(|n| format!("vm-{n:05}")).collect();
    vec![
        Plan {
            name: "a swap",
            simulator: || demo(options()),
            command: words("swap --pool db-lb/masters --to vm-db-2 --yes"),
            pool: "db-lb/masters",
            done: 1,
            exclusive: true,
        },
        Plan {
            name: "a move of 20 NICs",
            simulator: || {
                let size: generate::Size = "subs=1,lbs=1,nics=21".parse().unwrap();
                Arc::new(Simulator::new(generate::estate(size), options()).unwrap())
            },
            command: words("move --from lb-0000/a --to lb-0000/b --yes").into_iter().chain(twenty).collect(),
            pool: "lb-0000/b",
            done: 20,
            exclusive: false,
        },
        Plan {
            name: "a scale set's joining",
            simulator: || demo(options()),
            command: words("add --pool web-lb/green set:api-ss --yes"),
            pool: "web-lb/green",
            done: 10,
            exclusive: false,
        },
    ]
}

fn azlb(state: &TempDir, endpoint: &str, header: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_azlb"));
    command
        .env("AZLB_STATE_DIR", state.path())
        .env("AZLB_CONFIG", state.path().join("none.toml"))
        .env("AZLB_ARM_ENDPOINT", endpoint)
        .env("IDENTITY_ENDPOINT", format!("{endpoint}/msi/token"))
        .env("IDENTITY_HEADER", header)
        .env("AZLB_SPEED", SPEED.to_string())
        .env_remove("AZURE_CLIENT_SECRET")
        .env_remove("AZURE_FEDERATED_TOKEN_FILE")
        .stdin(Stdio::null());
    std::fs::write(state.path().join("none.toml"), "").unwrap();
    command
}

fn json(out: &Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&out.stderr)))
}

/// One death and what followed. False where the command ended before it could be killed.
fn one(plan: &Plan, at: usize, delivered: bool, recover: &str) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let _guard = runtime.enter();
    let simulator = (plan.simulator)();
    let before = still(&simulator);
    let deadly = Arc::new(Deadly {
        simulator: Arc::clone(&simulator),
        count: AtomicUsize::new(0),
        at: AtomicUsize::new(usize::MAX),
        delivered: AtomicBool::new(delivered),
        victim: AtomicI32::new(0),
    });
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = Arc::clone(&deadly);
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let service = service_fn(|request| {
                    let server = Arc::clone(&server);
                    async move { server.answer(request).await }
                });
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let state = TempDir::new().unwrap();
    let header = simulator.identity_header();
    deadly.at.store(at, Ordering::SeqCst);
    let mut child = azlb(&state, &endpoint, &header)
        .args(&plan.command)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    deadly.victim.store(i32::try_from(child.id()).unwrap(), Ordering::SeqCst);
    let status = child.wait().unwrap();
    deadly.at.store(usize::MAX, Ordering::SeqCst);
    if status.success() {
        return false;
    }
    let context = format!("{}: {recover} after exchange {at}, delivered: {delivered}", plan.name);
    let run = |line: &str| azlb(&state, &endpoint, &header).args(line.split(' ')).output().unwrap();
    let list = json(&run("journal list -o json"));
    let (lb, pool) = plan.pool.split_once('/').unwrap();
    match list.as_array().unwrap().first() {
        // It died before there was a plan: nothing was changed.
        None => assert!(differing(&before, &still(&simulator)).is_empty(), "{context}"),
        Some(entry) if entry["state"] == "done" => {
            assert_eq!(members(&simulator, lb, pool).len(), plan.done, "{context}")
        }
        Some(entry) => {
            assert_eq!(entry["state"], "interrupted", "{context}");
            let out = run(&format!("journal {recover} {} --yes", entry["id"].as_str().unwrap()));
            let stderr = String::from_utf8_lossy(&out.stderr).into_owned();
            assert_eq!(out.status.code(), Some(0), "{context}: {stderr}");
            std::thread::sleep(Duration::from_millis(60));
            if recover == "resume" {
                assert_eq!(members(&simulator, lb, pool).len(), plan.done, "{context}");
            } else {
                let changed = differing(&before, &still(&simulator));
                // An instance that was written by itself says so from then on.
                assert!(changed.iter().all(|n| n.parse::<u8>().is_ok()), "{context}: {changed:?}");
            }
        }
    }
    if plan.exclusive {
        let pool = format!("/{lb}/backendaddresspools/{pool}");
        assert!(most_ever(&simulator, &pool) <= 1, "{context}: {:?}", history(&simulator, &pool));
    }
    true
}

#[test]
fn a_sample_of_the_matrix() {
    let plans = plans();
    for (plan, at, delivered, recover) in [
        (0, 17, true, "undo"),
        (0, 21, false, "resume"),
        (0, 24, true, "undo"),
        (1, 60, true, "resume"),
        (1, 90, false, "undo"),
        (2, 40, true, "undo"),
    ] {
        one(&plans[plan], at, delivered, recover);
    }
}

#[test]
#[ignore = "takes many minutes"]
fn the_whole_matrix() {
    println!(
        "| plan | exchanges | killed before delivery, resumed | undone | killed after delivery, resumed | undone |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    for plan in plans() {
        let mut row = Vec::new();
        let mut exchanges = 0;
        for (delivered, recover) in [(false, "resume"), (false, "undo"), (true, "resume"), (true, "undo")] {
            let mut killed = 0;
            while one(&plan, killed, delivered, recover) {
                killed += 1;
            }
            exchanges = exchanges.max(killed);
            row.push(killed.to_string());
        }
        println!("| {} | {exchanges} | {} |", plan.name, row.join(" | "));
    }
}
