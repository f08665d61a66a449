//! Recovery: what an undo of a journalled plan must do.
//!
//! The inverse of every edit that was verified, and of those that may have landed. An edit whose
//! outcome is unknown and that the document does not show is *fenced*: the document is written once
//! more as it is, so that the old request, which names the old ETag, can no longer land after the
//! undo has looked.

use super::documents::Documents;
use super::edit::{Edit, Standing};
use super::journal::{Reached, Record};
use super::plan::{Plan, PlanError, Stage, plan_stages};
use super::step::{Action, Write};
use crate::arm::ResourceId;

/// What an undo takes back, and what it fences.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Undo {
    /// The inverses, each with the stage of the edit that it takes back.
    pub edits: Vec<(u32, Edit)>,
    /// Documents with an unknown outcome that must be written whatever they show.
    pub fences: Vec<ResourceId>,
}

/// The inverse edits that a record calls for, before a look at the documents.
pub fn inverses(record: &Record) -> Vec<Edit> {
    touched(record).flat_map(|(_, _, w)| w.edits.iter().map(Edit::inverse)).collect()
}

/// The writes that changed something or may have.
fn touched(record: &Record) -> impl Iterator<Item = (u32, Reached, &Write)> {
    let mut all = record.reached();
    record.plan.writes().filter_map(move |(step, write)| match all.remove(&step.id)? {
        Reached::Nothing | Reached::Verified { changed: false } => None,
        reached => Some((step.stage, reached, write)),
    })
}

/// Decides on fresh documents what is to be taken back.
pub fn judge(record: &Record, documents: &Documents) -> Undo {
    let mut undo = Undo::default();
    for (stage, reached, write) in touched(record) {
        let verified = matches!(reached, Reached::Verified { .. });
        for edit in &write.edits {
            let inverse = edit.inverse();
            let body =
                documents.get(&write.target).map(|d| d.body()).or_else(|| documents.pool(&write.target).map(|p| p.0));
            match body.map(|b| inverse.standing(b)) {
                Some(Standing::Holds) if verified => {}
                Some(Standing::Holds) => {
                    if !undo.fences.contains(&write.target) {
                        undo.fences.push(write.target.clone());
                    }
                }
                Some(Standing::Applicable | Standing::Impossible(_)) | None => undo.edits.push((stage, inverse)),
            }
        }
    }
    undo
}

/// The plan that takes a record's plan back.
///
/// # Errors
/// [`PlanError::Nothing`] where nothing of it is left; [`PlanError::Refused`] by a guard.
pub fn undo_plan(record: &Record, documents: &Documents) -> Result<Plan, PlanError> {
    let undo = judge(record, documents);
    let title = format!("undo {}: {}", record.plan.id, record.plan.title);
    let mut options = record.plan.options.clone();
    // The way back waits for nobody.
    options.ask = None;
    // Back to where it was: a pool that was empty may be empty again.
    options.overrides.push("never_empty".to_owned());
    let made = if undo.edits.is_empty() {
        Err(PlanError::Nothing(format!("nothing of plan {} is left to take back", record.plan.id)))
    } else {
        let stages = backwards(undo.edits);
        plan_stages(&title, stages, documents, &options, &record.plan.endpoint, Some(record.plan.id.clone()))
    };
    let fences: Vec<Write> = touched(record)
        .filter(|(_, _, w)| undo.fences.contains(&w.target))
        .map(|(_, _, w)| Write {
            target: w.target.clone(),
            etag: documents.etag_of(&w.target),
            edits: w.edits.iter().map(Edit::inverse).collect(),
            checks: Default::default(),
            lanes: w.lanes.clone(),
            fence: true,
        })
        .collect();
    if fences.is_empty() {
        return made;
    }
    let mut plan = match made {
        Ok(plan) => plan,
        Err(PlanError::Nothing(_)) => Plan {
            id: super::plan::PlanId::random(),
            title,
            made_at: jiff::Timestamp::now(),
            endpoint: record.plan.endpoint.clone(),
            options,
            findings: Vec::new(),
            steps: Vec::new(),
            exclusive: record.plan.exclusive.clone(),
            protected: record.plan.protected.clone(),
            undo_of: Some(record.plan.id.clone()),
        },
        Err(error) => return Err(error),
    };
    put_first(&mut plan, fences);
    Ok(plan)
}

/// What was done last is taken back first; but a set's model goes before its instances, forth and back.
fn backwards(edits: Vec<(u32, Edit)>) -> Vec<Stage> {
    let mut by_stage: std::collections::BTreeMap<(bool, std::cmp::Reverse<u32>), Stage> =
        std::collections::BTreeMap::new();
    for (stage, edit) in edits {
        let of_model = matches!(edit, Edit::JoinModel { .. } | Edit::LeaveModel { .. });
        by_stage.entry((!of_model, std::cmp::Reverse(stage))).or_default().edits.push(edit);
    }
    by_stage.into_values().collect()
}

/// Puts the fences before everything else, and makes everything else need them.
fn put_first(plan: &mut Plan, fences: Vec<Write>) {
    let count = u32::try_from(fences.len()).unwrap_or(u32::MAX);
    let ids: Vec<u32> = (1..=count).collect();
    for step in &mut plan.steps {
        step.id += count;
        step.needs.iter_mut().for_each(|n| *n += count);
        if step.needs.is_empty() {
            step.needs.clone_from(&ids);
        }
    }
    let first = ids.iter().zip(fences).map(|(id, write)| super::step::Step {
        id: *id,
        stage: 0,
        needs: Vec::new(),
        action: Action::Write(write),
    });
    let rest = std::mem::take(&mut plan.steps);
    plan.steps = first.chain(rest).collect();
}
