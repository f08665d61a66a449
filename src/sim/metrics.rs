//! Metrics of a load balancer over time, from the same probes that rule health shows.
//!
//! `GET {lb}/providers/microsoft.insights/metrics`. Simulated time runs back from now: a minute of the
//! client's clock is a minute of the simulation's. Traffic is made up, and the same for the same
//! seed of address and minute. Names and dimensions: Azure docs, monitor-load-balancer-reference.

use std::collections::BTreeMap;
use std::hash::{Hash as _, Hasher as _};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::State;
use super::answer::Answer;
use super::clock::SimTime;
use super::handle::Call;
use super::store::{children, key_of, str_at};
use crate::arm::id::ResourceId;

/// A metric: its name, its unit, its aggregation, and whether it splits by backend.
const METRICS: [(&str, &str, &str, bool); 8] = [
    ("VipAvailability", "Count", "average", false),
    ("DipAvailability", "Count", "average", true),
    ("ByteCount", "Bytes", "total", false),
    ("PacketCount", "Count", "total", false),
    ("SYNCount", "Count", "total", false),
    ("SnatConnectionCount", "Count", "total", true),
    ("AllocatedSnatPorts", "Count", "average", true),
    ("UsedSnatPorts", "Count", "average", true),
];

/// Minutes beyond which one request is too large.
const MOST_POINTS: i64 = 1440;

impl State {
    pub(super) fn metrics(&mut self, call: &Call, lb_id: &ResourceId) -> Answer {
        self.store.refresh(&lb_id.folded());
        let Some(lb) = self.store.document(&lb_id.folded()).cloned() else {
            return super::answer::not_found(
                "Microsoft.Network/loadBalancers",
                lb_id.name(),
                lb_id.resource_group().unwrap_or_default(),
            );
        };
        let query = |name: &str| call.query.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
        let now = Timestamp::now();
        // az escapes its time span twice, and Azure takes it.
        let timespan = query("timespan").map(|t| {
            let decoded = url::form_urlencoded::parse(format!("t={t}").as_bytes()).next().map(|(_, v)| v.into_owned());
            if t.contains('%') { decoded.unwrap_or_default() } else { t.to_owned() }
        });
        let Some((start, end)) = span(timespan.as_deref(), now) else {
            return Answer::error(400, "BadRequest", "Invalid time span: START/END in ISO 8601 was expected.");
        };
        let Some(interval) = minutes(query("interval").unwrap_or("PT1M")) else {
            return Answer::error(400, "BadRequest", "Invalid interval: PT1M, PT5M, PT1H and the like are supported.");
        };
        if (end.as_second() - start.as_second()) / (interval * 60) > MOST_POINTS {
            return Answer::error(400, "BadRequest", "The time span holds too many points; choose a longer interval.");
        }
        let split = query("$filter").is_some_and(|f| f.to_ascii_lowercase().contains("backendipaddress eq"));
        let mut value = Vec::new();
        for name in query("metricnames").unwrap_or("VipAvailability").split(',') {
            let Some((name, unit, aggregation, splits)) = METRICS.iter().find(|(n, ..)| n.eq_ignore_ascii_case(name))
            else {
                let valid: Vec<&str> = METRICS.iter().map(|(n, ..)| *n).collect();
                return Answer::error(
                    400,
                    "BadRequest",
                    format!(
                        "Failed to find metric configuration for provider: Microsoft.Network, resource Type: loadBalancers, metric: {name}, Valid metrics: {}",
                        valid.join(",")
                    ),
                );
            };
            let mut series: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            let mut at = start.as_second() - start.as_second().rem_euclid(60);
            while at < end.as_second() {
                let back = Duration::from_secs(u64::try_from(now.as_second() - at).unwrap_or(0));
                let then = self.clock.now().saturating_sub(back);
                let stamp = Timestamp::from_second(at).map(|t| t.to_string()).unwrap_or_default();
                for (backend, number) in self.sample(&lb, lb_id, name, then, at / 60, split && *splits) {
                    let mut point = json!({ "timeStamp": stamp });
                    if let Some(point) = point.as_object_mut() {
                        point.insert((*aggregation).to_owned(), json!(number));
                    }
                    series.entry(backend).or_default().push(point);
                }
                at += interval * 60;
            }
            let timeseries: Vec<Value> = series
                .into_iter()
                .map(|(backend, data)| {
                    let of = json!([{ "name": { "value": "backendipaddress", "localizedValue": "backendipaddress" }, "value": backend }]);
                    json!({ "metadatavalues": if backend.is_empty() { json!([]) } else { of }, "data": data })
                })
                .collect();
            value.push(json!({
                "id": format!("{lb_id}/providers/Microsoft.Insights/metrics/{name}"),
                "type": "Microsoft.Insights/metrics",
                "name": { "value": name, "localizedValue": name },
                "displayDescription": "",
                "unit": unit,
                "timeseries": timeseries,
                "errorCode": "Success",
            }));
        }
        Answer::json(
            200,
            json!({
                "cost": 0,
                "timespan": format!("{start}/{end}"),
                "interval": format!("PT{interval}M"),
                "namespace": "Microsoft.Network/loadBalancers",
                "resourceregion": lb.get("location").cloned().unwrap_or_default(),
                "value": value,
            }),
        )
    }

    /// One point: of the whole load balancer under an empty name, or of each backend.
    fn sample(
        &self,
        lb: &Value,
        id: &ResourceId,
        metric: &str,
        at: SimTime,
        minute: i64,
        split: bool,
    ) -> Vec<(String, f64)> {
        let mut members: BTreeMap<String, (bool, u32, u32)> = BTreeMap::new();
        let (mut served, mut rules) = (0u32, 0u32);
        for rule in children(Some(lb), "loadBalancingRules") {
            let Ok(states) = self.probed(lb, rule, id.subscription(), at) else { continue };
            rules += 1;
            served += u32::from(states.iter().any(|(_, up)| *up));
            for (ip, up) in states {
                let slot = members.entry(ip).or_default();
                slot.0 |= up;
                slot.1 += u32::from(up);
                slot.2 += 1;
            }
        }
        let share = |up: u32, all: u32| if all == 0 { 0.0 } else { f64::from(up) * 100.0 / f64::from(all) };
        let noise = |ip: &str| {
            let mut hasher = std::hash::DefaultHasher::new();
            (ip, minute, metric).hash(&mut hasher);
            (hasher.finish() % 200) as f64
        };
        // A member that is down has no traffic.
        let of = |ip: &str, (serves, up, all): (bool, u32, u32)| match metric {
            "DipAvailability" => share(up, all),
            "AllocatedSnatPorts" => 1024.0,
            _ if !serves => 0.0,
            "ByteCount" => (900.0 + noise(ip)) * 1500.0,
            "PacketCount" => 900.0 + noise(ip),
            "UsedSnatPorts" => noise(ip) / 4.0,
            _ => 60.0 + noise(ip),
        };
        if split {
            return members.iter().map(|(ip, m)| (ip.clone(), of(ip, *m))).collect();
        }
        let values: Vec<f64> = members.iter().map(|(ip, m)| of(ip, *m)).collect();
        let whole = match metric {
            "VipAvailability" => share(served, rules),
            "DipAvailability" if values.is_empty() => return Vec::new(),
            "DipAvailability" => values.iter().sum::<f64>() / values.len() as f64,
            _ => values.iter().sum(),
        };
        vec![(String::new(), whole)]
    }

    /// The members of a rule's pool and whether each was up at a moment; those that were not yet in are
    /// left out. `Err` where the rule has no probe.
    fn probed(&self, lb: &Value, rule: &Value, subscription: &str, at: SimTime) -> Result<Vec<(String, bool)>, ()> {
        let probe = str_at(rule, "/properties/probe/id").map(str::to_ascii_lowercase);
        let probe = children(Some(lb), "probes").iter().find(|p| key_of(p).is_some() && key_of(p) == probe).ok_or(())?;
        let pool_key = str_at(rule, "/properties/backendAddressPool/id").unwrap_or_default().to_ascii_lowercase();
        let pools = children(Some(lb), "backendAddressPools");
        let Some(pool) = pools.iter().find(|p| key_of(p).as_deref() == Some(&pool_key)) else { return Ok(Vec::new()) };
        let spec = super::probe::ProbeSpec::of(probe);
        let lines = self.lines(&pool_key, pool, &spec, subscription, at);
        Ok(lines
            .into_iter()
            .filter(|l| str_at(l, "/reason") != Some("NA"))
            .map(|l| (str_at(&l, "/ipAddress").unwrap_or_default().to_owned(), str_at(&l, "/state") == Some("Up")))
            .collect())
    }
}

/// `START/END`; the last hour where nothing is given.
fn span(text: Option<&str>, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
    let Some(text) = text else {
        return Some((now.checked_sub(jiff::SignedDuration::from_hours(1)).ok()?, now));
    };
    let (start, end) = text.split_once('/')?;
    // Without an offset a time is UTC.
    let instant = |text: &str| {
        let civil = || text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
        text.parse::<Timestamp>().ok().or_else(|| civil().map(|z| z.timestamp()))
    };
    let (start, end) = (instant(start)?, instant(end)?);
    (start <= end).then_some((start, end))
}

/// `PT5M`, `PT1H`, `P1D` in minutes.
fn minutes(text: &str) -> Option<i64> {
    let (digits, unit) = match text.strip_prefix("PT") {
        Some(rest) => (rest.trim_end_matches(['M', 'H']), if rest.ends_with('H') { 60 } else { 1 }),
        None => (text.strip_prefix('P')?.strip_suffix('D')?, 1440),
    };
    digits.parse::<i64>().ok().filter(|n| (1..=1440).contains(n)).map(|n| n * unit)
}
