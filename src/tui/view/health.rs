//! A load balancer's health: each member by each rule, why who is down, and the metrics of an hour.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Sparkline, SparklineBar};
use unicode_width::UnicodeWidthStr as _;

use super::super::model::Model;
use super::super::snapshot::HealthView;
use super::super::theme::Faces;
use super::{age, block, fit, glyph, pad, styled};
use crate::health::metrics::Series;
use crate::health::{HealthState, reason};
use crate::terminal_text::safe;

pub(super) fn draw(model: &mut Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let Some(view) = model.health.clone() else {
        let block = block(Line::raw(" Health "), true, faces);
        frame.render_widget(styled("reading…".to_owned(), faces.theme.dim), block.inner(area));
        frame.render_widget(block, area);
        return;
    };
    let series = match &view.series {
        Some(Ok(series)) => u16::try_from(series.len()).unwrap_or(0),
        _ => 1,
    };
    // On a low terminal the members come first.
    let lower = if area.height >= series + 10 { series + 2 } else { 0 };
    let [upper, below] = Layout::vertical([Constraint::Fill(1), Constraint::Length(lower)]).areas(area);
    matrix(model, &view, frame, upper, faces);
    if lower > 0 {
        metrics(&view, frame, below, faces);
    }
}

fn matrix(model: &mut Model, view: &HealthView, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    let read = view.read_at.map_or_else(|| "asking…".to_owned(), |at| format!("rule health {} old", age(at)));
    let block = block(Line::raw(format!(" {}  each member by each rule  {read} ", safe(view.id.name()))), true, faces);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let (width, height) = (usize::from(inner.width), usize::from(inner.height));
    if view.rules.is_empty() || view.rows.is_empty() {
        let what = if view.rules.is_empty() {
            "no rule of this load balancer has a probe: nothing can tell its health"
        } else {
            "its pools have no members"
        };
        frame.render_widget(styled(fit(what, width), theme.dim), inner);
        return;
    }
    let names = view.rows.iter().map(|r| r.name.width()).max().unwrap_or(0).clamp(6, 22) + 1;
    let pools = view.rows.iter().map(|r| r.pool.width()).max().unwrap_or(0).clamp(4, 16) + 1;
    let cell = view.rules.iter().map(|r| r.width()).max().unwrap_or(0).clamp(7, 14) + 1;
    let room = width.saturating_sub(names + pools) / cell;
    let rules: Vec<&String> = view.rules.iter().take(room.max(1)).collect();
    let mut head = format!("{}{}", pad("pool", pools), pad("member", names));
    rules.iter().for_each(|rule| head.push_str(&(pad(&safe(rule), cell - 1) + " ")));
    if rules.len() < view.rules.len() {
        head.push_str(&format!("+{} more", view.rules.len() - rules.len()));
    }
    let mut lines: Vec<Line<'_>> = Vec::new();
    for row in &view.rows {
        let mut spans = vec![
            Span::styled(pad(&safe(&row.pool), pools - 1) + " ", theme.dim),
            Span::styled(pad(&safe(&row.name), names - 1) + " ", theme.text),
        ];
        for state in row.cells.iter().take(rules.len()) {
            spans.push(match state {
                Some((state, _)) => {
                    let (glyph, style) = glyph(*state, faces);
                    Span::styled(pad(&format!("{glyph} {}", state.word()), cell), style)
                }
                None => Span::styled(pad("-", cell), theme.dim),
            });
        }
        lines.push(Line::from(spans));
    }
    let why = diagnosis(view);
    if !why.is_empty() {
        lines.push(Line::raw(""));
        lines.extend(why.into_iter().map(|text| styled(fit(&text, width), theme.warn)));
    }
    let below = height.saturating_sub(1);
    let scroll = model.health_scroll.min(lines.len().saturating_sub(below));
    model.health_scroll = scroll;
    model.page = below;
    let [top, rest] = Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
    frame.render_widget(styled(fit(&head, width), theme.dim), top);
    let shown: Vec<Line<'_>> = lines.into_iter().skip(scroll).take(below).collect();
    frame.render_widget(Paragraph::new(shown), rest);
}

/// Why who is not up, in plain words: one line for each member and reason.
fn diagnosis(view: &HealthView) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for row in &view.rows {
        let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
        for (rule, cell) in view.rules.iter().zip(&row.cells) {
            let Some((state, code)) = cell else { continue };
            if *state == HealthState::Up {
                continue;
            }
            match told.iter_mut().find(|(c, _)| c == code) {
                Some((_, rules)) => rules.push(rule),
                None => told.push((code, vec![rule])),
            }
        }
        for (code, rules) in told {
            out.push(format!("{}: {} (by {})", safe(&row.name), safe(reason::words(code)), safe(&rules.join(", "))));
        }
    }
    out
}

fn metrics(view: &HealthView, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    let block = block(Line::raw(" The last hour, minute by minute "), false, faces);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let series = match &view.series {
        None => return frame.render_widget(styled("reading…".to_owned(), theme.dim), inner),
        Some(Err(error)) => return frame.render_widget(styled(fit(&safe(error), width), theme.warn), inner),
        Some(Ok(series)) => series,
    };
    for (n, line) in series.iter().enumerate() {
        let y = inner.y + u16::try_from(n).unwrap_or(u16::MAX);
        if y >= inner.y + inner.height {
            return;
        }
        let row = Rect { y, height: 1, ..inner };
        let [name, bars, newest] =
            Layout::horizontal([Constraint::Length(17), Constraint::Fill(1), Constraint::Length(20)]).areas(row);
        frame.render_widget(styled(line.name.to_owned(), theme.text), name);
        frame.render_widget(sparkline(line, usize::from(bars.width), faces), bars);
        let now = line.newest().map_or_else(|| "nothing known".to_owned(), |v| format!("{} {}", short(v), line.unit));
        frame.render_widget(styled(format!("  {now}"), theme.dim), newest);
    }
}

/// The newest minutes that there is room for. Where nothing is known the line is empty.
fn sparkline(series: &Series, room: usize, faces: &Faces) -> Sparkline<'static> {
    let skip = series.points.len().saturating_sub(room);
    let percent = series.unit == "%";
    let most = if percent { 100.0 } else { series.points.iter().flatten().copied().fold(1.0, f64::max) };
    let bars = series.points.iter().skip(skip).map(|point| {
        // In thousandths of the highest.
        let high = point.map(|v| (v.max(0.0) / most * 1000.0).min(1000.0) as u64);
        let bad = percent && point.is_some_and(|v| v < 99.5);
        SparklineBar::from(high).style(if bad { faces.theme.bad } else { faces.theme.good })
    });
    let set = if faces.unicode { ratatui::symbols::bar::NINE_LEVELS } else { ASCII };
    Sparkline::default().data(bars.collect::<Vec<_>>()).max(1000).bar_set(set)
}

const ASCII: ratatui::symbols::bar::Set<'static> = ratatui::symbols::bar::Set {
    empty: " ",
    one_eighth: ".",
    one_quarter: ".",
    three_eighths: ":",
    half: ":",
    five_eighths: "+",
    three_quarters: "+",
    seven_eighths: "#",
    full: "#",
};

/// `950`, `1.2 k`, `3.4 M`.
fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 1e9 => format!("{:.1} G", value / 1e9),
        v if v >= 1e6 => format!("{:.1} M", value / 1e6),
        v if v >= 1e4 => format!("{:.1} k", value / 1e3),
        _ => format!("{value:.0}"),
    }
}
