//! Every function and property that scripts can use: one table for help, completion, the check and the
//! documentation. A test fails where it and the registered functions differ, and runs every example.

mod functions;
mod types;

use functions::{APPLYING, COMPOSING, HEALTH, LISTS, OUTPUT, PLANNING, READING};
pub use types::TYPES;

/// A function's documentation.
#[derive(Debug, Clone, Copy)]
pub struct FunctionDoc {
    /// Its name.
    pub name: &'static str,
    /// How it is called; more forms stand one a line.
    pub call: &'static str,
    /// What it does.
    pub what: &'static str,
    /// An example that runs on the demo estate.
    pub example: &'static str,
}

/// A type's documentation.
#[derive(Debug, Clone, Copy)]
pub struct TypeDoc {
    /// Its name.
    pub name: &'static str,
    /// What it is, and what gives one.
    pub what: &'static str,
    /// Its properties, and what each is.
    pub properties: &'static [(&'static str, &'static str)],
}

const fn doc(name: &'static str, call: &'static str, what: &'static str, example: &'static str) -> FunctionDoc {
    FunctionDoc { name, call, what, example }
}

/// A part of the reference.
pub type Section = (&'static str, &'static [FunctionDoc]);

/// All functions, in the order of a tour.
pub const SECTIONS: &[Section] = &[
    ("Reading", READING),
    ("Health and time", HEALTH),
    ("Planning", PLANNING),
    ("Composing plans", COMPOSING),
    ("Applying", APPLYING),
    ("Showing and asking", OUTPUT),
    ("Lists", LISTS),
];

/// Every function.
pub fn functions() -> impl Iterator<Item = &'static FunctionDoc> {
    SECTIONS.iter().flat_map(|(_, list)| list.iter())
}

/// Whether a function makes a plan of changes, and so takes a map of options as its last argument.
pub fn plans(name: &str) -> bool {
    PLANNING.iter().any(|d| d.name == name)
}

/// Whether a function is called as a method, or is called without one: some are both.
pub fn is_called(doc: &FunctionDoc, as_method: bool) -> bool {
    doc.call.lines().any(|c| c.split('(').next().is_some_and(|head| head.contains('.')) == as_method)
}

/// The first form, for a list.
fn first_call(doc: &FunctionDoc) -> &'static str {
    doc.call.lines().next().unwrap_or_default()
}

/// All functions, a line each.
pub fn overview() -> String {
    let mut out = String::new();
    for (title, list) in SECTIONS {
        out.push_str(&format!("{title}\n"));
        for doc in *list {
            let what = doc.what.split(". ").next().unwrap_or_default().trim_end_matches('.');
            out.push_str(&format!("  {:<42}{what}\n", first_call(doc)));
        }
    }
    out.push_str("help(\"drain\") tells more of one; help(x) the properties of a value.");
    out
}

/// What is known of a function or a type.
pub fn about(what: &str) -> String {
    let name = what.trim().trim_end_matches("()").rsplit('.').next().unwrap_or_default();
    if let Some(doc) = functions().find(|d| d.name == name) {
        let calls: String = doc.call.lines().map(|c| format!("{c}\n")).collect();
        return format!("{calls}  {}\n  Example: {}", doc.what, doc.example);
    }
    if let Some(doc) = TYPES.iter().find(|t| t.name.eq_ignore_ascii_case(name)) {
        let fields: String = doc.properties.iter().map(|(n, w)| format!("\n  .{n:<16}{w}")).collect();
        let methods: Vec<&str> =
            functions().filter(|d| d.call.lines().any(|c| c.starts_with(receiver(doc.name)))).map(|d| d.name).collect();
        let methods = if methods.is_empty() { String::new() } else { format!("\n  methods: {}", methods.join(", ")) };
        return format!("{}. {}{fields}{methods}", doc.name, doc.what);
    }
    let near = crate::script::check::nearest(name, functions().map(|d| d.name));
    let near = near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
    format!("nothing is known of '{what}'{near} help() lists all there is.")
}

/// What a type's value is called in the table's calls.
fn receiver(name: &str) -> &'static str {
    match name {
        "LoadBalancer" => "lb.",
        "Pool" => "pool.",
        "Plan" => "plan.",
        "Outcome" => "outcome.",
        _ => "\0",
    }
}

/// The keys of the maps that words and properties give, as their documentation lists them.
pub fn map_keys() -> impl Iterator<Item = &'static str> {
    let texts = functions().map(|d| d.what).chain(TYPES.iter().flat_map(|t| t.properties).map(|(_, what)| *what));
    texts.filter_map(|text| text.split_once("maps with ")).flat_map(|(_, keys)| {
        let keys = keys.split([',', '.', ';', ' ']).map(str::trim);
        keys.filter(|key| !key.is_empty())
    })
}

/// The reference as it stands in `docs/scripting.md`.
pub fn reference() -> String {
    let mut out = String::new();
    for (title, list) in SECTIONS {
        out.push_str(&format!("### {title}\n\n"));
        for doc in *list {
            let calls: Vec<String> = doc.call.lines().map(|c| format!("`{c}`")).collect();
            out.push_str(&format!("**{}** {}\n\n{}\n\n", doc.name, calls.join(", "), doc.what));
            out.push_str(&format!("```rhai\n{}\n```\n\n", doc.example));
        }
    }
    out.push_str("### Types\n");
    for doc in TYPES {
        out.push_str(&format!("\n**{}** {}\n\n| property | what |\n| --- | --- |\n", doc.name, doc.what));
        for (name, what) in doc.properties {
            out.push_str(&format!("| `{name}` | {what} |\n"));
        }
    }
    out
}
