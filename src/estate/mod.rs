//! What azlb has discovered: compact summaries of load balancers, pools, NICs and machines.
//!
//! Owns the in-memory inventory, its ages, and the questions asked of it: who is in a pool, who
//! could join, which pool does a person mean. Filled by [`discover`], read by the screens and the
//! command line. Nothing is ever planned from it: a plan reads documents afresh.

pub mod discover;
pub mod export;
pub mod members;
pub mod redact;
pub mod select;
pub mod summary;

use std::collections::HashMap;

use tokio::time::Instant;

use crate::arm::{ResourceId, SharedIds};
use summary::{LoadBalancer, Machine, Nic, Pool};

/// The inventory. Its generation counts changes, so that a screen knows whether to draw.
#[derive(Debug, Default)]
pub struct Estate {
    generation: u64,
    /// The subscriptions in the order of their names.
    pub subscriptions: Vec<Subscription>,
    nics: HashMap<ResourceId, Nic>,
    machines: HashMap<ResourceId, Machine>,
    sets: Vec<ResourceId>,
    ids: SharedIds,
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
        self.nics.values()
    }

    /// A NIC by its id.
    pub fn nic(&self, id: &ResourceId) -> Option<&Nic> {
        self.nics.get(id)
    }

    /// A VM or an instance by its id.
    pub fn machine(&self, id: &ResourceId) -> Option<&Machine> {
        self.machines.get(id)
    }

    /// The Uniform scale sets.
    pub fn sets(&self) -> &[ResourceId] {
        &self.sets
    }

    /// The Uniform scale sets of this name.
    pub fn sets_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a ResourceId> {
        self.sets.iter().filter(move |s| s.name().eq_ignore_ascii_case(name) || s.as_str().eq_ignore_ascii_case(name))
    }

    /// The copy of an id that the estate holds, where it holds one spelled the same.
    pub fn own(&self, id: ResourceId) -> ResourceId {
        self.ids.own(id)
    }

    /// Takes in what a listing found.
    pub fn take(&mut self, found: discover::Found) {
        use discover::Found;
        self.generation += 1;
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
                list.iter_mut().for_each(|lb| lb.share(&mut self.ids));
                list.sort_by(|a, b| a.name().cmp(b.name()));
                if let Some(slot) = self.slot(&subscription) {
                    slot.load_balancers = list;
                }
            }
            Found::LoadBalancer(mut fresh) => {
                fresh.share(&mut self.ids);
                if let Some(slot) = self.slot(fresh.id.subscription()) {
                    match slot.load_balancers.iter_mut().find(|lb| lb.id == fresh.id) {
                        Some(old) => *old = fresh,
                        None => slot.load_balancers.push(fresh),
                    }
                }
            }
            Found::Nics { replaces, mut list } => {
                list.iter_mut().for_each(|nic| nic.share(&mut self.ids));
                self.nics.retain(|id, _| !replaces.covers(id));
                self.nics.extend(list.into_iter().map(|n| (n.id.clone(), n)));
            }
            Found::Machines { replaces, mut list } => {
                list.iter_mut().for_each(|machine| self.ids.share(&mut machine.id));
                self.machines.retain(|id, _| !replaces.covers(id));
                self.machines.extend(list.into_iter().map(|m| (m.id.clone(), m)));
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
            }
        }
    }

    fn slot(&mut self, subscription: &str) -> Option<&mut Subscription> {
        self.subscriptions.iter_mut().find(|s| s.id.eq_ignore_ascii_case(subscription))
    }
}
