//! A session whose names, ids and addresses are stand-ins from the first answer on: for a screen that is
//! shared. It stands between the client and the network, so nothing above it ever holds a real name.
//!
//! Made by the command line for `--redact`; such a session is read-only. What is asked for by a stand-in
//! goes out by its real name.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;

use super::redact::Redactor;
use crate::arm::transport::{Transport, TransportError};

/// Headers that hold an address of the resource manager.
const LINKS: [&str; 2] = ["location", "azure-asyncoperation"];

/// Redacts what comes in and names what goes out.
pub struct Redacted {
    inner: Arc<dyn Transport>,
    redactor: Mutex<Redactor>,
}

impl Redacted {
    /// Around a transport.
    pub fn new(inner: Arc<dyn Transport>) -> Self {
        Self { inner, redactor: Mutex::default() }
    }

    /// The stand-in of a subscription that was given by id or by name.
    pub fn subscription(&self, given: &str) -> String {
        self.redactor().subscription(given)
    }

    /// The stand-in of a pool given as `LB/POOL`, or of an id.
    pub fn selector(&self, given: &str) -> String {
        self.redactor().selector(given)
    }

    fn redactor(&self) -> MutexGuard<'_, Redactor> {
        self.redactor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn body(&self, bytes: &Bytes) -> Bytes {
        let Ok(mut body) = serde_json::from_slice::<Value>(bytes) else {
            // What cannot be read cannot be cleaned either.
            return if bytes.is_empty() { Bytes::new() } else { Bytes::from_static(b"an answer that is not JSON") };
        };
        let mut redactor = self.redactor();
        let next = body.as_object_mut().and_then(|o| o.remove("nextLink"));
        match body.get_mut("value").and_then(Value::as_array_mut) {
            Some(list) => list.iter_mut().for_each(|item| redactor.document(item)),
            None => redactor.document(&mut body),
        }
        if let (Some(next), Some(object)) = (next, body.as_object_mut()) {
            let next = next.as_str().map_or(next.clone(), |link| Value::String(redactor.link(link)));
            object.insert("nextLink".to_owned(), next);
        }
        Bytes::from(body.to_string())
    }
}

#[async_trait]
impl Transport for Redacted {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let (mut parts, body) = request.into_parts();
        let uri = self.redactor().unredacted(&parts.uri.to_string());
        parts.uri = uri.parse().map_err(|e| TransportError { cause: format!("the address cannot be built: {e}") })?;
        let answer = self.inner.send(http::Request::from_parts(parts, body)).await?;
        let (mut parts, body) = answer.into_parts();
        for name in LINKS {
            let link = parts.headers.get(name).and_then(|v| v.to_str().ok()).map(|l| self.redactor().link(l));
            if let Some(link) = link.and_then(|l| l.parse().ok()) {
                parts.headers.insert(name, link);
            }
        }
        Ok(http::Response::from_parts(parts, self.body(&body)))
    }
}
