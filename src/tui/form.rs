//! The launcher's form: the parameters of a saved script, filled in and run in the console.
//!
//! What runs is a line of script, `run("name", #{…})`, and stands in the console as one.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;
use super::event::{Launch, Line, LineKind};
use super::model::{Field, Model, Node, Typing};
use crate::script::params::{Param, Source};
use crate::script::record::quoted;

/// A form while it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The script.
    pub script: Launch,
    /// A field for each of its parameters.
    pub fields: Vec<Field>,
    /// The one that is typed into.
    pub at: usize,
    /// What is wrong with what was filled in.
    pub problem: Option<String>,
}

/// Opens the form; what is selected on the screen is filled in.
pub(super) fn open(model: &mut Model, script: Launch) -> Vec<Command> {
    if script.params.is_empty() {
        return run(model, &script.name, String::new());
    }
    let pool = match &model.node {
        Some(Node::Pool(id)) => Some(id.short()),
        _ => None,
    };
    let mut pools = 0;
    let filled = |param: &Param| {
        if param.source == Source::Pools && param.default.is_none() {
            pools += 1;
        }
        match (&param.default, param.source, &pool) {
            (Some(default), ..) => Field::of(default.clone()),
            // The first pool that is asked for is the one that is selected.
            (None, Source::Pools, Some(pool)) if pools == 1 => Field::of(pool.clone()),
            _ => Field::default(),
        }
    };
    let fields: Vec<Field> = script.params.iter().map(filled).collect();
    let at = fields.iter().position(|f| f.text.is_empty()).unwrap_or(0);
    model.typing = Typing::Form(Form { script, fields, at, problem: None });
    Vec::new()
}

pub(super) fn typing(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    let names = names(model);
    let Typing::Form(form) = &mut model.typing else { return Vec::new() };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let last = form.fields.len().saturating_sub(1);
    form.problem = None;
    match key.code {
        KeyCode::Esc => model.typing = Typing::Nothing,
        KeyCode::Char('c') if control => model.typing = Typing::Nothing,
        KeyCode::Up | KeyCode::BackTab => form.at = form.at.saturating_sub(1),
        KeyCode::Down | KeyCode::Tab => form.at = if form.at == last { 0 } else { form.at + 1 },
        KeyCode::Enter => match line(form) {
            Ok(values) => {
                let name = form.script.name.clone();
                return run(model, &name, values);
            }
            Err((at, problem)) => (form.at, form.problem) = (at, Some(problem)),
        },
        _ => {
            let source = form.script.params.get(form.at).map(|p| p.source);
            if let Some(field) = form.fields.get_mut(form.at) {
                let at_end = field.cursor == field.text.len();
                let known: Option<&[String]> = match source {
                    Some(Source::Pools) => Some(&names.0),
                    Some(Source::Members) => Some(&names.1),
                    _ => None,
                };
                if let (KeyCode::Right, true, Some(known)) = (key.code, at_end, known) {
                    complete(field, known);
                } else {
                    field.key(key);
                }
            }
        }
    }
    Vec::new()
}

/// The pools by their short names, and who is in the selected one or could join it.
fn names(model: &Model) -> (Vec<String>, Vec<String>) {
    let balancers = model.tree.subscriptions.iter().flat_map(|s| &s.load_balancers);
    let pools = balancers.flat_map(|lb| &lb.pools).map(|p| p.id.short()).collect();
    let rows = model.pool.iter().flat_map(|p| p.candidates.iter().chain(&p.members));
    (pools, rows.map(|r| r.member.name.clone()).collect())
}

/// Completes to the first name that begins so.
fn complete(field: &mut Field, names: &[String]) {
    let typed = field.text.to_lowercase();
    if let Some(name) = names.iter().find(|n| n.to_lowercase().starts_with(&typed)) {
        *field = Field::of(name.clone());
    }
}

/// The map of values, or which is wrong and why.
fn line(form: &Form) -> Result<String, (usize, String)> {
    let mut out = Vec::new();
    for (at, (param, field)) in form.script.params.iter().zip(&form.fields).enumerate() {
        let text = field.text.trim();
        if text.is_empty() && param.default.is_none() {
            return Err((at, format!("{} is missing: {}", param.name, param.help)));
        }
        let _value = param.value(text).map_err(|e| (at, format!("{}: {e}", param.name)))?;
        if param.default.as_deref() != Some(text) {
            out.push(format!("{}: {}", quoted(&param.name), quoted(text)));
        }
    }
    Ok(out.join(", "))
}

fn run(model: &mut Model, name: &str, values: String) -> Vec<Command> {
    let text = if values.is_empty() {
        format!("run({})", quoted(name))
    } else {
        format!("run({}, #{{ {values} }})", quoted(name))
    };
    model.console.say(&Line { kind: LineKind::Input, text: text.clone() });
    model.console.history.push(text.clone());
    model.console.busy = true;
    model.typing = Typing::Console;
    vec![Command::Evaluate(text)]
}
