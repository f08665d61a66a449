//! Load balancers and their own parts: frontends, rules, probes. Pools have a file of their own.

use serde_json::Value;

use super::NETWORK;
use super::backend_pool::BackendPool;
use super::fields::{flag, id, ids, items, number, tag, text};
use super::ip_config::Family;
use crate::arm::paging::Pager;
use crate::arm::{ArmError, Reader, ResourceId};

/// The full type of a load balancer's id.
pub const TYPE: &str = "Microsoft.Network/loadBalancers";

/// The full type of a frontend's id.
pub const FRONTEND: &str = "Microsoft.Network/loadBalancers/frontendIPConfigurations";

/// A load balancer document.
#[derive(Debug, Clone, Copy)]
pub struct LoadBalancer<'a>(pub &'a Value);

impl<'a> LoadBalancer<'a> {
    /// `Basic`, `Standard`, `Gateway`. Absent means Basic, as ARM takes it.
    pub fn sku(&self) -> &'a str {
        text(self.0, "/sku/name").unwrap_or("Basic")
    }

    /// `Regional` or `Global`.
    pub fn tier(&self) -> &'a str {
        text(self.0, "/sku/tier").unwrap_or("Regional")
    }

    /// Whether its members are frontends of regional load balancers.
    pub fn is_global(&self) -> bool {
        self.tier().eq_ignore_ascii_case("Global")
    }

    /// The region.
    pub fn location(&self) -> Option<&'a str> {
        text(self.0, "/location")
    }

    /// The value of a tag.
    pub fn tag(&self, name: &str) -> Option<&'a str> {
        tag(self.0, name)
    }

    /// The tags' names and values.
    pub fn tags(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.0
            .get("tags")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(k, v)| v.as_str().map(|v| (k.as_str(), v)))
    }

    /// The backend pools.
    pub fn pools(&self) -> impl Iterator<Item = BackendPool<'a>> + use<'a> {
        items(self.0, "/properties/backendAddressPools").iter().map(BackendPool)
    }

    /// The frontends.
    pub fn frontends(&self) -> impl Iterator<Item = Frontend<'a>> + use<'a> {
        items(self.0, "/properties/frontendIPConfigurations").iter().map(Frontend)
    }

    /// The load-balancing rules.
    pub fn rules(&self) -> impl Iterator<Item = Rule<'a>> + use<'a> {
        items(self.0, "/properties/loadBalancingRules").iter().map(Rule)
    }

    /// The probes.
    pub fn probes(&self) -> impl Iterator<Item = Probe<'a>> + use<'a> {
        items(self.0, "/properties/probes").iter().map(Probe)
    }

    /// The rules that send to a pool.
    pub fn rules_of(&self, pool: &ResourceId) -> impl Iterator<Item = Rule<'a>> + use<'a> {
        let pool = pool.clone();
        self.rules().filter(move |rule| rule.pools().contains(&pool))
    }

    /// A probe by its id.
    pub fn probe(&self, wanted: &ResourceId) -> Option<Probe<'a>> {
        self.probes().find(|p| p.id().as_ref() == Some(wanted))
    }

    /// A frontend by its id.
    pub fn frontend(&self, wanted: &ResourceId) -> Option<Frontend<'a>> {
        self.frontends().find(|f| f.id().as_ref() == Some(wanted))
    }
}

/// A frontend IP configuration.
#[derive(Debug, Clone, Copy)]
pub struct Frontend<'a>(pub &'a Value);

impl<'a> Frontend<'a> {
    /// Its id.
    pub fn id(&self) -> Option<ResourceId> {
        id(self.0, "/id")
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        text(self.0, "/name").unwrap_or_default()
    }

    /// The private address of an internal frontend.
    pub fn private_ip(&self) -> Option<&'a str> {
        text(self.0, "/properties/privateIPAddress")
    }

    /// The public address resource of a public frontend.
    pub fn public_ip(&self) -> Option<ResourceId> {
        id(self.0, "/properties/publicIPAddress/id")
    }

    /// The subnet of an internal frontend.
    pub fn subnet(&self) -> Option<ResourceId> {
        id(self.0, "/properties/subnet/id")
    }

    /// IPv4 or IPv6. A public frontend does not always say; absent reads as IPv4.
    pub fn family(&self) -> Family {
        Family::from_version(text(self.0, "/properties/privateIPAddressVersion"))
    }
}

/// A load-balancing rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule<'a>(pub &'a Value);

impl<'a> Rule<'a> {
    /// Its id.
    pub fn id(&self) -> Option<ResourceId> {
        id(self.0, "/id")
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        text(self.0, "/name").unwrap_or_default()
    }

    /// The pools it sends to. Gateway rules have two, others one, shown under either key or both.
    pub fn pools(&self) -> Vec<ResourceId> {
        let mut out: Vec<ResourceId> = ids(self.0, "/properties/backendAddressPools").collect();
        if let Some(one) = id(self.0, "/properties/backendAddressPool/id")
            && !out.contains(&one)
        {
            out.push(one);
        }
        out
    }

    /// Its probe.
    pub fn probe(&self) -> Option<ResourceId> {
        id(self.0, "/properties/probe/id")
    }

    /// Its frontend.
    pub fn frontend(&self) -> Option<ResourceId> {
        id(self.0, "/properties/frontendIPConfiguration/id")
    }

    /// `Tcp`, `Udp`, `All`.
    pub fn protocol(&self) -> &'a str {
        text(self.0, "/properties/protocol").unwrap_or("Tcp")
    }

    /// The port that clients reach.
    pub fn frontend_port(&self) -> u64 {
        number(self.0, "/properties/frontendPort").unwrap_or(0)
    }

    /// The port on the member.
    pub fn backend_port(&self) -> u64 {
        number(self.0, "/properties/backendPort").unwrap_or(0)
    }

    /// Whether the member must hold the frontend's address itself.
    pub fn floating_ip(&self) -> bool {
        flag(self.0, "/properties/enableFloatingIP")
    }
}

/// A health probe.
#[derive(Debug, Clone, Copy)]
pub struct Probe<'a>(pub &'a Value);

impl<'a> Probe<'a> {
    /// Its id.
    pub fn id(&self) -> Option<ResourceId> {
        id(self.0, "/id")
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        text(self.0, "/name").unwrap_or_default()
    }

    /// `Tcp`, `Http`, `Https`.
    pub fn protocol(&self) -> &'a str {
        text(self.0, "/properties/protocol").unwrap_or("Tcp")
    }

    /// The port probed.
    pub fn port(&self) -> u64 {
        number(self.0, "/properties/port").unwrap_or(0)
    }

    /// The path of an HTTP probe.
    pub fn request_path(&self) -> Option<&'a str> {
        text(self.0, "/properties/requestPath")
    }

    /// Seconds between two probes; 15 where it does not say.
    pub fn interval_s(&self) -> u64 {
        number(self.0, "/properties/intervalInSeconds").unwrap_or(15)
    }

    /// How many results in a row change the state; `numberOfProbes` is a legacy that ARM ignores.
    pub fn threshold(&self) -> u64 {
        number(self.0, "/properties/probeThreshold").unwrap_or(1).max(1)
    }
}

/// The load balancers of a subscription.
///
/// # Errors
/// [`ArmError`] where the path does not make a URL.
pub fn list(reader: &Reader, subscription: &str) -> Result<Pager, ArmError> {
    let path = format!("/subscriptions/{subscription}/providers/Microsoft.Network/loadBalancers");
    reader.list(&path, NETWORK, "")
}
