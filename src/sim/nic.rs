//! Writes of NICs, and ARM's refusals of joining a pool.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::State;
use super::answer::Answer;
use super::handle::Call;
use super::operation::{Effect, Provider, retry_after};
use super::store::{array, children, key_of, pools_of_nic, str_at};
use crate::arm::id::ResourceId;

impl State {
    pub(super) fn put_nic(&mut self, call: &Call, id: &ResourceId, mut body: Value) -> Answer {
        let key = id.folded();
        if let Some(answer) = self.check_match(call, &key, id).or_else(|| self.check_free(&key)) {
            return answer;
        }
        let before = self.store.document(&key).cloned();
        if let Err(answer) = normalise_nic(id, &mut body, before.as_ref()) {
            return *answer;
        }
        self.complete_nic(&mut body, before.as_ref());
        let old: HashSet<(String, String)> = before.iter().flat_map(pools_of_nic).collect();
        let new: HashSet<(String, String)> = pools_of_nic(&body).collect();
        for (pool, ip_config) in new.difference(&old) {
            if let Some(answer) = self.refuse_join(pool, ip_config, &body) {
                return answer;
            }
        }
        let touched: HashSet<String> = old
            .symmetric_difference(&new)
            .filter_map(|(pool, _)| pool.rsplit_once("/backendaddresspools/").map(|(lb, _)| lb.to_owned()))
            .collect();
        for lb in &touched {
            if self.operations.touching(lb) >= self.options.load_balancer_writes {
                let answer = Answer::network_error(
                    429,
                    "RetryableError",
                    format!("A retryable error occurred: {lb} is being updated by other operations."),
                );
                return retry_after(answer, Duration::from_secs(1), &self.clock);
            }
        }
        let now = self.clock.now();
        let attached = body.pointer("/properties/virtualMachine/id").is_some();
        let status = if before.is_some() { 200 } else { 201 };
        self.store.insert(id, body);
        self.store.bump(&key, &mut self.chance);
        for (pool, ip_config) in new.difference(&old) {
            self.store.join(pool, ip_config, now);
        }
        let left: Vec<(String, String)> = old.difference(&new).cloned().collect();
        // A NIC without a machine is written at once; one in use takes an operation.
        if !attached && !call.is_old() {
            self.store.set_state(&key, "Succeeded");
            for (pool, ip_config) in left {
                self.store.leave(&pool, &ip_config, now);
            }
            return Answer::json(status, self.store.document(&key).cloned().unwrap_or_default());
        }
        self.store.set_state(&key, "Updating");
        let answer = Answer::json(status, self.store.document(&key).cloned().unwrap_or_default());
        self.begin(call, id, Provider::Network, self.options.operation_time, answer, |op| {
            op.holds = std::iter::once(key.clone()).chain(touched.iter().map(|lb| format!("~{lb}"))).collect();
            op.effects = left.into_iter().map(|(pool, ip_config)| Effect::Left { pool, ip_config }).collect();
            op.effects.push(Effect::Provisioned(key));
        })
    }

    /// What ARM adds to a new NIC: addresses of its subnets, and the settings it names by itself. An
    /// update that does not name them keeps them.
    fn complete_nic(&mut self, body: &mut Value, before: Option<&Value>) {
        let mut settings = json!({
            "enableAcceleratedNetworking": false, "vnetEncryptionSupported": false, "enableIPForwarding": false,
            "disableTcpStateTracking": false, "hostedWorkloads": [], "tapConfigurations": [], "nicType": "Standard",
            "allowPort25Out": true, "defaultOutboundConnectivityEnabled": false, "auxiliaryMode": "None",
            "auxiliarySku": "None",
            "dnsSettings": { "dnsServers": [], "appliedDnsServers": [], "internalDomainNameSuffix": "sim.internal.cloudapp.net" },
        });
        let mut of_config = json!({ "privateIPAllocationMethod": "Dynamic", "primary": true });
        match before {
            Some(before) => {
                let first = array(before, "/properties/ipConfigurations").first();
                keep_known(&mut settings, before.get("properties"));
                keep_known(&mut of_config, first.and_then(|c| c.get("properties")));
            }
            None => {
                let guid = super::store::guid(&mut self.chance);
                if let Some(settings) = settings.as_object_mut() {
                    settings.insert("resourceGuid".to_owned(), json!(guid));
                }
            }
        }
        let configs = array(body, "/properties/ipConfigurations").to_vec();
        let addresses: Vec<Option<String>> = configs
            .iter()
            .map(|c| match str_at(c, "/properties/privateIPAddress") {
                Some(_) => None,
                None => self.address_in(str_at(c, "/properties/subnet/id")?),
            })
            .collect();
        let Some(properties) = body.get_mut("properties").and_then(Value::as_object_mut) else { return };
        let configs = properties.get_mut("ipConfigurations").and_then(Value::as_array_mut);
        for (n, (config, address)) in configs.into_iter().flatten().zip(addresses).enumerate() {
            let Some(inner) = config.get_mut("properties") else { continue };
            super::generic::fill(inner, &of_config);
            if n > 0
                && before.is_none()
                && let Some(inner) = inner.as_object_mut()
            {
                inner.insert("primary".to_owned(), json!(false));
            }
            if let (Some(address), Some(inner)) = (address, inner.as_object_mut()) {
                inner.entry("privateIPAddress").or_insert_with(|| json!(address));
            }
        }
        super::generic::fill_object(properties, &settings);
        let known = before.is_none_or(|b| b.get("kind").is_some());
        if known && let Some(object) = body.as_object_mut() {
            object.entry("kind").or_insert_with(|| json!("Regular"));
        }
    }

    /// A free address of a subnet; Azure keeps the first four for itself.
    pub(super) fn address_in(&self, subnet: &str) -> Option<String> {
        let subnet = ResourceId::parse(subnet).ok()?;
        let network = self.store.document(&subnet.parent()?.folded())?;
        let key = subnet.folded();
        let own = children(Some(network), "subnets").iter().find(|s| key_of(s).as_ref() == Some(&key))?;
        let prefix = str_at(own, "/properties/addressPrefix")
            .or_else(|| array(own, "/properties/addressPrefixes").first().and_then(Value::as_str))?;
        let first: std::net::Ipv4Addr = prefix.split('/').next()?.parse().ok()?;
        self.free_address(std::net::Ipv4Addr::from(u32::from(first).checked_add(3)?)).map(|ip| ip.to_string())
    }

    /// ARM's refusals of a NIC's or an instance's joining a pool.
    pub(super) fn refuse_join(&self, pool_key: &str, ip_config: &str, nic: &Value) -> Option<Answer> {
        let missing = || {
            Answer::network_error(
                400,
                "InvalidResourceReference",
                format!(
                    "Resource {pool_key} referenced by resource {ip_config} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region."
                ),
            )
        };
        let (lb_key, _) = pool_key.rsplit_once("/backendaddresspools/")?;
        let Some(lb) = self.store.document(lb_key) else { return Some(missing()) };
        let region = |of: &Value| str_at(of, "/location").map(|l| l.replace(' ', "").to_ascii_lowercase());
        if let (Some(own), Some(wanted)) = (region(nic), region(lb))
            && own != wanted
        {
            return Some(missing());
        }
        let pools = children(Some(lb), "backendAddressPools");
        let Some(pool) = pools.iter().find(|p| key_of(p).as_deref() == Some(pool_key)) else { return Some(missing()) };
        let has_addresses = array(pool, "/properties/loadBalancerBackendAddresses")
            .iter()
            .any(|a| a.pointer("/properties/ipAddress").is_some());
        if has_addresses || pool.pointer("/properties/virtualNetwork").is_some() {
            return Some(Answer::network_error(
                400,
                "CannotMixIPBasedAddressesAndIPConfigurationsOnLoadBalancerBackendAddressPool",
                format!("Mixing backend ipconfigurations and IPAddresses in backend pool {pool_key} is not allowed."),
            ));
        }
        let configs = array(nic, "/properties/ipConfigurations");
        let config = configs.iter().find(|c| str_at(c, "/id").is_some_and(|i| i.eq_ignore_ascii_case(ip_config)))?;
        let network = |subnet: Option<&str>| {
            subnet.and_then(|s| s.to_ascii_lowercase().rsplit_once("/subnets/").map(|(v, _)| v.to_owned()))
        };
        let own_network = network(str_at(config, "/properties/subnet/id"));
        let own_version = str_at(config, "/properties/privateIPAddressVersion").unwrap_or("IPv4");
        for member in self.store.members.get(pool_key).into_iter().flatten() {
            let Some(other) = self.store.nic_of(member) else { continue };
            let other = array(other, "/properties/ipConfigurations")
                .iter()
                .find(|c| str_at(c, "/id").is_some_and(|i| i.eq_ignore_ascii_case(member)));
            let Some(other) = other else { continue };
            if network(str_at(other, "/properties/subnet/id")) != own_network {
                return Some(Answer::network_error(
                    400,
                    "NetworkInterfaceAndLoadBalancerAreInDifferentVnets",
                    format!("{ip_config} and the members of {pool_key} are in different virtual networks."),
                ));
            }
            if !str_at(other, "/properties/privateIPAddressVersion").unwrap_or("IPv4").eq_ignore_ascii_case(own_version)
            {
                return Some(Answer::network_error(
                    400,
                    "AllIpConfigurationsInBackendAddressPoolMustHaveSamePrivateIpAddressVersion",
                    format!("{ip_config} and the members of {pool_key} differ in their IP version."),
                ));
            }
        }
        let sku_of = |key: &str| {
            key.rsplit_once("/backendaddresspools/")
                .and_then(|(lb, _)| self.store.document(lb))
                .map(|lb| str_at(lb, "/sku/name").unwrap_or("Basic").to_owned())
        };
        let sku = sku_of(pool_key);
        let clash = pools_of_nic(nic).find(|(other, _)| {
            other != pool_key && sku_of(other).is_some_and(|o| (o == "Basic") != (sku.as_deref() == Some("Basic")))
        });
        clash.map(|(other, _)| {
            Answer::network_error(400, "DifferentSkuLoadBalancersAndPublicIPAddressNotAllowed", format!(
                "Different basic sku and standard sku load balancers cannot be attached to the same VM: {other} and {pool_key}."
            ))
        })
    }
}

/// Makes a NIC's body what ARM would store: read-only fields from before, references by id alone.
fn normalise_nic(id: &ResourceId, body: &mut Value, before: Option<&Value>) -> Result<(), Box<Answer>> {
    let invalid = |message: String| Box::new(Answer::network_error(400, "InvalidRequestFormat", message));
    let Some(object) = body.as_object_mut() else { return Err(invalid("an object was expected".to_owned())) };
    if object.get("location").and_then(Value::as_str).is_none() {
        return Err(Box::new(Answer::error(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        )));
    }
    object.insert("id".to_owned(), json!(before.and_then(|b| str_at(b, "/id")).unwrap_or(id.as_str())));
    object.insert("name".to_owned(), json!(before.and_then(|b| str_at(b, "/name")).unwrap_or(id.name())));
    object.insert("type".to_owned(), json!("Microsoft.Network/networkInterfaces"));
    object.insert("etag".to_owned(), before.and_then(|b| b.get("etag")).cloned().unwrap_or(Value::Null));
    let Some(properties) = object.entry("properties").or_insert_with(|| json!({})).as_object_mut() else {
        return Err(invalid("'properties' must be an object".to_owned()));
    };
    for field in ["virtualMachine", "resourceGuid", "macAddress", "primary", "hostedWorkloads"] {
        match before.and_then(|b| b.pointer(&format!("/properties/{field}"))) {
            Some(kept) => properties.insert(field.to_owned(), kept.clone()),
            None => properties.remove(field),
        };
    }
    let Some(configs) = properties.get_mut("ipConfigurations").and_then(Value::as_array_mut) else {
        return Err(invalid(format!("Network interface {id} must have at least one ip configuration.")));
    };
    if configs.is_empty() {
        return Err(invalid(format!("Network interface {id} must have at least one ip configuration.")));
    }
    for config in configs.iter_mut() {
        let Some(config) = config.as_object_mut() else {
            return Err(invalid("an ip configuration must be an object".to_owned()));
        };
        let Some(name) = config.get("name").and_then(Value::as_str).map(str::to_owned) else {
            return Err(invalid("an ip configuration has no name".to_owned()));
        };
        let known = before
            .map(|b| array(b, "/properties/ipConfigurations"))
            .and_then(|list| list.iter().find(|c| str_at(c, "/name").is_some_and(|n| n.eq_ignore_ascii_case(&name))));
        let own =
            known.and_then(|k| str_at(k, "/id")).map_or_else(|| format!("{id}/ipConfigurations/{name}"), str::to_owned);
        config.insert("id".to_owned(), json!(own));
        config.insert("type".to_owned(), json!("Microsoft.Network/networkInterfaces/ipConfigurations"));
        let Some(inner) = config.entry("properties").or_insert_with(|| json!({})).as_object_mut() else { continue };
        inner.insert("provisioningState".to_owned(), json!("Succeeded"));
        inner.entry("privateIPAddressVersion").or_insert_with(|| json!("IPv4"));
        // ARM serves no empty list of pools.
        let empty = |v: &Value| v.as_array().is_some_and(Vec::is_empty);
        if inner.get("loadBalancerBackendAddressPools").is_some_and(empty) {
            inner.remove("loadBalancerBackendAddressPools");
        }
        for reference in ["subnet", "publicIPAddress"] {
            let target = inner.get(reference).and_then(|r| str_at(r, "/id")).map(str::to_owned);
            if let Some(target) = target {
                inner.insert(reference.to_owned(), json!({ "id": target }));
            }
        }
        if let Some(ip) = known.and_then(|k| k.pointer("/properties/privateIPAddress")) {
            inner.entry("privateIPAddress").or_insert_with(|| ip.clone());
        }
    }
    Ok(())
}

/// Of these settings, those that the document has, with its values.
fn keep_known(settings: &mut Value, document: Option<&Value>) {
    if let Some(settings) = settings.as_object_mut() {
        settings.retain(|name, value| match document.and_then(|d| d.get(name)) {
            Some(known) => {
                *value = known.clone();
                true
            }
            None => false,
        });
    }
}
