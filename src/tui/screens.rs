//! The document and the health: how they open, and what their keys do.

use std::time::Duration;

use super::action::Action;
use super::command::Command;
use super::document::Document;
use super::model::{Model, Node, Pane, Screen};
use super::snapshot::HealthView;
use crate::arm::ResourceId;

/// How often health is asked for again on its screen.
const HEALTH: Duration = Duration::from_secs(5);

/// How often the metrics are.
const METRICS: Duration = Duration::from_secs(60);

/// What is selected: a member, a pool, a load balancer. None for a subscription.
pub(super) fn selected(model: &Model) -> Option<ResourceId> {
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

pub(super) fn show(model: &mut Model, id: ResourceId) -> Vec<Command> {
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

pub(super) fn sort(model: &mut Model, action: Action) -> Vec<Command> {
    let (column, reversed) = model.sort;
    model.sort = match action {
        Action::SortReverse => (column, !reversed),
        Action::SortBack => (column.before(), false),
        _ => (column.next(), false),
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
