//! What lies over the screen and is typed into: the choice of a pool that members move to, and the palette.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use super::super::keys_typed::destinations;
use super::super::model::{Model, Typing};
use super::super::palette::{Palette, Purpose};
use super::super::theme::Faces;
use super::{block, fit, pad, styled, window};
use crate::terminal_text::safe;

pub(super) fn draw(model: &Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    match &model.typing {
        Typing::Destination { .. } => destination(model, frame, area, faces),
        Typing::Palette(palette) => self::palette(palette, frame, area, faces),
        _ => {}
    }
}

/// A place in the middle, cleared and framed.
fn framed(title: &'static str, size: (u16, u16), frame: &mut Frame<'_>, area: Rect, faces: &Faces) -> Rect {
    let (width, height) = (area.width.min(size.0), area.height.min(size.1));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let block = block(Line::raw(title), true, faces);
    let inner = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    inner
}

/// A palette of everything is large; one of a few things is as high as these.
fn size(palette: &Palette) -> (u16, u16) {
    match palette.purpose {
        Purpose::GoTo => (72, 20),
        _ => (52, u16::try_from(palette.items.len()).unwrap_or(u16::MAX).saturating_add(3).min(20)),
    }
}

fn palette(palette: &Palette, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let inner = framed(palette.purpose.title(), size(palette), frame, area, faces);
    let (columns, room) = (usize::from(inner.width), usize::from(inner.height).saturating_sub(1));
    let mut lines = vec![styled(fit(&format!(":{}▏", safe(&palette.field.text)), columns), faces.theme.input)];
    if palette.found.is_empty() {
        lines.push(styled("nothing fits".to_owned(), faces.theme.dim));
    }
    let first = window(palette.at, palette.found.len(), room);
    for (i, place) in palette.found.iter().enumerate().skip(first).take(room) {
        let Some(item) = palette.items.get(*place) else { continue };
        let text = format!("{} {}", pad(&safe(&item.label), columns.saturating_sub(15)), item.kind);
        lines.push(styled(pad(&text, columns), if i == palette.at { faces.theme.selected } else { faces.theme.text }));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

fn destination(model: &Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let Typing::Destination { field, pools, at } = &model.typing else { return };
    let inner = framed(" Move to which pool? ", (56, 16), frame, area, faces);
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
