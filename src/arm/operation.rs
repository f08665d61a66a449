//! Long-running operations: both styles, followed to their end.
//!
//! Owns the reading of `Azure-AsyncOperation` and `Location`, their polling at the pace the server
//! asks for, and the judgement of their end. Poll URLs are opaque and signed: followed as given,
//! on the resource manager's host only, never shown whole. Called by `changes` for writes and by
//! the client for actions.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::client::{Answer, Core, Reader};
use super::error::{ArmError, ServiceError};
use super::throttle::Traffic;

/// How the server reports on an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationStyle {
    /// `Azure-AsyncOperation`: a status document.
    AzureAsync,
    /// `Location`: 202 while it runs, the result at the end.
    Location,
}

/// An accepted operation. It can be stored and picked up by another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// How it is followed.
    pub style: OperationStyle,
    /// Where; opaque.
    pub url: String,
    /// The server's first wish for when to ask.
    pub retry_after: Option<Duration>,
    /// The subscription whose read bucket the polls count against.
    pub subscription: String,
}

/// A successful end.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationEnd {
    /// The final answer's body: the result of a `Location` operation, the status document of an
    /// `Azure-AsyncOperation`.
    pub body: Value,
}

impl Operation {
    /// Finds the operation in an answer's headers. The status document is preferred, since it
    /// alone tells failure apart from success.
    pub(crate) fn from_answer(core: &Core, answer: &Answer, subscription: &str) -> Result<Option<Self>, ArmError> {
        let found = [
            ("azure-asyncoperation", "Azure-AsyncOperation", OperationStyle::AzureAsync),
            ("location", "Location", OperationStyle::Location),
        ];
        for (header, name, style) in found {
            // A `Location` beside a finished 200 or 201 names the resource, not an operation.
            if style == OperationStyle::Location && answer.status != 202 {
                continue;
            }
            if let Some(link) = answer.header(header) {
                let url = core.own_link(name, link)?;
                return Ok(Some(Self {
                    style,
                    url: url.into(),
                    retry_after: answer.retry_after(),
                    subscription: subscription.to_owned(),
                }));
            }
        }
        Ok(None)
    }

    /// The path of the poll URL without its signed query, for messages.
    pub fn shown(&self) -> String {
        Url::parse(&self.url).map(|u| u.path().to_owned()).unwrap_or_else(|_| "an operation".to_owned())
    }
}

impl Reader {
    /// Follows an operation to its end, at the pace the server asks for.
    ///
    /// # Errors
    /// [`ArmError::Operation`] where it ended badly; [`ArmError::OperationTimeout`] where it did
    /// not end in the time allowed; a failure of a poll.
    pub async fn follow(&self, operation: &Operation) -> Result<OperationEnd, ArmError> {
        let core = self.core();
        let start = Instant::now();
        let mut url = core.own_link("the operation's URL", &operation.url)?;
        let mut wait = operation.retry_after.unwrap_or(core.pacing.poll);
        loop {
            if start.elapsed() + wait > core.pacing.operation_limit {
                return Err(ArmError::OperationTimeout {
                    path: operation.shown(),
                    after: humantime::format_duration(Duration::from_secs(start.elapsed().as_secs())).to_string(),
                });
            }
            tokio::time::sleep(wait).await;
            let answer = core.read(http::Method::GET, url.clone(), Traffic::Read, &operation.subscription).await?;
            let state = match operation.style {
                OperationStyle::AzureAsync => status_of(&operation.shown(), &answer.body)?,
                OperationStyle::Location => {
                    if let Some(next) = answer.header("location").filter(|_| answer.status == 202) {
                        url = core.own_link("Location", next)?;
                    }
                    location_state(&operation.shown(), &answer)?
                }
            };
            if state == State::Ended {
                return Ok(OperationEnd { body: answer.body });
            }
            wait = answer.retry_after().unwrap_or(core.pacing.poll);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Running,
    Ended,
}

/// Judges a status word. Source: azcore's pollers; any case, unknown words mean running.
fn judge(path: &str, status: &str, body: &Value) -> Result<State, ArmError> {
    let is = |word: &str| status.eq_ignore_ascii_case(word);
    if is("Succeeded") || is("Completed") {
        Ok(State::Ended)
    } else if is("Failed") || is("Canceled") || is("Cancelled") {
        let e = ServiceError::read("", path, 200, body);
        Err(ArmError::Operation {
            path: path.to_owned(),
            status: status.to_owned(),
            code: if e.code == "Http200" { status.to_owned() } else { e.code },
            message: e.message,
        })
    } else {
        Ok(State::Running)
    }
}

fn status_of(path: &str, body: &Value) -> Result<State, ArmError> {
    match body.get("status").and_then(Value::as_str) {
        Some(status) if !status.is_empty() => judge(path, status, body),
        _ => Err(ArmError::unexpected(path, "an operation's status document without 'status'")),
    }
}

fn location_state(path: &str, answer: &Answer) -> Result<State, ArmError> {
    if answer.status == 202 {
        return Ok(State::Running);
    }
    match answer.body.pointer("/properties/provisioningState").and_then(Value::as_str) {
        Some(status) => judge(path, status, &answer.body),
        None => Ok(State::Ended),
    }
}

/// Understands recorded operation headers without following them: for the corpus test.
///
/// # Errors
/// The same refusals as for a live answer.
pub fn understand(
    reader: &Reader,
    status: u16,
    headers: &http::HeaderMap,
    subscription: &str,
) -> Result<Option<Operation>, ArmError> {
    let answer = Answer { status, headers: headers.clone(), body: Value::Null, items: None };
    Operation::from_answer(reader.core(), &answer, subscription)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn status_words_in_any_case() {
        let of = |s: &str| status_of("/op", &json!({"status": s}));
        assert_eq!(of("succeeded").unwrap(), State::Ended);
        assert_eq!(of("InProgress").unwrap(), State::Running);
        assert_eq!(of("Postponed").unwrap(), State::Running);
        let failed = status_of("/op", &json!({"status": "Failed", "error": {"code": "Conflict", "message": "no"}}));
        assert!(matches!(failed, Err(ArmError::Operation { code, .. }) if code == "Conflict"));
        assert!(status_of("/op", &json!({})).is_err());
    }
}
