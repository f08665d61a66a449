//! Which resource a person means: `LB/POOL`, `SUB:RG/LB/POOL`, a full id, a VM's name, an address.

use std::collections::HashMap;

use wildmatch::WildMatch;

use super::Estate;
use super::members::Member;
use super::summary::{LoadBalancer, Pool};
use crate::arm::ResourceId;
use crate::azure::backend_pool::same_ip;
use crate::azure::ip_config::IpConfigOwner;

/// Why a text does not name one thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Nothing has that name.
    #[error("there is no {what} '{text}'{}", near(.similar))]
    Unknown {
        /// `pool`, `load balancer`, `member`.
        what: String,
        /// What was given.
        text: String,
        /// What there is.
        similar: Vec<String>,
    },
    /// More than one thing has it.
    #[error("{what} '{text}' is ambiguous; it may be:{}", lines(.matches))]
    Ambiguous {
        /// `pool`, `load balancer`, `member`.
        what: String,
        /// What was given.
        text: String,
        /// Each match, in a form that names it alone.
        matches: Vec<String>,
    },
    /// The text is not of a known form.
    #[error("'{text}' does not name a {what}: {reason}")]
    Malformed {
        /// `pool`, `load balancer`, `member`.
        what: String,
        /// What was given.
        text: String,
        /// What is wrong, and the forms there are.
        reason: String,
    },
}

fn near(similar: &[String]) -> String {
    if similar.is_empty() { String::new() } else { format!("; there is:{}", lines(similar)) }
}

fn lines(of: &[String]) -> String {
    of.iter().map(|line| format!("\n  {line}")).collect()
}

const MOST_SHOWN: usize = 20;

impl Estate {
    /// The form of a pool that names it alone in this estate.
    pub fn pool_selector(&self, id: &ResourceId) -> String {
        let short = id.short();
        let counted = self.short_names.get_or_init(|| {
            let mut counts = HashMap::new();
            for pool in self.load_balancers().flat_map(|lb| &lb.pools) {
                *counts.entry(pool.id.short().to_ascii_lowercase()).or_default() += 1;
            }
            counts
        });
        if counted.get(&short.to_ascii_lowercase()).is_none_or(|n| *n <= 1) {
            return short;
        }
        self.long_selector(id)
    }

    /// `SUB:RG/LB/POOL`.
    fn long_selector(&self, id: &ResourceId) -> String {
        let name = self.subscription(id.subscription()).map_or(id.subscription(), |s| s.name.as_str());
        format!("{name}:{}/{}", id.resource_group().unwrap_or_default(), id.short())
    }

    /// The pool that a text names.
    ///
    /// # Errors
    /// [`SelectError`] with the matches, or with what there is.
    pub fn select_pool(&self, text: &str) -> Result<(&LoadBalancer, &Pool), SelectError> {
        let what = || "pool".to_owned();
        if text.contains(['*', '?']) || text.starts_with("tag:") {
            let mut found = self.select_pools(text)?;
            return match (found.pop(), found.len()) {
                (Some(one), 0) => Ok(one),
                (last, _) => Err(SelectError::Ambiguous {
                    what: what(),
                    text: text.to_owned(),
                    matches: found.iter().chain(&last).map(|(_, p)| self.pool_selector(&p.id)).collect(),
                }),
            };
        }
        let malformed =
            |reason: &str| SelectError::Malformed { what: what(), text: text.to_owned(), reason: reason.to_owned() };
        let all = || self.load_balancers().flat_map(|lb| lb.pools.iter().map(move |p| (lb, p)));
        let mut found: Vec<(&LoadBalancer, &Pool)> = if text.starts_with('/') {
            let id = ResourceId::parse(text).map_err(|e| malformed(e.reason))?;
            if !id.is_type(crate::azure::backend_pool::TYPE) {
                return Err(malformed(&format!(
                    "the id is of a {}, not of a load balancer's backend pool (…/loadBalancers/LB/backendAddressPools/POOL)",
                    if id.resource_type().is_empty() {
                        "subscription or a resource group".to_owned()
                    } else {
                        id.resource_type()
                    }
                )));
            }
            all().filter(|(_, p)| p.id == id).collect()
        } else {
            let (subscription, path) = match text.split_once(':') {
                Some((s, path)) => (Some(s), path),
                None => (None, text),
            };
            let parts: Vec<&str> = path.split('/').collect();
            let (group, lb, pool) = match parts.as_slice() {
                [lb, pool] => (None, *lb, *pool),
                [group, lb, pool] => (Some(*group), *lb, *pool),
                _ => return Err(malformed("the forms are LB/POOL, SUB:RG/LB/POOL or the pool's full id")),
            };
            let eq = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
            all()
                .filter(|(l, p)| eq(l.name(), lb) && eq(p.name(), pool))
                .filter(|(l, _)| group.is_none_or(|g| l.id.resource_group().is_some_and(|own| eq(own, g))))
                .filter(|(l, _)| {
                    subscription.is_none_or(|s| {
                        eq(l.id.subscription(), s)
                            || self.subscription(l.id.subscription()).is_some_and(|own| eq(&own.name, s))
                    })
                })
                .collect()
        };
        match (found.pop(), found.len()) {
            (Some(one), 0) => Ok(one),
            (Some(last), _) => Err(SelectError::Ambiguous {
                what: what(),
                text: text.to_owned(),
                matches: found.iter().chain([&last]).map(|(_, p)| self.long_selector(&p.id)).collect(),
            }),
            (None, _) => Err(SelectError::Unknown {
                what: what(),
                text: text.to_owned(),
                similar: all().map(|(_, p)| self.pool_selector(&p.id)).take(MOST_SHOWN).collect(),
            }),
        }
    }

    /// The pools of a pattern: `*` and `?` in the forms of [`Estate::select_pool`], or `tag:NAME=VALUE` (both
    /// with `*` and `?`) of their load balancer. A pattern without either is one name.
    ///
    /// # Errors
    /// [`SelectError`] where nothing fits, or a plain name is not of one pool.
    pub fn select_pools(&self, pattern: &str) -> Result<Vec<(&LoadBalancer, &Pool)>, SelectError> {
        let all = || self.load_balancers().flat_map(|lb| lb.pools.iter().map(move |p| (lb, p)));
        let like = |pattern: &str| WildMatch::new_case_insensitive(pattern);
        let found: Vec<(&LoadBalancer, &Pool)> = if let Some(tag) = pattern.strip_prefix("tag:") {
            let (name, value) = tag.split_once('=').unwrap_or((tag, "*"));
            let (name, value) = (like(name), like(value));
            all().filter(|(lb, _)| lb.tags.iter().any(|(n, v)| name.matches(n) && value.matches(v))).collect()
        } else if pattern.contains(['*', '?']) {
            let wanted = like(pattern);
            let long = pattern.contains(':');
            all()
                .filter(|(_, p)| {
                    wanted.matches(&if long { self.long_selector(&p.id) } else { p.id.short() })
                        || pattern.starts_with('/') && wanted.matches(p.id.as_str())
                })
                .collect()
        } else {
            return self.select_pool(pattern).map(|one| vec![one]);
        };
        if found.is_empty() {
            return Err(SelectError::Unknown {
                what: "pool".to_owned(),
                text: pattern.to_owned(),
                similar: all().map(|(_, p)| self.pool_selector(&p.id)).take(MOST_SHOWN).collect(),
            });
        }
        Ok(found)
    }

    /// The load balancers that a text names: all of a name, or one id. Empty text means all.
    pub fn select_load_balancers(&self, text: &str) -> Vec<&LoadBalancer> {
        self.load_balancers()
            .filter(|lb| {
                text.is_empty() || lb.name().eq_ignore_ascii_case(text) || lb.id.as_str().eq_ignore_ascii_case(text)
            })
            .collect()
    }
}

/// The one among `list` that a text names: by VM or instance or entry name, NIC name, address, or
/// ip configuration id.
///
/// # Errors
/// [`SelectError`] with the matches, or with what there is.
pub fn select_member<'a>(what: &str, list: &'a [Member], text: &str) -> Result<&'a Member, SelectError> {
    let by_id = ResourceId::parse(text).ok();
    if let (true, None) = (text.starts_with('/'), &by_id) {
        return Err(SelectError::Malformed {
            what: what.to_owned(),
            text: text.to_owned(),
            reason: "it begins like an id and is not one".to_owned(),
        });
    }
    // An id is nearly always the ip configuration's own, and is found without looking at the others' parents.
    if let Some(one) = by_id.as_ref().and_then(|id| list.iter().find(|m| m.id == *id)) {
        return Ok(one);
    }
    let named = |m: &&Member| match &by_id {
        Some(id) => m.id.parent().as_ref() == Some(id),
        None => {
            m.name.eq_ignore_ascii_case(text)
                || m.ip.as_deref().is_some_and(|ip| same_ip(ip, text))
                || matches!(IpConfigOwner::of(&m.id), Some(IpConfigOwner::Nic { nic, .. }) if nic.name().eq_ignore_ascii_case(text))
                || m.id.short().eq_ignore_ascii_case(text)
        }
    };
    let found: Vec<&Member> = list.iter().filter(named).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(SelectError::Unknown {
            what: what.to_owned(),
            text: text.to_owned(),
            similar: list.iter().take(MOST_SHOWN).map(described).collect(),
        }),
        many => Err(SelectError::Ambiguous {
            what: what.to_owned(),
            text: text.to_owned(),
            matches: many.iter().map(|m| described(m)).collect(),
        }),
    }
}

fn described(member: &Member) -> String {
    format!("{}  {}  {}", member.name, member.ip.as_deref().unwrap_or("-"), member.id.short())
}
