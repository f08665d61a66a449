//! Jobs: the plan that runs, step by step, and the journal below it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::model::{Live, Model};
use super::super::snapshot::Job;
use super::super::theme::Faces;
use super::{block, fit, pad, styled, window, wrapped};
use crate::changes::describe;
use crate::changes::{PlanState, StepState};
use crate::terminal_text::safe;

pub(super) fn draw(model: &mut Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let steps = model.live.as_ref().map_or(0, |l| l.plan.steps.len());
    let wanted = u16::try_from(steps + 4).unwrap_or(u16::MAX);
    let upper = if model.live.is_some() { wanted.min(area.height * 2 / 3) } else { 0 };
    let [live, journal] = Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(area);
    if let Some(running) = &model.live {
        draw_live(running, frame, live, faces);
    }
    draw_journal(model, frame, journal, faces);
}

fn draw_live(live: &Live, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    let (done, all) = live.run.counts();
    let state = live.run.outcome.map_or_else(|| "running".to_owned(), |o| o.to_string());
    let title = format!(" {}  {}  {state} ", live.plan.id, safe(&live.plan.title));
    let block = block(Line::raw(title), true, faces);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let mut lines = vec![bar(done, all, width, faces)];
    let room = usize::from(inner.height).saturating_sub(1);
    let now = live.run.steps.iter().position(|s| !s.state.is_done()).unwrap_or(all);
    let first = window(now.min(all.saturating_sub(1)), all, room);
    for (step, progress) in live.plan.steps.iter().zip(&live.run.steps).skip(first).take(room) {
        let (mark, style) = match &progress.state {
            StepState::Pending => (" ", theme.dim),
            StepState::Running { .. } => (if faces.unicode { "▸" } else { ">" }, theme.title),
            StepState::Asking { .. } => ("?", theme.warn),
            StepState::Passed { .. } => ("!", theme.warn),
            StepState::Done { .. } => (if faces.unicode { "✓" } else { "v" }, theme.good),
            StepState::Failed { .. } => (if faces.unicode { "✗" } else { "x" }, theme.bad),
            StepState::Skipped { .. } => ("-", theme.warn),
        };
        let detail = match &progress.state {
            StepState::Running { now } => format!("  {now}"),
            StepState::Asking { .. } => "  y goes on, n stops".to_owned(),
            state => state.problem().map(|problem| format!("  {problem}")).unwrap_or_default(),
        };
        let tries = if progress.attempts > 1 { format!("  {} tries", progress.attempts) } else { String::new() };
        let took = progress
            .took
            .or_else(|| progress.began.map(|b| b.elapsed()))
            .map(|t| format!("{:>5.1}s", t.as_secs_f64()))
            .unwrap_or_else(|| "      ".to_owned());
        let text = format!("{mark} {:>2} {took} {}{tries}{detail}", step.id, describe::step_title(&live.plan, step));
        lines.push(styled(fit(&safe(&text), width), style));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

/// A bar of what is done.
fn bar(done: usize, all: usize, width: usize, faces: &Faces) -> Line<'static> {
    let label = format!(" {done}/{all}");
    let room = width.saturating_sub(label.len());
    let full = (room * done).checked_div(all).unwrap_or(0);
    let (on, off) = if faces.unicode { ("█", "░") } else { ("#", ".") };
    Line::from(vec![
        Span::styled(on.repeat(full), faces.theme.good),
        Span::styled(off.repeat(room.saturating_sub(full)), faces.theme.dim),
        Span::raw(label),
    ])
}

fn draw_journal(model: &mut Model, frame: &mut Frame<'_>, area: Rect, faces: &Faces) {
    let theme = &faces.theme;
    let block = block(Line::raw(" Journal "), model.live.is_none(), faces);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    if model.jobs.is_empty() {
        frame.render_widget(styled(fit("nothing was done yet", width), theme.dim), inner);
        return;
    }
    let chosen = model.jobs.get(model.job).cloned();
    let detail = chosen.map(|job| steps(&job, faces, width)).unwrap_or_default();
    let height = usize::from(inner.height);
    let below = if height >= 8 { detail.len().min(height / 2) } else { 0 };
    let room = height - below;
    model.page = room;
    let first = window(model.job, model.jobs.len(), room);
    let mut lines: Vec<Line<'_>> = model
        .jobs
        .iter()
        .enumerate()
        .skip(first)
        .take(room)
        .map(|(i, job)| {
            let style = match (i == model.job, job.state) {
                (true, _) => theme.selected,
                (_, PlanState::Done | PlanState::Undone) => theme.text,
                (_, PlanState::Running) => theme.title,
                (_, PlanState::Interrupted) => theme.warn,
                (_, PlanState::Failed | PlanState::Partly) => theme.bad,
            };
            let text = format!(
                "{}  {} {:>5}  {}  {}",
                job.id,
                pad(job.state.word(), 11),
                format!("{}/{}", job.done, job.steps.len()),
                job.made_at,
                safe(&job.title)
            );
            styled(pad(&text, width), style)
        })
        .collect();
    lines.truncate(room);
    let [upper, lower] =
        Layout::vertical([Constraint::Fill(1), Constraint::Length(u16::try_from(below).unwrap_or(0))]).areas(inner);
    frame.render_widget(Paragraph::new(lines), upper);
    frame.render_widget(Paragraph::new(detail), lower);
}

fn steps(job: &Job, faces: &Faces, width: usize) -> Vec<Line<'static>> {
    let theme = &faces.theme;
    job.steps
        .iter()
        .enumerate()
        .flat_map(|(i, (state, title, detail))| {
            let style = match state.as_str() {
                "failed" => theme.bad,
                "skipped" => theme.warn,
                _ => theme.dim,
            };
            let detail = detail.as_deref().map(|d| format!(": {d}")).unwrap_or_default();
            let text = safe(&format!("  {:>2} {} {title}{detail}", i + 1, pad(state, 8)));
            wrapped(&text, width).into_iter().map(move |row| styled(row, style))
        })
        .collect()
}
