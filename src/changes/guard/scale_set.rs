//! Guards of scale sets: what writes their instances besides azlb.

use std::collections::BTreeSet;

use super::{GuardCode, Guards};
use crate::arm::ResourceId;
use crate::azure::virtual_machine::VirtualMachine;
use crate::changes::edit::Edit;

impl Guards<'_, '_> {
    /// Asks the guards of each scale set that edits touch, as a whole or by instance.
    pub(super) fn scale_sets(&mut self) {
        let (documents, edits) = (self.documents, self.facts.edits());
        let mut sets: BTreeSet<ResourceId> = BTreeSet::new();
        for edit in edits {
            if let Edit::JoinModel { set, .. } | Edit::LeaveModel { set, .. } = edit.edit {
                sets.insert(set.clone());
            }
        }
        sets.extend(self.facts.every_edited().filter_map(|e| e.set.as_deref().cloned()));
        // Machines of Flexible sets matter to the guard on autoscale alone.
        if !documents.autoscaled.is_empty() {
            let machines = self.facts.nics().filter_map(|nic| documents.get(nic.says.machine.as_ref()?));
            sets.extend(machines.filter_map(|d| VirtualMachine(d.body()).scale_set()));
        }
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
            let whole = edits.iter().any(
                |e| matches!(e.edit, Edit::JoinModel { set: s, .. } | Edit::LeaveModel { set: s, .. } if *s == set),
            );
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
