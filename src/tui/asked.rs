//! From an action on rows to what is asked of the session: who is meant, and what is to happen.

use std::collections::BTreeMap;

use super::action::Action;
use super::command::{Ask, Command};
use super::model::{Field, Mark, Marked, Model, Overlay, Typing};
use super::navigate::step;
use super::snapshot::Row;
use crate::arm::ResourceId;

pub(super) fn mark(model: &mut Model) -> Vec<Command> {
    let Some((mark, marked)) = model.selected_row().and_then(|row| marked(model, row)) else { return Vec::new() };
    model.last_mark = Some(mark.clone());
    if model.marks.remove(&mark).is_none() {
        model.marks.insert(mark, marked);
    }
    step(model, 1)
}

/// A row of the pool shown, as a mark of it.
fn marked(model: &Model, row: &Row) -> Option<(Mark, Marked)> {
    let mark = Mark { pool: model.pool.as_ref()?.id.clone(), id: row.member.id.clone() };
    Some((mark, Marked { inside: row.inside, name: name_for(row) }))
}

/// Marks every row from the one that was marked last to the selected one.
pub(super) fn mark_range(model: &mut Model) -> Vec<Command> {
    let Some(pool) = model.pool.as_ref().map(|p| p.id.clone()) else { return Vec::new() };
    let rows = model.pool_rows();
    let place = |id: Option<&ResourceId>| rows.iter().position(|r| Some(&r.member.id) == id);
    let from = place(model.last_mark.as_ref().filter(|m| m.pool == pool).map(|m| &m.id));
    let Some((from, to)) = from.zip(place(model.selected_row().map(|r| &r.member.id))) else {
        return refuse(model, "mark a row first (space); the range goes from there to the selected row");
    };
    let range = rows.iter().skip(from.min(to)).take(from.abs_diff(to) + 1);
    let marks: Vec<_> = range.filter_map(|row| marked(model, row)).collect();
    model.marks.extend(marks);
    Vec::new()
}

/// Marks every row shown, or turns the marks of those shown round.
pub(super) fn mark_shown(model: &mut Model, invert: bool) -> Vec<Command> {
    let shown: Vec<_> = model.pool_rows().into_iter().filter_map(|row| marked(model, row)).collect();
    for (mark, row) in shown {
        if !(invert && model.marks.remove(&mark).is_some()) {
            model.marks.insert(mark, row);
        }
    }
    Vec::new()
}

/// The members, or those who could join, that an action is about: the marked ones, each with the pool it was
/// marked in, else the selected one.
pub(super) fn subjects(model: &Model, inside: bool) -> BTreeMap<ResourceId, Vec<String>> {
    let mut out: BTreeMap<ResourceId, Vec<String>> = BTreeMap::new();
    for (mark, row) in model.marks.iter().filter(|(_, row)| row.inside == inside) {
        out.entry(mark.pool.clone()).or_default().push(row.name.clone());
    }
    out.values_mut().for_each(|names| names.sort_unstable());
    if out.is_empty()
        && let Some((mark, row)) =
            model.selected_row().filter(|row| row.inside == inside).and_then(|row| marked(model, row))
    {
        out.insert(mark.pool, vec![row.name]);
    }
    out
}

/// What names a row alone: its id, or an address entry's name.
fn name_for(row: &Row) -> String {
    use crate::estate::members::MemberKind;
    match row.member.kind {
        MemberKind::Address | MemberKind::Frontend => row.member.name.clone(),
        MemberKind::Nic | MemberKind::Instance => row.member.id.to_string(),
    }
}

pub(super) fn change(model: &mut Model, action: Action) -> Vec<Command> {
    let Some(pool) = model.pool.as_ref().map(|p| p.id.clone()) else {
        model.say("select a pool first", true);
        return Vec::new();
    };
    let (inside, outside) = (subjects(model, true), subjects(model, false));
    let asks: Vec<(ResourceId, Ask)> = match action {
        Action::Add if !outside.is_empty() => outside.into_iter().map(|(pool, who)| (pool, Ask::Add(who))).collect(),
        Action::Add => return refuse(model, "select or mark those who could join, below the members"),
        Action::TakeOut if !inside.is_empty() => {
            inside.into_iter().map(|(pool, who)| (pool, Ask::TakeOut(who))).collect()
        }
        Action::TakeOut => return refuse(model, "select or mark members, above those who could join"),
        Action::Swap => {
            let only = model.pool.as_ref().is_some_and(|p| p.members.len() == 1);
            // One pool's two: what is marked elsewhere is for other actions.
            let here = |of: &BTreeMap<ResourceId, Vec<String>>| of.get(&pool).cloned().unwrap_or_default();
            match (here(&inside).as_slice(), here(&outside).as_slice()) {
                ([one], [joins]) => vec![(pool, Ask::Swap(Some(one.clone()), joins.clone()))],
                (_, [joins]) if only => vec![(pool, Ask::Swap(None, joins.clone()))],
                _ => {
                    return refuse(
                        model,
                        if only {
                            "select the one that is to take over, below the member"
                        } else {
                            "mark one member that leaves and one that could join, then s"
                        },
                    );
                }
            }
        }
        _ if inside.is_empty() => return refuse(model, "select or mark the members that are to move"),
        _ => {
            // Where all are of one pool, that is no place to go.
            let from = (inside.len() == 1).then(|| inside.into_keys().next()).flatten();
            let pools = model
                .tree
                .subscriptions
                .iter()
                .flat_map(|s| &s.load_balancers)
                .flat_map(|lb| &lb.pools)
                .filter(|p| Some(&p.id) != from.as_ref())
                .map(|p| (p.id.clone(), p.id.short()))
                .collect();
            model.typing = Typing::Destination { field: Field::default(), pools, at: 0 };
            return Vec::new();
        }
    };
    model.planning = true;
    vec![Command::Plan(asks)]
}

/// The move of those that are meant to a pool: from each of their pools, as one plan. Who is there stays.
pub(super) fn move_to(model: &mut Model, to: &ResourceId) -> Vec<Command> {
    let others = subjects(model, true).into_iter().filter(|(from, _)| from != to);
    let asks: Vec<_> = others.map(|(from, who)| (from, Ask::Move(who, to.clone()))).collect();
    if asks.is_empty() {
        return refuse(model, "those that are marked are there already");
    }
    model.planning = true;
    vec![Command::Plan(asks)]
}

pub(super) fn refuse(model: &mut Model, why: &str) -> Vec<Command> {
    model.say(why, true);
    Vec::new()
}

/// Tells whole what failed in the selected plan, and what was left out because of it.
pub(super) fn failures(model: &mut Model) -> Vec<Command> {
    let Some(job) = model.jobs.get(model.job).cloned() else { return refuse(model, "the journal is empty") };
    let problems = job.steps.iter().filter_map(|(state, title, problem)| Some((state, title, problem.as_ref()?)));
    let said: Vec<String> = problems.map(|(state, title, problem)| format!("{state}: {title}: {problem}")).collect();
    if said.is_empty() {
        model.say(format!("nothing failed in plan {}", job.id), false);
        return Vec::new();
    }
    model.say(format!("plan {}: {}", job.id, job.title), false);
    said.into_iter().for_each(|text| model.say(text, true));
    model.message = None;
    model.over = Some((Overlay::Messages, usize::MAX));
    Vec::new()
}

pub(super) fn job_action(model: &mut Model, action: Action) -> Vec<Command> {
    if model.running {
        return refuse(model, "a plan runs; wait for its end or stop it with x");
    }
    let Some(id) = model.jobs.get(model.job).map(|j| j.id.clone()) else {
        return refuse(model, "the journal is empty");
    };
    if !model.may_write {
        return refuse(model, "this session is read-only");
    }
    model.planning = true;
    vec![if action == Action::Resume { Command::PlanResume(id) } else { Command::PlanUndo(id) }]
}
