//! From an action on rows to what is asked of the session: who is meant, and what is to happen.

use super::action::Action;
use super::command::{Ask, Command};
use super::model::{Field, Mark, Model, Typing};
use super::navigate::step;

pub(super) fn mark(model: &mut Model) -> Vec<Command> {
    let Some((pool, id)) =
        model.pool.as_ref().map(|p| p.id.clone()).zip(model.selected_row().map(|r| r.member.id.clone()))
    else {
        return Vec::new();
    };
    let mark = Mark { pool, id };
    model.last_mark = Some(mark.clone());
    if !model.marks.remove(&mark) {
        model.marks.insert(mark);
    }
    step(model, 1)
}

/// Marks every row from the one that was marked last to the selected one.
pub(super) fn mark_range(model: &mut Model) -> Vec<Command> {
    let Some(pool) = model.pool.as_ref().map(|p| p.id.clone()) else { return Vec::new() };
    let rows: Vec<_> = model.pool_rows().iter().map(|r| r.member.id.clone()).collect();
    let place = |id: Option<&crate::arm::ResourceId>| rows.iter().position(|r| Some(r) == id);
    let from = place(model.last_mark.as_ref().filter(|m| m.pool == pool).map(|m| &m.id));
    let Some((from, to)) = from.zip(place(model.selected_row().map(|r| &r.member.id))) else {
        return refuse(model, "mark a row first (space); the range goes from there to the selected row");
    };
    let marks = rows.iter().skip(from.min(to)).take(from.abs_diff(to) + 1).cloned();
    model.marks.extend(marks.map(|id| Mark { pool: pool.clone(), id }));
    Vec::new()
}

/// Marks every row shown, or turns the marks of those shown round.
pub(super) fn mark_shown(model: &mut Model, invert: bool) -> Vec<Command> {
    let Some(pool) = model.pool.as_ref().map(|p| p.id.clone()) else { return Vec::new() };
    let shown: Vec<Mark> =
        model.pool_rows().iter().map(|r| Mark { pool: pool.clone(), id: r.member.id.clone() }).collect();
    for mark in shown {
        if !(invert && model.marks.remove(&mark)) {
            model.marks.insert(mark);
        }
    }
    Vec::new()
}

/// The members or candidates that an action is about: the marked ones of this pool, else the
/// selected one.
pub(super) fn subjects(model: &Model, inside: bool) -> Vec<String> {
    let Some(pool) = &model.pool else { return Vec::new() };
    let rows = if inside { &pool.members } else { &pool.candidates };
    let marked: Vec<String> = rows
        .iter()
        .filter(|r| model.marks.contains(&Mark { pool: pool.id.clone(), id: r.member.id.clone() }))
        .map(name_for)
        .collect();
    if !marked.is_empty() {
        return marked;
    }
    model.selected_row().filter(|r| r.inside == inside).map(|r| vec![name_for(r)]).unwrap_or_default()
}

/// What names a row alone: its id, or an address entry's name.
fn name_for(row: &super::snapshot::Row) -> String {
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
    let ask = match action {
        Action::Add if !outside.is_empty() => Ask::Add(outside),
        Action::Add => return refuse(model, "select or mark those who could join, below the members"),
        Action::TakeOut if !inside.is_empty() => Ask::TakeOut(inside),
        Action::TakeOut => return refuse(model, "select or mark members, above those who could join"),
        Action::Swap => {
            let only = model.pool.as_ref().is_some_and(|p| p.members.len() == 1);
            match (inside.as_slice(), outside.as_slice()) {
                ([one], [joins]) => Ask::Swap(Some(one.clone()), joins.clone()),
                (_, [joins]) if only => Ask::Swap(None, joins.clone()),
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
            let pools = model
                .tree
                .subscriptions
                .iter()
                .flat_map(|s| &s.load_balancers)
                .flat_map(|lb| &lb.pools)
                .filter(|p| p.id != pool)
                .map(|p| (p.id.clone(), p.id.short()))
                .collect();
            model.typing = Typing::Destination { field: Field::default(), pools, at: 0 };
            return Vec::new();
        }
    };
    model.planning = true;
    vec![Command::Plan { pool, ask }]
}

pub(super) fn refuse(model: &mut Model, why: &str) -> Vec<Command> {
    model.say(why, true);
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
