//! Answers as ARM gives them: bodies, error bodies, headers.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// An answer under construction.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    /// A body that is not JSON, for faults.
    pub(super) text: Option<String>,
    /// How long the client waits for it, for faults.
    pub(super) delay: Option<std::time::Duration>,
}

/// How long a server keeps an answer back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delay(pub(super) std::time::Duration);

impl Answer {
    pub(super) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: Some(body), text: None, delay: None }
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: None, text: None, delay: None }
    }

    pub(super) fn error(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::json(status, json!({ "error": { "code": code, "message": message.into() } }))
    }

    /// A Network error, which carries an empty `details`.
    pub(super) fn network_error(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self::json(status, json!({ "error": { "code": code, "message": message.into(), "details": [] } }))
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(n, _)| *n != name);
        self
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let bytes = match (&self.text, &self.body) {
            (Some(text), _) => Bytes::from(text.clone()),
            (None, Some(body)) => Bytes::from(body.to_string()),
            (None, None) => Bytes::new(),
        };
        let mut response = Response::new(bytes);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = if self.text.is_some() { "text/html" } else { "application/json; charset=utf-8" };
        if let Some(delay) = self.delay {
            response.extensions_mut().insert(Delay(delay));
        }
        let headers = response.headers_mut();
        if self.body.is_some() || self.text.is_some() {
            headers.insert("content-type", http::HeaderValue::from_static(kind));
        }
        for (name, value) in self.headers {
            if let Ok(value) = http::HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// 404 of a top resource, as ARM's gateway answers it.
pub(super) fn not_found(kind: &str, name: &str, group: &str) -> Answer {
    Answer::error(404, "ResourceNotFound", format!(
        "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    ))
    .with("x-ms-failure-cause", "gateway")
}

/// 404 of a child, as the Network provider answers it.
pub(super) fn child_not_found(what: &str) -> Answer {
    Answer::network_error(404, "NotFound", format!("Resource {what} not found."))
}

/// 412 with the recorded Network body.
pub(super) fn network_mismatch(given: &str, current: &str, id: &str) -> Answer {
    Answer::json(
        412,
        json!({ "error": {
            "code": "PreconditionFailed",
            "message": "Precondition failed.",
            "details": [{
                "code": "PreconditionFailedEtagMismatch",
                "message": format!("Etag provided in if-match header {given} does not match etag {current} of resource {id} in NRP data store."),
            }],
        }}),
    )
}

/// 412 with the recorded Compute body.
pub(super) fn compute_mismatch(given: &str, current: &str) -> Answer {
    Answer::error(
        412,
        "PreconditionFailed",
        format!("Etag provided in if-match header {given} does not match etag {current} of resource."),
    )
}
