//! The help: the table of actions that apply here, as it is.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use super::super::model::Model;
use super::super::theme::Faces;
use super::super::update::here;
use super::{block, fit, pad, styled};

/// Draws the help and gives the scroll that it could keep.
pub(super) fn draw(model: &Model, scroll: usize, frame: &mut Frame<'_>, area: Rect, faces: &Faces) -> usize {
    let context = here(model);
    let width = area.width.min(60);
    let mut lines: Vec<Line<'_>> = model
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
        "Filter: words, !word, state:down kind:nic zone:2",
        "power:running. Marks hold over pools; actions act on the",
        "marked rows of the pool shown, else on the selected one.",
        "Nothing is changed before a plan was shown and confirmed.",
    ] {
        lines.push(styled(text.to_owned(), faces.theme.dim));
    }
    let height = area.height.min(u16::try_from(lines.len() + 2).unwrap_or(u16::MAX));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let block = block(Line::raw(" Help: keys that apply here "), true, faces);
    let inner = block.inner(place);
    let scroll = scroll.min(lines.len().saturating_sub(usize::from(inner.height)));
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    frame.render_widget(Paragraph::new(lines).scroll((u16::try_from(scroll).unwrap_or(0), 0)), inner);
    scroll
}
