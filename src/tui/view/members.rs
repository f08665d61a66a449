//! A pool: its rules and probes, its members, and below them who could join.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::model::{Mark, Model, Node, Pane, Typing};
use super::super::snapshot::{PoolView, Row};
use super::super::sort::Column;
use super::super::theme::Faces;
use super::{block, fit, glyph, pad, styled, window};
use crate::config::Shown;
use crate::health::{HealthState, reason};
use crate::terminal_text::safe;

pub(super) fn draw(model: &mut Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let focus = model.pane == Pane::Members && !matches!(model.typing, Typing::Console);
    let Some(pool) = model.pool.clone().filter(|p| model.selected_pool() == Some(&p.id)) else {
        let block = block(Line::raw(" Details "), focus, faces);
        let inner = block.inner(area);
        frame.render_widget(block, area);
        frame.render_widget(Paragraph::new(about(model, faces, inner.width.into())), inner);
        return;
    };
    let block = block(title(model, &pool), focus, faces);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let mut lines = head(&pool, faces, width);
    // The head must leave room for members.
    lines.truncate(usize::from(inner.height).saturating_sub(4).max(1));
    // The columns' names above the rows, and what is to be said of the selected one below them.
    let height = usize::from(inner.height).saturating_sub(lines.len() + 2);
    lines.push(styled(columns(width, model, faces), faces.theme.dim));
    if focus {
        model.page = height;
    }
    let top = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let (shown, places) = rows(model, &pool, faces, width, height, focus);
    let place = Rect { y: inner.y.saturating_add(top), height: inner.height.saturating_sub(top), ..inner };
    model.drawn.members = (place, places);
    lines.extend(shown);
    frame.render_widget(Paragraph::new(lines), inner);
    if let Some(row) = model.selected_row().filter(|_| focus && inner.height > 6) {
        let last = Rect { y: inner.y + inner.height - 1, height: 1, ..inner };
        frame.render_widget(styled(fit(&said(row), width), faces.theme.dim), last);
    }
}

/// Everything that is known of a row, in one line.
fn said(row: &Row) -> String {
    let m = &row.member;
    let mut out = safe(&m.name);
    if let Some(h) = &row.health {
        out.push_str(&format!(": {}", safe(reason::words(&h.reason))));
    }
    for note in notes(row) {
        out.push_str(&format!("; {note}"));
    }
    out.push_str(&format!("; {}", m.id.short()));
    out
}

/// What is out of the ordinary.
fn notes(row: &Row) -> Vec<String> {
    let m = &row.member;
    let mut notes = Vec::new();
    if let Some(ghost) = m.ghost {
        notes.push(format!("ghost: {ghost}"));
    }
    if m.latest_model == Some(false) {
        notes.push("not on the latest model".to_owned());
    }
    if m.admin_state != crate::azure::backend_pool::AdminState::None {
        notes.push(format!("admin {}", m.admin_state.word().to_lowercase()));
    }
    notes
}

fn title(model: &Model, pool: &PoolView) -> Line<'static> {
    let up = pool.members.iter().filter(|r| r.health.as_ref().is_some_and(|h| h.state == HealthState::Up)).count();
    let mut text = format!(" {}  {}", safe(&pool.selector), pool.kind);
    if pool.exclusive {
        text.push_str("  exclusive");
    }
    let known = pool.members.iter().any(|r| r.health.as_ref().is_some_and(|h| h.state != HealthState::Unknown));
    let count = pool.members.len();
    text.push_str(&if known { format!("  {up}/{count} up ") } else { format!("  {count} in, health unknown ") });
    let filter = &model.member_filter.text;
    let typing = model.typing == Typing::Filter && model.pane == Pane::Members;
    if typing || !filter.is_empty() {
        text.push_str(&format!(" /{}{} ", safe(filter), if typing { "▏" } else { "" }));
    }
    let marks = model.marks.keys().filter(|m| m.pool == pool.id).count();
    let elsewhere = model.marks.len() - marks;
    match (marks, elsewhere) {
        (0, 0) => {}
        (_, 0) => text.push_str(&format!(" {marks} marked ")),
        _ => text.push_str(&format!(" {marks} marked, {elsewhere} elsewhere ")),
    }
    Line::raw(text)
}

/// The rules that use the pool, each with its probe.
fn head(pool: &PoolView, faces: &Faces, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(who) = pool.managed_by {
        lines.push(styled(
            fit(&format!("managed by {who}: what is changed here may be undone"), width),
            faces.theme.warn,
        ));
    }
    if pool.rules.is_empty() {
        lines.push(styled(fit("no rule sends to this pool", width), faces.theme.dim));
    }
    for (rule, probe) in &pool.rules {
        lines.push(styled(fit(&safe(rule), width), faces.theme.text));
        let words = probe
            .as_deref()
            .map_or_else(|| "no probe: health is unknown".to_owned(), |p| format!("  probe {}", safe(p)));
        lines.push(styled(fit(&words, width), faces.theme.dim));
    }
    lines
}

/// The width of the state's column.
const STATE: usize = 10;

/// A column's name on the screen, and its width there.
fn column_head(column: Shown, width: usize) -> (&'static str, usize) {
    // At 80 columns the pane is 52 wide: the reason keeps what is left.
    let roomy = width >= 70;
    match column {
        Shown::Name => ("name", if roomy { 22 } else { 14 }),
        Shown::Ip => ("ip", if roomy { 16 } else { 11 }),
        Shown::Power => ("power", 8),
        Shown::Zone => ("z", 2),
        Shown::Kind => ("kind", 9),
        Shown::Admin => ("admin", 6),
        Shown::Latest => ("latest", 7),
        Shown::Id => ("id", 30),
    }
}

/// What a row has in a column.
fn cell(row: &Row, column: Shown) -> String {
    let m = &row.member;
    let or_none = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), safe);
    match column {
        Shown::Name => safe(&m.name),
        Shown::Ip => or_none(&m.ip),
        Shown::Power => or_none(&m.power_state),
        Shown::Zone => or_none(&m.zone),
        Shown::Kind => m.kind.word().to_owned(),
        Shown::Admin => match m.admin_state {
            crate::azure::backend_pool::AdminState::None => "-".to_owned(),
            other => other.word().to_lowercase(),
        },
        Shown::Latest => match m.latest_model {
            Some(true) => "yes".to_owned(),
            Some(false) => "no".to_owned(),
            None => "-".to_owned(),
        },
        Shown::Id => safe(&m.id.short()),
    }
}

fn columns(width: usize, model: &Model, faces: &Faces) -> String {
    // The column that sorts says so.
    let (by, reversed) = model.sort;
    let head = |column: Column, (title, width): (&str, usize)| {
        let sign = match (by == column, reversed, faces.unicode) {
            (false, ..) => "",
            (true, false, true) => "↓",
            (true, true, true) => "↑",
            (true, false, false) => "v",
            (true, true, false) => "^",
        };
        pad(&format!("{title}{sign}"), width)
    };
    let shown: String = model.shown_columns().iter().map(|c| head(Column::Of(*c), column_head(*c, width))).collect();
    fit(&format!("  {}{shown}why", head(Column::Health, ("health", STATE))), width)
}

fn rows(
    model: &Model,
    pool: &PoolView,
    faces: &Faces,
    width: usize,
    height: usize,
    focus: bool,
) -> (Vec<Line<'static>>, Vec<Option<usize>>) {
    let theme = &faces.theme;
    let rows = model.pool_rows();
    let inside = rows.iter().filter(|r| r.inside).count();
    // One line divides the members from those who could join.
    let total = rows.len() + 1;
    let place = |i: usize| if i < inside { i } else { i + 1 };
    let at = rows.iter().position(|r| Some(&r.member.id) == model.row.as_ref()).unwrap_or(0);
    let first = window(place(at), total, height);
    let mut lines = Vec::new();
    let mut places = Vec::new();
    for line in first..(first + height).min(total) {
        places.push((line != inside).then_some(if line < inside { line } else { line.saturating_sub(1) }));
        if line == inside {
            let rule = if faces.unicode { "─" } else { "-" };
            let word = match (pool.members.is_empty(), pool.candidates.len()) {
                (true, 0) => "nobody is in, and nobody could join",
                (true, _) => "nobody is in; could join",
                (false, 0) => "nobody else could join",
                (false, _) => "could join",
            };
            let head = format!("{} {word} ", rule.repeat(2));
            let rest = rule.repeat(width.saturating_sub(head.chars().count()));
            lines.push(styled(fit(&format!("{head}{rest}"), width), theme.dim));
            continue;
        }
        let i = if line < inside { line } else { line - 1 };
        if let Some(row) = rows.get(i) {
            let marked = model.marks.contains_key(&Mark { pool: pool.id.clone(), id: row.member.id.clone() });
            lines.push(member(row, focus && i == at, marked, model.shown_columns(), faces, width));
        }
    }
    (lines, places)
}

fn member(row: &Row, selected: bool, marked: bool, shown: &[Shown], faces: &Faces, width: usize) -> Line<'static> {
    let theme = &faces.theme;
    let (glyph, style, word, why) = match &row.health {
        Some(h) => {
            let (glyph, style) = glyph(h.state, faces);
            (glyph, style, h.state.word(), reason::words(&h.reason).to_owned())
        }
        None => (if faces.unicode { "○" } else { "o" }, theme.dim, "not in", String::new()),
    };
    let mut notes = notes(row);
    if !why.is_empty() && why != "answering its probe" {
        notes.push(why);
    }
    let mark = match (marked, selected, faces.unicode) {
        (true, _, true) => "◆ ",
        (true, _, false) => "# ",
        (false, true, true) => "▸ ",
        (false, true, false) => "> ",
        (false, false, _) => "  ",
    };
    let cells: String = shown
        .iter()
        .map(|column| pad(&cell(row, *column), column_head(*column, width).1.saturating_sub(1)) + " ")
        .collect();
    let text = format!("{cells}{}", safe(&notes.join("; ")));
    let rest = fit(&text, width.saturating_sub(2 + STATE));
    let over = |style: Style| if selected { theme.selected } else { style };
    let body = if marked {
        theme.marked
    } else if row.inside {
        theme.text
    } else {
        theme.dim
    };
    Line::from(vec![
        Span::styled(mark.to_owned(), over(if marked { theme.marked } else { theme.text })),
        Span::styled(pad(&format!("{glyph} {word}"), STATE), over(style)),
        Span::styled(if selected { pad(&rest, width.saturating_sub(2 + STATE)) } else { rest }, over(body)),
    ])
}

/// What stands on the right while no pool is selected.
fn about(model: &Model, faces: &Faces, width: usize) -> Vec<Line<'static>> {
    let theme = &faces.theme;
    let mut lines = Vec::new();
    match &model.node {
        Some(Node::Subscription(id)) => {
            if let Some(s) = model.tree.subscriptions.iter().find(|s| s.id == *id) {
                lines.push(styled(fit(&safe(&s.name), width), theme.title));
                lines.push(styled(fit(&s.id, width), theme.dim));
                lines.push(styled(fit(&format!("{} load balancers", s.load_balancers.len()), width), theme.text));
                if let Some(problem) = &s.problem {
                    lines.push(Line::raw(""));
                    lines.extend(wrapped(&safe(problem), width).into_iter().map(|l| styled(l, theme.bad)));
                }
            }
        }
        Some(Node::Balancer(id)) => {
            lines.push(styled(fit(&safe(id.name()), width), theme.title));
            lines.extend(wrapped(id.as_str(), width).into_iter().map(|l| styled(l, theme.dim)));
        }
        Some(Node::Pool(_)) => lines.push(styled("reading…".to_owned(), theme.dim)),
        None => {}
    }
    lines.push(Line::raw(""));
    lines.push(styled(fit("Enter opens; on a pool it goes to the members.", width), theme.dim));
    lines
}

/// Text broken at a width.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(width.max(1)).map(|c| c.iter().collect()).collect()
}
