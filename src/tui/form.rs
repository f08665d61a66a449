//! The launcher's form: the parameters of a saved script, filled in and run in the console.
//!
//! What runs is a line of script, `run("name", #{…})`, and stands in the console as one.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;
use super::event::{Launch, Line, LineKind};
use super::model::{Field, Model, Node, Typing};
use crate::script::params::{Kind, Param, Source};
use crate::script::record::quoted;
use crate::session::names::Names;

/// A form while it is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// The script.
    pub script: Launch,
    /// A field for each of its parameters.
    pub fields: Vec<Field>,
    /// The one that is typed into.
    pub at: usize,
    /// What the field could be completed to; the first is what `→` takes.
    pub offered: Vec<String>,
    /// What is wrong with what was filled in.
    pub problem: Option<String>,
}

/// The most names that are offered at once.
const MOST_OFFERED: usize = 20;

impl Form {
    /// Looks up what the field that is typed into could be completed to.
    fn offer(&mut self, names: &Names) {
        self.offered.clear();
        let Some((param, field)) = self.script.params.get(self.at).zip(self.fields.get(self.at)) else { return };
        let pool = self.script.params.iter().zip(&self.fields).find(|(p, _)| p.source == Source::Pools);
        let pool = pool.map(|(_, f)| f.text.clone()).unwrap_or_default();
        let known = if param.values.is_empty() { param.source.names(names, &pool) } else { param.values.clone() };
        // Of a list the last is being typed.
        let typed = match param.kind {
            Kind::List => field.text.rsplit(',').next().unwrap_or_default().trim_start(),
            _ => field.text.as_str(),
        };
        let given = field.text.len() - typed.len();
        let begun = typed.to_lowercase();
        let fits = known.into_iter().filter(|n| n.len() > begun.len() && n.to_lowercase().starts_with(&begun));
        self.offered = fits
            .map(|name| format!("{}{name}", field.text.get(..given).unwrap_or_default()))
            .take(MOST_OFFERED)
            .collect();
    }
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
    let mut form = Form { script, fields, at, offered: Vec::new(), problem: None };
    form.offer(&model.names);
    model.typing = Typing::Form(form);
    Vec::new()
}

pub(super) fn typing(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
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
            let offered = form.offered.first().cloned();
            if let Some(field) = form.fields.get_mut(form.at) {
                match (key.code, offered) {
                    (KeyCode::Right, Some(name)) if field.cursor == field.text.len() => *field = Field::of(name),
                    _ => {
                        field.key(key);
                    }
                }
            }
        }
    }
    if let Typing::Form(form) = &mut model.typing {
        form.offer(&model.names);
    }
    Vec::new()
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
