//! The estate under simulation: documents, their ETags, and the membership derived from them.
//!
//! A pool's `backendIPConfigurations` are never stored truth: they come from the NICs and
//! instances that refer to the pool, plus ghosts that the estate file named and nobody owns.
//! A member counts from the moment its write is accepted, and until the write that removes it has
//! ended: the view on which an exclusive pool must never show two.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Value, json};

use super::clock::SimTime;
use super::estate_file::EstateError;
use super::history::History;
use super::shelf::Shelf;
use crate::arm::id::ResourceId;

/// A document's key: its id with case folded.
pub(super) type Key = String;

pub(super) const LOAD_BALANCER: &str = "microsoft.network/loadbalancers";
pub(super) const NIC: &str = "microsoft.network/networkinterfaces";
pub(super) const VM: &str = "microsoft.compute/virtualmachines";
pub(super) const SCALE_SET: &str = "microsoft.compute/virtualmachinescalesets";
pub(super) const INSTANCE: &str = "microsoft.compute/virtualmachinescalesets/virtualmachines";
pub(super) const INSTANCE_NIC: &str = "microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces";
pub(super) const LOCK: &str = "microsoft.authorization/locks";

/// The arrays of a load balancer's children, with the child's type segment.
pub(super) const CHILDREN: [&str; 7] = [
    "frontendIPConfigurations",
    "backendAddressPools",
    "loadBalancingRules",
    "probes",
    "inboundNatRules",
    "outboundRules",
    "inboundNatPools",
];

#[derive(Debug, Default)]
pub(super) struct Store {
    documents: Shelf,
    /// Keys by subscription and type, in the order of the file.
    order: BTreeMap<(String, String), Vec<Key>>,
    groups: HashSet<(String, String)>,
    pub(super) members: HashMap<Key, Vec<String>>,
    /// Since when a member is in a pool; absent means since ever.
    pub(super) joined: HashMap<(Key, Key), SimTime>,
    /// Since when a machine is in its power state; absent means since ever.
    pub(super) changed: HashMap<Key, SimTime>,
    stale: HashSet<Key>,
    pub(super) history: History,
}

impl Store {
    pub(super) fn load(
        documents: impl IntoIterator<Item = Value>,
        chance: &mut fastrand::Rng,
    ) -> Result<Self, EstateError> {
        let mut store = Self::default();
        let mut joins = Vec::new();
        for (index, mut body) in documents.into_iter().enumerate() {
            let bad = |field: &str, cause: String| EstateError::BadDocument {
                file: "estate".to_owned(),
                index,
                field: field.to_owned(),
                cause,
            };
            let id = body.get("id").and_then(Value::as_str).ok_or_else(|| bad("id", "it is missing".to_owned()))?;
            let id = ResourceId::parse(id).map_err(|e| bad("id", e.to_string()))?;
            if body.get("etag").and_then(Value::as_str).is_none()
                && id.resource_type().to_ascii_lowercase().starts_with("microsoft.network/")
                && let Some(object) = body.as_object_mut()
            {
                object.insert("etag".to_owned(), json!(network_etag(chance)));
            }
            let kind = id.resource_type().to_ascii_lowercase();
            if kind == NIC || kind == INSTANCE_NIC {
                joins.extend(pools_of_nic(&body));
            }
            store.insert(&id, body);
        }
        store.derive_members(joins);
        Ok(store)
    }

    fn derive_members(&mut self, joins: Vec<(Key, String)>) {
        for (pool, ip_config) in joins {
            self.members.entry(pool).or_default().push(ip_config);
        }
        let mut ghosts = Vec::new();
        for lb in self.keys_of_type(LOAD_BALANCER) {
            for pool in children(self.documents.get(&lb), "backendAddressPools") {
                let Some(pool_key) = key_of(pool) else { continue };
                for id in array(pool, "/properties/backendIPConfigurations").iter().filter_map(|v| str_at(v, "/id")) {
                    let nic = ResourceId::parse(id).ok().and_then(|i| i.parent()).map(|n| n.folded());
                    if nic.is_some_and(|n| !self.documents.contains(&n)) {
                        ghosts.push((pool_key.clone(), id.to_owned()));
                    }
                }
            }
            self.stale.insert(lb);
        }
        for (pool, ip_config) in ghosts {
            self.members.entry(pool).or_default().push(ip_config);
        }
        let now: Vec<_> = self.members.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        for (pool, members) in now {
            self.history.record(SimTime::ZERO, &pool, &members);
        }
        for lb in self.keys_of_type(LOAD_BALANCER) {
            let addresses: Vec<(Key, Vec<String>)> = children(self.documents.get(&lb), "backendAddressPools")
                .iter()
                .filter_map(|p| Some((key_of(p)?, address_members(p))))
                .filter(|(_, a)| !a.is_empty())
                .collect();
            for (pool, members) in addresses {
                self.history.record(SimTime::ZERO, &pool, &members);
            }
        }
    }

    /// Adds or replaces a document.
    pub(super) fn insert(&mut self, id: &ResourceId, body: Value) {
        let key = id.folded();
        if let Some(group) = id.resource_group() {
            self.groups.insert((id.subscription().to_ascii_lowercase(), group.to_ascii_lowercase()));
        }
        if self.documents.insert(&key, &body) {
            let kind = id.resource_type().to_ascii_lowercase();
            self.order.entry((id.subscription().to_ascii_lowercase(), kind)).or_default().push(key);
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.documents.remove(key);
        for keys in self.order.values_mut() {
            keys.retain(|k| k != key);
        }
    }

    /// Puts away what nobody looks at now.
    pub(super) fn tidy(&mut self) {
        self.documents.tidy();
    }

    pub(super) fn document(&self, key: &str) -> Option<&Value> {
        self.documents.get(key)
    }

    pub(super) fn document_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.documents.get_mut(key)
    }

    pub(super) fn documents(&mut self) -> Vec<Value> {
        self.refresh_all();
        let keys: Vec<Key> = self.order.values().flatten().cloned().collect();
        keys.iter().filter_map(|k| self.documents.get(k).cloned()).collect()
    }

    pub(super) fn keys(&self, subscription: &str, kind: &str) -> &[Key] {
        self.order.get(&(subscription.to_ascii_lowercase(), kind.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// The keys of a type below a key, which names the subscription.
    pub(super) fn below(&self, parent: &str, kind: &str) -> Vec<Key> {
        let subscription = parent.split('/').nth(2).unwrap_or_default();
        let prefix = format!("{parent}/");
        self.keys(subscription, kind).iter().filter(|k| k.starts_with(&prefix)).cloned().collect()
    }

    pub(super) fn keys_of_type(&self, kind: &str) -> Vec<Key> {
        self.order.iter().filter(|((_, k), _)| k == kind).flat_map(|(_, keys)| keys.clone()).collect()
    }

    /// The subscriptions: those with a document of their own, and those that ids mention.
    pub(super) fn subscriptions(&self) -> Vec<Value> {
        let names: std::collections::BTreeSet<&String> = self.order.keys().map(|(s, _)| s).collect();
        names
            .into_iter()
            .map(|s| {
                self.documents.get(&format!("/subscriptions/{s}")).cloned().unwrap_or_else(|| {
                    json!({ "id": format!("/subscriptions/{s}"), "subscriptionId": s, "displayName": s,
                        "state": "Enabled", "tenantId": super::token::TENANT })
                })
            })
            .collect()
    }

    pub(super) fn has_subscription(&self, subscription: &str) -> bool {
        self.order.keys().any(|(s, _)| s.eq_ignore_ascii_case(subscription))
    }

    pub(super) fn has_group(&self, subscription: &str, group: &str) -> bool {
        self.groups.contains(&(subscription.to_ascii_lowercase(), group.to_ascii_lowercase()))
    }

    pub(super) fn groups(&self, subscription: &str) -> Vec<Value> {
        let mut names: Vec<&String> =
            self.groups.iter().filter(|(s, _)| s.eq_ignore_ascii_case(subscription)).map(|(_, g)| g).collect();
        names.sort();
        names
            .into_iter()
            .map(|g| {
                let key = format!("/subscriptions/{}/resourcegroups/{g}", subscription.to_ascii_lowercase());
                self.documents.get(&key).cloned().unwrap_or_else(|| {
                    json!({ "id": format!("/subscriptions/{subscription}/resourceGroups/{g}"), "name": g,
                        "type": "Microsoft.Resources/resourceGroups", "location": "westeurope",
                        "properties": { "provisioningState": "Succeeded" } })
                })
            })
            .collect()
    }

    /// The level and name of a lock on a resource or on what it lies in.
    pub(super) fn lock_on(&self, id: &ResourceId) -> Option<(String, String)> {
        self.keys(id.subscription(), LOCK).iter().find_map(|key| {
            let lock = self.documents.get(key)?;
            let scope = key.split("/providers/microsoft.authorization/").next()?;
            let scope = ResourceId::parse(scope).ok()?;
            id.is_within(&scope)
                .then(|| (str_at(lock, "/properties/level").unwrap_or("ReadOnly").to_owned(), scope.to_string()))
        })
    }

    pub(super) fn etag(&self, key: &str) -> Option<&str> {
        self.documents.get(key).and_then(|d| str_at(d, "/etag"))
    }

    /// Gives a document a new ETag. A Network parent's children share it.
    pub(super) fn bump(&mut self, key: &str, chance: &mut fastrand::Rng) {
        let Some(body) = self.documents.get_mut(key) else { return };
        if key.contains("/providers/microsoft.compute/") && !key.contains("/networkinterfaces/") {
            let current = str_at(body, "/etag").and_then(|e| e.trim_matches('"').parse::<u64>().ok()).unwrap_or(0);
            if let Some(object) = body.as_object_mut() {
                object.insert("etag".to_owned(), json!(format!("\"{}\"", current + 1)));
            }
            return;
        }
        let tag = json!(network_etag(chance));
        for pointer in CHILDREN.iter().copied().chain(["ipConfigurations", "subnets"]) {
            let list = body.pointer_mut(&format!("/properties/{pointer}")).and_then(Value::as_array_mut);
            for child in list.into_iter().flatten().filter_map(Value::as_object_mut) {
                child.insert("etag".to_owned(), tag.clone());
            }
        }
        if let Some(object) = body.as_object_mut() {
            object.insert("etag".to_owned(), tag);
        }
    }

    /// Sets `properties.provisioningState`.
    pub(super) fn set_state(&mut self, key: &str, state: &str) {
        let properties = self.documents.get_mut(key).and_then(|d| d.get_mut("properties"));
        if let Some(object) = properties.and_then(Value::as_object_mut) {
            object.insert("provisioningState".to_owned(), json!(state));
        }
    }

    /// A member is in from now on.
    pub(super) fn join(&mut self, pool: &str, ip_config: &str, now: SimTime) {
        let list = self.members.entry(pool.to_owned()).or_default();
        if !list.iter().any(|m| m.eq_ignore_ascii_case(ip_config)) {
            list.push(ip_config.to_owned());
            self.joined.insert((pool.to_owned(), ip_config.to_ascii_lowercase()), now);
        }
        self.membership_changed(pool, now);
    }

    /// A member is out, unless its document refers to the pool again by now.
    pub(super) fn leave(&mut self, pool: &str, ip_config: &str, now: SimTime) {
        let nic = ResourceId::parse(ip_config).ok().and_then(|i| i.parent()).map(|n| n.folded());
        let still = nic
            .and_then(|n| self.documents.get(&n))
            .is_some_and(|nic| pools_of_nic(nic).any(|(p, c)| p == pool && c.eq_ignore_ascii_case(ip_config)));
        if still {
            return;
        }
        if let Some(list) = self.members.get_mut(pool) {
            list.retain(|m| !m.eq_ignore_ascii_case(ip_config));
        }
        self.joined.remove(&(pool.to_owned(), ip_config.to_ascii_lowercase()));
        self.membership_changed(pool, now);
    }

    fn membership_changed(&mut self, pool: &str, now: SimTime) {
        if let Some((lb, _)) = pool.rsplit_once("/backendaddresspools/") {
            self.stale.insert(lb.to_owned());
        }
        let members = self.members.get(pool).cloned().unwrap_or_default();
        self.history.record(now, pool, &members);
    }

    /// Records an IP pool's members after a write.
    pub(super) fn record_addresses(&mut self, pool: &Value, now: SimTime) {
        if let Some(key) = key_of(pool) {
            self.history.record(now, &key, &address_members(pool));
        }
    }

    /// Writes the derived arrays of a load balancer's pools where they are stale.
    pub(super) fn refresh(&mut self, lb: &str) {
        if !self.stale.remove(lb) {
            return;
        }
        let Some(pools) = self
            .documents
            .get_mut(lb)
            .and_then(|d| d.pointer_mut("/properties/backendAddressPools"))
            .and_then(Value::as_array_mut)
        else {
            return;
        };
        for pool in pools {
            let Some(key) = key_of(pool) else { continue };
            derive(pool, self.members.get(&key).map_or(&[], Vec::as_slice));
        }
    }

    fn refresh_all(&mut self) {
        for lb in self.stale.clone() {
            self.refresh(&lb);
        }
    }

    /// Marks a load balancer's derived arrays as stale.
    pub(super) fn touch(&mut self, lb: &str) {
        self.stale.insert(lb.to_owned());
    }

    /// The machine behind a NIC's document: a VM or an instance, and its key.
    pub(super) fn machine_of(&self, nic: &Value) -> Option<(Key, Option<&Value>)> {
        let key = str_at(nic, "/properties/virtualMachine/id")?.to_ascii_lowercase();
        let body = self.documents.get(&key);
        Some((key, body))
    }

    /// The NIC of an ip configuration.
    pub(super) fn nic_of(&self, ip_config: &str) -> Option<&Value> {
        let nic = ResourceId::parse(ip_config).ok()?.parent()?;
        self.documents.get(&nic.folded())
    }
}

/// Writes a pool's derived arrays from its members.
fn derive(pool: &mut Value, members: &[String]) {
    let is_ip = pool.pointer("/properties/virtualNetwork").is_some()
        || array(pool, "/properties/loadBalancerBackendAddresses").iter().any(|a| {
            a.pointer("/properties/ipAddress").is_some()
                || a.pointer("/properties/loadBalancerFrontendIPConfiguration").is_some()
        });
    let old: HashMap<String, Value> = array(pool, "/properties/loadBalancerBackendAddresses")
        .iter()
        .filter_map(|a| {
            Some((str_at(a, "/properties/networkInterfaceIPConfiguration/id")?.to_ascii_lowercase(), a.clone()))
        })
        .collect();
    let Some(properties) = pool.get_mut("properties").and_then(Value::as_object_mut) else { return };
    if members.is_empty() {
        properties.remove("backendIPConfigurations");
        if !is_ip {
            properties.insert("loadBalancerBackendAddresses".to_owned(), json!([]));
        }
        return;
    }
    let ids: Vec<Value> = members.iter().map(|m| json!({ "id": m })).collect();
    properties.insert("backendIPConfigurations".to_owned(), Value::Array(ids));
    if is_ip {
        return;
    }
    let addresses = members
        .iter()
        .map(|m| {
            old.get(&m.to_ascii_lowercase()).cloned().unwrap_or_else(
                || json!({ "name": entry_name(m), "properties": { "networkInterfaceIPConfiguration": { "id": m } } }),
            )
        })
        .collect();
    properties.insert("loadBalancerBackendAddresses".to_owned(), Value::Array(addresses));
}

/// The name that ARM gives a NIC pool's entry: group, NIC and ip configuration run together.
fn entry_name(ip_config: &str) -> String {
    ResourceId::parse(ip_config)
        .map(|id| {
            let nic = id.segment("networkInterfaces").unwrap_or_default();
            match id.segment("virtualMachineScaleSets") {
                Some(set) => {
                    format!("{set}_{}_{nic}{}", id.segment("virtualMachines").unwrap_or_default(), id.name())
                }
                None => format!("{}_{nic}{}", id.resource_group().unwrap_or_default(), id.name()),
            }
        })
        .unwrap_or_default()
}

/// The members of an IP pool, as the history shows them.
pub(super) fn address_members(pool: &Value) -> Vec<String> {
    array(pool, "/properties/loadBalancerBackendAddresses")
        .iter()
        .filter_map(|a| {
            str_at(a, "/properties/ipAddress")
                .or_else(|| str_at(a, "/properties/loadBalancerFrontendIPConfiguration/id"))
        })
        .map(str::to_owned)
        .collect()
}

/// The pools that a NIC's document refers to: pool key and ip configuration id.
pub(super) fn pools_of_nic(nic: &Value) -> impl Iterator<Item = (Key, String)> {
    array(nic, "/properties/ipConfigurations").iter().flat_map(|c| {
        let id = str_at(c, "/id").unwrap_or_default();
        array(c, "/properties/loadBalancerBackendAddressPools")
            .iter()
            .filter_map(|p| str_at(p, "/id"))
            .map(move |p| (p.to_ascii_lowercase(), id.to_owned()))
    })
}

pub(super) fn network_etag(chance: &mut fastrand::Rng) -> String {
    format!("W/\"{}\"", guid(chance))
}

pub(super) fn guid(chance: &mut fastrand::Rng) -> String {
    let (a, b) = (chance.u64(..), chance.u64(..));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | (b >> 48 & 0x3fff),
        b & 0xffff_ffff_ffff
    )
}

pub(super) fn children<'a>(parent: Option<&'a Value>, kind: &str) -> &'a [Value] {
    parent.map_or(&[], |p| array(p, &format!("/properties/{kind}")))
}

pub(super) fn array<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub(super) fn str_at<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

pub(super) fn key_of(value: &Value) -> Option<Key> {
    str_at(value, "/id").map(str::to_ascii_lowercase)
}
