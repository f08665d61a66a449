//! Listing, subscription by subscription, concurrently, each result as it comes.
//!
//! Requests a subscription: load balancers, NICs, VMs, VM states, scale sets, and two more for
//! each Uniform set. At most eight subscriptions are listed at once, so that a tenant of hundreds
//! does not empty its own budget.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use tokio::sync::mpsc;

use super::Named;
use super::summary::{LoadBalancer, Machine, Nic, Shared};
use crate::arm::paging::{Page, Pager};
use crate::arm::{ArmError, Reader, ResourceId, SharedIds};
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
    /// Some NICs.
    Nics(Vec<Nic>),
    /// Some VMs or instances.
    Machines(Vec<Machine>),
    /// The power states of some VMs.
    Powers(Vec<(ResourceId, Option<Arc<str>>)>),
    /// A listing of NICs is whole: it named these, and no others of its scope are there.
    OnlyNics(Scope, HashSet<ResourceId>),
    /// The same of VMs or instances.
    OnlyMachines(Scope, HashSet<ResourceId>),
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
}

impl Scope {
    pub(super) fn covers(&self, id: &ResourceId) -> bool {
        match self {
            Self::Plain(subscription) => {
                id.subscription().eq_ignore_ascii_case(subscription) && id.segment("virtualMachineScaleSets").is_none()
            }
            Self::Set(set) => id.is_within(set),
        }
    }
}

/// Lists everything the identity can see, or only the subscriptions named by id or name.
///
/// # Errors
/// Only where the subscriptions themselves cannot be listed, or a named one is not there; a failure
/// within one subscription is told in its [`Found::Ended`].
pub async fn discover(
    reader: &Reader,
    only: &[String],
    ids: &SharedIds,
    out: &mpsc::Sender<Found>,
) -> Result<(), ArmError> {
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
            let problem = one(reader, &id, ids, out).await.err().map(|e| e.to_string());
            let _ = out.send(Found::Ended { subscription: id, problem }).await;
        })
        .await;
    Ok(())
}

async fn one(reader: &Reader, subscription: &str, ids: &SharedIds, out: &mpsc::Sender<Found>) -> Result<(), ArmError> {
    let plain = || Scope::Plain(subscription.to_owned());
    let load_balancers = async {
        let mut list = Vec::new();
        let mut pager = load_balancer::list(reader, subscription)?;
        while let Some(page) = pager.next_page().await? {
            list.extend(read(page, LoadBalancer::read, ids)?);
        }
        let _ = out.send(Found::LoadBalancers { subscription: subscription.to_owned(), list }).await;
        Ok::<_, ArmError>(())
    };
    let nics = async {
        let named = each(network_interface::list(reader, subscription)?, Nic::read, ids, out, Found::Nics).await?;
        let _ = out.send(Found::OnlyNics(plain(), named)).await;
        Ok::<_, ArmError>(())
    };
    let machines = async {
        let powers = |list: Vec<Machine>| Found::Powers(list.into_iter().map(|m| (m.id, m.power_state)).collect());
        let (named, _) = tokio::try_join!(
            each(virtual_machine::list(reader, subscription)?, Machine::vm, ids, out, Found::Machines),
            each(virtual_machine::list_status(reader, subscription)?, Machine::vm, ids, out, powers),
        )?;
        let _ = out.send(Found::OnlyMachines(plain(), named)).await;
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
                    each(scale_set::nics(reader, &set)?, Nic::read, ids, out, Found::Nics),
                    each(scale_set::instances(reader, &set)?, Machine::instance, ids, out, Found::Machines),
                )?;
                let _ = out.send(Found::OnlyNics(Scope::Set(set.clone()), nics)).await;
                let _ = out.send(Found::OnlyMachines(Scope::Set(set), machines)).await;
                Ok::<_, ArmError>(())
            })
            .await
    };
    // One list that is refused must not hide the others.
    let (a, b, c, d) = tokio::join!(load_balancers, nics, machines, sets);
    a.and(b).and(c).and(d)
}

/// A page's things. Each is shared as it is read: thousands of NICs name one subnet and a few pools.
fn read<T: Shared>(page: Page, view: impl Fn(&Value) -> Option<T>, ids: &SharedIds) -> Result<Vec<T>, ArmError> {
    let mut out = Vec::new();
    for item in page.items() {
        if let Some(mut thing) = view(&item?) {
            thing.share(ids);
            out.push(thing);
        }
    }
    Ok(out)
}

/// Sends a list page by page; gives the ids that it named.
async fn each<T: Shared + Named>(
    mut pager: Pager,
    view: impl Fn(&Value) -> Option<T>,
    ids: &SharedIds,
    out: &mpsc::Sender<Found>,
    found: impl Fn(Vec<T>) -> Found,
) -> Result<HashSet<ResourceId>, ArmError> {
    let mut named = HashSet::new();
    while let Some(page) = pager.next_page().await? {
        let list = read(page, &view, ids)?;
        named.extend(list.iter().map(|thing| thing.id().clone()));
        let _ = out.send(found(list)).await;
    }
    Ok(named)
}
