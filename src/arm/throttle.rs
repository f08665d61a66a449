//! ARM's token buckets as this client knows them: closed after a 429 until `Retry-After` has
//! passed, reads and writes apart, per subscription.
//!
//! Owns when a request may be sent. Called by the client before each send and by the screens,
//! which show it. Asking early restarts ARM's wait, so nothing passes a closed bucket.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Reads and writes have buckets of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Traffic {
    /// GET, and POST actions that only read.
    Read,
    /// PUT, PATCH, DELETE.
    Write,
}

/// One bucket: what it is of, and whose.
type Bucket = (Traffic, String);

/// The known state of the buckets.
#[derive(Debug, Default)]
pub struct Throttle {
    closed: Mutex<HashMap<Bucket, Instant>>,
}

impl Throttle {
    fn bucket(traffic: Traffic, subscription: &str) -> Bucket {
        (traffic, subscription.to_ascii_lowercase())
    }

    /// Closes a bucket for a while. A later end wins over an earlier one.
    pub fn close(&self, traffic: Traffic, subscription: &str, wait: Duration) {
        let until = Instant::now() + wait;
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = closed.entry(Self::bucket(traffic, subscription)).or_insert(until);
        *slot = (*slot).max(until);
    }

    /// How long a bucket stays closed; `None` where it is open.
    pub fn closed_for(&self, traffic: Traffic, subscription: &str) -> Option<Duration> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let until = closed.get(&Self::bucket(traffic, subscription))?;
        until.checked_duration_since(Instant::now()).filter(|d| !d.is_zero())
    }

    /// The longest wait of any bucket, for the status line.
    pub fn longest(&self) -> Option<Duration> {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        closed.values().filter_map(|until| until.checked_duration_since(now)).filter(|d| !d.is_zero()).max()
    }

    /// Waits until the bucket is open.
    pub async fn pass(&self, traffic: Traffic, subscription: &str) {
        while let Some(wait) = self.closed_for(traffic, subscription) {
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_closed_bucket_holds_its_own_traffic_only() {
        let throttle = Throttle::default();
        throttle.close(Traffic::Write, "A", Duration::from_secs(7));
        assert_eq!(throttle.closed_for(Traffic::Read, "a"), None);
        assert_eq!(throttle.closed_for(Traffic::Write, "b"), None);
        let start = Instant::now();
        throttle.pass(Traffic::Write, "a").await;
        assert_eq!(start.elapsed(), Duration::from_secs(7));
        assert_eq!(throttle.longest(), None);
    }
}
