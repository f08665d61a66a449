//! Probe results over time: what each member's machine answers, and since when.
//!
//! A member changes its state after as many results in a row as the probe's threshold, one each
//! interval. The guest behind a member answers unless its machine is stopped or gone, or its tag
//! `azlb-sim-probe` says otherwise: `http 503`, `refused`, `silent`, `timeout`.
//! Reason codes: Azure docs, load-balancer-manage-health-status.

use std::time::Duration;

use serde_json::{Value, json};

use super::State;
use super::answer::Answer;
use super::clock::SimTime;
use super::handle::Call;
use super::operation::Provider;
use super::store::{NIC, array, children, key_of, str_at};
use crate::arm::id::ResourceId;

/// What a probe would meet.
enum Guest {
    Answers,
    /// The reason code of a failing probe.
    Fails(&'static str),
    /// Stopped: it is not probed at all.
    Stopped,
}

/// What a probe asks, and how often.
pub(super) struct ProbeSpec {
    interval: Duration,
    threshold: u32,
    http: bool,
    port: u64,
    all_up: bool,
}

impl ProbeSpec {
    pub(super) fn of(probe: &Value) -> Self {
        let number = |p: &str, d: u64| probe.pointer(&format!("/properties/{p}")).and_then(Value::as_u64).unwrap_or(d);
        Self {
            interval: Duration::from_secs(number("intervalInSeconds", 15)),
            threshold: u32::try_from(number("probeThreshold", 1).max(1)).unwrap_or(1),
            http: str_at(probe, "/properties/protocol").is_some_and(|p| p.to_ascii_lowercase().starts_with("http")),
            port: number("port", 0),
            all_up: str_at(probe, "/properties/noHealthyBackendsBehavior") == Some("AllProbedUp"),
        }
    }
}

impl State {
    /// `POST …/loadBalancingRules/{rule}/health`.
    pub(super) fn rule_health(&mut self, call: &Call, rule_id: &ResourceId) -> Answer {
        let Some(lb_id) = rule_id.parent() else { return Answer::empty(404) };
        self.store.refresh(&lb_id.folded());
        let Some(lb) = self.store.document(&lb_id.folded()) else {
            return super::answer::child_not_found(rule_id.as_str());
        };
        if !str_at(lb, "/sku/name").is_some_and(|s| s.eq_ignore_ascii_case("Standard")) {
            return Answer::network_error(
                400,
                "LoadBalancerSkuNotSupported",
                "Health status is supported for Standard load balancers only.",
            );
        }
        let rule_key = rule_id.folded();
        let rules = children(Some(lb), "loadBalancingRules");
        let Some(rule) = rules.iter().find(|r| key_of(r).as_ref() == Some(&rule_key)) else {
            return super::answer::child_not_found(rule_id.as_str());
        };
        let probe_key = str_at(rule, "/properties/probe/id").map(str::to_ascii_lowercase);
        let probe = children(Some(lb), "probes").iter().find(|p| key_of(p).is_some() && key_of(p) == probe_key);
        let Some(probe) = probe else {
            return Answer::network_error(
                400,
                "LoadBalancingRuleHasNoProbe",
                "Health status is supported for rules with a probe only.",
            );
        };
        let spec = ProbeSpec::of(probe);
        let pool_key = str_at(rule, "/properties/backendAddressPool/id").unwrap_or_default().to_ascii_lowercase();
        let pool =
            children(Some(lb), "backendAddressPools").iter().find(|p| key_of(p).as_deref() == Some(&pool_key)).cloned();
        let now = self.clock.now();
        let lines = pool.map(|p| self.lines(&pool_key, &p, &spec, lb_id.subscription(), now)).unwrap_or_default();
        let up = lines.iter().filter(|l| str_at(l, "/state") == Some("Up")).count();
        let body = json!({ "up": up, "down": lines.len() - up, "loadBalancerBackendAddresses": lines });
        let time = self.options.operation_time / 4;
        let answer =
            self.begin(call, rule_id, Provider::Network, time, Answer::empty(202), |op| op.result = Some(body));
        // Only a Location is documented for this action.
        Answer { headers: answer.headers.into_iter().filter(|(n, _)| *n != "azure-asyncoperation").collect(), ..answer }
    }

    /// A pool's members as a rule's health showed them at a moment.
    pub(super) fn lines(
        &self,
        pool_key: &str,
        pool: &Value,
        spec: &ProbeSpec,
        subscription: &str,
        at: SimTime,
    ) -> Vec<Value> {
        let mut out = Vec::new();
        for entry in array(pool, "/properties/loadBalancerBackendAddresses") {
            let admin = str_at(entry, "/properties/adminState").unwrap_or("None");
            let (ip, config) = match str_at(entry, "/properties/networkInterfaceIPConfiguration/id") {
                Some(config) => (self.ip_of(config), Some(config.to_owned())),
                None => {
                    let ip = str_at(entry, "/properties/ipAddress").unwrap_or_default().to_owned();
                    let config = self.config_with_ip(subscription, &ip);
                    (Some(ip), config)
                }
            };
            let member = match str_at(entry, "/properties/ipAddress") {
                Some(ip) => ip.to_ascii_lowercase(),
                None => config.clone().unwrap_or_default().to_ascii_lowercase(),
            };
            let (state, reason) = self.judge(pool_key, &member, config.as_deref(), admin, spec, at);
            out.push(json!({
                "ipAddress": ip.unwrap_or_default(),
                "networkInterfaceIPConfigurationId": config.unwrap_or_default(),
                "state": state,
                "reason": reason,
            }));
        }
        if spec.all_up && out.iter().all(|l| str_at(l, "/state") != Some("Up")) {
            for line in out.iter_mut().filter_map(Value::as_object_mut) {
                line.insert("state".to_owned(), json!("Up"));
                line.insert("reason".to_owned(), json!("Up_Probe_AllDownIsUp"));
            }
        }
        out
    }

    fn judge(
        &self,
        pool: &str,
        member: &str,
        config: Option<&str>,
        admin: &str,
        spec: &ProbeSpec,
        at: SimTime,
    ) -> (&'static str, &'static str) {
        match admin {
            "Up" => return ("Up", "Up_Admin"),
            "Down" => return ("Down", "Down_Admin"),
            _ => {}
        }
        let (guest, changed) = config.map_or((Guest::Answers, None), |c| self.guest(c, spec));
        let joined = self.store.joined.get(&(pool.to_owned(), member.to_owned())).copied();
        let needed = spec.interval * spec.threshold;
        let passed = |since: Option<SimTime>| since.is_none_or(|s| at.saturating_sub(s) >= needed);
        let probed = |since: Option<SimTime>| since.is_none_or(|s| at.saturating_sub(s) >= spec.interval);
        match guest {
            Guest::Stopped => ("", ""),
            Guest::Answers if !probed(joined) => ("Down", "NA"),
            Guest::Answers if !passed(joined.max(changed)) => ("Down", "Down_Probe_ApproachingHealthyThreshold"),
            Guest::Answers => ("Up", "Up_Probe_Success"),
            Guest::Fails(_) if joined.is_none() && !passed(changed) => ("Up", "Up_Probe_ApproachingUnhealthyThreshold"),
            Guest::Fails(reason) => ("Down", reason),
        }
    }

    fn guest(&self, config: &str, spec: &ProbeSpec) -> (Guest, Option<SimTime>) {
        let Some(nic) = self.store.nic_of(config) else { return (Guest::Fails("Down_Probe_TcpProbeTimeout"), None) };
        let Some((key, Some(machine))) = self.store.machine_of(nic) else {
            return (Guest::Fails("Down_Probe_TcpProbeTimeout"), None);
        };
        let changed = self.store.changed.get(&key).copied();
        let running = array(machine, "/properties/instanceView/statuses")
            .iter()
            .filter_map(|s| str_at(s, "/code"))
            .find_map(|c| c.strip_prefix("PowerState/"))
            .is_none_or(|p| p == "running");
        if !running {
            return (Guest::Stopped, changed);
        }
        let http = spec.http;
        if self.blocked(config, nic, spec.port) {
            let reason = if http { "Down_Probe_HttpEndpointUnreachable" } else { "Down_Probe_TcpProbeTimeout" };
            return (Guest::Fails(reason), changed);
        }
        let guest = match str_at(machine, "/tags/azlb-sim-probe") {
            Some("refused") if http => Guest::Fails("Down_Probe_HttpEndpointUnreachable"),
            Some("silent") if http => Guest::Fails("Down_Probe_HttpNoResponse"),
            Some("refused" | "silent" | "timeout") => Guest::Fails("Down_Probe_TcpProbeTimeout"),
            Some(tag) if tag.starts_with("http ") && tag != "http 200" && http => {
                Guest::Fails("Down_Probe_HttpStatusCodeError")
            }
            _ => Guest::Answers,
        };
        (guest, changed)
    }

    /// Whether a network security group of the NIC or of its subnet keeps probes out. Without a rule that
    /// says otherwise, AllowAzureLoadBalancerInBound (65001) lets them in.
    fn blocked(&self, config: &str, nic: &Value, port: u64) -> bool {
        let configs = array(nic, "/properties/ipConfigurations");
        let own = configs.iter().find(|c| str_at(c, "/id").is_some_and(|i| i.eq_ignore_ascii_case(config)));
        let subnet = own.and_then(|c| str_at(c, "/properties/subnet/id")).map(str::to_ascii_lowercase);
        let network = subnet.as_deref().and_then(|s| s.rsplit_once("/subnets/")).map(|(network, _)| network);
        let subnets = children(network.and_then(|n| self.store.document(n)), "subnets");
        let subnet = subnets.iter().find(|s| key_of(s) == subnet);
        [Some(nic), subnet].into_iter().flatten().any(|holder| {
            let group = str_at(holder, "/properties/networkSecurityGroup/id").map(str::to_ascii_lowercase);
            group.and_then(|g| self.store.document(&g)).is_some_and(|g| denies(g, port))
        })
    }

    pub(super) fn ip_of(&self, config: &str) -> Option<String> {
        let nic = self.store.nic_of(config)?;
        array(nic, "/properties/ipConfigurations")
            .iter()
            .find(|c| str_at(c, "/id").is_some_and(|i| i.eq_ignore_ascii_case(config)))
            .and_then(|c| str_at(c, "/properties/privateIPAddress"))
            .map(str::to_owned)
    }

    fn config_with_ip(&self, subscription: &str, ip: &str) -> Option<String> {
        self.store.keys(subscription, NIC).iter().filter_map(|k| self.store.document(k)).find_map(|nic| {
            array(nic, "/properties/ipConfigurations")
                .iter()
                .find(|c| str_at(c, "/properties/privateIPAddress") == Some(ip))
                .and_then(|c| str_at(c, "/id"))
                .map(str::to_owned)
        })
    }
}

/// Whether a security group's first rule that fits a probe of this port denies it.
fn denies(group: &Value, port: u64) -> bool {
    let text = |rule: &Value, name: &str| str_at(rule, &format!("/properties/{name}")).unwrap_or_default().to_owned();
    let is = |value: &str, word: &str| value.eq_ignore_ascii_case(word);
    let covers = |range: &str| match range.split_once('-') {
        Some((low, high)) => low.parse().is_ok_and(|l: u64| l <= port) && high.parse().is_ok_and(|h: u64| port <= h),
        None => range == "*" || range.parse() == Ok(port),
    };
    let fits = |rule: &&Value| {
        let sources = array(rule, "/properties/sourceAddressPrefixes").iter().filter_map(Value::as_str);
        let source = text(rule, "sourceAddressPrefix");
        let from_probe = |s: &str| is(s, "*") || is(s, "AzureLoadBalancer") || s.starts_with("168.63.129.16");
        let ranges = array(rule, "/properties/destinationPortRanges").iter().filter_map(Value::as_str);
        let range = text(rule, "destinationPortRange");
        is(&text(rule, "direction"), "Inbound")
            && (is(&text(rule, "protocol"), "*") || is(&text(rule, "protocol"), "Tcp"))
            && sources.chain([source.as_str()]).any(from_probe)
            && ranges.chain([range.as_str()]).any(covers)
    };
    let own = array(group, "/properties/securityRules").iter().filter(fits);
    let priority = |rule: &&Value| rule.pointer("/properties/priority").and_then(Value::as_u64).unwrap_or(u64::MAX);
    own.min_by_key(priority).is_some_and(|rule| is(&text(rule, "access"), "Deny"))
}
