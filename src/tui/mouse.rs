//! The mouse, where the configuration asks for it: the wheel moves, a click selects, another opens. It never
//! leads to a change.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::command::Command;
use super::model::{Model, Pane, Screen, Typing};
use super::navigate::{open, select_node, step};

/// Where a list was drawn: its first line on the screen and what stands on each line.
#[derive(Debug, Clone, Default)]
pub struct Drawn {
    /// The tree: its area, and the place of its first row.
    pub tree: (Rect, usize),
    /// The members: their rows' area, and for each line the place of its row.
    pub members: (Rect, Vec<Option<usize>>),
}

pub(super) fn on_mouse(model: &mut Model, event: MouseEvent) -> Vec<Command> {
    if model.typing != Typing::Nothing || model.over.is_some() {
        return Vec::new();
    }
    match event.kind {
        MouseEventKind::ScrollUp => step(model, -3),
        MouseEventKind::ScrollDown => step(model, 3),
        MouseEventKind::Down(MouseButton::Left) if model.screen == Screen::Browse => {
            click(model, Position::new(event.column, event.row))
        }
        _ => Vec::new(),
    }
}

fn click(model: &mut Model, at: Position) -> Vec<Command> {
    let (tree, first) = model.drawn.tree;
    if tree.contains(at) {
        model.pane = Pane::Tree;
        let place = first + usize::from(at.y - tree.y);
        let Some(node) = model.tree_rows().into_iter().nth(place).map(|row| row.node) else { return Vec::new() };
        // A click on what is selected opens it.
        if model.node.as_ref() == Some(&node) {
            return open(model);
        }
        return select_node(model, node);
    }
    let (members, lines) = &model.drawn.members;
    if members.contains(at) {
        let place = lines.get(usize::from(at.y - members.y)).copied().flatten();
        model.pane = Pane::Members;
        if let Some(row) = place.and_then(|p| model.pool_rows().get(p).map(|r| r.member.id.clone())) {
            model.row = Some(row);
        }
    }
    Vec::new()
}
