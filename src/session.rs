//! The one façade that the terminal UI, scripts and the command line call.
//!
//! Owns the estate, the health that is known, the journal, and the executor where this session may
//! write. Reading and writing meet here and nowhere else. It never prints and never asks: what
//! needs an answer is returned to be asked.

pub mod ask;
mod listing;
pub mod names;
pub mod naming;
pub mod rows;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::arm::token::CredentialSource;
use crate::arm::transport::Transport;
use crate::arm::{ArmError, Cloud, Document, Reader, ResourceId, connect};
use crate::azure::version_of;
use crate::changes::diff::Diffs;
use crate::changes::execute::Finished;
use crate::changes::journal::{Event, JournalError};
use crate::changes::plan::Part;
use crate::changes::{
    Documents, Executor, Journal, OnFailure, Options, Outcome, Plan, PlanError, Record, Request, Run, gather, plan,
    recover,
};
use crate::config::{Config, ConfigError};
use crate::estate::Estate;
use crate::estate::select::SelectError;
use crate::health::{self, PoolHealth};

/// A session on one cloud. Cloning it gives another handle on the same session.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

struct Inner {
    reader: Reader,
    executor: Option<Executor>,
    config: Config,
    journal: Journal,
    estate: RwLock<Estate>,
    changed: watch::Sender<u64>,
    health: Mutex<HashMap<ResourceId, Arc<PoolHealth>>>,
    /// What plans are marked with: the endpoint, or `simulator` for one in this process.
    place: String,
}

/// Why the session could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// Azure.
    #[error(transparent)]
    Arm(#[from] ArmError),
    /// A text names nothing, or more than one thing.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The settings.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The session may not write.
    #[error(
        "this session is read-only; nothing was changed. Leave out --read-only, or set read_only = false in the configuration"
    )]
    ReadOnly,
    /// The plan belongs to another place.
    #[error("plan {plan} ran on {there} and this session is on {here}; nothing was changed. {hint}")]
    Elsewhere {
        /// The plan.
        plan: String,
        /// Its endpoint.
        there: String,
        /// This session's.
        here: String,
        /// What to do.
        hint: String,
    },
    /// The plan cannot be taken up or back.
    #[error("plan {plan} is {state}: {reason}")]
    NotThat {
        /// The plan.
        plan: String,
        /// Its state.
        state: &'static str,
        /// Why that does not fit.
        reason: &'static str,
    },
    /// The request itself is wrong.
    #[error("{0}")]
    Asked(String),
}

/// The most documents of a plan that are read for their diffs.
const MOST_DIFFS: usize = 100;

/// How a plan that was applied ended.
#[derive(Debug)]
pub struct Report {
    /// The plan.
    pub plan: Plan,
    /// Each step's end.
    pub run: Run,
    /// The outcome.
    pub outcome: Outcome,
    /// The undo that followed, where the plan asks for one on failure.
    pub undo: Option<Box<Result<Report, SessionError>>>,
}

impl Session {
    /// Opens a session. Nothing is sent yet.
    ///
    /// # Errors
    /// [`SessionError::Config`] where the cloud or the state's place is wrong.
    pub fn open(
        config: Config,
        cloud: Cloud,
        transport: Arc<dyn Transport>,
        credentials: Arc<dyn CredentialSource>,
        place: String,
    ) -> Result<Self, SessionError> {
        let (reader, writer) = connect(transport, cloud, credentials, config.pacing());
        // A read-only session has no writer at all.
        let executor =
            (!config.read_only).then(|| Executor::new(reader.clone(), writer, config.limits, config.tempo()));
        let journal = Journal::at(config.state_dir()?.join("journal"));
        Ok(Self {
            inner: Arc::new(Inner {
                reader,
                executor,
                config,
                journal,
                estate: RwLock::default(),
                changed: watch::Sender::new(0),
                health: Mutex::default(),
                place,
            }),
        })
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The reader, for what has no summary.
    pub fn reader(&self) -> &Reader {
        &self.inner.reader
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.inner.journal
    }

    /// Whether this session can write.
    pub fn may_write(&self) -> bool {
        self.inner.executor.is_some()
    }

    /// Where it is: an endpoint, or the simulator.
    pub fn place(&self) -> &str {
        &self.inner.place
    }

    /// Looks at the estate. Keep it short: a listing waits meanwhile.
    pub fn estate<T>(&self, look: impl FnOnce(&Estate) -> T) -> T {
        look(&self.inner.estate.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Counts changes of the estate and of health: for screens that wait for something to draw.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Asks for a pool's health now, and remembers it. A failure to ask is health that is unknown.
    pub async fn health(&self, pool: &ResourceId) -> Arc<PoolHealth> {
        let (rules, served) = self.estate(|e| {
            e.pool(pool).map_or((Vec::new(), true), |(lb, p)| {
                let rules = lb.rules_of(&p.id).filter(|r| r.probe.is_some()).map(|r| r.id.clone()).collect();
                (rules, lb.serves_health())
            })
        });
        let health = if served {
            let read = health::read(&self.inner.reader, &rules).await;
            let mut health = read.unwrap_or_else(|e| PoolHealth::unknown(e.to_string()));
            health.readings.shrink_to_fit();
            self.estate(|e| {
                for reading in &mut health.readings {
                    reading.ip_config = reading.ip_config.take().map(|id| e.own(id));
                }
            });
            health
        } else {
            PoolHealth::unknown("this load balancer's SKU or tier serves no rule health")
        };
        let health = Arc::new(health);
        let mut known = self.inner.health.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(pool.clone(), Arc::clone(&health));
        drop(known);
        self.inner.changed.send_modify(|n| *n += 1);
        health
    }

    /// A resource's document as Azure serves it now; a pool's is its own.
    ///
    /// # Errors
    /// A failure to read it.
    pub async fn document(&self, id: &ResourceId) -> Result<Document, SessionError> {
        Ok(self.inner.reader.get(id, version_of(id), "").await?)
    }

    /// What a plan does to each document it writes, from the documents as Azure serves them now; of the first
    /// hundred, since each is read. What cannot be read says so in its place.
    pub async fn diffs(&self, plan: &Plan) -> Diffs {
        use futures::{FutureExt as _, StreamExt as _};
        let targets: BTreeSet<ResourceId> = plan.writes().take(MOST_DIFFS).map(|(_, w)| w.target.clone()).collect();
        let read = targets.into_iter().map(|target| {
            let session = self.clone();
            let read = async move {
                let read = session.document(&target).await.map(Document::into_body).map_err(|e| e.to_string());
                (target, read)
            };
            read.boxed()
        });
        let read = futures::stream::iter(read).buffer_unordered(8);
        Diffs::of(plan, &read.collect().await, MOST_DIFFS)
    }

    /// The health that is known of a pool, with its age.
    pub fn known_health(&self, pool: &ResourceId) -> Option<Arc<PoolHealth>> {
        self.inner.health.lock().unwrap_or_else(PoisonError::into_inner).get(pool).cloned()
    }

    /// Makes a plan from documents read now. Nothing is changed.
    ///
    /// # Errors
    /// A guard's refusal, or a failure to read.
    pub async fn plan(&self, request: &Request) -> Result<Plan, SessionError> {
        let documents: Documents = gather::gather(&self.inner.reader, request).await?;
        Ok(plan::plan(request, &documents, &self.inner.place)?)
    }

    /// Makes one plan of several parts, one after the other, from documents read now.
    ///
    /// # Errors
    /// As [`Session::plan`].
    pub async fn plan_sequence(&self, title: &str, parts: &[Part]) -> Result<Plan, SessionError> {
        let all = Request {
            title: title.to_owned(),
            changes: parts
                .iter()
                .filter_map(|part| match part {
                    Part::Changes(request) => Some(request.changes.clone()),
                    Part::Gate(_) => None,
                })
                .flatten()
                .collect(),
            options: Options::default(),
        };
        let documents: Documents = gather::gather(&self.inner.reader, &all).await?;
        Ok(plan::sequence(title, parts, &documents, &self.inner.place)?)
    }

    /// Where scale sets' models, their instances and the pools do not agree. Read now, three requests a set and one a load balancer.
    ///
    /// # Errors
    /// Any [`ArmError`] of reading.
    pub async fn drift(&self) -> Result<Vec<crate::changes::drift::Drift>, SessionError> {
        let mut out = Vec::new();
        for set in self.estate(|e| e.sets().to_vec()) {
            let documents = gather::gather_set(&self.inner.reader, &set).await?;
            out.extend(crate::changes::drift::of(&documents, &set));
        }
        Ok(out)
    }

    /// Reads the estate as raw documents: of all subscriptions, or of those this session looks at.
    ///
    /// # Errors
    /// Where the subscriptions cannot be listed.
    pub async fn export(&self) -> Result<crate::estate::export::Export, SessionError> {
        Ok(crate::estate::export::export(&self.inner.reader, &self.inner.config.subscriptions).await?)
    }

    /// Answers a step that asks the operator: whether the plan goes on.
    pub fn answer(&self, plan: &crate::changes::PlanId, step: u32, go_on: bool) {
        if let Some(executor) = &self.inner.executor {
            executor.answers().give(plan, step, go_on);
        }
    }

    /// Applies a plan to its end.
    ///
    /// # Errors
    /// [`SessionError::ReadOnly`]; the journal's failures. A step's failure is in the report.
    pub async fn apply(
        &self,
        plan: Plan,
        progress: &watch::Sender<Run>,
        cancel: &CancellationToken,
    ) -> Result<Report, SessionError> {
        let executor = self.inner.executor.as_ref().ok_or(SessionError::ReadOnly)?;
        self.check_place(&plan)?;
        let journal = self.inner.journal.start(&plan)?;
        let finished = executor.run(&plan, &journal, None, progress, cancel).await?;
        drop(journal);
        self.finish(plan, finished, progress, cancel).await
    }

    /// Whether a plan can be gone on with here.
    ///
    /// # Errors
    /// [`SessionError::NotThat`] where it is done, undone or running; [`SessionError::Elsewhere`].
    pub fn check_resume(&self, record: &Record) -> Result<(), SessionError> {
        use crate::changes::PlanState;
        self.check_place(&record.plan)?;
        let state = record.state();
        let reason = match state {
            PlanState::Done => "there is nothing to resume",
            PlanState::Undone => "make the plan anew instead",
            PlanState::Running => "another azlb is at it",
            PlanState::Failed | PlanState::Partly | PlanState::Interrupted => return Ok(()),
        };
        Err(SessionError::NotThat { plan: record.plan.id.to_string(), state: state.word(), reason })
    }

    /// Goes on with a plan whose process ended or that was stopped or failed.
    ///
    /// # Errors
    /// [`SessionError::NotThat`] where the plan is done or undone; the journal's failures.
    pub async fn resume(
        &self,
        record: &Record,
        progress: &watch::Sender<Run>,
        cancel: &CancellationToken,
    ) -> Result<Report, SessionError> {
        let executor = self.inner.executor.as_ref().ok_or(SessionError::ReadOnly)?;
        self.check_resume(record)?;
        let journal = self.inner.journal.reopen(&record.plan.id)?;
        let finished = executor.run(&record.plan, &journal, Some(record), progress, cancel).await?;
        drop(journal);
        self.finish(record.plan.clone(), finished, progress, cancel).await
    }

    /// The plan that takes a journalled plan back. Nothing is changed.
    ///
    /// # Errors
    /// Where nothing of it is left, a guard refuses, or it still runs.
    pub async fn undo_plan(&self, record: &Record) -> Result<Plan, SessionError> {
        use crate::changes::PlanState;
        self.check_place(&record.plan)?;
        let reason = match record.state() {
            PlanState::Running => "another azlb is at it",
            PlanState::Undone => "it was taken back already",
            _ => "",
        };
        if !reason.is_empty() {
            return Err(SessionError::NotThat {
                plan: record.plan.id.to_string(),
                state: record.state().word(),
                reason,
            });
        }
        let documents = gather::gather_edits(&self.inner.reader, &recover::inverses(record)).await?;
        Ok(recover::undo_plan(record, &documents)?)
    }

    /// What follows a run: the estate is brought up to date, a plan that was taken back is marked,
    /// and a failure is undone where the plan asks for it.
    async fn finish(
        &self,
        plan: Plan,
        finished: Finished,
        progress: &watch::Sender<Run>,
        cancel: &CancellationToken,
    ) -> Result<Report, SessionError> {
        let outcome = finished.outcome;
        let run = progress.borrow().clone();
        if let (Outcome::Done, Some(undone)) = (outcome, &plan.undo_of) {
            self.inner.journal.reopen(undone)?.append(Event::Undone { by: plan.id.clone() })?;
        }
        if let Err(error) = self.reload(&plan, &finished.documents).await {
            // The change stands whether or not the screen is up to date.
            tracing::warn!(%error, "the estate could not be brought up to date");
        }
        let wants_undo = plan.options.on_failure == OnFailure::Undo
            && plan.undo_of.is_none()
            && matches!(outcome, Outcome::Partly)
            && !cancel.is_cancelled();
        let undo = if wants_undo { Some(Box::new(Box::pin(self.undo_now(&plan, cancel)).await)) } else { None };
        Ok(Report { plan, run, outcome, undo })
    }

    async fn undo_now(&self, plan: &Plan, cancel: &CancellationToken) -> Result<Report, SessionError> {
        let record = self.inner.journal.find(plan.id.as_str())?;
        let undo = self.undo_plan(&record).await?;
        let progress = watch::Sender::new(Run::new(&undo));
        Box::pin(self.apply(undo, &progress, cancel)).await
    }

    fn check_place(&self, plan: &Plan) -> Result<(), SessionError> {
        if plan.endpoint == self.inner.place {
            return Ok(());
        }
        let hint = if plan.endpoint == SIMULATOR {
            "That simulator was inside the azlb process that ran the plan, and is gone with it; 'azlb sim' serves one that stays."
                .to_owned()
        } else if plan.endpoint.starts_with("http://") {
            format!("Start that simulator again on its port, or set AZLB_ARM_ENDPOINT={}.", plan.endpoint)
        } else {
            format!("Choose its cloud with --cloud, or set AZLB_ARM_ENDPOINT={}.", plan.endpoint)
        };
        Err(SessionError::Elsewhere {
            plan: plan.id.to_string(),
            there: plan.endpoint.clone(),
            here: self.inner.place.clone(),
            hint,
        })
    }

    /// How long the longest closed bucket stays closed.
    pub fn throttled(&self) -> Option<Duration> {
        self.inner.reader.throttle().longest()
    }
}

fn is_nic(id: &ResourceId) -> bool {
    id.is_type(crate::azure::network_interface::TYPE)
}

/// The place of plans that ran on a simulator within their own process.
pub const SIMULATOR: &str = "simulator";
