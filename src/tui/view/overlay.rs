//! The choice of a pool that members move to.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use super::super::keys_typed::destinations;
use super::super::model::{Model, Typing};
use super::super::theme::Faces;
use super::{block, fit, pad, styled, window};
use crate::terminal_text::safe;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let Typing::Destination { field, pools, at } = &model.typing else { return };
    let width = area.width.min(56);
    let height = area.height.min(16);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let block = block(Line::raw(" Move to which pool? "), true, faces);
    let inner = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    let room = usize::from(inner.height).saturating_sub(1);
    let columns = usize::from(inner.width);
    let shown = destinations(field, pools);
    let first = window(*at, shown.len(), room);
    let mut lines = vec![styled(fit(&format!("/{}▏", safe(&field.text)), columns), faces.theme.input)];
    lines.extend(shown.iter().enumerate().skip(first).take(room).map(|(i, (_, name))| {
        let style = if i == *at { faces.theme.selected } else { faces.theme.text };
        styled(pad(&safe(name), columns), style)
    }));
    frame.render_widget(Paragraph::new(lines), inner);
}
