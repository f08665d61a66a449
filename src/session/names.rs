//! The names of the estate, for who completes them: forms, and the shell, which has no estate and reads what
//! the last listing left in the state's folder.
//!
//! Nothing is selected or planned from them.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::arm::ResourceId;
use crate::azure::backend_pool::PoolKind;
use crate::estate::Estate;

/// The most names that are kept of one kind; of members, in all pools together.
const MOST: usize = 10_000;

/// The names that a text could be completed to; each list in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Names {
    /// Subscriptions.
    pub subscriptions: Vec<String>,
    /// Load balancers.
    pub load_balancers: Vec<String>,
    /// Pools and their members.
    pub pools: Vec<PoolNames>,
    /// VMs, and instances as `set/instance`.
    pub machines: Vec<String>,
    /// Uniform scale sets.
    pub sets: Vec<String>,
    /// Zones.
    pub zones: Vec<String>,
}

/// A pool by the form that names it alone, and its members.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolNames {
    /// `LB/POOL`, or `SUB:RG/LB/POOL`.
    pub name: String,
    /// Its members.
    pub members: Vec<String>,
}

impl Names {
    /// Of what is listed.
    pub fn of(estate: &Estate) -> Self {
        let sorted = |names: &mut dyn Iterator<Item = String>| -> Vec<String> {
            names.take(MOST).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let mut room = MOST;
        let mut pools = Vec::new();
        for pool in estate.load_balancers().flat_map(|lb| &lb.pools).take(MOST) {
            let entries = pool.entries.iter().take(room);
            let members: Vec<String> = match pool.kind {
                PoolKind::Ip | PoolKind::Frontend => entries.map(|e| e.name.to_string()).collect(),
                PoolKind::Nic | PoolKind::Empty => {
                    entries.filter_map(|e| estate.member(pool, e)).map(|m| m.name).collect()
                }
            };
            room -= members.len();
            pools.push(PoolNames { name: one_word(&pool.id, estate.pool_selector(&pool.id)), members });
        }
        pools.sort_by(|a: &PoolNames, b| a.name.cmp(&b.name));
        Self {
            subscriptions: estate.subscriptions.iter().map(|s| s.name.clone()).collect(),
            load_balancers: sorted(&mut estate.load_balancers().map(|lb| lb.name().to_owned())),
            pools,
            machines: sorted(&mut estate.attached_machines().map(|m| m.name())),
            sets: sorted(&mut estate.sets().iter().map(|s| s.name().to_owned())),
            zones: sorted(&mut estate.attached_machines().filter_map(|m| m.zone.as_deref().map(str::to_owned))),
        }
    }

    /// The members of a pool first, then every machine that is not among them.
    pub fn members_first<'a>(&'a self, pool: &'a str) -> impl Iterator<Item = &'a str> {
        self.members(pool).iter().map(String::as_str).chain(self.not_in(pool))
    }

    /// The machines that are not in a pool.
    pub fn not_in<'a>(&'a self, pool: &'a str) -> impl Iterator<Item = &'a str> {
        let inside: HashSet<&String> = self.members(pool).iter().collect();
        self.machines.iter().filter(move |m| !inside.contains(m)).map(String::as_str)
    }

    /// The members of a pool; none where it is not known.
    pub fn members(&self, pool: &str) -> &[String] {
        self.pools.iter().find(|p| p.name.eq_ignore_ascii_case(pool)).map_or(&[], |p| &p.members)
    }

    /// What the last listing of a place left; nothing where there is none, or it cannot be read.
    pub fn read(state: &Path, place: &str) -> Self {
        let text = std::fs::read(file(state, place)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Leaves it for the next, whole or not at all.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn write(&self, state: &Path, place: &str) -> io::Result<()> {
        std::fs::create_dir_all(state)?;
        // Only the operator may read it, as the library makes its files.
        let mut fresh = tempfile::NamedTempFile::new_in(state)?;
        serde_json::to_writer(io::BufWriter::new(&mut fresh), self)?;
        fresh.persist(file(state, place))?;
        Ok(())
    }
}

/// A pool's selector as one word of a shell: a subscription whose name has spaces goes by its id.
fn one_word(pool: &ResourceId, selector: String) -> String {
    match selector.split_once(':') {
        Some((name, rest)) if name.contains(' ') => format!("{}:{rest}", pool.subscription()),
        _ => selector,
    }
}

/// A place's file: each cloud has its own, and so does the simulator.
fn file(state: &Path, place: &str) -> PathBuf {
    let place = place.split_once("://").map_or(place, |(_, host)| host);
    let word: String = place.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    state.join(format!("names-{word}.json"))
}
