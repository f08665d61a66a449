//! Faults on request: which requests they strike, how often, and what happens.
//!
//! The form is one line: `METHOD PATH FAULT [key=value]…`, such as
//! `PUT networkInterfaces 429 count=3 retry-after=2` or `* vm-db-2-nic reset-after p=0.2`.

use std::str::FromStr;

/// What strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// An error answer; nothing is done.
    Status(u16),
    /// The connection closes before the request is acted on.
    ResetBefore,
    /// The request is acted on, and then the connection closes without an answer.
    ResetAfter,
    /// The operation is accepted and ends as Failed; the write is taken back.
    Fails,
    /// The request is acted on and the answer is a 500.
    ErrorAfter,
    /// Another writer changes the resource just before.
    Moved,
    /// The operation is accepted and ends as Canceled; the write is taken back.
    Cancelled,
    /// The operation is accepted and a newer write wins over it; the write is taken back.
    Superseded,
    /// The operation never ends.
    NeverEnds,
    /// Something else holds the resource for a time, `for=SECONDS` of the simulation.
    Busy,
    /// The resource is deleted just before the request is acted on.
    Deleted,
    /// The answer breaks off in its middle.
    Truncated,
    /// The answer is larger than any client should take.
    Oversized,
    /// The answer comes late: after `for=SECONDS` of the simulation.
    Slow,
    /// The answer's clock is `for=SECONDS` ahead.
    Skewed,
    /// The answer is a page of HTML.
    Html,
    /// Every token is forgotten.
    TokenExpired,
    /// The list's next page is said to be on another host.
    ForeignLink,
}

/// A fault and when it strikes.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    method: Option<String>,
    path: String,
    /// What strikes.
    pub kind: FaultKind,
    code: Option<String>,
    retry_after: Option<u64>,
    lasts: u32,
    skip: u32,
    left: Option<u32>,
    chance: f64,
}

/// Why a fault's line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "fault '{line}': {reason}. The form is: METHOD PATH FAULT [count=N] [skip=N] [p=0..1] [code=CODE] [retry-after=S] [for=S]; FAULT is a status, reset-before, reset-after, fails, cancelled, superseded, never-ends, error-after, moved, deleted, busy, truncated, oversized, slow, skewed, html, token-expired or foreign-link"
)]
pub struct FaultError {
    line: String,
    reason: String,
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(line: &str) -> Result<Self, FaultError> {
        let fail = |reason: String| FaultError { line: line.to_owned(), reason };
        let mut words = line.split_whitespace();
        let (Some(method), Some(path), Some(kind)) = (words.next(), words.next(), words.next()) else {
            return Err(fail("three words at least are needed".to_owned()));
        };
        let kind = match kind {
            "reset-before" => FaultKind::ResetBefore,
            "reset-after" => FaultKind::ResetAfter,
            "fails" => FaultKind::Fails,
            "error-after" => FaultKind::ErrorAfter,
            "moved" => FaultKind::Moved,
            "cancelled" => FaultKind::Cancelled,
            "superseded" => FaultKind::Superseded,
            "never-ends" => FaultKind::NeverEnds,
            "busy" => FaultKind::Busy,
            "deleted" => FaultKind::Deleted,
            "truncated" => FaultKind::Truncated,
            "oversized" => FaultKind::Oversized,
            "slow" => FaultKind::Slow,
            "skewed" => FaultKind::Skewed,
            "html" => FaultKind::Html,
            "token-expired" => FaultKind::TokenExpired,
            "foreign-link" => FaultKind::ForeignLink,
            other => match other.parse() {
                Ok(status @ 400..=599) => FaultKind::Status(status),
                _ => return Err(fail(format!("'{other}' is no fault"))),
            },
        };
        let mut fault = Self {
            method: (method != "*").then(|| method.to_ascii_uppercase()),
            path: if path == "*" { String::new() } else { path.to_ascii_lowercase() },
            kind,
            code: None,
            retry_after: None,
            lasts: 30,
            skip: 0,
            left: None,
            chance: 1.0,
        };
        for word in words {
            let Some((key, value)) = word.split_once('=') else {
                return Err(fail(format!("'{word}' is not key=value")));
            };
            let number = || value.parse::<u32>().map_err(|_| fail(format!("'{value}' is not a number")));
            match key {
                "count" => fault.left = Some(number()?),
                "skip" => fault.skip = number()?,
                "retry-after" => fault.retry_after = Some(u64::from(number()?)),
                "for" => fault.lasts = number()?,
                "code" => fault.code = Some(value.to_owned()),
                "p" => match value.parse() {
                    Ok(p) if (0.0..=1.0).contains(&p) => fault.chance = p,
                    _ => return Err(fail(format!("'{value}' is not between 0 and 1"))),
                },
                _ => return Err(fail(format!("'{key}' is not known"))),
            }
        }
        Ok(fault)
    }
}

impl Fault {
    /// Seconds for `Retry-After`.
    pub(super) fn retry_after(&self) -> Option<u64> {
        self.retry_after
    }

    /// How long it lasts, in simulated time.
    pub(super) fn lasts(&self) -> std::time::Duration {
        std::time::Duration::from_secs(u64::from(self.lasts))
    }

    /// The error code: as given, or the usual one of the status.
    pub(super) fn code(&self) -> &str {
        let usual = match self.kind {
            FaultKind::Status(429) => "TooManyRequests",
            FaultKind::Status(409) => "AnotherOperationInProgress",
            FaultKind::Status(403) => "AuthorizationFailed",
            FaultKind::Status(503) => "ServiceUnavailable",
            FaultKind::Status(504) => "GatewayTimeout",
            FaultKind::Cancelled => "OperationCanceled",
            FaultKind::Superseded => "CanceledAndSupersededDueToAnotherOperation",
            _ => "InternalServerError",
        };
        self.code.as_deref().unwrap_or(usual)
    }
}

/// The faults in force.
#[derive(Debug, Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    /// The fault that strikes this request, counted as used.
    pub(super) fn strike(&mut self, method: &str, path: &str, chance: &mut fastrand::Rng) -> Option<Fault> {
        let path = path.to_ascii_lowercase();
        for fault in &mut self.list {
            let aimed = fault.method.as_deref().is_none_or(|m| m == method) && path.contains(&fault.path);
            if !aimed || fault.left == Some(0) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.chance >= 1.0 || chance.f64() < fault.chance {
                fault.left = fault.left.map(|n| n.saturating_sub(1));
                return Some(fault.clone());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_strikes_as_often_as_it_says() {
        let mut faults = Faults::default();
        faults.add("PUT networkInterfaces 429 count=2 skip=1 retry-after=3".parse().unwrap());
        let mut chance = fastrand::Rng::with_seed(1);
        let mut hit = |m: &str| faults.strike(m, "/x/Microsoft.Network/networkInterfaces/n", &mut chance).is_some();
        assert_eq!([hit("GET"), hit("PUT"), hit("PUT"), hit("PUT"), hit("PUT")], [false, false, true, true, false]);
    }

    #[test]
    fn a_wrong_line_says_why() {
        for bad in ["", "PUT x", "PUT x nothing", "PUT x 200", "PUT x 500 count=many", "PUT x 500 p=2", "PUT x 500 u=1"]
        {
            assert!(bad.parse::<Fault>().is_err(), "{bad}");
        }
    }
}
