//! The plan: what will happen, in order; what was checked; what can be taken back.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::super::model::{Model, Typing};
use super::super::theme::Faces;
use super::{block, styled, wrapped};
use crate::changes::describe::{self, Tone};
use crate::terminal_text::safe;

pub(super) fn draw(model: &mut Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    let title = match &model.proposal {
        Some(p) if p.resume.is_some() => " Plan to go on with ",
        Some(p) if p.plan.undo_of.is_some() => " Plan of an undo ",
        _ => " Plan ",
    };
    let block = block(Line::raw(title), true, faces);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(proposal) = &mut model.proposal else { return };
    let described = if proposal.whole {
        describe::diffs(&proposal.plan, proposal.diffs.as_ref())
    } else {
        describe::plan(&proposal.plan)
    };
    // Warnings may be longer than the screen is wide: they are wrapped, never cut.
    let mut lines: Vec<Line<'_>> = described
        .into_iter()
        .flat_map(|line| {
            let style = match line.tone {
                Tone::Title => theme.title.add_modifier(Modifier::BOLD),
                Tone::Good | Tone::Plus => theme.good,
                Tone::Warn => theme.warn,
                Tone::Minus => theme.bad,
                Tone::Step => theme.text,
                Tone::Plain => theme.dim,
            };
            wrapped(&safe(&line.text), inner.width.into()).into_iter().map(move |text| styled(text, style))
        })
        .collect();
    lines.push(Line::raw(""));
    let prompt = match (&model.typing, proposal.plan.named()) {
        _ if !model.may_write => "This session is read-only. Enter or Esc leaves.".to_owned(),
        (Typing::Confirm(field), Some(pool)) => {
            format!("To apply, type the pool's name ({}), then Enter; Esc leaves: {}▏", pool.name(), safe(&field.text))
        }
        (_, Some(pool)) => format!("a, then the name {}, applies. Enter or Esc leaves.", pool.name()),
        (_, None) => "a applies. Enter or Esc leaves.".to_owned(),
    };
    let height = usize::from(inner.height).saturating_sub(1);
    model.page = height;
    proposal.scroll = proposal.scroll.min(lines.len().saturating_sub(height));
    let text = Rect { height: inner.height.saturating_sub(1), ..inner };
    let shown: Vec<Line<'_>> = lines.into_iter().skip(proposal.scroll).take(height).collect();
    frame.render_widget(Paragraph::new(shown), text);
    let last = Rect { y: inner.y + inner.height.saturating_sub(1), height: 1.min(inner.height), ..inner };
    frame.render_widget(styled(super::fit(&prompt, inner.width.into()), theme.title), last);
}
