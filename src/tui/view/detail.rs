//! A document: its lines, folded and searched.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::super::model::{Model, Typing};
use super::super::theme::Faces;
use super::{block, fit, pad, styled, window};
use crate::terminal_text::safe;

pub(super) fn draw(model: &mut Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    let typing = model.typing == Typing::Search;
    let Some(document) = &model.document else {
        let block = block(Line::raw(" Document "), true, faces);
        frame.render_widget(styled("reading…".to_owned(), theme.dim), block.inner(area));
        frame.render_widget(block, area);
        return;
    };
    let found = document.found();
    let mut title = format!(" {}  {} ", safe(&document.id.short()), if document.yaml { "YAML" } else { "JSON" });
    if typing || !document.search.text.is_empty() {
        let cursor = if typing { "▏" } else { "" };
        title.push_str(&format!(" /{}{cursor}  {} lines ", safe(&document.search.text), found.len()));
    }
    let block = block(Line::raw(title), true, faces);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    let shown = document.shown();
    let at = shown.iter().position(|place| *place == document.at).unwrap_or(0);
    let first = window(at, shown.len(), height);
    let lines: Vec<Line<'_>> = shown
        .iter()
        .skip(first)
        .take(height)
        .filter_map(|place| {
            let line = document.lines.get(*place)?;
            let folded = document.folded.contains(place);
            let sign = match (document.folds(*place), folded, faces.unicode) {
                (false, ..) => "  ",
                (true, true, true) => "▸ ",
                (true, false, true) => "▾ ",
                (true, true, false) => "+ ",
                (true, false, false) => "- ",
            };
            let more = if folded { " …" } else { "" };
            let text = format!("{sign}{}{}{more}", "  ".repeat(line.depth), safe(&line.text));
            let style = match (*place == document.at, found.contains(place)) {
                (true, _) => theme.selected,
                (false, true) => theme.marked,
                (false, false) => theme.text,
            };
            Some(styled(if *place == document.at { pad(&text, width) } else { fit(&text, width) }, style))
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
    model.page = height;
}
