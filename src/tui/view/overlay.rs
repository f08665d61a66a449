//! What lies over the screen and is typed into: the choice of a pool that members move to, and the palette.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use super::super::form::Form;
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
        Typing::Form(form) => self::form(form, frame, area, faces),
        _ => {}
    }
}

/// A place in the middle, cleared and framed.
fn framed(title: String, size: (u16, u16), frame: &mut Frame<'_>, area: Rect, faces: &Faces) -> Rect {
    let (width, height) = (area.width.min(size.0), area.height.min(size.1));
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    let block = block(Line::raw(safe(&title)), true, faces);
    let inner = block.inner(place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    inner
}

/// A palette of everything is large; one of a few things is as high as these.
fn size(palette: &Palette) -> (u16, u16) {
    match palette.purpose {
        Purpose::GoTo | Purpose::Scripts | Purpose::History => (76, 20),
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

/// The parameters of a script: one a line, the selected one's help below.
fn form(form: &Form, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let height = u16::try_from(form.script.params.len() + 6).unwrap_or(u16::MAX);
    let inner = framed(format!(" {} ", form.script.name), (76, height.min(area.height)), frame, area, faces);
    let columns = usize::from(inner.width);
    let mut lines = vec![styled(fit(&safe(&form.script.about), columns), faces.theme.dim), Line::raw("")];
    for (i, (param, field)) in form.script.params.iter().zip(&form.fields).enumerate() {
        let here = i == form.at;
        let cursor = if here { "▏" } else { "" };
        let text = format!("{} {}{cursor}", pad(&param.name, 16), safe(&field.text));
        lines.push(styled(pad(&text, columns), if here { faces.theme.selected } else { faces.theme.text }));
    }
    let offered = form.offered.iter().map(|name| safe(name)).collect::<Vec<_>>().join("  ");
    let offered = if offered.is_empty() { offered } else { format!("→ {offered}") };
    lines.push(styled(fit(&offered, columns), faces.theme.dim));
    let help = form.script.params.get(form.at).map(|p| format!("{}  {}", p.word(), p.help)).unwrap_or_default();
    let told = form.problem.clone().unwrap_or(help);
    let style = if form.problem.is_some() { faces.theme.bad } else { faces.theme.dim };
    lines.push(styled(fit(&safe(&told), columns), style));
    frame.render_widget(Paragraph::new(lines), inner);
}

fn destination(model: &Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let Typing::Destination { field, pools, at } = &model.typing else { return };
    let inner = framed(" Move to which pool? ".to_owned(), (56, 16), frame, area, faces);
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
