//! Who a text names for a pool: among its members, among those who could join it, among everything that is
//! known. Looked up once for a whole request, however many it names.
//!
//! The requests ask it, and so does the recorder, which needs texts that name the same again.

use std::cell::OnceCell;
use std::net::IpAddr;
use std::str::FromStr;

use super::Session;
use super::ask::PoolHandle;
use crate::arm::ResourceId;
use crate::azure::backend_pool::PoolKind;
use crate::changes::{MemberRef, MemberTarget};
use crate::estate::members::{Member, MemberKind};
use crate::estate::select::{SelectError, select_member};

/// The names of one pool.
pub struct Naming<'a> {
    session: &'a Session,
    pool: &'a PoolHandle,
    members: OnceCell<Vec<Member>>,
    candidates: OnceCell<Vec<Member>>,
    everyone: OnceCell<Vec<Member>>,
}

impl Session {
    /// Who texts name for a pool.
    pub fn naming<'a>(&'a self, pool: &'a PoolHandle) -> Naming<'a> {
        Naming { session: self, pool, members: OnceCell::new(), candidates: OnceCell::new(), everyone: OnceCell::new() }
    }
}

impl Naming<'_> {
    /// The pool's members.
    pub fn members(&self) -> &[Member] {
        self.members.get_or_init(|| self.session.members(&self.pool.id))
    }

    fn candidates(&self) -> &[Member] {
        self.candidates.get_or_init(|| self.session.candidates(&self.pool.id))
    }

    /// Every ip configuration that is known: those of the pool's own network first.
    fn everyone(&self) -> &[Member] {
        self.everyone.get_or_init(|| {
            let mut out = self.candidates().to_vec();
            let near: std::collections::HashSet<ResourceId> = out.iter().map(|m| m.id.clone()).collect();
            self.session.estate(|e| {
                for nic in e.nics() {
                    let others = nic.configs.iter().filter(|c| !near.contains(&c.id));
                    out.extend(others.map(|c| e.as_member(nic, c)));
                }
            });
            out
        })
    }

    /// The member that a text names.
    ///
    /// # Errors
    /// [`SelectError`]; where the text names a candidate, the request says so itself.
    pub fn member(&self, text: &str) -> Result<MemberRef, SelectError> {
        match select_member(&format!("member of {}", self.pool.selector), self.members(), text) {
            Ok(member) => target_of(member, self.pool),
            Err(unknown @ SelectError::Unknown { .. }) => {
                // One that is not in the pool is for a guard to refuse; one that nobody knows is not.
                select_member("ip configuration", self.everyone(), text)
                    .map_err(|_| unknown)
                    .and_then(|m| target_of(m, self.pool))
            }
            Err(error) => Err(error),
        }
    }

    /// The ip configuration or address that a text names and that is to join.
    ///
    /// # Errors
    /// [`SelectError`] with the matches, or with what could join.
    pub fn joiner(&self, text: &str) -> Result<MemberRef, SelectError> {
        if self.pool.kind == PoolKind::Ip {
            return self.address(text);
        }
        if self.pool.kind == PoolKind::Empty
            && let Ok(ip) = IpAddr::from_str(text)
            && !self.candidates().iter().any(|c| c.ip.as_deref() == Some(text))
        {
            return Ok(address_ref(ip, None));
        }
        if let Ok(member) = select_member("member", self.members(), text) {
            return target_of(member, self.pool);
        }
        let what = format!("candidate for {}", self.pool.selector);
        match select_member(&what, self.candidates(), text) {
            Ok(member) => target_of(member, self.pool),
            Err(error @ SelectError::Ambiguous { .. }) => Err(error),
            Err(unknown) => {
                if let Ok(ip) = IpAddr::from_str(text) {
                    // An address offered to a NIC pool: the guard explains.
                    return Ok(address_ref(ip, None));
                }
                // Known elsewhere: the guard says why it does not fit here.
                select_member(&what, self.everyone(), text)
                    .map_err(|other| match other {
                        SelectError::Ambiguous { .. } => other,
                        _ => unknown,
                    })
                    .and_then(|m| target_of(m, self.pool))
            }
        }
    }

    /// `IP`, `NAME=IP`, or something that has an address; a NIC is left to the guard.
    fn address(&self, text: &str) -> Result<MemberRef, SelectError> {
        let (name, ip) = match text.split_once('=') {
            Some((name, ip)) => (Some(name), ip),
            None => (None, text),
        };
        if let Ok(ip) = IpAddr::from_str(ip) {
            return Ok(address_ref(ip, name));
        }
        if let Ok(member) = select_member("member", self.members(), text) {
            return target_of(member, self.pool);
        }
        let found = select_member(&format!("address for {}", self.pool.selector), self.everyone(), text)?;
        Ok(MemberRef { target: MemberTarget::IpConfig(found.id.clone()), name: found.name.as_str().into() })
    }

    /// The text that names a member: its name where that is enough, else its id.
    pub fn text_of_member(&self, member: &MemberRef) -> String {
        match self.member(&member.name) {
            Ok(named) if named.target == member.target => member.name.to_string(),
            _ => text_of(&member.target),
        }
    }

    /// The text that names one who joins: its name where that is enough, else its id; `NAME=ADDRESS` of an
    /// address.
    pub fn text_of_joiner(&self, member: &MemberRef) -> String {
        let same = |text: &str| self.joiner(text).is_ok_and(|named| named == *member);
        if same(&member.name) {
            return member.name.to_string();
        }
        let plain = text_of(&member.target);
        if same(&plain) { plain } else { format!("{}={plain}", member.name) }
    }
}

fn text_of(target: &MemberTarget) -> String {
    match target {
        MemberTarget::IpConfig(id) | MemberTarget::Frontend(id) => id.to_string(),
        MemberTarget::Address(ip) => ip.to_string(),
    }
}

fn address_ref(ip: IpAddr, name: Option<&str>) -> MemberRef {
    let own = || format!("addr-{}", ip.to_string().replace(['.', ':'], "-"));
    MemberRef { target: MemberTarget::Address(ip), name: name.map_or_else(|| own().into(), Into::into) }
}

/// A member as a change names it.
pub(super) fn target_of(member: &Member, pool: &PoolHandle) -> Result<MemberRef, SelectError> {
    let target = match member.kind {
        MemberKind::Nic | MemberKind::Instance => MemberTarget::IpConfig(member.id.clone()),
        MemberKind::Address => match member.ip.as_deref().and_then(|ip| ip.parse().ok()) {
            Some(ip) => MemberTarget::Address(ip),
            None => {
                return Err(SelectError::Malformed {
                    what: format!("member of {}", pool.selector),
                    text: member.name.clone(),
                    reason: "its entry has no address".to_owned(),
                });
            }
        },
        MemberKind::Frontend => MemberTarget::Frontend(member.id.clone()),
    };
    Ok(MemberRef { target, name: member.name.as_str().into() })
}
