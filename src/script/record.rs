//! The recorder: what was done on a screen, as the line of script that does the same.

use crate::changes::{Batch, Change, Request};
use crate::session::Session;

/// A text as a script writes it.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The line that makes a request's plan, on the estate as it is now. Who has a name of his own goes by it,
/// the others by their ids.
pub fn line(session: &Session, request: &Request) -> String {
    let lines: Vec<String> = grouped(&request.changes).into_iter().map(|group| words(session, &group)).collect();
    match lines.as_slice() {
        [one] => one.clone(),
        many => format!("plan([{}])", many.join(", ")),
    }
}

/// The call that makes a group of like changes.
fn words(session: &Session, group: &[&Change]) -> String {
    let Some(first) = group.first() else { return String::new() };
    let Some(id) = first.pools().first().copied() else {
        let sets: Vec<String> = group.iter().filter_map(|c| c.set()).map(|s| s.name().to_owned()).collect();
        return format!("align({})", list(&sets));
    };
    let Ok(handle) = session.pool(id.as_str()) else { return String::new() };
    let naming = session.naming(&handle);
    let pool = format!("pool({})", quoted(&handle.selector));
    let members = || -> Vec<String> {
        group
            .iter()
            .flat_map(|c| match c {
                Change::Add { member, .. } => vec![naming.text_of_joiner(member)],
                Change::Replace { members, .. } => members.iter().map(|m| naming.text_of_joiner(m)).collect(),
                Change::AddSet { set, .. } | Change::RemoveSet { set, .. } => vec![format!("set:{}", set.name())],
                other => other.members().into_iter().map(|m| naming.text_of_member(m)).collect(),
            })
            .collect()
    };
    match first {
        Change::Swap { leaves, joins, .. } => {
            let joins = quoted(&naming.text_of_joiner(joins));
            if naming.members().len() == 1 {
                format!("{pool}.swap_master({joins})")
            } else {
                format!("{pool}.swap({}, {joins})", quoted(&naming.text_of_member(leaves)))
            }
        }
        Change::Add { .. } | Change::AddSet { .. } => format!("{pool}.add({})", list(&members())),
        Change::Remove { .. } | Change::RemoveSet { .. } => format!("{pool}.remove({})", list(&members())),
        Change::Move { to, .. } => {
            let to = session.estate(|e| e.pool_selector(to));
            format!("{pool}.move_to({}, pool({}))", list(&members()), quoted(&to))
        }
        Change::Drain { wait, .. } => {
            format!("{pool}.drain({}, {})", list(&members()), quoted(&humantime::format_duration(*wait).to_string()))
        }
        Change::Replace { batch, .. } => match batch {
            Batch::Whole => format!("{pool}.replace({})", list(&members())),
            part => format!("{pool}.replace({}, {})", list(&members()), quoted(&part.to_string())),
        },
        Change::SetAdminState { state, .. } => {
            format!("{pool}.set_admin_state({}, {})", list(&members()), quoted(state.word()))
        }
        Change::AlignSet { .. } => String::new(),
    }
}

fn list(names: &[String]) -> String {
    match names {
        [one] => quoted(one),
        many => format!("[{}]", many.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(", ")),
    }
}

/// Changes that one word can say together, in order.
fn grouped(changes: &[Change]) -> Vec<Vec<&Change>> {
    use Change::{Add, AddSet, Drain, Move, Remove, RemoveSet, SetAdminState};
    let alike = |a: &Change, b: &Change| match (a, b) {
        (Add { pool: p, .. } | AddSet { pool: p, .. }, Add { pool: q, .. } | AddSet { pool: q, .. })
        | (Remove { pool: p, .. } | RemoveSet { pool: p, .. }, Remove { pool: q, .. } | RemoveSet { pool: q, .. }) => {
            p == q
        }
        (Move { from: f, to: t, .. }, Move { from: g, to: u, .. }) => f == g && t == u,
        (Drain { pool: p, wait: v, .. }, Drain { pool: q, wait: w, .. }) => p == q && v == w,
        (SetAdminState { pool: p, state: s, .. }, SetAdminState { pool: q, state: r, .. }) => p == q && s == r,
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

/// What was entered, as a script of its own: what was planned and then applied stands once, and a text that
/// repeats becomes a parameter.
pub fn script(name: &str, entries: &[String]) -> String {
    let entries: Vec<&String> = entries
        .iter()
        .enumerate()
        // Remarks of the screen, and a plan that the next line applies.
        .filter(|(at, line)| {
            !line.starts_with("//") && entries.get(at + 1).is_none_or(|next| *next != apply_line(line))
        })
        .map(|(_, line)| line)
        .collect();
    let mut body: String = entries.iter().map(|line| format!("{};\n", line.trim_end_matches(';'))).collect();
    let mut params = String::new();
    let mut names: Vec<String> = Vec::new();
    for (text, is_pool) in repeated(&body) {
        let kind = if is_pool { "pool" } else { "text" };
        let stem = if is_pool { "pool" } else { "value" };
        let count = names.iter().filter(|n| n.starts_with(stem)).count();
        let name = if count == 0 { stem.to_owned() } else { format!("{stem}_{}", count + 1) };
        params.push_str(&format!(
            "    #{{ name: {}, type: {}, \"default\": {}, help: {} }},\n",
            quoted(&name),
            quoted(kind),
            quoted(&text),
            quoted(&format!("Stands for {text}")),
        ));
        body = body.replace(&quoted(&text), &format!("params.{name}"));
        names.push(name);
    }
    let declared = if params.is_empty() { String::new() } else { format!("const PARAMS = [\n{params}];\n\n") };
    format!("//! {name}: recorded.\n//!\n//! Rehearse it:  azlb run {name} --sim\n\n{declared}{body}")
}

/// The texts that stand more than once, in the order in which they come first, and whether they name a pool.
fn repeated(body: &str) -> Vec<(String, bool)> {
    let mut found: Vec<(String, bool, usize)> = Vec::new();
    let mut before = "";
    for (part, text) in super::highlight::parts(body) {
        if part == super::highlight::Part::Text && text.starts_with('"') {
            let inner = text.trim_matches('"').to_owned();
            // What needs escapes, or holds no letter or digit, stays as it is.
            if !inner.contains('\\') && inner.chars().any(char::is_alphanumeric) {
                let is_pool = before == "pool";
                match found.iter_mut().find(|(known, ..)| *known == inner) {
                    Some((_, pool, count)) => (*pool, *count) = (*pool || is_pool, *count + 1),
                    None => found.push((inner, is_pool, 1)),
                }
            }
        }
        if part != super::highlight::Part::Plain || text.chars().all(char::is_alphanumeric) {
            before = text;
        }
    }
    found.into_iter().filter(|(_, _, count)| *count > 1).map(|(text, pool, _)| (text, pool)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_repeats_becomes_a_parameter() {
        let lines = [
            "pool(\"web-lb/blue\").remove(\"vm-1\")",
            "apply(pool(\"web-lb/blue\").remove(\"vm-1\"))",
            "// azlb journal undo 1234",
            "apply(pool(\"web-lb/blue\").add(\"vm-1\", #{ wait_healthy: \"1m\" }))",
        ];
        let lines: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
        let text = script("night", &lines);
        let script = crate::script::engine::compile_alone("night", &text).unwrap();
        let params: Vec<(&str, &str)> =
            script.params.iter().map(|p| (p.name.as_str(), p.default.as_deref().unwrap())).collect();
        assert_eq!(params, [("pool", "web-lb/blue"), ("value", "vm-1")], "{text}");
        assert!(text.contains("apply(pool(params.pool).remove(params.value));"), "{text}");
        assert!(text.contains("\"1m\"") && !text.contains("journal undo"), "{text}");
        assert_eq!(text.matches("remove(").count(), 1, "{text}");
    }
}
