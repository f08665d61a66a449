//! Azure resource ids: parsed once, compared without regard to case, shown as served.
//!
//! Owns the grammar of `/subscriptions/…/providers/…` paths. Used by every layer and by the
//! simulator. Never touches the network.

use std::fmt;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A resource's id, such as
/// `/subscriptions/…/resourceGroups/rg/providers/Microsoft.Network/loadBalancers/web-lb`.
///
/// Equality and hashing fold ASCII case, because Azure itself answers with `resourcegroups` and
/// `microsoft.Compute` now and then. Display gives the text exactly as it was served.
#[derive(Clone)]
pub struct ResourceId {
    text: Arc<str>,
    /// A hash of the folded text, made once: a large plan looks its documents up a hundred thousand
    /// times, and two ids that differ are told apart without reading either.
    folded: u64,
}

/// The keys of the hash, by chance for each run: ids come from the network.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Why a text is not a resource id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a resource id: {reason}")]
pub struct IdError {
    /// The text as given, shortened where it is very long.
    pub text: String,
    /// What is wrong with it, and what a right one looks like.
    pub reason: &'static str,
}

/// ARM accepts ids of a few hundred characters; beyond this a text is no id but an accident.
const MAX_LEN: usize = 2048;

impl ResourceId {
    /// Parses an id. The subscription alone and a resource group are ids too.
    ///
    /// # Errors
    /// [`IdError`] names the first thing that is wrong.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let fail = |reason| Err(IdError { text: text.chars().take(200).collect(), reason });
        if text.len() > MAX_LEN {
            return fail("it is longer than 2048 characters");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace() && c != ' ') {
            return fail("it holds a control character");
        }
        if text.contains(['?', '#', '\\', '%']) {
            return fail("it holds one of ? # \\ %");
        }
        let Some(rest) = text.strip_prefix('/') else {
            return fail("it must begin with /subscriptions/");
        };
        let parts: Vec<&str> = rest.split('/').collect();
        if parts.iter().any(|p| p.is_empty() || *p == "." || *p == "..") {
            return fail("a segment between two slashes is empty");
        }
        match parts.as_slice() {
            [s, _, tail @ ..] if s.eq_ignore_ascii_case("subscriptions") => {
                let mut tail = tail;
                if let [g, _, more @ ..] = tail
                    && g.eq_ignore_ascii_case("resourceGroups")
                {
                    tail = more;
                }
                // One block a provider: a lock's id has two.
                while let [p, _, typed @ ..] = tail {
                    if !p.eq_ignore_ascii_case("providers") {
                        return fail("expected /resourceGroups/NAME or /providers/NAMESPACE/TYPE/NAME");
                    }
                    let pairs =
                        typed.chunks(2).take_while(|c| c.first().is_some_and(|k| !k.eq_ignore_ascii_case("providers")));
                    let used: usize = pairs.map(<[&str]>::len).sum();
                    if used == 0 || !used.is_multiple_of(2) {
                        return fail("after the provider, types and names must come in pairs");
                    }
                    tail = typed.get(used..).unwrap_or_default();
                }
                if tail.is_empty() { Ok(Self::new(text)) } else { fail("a name is missing at its end") }
            }
            _ => fail("it must begin with /subscriptions/ID"),
        }
    }

    /// From a text that is known to be one.
    fn new(text: &str) -> Self {
        Self { text: text.into(), folded: Self::hash_of(text) }
    }

    /// The hash of a text without regard to case.
    pub(super) fn hash_of(text: &str) -> u64 {
        let mut hasher = HASHER.build_hasher();
        // Folded a block at a time.
        let mut block = [0u8; 64];
        for part in text.as_bytes().chunks(block.len()) {
            let folded = block.get_mut(..part.len()).unwrap_or_default();
            folded.copy_from_slice(part);
            folded.make_ascii_lowercase();
            hasher.write(folded);
        }
        hasher.finish()
    }

    /// The id as it was served.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The hash of its text without regard to case.
    pub(crate) fn hashed(&self) -> u64 {
        self.folded
    }

    /// Whether nobody else holds its text.
    pub(super) fn is_alone(&self) -> bool {
        Arc::strong_count(&self.text) == 1
    }

    fn parts(&self) -> std::str::Split<'_, char> {
        // An id begins with a slash, checked by `parse`.
        self.text.strip_prefix('/').unwrap_or_default().split('/')
    }

    /// The subscription's id, without the path around it.
    pub fn subscription(&self) -> &str {
        self.parts().nth(1).unwrap_or_default()
    }

    /// The resource group, where the id has one.
    pub fn resource_group(&self) -> Option<&str> {
        let mut parts = self.parts().skip(2);
        parts.next().filter(|p| p.eq_ignore_ascii_case("resourceGroups")).and_then(|_| parts.next())
    }

    /// The resource's own name: the last segment.
    pub fn name(&self) -> &str {
        self.parts().next_back().unwrap_or_default()
    }

    /// The name that follows a type segment, such as `segment("loadBalancers")`.
    pub fn segment(&self, kind: &str) -> Option<&str> {
        let mut parts = self.parts();
        while let Some(key) = parts.next() {
            let value = parts.next()?;
            if key.eq_ignore_ascii_case(kind) {
                return Some(value);
            }
        }
        None
    }

    /// The full type, such as `Microsoft.Network/loadBalancers/backendAddressPools`, in the
    /// spelling of this id. Empty for a subscription or a resource group.
    pub fn resource_type(&self) -> String {
        let mut out = String::new();
        let mut parts = self.parts();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            if key.eq_ignore_ascii_case("providers") {
                value.clone_into(&mut out);
            } else if !out.is_empty() {
                out.push('/');
                out.push_str(key);
            }
        }
        out
    }

    /// Whether the id is of this full type.
    pub fn is_type(&self, full_type: &str) -> bool {
        let mut wanted = None;
        let mut alike = false;
        let mut parts = self.parts();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            // The last provider's type is the id's; a lock's id has two.
            let kind = if key.eq_ignore_ascii_case("providers") {
                wanted = Some(full_type.split('/'));
                alike = true;
                value
            } else {
                key
            };
            let expected = wanted.as_mut().and_then(Iterator::next);
            alike &= expected.is_some_and(|w: &str| w.eq_ignore_ascii_case(kind));
        }
        alike && wanted.is_some_and(|mut w| w.next().is_none())
    }

    /// The id one type and name shorter: a pool's load balancer, an ip configuration's NIC.
    pub fn parent(&self) -> Option<Self> {
        // A valid id's head is valid, but for a provider without a type: that goes too.
        let pair_off = |s: &'_ str| -> Option<(usize, usize)> {
            let name = s.rfind('/')?;
            Some((s.get(..name)?.rfind('/')?, name))
        };
        let mut head: &str = &self.text;
        loop {
            let (at, _) = pair_off(head)?;
            head = head.get(..at)?;
            let (key_at, name_at) = pair_off(head)?;
            let key = head.get(key_at + 1..name_at)?;
            if !key.eq_ignore_ascii_case("providers") {
                return Some(Self::new(head));
            }
        }
    }

    /// The id of a child: `pool.child("backendAddressPools", "masters")`.
    ///
    /// # Errors
    /// [`IdError`] where the name cannot stand in an id.
    pub fn child(&self, kind: &str, name: &str) -> Result<Self, IdError> {
        Self::parse(&format!("{}/{kind}/{name}", self.text))
    }

    /// Whether this id is `ancestor` or lies below it.
    pub fn is_within(&self, ancestor: &Self) -> bool {
        let (own, other) = (self.text.as_bytes(), ancestor.text.as_bytes());
        own.get(..other.len()).is_some_and(|head| head.eq_ignore_ascii_case(other))
            && own.get(other.len()).is_none_or(|next| *next == b'/')
    }

    /// The id with its case folded: the key under which two spellings are one.
    pub fn folded(&self) -> String {
        self.text.to_ascii_lowercase()
    }

    /// The last two names, for people: `web-lb/blue`, `vm-db-1-nic/ipconfig1`.
    pub fn short(&self) -> String {
        match self.parent() {
            Some(parent) if !parent.resource_type().is_empty() => {
                format!("{}/{}", parent.name(), self.name())
            }
            _ => self.name().to_owned(),
        }
    }
}

/// Hashes an id by what it carries: its text was hashed once already, with keys of this run's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct Carried(u64);

impl Hasher for Carried {
    fn write(&mut self, bytes: &[u8]) {
        // Ids give a number alone; this is for what else may be asked.
        for byte in bytes {
            self.0 = (self.0.rotate_left(5) ^ u64::from(*byte)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A map by ids.
pub type IdMap<V> = std::collections::HashMap<ResourceId, V, std::hash::BuildHasherDefault<Carried>>;

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
            && (Arc::ptr_eq(&self.text, &other.text) || self.text.eq_ignore_ascii_case(&other.text))
    }
}

impl Eq for ResourceId {}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.folded);
    }
}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Ids of one subscription begin alike for a hundred characters.
        let (own, others) = (self.text.as_bytes(), other.text.as_bytes());
        let alike = own.chunks_exact(16).zip(others.chunks_exact(16)).take_while(|(a, b)| a == b).count() * 16;
        let mut pairs = own.iter().zip(others).skip(alike);
        match pairs.find(|(a, b)| !a.eq_ignore_ascii_case(b)) {
            Some((a, b)) => a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()),
            None => self.text.len().cmp(&other.text.len()),
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POOL: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-db/providers/Microsoft.Network/loadBalancers/db-lb/backendAddressPools/masters";

    #[test]
    fn reads_its_parts() {
        let id = ResourceId::parse(POOL).unwrap();
        assert_eq!(id.subscription(), "00000000-0000-0000-0000-000000000001");
        assert_eq!(id.resource_group(), Some("rg-db"));
        assert_eq!(id.resource_type(), "Microsoft.Network/loadBalancers/backendAddressPools");
        assert_eq!(id.name(), "masters");
        assert_eq!(id.segment("loadbalancers"), Some("db-lb"));
        assert_eq!(id.parent().unwrap().name(), "db-lb");
        assert_eq!(id.short(), "db-lb/masters");
        assert!(id.is_within(&id.parent().unwrap()));
        assert!(id.is_type("microsoft.network/LoadBalancers/backendAddressPools"));
        assert!(!id.is_type("Microsoft.Network/loadBalancers"));
        let mut up = vec![id.clone()];
        while let Some(parent) = up.last().unwrap().parent() {
            up.push(parent);
        }
        let names: Vec<&str> = up.iter().map(ResourceId::name).collect();
        assert_eq!(names, ["masters", "db-lb", "rg-db", "00000000-0000-0000-0000-000000000001"]);
    }

    #[test]
    fn compares_and_hashes_without_case_and_displays_as_served() {
        let served = ResourceId::parse(POOL).unwrap();
        let other = ResourceId::parse(&POOL.replace("resourceGroups", "resourcegroups")).unwrap();
        assert_eq!(served, other);
        let set: std::collections::HashSet<_> = [served.clone(), other].into_iter().collect();
        assert_eq!(set.len(), 1);
        assert_eq!(served.to_string(), POOL);
    }

    #[test]
    fn an_extension_resource_has_its_own_type_and_its_target_as_parent() {
        let lock = ResourceId::parse(&format!("{POOL}/providers/Microsoft.Authorization/locks/freeze")).unwrap();
        assert_eq!(lock.resource_type(), "Microsoft.Authorization/locks");
        assert_eq!(lock.parent().unwrap().as_str(), POOL);
        let lb = ResourceId::parse(POOL).unwrap().parent().unwrap();
        assert_eq!(
            lb.parent().unwrap().as_str(),
            "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-db"
        );
    }

    #[test]
    fn a_sibling_with_a_longer_name_is_not_within() {
        let a = ResourceId::parse("/subscriptions/s/resourceGroups/rg").unwrap();
        let b = ResourceId::parse("/subscriptions/s/resourceGroups/rg2").unwrap();
        assert!(!b.is_within(&a));
    }

    #[test]
    fn refuses_what_is_no_id() {
        for bad in [
            "",
            "web-lb",
            "/",
            "/subscriptions",
            "/subscriptions//resourceGroups/rg",
            "/subscriptions/s/resourceGroups",
            "/subscriptions/s/other/x",
            "/subscriptions/s/providers/Microsoft.Network",
            "/subscriptions/s/providers/Microsoft.Network/loadBalancers",
            "/subscriptions/s/resourceGroups/g/providers/M.N/t/n/providers/Microsoft.Authorization",
            "/subscriptions/s/resourceGroups/rg\u{1b}[31m",
            "/subscriptions/s/resourceGroups/rg?x=1",
            "/subscriptions/s/resourceGroups/..",
            "https://management.azure.com/subscriptions/s",
        ] {
            assert!(ResourceId::parse(bad).is_err(), "{bad:?} was taken for an id");
        }
    }
}
