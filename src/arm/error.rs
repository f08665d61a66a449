//! What can go wrong when talking to Resource Manager, with everything a person needs.
//!
//! Owns the reading of ARM's error bodies and their classes, by which callers decide. Never
//! decides itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::DocumentError;

/// A failed exchange with Resource Manager.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    /// ARM answered, and the answer is an error.
    #[error("{0}")]
    Service(Box<ServiceError>),
    /// No answer came: name resolution, connection, reset, time-out.
    #[error("{method} {path}: no answer from {host}: {cause}. Is the endpoint right, and reachable from here?")]
    Transport {
        /// The request's method.
        method: String,
        /// The request's path, without query.
        path: String,
        /// Where it was sent.
        host: String,
        /// What the connection said.
        cause: String,
    },
    /// An answer came that is not ARM's.
    #[error(
        "{method} {path}: status {status}, and the answer is not Resource Manager's: {why}. Does {host} serve Azure Resource Manager?"
    )]
    NotArm {
        /// The request's method.
        method: String,
        /// The request's path, without query.
        path: String,
        /// Who answered.
        host: String,
        /// The answer's status.
        status: u16,
        /// What was expected, and the start of what came.
        why: String,
    },
    /// An answer that is JSON, yet not what this request answers with.
    #[error("{path}: the answer cannot be understood: {why}")]
    Unexpected {
        /// The request's path.
        path: String,
        /// What is wrong with the answer.
        why: String,
    },
    /// No token could be had.
    #[error("{0}")]
    Credential(String),
    /// A link in an answer points away from the resource manager.
    #[error("{what} points to {url}, which is not this cloud's resource manager: a token is never sent there")]
    ForeignLink {
        /// Which link: `nextLink`, `Location`, `Azure-AsyncOperation`.
        what: &'static str,
        /// The link's scheme, host and path, without its query.
        url: String,
    },
    /// A long-running operation ended badly.
    #[error("the operation on {path} ended as {status}: {code}: {message}")]
    Operation {
        /// The resource or operation.
        path: String,
        /// ARM's word: `Failed`, `Canceled`.
        status: String,
        /// The error code, where one was given.
        code: String,
        /// The error message, where one was given.
        message: String,
    },
    /// A long-running operation did not end in the time allowed.
    #[error("the operation on {path} has not ended after {after}: it may still end; resume the plan later")]
    OperationTimeout {
        /// The resource or operation.
        path: String,
        /// How long it was followed.
        after: String,
    },
}

/// ARM's own error, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceError {
    /// The request's method.
    pub method: String,
    /// The request's path, without query.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// `error.code`, or `Http<status>` where the body names none.
    pub code: String,
    /// `error.message`.
    pub message: String,
    /// `error.target`.
    pub target: Option<String>,
    /// The codes and messages of `error.details`, flattened.
    pub details: Vec<(String, String)>,
    /// The server's `x-ms-correlation-request-id`: what support asks for.
    pub correlation_id: Option<String>,
    /// The server's `x-ms-request-id`.
    pub request_id: Option<String>,
    /// What `Retry-After` asked for.
    pub retry_after: Option<Duration>,
}

impl std::fmt::Display for ServiceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {} {}: {}", self.method, self.path, self.status, self.code, self.message)?;
        for (code, message) in &self.details {
            write!(f, " [{code}: {message}]")?;
        }
        if let Some(id) = &self.correlation_id {
            write!(f, " (correlation id {id})")?;
        }
        Ok(())
    }
}

/// What an error means for the one who asked. Source: the error catalogue in
/// `docs/dev/arm.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// The resource, its parent or its instance is not there.
    Gone,
    /// `If-Match` did not match: somebody wrote in between.
    Moved,
    /// A quota: wait what `Retry-After` says and close the whole bucket.
    Throttled,
    /// Another operation holds this resource or one it refers to; not a quota.
    Busy,
    /// A newer write won over this one.
    Superseded,
    /// The server failed; for a write, the outcome is unknown until it is read again.
    Transient,
    /// Not signed in, or the token is not accepted.
    Unauthenticated,
    /// Signed in, and not allowed.
    Forbidden,
    /// A lock, or a rule of Azure's; asking again gives the same answer.
    Refused,
}

impl ServiceError {
    /// Reads an answer with an error status. A body that is not ARM's still gives an error that
    /// shows its start.
    pub fn read(method: &str, path: &str, status: u16, body: &Value) -> Self {
        // Some answers carry the error unwrapped, as {code, message}.
        let error = body.get("error").unwrap_or(body);
        let text = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut details = Vec::new();
        collect_details(error, &mut details, 0);
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            status,
            code: text(error, "code").unwrap_or_else(|| format!("Http{status}")),
            message: text(error, "message").unwrap_or_else(|| "no message".to_owned()),
            target: text(error, "target"),
            details,
            correlation_id: None,
            request_id: None,
            retry_after: None,
        }
    }

    /// Whether the code, or that of a detail, is this one.
    pub fn has_code(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code) || self.details.iter().any(|(c, _)| c.eq_ignore_ascii_case(code))
    }

    /// What the error means.
    pub fn class(&self) -> ErrorClass {
        const BUSY: [&str; 5] = [
            "RetryableError",
            "RetryableErrorDueToAnotherOperation",
            "ReferencedResourceNotProvisioned",
            "AnotherOperationInProgress",
            "OperationInProgress",
        ];
        const SUPERSEDED: [&str; 3] =
            ["CanceledAndSupersededDueToAnotherOperation", "OperationPreempted", "PreemptedByAnotherOperation"];
        const GONE: [&str; 3] = ["ParentResourceNotFound", "ResourceNotFound", "NotFound"];
        let any = |codes: &[&str]| codes.iter().any(|c| self.has_code(c));
        if any(&SUPERSEDED) {
            return ErrorClass::Superseded;
        }
        if any(&BUSY) {
            return ErrorClass::Busy;
        }
        match self.status {
            404 | 410 => ErrorClass::Gone,
            401 => ErrorClass::Unauthenticated,
            403 => ErrorClass::Forbidden,
            412 => ErrorClass::Moved,
            // A gateway's failure wrapped in a 429: the write may have landed.
            429 if self.has_code("GatewayError") => ErrorClass::Transient,
            429 => ErrorClass::Throttled,
            408 | 500 | 502 | 503 | 504 => ErrorClass::Transient,
            400 | 409 if any(&GONE) || self.message.contains("not an active") => ErrorClass::Gone,
            _ => ErrorClass::Refused,
        }
    }
}

fn collect_details(error: &Value, out: &mut Vec<(String, String)>, depth: usize) {
    // Details nest; three levels and twenty entries are more than ARM sends.
    let Some(details) = error.get("details").and_then(Value::as_array).filter(|_| depth < 3) else { return };
    for detail in details {
        if out.len() >= 20 {
            return;
        }
        let text = |key: &str| detail.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        out.push((text("code"), text("message")));
        collect_details(detail, out, depth + 1);
    }
}

impl ArmError {
    /// The class of a service error; everything without an answer is transient.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Service(e) => e.class(),
            Self::Transport { .. } | Self::OperationTimeout { .. } => ErrorClass::Transient,
            Self::Credential(_) => ErrorClass::Unauthenticated,
            Self::Operation { code, .. } => ServiceError {
                method: String::new(),
                path: String::new(),
                status: 200,
                code: code.clone(),
                message: String::new(),
                target: None,
                details: Vec::new(),
                correlation_id: None,
                request_id: None,
                retry_after: None,
            }
            .class(),
            Self::NotArm { .. } | Self::Unexpected { .. } | Self::ForeignLink { .. } => ErrorClass::Refused,
        }
    }

    /// Whether the resource is not there.
    pub fn is_gone(&self) -> bool {
        self.class() == ErrorClass::Gone
    }

    /// ARM's own error, where there was one.
    pub fn service(&self) -> Option<&ServiceError> {
        match self {
            Self::Service(e) => Some(e),
            _ => None,
        }
    }

    pub(crate) fn unexpected(path: &str, why: impl ToString) -> Self {
        Self::Unexpected { path: path.to_owned(), why: why.to_string() }
    }

    pub(crate) fn document(path: &str, error: &DocumentError) -> Self {
        Self::unexpected(path, format!("expected one resource: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn class(status: u16, body: Value) -> ErrorClass {
        ServiceError::read("PUT", "/x", status, &body).class()
    }

    #[test]
    fn the_catalogue_has_its_classes() {
        let err = |code: &str| json!({"error": {"code": code, "message": "m"}});
        assert_eq!(class(412, err("PreconditionFailed")), ErrorClass::Moved);
        assert_eq!(class(429, err("TooManyRequests")), ErrorClass::Throttled);
        assert_eq!(class(429, err("RetryableError")), ErrorClass::Busy);
        assert_eq!(class(429, err("RetryableErrorDueToAnotherOperation")), ErrorClass::Busy);
        assert_eq!(class(400, err("ReferencedResourceNotProvisioned")), ErrorClass::Busy);
        assert_eq!(class(409, err("AnotherOperationInProgress")), ErrorClass::Busy);
        assert_eq!(class(409, err("CanceledAndSupersededDueToAnotherOperation")), ErrorClass::Superseded);
        assert_eq!(class(404, err("ResourceNotFound")), ErrorClass::Gone);
        assert_eq!(class(503, err("ServiceUnavailable")), ErrorClass::Transient);
        assert_eq!(class(409, err("ScopeLocked")), ErrorClass::Refused);
        let gateway = json!({"error": {"code": "TooManyRequests", "message": "m", "details": [{"code": "GatewayError", "message": "t"}]}});
        assert_eq!(class(429, gateway), ErrorClass::Transient);
        let inactive = json!({"error": {"code": "InvalidParameter", "message": "The provided instanceId 7 is not an active Virtual Machine Scale Set VM instanceId."}});
        assert_eq!(class(400, inactive), ErrorClass::Gone);
    }

    #[test]
    fn an_unwrapped_error_and_an_empty_body_are_read() {
        let e = ServiceError::read("GET", "/x", 400, &json!({"code": "C", "message": "M"}));
        assert_eq!((e.code.as_str(), e.message.as_str()), ("C", "M"));
        let e = ServiceError::read("GET", "/x", 500, &Value::Null);
        assert_eq!(e.code, "Http500");
    }
}
