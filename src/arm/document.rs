//! One ARM resource as served: its raw JSON, its id and its ETag.
//!
//! Owns the rule that raw JSON is the truth: typed views borrow from it, edits change it in place,
//! and what azlb has never heard of survives. Used by `azure` and `changes`.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::id::{IdError, ResourceId};

/// An entity tag exactly as served: `W/"…"` from Network, `"1"` from Compute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Etag(Arc<str>);

impl Etag {
    /// Takes the tag as served; nothing is trimmed or normalised.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The tag for an `If-Match` header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The api-version that a request is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiVersion(pub &'static str);

/// One resource as GET returned it.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    id: ResourceId,
    etag: Option<Etag>,
    body: Value,
}

/// Why a JSON value is not a resource document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The value is not a JSON object.
    #[error("not a JSON object but {0}")]
    NotAnObject(&'static str),
    /// The object has no text under `id`.
    #[error("it has no 'id'")]
    NoId,
    /// The `id` is there and is not one.
    #[error("its 'id' is wrong: {0}")]
    BadId(#[from] IdError),
}

impl Document {
    /// Wraps a served value. The ETag is the header's where there was one, else the body's.
    ///
    /// # Errors
    /// [`DocumentError`] where the value is not an object with an id.
    pub fn new(body: Value, header: Option<Etag>) -> Result<Self, DocumentError> {
        let object = body.as_object().ok_or_else(|| DocumentError::NotAnObject(json_kind(&body)))?;
        let id = object.get("id").and_then(Value::as_str).ok_or(DocumentError::NoId)?;
        let id = ResourceId::parse(id)?;
        let own = object.get("etag").and_then(Value::as_str).map(Etag::new);
        Ok(Self { id, etag: header.or(own), body })
    }

    /// The resource's id as served.
    pub fn id(&self) -> &ResourceId {
        &self.id
    }

    /// The version that was read, for `If-Match`.
    pub fn etag(&self) -> Option<&Etag> {
        self.etag.as_ref()
    }

    /// The raw JSON as served.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// Gives the raw JSON up, to be edited and sent.
    pub fn into_body(self) -> Value {
        self.body
    }

    /// `properties.provisioningState`, as served.
    pub fn provisioning_state(&self) -> Option<&str> {
        self.body.get("properties")?.get("provisioningState")?.as_str()
    }
}

/// What a JSON value is, in words.
pub fn json_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
