//! The recorder: what was done on a screen, as the line of script that does the same.

use crate::changes::describe::short_time;
use crate::changes::{Change, Request};
use crate::session::Session;

/// A text as a script writes it.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The line that makes a request's plan.
pub fn line(session: &Session, request: &Request) -> String {
    let selector = |id| session.estate(|e| e.pool_selector(id));
    let pool = |id| format!("pool({})", quoted(&selector(id)));
    let list = |names: &[&str]| match names {
        [one] => quoted(one),
        many => format!("[{}]", many.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(", ")),
    };
    let lines: Vec<String> = match request.changes.as_slice() {
        [Change::Swap { pool: id, leaves, joins }] => {
            if session.members(id).len() == 1 {
                vec![format!("{}.swap_master({})", pool(id), quoted(&joins.name))]
            } else {
                vec![format!("{}.swap({}, {})", pool(id), quoted(&leaves.name), quoted(&joins.name))]
            }
        }
        changes => grouped(changes)
            .into_iter()
            .map(|group| {
                let names: Vec<&str> = group.iter().flat_map(|c| c.members()).map(|m| &*m.name).collect();
                match group.first() {
                    Some(Change::Add { pool: id, .. }) => format!("{}.add({})", pool(id), list(&names)),
                    Some(Change::Remove { pool: id, .. }) => format!("{}.remove({})", pool(id), list(&names)),
                    Some(Change::Move { from, to, .. }) => {
                        format!("{}.move_to({}, {})", pool(from), list(&names), pool(to))
                    }
                    Some(Change::Swap { pool: id, leaves, joins }) => {
                        format!("{}.swap({}, {})", pool(id), quoted(&leaves.name), quoted(&joins.name))
                    }
                    Some(Change::Drain { pool: id, wait, .. }) => {
                        format!("{}.drain({}, {})", pool(id), list(&names), quoted(&short_time(*wait)))
                    }
                    Some(Change::AddSet { pool: id, set }) => {
                        format!("{}.add({})", pool(id), quoted(&format!("set:{}", set.name())))
                    }
                    Some(Change::RemoveSet { pool: id, set }) => {
                        format!("{}.remove({})", pool(id), quoted(&format!("set:{}", set.name())))
                    }
                    Some(Change::AlignSet { set }) => format!("align({})", quoted(set.name())),
                    Some(Change::Replace { pool: id, .. }) => format!("{}.replace({})", pool(id), list(&names)),
                    Some(Change::SetAdminState { pool: id, state, .. }) => {
                        format!("{}.set_admin_state({}, {})", pool(id), list(&names), quoted(state.word()))
                    }
                    None => String::new(),
                }
            })
            .collect(),
    };
    lines.join("; ")
}

/// Changes that one word can say together, in order.
fn grouped(changes: &[Change]) -> Vec<Vec<&Change>> {
    let alike = |a: &Change, b: &Change| match (a, b) {
        (Change::Add { pool: p, .. }, Change::Add { pool: q, .. })
        | (Change::Remove { pool: p, .. }, Change::Remove { pool: q, .. }) => p == q,
        (Change::Move { from: f, to: t, .. }, Change::Move { from: g, to: u, .. }) => f == g && t == u,
        (Change::Drain { pool: p, wait: v, .. }, Change::Drain { pool: q, wait: w, .. }) => p == q && v == w,
        (Change::SetAdminState { pool: p, state: s, .. }, Change::SetAdminState { pool: q, state: r, .. }) => {
            p == q && s == r
        }
        _ => false,
    };
    let mut out: Vec<Vec<&Change>> = Vec::new();
    for change in changes {
        match out.last_mut() {
            Some(group) if group.first().is_some_and(|first| alike(first, change)) => group.push(change),
            _ => out.push(vec![change]),
        }
    }
    out
}

/// The line that applies a plan made by another line.
pub fn apply_line(line: &str) -> String {
    format!("apply({line})")
}
