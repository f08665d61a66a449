//! The check of a script without running it: calls of functions that do not exist, or with other
//! arguments than they take, properties that nothing has.
//!
//! Knows what the engine knows: every registered signature, and the script's own functions. What a variable
//! holds is not known before the run; constants are.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Expr, Position, Stmt};

use super::engine::Script;
use super::error::ScriptError;
use super::library::Found;

/// What is wrong with a script, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file.
    pub source: String,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
    /// What is wrong, and what is near to it.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.source)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// What can be called: by name, the parameter types of each form. A method's receiver is the first.
pub struct Known(BTreeMap<String, Vec<Vec<String>>>);

impl Known {
    /// Everything that azlb's engine knows; a session is not needed, and none is opened.
    ///
    /// # Errors
    /// As [`super::engine::signatures`].
    pub fn everything() -> Result<Self, crate::session::SessionError> {
        Ok(Self::of_signatures(&super::engine::signatures(true)?))
    }

    fn of_signatures(texts: &[String]) -> Self {
        let mut known: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        for text in texts {
            if let Some((name, types)) = signature(text) {
                known.entry(name).or_default().push(types);
            }
        }
        // Words of the language itself, which are no functions.
        for (name, counts) in LANGUAGE {
            let forms = known.entry((*name).to_owned()).or_default();
            forms.extend(counts.iter().map(|n| vec!["?".to_owned(); *n]));
        }
        Self(known)
    }
}

/// Keywords that are called as functions, with how many arguments.
const LANGUAGE: &[(&str, &[usize])] = &[
    ("print", &[1]),
    ("debug", &[1]),
    ("type_of", &[1]),
    ("is_shared", &[1]),
    ("is_def_var", &[1]),
    ("is_def_fn", &[2, 3]),
    ("Fn", &[1]),
    ("call", &[1, 2, 3, 4, 5, 6]),
    ("curry", &[2, 3, 4, 5]),
];

/// Name and parameter types of `pool(text: &str) -> Result<Pool>`.
fn signature(text: &str) -> Option<(String, Vec<String>)> {
    let text = text.split(" -> ").next()?;
    let (name, rest) = text.split_once('(')?;
    let inside = rest.strip_suffix(')').unwrap_or(rest);
    let mut types = Vec::new();
    let mut depth = 0;
    let mut part = String::new();
    for c in inside.chars().chain([',']) {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                let kind = part.split_once(": ").map_or(part.as_str(), |(_, kind)| kind).trim();
                if !part.trim().is_empty() && !kind.contains("NativeCallContext") {
                    types.push(kind.trim_start_matches("&mut ").trim_start_matches('&').to_owned());
                }
                part.clear();
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    Some((name.trim().rsplit("::").next()?.to_owned(), types))
}

/// Checks a script: its text, its declarations, its calls.
///
/// # Errors
/// What is wrong, each with its place.
pub fn check(found: &Found, known: &Known) -> Result<Script, Vec<Finding>> {
    let source = found.place();
    let one =
        |e: ScriptError| vec![Finding { source: source.clone(), line: e.line, column: e.column, message: e.message }];
    let script = super::engine::compile_alone(&source, &found.text).map_err(one)?;
    let mut findings = calls(&source, &script.ast, known);
    findings.extend(super::properties::wrong(&script.ast, &script.params).into_iter().map(|(position, message)| {
        Finding { source: source.clone(), line: position.line(), column: position.position(), message }
    }));
    findings.sort_by_key(|f| (f.line, f.column));
    if findings.is_empty() { Ok(script) } else { Err(findings) }
}

fn calls(source: &str, ast: &AST, known: &Known) -> Vec<Finding> {
    let mut own: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for function in ast.iter_functions() {
        own.entry(function.name.to_owned()).or_default().insert(function.params.len());
    }
    let mut findings: Vec<Finding> = Vec::new();
    let mut add = |position: Position, message: String| {
        let finding =
            Finding { source: source.to_owned(), line: position.line(), column: position.position(), message };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    };
    ast.walk(&mut |path| {
        let Some(node) = path.last() else { return true };
        let (call, position, method) = match node {
            ASTNode::Expr(Expr::FnCall(call, position)) => (call, *position, false),
            ASTNode::Expr(Expr::MethodCall(call, position)) => (call, *position, true),
            ASTNode::Stmt(Stmt::FnCall(call, position)) => (call, *position, false),
            _ => return true,
        };
        // Operators are none of a script's mistakes here, and a module's functions are that script's.
        if call.is_operator_call() || call.is_qualified() {
            return true;
        }
        if let Some(message) = wrong(&call.name, &call.args, method, &own, known) {
            add(position, message);
        }
        true
    });
    findings
}

/// What is wrong with a call, where something is.
fn wrong(
    name: &str,
    args: &[Expr],
    method: bool,
    own: &BTreeMap<String, BTreeSet<usize>>,
    known: &Known,
) -> Option<String> {
    // A method's receiver is its first argument, and is not among these.
    let count = args.len() + usize::from(method);
    if let Some(counts) = own.get(name)
        && (counts.contains(&args.len()) || counts.contains(&count))
    {
        return None;
    }
    let Some(forms) = known.0.get(name) else {
        if let Some(counts) = own.get(name) {
            let takes: Vec<String> = counts.iter().map(ToString::to_string).collect();
            return Some(format!("{name} takes {} arguments, not {}", takes.join(" or "), args.len()));
        }
        let near = nearest(name, known.0.keys().map(String::as_str).chain(own.keys().map(String::as_str)));
        let near = near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
        return Some(format!("there is no function '{name}'{near}"));
    };
    // A method is also called as a function, its receiver first.
    let fitting: Vec<&Vec<String>> = forms.iter().filter(|f| f.len() == count).collect();
    if fitting.is_empty() {
        let usual = usize::from(method);
        let takes: BTreeSet<usize> = forms.iter().map(|f| f.len().saturating_sub(usual)).collect();
        let takes: Vec<String> = takes.iter().map(ToString::to_string).collect();
        let call = super::docs::functions().find(|d| d.name == name).map(|d| d.call.lines().collect::<Vec<_>>());
        let shown = call.map(|c| format!(": {}", c.join(", "))).unwrap_or_default();
        return Some(format!("{name} takes {} arguments, not {}{shown}", takes.join(" or "), args.len()));
    }
    let given: Vec<Option<&str>> =
        std::iter::repeat_n(None, usize::from(method)).chain(args.iter().map(kind)).collect();
    let fits =
        |form: &&&Vec<String>| form.iter().zip(&given).all(|(wanted, given)| given.is_none_or(|g| takes(wanted, g)));
    if fitting.iter().any(|f| fits(&f)) {
        return None;
    }
    let at =
        fitting.iter().filter_map(|f| f.iter().zip(&given).position(|(w, g)| g.is_some_and(|g| !takes(w, g)))).max()?;
    let wanted: BTreeSet<&str> = fitting.iter().filter_map(|f| f.get(at)).map(|w| word(w)).collect();
    let wanted: Vec<&str> = wanted.into_iter().collect();
    let given = given.get(at).copied().flatten().unwrap_or_default();
    let place = at + 1 - usize::from(method);
    Some(format!("argument {place} of {name} is {given}; {} was expected", wanted.join(" or ")))
}

/// The type of a constant.
fn kind(expr: &Expr) -> Option<&'static str> {
    match expr {
        Expr::IntegerConstant(..) => Some("a number"),
        Expr::FloatConstant(..) => Some("a number with a point"),
        Expr::BoolConstant(..) => Some("true or false"),
        Expr::StringConstant(..) | Expr::InterpolatedString(..) => Some("a text"),
        Expr::Array(..) => Some("an array"),
        Expr::Map(..) => Some("a map"),
        Expr::Unit(..) => Some("nothing"),
        _ => None,
    }
}

/// A registered type in the words of [`kind`].
fn word(wanted: &str) -> &str {
    match wanted {
        "i64" | "INT" | "int" => "a number",
        "f64" | "FLOAT" | "float" => "a number with a point",
        "bool" => "true or false",
        "str" | "ImmutableString" | "string" | "String" => "a text",
        "Array" | "array" => "an array",
        "Map" | "map" => "a map",
        other => other,
    }
}

/// Whether a parameter takes a constant of a kind.
fn takes(wanted: &str, given: &str) -> bool {
    let wanted = word(wanted);
    // What is not one of the plain kinds may be anything a script can hold; azlb's own objects cannot be written down.
    let own = super::docs::TYPES.iter().any(|t| t.name == wanted);
    let plain =
        matches!(wanted, "a number" | "a number with a point" | "true or false" | "a text" | "an array" | "a map");
    wanted == given || !(plain || own)
}

/// The name nearest to another, where one is near.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let far = |other: &str| strsim::damerau_levenshtein(name, other);
    known.map(|k| (far(k), k)).filter(|(d, k)| *d <= 1 + k.len() / 4).min().map(|(_, k)| k)
}
