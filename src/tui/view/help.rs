//! What is read over a screen: the help, which is the table of actions that apply here, and what was said.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use super::super::model::{Model, Overlay};
use super::super::theme::Faces;
use super::super::update::here;
use super::members::wrapped;
use super::{age, block, fit, pad, styled};
use crate::terminal_text::safe;

/// Draws it and gives the scroll that it could keep.
pub(super) fn draw(
    model: &Model,
    over: Overlay,
    scroll: usize,
    frame: &mut Frame<'_>,
    area: Rect,
    faces: &Faces,
) -> usize {
    let (title, width) = match over {
        Overlay::Help => (" Help: keys that apply here ", area.width.min(60)),
        Overlay::Messages => (" What was said ", area.width.min(100)),
    };
    let lines = match over {
        Overlay::Help => keys(model, width, faces),
        Overlay::Messages => messages(model, width, faces),
    };
    let height = area.height.min(u16::try_from(lines.len() + 2).unwrap_or(u16::MAX));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let block = block(Line::raw(title), true, faces);
    let inner = block.inner(place);
    let scroll = scroll.min(lines.len().saturating_sub(usize::from(inner.height)));
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    frame.render_widget(Paragraph::new(lines).scroll((u16::try_from(scroll).unwrap_or(0), 0)), inner);
    scroll
}

/// What was said, the oldest first, whole.
fn messages(model: &Model, width: u16, faces: &Faces) -> Vec<Line<'static>> {
    if model.messages.is_empty() {
        return vec![styled("nothing yet".to_owned(), faces.theme.dim)];
    }
    let room = usize::from(width).saturating_sub(10).max(10);
    let mut lines = Vec::new();
    for message in &model.messages {
        let (style, mark) = if message.bad { (faces.theme.bad, "!") } else { (faces.theme.text, " ") };
        let mut head = format!("{:>4} ago", age(message.at));
        for part in safe(&message.text).lines() {
            for piece in wrapped(part, room) {
                lines.push(styled(format!("{} {mark}{piece}", pad(&head, 8)), style));
                head.clear();
            }
        }
    }
    lines
}

/// The keys that apply here.
fn keys(model: &Model, width: u16, faces: &Faces) -> Vec<Line<'static>> {
    let context = here(model);
    let mut lines: Vec<Line<'static>> = model
        .keymap
        .here(context)
        .map(|binding| {
            let spec = binding.spec;
            let risk = if spec.changes { "  (shows a plan first)" } else { "" };
            let text = format!("{}{}{risk}", pad(&binding.keys.join(" "), 18), spec.title);
            let style = if spec.changes { faces.theme.warn } else { faces.theme.text };
            styled(fit(&text, usize::from(width).saturating_sub(2)), style)
        })
        .collect();
    lines.push(Line::raw(""));
    for text in [
        "Filter: words, !word, ~fuzzy, state:down kind:nic zone:2",
        "power:running. Marks hold over pools, and actions act on all",
        "of them as one plan; on the selected row where none is.",
        "Nothing is changed before a plan was shown and confirmed.",
    ] {
        lines.push(styled(text.to_owned(), faces.theme.dim));
    }
    lines
}
