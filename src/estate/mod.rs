//! What azlb has discovered: compact summaries of load balancers, pools, NICs and machines.
//!
//! Owns the in-memory inventory, its ages, and the questions asked of it: who is in a pool, who
//! could join, which pool does a person mean. Filled by [`discover`], read by the screens and the
//! command line. Nothing is ever planned from it: a plan reads documents afresh.

pub mod discover;
pub mod export;
pub mod members;
pub mod redact;
pub mod redacted;
pub mod select;
pub mod summary;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use hashbrown::HashTable;

use tokio::time::Instant;

use crate::arm::{ResourceId, SharedIds};
use summary::Shared as _;
use summary::{LoadBalancer, Machine, Nic, Pool};

/// The inventory. Its generation counts changes, so that a screen knows whether to draw.
#[derive(Debug, Default)]
pub struct Estate {
    generation: u64,
    /// The subscriptions in the order of their names.
    pub subscriptions: Vec<Subscription>,
    nics: ById<Nic>,
    machines: ById<Machine>,
    /// The power states of machines that are not listed yet.
    powers: HashMap<ResourceId, Option<Arc<str>>>,
    sets: Vec<ResourceId>,
    ids: SharedIds,
    /// How many pools have each `LB/POOL`, in lower case; counted when it is first asked for.
    short_names: OnceLock<HashMap<String, usize>>,
}

/// What has an id of its own.
trait Named {
    fn id(&self) -> &ResourceId;
}

impl Named for Nic {
    fn id(&self) -> &ResourceId {
        &self.id
    }
}

impl Named for Machine {
    fn id(&self) -> &ResourceId {
        &self.id
    }
}

/// Things found by the id that each holds itself.
#[derive(Debug)]
struct ById<T>(HashTable<T>);

impl<T> Default for ById<T> {
    fn default() -> Self {
        Self(HashTable::new())
    }
}

impl<T: Named> ById<T> {
    fn get(&self, id: &ResourceId) -> Option<&T> {
        self.0.find(id.hashed(), |thing| thing.id() == id)
    }

    fn get_mut(&mut self, id: &ResourceId) -> Option<&mut T> {
        self.0.find_mut(id.hashed(), |thing| thing.id() == id)
    }

    /// Puts it in the place of what had its id.
    fn put(&mut self, thing: T) {
        match self.get_mut(&thing.id().clone()) {
            Some(old) => *old = thing,
            None => drop(self.0.insert_unique(thing.id().hashed(), thing, |t| t.id().hashed())),
        }
    }

    /// Forgets what a listing covered and did not name.
    fn only(&mut self, scope: &discover::Scope, named: &HashSet<ResourceId>) {
        self.0.retain(|thing| named.contains(thing.id()) || !scope.covers(thing.id()));
        self.0.shrink_to_fit(|t| t.id().hashed());
    }
}

/// One subscription and what is known of it.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// Its id, without the path around it.
    pub id: String,
    /// The name people gave it.
    pub name: String,
    /// Its load balancers in the order of their names.
    pub load_balancers: Vec<LoadBalancer>,
    /// When its listing ended; `None` while it runs for the first time.
    pub read_at: Option<Instant>,
    /// Why its listing failed, where it did.
    pub problem: Option<String>,
}

impl Estate {
    /// Counts every change since the start.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// A subscription by its id.
    pub fn subscription(&self, id: &str) -> Option<&Subscription> {
        self.subscriptions.iter().find(|s| s.id.eq_ignore_ascii_case(id))
    }

    /// Every load balancer.
    pub fn load_balancers(&self) -> impl Iterator<Item = &LoadBalancer> {
        self.subscriptions.iter().flat_map(|s| &s.load_balancers)
    }

    /// A load balancer by its id.
    pub fn load_balancer(&self, id: &ResourceId) -> Option<&LoadBalancer> {
        self.load_balancers().find(|lb| lb.id == *id)
    }

    /// A pool and its load balancer, by the pool's id.
    pub fn pool(&self, id: &ResourceId) -> Option<(&LoadBalancer, &Pool)> {
        let lb = self.load_balancer(&id.parent()?)?;
        lb.pools.iter().find(|p| p.id == *id).map(|p| (lb, p))
    }

    /// The NICs, instances' included.
    pub fn nics(&self) -> impl Iterator<Item = &Nic> {
        self.nics.0.iter()
    }

    /// A NIC by its id.
    pub fn nic(&self, id: &ResourceId) -> Option<&Nic> {
        self.nics.get(id)
    }

    /// A VM or an instance by its id.
    pub fn machine(&self, id: &ResourceId) -> Option<&Machine> {
        self.machines.get(id)
    }

    /// The machines that have a NIC, once for each of these.
    pub fn attached_machines(&self) -> impl Iterator<Item = &Machine> {
        self.nics().filter_map(|nic| nic.machine.as_ref()).filter_map(|id| self.machine(id))
    }

    /// The Uniform scale sets.
    pub fn sets(&self) -> &[ResourceId] {
        &self.sets
    }

    /// The Uniform scale sets of this name.
    pub fn sets_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ResourceId> {
        self.sets.iter().filter(move |s| s.name().eq_ignore_ascii_case(name) || s.as_str().eq_ignore_ascii_case(name))
    }

    /// The ids that the estate holds, for who reads documents: what is shared as it is read is never held
    /// twice.
    pub fn ids(&self) -> SharedIds {
        self.ids.clone()
    }

    /// The copy of an id that the estate holds, where it holds one spelled the same.
    pub fn own(&self, id: ResourceId) -> ResourceId {
        self.ids.own(id)
    }

    /// Takes in what a listing found.
    pub fn take(&mut self, found: discover::Found) {
        use discover::Found;
        self.generation += 1;
        if matches!(found, Found::Subscriptions(_) | Found::LoadBalancers { .. } | Found::LoadBalancer(_)) {
            self.short_names.take();
        }
        match found {
            Found::Subscriptions(list) => {
                let mut old: Vec<Subscription> = std::mem::take(&mut self.subscriptions);
                for (id, name) in list {
                    let known = old.iter().position(|s| s.id.eq_ignore_ascii_case(&id)).map(|i| old.swap_remove(i));
                    self.subscriptions.push(match known {
                        Some(known) => Subscription { name, ..known },
                        None => Subscription { id, name, load_balancers: Vec::new(), read_at: None, problem: None },
                    });
                }
                self.subscriptions.sort_by(|a, b| a.name.cmp(&b.name));
            }
            Found::LoadBalancers { subscription, mut list } => {
                list.iter_mut().for_each(|lb| lb.share(&self.ids));
                list.sort_by(|a, b| a.name().cmp(b.name()));
                if let Some(slot) = self.slot(&subscription) {
                    slot.load_balancers = list;
                }
            }
            Found::LoadBalancer(mut fresh) => {
                fresh.share(&self.ids);
                if let Some(slot) = self.slot(fresh.id.subscription()) {
                    match slot.load_balancers.iter_mut().find(|lb| lb.id == fresh.id) {
                        Some(old) => *old = fresh,
                        None => slot.load_balancers.push(fresh),
                    }
                }
            }
            Found::Nics(list) => {
                for mut nic in list {
                    nic.share(&self.ids);
                    self.nics.put(nic);
                }
            }
            Found::Machines(list) => {
                for mut machine in list {
                    machine.share(&self.ids);
                    // What is known holds until the states are listed anew.
                    let known = || self.machines.get(&machine.id).and_then(|old| old.power_state.clone());
                    if machine.power_state.is_none() {
                        machine.power_state = self.powers.remove(&machine.id).unwrap_or_else(known);
                    }
                    self.machines.put(machine);
                }
            }
            Found::Powers(list) => {
                for (id, mut power) in list {
                    power.iter_mut().for_each(|word| self.ids.share_word(word));
                    match self.machines.get_mut(&id) {
                        Some(machine) => machine.power_state = power,
                        None => drop(self.powers.insert(id, power)),
                    }
                }
            }
            Found::OnlyNics(scope, named) => self.nics.only(&scope, &named),
            Found::OnlyMachines(scope, named) => {
                self.machines.only(&scope, &named);
                self.powers.retain(|id, _| !scope.covers(id));
                self.powers.shrink_to_fit();
            }
            Found::Sets { subscription, list } => {
                self.sets.retain(|s| !s.subscription().eq_ignore_ascii_case(&subscription));
                self.sets.extend(list);
            }
            Found::Ended { subscription, problem } => {
                if let Some(slot) = self.slot(&subscription) {
                    slot.read_at = Some(Instant::now());
                    slot.problem = problem;
                }
                self.ids.tidy();
            }
        }
    }

    fn slot(&mut self, subscription: &str) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|s| s.id.eq_ignore_ascii_case(subscription))
    }
}
