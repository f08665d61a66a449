//! Completion: functions, variables, and within quotes the names of the estate.

use super::docs::{self, TYPES};
use super::engine::compile_alone;
use super::library::Library;
use super::words::OPTIONS;
use crate::session::Session;

/// What could stand at the end of `text`: where the word to be replaced begins (in bytes), and the
/// words.
pub fn complete(session: &Session, variables: &[String], text: &str) -> (usize, Vec<String>) {
    let place = Place::of(text);
    if let Some(open) = place.quote {
        let start = open + 1;
        let begun = text.get(start..).unwrap_or_default();
        let known = match place.call.as_deref() {
            Some("run") if place.key.is_none() => scripts(session),
            Some("help") => docs::functions().map(|d| d.name.to_owned()).collect(),
            _ => names(session),
        };
        return (start, known.into_iter().filter(|n| starts(n, begun)).collect());
    }
    let start = text
        .rfind(|c: char| !c.is_alphanumeric() && c != '_')
        .map_or(0, |i| i + text[i..].chars().next().map_or(1, char::len_utf8));
    let begun = text.get(start..).unwrap_or_default();
    if place.key == Some(true) {
        let keys = keys(session, &place);
        if !keys.is_empty() {
            return (start, keys.into_iter().filter(|k| starts(k, begun)).map(|k| format!("{k}: ")).collect());
        }
    }
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

/// Whether a word begins so, in any case.
pub fn starts(word: &str, begun: &str) -> bool {
    word.get(..begun.len()).is_some_and(|head| head.eq_ignore_ascii_case(begun))
}

/// Where the end of a text stands: within which string, which call, which map.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    /// Where the string that is still open begins.
    quote: Option<usize>,
    /// The innermost call that is still open.
    call: Option<String>,
    /// The first string within that call.
    first: Option<String>,
    /// Within a map of that call: whether a key stands here, or else a value.
    key: Option<bool>,
}

impl Place {
    fn of(text: &str) -> Self {
        // What is open: a call with its first string, a map with whether a key is due, or any other bracket.
        enum Open {
            Call(String, Option<String>),
            Map(bool),
            Other,
        }
        let mut open: Vec<Open> = Vec::new();
        let mut quote = None;
        let mut escaped = false;
        let mut word = String::new();
        let mut before = ' ';
        for (at, c) in text.char_indices() {
            if let Some(began) = quote {
                if c == '"' && !escaped {
                    quote = None;
                    if let Some(Open::Call(_, first @ None)) = open.last_mut() {
                        *first = text.get(began + 1..at).map(str::to_owned);
                    }
                }
                escaped = c == '\\' && !escaped;
                continue;
            }
            match c {
                '"' => quote = Some(at),
                '(' if word.is_empty() => open.push(Open::Other),
                '(' => open.push(Open::Call(std::mem::take(&mut word), None)),
                '{' if before == '#' => open.push(Open::Map(true)),
                '[' | '{' => open.push(Open::Other),
                ')' | ']' | '}' => drop(open.pop()),
                ':' | ',' => {
                    if let Some(Open::Map(due)) = open.last_mut() {
                        *due = c == ',';
                    }
                }
                _ => {}
            }
            match c {
                c if c.is_alphanumeric() || c == '_' => word.push(c),
                // Between a function's name and its bracket there may be a space.
                ' ' => {}
                _ => word.clear(),
            }
            before = c;
        }
        let mut place = Self { quote, ..Self::default() };
        for opened in open.into_iter().rev() {
            match opened {
                Open::Map(due) if place.key.is_none() => place.key = Some(due),
                Open::Call(name, first) => {
                    (place.call, place.first) = (Some(name), first);
                    break;
                }
                _ => {}
            }
        }
        place
    }
}

/// The keys of the map that a call takes: a procedure's parameters, a plan's options.
fn keys(session: &Session, place: &Place) -> Vec<String> {
    match (place.call.as_deref(), &place.first) {
        (Some("run"), Some(name)) => {
            let found = Library::new(&session.config().scripts).named(name).ok();
            let script = found.and_then(|f| compile_alone(&f.place(), &f.text).ok());
            script.map(|s| s.params.into_iter().map(|p| p.name).collect()).unwrap_or_default()
        }
        (Some(call), _) if docs::plans(call) => OPTIONS.map(str::to_owned).to_vec(),
        _ => Vec::new(),
    }
}

fn scripts(session: &Session) -> Vec<String> {
    Library::new(&session.config().scripts).list().into_iter().map(|s| s.name).collect()
}

/// Pools by their selectors, then machines by their names.
fn names(session: &Session) -> Vec<String> {
    session.estate(|e| {
        let mut out: Vec<String> =
            e.load_balancers().flat_map(|lb| &lb.pools).map(|p| e.pool_selector(&p.id)).collect();
        let mut machines: Vec<String> = e.attached_machines().map(|m| m.name()).collect();
        machines.sort();
        machines.dedup();
        out.extend(machines);
        out
    })
}

/// Whether an entry is whole: every bracket and string closed.
pub fn is_whole(text: &str) -> bool {
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
    !in_string && depth <= 0
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

    #[test]
    fn the_place_of_the_end_is_known() {
        for (text, quote, call, first, key) in [
            ("pool(\"db", Some(5), Some("pool"), None, None),
            ("pool(\"a/b\").add(\"x\", #{ wai", None, Some("add"), Some("x"), Some(true)),
            ("run (\"swap_master\", #{ pool: \"a/b\", t", None, Some("run"), Some("swap_master"), Some(true)),
            ("run(\"swap_master\", #{ pool: \"a", Some(28), Some("run"), Some("swap_master"), Some(false)),
            ("f(\"(\\\"\", [1, g(2), ", None, Some("f"), Some("(\\\""), None),
            ("if x { pool(1); ", None, None, None, None),
            ("(1 + ", None, None, None, None),
        ] {
            let expected = Place { quote, call: call.map(str::to_owned), first: first.map(str::to_owned), key };
            assert_eq!(Place::of(text), expected, "{text}");
        }
    }
}
