//! The palette, the document and the health: how they open, and what their keys do.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::Action;
use super::command::Command;
use super::document::Document;
use super::model::{Model, Node, Pane, Screen, Typing};
use super::navigate::{jump, moved};
use super::palette::{Goal, Item, Palette};
use super::snapshot::HealthView;
use super::sort::Column;
use super::update::{act, context};
use crate::arm::ResourceId;

/// How often health is asked for again on its screen.
const HEALTH: Duration = Duration::from_secs(5);

/// How often the metrics are.
const METRICS: Duration = Duration::from_secs(60);

/// What is selected: a member, a pool, a load balancer. None for a subscription.
fn selected(model: &Model) -> Option<ResourceId> {
    let row = model.selected_row().filter(|_| model.pane == Pane::Members).map(|r| r.member.id.clone());
    row.or_else(|| match model.node.as_ref()? {
        Node::Pool(id) | Node::Balancer(id) => Some(id.clone()),
        Node::Subscription(_) => None,
    })
}

/// The load balancer of what is selected.
fn balancer(model: &Model) -> Option<ResourceId> {
    match model.node.as_ref()? {
        Node::Pool(id) => id.parent(),
        Node::Balancer(id) => Some(id.clone()),
        Node::Subscription(_) => None,
    }
}

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
        items.push(copy("copy portal address", portal(&id)));
    }
    let ip = model.selected_row().filter(|_| model.pane == Pane::Members).and_then(|r| r.member.ip.clone());
    items.extend(ip.map(|ip| copy("copy ip", ip)));
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
fn portal(id: &ResourceId) -> String {
    let shown = id.parent().filter(|_| id.segment("ipConfigurations").is_some()).unwrap_or_else(|| id.clone());
    format!("https://portal.azure.com/#resource{shown}")
}

pub(super) fn typing_palette(model: &mut Model, key: &KeyEvent) -> Vec<Command> {
    let Typing::Palette(palette) = &mut model.typing else { return Vec::new() };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let count = palette.found.len();
    match key.code {
        KeyCode::Esc => model.typing = Typing::Nothing,
        KeyCode::Char('c') if control => model.typing = Typing::Nothing,
        KeyCode::Up => palette.at = moved(palette.at, -1, count),
        KeyCode::Down => palette.at = moved(palette.at, 1, count),
        KeyCode::Char('p') if control => palette.at = moved(palette.at, -1, count),
        KeyCode::Char('n') if control => palette.at = moved(palette.at, 1, count),
        KeyCode::PageUp => palette.at = moved(palette.at, -10, count),
        KeyCode::PageDown => palette.at = moved(palette.at, 10, count),
        KeyCode::Enter => {
            let Some(item) = palette.chosen().cloned() else { return Vec::new() };
            model.typing = Typing::Nothing;
            return match item.goal {
                Goal::Act(action) => act(model, action),
                Goal::Theme(name) => vec![Command::Theme(name)],
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
    Vec::new()
}

pub(super) fn open_detail(model: &mut Model) -> Vec<Command> {
    let Some(id) = selected(model) else {
        model.say("a subscription has no document to show; select a load balancer, a pool or a member", true);
        return Vec::new();
    };
    // An ip configuration is part of its NIC's document; an address entry of its pool's.
    let id = match id.parent() {
        Some(nic) if id.segment("ipConfigurations").is_some() => nic,
        Some(pool) if id.segment("loadBalancerBackendAddresses").is_some() => pool,
        _ => id,
    };
    show(model, id)
}

fn show(model: &mut Model, id: ResourceId) -> Vec<Command> {
    model.document = None;
    model.screen = Screen::Detail;
    vec![Command::ReadDocument(id)]
}

pub(super) fn documented(
    model: &mut Model,
    id: ResourceId,
    result: Result<Box<serde_json::Value>, String>,
) -> Vec<Command> {
    if model.screen != Screen::Detail {
        return Vec::new();
    }
    match result {
        Ok(body) => {
            let mut fresh = Document::new(id, *body);
            // A refresh keeps the place and the search.
            if let Some(old) = model.document.take().filter(|old| old.id == fresh.id) {
                if old.yaml {
                    fresh.turn();
                }
                fresh.at = old.at.min(fresh.lines.len().saturating_sub(1));
                fresh.search = old.search;
            }
            model.document = Some(fresh);
        }
        Err(error) => {
            if model.document.is_none() {
                model.screen = Screen::Browse;
            }
            model.say(error, true);
        }
    }
    Vec::new()
}

pub(super) fn in_document(model: &mut Model, action: Action) -> Vec<Command> {
    let Some(document) = &mut model.document else { return Vec::new() };
    match action {
        Action::Fold => document.fold(),
        Action::Form => document.turn(),
        _ => {
            if !document.find(action == Action::PreviousFound) {
                model.say("nothing is found; / searches", false);
            }
        }
    }
    Vec::new()
}

pub(super) fn open_health(model: &mut Model) -> Vec<Command> {
    let Some(id) = balancer(model) else {
        model.say("select a load balancer or a pool; a subscription has no health of its own", true);
        return Vec::new();
    };
    if model.health.as_ref().is_none_or(|h| h.id != id) {
        model.health = None;
    }
    model.health_scroll = 0;
    model.metrics_at = Some(model.now);
    model.screen = Screen::Health;
    vec![Command::ShowHealth(id.clone()), Command::ReadHealth { id, metrics: true }]
}

pub(super) fn healthy(model: &mut Model, mut view: HealthView) -> Vec<Command> {
    if model.screen != Screen::Health {
        return Vec::new();
    }
    // The metrics come by themselves, once a minute.
    if let Some(old) = model.health.take().filter(|old| old.id == view.id) {
        view.series = old.series;
    }
    model.health = Some(view);
    Vec::new()
}

pub(super) fn tick(model: &mut Model) -> (Vec<Command>, bool) {
    let Some(view) = &model.health else { return (Vec::new(), false) };
    if model.paused {
        // Nothing is asked, and the age goes on: coarsely, so that a quiet screen stays quiet.
        return (Vec::new(), view.read_at.is_some_and(|at| at.elapsed().as_secs().is_multiple_of(10)));
    }
    if view.read_at.is_some_and(|at| at.elapsed() < HEALTH) {
        return (Vec::new(), false);
    }
    let metrics = model.metrics_at.is_none_or(|at| at.elapsed() >= METRICS);
    let id = view.id.clone();
    if metrics {
        model.metrics_at = Some(model.now);
    }
    (vec![Command::ReadHealth { id, metrics }], false)
}

pub(super) fn sort(model: &mut Model, reverse: bool) -> Vec<Command> {
    let (column, reversed) = model.sort;
    model.sort = if reverse {
        (column, !reversed)
    } else {
        let at = Column::ALL.iter().position(|c| *c == column).unwrap_or(0);
        (Column::ALL.get((at + 1) % Column::ALL.len()).copied().unwrap_or(Column::Listed), false)
    };
    let (column, reversed) = model.sort;
    model.say(format!("sorted by {}{}", column.name(), if reversed { ", the other way round" } else { "" }), false);
    Vec::new()
}

pub(super) fn copy(model: &mut Model) -> Vec<Command> {
    if model.screen == Screen::Detail {
        return match &model.document {
            Some(document) => vec![Command::Copy("document".to_owned(), document.text())],
            None => Vec::new(),
        };
    }
    match (selected(model), model.node.as_ref()) {
        (Some(id), _) => vec![Command::Copy("id".to_owned(), id.to_string())],
        (None, Some(Node::Subscription(id))) => vec![Command::Copy("id".to_owned(), id.clone())],
        _ => Vec::new(),
    }
}
