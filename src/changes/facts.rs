//! What a plan asks of the documents again and again, read from each of them once.
//!
//! A large plan's documents do not fit a processor's cache; five guards that each read them again
//! cost five times the memory traffic. Made by `plan`; read by the guards and by the assembly.

use std::collections::HashMap;

use super::edit::Edit;
use super::gather::Documents;
use crate::arm::ResourceId;
use crate::azure::ip_config::Family;
use crate::azure::network_interface::NetworkInterface;
use crate::azure::virtual_machine::VirtualMachine;

/// The NICs that edits name, and the pools that these are in or come to be in.
pub(super) struct Facts<'a> {
    nics: HashMap<ResourceId, usize>,
    read: Vec<Nic<'a>>,
    pools: HashMap<ResourceId, PoolFacts>,
    configs: HashMap<&'a ResourceId, Place>,
}

/// Where an edited ip configuration is: its NIC among those read, and its own place there.
#[derive(Clone, Copy)]
struct Place {
    nic: Option<usize>,
    config: Option<usize>,
}

/// A NIC, of a machine or of an instance.
pub(super) struct Nic<'a> {
    /// Its id.
    pub(super) id: ResourceId,
    /// Its ip configurations.
    pub(super) configs: Vec<Config<'a>>,
    /// Its region.
    pub(super) location: Option<&'a str>,
    /// How its last write ended.
    pub(super) provisioning_state: Option<&'a str>,
    /// What its machine does: `running`. `None` where nothing tells.
    pub(super) power: Option<&'a str>,
    /// Its machine's availability set.
    pub(super) availability_set: Option<ResourceId>,
}

/// An ip configuration.
pub(super) struct Config<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// IPv4 or IPv6.
    pub(super) family: Family,
    /// Its virtual network.
    pub(super) network: Option<ResourceId>,
    /// The pools it refers to.
    pub(super) pools: Vec<ResourceId>,
    /// The edits of it.
    pub(super) edits: Vec<&'a Edit>,
}

/// A pool's load balancer, as far as it matters to one member.
pub(super) struct PoolFacts {
    /// Whether the load balancer is Basic.
    pub(super) basic: bool,
    /// How many rules send to the pool.
    pub(super) rules: usize,
    /// The backend ports and protocols of those without floating IP.
    pub(super) ports: Vec<(u64, String)>,
}

impl<'a> Facts<'a> {
    /// Reads what these edits concern.
    pub(super) fn read(edits: &'a [Edit], documents: &'a Documents) -> Self {
        let mut facts = Self { nics: HashMap::new(), read: Vec::new(), pools: HashMap::new(), configs: HashMap::new() };
        for edit in edits {
            facts.read_pool(edit.pool(), documents);
            let (Edit::JoinPool { ip_config, .. } | Edit::LeavePool { ip_config, .. }) = edit else { continue };
            let place = match facts.configs.get(ip_config) {
                Some(place) => *place,
                None => facts.read_config(ip_config, documents),
            };
            if let Some(config) = place.of(&mut facts.read) {
                config.edits.push(edit);
            }
        }
        facts
    }

    fn read_config(&mut self, ip_config: &'a ResourceId, documents: &'a Documents) -> Place {
        let nic = ip_config.parent().and_then(|id| self.read_nic(id, documents));
        let read = nic.and_then(|n| self.read.get(n));
        let config = read.and_then(|n| n.configs.iter().position(|c| c.name.eq_ignore_ascii_case(ip_config.name())));
        let place = Place { nic, config };
        self.configs.insert(ip_config, place);
        place
    }

    fn read_nic(&mut self, id: ResourceId, documents: &'a Documents) -> Option<usize> {
        if let Some(known) = self.nics.get(&id) {
            return Some(*known);
        }
        let nic = Nic::read(documents.get(&id)?, documents);
        nic.configs.iter().flat_map(|c| &c.pools).for_each(|pool| self.read_pool(pool, documents));
        self.read.push(nic);
        self.nics.insert(id, self.read.len() - 1);
        Some(self.read.len() - 1)
    }

    fn read_pool(&mut self, pool: &ResourceId, documents: &Documents) {
        if self.pools.contains_key(pool) {
            return;
        }
        let Some(lb) = documents.load_balancer(pool) else { return };
        let fixed = lb.rules_of(pool).filter(|r| !r.floating_ip());
        let facts = PoolFacts {
            basic: lb.sku().eq_ignore_ascii_case("Basic"),
            rules: lb.rules_of(pool).count(),
            ports: fixed.map(|r| (r.backend_port(), r.protocol().to_ascii_lowercase())).collect(),
        };
        self.pools.insert(pool.clone(), facts);
    }

    /// The NICs of which something joins a pool, with the name that people know, in the order of the
    /// edits: what lies side by side is read side by side.
    pub(super) fn joining(&self) -> impl Iterator<Item = (&Nic<'a>, &'a str)> {
        self.read.iter().filter_map(|nic| {
            let mut edits = nic.configs.iter().flat_map(|c| &c.edits);
            edits.find(|e| e.joins().is_some()).map(|e| (nic, e.name()))
        })
    }

    /// The ip configurations that are edited and there, in the order of the edits.
    pub(super) fn edited(&self) -> impl Iterator<Item = (&'a ResourceId, &Config<'a>)> {
        self.read.iter().flat_map(|nic| &nic.configs).filter_map(|config| match config.edits.first() {
            Some(Edit::JoinPool { ip_config, .. } | Edit::LeavePool { ip_config, .. }) => Some((ip_config, config)),
            _ => None,
        })
    }

    /// A NIC by its id, where it was read.
    pub(super) fn nic(&self, id: &ResourceId) -> Option<&Nic<'a>> {
        self.read.get(*self.nics.get(id)?)
    }

    /// The NIC of an edited ip configuration, where it was read.
    pub(super) fn nic_of(&self, ip_config: &ResourceId) -> Option<&Nic<'a>> {
        self.read.get(self.configs.get(ip_config)?.nic?)
    }

    /// An edited ip configuration. `None` where there is no such one.
    pub(super) fn config(&self, ip_config: &ResourceId) -> Option<&Config<'a>> {
        let place = self.configs.get(ip_config)?;
        self.read.get(place.nic?)?.configs.get(place.config?)
    }

    /// A pool's facts, where its load balancer was read.
    pub(super) fn pool(&self, pool: &ResourceId) -> Option<&PoolFacts> {
        self.pools.get(pool)
    }
}

impl<'a> Nic<'a> {
    fn read(document: &'a crate::arm::Document, documents: &'a Documents) -> Self {
        let view = NetworkInterface(document.body());
        let configs = view.ip_configs().map(|c| Config {
            name: c.name(),
            family: c.family(),
            network: c.subnet().and_then(|s| s.parent()),
            pools: c.pools().collect(),
            edits: Vec::new(),
        });
        let vm = view.virtual_machine().and_then(|vm| documents.get(&vm)).map(|d| VirtualMachine(d.body()));
        Self {
            id: document.id().clone(),
            configs: configs.collect(),
            location: view.location(),
            provisioning_state: document.provisioning_state(),
            power: vm.and_then(|vm| vm.power_state()),
            availability_set: vm.and_then(|vm| vm.availability_set()),
        }
    }
}

impl Place {
    fn of<'n, 'a>(self, read: &'n mut [Nic<'a>]) -> Option<&'n mut Config<'a>> {
        read.get_mut(self.nic?)?.configs.get_mut(self.config?)
    }
}
