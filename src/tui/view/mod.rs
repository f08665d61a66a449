//! Drawing. Every frame is drawn from the model alone; only visible rows are formatted.

mod console;
mod detail;
mod health;
mod help;
mod jobs;
mod lines;
mod members;
mod overlay;
mod plan;
mod status;
mod tree;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Borders};

use super::model::{Model, Pane, Screen, Typing};
use super::theme::Faces;
use crate::health::HealthState;
use lines::wrapped;

/// Draws the screen.
pub fn draw(model: &mut Model, frame: &mut Frame<'_>, faces: &Faces) {
    let area = frame.area();
    // Below this there is nothing useful to show; nothing may break either.
    if area.width < 12 || area.height < 4 {
        frame.render_widget(Line::raw("azlb"), area);
        return;
    }
    let [top, middle, hints] =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]).areas(area);
    status::header(model, frame, top, faces);
    match model.screen {
        Screen::Browse => browse(model, frame, middle, faces),
        Screen::Plan => plan::draw(model, frame, middle, faces),
        Screen::Jobs => jobs::draw(model, frame, middle, faces),
        Screen::Detail => detail::draw(model, frame, middle, faces),
        Screen::Health => health::draw(model, frame, middle, faces),
    }
    status::hints(model, frame, hints, faces);
    overlay::draw(model, frame, middle, faces);
    if let Some((over, scroll)) = model.over {
        model.over = Some((over, help::draw(model, over, scroll, frame, middle, faces)));
    }
}

fn browse(model: &mut Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let typing = model.typing == Typing::Console;
    let console_height = match area.height {
        0..=11 if typing => area.height.saturating_sub(2),
        0..=11 => 0,
        12..=29 => {
            if typing {
                9
            } else {
                5
            }
        }
        _ => {
            if typing {
                14
            } else {
                8
            }
        }
    };
    let [upper, console] = Layout::vertical([Constraint::Fill(1), Constraint::Length(console_height)]).areas(area);
    model.drawn = super::mouse::Drawn::default();
    let alone = model.wide && model.pane == Pane::Members;
    if upper.width >= 60 && !alone {
        let tree_width = (upper.width / 3).clamp(26, 44);
        let [left, right] = Layout::horizontal([Constraint::Length(tree_width), Constraint::Fill(1)]).areas(upper);
        tree::draw(model, frame, left, faces);
        members::draw(model, frame, right, faces);
    } else if model.pane == Pane::Tree {
        // A narrow terminal shows one column at a time.
        tree::draw(model, frame, upper, faces);
    } else {
        members::draw(model, frame, upper, faces);
    }
    if console.height > 0 {
        console::draw(model, frame, console, faces);
    }
}

/// A pane's block.
fn block<'a>(title: Line<'a>, focus: bool, faces: &Faces) -> Block<'a> {
    let style = if focus { faces.theme.border_focus } else { faces.theme.border };
    let kind = if focus { BorderType::Thick } else { BorderType::Plain };
    let block = Block::default().borders(Borders::ALL).border_style(style).title(title);
    if faces.unicode { block.border_type(kind) } else { block.border_set(ASCII) }
}

const ASCII: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// A state's glyph and style.
fn glyph(state: HealthState, faces: &Faces) -> (&'static str, Style) {
    let (glyph, ascii, style) = match state {
        HealthState::Up => ("●", "*", faces.theme.good),
        HealthState::Down => ("✗", "x", faces.theme.bad),
        HealthState::Unknown => ("?", "?", faces.theme.unknown),
    };
    (if faces.unicode { glyph } else { ascii }, style)
}

/// An age in few words, coarse beyond a minute.
fn age(at: tokio::time::Instant) -> String {
    let seconds = at.elapsed().as_secs();
    match seconds {
        0..=59 => format!("{seconds}s"),
        60..=3599 => format!("{}m", seconds / 60),
        _ => format!("{}h", seconds / 3600),
    }
}

/// Text cut to a width in columns.
fn fit(text: &str, width: usize) -> String {
    use unicode_width::UnicodeWidthChar as _;
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let w = c.width().unwrap_or(0);
        if used + w > width {
            // The last column says that something was cut.
            while used >= width
                && out.pop().is_some_and(|last| {
                    used -= last.width().unwrap_or(0);
                    used >= width
                })
            {}
            if width > 0 {
                out.push('…');
            }
            return out;
        }
        out.push(c);
        used += w;
    }
    out
}

/// Text padded or cut to exactly a width.
fn pad(text: &str, width: usize) -> String {
    use unicode_width::UnicodeWidthStr as _;
    let mut out = fit(text, width);
    let used = out.width();
    out.extend(std::iter::repeat_n(' ', width.saturating_sub(used)));
    out
}

/// The first row to show, so that the selected one is within the window.
fn window(selected: usize, len: usize, height: usize) -> usize {
    if len <= height {
        return 0;
    }
    selected.saturating_sub(height / 2).min(len - height)
}

/// A line with one style.
fn styled(text: String, style: Style) -> Line<'static> {
    Line::from(Span::styled(text, style))
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr as _;

    #[test]
    fn text_is_cut_by_columns() {
        assert_eq!(fit("abc", 3), "abc");
        assert_eq!(fit("abcd", 3), "ab…");
        assert_eq!(fit("東京都", 5), "東京…");
        for width in 0..8 {
            for text in ["abcdefghij", "東京都東京都", "a東b京c"] {
                assert!(fit(text, width).width() <= width, "{text} in {width}: {}", fit(text, width));
                assert_eq!(pad(text, width).width(), width);
            }
        }
    }
}
