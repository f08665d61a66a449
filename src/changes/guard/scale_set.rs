//! Guards of scale sets: what writes their instances besides azlb.

use std::collections::BTreeSet;

use super::{GuardCode, Guards};
use crate::arm::ResourceId;
use crate::azure::ip_config::IpConfigOwner;
use crate::changes::edit::Edit;

impl Guards<'_> {
    /// Asks the guards of each scale set that edits touch, as a whole or by instance.
    pub(super) fn scale_sets(&mut self, edits: &[Edit]) {
        let documents = self.documents;
        let sets: BTreeSet<ResourceId> = edits
            .iter()
            .filter_map(|edit| match edit {
                Edit::JoinModel { set, .. } | Edit::LeaveModel { set, .. } => Some(set.clone()),
                Edit::JoinPool { ip_config, .. } | Edit::LeavePool { ip_config, .. } => {
                    match IpConfigOwner::of(ip_config) {
                        Some(IpConfigOwner::Instance { set, .. }) => Some(set),
                        _ if documents.autoscaled.is_empty() => None,
                        _ => documents.vm(ip_config)?.scale_set(),
                    }
                }
                _ => None,
            })
            .collect();
        for set in sets {
            if let Some((_, progress)) = documents.upgrading.iter().find(|(s, _)| *s == set) {
                self.refuse(
                    GuardCode::Upgrade,
                    &set,
                    format!(
                        "a rolling upgrade of {} is under way{progress}: it writes the same instances.",
                        set.name()
                    ),
                    "Wait for its end, cancel it, or --override upgrade.",
                );
            }
            let whole = edits
                .iter()
                .any(|e| matches!(e, Edit::JoinModel { set: s, .. } | Edit::LeaveModel { set: s, .. } if *s == set));
            if let Some((_, setting)) = documents.autoscaled.iter().find(|(s, _)| *s == set && !whole) {
                self.warn(
                    GuardCode::Autoscale,
                    &set,
                    format!(
                        "autoscale ({setting}) adds and removes instances of {}: new ones follow the model, not this plan.",
                        set.name()
                    ),
                    "Change the set as a whole (set:NAME), or pause autoscale for the time.",
                );
            }
        }
    }
}
