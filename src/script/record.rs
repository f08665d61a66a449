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
