//! Lists, a page at a time.
//!
//! Owns the following of `nextLink`: verbatim, until absent or empty, on the resource manager's
//! host only, and never twice to the same link.

use serde_json::Value;
use std::collections::HashSet;
use url::Url;

use super::client::Reader;
use super::error::ArmError;
use super::throttle::Traffic;

/// A list under way.
pub struct Pager {
    reader: Reader,
    next: Option<Url>,
    seen: HashSet<String>,
    traffic_of: String,
}

impl Pager {
    pub(crate) fn new(reader: Reader, first: Url, subscription: &str) -> Self {
        Self { reader, next: Some(first), seen: HashSet::new(), traffic_of: subscription.to_owned() }
    }

    /// The next page's items, or `None` after the last.
    ///
    /// # Errors
    /// Any failure of the request; a page that is not `{value: […]}`; a link that points away or
    /// in a circle.
    pub async fn next_page(&mut self) -> Result<Option<Vec<Value>>, ArmError> {
        let Some(url) = self.next.take() else { return Ok(None) };
        let path = url.path().to_owned();
        if !self.seen.insert(url.to_string()) {
            return Err(ArmError::unexpected(&path, "its nextLink leads back to a page already read"));
        }
        let answer = self.reader.core().read(http::Method::GET, url, Traffic::Read, &self.traffic_of).await?;
        let mut body = answer.body;
        if let Some(link) = body.get("nextLink").and_then(Value::as_str).filter(|l| !l.is_empty()) {
            self.next = Some(self.reader.core().own_link("nextLink", link)?);
        }
        match body.get_mut("value").map(Value::take) {
            Some(Value::Array(items)) => Ok(Some(items)),
            _ => Err(ArmError::unexpected(&path, "a list was expected, with its items under 'value'")),
        }
    }

    /// All pages' items.
    ///
    /// # Errors
    /// The first failure of any page.
    pub async fn all(mut self) -> Result<Vec<Value>, ArmError> {
        let mut out = Vec::new();
        while let Some(page) = self.next_page().await? {
            out.extend(page);
        }
        Ok(out)
    }
}
