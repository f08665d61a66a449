//! Generated estates: as many load balancers and NICs as asked, always the same for a seed.

use std::str::FromStr;

use serde_json::{Value, json};

/// The size of a generated estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Subscriptions.
    pub subs: usize,
    /// Load balancers, over all subscriptions.
    pub lbs: usize,
    /// NICs, each with a VM, spread over the load balancers.
    pub nics: usize,
    /// Spreads the NICs over the load balancers by chance; 0 deals them out in turn.
    pub seed: u64,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut size = Self { subs: 1, lbs: 10, nics: 100, seed: 0 };
        for part in text.split(',').filter(|p| !p.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(|| format!("'{part}' is not key=number"))?;
            let number = value.parse::<usize>().map_err(|_| format!("'{value}' is not a number"))?;
            match key {
                "seed" => size.seed = number as u64,
                "subs" => size.subs = number,
                "lbs" => size.lbs = number,
                "nics" => size.nics = number,
                _ => return Err(format!("'{key}' is not known: use subs, lbs, nics, seed")),
            }
        }
        if size.subs == 0 || size.lbs < size.subs {
            return Err("there must be a subscription, and a load balancer in each".to_owned());
        }
        Ok(size)
    }
}

/// Makes the documents of an estate, one after the other: a large one need not be held twice. Every
/// load balancer has the pools `a` and `b`, a rule to each, and its share of the NICs in `a`.
pub fn estate(size: Size) -> impl Iterator<Item = Value> {
    let subscriptions = (0..size.subs).map(|s| {
        let id = subscription(s);
        json!({ "id": format!("/subscriptions/{id}"), "subscriptionId": id,
            "displayName": format!("Contoso {s:03}"), "state": "Enabled", "tenantId": super::token::TENANT })
    });
    let mut dealt: Vec<Vec<usize>> = vec![Vec::new(); size.lbs];
    let mut chance = fastrand::Rng::with_seed(size.seed);
    for nic in 0..size.nics {
        let lb = if size.seed == 0 { nic % size.lbs } else { chance.usize(0..size.lbs) };
        if let Some(members) = dealt.get_mut(lb) {
            members.push(nic);
        }
    }
    let balancers = dealt.into_iter().enumerate().flat_map(move |(lb, members)| {
        let sub = subscription(lb % size.subs);
        let last = load_balancer(&sub, lb, &members);
        let machines = members.into_iter().flat_map(move |nic| [nic_document(&sub, lb, nic), vm_document(&sub, nic)]);
        machines.chain(std::iter::once(last))
    });
    subscriptions.chain(balancers)
}

fn subscription(n: usize) -> String {
    format!("00000000-0000-0000-0000-{:012}", n + 1)
}

fn root(sub: &str) -> String {
    format!("/subscriptions/{sub}/resourceGroups/rg-gen/providers")
}

fn ip(nic: usize) -> String {
    format!("10.{}.{}.{}", 64 + nic / 62_500 % 128, nic / 250 % 250, 4 + nic % 250)
}

fn pool_id(sub: &str, lb: usize, pool: &str) -> String {
    format!("{}/Microsoft.Network/loadBalancers/lb-{lb:04}/backendAddressPools/{pool}", root(sub))
}

fn nic_id(sub: &str, nic: usize) -> String {
    format!("{}/Microsoft.Network/networkInterfaces/vm-{nic:05}-nic", root(sub))
}

fn nic_document(sub: &str, lb: usize, nic: usize) -> Value {
    let id = nic_id(sub, nic);
    json!({ "name": format!("vm-{nic:05}-nic"), "id": id, "type": "Microsoft.Network/networkInterfaces", "location": "westeurope",
        "properties": { "provisioningState": "Succeeded",
            "ipConfigurations": [{ "name": "ipconfig1", "id": format!("{id}/ipConfigurations/ipconfig1"),
                "type": "Microsoft.Network/networkInterfaces/ipConfigurations",
                "properties": { "provisioningState": "Succeeded", "privateIPAddress": ip(nic), "privateIPAllocationMethod": "Dynamic",
                    "subnet": { "id": format!("{}/Microsoft.Network/virtualNetworks/vnet-gen/subnets/snet", root(sub)) },
                    "primary": true, "privateIPAddressVersion": "IPv4",
                    "loadBalancerBackendAddressPools": [{ "id": pool_id(sub, lb, "a") }] } }],
            "virtualMachine": { "id": format!("{}/Microsoft.Compute/virtualMachines/vm-{nic:05}", root(sub)) },
            "primary": true, "enableAcceleratedNetworking": true, "enableIPForwarding": false } })
}

fn vm_document(sub: &str, nic: usize) -> Value {
    json!({ "name": format!("vm-{nic:05}"), "id": format!("{}/Microsoft.Compute/virtualMachines/vm-{nic:05}", root(sub)),
        "type": "Microsoft.Compute/virtualMachines", "location": "westeurope", "etag": "\"1\"", "zones": [format!("{}", nic % 3 + 1)],
        "properties": { "provisioningState": "Succeeded",
            "networkProfile": { "networkInterfaces": [{ "id": nic_id(sub, nic) }] },
            "instanceView": { "statuses": [{ "code": "PowerState/running" }] } } })
}

fn load_balancer(sub: &str, lb: usize, members: &[usize]) -> Value {
    let id = format!("{}/Microsoft.Network/loadBalancers/lb-{lb:04}", root(sub));
    let configs: Vec<Value> =
        members.iter().map(|n| json!({ "id": format!("{}/ipConfigurations/ipconfig1", nic_id(sub, *n)) })).collect();
    let child = |kind: &str, name: &str, properties: Value| {
        json!({ "name": name, "id": format!("{id}/{kind}/{name}"),
            "type": format!("Microsoft.Network/loadBalancers/{kind}"), "properties": properties })
    };
    let reference = |kind: &str, name: &str| json!({ "id": format!("{id}/{kind}/{name}") });
    let rule = |name: &str, port: u32| {
        child(
            "loadBalancingRules",
            name,
            json!({ "frontendIPConfiguration": reference("frontendIPConfigurations", "fe"),
            "backendAddressPool": reference("backendAddressPools", name), "probe": reference("probes", "tcp"),
            "protocol": "Tcp", "frontendPort": port, "backendPort": port, "enableFloatingIP": false }),
        )
    };
    json!({ "name": format!("lb-{lb:04}"), "id": id, "type": "Microsoft.Network/loadBalancers", "location": "westeurope",
        "sku": { "name": "Standard", "tier": "Regional" },
        "properties": { "provisioningState": "Succeeded",
            "frontendIPConfigurations": [child("frontendIPConfigurations", "fe", json!({
                "privateIPAddress": format!("10.0.{}.{}", lb / 250, lb % 250), "privateIPAddressVersion": "IPv4",
                "subnet": { "id": format!("{}/Microsoft.Network/virtualNetworks/vnet-gen/subnets/snet", root(sub)) } }))],
            "backendAddressPools": [child("backendAddressPools", "a", json!({ "backendIPConfigurations": configs })),
                child("backendAddressPools", "b", json!({}))],
            "loadBalancingRules": [rule("a", 80), rule("b", 81)],
            "probes": [child("probes", "tcp", json!({ "protocol": "Tcp", "port": 80, "intervalInSeconds": 5, "probeThreshold": 2 }))],
            "inboundNatRules": [], "outboundRules": [] } })
}
