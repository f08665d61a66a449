//! Completion: functions, variables, and within quotes the names of the estate.

use super::docs::{self, TYPES};
use crate::session::Session;

/// What could stand at the end of `text`: where the word to be replaced begins (in bytes), and the
/// words.
pub fn complete(session: &Session, variables: &[String], text: &str) -> (usize, Vec<String>) {
    if let Some(open) = open_quote(text) {
        let start = open + 1;
        let begun = text.get(start..).unwrap_or_default();
        return (start, names(session).into_iter().filter(|n| starts(n, begun)).collect());
    }
    let start = text
        .rfind(|c: char| !c.is_alphanumeric() && c != '_')
        .map_or(0, |i| i + text[i..].chars().next().map_or(1, char::len_utf8));
    let begun = text.get(start..).unwrap_or_default();
    let method = text.get(..start).is_some_and(|t| t.ends_with('.'));
    let mut out: Vec<String> = docs::functions()
        .filter(|d| docs::is_called(d, method) && starts(d.name, begun))
        .map(|d| format!("{}(", d.name))
        .collect();
    if method {
        let fields = TYPES.iter().flat_map(|t| t.properties).map(|(name, _)| *name);
        // Of the language's own methods those that lists are worked with.
        let lists = ["filter(", "map(", "sort(", "len()", "some(", "all(", "contains(", "is_empty()", "reduce("];
        out.extend(fields.chain(lists).filter(|f| starts(f, begun)).map(str::to_owned));
    } else {
        out.extend(variables.iter().filter(|v| starts(v, begun)).cloned());
    }
    out.sort();
    out.dedup();
    (start, out)
}

fn starts(word: &str, begun: &str) -> bool {
    word.get(..begun.len()).is_some_and(|head| head.eq_ignore_ascii_case(begun))
}

/// Where the string that is still open at the end begins.
fn open_quote(text: &str) -> Option<usize> {
    let mut open = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\\' if open.is_some() && !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => open = if open.is_some() { None } else { Some(at) },
            _ => {}
        }
        escaped = false;
    }
    open
}

/// Pools by their selectors, then machines by their names.
fn names(session: &Session) -> Vec<String> {
    session.estate(|e| {
        let mut out: Vec<String> =
            e.load_balancers().flat_map(|lb| &lb.pools).map(|p| e.pool_selector(&p.id)).collect();
        let mut machines: Vec<String> =
            e.nics().filter_map(|n| n.machine.as_ref()).filter_map(|m| e.machine(m)).map(|m| m.name()).collect();
        machines.sort();
        machines.dedup();
        out.extend(machines);
        out
    })
}

/// Whether an entry is whole: every bracket and string closed.
pub fn is_whole(text: &str) -> bool {
    if open_quote(text).is_some() {
        return false;
    }
    let mut depth = 0i32;
    let mut in_string = false;
    let mut escaped = false;
    for c in text.chars() {
        match c {
            '\\' if in_string && !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => in_string = !in_string,
            '(' | '[' | '{' if !in_string => depth += 1,
            ')' | ']' | '}' if !in_string => depth -= 1,
            _ => {}
        }
        escaped = false;
    }
    depth <= 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_whole_when_its_brackets_are() {
        assert!(is_whole("pool(\"a/b\").members()"));
        assert!(!is_whole("for m in x {"));
        assert!(!is_whole("pool(\"a"));
        assert!(is_whole("print(\"(\")"));
        assert!(is_whole("x )"));
    }
}
