//! Moving about: rows, panes, the tree's nodes, back.

use super::command::Command;
use super::keys_typed::filter_field;
use super::model::{Field, Model, Node, Pane, Screen};
use super::plan_screen;
use crate::arm::ResourceId;

pub(super) fn page(model: &Model) -> isize {
    isize::try_from(model.page.max(2) - 1).unwrap_or(1)
}

/// The place `by` rows away, within the list.
pub(super) fn moved(at: usize, by: isize, len: usize) -> usize {
    at.saturating_add_signed(by).min(len.saturating_sub(1))
}

pub(super) fn step(model: &mut Model, by: isize) -> Vec<Command> {
    match model.screen {
        Screen::Plan => {
            if let Some(proposal) = &mut model.proposal {
                proposal.scroll = proposal.scroll.saturating_add_signed(by);
            }
            Vec::new()
        }
        Screen::Jobs => {
            model.job = moved(model.job, by, model.jobs.len());
            Vec::new()
        }
        Screen::Detail => {
            if let Some(document) = &mut model.document {
                document.step(by);
            }
            Vec::new()
        }
        Screen::Health => {
            model.health_scroll = model.health_scroll.saturating_add_signed(by);
            Vec::new()
        }
        Screen::Browse => match model.pane {
            Pane::Tree => {
                let rows = model.tree_rows();
                let at = rows.iter().position(|r| Some(&r.node) == model.node.as_ref()).unwrap_or(0);
                match rows.get(moved(at, by, rows.len())) {
                    Some(row) => select_node(model, row.node.clone()),
                    None => Vec::new(),
                }
            }
            Pane::Members => {
                let ids: Vec<ResourceId> = model.pool_rows().iter().map(|r| r.member.id.clone()).collect();
                let at = ids.iter().position(|id| Some(id) == model.row.as_ref()).unwrap_or(0);
                model.row = ids.get(moved(at, by, ids.len())).cloned();
                Vec::new()
            }
        },
    }
}

pub(super) fn select_node(model: &mut Model, node: Node) -> Vec<Command> {
    if model.node.as_ref() == Some(&node) {
        return Vec::new();
    }
    model.node = Some(node);
    model.row = None;
    match model.selected_pool().cloned() {
        Some(id) => {
            if model.pool.as_ref().is_none_or(|p| p.id != id) {
                model.pool = None;
            }
            vec![Command::LoadPool(id.clone()), Command::AskHealth(id)]
        }
        None => Vec::new(),
    }
}

/// The most places that are remembered.
const TRAIL: usize = 100;

/// Selects a node from afar, opens what it is in, and remembers where the selection was.
pub(super) fn jump(model: &mut Model, node: Node) -> Vec<Command> {
    if let Some(here) = model.node.clone().filter(|here| *here != node) {
        model.before.push(here);
        model.after.clear();
        if model.before.len() > TRAIL {
            model.before.remove(0);
        }
    }
    land(model, node)
}

fn land(model: &mut Model, node: Node) -> Vec<Command> {
    let balancer = match &node {
        Node::Pool(id) => id.parent(),
        Node::Balancer(id) => Some(id.clone()),
        Node::Subscription(_) => None,
    };
    if let Some(balancer) = balancer {
        let own = model.tree.subscriptions.iter().find(|s| s.id.eq_ignore_ascii_case(balancer.subscription()));
        model.open.extend(own.map(|s| Node::Subscription(s.id.clone())));
        if matches!(node, Node::Pool(_)) {
            model.open.insert(Node::Balancer(balancer));
        }
    }
    model.screen = Screen::Browse;
    model.tree_filter = Field::default();
    model.pane = Pane::Tree;
    select_node(model, node)
}

/// To where the selection was before, or forward again.
pub(super) fn travel(model: &mut Model, backward: bool) -> Vec<Command> {
    let (from, to) =
        if backward { (&mut model.before, &mut model.after) } else { (&mut model.after, &mut model.before) };
    let Some(node) = from.pop() else {
        model.say(if backward { "this is where it began" } else { "there is nothing further on" }, false);
        return Vec::new();
    };
    to.extend(model.node.clone());
    land(model, node)
}

pub(super) fn open(model: &mut Model) -> Vec<Command> {
    if model.screen != Screen::Browse || model.pane == Pane::Members {
        return Vec::new();
    }
    match model.node.clone() {
        Some(Node::Pool(_)) => {
            model.pane = Pane::Members;
            if model.row.is_none() {
                model.row = model.pool_rows().first().map(|r| r.member.id.clone());
            }
            Vec::new()
        }
        Some(node) => {
            // Opening what is open goes on to its first child, as in a file manager.
            if !model.open.insert(node) {
                return step(model, 1);
            }
            Vec::new()
        }
        None => Vec::new(),
    }
}

pub(super) fn close(model: &mut Model) -> Vec<Command> {
    if model.pane == Pane::Members {
        model.pane = Pane::Tree;
        return Vec::new();
    }
    let parent = match model.node.clone() {
        Some(Node::Pool(id)) => id.parent().map(Node::Balancer),
        Some(node @ Node::Balancer(_)) if model.open.remove(&node) => None,
        Some(Node::Balancer(id)) => Some(Node::Subscription(
            model
                .tree
                .subscriptions
                .iter()
                .find(|s| s.id.eq_ignore_ascii_case(id.subscription()))
                .map_or_else(|| id.subscription().to_owned(), |s| s.id.clone()),
        )),
        Some(node) => {
            model.open.remove(&node);
            None
        }
        None => None,
    };
    parent.map(|node| select_node(model, node)).unwrap_or_default()
}

pub(super) fn back(model: &mut Model) -> Vec<Command> {
    match model.screen {
        Screen::Plan => {
            plan_screen::leave(model);
            model.screen = Screen::Browse;
        }
        Screen::Jobs | Screen::Detail | Screen::Health => model.screen = Screen::Browse,
        Screen::Browse => {
            let filter = filter_field(model);
            if filter.text.is_empty() {
                model.pane = Pane::Tree;
            } else {
                *filter = Field::default();
            }
        }
    }
    Vec::new()
}

/// Opens the first subscription and selects its first pool, so that the first screen shows members.
pub(super) fn open_first(model: &mut Model) {
    let Some(first) = model.tree.subscriptions.first() else { return };
    model.open.insert(Node::Subscription(first.id.clone()));
    if model.node.is_none() {
        model.node = Some(Node::Subscription(first.id.clone()));
    }
}
