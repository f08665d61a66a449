//! The summaries: what a list shows of each resource, read from raw documents once.

use std::sync::Arc;

use serde_json::Value;

use crate::arm::{ResourceId, SharedIds};
use crate::azure::backend_pool::{AdminState, BackendPool, PoolKind};
use crate::azure::ip_config::Family;
use crate::azure::network_interface::NetworkInterface;
use crate::azure::scale_set::Instance;
use crate::azure::virtual_machine::VirtualMachine;
use crate::azure::{load_balancer, network_interface};

/// The tag that declares exclusive pools, for every operator at once.
pub const EXCLUSIVE_TAG: &str = "azlb-exclusive";

/// A load balancer.
#[derive(Debug, Clone)]
pub struct LoadBalancer {
    /// Its id.
    pub id: ResourceId,
    /// `Basic`, `Standard`, `Gateway`.
    pub sku: String,
    /// `Regional` or `Global`.
    pub tier: String,
    /// Its region.
    pub location: String,
    /// Pools that its tag declares exclusive.
    pub exclusive: Vec<String>,
    /// Who else manages it, in words, where the signs say so.
    pub managed_by: Option<&'static str>,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Its pools.
    pub pools: Vec<Pool>,
    /// Its rules.
    pub rules: Vec<Rule>,
    /// Its frontends.
    pub frontends: Vec<Frontend>,
}

/// A frontend.
#[derive(Debug, Clone)]
pub struct Frontend {
    /// Its id.
    pub id: ResourceId,
    /// Whether it has a public address: a Global load balancer takes such ones alone.
    pub public: bool,
}

/// A pool.
#[derive(Debug, Clone)]
pub struct Pool {
    /// Its id.
    pub id: ResourceId,
    /// What it holds.
    pub kind: PoolKind,
    /// The virtual network of an IP pool.
    pub network: Option<ResourceId>,
    /// Its entries.
    pub entries: Vec<Entry>,
}

/// One entry of a pool.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The entry's name; empty where the pool lists the ip configuration alone.
    pub name: String,
    /// The ip configuration of a NIC member, or the frontend of a Global one.
    pub target: Option<ResourceId>,
    /// The address of an IP member.
    pub ip: Option<Box<str>>,
    /// Its admin state.
    pub admin_state: AdminState,
}

/// A load-balancing rule with its probe and frontend in words.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id.
    pub id: ResourceId,
    /// The pools it sends to.
    pub pools: Vec<ResourceId>,
    /// Whether it has a probe, without which there is no health.
    pub probe: Option<Probe>,
    /// `10.1.0.10:1433 → 1433 tcp  floating IP`.
    pub words: String,
    /// The frontend's subnet, which tells an internal load balancer's network.
    pub subnet: Option<ResourceId>,
    /// The frontend's family.
    pub family: Family,
    /// Whether the member must hold the frontend's address.
    pub floating_ip: bool,
}

/// A probe.
#[derive(Debug, Clone)]
pub struct Probe {
    /// `tcp 59999, every 5 s, 2 in a row`.
    pub words: String,
    /// Seconds between probes.
    pub interval_s: u64,
    /// Results in a row that change the state.
    pub threshold: u64,
}

/// A network interface.
#[derive(Debug, Clone)]
pub struct Nic {
    /// Its id.
    pub id: ResourceId,
    /// The VM or the instance it is attached to.
    pub machine: Option<ResourceId>,
    /// Its ip configurations.
    pub configs: Box<[IpConfig]>,
}

/// One ip configuration.
#[derive(Debug, Clone)]
pub struct IpConfig {
    /// Its id.
    pub id: ResourceId,
    /// Its private address.
    pub ip: Option<Box<str>>,
    /// Its family.
    pub family: Family,
    /// Its subnet.
    pub subnet: Option<ResourceId>,
    /// The pools it is in.
    pub pools: Box<[ResourceId]>,
}

/// A VM or a Uniform scale set's instance.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Its id.
    pub id: ResourceId,
    /// Its zone.
    pub zone: Option<Arc<str>>,
    /// `running`, `deallocated`…
    pub power_state: Option<Arc<str>>,
    /// Whether an instance runs the set's current model; `None` for a VM.
    pub latest_model: Option<bool>,
    /// The Flexible scale set that a VM belongs to.
    pub scale_set: Option<ResourceId>,
}

impl LoadBalancer {
    /// Reads a load balancer document. `None` where it has no id.
    pub fn read(body: &Value) -> Option<Self> {
        let view = load_balancer::LoadBalancer(body);
        let id = crate::azure::fields::id(body, "/id")?;
        Some(Self {
            sku: view.sku().to_owned(),
            tier: view.tier().to_owned(),
            location: view.location().unwrap_or_default().to_owned(),
            exclusive: view.tag(EXCLUSIVE_TAG).map(exclusive_names).unwrap_or_default(),
            managed_by: managed_by(&view, &id),
            tags: view.tags().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            pools: view.pools().filter_map(Pool::read).collect(),
            rules: view.rules().filter_map(|r| Rule::read(&view, &r)).collect(),
            frontends: view
                .frontends()
                .filter_map(|f| Some(Frontend { id: f.id()?, public: f.public_ip().is_some() }))
                .collect(),
            id,
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.id.name()
    }

    /// The rules that send to a pool.
    pub fn rules_of<'a>(&'a self, pool: &'a ResourceId) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |r| r.pools.contains(pool))
    }

    /// Whether rule health is served: not by Basic, Gateway or Global ones.
    pub fn serves_health(&self) -> bool {
        self.sku.eq_ignore_ascii_case("Standard") && !self.is_global()
    }

    /// Whether its members are frontends of regional load balancers.
    pub fn is_global(&self) -> bool {
        self.tier.eq_ignore_ascii_case("Global")
    }
}

/// Whether a pool may never have two members: its load balancer's tag names it, or the settings
/// hold its id or its short form.
pub fn is_exclusive(tagged: &[String], configured: &[String], pool: &ResourceId) -> bool {
    tagged.iter().any(|n| n.eq_ignore_ascii_case(pool.name())) || is_named(configured, pool)
}

/// Whether a configured list names a pool: `LB/POOL` or an id.
pub fn is_named(configured: &[String], pool: &ResourceId) -> bool {
    configured.iter().any(|c| c.eq_ignore_ascii_case(pool.as_str()) || c.eq_ignore_ascii_case(&pool.short()))
}

/// The pools' names in the tag's value.
pub fn exclusive_names(value: &str) -> Vec<String> {
    value.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect()
}

/// Who manages a load balancer, by the marks they leave. Source: cloud-provider-azure names its
/// load balancers `kubernetes` and `kubernetes-internal`; AKS tags what it makes.
pub fn managed_by(view: &load_balancer::LoadBalancer<'_>, id: &ResourceId) -> Option<&'static str> {
    let by_name = ["kubernetes", "kubernetes-internal"].iter().any(|n| id.name().eq_ignore_ascii_case(n));
    let by_tag = view.tags().any(|(k, _)| {
        let k = k.to_ascii_lowercase();
        k.starts_with("aks-managed") || k.starts_with("k8s-azure") || k.starts_with("kubernetes.io")
    });
    (by_name || by_tag).then_some("Kubernetes")
}

impl Pool {
    /// Reads a pool, inside its load balancer or alone.
    pub fn read(view: BackendPool<'_>) -> Option<Self> {
        let mut entries: Vec<Entry> = view
            .addresses()
            .map(|a| Entry {
                name: a.name().to_owned(),
                target: a.ip_config().or_else(|| a.frontend()),
                ip: a.ip().map(Into::into),
                admin_state: a.admin_state(),
            })
            .collect();
        let kind = view.kind();
        if kind == PoolKind::Nic {
            for config in view.ip_configurations() {
                if !entries.iter().any(|e| e.target.as_ref() == Some(&config)) {
                    entries.push(Entry {
                        name: String::new(),
                        target: Some(config),
                        ip: None,
                        admin_state: AdminState::None,
                    });
                }
            }
            entries.retain(|e| e.target.is_some());
            // Their NICs tell their names and addresses.
            for entry in &mut entries {
                (entry.name, entry.ip) = (String::new(), None);
            }
        }
        Some(Self { id: view.id()?, kind, network: view.virtual_network(), entries })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.id.name()
    }
}

impl Rule {
    fn read(lb: &load_balancer::LoadBalancer<'_>, rule: &load_balancer::Rule<'_>) -> Option<Self> {
        let frontend = rule.frontend().and_then(|f| lb.frontend(&f));
        let address = match frontend {
            Some(f) => f.private_ip().map(str::to_owned).or_else(|| f.public_ip().map(|p| p.name().to_owned())),
            None => None,
        };
        let address = address.unwrap_or_else(|| "?".to_owned());
        let ports = if rule.protocol().eq_ignore_ascii_case("All") && rule.frontend_port() == 0 {
            format!("{address} all ports")
        } else {
            let shown = if address.contains(':') { format!("[{address}]") } else { address };
            format!(
                "{shown}:{} → {} {}",
                rule.frontend_port(),
                rule.backend_port(),
                rule.protocol().to_ascii_lowercase()
            )
        };
        let floating = if rule.floating_ip() { "  floating IP" } else { "" };
        let probe = rule.probe().and_then(|p| lb.probe(&p)).map(|p| Probe {
            words: format!(
                "{} {}{}, every {} s, {} in a row",
                p.protocol().to_ascii_lowercase(),
                p.port(),
                p.request_path().map(|path| format!(" {path}")).unwrap_or_default(),
                p.interval_s(),
                p.threshold()
            ),
            interval_s: p.interval_s(),
            threshold: p.threshold(),
        });
        Some(Self {
            id: rule.id()?,
            pools: rule.pools(),
            probe,
            words: format!("{ports}{floating}"),
            subnet: frontend.and_then(|f| f.subnet()),
            family: frontend.map_or(Family::V4, |f| f.family()),
            floating_ip: rule.floating_ip(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.id.name()
    }
}

/// Something whose ids others name too.
pub(super) trait Shared {
    /// Shares its ids with all else that names the same.
    fn share(&mut self, ids: &SharedIds);
}

impl Shared for LoadBalancer {
    fn share(&mut self, ids: &SharedIds) {
        for pool in &mut self.pools {
            ids.share(&mut pool.id);
            pool.entries.shrink_to_fit();
            pool.entries.iter_mut().filter_map(|e| e.target.as_mut()).for_each(|target| ids.share(target));
        }
        self.rules.iter_mut().flat_map(|r| &mut r.pools).for_each(|pool| ids.share(pool));
    }
}

impl Shared for Machine {
    fn share(&mut self, ids: &SharedIds) {
        ids.share(&mut self.id);
        self.zone.iter_mut().chain(&mut self.power_state).for_each(|word| ids.share_word(word));
        self.scale_set.iter_mut().for_each(|set| ids.share(set));
    }
}

impl Shared for Nic {
    fn share(&mut self, ids: &SharedIds) {
        if let Some(machine) = &mut self.machine {
            ids.share(machine);
        }
        for config in &mut self.configs {
            ids.share(&mut config.id);
            config.subnet.iter_mut().chain(&mut config.pools).for_each(|id| ids.share(id));
        }
    }
}

impl Nic {
    /// Reads a NIC document, served by Network or by a scale set.
    pub fn read(body: &Value) -> Option<Self> {
        let view = NetworkInterface(body);
        let id = view.id()?;
        // A scale set's NIC does not always name its instance; its id does.
        let machine =
            view.virtual_machine().or_else(|| id.segment("virtualMachineScaleSets").and_then(|_| id.parent()));
        Some(Self { machine, configs: view.ip_configs().filter_map(IpConfig::read).collect(), id })
    }
}

impl IpConfig {
    fn read(view: network_interface::IpConfig<'_>) -> Option<Self> {
        Some(Self {
            id: view.id()?,
            ip: view.ip().map(Into::into),
            family: view.family(),
            subnet: view.subnet(),
            pools: view.pools().collect(),
        })
    }

    /// The virtual network of its subnet.
    pub fn network(&self) -> Option<ResourceId> {
        self.subnet.as_ref().and_then(ResourceId::parent)
    }
}

impl Machine {
    /// What people call it: its name, or `set/instance`.
    pub fn name(&self) -> String {
        match self.id.segment("virtualMachineScaleSets") {
            Some(set) => format!("{set}/{}", self.id.name()),
            None => self.id.name().to_owned(),
        }
    }

    /// Reads a VM document; the status list gives the power state.
    pub fn vm(body: &Value) -> Option<Self> {
        let view = VirtualMachine(body);
        let id = view.id()?;
        Some(Self {
            zone: view.zone().map(Into::into),
            power_state: view.power_state().map(Into::into),
            latest_model: None,
            scale_set: view.scale_set(),
            id,
        })
    }

    /// Reads an instance document.
    pub fn instance(body: &Value) -> Option<Self> {
        let view = Instance(body);
        let id = view.id()?;
        Some(Self {
            zone: view.zone().map(Into::into),
            power_state: view.power_state().map(Into::into),
            latest_model: Some(view.latest_model()),
            scale_set: None,
            id,
        })
    }
}
