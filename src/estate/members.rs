//! Who is in a pool, and who could join it.

use serde::Serialize;

use super::Estate;
use super::summary::{Entry, IpConfig, LoadBalancer, Nic, Pool};
use crate::arm::ResourceId;
use crate::azure::backend_pool::{AdminState, PoolKind};
use crate::azure::ip_config::{Family, IpConfigOwner};

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberKind {
    /// A NIC's ip configuration.
    Nic,
    /// A Uniform scale set's instance.
    Instance,
    /// An address entry.
    Address,
    /// A regional load balancer's frontend, in a Global pool.
    Frontend,
}

impl MemberKind {
    /// One word, as in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Nic => "nic",
            Self::Instance => "instance",
            Self::Address => "address",
            Self::Frontend => "frontend",
        }
    }
}

/// A member of a pool, or a candidate, joined with what is known of its machine.
#[derive(Debug, Clone)]
pub struct Member {
    /// What it is.
    pub kind: MemberKind,
    /// The VM's name, `set/instance`, or the address entry's name.
    pub name: String,
    /// The ip configuration's id, the regional frontend's; for an address entry, the pool's id with the
    /// entry's name.
    pub id: ResourceId,
    /// Its address.
    pub ip: Option<String>,
    /// Its zone.
    pub zone: Option<String>,
    /// Its machine's power state.
    pub power_state: Option<String>,
    /// Its admin state in the pool; `None` for a candidate.
    pub admin_state: AdminState,
    /// Whether an instance runs the set's current model.
    pub latest_model: Option<bool>,
    /// What is gone, where the member is a ghost: its NIC, or its VM.
    pub ghost: Option<&'static str>,
}

impl Estate {
    /// The members of a pool, in the pool's order.
    pub fn members(&self, pool: &Pool) -> Vec<Member> {
        pool.entries.iter().filter_map(|entry| self.member(pool, entry)).collect()
    }

    /// The member that an entry of a pool is.
    pub fn member(&self, pool: &Pool, entry: &Entry) -> Option<Member> {
        match pool.kind {
            PoolKind::Ip | PoolKind::Frontend => {
                let nic = entry.ip.as_deref().and_then(|ip| self.config_with_ip(pool.network.as_ref(), ip));
                let machine = nic.and_then(|(n, _)| n.machine.as_ref()).and_then(|m| self.machine(m));
                Some(Member {
                    kind: if pool.kind == PoolKind::Ip { MemberKind::Address } else { MemberKind::Frontend },
                    name: entry.name.clone(),
                    id: match (&entry.target, pool.kind) {
                        (Some(frontend), PoolKind::Frontend) => frontend.clone(),
                        _ => pool.id.child("loadBalancerBackendAddresses", &entry.name).ok()?,
                    },
                    ip: entry.ip.as_deref().map(str::to_owned).or_else(|| entry.target.as_ref().map(ResourceId::short)),
                    zone: machine.and_then(|m| m.zone.as_deref().map(str::to_owned)),
                    power_state: machine.and_then(|m| m.power_state.as_deref().map(str::to_owned)),
                    admin_state: entry.admin_state,
                    latest_model: None,
                    ghost: None,
                })
            }
            PoolKind::Nic | PoolKind::Empty => {
                let id = entry.target.clone()?;
                let nic = id.parent().and_then(|n| self.nic(&n));
                let config = nic.and_then(|n| n.configs.iter().find(|c| c.id == id));
                Some(self.joined(&id, nic, config, entry.admin_state))
            }
        }
    }

    /// An ip configuration joined with its machine.
    fn joined(&self, id: &ResourceId, nic: Option<&Nic>, config: Option<&IpConfig>, admin_state: AdminState) -> Member {
        let owner = IpConfigOwner::of(id);
        let machine_id = nic.and_then(|n| n.machine.clone()).or_else(|| match &owner {
            Some(IpConfigOwner::Instance { instance, .. }) => Some(instance.clone()),
            _ => None,
        });
        let machine = machine_id.as_ref().and_then(|m| self.machine(m));
        let kind = match owner {
            Some(IpConfigOwner::Instance { .. }) => MemberKind::Instance,
            _ => MemberKind::Nic,
        };
        let name = match (machine, &machine_id, &owner) {
            (Some(machine), _, _) => machine.name(),
            (None, Some(vm), Some(IpConfigOwner::Nic { .. })) => vm.name().to_owned(),
            (_, _, Some(IpConfigOwner::Instance { set, instance, .. })) => {
                format!("{}/{}", set.name(), instance.name())
            }
            (_, _, Some(IpConfigOwner::Nic { nic, .. })) => nic.name().to_owned(),
            _ => id.short(),
        };
        let ghost = match (config, machine) {
            (None, _) => Some("its NIC is gone"),
            (Some(_), None) if machine_id.is_some() => Some("its VM is gone"),
            // What Azure leaves of a NIC whose VM was deleted (ansible-collections/azure 866).
            (Some(_), None) => Some("no VM is attached to its NIC"),
            _ => None,
        };
        Member {
            kind,
            name,
            id: config.map_or_else(|| id.clone(), |c| c.id.clone()),
            ip: config.and_then(|c| c.ip.as_deref().map(str::to_owned)),
            zone: machine.and_then(|m| m.zone.as_deref().map(str::to_owned)),
            power_state: machine.and_then(|m| m.power_state.as_deref().map(str::to_owned)),
            admin_state,
            latest_model: machine.and_then(|m| m.latest_model),
            ghost,
        }
    }

    /// An ip configuration as a member that is in no pool.
    pub fn as_member(&self, nic: &Nic, config: &IpConfig) -> Member {
        self.joined(&config.id, Some(nic), Some(config), AdminState::None)
    }

    fn config_with_ip(&self, network: Option<&ResourceId>, ip: &str) -> Option<(&Nic, &IpConfig)> {
        self.nics().find_map(|nic| {
            let config = nic
                .configs
                .iter()
                .find(|c| c.ip.as_deref() == Some(ip) && (network.is_none() || c.network().as_ref() == network))?;
            Some((nic, config))
        })
    }

    /// The virtual network that a pool's members must be in, where anything tells.
    pub fn network_of(&self, lb: &LoadBalancer, pool: &Pool) -> Option<ResourceId> {
        let of_entries = |p: &Pool| {
            p.entries.iter().find_map(|e| {
                let id = e.target.as_ref()?;
                let nic = self.nic(&id.parent()?)?;
                nic.configs.iter().find(|c| c.id == *id)?.network()
            })
        };
        pool.network
            .clone()
            .or_else(|| of_entries(pool))
            .or_else(|| lb.rules.iter().find_map(|r| r.subnet.as_ref()?.parent()))
            .or_else(|| lb.pools.iter().find_map(of_entries))
    }

    /// The ip configurations of the pool's network that could join it: of the right family, not in
    /// it, and not held by a load balancer of another SKU. The nearest come first: those of the
    /// load balancer's own resource group.
    pub fn candidates(&self, lb: &LoadBalancer, pool: &Pool) -> Vec<Member> {
        if lb.is_global() {
            return self.frontends_for(pool);
        }
        let network = self.network_of(lb, pool);
        let family = self.family_of(lb, pool);
        let basic = |id: &ResourceId| {
            id.parent().and_then(|l| self.load_balancer(&l)).is_some_and(|l| l.sku.eq_ignore_ascii_case("Basic"))
        };
        let own_basic = lb.sku.eq_ignore_ascii_case("Basic");
        let taken = |config: &IpConfig| match pool.kind {
            PoolKind::Ip => config.ip.as_ref().is_none_or(|ip| pool.entries.iter().any(|e| e.ip.as_ref() == Some(ip))),
            _ => config.pools.contains(&pool.id) || pool.entries.iter().any(|e| e.target.as_ref() == Some(&config.id)),
        };
        let mut out: Vec<Member> = Vec::new();
        for nic in self.nics().filter(|n| network.is_some() || n.id.subscription() == lb.id.subscription()) {
            for config in &nic.configs {
                let fits = network.as_ref().is_none_or(|n| config.network().as_ref() == Some(n))
                    && family.is_none_or(|f| config.family == f)
                    && !taken(config)
                    && config.pools.iter().all(|p| basic(p) == own_basic);
                if fits {
                    out.push(self.as_member(nic, config));
                }
            }
        }
        let far = |m: &Member| m.id.resource_group() != lb.id.resource_group();
        out.sort_by(|a, b| far(a).cmp(&far(b)).then_with(|| a.name.cmp(&b.name)).then_with(|| a.id.cmp(&b.id)));
        out
    }

    /// The public frontends of regional Standard load balancers that are not in a Global pool.
    fn frontends_for(&self, pool: &Pool) -> Vec<Member> {
        let regional = self.load_balancers().filter(|lb| lb.sku.eq_ignore_ascii_case("Standard") && !lb.is_global());
        let frontends = regional.flat_map(|lb| lb.frontends.iter().map(move |f| (lb, f)));
        frontends
            .filter(|(_, f)| f.public && !pool.entries.iter().any(|e| e.target.as_ref() == Some(&f.id)))
            .map(|(lb, f)| Member {
                kind: MemberKind::Frontend,
                name: format!("{}-{}", lb.name(), f.id.name()),
                id: f.id.clone(),
                ip: Some(f.id.short()),
                zone: None,
                power_state: None,
                admin_state: AdminState::None,
                latest_model: None,
                ghost: None,
            })
            .collect()
    }

    /// The family that a pool's members must have, where a rule or a member tells.
    pub fn family_of(&self, lb: &LoadBalancer, pool: &Pool) -> Option<Family> {
        let member = pool.entries.iter().find_map(|e| match (&e.target, &e.ip) {
            (Some(id), _) => {
                let nic = self.nic(&id.parent()?)?;
                nic.configs.iter().find(|c| c.id == *id).map(|c| c.family)
            }
            (None, Some(ip)) => ip.parse().ok().map(Family::of),
            (None, None) => None,
        });
        member.or_else(|| lb.rules_of(&pool.id).next().map(|r| r.family))
    }
}
