//! What is picked from a list over the screen: commands and places, columns, themes, kept places.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::Action;
use super::command::Command;
use super::event::{Choice, Launch, LineKind};
use super::form;
use super::model::{Field, Model, Node, Pane, Typing};
use super::navigate::{jump, moved};
use super::palette::{Goal, Item, Palette, Purpose};
use super::screens::{selected, show};
use super::update::{act, context};
use crate::arm::ResourceId;
use crate::config::Shown;

pub(super) fn open_palette(model: &mut Model) -> Vec<Command> {
    let keymap = model.keymap.clone();
    let commands =
        keymap.here(context(model)).filter(|b| !matches!(b.spec.action, Action::Palette | Action::Up | Action::Down));
    let mut items: Vec<Item> = commands
        .map(|b| Item {
            label: match b.keys.first() {
                Some(key) => format!("{}  ({key})", b.spec.title),
                None => b.spec.title.to_owned(),
            },
            kind: "command",
            goal: Goal::Act(b.spec.action),
        })
        .collect();
    let copy = |label: &str, text: String| Item { label: label.to_owned(), kind: "copy", goal: Goal::Copy(text) };
    if let Some(id) = selected(model) {
        items.push(copy("copy id", id.to_string()));
        items.push(copy("copy name", id.name().to_owned()));
        items.push(copy("copy portal address", portal(model.portal, &id)));
    }
    let ip = model.selected_row().filter(|_| model.pane == Pane::Members).and_then(|r| r.member.ip.clone());
    items.extend(ip.map(|ip| copy("copy ip", ip)));
    // What was done last, as script.
    let line = model.console.lines.iter().rev().find(|line| line.kind == LineKind::Input);
    items.extend(line.map(|line| copy("copy script line", line.text.clone())));
    let themes = model.themes.iter().map(|name| Item {
        label: format!("theme {name}"),
        kind: "theme",
        goal: Goal::Theme(name.clone()),
    });
    items.extend(themes);
    model.typing = Typing::Palette(Palette::new(items));
    vec![Command::FindPlaces]
}

/// Where the portal shows a resource. A member's ip configuration is shown with its NIC.
fn portal(portal: &str, id: &ResourceId) -> String {
    let shown = id.parent().filter(|_| id.segment("ipConfigurations").is_some()).unwrap_or_else(|| id.clone());
    format!("{portal}/#resource{shown}")
}

pub(super) fn typing_palette(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    let Typing::Palette(palette) = &mut model.typing else { return Vec::new() };
    let before = palette.chosen().cloned();
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let count = palette.found.len();
    match key.code {
        KeyCode::Esc => return leave(model),
        KeyCode::Char('c') if control => return leave(model),
        KeyCode::Up => palette.at = moved(palette.at, -1, count),
        KeyCode::Down => palette.at = moved(palette.at, 1, count),
        KeyCode::Char('p') if control => palette.at = moved(palette.at, -1, count),
        KeyCode::Char('n') if control => palette.at = moved(palette.at, 1, count),
        KeyCode::PageUp => palette.at = moved(palette.at, -10, count),
        KeyCode::PageDown => palette.at = moved(palette.at, 10, count),
        KeyCode::Enter => {
            let Some(item) = before else { return Vec::new() };
            if let Goal::Column(column) = item.goal {
                return turn(model, column);
            }
            model.typing = Typing::Nothing;
            return match item.goal {
                Goal::Column(_) => Vec::new(),
                Goal::Choice(place) => {
                    if let Some(choice) = model.choice.take() {
                        // A script that was stopped meanwhile waits no more.
                        let _ = choice.0.send(place);
                    }
                    Vec::new()
                }
                Goal::Entry(text) => {
                    model.console.field = Field::of(text);
                    model.typing = Typing::Console;
                    Vec::new()
                }
                Goal::Script(place) => match model.scripts.get(place).cloned() {
                    Some(script) => form::open(model, script),
                    None => Vec::new(),
                },
                Goal::Act(action) => act(model, action),
                Goal::Theme(name) => vec![Command::Theme { name, keep: true }],
                Goal::Document(id) => show(model, id),
                Goal::Copy(text) => vec![Command::Copy(item.label.replacen("copy ", "", 1), text)],
                Goal::Go(node, row) => {
                    let commands = jump(model, node);
                    if row.is_some() {
                        model.pane = Pane::Members;
                        model.row = row;
                    }
                    commands
                }
            };
        }
        _ => {
            if palette.field.key(key) {
                palette.search();
            }
        }
    }
    // A theme is tried on as the selection comes to it.
    match (&palette.purpose, palette.chosen()) {
        (Purpose::Themes(_), Some(Item { goal: Goal::Theme(name), .. })) if before.as_ref() != palette.chosen() => {
            vec![Command::Theme { name: name.clone(), keep: false }]
        }
        _ => Vec::new(),
    }
}

/// Closes the palette; a theme that was only tried on is put back.
fn leave(model: &mut Model) -> Vec<Command> {
    match std::mem::replace(&mut model.typing, Typing::Nothing) {
        Typing::Palette(Palette { purpose: Purpose::Choice(_), .. }) => {
            // Who waits for the choice is told that there is none.
            model.choice = None;
            Vec::new()
        }
        Typing::Palette(Palette { purpose: Purpose::Themes(worn), .. }) if worn != model.theme => {
            vec![Command::Theme { name: worn, keep: false }]
        }
        _ => Vec::new(),
    }
}

/// Lets the operator choose for a script.
pub(super) fn offer(model: &mut Model, question: String, options: Vec<String>, choice: Choice) {
    let item = |(place, label)| Item { label, kind: "", goal: Goal::Choice(place) };
    let items = options.into_iter().enumerate().map(item).collect();
    model.choice = Some(choice);
    model.typing = Typing::Palette(Palette::of(Purpose::Choice(question), items));
}

/// Offers the console's entries, the newest first.
pub(super) fn entries(model: &mut Model) -> Vec<Command> {
    let mut seen = std::collections::HashSet::new();
    let fresh = model.console.history.iter().rev().filter(|entry| seen.insert(entry.as_str()));
    let item = |entry: &String| Item { label: entry.replace('\n', " "), kind: "", goal: Goal::Entry(entry.clone()) };
    let items: Vec<Item> = fresh.map(item).collect();
    if items.is_empty() {
        model.say("nothing was entered yet", false);
        return Vec::new();
    }
    model.typing = Typing::Palette(Palette::of(Purpose::History, items));
    Vec::new()
}

/// Offers the saved scripts.
pub(super) fn scripts(model: &mut Model, scripts: Vec<Launch>) {
    let item = |(place, script): (usize, &Launch)| Item {
        label: format!("{:<20} {}", script.name, script.about),
        kind: "",
        goal: Goal::Script(place),
    };
    let items = scripts.iter().enumerate().map(item).collect();
    model.typing = Typing::Palette(Palette::of(Purpose::Scripts, items));
    model.scripts = scripts;
}

pub(super) fn themes(model: &mut Model) -> Vec<Command> {
    let items: Vec<Item> = model
        .themes
        .iter()
        .map(|name| Item { label: name.clone(), kind: "theme", goal: Goal::Theme(name.clone()) })
        .collect();
    let mut palette = Palette::of(Purpose::Themes(model.theme.clone()), items);
    palette.at = model.themes.iter().position(|name| *name == model.theme).unwrap_or(0);
    model.typing = Typing::Palette(palette);
    Vec::new()
}

/// The columns, those that are shown with a sign before them.
fn column_items(model: &Model) -> Vec<Item> {
    let shown = model.shown_columns();
    let item = |column: Shown| Item {
        label: format!("{} {}", if shown.contains(&column) { "[x]" } else { "[ ]" }, column.name()),
        kind: "column",
        goal: Goal::Column(column),
    };
    Shown::ALL.into_iter().map(item).collect()
}

pub(super) fn columns(model: &mut Model) -> Vec<Command> {
    model.typing = Typing::Palette(Palette::of(Purpose::Columns, column_items(model)));
    Vec::new()
}

/// Shows a column, or does not any more.
fn turn(model: &mut Model, column: Shown) -> Vec<Command> {
    let shown = model.shown_columns();
    let turned = |c: &Shown| shown.contains(c) != (*c == column);
    model.columns = Some(Shown::ALL.into_iter().filter(turned).collect());
    let items = column_items(model);
    if let Typing::Palette(palette) = &mut model.typing {
        palette.items = items;
    }
    Vec::new()
}

/// The place of an id in the tree: a pool, or a load balancer.
fn node_of(id: &ResourceId) -> Node {
    if id.segment("backendAddressPools").is_some() { Node::Pool(id.clone()) } else { Node::Balancer(id.clone()) }
}

pub(super) fn bookmark(model: &mut Model) -> Vec<Command> {
    let Some(Node::Pool(id) | Node::Balancer(id)) = model.node.clone() else {
        model.say("a pool or a load balancer can be kept; select one", true);
        return Vec::new();
    };
    let known = model.bookmarks.iter().position(|b| *b == id);
    match known {
        Some(at) => drop(model.bookmarks.remove(at)),
        None => model.bookmarks.push(id.clone()),
    }
    let word = if known.is_some() { "no longer kept" } else { "kept; B goes to it" };
    model.say(format!("{}: {word}", id.short()), false);
    Vec::new()
}

pub(super) fn bookmarks(model: &mut Model) -> Vec<Command> {
    if model.bookmarks.is_empty() {
        model.say("nothing is kept; b keeps the selected pool or load balancer", false);
        return Vec::new();
    }
    let item = |id: &ResourceId| {
        let node = node_of(id);
        let kind = if matches!(node, Node::Pool(_)) { "pool" } else { "load balancer" };
        Item { label: id.short(), kind, goal: Goal::Go(node, None) }
    };
    model.typing = Typing::Palette(Palette::of(Purpose::Bookmarks, model.bookmarks.iter().map(item).collect()));
    Vec::new()
}
