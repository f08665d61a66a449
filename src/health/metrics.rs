//! A load balancer's metrics over the last hour: what its data path and its probes did.
//!
//! Source: Azure docs, monitor-load-balancer-reference (names and units). Only Standard load balancers
//! have them.

use serde_json::Value;

use crate::arm::{ApiVersion, ArmError, Reader, ResourceId};
use crate::azure::fields::{items, text};

/// Of the metrics' provider.
const METRICS: ApiVersion = ApiVersion("2018-01-01");

/// What is asked for: the metric, what it is called here, its aggregation, its unit.
const ASKED: [(&str, &str, &str, &str); 5] = [
    ("DipAvailability", "probe status", "average", "%"),
    ("VipAvailability", "data path", "average", "%"),
    ("SYNCount", "new connections", "total", "a minute"),
    ("ByteCount", "bytes", "total", "a minute"),
    ("UsedSnatPorts", "SNAT ports used", "average", ""),
];

/// One metric, minute by minute.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is, in words.
    pub name: &'static str,
    /// Of what its numbers are.
    pub unit: &'static str,
    /// The values, the oldest first. `None` where Azure has none.
    pub points: Vec<Option<f64>>,
}

impl Series {
    /// The newest value there is.
    pub fn newest(&self) -> Option<f64> {
        self.points.iter().rev().find_map(|p| *p)
    }
}

/// Reads the metrics of the last `minutes`.
///
/// # Errors
/// A failure to read them: a Basic load balancer has none, and not everybody may see them.
pub async fn read(reader: &Reader, lb: &ResourceId, minutes: i64) -> Result<Vec<Series>, ArmError> {
    // Whole minutes: the one under way is not told yet.
    let now = jiff::Timestamp::now();
    let end = jiff::Timestamp::from_second(now.as_second().div_euclid(60) * 60).unwrap_or(now);
    let start = end.checked_sub(jiff::SignedDuration::from_mins(minutes)).unwrap_or(end);
    let at = |t: jiff::Timestamp| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let names: Vec<&str> = ASKED.iter().map(|(name, ..)| *name).collect();
    let path = format!("{lb}/providers/Microsoft.Insights/metrics");
    let query = format!(
        "timespan={}/{}&interval=PT1M&aggregation=Average,Total&metricnames={}",
        at(start),
        at(end),
        names.join(",")
    );
    let answer = reader.list(&path, METRICS, &query)?.all().await?;
    Ok(ASKED
        .iter()
        .filter_map(|(metric, name, aggregation, unit)| {
            let own = answer.iter().find(|m| text(m, "/name/value").is_some_and(|n| n.eq_ignore_ascii_case(metric)))?;
            let data = items(own, "/timeseries").first().map_or(&[][..], |series| items(series, "/data"));
            let points = data.iter().map(|point| point.get(aggregation).and_then(Value::as_f64)).collect();
            Some(Series { name, unit, points })
        })
        .collect())
}
