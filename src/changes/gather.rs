//! Reads afresh every document that a plan is made from.

use std::collections::HashSet;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};

use super::change::{MemberTarget, Request};
use super::documents::Documents;
use super::edit::Edit;
use crate::arm::{ArmError, Document, Reader, ResourceId};
use crate::azure::ip_config::IpConfigOwner;
use crate::azure::load_balancer::{FRONTEND, LoadBalancer};
use crate::azure::network_interface::NetworkInterface;
use crate::azure::scale_set::{self, ScaleSet};
use crate::azure::virtual_machine::VirtualMachine;
use crate::azure::{LOCKS, version_of};

/// Reads what a request's plan needs.
///
/// # Errors
/// A failure to read a load balancer or a member that is there; what is not there is in `gone`.
pub async fn gather(reader: &Reader, request: &Request) -> Result<Documents, ArmError> {
    let pools: Vec<ResourceId> = request.changes.iter().flat_map(|c| c.pools()).cloned().collect();
    let members: Vec<ResourceId> = request
        .changes
        .iter()
        .flat_map(|c| c.members())
        .filter_map(|m| match &m.target {
            MemberTarget::IpConfig(id) => Some(id.clone()),
            MemberTarget::Frontend(id) => Some(id.clone()),
            MemberTarget::Address(_) => None,
        })
        .collect();
    let sets: Vec<ResourceId> = request.changes.iter().filter_map(|c| c.set()).cloned().collect();
    // Who is to make room is known by the pool alone.
    let replaced: Vec<ResourceId> = request
        .changes
        .iter()
        .filter(|c| matches!(c, super::change::Change::Replace { .. }))
        .flat_map(|c| c.pools())
        .cloned()
        .collect();
    let mut members = members;
    for pool in replaced {
        let Some(lb) = pool.parent() else { continue };
        let document = reader.get(&lb, crate::azure::NETWORK, "").await?;
        let view = LoadBalancer(document.body());
        members.extend(view.pools().filter(|p| p.id().as_ref() == Some(&pool)).flat_map(|p| p.ip_configurations()));
    }
    let mut documents = read_all(reader, &pools, &members).await?;
    for set in &sets {
        read_set(reader, &mut documents, set).await?;
    }
    read_automation(reader, &mut documents).await;
    Ok(documents)
}

/// Reads what else writes scale sets' instances. Not everybody may; without it the guards on
/// it are silent.
async fn read_automation(reader: &Reader, documents: &mut Documents) {
    let sets: Vec<(ResourceId, bool)> = documents
        .all()
        .filter(|d| d.id().is_type(scale_set::TYPE))
        .map(|d| (d.id().clone(), ScaleSet(d.body()).upgrades_itself()))
        .collect();
    let flexible = documents.all().filter(|d| d.id().is_type(crate::azure::virtual_machine::TYPE));
    let flexible: Vec<ResourceId> = flexible.filter_map(|d| VirtualMachine(d.body()).scale_set()).collect();
    let all = sets.iter().map(|(set, _)| set).chain(&flexible);
    let subscriptions: std::collections::BTreeSet<String> =
        all.map(|set| set.subscription().to_ascii_lowercase()).collect();
    for subscription in subscriptions {
        documents.autoscaled.extend(scale_set::autoscaled(reader, &subscription).await.unwrap_or_default());
    }
    for (set, _) in sets.into_iter().filter(|(_, itself)| *itself) {
        if let Ok(Some(progress)) = scale_set::upgrade_under_way(reader, &set).await {
            documents.upgrading.push((set, progress));
        }
    }
}

/// Reads what tells a set's drift.
///
/// # Errors
/// As [`gather`].
pub async fn gather_set(reader: &Reader, set: &ResourceId) -> Result<Documents, ArmError> {
    let mut documents = Documents::default();
    read_set(reader, &mut documents, set).await?;
    Ok(documents)
}

/// Reads a whole set: its model, its instances and their NICs, and the load balancers of their pools.
async fn read_set(reader: &Reader, documents: &mut Documents, set: &ResourceId) -> Result<(), ArmError> {
    documents.insert(reader.get(set, version_of(set), "").await?);
    let instances = crate::azure::scale_set::instances(reader, set)?.all().await?;
    let nics = crate::azure::scale_set::nics(reader, set)?.all().await?;
    for body in instances.into_iter().chain(nics) {
        let document = Document::new(body, None).map_err(|e| ArmError::document(set.as_str(), &e))?;
        documents.insert(document);
    }
    let model = documents.get(set).map(|d| ScaleSet(d.body()).model_pools()).unwrap_or_default();
    let configs = documents.instances(set).into_iter().flat_map(|(_, configs)| configs);
    let mut balancers: Vec<ResourceId> =
        configs.flat_map(|c| c.pools()).chain(model).filter_map(|p| p.parent()).collect();
    balancers.sort_unstable();
    balancers.dedup();
    balancers.retain(|lb| documents.get(lb).is_none());
    read_into(reader, documents, balancers.into_iter().map(|lb| (lb, "")).collect()).await?;
    if !documents.locks_of.contains(&set.subscription().to_ascii_lowercase()) {
        read_locks(reader, documents, &[set.subscription()]).await;
    }
    Ok(())
}

/// Reads what the plan of these edits needs.
///
/// # Errors
/// As [`gather`].
pub async fn gather_edits(reader: &Reader, edits: &[Edit]) -> Result<Documents, ArmError> {
    let pools: Vec<ResourceId> = edits.iter().map(|e| e.pool().clone()).collect();
    let members: Vec<ResourceId> = edits
        .iter()
        .filter_map(|e| match e {
            Edit::JoinPool { ip_config, .. } | Edit::LeavePool { ip_config, .. } => Some(ip_config.clone()),
            Edit::AddAddress { entry, .. } => crate::azure::backend_pool::BackendAddress(entry).frontend(),
            _ => None,
        })
        .collect();
    let mut documents = read_all(reader, &pools, &members).await?;
    for edit in edits {
        if let Edit::JoinModel { set, .. } | Edit::LeaveModel { set, .. } = edit
            && documents.get(set).is_none()
        {
            documents.insert(reader.get(set, version_of(set), "").await?);
        }
    }
    read_automation(reader, &mut documents).await;
    Ok(documents)
}

async fn read_all(reader: &Reader, pools: &[ResourceId], members: &[ResourceId]) -> Result<Documents, ArmError> {
    let mut documents = Documents::default();
    documents.foresee(members);
    let mut first: Vec<(ResourceId, &'static str)> = Vec::new();
    // Each document once; the order of reading is the order of asking.
    let mut asked: HashSet<ResourceId> = HashSet::new();
    let mut add = |list: &mut Vec<(ResourceId, &'static str)>, id: ResourceId, query| {
        if asked.insert(id.clone()) {
            list.push((id, query));
        }
    };
    for lb in pools.iter().filter_map(ResourceId::parent) {
        add(&mut first, lb, "");
    }
    for config in members {
        match IpConfigOwner::of(config) {
            Some(IpConfigOwner::Nic { nic, .. }) => add(&mut first, nic, ""),
            Some(IpConfigOwner::Instance { set, instance, .. }) => {
                add(&mut first, set, "");
                add(&mut first, instance, "");
                if let Some(nic) = config.parent() {
                    add(&mut first, nic, "");
                }
            }
            // A Global pool's member: the regional load balancer tells whether the frontend fits.
            None if config.is_type(FRONTEND) => {
                if let Some(lb) = config.parent() {
                    add(&mut first, lb, "");
                }
            }
            None => {}
        }
    }
    read_into(reader, &mut documents, first).await?;

    // The machines of the members tell power and availability set; one member of each pool tells
    // the virtual network where no frontend does.
    let mut second: Vec<(ResourceId, &'static str)> = Vec::new();
    for config in members {
        let nic = config.parent().and_then(|n| documents.get(&n).cloned());
        if let Some(vm) = nic.and_then(|n| NetworkInterface(n.body()).virtual_machine())
            && vm.is_type(crate::azure::virtual_machine::TYPE)
        {
            add(&mut second, vm, "$expand=instanceView");
        }
    }
    // What a member is in besides decides whether it may join: another SKU, the same port.
    for config in members {
        let others: Vec<ResourceId> = documents.ip_config(config).map(|c| c.pools().collect()).unwrap_or_default();
        for lb in others.iter().filter_map(ResourceId::parent).filter(|lb| documents.get(lb).is_none()) {
            add(&mut second, lb, "");
        }
    }
    for pool in pools {
        let known = documents.pool(pool).and_then(|p| p.ip_configurations().find_map(|c| c.parent()));
        if let Some(nic) = known
            && documents.get(&nic).is_none()
        {
            add(&mut second, nic, "");
        }
    }
    read_into(reader, &mut documents, second).await?;

    let mut subscriptions: Vec<&str> = pools.iter().chain(members).map(ResourceId::subscription).collect();
    subscriptions.sort_unstable();
    subscriptions.dedup();
    read_locks(reader, &mut documents, &subscriptions).await;
    Ok(documents)
}

/// Reads the locks of subscriptions. Not everybody may; without them the write itself tells.
async fn read_locks(reader: &Reader, documents: &mut Documents, subscriptions: &[&str]) {
    for subscription in subscriptions {
        documents.locks_of.insert(subscription.to_ascii_lowercase());
        let Ok(pager) =
            reader.list(&format!("/subscriptions/{subscription}/providers/Microsoft.Authorization/locks"), LOCKS, "")
        else {
            continue;
        };
        for lock in pager.all().await.unwrap_or_default() {
            let scope = crate::azure::fields::id(&lock, "/id").and_then(|id| id.parent());
            let level = crate::azure::fields::text(&lock, "/properties/level");
            if let (Some(scope), Some(level)) = (scope, level) {
                documents.locks.push((scope, level.to_owned()));
            }
        }
    }
}

async fn read_into(
    reader: &Reader,
    documents: &mut Documents,
    ids: Vec<(ResourceId, &'static str)>,
) -> Result<(), ArmError> {
    let asked: Vec<BoxFuture<'_, Asked>> =
        ids.into_iter().map(|(id, query)| read_one(reader, id, query).boxed()).collect();
    let read: Vec<(ResourceId, Option<Document>)> = stream::iter(asked).buffered(16).try_collect().await?;
    for (id, document) in read {
        match document {
            Some(document) => {
                documents.insert_as(id, document);
            }
            None => documents.gone.push(id),
        }
    }
    Ok(())
}

/// A document, or `None` where it is not there.
type Asked = Result<(ResourceId, Option<Document>), ArmError>;

async fn read_one(reader: &Reader, id: ResourceId, query: &'static str) -> Asked {
    match reader.get(&id, version_of(&id), query).await {
        Ok(document) => Ok((id, Some(document))),
        Err(error) if error.is_gone() => Ok((id, None)),
        Err(error) => Err(error),
    }
}
