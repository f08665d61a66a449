//! The tree: subscriptions, load balancers, pools, each with its count.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::super::model::{Model, Pane, Typing};
use super::super::theme::Faces;
use super::{block, fit, pad, styled, window};
use crate::terminal_text::safe;

pub(super) fn draw(model: &mut Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    let focus = model.pane == Pane::Tree && !matches!(model.typing, Typing::Console);
    let filter = &model.tree_filter.text;
    let typing = model.typing == Typing::Filter && model.pane == Pane::Tree;
    let title = if filter.is_empty() && !typing {
        " Estate ".to_owned()
    } else {
        format!(" /{}{} ", safe(filter), if typing { "▏" } else { "" })
    };
    let block = block(Line::raw(title), focus, faces);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let rows = model.tree_rows();
    let height = usize::from(inner.height);
    if focus {
        model.page = height;
    }
    if rows.is_empty() {
        let text = match (model.listing, filter.is_empty()) {
            (true, _) => "listing…",
            (false, true) => "nothing to see: no subscription",
            (false, false) => "nothing passes the filter",
        };
        frame.render_widget(styled(fit(text, inner.width.into()), theme.dim), inner);
        return;
    }
    let at = rows.iter().position(|r| Some(&r.node) == model.node.as_ref()).unwrap_or(0);
    let first = window(at, rows.len(), height);
    let width = usize::from(inner.width);
    model.drawn.tree = (inner, first);
    let lines: Vec<Line<'_>> = rows
        .iter()
        .enumerate()
        .skip(first)
        .take(height)
        .map(|(i, row)| {
            let sign = match (row.open, faces.unicode) {
                (Some(true), true) => "▾ ",
                (Some(false), true) => "▸ ",
                (Some(true), false) => "- ",
                (Some(false), false) => "+ ",
                (None, _) => "  ",
            };
            let count = if row.problem.is_some() { "!".to_owned() } else { row.count.words() };
            let head = format!("{}{sign}{}", "  ".repeat(row.depth.into()), safe(&row.name));
            let room = width.saturating_sub(count.width() + 1);
            let selected = i == at;
            let all_up = row.count.well();
            let style = match (selected, row.problem.is_some() || !all_up) {
                (true, _) => theme.selected,
                (false, true) => theme.warn,
                (false, false) => theme.text,
            };
            let count_style = if selected {
                theme.selected
            } else if all_up {
                theme.dim
            } else {
                theme.warn
            };
            Line::from(vec![Span::styled(pad(&head, room), style), Span::styled(format!(" {count}"), count_style)])
        })
        .collect();
    frame.render_widget(ratatui::widgets::Paragraph::new(lines), inner);
}
