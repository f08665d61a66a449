//! The simulator: Azure Resource Manager for load balancing, inside the binary.
//!
//! Owns an estate of raw ARM documents and answers HTTP as ARM does: ids, ETags, long-running
//! operations, paging, throttling, derived back-references, probe results over time, and faults on
//! request. Started by the command line and by tests. It speaks HTTP only and knows nothing of the
//! client: of the rest of azlb it imports the grammar of ids alone.

mod answer;
mod api_version;
mod clock;
mod compute;
mod control;
mod deployment;
pub mod estate_file;
pub mod fault;
pub mod generate;
mod generic;
mod graph;
mod handle;
mod history;
mod metrics;
mod network;
mod nic;
mod operation;
mod pool;
mod probe;
mod quota;
mod reads;
mod resources;
mod rolling;
mod route;
mod scale;
pub mod server;
mod shelf;
mod store;
pub mod tls;
mod token;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use clock::SimClock;
use estate_file::EstateError;
use fault::Faults;
use operation::Operations;
use quota::Quotas;
use store::Store;
use token::Tokens;

/// The demo estate: two subscriptions of a fictional company, as raw ARM documents.
pub const DEMO: &str = include_str!("demo_estate.jsonl");

/// How a simulator behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many simulated seconds pass in a real one.
    pub speed: f64,
    /// Seeds every chance: operation times, ETags, faults by probability.
    pub seed: u64,
    /// The mean time that a write's operation takes, in simulated time.
    pub operation_time: Duration,
    /// Items on a page of a list.
    pub page_size: usize,
    /// Whether ARM's token buckets are simulated.
    pub throttle: bool,
    /// The api-versions that Network and Compute serve; those of the public cloud where empty. Other
    /// clouds lag behind.
    pub api_versions: Vec<String>,
    /// How many writes may run on one load balancer before ARM answers `RetryableError`.
    pub load_balancer_writes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            speed: 1.0,
            seed: 1,
            operation_time: Duration::from_secs(2),
            page_size: 100,
            throttle: true,
            api_versions: Vec::new(),
            load_balancer_writes: 10,
        }
    }
}

/// A running simulation. Share it behind an `Arc`.
pub struct Simulator {
    state: Mutex<State>,
}

/// Everything that a request may read or change.
struct State {
    options: Options,
    clock: SimClock,
    chance: fastrand::Rng,
    store: Store,
    operations: Operations,
    quotas: Quotas,
    faults: Faults,
    tokens: Tokens,
    /// Requests answered so far, by method, for tests and figures.
    requests: std::collections::BTreeMap<String, u64>,
}

impl Simulator {
    /// Starts a simulation on an estate.
    ///
    /// # Errors
    /// [`EstateError`] names the document that cannot be simulated.
    pub fn new(documents: impl IntoIterator<Item = Value>, options: Options) -> Result<Self, EstateError> {
        let clock = SimClock::start(options.speed);
        let mut chance = fastrand::Rng::with_seed(options.seed);
        let store = Store::load(documents, &mut chance)?;
        let tokens = Tokens::new(&mut chance);
        let state = State {
            quotas: Quotas::new(options.throttle),
            options,
            clock,
            chance,
            store,
            operations: Operations::default(),
            faults: Faults::default(),
            tokens,
            requests: std::collections::BTreeMap::new(),
        };
        Ok(Self { state: Mutex::new(state) })
    }

    /// A simulation of the demo estate.
    ///
    /// # Errors
    /// [`EstateError`] where the compiled-in file is broken, which a test rules out.
    pub fn demo(options: Options) -> Result<Self, EstateError> {
        Self::new(estate_file::parse("demo", DEMO)?, options)
    }

    /// Adds faults, in the form that [`fault::Fault`] reads.
    pub fn inject(&self, fault: fault::Fault) {
        self.lock().faults.add(fault);
    }

    /// The secret that a client sends to the token endpoint, as `IDENTITY_HEADER` gives it.
    pub fn identity_header(&self) -> String {
        self.lock().tokens.secret().to_owned()
    }

    /// Every state of every pool's membership since the start, as `GET /sim/history` serves it.
    pub fn history(&self) -> Value {
        let mut state = self.lock();
        state.settle();
        state.store.history.to_json()
    }

    /// The estate as it is now: raw documents, as `GET /sim/estate` serves it.
    pub fn documents(&self) -> Vec<Value> {
        let mut state = self.lock();
        state.settle();
        state.store.documents()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
