//! Replaces names, ids and addresses in exported documents, each by the same stand-in everywhere.
//!
//! What may stay is listed; every other text is replaced. A field that is not known here is therefore
//! replaced too: it may make a document less telling, and never makes it tell too much.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value;

/// Fields whose texts are Azure's own words, not the owner's.
const KEPT: [&str; 65] = [
    "type",
    "location",
    "provisioningState",
    "tier",
    "protocol",
    "privateIPAllocationMethod",
    "privateIPAddressVersion",
    "publicIPAllocationMethod",
    "publicIPAddressVersion",
    "adminState",
    "loadDistribution",
    "orchestrationMode",
    "mode",
    "code",
    "level",
    "displayStatus",
    "state",
    "kind",
    "nicType",
    "access",
    "direction",
    "vmSize",
    "osType",
    "createOption",
    "caching",
    "storageAccountType",
    "deleteOption",
    "modelDefinitionApplied",
    "zones",
    "etag",
    "noHealthyBackendsBehavior",
    "syncMode",
    "licenseType",
    "priority",
    "evictionPolicy",
    "hyperVGeneration",
    "publisher",
    "offer",
    "version",
    "exactVersion",
    "networkApiVersion",
    "auxiliaryMode",
    "auxiliarySku",
    "orchestrationServiceState",
    "privateEndpointNetworkPolicies",
    "privateLinkServiceNetworkPolicies",
    "privateEndpointVNetPolicies",
    "protectionMode",
    "patchMode",
    "assessmentMode",
    "migrationPhase",
    "sourcePortRange",
    "destinationPortRange",
    "sourcePortRanges",
    "destinationPortRanges",
    "instanceId",
    "timeCreated",
    "time",
    "securityType",
    "extendedLocation",
    "spotRestorePolicy",
    "repairAction",
    "reason",
    "timeStamp",
    "unit",
];

/// What stand-ins are called, by the type of what they stand for.
const STAND_INS: [(&str, &str); 17] = [
    ("resourceGroups", "rg"),
    ("loadBalancers", "lb"),
    ("backendAddressPools", "pool"),
    ("frontendIPConfigurations", "frontend"),
    ("loadBalancingRules", "rule"),
    ("inboundNatRules", "nat"),
    ("outboundRules", "outbound"),
    ("probes", "probe"),
    ("networkInterfaces", "nic"),
    ("ipConfigurations", "ipconfig"),
    ("virtualMachines", "vm"),
    ("virtualMachineScaleSets", "set"),
    ("virtualNetworks", "vnet"),
    ("subnets", "subnet"),
    ("publicIPAddresses", "address"),
    ("networkSecurityGroups", "nsg"),
    ("text", "text"),
];

/// Stand-ins given so far.
#[derive(Debug, Default)]
pub struct Redactor {
    names: HashMap<String, String>,
    counts: HashMap<String, usize>,
    guids: HashMap<String, String>,
    addresses: HashMap<IpAddr, IpAddr>,
    /// What each stand-in stands for.
    real: HashMap<String, String>,
}

impl Redactor {
    /// Replaces in one document. Give the documents of one export to one redactor.
    pub fn document(&mut self, document: &mut Value) {
        // The id first: it tells what kind of thing a name is of.
        if let Some(id) = document.get("id").and_then(Value::as_str) {
            let _ = self.path(id);
        }
        self.value(document, "", "");
    }

    fn value(&mut self, value: &mut Value, key: &str, parent: &str) {
        match value {
            Value::Object(object) => {
                if key == "tags" {
                    self.tags(object);
                    return;
                }
                for (name, inner) in object.iter_mut() {
                    self.value(inner, name, key);
                }
            }
            Value::Array(list) => {
                for inner in list {
                    self.value(inner, key, parent);
                }
            }
            Value::String(text) => *text = self.text(text, key, parent),
            _ => {}
        }
    }

    fn text(&mut self, text: &str, key: &str, parent: &str) -> String {
        if text.starts_with("/subscriptions/") || text.starts_with("/tenants/") {
            return self.path(text);
        }
        // A SKU's name and an image's are Azure's; so is the table of kept fields.
        // So is a metric's name, which is a value of its own.
        let metric = parent == "name" && (key == "value" || key == "localizedValue");
        if KEPT.contains(&key) || parent == "sku" || key == "sku" || metric {
            return text.to_owned();
        }
        if let Some(stand_in) = self.address(text) {
            return stand_in;
        }
        if is_guid(text) {
            return self.guid(text);
        }
        // Service tags and wildcards of security rules.
        if ["*", "VirtualNetwork", "AzureLoadBalancer", "Internet", "Any", ""].contains(&text) {
            return text.to_owned();
        }
        match key {
            "name" | "displayName" | "computerName" | "computerNamePrefix" => self.name(text, "name"),
            _ => self.name(text, "text"),
        }
    }

    /// An id, segment by segment: types stay, names and subscriptions do not.
    fn path(&mut self, path: &str) -> String {
        let parts: Vec<&str> = path.split('/').collect();
        let mut out: Vec<String> = Vec::with_capacity(parts.len());
        let mut kind = "";
        for (at, part) in parts.iter().enumerate() {
            // The first is empty; then types and names in turn.
            if at == 0 || at % 2 == 1 {
                kind = part;
                out.push((*part).to_owned());
            } else if kind.eq_ignore_ascii_case("providers") {
                out.push((*part).to_owned());
            } else if is_guid(part) {
                out.push(self.guid(part));
            } else if part.bytes().all(|b| b.is_ascii_digit()) {
                // An instance's number.
                out.push((*part).to_owned());
            } else {
                out.push(self.name(part, kind));
            }
        }
        out.join("/")
    }

    fn name(&mut self, name: &str, kind: &str) -> String {
        let folded = name.to_ascii_lowercase();
        if let Some(known) = self.names.get(&folded) {
            return known.clone();
        }
        // `set_3` of a set that is known: the instance of its stand-in.
        if let Some((set, number)) = folded.rsplit_once('_')
            && let Some(known) = self.names.get(set).filter(|_| number.bytes().all(|b| b.is_ascii_digit()))
        {
            return format!("{known}_{number}");
        }
        let prefix = STAND_INS.iter().find(|(k, _)| k.eq_ignore_ascii_case(kind)).map_or("name", |(_, prefix)| prefix);
        let count = self.counts.entry(prefix.to_owned()).or_default();
        *count += 1;
        let stand_in = format!("{prefix}-{count}");
        self.names.insert(folded, stand_in.clone());
        self.real.insert(stand_in.clone(), name.to_owned());
        stand_in
    }

    /// A link of the resource manager: its path replaced, the rest as it was.
    pub(super) fn link(&mut self, link: &str) -> String {
        let Some((head, path, query)) = parts(link) else { return self.name(link, "text") };
        format!("{head}{}{query}", self.path(path))
    }

    /// The address that a stand-in's address stands for.
    pub(super) fn unredacted(&self, link: &str) -> String {
        let Some((head, path, query)) = parts(link) else { return link.to_owned() };
        let real = |part: &str| {
            if let Some(real) = self.real.get(part) {
                return real.clone();
            }
            // An instance's name: its set's, and a number.
            match part.rsplit_once('_').and_then(|(set, number)| Some((self.real.get(set)?, number))) {
                Some((set, number)) => format!("{set}_{number}"),
                None => part.to_owned(),
            }
        };
        let path: Vec<String> = path.split('/').map(real).collect();
        format!("{head}{}{query}", path.join("/"))
    }

    /// A subscription given by id or name.
    pub(super) fn subscription(&mut self, given: &str) -> String {
        if is_guid(given) { self.guid(given) } else { self.name(given, "name") }
    }

    /// A pool given as `LB/POOL`, or an id.
    pub(super) fn selector(&mut self, given: &str) -> String {
        match given.split_once('/') {
            _ if given.starts_with('/') => self.path(given),
            Some((lb, pool)) => {
                format!("{}/{}", self.name(lb, "loadBalancers"), self.name(pool, "backendAddressPools"))
            }
            None => self.name(given, "backendAddressPools"),
        }
    }

    fn guid(&mut self, guid: &str) -> String {
        let next = self.guids.len() + 1;
        let stand_in = self
            .guids
            .entry(guid.to_ascii_lowercase())
            .or_insert_with(|| format!("00000000-0000-0000-0000-{next:012x}"))
            .clone();
        self.real.entry(stand_in.clone()).or_insert_with(|| guid.to_owned());
        stand_in
    }

    /// An address or a range; the family and the length of the range stay.
    fn address(&mut self, text: &str) -> Option<String> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let next = u32::try_from(self.addresses.len() + 1).unwrap_or(u32::MAX);
        let stand_in = *self.addresses.entry(address).or_insert_with(|| match address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 0, 0)).saturating_add(next))),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from((0xfd00_u128 << 112) + u128::from(next))),
        });
        Some(length.map_or_else(|| stand_in.to_string(), |l| format!("{stand_in}/{l}")))
    }

    /// Tags go, but for those that azlb itself reads: which pools are exclusive, what a guest answers.
    fn tags(&mut self, tags: &mut serde_json::Map<String, Value>) {
        let old = std::mem::take(tags);
        for (name, value) in old {
            let text = value.as_str().unwrap_or_default().to_owned();
            let kept = if name.eq_ignore_ascii_case(super::summary::EXCLUSIVE_TAG) {
                let pools: Vec<String> = text.split(',').map(|p| self.name(p.trim(), "backendAddressPools")).collect();
                (name, pools.join(","))
            } else if name.eq_ignore_ascii_case("azlb-sim-probe") {
                (name, text)
            } else {
                (self.name(&name, "tag"), self.name(&text, "text"))
            };
            tags.insert(kept.0, Value::String(kept.1));
        }
    }
}

/// Scheme and host, path, query.
fn parts(link: &str) -> Option<(&str, &str, &str)> {
    let host = link.find("://")? + 3;
    let path = host + link.get(host..)?.find('/')?;
    let query = link.find('?').unwrap_or(link.len());
    Some((link.get(..path)?, link.get(path..query)?, link.get(query..)?))
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text
            .bytes()
            .enumerate()
            .all(|(at, b)| if [8, 13, 18, 23].contains(&at) { b == b'-' } else { b.is_ascii_hexdigit() })
}
