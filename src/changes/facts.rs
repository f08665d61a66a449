//! What a plan asks of the documents again and again: the NICs and pools that its edits concern,
//! found once.
//!
//! Made by `plan`; read by the guards and by the assembly.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use smallvec::SmallVec;

use super::digest::{ConfigDigest, MachineDigest, NicDigest};
use super::documents::Documents;
use super::edit::Edit;
use crate::arm::{Document, ResourceId};
use crate::azure::ip_config::IpConfigOwner;

/// The NICs that edits name, and the pools that these are in or come to be in.
pub(super) struct Facts<'a> {
    /// Where the NIC of a document stands in `read`, by the document's place.
    nics: Vec<Option<usize>>,
    read: Vec<Nic<'a>>,
    pools: HashMap<ResourceId, PoolFacts<'a>>,
    /// The edits of each pool, in the order in which the pools are named first.
    by_pool: Vec<(&'a ResourceId, Vec<Asked<'a>>)>,
    edits: Vec<Asked<'a>>,
    configs: Vec<Edited<'a>>,
}

/// An edit of the plan, which knows what it edits: in a large plan each search costs a wait for memory.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The edit.
    pub(super) edit: &'a Edit,
    /// Which it is of the plan's edits, in order.
    pub(super) number: u32,
    /// Where its ip configuration stands in `configs`, counted from 1.
    place: Option<NonZeroU32>,
}

impl std::ops::Deref for Asked<'_> {
    type Target = Edit;

    fn deref(&self) -> &Edit {
        self.edit
    }
}

/// An edited ip configuration: whose it is, and what it says.
pub(super) struct Edited<'a> {
    /// The document that is written. `None` for an id that is no backend's.
    pub(super) written: Option<Cow<'a, ResourceId>>,
    /// The Uniform scale set whose instance it is of.
    pub(super) set: Option<Cow<'a, ResourceId>>,
    /// Its NIC among those read.
    nic: Option<usize>,
    /// Its own place there.
    config: Option<usize>,
    /// Its own part of the NIC. `None` where there is no such one.
    pub(super) says: Option<&'a ConfigDigest>,
}

/// A NIC, of a machine or of an instance.
pub(super) struct Nic<'a> {
    /// What it says.
    pub(super) says: &'a NicDigest,
    /// Its document.
    pub(super) document: &'a Document,
    /// Its subscription, in lower case.
    pub(super) subscription: Arc<str>,
    /// Its machine, where that was read.
    pub(super) machine: Option<&'a MachineDigest>,
    /// The edits of it, each with the place of its ip configuration. Nearly always one leaves and one joins.
    edits: SmallVec<[(usize, &'a Edit); 2]>,
    /// Of its ip configurations that are edited, where they stand in `configs`.
    edited: SmallVec<[(usize, usize); 1]>,
}

impl<'a> Nic<'a> {
    /// Its ip configurations, with the edits of each.
    pub(super) fn configs(&self) -> impl Iterator<Item = (&'a ConfigDigest, impl Iterator<Item = &'a Edit> + Clone)> {
        self.says.configs.iter().enumerate().map(|(place, config)| {
            (config, self.edits.iter().filter(move |(at, _)| *at == place).map(|(_, edit)| *edit))
        })
    }
}

/// A pool's load balancer, as far as it matters to one member.
pub(super) struct PoolFacts<'a> {
    /// The load balancer.
    pub(super) load_balancer: ResourceId,
    /// Its region.
    pub(super) location: Option<&'a str>,
    /// Whether the load balancer is Basic.
    pub(super) basic: bool,
    /// How many rules send to the pool.
    pub(super) rules: usize,
    /// The backend ports and protocols of those without floating IP.
    pub(super) ports: Vec<(u64, String)>,
}

impl<'a> Facts<'a> {
    /// Reads what these edits concern.
    ///
    /// What has to be searched for is searched for in loops that do nothing else: in a large plan each search
    /// is a wait for memory, and such loops wait for many at once.
    pub(super) fn read(edits: &[&'a Edit], documents: &'a Documents) -> Self {
        let mut facts = Self {
            nics: vec![None; documents.len()],
            read: Vec::with_capacity(edits.len()),
            pools: HashMap::new(),
            by_pool: Vec::new(),
            edits: Vec::with_capacity(edits.len()),
            configs: Vec::with_capacity(edits.len()),
        };
        let found = edits.iter().map(|edit| match edit {
            Edit::JoinPool { ip_config, .. } | Edit::LeavePool { ip_config, .. } => {
                documents.place_of_config(ip_config)
            }
            _ => None,
        });
        let found: Vec<Option<(usize, usize)>> = found.collect();
        // Those that no document has: few.
        let mut unknown: HashMap<&ResourceId, usize> = HashMap::new();
        // What leaves one pool and joins another stands side by side.
        let mut last: Option<(&ResourceId, usize)> = None;
        let mut pools: HashMap<&ResourceId, usize> = HashMap::new();
        for (edit, found) in edits.iter().copied().zip(found) {
            let place = match edit {
                Edit::JoinPool { ip_config, .. } | Edit::LeavePool { ip_config, .. } => {
                    let known = || found.and_then(|at| Some((at, documents.config_at(ip_config, at)?)));
                    let place = match last {
                        Some((same, place)) if same == ip_config => place,
                        _ => match known() {
                            Some(((nic, at), says)) => facts.read_config(nic, says, at, documents),
                            None => {
                                *unknown.entry(ip_config).or_insert_with(|| facts.read_unknown(ip_config, documents))
                            }
                        },
                    };
                    last = Some((ip_config, place));
                    Some(place)
                }
                _ => None,
            };
            let place = place.and_then(|p| NonZeroU32::new(u32::try_from(p + 1).ok()?));
            let number = u32::try_from(facts.edits.len()).unwrap_or(u32::MAX);
            let asked = Asked { edit, number, place };
            facts.edits.push(asked);
            if let Some((nic, config)) = facts.edited(&asked).and_then(|e| Some((e.nic?, e.config?)))
                && let Some(nic) = facts.read.get_mut(nic)
            {
                nic.edits.push((config, edit));
            }
            let place = *pools.entry(edit.pool()).or_insert_with(|| {
                facts.read_pool(edit.pool(), documents);
                facts.by_pool.push((edit.pool(), Vec::new()));
                facts.by_pool.len() - 1
            });
            if let Some((_, here)) = facts.by_pool.get_mut(place) {
                here.push(asked);
            }
        }
        for nic in &mut facts.read {
            nic.machine = nic.says.machine.as_ref().and_then(|vm| documents.machine(vm));
        }
        facts
    }

    /// An ip configuration of a document: its place among those that are edited.
    fn read_config(&mut self, nic: usize, says: &'a NicDigest, at: usize, documents: &'a Documents) -> usize {
        let nic = self.read_nic(nic, says, documents);
        let own = self.configs.len();
        if let Some(nic) = nic.and_then(|nic| self.read.get_mut(nic)) {
            if let Some((_, known)) = nic.edited.iter().find(|(place, _)| *place == at) {
                return *known;
            }
            nic.edited.push((at, own));
        }
        self.configs.push(Edited {
            written: says.written.as_ref().map(Cow::Borrowed),
            set: says.set.as_ref().map(Cow::Borrowed),
            nic,
            config: Some(at),
            says: says.configs.get(at),
        });
        own
    }

    /// One that no document has: the NIC has no such one, or is not there itself.
    fn read_unknown(&mut self, ip_config: &ResourceId, documents: &'a Documents) -> usize {
        let (nic, written, set) = match IpConfigOwner::of(ip_config) {
            Some(IpConfigOwner::Nic { nic, .. }) => (Some(nic.clone()), Some(nic), None),
            Some(IpConfigOwner::Instance { set, instance, .. }) => (ip_config.parent(), Some(instance), Some(set)),
            None => (None, None, None),
        };
        let nic = nic.and_then(|id| documents.nic(&id));
        let nic = nic.and_then(|(place, says)| self.read_nic(place, says, documents));
        let (written, set) = (written.map(Cow::Owned), set.map(Cow::Owned));
        self.configs.push(Edited { written, set, nic, config: None, says: None });
        self.configs.len() - 1
    }

    fn read_nic(&mut self, place: usize, says: &'a NicDigest, documents: &'a Documents) -> Option<usize> {
        if let Some(Some(known)) = self.nics.get(place) {
            return Some(*known);
        }
        says.configs.iter().flat_map(|c| &c.pools).for_each(|pool| self.read_pool(pool, documents));
        let own = self.read.len();
        let document = documents.at(place)?;
        let subscription = Arc::clone(&says.subscription);
        self.read.push(Nic {
            says,
            document,
            subscription,
            machine: None,
            edits: SmallVec::new(),
            edited: SmallVec::new(),
        });
        *self.nics.get_mut(place)? = Some(own);
        Some(own)
    }

    fn read_pool(&mut self, pool: &ResourceId, documents: &'a Documents) {
        if self.pools.contains_key(pool) {
            return;
        }
        let (Some(load_balancer), Some(lb)) = (pool.parent(), documents.load_balancer(pool)) else { return };
        let fixed = lb.rules_of(pool).filter(|r| !r.floating_ip());
        let facts = PoolFacts {
            load_balancer,
            location: lb.location(),
            basic: lb.sku().eq_ignore_ascii_case("Basic"),
            rules: lb.rules_of(pool).count(),
            ports: fixed.map(|r| (r.backend_port(), r.protocol().to_ascii_lowercase())).collect(),
        };
        self.pools.insert(pool.clone(), facts);
    }

    /// The edits, in order.
    pub(super) fn edits(&self) -> &[Asked<'a>] {
        &self.edits
    }

    /// The ip configuration that an edit concerns. `None` for an edit of another thing.
    pub(super) fn edited(&self, asked: &Asked<'_>) -> Option<&Edited<'a>> {
        self.configs.get(usize::try_from(asked.place?.get()).ok()? - 1)
    }

    /// Its NIC, where that was read.
    pub(super) fn nic_of(&self, edited: &Edited<'_>) -> Option<&Nic<'a>> {
        self.read.get(edited.nic?)
    }

    /// The NIC that an edit writes itself, by its place among those read: none of an instance, which
    /// is written whole.
    pub(super) fn written_nic(&self, asked: &Asked<'_>) -> Option<(usize, &Nic<'a>)> {
        let edited = self.edited(asked).filter(|e| e.set.is_none())?;
        Some((edited.nic?, self.nic_of(edited)?))
    }

    /// Every edited ip configuration, in the order of the edits.
    pub(super) fn every_edited(&self) -> impl Iterator<Item = &Edited<'a>> {
        self.configs.iter()
    }

    /// The document that an edit writes. `None` for an id that is no backend's.
    pub(super) fn target(&self, asked: &Asked<'_>) -> Option<Cow<'_, ResourceId>> {
        match asked.place {
            Some(_) => self.edited(asked)?.written.as_deref().map(Cow::Borrowed),
            None => asked.edit.target().map(Cow::Owned),
        }
    }

    /// The NICs of which something joins a pool, with the name that people know, in the order of the
    /// edits: what lies side by side is read side by side.
    pub(super) fn joining(&self) -> impl Iterator<Item = (&Nic<'a>, &'a str)> {
        self.read.iter().filter_map(|nic| {
            let mut edits = nic.edits.iter().map(|(_, edit)| *edit);
            edits.find(|e| e.is_join()).map(|e| (nic, e.name()))
        })
    }

    /// The NICs that were read, in the order of the edits.
    pub(super) fn nics(&self) -> impl ExactSizeIterator<Item = &Nic<'a>> {
        self.read.iter()
    }

    /// The edits of each pool, in the order in which the pools are named first.
    pub(super) fn by_pool(&self) -> impl Iterator<Item = (&'a ResourceId, &[Asked<'a>])> {
        self.by_pool.iter().map(|(pool, edits)| (*pool, edits.as_slice()))
    }

    /// A pool's facts, where its load balancer was read.
    pub(super) fn pool(&self, pool: &ResourceId) -> Option<&PoolFacts<'a>> {
        self.pools.get(pool)
    }
}
