//! Which api-version a provider is asked with, where it does not know the one azlb prefers.
//!
//! Clouds other than the public one lag behind. A provider that refuses a version lists those it
//! serves; the client takes the newest that is no newer than the one it knows, and keeps to it.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// What was learnt from refusals, by provider and the version that was asked for.
#[derive(Debug, Default)]
pub(super) struct Versions {
    learnt: RwLock<HashMap<(String, String), String>>,
}

impl Versions {
    /// The version to ask with.
    pub(super) fn of(&self, path: &str, wanted: &str) -> String {
        let learnt = self.learnt.read().unwrap_or_else(PoisonError::into_inner);
        learnt.get(&(provider(path), wanted.to_owned())).cloned().unwrap_or_else(|| wanted.to_owned())
    }

    /// Takes a refusal's list in: the version to ask with instead, where one fits.
    pub(super) fn learn(&self, path: &str, wanted: &str, refusal: &str) -> Option<String> {
        let chosen = choose(refusal, wanted)?;
        tracing::info!(path, wanted, chosen, "the provider does not serve this api-version; another is taken");
        let mut learnt = self.learnt.write().unwrap_or_else(PoisonError::into_inner);
        learnt.insert((provider(path), wanted.to_owned()), chosen.clone());
        Some(chosen)
    }
}

/// The namespace that serves a path.
fn provider(path: &str) -> String {
    let folded = path.to_ascii_lowercase();
    folded.rsplit_once("/providers/").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default().to_owned()
}

/// The newest stable version in a refusal's text that is older than the one that was refused: a newer
/// one may mean other things.
fn choose(refusal: &str, wanted: &str) -> Option<String> {
    let (_, list) = refusal.split_once("supported api-versions are '")?;
    let (list, _) = list.split_once('\'')?;
    let dates = list.split(',').map(str::trim).filter(|v| v.len() == 10 && v.starts_with("20") && *v < wanted);
    dates.max().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_older_stable_version_is_taken() {
        let text = "No registered resource provider found for location 'x' and API version '2024-05-01' for type 'loadBalancers'. The supported api-versions are '2020-11-01, 2023-09-01, 2024-03-01-preview, 2025-01-01'. The supported locations are 'x'.";
        assert_eq!(choose(text, "2024-05-01").as_deref(), Some("2023-09-01"));
        assert_eq!(choose(text, "2019-01-01"), None);
        assert_eq!(choose("no list here", "2024-05-01"), None);
        assert_eq!(provider("/subscriptions/s/providers/Microsoft.Network/loadBalancers"), "microsoft.network");
    }
}
