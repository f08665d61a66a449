//! What a plan does to each document, as a diff of its JSON: the whole truth of a write, for who wants it.
//!
//! Pure: documents and a plan in, lines out. Used by the plan screen, the scripts and the command line.

use std::collections::HashMap;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::plan::{Plan, PlanId};
use crate::arm::ResourceId;

/// Lines around each change.
const CONTEXT: usize = 3;

/// One document's diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentDiff {
    /// The step that writes it.
    pub step: u32,
    /// The document.
    pub target: ResourceId,
    /// Its lines, or why there are none.
    pub lines: Result<Vec<DiffLine>, String>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// `-` goes, `+` comes, a space stays, `@` begins another place.
    pub sign: char,
    /// The text.
    pub text: String,
}

/// A plan's diffs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diffs {
    /// Whose.
    pub plan: PlanId,
    /// In the order of the steps.
    pub documents: Vec<DocumentDiff>,
    /// How many writes there are beyond these.
    pub more: usize,
}

impl Diffs {
    /// Of the first `most` writes, from the documents as they are.
    pub fn of(plan: &Plan, bodies: &HashMap<ResourceId, Result<Value, String>>, most: usize) -> Self {
        let mut now: HashMap<&ResourceId, Value> = HashMap::new();
        let mut documents = Vec::new();
        for (step, write) in plan.writes().take(most) {
            let lines = match (now.get(&write.target), bodies.get(&write.target)) {
                // The second write of a document begins where the first ends.
                (Some(body), _) => Ok(body.clone()),
                (None, Some(read)) => read.clone(),
                (None, None) => Err("it was not read".to_owned()),
            };
            let lines = lines.map(|before| {
                let mut after = before.clone();
                for edit in &write.edits {
                    edit.apply(&mut after);
                }
                let lines = lines_of(&before, &after);
                now.insert(&write.target, after);
                lines
            });
            documents.push(DocumentDiff { step: step.id, target: write.target.clone(), lines });
        }
        let more = plan.writes().count().saturating_sub(documents.len());
        Self { plan: plan.id.clone(), documents, more }
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn lines_of(before: &Value, after: &Value) -> Vec<DiffLine> {
    let (before, after) = (pretty(before), pretty(after));
    let diff = TextDiff::from_lines(&before, &after);
    let mut out = Vec::new();
    for (place, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if place > 0 {
            out.push(DiffLine { sign: '@', text: String::new() });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            out.push(DiffLine { sign, text: change.value().trim_end_matches('\n').to_owned() });
        }
    }
    out
}
