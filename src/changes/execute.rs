//! Running a plan: steps as their needs are met, inside lanes, each journalled.
//!
//! Owns the only [`Writer`]. Steps run concurrently in one task; a failure never hides another,
//! and what is skipped is never reported as done.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answers::Answers;
use super::change::{OnFailure, OnLimit};
use super::journal::{Event, JournalError, JournalFile, Reached, Record};
use super::lanes::{Lanes, Limits};
use super::plan::Plan;
use super::run::{Outcome, Run, StepState};
use super::step::{Action, Step};
use crate::arm::{ArmError, Document, Reader, ResourceId, Writer};

/// The executor's waits and limits. All are settings; tests make them small.
#[derive(Debug, Clone)]
pub struct Tempo {
    /// Between two looks at a pool that is late.
    pub gate_poll: Duration,
    /// Between two looks at a document that another operation holds.
    pub busy_poll: Duration,
    /// How old a pool's document may be for the never-empty guard before a write.
    pub guard_age: Duration,
    /// How long one write may take with all its waits.
    pub write_limit: Duration,
    /// How often one write may be sent.
    pub write_attempts: u32,
    /// How long a document may stay busy after its operation has ended.
    pub compare_limit: Duration,
    /// How much faster than real time the other side runs; 1 but for a sped-up simulator.
    pub speed: f64,
}

impl Default for Tempo {
    fn default() -> Self {
        Self {
            gate_poll: Duration::from_secs(2),
            busy_poll: Duration::from_secs(2),
            guard_age: Duration::from_secs(5),
            write_limit: Duration::from_secs(20 * 60),
            write_attempts: 12,
            compare_limit: Duration::from_secs(60),
            speed: 1.0,
        }
    }
}

/// Runs plans. There is one, since there is one writer.
pub struct Executor {
    reader: Reader,
    writer: Writer,
    limits: Limits,
    tempo: Tempo,
    answers: Answers,
}

/// How a step that did not fail ended.
enum Ended {
    /// Verified; whether azlb changed anything.
    Verified(bool),
    /// A wait came to its limit, and the plan goes on: what was not so.
    Passed(String),
}

/// What a run leaves.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub outcome: Outcome,
    /// The documents that showed what was written, as they were read back.
    pub documents: Vec<Document>,
}

/// Why a step failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct StepError {
    /// The sentence.
    pub message: String,
    /// ARM's or the guard's code.
    pub code: Option<String>,
    /// The server's correlation id.
    pub correlation_id: Option<String>,
    /// Whether the operator stopped it, which is no failure.
    pub stopped: bool,
    /// Whether something may have landed all the same.
    pub unsure: bool,
    /// Whether the document is not there any more.
    pub gone: bool,
    /// Whether a wait came to its limit.
    pub limit: bool,
}

impl StepError {
    pub(super) fn plain(message: String) -> Self {
        Self { message, code: None, correlation_id: None, stopped: false, unsure: false, gone: false, limit: false }
    }

    pub(super) fn guard(code: &str, message: String) -> Self {
        Self { code: Some(code.to_owned()), ..Self::plain(message) }
    }

    pub(super) fn limit(message: String) -> Self {
        Self { limit: true, ..Self::plain(message) }
    }

    pub(super) fn stopped() -> Self {
        Self { stopped: true, ..Self::plain("stopped by the operator".to_owned()) }
    }
}

impl From<ArmError> for StepError {
    fn from(error: ArmError) -> Self {
        let service = error.service();
        let code = match &error {
            ArmError::Operation { code, .. } => Some(code.clone()),
            _ => service.map(|e| e.code.clone()),
        };
        let correlation_id = service.and_then(|e| e.correlation_id.clone());
        Self { code, correlation_id, ..Self::plain(error.to_string()) }
    }
}

impl From<JournalError> for StepError {
    fn from(error: JournalError) -> Self {
        Self::plain(error.to_string())
    }
}

/// What the steps of one run share.
pub(super) struct Context<'a> {
    pub(super) reader: &'a Reader,
    pub(super) writer: &'a Writer,
    pub(super) plan: &'a Plan,
    pub(super) lanes: Lanes,
    pub(super) tempo: &'a Tempo,
    pub(super) cancel: &'a CancellationToken,
    pub(super) answers: &'a Answers,
    journal: &'a JournalFile,
    progress: &'a watch::Sender<Run>,
    /// Pools as they were read last. One reads while the others wait: hundreds of writes may ask
    /// for the same pool in the same moment.
    pub(super) pools: tokio::sync::Mutex<HashMap<ResourceId, (Instant, Value)>>,
    verified: Mutex<HashMap<ResourceId, Document>>,
}

impl Context<'_> {
    pub(super) fn journal(&self, event: Event) -> Result<(), StepError> {
        self.journal.append(event).map_err(StepError::from)
    }

    /// Tells what a step waits for.
    pub(super) fn tell(&self, step: u32, now: String) {
        self.progress.send_if_modified(|run| match run.step_mut(step).map(|s| &mut s.state) {
            Some(StepState::Running { now: old }) if *old != now => {
                *old = now;
                true
            }
            _ => false,
        });
    }

    pub(super) fn tell_attempt(&self, step: u32, attempt: u32) {
        self.progress.send_modify(|run| {
            if let Some(s) = run.step_mut(step) {
                s.attempts = attempt;
                s.state = StepState::Running { now: "sent".to_owned() };
            }
        });
    }

    /// Keeps the document that showed a write's result.
    pub(super) fn note_verified(&self, document: Document) {
        let mut verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        verified.insert(document.id().clone(), document);
    }

    pub(super) fn was_verified(&self, target: &ResourceId) -> bool {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner).contains_key(target)
    }

    pub(super) fn set(&self, step: u32, state: StepState) {
        self.progress.send_modify(|run| {
            if let Some(s) = run.step_mut(step) {
                if matches!(state, StepState::Running { .. }) {
                    s.began = Some(Instant::now());
                } else if state.ended() {
                    s.took = s.began.map(|b| b.elapsed());
                }
                s.state = state;
            }
        });
    }

    async fn step(&self, step: &Step, reached: &Reached) -> Result<Ended, StepError> {
        self.journal(Event::Began { step: step.id })?;
        match &step.action {
            Action::Write(write) => self.write(step.id, write, reached).await.map(Ended::Verified),
            Action::Gate(gate) => match self.gate(step.id, gate).await {
                Ok(()) => Ok(Ended::Verified(false)),
                Err(error) if error.limit && self.plan.options.on_limit == OnLimit::GoOn => {
                    Ok(Ended::Passed(error.message))
                }
                Err(error) => Err(error),
            },
        }
    }
}

impl Executor {
    /// With the one writer.
    pub fn new(reader: Reader, writer: Writer, limits: Limits, tempo: Tempo) -> Self {
        Self { reader, writer, limits, tempo, answers: Answers::default() }
    }

    /// Where answers to a plan's questions are given.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Runs a plan to its end, or on from where `record` left it. The caller holds the journal's
    /// lock; what happened is in the journal and in `progress` when this returns.
    ///
    /// # Errors
    /// [`JournalError`] where not even the beginning or the end can be written down.
    pub async fn run(
        &self,
        plan: &Plan,
        journal: &JournalFile,
        record: Option<&Record>,
        progress: &watch::Sender<Run>,
        cancel: &CancellationToken,
    ) -> Result<Finished, JournalError> {
        let context = Context {
            reader: &self.reader,
            writer: &self.writer,
            plan,
            lanes: Lanes::new(self.limits),
            tempo: &self.tempo,
            cancel,
            answers: &self.answers,
            journal,
            progress,
            pools: tokio::sync::Mutex::default(),
            verified: Mutex::default(),
        };
        if record.is_some() {
            journal.append(Event::Resumed)?;
        }
        let mut reached = record.map(Record::reached).unwrap_or_default();
        let mut done: HashSet<u32> = HashSet::new();
        let mut changed = false;
        for step in &plan.steps {
            // A gate is asked again: time has passed. What was written and verified stays so.
            if let (Some(&Reached::Verified { changed: did }), Action::Write(_)) = (reached.get(&step.id), &step.action)
            {
                done.insert(step.id);
                changed |= did;
                context.set(step.id, StepState::Done { changed: did });
            }
        }
        let mut waiting: Vec<&Step> = plan.steps.iter().filter(|s| !done.contains(&s.id)).collect();
        let mut running: FuturesUnordered<BoxFuture<'_, (&Step, Result<Ended, StepError>)>> = FuturesUnordered::new();
        let mut failed: HashSet<u32> = HashSet::new();
        let mut unsure = false;
        let mut stop = false;
        let mut fatal = None;
        loop {
            stop |= cancel.is_cancelled();
            let mut still = Vec::new();
            for step in std::mem::take(&mut waiting) {
                let doomed = step.needs.iter().find(|n| failed.contains(n));
                if let Some(need) = doomed {
                    let reason = format!("step {need} was not done");
                    failed.insert(step.id);
                    if let Err(error) = journal.append(Event::Skipped { step: step.id, reason: reason.clone() }) {
                        fatal = Some(error);
                    }
                    context.set(step.id, StepState::Skipped { reason });
                } else if !stop && step.needs.iter().all(|n| done.contains(n)) && context.lanes.try_enter(step.lanes())
                {
                    context.set(step.id, StepState::Running { now: "begun".to_owned() });
                    let from = reached.remove(&step.id).unwrap_or(Reached::Nothing);
                    let context = &context;
                    running.push(Box::pin(async move { (step, context.step(step, &from).await) }));
                } else {
                    still.push(step);
                }
            }
            waiting = still;
            let ended = tokio::select! {
                ended = running.next() => ended,
                () = cancel.cancelled(), if !stop => continue,
            };
            let Some((step, result)) = ended else { break };
            context.lanes.leave(step.lanes(), result.is_ok());
            let (event, state) = match result {
                Ok(Ended::Passed(reason)) => {
                    done.insert(step.id);
                    (Event::Passed { step: step.id, reason: reason.clone() }, StepState::Passed { reason })
                }
                Ok(Ended::Verified(did)) => {
                    done.insert(step.id);
                    changed |= did;
                    (Event::Verified { step: step.id, changed: did }, StepState::Done { changed: did })
                }
                Err(error) if error.stopped => {
                    stop = true;
                    failed.insert(step.id);
                    let reason = error.message;
                    (Event::Skipped { step: step.id, reason: reason.clone() }, StepState::Skipped { reason })
                }
                Err(StepError { message, code, correlation_id, unsure: may_be, .. }) => {
                    failed.insert(step.id);
                    unsure |= may_be;
                    if plan.options.on_failure != OnFailure::Continue {
                        stop = true;
                    }
                    (
                        Event::Failed {
                            step: step.id,
                            error: message.clone(),
                            code: code.clone(),
                            correlation_id: correlation_id.clone(),
                        },
                        StepState::Failed { error: message, code, correlation_id },
                    )
                }
            };
            if let Err(error) = journal.append(event) {
                // Without a journal nothing more may be sent.
                stop = true;
                fatal = Some(error);
            }
            context.set(step.id, state);
        }
        let interrupted = cancel.is_cancelled();
        for step in waiting {
            let reason = if interrupted { "stopped by the operator" } else { "an earlier step failed" }.to_owned();
            let _ = journal.append(Event::Skipped { step: step.id, reason: reason.clone() });
            context.set(step.id, StepState::Skipped { reason });
        }
        if let Some(error) = fatal {
            return Err(error);
        }
        let whole = done.len() == plan.steps.len();
        let outcome = match (whole, interrupted) {
            (true, _) => Outcome::Done,
            (false, true) => Outcome::Interrupted,
            (false, false) if changed || unsure => Outcome::Partly,
            (false, false) => Outcome::Failed,
        };
        journal.append(Event::Finished { outcome })?;
        progress.send_modify(|run| run.outcome = Some(outcome));
        drop(running);
        let documents = context.verified.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Finished { outcome, documents: documents.into_values().collect() })
    }
}
