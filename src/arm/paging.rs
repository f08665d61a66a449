//! Lists, a page at a time.
//!
//! Owns the following of `nextLink`: verbatim, until absent or empty, on the resource manager's
//! host only, and never twice to the same link.

use bytes::Bytes;
use serde_json::Value;
use std::collections::HashSet;
use url::Url;

use super::client::{Reader, Shape};
use super::error::ArmError;
use super::throttle::Traffic;

/// A list under way.
pub struct Pager {
    reader: Reader,
    next: Option<Url>,
    seen: HashSet<String>,
    traffic_of: String,
}

/// A page of a list. Its items are parsed one at a time: a page of large load balancers takes ten times
/// as much memory parsed as it does as text.
pub struct Page {
    path: String,
    items: Vec<Bytes>,
}

impl Page {
    /// The items, in order.
    ///
    /// # Errors
    /// An item that is nested too deeply to be read.
    pub fn items(self) -> impl Iterator<Item = Result<Value, ArmError>> {
        let Self { path, items } = self;
        items.into_iter().map(move |item| {
            serde_json::from_slice(&item)
                .map_err(|e| ArmError::unexpected(&path, format!("an item cannot be read: {e}")))
        })
    }
}

impl Pager {
    pub(crate) fn new(reader: Reader, first: Url, subscription: &str) -> Self {
        Self { reader, next: Some(first), seen: HashSet::new(), traffic_of: subscription.to_owned() }
    }

    /// The next page, or `None` after the last.
    ///
    /// # Errors
    /// Any failure of the request; a page that is not `{value: […]}`; a link that points away or
    /// in a circle.
    pub async fn next_page(&mut self) -> Result<Option<Page>, ArmError> {
        let Some(url) = self.next.take() else { return Ok(None) };
        let path = url.path().to_owned();
        if !self.seen.insert(url.to_string()) {
            return Err(ArmError::unexpected(&path, "its nextLink leads back to a page already read"));
        }
        let core = self.reader.core();
        let answer = core.read_as(Shape::Page, http::Method::GET, url, Traffic::Read, &self.traffic_of).await?;
        if let Some(link) = answer.body.get("nextLink").and_then(Value::as_str).filter(|l| !l.is_empty()) {
            self.next = Some(self.reader.core().own_link("nextLink", link)?);
        }
        match answer.items {
            Some(items) => Ok(Some(Page { path, items })),
            None => Err(ArmError::unexpected(&path, "a list was expected, with its items under 'value'")),
        }
    }

    /// All pages' items.
    ///
    /// # Errors
    /// The first failure of any page.
    pub async fn all(mut self) -> Result<Vec<Value>, ArmError> {
        let mut out = Vec::new();
        while let Some(page) = self.next_page().await? {
            for item in page.items() {
                out.push(item?);
            }
        }
        Ok(out)
    }
}
