//! The console: what was said, and the line being typed.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr as _;

use super::super::event::LineKind;
use super::super::model::{Model, Typing};
use super::super::theme::Faces;
use super::{block, fit, styled};
use crate::script::highlight::{Part, parts};
use crate::terminal_text::safe;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    let typing = model.typing == Typing::Console;
    let console = &model.console;
    let title = if console.busy { " Console  running… " } else { " Console " };
    let block = block(Line::raw(title), typing, faces);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let prompt = if faces.unicode { "› " } else { "> " };
    let width = usize::from(inner.width);
    let entry: Vec<&str> = console.field.text.split('\n').collect();
    let words = if typing && !console.words.is_empty() { 1 } else { 0 };
    let below = entry.len() + words;
    let room = usize::from(inner.height).saturating_sub(below);
    let end = console.lines.len().saturating_sub(console.scroll);
    // From the newest up, until the room is full; long lines are broken, never cut.
    let mut rows: Vec<Line<'_>> = Vec::new();
    for line in console.lines.iter().take(end).rev() {
        let (head, style) = match line.kind {
            LineKind::Input => (prompt, theme.input),
            LineKind::Output => ("  ", theme.text),
            LineKind::Error => ("! ", theme.bad),
            LineKind::Note => ("  ", theme.good),
        };
        let broken = broken(&safe(&line.text), width.saturating_sub(2));
        rows.extend(
            broken
                .into_iter()
                .enumerate()
                .rev()
                .map(|(i, part)| styled(format!("{}{part}", if i == 0 { head } else { "  " }), style)),
        );
        if rows.len() >= room {
            break;
        }
    }
    rows.truncate(room);
    rows.reverse();
    let mut lines = rows;
    if words > 0 {
        lines.push(styled(fit(&safe(&console.words.join("  ")), width), theme.dim));
    }
    let above = lines.len();
    for (i, text) in entry.iter().enumerate() {
        let head = if i == 0 { prompt } else { "  " };
        let mut spans = vec![Span::styled(head.to_owned(), theme.input)];
        spans.extend(parts(text).into_iter().map(|(part, text)| {
            let style = match part {
                Part::Comment => theme.dim,
                Part::Text => theme.good,
                Part::Constant => theme.warn,
                Part::Keyword => theme.title,
                Part::Function => theme.input,
                Part::Plain => theme.text,
            };
            Span::styled(safe(text), style)
        }));
        lines.push(Line::from(spans));
    }
    if typing {
        let before = console.field.text.get(..console.field.cursor).unwrap_or_default();
        let row = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().width() + 2;
        let position = Position {
            x: inner.x + u16::try_from(column).unwrap_or(u16::MAX).min(inner.width.saturating_sub(1)),
            y: inner.y + u16::try_from(above + row).unwrap_or(u16::MAX).min(inner.height.saturating_sub(1)),
        };
        frame.set_cursor_position(position);
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

/// Text broken into pieces no wider than `width` columns, at spaces where there are any.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut out = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let used = out.last().map_or(0, |l| l.width());
        if used > 0 && used + word.trim_end().width() > width {
            out.push(String::new());
        }
        for c in word.chars() {
            let full = out.last().is_some_and(|l| l.width() >= width.max(1));
            if full {
                out.push(String::new());
            }
            if let Some(last) = out.last_mut() {
                last.push(c);
            }
        }
    }
    out
}
