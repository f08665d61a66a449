//! The documents that a plan is made from, and what stands in them.
//!
//! Filled by `gather`; read by the planner, the guards and the drift. Never reads Azure.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::change::MemberTarget;
use super::digest::{Digest, MachineDigest, NicDigest};
use crate::arm::id::IdMap;
use crate::arm::{Document, ResourceId, SharedIds};
use crate::azure::backend_pool::{BackendPool, PoolKind};
use crate::azure::ip_config::IpConfigOwner;
use crate::azure::load_balancer::{self, LoadBalancer};
use crate::azure::network_interface::{IpConfig, NetworkInterface};

/// Documents read for a plan, by id.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    /// Where each stands in the two lists, which are in the order of reading: a plan that goes through
    /// its edits in order goes through memory in order.
    places: IdMap<usize>,
    documents: Vec<Document>,
    digests: Vec<Digest>,
    /// Where each ip configuration stands: the place of its NIC, and its own there.
    configs: IdMap<(usize, usize)>,
    /// What kind each pool is and who is in it, as its load balancer says.
    members: HashMap<ResourceId, (PoolKind, HashSet<MemberTarget>)>,
    /// Ids that many documents name, by their text.
    shared: SharedIds,
    /// Locks: what they lie on, and their level.
    pub locks: Vec<(ResourceId, String)>,
    /// The subscriptions whose locks were asked for.
    pub(super) locks_of: HashSet<String>,
    /// Scale sets that autoscale resizes, with the setting's name.
    pub autoscaled: Vec<(ResourceId, String)>,
    /// Scale sets of which a rolling upgrade is under way, with how far it is, in words.
    pub upgrading: Vec<(ResourceId, String)>,
    /// Resources that were asked for and are not there.
    pub gone: Vec<ResourceId>,
}

impl Documents {
    /// Adds one.
    pub fn insert(&mut self, document: Document) {
        self.insert_as(document.id().clone(), document);
    }

    /// Adds one under the id that it was asked for by.
    pub(super) fn insert_as(&mut self, mut id: ResourceId, document: Document) {
        self.shared.share(&mut id);
        let digest = Digest::of(&document, &self.shared);
        if document.id().is_type(load_balancer::TYPE) {
            self.members.retain(|pool, _| !pool.is_within(document.id()));
            let shared = |mut member| {
                if let MemberTarget::IpConfig(id) = &mut member {
                    self.shared.share(id);
                }
                member
            };
            let pools = LoadBalancer(document.body()).pools();
            let pools =
                pools.filter_map(|p| Some((p.id()?, (p.kind(), members_of(&p).into_iter().map(shared).collect()))));
            self.members.extend(pools);
        }
        let known = self.places.get(&id).copied().unwrap_or(self.documents.len());
        if let Digest::Nic(nic) = &digest {
            let ids = nic.configs.iter().enumerate().filter_map(|(at, c)| Some((c.id.clone()?, (known, at))));
            self.configs.extend(ids);
        }
        match self.places.entry(id) {
            Entry::Occupied(known) => {
                let place = *known.get();
                if let (Some(old), Some(read)) = (self.documents.get_mut(place), self.digests.get_mut(place)) {
                    (*old, *read) = (document, digest);
                }
            }
            Entry::Vacant(free) => {
                free.insert(self.documents.len());
                self.documents.push(document);
                self.digests.push(digest);
            }
        }
    }

    /// A document by id.
    pub fn get(&self, id: &ResourceId) -> Option<&Document> {
        self.documents.get(*self.places.get(id)?)
    }

    /// Every document, in the order of reading.
    pub(super) fn all(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter()
    }

    /// Who is in a pool, as the pool's own document says.
    pub(super) fn members(&self, pool: &ResourceId) -> Option<&HashSet<MemberTarget>> {
        self.members.get(pool).map(|(_, members)| members)
    }

    /// A pool's kind, as its own document says.
    pub(super) fn kind(&self, pool: &ResourceId) -> Option<PoolKind> {
        self.members.get(pool).map(|(kind, _)| *kind)
    }

    /// What a plan asks of a NIC, and where that stands among the documents.
    pub(super) fn nic(&self, id: &ResourceId) -> Option<(usize, &NicDigest)> {
        let place = *self.places.get(id)?;
        match self.digests.get(place)? {
            Digest::Nic(nic) => Some((place, nic)),
            _ => None,
        }
    }

    /// Where an ip configuration should be: the place of its NIC among the documents, and which of its
    /// configurations it is. Whether it still is there, [`Documents::config_at`] says.
    pub(super) fn place_of_config(&self, id: &ResourceId) -> Option<(usize, usize)> {
        self.configs.get(id).copied()
    }

    /// The NIC of an ip configuration, where it is in this place.
    pub(super) fn config_at(&self, id: &ResourceId, (place, at): (usize, usize)) -> Option<&NicDigest> {
        match self.digests.get(place)? {
            Digest::Nic(nic) if nic.configs.get(at)?.id.as_ref() == Some(id) => Some(nic),
            _ => None,
        }
    }

    /// Ids that the documents will name: theirs become the same copies.
    pub(super) fn foresee(&self, ids: &[ResourceId]) {
        ids.iter().cloned().for_each(|mut id| self.shared.share(&mut id));
    }

    /// A document by its place.
    pub(super) fn at(&self, place: usize) -> Option<&Document> {
        self.documents.get(place)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.documents.len()
    }

    /// What a plan asks of a machine.
    pub(super) fn machine(&self, id: &ResourceId) -> Option<&MachineDigest> {
        match self.digests.get(*self.places.get(id)?)? {
            Digest::Machine(machine) => Some(machine),
            _ => None,
        }
    }

    /// The load balancer of a pool.
    pub fn load_balancer(&self, pool: &ResourceId) -> Option<LoadBalancer<'_>> {
        self.get(&pool.parent()?).map(|d| LoadBalancer(d.body()))
    }

    /// A pool, inside its load balancer's document.
    pub fn pool(&self, pool: &ResourceId) -> Option<BackendPool<'_>> {
        self.load_balancer(pool)?.pools().find(|p| p.id().as_ref() == Some(pool))
    }

    /// The ETag with which a document is written; a pool's is its own, which is its parent's.
    pub fn etag_of(&self, id: &ResourceId) -> Option<crate::arm::Etag> {
        if let Some(document) = self.get(id) {
            return document.etag().cloned();
        }
        let pool = self.pool(id)?;
        pool.0.get("etag").and_then(Value::as_str).map(crate::arm::Etag::new)
    }

    /// An ip configuration: of a NIC, or of an instance as the set's NIC list shows it.
    pub fn ip_config(&self, id: &ResourceId) -> Option<IpConfig<'_>> {
        let nic = self.get(&id.parent()?)?;
        NetworkInterface(nic.body()).ip_config(id.name())
    }

    /// The family of a pool's rules, where a private frontend or a member tells.
    pub fn family_of(&self, pool: &ResourceId) -> Option<crate::azure::ip_config::Family> {
        let lb = self.load_balancer(pool)?;
        let member =
            self.pool(pool).and_then(|p| p.ip_configurations().find_map(|c| self.ip_config(&c)).map(|c| c.family()));
        member.or_else(|| {
            let frontends = lb.rules_of(pool).filter_map(|r| lb.frontend(&r.frontend()?));
            frontends.filter(|f| f.private_ip().is_some()).map(|f| f.family()).next()
        })
    }

    /// The instances of a set, and the ip configurations that their NICs show.
    pub fn instances(&self, set: &ResourceId) -> Vec<(&Document, Vec<IpConfig<'_>>)> {
        let mut out: Vec<(&Document, Vec<IpConfig<'_>>)> = self
            .all()
            .filter(|d| {
                d.id().is_type("Microsoft.Compute/virtualMachineScaleSets/virtualMachines") && d.id().is_within(set)
            })
            .map(|instance| {
                let nics = self.all().filter(|n| n.id().parent().as_ref() == Some(instance.id()));
                (instance, nics.flat_map(|n| NetworkInterface(n.body()).ip_configs()).collect())
            })
            .collect();
        out.sort_by_key(|(d, _)| d.id().name().parse::<u64>().unwrap_or(u64::MAX));
        out
    }

    /// What people call a member: its VM, its instance, its entry.
    pub fn name_of(&self, target: &MemberTarget) -> String {
        let MemberTarget::IpConfig(id) = target else {
            let mut entries = self.all().flat_map(|d| LoadBalancer(d.body()).pools()).flat_map(|p| p.addresses());
            let found = entries.find(|a| super::edit::is_member(a, target));
            return found.map_or_else(|| target.to_string(), |a| a.name().to_owned());
        };
        if let Some(IpConfigOwner::Instance { set, instance, .. }) = IpConfigOwner::of(id) {
            return format!("{}/{}", set.name(), instance.name());
        }
        let nic = id.parent().and_then(|n| self.get(&n));
        let vm = nic.and_then(|n| NetworkInterface(n.body()).virtual_machine());
        vm.map_or_else(|| target.to_string(), |vm| vm.name().to_owned())
    }
}

/// Who is in a pool, as the pool's own document says.
pub(super) fn members_of(pool: &BackendPool<'_>) -> HashSet<MemberTarget> {
    match pool.kind() {
        PoolKind::Nic | PoolKind::Empty => {
            let listed = pool.addresses().filter_map(|a| a.ip_config());
            pool.ip_configurations().chain(listed).map(MemberTarget::IpConfig).collect()
        }
        PoolKind::Ip | PoolKind::Frontend => pool.addresses().filter_map(|a| super::edit::backend_of(&a)).collect(),
    }
}
