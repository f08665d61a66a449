//! Listing, subscription by subscription, concurrently, each result as it comes.
//!
//! Requests a subscription: load balancers, NICs, VMs, VM states, scale sets, and two more for
//! each Uniform set. At most eight subscriptions are listed at once, so that a tenant of hundreds
//! does not empty its own budget.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use tokio::sync::mpsc;

use super::summary::{LoadBalancer, Machine, Nic};
use crate::arm::paging::Pager;
use crate::arm::{ArmError, Reader, ResourceId};
use crate::azure::{load_balancer, network_interface, scale_set, subscription, virtual_machine};

const AT_ONCE: usize = 8;

/// A piece of the estate, found.
#[derive(Debug)]
pub enum Found {
    /// The subscriptions: id and name.
    Subscriptions(Vec<(String, String)>),
    /// A subscription's load balancers.
    LoadBalancers {
        /// Whose.
        subscription: String,
        /// All of them.
        list: Vec<LoadBalancer>,
    },
    /// One load balancer, read afresh.
    LoadBalancer(LoadBalancer),
    /// NICs.
    Nics {
        /// Which earlier ones these stand for.
        replaces: Scope,
        /// All of them.
        list: Vec<Nic>,
    },
    /// VMs or instances.
    Machines {
        /// Which earlier ones these stand for.
        replaces: Scope,
        /// All of them.
        list: Vec<Machine>,
    },
    /// The Uniform scale sets of a subscription.
    Sets {
        /// Whose.
        subscription: String,
        /// All of them.
        list: Vec<ResourceId>,
    },
    /// A subscription's listing ended, well or with a problem.
    Ended {
        /// Whose.
        subscription: String,
        /// Why it is not whole.
        problem: Option<String>,
    },
}

/// What a listing covered.
#[derive(Debug, Clone)]
pub enum Scope {
    /// The plain resources of a subscription: not those of Uniform scale sets.
    Plain(String),
    /// What belongs to one Uniform scale set.
    Set(ResourceId),
    /// Only what is found by the same id.
    Nothing,
}

impl Scope {
    pub(super) fn covers(&self, id: &ResourceId) -> bool {
        match self {
            Self::Plain(subscription) => {
                id.subscription().eq_ignore_ascii_case(subscription) && id.segment("virtualMachineScaleSets").is_none()
            }
            Self::Set(set) => id.is_within(set),
            Self::Nothing => false,
        }
    }
}

/// Lists everything the identity can see, or only the subscriptions named by id or name.
///
/// # Errors
/// Only where the subscriptions themselves cannot be listed, or a named one is not there; a failure
/// within one subscription is told in its [`Found::Ended`].
pub async fn discover(reader: &Reader, only: &[String], out: &mpsc::Sender<Found>) -> Result<(), ArmError> {
    let listed = subscription::list(reader)?.all().await?;
    let mut subscriptions: Vec<(String, String)> = listed
        .iter()
        .map(subscription::Subscription)
        .filter_map(|s| Some((s.id()?.to_owned(), s.display_name().or(s.id())?.to_owned())))
        .collect();
    if !only.is_empty() {
        let all = subscriptions.clone();
        let named = |(id, name): &(String, String), wanted: &String| {
            id.eq_ignore_ascii_case(wanted) || name.eq_ignore_ascii_case(wanted)
        };
        if let Some(missing) = only.iter().find(|w| !all.iter().any(|s| named(s, w))) {
            let seen: Vec<&str> = all.iter().map(|(_, name)| name.as_str()).collect();
            return Err(ArmError::unexpected(
                "/subscriptions",
                format!("there is no subscription '{missing}' that you can see; you see: {}", seen.join(", ")),
            ));
        }
        subscriptions.retain(|s| only.iter().any(|w| named(s, w)));
    }
    // A closed channel means that nobody wants the rest.
    if out.send(Found::Subscriptions(subscriptions.clone())).await.is_err() {
        return Ok(());
    }
    stream::iter(subscriptions)
        .for_each_concurrent(AT_ONCE, |(id, _)| async move {
            let problem = one(reader, &id, out).await.err().map(|e| e.to_string());
            let _ = out.send(Found::Ended { subscription: id, problem }).await;
        })
        .await;
    Ok(())
}

async fn one(reader: &Reader, subscription: &str, out: &mpsc::Sender<Found>) -> Result<(), ArmError> {
    let plain = || Scope::Plain(subscription.to_owned());
    let load_balancers = async {
        let list = read(load_balancer::list(reader, subscription)?, LoadBalancer::read).await?;
        let _ = out.send(Found::LoadBalancers { subscription: subscription.to_owned(), list }).await;
        Ok::<_, ArmError>(())
    };
    let nics = async {
        let list = read(network_interface::list(reader, subscription)?, Nic::read).await?;
        let _ = out.send(Found::Nics { replaces: plain(), list }).await;
        Ok::<_, ArmError>(())
    };
    let machines = async {
        let (mut list, states) = tokio::try_join!(
            read(virtual_machine::list(reader, subscription)?, Machine::vm),
            read(virtual_machine::list_status(reader, subscription)?, Machine::vm),
        )?;
        let mut powers: std::collections::HashMap<ResourceId, String> =
            states.into_iter().filter_map(|m| Some((m.id, m.power_state?))).collect();
        for machine in &mut list {
            machine.power_state = powers.remove(&machine.id).or_else(|| machine.power_state.take());
        }
        let _ = out.send(Found::Machines { replaces: plain(), list }).await;
        Ok::<_, ArmError>(())
    };
    let sets = async {
        let sets = scale_set::list(reader, subscription)?.all().await?;
        let uniform: Vec<ResourceId> =
            sets.iter().map(scale_set::ScaleSet).filter(|s| !s.flexible()).filter_map(|s| s.id()).collect();
        let _ = out.send(Found::Sets { subscription: subscription.to_owned(), list: uniform.clone() }).await;
        stream::iter(uniform.into_iter().map(Ok))
            .try_for_each_concurrent(4, |set| async move {
                let (nics, machines) = tokio::try_join!(
                    read(scale_set::nics(reader, &set)?, Nic::read),
                    read(scale_set::instances(reader, &set)?, Machine::instance),
                )?;
                let _ = out.send(Found::Nics { replaces: Scope::Set(set.clone()), list: nics }).await;
                let _ = out.send(Found::Machines { replaces: Scope::Set(set), list: machines }).await;
                Ok::<_, ArmError>(())
            })
            .await
    };
    // One list that is refused must not hide the others.
    let (a, b, c, d) = tokio::join!(load_balancers, nics, machines, sets);
    a.and(b).and(c).and(d)
}

async fn read<T>(mut pager: Pager, view: impl Fn(&Value) -> Option<T>) -> Result<Vec<T>, ArmError> {
    let mut out = Vec::new();
    while let Some(page) = pager.next_page().await? {
        out.extend(page.iter().filter_map(&view));
    }
    Ok(out)
}
