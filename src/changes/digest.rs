//! What a plan asks of a NIC or of a machine, read when the document arrives.
//!
//! A document is at hand when it has just been parsed. Ten thousand of them fit no processor's cache:
//! a plan that went through their JSON waited for memory most of its time. What nearly every NIC has one of lies
//! within, and words are shared, so that a NIC is read in one place. Made by `documents`; read
//! through `facts`.

use std::sync::Arc;

use smallvec::SmallVec;

use crate::arm::{Document, ResourceId, SharedIds};
use crate::azure::fields::text;
use crate::azure::ip_config::{Family, IpConfigOwner};
use crate::azure::network_interface::NetworkInterface;
use crate::azure::virtual_machine::{self, VirtualMachine};

/// What is read of a document ahead of the plan.
#[derive(Debug, Clone)]
pub(super) enum Digest {
    /// A NIC's, of a machine or of an instance.
    Nic(NicDigest),
    /// A machine's.
    Machine(MachineDigest),
    /// There are few of the others in a plan.
    None,
}

/// What a plan asks of a NIC.
#[derive(Debug, Clone)]
pub(super) struct NicDigest {
    /// Its id.
    pub(super) id: ResourceId,
    /// Its subscription, in lower case.
    pub(super) subscription: Arc<str>,
    /// Its ip configurations.
    pub(super) configs: SmallVec<[ConfigDigest; 1]>,
    /// Its region.
    pub(super) location: Option<Arc<str>>,
    /// How its last write ended.
    pub(super) provisioning_state: Option<Arc<str>>,
    /// Its machine.
    pub(super) machine: Option<ResourceId>,
    /// The document that a change of it writes: itself, or its instance.
    pub(super) written: Option<ResourceId>,
    /// The Uniform scale set whose instance it is of.
    pub(super) set: Option<ResourceId>,
}

/// What a plan asks of an ip configuration.
#[derive(Debug, Clone)]
pub(super) struct ConfigDigest {
    /// Its id.
    pub(super) id: Option<ResourceId>,
    /// IPv4 or IPv6.
    pub(super) family: Family,
    /// Its virtual network.
    pub(super) network: Option<ResourceId>,
    /// The pools it refers to.
    pub(super) pools: SmallVec<[ResourceId; 1]>,
}

/// What a plan asks of a machine.
#[derive(Debug, Clone)]
pub(super) struct MachineDigest {
    /// What it does: `running`. `None` where nothing tells.
    pub(super) power: Option<Arc<str>>,
    /// Its availability set.
    pub(super) availability_set: Option<ResourceId>,
}

impl Digest {
    /// Reads a document.
    pub(super) fn of(document: &Document, ids: &SharedIds) -> Self {
        let nic = NetworkInterface(document.body());
        if nic.ip_configs().next().is_some() {
            return Self::Nic(NicDigest::of(document, nic, ids));
        }
        if document.id().is_type(virtual_machine::TYPE) {
            let machine = VirtualMachine(document.body());
            let set = text(machine.0, "/properties/availabilitySet/id");
            return Self::Machine(MachineDigest {
                power: machine.power_state().map(|word| shared(word, ids)),
                availability_set: set.and_then(|set| ids.get(set)),
            });
        }
        Self::None
    }
}

impl NicDigest {
    fn of(document: &Document, nic: NetworkInterface<'_>, ids: &SharedIds) -> Self {
        let configs = nic.ip_configs().map(|c| ConfigDigest {
            id: text(c.0, "/id").and_then(|id| ids.get(id)),
            family: c.family(),
            network: text(c.0, "/properties/subnet/id").and_then(|subnet| network_of(subnet, ids)),
            pools: c.pool_texts().filter_map(|pool| ids.get(pool)).collect(),
        });
        let configs: SmallVec<[ConfigDigest; 1]> = configs.collect();
        let (written, set) = match configs.iter().find_map(|c| IpConfigOwner::of(c.id.as_ref()?)) {
            Some(IpConfigOwner::Nic { nic, .. }) => (Some(nic), None),
            Some(IpConfigOwner::Instance { set, instance, .. }) => (Some(instance), Some(set)),
            None => (None, None),
        };
        Self {
            id: document.id().clone(),
            subscription: shared(&document.id().subscription().to_ascii_lowercase(), ids),
            configs,
            written,
            set,
            location: nic.location().map(|word| shared(word, ids)),
            provisioning_state: document.provisioning_state().map(|word| shared(word, ids)),
            machine: text(nic.0, "/properties/virtualMachine/id").and_then(|id| ids.get(id)),
        }
    }
}

/// A word of which there are few in all documents: one text for all.
fn shared(word: &str, ids: &SharedIds) -> Arc<str> {
    let mut word = word.into();
    ids.share_word(&mut word);
    word
}

/// A subnet's network.
fn network_of(subnet: &str, ids: &SharedIds) -> Option<ResourceId> {
    let end = subnet.rmatch_indices('/').nth(1)?.0;
    ids.get(subnet.get(..end)?)
}
