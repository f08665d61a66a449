//! Keys that type: into a filter, the console, the choice of a destination.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::Command;
use super::event::{Line, LineKind};
use super::model::{Field, Model, Pane, Typing};
use super::navigate::moved;
use crate::arm::ResourceId;
use crate::script::complete::is_whole;

pub(super) fn on_paste(model: &mut Model, text: &str) {
    let flat: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
    match &mut model.typing {
        Typing::Console => model.console.field.insert(&flat),
        Typing::Filter => filter_field(model).insert(&flat.replace('\n', " ")),
        Typing::Confirm(field) | Typing::Destination { field, .. } => field.insert(&flat.replace('\n', " ")),
        Typing::Search => {
            if let Some(document) = &mut model.document {
                document.search.insert(&flat.replace('\n', " "));
            }
        }
        Typing::Palette(palette) => {
            palette.field.insert(&flat.replace('\n', " "));
            palette.search();
        }
        Typing::Form(form) => {
            if let Some(field) = form.fields.get_mut(form.at) {
                field.insert(&flat.replace('\n', " "));
            }
        }
        Typing::Nothing => {}
    }
}

pub(super) fn filter_field(model: &mut Model) -> &mut Field {
    match model.pane {
        Pane::Tree => &mut model.tree_filter,
        Pane::Members => &mut model.member_filter,
    }
}

pub(super) fn typing_filter(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    match key.code {
        KeyCode::Enter => model.typing = Typing::Nothing,
        KeyCode::Esc => {
            *filter_field(model) = Field::default();
            model.typing = Typing::Nothing;
        }
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => model.typing = Typing::Nothing,
        _ => {
            filter_field(model).key(key);
        }
    }
    Vec::new()
}

/// Searches a document while it is typed.
pub(super) fn typing_search(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    let Some(document) = &mut model.document else {
        model.typing = Typing::Nothing;
        return Vec::new();
    };
    match key.code {
        KeyCode::Enter => {
            model.typing = Typing::Nothing;
            let wanted = document.search.text.clone();
            let here = document.found().contains(&document.at);
            if !wanted.is_empty() && !here && !document.find(false) {
                model.say(format!("'{wanted}' is not in this document"), true);
            }
        }
        KeyCode::Esc => {
            document.search = Field::default();
            model.typing = Typing::Nothing;
        }
        _ => {
            if document.search.key(key) && !document.found().contains(&document.at) {
                document.find(false);
            }
        }
    }
    Vec::new()
}

/// The pools that a destination's filter leaves.
pub(super) fn destinations<'a>(field: &Field, pools: &'a [(ResourceId, String)]) -> Vec<&'a (ResourceId, String)> {
    let wanted = field.text.to_lowercase();
    pools.iter().filter(|(_, name)| name.to_lowercase().contains(&wanted)).collect()
}

pub(super) fn typing_destination(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    let Typing::Destination { field, pools, at } = &mut model.typing else { return Vec::new() };
    let shown = destinations(field, pools).len();
    match key.code {
        KeyCode::Esc => model.typing = Typing::Nothing,
        KeyCode::Up => *at = moved(*at, -1, shown),
        KeyCode::Down => *at = moved(*at, 1, shown),
        KeyCode::Enter => {
            let chosen = destinations(field, pools).get(*at).map(|(id, _)| id.clone());
            model.typing = Typing::Nothing;
            if let Some(to) = chosen {
                return super::asked::move_to(model, &to);
            }
        }
        _ => {
            if field.key(key) {
                *at = 0;
            }
        }
    }
    Vec::new()
}

pub(super) fn typing_console(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let console = &mut model.console;
    console.words.clear();
    match key.code {
        KeyCode::Esc => model.typing = Typing::Nothing,
        KeyCode::Char('c') if control => {
            if console.busy {
                return vec![Command::StopScript];
            }
            console.field = Field::default();
        }
        KeyCode::Char('d') if control && console.field.text.is_empty() => model.typing = Typing::Nothing,
        KeyCode::Char('z') if control => return vec![Command::Suspend],
        KeyCode::Char('r') if control => return super::picks::entries(model),
        KeyCode::Tab => {
            let head = console.field.text.get(..console.field.cursor).unwrap_or_default().to_owned();
            return vec![Command::Complete(head, console.variables.clone())];
        }
        KeyCode::Up => recall(model, 1),
        KeyCode::Down => recall(model, -1),
        KeyCode::PageUp => console.scroll = (console.scroll + 3).min(console.lines.len()),
        KeyCode::PageDown => console.scroll = console.scroll.saturating_sub(3),
        KeyCode::Enter => {
            let text = console.field.text.clone();
            if text.trim().is_empty() {
                return Vec::new();
            }
            // An open bracket goes on in a new line.
            if !is_whole(&text) {
                console.field.insert("\n");
                return Vec::new();
            }
            console.field = Field::default();
            console.back = 0;
            if console.history.last() != Some(&text) {
                console.history.push(text.clone());
            }
            console.say(&Line { kind: LineKind::Input, text: text.clone() });
            console.busy = true;
            return vec![Command::Evaluate(text)];
        }
        _ => {
            console.field.key(key);
        }
    }
    Vec::new()
}

fn recall(model: &mut Model, by: isize) {
    let console = &mut model.console;
    console.back = console.back.saturating_add_signed(by).min(console.history.len());
    let text = match console.back {
        0 => String::new(),
        n => console.history.get(console.history.len() - n).cloned().unwrap_or_default(),
    };
    console.field = Field::of(text);
}

/// Completes as far as all words agree; shows them where they do not.
pub(super) fn completed(model: &mut Model, start: usize, words: Vec<String>) {
    let console = &mut model.console;
    let Some(first) = words.first() else { return };
    let mut shared = first.clone();
    for word in &words {
        while !word.starts_with(&shared) {
            shared.pop();
        }
    }
    let begun = console.field.text.get(start..console.field.cursor).unwrap_or_default().to_owned();
    if shared.len() > begun.len() || words.len() == 1 {
        console.field.text.replace_range(start..console.field.cursor, &shared);
        console.field.cursor = start + shared.len();
    }
    if words.len() > 1 {
        console.words = words;
    }
}
