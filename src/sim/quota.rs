//! ARM's token buckets. Reads 250 and 25 a second more, writes 200 and 10 a second more, per
//! subscription. Source: learn.microsoft.com, request-limits-and-throttling.

use std::collections::HashMap;
use std::time::Duration;

use super::clock::SimTime;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: SimTime,
}

/// The buckets of one kind of request.
struct Limit {
    header: &'static str,
    capacity: f64,
    per_second: f64,
}

const READS: Limit = Limit { header: "x-ms-ratelimit-remaining-subscription-reads", capacity: 250.0, per_second: 25.0 };
const WRITES: Limit =
    Limit { header: "x-ms-ratelimit-remaining-subscription-writes", capacity: 200.0, per_second: 10.0 };
const DELETES: Limit =
    Limit { header: "x-ms-ratelimit-remaining-subscription-deletes", capacity: 200.0, per_second: 10.0 };

pub(super) struct Quotas {
    on: bool,
    buckets: HashMap<(&'static str, String), Bucket>,
}

impl Quotas {
    pub(super) fn new(on: bool) -> Self {
        Self { on, buckets: HashMap::new() }
    }

    /// Takes one token: the header that tells what is left, or how long to wait.
    pub(super) fn take(
        &mut self,
        method: &http::Method,
        subscription: &str,
        now: SimTime,
    ) -> Result<(&'static str, u64), Duration> {
        let limit = match *method {
            http::Method::PUT | http::Method::PATCH => WRITES,
            http::Method::DELETE => DELETES,
            _ => READS,
        };
        if !self.on {
            return Ok((limit.header, limit.capacity as u64));
        }
        let bucket = self
            .buckets
            .entry((limit.header, subscription.to_ascii_lowercase()))
            .or_insert(Bucket { tokens: limit.capacity, at: now });
        let since = now.saturating_sub(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + since * limit.per_second).min(limit.capacity);
        bucket.at = now;
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            Ok((limit.header, bucket.tokens as u64))
        } else {
            Err(Duration::from_secs_f64((1.0 - bucket.tokens) / limit.per_second).max(Duration::from_secs(1)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_refills() {
        let mut quotas = Quotas::new(true);
        let at = |s| Duration::from_secs(s);
        for _ in 0..200 {
            assert!(quotas.take(&http::Method::PUT, "s", at(0)).is_ok());
        }
        assert!(quotas.take(&http::Method::PUT, "S", at(0)).is_err());
        assert!(quotas.take(&http::Method::GET, "s", at(0)).is_ok());
        assert!(quotas.take(&http::Method::PUT, "s", at(1)).is_ok());
    }
}
