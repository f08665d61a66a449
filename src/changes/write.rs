//! One write, from the re-read before it to the comparison after it.
//!
//! The rules: the journal knows of every send beforehand; a write is sent again only where a
//! re-read shows that it did not land; "accepted" is not done.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::edit::Standing;
use super::execute::{Context, StepError};
use super::journal::{Event, Reached};
use super::step::Write;
use crate::arm::{ArmError, Document, ErrorClass, Operation};
use crate::azure::backend_pool::{self, strip_derived};
use crate::azure::version_of;

/// What a look at the document says.
enum Look {
    /// It shows the result.
    Holds,
    /// The edits can be applied.
    Applicable,
    /// An operation is under way on it.
    Busy(String),
}

impl Context<'_> {
    /// Carries a write out. The answer tells whether anything was changed; a failure tells whether
    /// something may have landed all the same.
    pub(super) async fn write(&self, step: u32, write: &Write, reached: &Reached) -> Result<bool, StepError> {
        let mut open = matches!(reached, Reached::Sent | Reached::Accepted(_));
        let result = self.attempts(step, write, reached, &mut open).await;
        result.map_err(|error| StepError { unsure: open, ..error })
    }

    /// Attempts until the write is verified or cannot be. `open` says whether something of ours may
    /// have landed without our knowing.
    async fn attempts(&self, step: u32, write: &Write, reached: &Reached, open: &mut bool) -> Result<bool, StepError> {
        let start = Instant::now();
        if let Reached::Accepted(Some(operation)) = reached {
            self.tell(step, "picking up its operation".to_owned());
            self.pick_up(step, operation).await?;
        }
        let mut fence = write.fence;
        let mut attempt = 0;
        loop {
            if start.elapsed() > self.tempo.write_limit {
                return Err(StepError::plain(format!(
                    "{} could not be written within {}: it stayed busy",
                    write.target.short(),
                    super::describe::short_time(self.tempo.write_limit)
                )));
            }
            self.tell(step, "reading".to_owned());
            let document = match self.read_target(write).await {
                Ok(document) => document,
                // Who is gone has left: Azure takes a deleted NIC out of its pools by itself.
                Err(error) if error.gone && write.edits.iter().all(|e| e.is_leave()) => return Ok(*open),
                Err(error) => return Err(error),
            };
            match self.look(write, &document)? {
                Look::Holds if !fence => {
                    self.note_verified(document);
                    return Ok(*open);
                }
                Look::Busy(state) => {
                    self.tell(step, format!("{} is {state}, by an earlier or another operation", write.target.short()));
                    tokio::time::sleep(self.tempo.busy_poll).await;
                    continue;
                }
                Look::Holds | Look::Applicable => {}
            }
            self.recheck(&write.checks, &write.edits).await?;
            attempt += 1;
            let etag = document.etag().cloned();
            let body = edited(write, document)?;
            let request_id = uuid::Uuid::new_v4().to_string();
            self.journal(Event::Sending { step, request_id: request_id.clone(), etag: etag.clone() })?;
            self.tell_attempt(step, attempt);
            let sent =
                self.writer.put(&write.target, version_of(&write.target), &body, etag.as_ref(), &request_id).await;
            let error = match sent {
                Ok(sent) => {
                    self.journal(Event::Accepted { step, operation: sent.operation.clone() })?;
                    fence = false;
                    *open = true;
                    match self.finish(step, write, sent.operation.as_ref()).await {
                        Ok(()) => return Ok(true),
                        Err(Ended::Again(why)) => {
                            self.tell(step, why);
                            self.pause(attempt, None).await;
                            continue;
                        }
                        Err(Ended::Failed(error)) => return Err(error),
                    }
                }
                Err(error) => error,
            };
            let class = error.class();
            tracing::info!(step, target = %write.target, ?class, %error, "write not accepted");
            match class {
                // The outcome is unknown: only the re-read at the top of the loop may decide.
                ErrorClass::Transient => *open = true,
                ErrorClass::Moved | ErrorClass::Throttled | ErrorClass::Busy | ErrorClass::Superseded => {
                    self.journal(Event::Rejected { step, error: error.to_string() })?;
                    if matches!(class, ErrorClass::Throttled | ErrorClass::Busy) {
                        self.lanes.ease(&write.lanes);
                    }
                }
                ErrorClass::Gone | ErrorClass::Unauthenticated | ErrorClass::Forbidden | ErrorClass::Refused => {
                    self.journal(Event::Rejected { step, error: error.to_string() })?;
                    return Err(error.into());
                }
            }
            if attempt >= self.tempo.write_attempts {
                return Err(error.into());
            }
            self.tell(step, waiting_words(class));
            match class {
                // The bucket is closed; the next send waits for it.
                ErrorClass::Throttled | ErrorClass::Moved => {}
                _ => self.pause(attempt, error.service().and_then(|e| e.retry_after)).await,
            }
        }
    }

    async fn pause(&self, attempt: u32, asked: Option<Duration>) {
        let pacing = self.reader.pacing();
        let wait = asked.unwrap_or_else(|| pacing.backoff(attempt.min(5)));
        tokio::time::sleep(wait).await;
    }

    async fn read_target(&self, write: &Write) -> Result<Document, StepError> {
        self.reader.get(&write.target, version_of(&write.target), "").await.map_err(|error| {
            if error.is_gone() {
                let message = format!("{} is not there any more", write.target.short());
                StepError { message, gone: true, ..error.into() }
            } else {
                error.into()
            }
        })
    }

    fn look(&self, write: &Write, document: &Document) -> Result<Look, StepError> {
        let state = document.provisioning_state().unwrap_or("Succeeded");
        let is = |word: &str| state.eq_ignore_ascii_case(word);
        if is("Deleting") {
            return Err(StepError::plain(format!("{} is being deleted", write.target.short())));
        }
        if !is("Succeeded") && !is("Failed") && !is("Canceled") {
            return Ok(Look::Busy(state.to_ascii_lowercase()));
        }
        let mut holds = true;
        for edit in &write.edits {
            match edit.standing(document.body()) {
                Standing::Holds => {}
                Standing::Applicable => holds = false,
                Standing::Impossible(why) => {
                    let moved = if document.etag() == write.etag.as_ref() {
                        ""
                    } else {
                        " It changed since the plan was made."
                    };
                    return Err(StepError::plain(format!("{}: {why}.{moved}", write.target.short())));
                }
            }
        }
        Ok(if holds { Look::Holds } else { Look::Applicable })
    }

    /// Follows an operation that an earlier process started.
    async fn pick_up(&self, step: u32, operation: &Operation) -> Result<(), StepError> {
        match self.reader.follow(operation).await {
            // However it ended, the document tells what came of it.
            Ok(_) | Err(ArmError::Operation { .. }) => Ok(()),
            Err(error) if error.is_gone() => Ok(()),
            Err(error) => {
                tracing::info!(step, %error, "the earlier operation could not be followed");
                Err(error.into())
            }
        }
    }

    /// From acceptance to the proof: the operation's end, then GET and compare.
    async fn finish(&self, step: u32, write: &Write, operation: Option<&Operation>) -> Result<(), Ended> {
        if let Some(operation) = operation {
            self.tell(step, "accepted, following its operation".to_owned());
            match self.reader.follow(operation).await {
                Ok(_) => {}
                Err(error) => {
                    return Err(match error.class() {
                        ErrorClass::Superseded | ErrorClass::Busy => {
                            Ended::Again("a newer write won; reading again".to_owned())
                        }
                        ErrorClass::Transient if !matches!(error, ArmError::OperationTimeout { .. }) => {
                            Ended::Again("its operation could not be followed; reading again".to_owned())
                        }
                        _ => Ended::Failed(error.into()),
                    });
                }
            }
        }
        self.tell(step, "comparing".to_owned());
        let start = Instant::now();
        loop {
            let document = self.read_target(write).await.map_err(Ended::Failed)?;
            match self.look(write, &document).map_err(Ended::Failed)? {
                Look::Holds => {
                    self.note_verified(document);
                    return Ok(());
                }
                Look::Busy(_) if start.elapsed() < self.tempo.compare_limit => {
                    tokio::time::sleep(self.tempo.busy_poll).await;
                }
                Look::Busy(state) => {
                    return Err(Ended::Failed(StepError::plain(format!(
                        "{} is still {state} though its operation has ended",
                        write.target.short()
                    ))));
                }
                Look::Applicable => {
                    return Err(Ended::Failed(StepError::plain(format!(
                        "Azure reported success, yet {} does not show the change: another writer took it back, or it was lost",
                        write.target.short()
                    ))));
                }
            }
        }
    }
}

enum Ended {
    Again(String),
    Failed(StepError),
}

fn waiting_words(class: ErrorClass) -> String {
    match class {
        ErrorClass::Throttled => "throttled, waiting as Azure asks",
        ErrorClass::Busy => "a neighbour's operation is under way, waiting",
        ErrorClass::Moved => "it changed meanwhile, reading again",
        ErrorClass::Superseded => "a newer write won, reading again",
        _ => "no clear answer, reading what came of it",
    }
    .to_owned()
}

/// The body to send: the document with its edits, and nothing else changed.
fn edited(write: &Write, document: Document) -> Result<Value, StepError> {
    let mut body = document.into_body();
    for edit in &write.edits {
        if !edit.apply(&mut body) {
            return Err(StepError::plain(format!("{} has no place for the change any more", write.target.short())));
        }
    }
    if write.target.is_type(backend_pool::TYPE) {
        strip_derived(&mut body);
    }
    Ok(body)
}
