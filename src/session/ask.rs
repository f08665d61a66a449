//! From words to requests: `db-lb/masters`, `vm-db-2` and a verb become changes.

use std::time::Duration;

use super::naming::target_of;
use super::{Session, SessionError};
use crate::arm::ResourceId;
use crate::azure::backend_pool::{AdminState, PoolKind};
use crate::changes::{Batch, Change, MemberRef, Options, Request};
use crate::estate::members::Member;
use crate::estate::select::SelectError;

/// A pool that a text named.
#[derive(Debug, Clone)]
pub struct PoolHandle {
    /// Its id.
    pub id: ResourceId,
    /// The form that names it alone.
    pub selector: String,
    /// What it holds.
    pub kind: PoolKind,
}

impl Session {
    /// The pool that a text names.
    ///
    /// # Errors
    /// [`SelectError`] with the matches, or with what there is.
    pub fn pool(&self, text: &str) -> Result<PoolHandle, SelectError> {
        self.estate(|e| {
            let (_, pool) = e.select_pool(text)?;
            Ok(PoolHandle { id: pool.id.clone(), selector: e.pool_selector(&pool.id), kind: pool.kind })
        })
    }

    /// A pool's members, as the estate knows them.
    pub fn members(&self, pool: &ResourceId) -> Vec<Member> {
        self.estate(|e| e.pool(pool).map(|(_, p)| e.members(p)).unwrap_or_default())
    }

    /// Who could join a pool, as the estate knows it.
    pub fn candidates(&self, pool: &ResourceId) -> Vec<Member> {
        self.estate(|e| e.pool(pool).map(|(lb, p)| e.candidates(lb, p)).unwrap_or_default())
    }

    /// The Uniform scale set that a text names.
    fn scale_set(&self, text: &str) -> Result<ResourceId, SelectError> {
        let found: Vec<ResourceId> = self.estate(|e| e.sets_named(text).cloned().collect());
        let what = || "Uniform scale set".to_owned();
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(SelectError::Unknown { what: what(), text: text.to_owned(), similar: Vec::new() }),
            many => Err(SelectError::Ambiguous {
                what: what(),
                text: text.to_owned(),
                matches: many.iter().map(ToString::to_string).collect(),
            }),
        }
    }

    /// Members join a pool. `set:NAME` is a Uniform scale set as a whole.
    ///
    /// # Errors
    /// [`SelectError`] for a name.
    pub fn request_add(
        &self,
        pool: &PoolHandle,
        members: &[String],
        options: Options,
    ) -> Result<Request, SessionError> {
        let naming = self.naming(pool);
        let changes = each(members, |m| match m.strip_prefix("set:") {
            Some(set) => Ok(Change::AddSet { pool: pool.id.clone(), set: self.scale_set(set)? }),
            None => Ok(Change::Add { pool: pool.id.clone(), member: naming.joiner(m)? }),
        })?;
        Ok(Request { title: format!("add {} to {}", listed(&changes), pool.selector), changes, options })
    }

    /// Members leave a pool.
    ///
    /// # Errors
    /// [`SelectError`] for a name.
    pub fn request_remove(
        &self,
        pool: &PoolHandle,
        members: &[String],
        options: Options,
    ) -> Result<Request, SessionError> {
        let naming = self.naming(pool);
        let changes = each(members, |m| match m.strip_prefix("set:") {
            Some(set) => Ok(Change::RemoveSet { pool: pool.id.clone(), set: self.scale_set(set)? }),
            None => Ok(Change::Remove { pool: pool.id.clone(), member: naming.member(m)? }),
        })?;
        Ok(Request { title: format!("take {} out of {}", listed(&changes), pool.selector), changes, options })
    }

    /// Members go from one pool to another.
    ///
    /// # Errors
    /// [`SelectError`] for a name.
    pub fn request_move(
        &self,
        from: &PoolHandle,
        to: &PoolHandle,
        members: &[String],
        options: Options,
    ) -> Result<Request, SessionError> {
        if from.id == to.id {
            return Err(SessionError::Asked(format!(
                "{} is where they are already; name another pool to move to",
                from.selector
            )));
        }
        let naming = self.naming(from);
        let changes = each(members, |m| {
            Ok(Change::Move { member: naming.member(m)?, from: from.id.clone(), to: to.id.clone() })
        })?;
        let title = format!("move {} from {} to {}", listed(&changes), from.selector, to.selector);
        Ok(Request { title, changes, options })
    }

    /// One takes the place of another; without `leaves`, of the pool's only member.
    ///
    /// # Errors
    /// [`SelectError`] for a name; [`SessionError::Asked`] where the pool has not exactly one
    /// member and none was named.
    pub fn request_swap(
        &self,
        pool: &PoolHandle,
        leaves: Option<&str>,
        joins: &str,
        options: Options,
    ) -> Result<Request, SessionError> {
        let naming = self.naming(pool);
        let leaves = match leaves {
            Some(text) => naming.member(text)?,
            None => {
                let first = match naming.members() {
                    [one] => one,
                    [] => {
                        return Err(SessionError::Asked(format!(
                            "{} has no member to swap out; use add to put {joins} in",
                            pool.selector
                        )));
                    }
                    many => {
                        let names: Vec<&str> = many.iter().map(|m| m.name.as_str()).collect();
                        return Err(SessionError::Asked(format!(
                            "{} has {} members ({}); say which one goes with --from",
                            pool.selector,
                            many.len(),
                            names.join(", ")
                        )));
                    }
                };
                target_of(first, pool)?
            }
        };
        let joins = naming.joiner(joins)?;
        let title = format!("swap {} for {} in {}", leaves.name, joins.name, pool.selector);
        Ok(Request { title, changes: vec![Change::Swap { pool: pool.id.clone(), leaves, joins }], options })
    }

    /// Members get no new connections, are given time, and leave.
    ///
    /// # Errors
    /// [`SelectError`] for a name.
    pub fn request_drain(
        &self,
        pool: &PoolHandle,
        members: &[String],
        wait: Duration,
        options: Options,
    ) -> Result<Request, SessionError> {
        let naming = self.naming(pool);
        let changes = each(members, |m| Ok(Change::Drain { pool: pool.id.clone(), member: naming.member(m)?, wait }))?;
        Ok(Request { title: format!("drain {} from {}", listed(&changes), pool.selector), changes, options })
    }

    /// The pool's members become exactly these, a batch at a time.
    ///
    /// # Errors
    /// [`SelectError`] for a name; [`SessionError::Asked`] where nobody is named.
    pub fn request_replace(
        &self,
        pool: &PoolHandle,
        members: &[String],
        batch: Batch,
        options: Options,
    ) -> Result<Request, SessionError> {
        if members.is_empty() {
            return Err(SessionError::Asked(format!(
                "name those who are to be in {}; to empty it, remove them",
                pool.selector
            )));
        }
        let naming = self.naming(pool);
        let members: Vec<MemberRef> = members.iter().map(|m| naming.joiner(m)).collect::<Result<_, SelectError>>()?;
        let names: Vec<&str> = members.iter().map(|m| &*m.name).collect();
        let title = format!("make {} exactly {}", pool.selector, names.join(", "));
        let change = Change::Replace { pool: pool.id.clone(), members: members.clone(), batch };
        Ok(Request { title, changes: vec![change], options })
    }

    /// Machines leave every pool that they are in. Each is a VM's name, `set/instance`, a scale set's name,
    /// or `zone:N`; `lb` narrows it to one load balancer.
    ///
    /// # Errors
    /// [`SessionError::Asked`] where nobody fits.
    pub fn request_evacuate(
        &self,
        who: &[String],
        lb: Option<&str>,
        options: Options,
    ) -> Result<Request, SessionError> {
        let fits = |member: &Member, text: &str| {
            let eq = |a: &str| a.eq_ignore_ascii_case(text);
            match text.strip_prefix("zone:") {
                Some(zone) => member.zone.as_deref() == Some(zone),
                None => {
                    eq(&member.name)
                        || member.name.split_once('/').is_some_and(|(set, _)| eq(set))
                        || member.id.segment("virtualMachineScaleSets").is_some_and(eq)
                }
            }
        };
        let mut changes = Vec::new();
        let mut found = vec![false; who.len()];
        for row in self.pool_rows(lb.unwrap_or_default()) {
            let pool = self.pool(row.id.as_str())?;
            for member in self.members(&pool.id) {
                let mut wanted = false;
                for (text, found) in who.iter().zip(&mut found) {
                    let fit = fits(&member, text) || self.is_of_set(&member, text);
                    *found |= fit;
                    wanted |= fit;
                }
                if wanted {
                    changes.push(Change::Remove { pool: pool.id.clone(), member: target_of(&member, &pool)? });
                }
            }
        }
        if let Some((missing, _)) = who.iter().zip(&found).find(|(_, found)| !**found) {
            return Err(SessionError::Asked(format!(
                "'{missing}' is in no pool: give a VM's name, set/instance, a scale set's name or zone:N"
            )));
        }
        Ok(Request { title: format!("evacuate {}", who.join(", ")), changes, options })
    }

    /// Whether a member is a VM of this Flexible scale set.
    fn is_of_set(&self, member: &Member, set: &str) -> bool {
        self.estate(|e| {
            let machine = member.id.parent().and_then(|n| e.nic(&n)).and_then(|n| n.machine.as_ref());
            let machine = machine.and_then(|m| e.machine(m));
            machine.and_then(|m| m.scale_set.as_ref()).is_some_and(|s| s.name().eq_ignore_ascii_case(set))
        })
    }

    /// The instances of Uniform scale sets follow their models again.
    ///
    /// # Errors
    /// [`SelectError`] for a name.
    pub fn request_align(&self, sets: &[String], options: Options) -> Result<Request, SessionError> {
        let changes = each(sets, |s| Ok(Change::AlignSet { set: self.scale_set(s)? }))?;
        Ok(Request { title: format!("align {} with its model", listed(&changes)), changes, options })
    }

    /// The ghosts of a pool that can be taken out: the machine is gone, its NIC is there and still a member.
    pub fn ghosts(&self, pool: &PoolHandle) -> Vec<String> {
        let nic_is_there = |m: &Member| m.id.parent().is_some_and(|n| self.estate(|e| e.nic(&n).is_some()));
        let ghosts = self.members(&pool.id).into_iter().filter(|m| m.ghost.is_some());
        ghosts.filter(nic_is_there).map(|m| m.id.to_string()).collect()
    }

    /// A member's admin state is set.
    ///
    /// # Errors
    /// [`SelectError`] for a name.
    pub fn request_admin_state(
        &self,
        pool: &PoolHandle,
        members: &[String],
        state: AdminState,
        options: Options,
    ) -> Result<Request, SessionError> {
        let naming = self.naming(pool);
        let changes =
            each(members, |m| Ok(Change::SetAdminState { pool: pool.id.clone(), member: naming.member(m)?, state }))?;
        let title = format!("set admin state {} on {} in {}", state.word(), listed(&changes), pool.selector);
        Ok(Request { title, changes, options })
    }
}

/// One change for each name.
fn each(
    members: &[String],
    change: impl FnMut(&String) -> Result<Change, SelectError>,
) -> Result<Vec<Change>, SelectError> {
    members.iter().map(change).collect()
}

/// Who is changed, by the names that people know.
fn listed(changes: &[Change]) -> String {
    let names: Vec<&str> = changes
        .iter()
        .flat_map(|c| c.members().into_iter().map(|m| &*m.name).chain(c.set().map(ResourceId::name)))
        .collect();
    match names.as_slice() {
        [] => "nobody".to_owned(),
        [one] => (*one).to_owned(),
        [a, b] => format!("{a} and {b}"),
        many => format!("{} members", many.len()),
    }
}
