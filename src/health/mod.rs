//! Probe status: who is up, why not, since when that is known.
//!
//! Owns the reading of rule health and its words. Called by the session for the screens and by the
//! executor's gates. What cannot be known is *unknown*, which is not *down*.

pub mod metrics;
pub mod reason;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::arm::{ArmError, Reader, ResourceId};
use crate::azure::backend_pool::same_ip;
use crate::azure::rule_health::{self, RuleHealth};

/// A member's state by its probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    /// In rotation.
    Up,
    /// Out of rotation.
    Down,
    /// Nobody says.
    Unknown,
}

impl HealthState {
    /// One word, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

/// What one rule says of one member.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The member's ip configuration, where the answer names it.
    pub ip_config: Option<ResourceId>,
    /// The member's address.
    pub ip: Option<Box<str>>,
    /// Its state.
    pub state: HealthState,
    /// ARM's reason code.
    pub reason: Arc<str>,
}

/// The health of a pool's members, at one time.
#[derive(Debug, Clone)]
pub struct PoolHealth {
    /// What each rule says.
    pub readings: Vec<Reading>,
    /// Why nothing is known, where nothing can be.
    pub unknown: Option<String>,
    /// When it was read.
    pub read_at: Instant,
}

/// A member's health over all rules of its pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberHealth {
    /// Up where every rule says up, down where one says down.
    pub state: HealthState,
    /// The reason code of the worst rule, or why nothing is known.
    pub reason: String,
}

impl Reading {
    fn is_of(&self, ip_config: Option<&ResourceId>, ip: Option<&str>) -> bool {
        ip_config.is_some() && self.ip_config.as_ref() == ip_config
            || matches!((ip, self.ip.as_deref()), (Some(a), Some(b)) if same_ip(a, b))
    }
}

impl PoolHealth {
    /// Nothing can be known, and why.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { readings: Vec::new(), unknown: Some(why.into()), read_at: Instant::now() }
    }

    /// The health of a member by one rule: its state and the reason's code.
    pub fn by_rule(&self, rule: &str, ip_config: Option<&ResourceId>, ip: Option<&str>) -> (HealthState, String) {
        let own = self.readings.iter().find(|r| r.rule.eq_ignore_ascii_case(rule) && r.is_of(ip_config, ip));
        match (own, &self.unknown) {
            (Some(r), _) => (r.state, r.reason.to_string()),
            (None, Some(why)) => (HealthState::Unknown, why.clone()),
            (None, None) => (HealthState::Unknown, "this rule's health does not name it".to_owned()),
        }
    }

    /// The health of a member, by its ip configuration or its address.
    pub fn of(&self, ip_config: Option<&ResourceId>, ip: Option<&str>) -> MemberHealth {
        let mut found: Option<&Reading> = None;
        for reading in self.readings.iter().filter(|r| r.is_of(ip_config, ip)) {
            let worse = |r: &Reading| match r.state {
                HealthState::Down => 2,
                HealthState::Unknown => 1,
                HealthState::Up => 0,
            };
            if found.is_none_or(|f| worse(reading) > worse(f)) {
                found = Some(reading);
            }
        }
        match (found, &self.unknown) {
            (Some(r), _) => MemberHealth { state: r.state, reason: r.reason.to_string() },
            (None, Some(why)) => MemberHealth { state: HealthState::Unknown, reason: why.clone() },
            (None, None) => {
                MemberHealth { state: HealthState::Unknown, reason: "no rule's health names it".to_owned() }
            }
        }
    }
}

/// Asks every rule with a probe for its health, four at a time.
///
/// # Errors
/// The first rule's failure, where no rule could be read; a failure of some rules is told in
/// `unknown`.
pub async fn read(reader: &Reader, rules: &[ResourceId]) -> Result<PoolHealth, ArmError> {
    if rules.is_empty() {
        return Ok(PoolHealth::unknown("no rule with a probe uses this pool"));
    }
    let asked: Vec<BoxFuture<'_, Result<_, ArmError>>> =
        rules.iter().map(|r| rule_health::ask(reader, r).boxed()).collect();
    let answers: Vec<Result<_, ArmError>> = stream::iter(asked).buffered(4).collect().await;
    let mut readings = Vec::new();
    // A handful of codes for thousands of members.
    let mut reasons: HashSet<Arc<str>> = HashSet::new();
    let mut shared = |code: &str| -> Arc<str> {
        if let Some(known) = reasons.get(code) {
            return Arc::clone(known);
        }
        let fresh: Arc<str> = code.into();
        reasons.insert(Arc::clone(&fresh));
        fresh
    };
    let mut failures: HashMap<String, ArmError> = HashMap::new();
    for (rule, answer) in rules.iter().zip(answers) {
        match answer {
            Ok(body) => {
                let name: Arc<str> = rule.name().into();
                readings.extend(RuleHealth(&body).backends().map(|b| Reading {
                    rule: Arc::clone(&name),
                    ip_config: b.ip_config(),
                    ip: b.ip().map(Into::into),
                    state: match b.state() {
                        s if s.eq_ignore_ascii_case("Up") => HealthState::Up,
                        s if s.eq_ignore_ascii_case("Down") => HealthState::Down,
                        _ => HealthState::Unknown,
                    },
                    // A stopped VM has neither state nor reason.
                    reason: shared(if b.reason().is_empty() { reason::STOPPED } else { b.reason() }),
                }));
            }
            Err(error) => {
                failures.insert(rule.name().to_owned(), error);
            }
        }
    }
    if failures.len() == rules.len()
        && let Some((_, error)) = failures.into_iter().next()
    {
        return Err(error);
    } else if readings.is_empty() {
        return Ok(PoolHealth {
            readings,
            unknown: Some("the rules name no member".to_owned()),
            read_at: Instant::now(),
        });
    }
    Ok(PoolHealth { readings, unknown: None, read_at: Instant::now() })
}
